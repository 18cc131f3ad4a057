/* feedback: a file of records that were made of what people said (daemon/labels writes it), for the lineage
 * of a model: who said so, and when.
 *
 *     {"path":..,"bytes":..,"sha256":..,"records":3,"labels":4,"by":{"anna":3,"ben":1},
 *      "first":"2031-01-01T12:00:00Z","last":"2031-02-01T08:30:00Z"}
 *
 * Each record has "said": [{"label_id":..,"by":..,"at":..,"reason":..}]; for learning it is a record as any
 * (dataset.h). */
#ifndef TW_FEEDBACK_H
#define TW_FEEDBACK_H

#include <jansson.h>

#include "base/error.h"

/* The object above, given away; NULL on failure: TW_CONFIG (file:line) for a record without "said", errors of
 * archive.h and file.h. */
json_t *tw_feedback_summary(const char *path, struct tw_error *err);

#endif
