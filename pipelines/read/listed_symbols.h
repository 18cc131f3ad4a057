/* listed_symbols: the symbols that a field lists, in whatever type it is written.
 *
 *   in    a JSON value
 *   out   one text a symbol, in the arena
 *
 * An array of texts or of objects with a symbol, pairs with a number (["VELQ", 0.9]) among them; an object
 * whose members are such or whose members' names are symbols; one text that lists several
 * (split_symbols.h).
 *
 * A field of companies (TW_LISTED_COMPANIES: Marketaux's entities, Perigon's companies) is another thing: in
 * it names stand, of whatever it speaks of, and only what is called a symbol there is one. Texts in it, names
 * and labels say nothing, and so does an object that has none: that is no repair. Reuters' RICs among the
 * subjects of a story ("R:VELQ.O") are symbols. */
#ifndef TW_LISTED_SYMBOLS_H
#define TW_LISTED_SYMBOLS_H

#include <jansson.h>

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum tw_listed { TW_LISTED_SYMBOLS, TW_LISTED_COMPANIES };

struct tw_symbol_list_read {
    const struct tw_text *symbols;
    uint32_t count;
    uint32_t repairs; /* values that were no text */
};

/* Reads one value; no symbol at all is no error. TW_FULL. */
TW_MUST_USE bool tw_listed_symbols(const json_t *value, enum tw_listed kind, struct tw_arena *arena,
    struct tw_symbol_list_read *out, struct tw_error *err);

#endif
