#include "store/commit.h"

#include "config/config.h"
#include "postgres/wire.h"
#include "time/watermark.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

enum { RETRY_LEAST_MS = 50, DAYS_AT_ONCE = 30, WINDOW_MS = 60000 };

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static int64_t wall_us(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000000 + now.tv_usec;
}

/* -- what is known ---------------------------------------------------------------------------------------------- */

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

/* -- waiting, finishing -------------------------------------------------------------------------------------------- */

static void log_refusal(
    struct tw_commit *commit, enum tw_level level, const char *event, const struct tw_error *err)
{
    const struct tw_batch *batch = commit->batch;
    tw_log(commit->options.log, level, "commit", event, tw_string("topic", batch->partition->topic),
        tw_int("partition", batch->partition->number), tw_int("begin", commit->begin_offset),
        tw_int("end", commit->end_offset), tw_string("where", err->where), tw_string("what", err->what),
        tw_string("cure", err->cure));
}

/* Who holds our row for longer than lock_timeout is a process stopped in mid-pipeline (an evaluator that shares the
 * lock of an idle partition, for one): no timeout of the server's ends it. */
static bool is_blocked(const struct tw_refusal *refusal)
{
    return strcmp(refusal->code, "55P03") == 0 &&
           (refusal->statement == TW_POSITION_MOVE || refusal->statement == TW_POSITION_READ_LOCKED);
}

/* Weather: the same again, later and later. */
static void try_later(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    bool loud = refusal->means != TW_SQLSTATE_PASSING;
    commit->blocked = is_blocked(refusal);
    tw_count(commit->options.metrics, TW_COUNT_COMMIT_RETRIES, 1);
    log_refusal(commit, loud ? TW_ERROR : TW_WARNING, "commit will be tried again", &refusal->error);
    if (refusal->lost)
        return; /* the store goes on when it is connected again */
    uint64_t wait_ms = commit->retry_ms;
    commit->retry_ms *= 2;
    if (commit->retry_ms > (uint64_t)commit->options.config->store.retry_most_ms)
        commit->retry_ms = (uint64_t)commit->options.config->store.retry_most_ms;
    commit->options.wait(commit->options.context, wait_ms);
}

static struct tw_batch *release(struct tw_commit *commit)
{
    struct tw_batch *batch = commit->batch;
    commit->batch = NULL;
    commit->step = TW_COMMIT_IDLE;
    free(commit->skip);
    commit->skip = NULL;
    tw_arena_reset(&commit->arena, 1 << 20);
    return batch;
}

static void finish(struct tw_commit *commit, enum tw_commit_outcome outcome)
{
    if (outcome == TW_COMMIT_FENCED)
        tw_count(commit->options.metrics, TW_COUNT_FENCED, 1);
    commit->options.finished(commit->options.context, release(commit), outcome);
}

static void fence_off(struct tw_commit *commit, const char *why)
{
    struct tw_error err;
    tw_fail(&err, TW_HELD, NULL, "the partition is taken again if it is still ours", "%s", why);
    log_refusal(commit, TW_WARNING, "fenced off", &err);
    finish(commit, TW_COMMIT_FENCED);
}

static void go_again(struct tw_commit *commit, enum tw_commit_step step)
{
    commit->step = step;
    commit->options.again(commit->options.context);
}

/* -- parts ---------------------------------------------------------------------------------------------------------- */

static struct tw_encode_options encode_options(const struct tw_commit *commit)
{
    return (struct tw_encode_options){
        .rows_per_statement = (uint32_t)commit->options.config->store.rows_per_statement,
        .model_sha256 = commit->batch->encoded->model_sha256,
        .lateness_us = commit->options.config->watermark.lateness_us};
}

static struct tw_commit_part *part_of(struct tw_commit *commit)
{
    return &commit->parts[commit->part_count - 1];
}

