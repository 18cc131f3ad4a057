/* predict_lines: a chunk's records, scored; what `classify` and `evaluate` share. */
#ifndef TW_PREDICT_LINES_H
#define TW_PREDICT_LINES_H

#include "tasks/record.h"

/* Scores the documents of records. `logits` takes three floats a record and may be NULL. */
TW_MUST_USE bool tw_predict_lines_score(const struct tw_task_options *options, struct tw_river_worker *worker,
    struct tw_chunk *chunk, struct tw_record *records, float *logits, struct tw_error *err);

/* The score of the nth entity that the record names, or that was linked; of a model without a head for
 * entities, the document's own. */
const struct tw_score *tw_predict_lines_entity_score(const struct tw_record *record, uint32_t nth);

#endif
