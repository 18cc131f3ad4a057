/* record: one line of input of a task, read. tasks.h tells the fields. */
#ifndef TW_RECORD_H
#define TW_RECORD_H

#include "examples/annotations.h"
#include "files/parallel_lines.h"
#include "tasks/tasks.h"

struct tw_record {
    struct tw_document document; /* fate: stored or dead letter */
    struct tw_annotations annotations;
};

/* Reads and prepares a chunk's lines up to tokens; `raw_only` stops before cleaning and tokens. Refusals are
 * in the documents. TW_FULL. */
TW_MUST_USE bool tw_record_read_chunk(const struct tw_task_options *options, struct tw_chunk *chunk,
    bool raw_only, struct tw_record **out, struct tw_error *err);

/* Bytes as a JSON string, quotes included. They are valid UTF-8. */
void tw_record_write_json_text(FILE *out, struct tw_text text);
/* {"line":17,"error":"..."} and a newline. */
void tw_record_write_refusal(FILE *out, uint64_t line, const struct tw_error *why);

/* Writes a chunk's output, tells of its refusals, counts. */
TW_MUST_USE bool tw_record_emit_chunk(const struct tw_task_options *options, const struct tw_chunk *chunk,
    const struct tw_record *records, struct tw_task_counts *counts, struct tw_error *err);

#endif