/* Encodes the part at hand anew. What does not fit the arena cannot happen: it did as part of the whole. */
static bool encode_again(struct tw_commit *commit)
{
    const struct tw_commit_part *part = part_of(commit);
    struct tw_encode_options options = encode_options(commit);
    struct tw_encode_part wanted = {.first = part->first,
        .count = part->count,
        .skip = commit->skip,
        .refusal = commit->poisoned ? &commit->poison : NULL};
    struct tw_error err;
    tw_arena_reset(&commit->arena, 1 << 20);
    if (tw_encode_part(&options, commit->batch, &wanted, &commit->arena, &commit->encoded, &err))
        return true;
    log_refusal(commit, TW_ERROR, "part of a batch cannot be encoded", &err);
    finish(commit, TW_COMMIT_FENCED);
    return false;
}

static void set_offsets(struct tw_commit *commit)
{
    const struct tw_commit_part *part = part_of(commit);
    const struct tw_batch *batch = commit->batch;
    uint32_t end = part->first + part->count;
    commit->end_offset = end >= batch->count ? batch->end_offset : batch->messages[end - 1].offset + 1;
}

static bool is_whole(struct tw_commit *commit)
{
    return part_of(commit)->first == 0 && part_of(commit)->count == commit->batch->count;
}

static void begin_part(struct tw_commit *commit)
{
    commit->poisoned = 0;
    commit->blocked = false;
    commit->compared = false;
    commit->day_retried = false;
    commit->uncertain = false;
    commit->retry_ms = RETRY_LEAST_MS;
    set_offsets(commit);
    if (is_whole(commit))
        commit->encoded = commit->batch->encoded;
    else if (!encode_again(commit))
        return;
    go_again(commit, TW_COMMIT_PREPARE);
}

static void split(struct tw_commit *commit)
{
    struct tw_commit_part whole = *part_of(commit);
    uint32_t half = whole.count / 2;
    *part_of(commit) = (struct tw_commit_part){whole.first + half, whole.count - half};
    commit->parts[commit->part_count++] = (struct tw_commit_part){whole.first, half};
    tw_count(commit->options.metrics, TW_COUNT_COMMIT_SPLITS, 1);
    begin_part(commit);
}

/* A row is refused for good. Which one shows by halving; alone it goes to the dead letters with what PostgreSQL said;
 * and if that is refused too (its words cannot be stored), with the code alone. */
static void blame(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    if (part_of(commit)->count > 1 && commit->part_count < TW_COMMIT_PARTS) {
        log_refusal(commit, TW_INFO, "batch split to find a bad document", &refusal->error);
        split(commit);
        return;
    }
    if (commit->poisoned >= 2 || part_of(commit)->count == 0) {
        try_later(commit, refusal);
        return;
    }
    log_refusal(commit, TW_WARNING, "document refused by PostgreSQL", &refusal->error);
    commit->poison = refusal->error;
    if (commit->poisoned == 1)
        tw_fail(&commit->poison, TW_REFUSED, NULL, NULL, "refused by PostgreSQL: SQLSTATE %s", refusal->code);
    commit->poisoned++;
    if (encode_again(commit))
        go_again(commit, TW_COMMIT_PREPARE);
}

static void count_stored(struct tw_commit *commit)
{
    struct tw_metrics *metrics = commit->options.metrics;
    const struct tw_encoded *encoded = commit->encoded;
    tw_count(metrics, TW_COUNT_COMMITS, 1);
    tw_count(metrics, TW_COUNT_DOCUMENTS, encoded->document_count);
    tw_count(metrics, TW_COUNT_DEAD_LETTERS, encoded->dead_count);
    tw_count(metrics, TW_COUNT_TICKS, encoded->tick_count);
    tw_count(metrics, TW_COUNT_SCORES, encoded->score_count);
    tw_count(metrics, TW_COUNT_LATE, encoded->late_count);
    tw_observe(metrics, TW_TIME_COMMIT, (double)(now_ms() - commit->sent_ms) / 1e3);
    if (commit->batch->count > 0 && commit->batch->messages[0].stamp_us > 0)
        tw_observe(metrics, TW_TIME_STORED, (double)(wall_us() - commit->batch->messages[0].stamp_us) / 1e6);
}

