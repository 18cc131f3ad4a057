/* hashtags: a listed symbol or name behind a hash, as people post it: "#VELQ cuts outlook".
 *
 *   in    a text, the place of a hash, and the entities file
 *   out   the company whose symbol, or whose name of several words, the whole tag is
 *
 * A hash says nothing of money, as a dollar sign does. So a tag names a company only where it can be read in
 * no other way: it stands apart, is all capitals and digits, three at the least, is a listed symbol just so,
 * and no word, abbreviation or place that people write in capitals ("#OPEN", "#GDP", "#GAP"), no exchange,
 * country or currency. "#velq" and "#Velq" name nobody, nor does "#VELQ2026"; "#VELQ-B" is VELQ.B or nobody,
 * as behind a dollar sign. A name of the entities file behind a hash is found as everywhere ("#Velquin"),
 * and one of several words also where they are pushed together, each with its capital, or are joined by "_":
 * "#VelquinChemicals", "#Velquin_Chemicals", but neither "#velquinchemicals" nor "#VelquinChemicalsFire". */
#ifndef TW_HASHTAGS_H
#define TW_HASHTAGS_H

#include "link/symbol_run.h"
#include "names/words.h"

/* The company whose symbol the tag is whose hash, of `hash` bytes, stands at `at`. TW_SYMBOL_FULL: the arena
 * is full. */
enum tw_symbol_found tw_hashtag_find(
    const struct tw_ticker_scan *scan, size_t at, size_t hash, struct tw_ticker *out);

/* A tag with a blank where it has "_" or a word begins at a capital: "Velquin Chemicals". */
struct tw_hashtag_words {
    char bytes[2 * TW_WORD_BYTES];
    struct tw_text text; /* over those bytes */
    uint32_t end;        /* of the tag */
};

/* The words of the tag whose hash, of `hash` bytes, stands at `at`. False where it does not stand apart, is
 * longer than a name's word or has one word only. */
bool tw_hashtag_words(
    const struct tw_ticker_scan *scan, size_t at, size_t hash, struct tw_hashtag_words *out);

/* The one company whose name those words are. TW_NO_ENTITY when it is no such name, or that of several; else
 * *end is where the tag ends. */
int32_t tw_hashtag_name(const struct tw_ticker_scan *scan, size_t at, size_t hash, uint32_t *end);

/* Is it one of the words that name nobody behind a hash? In capitals. */
bool tw_hashtag_is_word(struct tw_text tag);

#endif
