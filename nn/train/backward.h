/* backward: encoder.c and heads.c from their last line to their first.
 *   in    a workspace that kept its layers (workspace.h) and has just encoded a batch; the gradient of the
 *         loss by some logits
 *   out   gradients of all parameters that learn, ADDED to a flat array of the state's layout
 *
 *     tw_encode(model, &batch, &workspace, err);
 *     tw_backward_begin(&backward, &batch);                          // d_hidden = 0
 *     tw_head_gather_documents(...); tw_head_run(...);               // a round of a head, its loss, back
 *     tw_backward_head(&backward, &batch, &head, NULL, first, rows, d_logits, err);
 *     for (layer = layers; layer-- > 0 && layer + 1 >= lowest;)
 *         tw_backward_layer(&backward, &batch, layer, err);          // d_hidden: from output to input
 *     tw_backward_embedding(&backward, &batch);                      // when lowest == 0
 *
 * tw_backward_encoder does the last three lines. Whoever adds to d_hidden between two layers (hidden states
 * to match) calls the layers one by one.
 *
 * Opened for inputs (tw_backward_open_inputs) nothing learns: no gradient of a parameter is made, all layers
 * are taken back whatever they are, and d_hidden ends as the gradient by the embeddings' sums, a row a token.
 *
 * One struct tw_backward belongs to one thread, beside its workspace; the state is only read. Every sum runs
 * in a fixed order: the same batch gives the same bits. Dropout masks are computed again from
 * workspace->dropout, which must not have changed. */
#ifndef TW_BACKWARD_H
#define TW_BACKWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/heads.h"
#include "model/packed.h"
#include "model/workspace.h"
#include "train/state.h"

struct tw_backward {
    const struct tw_model *model;
    const struct tw_state *state;         /* NULL: opened for inputs */
    const struct tw_workspace *workspace; /* of the forward pass; keeps its layers */
    float *gradients;                     /* [state->value_count], the caller's; not looked at for inputs */
    float *d_hidden;                      /* [tokens, hidden]: gradient by the hidden state reached so far */
    /* Scratch; rows: a token. */
    float *d_sum, *d_other;           /* [tokens, hidden] */
    float *d_query, *d_key, *d_value; /* [tokens, hidden] */
    float *d_wide;                    /* [tokens, intermediate] */
    float *d_bias;                    /* as workspace->distance_bias, of all layers so far; or NULL */
    float *attention_scratch;
    float *d_head_pooled;             /* [max_head_rows, hidden] */
    float *d_head_input;              /* [max_head_rows, 2 hidden] */
    float *d_masked, *d_masked_input; /* [max_masked_rows, hidden] */
    struct tw_arena arena;
};

/* Scratch for the workspace's largest batch. `gradients` may be set later. */
TW_MUST_USE bool tw_backward_open(const struct tw_state *state, const struct tw_workspace *workspace,
    struct tw_backward *out, struct tw_error *err);
/* The same for gradients by inputs alone, of a model that is only read. Its maps must be in fp32. */
TW_MUST_USE bool tw_backward_open_inputs(const struct tw_model *model, const struct tw_workspace *workspace,
    struct tw_backward *out, struct tw_error *err);
/* A zeroed struct is safe to close. */
void tw_backward_close(struct tw_backward *backward);

/* Clears d_hidden, and d_bias where there is one: call it for each micro-batch, before its heads. */
void tw_backward_begin(struct tw_backward *backward, const struct tw_packed *batch);

/* Takes back one round of a head: sequences [first, first + rows), or the entities of `spans` (then `first`
 * is not looked at); `numbers` as in tw_head_run. The round's activations stand in the workspace. */
TW_MUST_USE bool tw_backward_head(struct tw_backward *backward, const struct tw_packed *batch,
    const struct tw_head *head, const struct tw_entity_span *spans, size_t first, const uint32_t *numbers,
    size_t rows, const float *d_logits, struct tw_error *err);

/* Takes back one round of the masked-word head, which learns (never for inputs); rows[i] is the row of
 * hidden states that masked_input row i was copied from. */
TW_MUST_USE bool tw_backward_masked(struct tw_backward *backward, const uint32_t *rows, size_t count,
    const float *d_logits, struct tw_error *err);

/* Takes back projected = hidden x W^T of `rows` tokens, `hidden` a layer's output in the workspace: adds to
 * d_hidden and to W's gradient. */
TW_MUST_USE bool tw_backward_projection(struct tw_backward *backward, const float *hidden, size_t rows,
    const float *d_projected, struct tw_error *err);

/* Takes back one layer: d_hidden by its output becomes d_hidden by its input; adds to its parameters'
 * gradients. */
TW_MUST_USE bool tw_backward_layer(
    struct tw_backward *backward, const struct tw_packed *batch, size_t layer, struct tw_error *err);
/* Takes back the embeddings, last of all: adds to their gradients. */
void tw_backward_embedding(struct tw_backward *backward, const struct tw_packed *batch);
/* Takes back the embeddings' norm, last of all when opened for inputs: d_hidden becomes the gradient by what
 * was normalised, the sum of a token's embeddings, and so by each of them. */
void tw_backward_inputs(struct tw_backward *backward, const struct tw_packed *batch);

/* Takes back all layers that learn, from the last one down, and the embeddings if these learn; for inputs all
 * layers and the embeddings' norm. */
TW_MUST_USE bool tw_backward_encoder(
    struct tw_backward *backward, const struct tw_packed *batch, struct tw_error *err);

#endif
