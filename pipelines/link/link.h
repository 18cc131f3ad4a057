/* link: which companies does this text speak of?
 *
 *   in    a cleaned document (clean.h), its `symbols`, and an automaton (entities.h) or NULL
 *   out   document.entities sorted by symbol, each once; document.mentions in order of their first byte,
 *         never overlapping; the longest name wins
 *
 * An entity is named
 *   - by a symbol as it stands in the text (tickers.h, symbol_list.h): a cashtag "$AAPL", a newswire symbol
 *     "<OM>", "(NASDAQ: ODNL, VELQ)", "(NYSE/VELQ)", a hashtag "#AAPL" by the rule of hashtags.h. A listed
 *     symbol in any case, another in capitals; one that an ellipsis cut off names nobody, unless it is
 *     listed and no longer one is;
 *   - by `symbols` of the message, in any spelling (symbols.h); a mention of no bytes at 0 when nothing in
 *     the text is. Those that name nobody are counted in symbols_unknown;
 *   - by a name of the entities file, or another spelling of it (entities.h): a name that is a symbol is read
 *     to its end ("GM-B" is not GM), and what stands in an e-mail's address, a handle
 *     ("@velquin_fan") or a host's name in small letters ("velquin.com") names nobody.
 * A symbol that is not listed becomes an entity of its own (listed = false) when `unlisted` is set and it is
 * of the form that symbols.h tells, in one spelling: "BRK-B" is "BRK.B".
 *
 * A name owned by two or more entities links to the one of them whose symbol stands in the same text (as a
 * cashtag, a newswire symbol, in `symbols`, or as a bare word that the file lists among its names); when none
 * does, or more than one, it links to none of them.
 *
 * Bounds: TW_LINK_ENTITIES entities and TW_LINK_MENTIONS mentions a document; what comes after is not linked,
 * and counted in the document's links_dropped. */
#ifndef TW_LINK_H
#define TW_LINK_H

#include "base/arena.h"
#include "document.h"
#include "names/entities.h"

enum { TW_LINK_ENTITIES = 1024, TW_LINK_MENTIONS = 16384 };

/* Fills entities and mentions. False only when the arena is full (TW_FULL). */
TW_MUST_USE bool tw_link(const struct tw_automaton *entities, bool unlisted, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err);

#endif
