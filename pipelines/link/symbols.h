/* symbols: the many spellings of one company's symbol, and which of them is meant.
 *
 *   in    a symbol as somebody wrote it: $velq, VELQ-B, NYSE:VELQ, VELQ US Equity, VELQ.N, ＶＥＬＱ
 *   out   the entity of the file that it names, or a symbol in one form for an entity of its own
 *
 * Two symbols are the same when their keys are: full-width and small forms are their ASCII characters,
 * letters are capitals, and the marks before a class of shares (. - / _) are one, a full stop. Where the
 * whole is not listed, what stands around it comes off:
 *   EXCHANGE:VELQ, VELQ:US      an exchange before, a country or an exchange behind
 *   US:VELQ                     a country before, when VELQ is listed
 *   VELQ US Equity, BRK/B US    a terminal's spelling
 *   VELQ.N, VELQ.OQ, VELQ.US    a Reuters code: a full stop, no other mark, and an exchange of a table, which
 *                               holds no class of shares: VELQ.B, VELQ-B, VELQ-N and VELQ/L are not VELQ.
 *                               VELQb.N is VELQ.B
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

/* The same for a symbol in its parts, `base`, a `mark` (. - / _) and a class: the listed one, the company
 * of a Reuters code when the mark is a full stop, or an unlisted one in its one form. */
enum tw_symbol_found tw_symbol_resolve_class(const struct tw_automaton *entities, struct tw_text base,
    char mark, struct tw_text class, bool unlisted, struct tw_arena *arena, struct tw_symbol *out);

/* True for [A-Z][A-Z0-9]{0,9} with at most one class of one to three capitals or digits behind . - / _ */
bool tw_symbol_is_plain(struct tw_text symbol);

/* Is the text an exchange's name, as it stands before a colon: NYSE, Nasdaq, TSX? Any case. */
bool tw_symbol_is_exchange(struct tw_text text);

/* Is it a word that stands between an exchange's name and the colon: American, Global, Venture? Any case. */
bool tw_symbol_is_exchange_part(struct tw_text text);

/* Is this exchange's name also a word or a name of something else: ICE, AIM, EPA? Any case. */
bool tw_symbol_is_word(struct tw_text text);

/* Is it a unit of money, which stands behind a dollar sign and names nobody: MM, BN, USD? (K, M, B and T are
 * companies, too.) */
bool tw_symbol_is_unit(struct tw_text text);

#endif