/* The part at hand is known to be committed. */
static void part_stored(struct tw_commit *commit)
{
    struct tw_partition *partition = commit->batch->partition;
    partition->row_offset = commit->end_offset;
    if (partition->highest_offset < commit->end_offset)
        partition->highest_offset = commit->end_offset;
    partition->row_watermark_us = tw_watermark_of_partition(partition->row_watermark_us,
        commit->encoded->highest_us, commit->options.config->watermark.lateness_us);
    count_stored(commit);
    commit->begin_offset = commit->end_offset;
    if (--commit->part_count == 0)
        finish(commit, TW_COMMIT_STORED);
    else
        begin_part(commit);
}

/* -- the transaction --------------------------------------------------------------------------------------------------- */

struct scalars {
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
};

static void set(struct scalars *scalars, int at, const char *value, int length)
{
    scalars->values[at] = value;
    scalars->lengths[at] = length;
}

/* Topic, partition, epoch and token: how the fence and the move begin. */
static void set_fence(struct tw_commit *commit, struct scalars *scalars)
{
    char *numbers = commit->scalars;
    *scalars = (struct scalars){0};
    tw_put_int64(numbers, commit->batch->partition->epoch);
    tw_put_int64(numbers + 8, commit->begin_offset);
    set(scalars, 0, commit->encoded->shared.topic_id, 2);
    set(scalars, 1, commit->encoded->shared.partition, 4);
    set(scalars, 2, numbers, 8);
    set(scalars, 3, (const char *)commit->batch->partition->token, TW_TOKEN_BYTES);
    set(scalars, 4, numbers + 8, 8);
}

static void send_move(struct tw_commit *commit)
{
    char *numbers = commit->scalars;
    struct scalars scalars;
    int64_t watermark_us = tw_watermark_of_partition(
        TW_NO_TIME, commit->encoded->highest_us, commit->options.config->watermark.lateness_us);
    set_fence(commit, &scalars);
    tw_put_int64(numbers + 16, commit->end_offset);
    tw_put_time(numbers + 24, watermark_us);
    tw_put_time(numbers + 32, commit->encoded->earliest_us);
    tw_put_time(numbers + 40, commit->options.known->evaluated_us);
    set(&scalars, 5, numbers + 16, 8);
    if (watermark_us != TW_NO_TIME)
        set(&scalars, 6, numbers + 24, 8);
    if (commit->encoded->earliest_us != INT64_MAX)
        set(&scalars, 7, numbers + 32, 8);
    if (commit->options.known->evaluated_us != TW_NO_TIME)
        set(&scalars, 8, numbers + 40, 8);
    tw_connection_send(commit->options.connection, TW_POSITION_MOVE, scalars.values, scalars.lengths);
}

static void decide(struct tw_commit *commit, const struct tw_refusal *refusal)
{
    switch (refusal->means) {
    case TW_SQLSTATE_FENCED:
        if (!commit->uncertain) {
            fence_off(commit, refusal->error.what);
            return;
        }
        commit->uncertain = false; /* perhaps an attempt of ours was still on its way, and has arrived */
        go_again(commit, TW_COMMIT_SETTLE);
        return;
    case TW_SQLSTATE_OUTRUN:
        go_again(commit, TW_COMMIT_LEARN);
        return;
    case TW_SQLSTATE_DOUBLED:
        commit->doubled = true;
        go_again(commit, TW_COMMIT_SETTLE);
        return;
    case TW_SQLSTATE_DAY:
        if (commit->day_retried) {
            blame(commit, refusal);
            return;
        }
        commit->day_retried = true; /* somebody dropped it: what is known of days is forgotten */
        tw_keyset_clear(&commit->options.known->days);
        tw_keyset_clear(&commit->options.known->arrivals);
        go_again(commit, TW_COMMIT_PREPARE);
        return;
    case TW_SQLSTATE_ROW:
        blame(commit, refusal);
        return;
    default:
        try_later(commit, refusal);
    }
}

static void on_sent(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (!refusal) {
        part_stored(commit);
        return;
    }
    if (refusal->lost) {
        /* Committed or not: only the row knows. */
        commit->doubled = false;
        commit->uncertain = true;
        commit->step = TW_COMMIT_SETTLE;
        try_later(commit, refusal);
        return;
    }
    decide(commit, refusal);
}

