/* misread: characters whose bytes were read by the wrong table, put right where nothing else can be meant.
 *
 *   in    a text in UTF-8, a place in it with a character beyond ASCII
 *   out   the character that was meant, and how many bytes stand for it
 *
 * UTF-8 read as Latin-1 or windows-1252, once or twice over: accented letters and marks behind U+00C2 and
 * U+00C3, typographic marks behind U+00E2, emoji behind U+00F0. Letters of other scripts (Greek, Cyrillic,
 * Arabic, Thai, Chinese, Japanese, Korean) may be letters of somebody's language as they stand: a control
 * character among them proves it, or that several stand in a row: two of three bytes, three of two.
 * A closing quote of which windows-1252 has no third byte is known by its two others ("\u00E2\u20AC").
 * UTF-8 read as Mac Roman: "‚Äô" is an apostrophe, "√©" beside a letter is é, "¬£" is £.
 * U+0080 to U+009F are windows-1252 read as Latin-1. */
#ifndef TW_MISREAD_H
#define TW_MISREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* How far a pass has come with misread letters of other scripts: behind one, no proof is needed. */
struct tw_misread_scan {
    size_t proven_end; /* where the last one ended; 0: none */
};

/* May this character be another, or begin one that was misread? None beyond Latin-1 is, but for two marks of
 * Mac Roman. */
static inline bool tw_misread_may_begin(uint32_t point)
{
    return (point >= 0x80 && point <= 0xFF) || point == 0x201A || point == 0x221A;
}

/* The character at `at`, which is not ASCII, as it was meant, in *point. Returns its bytes in the text. */
size_t tw_misread_read(struct tw_text text, size_t at, struct tw_misread_scan *scan, uint32_t *point);

/* Does any character of the text stand for another? */
bool tw_misread_holds(struct tw_text text);

#endif
