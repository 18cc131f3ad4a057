#include "evaluate/evaluator.h"

#include "alert/shard.h"
#include "config/config.h"
#include "evaluate/turn_rows.h"
#include "postgres/session.h"
#include "postgres/wire.h"
#include "time/bars.h"
#include "time/watermark.h"
#include "version.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BEAT_MOST_MS = 1000,
    STALE_US = 5000000,
    BARS_AT_ONCE = 50000,
    ARENA_BYTES = 256 << 20,
    KEEP_BYTES = 4 << 20,
    PROBLEMS_BYTES = 1 << 20,
    LEAVE_MS = 1000,
    RETRY_MS = 1000,
};

struct stored_rules {
    int32_t id; /* rule_set_id */
    int64_t holds_from_us;
    struct tw_rule_set *rules;
};

/* What is done next, when the connection is free. One function each. */
enum phase { WAIT, STORE_RULES, BEAT, SHARE, TAKE, LOOK, CUT, READ, WORK, WRITE, LET_GO, LEAVE };

struct shard {
    bool locked; /* the advisory lock is this session's */
    bool held;   /* and the row bears our token */
    bool wanted;
    int64_t epoch;
    int64_t evaluated_us; /* TW_NO_TIME: never */
};

/* A partition that the watermark passes over. */
struct idle {
    int16_t topic_id;
    int32_t partition;
    int64_t next_offset;
};

struct tw_evaluator {
    uv_loop_t *loop;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_pool *pool;
    struct tw_evaluate_events events;
    struct tw_session session;
    enum phase phase;
    bool ready;

    unsigned char member[16];
    uint64_t beat_ms;
    struct shard shards[TW_SHARDS];

    struct stored_rules *sets;
    uint32_t set_count;
    char *wanted_rules; /* canonical text to be stored; NULL: done */
    char wanted_hash[65];
    char sent_hash[65]; /* of the rules on their way: a reload may replace the wanted ones meanwhile */

    /* The turn at hand. */
    struct tw_arena arena;
    int64_t watermark_us;
    struct idle *idles;
    uint32_t idle_count;
    int16_t turn_shards[TW_SHARDS]; /* shards of the turn, all evaluated to the same time */
    uint32_t turn_count;
    int64_t turn_from_us; /* as the rows say: may be TW_NO_TIME */
    int64_t to_us;
    struct tw_turn_rows rows;
    struct tw_turn turn;
    struct tw_job job;
    bool job_out;
    bool job_ran;
    bool job_done;
    struct tw_error job_error;
    bool abandoned; /* the connection was lost while the job was out */
    char scalars[64];

    bool ending;
    void (*closed)(void *context);
    void *closed_context;
};

static void go(struct tw_evaluator *evaluator);

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* -- turns of the clock ------------------------------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer)
{
    struct tw_evaluator *evaluator = timer->data;
    bool due = now_ms() >= evaluator->beat_ms;
    if (evaluator->phase == WAIT)
        evaluator->phase = evaluator->wanted_rules ? STORE_RULES : due ? BEAT : LOOK;
    go(evaluator);
}

static void wait_then(struct tw_evaluator *evaluator, uint64_t milliseconds)
{
    evaluator->phase = WAIT;
    if (!evaluator->ending)
        uv_timer_start(&evaluator->session.timer, on_timer, milliseconds, 0);
}

static void move_on(struct tw_evaluator *evaluator, enum phase phase)
{
    evaluator->phase = phase;
    go(evaluator);
}

static void clear_answers(struct tw_evaluator *evaluator)
{
    for (int stream = 0; stream < TW_TURN_STREAMS; stream++)
        PQclear(evaluator->rows.answers[stream]);
    evaluator->rows = (struct tw_turn_rows){0};
}

static void clear_turn(struct tw_evaluator *evaluator)
{
    clear_answers(evaluator);
    evaluator->turn = (struct tw_turn){0};
    evaluator->idles = NULL;
    evaluator->idle_count = 0;
    evaluator->turn_count = 0;
    tw_arena_reset(&evaluator->arena, KEEP_BYTES);
}

static void count_shards(struct tw_evaluator *evaluator)
{
    int held = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        held += evaluator->shards[shard].held;
    tw_gauge_set(evaluator->metrics, TW_GAUGE_SHARDS, held);
}

/* What failed, and how it goes on: fenced, all shards are let go and taken anew; outrun, the turn is repeated. */
static void recover(struct tw_evaluator *evaluator, const char *what, const struct tw_refusal *refusal)
{
    if (refusal->lost)
        return; /* on_lost tidies up */
    bool outrun = refusal->means == TW_SQLSTATE_OUTRUN;
    clear_turn(evaluator);
    if (!outrun)
        tw_log_error(evaluator->log, "evaluate", what, &refusal->error);
    if (refusal->means == TW_SQLSTATE_FENCED)
        move_on(evaluator, LET_GO);
    else
        wait_then(evaluator, outrun ? 10 : RETRY_MS);
}

