/* locate: where an entity that a record names stands in the record's text.
 *   in    a cleaned text, the names of its entities; the tokens of that text
 *   out   for each name its first mention as bytes, and as tokens; its further ones as bytes
 *
 * A name is looked for as whole words first, in its exact case, then in any case (ASCII), then within words
 * ("Maruti" in "Marutis"). Longer names choose first, so that in "HDFC Bank sues HDFC" the shorter one does
 * not take a part of the longer one; only when nothing else is left may mentions overlap. `finetune`,
 * `evaluate` and `classify` share this room: an entity is read where it was learned. */
#ifndef TW_LOCATE_H
#define TW_LOCATE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "document.h"

struct tw_tokens;

enum {
    TW_LOCATE_MOST = 64,       /* names of one text that are kept apart; further ones may overlap */
    TW_LOCATE_MENTIONS = 1024, /* beyond the places, shared by the names */
};

/* A mention: bytes [begin, end) of the text; begin == end: not found. */
struct tw_place {
    uint32_t begin, end;
};

/* The place of each name. */
void tw_locate_names(
    struct tw_text text, const struct tw_text *names, uint32_t count, struct tw_place *places);

/* All mentions: of each name its place, and behind it wherever the same bytes stand again as whole words and
 * no part of another mention, up to its share of TW_LOCATE_MENTIONS; `entity` is the name's number. In order
 * of begin, in the arena; so that a name's first mention is its place. TW_FULL. */
TW_MUST_USE bool tw_locate_mentions(struct tw_text text, const struct tw_text *names, uint32_t count,
    struct tw_arena *arena, const struct tw_mention **mentions, uint32_t *mention_count,
    struct tw_error *err);

/* The tokens that the place touches: [*first, *end), never empty. An entity that was not found, or that
 * stands past the end of what the model reads, is read in the whole text: all tokens between the special ones
 * (false then). */
bool tw_locate_tokens(const struct tw_tokens *tokens, struct tw_place place, uint32_t *first, uint32_t *end);

#endif
