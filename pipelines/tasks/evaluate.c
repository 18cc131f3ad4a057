#include "tasks/tasks.h"

#include "examples/dataset.h"
#include "files/json_records.h"
#include "read/decode.h"
#include "score/classify.h"
#include "tasks/findings.h"
#include "tasks/predict_lines.h"

struct evaluating {
    const struct tw_task_options *options;
    struct tw_findings *findings;
    struct tw_task_counts *counts;
};

static bool begin(void *context, void **worker, struct tw_error *err)
{
    const struct evaluating *evaluating = context;
    struct tw_river_worker *made;
    if (!tw_river_worker_new(evaluating->options->river, &made, err))
        return false;
    *worker = made;
    return true;
}

static void end(void *worker)
{
    tw_river_worker_free(worker);
}

static bool refuse_unlabelled(struct tw_chunk *chunk, struct tw_record *record, struct tw_error *err)
{
    if (record->document.fate != TW_FATE_STORED || tw_annotations_has_label(&record->annotations))
        return true;
    struct tw_error why;
    if (chunk->json)
        tw_fail(&why, TW_REFUSED, NULL, "label: negative, neutral or positive; or entities with labels",
            "the record carries no label");
    else
        tw_fail(&why, TW_REFUSED, NULL, tw_json_records_cure, "a line of plain text carries no label");
    return tw_document_refuse(&record->document, &why, &chunk->arena, err);
}

/* A text that was learned from measures nothing: it passes like a tick. */
static void leave_out_learned(const struct tw_task_options *options, struct tw_record *record)
{
    struct tw_document *document = &record->document;
    if (options->held_back > 0 && document->fate == TW_FATE_STORED &&
        !tw_dataset_holds_back(document->text, options->held_back))
        document->fate = TW_FATE_TICK;
}

static bool work(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct evaluating *evaluating = context;
    struct tw_record *records;
    if (!tw_record_read_chunk(evaluating->options, chunk, false, &records, err))
        return false;
    for (uint32_t at = 0; at < chunk->count; at++) {
        if (!refuse_unlabelled(chunk, &records[at], err))
            return false;
        leave_out_learned(evaluating->options, &records[at]);
    }
    chunk->results = records;
    return tw_predict_lines_score(evaluating->options, worker, chunk, records, NULL, err);
}

/* In the order of the file, so that sums have the same bits whatever the number of workers. */
static bool emit(void *context, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct evaluating *evaluating = context;
    const struct tw_record *records = chunk->results;
    for (uint32_t at = 0; at < chunk->count; at++)
        if (records[at].document.fate == TW_FATE_STORED)
            tw_findings_add(evaluating->findings, &records[at]);
    return tw_record_emit_chunk(evaluating->options, chunk, records, evaluating->counts, err);
}

bool tw_task_evaluate(const struct tw_task_options *options, struct tw_findings *findings,
    struct tw_task_counts *counts, struct tw_error *err)
{
    *counts = (struct tw_task_counts){0};
    struct tw_task_options asked = *options;
    asked.needs_labels = true;
    struct evaluating evaluating = {&asked, findings, counts};
    struct tw_parallel_lines_job job = {&evaluating, begin, end, work, emit};
    struct tw_parallel_lines_options lines = {
        options->path, options->form, options->river->decode, options->workers};
    return tw_parallel_lines_run(&lines, &job, err);
}
