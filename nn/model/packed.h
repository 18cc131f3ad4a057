/* packed: token sequences laid end to end, without padding.
 *   in    sequences of token ids (with [CLS] and [SEP], as the tokenizer gives them), none too long
 *   out   struct tw_packed: ids of all sequences in one array, and where each one starts
 *
 *         ids     101 7592 102 | 101 2088 2003 102 | 101 102
 *         starts    0            3                   7        9
 *
 * Positions are implied: a token's position is its distance from its sequence's start. A packed batch is a
 * view; a cut of it (a micro-batch) is another view of the same arrays, so cutting copies nothing.
 * `starts[0]` need not be 0.
 *
 *     struct tw_packed all, part;
 *     if (!tw_packed_build(sequences, count, &model->config, arena, &all, err)) return false;
 *     for (size_t first = 0; first < all.count; first += part.count) {
 *         part = tw_packed_cut(&all, first, workspace->max_tokens);
 *         ... tw_encode(model, &part, workspace, err) ...
 *     } */
#ifndef TW_PACKED_H
#define TW_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "format/shape.h"

/* One sequence of the caller's. */
struct tw_sequence {
    const int32_t *ids;
    const uint8_t *types; /* token types (segment ids), or NULL: all 0 */
    size_t count;         /* 1 or more */
};

struct tw_packed {
    const int32_t *ids;     /* ids[starts[s]] .. ids[starts[s + 1] - 1] are sequence s */
    const uint8_t *types;   /* parallel to ids, or NULL: all 0 */
    const uint32_t *starts; /* [count + 1] */
    size_t count;           /* sequences */
};

/* Packs sequences into the arena. Refuses (TW_INTERNAL: the tokenizer's promise is broken, or TW_CONFIG when
 * tokenizer and weights do not fit) an id outside the vocabulary, a type outside the type vocabulary, an
 * empty sequence, one longer than max_positions; TW_FULL when the arena is full. Token types are ignored for
 * a model that has none. */
TW_MUST_USE bool tw_packed_build(const struct tw_sequence *sequences, size_t count,
    const struct tw_model_config *config, struct tw_arena *arena, struct tw_packed *out,
    struct tw_error *err);

/* The longest run of sequences from `first` that holds at most `token_budget` tokens; at least one sequence,
 * even if it alone is longer (the workspace then refuses it). */
struct tw_packed tw_packed_cut(const struct tw_packed *batch, size_t first, size_t token_budget);

/* Tokens in the batch. */
static inline size_t tw_packed_tokens(const struct tw_packed *batch)
{
    return (size_t)(batch->starts[batch->count] - batch->starts[0]);
}

/* Where sequence s begins among the rows of hidden states of this batch. */
static inline size_t tw_packed_row(const struct tw_packed *batch, size_t sequence)
{
    return (size_t)(batch->starts[sequence] - batch->starts[0]);
}

/* Tokens of sequence s. */
static inline size_t tw_packed_length(const struct tw_packed *batch, size_t sequence)
{
    return (size_t)(batch->starts[sequence + 1] - batch->starts[sequence]);
}

#endif
