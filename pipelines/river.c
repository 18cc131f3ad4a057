#include "river.h"

#include "base/pulse.h"
#include "base/stopwatch.h"
#include "clean/clean.h"
#include "events/events.h"
#include "link/link.h"
#include "link/relevance.h"
#include "link/source_weights.h"
#include "read/decode.h"
#include "read/json_memory.h"
#include "rules/rules.h"
#include "score/classify.h"
#include "stories/sketch.h"
#include "time/bars.h"

#include <stdlib.h>

/* The values of one message, given back before the next is read: what stays resident for them, and
 * the most. */
enum { JSON_KEPT_BYTES = 1 << 20 };
static const size_t json_bytes = (size_t)1 << 30;

struct tw_river_worker {
    struct tw_classify_workspace *classify;
    struct tw_arena json;
    struct tw_pulse *pulse;     /* may be NULL */
    struct tw_stopwatch *watch; /* may be NULL */
};

_Static_assert((int)TW_STEPS <= (int)TW_STOPWATCH_STEPS, "a stopwatch has room for the steps");

bool tw_river_worker_new(const struct tw_river *river, struct tw_river_worker **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_river_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return tw_fail(err, TW_INTERNAL, NULL, "lower the number of workers", "no memory for a worker");
    if (!tw_classify_workspace_new(river->classifier, &worker->classify, err) ||
        !tw_arena_begin(&worker->json, json_bytes, err)) {
        tw_river_worker_free(worker);
        return false;
    }
    *out = worker;
    return true;
}

void tw_river_watch(struct tw_river_worker *worker, struct tw_pulse *pulse)
{
    worker->pulse = pulse;
    tw_classify_watch(worker->classify, pulse);
}

void tw_river_time(struct tw_river_worker *worker, struct tw_stopwatch *watch)
{
    worker->watch = watch;
    tw_classify_time(worker->classify, watch, TW_STEP_ENCODE, TW_STEP_HEADS);
}

void tw_river_worker_free(struct tw_river_worker *worker)
{
    if (!worker)
        return;
    tw_classify_workspace_free(worker->classify);
    tw_arena_end(&worker->json);
    free(worker);
}

static bool find_tokens(
    const struct tw_river *river, struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_error why;
    const struct tw_text_mentions linked = {
        document->mentions, document->mention_count, document->entity_count};
    if (tw_classifier_tokenize(river->classifier, document, arena, &why))
        return tw_classifier_read_entities(river->classifier, document, linked, arena, err);
    if (why.code == TW_REFUSED)
        return tw_document_refuse(document, &why, arena, err);
    *err = why;
    return false;
}

static void weigh_source(const struct tw_river *river, struct tw_document *document)
{
    const struct tw_source_weight found = tw_source_weights_of(river->sources, document->source);
    document->source_weight = found.weight;
    document->source_name = found.name;
}

static bool prepare(const struct tw_river *river, struct tw_stopwatch *watch, struct tw_document *document,
    struct tw_arena *arena, struct tw_error *err)
{
    if (!(river->raw ? tw_clean_raw : tw_clean)(document, arena, err))
        return false;
    tw_stopwatch_lap(watch, TW_STEP_CLEAN, 1);
    weigh_source(river, document);
    if (!tw_link(river->entities, river->link_unlisted, document, arena, err))
        return false;
    tw_stopwatch_lap(watch, TW_STEP_LINK, 1);
    if (!tw_events_find(river->events, document, arena, err))
        return false;
    tw_stopwatch_lap(watch, TW_STEP_EVENTS, 1);
    if (!find_tokens(river, document, arena, err))
        return false;
    tw_stopwatch_lap(watch, TW_STEP_TOKENIZE, 1);
    return true;
}

bool tw_river_prepare(
    const struct tw_river *river, struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    return prepare(river, NULL, document, arena, err);
}

