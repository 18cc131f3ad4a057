#include "store/prepare.h"

#include "base/clock.h"
#include "config/config.h"
#include "observe/metrics.h"
#include "postgres/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { DAYS_AT_ONCE = 30, WINDOW_MS = 60000, NO_MEMORY_MS = 1000, KEEP_BYTES = 1 << 20 };

/* -- what is known ----------------------------------------------------------------------------- */

void tw_known_learn(struct tw_known *known, enum tw_statement statement, const PGresult *result)
{
    struct tw_error ignored; /* out of memory: a day is then asked for once more, which does no harm */
    if (statement == TW_EVALUATED_READ && PQntuples(result) == 1) {
        known->evaluated_us = PQgetisnull(result, 0, 0) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, 0));
        return;
    }
    for (int row = 0; statement == TW_DAYS_KNOWN && row < PQntuples(result); row++) {
        struct tw_keyset *set = *PQgetvalue(result, row, 0) ? &known->arrivals : &known->days;
        int32_t day = tw_get_int32(PQgetvalue(result, row, 1)) + TW_POSTGRES_EPOCH_DAYS;
        (void)!tw_keyset_add(set, (uint64_t)(int64_t)day, &ignored);
    }
}

void tw_known_clear(struct tw_known *known)
{
    tw_keyset_clear(&known->days);
    tw_keyset_clear(&known->arrivals);
    tw_keyset_clear(&known->entities);
    known->model_count = 0;
    known->evaluated_us = TW_NO_TIME;
}

void tw_known_end(struct tw_known *known)
{
    tw_keyset_end(&known->days);
    tw_keyset_end(&known->arrivals);
    tw_keyset_end(&known->entities);
}

/* -- the part ---------------------------------------------------------------------------------- */

void tw_part_log(const struct tw_log *log, enum tw_level level, const char *event,
    const struct tw_batch_part *part, const struct tw_error *err)
{
    const struct tw_partition *partition = part->batch->partition;
    tw_log(log, level, "commit", event, tw_string("topic", partition->topic),
        tw_int("partition", partition->number), tw_int("begin", part->begin_offset),
        tw_int("end", part->end_offset), tw_string("where", err->where), tw_string("what", err->what),
        tw_string("cure", err->cure));
}

bool tw_prepare_begin(
    struct tw_prepare *prepare, const struct tw_prepare_options *options, struct tw_error *err)
{
    *prepare = (struct tw_prepare){.options = *options};
    prepare->days = &prepare->own_days;
    return tw_arena_begin(&prepare->arena, (size_t)options->config->batch.memory_bytes, err);
}

void tw_prepare_end(struct tw_prepare *prepare)
{
    free(prepare->skip);
    tw_arena_end(&prepare->arena);
}

void tw_prepare_part(struct tw_prepare *prepare, const struct tw_batch_part *part)
{
    prepare->part = part;
    memset(&prepare->of_part, 0, sizeof prepare->of_part);
    if (part)
        return;
    free(prepare->skip);
    prepare->skip = NULL;
}

static void begin_exchange(struct tw_prepare *prepare,
    bool (*rows)(void *context, enum tw_statement statement, PGresult *result),
    void (*done)(void *context, const struct tw_refusal *refusal))
{
    struct tw_exchange exchange = {prepare, rows, done};
    tw_connection_begin_exchange(prepare->options.connection, &exchange);
}

/* libpq has copied the parameters. */
static enum tw_prepare_answer sync_exchange(struct tw_prepare *prepare)
{
    tw_connection_sync(prepare->options.connection);
    tw_arena_reset(&prepare->arena, KEEP_BYTES);
    return TW_PREPARE_ASKING;
}

static void answer(struct tw_prepare *prepare, const struct tw_refusal *refusal)
{
    prepare->options.answered(prepare->options.context, refusal);
}

static void on_asked(void *context, const struct tw_refusal *refusal)
{
    answer(context, refusal);
}

/* -- step 1: what stands there already, after a reset ------------------------------------------ */

