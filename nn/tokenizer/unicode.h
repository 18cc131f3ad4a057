/* unicode: what Hugging Face's tokenizers do with one code point.
 *
 * The peer's answers come from several crates of different Unicode versions; no version of utf8proc agrees
 * with all of them. So the tables of unicode_tables.c were made by asking the peer about every code point
 * (tests/interop/tokenizer_tables.py), and a test holds them to it. Read-only, shared by threads.
 *
 *     in    one code point, 0 to 10FFFF
 *     out   flags, combining rank, lower case, canonical decomposition
 *
 * A lookup is two loads: block_of[code_point / 128], then the kind in that block. */
#ifndef TW_UNICODE_H
#define TW_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TW_UNICODE_DROPPED = 1,       /* clean_text takes it out: control, format, private, U+FFFD  */
    TW_UNICODE_SPACE = 2,         /* white space, ends a word                                   */
    TW_UNICODE_PUNCTUATION = 4,   /* a word of its own                                          */
    TW_UNICODE_CJK = 8,           /* a word of its own when tokenize_chinese_chars is on        */
    TW_UNICODE_MARK = 16,         /* nonspacing mark, strip_accents takes it out                */
    TW_UNICODE_DECOMPOSES = 32,   /* has a canonical decomposition, or is a Hangul syllable     */
    TW_UNICODE_LOWERS_TO_TWO = 64 /* lower case is two code points (U+0130)                    */
};

struct tw_code_point_kind {
    uint8_t flags;
    uint8_t rank; /* 0 for a starter; else the place of its canonical combining class among all classes */
    int32_t lower_delta; /* lower case is code point + lower_delta */
};

/* `to` ends at its first 0, or is full. */
struct tw_code_point_mapping {
    uint32_t from;
    uint32_t to[4];
};

extern const struct tw_code_point_kind tw_unicode_kinds[];
extern const uint16_t tw_unicode_block_of[];
extern const uint8_t tw_unicode_blocks[][128];
extern const struct tw_code_point_mapping
    tw_unicode_decompositions[]; /* whole, sorted by `from`; no Hangul */
extern const uint32_t tw_unicode_decompositions_count;
extern const struct tw_code_point_mapping tw_unicode_lowers_to_two[];
extern const uint32_t tw_unicode_lowers_to_two_count;

/* `code_point` is at most 10FFFF: tw_unicode_decode gives no other. */
static inline const struct tw_code_point_kind *tw_unicode_kind(uint32_t code_point)
{
    return &tw_unicode_kinds[tw_unicode_blocks[tw_unicode_block_of[code_point >> 7]][code_point & 127]];
}

/* The whole canonical decomposition; one code point, itself, when it has none. Returns how many (1 to 4). */
uint32_t tw_unicode_decompose(uint32_t code_point, uint32_t parts[4]);

/* Lower case as Rust's char::to_lowercase gives it. Returns how many (1 or 2). */
uint32_t tw_unicode_lower(uint32_t code_point, uint32_t parts[2]);

#define TW_UNICODE_REPLACEMENT 0xFFFDU

/* Decodes one code point of `length` > 0 bytes into *code_point and returns the bytes it took. What is not
 * UTF-8 gives U+FFFD and the length of the maximal subpart (Unicode 3.9, "U+FFFD Substitution of Maximal
 * Subparts"). */
uint32_t tw_unicode_decode(const uint8_t *bytes, size_t length, uint32_t *code_point);

/* Is all of it UTF-8? */
bool tw_unicode_is_utf8(const char *text, size_t length);

/* Does a text of `length` > 0 bytes begin or end with white space? */
bool tw_unicode_has_space_at_end(const char *text, size_t length);

/* Writes UTF-8, at most 4 bytes, and returns how many. */
uint32_t tw_unicode_encode(uint32_t code_point, uint8_t bytes[4]);

#endif
