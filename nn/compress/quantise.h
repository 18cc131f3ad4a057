/* quantise: a model in fp32 to one with 8-bit weights.
 *   in    a model with a head (model.h), texts of its kind as ids, to measure what is lost
 *   out   codes and scales of every map and embedding, which maps stay fp32, and what it cost
 *
 *     struct tw_quantise_options options = {.compute = &compute, .calibration = &batch};
 *     struct tw_quantised *quantised;
 *     if (!tw_quantise(model, &options, &quantised, err)) return false;
 *     ... tw_quantised_report(quantised), tw_quantised_write(quantised, path, err) ...
 *     tw_quantised_free(quantised);
 *
 * Weights have a scale for each output (embeddings: for each row): the largest |w| of the row over 127; a row
 * of zeros has 1. code = round(w / scale), to the nearest, ties to even.
 *
 * Which maps stay fp32. The loss is the mean of KL(p of fp32 || p of 8 bits), in nats, over the texts' labels
 * and, with an entity head, over the labels of an entity in each text's first third. All maps begin in 8
 * bits. What map m costs is the loss of that less the loss with m alone in fp32, over the first texts, up to
 * TW_QUANTISE_TOKENS. Then, while the whole loses more than TW_QUANTISE_LOSS or agrees with fp32 in fewer
 * labels than TW_QUANTISE_AGREEMENT of all, the map that costs most goes to fp32, and the whole is measured
 * again. Without calibration text all maps are in 8 bits, and nothing is known of what it costs.
 *
 * The model is only read and outlives the result. The same model and texts give the same file on any machine
 * whose fp32 products decide alike; losses are told in three digits. */
#ifndef TW_QUANTISE_H
#define TW_QUANTISE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/compute.h"
#include "model/int8_layers.h"
#include "model/model.h"
#include "model/packed.h"

enum { TW_QUANTISE_TOKENS = 4096 };
#define TW_QUANTISE_AGREEMENT 0.995
#define TW_QUANTISE_LOSS 0.001

struct tw_quantised;

struct tw_quantise_options {
    const struct tw_compute *compute;    /* required */
    size_t threads;                      /* 0: 1 */
    const struct tw_packed *calibration; /* or NULL: nothing is measured */
    /* Told before each of `all` measurements of single maps; may be NULL. */
    void (*on_measuring)(void *context, size_t done, size_t all);
    void *context;
};

/* One map of a layer. */
struct tw_quantised_map {
    size_t layer;
    enum tw_layer_map map;
    bool fp32;
    double loss; /* what it costs in 8 bits */
};

struct tw_quantised_report {
    bool measured;
    size_t texts, labels;                /* measured; of texts and entities */
    double agreement, loss;              /* of what was chosen, over all texts */
    const struct tw_quantised_map *maps; /* [map_count], by layer; without losses unless measured */
    size_t map_count, fp32_count;
};

/* TW_CONFIG for a model that is in 8 bits already, has no head, or holds what is no finite number;
 * TW_INTERNAL without memory. */
TW_MUST_USE bool tw_quantise(const struct tw_model *model, const struct tw_quantise_options *options,
    struct tw_quantised **out, struct tw_error *err);
/* NULL is fine. */
void tw_quantised_free(struct tw_quantised *quantised);

/* What was chosen, and what it cost; lives as long as the result. */
struct tw_quantised_report tw_quantised_report(const struct tw_quantised *quantised);

/* Writes model.int8.safetensors as `path`: what model.h reads. Errors of format/write.h. */
TW_MUST_USE bool tw_quantised_write(
    const struct tw_quantised *quantised, const char *path, struct tw_error *err);

/* The model as it was measured, for comparing with what was written. */
const struct tw_model *tw_quantised_model(const struct tw_quantised *quantised);

#endif
