/* tally: texts to their different words, and how often each one stands.
 *
 *     struct tw_tally tally;
 *     if (!tw_tally_begin(&tally, &normalizer, err)) return false;
 *     if (!tw_tally_add(&tally, text, err)) ...              // as often as one likes
 *     ... tally.words[0 .. tally.word_count) ...
 *     tw_tally_end(&tally);
 *
 * Words are those of normalize.h: cleaned, lowered, cut as the tokenizer will cut them. A word that is [UNK]
 * to it whatever the vocabulary (longer than its limit) and added tokens that stand literally in a text are
 * left out, each counted.
 *
 * Memory: TW_TALLY_MOST_WORDS different words of TW_TALLY_MOST_BYTES bytes together, 24 bytes a word, 4 to 16
 * for finding it, and its text: 300 MiB at most. Beyond that TW_FULL: a corpus with more different words
 * than that teaches no more. */
#ifndef TW_TALLY_H
#define TW_TALLY_H

#include <stdint.h>

#include "base/arena.h"
#include "tokenizer/normalize.h"

#define TW_TALLY_MOST_WORDS ((size_t)4 << 20)
#define TW_TALLY_MOST_BYTES ((size_t)48 << 20)

/* A word and how often it stands. */
struct tw_tally_word {
    struct tw_text text; /* valid UTF-8, not empty */
    uint64_t count;      /* at least 1 */
};

struct tw_tally {
    const struct tw_normalizer *normalizer;
    struct tw_arena texts;
    struct tw_tally_word *words; /* in the order in which they first stood */
    size_t word_count, word_room, byte_count;
    uint32_t *slots; /* number of the word + 1; 0: free */
    size_t slot_count;
    uint64_t total;    /* words, all that stand counted */
    uint64_t overlong; /* left out */
    uint64_t special;  /* left out */
};

/* The normalizer outlives the tally. */
TW_MUST_USE bool tw_tally_begin(
    struct tw_tally *tally, const struct tw_normalizer *normalizer, struct tw_error *err);
/* A zeroed tally is safe to end. */
void tw_tally_end(struct tw_tally *tally);

/* Adds the words of a text shorter than 4 GiB. */
TW_MUST_USE bool tw_tally_add(struct tw_tally *tally, struct tw_text text, struct tw_error *err);

#endif
