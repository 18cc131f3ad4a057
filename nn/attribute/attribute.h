/* attribute: how much each token of a text moved one logit, by integrated gradients.
 *   in    a model that is only read, a text's token ids and those of a baseline, as many; whose logit
 *   out   a weight for each token; all weights together are logit(text) - logit(baseline)
 *
 * Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks: along the straight line from the
 * baseline's word embeddings b to the text's x, with positions and token types kept,
 *
 *     weight[t] = (x[t] - b[t]) . integral over a from 0 to 1 of d logit / d row t  at  b + a (x - b)
 *
 * A token that is the same in both has weight 0. The rows of each point of the line are a word embedding of
 * their own, in which token t is word t: encoder and heads run as ever, over many points at once, and
 * train/backward takes them back.
 *
 * Which points. The line is cut into panels, each with Lobatto's rule of five points, whose ends are the
 * neighbours' too. Of a panel the integral over all tokens together is known, logit at its end less logit at
 * its beginning, so that its error is known as well: the worst panels are halved until all errors together
 * are small, or the budget is spent. What is left is told (`error`), and never hidden by spreading it.
 *
 *     struct tw_attributor_options options = {.compute = &compute};
 *     struct tw_attributor *attributor;
 *     if (!tw_attributor_open(model, &options, &attributor, err)) return false;
 *     struct tw_attribute_call call = {.ids = ids, .baseline = baseline, .count = count, .column = 2};
 *     if (!tw_attribute(attributor, &call, weights, &attribution, err)) ...
 *     tw_attributor_close(attributor);
 *
 * One attributor belongs to one thread at a time; the model is shared. The same text gives the same bits.
 * Memory: a workspace that keeps its layers, for max_sequence tokens: about
 * max_sequence x (layers x (8 hidden + 2 intermediate) + 17 hidden + intermediate) x 4 bytes, of which pages
 * that shorter texts never touch are not resident. Time: at most `budget` tokens are encoded and taken back,
 * or nine points if these are more. */
#ifndef TW_ATTRIBUTE_H
#define TW_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/compute.h"
#include "model/model.h"

struct tw_attributor;
struct tw_pulse;

struct tw_attributor_options {
    const struct tw_compute *compute; /* required; outlives the attributor */
    size_t max_sequence;              /* longest text that will come; 0: the model's */
    size_t budget;                    /* tokens of all points of a text; 0: TW_ATTRIBUTE_BUDGET */
};

enum { TW_ATTRIBUTE_BUDGET = 8192 };

/* Whose logit: the document's, or that of the entity of tokens [begin, end). */
struct tw_attribute_call {
    const int32_t *ids, *baseline; /* [count] */
    size_t count;                  /* 1 or more */
    bool of_entity;                /* by the head for entities, which the model must have */
    uint32_t begin, end;           /* of an entity, begin < end <= count */
    size_t column;                 /* which logit, in the model's own order (config.class_at) */
};

struct tw_attribution {
    float base, logit; /* of the baseline, of the text */
    double error;      /* logit - base less the sum of all weights */
    size_t points;     /* of the line that were looked at */
    bool settled;      /* false: the budget was spent before the errors were small */
};

/* `model` outlives it; its maps are in fp32 (widen.h for one with 8-bit weights, TW_INTERNAL otherwise).
 * TW_INTERNAL without memory. */
TW_MUST_USE bool tw_attributor_open(const struct tw_model *model, const struct tw_attributor_options *options,
    struct tw_attributor **out, struct tw_error *err);
/* NULL is fine. */
void tw_attributor_close(struct tw_attributor *attributor);

/* From now on each pass, of some points forward and back, is a step of that pulse (base/pulse.h), and work
 * that is asked to stop ends with TW_INTERRUPTED before the next one. NULL: nobody watches. */
void tw_attributor_watch(struct tw_attributor *attributor, struct tw_pulse *pulse);

/* All logits of the text, [config.labels] in the model's own order; baseline and column are not looked at.
 * Errors as of tw_attribute. */
TW_MUST_USE bool tw_attribute_logits(struct tw_attributor *attributor, const struct tw_attribute_call *call,
    float *logits, struct tw_error *err);

/* The weight of each token into weights [count]. TW_INTERNAL: more tokens than max_sequence, an id outside
 * the vocabulary, an entity that is not in the text, a head that the model does not have, a library's
 * failure. TW_CONFIG: weights that make logits or gradients that are no numbers. TW_INTERRUPTED: the pulse
 * said stop. */
TW_MUST_USE bool tw_attribute(struct tw_attributor *attributor, const struct tw_attribute_call *call,
    double *weights, struct tw_attribution *out, struct tw_error *err);

#endif
