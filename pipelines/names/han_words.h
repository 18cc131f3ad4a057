/* han_words: common words of two ideographs, so that no name is read where one of them stands.
 *
 *   in    two ideographs that stand beside each other
 *   out   are they a common word of Chinese or Japanese news?
 *
 * Chinese puts no space between words: "不同方面" (other sides) holds the characters of a company 同方, and
 * "京东方" those of 京东. What tw_word_edges makes of it is told in words.h. */
#ifndef TW_HAN_WORDS_H
#define TW_HAN_WORDS_H

#include "base/text.h"

/* Is it one of some six hundred words? */
bool tw_han_is_word(struct tw_text text);

#endif