static uint32_t document_at(const struct tw_batch *batch, int64_t offset)
{
    uint32_t low = 0;
    uint32_t high = batch->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (batch->messages[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether a record moves the watermark was decided when it was stored, by the clock and the configuration of
 * that day: it is not decided anew. */
static void recall(struct tw_document *document, enum tw_statement statement, const PGresult *result, int row)
{
    if (statement == TW_DOCUMENTS_COMPARE)
        document->moves_watermark = *PQgetvalue(result, row, 2) == 0;
}

/* A tick has no row to be compared with: only that it moved no watermark is kept. */
static void recall_ticks(struct tw_prepare *prepare, const PGresult *result)
{
    struct tw_batch *batch = prepare->part->batch;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t offset = tw_get_int64(PQgetvalue(result, row, 0));
        uint32_t index = document_at(batch, offset);
        if (index >= batch->count || batch->messages[index].offset != offset ||
            batch->rows.documents[index].fate != TW_FATE_TICK)
            continue;
        prepare->skip[index] = 1; /* it stands there already */
        batch->rows.documents[index].moves_watermark = false;
    }
}

static bool compared_rows(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_prepare *prepare = context;
    const struct tw_batch *batch = prepare->part->batch;
    if (statement == TW_AHEAD_TICKS_READ) {
        recall_ticks(prepare, result);
        return false;
    }
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t offset = tw_get_int64(PQgetvalue(result, row, 0));
        uint32_t index = document_at(batch, offset);
        bool equal = *PQgetvalue(result, row, 1) != 0;
        if (index >= batch->count || batch->messages[index].offset != offset)
            continue;
        if (equal) {
            prepare->of_part.dropped += statement == TW_REMAINS_FIND && !prepare->skip[index];
            prepare->skip[index] = 1;
            recall(&prepare->part->batch->rows.documents[index], statement, result, row);
        } else if (!prepare->of_part.differs) {
            prepare->of_part.differs = true;
            prepare->of_part.differs_offset = offset;
        }
    }
    return false;
}

static void tell_dropped(const struct tw_prepare *prepare)
{
    const struct tw_partition *partition = prepare->part->batch->partition;
    tw_log(prepare->options.log, TW_NOTICE, "commit",
        "documents stored before, and dropped since, stay dropped", tw_string("topic", partition->topic),
        tw_int("partition", partition->number), tw_int("begin", prepare->part->begin_offset),
        tw_int("documents", prepare->of_part.dropped),
        tw_string("cure", "to have them again, drop scores and bars of their days too before the reset"));
}

static void on_compared(void *context, const struct tw_refusal *refusal)
{
    struct tw_prepare *prepare = context;
    prepare->of_part.compared = !refusal;
    if (!refusal && prepare->of_part.dropped > 0)
        tell_dropped(prepare);
    tw_rows_mark_times(&prepare->part->batch->rows);
    answer(prepare, refusal);
}

static void send_compare(struct tw_prepare *prepare, const struct tw_call *call)
{
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
    int from[TW_STATEMENT_PARAMETERS];
    for (int number = 0; number < TW_SQL_TABLES; number++) {
        const struct tw_sql_table *table = &tw_sql_tables[number];
        if (table->insert != call->statement || table->compare == TW_STATEMENTS)
            continue;
        int count = tw_sql_compared(table, from);
        for (int at = 0; at < count; at++) {
            values[at] = call->values[from[at]];
            lengths[at] = call->lengths[from[at]];
        }
        tw_connection_send(prepare->options.connection, table->compare, values, lengths);
    }
}

/* Of a document whose day was dropped nothing is left to compare with; that it was stored, its scores, its
 * headlines or its day tell. */
static void send_remains(struct tw_prepare *prepare, const struct tw_call *call)
{
    static const char *const names[] = {"topic_id", "partition", "kafka_offset", "event_time"};
    const char *values[4];
    int lengths[4];
    if (call->statement != TW_DOCUMENTS_INSERT)
        return;
    for (int at = 0; at < 4; at++) {
        int from = tw_sql_parameter(&tw_sql_tables[TW_SQL_DOCUMENTS], names[at]);
        values[at] = call->values[from];
        lengths[at] = call->lengths[from];
    }
    tw_connection_send(prepare->options.connection, TW_REMAINS_FIND, values, lengths);
}

static void send_ticks(struct tw_prepare *prepare)
{
    const struct tw_batch_part *part = prepare->part;
    const struct tw_shared_values *shared = &part->encoded->shared;
    char first[8], end[8];
    const char *values[] = {shared->topic_id, shared->partition, first, end};
    const int lengths[] = {2, 4, 8, 8};
    tw_put_int64(first, part->begin_offset);
    tw_put_int64(end, part->end_offset);
    tw_connection_send(prepare->options.connection, TW_AHEAD_TICKS_READ, values, lengths);
}

static enum tw_prepare_answer refuse_different(struct tw_prepare *prepare)
{
    tw_fail(&prepare->why, TW_HELD, NULL,
        "see whether the topic was made anew; then reset to an offset beyond, or use another topic name",
        "offset %" PRId64 " is stored already, with other bytes", prepare->of_part.differs_offset);
    return TW_PREPARE_REFUSED;
}

enum tw_prepare_answer tw_prepare_compare(struct tw_prepare *prepare)
{
    const struct tw_batch_part *part = prepare->part;
    const struct tw_partition *partition = part->batch->partition;
    if (prepare->of_part.compared)
        return prepare->of_part.differs ? refuse_different(prepare) : TW_PREPARE_READY;
    if (part->begin_offset >= partition->highest_offset)
        return TW_PREPARE_READY;
    if (!prepare->skip)
        prepare->skip = calloc(part->batch->count + 1, 1);
    if (!prepare->skip) {
        tw_fail_passing(&prepare->why, TW_INTERNAL, "commit", NULL, "out of memory");
        prepare->wait_ms = NO_MEMORY_MS;
        return TW_PREPARE_REFUSED;
    }
    prepare->of_part.differs = false;
    prepare->of_part.dropped = 0;
    tw_encoded_set_ids(part->encoded, partition->topic_id, 0);
    begin_exchange(prepare, compared_rows, on_compared);
    send_ticks(prepare);
    for (uint32_t at = 0; at < part->encoded->call_count; at++) {
        send_compare(prepare, &part->encoded->calls[at]);
        send_remains(prepare, &part->encoded->calls[at]);
    }
    return sync_exchange(prepare);
}

/* -- step 2: days ------------------------------------------------------------------------------ */

static uint64_t key_of_day(int32_t day)
{
    return (uint64_t)(int64_t)day;
}

static bool days_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_prepare *prepare = context;
    (void)statement;
    if (PQntuples(result) == 1)
        prepare->days->count += tw_get_int32(PQgetvalue(result, 0, 0));
    return false;
}

