/* relevance: how far a document is about each company that it names.
 *   in    a linked document (link.h): entities, mentions, the length of its title, its source's weight
 *   out   for each entity a relevance from 0 to 10,000 (ten-thousandths), and what it was made of
 *
 * Integers alone, so that a live run, a replay and a backtest give the same. Three parts of 0 to 10,000:
 *
 *     place   named in the title:        20,000 / max(2, entities named in the title)
 *             named in the body only:     5,000 x (bytes behind its first mention's begin) / (bytes of the
 *                                        text) x 2 / max(2, entities named)
 *             named by `symbols` alone:  0
 *     share   10,000 x its mentions / mentions of all entities
 *     source  the weight of the document's source (source_weights.h)
 *     relevance = (6 place + 4 share) / 10 x source / 10,000
 *
 * each division rounded down. Reasons:
 *   - Editors put into the title what the story is about, and first in the body what matters most (the
 *     inverted pyramid of news): so title before body, and early before late.
 *   - A title may be about two companies at once (a takeover, a suit); one that lists ten is about none of
 *     them ("Stocks to watch"): so a third name begins to thin all out.
 *   - How often a company comes up against all others tells a story of it from one that mentions it, and is
 *     known from other news analytics; it counts less than the place, since an agency's house style decides
 *     how often a name is said again.
 *   - What a feed says by `symbols` and no word of the text repeats is worth its share alone: one tag 4,000,
 *     each of ten 400. Such a symbol counts as one mention.
 *   - A source of weight 1, which all have where no list says otherwise, leaves place and share as they are;
 *     one of weight 0 is about nobody.
 *
 * A text without a title that is as short as one (TW_RELEVANCE_TITLE bytes: a headline, a tweet) is its own
 * title. Linear in mentions and entities. */
#ifndef TW_RELEVANCE_H
#define TW_RELEVANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "document.h"

enum { TW_RELEVANCE_WHOLE = 10000, TW_RELEVANCE_TITLE = 280 };

struct tw_relevance {
    uint32_t relevance, place, share, source; /* 0 to TW_RELEVANCE_WHOLE */
    uint32_t first;    /* byte of the text where it is first named; UINT32_MAX: nowhere */
    uint32_t mentions; /* at least 1 */
    uint32_t others;   /* other entities of the document */
    bool in_title;
};

/* One for each of document.entities, in the arena. TW_FULL when it is too small. */
TW_MUST_USE bool tw_relevance(const struct tw_document *document, struct tw_arena *arena,
    const struct tw_relevance **out, struct tw_error *err);

#endif
