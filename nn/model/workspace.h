/* workspace: all scratch of one worker, sized once.
 *   in    a model, the most tokens of a micro-batch, the compute to use
 *   out   buffers for every activation; nothing is allocated afterwards
 *
 * One workspace belongs to one thread at a time; weights are shared, workspaces are not. All memory is one
 * arena, about `tokens * (10 * hidden + intermediate) * 4` bytes when activations are not kept.
 *
 * Rows: every buffer has room for tw_gemm_rows(max_tokens) rows, because the GEMM door pads (gemm.h). What
 * stands in the rows beyond a batch is finite and otherwise meaningless.
 *
 * `keep_layers`: each layer writes into buffers of its own, so that after tw_encode all activations are
 * there: the tests compare them, and a backward pass needs them. Otherwise all layers share one set, and
 * `layers[i]` all point to it. A model with 8-bit weights has buffers of its own, sized for a group of
 * sequences, and of `layers` it fills the outputs alone. */
#ifndef TW_WORKSPACE_H
#define TW_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "model/compute.h"
#include "model/model.h"

struct tw_workspace_options {
    size_t max_tokens;                /* of a micro-batch; raised to max_sequence when less. 0: 1,024 */
    size_t max_sequence;              /* longest sequence; 0: the model's max_positions */
    const struct tw_compute *compute; /* required; outlives the workspace */
    bool keep_layers;
};

/* What one layer computes, in order. Shapes by row: a token. */
struct tw_activations {
    float *query, *key, *value; /* [tokens, hidden], bias added */
    float *context;             /* [tokens, hidden], what attention returns */
    float
        *attention_sum; /* [tokens, hidden], context x W; kept: with bias and residual, what is normalised */
    float *attended;    /* [tokens, hidden], after the first norm */
    float *raised;      /* [tokens, intermediate], before bias and activation */
    float *activated;   /* [tokens, intermediate]; the same memory as raised unless kept */
    float *lowered;     /* [tokens, hidden], as attention_sum */
    float *output;      /* [tokens, hidden], after the second norm: the next layer's input */
};

/* Buffers of encoder_int8.c, for one group of sequences; when the model has 8-bit weights. */
struct tw_int8_workspace {
    size_t max_tokens;          /* of a group */
    float *state;               /* [tokens, hidden]: a layer's input, then its output */
    float *queries;             /* [tokens, 3 hidden]: query, key and value */
    float *context, *attended;  /* [tokens, hidden] */
    float *raised;              /* [tokens, intermediate]; a few rows of it while maps are in 8 bits */
    float *lowered;             /* [tokens, hidden], of maps in fp32 */
    struct tw_int8_rows narrow; /* [tokens, hidden]: what the next map reads */
    struct tw_int8_rows wide;   /* [tokens, intermediate] */
    float *attention_scratch;   /* tw_int8_attention_floats(max_sequence, head width) */
};

struct tw_workspace {
    size_t max_tokens, max_sequence;
    const struct tw_compute *compute; /* may be exchanged between batches by whoever trains */
    float *embedded;                  /* [tokens, hidden], the first layer's input */
    struct tw_activations *layers;    /* [config.layers] */
    float *attention_scratch;         /* tw_attention_scratch_floats(max_sequence, head width) */
    float *distance_bias; /* [heads, 2 max_sequence - 1], by distance; NULL when the family has none */
    /* The document head or the entity head; rows: a sequence or an entity. */
    float *head_input;  /* [max_head_rows, 2 hidden]; the document's uses hidden */
    float *head_raised; /* [max_head_rows, hidden], before bias and activation */
    float *head_pooled; /* [max_head_rows, hidden] */
    float *head_logits; /* [max_head_rows, labels] */
    size_t max_head_rows;
    /* The masked-word head, when the model has one; rows: a word. */
    float *masked_input, *masked_raised, *masked_activated, *masked_normed; /* [max_masked_rows, hidden] */
    float *masked_logits; /* [max_masked_rows, vocabulary] */
    size_t max_masked_rows;
    struct tw_int8_workspace int8; /* when the model has 8-bit weights */
    bool keeps_layers;
    /* Set by whoever trains, for the next tw_encode; NULL: no dropout. */
    const struct tw_dropout_plan *dropout;
    /* Set by tw_encode: hidden states [tokens, hidden] of the batch last encoded. */
    const float *hidden;
    struct tw_arena arena;
};

/* Takes all memory at once. TW_INTERNAL without it; TW_CONFIG for more tokens than any machine could use. */
TW_MUST_USE bool tw_workspace_open(const struct tw_model *model, const struct tw_workspace_options *options,
    struct tw_workspace *out, struct tw_error *err);
/* A zeroed workspace is safe to close. */
void tw_workspace_close(struct tw_workspace *workspace);

#endif