static void begin_exchange(struct tw_evaluator *evaluator,
    bool (*rows)(void *context, enum tw_statement statement, PGresult *result),
    void (*done)(void *context, const struct tw_refusal *refusal))
{
    struct tw_exchange exchange = {evaluator, rows, done};
    tw_connection_begin_exchange(evaluator->session.connection, &exchange);
}

/* -- rules -------------------------------------------------------------------------------------------------------------- */

static void on_rules_stored(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        recover(evaluator, "rules not stored", refusal);
        return;
    }
    if (strcmp(evaluator->sent_hash, evaluator->wanted_hash) != 0) {
        move_on(evaluator, STORE_RULES);
        return;
    }
    free(evaluator->wanted_rules);
    evaluator->wanted_rules = NULL;
    move_on(evaluator, now_ms() >= evaluator->beat_ms ? BEAT : LOOK);
}

static void store_rules(struct tw_evaluator *evaluator)
{
    const char *values[] = {evaluator->wanted_hash, evaluator->session.owner, evaluator->wanted_rules};
    const int lengths[] = {(int)strlen(values[0]), (int)strlen(values[1]), (int)strlen(values[2])};
    memcpy(evaluator->sent_hash, evaluator->wanted_hash, sizeof evaluator->sent_hash);
    begin_exchange(evaluator, NULL, on_rules_stored);
    tw_connection_send(evaluator->session.connection, TW_RULE_SET_STORE, values, lengths);
    tw_connection_sync(evaluator->session.connection);
}

/* A set from the database: one that cannot be read by this program stops the evaluation, it is never passed over. */
static bool add_set(struct tw_evaluator *evaluator, const PGresult *result, int row, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_problems problems;
    struct tw_text_file source = {
        "tapewatch.rule_sets", {PQgetvalue(result, row, 2), (size_t)PQgetlength(result, row, 2)}};
    struct stored_rules set = {.id = tw_get_int32(PQgetvalue(result, row, 0)),
        .holds_from_us = tw_get_time(PQgetvalue(result, row, 1))};
    struct stored_rules *sets =
        realloc(evaluator->sets, (evaluator->set_count + 1) * sizeof *evaluator->sets);
    if (!sets)
        return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
    evaluator->sets = sets;
    if (!tw_arena_begin(&arena, PROBLEMS_BYTES, err))
        return false;
    tw_problems_begin(&problems, &arena);
    bool loaded = tw_rules_load(&source, &problems, &set.rules, err);
    tw_arena_end(&arena);
    if (loaded)
        sets[evaluator->set_count++] = set;
    return loaded;
}

static void free_sets(struct tw_evaluator *evaluator)
{
    for (uint32_t at = 0; at < evaluator->set_count; at++)
        tw_rules_free(evaluator->sets[at].rules);
    free(evaluator->sets);
    evaluator->sets = NULL;
    evaluator->set_count = 0;
}

static int32_t last_set(const struct tw_evaluator *evaluator)
{
    return evaluator->set_count > 0 ? evaluator->sets[evaluator->set_count - 1].id : 0;
}

/* -- a sign of life, and a share of the shards ---------------------------------------------------------------------------- */

static bool members_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    int members = PQntuples(result);
    int place = -1;
    if (statement != TW_MEMBERS_READ)
        return false;
    for (int row = 0; row < members; row++)
        if (memcmp(PQgetvalue(result, row, 0), evaluator->member, sizeof evaluator->member) == 0)
            place = row;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        evaluator->shards[shard].wanted = place >= 0 && shard % members == place;
    return false;
}

static uint64_t beat_pause_ms(const struct tw_evaluator *evaluator)
{
    uint64_t third = (uint64_t)evaluator->config->evaluate.idle_session_ms / 3;
    return third < BEAT_MOST_MS ? third : BEAT_MOST_MS;
}

static void on_beaten(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        recover(evaluator, "sign of life not stored", refusal);
        return;
    }
    evaluator->beat_ms = now_ms() + beat_pause_ms(evaluator);
    if (!evaluator->ready) {
        evaluator->ready = true;
        evaluator->events.state(evaluator->events.context, true, NULL);
    }
    move_on(evaluator, SHARE);
}

