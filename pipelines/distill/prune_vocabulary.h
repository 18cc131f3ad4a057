/* prune_vocabulary: a tokenizer's vocabulary down to what its texts use.
 *   in    a tokenizer; texts
 *   out   the rows of the word embedding that stay (state.h, words), and a folder with the smaller tokenizer
 *
 * What stays, in the order of the old ids: the special tokens; every single character and its ## form, so
 * that no word becomes [UNK] that was none; the first `margin` other pieces of the vocabulary (which is
 * sorted by how frequent they are in the language, beginning with whole words: what the texts at hand do not
 * say, others will); then pieces by how often the texts use them, until there are `most`. A piece that is
 * gone is spelled from shorter ones. */
#ifndef TW_PRUNE_VOCABULARY_H
#define TW_PRUNE_VOCABULARY_H

#include <stdint.h>

#include "examples/dataset.h"

struct tw_tokenizer;

struct tw_prune_vocabulary_options {
    size_t most, margin;
    uint32_t most_tokens; /* of a text */
};

struct tw_pruned_vocabulary {
    int32_t *words; /* [count] old ids, rising: new id n is old id words[n] */
    size_t count;
    struct tw_text vocabulary; /* the bytes of its vocab.txt */
    double covered;            /* share of the texts' pieces that are still there */
};

/* All in the arena. TW_CONFIG when `most` has no room for special tokens and characters. */
TW_MUST_USE bool tw_prune_vocabulary(const struct tw_tokenizer *tokenizer, const struct tw_dataset *dataset,
    const size_t *records, size_t count, const struct tw_prune_vocabulary_options *options,
    struct tw_arena *arena, struct tw_pruned_vocabulary *out, struct tw_error *err);

/* A folder with vocab.txt and, as `from` has them, tokenizer_config.json and special_tokens_map.json. */
TW_MUST_USE bool tw_prune_vocabulary_write(
    const char *folder, const char *from, const struct tw_pruned_vocabulary *pruned, struct tw_error *err);

#endif
