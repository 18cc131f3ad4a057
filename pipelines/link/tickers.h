/* tickers: symbols as they stand in a text, and which company each names.
 *
 *   in    a text, the place of a mark, and an automaton (entities.h) or NULL
 *   out   what is named there, from where to where
 *
 *   cashtag    "$VELQ", "$velq", "$VELQ-B": a dollar sign, not after a letter or digit unless a cashtag ends
 *              there. K, M, B, T, MM, BN and currencies are symbols when they are listed, else amounts.
 *              "$$VELQ": behind several signs a listed symbol in capitals, of two characters and more
 *   hashtag    "#VELQ": in hashtags.h
 *   newswire   "<VELQ>", "<VELQ.N>": capitals and digits in angle brackets
 *   exchange   "NASDAQ: VELQ", "(NYSE: VELQ.A, VELQ.B)", "(NYSE/VELQ)", "Ticker: VELQ" of a listed one: in
 *              symbol_list.h
 *   terminal   "VELQ:US", "VELQ US Equity", "(VELQ.N)": in terminal.h
 *   bare       "VELQ", as a name of the entities file
 *
 * All are read to the end of the symbol, its class or Reuters code with it (symbols.h), and never name the
 * company of a part: "NYSE:VELQ-B" is VELQ.B or nobody, not VELQ. What stands behind a mark is a class when
 * it is one to three capitals or digits, the first a capital, or a single small letter, which names a listed
 * company alone; "$VELQ-based" and "$VELQ/$ODNL" are VELQ. "$T-Mobile" and "$T-bills" are nobody: a single
 * letter before a hyphen begins a word. */
#ifndef TW_TICKERS_H
#define TW_TICKERS_H

#include "link/symbol_run.h"

/* The cashtag whose dollar sign, of `sign` bytes, stands at `at`. `after_cashtag`: another ends there.
 * TW_SYMBOL_FULL: the arena is full; so below. */
enum tw_symbol_found tw_ticker_cashtag(
    const struct tw_ticker_scan *scan, size_t at, size_t sign, bool after_cashtag, struct tw_ticker *out);

/* May a cashtag be an amount's unit as well: "$bn", "in $M", "Revenue ($B)", "$T 1.2"? Then it names its
 * company only where something else in the text does, too. */
bool tw_ticker_is_doubtful(struct tw_text text, const struct tw_ticker *cashtag);

/* The newswire symbol whose '<' stands at `at`. An element's name of HTML when it is listed. */
enum tw_symbol_found tw_ticker_newswire(const struct tw_ticker_scan *scan, size_t at, struct tw_ticker *out);

enum tw_ticker_bare {
    TW_BARE_NAME,    /* no symbol, or one with nothing joined to it: what the name says */
    TW_BARE_SYMBOL,  /* a longer symbol, which is listed: *out */
    TW_BARE_NOTHING, /* part of something that names nobody: "VELQ-B" unlisted, "X-ray", "U.S.", an e-mail,
                        "@velquin_fan", "velquin.com", "5 T" */
};

/* What a name at [begin, end) is once what is joined to it was read. */
enum tw_ticker_bare tw_ticker_bare(
    const struct tw_ticker_scan *scan, size_t begin, size_t end, struct tw_ticker *out);

#endif
