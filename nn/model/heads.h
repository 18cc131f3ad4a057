/* heads: hidden states to logits.
 *   in    a batch that tw_encode has just encoded in this workspace
 *   out   logits [sequences, labels], in the model's own order of labels
 *
 * BERT:        classifier(tanh(pooler(h[CLS])))          (BertPooler, BertForSequenceClassification)
 * DistilBERT:  classifier(relu(pre_classifier(h[CLS])))  (DistilBertForSequenceClassification)
 * MPNet:       out_proj(tanh(dense(h[<s>])))             (MPNetClassificationHead)
 *
 * Entity:      entity_classifier(tanh(entity_pooler([h[CLS], mean of h over the entity's own tokens])))
 *
 * infer/predict.h runs them over texts; training runs their steps and takes them back. */
#ifndef TW_HEADS_H
#define TW_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "model/packed.h"
#include "model/workspace.h"

/* The document head over the batch last encoded: batch->count x config.labels floats into `logits`. The model
 * must have a head (TW_INTERNAL otherwise). */
TW_MUST_USE bool tw_document_logits(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, float *logits, struct tw_error *err);

/* Where one entity stands in its text: tokens [begin, end) of sequence `sequence` of a batch, begin < end. */
struct tw_entity_span {
    uint32_t sequence, begin, end;
};

/* The entity head over the batch last encoded: count x config.labels floats into `logits`, in the order of
 * `spans`. The model must have the head; a span must lie within its sequence (TW_INTERNAL otherwise). */
TW_MUST_USE bool tw_entity_logits(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, const struct tw_entity_span *spans, size_t count, float *logits,
    struct tw_error *err);

/* The same promise, checked: TW_INTERNAL names the span that is not in the batch. */
TW_MUST_USE bool tw_entity_spans_check(
    const struct tw_packed *batch, const struct tw_entity_span *spans, size_t count, struct tw_error *err);

/* The mean of hidden rows of tokens [begin, end) of one sequence (begin < end <= its length) into
 * out[hidden]: what an entity head joins to [CLS]. */
void tw_mean_hidden(const struct tw_model *model, const struct tw_packed *batch,
    const struct tw_workspace *workspace, size_t sequence, size_t begin, size_t end, float *out);

/* --- the steps of a head, for a backward pass that takes them back (train/backward.h) ------------------- */

struct tw_head {
    const struct tw_linear *pooler, *classifier;
    enum tw_activation activation;
    enum tw_drop_place place;
};

/* TW_PART_DOCUMENT or TW_PART_ENTITY. */
struct tw_head tw_head_of(const struct tw_model *model, enum tw_model_part part);

/* Input rows of one round, at most workspace->max_head_rows, into head_input. */
void tw_head_gather_documents(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, size_t first, size_t rows);
/* The same for the entity head: [CLS] joined with the mean of the tokens of each of `rows` spans. */
void tw_head_gather_entities(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, const struct tw_entity_span *spans, size_t rows);

/* head_input to head_raised, head_pooled, head_logits. `numbers`: each row's number for dropout; NULL
 * without. */
TW_MUST_USE bool tw_head_run(const struct tw_model *model, const struct tw_head *head,
    struct tw_workspace *workspace, const uint32_t *numbers, size_t rows, struct tw_error *err);

/* The last map of the masked-word head: its weights are the word embedding. */
struct tw_linear tw_masked_decoder(const struct tw_model *model);

/* masked_input (at most max_masked_rows) to masked_logits, all steps kept. */
TW_MUST_USE bool tw_masked_run(
    const struct tw_model *model, struct tw_workspace *workspace, size_t rows, struct tw_error *err);

#endif