static bool read_message(const struct tw_river *river, struct tw_stopwatch *watch,
    const struct tw_message *message, struct tw_arena *arena, struct tw_document *document,
    struct tw_error *err)
{
    tw_stopwatch_begin(watch);
    if (!tw_decode(river->decode, message, arena, document, err))
        return false;
    tw_stopwatch_lap(watch, TW_STEP_DECODE, 1);
    return document->fate != TW_FATE_STORED || prepare(river, watch, document, arena, err);
}

static void count_fates(const struct tw_document *document, struct tw_rows *rows)
{
    rows->stored_count += document->fate == TW_FATE_STORED;
    rows->dead_count += document->fate == TW_FATE_DEAD_LETTER;
    rows->tick_count += document->fate == TW_FATE_TICK;
    rows->tombstone_count += document->fate == TW_FATE_TOMBSTONE;
    rows->ahead_count +=
        !document->moves_watermark && (document->fate == TW_FATE_STORED || document->fate == TW_FATE_TICK);
    rows->doubtful_times += document->time_is_doubtful;
    rows->unread_times += document->time_unread != NULL;
    rows->repairs += document->repairs;
    for (uint32_t what = 0; document->repaired >> what; what++)
        rows->repaired[what] += document->repaired >> what & 1;
    rows->links_dropped += document->links_dropped;
    rows->events_dropped += document->events_dropped;
    rows->symbols_unknown += document->symbols_unknown;
}

/* What the model has read, and what it was spared. */
static void count_scored(struct tw_rows *rows)
{
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        if (document->fate != TW_FATE_STORED)
            continue;
        rows->cached += document->cached;
        rows->tokens += document->cached ? 0 : document->token_count;
    }
}

static bool read_documents(const struct tw_river *river, struct tw_river_worker *worker,
    const struct tw_message *messages, uint32_t count, struct tw_arena *arena, struct tw_rows *rows,
    struct tw_error *err)
{
    rows->documents = tw_arena_array(arena, count, sizeof *rows->documents);
    if (!rows->documents)
        return tw_arena_fail(arena, err);
    rows->document_count = count;
    bool read = true;
    tw_json_memory_lend(&worker->json);
    for (uint32_t at = 0; at < count && read; at++) {
        read = tw_pulse_beat(worker->pulse)
                   ? read_message(river, worker->watch, &messages[at], arena, &rows->documents[at], err)
                   : tw_pulse_stopped(err);
        if (read)
            count_fates(&rows->documents[at], rows);
        tw_arena_reset(&worker->json, JSON_KEPT_BYTES);
    }
    tw_json_memory_lend(NULL);
    return read;
}

static struct tw_score_row score_row_of(
    const struct tw_document *document, const struct tw_relevance *relevances, uint32_t index, uint32_t nth)
{
    const struct tw_linked_entity *entity = &document->entities[nth];
    bool read = nth < document->reading_count;
    return (struct tw_score_row){.document = index,
        .symbol = entity->symbol,
        .listed = entity->listed,
        .from_document = !read,
        .relevance = relevances[nth],
        .score = read ? document->readings[nth].score : document->score};
}

/* Of documents that may be stored: a dead letter's source says nothing of the list. */
static bool count_sources(
    const struct tw_river *river, struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    const uint32_t names = tw_source_weights_list(river->sources).count;
    rows->sources = river->sources;
    if (names == 0)
        return true;
    rows->source_counts = tw_arena_array(arena, names + (size_t)1, sizeof *rows->source_counts);
    if (!rows->source_counts)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        if (document->fate == TW_FATE_STORED)
            rows->source_counts[document->source_name < names ? document->source_name : names]++;
    }
    return true;
}