static void send_transaction(struct tw_commit *commit, int16_t model_id)
{
    struct tw_connection *connection = commit->options.connection;
    struct tw_exchange exchange = {commit, NULL, on_sent};
    struct tw_partition *partition = commit->batch->partition;
    struct tw_encoded *encoded = commit->encoded;
    struct scalars scalars;
    int64_t evaluated_us = commit->options.known->evaluated_us;
    tw_encoded_set_ids(encoded, partition->topic_id, model_id);
    tw_encoded_mark_late(encoded, commit->batch->rows.documents,
        evaluated_us > partition->row_watermark_us ? evaluated_us : partition->row_watermark_us);
    commit->sent_ms = now_ms();
    tw_connection_begin_exchange(connection, &exchange);
    set_fence(commit, &scalars);
    tw_connection_send(connection, TW_FENCE, scalars.values, scalars.lengths);
    for (uint32_t at = 0; at < encoded->call_count; at++)
        tw_connection_send(
            connection, encoded->calls[at].statement, encoded->calls[at].values, encoded->calls[at].lengths);
    send_move(commit);
    tw_connection_sync(connection);
}

/* -- settle: what does the row say? ---------------------------------------------------------------------------------- */

static bool settle_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    (void)statement;
    commit->found = PQntuples(result) == 1;
    if (!commit->found)
        return false;
    commit->found_epoch = tw_get_int64(PQgetvalue(result, 0, 0));
    memcpy(commit->found_token, PQgetvalue(result, 0, 1), TW_TOKEN_BYTES);
    commit->found_offset = tw_get_int64(PQgetvalue(result, 0, 2));
    return false;
}

static void on_settled(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    const struct tw_partition *partition = commit->batch->partition;
    if (refusal) {
        try_later(commit, refusal);
        return;
    }
    if (!commit->found || commit->found_epoch != partition->epoch ||
        memcmp(commit->found_token, partition->token, TW_TOKEN_BYTES) != 0) {
        fence_off(commit, "the partition has another owner");
        return;
    }
    if (commit->found_offset == commit->end_offset) { /* under our token: an attempt of ours got there */
        part_stored(commit);
        return;
    }
    if (commit->found_offset != commit->begin_offset) {
        fence_off(commit, "the stored offset is not where this daemon left it");
        return;
    }
    if (commit->doubled && commit->compared) {
        fence_off(commit, "a row stands there already that is none of these documents'");
        return;
    }
    if (commit->doubled) /* ours to write, and yet there: compare before blaming anybody */
        commit->batch->partition->highest_offset = commit->end_offset;
    commit->doubled = false;
    go_again(commit, TW_COMMIT_PREPARE);
}

static void settle(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, settle_row, on_settled};
    const char *values[] = {commit->encoded->shared.topic_id, commit->encoded->shared.partition};
    const int lengths[] = {2, 4};
    commit->found = false;
    tw_encoded_set_ids(commit->encoded, commit->batch->partition->topic_id, 0);
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    tw_connection_send(commit->options.connection, TW_POSITION_READ_LOCKED, values, lengths);
    tw_connection_sync(commit->options.connection);
}

/* -- learn: how far have rules been evaluated? ----------------------------------------------------------------------- */

static bool learn_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    tw_known_learn(commit->options.known, statement, result);
    return false;
}

static void on_learned(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (refusal) {
        commit->step = TW_COMMIT_PREPARE;
        try_later(commit, refusal);
        return;
    }
    go_again(commit, TW_COMMIT_PREPARE);
}

static void learn(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, learn_row, on_learned};
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    tw_connection_send(commit->options.connection, TW_EVALUATED_READ, NULL, NULL);
    tw_connection_sync(commit->options.connection);
}

/* -- prepare: days ---------------------------------------------------------------------------------------------------- */

static bool days_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    (void)statement;
    if (PQntuples(result) == 1)
        commit->days_made += tw_get_int32(PQgetvalue(result, 0, 0));
    return false;
}

