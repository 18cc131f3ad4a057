/* words: how names and texts are cut into words, so that both are cut alike (entities.h says how).
 * Not for other rooms: the headline rule and the tokenizer have words of their own. */
#ifndef TW_WORDS_H
#define TW_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { TW_WORD_BYTES = 96 }; /* a longer word is in no name */

struct tw_name_word {
    uint32_t begin, end; /* bytes into the text */
    uint32_t length;     /* of `folded`; 0 for a word that is too long to be in a name */
    bool letters;        /* made of letters, marks or digits; false for any other character */
    char folded[TW_WORD_BYTES + 8];
};

/* The next word at or after *at, which moves to its end; false at the end of the text. */
bool tw_word_next(struct tw_text text, uint32_t *at, struct tw_name_word *word);

/* True when the character at `at`, or the one that ends before `at`, is a letter, mark or digit. */
bool tw_word_at(struct tw_text text, size_t at);
bool tw_word_before(struct tw_text text, size_t at);

/* White space that words skip: ASCII's and that of Unicode. Bytes of the one at `at`, 0 when none. */
size_t tw_word_space(struct tw_text text, size_t at);

#endif
