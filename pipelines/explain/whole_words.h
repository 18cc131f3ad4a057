/* whole_words: a text cut into words as a reader sees them: "$AAPL", "don't", "3.5%", "U.S", "up-to-date".
 *   in    a text
 *   out   its words in order, never overlapping, as bytes of the text; white space between them is left out
 *
 * Built on names/words: a run of letters, marks and digits; what is neither is put to it or stands apart.
 *   - a mark stays inside of a word when it stands alone between two parts of it: ' & - / _ always, a full
 *     stop before a digit or a small letter or behind a single letter, a comma and a colon between digits
 *   - $ # @ and the signs of money before a word are its beginning, + and - are before a digit; % behind a
 *     word is its end
 *   - other marks that touch one another are one word of their own: "...", "!!"
 * Scripts without spaces give each character a word, as in names/words. */
#ifndef TW_WHOLE_WORDS_H
#define TW_WHOLE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct tw_whole_word {
    uint32_t begin, end; /* bytes of the text */
};

/* The next word at or after *at, which moves to its end; false at the end of the text. */
bool tw_whole_word_next(struct tw_text text, uint32_t *at, struct tw_whole_word *word);

#endif