static void on_days(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    struct tw_known *known = commit->options.known;
    const struct tw_encoded *encoded = commit->encoded;
    struct tw_error err = {0};
    if (refusal) {
        try_later(commit, refusal);
        return;
    }
    bool added = true;
    uint32_t asked = commit->days_asked;
    for (uint32_t at = 0; at < encoded->day_count && asked > 0; at++) {
        uint64_t key = (uint64_t)(int64_t)encoded->days[at];
        if (tw_keyset_has(&known->days, key))
            continue;
        added = added && tw_keyset_add(&known->days, key, &err);
        asked--;
    }
    if (encoded->dead_count > 0)
        added = added && tw_keyset_add(&known->arrivals, (uint64_t)(int64_t)encoded->arrival_day, &err);
    if (!added)
        log_refusal(commit, TW_ERROR, "days cannot be remembered", &err);
    go_again(commit, TW_COMMIT_PREPARE);
}

/* How many days may be made now; waits, loudly, when there are none. */
static int64_t days_allowed(struct tw_commit *commit)
{
    int64_t most = commit->options.config->store.new_days_per_minute;
    uint64_t now = now_ms();
    if (most == 0)
        return DAYS_AT_ONCE;
    if (now - commit->days_window_ms >= WINDOW_MS) {
        commit->days_window_ms = now;
        commit->days_made = 0;
    }
    if (commit->days_made >= most) {
        struct tw_error err;
        tw_fail_passing(&err, TW_SERVER, "store.new_days_per_minute",
            "wait; or see whether the event times are right; or raise it",
            "more than %" PRId64 " new days of tables in a minute: commits wait", most);
        log_refusal(commit, TW_WARNING, "commits wait for days", &err);
        commit->options.wait(commit->options.context, commit->days_window_ms + WINDOW_MS - now);
        return 0;
    }
    return most - commit->days_made < DAYS_AT_ONCE ? most - commit->days_made : DAYS_AT_ONCE;
}

static uint32_t missing_days(struct tw_commit *commit, int32_t *missing, uint32_t most)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < commit->encoded->day_count && count < most; at++)
        if (!tw_keyset_has(&commit->options.known->days, (uint64_t)(int64_t)commit->encoded->days[at]))
            missing[count++] = commit->encoded->days[at] - TW_POSTGRES_EPOCH_DAYS;
    return count;
}

/* True when every table that the part needs stands; else an exchange is under way, or a wait. */
static bool has_days(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, days_row, on_days};
    const struct tw_encoded *encoded = commit->encoded;
    int32_t days[DAYS_AT_ONCE];
    int32_t arrival = encoded->arrival_day - TW_POSTGRES_EPOCH_DAYS;
    bool lacks_arrival = encoded->dead_count > 0 && !tw_keyset_has(&commit->options.known->arrivals,
                                                        (uint64_t)(int64_t)encoded->arrival_day);
    const char *values[2];
    int lengths[2];
    if (missing_days(commit, days, 1) == 0 && !lacks_arrival)
        return true;
    int64_t allowed = days_allowed(commit);
    if (allowed == 0)
        return false;
    commit->days_asked = missing_days(commit, days, (uint32_t)allowed);
    size_t mark = tw_arena_mark(&commit->arena);
    values[0] = tw_array_int32(&commit->arena, TW_OID_DATE, days, commit->days_asked, &lengths[0]);
    values[1] = tw_array_int32(&commit->arena, TW_OID_DATE, &arrival, lacks_arrival, &lengths[1]);
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    tw_connection_send(commit->options.connection, TW_DAYS_ENSURE, values, lengths);
    tw_connection_sync(commit->options.connection);
    tw_arena_rewind(&commit->arena, mark);
    return false;
}

/* -- prepare: model, entities --------------------------------------------------------------------------------------------- */

static bool model_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    struct tw_known *known = commit->options.known;
    (void)statement;
    if (PQntuples(result) == 0)
        return false; /* another daemon is storing it in this moment: asked again */
    uint32_t at = known->model_count < TW_COMMIT_MODELS ? known->model_count++ : 0;
    snprintf(known->models[at].sha256, sizeof known->models[at].sha256, "%s",
        commit->encoded->model_sha256 ? commit->encoded->model_sha256 : "");
    known->models[at].id = tw_get_int16(PQgetvalue(result, 0, 0));
    return false;
}

