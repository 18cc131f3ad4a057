/* split_symbols: a field that lists symbols to one text a symbol.
 *
 *   in    "AAPL, MSFT", "AAPL MSFT", or the elements of an array, ["AAPL,MSFT"]
 *   out   AAPL and MSFT, pointing into what came in
 *
 * Separators are , ; | and line breaks, full-width ones of Asia too, in a text blanks besides, but for a
 * terminal's market and yellow key ("VELQ US" and "VELQ US Equity" are one symbol each). An element of an
 * array is one spelling: its blanks stay. */
#ifndef TW_SPLIT_SYMBOLS_H
#define TW_SPLIT_SYMBOLS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

/* A text to its symbols; the array is the arena's, the symbols point into `text`. TW_FULL. */
TW_MUST_USE bool tw_split_symbols(struct tw_arena *arena, struct tw_text text, const struct tw_text **symbols,
    uint32_t *count, struct tw_error *err);

/* Elements that hold several symbols become several elements, in an array of the arena; others stay as they
 * are. TW_FULL. */
TW_MUST_USE bool tw_split_elements(
    struct tw_arena *arena, const struct tw_text **symbols, uint32_t *count, struct tw_error *err);

#endif