static void beat(struct tw_evaluator *evaluator)
{
    const char *version = tw_version();
    const char *values[] = {(const char *)evaluator->member, evaluator->session.owner, version};
    const int lengths[] = {16, (int)strlen(evaluator->session.owner), (int)strlen(version)};
    const char *alive[] = {evaluator->scalars};
    const int alive_length[] = {8};
    tw_put_int64(evaluator->scalars, evaluator->config->evaluate.idle_session_ms);
    begin_exchange(evaluator, members_row, on_beaten);
    tw_connection_send(evaluator->session.connection, TW_MEMBER_BEAT, values, lengths);
    tw_connection_send(evaluator->session.connection, TW_MEMBERS_READ, alive, alive_length);
    tw_connection_sync(evaluator->session.connection);
}

static bool share_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    if (statement != TW_SHARD_LOCK || PQntuples(result) != 1 || !*PQgetvalue(result, 0, 0))
        return false;
    int32_t shard = tw_get_int32(PQgetvalue(result, 0, 1));
    if (shard >= 0 && shard < TW_SHARDS)
        evaluator->shards[shard].locked = true;
    return false;
}

static void on_shared(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal)
        recover(evaluator, "shards not shared out", refusal);
    else
        move_on(evaluator, TAKE);
}

static void send_shard(struct tw_evaluator *evaluator, enum tw_statement statement, int32_t shard)
{
    const char *values[] = {evaluator->scalars};
    const int lengths[] = {4};
    tw_put_int32(evaluator->scalars, shard);
    tw_connection_send(evaluator->session.connection, statement, values, lengths);
}

/* Locks what is wanted (tried, not waited for), lets go what is wanted by others now. */
static void share(struct tw_evaluator *evaluator)
{
    bool nothing = true;
    bool taken = true;
    for (int32_t shard = 0; shard < TW_SHARDS; shard++) {
        nothing = nothing && evaluator->shards[shard].locked == evaluator->shards[shard].wanted;
        taken = taken && evaluator->shards[shard].locked == evaluator->shards[shard].held;
    }
    if (nothing) { /* locked and not taken: the last attempt was refused */
        move_on(evaluator, taken ? LOOK : TAKE);
        return;
    }
    begin_exchange(evaluator, share_row, on_shared);
    for (int32_t shard = 0; shard < TW_SHARDS; shard++) {
        struct shard *at = &evaluator->shards[shard];
        if (at->wanted && !at->locked)
            send_shard(evaluator, TW_SHARD_LOCK, shard);
        if (at->wanted || !at->locked)
            continue;
        send_shard(evaluator, TW_SHARD_UNLOCK, shard);
        at->locked = false;
        at->held = false;
    }
    tw_connection_sync(evaluator->session.connection);
}

static bool taken_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    (void)statement;
    if (PQntuples(result) != 1)
        return false;
    struct shard *shard = &evaluator->shards[tw_get_int16(PQgetvalue(result, 0, 0)) % TW_SHARDS];
    shard->epoch = tw_get_int64(PQgetvalue(result, 0, 1));
    shard->evaluated_us = PQgetisnull(result, 0, 2) ? TW_NO_TIME : tw_get_time(PQgetvalue(result, 0, 2));
    shard->held = true;
    return false;
}

static void on_taken(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) { /* nothing of it was committed */
        for (int shard = 0; shard < TW_SHARDS; shard++)
            evaluator->shards[shard].held = false;
        recover(evaluator, "shards not taken", refusal);
        return;
    }
    count_shards(evaluator);
    tw_log(evaluator->log, TW_INFO, "evaluate", "shards held",
        tw_int("shards", (int64_t)evaluator->metrics->gauges[TW_GAUGE_SHARDS]));
    move_on(evaluator, LOOK);
}

static void take(struct tw_evaluator *evaluator)
{
    const char *values[] = {
        evaluator->scalars, (const char *)evaluator->session.token, evaluator->session.owner};
    const int lengths[] = {2, 16, (int)strlen(evaluator->session.owner)};
    begin_exchange(evaluator, taken_row, on_taken);
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        if (!evaluator->shards[shard].locked || evaluator->shards[shard].held)
            continue;
        tw_put_int16(evaluator->scalars, (int16_t)shard);
        tw_connection_send(evaluator->session.connection, TW_SHARD_TAKE, values, lengths);
    }
    tw_connection_sync(evaluator->session.connection);
}

static void on_let_go(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        recover(evaluator, "shards not let go", refusal);
        return;
    }
    count_shards(evaluator);
    evaluator->beat_ms = 0;
    wait_then(evaluator, RETRY_MS);
}