static void on_asked(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    if (refusal)
        try_later(commit, refusal);
    else
        go_again(commit, TW_COMMIT_PREPARE);
}

static bool has_model(struct tw_commit *commit, int16_t *id)
{
    struct tw_exchange exchange = {commit, model_row, on_asked};
    const struct tw_known *known = commit->options.known;
    const char *sha256 = commit->encoded->model_sha256;
    for (uint32_t at = 0; at < known->model_count; at++) {
        if (strcmp(known->models[at].sha256, sha256) == 0) {
            *id = known->models[at].id;
            return true;
        }
    }
    const char *values[] = {sha256};
    const int lengths[] = {(int)strlen(sha256)};
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    tw_connection_send(commit->options.connection, TW_MODEL_REGISTER, values, lengths);
    tw_connection_sync(commit->options.connection);
    return false;
}

static void on_entities(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    const struct tw_encoded *encoded = commit->encoded;
    struct tw_error ignored;
    /* A name that cannot be stored stops no document: the document's own row will tell. */
    if (refusal && refusal->means != TW_SQLSTATE_ROW) {
        try_later(commit, refusal);
        return;
    }
    if (refusal)
        log_refusal(commit, TW_WARNING, "entities refused by PostgreSQL", &refusal->error);
    for (uint32_t at = 0; at < encoded->entity_count; at++)
        (void)!tw_keyset_add(&commit->options.known->entities, encoded->entities[at].key, &ignored);
    go_again(commit, TW_COMMIT_PREPARE);
}

static bool send_entities(struct tw_commit *commit, uint32_t most)
{
    struct tw_arena *arena = &commit->arena;
    struct tw_text *symbols = tw_arena_array(arena, most, sizeof *symbols);
    struct tw_text *names = tw_arena_array(arena, most, sizeof *names);
    int16_t *shards = tw_arena_array(arena, most, sizeof *shards);
    bool *listed = tw_arena_array(arena, most, sizeof *listed);
    uint32_t count = 0;
    const char *values[4];
    int lengths[4];
    if (!symbols || !names || !shards || !listed)
        return false;
    for (uint32_t at = 0; at < commit->encoded->entity_count; at++) {
        const struct tw_encoded_entity *entity = &commit->encoded->entities[at];
        if (tw_keyset_has(&commit->options.known->entities, entity->key))
            continue;
        symbols[count] = entity->symbol;
        names[count] = entity->name;
        shards[count] = entity->shard;
        listed[count++] = entity->listed;
    }
    values[0] = tw_array_text(arena, TW_OID_TEXT, symbols, count, &lengths[0]);
    values[1] = tw_array_text(arena, TW_OID_TEXT, names, count, &lengths[1]);
    values[2] = tw_array_int16(arena, shards, count, &lengths[2]);
    values[3] = tw_array_bool(arena, listed, count, &lengths[3]);
    if (!values[0] || !values[1] || !values[2] || !values[3])
        return false;
    tw_connection_send(commit->options.connection, TW_ENTITIES_STORE, values, lengths);
    return true;
}

static bool has_entities(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, NULL, on_entities};
    const struct tw_encoded *encoded = commit->encoded;
    uint32_t missing = 0;
    for (uint32_t at = 0; at < encoded->entity_count; at++)
        missing += !tw_keyset_has(&commit->options.known->entities, encoded->entities[at].key);
    if (missing == 0)
        return true;
    size_t mark = tw_arena_mark(&commit->arena);
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    (void)!send_entities(commit, missing); /* no room: the same as a name that cannot be stored */
    tw_connection_sync(commit->options.connection);
    tw_arena_rewind(&commit->arena, mark);
    return false;
}

/* -- prepare: what stands there already, after a reset ----------------------------------------------------------------- */

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

static bool compared_rows(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_commit *commit = context;
    (void)statement;
    for (int row = 0; row < PQntuples(result); row++) {
        int64_t offset = tw_get_int64(PQgetvalue(result, row, 0));
        uint32_t index = document_at(commit->batch, offset);
        bool equal = *PQgetvalue(result, row, 1) != 0;
        if (index >= commit->batch->count || commit->batch->messages[index].offset != offset)
            continue;
        if (equal) {
            commit->skip[index] = 1;
        } else if (!commit->differs) {
            commit->differs = true;
            commit->differs_offset = offset;
        }
    }
    return false;
}

