/* symbols: the many spellings of one company's symbol, and which of them is meant.
 *
 *   in    a symbol as somebody wrote it: $velq, VELQ-B, NYSE:VELQ, VELQ US Equity, VELQ.N, ＶＥＬＱ
 *   out   the entity of the file that it names, or a symbol in one form for an entity of its own
 *
 * Two symbols are the same when their keys are: full-width and small forms are their ASCII characters,
 * letters are capitals, and the marks before a class of shares (. - / _) are one, a full stop. Where the
 * whole is not listed, what stands around it comes off:
 *   EXCHANGE:VELQ, VELQ:US      an exchange before, a country or an exchange behind
 *   US:VELQ, R:VELQ.N           a country or Reuters' mark before, when VELQ is listed
 *   VELQ US Equity, BRK/B US    a terminal's spelling
 *   VELQ.N, VELQ.OQ, VELQ.US    a Reuters code: a full stop, no other mark, and an exchange of a table, which
 *                               holds no class of shares: VELQ.B, VELQ-B, VELQ-N and VELQ/L are not VELQ.
 *                               VELQb.N is VELQ.B
 *   NYSE/VELQ, NYSE American - VELQ, VELQ-NYSE, VELQ (NYSE), Paris:VELQ, US.VELQ, SH:600999
 *                               an exchange's name, place or market, whatever mark stands between
 *   VELQ-US                     a region behind a hyphen, when VELQ is listed there and no class is
 *   TYO:9901, 9901.T, 9901 JP   one symbol by the table of exchanges (exchanges.h): each names the company
 *                               that the file lists as another of them. HKG:700 is 0700.HK, SH600519 is
 *                               600519.SS
 * No spelling names a company whose symbol is shorter than what was written, but for these. */
#ifndef TW_SYMBOLS_H
#define TW_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "link/exchanges.h"
#include "names/entities.h"

/* What a symbol is once it was found. */
struct tw_symbol {
    int32_t entity;        /* of the file; TW_NO_ENTITY: not listed */
    struct tw_text symbol; /* not listed: its one form; in the arena when that is not how it was written */
};

enum tw_symbol_found { TW_SYMBOL_NONE, TW_SYMBOL_FOUND, TW_SYMBOL_FULL };

/* The company that a whole spelling names. `unlisted`: a symbol that the file does not hold, in capitals and
 * of the form [A-Z][A-Z0-9]{0,9} with one class at most, counts too. TW_SYMBOL_FULL: the arena is full. */
enum tw_symbol_found tw_symbol_resolve(const struct tw_automaton *entities, struct tw_text spelled,
    bool unlisted, struct tw_arena *arena, struct tw_symbol *out);

/* The same for a symbol in its parts, `base`, a `mark` (. - / _) and a class: the listed one, the company
 * of a Reuters code when the mark is a full stop, or an unlisted one in its one form. */
enum tw_symbol_found tw_symbol_resolve_class(const struct tw_automaton *entities, struct tw_text base,
    char mark, struct tw_text class, bool unlisted, struct tw_arena *arena, struct tw_symbol *out);

/* The listed company whose symbol is `base` in a spelling of one of the exchanges: 9901.T or TYO:9901 for
 * 9901 in Tokyo. Nobody where two of them have different companies: 000001 is one in Shanghai, another in
 * Shenzhen. */
enum tw_symbol_found tw_symbol_resolve_exchange(const struct tw_automaton *entities, struct tw_text base,
    tw_exchange_set exchanges, struct tw_symbol *out);

/* True for [A-Z][A-Z0-9]{0,9} with at most one class of one to three capitals or digits behind . - / _ */
bool tw_symbol_is_plain(struct tw_text symbol);

/* Is it a unit of money, in any case: MM, BN, USD? (K, M, B and T are companies, too.) */
bool tw_symbol_is_unit(struct tw_text text);

/* Is it what stands behind a dollar sign or a number for an amount, in any case: a unit, K, M, B or T, a
 * currency? Of nobody's symbol it names nobody; one that is listed under it may be meant (tickers.h). */
bool tw_symbol_is_money(struct tw_text text);

#endif
