/* batches: batches of real rows without a Kafka, for tests and benches of encode and the store.
 *
 *     struct tw_batch *batch = batches_make(&shape, partition, first_offset, &err);
 *     batches_free(batch);
 *
 * Messages have an id, a text of `text_bytes`, and speak of entities in turn; sentiments are spread evenly
 * and depend on the offset alone, so that the same offset always gives the same row. */
#ifndef TW_TEST_BATCHES_H
#define TW_TEST_BATCHES_H

#include <stdlib.h>

#include "events/taxonomy.h"
#include "store/encode.h"
#include "time/bars.h"

struct batch_shape {
    uint32_t documents;
    uint32_t text_bytes;
    uint32_t entities;      /* distinct ones */
    uint32_t scores_in_two; /* score rows of two documents together: 3 is 1.5 a document */
    int64_t first_event_us;
    int64_t step_us; /* event time from one offset to the next */
    uint32_t rows_per_statement;
    uint32_t poison; /* index of a document with a NUL byte in its title; UINT32_MAX: none */
    uint32_t dead;   /* index of a message that could not be decoded; UINT32_MAX: none */
    uint32_t ahead;  /* how many of the last documents move no watermark */
    uint32_t ticks;  /* how many of the last ones are ticks */
    uint32_t events; /* documents, the first ones, with two: a halt of the first entity, a probe of nobody */
    uint32_t
        gap; /* offsets that are missing before each message, as transactions and compaction leave them */
};

static const char batches_model[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static inline struct tw_text batches_print(struct tw_arena *arena, const char *before, long long number)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%s%04lld", before, number);
    return tw_arena_copy(arena, (struct tw_text){text, (size_t)length});
}

static inline int64_t batches_offset(const struct batch_shape *shape, int64_t begin_offset, uint32_t at)
{
    return (begin_offset < 0 ? 0 : begin_offset) + (int64_t)at * (shape->gap + 1) + shape->gap;
}

static inline void batches_document(
    const struct batch_shape *shape, struct tw_batch *batch, uint32_t at, char *filler)
{
    struct tw_arena *arena = &batch->arena;
    struct tw_message *message = &batch->messages[at];
    struct tw_document *document = &batch->rows.documents[at];
    int64_t offset = message->offset;
    uint32_t count = at % 2 ? shape->scores_in_two / 2 : shape->scores_in_two - shape->scores_in_two / 2;
    struct tw_linked_entity *entities = tw_arena_array(arena, count, sizeof *entities);
    document->message = message;
    document->fate = TW_FATE_STORED;
    document->id = batches_print(arena, "document-", offset);
    document->source = tw_text_of("wire");
    document->language = tw_text_of("en");
    document->event_us = shape->first_event_us + offset * shape->step_us;
    document->moves_watermark = at + shape->ahead < shape->documents;
    if (at + shape->ticks >= shape->documents) {
        document->fate = TW_FATE_TICK;
        return;
    }
    document->title_length = 20;
    document->text = (struct tw_text){filler, shape->text_bytes};
    document->token_count = 40;
    document->score = (struct tw_score){0.25F, 0.5F, 0.25F, (int32_t)(offset * 7919 % 20001) - 10000};
    document->entities = entities;
    document->entity_count = count;
    for (uint32_t entity = 0; entity < count; entity++) {
        struct tw_score_row *score = &batch->rows.scores[batch->rows.score_count++];
        entities[entity].symbol = batches_print(
            arena, "SYM", (long long)((offset * 31 + entity * (shape->entities / 2)) % shape->entities));
        entities[entity].name = entities[entity].symbol;
        entities[entity].listed = true;
        entities[entity].mentions = 1;
        *score = (struct tw_score_row){.document = at,
            .symbol = entities[entity].symbol,
            .listed = true,
            .from_document = true,
            .relevance =
                {.relevance = 10000, .share = 10000, .source = 10000, .mentions = 1, .in_title = true},
            .score = document->score};
    }
    if (at == shape->poison) {
        static char poison[] = "a title that holds a \0 byte";
        document->text = (struct tw_text){poison, sizeof poison - 1};
        document->title_length = sizeof poison - 1;
    }
}

static struct tw_event_type batches_types[] = {
    {{"halt", 4}, -9000, TW_SEVERITY_CRITICAL, false}, {{"probe", 5}, -6000, TW_SEVERITY_WARNING, false}};