static void let_go(struct tw_evaluator *evaluator)
{
    begin_exchange(evaluator, NULL, on_let_go);
    for (int32_t shard = 0; shard < TW_SHARDS; shard++) {
        if (evaluator->shards[shard].locked)
            send_shard(evaluator, TW_SHARD_UNLOCK, shard);
        evaluator->shards[shard].locked = false;
        evaluator->shards[shard].held = false;
    }
    tw_connection_sync(evaluator->session.connection);
}

/* -- look: how far has event time come? --------------------------------------------------------------------------------------- */

static struct tw_watermark_options watermark_options(const struct tw_evaluator *evaluator)
{
    return (struct tw_watermark_options){.lateness_us = evaluator->config->watermark.lateness_us,
        .idle_after_us = evaluator->config->watermark.idle_after_us,
        .stale_after_us = STALE_US};
}

static bool read_positions(struct tw_evaluator *evaluator, const PGresult *result)
{
    struct tw_watermark_options options = watermark_options(evaluator);
    int count = PQntuples(result);
    struct tw_partition_time *times = tw_arena_array(&evaluator->arena, (size_t)count, sizeof *times);
    evaluator->idles = tw_arena_array(&evaluator->arena, (size_t)count, sizeof *evaluator->idles);
    if (!times || !evaluator->idles)
        return false;
    for (int row = 0; row < count; row++) {
        times[row] = (struct tw_partition_time){.watermark_us = PQgetisnull(result, row, 3)
                                                                    ? TW_NO_TIME
                                                                    : tw_get_time(PQgetvalue(result, row, 3)),
            .caught_up = *PQgetvalue(result, row, 4) != 0,
            .silent_us = tw_get_int64(PQgetvalue(result, row, 5)),
            .unseen_us = tw_get_int64(PQgetvalue(result, row, 6))};
        if (tw_watermark_is_idle(&times[row], &options))
            evaluator->idles[evaluator->idle_count++] =
                (struct idle){tw_get_int16(PQgetvalue(result, row, 0)),
                    tw_get_int32(PQgetvalue(result, row, 1)), tw_get_int64(PQgetvalue(result, row, 2))};
    }
    evaluator->watermark_us = tw_watermark_of_stream(times, (size_t)count, &options);
    return true;
}

static bool look_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    if (statement == TW_POSITIONS_READ) {
        if (!read_positions(evaluator, result))
            tw_arena_fail(&evaluator->arena, &evaluator->job_error);
        return false;
    }
    for (int row = 0; row < PQntuples(result) && !evaluator->job_error.what[0]; row++)
        if (!add_set(evaluator, result, row, &evaluator->job_error))
            break;
    return false;
}

/* The shards that are furthest behind and can move; false when none can. */
static bool choose_turn(struct tw_evaluator *evaluator)
{
    int64_t from_us = INT64_MAX;
    evaluator->turn_count = 0;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        if (evaluator->shards[shard].held && evaluator->shards[shard].evaluated_us < from_us)
            from_us = evaluator->shards[shard].evaluated_us;
    if (from_us == INT64_MAX)
        return false;
    evaluator->turn_from_us = from_us;
    evaluator->to_us = tw_watermark_close(from_us, evaluator->watermark_us);
    if (evaluator->to_us == TW_NO_TIME || evaluator->to_us <= from_us || evaluator->to_us <= 0)
        return false;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        if (evaluator->shards[shard].held && evaluator->shards[shard].evaluated_us == from_us)
            evaluator->turn_shards[evaluator->turn_count++] = (int16_t)shard;
    return true;
}

static void on_looked(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal) {
        recover(evaluator, "positions not read", refusal);
        return;
    }
    if (evaluator->job_error.what[0]) {
        tw_log_error(evaluator->log, "evaluate", "rules are not evaluated", &evaluator->job_error);
        clear_turn(evaluator);
        wait_then(evaluator, RETRY_MS);
        return;
    }
    tw_gauge_set(evaluator->metrics, TW_GAUGE_STREAM_WATERMARK,
        evaluator->watermark_us == TW_NO_TIME ? 0 : (double)evaluator->watermark_us / 1e6);
    if (choose_turn(evaluator)) {
        move_on(evaluator, CUT);
        return;
    }
    clear_turn(evaluator);
    wait_then(evaluator, (uint64_t)evaluator->config->evaluate.interval_ms);
}

