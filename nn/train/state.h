/* state: a model in training: weights that can be written, and what stands beside each of them.
 *   in    a model folder, or a shape; which heads are wanted
 *   out   struct tw_state: a struct tw_model over its own fp32 memory (encoder.h and heads.h take it as any
 *         other), and flat arrays parallel to it: AdamW's two moments
 *
 *     struct tw_state *state;
 *     struct tw_state_options options = {.folder = "base", .parts = TW_PART_DOCUMENT, .seed = 1};
 *     if (!tw_state_open(&options, &state, err)) return false;
 *     tw_state_set_rates(state, 0.85, lowest);     // each depth learns 0.85 times the one above
 *                                                  // (discriminative rates); those below `lowest` stand
 *                                                  // still (gradual unfreezing)
 *     ... trainer.h ...
 *     tw_state_close(state);
 *
 * Layout. `values[offset + i]` is value i of the parameter with that offset (model.h, struct tw_parameter);
 * every parameter begins at a multiple of 16 values, and what lies between is 0 and stays 0. Gradients have
 * the same layout.
 *
 * Depths. 0: embeddings; 1 .. layers: the encoder's layers; layers + 1: all heads. Each parameter has its
 * depth, each depth a factor on the learning rate; 0 means frozen. A backward pass goes no deeper than the
 * lowest depth that learns. Decay falls on matrices, not on biases and norms (Devlin et al. 2018).
 *
 * Where a value comes from: the folder's tensor of that name, if there is one of the right shape. A head that
 * the folder does not have (or `fresh_heads`) starts from a normal distribution of deviation 0.02, biases
 * from 0, norms from 1 and 0, as in transformers; all numbers come from `seed`. Labels: the folder's order if
 * it has a usable head, else negative, neutral, positive.
 *
 * Errors: those of model.h; TW_CONFIG when the shape cannot be made of the folder; TW_INTERNAL without
 * memory. */
#ifndef TW_STATE_H
#define TW_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"

struct tw_state_options {
    const char *folder; /* where values come from; NULL: all are new, `config` gives the shape */
    const struct tw_model_config
        *config;       /* with a folder: NULL. Else the shape (tw_config_shape makes one) */
    unsigned parts;    /* TW_PART_*: the heads wanted; others are left out */
    bool fresh_heads;  /* heads start anew even if the folder has them */
    bool averaged;     /* keep a moving average of the values too */
    bool keeps_base;   /* keep the values it begins with too; the folder must have every head wanted */
    size_t projection; /* with TW_PART_PROJECTION: the width of the teacher's hidden states */
    uint64_t seed;
    /* A student from a teacher's folder (distillation). NULL: all layers, all words, in order. */
    const size_t *layers; /* [layer_count] which of the folder's layers become the student's, e.g. 1, 3, 5 */
    size_t layer_count;
    const int32_t *words; /* [word_count] which rows of the word embedding (and masked-word bias) are kept */
    size_t word_count;
};

struct tw_state {
    struct tw_model *model;                /* owned; its values are `values` */
    float *values;                         /* [value_count] */
    float *first_moments, *second_moments; /* [value_count] */
    float *averages;                       /* [value_count] tw_state_average; NULL unless `averaged` */
    float *bases, *stored; /* [value_count] what it began with; room; NULL unless `keeps_base` */
    size_t value_count;
    uint64_t updates; /* optimizer steps taken */
    /* TW_PART_*: heads that the folder did not have, or was not to give; all without a folder */
    unsigned fresh_parts;
    size_t depth_count; /* layers + 2 */
    double *rates;      /* [depth_count] factor on the learning rate; 0: frozen */
    uint64_t *ages; /* [depth_count] updates of each depth: AdamW's t, so that a thawed layer begins gently */
    struct tw_arena arena;
};

/* Opens or makes the model, as the options say; moments are 0, all depths learn at rate 1. */
TW_MUST_USE bool tw_state_open(
    const struct tw_state_options *options, struct tw_state **out, struct tw_error *err);
/* NULL is fine. */
void tw_state_close(struct tw_state *state);

/* rates[depth] = factor ^ (layers + 1 - depth), 0 < factor <= 1, from depth `lowest` on; below, 0
 * (frozen). */
void tw_state_set_rates(struct tw_state *state, double factor, size_t lowest);
/* The lowest depth that learns; depth_count when none does. */
size_t tw_state_lowest(const struct tw_state *state);

/* averages += (1 - d) (values - averages), d = decay or, while it is young, (1 + n) / (10 + n) after n
 * averagings: weights along the path of a run, averaged, lie flatter and generalise better than its last ones
 * (Izmailov et al. 2018, Averaging Weights Leads to Wider Optima and Better Generalization). */
void tw_state_average(struct tw_state *state, double decay, uint64_t averagings);
/* Puts the model that is to be tried in the place of the values, until tw_state_go_on: the average where
 * there is one, mixed with the base where that is kept: (1 - kept) average + kept base. What a model knew
 * before it was tuned comes back, and little of what it learned goes (Wortsman et al. 2022, Robust
 * fine-tuning of zero-shot models). `kept` in [0, 1) is read with `keeps_base` alone. */
void tw_state_try(struct tw_state *state, double kept);
/* Puts the values back as they were before tw_state_try, to the bit. */
void tw_state_go_on(struct tw_state *state);

/* A BERT shape with transformers' defaults for all else: gelu, epsilon 1e-12, 2 token types, three labels. */
struct tw_model_config tw_config_shape(
    size_t vocabulary, size_t hidden, size_t layers, size_t heads, size_t intermediate, size_t max_positions);

#endif
