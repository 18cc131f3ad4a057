/* utf8: bytes from outside to text that is valid UTF-8 without NUL.
 *
 * Broken pieces and NULs become U+FFFD, one for each maximal ill-formed piece (Unicode 15, section 3.9,
 * "substitution of maximal subparts"), but for two kinds that can be told:
 *   - one byte alone among ASCII that windows-1252 knows, and that is not what is left of a sequence which
 *     somebody cut ("Nestl\xE9 falls", "it\x92s", "\xA35m"; not "caf\xC3" at an end, nor "\x99s" at a
 *     beginning), is that character; and so is each of a letter and a quote, dash or dots behind it
 *     ("Nestl\xE9\x92s");
 *   - both halves of a pair of UTF-16, each as UTF-8 (CESU-8), are the one character.
 * What is well formed is given back as it is, without a copy. */
#ifndef TW_UTF8_H
#define TW_UTF8_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/* Length of the well-formed sequence at `at` (Unicode 15, table 3-7), or 0; *broken is then the length of the
 * maximal ill-formed piece, at least 1. NUL counts as ill-formed: nothing after us takes it. `at` lies within
 * the text. */
size_t tw_utf8_sequence(struct tw_text text, size_t at, size_t *broken);

/* What the ill-formed piece of `broken` bytes at `at` becomes, in UTF-8: its bytes, 1 to 4. *taken: how many
 * bytes of the text it stands for. */
size_t tw_utf8_mend(struct tw_text text, size_t at, size_t broken, char bytes[4], size_t *taken);

/* The character of a pair of UTF-16's units; 0 when these are no pair. */
uint32_t tw_utf16_join(uint32_t high, uint32_t low);

/* The unit of UTF-16 that \uXXXX at `at` stands for; -1 when no such escape stands there. */
int32_t tw_utf16_escape(struct tw_text text, size_t at);

/* What a code point from 128 to 159 means in windows-1252; others, and the five that it leaves free, are
 * themselves. */
uint32_t tw_windows_1252(uint32_t point);

/* The byte that stands for a code point in windows-1252, or in Latin-1 where that has none; -1 when neither
 * has it. */
int tw_windows_1252_byte(uint32_t point);

/* The text mended, each mended piece counted in *repairs (which is added to). Returns `text` itself when
 * there is nothing to mend. bytes == NULL when the arena is full. For text that is not JSON: lines of an
 * archive, Kafka headers. */
struct tw_text tw_text_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs);

/* Can a mended text be read? Not when four characters and a quarter of all that is seen were beyond mending:
 * GBK, Shift-JIS or windows-1251 taken for UTF-8. TW_REFUSED. */
TW_MUST_USE bool tw_text_check_readable(struct tw_text mended, struct tw_error *err);

/* The character at `bytes`, of which `left` bytes are there, in text that is valid UTF-8; a stray byte counts
 * as U+FFFD of length 1. Returns its length. */
size_t tw_utf8_read(const char *bytes, size_t left, uint32_t *point);

/* Writes a code point up to U+10FFFF; returns the length, 1 to 4. */
size_t tw_utf8_write(uint32_t point, char bytes[4]);

#endif
