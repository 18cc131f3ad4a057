/* symbol_list: symbols behind an exchange's name, one or a list of them.
 *
 *   in    a text, the place of a colon or bracket (tickers.h tells what else names a company)
 *   out   what each symbol names, one call after another
 *
 *   one     "NASDAQ: ODNL", "(NYSE American: VELQ)", "TSX:VELQ/B", "TYO:9901": as the file lists it for that
 *           exchange (exchanges.h), else by itself
 *   a list  "(NYSE: VELQ.A, VELQ.B and ODNL; TSX: VELQ)": in brackets, all that stand behind one exchange
 *   others  "(Paris: VELQ)", "（股票代码：600999）": listed companies behind the labels of exchange_label.h
 *   bare    "(NYSE/VELQ)", "(Nasdaq - ODNL)", "(NYSE American ODNL)": in brackets an exchange's name, a
 *           blank, slash or dash, and a listed symbol of two characters and more (a number of four), no word
 *           of English, before the bracket's end or what parts a list
 *   before  "(VELQ, NYSE)", "(VELQ - Nasdaq)": in brackets that hold nothing else, a listed symbol, no word
 *           of English, and an exchange's name behind it
 *   worded  "under the symbol VELQ", "tickers VELQ and ODNL", "ticker is \"V\"": a listed symbol, no word of
 *           English; a single letter, or one behind a word in capitals, in quotes or behind "under"
 *
 * What stands behind an exchange and is another exchange's code ("TSX:NYSE") names nobody who is not listed,
 * but for those that are symbols of companies, too (ICE, CBOE).
 *
 * A list goes on behind a comma, semicolon or bar, "and", "&", a slash with blanks around it or between
 * symbols that begin alike. It ends at the first word that is no symbol: small letters, an exchange's name,
 * what stands in capitals in such brackets and is none (CEO, ISIN, USD, BBB, Q3, 2024), a word with another
 * behind it. Where a list is whole, that is ends with its bracket, a quotation or another mark ("TSX:"), all
 * of it is read; otherwise listed companies of three characters or a class and more. */
#ifndef TW_SYMBOL_LIST_H
#define TW_SYMBOL_LIST_H

#include "link/symbol_run.h"

/* Symbols that are still to come behind an exchange's first. Begins as zeros. */
struct tw_symbol_list {
    size_t next; /* byte where the next one begins; 0: none does */
    tw_exchange_set exchanges;
    unsigned slashes; /* that part the next one from those before it, one behind another */
    bool whole;       /* nothing but symbols stands up to its end */
    bool numbers;     /* its first is a number */
    bool letter;      /* its first is a single letter */
    bool classed;     /* its first has a class */
    bool listed;      /* it names listed companies alone */
    bool plural;      /* it stands behind "tickers", "symbols": what follows its last says nothing */
};

/* The symbol behind an exchange whose ':' of `colon` bytes stands at `at`, and the list that it begins.
 * Behind an exchange that is a word of English (ICE, AIM, EPA) only in brackets, or in capitals without a
 * space between; a number only where it is no amount, year or level of an index. */
enum tw_symbol_found tw_symbol_list_begin(const struct tw_ticker_scan *scan, size_t at, size_t colon,
    struct tw_symbol_list *list, struct tw_ticker *out);

/* The same behind an exchange's name without a colon, in brackets that open at `at` by `bracket` bytes; or
 * before it, where nothing else stands in them. */
enum tw_symbol_found tw_symbol_list_bracketed(const struct tw_ticker_scan *scan, size_t at, size_t bracket,
    struct tw_symbol_list *list, struct tw_ticker *out);

/* The same behind a word for symbols at [at, at + bytes). */
enum tw_symbol_found tw_symbol_list_worded(const struct tw_ticker_scan *scan, size_t at, size_t bytes,
    struct tw_symbol_list *list, struct tw_ticker *out);

/* The symbol at list->next, which moves to the one behind it. TW_SYMBOL_NONE: it names nobody by itself, and
 * may be a name of the file. */
enum tw_symbol_found tw_symbol_list_next(
    const struct tw_ticker_scan *scan, struct tw_symbol_list *list, struct tw_ticker *out);

#endif
