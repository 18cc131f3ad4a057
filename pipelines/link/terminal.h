/* terminal: symbols as terminals and agencies write them in a text, with the code of a market behind them.
 *
 *   in    a text, and where the code stands (the linker's walk stops there)
 *   out   the company, from its symbol to the code's end
 *
 *   "VELQ:US"                        a symbol of two characters and more, a colon, a terminal's code
 *   "VELQ UN Equity", "9901 JP Equity"   the yellow key, spelled so: nobody else writes it
 *   "(VELQ US)", "[VELQ LN, ODNL US]"    in brackets
 *   "VELQ US falls"                  three letters and more, in a text that is not in capitals there
 *   "(VELQ.N)", "VELQ.OQ fell"       a Reuters code
 *
 * All name listed companies alone, but for "(FOOX:US)" in brackets, which may be of nobody's file. English
 * words in capitals ("ALL US banks", "PRESSURE ON US") are no symbols here, whatever the file lists: who
 * means them writes a cashtag or an exchange. */
#ifndef TW_TERMINAL_H
#define TW_TERMINAL_H

#include "link/symbol_run.h"

/* May the word [begin, end) be such a code: one or two capitals behind a blank or full stop, before which a
 * capital or digit stands? Asked of each word of a text. */
static inline bool tw_terminal_may_stand(struct tw_text text, size_t begin, size_t end)
{
    if (end - begin > 2 || begin < 2 || !tw_ascii_is_capital(text.bytes[begin]))
        return false;
    char joint = text.bytes[begin - 1], before = text.bytes[begin - 2];
    return (joint == ' ' || joint == '.') && tw_ascii_is_capital(text.bytes[end - 1]) &&
           (tw_ascii_is_capital(before) || tw_text_is_digit(before));
}

/* The company whose symbol stands before the code at [begin, end), or before the ':' there when a code stands
 * behind it. Nothing before `from` is looked at: others have it. TW_SYMBOL_FULL: the arena is full. */
enum tw_symbol_found tw_terminal_symbol(
    const struct tw_ticker_scan *scan, size_t from, size_t begin, size_t end, struct tw_ticker *out);

#endif
