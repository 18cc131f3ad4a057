/* record: one line of input of a task, read. tasks.h tells the fields. */
#ifndef TW_RECORD_H
#define TW_RECORD_H

#include "files/parallel_lines.h"
#include "tasks/tasks.h"

struct tw_named_entity {
    struct tw_text name;
    int32_t label; /* as tw_class_of; -1: none given */
};

struct tw_record {
    struct tw_document document; /* fate: stored or dead letter */
    bool names_entities;         /* the record has `entities` */
    const struct tw_named_entity *entities;
    uint32_t entity_count;
    int32_t label;     /* -1: none given */
    int32_t agreement; /* `agree`: per cent of those who labelled it; -1: none given */
};

/* Reads and prepares a chunk's lines up to tokens; `raw_only` stops before cleaning and tokens. Refusals are in the
 * documents. TW_FULL. */
TW_MUST_USE bool tw_record_read_chunk(const struct tw_task_options *options, struct tw_chunk *chunk,
    bool raw_only, struct tw_record **out, struct tw_error *err);

/* The fields that decode does not know (label, entities, agree) of a line that it has decoded; record->label must be -1.
 * TW_REFUSED, where = the field; TW_FULL. */
TW_MUST_USE bool tw_record_read_extras(
    struct tw_text line, struct tw_arena *arena, struct tw_record *record, struct tw_error *err);

/* Bytes as a JSON string, quotes included. They are valid UTF-8. */
void tw_record_write_json_text(FILE *out, struct tw_text text);
/* {"line":17,"error":"..."} and a newline. */
void tw_record_write_refusal(FILE *out, uint64_t line, const struct tw_error *why);

/* Writes a chunk's output, tells of its refusals, counts. */
TW_MUST_USE bool tw_record_emit_chunk(const struct tw_task_options *options, const struct tw_chunk *chunk,
    const struct tw_record *records, struct tw_task_counts *counts, struct tw_error *err);

#endif
