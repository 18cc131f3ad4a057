/* hashtags: a listed symbol behind a hash, as people post it: "#VELQ cuts outlook".
 *
 *   in    a text, the place of a hash, and the entities file
 *   out   the company whose symbol the whole tag is
 *
 * A hash says nothing of money, as a dollar sign does. So a tag names a company only where it can be read in
 * no other way: it stands apart, is all capitals and digits, three at the least, is a listed symbol just so,
 * and no word, abbreviation or place that people write in capitals ("#OPEN", "#GDP", "#GAP"), no exchange,
 * country or currency. "#velq" and "#Velq" name nobody, nor does "#VELQ2026"; "#VELQ-B" is VELQ.B or nobody,
 * as behind a dollar sign. A name of the entities file behind a hash is found as everywhere ("#Velquin"). */
#ifndef TW_HASHTAGS_H
#define TW_HASHTAGS_H

#include "link/symbol_run.h"

/* The company whose symbol the tag is whose hash, of `hash` bytes, stands at `at`. TW_SYMBOL_FULL: the arena
 * is full. */
enum tw_symbol_found tw_hashtag_find(
    const struct tw_ticker_scan *scan, size_t at, size_t hash, struct tw_ticker *out);

/* Is it one of the words that name nobody behind a hash? In capitals. */
bool tw_hashtag_is_word(struct tw_text tag);

#endif