static void on_days(void *context, const struct tw_refusal *refusal)
{
    struct tw_prepare *prepare = context;
    struct tw_known *known = prepare->options.known;
    const struct tw_encoded *encoded = prepare->part->encoded;
    struct tw_error err = {0};
    bool added = true;
    uint32_t asked = prepare->of_part.days_asked;
    for (uint32_t at = 0; !refusal && at < encoded->day_count && asked > 0; at++) {
        if (tw_keyset_has(&known->days, key_of_day(encoded->days[at])))
            continue;
        added = added && tw_keyset_add(&known->days, key_of_day(encoded->days[at]), &err);
        asked--;
    }
    if (!refusal && encoded->dead_count > 0)
        added = added && tw_keyset_add(&known->arrivals, key_of_day(encoded->arrival_day), &err);
    if (!added)
        tw_part_log(prepare->options.log, TW_ERROR, "days cannot be remembered", prepare->part, &err);
    answer(prepare, refusal);
}

/* How many days may be made now; 0: none in this minute, and why. */
static int64_t days_allowed(struct tw_prepare *prepare)
{
    int64_t most = prepare->options.config->store.new_days_per_minute;
    uint64_t now_ms = tw_now_ms();
    if (most == 0)
        return DAYS_AT_ONCE;
    if (now_ms - prepare->days->window_ms >= WINDOW_MS) {
        prepare->days->window_ms = now_ms;
        prepare->days->count = 0;
    }
    if (prepare->days->count < most)
        return most - prepare->days->count < DAYS_AT_ONCE ? most - prepare->days->count : DAYS_AT_ONCE;
    tw_fail_passing(&prepare->why, TW_SERVER, "store.new_days_per_minute",
        "wait; or see whether the event times are right; or raise it",
        "more than %" PRId64 " new days of tables in a minute: commits wait", most);
    prepare->wait_ms = prepare->days->window_ms + WINDOW_MS - now_ms;
    return 0;
}

