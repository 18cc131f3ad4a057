#include "explain/explain_lines.h"

#include <stdlib.h>
#include <string.h>

#include "explain/explain_page.h"
#include "explain/explain_text.h"
#include "read/decode.h"
#include "score/classifier.h"
#include "tasks/record.h"

/* One text of the command line: its bytes, the record, tokens and weights. */
static const size_t one_text_bytes = (size_t)64 << 20;

enum { NAMES_TOLD = 8 };

struct explaining {
    const struct tw_explain_task *task;
    const struct tw_explainer *explainer;
    struct tw_task_counts *counts;
};

/* ---- JSON ---- */

void tw_explained_write_json(FILE *out, const struct tw_explained *explained)
{
    const struct tw_explanation *explanation = explained->explanation;
    const struct tw_text text = explained->document->text;
    fputs("{\"text\":", out);
    tw_record_write_json_text(out, text);
    fprintf(out, ",\"label\":\"%s\",\"target\":", tw_class_name(explanation->label));
    tw_record_write_json_text(out, explained->target);
    if (explained->relevance)
        fprintf(out, ",\"relevance\":%.9g,\"source_weight\":%.9g",
            explained->relevance->relevance / (double)TW_RELEVANCE_WHOLE,
            explained->relevance->source / (double)TW_RELEVANCE_WHOLE);
    fprintf(out, ",\"base\":%.9g,\"logit\":%.9g,\"words\":[", (double)explanation->base,
        (double)explanation->logit);
    for (uint32_t at = 0; at < explanation->word_count; at++) {
        const struct tw_explained_word *word = &explanation->words[at];
        fputs(at ? ",{\"word\":" : "{\"word\":", out);
        tw_record_write_json_text(out, (struct tw_text){text.bytes + word->begin, word->end - word->begin});
        fprintf(out, ",\"begin\":%u,\"end\":%u,\"weight\":%.9g}", word->begin, word->end, word->weight);
    }
    fputs("]}", out);
}

/* ---- which entity ---- */

static bool wants_document(const struct tw_explain_task *task)
{
    return !task->target || strcmp(task->target, "document") == 0;
}

/* The names of a record's own entities, or the symbols of those that were linked. */
static struct tw_text name_of(const struct tw_record *record, uint32_t nth)
{
    return record->annotations.names_entities ? record->annotations.entities[nth].name
                                              : record->document.entities[nth].symbol;
}

static uint32_t count_of(const struct tw_record *record)
{
    return record->annotations.names_entities ? record->annotations.entity_count
                                              : record->document.entity_count;
}

/* The number of the entity that is meant; count_of(record) when the text does not name it. */
static uint32_t find_entity(
    const struct tw_explain_task *task, const struct tw_record *record, struct tw_arena *arena)
{
    const uint32_t count = count_of(record);
    uint32_t nth = 0;
    if (!record->annotations.names_entities) {
        nth = tw_explain_entity(
            task->options->river->entities, &record->document, tw_text_of(task->target), arena);
        return nth < count ? nth : count;
    }
    while (nth < count && !tw_text_equal(name_of(record, nth), tw_text_of(task->target)))
        nth++;
    return nth;
}

/* Of a company that the record names itself it is not known. */
static bool find_relevance(const struct tw_record *record, uint32_t nth, struct tw_arena *arena,
    const struct tw_relevance **out, struct tw_error *err)
{
    const struct tw_relevance *all;
    if (record->annotations.names_entities)
        return true;
    if (!tw_relevance(&record->document, arena, &all, err))
        return false;
    *out = &all[nth];
    return true;
}

/* The record is refused for want of the entity; the others that it names are told. */
static bool refuse_target(const struct tw_explain_task *task, struct tw_record *record,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_error why;
    char others[256] = "";
    size_t used = 0;
    const uint32_t count = count_of(record);
    for (uint32_t at = 0; at < count && at < NAMES_TOLD && used < sizeof others; at++) {
        const struct tw_text name = name_of(record, at);
        used += (size_t)snprintf(others + used, sizeof others - used, "%s%.*s", at ? ", " : "; it names ",
            (int)(name.length < 64 ? name.length : 64), name.bytes);
    }
    tw_fail(&why, TW_REFUSED, NULL, "name an entity of the text, or --target document",
        "the text does not name \"%.64s\"%s%s", task->target, others,
        count > NAMES_TOLD ? " and others" : "");
    return tw_document_refuse(&record->document, &why, arena, err);
}

/* ---- chunks ---- */

static bool begin(void *context, void **worker, struct tw_error *err)
{
    const struct explaining *explaining = context;
    struct tw_explain_workspace *made;
    if (!tw_explain_workspace_new(explaining->explainer, &made, err))
        return false;
    *worker = made;
    return true;
}

static void end(void *worker)
{
    tw_explain_workspace_free(worker);
}

