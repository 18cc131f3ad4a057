#include "tasks/tasks.h"

#include "events/taxonomy.h"
#include "format/labels.h"
#include "read/decode.h"
#include "score/classify.h"
#include "score/score.h"

#include "link/relevance.h"
#include "names/entities.h"
#include "tasks/classify_table.h"
#include "tasks/predict_lines.h"

#include <math.h>

struct classifying {
    const struct tw_task_options *options;
    struct tw_task_counts *counts;
};

static bool begin(void *context, void **worker, struct tw_error *err)
{
    const struct classifying *classifying = context;
    struct tw_river_worker *made;
    if (!tw_river_worker_new(classifying->options->river, &made, err))
        return false;
    *worker = made;
    return true;
}

static void end(void *worker)
{
    tw_river_worker_free(worker);
}

/* ---- one object ---- */

static void write_classes(FILE *out, const char *key, float negative, float neutral, float positive)
{
    fprintf(out, "\"%s\":{\"negative\":%.9g,\"neutral\":%.9g,\"positive\":%.9g}", key, (double)negative,
        (double)neutral, (double)positive);
}

static void write_score(FILE *out, const struct tw_score *score)
{
    fprintf(out, "\"sentiment\":%.9g", (double)(score->positive - score->negative));
}

/* Shares of a whole, and where the company is first named. */
static void write_relevance(FILE *out, const struct tw_relevance *relevance)
{
    const double whole = TW_RELEVANCE_WHOLE;
    fprintf(out,
        ",\"relevance\":%.9g,\"place\":%.9g,\"share\":%.9g,\"source_weight\":%.9g,\"in_title\":%s,"
        "\"mentions\":%u,\"first\":",
        relevance->relevance / whole, relevance->place / whole, relevance->share / whole,
        relevance->source / whole, relevance->in_title ? "true" : "false", relevance->mentions);
    if (relevance->first == UINT32_MAX)
        fputs("null", out);
    else
        fprintf(out, "%u", relevance->first);
}

/* `relevance` may be NULL: not asked for, or not known of a company that the record names. */
static void write_entity(FILE *out, const struct tw_text *symbol, struct tw_text name,
    const struct tw_score *score, const struct tw_relevance *relevance)
{
    fputs("{\"symbol\":", out);
    if (symbol)
        tw_record_write_json_text(out, *symbol);
    else
        fputs("null", out);
    fputs(",\"name\":", out);
    tw_record_write_json_text(out, name);
    fputc(',', out);
    write_score(out, score);
    fprintf(out, ",\"label\":\"%s\",", tw_class_name(tw_label_of(score)));
    write_classes(out, "probs", score->negative, score->neutral, score->positive);
    if (relevance)
        write_relevance(out, relevance);
    fputc('}', out);
}

/* The symbol of a company that the record names: by a name of the entities file that is the whole text and
 * belongs to one company only, or by its symbol. */
static const struct tw_text *symbol_of(const struct tw_automaton *entities, struct tw_text name)
{
    if (!entities)
        return NULL;
    int32_t found = tw_entities_find(entities, name);
    struct tw_word_walk walk = {.text = name};
    struct tw_name_match match;
    bool stopped;
    uint32_t at = 0, owner;
    if (found == TW_NO_ENTITY && (tw_entities_next(entities, &walk, &stopped, &match) || stopped) &&
        match.owner_count == 1 && match.begin == 0 && match.end == name.length &&
        tw_entities_owner(entities, name, &match, &at, &owner))
        found = (int32_t)owner;
    return found == TW_NO_ENTITY ? NULL : &tw_entities_at(entities, (uint32_t)found)->symbol;
}

/* `relevance`: one for each linked entity, or NULL. */
static void write_entities(FILE *out, const struct tw_river *river, const struct tw_record *record,
    const struct tw_relevance *relevance)
{
    const struct tw_document *document = &record->document;
    const struct tw_annotations *named = &record->annotations;
    uint32_t count = named->names_entities ? named->entity_count : document->entity_count;
    fputs(",\"entities\":[", out);
    for (uint32_t at = 0; at < count; at++) {
        if (at)
            fputc(',', out);
        const struct tw_score *score = tw_predict_lines_entity_score(record, at);
        if (named->names_entities)
            write_entity(out, symbol_of(river->entities, named->entities[at].name), named->entities[at].name,
                score, NULL);
        else
            write_entity(out, &document->entities[at].symbol, document->entities[at].name, score,
                relevance ? &relevance[at] : NULL);
    }
    fputc(']', out);
}

