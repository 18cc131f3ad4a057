/* sentences: where one sentence ends and the next begins.
 *   in    a text of valid UTF-8, as it was cleaned
 *   out   its sentences in order, never overlapping, as bytes; white space between them is left out
 *
 *     uint32_t at = 0;
 *     struct tw_sentence sentence;
 *     while (tw_sentence_next(text, &at, &sentence)) ...
 *
 * A sentence ends
 *   - behind . ! ? or … (and the closing quotes and brackets that follow), when white space or the text's end
 *     comes next and no small letter behind it: "Yahoo! said" goes on, "3.5", "example.com" and "U.S.A" hold
 *     no end;
 *   - behind the full stops, exclamation and question marks of Chinese, Japanese, Hindi and Arabic, whether
 *     or not white space follows.
 * A full stop is none
 *   - behind a title or a number's sign ("Mr.", "St.", "No."), and behind a single letter ("J. P. Morgan");
 *   - between two digits, even with white space between ("3. 5");
 *   - behind what stands shortened in the midst of sentences and at their ends alike ("Inc.", "Co.", "U.S.",
 *     "p.m.", "Jan."), unless a word follows that begins sentences ("The", "It", "But").
 *
 * One pass, linear: behind each mark a bounded number of bytes is looked at, on either side. What follows no
 * rule of language costs no more than a window that is cut elsewhere (text_windows.h). */
#ifndef TW_SENTENCES_H
#define TW_SENTENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct tw_sentence {
    uint32_t begin, end; /* bytes of the text; end > begin */
};

/* The next sentence at or after *at, which moves to its end; false when nothing but white space is left. The
 * text is shorter than 4 GiB. */
bool tw_sentence_next(struct tw_text text, uint32_t *at, struct tw_sentence *sentence);

#endif