static void on_compared(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    struct tw_error err;
    if (refusal) {
        try_later(commit, refusal);
        return;
    }
    if (commit->differs) {
        tw_fail(&err, TW_HELD, NULL,
            "see whether the topic was made anew; then reset to an offset beyond, or use another topic name",
            "offset %" PRId64 " is stored already, with other bytes", commit->differs_offset);
        log_refusal(commit, TW_ERROR, "stopped: would overwrite a document", &err);
        finish(commit, TW_COMMIT_FENCED);
        return;
    }
    commit->compared = true;
    if (encode_again(commit))
        go_again(commit, TW_COMMIT_PREPARE);
}

static void send_compare(struct tw_commit *commit, const struct tw_call *call)
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
        tw_connection_send(commit->options.connection, table->compare, values, lengths);
    }
}

/* True when nothing of the part can stand there already. */
static bool is_compared(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, compared_rows, on_compared};
    if (commit->compared || commit->begin_offset >= commit->batch->partition->highest_offset)
        return true;
    if (!commit->skip)
        commit->skip = calloc(commit->batch->count + 1, 1);
    if (!commit->skip) {
        commit->options.wait(commit->options.context, commit->retry_ms);
        return false;
    }
    commit->differs = false;
    tw_encoded_set_ids(commit->encoded, commit->batch->partition->topic_id, 0);
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    for (uint32_t at = 0; at < commit->encoded->call_count; at++)
        send_compare(commit, &commit->encoded->calls[at]);
    tw_connection_sync(commit->options.connection);
    return false;
}

/* -- whoever holds the row ----------------------------------------------------------------------------------------------- */

static void on_unblocked(void *context, const struct tw_refusal *refusal)
{
    struct tw_commit *commit = context;
    commit->blocked = false;
    if (refusal)
        try_later(commit, refusal);
    else
        go_again(commit, commit->step);
}

static void end_blockers(struct tw_commit *commit)
{
    struct tw_exchange exchange = {commit, NULL, on_unblocked};
    const char *topic = commit->batch->partition->topic;
    const char *values[] = {topic, commit->encoded->shared.partition};
    const int lengths[] = {(int)strlen(topic), 4};
    tw_connection_begin_exchange(commit->options.connection, &exchange);
    tw_connection_send(commit->options.connection, TW_BLOCKERS_END, values, lengths);
    tw_connection_sync(commit->options.connection);
}

/* -- the room ---------------------------------------------------------------------------------------------------------- */

bool tw_commit_begin(struct tw_commit *commit, const struct tw_commit_options *options, struct tw_error *err)
{
    *commit = (struct tw_commit){.options = *options, .step = TW_COMMIT_IDLE};
    return tw_arena_begin(&commit->arena, (size_t)options->config->batch.memory_bytes, err);
}

void tw_commit_end(struct tw_commit *commit)
{
    free(commit->skip);
    tw_arena_end(&commit->arena);
}

void tw_commit_batch(struct tw_commit *commit, struct tw_batch *batch)
{
    commit->batch = batch;
    commit->begin_offset = batch->begin_offset;
    commit->parts[0] = (struct tw_commit_part){0, batch->count};
    commit->part_count = 1;
    begin_part(commit);
}

void tw_commit_go(struct tw_commit *commit)
{
    int16_t model_id = 0;
    if (commit->blocked)
        end_blockers(commit);
    else if (commit->step == TW_COMMIT_SETTLE)
        settle(commit);
    else if (commit->step == TW_COMMIT_LEARN)
        learn(commit);
    else if (commit->step == TW_COMMIT_PREPARE && is_compared(commit) && has_days(commit) &&
             has_model(commit, &model_id) && has_entities(commit))
        send_transaction(commit, model_id);
}

struct tw_batch *tw_commit_drop(struct tw_commit *commit)
{
    return commit->batch ? release(commit) : NULL;
}
