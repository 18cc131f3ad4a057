/* umlauts: German names whose umlauts are written as pairs of letters, where a keyboard or a wire lacks them.
 *
 *   in    a name of the entities file; a stretch of a text
 *   out   the same with its umlauts as pairs; or with pairs that may be umlauts as one letter
 *
 * One rule, both ways: ä is "ae", ö and ø are "oe", ü is "ue" (ß is "ss" in the one form already).
 *
 *   listed "Münchener Rück"     "Muenchener Rueck" names it: all umlauts as pairs, or none of them
 *   listed "Koenigsfeld"        "Königsfeld" names it: all pairs that may be umlauts as umlauts
 *
 * No pair becomes an umlaut by being left out: "Konigsfeld" is no Koenigsfeld. A pair is one that may be an
 * umlaut unless a vowel or q stands before it, a vowel behind it, or it ends its word: not in "Boeing",
 * "Bauer", "Blue", "Joe"; nor in "Michael", "Samuel". */
#ifndef TW_UMLAUTS_H
#define TW_UMLAUTS_H

#include "names/variants.h"

/* The text with its umlauts as pairs, in bytes[size]; length 0 when it has none, or the room is too small. */
struct tw_text tw_umlauts_as_pairs(struct tw_text text, char *bytes, size_t size);

/* Words in the one form with one letter for each pair that may be an umlaut, in *out, which points into them
 * and itself. False when there is none, or no room. */
bool tw_umlauts_of_pairs(const struct tw_text *words, uint32_t count, struct tw_name_variant *out);

#endif