static struct tw_taxonomy batches_taxonomy = {.types = batches_types, .type_count = 2, .version = 7};
static const struct tw_event batches_events[] = {{0, 0, 2, 9}, {1, TW_EVENT_OF_NOBODY, 21, 30}};

static inline bool batches_tell(const struct batch_shape *shape, struct tw_rows *rows, struct tw_arena *arena)
{
    rows->taxonomy = &batches_taxonomy;
    rows->events = tw_arena_array(arena, (size_t)shape->events * 2, sizeof *rows->events);
    for (uint32_t at = 0; rows->events && at < shape->events && at < rows->document_count; at++) {
        struct tw_document *document = &rows->documents[at];
        if (document->fate != TW_FATE_STORED)
            continue;
        document->events = batches_events;
        document->event_count = 2;
        rows->events[rows->event_count++] = (struct tw_event_row){at, 0};
        rows->events[rows->event_count++] = (struct tw_event_row){at, 1};
    }
    return rows->events;
}

static inline void batches_dead(struct tw_batch *batch, uint32_t at)
{
    static struct tw_error refusal = {
        .code = TW_REFUSED, .where = "byte 3", .what = "not JSON", .cure = "send JSON"};
    batch->rows.documents[at] = (struct tw_document){
        .message = &batch->messages[at], .fate = TW_FATE_DEAD_LETTER, .refusal = &refusal};
    batch->rows.dead_count++;
}

static inline bool batches_fill(const struct batch_shape *shape, struct tw_batch *batch, struct tw_error *err)
{
    struct tw_rows *rows = &batch->rows;
    struct tw_arena *arena = &batch->arena;
    uint32_t count = shape->documents;
    batch->messages = tw_arena_array(arena, count, sizeof *batch->messages);
    rows->documents = tw_arena_array(arena, count, sizeof *rows->documents);
    rows->scores = tw_arena_array(arena, (size_t)count * shape->scores_in_two, sizeof *rows->scores);
    rows->latest_us = tw_arena_array(arena, count + 1, sizeof *rows->latest_us);
    char *filler = tw_arena_take(arena, shape->text_bytes + 1);
    if (!batch->messages || !rows->documents || !rows->scores || !rows->latest_us || !filler)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < shape->text_bytes; at++)
        filler[at] = at % 7 == 6 ? ' ' : (char)('a' + at * 31 % 26);
    for (uint32_t at = 0; at < count; at++) {
        batch->messages[at] = (struct tw_message){.offset = batches_offset(shape, batch->begin_offset, at),
            .stamp_us = INT64_C(1700000000000000),
            .payload = tw_text_of("{\"text\":\"raw\"}"),
            .has_value = true};
        if (at == shape->dead) {
            batches_dead(batch, at);
            continue;
        }
        batches_document(shape, batch, at, filler);
        rows->stored_count++;
    }
    rows->document_count = count;
    if (!batches_tell(shape, rows, arena))
        return tw_arena_fail(arena, err);
    tw_rows_mark_times(rows);
    return tw_bars_sum(
        rows->scores, rows->score_count, rows->documents, count, arena, &rows->bars, &rows->bar_count, err);
}

static inline void batches_free(struct tw_batch *batch)
{
    if (batch)
        tw_arena_end(&batch->arena);
    free(batch);
}

/* NULL when something fails. */
static inline struct tw_batch *batches_make(const struct batch_shape *shape, struct tw_partition *partition,
    int64_t begin_offset, struct tw_error *err)
{
    struct tw_batch *batch = calloc(1, sizeof *batch);
    struct tw_encode_options options = {.rows_per_statement = shape->rows_per_statement,
        .model_sha256 = batches_model,
        .lateness_us = INT64_C(60000000)};
    if (!batch || !tw_arena_begin(&batch->arena, (size_t)256 << 20, err)) {
        free(batch);
        return NULL;
    }
    batch->partition = partition;
    batch->assignment = partition->assignment;
    batch->begin_offset = begin_offset;
    batch->end_offset = batches_offset(shape, begin_offset, shape->documents - 1) + 1;
    batch->count = shape->documents;
    batch->arrived_us = INT64_C(1795000000000000);
    if (batches_fill(shape, batch, err) &&
        tw_encode_rows(&options, batch, 0, batch->count, &batch->arena, &batch->encoded, err))
        return batch;
    batches_free(batch);
    return NULL;
}

#endif
