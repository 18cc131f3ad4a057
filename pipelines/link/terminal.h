/* terminal: symbols as terminals and agencies write them in a text, with the code of a market behind them.
 *
 *   in    a text, and where the code stands (the linker's walk stops there)
 *   out   the company, from its symbol to the code's end
 *
 *   "VELQ:US"                        a symbol of two characters and more, a colon, a terminal's code
 *   "(VELQ:NASDAQ)"                  in brackets an exchange's name
 *   "VELQ UN Equity", "9901 JP Equity"   the yellow key, spelled so: nobody else writes it
 *   "(VELQ US)", "[VELQ LN, ODNL US]"    in brackets
 *   "VELQ US falls"                  three letters and more, in a text that is not in capitals there
 *   "(VELQ.N)", "VELQ.OQ fell"       a Reuters code
 *
 * Marks may be full-width or typographic, and characters of scripts without spaces stand beside a symbol as
 * blanks do: "公司600999.SS公告".
 *
 * All name listed companies alone, but for "(FOOX:US)" in brackets, which may be of nobody's file. English
 * words in capitals ("ALL US banks", "PRESSURE ON US") are no symbols here, whatever the file lists: who
 * means them writes a cashtag or an exchange. */
#ifndef TW_TERMINAL_H
#define TW_TERMINAL_H

#include "link/symbol_run.h"

/* The company whose symbol stands before the code at [begin, end), or before the ':' there when a code stands
 * behind it. Nothing before `from` is looked at: others have it. TW_SYMBOL_FULL: the arena is full. */
enum tw_symbol_found tw_terminal_symbol(
    const struct tw_ticker_scan *scan, size_t from, size_t begin, size_t end, struct tw_ticker *out);

/* Is it one of the words of English that are symbols, too, and name nobody here? Any case. */
bool tw_terminal_is_word(struct tw_text text);

#endif