static void look(struct tw_evaluator *evaluator)
{
    const struct tw_strings *topics = &evaluator->config->kafka.topics;
    struct tw_text *names = tw_arena_array(&evaluator->arena, topics->count, sizeof *names);
    const char *values[1];
    int lengths[1];
    const char *after[] = {evaluator->scalars};
    const int after_length[] = {4};
    evaluator->job_error = (struct tw_error){0};
    for (uint32_t at = 0; names && at < topics->count; at++)
        names[at] = tw_text_of(topics->items[at]);
    values[0] =
        names ? tw_array_text(&evaluator->arena, TW_OID_TEXT, names, topics->count, &lengths[0]) : NULL;
    if (!values[0]) {
        clear_turn(evaluator);
        wait_then(evaluator, RETRY_MS);
        return;
    }
    tw_put_int32(evaluator->scalars, last_set(evaluator));
    begin_exchange(evaluator, look_row, on_looked);
    tw_connection_send(evaluator->session.connection, TW_POSITIONS_READ, values, lengths);
    tw_connection_send(evaluator->session.connection, TW_RULE_SETS_READ, after, after_length);
    tw_connection_sync(evaluator->session.connection);
}

/* -- cut and read ---------------------------------------------------------------------------------------------------------------- */

/* Rules look at edges after this. Never evaluated: event times begin in 1970 (contracts, "Time"). */
static int64_t from_us(const struct tw_evaluator *evaluator)
{
    return evaluator->turn_from_us == TW_NO_TIME ? 0 : evaluator->turn_from_us;
}

static int64_t longest_window_us(const struct tw_evaluator *evaluator)
{
    int64_t longest_us = 0;
    for (uint32_t at = 0; at < evaluator->set_count; at++)
        if (evaluator->sets[at].rules->longest_window_us > longest_us)
            longest_us = evaluator->sets[at].rules->longest_window_us;
    return longest_us;
}

static bool cut_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    (void)statement;
    if (PQntuples(result) != 1)
        return false;
    int64_t cut_us = tw_get_time(PQgetvalue(result, 0, 0));
    evaluator->to_us = cut_us > from_us(evaluator) ? cut_us : from_us(evaluator) + TW_BAR_US;
    return false;
}

static void on_cut(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal)
        recover(evaluator, "bars not counted", refusal);
    else
        move_on(evaluator, READ);
}

static bool set_turn(struct tw_evaluator *evaluator, const char **value, int *length)
{
    *value = tw_array_int16(&evaluator->arena, evaluator->turn_shards, evaluator->turn_count, length);
    return *value != NULL;
}

static void give_up_turn(struct tw_evaluator *evaluator, const struct tw_error *err)
{
    tw_log_error(evaluator->log, "evaluate", "rules are not evaluated", err);
    clear_turn(evaluator);
    wait_then(evaluator, RETRY_MS);
}

static void cut(struct tw_evaluator *evaluator)
{
    char *numbers = evaluator->scalars;
    const char *values[] = {numbers, numbers + 8, NULL, numbers + 16};
    int lengths[] = {8, 8, 0, 8};
    struct tw_error err;
    tw_put_time(numbers, from_us(evaluator));
    tw_put_time(numbers + 8, evaluator->to_us);
    tw_put_int64(numbers + 16, BARS_AT_ONCE);
    if (!set_turn(evaluator, &values[2], &lengths[2])) {
        tw_arena_fail(&evaluator->arena, &err);
        give_up_turn(evaluator, &err);
        return;
    }
    begin_exchange(evaluator, cut_row, on_cut);
    tw_connection_send(evaluator->session.connection, TW_BARS_CUT, values, lengths);
    tw_connection_sync(evaluator->session.connection);
}

static bool keep_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_evaluator *evaluator = context;
    enum tw_turn_stream stream = statement == TW_BARS_READ     ? TW_TURN_BARS
                                 : statement == TW_EVENTS_READ ? TW_TURN_EVENTS
                                                               : TW_TURN_ALERTS;
    evaluator->rows.answers[stream] = result;
    return true;
}

static void on_read(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    if (refusal)
        recover(evaluator, "bars not read", refusal);
    else
        move_on(evaluator, WORK);
}

static void read_rows(struct tw_evaluator *evaluator)
{
    char *numbers = evaluator->scalars;
    struct tw_error err;
    const char *shards;
    int shards_length;
    if (!set_turn(evaluator, &shards, &shards_length)) {
        tw_arena_fail(&evaluator->arena, &err);
        give_up_turn(evaluator, &err);
        return;
    }
    const char *values[] = {numbers, numbers + 8, shards};
    const int lengths[] = {8, 8, shards_length};
    tw_put_time(numbers, from_us(evaluator) - longest_window_us(evaluator));
    tw_put_time(numbers + 8, evaluator->to_us);
    begin_exchange(evaluator, keep_row, on_read);
    tw_connection_send(evaluator->session.connection, TW_BARS_READ, values, lengths);
    tw_connection_send(evaluator->session.connection, TW_EVENTS_READ, values + 1, lengths + 1);
    tw_connection_send(evaluator->session.connection, TW_ALERTS_READ, values + 2, lengths + 2);
    tw_connection_sync(evaluator->session.connection);
}

