/* exchanges: one table of stock exchanges and of how each is spelled beside a symbol.
 *
 *   in    a spelling: the name before a colon ("TYO:9901"), the suffix of Reuters and Yahoo behind a full
 *         stop ("9901.T"), the code of a terminal behind a blank or colon ("9901 JP"), or a country's before
 *         a colon ("JP:9901")
 *   out   the exchanges that are meant, as a set: "TSE" is Tokyo and Toronto, "US" all of the United States
 *
 * So that "TYO:9901" in a text names a company whose symbol in the entities file is 9901.T. Any case. */
#ifndef TW_EXCHANGES_H
#define TW_EXCHANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* A set of rows of the table: bit n is row n. */
typedef uint64_t tw_exchange_set;

enum tw_exchange_spelling {
    TW_EXCHANGE_NAME,     /* NYSE, Nasdaq, TSX, XHKG */
    TW_EXCHANGE_SUFFIX,   /* N, OQ, T, HK; never A to E, which are classes of shares */
    TW_EXCHANGE_TERMINAL, /* UN, JP, LN */
    TW_EXCHANGE_COUNTRY,  /* US, UK, JP, as web pages write it before a symbol */
};

enum { TW_EXCHANGE_SPELLINGS = 32 };

struct tw_exchange_row {
    const char *spellings[4][TW_EXCHANGE_SPELLINGS]; /* by enum tw_exchange_spelling; NULL behind the last */
    bool zeros; /* its numbers may begin with zeros or not: 700, 0700, 00700 (Hong Kong) */
    bool plain; /* a symbol without suffix is one of this exchange before all (the United States) */
};

/* The exchanges that are spelled so; empty: none. */
tw_exchange_set tw_exchange_find(enum tw_exchange_spelling spelling, struct tw_text text);

/* Row n of the table; NULL behind its last. */
const struct tw_exchange_row *tw_exchange_at(unsigned row);

/* Is it a word that stands between an exchange's name and the colon: American, Global, Venture, symbol? */
bool tw_exchange_is_part(struct tw_text text);

/* Is this exchange's name also a word or a name of something else: ICE, AIM, EPA? */
bool tw_exchange_is_word(struct tw_text text);

/* Equal but for the case of ASCII letters; `capitals` is in capitals. */
bool tw_exchange_same_word(struct tw_text text, const char *capitals);

/* Is the text one of the list, as tw_exchange_same_word compares? */
bool tw_exchange_is_one_of(struct tw_text text, const char *const *list, size_t count);

/* Is the symbol, in capitals, the code of another exchange than the label before it ("TSX:NYSE"), and none
 * that is a company's symbol or a word as well? */
bool tw_exchange_is_another(struct tw_text label, struct tw_text symbol);

#endif
