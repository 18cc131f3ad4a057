/* encoder: a packed batch to hidden states.
 *   in    a model, a packed batch (packed.h) of at most workspace->max_tokens tokens
 *   out   workspace->hidden, [tokens, hidden]: row tw_packed_row(batch, s) + p is token p of sequence s
 *
 * BERT (Devlin et al. 2018) after transformers' modeling_bert.py, evaluation mode, post-norm:
 *     x = norm(word[id] + position[p] + type[t])
 *     for each layer:  a = norm(x + O(attention(Q(x), K(x), V(x))));  x = norm(a + down(activation(up(a))))
 * DistilBERT is the same without token types. MPNet (Song et al. 2020; modeling_mpnet.py) too, its positions
 * count from 2, and a bias by distance goes on the scores of all layers (distance.h).
 * Attention never looks over the edge of its sequence.
 *
 * In training (workspace->dropout is set) dropout falls where transformers has it: on the embeddings after
 * their norm, on attention probabilities, and on what O and down give, before the residual is added. (MPNet's
 * document head would drop its input as well; only what it pools is dropped here.)
 *
 * A row's bits depend on its own sequence only: not on batch mates, cut, row, or thread (test_encoder.c). */
#ifndef TW_ENCODER_H
#define TW_ENCODER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/model.h"
#include "model/packed.h"
#include "model/workspace.h"

/* In training (workspace->dropout): the dropout of one place in the model, for forward and backward pass
 * alike. False when nothing is dropped there. DistilBERT drops nothing between attention and its norm. */
bool tw_encoder_dropout(const struct tw_model *model, const struct tw_dropout_plan *plan,
    enum tw_drop_place place, size_t layer, struct tw_dropout *out);

/* TW_INTERNAL: the batch is larger than the workspace, or the GEMM library failed (its status is in the
 * error). */
TW_MUST_USE bool tw_encode(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, struct tw_error *err);

#endif