static uint32_t missing_days(const struct tw_prepare *prepare, int32_t *missing, uint32_t most)
{
    const struct tw_encoded *encoded = prepare->part->encoded;
    uint32_t count = 0;
    for (uint32_t at = 0; at < encoded->day_count && count < most; at++)
        if (!tw_keyset_has(&prepare->options.known->days, key_of_day(encoded->days[at])))
            missing[count++] = encoded->days[at] - TW_POSTGRES_EPOCH_DAYS;
    return count;
}

enum tw_prepare_answer tw_prepare_days(struct tw_prepare *prepare)
{
    const struct tw_encoded *encoded = prepare->part->encoded;
    int32_t days[DAYS_AT_ONCE];
    int32_t arrival = encoded->arrival_day - TW_POSTGRES_EPOCH_DAYS;
    bool lacks_arrival = encoded->dead_count > 0 &&
                         !tw_keyset_has(&prepare->options.known->arrivals, key_of_day(encoded->arrival_day));
    const char *values[2];
    int lengths[2];
    if (missing_days(prepare, days, 1) == 0 && !lacks_arrival)
        return TW_PREPARE_READY;
    int64_t allowed = days_allowed(prepare);
    if (allowed == 0)
        return TW_PREPARE_REFUSED;
    uint32_t asked = missing_days(prepare, days, (uint32_t)allowed);
    prepare->of_part.days_asked = asked;
    values[0] = tw_array_int32(&prepare->arena, TW_OID_DATE, days, asked, &lengths[0]);
    values[1] = tw_array_int32(&prepare->arena, TW_OID_DATE, &arrival, lacks_arrival, &lengths[1]);
    begin_exchange(prepare, days_row, on_days);
    tw_connection_send(prepare->options.connection, TW_DAYS_ENSURE, values, lengths);
    return sync_exchange(prepare);
}

/* -- step 3: the model ------------------------------------------------------------------------- */

static bool model_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_prepare *prepare = context;
    struct tw_known *known = prepare->options.known;
    (void)statement;
    if (PQntuples(result) == 0)
        return false; /* another daemon is storing it in this moment: asked again */
    uint32_t at = known->model_count < TW_KNOWN_MODELS ? known->model_count++ : 0;
    snprintf(known->models[at].sha256, sizeof known->models[at].sha256, "%s",
        prepare->part->encoded->model_sha256);
    known->models[at].id = tw_get_int16(PQgetvalue(result, 0, 0));
    return false;
}

enum tw_prepare_answer tw_prepare_model(struct tw_prepare *prepare)
{
    const struct tw_known *known = prepare->options.known;
    const char *sha256 = prepare->part->encoded->model_sha256;
    for (uint32_t at = 0; at < known->model_count; at++) {
        if (strcmp(known->models[at].sha256, sha256) == 0) {
            prepare->model_id = known->models[at].id;
            return TW_PREPARE_READY;
        }
    }
    const char *values[] = {sha256};
    const int lengths[] = {(int)strlen(sha256)};
    begin_exchange(prepare, model_row, on_asked);
    tw_connection_send(prepare->options.connection, TW_MODEL_REGISTER, values, lengths);
    return sync_exchange(prepare);
}

/* -- step 4: entities -------------------------------------------------------------------------- */

/* Those that were sent, and those before them, are not sent again. */
static void know_entities(struct tw_prepare *prepare)
{
    const struct tw_encoded *encoded = prepare->part->encoded;
    struct tw_error ignored; /* out of memory: they are stored once more, which does no harm */
    for (uint32_t at = 0; at < prepare->of_part.entities_end; at++)
        (void)!tw_keyset_add(&prepare->options.known->entities, encoded->entities[at].key, &ignored);
}

/* The last of those that were sent, alone. */
static void give_up_entity(struct tw_prepare *prepare, const struct tw_refusal *refusal)
{
    const struct tw_encoded *encoded = prepare->part->encoded;
    uint64_t unsaid;
    tw_count(prepare->options.metrics, TW_COUNT_ENTITIES_REFUSED, 1);
    if (tw_repeats_tell(&prepare->refused, tw_repeats_kind(refusal->code), tw_now_ms(), &unsaid))
        tw_log(prepare->options.log, TW_WARNING, "commit", "entity refused by PostgreSQL",
            tw_bytes("entity", encoded->entities[prepare->of_part.entities_end - 1].symbol),
            tw_string("where", refusal->error.where), tw_string("what", refusal->error.what),
            tw_string("cure", refusal->error.cure), tw_int("repeated", (int64_t)unsaid));
}

