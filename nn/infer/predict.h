/* predict: packed texts and spans to logits by class, on N threads. The one loop of inference: the daemon's
 * workers, commands over archives, validation of a model in training, teachers and benches all score here,
 * and a second model beside the first one is a second predict on the same texts.
 *   in    a packed batch of any size (packed.h); where entities stand in its sequences
 *   out   logits by enum tw_class (labels.h), a row a sequence and a row an entity
 *
 *     struct tw_predict_options options = {.compute = &compute, .threads = 2, .max_tokens = 2048};
 *     struct tw_predict *predict;
 *     if (!tw_predict_open(model, &options, &predict, err)) return false;
 *     tw_predict_run(predict, &batch, spans, span_count, documents, entities, err);   // again and again
 *     tw_predict_close(predict);
 *
 * The batch is cut into micro-batches of at most `max_tokens`, which the threads take in turns; the caller is
 * the first of them, and with one thread none is started. A row's bits depend on its own sequence only: not
 * on the cut, on neighbours or on threads (encoder.h). Without dropout.
 *
 * One predict belongs to one caller at a time; the model is only read, and may be shared. */
#ifndef TW_PREDICT_H
#define TW_PREDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/compute.h"
#include "model/heads.h"
#include "model/model.h"
#include "model/packed.h"

struct tw_predict;
struct tw_pulse;
struct tw_stopwatch;

struct tw_predict_options {
    const struct tw_compute *compute; /* required; outlives the predict */
    size_t threads;                   /* 0: 1 */
    size_t max_tokens;                /* of a micro-batch; raised to max_sequence when less. 0: 1,024 */
    size_t max_sequence;              /* longest sequence that will come; 0: the model's */
};

/* `model` outlives it. TW_CONFIG for a model with a head whose labels are not our classes; TW_INTERNAL
 * without memory or threads. */
TW_MUST_USE bool tw_predict_open(const struct tw_model *model, const struct tw_predict_options *options,
    struct tw_predict **out, struct tw_error *err);
/* NULL is fine. */
void tw_predict_close(struct tw_predict *predict);

/* From now on each pass through the encoder is a step of that pulse (base/pulse.h), and a run that is asked
 * to stop ends with TW_INTERRUPTED before the next one. NULL: nobody watches. */
void tw_predict_watch(struct tw_predict *predict, struct tw_pulse *pulse);

/* Where times of the passes go: a lap of `encode` shared by the texts of each, then one of `heads`. The
 * stopwatch is the caller's; a predict of more than one thread is not timed. NULL: nobody wants to know. */
void tw_predict_time(struct tw_predict *predict, struct tw_stopwatch *watch, size_t encode, size_t heads);

/* Logits of all sequences into documents [batch->count, TW_CLASSES], and of all spans into entities
 * [span_count, TW_CLASSES]. Spans stand in the order of their sequences. Either output may be NULL: not
 * wanted; one whose head the model does not have stays as it was. TW_INTERNAL: a sequence longer than
 * max_sequence, a span that is not in the batch or out of order, a library's failure; TW_CONFIG: weights
 * that make logits that are no numbers. */
TW_MUST_USE bool tw_predict_run(struct tw_predict *predict, const struct tw_packed *batch,
    const struct tw_entity_span *spans, size_t span_count, float *documents, float *entities,
    struct tw_error *err);

#endif