/* -- work, on a worker ----------------------------------------------------------------------------------------------------------- */

static void run_job(struct tw_job *job)
{
    struct tw_evaluator *evaluator = job->context;
    evaluator->job_ran = true;
    evaluator->job_done = tw_turn_run(&evaluator->turn, &evaluator->job_error);
}

static void close_rest(struct tw_evaluator *evaluator);

static void job_back(struct tw_job *job)
{
    struct tw_evaluator *evaluator = job->context;
    evaluator->job_out = false;
    if (evaluator->ending) {
        close_rest(evaluator);
        return;
    }
    if (evaluator->abandoned || !evaluator->job_ran) {
        evaluator->abandoned = false;
        clear_turn(evaluator);
        free_sets(evaluator);
        wait_then(evaluator, 0);
        return;
    }
    if (!evaluator->job_done) {
        give_up_turn(evaluator, &evaluator->job_error);
        return;
    }
    move_on(evaluator, WRITE);
}

static void work(struct tw_evaluator *evaluator)
{
    struct tw_rule_span *spans = tw_arena_array(&evaluator->arena, evaluator->set_count, sizeof *spans);
    struct tw_error err;
    if (!spans) {
        tw_arena_fail(&evaluator->arena, &err);
        give_up_turn(evaluator, &err);
        return;
    }
    for (uint32_t at = 0; at < evaluator->set_count; at++)
        spans[at] = (struct tw_rule_span){
            evaluator->sets[at].rules, evaluator->sets[at].holds_from_us, evaluator->sets[at].id};
    evaluator->turn = (struct tw_turn){.sets = spans,
        .set_count = evaluator->set_count,
        .from_us = from_us(evaluator),
        .to_us = evaluator->to_us,
        .arena = &evaluator->arena};
    evaluator->rows.arena = &evaluator->arena;
    tw_turn_rows_attach(&evaluator->rows, &evaluator->turn);
    evaluator->job = (struct tw_job){.run = run_job, .done = job_back, .context = evaluator};
    evaluator->job_out = true;
    evaluator->job_ran = false;
    evaluator->job_done = false;
    evaluator->job_error = (struct tw_error){0};
    tw_pool_job(evaluator->pool, &evaluator->job);
}

/* -- write ------------------------------------------------------------------------------------------------------------------------ */

static void on_written(void *context, const struct tw_refusal *refusal)
{
    struct tw_evaluator *evaluator = context;
    const struct tw_turn *done = &evaluator->turn;
    if (refusal) {
        recover(evaluator, "alerts not stored", refusal);
        return;
    }
    for (uint32_t at = 0; at < evaluator->turn_count; at++)
        evaluator->shards[evaluator->turn_shards[at]].evaluated_us = evaluator->to_us;
    tw_count(evaluator->metrics, TW_COUNT_ALERTS_OPENED, done->opened);
    tw_count(evaluator->metrics, TW_COUNT_ALERTS_UPDATED, done->updated);
    tw_count(evaluator->metrics, TW_COUNT_ALERTS_RESOLVED, done->resolved);
    tw_count(evaluator->metrics, TW_COUNT_BARS_EVALUATED, done->bars);
    if (done->opened + done->updated + done->resolved > 0)
        tw_log(evaluator->log, TW_INFO, "evaluate", "alerts", tw_int("opened", (int64_t)done->opened),
            tw_int("updated", (int64_t)done->updated), tw_int("resolved", (int64_t)done->resolved));
    clear_turn(evaluator);
    /* There may be more: other shards, or the rest of an interval that was cut. Then life goes on first. */
    wait_then(evaluator, 0);
}

/* Parameters of the check that the partitions passed over are still idle; false when the arena is full. */
static bool set_idle_check(struct tw_evaluator *evaluator, const char *values[3], int lengths[3])
{
    struct tw_arena *arena = &evaluator->arena;
    uint32_t count = evaluator->idle_count;
    int16_t *topics = tw_arena_array(arena, count, sizeof *topics);
    int32_t *partitions = tw_arena_array(arena, count, sizeof *partitions);
    int64_t *offsets = tw_arena_array(arena, count, sizeof *offsets);
    if (!topics || !partitions || !offsets)
        return false;
    for (uint32_t at = 0; at < count; at++) {
        topics[at] = evaluator->idles[at].topic_id;
        partitions[at] = evaluator->idles[at].partition;
        offsets[at] = evaluator->idles[at].next_offset;
    }
    values[0] = tw_array_int16(arena, topics, count, &lengths[0]);
    values[1] = tw_array_int32(arena, TW_OID_INT4, partitions, count, &lengths[1]);
    values[2] = tw_array_int64(arena, offsets, count, &lengths[2]);
    return values[0] && values[1] && values[2];
}

