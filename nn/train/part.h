/* part: one thread's part of a training step. For train/ alone: the door is trainer.h.
 *   in    struct tw_step, the same for all parts; the sequences [first, last) of its batch
 *   out   sums of losses and of what was right; gradients, when training
 *
 * A part goes through its sequences by micro-batches of at most max_tokens: encode, each head with its loss,
 * the teacher beside it, and back down to the lowest layer that learns. What a mean of the step is taken over
 * is counted before (totals), so that each row's gradient has its final scale at once, and parts and
 * micro-batches only add up. */
#ifndef TW_PART_H
#define TW_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "train/backward.h"
#include "train/loss.h"
#include "train/trainer.h"

/* Sums of one part, or of all; divided by the step's totals they are the means of struct tw_step_result. */
struct tw_part_sums {
    double document, entity, masked, soft, hidden;
    size_t document_count, entity_count, masked_count;
    size_t document_right, entity_right, masked_right;
};

/* What the means are taken over. */
struct tw_step_totals {
    double document, entity, masked, soft, hidden;
};

/* What all parts work on now. */
struct tw_step_task {
    const struct tw_packed *batch;
    const struct tw_targets *targets;
    struct tw_step_totals totals;
    struct tw_dropout_plan plan;
    bool training; /* with dropout and gradients */
};

struct tw_step {
    struct tw_state *state;
    struct tw_trainer_options options;
    struct tw_cross_entropy by_class; /* of document and entity labels */
    size_t begin;                     /* first value that learns, a multiple of TW_CHUNK */
    struct tw_step_task task;
};

struct tw_part {
    const struct tw_step *step;
    size_t first, last; /* sequences of the batch */
    struct tw_workspace workspace, teacher_workspace;
    struct tw_backward backward;
    float *gradients;              /* as the state's values */
    float *d_logits, *soft_logits; /* [max_head_rows, TW_CLASSES] */
    float *teacher_logits;         /* [sequences of a micro-batch or entities of a round, TW_CLASSES] */
    float *d_words;                /* [max_masked_rows, vocabulary] */
    uint32_t *numbers;             /* of rows: max(max_head_rows, max_masked_rows) */
    int32_t *labels;
    float *weights;
    struct tw_entity_span *spans;
    float *projected, *d_projected; /* [tokens, projection]; NULL without one */
    struct tw_arena arena;
    struct tw_part_sums sums;
    bool done; /* of the last run; false: err says why */
    struct tw_error err;
};

/* A zeroed part of a step that knows its state and options; `max_tokens` of a micro-batch. TW_INTERNAL
 * without memory. */
TW_MUST_USE bool tw_part_open(
    struct tw_part *part, const struct tw_step *step, size_t max_tokens, struct tw_error *err);
/* A zeroed or half-opened one is fine. */
void tw_part_close(struct tw_part *part);

/* The task's losses; when training, gradients from `begin` on (what stands there is forgotten). */
void tw_part_run(struct tw_part *part);

/* The student's column of a class, or TW_NO_LABEL. */
int32_t tw_label_column(const struct tw_model *model, int32_t label);

#endif
