/* quantise_loss: how far one model's probabilities are from another's, over texts.
 *   in    two models with one tokenizer; texts as ids
 *   out   mean of KL(p of the first || p of the second) in nats, and in how many labels they agree
 *
 * Labels are those of texts, where there is a document head, and, where there is one for entities, of one
 * entity in each text, which is said to stand in its first third. Probabilities are softmax of the logits, as
 * they are. For quantise.c: the second model may change between two measurements. */
#ifndef TW_QUANTISE_LOSS_H
#define TW_QUANTISE_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/model.h"

struct tw_quantise_options;
struct tw_quantise_measure;

struct tw_quantise_loss {
    double loss;
    size_t texts, labels, agreed;
};

/* Predicts all texts of options->calibration with `first`. Models and options outlive it. Errors of
 * infer/predict.h. */
TW_MUST_USE bool tw_quantise_measure_open(const struct tw_model *first, const struct tw_model *second,
    const struct tw_quantise_options *options, struct tw_quantise_measure **out, struct tw_error *err);
/* NULL is fine. */
void tw_quantise_measure_close(struct tw_quantise_measure *measure);

/* Compares over the first texts, up to `tokens` tokens of them and one text at least. */
TW_MUST_USE bool tw_quantise_measure_some(
    struct tw_quantise_measure *measure, size_t tokens, struct tw_quantise_loss *out, struct tw_error *err);

#endif
