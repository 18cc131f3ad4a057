/* normalize: bytes to clean words, as BertNormalizer and BertPreTokenizer make them.
 *
 *     struct tw_words words;
 *     struct tw_word word;
 *     tw_words_begin(&words, normalizer, text);
 *     while (tw_words_next(&words, &word)) ...
 *
 * In this order, each step on what the step before left (tokenizers, normalizers/bert.rs and
 * pre_tokenizers/bert.rs):
 *     added tokens are taken out whole (added.h)
 *     clean:    control characters, U+FFFD and what is not UTF-8 vanish, white space becomes a space
 *     CJK:      each ideograph becomes a word of its own
 *     accents:  canonical decomposition and ordering, then nonspacing marks vanish
 *     case:     lower case
 *     words:    cut at white space; each punctuation character is a word of its own
 * All in one pass: a table of 256 bytes decides for words of ASCII letters and digits, and only a word with
 * anything else in it is taken code point by code point. No allocation; a word that is longer than the limit
 * is not kept, only measured. Works on what it is lent: the text must outlive the reader, words die at the
 * next call. */
#ifndef TW_NORMALIZE_H
#define TW_NORMALIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "tokenizer/added.h"

/* No vocabulary may ask for longer words than this many characters. */
#define TW_WORD_MOST_CHARACTERS 256
#define TW_WORD_MOST_BYTES (4 * TW_WORD_MOST_CHARACTERS)

struct tw_normalizer {
    struct tw_normal_form form;
    uint32_t most_characters; /* of a word; 1 to TW_WORD_MOST_CHARACTERS */
    struct tw_added added;    /* tokens found in the text whole */
    uint8_t class_of[256];    /* what a byte is, see normalize.c */
    uint8_t lower_of[256];    /* an ASCII byte as it is kept */
};

/* Fills the tables of bytes from the options and the added tokens that were set before. */
void tw_normalizer_prepare(struct tw_normalizer *normalizer);

struct tw_word {
    const uint8_t *bytes; /* normalized UTF-8, `length` bytes; undefined when overlong or special */
    uint32_t length;
    uint32_t begin, end;    /* bytes of the source text, from the first character kept to the last */
    const uint32_t *begins; /* for each normalized byte the source range of its character; */
    const uint32_t *ends;   /* both NULL when byte i is source byte begin + i */
    int32_t special;        /* id of a literal special token, else -1 */
    bool overlong;          /* more than most_characters: [UNK] */
};

/* A mark that waits for its place in the canonical order. */
struct tw_waiting_mark {
    uint32_t code_point, begin, end;
    uint8_t rank;
};

/* The reader; its fields are normalize.c's. About 14 KiB: lives on the caller's stack and is not cleared. */
struct tw_words {
    const struct tw_normalizer *normalizer;
    const uint8_t *text;
    uint32_t length, position;
    struct tw_added_scan scan;
    uint32_t byte_count, character_count; /* of the word that is being made */
    uint32_t word_begin, word_end;
    uint32_t waiting_count;
    uint8_t bytes[TW_WORD_MOST_BYTES];
    uint32_t begins[TW_WORD_MOST_BYTES];
    uint32_t ends[TW_WORD_MOST_BYTES];
    struct tw_waiting_mark waiting[TW_WORD_MOST_CHARACTERS];
};

/* `text` is shorter than 4 GiB. */
void tw_words_begin(struct tw_words *words, const struct tw_normalizer *normalizer, struct tw_text text);
/* The next word; false at the end of the text. */
bool tw_words_next(struct tw_words *words, struct tw_word *word);

#endif
