/* numbers: amounts as the press writes them, in pairs of which one is lower.
 *   in    a kind of number, draws (draws.h)
 *   out   two spellings in one form and unit: the lower and the higher
 *
 *     struct tw_case_number number;
 *     tw_case_number_draw(TW_CASE_MONEY, &draws, &number);      "$9.1 million", "$14 million"
 *
 * The higher is 4% above the lower at least, as it is printed; of amounts, three in ten lie wide apart, up to
 * twelve times. A tenth is written in words ("twelve percent"). Kinds without an order (a year, a code) have
 * the same spelling twice. No errors. */
#ifndef TW_CASE_NUMBERS_H
#define TW_CASE_NUMBERS_H

#include <stddef.h>

#include "cases/draws.h"

enum tw_case_number_kind {
    TW_CASE_MONEY,     /* with a currency: $9.1 million, EUR 12mn, Rs 340 crore, 3 billion yen */
    TW_CASE_FIGURE,    /* without one: 9.1 million */
    TW_CASE_PERCENT,   /* 12%, 3.4 pct, twelve percent */
    TW_CASE_POINTS,    /* likewise, of a rate: 1.5 to 60 */
    TW_CASE_PER_SHARE, /* 12 cents, $1.32, 0.45 */
    TW_CASE_PRICE,     /* $120 */
    TW_CASE_COUNT,     /* 2 to 12, mostly in words */
    TW_CASE_THOUSANDS, /* 50 to 90,000 people or things */
    TW_CASE_YEAR,
    TW_CASE_DAY,
    TW_CASE_DIGIT,
    TW_CASE_CODE, /* of a short link */
    TW_CASE_NUMBER_KINDS
};

/* What slots call them, by kind. */
extern const char *const tw_case_number_names[TW_CASE_NUMBER_KINDS];

enum { TW_CASE_NUMBER_BYTES = 64 };
struct tw_case_number {
    char low[TW_CASE_NUMBER_BYTES], high[TW_CASE_NUMBER_BYTES];
};

/* Draws one. */
void tw_case_number_draw(enum tw_case_number_kind kind, struct tw_draws *draws, struct tw_case_number *out);

#endif
