/* symbol_run: the characters of a text that may be a symbol, and the company that they begin with.
 *
 *   in    a text and a place in it, where a mark says that a symbol begins (tickers.h, symbol_list.h)
 *   out   the run of letters, digits and marks that stands there, as ASCII; where a symbol may end in it;
 *         whose it is
 *
 * Small helpers for the rooms that read symbols in texts. */
#ifndef TW_SYMBOL_RUN_H
#define TW_SYMBOL_RUN_H

#include <string.h>

#include "link/symbols.h"

/* Where symbols are looked for. */
struct tw_ticker_scan {
    const struct tw_automaton *entities;
    bool unlisted; /* symbols that the file does not hold count, too */
    struct tw_text text;
    size_t title_length; /* bytes of the text that are its title, which may have been cut off */
    struct tw_arena *arena;
};

struct tw_ticker {
    uint32_t begin, end; /* bytes of the text */
    struct tw_symbol symbol;
};

/* A mark that may stand in a symbol. */
static inline bool tw_symbol_run_is_mark(char byte)
{
    return byte == '.' || byte == '-' || byte == '/' || byte == '&' || byte == '_';
}

/* Letters, digits and marks as ASCII, and where each ends in the text. */
struct tw_symbol_run {
    char bytes[TW_SYMBOL_BYTES];
    uint32_t ends[TW_SYMBOL_BYTES];
    size_t length;
};

/* Reads the run that begins at `at`; its length is 0 when none does. */
void tw_symbol_run_read(struct tw_text text, size_t at, struct tw_symbol_run *run);

/* How many characters of the run from `from` on are letters and digits. */
size_t tw_symbol_run_alphanumerics(const struct tw_symbol_run *run, size_t from);

/* May a symbol end behind the first `count` characters of the run? */
bool tw_symbol_run_ends(const struct tw_symbol_run *run, struct tw_text text, size_t count);

/* Does a class of shares stand behind the mark at `mark`? Its characters, or 0. */
size_t tw_symbol_run_class(const struct tw_symbol_run *run, size_t mark);

/* A text that was cut off: not behind a place, within it, or there at its end. */
enum tw_symbol_cut { TW_CUT_NOT, TW_CUT_WITHIN, TW_CUT_AT_END };

/* Was the text cut behind `end`? "…" anywhere says so, dots at the end of the text or of its title; a mark,
 * as of a class that is gone, may stand before them. */
enum tw_symbol_cut tw_symbol_run_cut(const struct tw_ticker_scan *scan, size_t end);

/* The company that a run begins with, of which `base` characters stand before a mark: its longest listed
 * symbol, or the base with its class, or the base when no class stands behind it. out->end is set. */
enum tw_symbol_found tw_symbol_run_find(
    const struct tw_ticker_scan *scan, const struct tw_symbol_run *run, size_t base, struct tw_ticker *out);

#endif