static void show(const struct tw_explain_task *task, FILE *out, const struct tw_explained *explained)
{
    switch (task->form) {
    case TW_EXPLAIN_TEXT:
        tw_explain_text_write(out, task->colour, explained);
        break;
    case TW_EXPLAIN_JSON:
        tw_explained_write_json(out, explained);
        fputc('\n', out);
        break;
    case TW_EXPLAIN_HTML:
        tw_explain_page_write(out, explained);
        break;
    }
}

static void show_refusal(
    const struct tw_explain_task *task, FILE *out, uint64_t line, const struct tw_error *why)
{
    switch (task->form) {
    case TW_EXPLAIN_TEXT:
        tw_explain_text_write_refusal(out, why);
        break;
    case TW_EXPLAIN_JSON:
        tw_record_write_refusal(out, line, why);
        break;
    case TW_EXPLAIN_HTML:
        tw_explain_page_write_refusal(out, line, why);
        break;
    }
}

static bool explain_record(const struct explaining *explaining, struct tw_explain_workspace *workspace,
    struct tw_chunk *chunk, struct tw_record *record, struct tw_error *err)
{
    const struct tw_explain_task *task = explaining->task;
    struct tw_explanation explanation;
    struct tw_explained explained = {
        .document = &record->document, .target = tw_text_of("document"), .explanation = &explanation};
    uint32_t nth = TW_EXPLAIN_DOCUMENT;
    if (!wants_document(task)) {
        nth = find_entity(task, record, &chunk->arena);
        if (nth == count_of(record))
            return refuse_target(task, record, &chunk->arena, err);
        explained.target = name_of(record, nth);
        if (!find_relevance(record, nth, &chunk->arena, &explained.relevance, err))
            return false;
    }
    if (!tw_explain(
            explaining->explainer, workspace, &record->document, nth, &chunk->arena, &explanation, err))
        return false;
    show(task, chunk->out, &explained);
    return true;
}

static bool work(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct explaining *explaining = context;
    struct tw_record *records;
    if (!tw_record_read_chunk(explaining->task->options, chunk, false, &records, err))
        return false;
    chunk->results = records;
    for (uint32_t at = 0; at < chunk->count; at++) {
        struct tw_document *document = &records[at].document;
        if (document->fate == TW_FATE_STORED && !explain_record(explaining, worker, chunk, &records[at], err))
            return false;
        if (document->fate != TW_FATE_STORED)
            show_refusal(explaining->task, chunk->out, chunk->lines[at].number, document->refusal);
    }
    return true;
}

static bool emit(void *context, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct explaining *explaining = context;
    return tw_record_emit_chunk(explaining->task->options, chunk, chunk->results, explaining->counts, err);
}

/* ---- the whole ---- */

/* The text of the command line is a chunk of one line. */
static bool run_one(struct explaining *explaining, struct tw_error *err)
{
    struct tw_line line = {.text = tw_text_of(explaining->task->text), .number = 1};
    struct tw_chunk chunk = {.lines = &line, .count = 1, .name = "--text"};
    void *worker = NULL;
    bool done = tw_arena_begin(&chunk.arena, one_text_bytes, err) && begin(explaining, &worker, err);
    if (done) {
        chunk.out = open_memstream(&chunk.out_bytes, &chunk.out_length);
        done = (chunk.out || tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for the output")) &&
               work(explaining, worker, &chunk, err);
    }
    if (chunk.out && fclose(chunk.out) != 0)
        done = done && tw_fail(err, TW_INTERNAL, NULL, NULL, "no memory for the output");
    done = done && emit(explaining, &chunk, err);
    free(chunk.out_bytes);
    end(worker);
    tw_arena_end(&chunk.arena);
    return done;
}

static bool run_archive(struct explaining *explaining, struct tw_error *err)
{
    const struct tw_task_options *options = explaining->task->options;
    const struct tw_parallel_lines_job job = {explaining, begin, end, work, emit};
    const struct tw_parallel_lines_options lines = {
        options->path, options->form, options->river->decode, options->workers};
    return tw_parallel_lines_run(&lines, &job, err);
}

bool tw_task_explain(const struct tw_explain_task *task, struct tw_task_counts *counts, struct tw_error *err)
{
    struct tw_explainer *explainer;
    const struct tw_classifier *classifier = task->options->river->classifier;
    *counts = (struct tw_task_counts){0};
    if (!tw_explainer_open(classifier, &explainer, err))
        return false;
    struct explaining explaining = {task, explainer, counts};
    if (task->form == TW_EXPLAIN_HTML)
        tw_explain_page_begin(task->options->out, task->model, tw_classifier_sha256(classifier));
    const bool done = task->text ? run_one(&explaining, err) : run_archive(&explaining, err);
    if (done && task->form == TW_EXPLAIN_HTML)
        tw_explain_page_end(task->options->out);
    tw_explainer_close(explainer);
    return done;
}