static void on_entities(void *context, const struct tw_refusal *refusal)
{
    struct tw_prepare *prepare = context;
    struct tw_portion *portion = &prepare->of_part.entities;
    if (refusal && refusal->means != TW_SQLSTATE_ROW) {
        answer(prepare, refusal);
        return;
    }
    if (!refusal) {
        tw_portion_taken(portion);
        know_entities(prepare);
    } else if (tw_portion_refused(portion, prepare->of_part.entities_sent)) {
        give_up_entity(prepare, refusal);
        know_entities(prepare);
    }
    answer(prepare, NULL);
}

/* The first `most` that are not known, as parameters. False: no room. */
static bool list_entities(struct tw_prepare *prepare, uint32_t most, const char *values[4], int lengths[4])
{
    struct tw_arena *arena = &prepare->arena;
    const struct tw_encoded *encoded = prepare->part->encoded;
    struct tw_text *symbols = tw_arena_array(arena, most, sizeof *symbols);
    struct tw_text *names = tw_arena_array(arena, most, sizeof *names);
    int16_t *shards = tw_arena_array(arena, most, sizeof *shards);
    bool *listed = tw_arena_array(arena, most, sizeof *listed);
    uint32_t count = 0, at = 0;
    if (!symbols || !names || !shards || !listed)
        return false;
    for (; at < encoded->entity_count && count < most; at++) {
        const struct tw_encoded_entity *entity = &encoded->entities[at];
        if (tw_keyset_has(&prepare->options.known->entities, entity->key))
            continue;
        symbols[count] = entity->symbol;
        names[count] = entity->name;
        shards[count] = entity->shard;
        listed[count++] = entity->listed;
    }
    prepare->of_part.entities_sent = count;
    prepare->of_part.entities_end = at;
    values[0] = tw_array_text(arena, TW_OID_TEXT, symbols, count, &lengths[0]);
    values[1] = tw_array_text(arena, TW_OID_TEXT, names, count, &lengths[1]);
    values[2] = tw_array_int16(arena, shards, count, &lengths[2]);
    values[3] = tw_array_bool(arena, listed, count, &lengths[3]);
    return values[0] && values[1] && values[2] && values[3];
}

enum tw_prepare_answer tw_prepare_entities(struct tw_prepare *prepare)
{
    const struct tw_encoded *encoded = prepare->part->encoded;
    const char *values[4];
    int lengths[4];
    uint32_t missing = 0;
    for (uint32_t at = 0; at < encoded->entity_count; at++)
        missing += !tw_keyset_has(&prepare->options.known->entities, encoded->entities[at].key);
    if (missing == 0)
        return TW_PREPARE_READY;
    uint32_t count = tw_portion_of(&prepare->of_part.entities, missing);
    if (!list_entities(prepare, count, values, lengths)) {
        (void)tw_portion_refused(&prepare->of_part.entities, count);
        tw_arena_reset(&prepare->arena, KEEP_BYTES);
        tw_fail_passing(&prepare->why, TW_FULL, "commit", "raise batch.memory",
            "%" PRIu32 " entities do not fit at once", count);
        prepare->wait_ms = NO_MEMORY_MS;
        return TW_PREPARE_REFUSED;
    }
    begin_exchange(prepare, NULL, on_entities);
    tw_connection_send(prepare->options.connection, TW_ENTITIES_STORE, values, lengths);
    return sync_exchange(prepare);
}

/* -- how far rules have been evaluated --------------------------------------------------------- */

static bool evaluated_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_prepare *prepare = context;
    tw_known_learn(prepare->options.known, statement, result);
    return false;
}

void tw_prepare_learn(struct tw_prepare *prepare)
{
    begin_exchange(prepare, evaluated_row, on_asked);
    tw_connection_send(prepare->options.connection, TW_EVALUATED_READ, NULL, NULL);
    sync_exchange(prepare);
}
