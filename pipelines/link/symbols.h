/* symbols: the many spellings of one company's symbol, and which of them is meant.
 *
 *   in    a symbol as somebody wrote it: $velq, VELQ-B, NYSE:VELQ, VELQ US Equity, VELQ.N, ＶＥＬＱ
 *   out   the entity of the file that it names, or a symbol in one form for an entity of its own
 *
 * Two symbols are the same when their keys are: full-width and small forms are their ASCII characters,
 * letters are capitals, and the marks before a class of shares (. - / _) are one, a full stop. Where the
 * whole is not listed, what stands around it comes off:
 *   EXCHANGE:VELQ, VELQ:US      an exchange before, a country or an exchange behind
 *   VELQ US Equity, BRK/B US    a terminal's spelling
 *   VELQ.N, VELQ.OQ             a Reuters code, whose exchange is one of a table; never a class of shares:
 *                               VELQ.B, VELQ-B and VELQ/B are not VELQ
 * No spelling names a company whose symbol is shorter than what was written, but for these. */
#ifndef TW_SYMBOLS_H
#define TW_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "link/entities.h"

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

/* The same for a symbol in its parts, `base` and a class behind one mark: the listed one, or an unlisted one
 * in its one form. */
enum tw_symbol_found tw_symbol_resolve_class(const struct tw_automaton *entities, struct tw_text base,
    struct tw_text class, bool unlisted, struct tw_arena *arena, struct tw_symbol *out);

/* True for [A-Z][A-Z0-9]{0,9} with at most one class of one to three capitals or digits behind . - / _ */
bool tw_symbol_is_plain(struct tw_text symbol);

/* Is the text an exchange's name, as it stands before a colon: NYSE, Nasdaq, TSX? Any case. */
bool tw_symbol_is_exchange(struct tw_text text);

/* Is it the exchange of a Reuters code: N, OQ, L? Never A to E, which are classes of shares. */
bool tw_symbol_is_reuters(struct tw_text text);

/* Is it a unit of money, which stands behind a dollar sign and names nobody: MM, BN, USD? (K, M, B and T are
 * companies, too.) */
bool tw_symbol_is_unit(struct tw_text text);

#endif
