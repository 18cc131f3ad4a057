/* skim: the words of a text as numbers, for whoever looks up most of them in vain.
 *   in    a text
 *   out   where each word of words.h stands, and a number made of its one form
 *
 * Equal words have equal numbers, on every processor; different ones mostly different numbers: what a number
 * finds is compared by its bytes. Words of ASCII are read eight bytes at a time, others by words.h. */
#ifndef TW_SKIM_H
#define TW_SKIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct tw_skimmed_word {
    uint64_t number;
    uint32_t begin, end; /* bytes into the text */
    char mark;           /* the ASCII mark that the word is, in the one form; 0 when it is none */
};

/* The next word at or after *at, which moves to its end; false at the end of the text. The same words as
 * those of tw_word_next. */
bool tw_skim_next(struct tw_text text, uint32_t *at, struct tw_skimmed_word *word);

/* The number of a word in its one form, `folded` of struct tw_name_word. */
uint64_t tw_skim_number(const char *folded, size_t length);

/* All 128 bits of a product, folded: each bit of both tells in each bit of the result. */
static inline uint64_t tw_skim_mix(uint64_t left, uint64_t right)
{
    unsigned __int128 product = (unsigned __int128)left * right;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The number of several words: of those before, joined with the next one. */
static inline uint64_t tw_skim_join(uint64_t words, uint64_t next)
{
    return tw_skim_mix(words ^ UINT64_C(0x9E3779B97F4A7C15), next ^ UINT64_C(0xC2B2AE3D27D4EB4F));
}

#endif