static bool make_scores(struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    size_t count = 0;
    for (uint32_t at = 0; at < rows->document_count; at++)
        count += rows->documents[at].fate == TW_FATE_STORED ? rows->documents[at].entity_count : 0;
    rows->scores = tw_arena_array(arena, count, sizeof *rows->scores);
    if (!rows->scores || count > UINT32_MAX)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        const struct tw_relevance *relevances;
        if (document->fate != TW_FATE_STORED || document->entity_count == 0)
            continue;
        if (!tw_relevance(document, arena, &relevances, err))
            return false;
        for (uint32_t entity = 0; entity < document->entity_count; entity++)
            rows->scores[rows->score_count++] = score_row_of(document, relevances, at, entity);
    }
    return true;
}

static bool make_events(
    const struct tw_river *river, struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    size_t count = 0;
    for (uint32_t at = 0; at < rows->document_count; at++)
        count += rows->documents[at].fate == TW_FATE_STORED ? rows->documents[at].event_count : 0;
    rows->taxonomy = river->events;
    rows->events = tw_arena_array(arena, count, sizeof *rows->events);
    if (!rows->events || count > UINT32_MAX)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < rows->document_count; at++) {
        const struct tw_document *document = &rows->documents[at];
        for (uint32_t event = 0; document->fate == TW_FATE_STORED && event < document->event_count; event++)
            rows->events[rows->event_count++] = (struct tw_event_row){at, event};
    }
    return true;
}

/* One pass: score rows stand in the order of their documents. */
static bool make_headlines(
    const struct tw_river *river, struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    struct tw_headline_list list = {0};
    uint32_t first = 0;
    while (first < rows->score_count) {
        uint32_t document = rows->scores[first].document, end = first;
        while (end < rows->score_count && rows->scores[end].document == document)
            end++;
        const struct tw_rule_hearing hearing = {
            &rows->documents[document], rows->taxonomy, rows->scores, first, end - first};
        if (!tw_rules_speak(river->rules, &hearing, arena, &list, err))
            return false;
        first = end;
    }
    rows->headlines = list.rows;
    rows->headline_count = list.count;
    return true;
}

static bool make_sketches(
    const struct tw_river *river, struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    rows->sketched = river->stories;
    for (uint32_t at = 0; river->stories && at < rows->document_count; at++) {
        struct tw_document *document = &rows->documents[at];
        if (document->fate == TW_FATE_STORED && !tw_sketch_write(document, arena, &document->sketch, err))
            return false;
    }
    return true;
}

static bool mark_times(struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    rows->latest_us = tw_arena_array(arena, rows->document_count, sizeof *rows->latest_us);
    if (!rows->latest_us)
        return tw_arena_fail(arena, err);
    tw_rows_mark_times(rows);
    return true;
}

static bool make_rows(
    const struct tw_river *river, struct tw_arena *arena, struct tw_rows *rows, struct tw_error *err)
{
    return count_sources(river, arena, rows, err) && make_scores(arena, rows, err) &&
           make_events(river, arena, rows, err) &&
           tw_bars_sum(rows->scores, rows->score_count, rows->documents, rows->document_count, arena,
               &rows->bars, &rows->bar_count, err) &&
           make_headlines(river, arena, rows, err) && make_sketches(river, arena, rows, err) &&
           mark_times(arena, rows, err);
}

bool tw_river_run(const struct tw_river *river, struct tw_river_worker *worker,
    const struct tw_message *messages, uint32_t count, struct tw_arena *arena, struct tw_rows *out,
    struct tw_error *err)
{
    *out = (struct tw_rows){0};
    if (!read_documents(river, worker, messages, count, arena, out, err) ||
        !tw_classify(river->classifier, worker->classify, out->documents, count, arena, NULL, err))
        return false;
    count_scored(out);
    tw_stopwatch_begin(worker->watch);
    if (!make_rows(river, arena, out, err))
        return false;
    tw_stopwatch_lap(worker->watch, TW_STEP_ROWS, count);
    return true;
}

bool tw_river_classify(const struct tw_river *river, struct tw_river_worker *worker,
    struct tw_document *documents, uint32_t count, struct tw_arena *arena, float *logits,
    struct tw_error *err)
{
    return tw_classify(river->classifier, worker->classify, documents, count, arena, logits, err);
}