static void write_turn(struct tw_evaluator *evaluator)
{
    char *numbers = evaluator->scalars;
    int64_t epochs[TW_SHARDS];
    struct tw_error err;
    const char *values[] = {
        NULL, NULL, (const char *)evaluator->session.token, numbers, numbers + 8, numbers + 16};
    int lengths[] = {0, 0, 16, 8, 8, 4};
    const char *idle_values[3];
    int idle_lengths[3];
    for (uint32_t at = 0; at < evaluator->turn_count; at++)
        epochs[at] = evaluator->shards[evaluator->turn_shards[at]].epoch;
    values[1] = tw_array_int64(&evaluator->arena, epochs, evaluator->turn_count, &lengths[1]);
    /* All of it before the first statement: what is sent will be committed, whatever is missing behind it. */
    if (!set_turn(evaluator, &values[0], &lengths[0]) || !values[1] ||
        !set_idle_check(evaluator, idle_values, idle_lengths)) {
        tw_arena_fail(&evaluator->arena, &err);
        give_up_turn(evaluator, &err);
        return;
    }
    if (evaluator->turn_from_us == TW_NO_TIME)
        values[3] = NULL;
    tw_put_time(numbers, evaluator->turn_from_us);
    tw_put_time(numbers + 8, evaluator->to_us);
    tw_put_int32(numbers + 16, last_set(evaluator));
    begin_exchange(evaluator, NULL, on_written);
    tw_connection_send(evaluator->session.connection, TW_SHARDS_FENCE, values, lengths);
    for (uint32_t at = 0; at < evaluator->rows.call_count; at++) {
        const struct tw_turn_call *call = &evaluator->rows.calls[at];
        tw_connection_send(evaluator->session.connection, call->statement, call->values, call->lengths);
    }
    tw_connection_send(evaluator->session.connection, TW_IDLE_CHECK, idle_values, idle_lengths);
    tw_connection_send(evaluator->session.connection, TW_SHARDS_MOVE, values, lengths);
    tw_connection_sync(evaluator->session.connection);
}

/* -- whose turn it is ---------------------------------------------------------------------------------------------------------------- */

static void leave(struct tw_evaluator *evaluator);

static void go(struct tw_evaluator *evaluator)
{
    static void (*const phases[])(struct tw_evaluator *) = {[WAIT] = NULL,
        [STORE_RULES] = store_rules,
        [BEAT] = beat,
        [SHARE] = share,
        [TAKE] = take,
        [LOOK] = look,
        [CUT] = cut,
        [READ] = read_rows,
        [WORK] = work,
        [WRITE] = write_turn,
        [LET_GO] = let_go,
        [LEAVE] = leave};
    if (evaluator->ending && evaluator->phase != LEAVE)
        return;
    if (!tw_connection_ready(evaluator->session.connection) ||
        tw_connection_busy(evaluator->session.connection))
        return;
    if (phases[evaluator->phase])
        phases[evaluator->phase](evaluator);
}

/* -- the connection ------------------------------------------------------------------------------------------------------------------ */

static void on_ready(void *context)
{
    struct tw_evaluator *evaluator = context;
    struct tw_error err;
    if (!tw_session_new_token(&evaluator->session, &err))
        tw_log_error(evaluator->log, "evaluate", "no token", &err);
    evaluator->beat_ms = 0;
    if (!evaluator->job_out)
        wait_then(evaluator, 0);
}

/* With the session its locks are gone: nothing is held any more. The next server may be a standby that lagged, with
 * fewer rule sets than are known here: they are read anew. */
static void on_lost(void *context, const struct tw_error *err)
{
    struct tw_evaluator *evaluator = context;
    for (int shard = 0; shard < TW_SHARDS; shard++)
        evaluator->shards[shard] = (struct shard){.evaluated_us = TW_NO_TIME};
    count_shards(evaluator);
    evaluator->abandoned = evaluator->job_out;
    if (!evaluator->job_out) {
        clear_turn(evaluator);
        free_sets(evaluator);
        evaluator->phase = WAIT;
    }
    evaluator->ready = false;
    evaluator->events.state(evaluator->events.context, false, err);
}

/* -- begin and end -------------------------------------------------------------------------------------------------------------------- */

static bool copy_rules(struct tw_evaluator *evaluator, const struct tw_rule_set *rules, struct tw_error *err)
{
    char *copy = malloc(rules->canonical.length + 1);
    if (!copy)
        return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
    memcpy(copy, rules->canonical.bytes, rules->canonical.length);
    copy[rules->canonical.length] = '\0';
    free(evaluator->wanted_rules);
    evaluator->wanted_rules = copy;
    memcpy(evaluator->wanted_hash, rules->hash, sizeof evaluator->wanted_hash);
    return true;
}

