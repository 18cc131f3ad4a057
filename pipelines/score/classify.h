/* classify: tokenized documents to probabilities and the integer that is summed.
 *
 *   in    documents with tokens and readings (classifier.h)
 *   out   document.score, the readings' scores
 *
 *     tw_classify_workspace_new      once a worker
 *     tw_classify                    for each batch
 *
 * A text of one window has the score that the model gives it. Of a longer one (text_windows.h) each window is
 * scored, and the scores are joined by one rule (join.h): the document's over all windows, an entity's over
 * those that name it.
 *
 * A workspace belongs to one thread. A score depends on the document's tokens and the model alone, to the
 * bit: not on batch mates, workers or order (infer/predict.h), nor on whether the classifier's cache knew the
 * text (score_cache.h). */
#ifndef TW_CLASSIFY_H
#define TW_CLASSIFY_H

#include "base/arena.h"
#include "document.h"
#include "format/shape.h"
#include "model/packed.h"
#include "score/classifier.h"

struct tw_classify_workspace;
struct tw_pulse;
struct tw_stopwatch;

/* One worker's scratch. TW_INTERNAL when memory is refused. */
TW_MUST_USE bool tw_classify_workspace_new(
    const struct tw_classifier *classifier, struct tw_classify_workspace **out, struct tw_error *err);
/* NULL is fine. */
void tw_classify_workspace_free(struct tw_classify_workspace *workspace);
/* Each pass through the encoder is a step of that pulse from now on (base/pulse.h); when it is asked to stop,
 * tw_classify ends with TW_INTERRUPTED. */
void tw_classify_watch(struct tw_classify_workspace *workspace, struct tw_pulse *pulse);

/* Passes through the encoder and the heads are timed from now on (infer/predict.h). NULL: they are not. */
void tw_classify_time(
    struct tw_classify_workspace *workspace, struct tw_stopwatch *watch, size_t encode, size_t heads);

/* Scores the documents whose fate is TW_FATE_STORED, and their readings; the others are passed over. A
 * model with a head for entities alone reads a text as an entity that is the whole of it. `logits`, when
 * not NULL, takes three floats a document: negative, neutral, positive; of a text of several windows the
 * logarithms of its joined probabilities. `arena` lends room for the packed tokens and the logits and has
 * it back. TW_FULL when it is too small, TW_INTERNAL when a kernel fails. */
TW_MUST_USE bool tw_classify(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    struct tw_document *documents, uint32_t count, struct tw_arena *arena, float *logits,
    struct tw_error *err);

/* A sequence for each window of the document, one for a text that is one window. */
uint32_t tw_classify_sequences(const struct tw_document *document);
/* Number `window` of them. */
struct tw_sequence tw_classify_sequence(const struct tw_document *document, uint32_t window);

#endif
