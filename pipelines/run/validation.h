/* validation: a model in training, tried on its validation records.
 *   in    a trainer, a collator (without augmentation), indices of records
 *   out   fitted calibration; accuracy, F1 and calibration of texts and of entities
 *
 * Logits are computed without dropout, 64 records at a time; probabilities are calibrated, of texts and of
 * entities each by what these records fit (calibration.h). */
#ifndef TW_VALIDATION_H
#define TW_VALIDATION_H

#include "examples/collate.h"
#include "measure/calibration.h"
#include "measure/measures.h"

struct tw_validation {
    struct tw_metric_report documents, entities; /* n = 0: none */
    struct tw_calibration document, entity;
    double loss;   /* mean negative log likelihood of all labels, at T = 1 */
    double metric; /* macro-F1; with texts and entities, the mean of the two */
};

/* Validates on these records of the collator's dataset. */
TW_MUST_USE bool tw_validation_run(struct tw_trainer *trainer, const struct tw_collator *collator,
    const size_t *records, size_t count, struct tw_validation *out, struct tw_error *err);

#endif