static bool want_no_rules(struct tw_evaluator *evaluator, struct tw_error *err)
{
    struct tw_text_file none = {"no rules", tw_text_of("rules: []\n")};
    struct tw_problems problems;
    struct tw_rule_set *rules = NULL;
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, PROBLEMS_BYTES, err))
        return false;
    tw_problems_begin(&problems, &arena);
    bool done = tw_rules_load(&none, &problems, &rules, err) && copy_rules(evaluator, rules, err);
    tw_rules_free(rules);
    tw_arena_end(&arena);
    return done;
}

bool tw_evaluate_rules(struct tw_evaluator *evaluator, const struct tw_rule_set *rules, struct tw_error *err)
{
    return rules ? copy_rules(evaluator, rules, err) : want_no_rules(evaluator, err);
}

bool tw_evaluate_ready(const struct tw_evaluator *evaluator)
{
    return evaluator->ready;
}

static void dispose(struct tw_evaluator *evaluator)
{
    clear_answers(evaluator);
    free_sets(evaluator);
    free(evaluator->wanted_rules);
    tw_arena_end(&evaluator->arena);
    free(evaluator);
}

bool tw_evaluate_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, struct tw_pool *pool, const struct tw_rule_set *rules,
    const struct tw_evaluate_events *events, struct tw_evaluator **out, struct tw_error *err)
{
    struct tw_evaluator *evaluator = calloc(1, sizeof *evaluator);
    struct tw_connection_events heard = {evaluator, on_ready, on_lost};
    if (!evaluator)
        return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
    evaluator->loop = loop;
    evaluator->config = config;
    evaluator->log = log;
    evaluator->metrics = metrics;
    evaluator->pool = pool;
    evaluator->events = *events;
    tw_session_set(&evaluator->session, "idle_session_timeout", config->evaluate.idle_session_ms);
    tw_session_set(&evaluator->session, "lock_timeout", config->store.lock_timeout_ms);
    struct tw_session_options options = {.config = config,
        .application = "tapewatch evaluate",
        .room = "evaluate",
        .statements = TW_FOR_EVALUATOR};
    if (uv_random(NULL, NULL, evaluator->member, sizeof evaluator->member, 0, NULL) != 0)
        tw_fail(err, TW_INTERNAL, "evaluate", "see getrandom(2)", "no random numbers");
    else if (tw_arena_begin(&evaluator->arena, ARENA_BYTES, err) &&
             tw_evaluate_rules(evaluator, rules, err) &&
             tw_session_begin(&evaluator->session, loop, &options, log, &heard, err)) {
        *out = evaluator;
        return true;
    }
    dispose(evaluator);
    return false;
}

static void on_session_closed(void *context)
{
    struct tw_evaluator *evaluator = context;
    void (*closed)(void *context) = evaluator->closed;
    void *closed_context = evaluator->closed_context;
    dispose(evaluator);
    if (closed)
        closed(closed_context);
}

/* When the job is back and the good-bye is said, or not to be said any more. */
static void close_rest(struct tw_evaluator *evaluator)
{
    if (!evaluator->job_out && !evaluator->session.ending)
        tw_session_end(&evaluator->session, on_session_closed, evaluator);
}

static void on_left(void *context, const struct tw_refusal *refusal)
{
    (void)refusal;
    close_rest(context);
}

static void on_leave_over(uv_timer_t *timer)
{
    close_rest(timer->data);
}

static void leave(struct tw_evaluator *evaluator)
{
    const char *values[] = {(const char *)evaluator->member};
    const int lengths[] = {16};
    begin_exchange(evaluator, NULL, on_left);
    tw_connection_send(evaluator->session.connection, TW_MEMBER_LEAVE, values, lengths);
    tw_connection_sync(evaluator->session.connection);
}

/* Others get the shards at once when told, else when the sign of life is old. */
void tw_evaluate_end(struct tw_evaluator *evaluator, void (*closed)(void *context), void *context)
{
    bool can_leave = tw_connection_ready(evaluator->session.connection) &&
                     !tw_connection_busy(evaluator->session.connection) && !evaluator->job_out;
    evaluator->ending = true;
    evaluator->closed = closed;
    evaluator->closed_context = context;
    evaluator->phase = LEAVE;
    if (!can_leave) {
        close_rest(evaluator);
        return;
    }
    uv_timer_start(&evaluator->session.timer, on_leave_over, LEAVE_MS, 0);
    go(evaluator);
}