/* What has happened, to whom; there is no such member without a taxonomy. */
static void write_events(FILE *out, const struct tw_taxonomy *taxonomy, const struct tw_document *document)
{
    fputs(",\"events\":[", out);
    for (uint32_t at = 0; at < document->event_count; at++) {
        const struct tw_event *event = &document->events[at];
        struct tw_text type = taxonomy->types[event->type].name;
        fprintf(out, "%s{\"type\":\"%.*s\",\"symbol\":", at ? "," : "", (int)type.length, type.bytes);
        if (event->entity == TW_EVENT_OF_NOBODY)
            fputs("null", out);
        else
            tw_record_write_json_text(out, document->entities[event->entity].symbol);
        fprintf(out, ",\"begin\":%u,\"end\":%u}", event->begin, event->end);
    }
    fputc(']', out);
}

/* Of a text that was not read to its end, how much of it was; below 1 also when rounded. */
static double read_share(const struct tw_document *document)
{
    return fmin((double)document->read_bytes / (double)document->text.length, 0.999);
}

static void write_record(const struct tw_task_options *options, const struct tw_record *record,
    const struct tw_relevance *relevance, const float *logits, FILE *out)
{
    const struct tw_document *document = &record->document;
    const struct tw_score *score = &document->score;
    fputs("{\"id\":", out);
    if (document->id.length)
        tw_record_write_json_text(out, document->id);
    else
        fputs("null", out);
    fprintf(out, ",\"label\":\"%s\",", tw_class_name(tw_label_of(score)));
    write_score(out, score);
    fputc(',', out);
    write_classes(out, "probs", score->negative, score->neutral, score->positive);
    if (options->logits) {
        fputc(',', out);
        write_classes(out, "logits", logits[0], logits[1], logits[2]);
    }
    fprintf(out, ",\"truncated\":%s", document->truncated ? "true" : "false");
    if (document->truncated)
        fprintf(out, ",\"read\":%.3g", read_share(document));
    write_entities(out, options->river, record, relevance);
    if (options->river->events)
        write_events(out, options->river->events, document);
    if (options->text) {
        fputs(",\"text\":", out);
        tw_record_write_json_text(out, document->text);
    }
    fputs("}\n", out);
}

/* ---- chunks ---- */

static bool write_json(const struct tw_task_options *options, struct tw_chunk *chunk,
    const struct tw_record *records, const float *logits, struct tw_error *err)
{
    for (uint32_t at = 0; at < chunk->count; at++) {
        const struct tw_document *document = &records[at].document;
        const struct tw_relevance *relevance = NULL;
        if (document->fate != TW_FATE_STORED) {
            tw_record_write_refusal(chunk->out, chunk->lines[at].number, document->refusal);
            continue;
        }
        if (options->text && !tw_relevance(document, &chunk->arena, &relevance, err))
            return false;
        write_record(options, &records[at], relevance, logits + (size_t)at * 3, chunk->out);
    }
    return true;
}

static void write_table(
    const struct tw_task_options *options, const struct tw_chunk *chunk, const struct tw_record *records)
{
    for (uint32_t at = 0; at < chunk->count; at++) {
        const struct tw_document *document = &records[at].document;
        if (document->fate == TW_FATE_STORED)
            tw_classify_table_write_record(chunk->out, options->table_width, &records[at]);
        else
            tw_classify_table_write_refusal(chunk->out, options->table_width, document->refusal);
    }
}

static bool work(void *context, void *worker, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct classifying *classifying = context;
    const struct tw_task_options *options = classifying->options;
    struct tw_record *records;
    float *logits = tw_arena_array(&chunk->arena, chunk->count, 3 * sizeof *logits);
    if (!logits)
        return tw_arena_fail(&chunk->arena, err);
    if (!tw_record_read_chunk(options, chunk, false, &records, err) ||
        !tw_predict_lines_score(options, worker, chunk, records, logits, err))
        return false;
    chunk->results = records;
    if (!options->table_width)
        return write_json(options, chunk, records, logits, err);
    write_table(options, chunk, records);
    return true;
}

static bool emit(void *context, struct tw_chunk *chunk, struct tw_error *err)
{
    const struct classifying *classifying = context;
    return tw_record_emit_chunk(classifying->options, chunk, chunk->results, classifying->counts, err);
}

bool tw_task_classify(
    const struct tw_task_options *options, struct tw_task_counts *counts, struct tw_error *err)
{
    *counts = (struct tw_task_counts){0};
    if (options->table_width)
        tw_classify_table_write_heading(options->out);
    struct classifying classifying = {options, counts};
    struct tw_parallel_lines_job job = {&classifying, begin, end, work, emit};
    struct tw_parallel_lines_options lines = {
        options->path, options->form, options->river->decode, options->workers};
    return tw_parallel_lines_run(&lines, &job, err);
}
