/* store: never lost, never twice, against a real PostgreSQL. tests/integration/test_store starts it.
 *
 *     TW_TEST_CONNINFO   the superuser's; the database is migrated; rows of other tests may stand in it
 *
 * Each test has a topic of its own. The observer is a second, blocking connection as superuser. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "batches.h"
#include "config/config.h"
#include "observe/metrics.h"
#include "postgres/postgres.h"
#include "store/store.h"

enum { WAIT_MS = 20000 };

struct story {
    uv_loop_t loop;
    struct tw_store *store;
    struct tw_arena arena;
    struct tw_config config;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_partition partition;
    PGconn *observer;
    char conninfo[512]; /* the writer's */
    int port;
    bool ready;
    bool closed;
    int taken;
    int stored;
    int fenced;
    int fenced_by_refresh;
    uint64_t fenced_assignment;
    struct tw_batch *back[8]; /* handed back, in order */
};

static const struct batch_shape shape_of_hundred = {.documents = 100,
    .text_bytes = 120,
    .entities = 10,
    .scores_in_two = 3,
    .first_event_us = INT64_C(1795000000000000),
    .step_us = 100000,
    .rows_per_statement = 40,
    .poison = UINT32_MAX,
    .dead = UINT32_MAX};

/* -- the vocabulary ---------------------------------------------------------------------------- */

static void on_state(void *context, bool ready, const struct tw_error *err)
{
    struct story *story = context;
    story->ready = ready;
    if (err && !err->passing)
        fail_msg("%s: %s", err->where, err->what);
}

static void on_taken(
    void *context, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err)
{
    struct story *story = context;
    (void)assignment;
    assert_null(err);
    partition->cut_offset = partition->row_offset;
    story->taken++;
}

static void on_committed(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    struct story *story = context;
    if (story->stored + story->fenced < 8)
        story->back[story->stored + story->fenced] = batch;
    if (end == TW_BATCH_STORED)
        story->stored++;
    else
        story->fenced++;
}

static void on_fenced(void *context, uint64_t assignment)
{
    struct story *story = context;
    story->fenced_by_refresh++;
    story->fenced_assignment = assignment;
}

static void on_closed(void *context)
{
    struct story *story = context;
    story->closed = true;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Lets the loop run until the number reaches `wanted`, or fails. */
static void run_until(struct story *story, const int *number, int wanted)
{
    uv_timer_t tick;
    uint64_t until = uv_hrtime() / 1000000 + WAIT_MS;
    uv_timer_init(&story->loop, &tick);
    uv_timer_start(&tick, on_tick, 10, 10);
    while (*number < wanted && uv_hrtime() / 1000000 < until)
        uv_run(&story->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&story->loop, UV_RUN_NOWAIT);
    assert_int_equal(*number, wanted);
}

static void run_for(struct story *story, uint64_t milliseconds)
{
    uv_timer_t tick;
    uint64_t until = uv_hrtime() / 1000000 + milliseconds;
    uv_timer_init(&story->loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (uv_hrtime() / 1000000 < until)
        uv_run(&story->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&story->loop, UV_RUN_NOWAIT);
}

/* One statement by the observer; $T is the topic's number. Returns its single integer, -1 for none. */
static long long ask(struct story *story, const char *sql)
{
    const char *values[] = {story->partition.topic};
    PGresult *result =
        PQexecParams(story->observer, sql, strstr(sql, "$1") ? 1 : 0, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    long long number = -1;
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
        number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return number;
}

#define OF_TOPIC " topic_id = (SELECT topic_id FROM tapewatch.topics WHERE topic = $1)"

static long long documents(struct story *story)
{
    return ask(story, "SELECT count(*) FROM tapewatch.documents WHERE" OF_TOPIC);
}

static long long dead_letters(struct story *story)
{
    return ask(story, "SELECT count(*) FROM tapewatch.dead_letters WHERE" OF_TOPIC);
}

static long long stored_offset(struct story *story)
{
    return ask(story, "SELECT next_offset FROM tapewatch.positions WHERE" OF_TOPIC);
}

/* Bars that differ from what the scores say. */
static long long wrong_bars(struct story *story)
{
    return ask(story, "SELECT count(*) FROM (SELECT entity, topic_id, partition,"
                      " date_bin('10 s', event_time, 'epoch') AS bar_start, count(*) AS scores,"
                      " sum(sentiment::bigint) AS sum, sum(sentiment::bigint * sentiment) AS sum_of_squares,"
                      " sum(least(sentiment, 0)::bigint) AS negative_sum FROM tapewatch.scores"
                      " WHERE" OF_TOPIC " GROUP BY 1, 2, 3, 4) AS told"
                      " FULL JOIN (SELECT * FROM tapewatch.bars WHERE" OF_TOPIC ") AS kept"
                      " USING (entity, topic_id, partition, bar_start)"
                      " WHERE (told.scores, told.sum, told.sum_of_squares, told.negative_sum)"
                      " IS DISTINCT FROM (kept.scores, kept.sum, kept.sum_of_squares, kept.negative_sum)");
}

static void give(struct story *story, const struct batch_shape *shape)
{
    struct tw_error err = {0};
    struct tw_batch *batch = batches_make(shape, &story->partition, story->partition.cut_offset, &err);
    if (!batch)
        fail_msg("%s", err.what);
    story->partition.cut_offset = batch->end_offset;
    tw_store_commit(story->store, batch);
}

static void take(struct story *story)
{
    int before = story->taken;
    tw_store_take(story->store, &story->partition);
    run_until(story, &story->taken, before + 1);
}

static PGconn *observe(void)
{
    struct tw_postgres_options options = {getenv("TW_TEST_CONNINFO"), NULL, "observer"};
    struct tw_error err;
    PGconn *observer;
    if (!tw_postgres_connect(&options, &observer, &err))
        fail_msg("%s", err.what);
    return observer;
}

static void open_store(struct story *story)
{
    struct tw_store_events events = {story, on_committed, on_taken, on_state, on_fenced};
    struct tw_error err;
    uv_loop_init(&story->loop);
    story->ready = false;
    story->closed = false;
    if (!tw_store_begin(
            &story->loop, &story->config, &story->log, &story->metrics, &events, &story->store, &err))
        fail_msg("%s", err.what);
}

static int begin(void **state)
{
    static int number;
    struct story *story = calloc(1, sizeof *story);
    struct tw_error err;
    if (!story || !tw_arena_begin(&story->arena, 8 << 20, &err) ||
        !tw_config_defaults(&story->arena, &story->config, &err))
        return 1;
    const char *base = getenv("TW_TEST_CONNINFO");
    const char *superuser = strstr(base, "user=postgres");
    if (!superuser)
        return 1;
    snprintf(story->conninfo, sizeof story->conninfo, "%.*suser=tapewatch_writer%s", (int)(superuser - base),
        base, superuser + strlen("user=postgres"));
    story->config.store.conninfo = story->conninfo;
    story->config.store.lock_timeout_ms = 500;
    story->log = tw_log_open(TW_DEBUG, TW_LOG_FORMAT_LOGFMT, NULL);
    story->observer = observe();
    story->port = (int)strtol(PQport(story->observer), NULL, 10);
    snprintf(story->partition.topic, sizeof story->partition.topic, "story-%ld-%d", (long)getpid(), ++number);
    story->partition.row_offset = -1;
    story->partition.row_watermark_us = TW_NO_TIME;
    open_store(story);
    take(story);
    *state = story;
    return 0;
}

static void close_store(struct story *story)
{
    int closed = 0;
    tw_store_end(story->store, on_closed);
    for (int turn = 0; turn < 10000 && !story->closed; turn++)
        uv_run(&story->loop, UV_RUN_ONCE);
    closed = story->closed;
    assert_true(closed);
    uv_run(&story->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story->loop), 0);
}

static int end(void **state)
{
    struct story *story = *state;
    close_store(story);
    for (int at = 0; at < 8; at++)
        batches_free(story->back[at]);
    PQfinish(story->observer);
    tw_arena_end(&story->arena);
    free(story);
    return 0;
}

static void with_lock_timeout(struct story *story, int64_t milliseconds)
{
    close_store(story);
    story->config.store.lock_timeout_ms = milliseconds;
    open_store(story);
    take(story);
}

/* The store's own socket: the descriptor of ours that leads to the server and is not the observer's. */
static int socket_of_store(const struct story *story)
{
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        if (fd != PQsocket(story->observer) && getpeername(fd, (struct sockaddr *)&peer, &length) == 0 &&
            peer.sin_family == AF_INET && ntohs(peer.sin_port) == story->port)
            return fd;
    }
    fail_msg("the store has no connection");
    return -1;
}

/* The link is cut before the answer is read: what the server does about it is its own affair. */
static void lose_answer(struct story *story)
{
    char bytes[65536];
    int fd = socket_of_store(story);
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    shutdown(fd, SHUT_RDWR);
}

static long long backend(struct story *story)
{
    return ask(story, "SELECT pid FROM pg_stat_activity WHERE application_name = 'tapewatch store'"
                      " AND datname = current_database() ORDER BY backend_start DESC LIMIT 1");
}

/* Sends the batch, and waits, without reading, until the server has come as far as `seen` says. The session
 * is idle while the batch is not sent, which takes long on a machine that others load, and when it has
 * answered; then `seen` holds. */
static void send_and_wait(struct story *story, const char *seen)
{
    for (int turn = 0; turn < 1000; turn++) {
        bool idle =
            ask(story, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapewatch store'"
                       " AND datname = current_database() AND state = 'active'") == 0;
        if (ask(story, seen) > 0)
            return;
        if (idle)
            uv_run(&story->loop, UV_RUN_NOWAIT);
        usleep(idle ? 1000 : 5000);
    }
    fail_msg("the server never came so far: %s", seen);
}

/* Lets the loop run until the server has come as far as `seen` says. */
static void run_until_seen(struct story *story, const char *seen)
{
    for (int turn = 0; turn < WAIT_MS / 20; turn++) {
        run_for(story, 20);
        if (ask(story, seen) > 0)
            return;
    }
    fail_msg("the server never came so far: %s", seen);
}

#define STORE_WAITS                                                                                          \
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapewatch store'"                       \
    " AND datname = current_database() AND wait_event_type = 'Lock'"

/* -- the stories ------------------------------------------------------------------------------- */

static void what_is_given_is_stored_once_with_its_scores_bars_and_offset(void **state)
{
    struct story *story = *state;
    for (int batch = 0; batch < 3; batch++)
        give(story, &shape_of_hundred);
    run_until(story, &story->stored, 3);
    assert_int_equal(documents(story), 300);
    assert_int_equal(stored_offset(story), 300);
    assert_int_equal(story->partition.row_offset, 300);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.scores WHERE" OF_TOPIC), 450);
    assert_int_equal(wrong_bars(story), 0);
    assert_int_equal(story->metrics.counters[TW_COUNT_DOCUMENTS], 300);
    assert_int_equal(story->metrics.counters[TW_COUNT_LATE], 0);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.entities WHERE symbol LIKE 'SYM000_'"), 10);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.documents d JOIN tapewatch.models USING (model_id)"
                   " WHERE sha256 LIKE '0123%' AND title <> '' AND body <> '' AND" OF_TOPIC),
        300);
}

static void a_partition_taken_by_another_stores_nothing_more(void **state)
{
    struct story *story = *state;
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    ask(story, "SELECT epoch FROM tapewatch.take_partition($1, 0, gen_random_uuid(), 'another')");
    give(story, &shape_of_hundred);
    run_until(story, &story->fenced, 1);
    assert_int_equal(documents(story), 100);
    assert_int_equal(stored_offset(story), 100);
    assert_int_equal(story->metrics.counters[TW_COUNT_FENCED], 1);
}

/* Else each new owner would begin to wait anew, and none would ever say that records wait. */
static void who_takes_a_partition_learns_how_long_it_has_stood(void **state)
{
    struct story *story = *state;
    assert_int_equal(story->partition.stood_ms, 0); /* nothing was ever stored of it */
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    ask(story, "UPDATE tapewatch.positions SET moved_at = moved_at - interval '1 hour' RETURNING epoch");
    take(story);
    assert_in_range(story->partition.stood_ms, 3600000, 3660000);
}

static void a_row_behind_our_memory_is_not_ours_to_move(void **state)
{
    struct story *story = *state;
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    ask(story, "UPDATE tapewatch.positions SET next_offset = 40 WHERE" OF_TOPIC);
    give(story, &shape_of_hundred);
    run_until(story, &story->fenced, 1);
    assert_int_equal(documents(story), 100);
}

/* Whoever has the partition now may hold its row, and the zombie's rows may be ones that PostgreSQL
 * refuses: neither is met. */
static void a_zombie_meets_the_fence_before_anything_else(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    ask(story, "SELECT epoch FROM tapewatch.take_partition($1, 0, gen_random_uuid(), 'another')");
    ask(story, "BEGIN");
    ask(story, "SELECT 1 FROM tapewatch.positions WHERE" OF_TOPIC " FOR UPDATE");
    shape.poison = 37;
    give(story, &shape);
    run_until(story, &story->fenced, 1);
    ask(story, "COMMIT");
    assert_int_equal(documents(story), 0);
    assert_int_equal(story->metrics.counters[TW_COUNT_COMMIT_SPLITS], 0);
    assert_int_equal(story->metrics.counters[TW_COUNT_COMMIT_RETRIES], 0);
}

/* Transactions and compaction leave offsets out: a batch, and each part of it, ends one past its last
 * message. */
static void offsets_that_are_missing_are_passed_over(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.gap = 2;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    assert_int_equal(stored_offset(story), 300);
    ask(story, "CREATE TABLE public.steps (next_offset bigint)");
    ask(story, "GRANT INSERT ON public.steps TO PUBLIC");
    ask(story, "CREATE FUNCTION public.step() RETURNS trigger LANGUAGE plpgsql AS"
               " $f$ BEGIN INSERT INTO public.steps VALUES (NEW.next_offset); RETURN NULL; END $f$");
    ask(story, "CREATE TRIGGER step AFTER UPDATE OF next_offset ON tapewatch.positions FOR EACH ROW"
               " EXECUTE FUNCTION public.step()");
    shape.poison = 37; /* split: each half has an end of its own */
    give(story, &shape);
    run_until(story, &story->stored, 2);
    assert_true(ask(story, "SELECT count(*) FROM public.steps") > 3);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM public.steps WHERE next_offset - 1 NOT IN (SELECT kafka_offset"
                   " FROM tapewatch.documents WHERE" OF_TOPIC
                   " UNION SELECT kafka_offset FROM tapewatch.dead_letters"
                   " WHERE" OF_TOPIC ")"),
        0);
    ask(story, "DROP TRIGGER step ON tapewatch.positions");
    ask(story, "DROP FUNCTION public.step");
    ask(story, "DROP TABLE public.steps");
    assert_int_equal(stored_offset(story), 600);
    assert_int_equal(story->partition.row_offset, 600);
    assert_int_equal(documents(story), 199);
    assert_int_equal(
        ask(story, "SELECT kafka_offset FROM tapewatch.dead_letters WHERE" OF_TOPIC), 300 + 37 * 3 + 2);
    assert_int_equal(wrong_bars(story), 0);
}

static void a_lost_answer_to_a_commit_that_happened_is_not_sent_again(void **state)
{
    struct story *story = *state;
    give(story, &shape_of_hundred);
    send_and_wait(story, "SELECT count(*) FROM tapewatch.positions WHERE next_offset = 100 AND" OF_TOPIC);
    lose_answer(story);
    run_until(story, &story->stored, 1);
    assert_int_equal(documents(story), 100);
    assert_int_equal(wrong_bars(story), 0);
    assert_int_equal(story->metrics.counters[TW_COUNT_CONNECTIONS_LOST], 1);
}

static void a_lost_commit_that_did_not_happen_is_sent_again(void **state)
{
    struct story *story = *state;
    ask(story, "BEGIN");
    ask(story, "SELECT 1 FROM tapewatch.positions WHERE" OF_TOPIC " FOR UPDATE");
    give(story, &shape_of_hundred);
    send_and_wait(story, STORE_WAITS);
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld)::int", backend(story));
    assert_int_equal(ask(story, sql), 1);
    ask(story, "COMMIT");
    run_until(story, &story->stored, 1);
    assert_int_equal(documents(story), 100);
    assert_int_equal(wrong_bars(story), 0);
}

static void a_lost_commit_of_a_partition_that_another_took_is_given_up(void **state)
{
    struct story *story = *state;
    ask(story, "BEGIN");
    ask(story, "SELECT epoch FROM tapewatch.take_partition($1, 0, gen_random_uuid(), 'another')");
    give(story, &shape_of_hundred);
    send_and_wait(story, STORE_WAITS);
    lose_answer(story);
    ask(story, "COMMIT");
    run_until(story, &story->fenced, 1);
    assert_int_equal(documents(story), 0);
    assert_int_equal(stored_offset(story), -1);
}

/* The link is gone, but the server still works on the transaction when we are back: reading the row with a
 * lock waits for it, and shows that it arrived. */
static void a_commit_still_on_its_way_is_waited_for(void **state)
{
    struct story *story = *state;
    with_lock_timeout(story, WAIT_MS); /* neither of them gives up */
    ask(story, "BEGIN");
    ask(story, "SELECT 1 FROM tapewatch.positions WHERE" OF_TOPIC " FOR UPDATE");
    give(story, &shape_of_hundred);
    send_and_wait(story, STORE_WAITS);
    lose_answer(story);
    /* The one that works is first in line for the row, the one that asks is second. */
    run_until_seen(story, "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'tuple'"
                          " AND relation = 'tapewatch.positions'::regclass");
    assert_int_equal(story->stored + story->fenced, 0);
    ask(story, "COMMIT");
    run_until(story, &story->stored, 1);
    assert_int_equal(documents(story), 100);
    assert_int_equal(wrong_bars(story), 0);
    assert_int_equal(story->metrics.counters[TW_COUNT_COMMIT_RETRIES], 1); /* asked, and not sent again */
}

/* The attempt whose answer was lost is slow, and has not come to the row: that still says the begin, and
 * the part is sent again. While that waits, the first arrives: the fence is not another owner's. */
static void a_commit_that_arrives_after_it_was_sent_again_is_recognised(void **state)
{
    struct story *story = *state;
    ask(story, "CREATE TABLE public.hold (held bool)");
    ask(story, "INSERT INTO public.hold VALUES (true)");
    ask(story, "GRANT SELECT ON public.hold TO PUBLIC");
    ask(story,
        "CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
        " WHILE EXISTS (SELECT FROM public.hold) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NULL; END $f$");
    ask(story, "CREATE TRIGGER hold BEFORE INSERT ON tapewatch.scores EXECUTE FUNCTION public.hold()");
    give(story, &shape_of_hundred);
    send_and_wait(story, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapewatch store'"
                         " AND datname = current_database() AND wait_event = 'PgSleep'");
    lose_answer(story);
    /* Sent again, it waits for the first one's documents, in vain, and pauses longer and longer. */
    run_until_seen(story, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tapewatch store'"
                          " AND datname = current_database() AND state = 'idle'"
                          " AND state_change < clock_timestamp() - interval '200 ms'");
    assert_true(story->metrics.counters[TW_COUNT_COMMIT_RETRIES] > 1);
    ask(story, "DELETE FROM public.hold");
    run_until(story, &story->stored, 1);
    assert_int_equal(story->fenced, 0);
    assert_int_equal(documents(story), 100);
    assert_int_equal(stored_offset(story), 100);
    assert_int_equal(wrong_bars(story), 0);
    ask(story, "DROP TRIGGER hold ON tapewatch.scores");
    ask(story, "DROP FUNCTION public.hold");
    ask(story, "DROP TABLE public.hold");
}

/* A key that is taken, and nobody knew: the row says that nothing of ours is stored, so what stands there
 * is compared. */
static void what_stands_under_our_key_is_compared_before_anybody_is_blamed(void **state)
{
    struct story *story = *state;
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    for (int time = 0; time < 2; time++) {
        ask(story, "UPDATE tapewatch.positions SET next_offset = -1 WHERE" OF_TOPIC);
        story->partition.cut_offset = -1;
        story->partition.row_offset = -1;
        story->partition.highest_offset = -1;
        give(story, &shape_of_hundred);
        run_until(story, time == 0 ? &story->stored : &story->fenced, time == 0 ? 2 : 1);
        ask(story, "UPDATE tapewatch.documents SET title = 'another' WHERE kafka_offset = 60 AND" OF_TOPIC);
    }
    assert_int_equal(documents(story), 100);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.documents WHERE title = 'another' AND" OF_TOPIC), 1);
    assert_int_equal(stored_offset(story), -1);
}

static void a_document_that_postgresql_refuses_becomes_a_dead_letter_alone(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.poison = 37;
    give(story, &shape);
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 2);
    assert_int_equal(documents(story), 199);
    assert_int_equal(dead_letters(story), 1);
    assert_int_equal(stored_offset(story), 200);
    assert_int_equal(wrong_bars(story), 0);
    assert_int_equal(
        ask(story, "SELECT kafka_offset FROM tapewatch.dead_letters WHERE stage = 'store' AND error_what LIKE"
                   " '%22021%' AND payload = '{\"text\":\"raw\"}'::bytea AND" OF_TOPIC),
        37);
    assert_true(story->metrics.counters[TW_COUNT_COMMIT_SPLITS] > 0);
    const struct tw_document *refused =
        &story->back[0]->rows.documents[37]; /* for who is told of the batch */
    assert_int_equal(refused->fate, TW_FATE_STORED);
    assert_non_null(refused->refusal);
    assert_non_null(strstr(refused->refusal->what, "22021"));
    assert_null(story->back[0]->rows.documents[36].refusal);
}

/* How often `words` stand in what is written to stderr until the store has stored `batches`. */
static int told_until_stored(struct story *story, int batches, const char *words)
{
    FILE *log = tmpfile();
    int stderr_was = dup(STDERR_FILENO), told = 0;
    char line[1024];
    assert_non_null(log);
    dup2(fileno(log), STDERR_FILENO);
    run_until(story, &story->stored, batches);
    dup2(stderr_was, STDERR_FILENO);
    close(stderr_was);
    rewind(log);
    while (fgets(line, sizeof line, log))
        told += strstr(line, words) != NULL;
    fclose(log);
    return told;
}

/* A trigger that refuses much would fill the log: every refused document is a dead letter, not a line. */
static void documents_that_a_trigger_refuses_are_told_in_one_line(void **state)
{
    struct story *story = *state;
    ask(story, "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
               " IF NEW.kafka_offset % 10 = 0 THEN RAISE 'not today' USING ERRCODE = '22000'; END IF;"
               " RETURN NEW; END $f$");
    ask(story, "CREATE TRIGGER refuse BEFORE INSERT ON tapewatch.documents FOR EACH ROW"
               " EXECUTE FUNCTION public.refuse()");
    give(story, &shape_of_hundred);
    int told = told_until_stored(story, 1, "document refused by PostgreSQL");
    ask(story, "DROP TRIGGER refuse ON tapewatch.documents");
    ask(story, "DROP FUNCTION public.refuse");
    assert_int_equal(documents(story), 90);
    assert_int_equal(dead_letters(story), 10);
    assert_int_equal(told, 1);
}

/* All entities of a batch go in one statement, and one that is refused takes the others with it. */
static void an_entity_that_postgresql_refuses_keeps_no_other_from_standing_there(void **state)
{
    struct story *story = *state;
    ask(story, "DELETE FROM tapewatch.entities WHERE symbol LIKE 'SYM%'");
    ask(story, "ALTER TABLE tapewatch.entities ADD CONSTRAINT refuse CHECK (symbol <> 'SYM0003') NOT VALID");
    give(story, &shape_of_hundred);
    int told = told_until_stored(story, 1, "entity refused by PostgreSQL");
    ask(story, "ALTER TABLE tapewatch.entities DROP CONSTRAINT refuse");
    assert_int_equal(told, 1);
    assert_int_equal(documents(story), 100);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.entities WHERE symbol LIKE 'SYM%'"), 9);
    assert_int_equal(story->metrics.counters[TW_COUNT_ENTITIES_REFUSED], 1);
}

/* A trigger that returns nothing drops the row without an error, and the offset passes it. */
static void rows_that_a_trigger_leaves_out_are_counted_and_told(void **state)
{
    struct story *story = *state;
    ask(story, "CREATE FUNCTION public.leave_out() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
               " IF NEW.kafka_offset % 10 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $f$");
    ask(story, "CREATE TRIGGER leave_out BEFORE INSERT ON tapewatch.documents FOR EACH ROW"
               " EXECUTE FUNCTION public.leave_out()");
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    ask(story, "DROP TRIGGER leave_out ON tapewatch.documents");
    ask(story, "DROP FUNCTION public.leave_out");
    assert_int_equal(documents(story), 90);
    assert_int_equal(story->metrics.counters[TW_COUNT_ROWS_MISSING], 10);
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 2);
    assert_int_equal(story->metrics.counters[TW_COUNT_ROWS_MISSING], 10);
}

/* In tenths of a second behind the first document's time, the lateness left out. */
static long long watermark_tenths(struct story *story)
{
    return ask(story, "SELECT (10 * (extract(epoch FROM watermark) + 60 - 1795000000))::int8"
                      " FROM tapewatch.positions WHERE" OF_TOPIC);
}

static void a_document_that_postgresql_refuses_moves_no_watermark(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.poison = 99;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    assert_int_equal(dead_letters(story), 1);
    assert_int_equal(stored_offset(story), 100);
    assert_int_equal(watermark_tenths(story), 98);
}

/* The clock and the configuration may say otherwise by now: what was decided when they were stored holds. */
static void what_moved_no_watermark_moves_none_when_it_is_read_again(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.ahead = 10;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    assert_int_equal(watermark_tenths(story), 89);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.documents WHERE ahead AND" OF_TOPIC), 10);
    ask(story, "SELECT tapewatch.reset_position($1, 0, -1)");
    take(story);
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 2);
    assert_int_equal(stored_offset(story), 100);
    assert_int_equal(watermark_tenths(story), 89);
}

/* A tick has no row that could say so. */
static void ticks_that_moved_no_watermark_move_none_when_they_are_read_again(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.ticks = 20;
    shape.ahead = 10;
    for (int time = 1; time <= 3;
         time++) { /* too far ahead at first; later they would not be; and once more */
        give(story, &shape);
        run_until(story, &story->stored, time);
        assert_int_equal(stored_offset(story), 100);
        assert_int_equal(documents(story), 80);
        assert_int_equal(watermark_tenths(story), 89);
        assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.ahead_ticks WHERE" OF_TOPIC), 10);
        ask(story, "SELECT tapewatch.reset_position($1, 0, -1)");
        take(story);
        shape.ahead = time == 1 ? 0 : 10;
    }
}

static void what_could_not_be_decoded_is_kept_with_its_reason(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.dead = 99;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    assert_int_equal(documents(story), 99);
    assert_int_equal(
        ask(story, "SELECT kafka_offset FROM tapewatch.dead_letters WHERE stage = 'decode' AND error_what ="
                   " 'not JSON' AND error_where = 'byte 3' AND" OF_TOPIC),
        99);
}

#define ANOTHER_DAY_US INT64_C(1100000000000000) /* 2004-11-09: nobody else's day */

static void drop_days(struct story *story, const char *parents)
{
    char sql[256];
    snprintf(sql, sizeof sql,
        "SELECT count(tapewatch.drop_day(parent, '2004-11-09')) FROM unnest('{%s}'::text[]) AS parent"
        " WHERE $1::text IS NOT NULL",
        parents);
    ask(story, sql);
}

static void read_again(struct story *story, const struct batch_shape *shape, int stored)
{
    ask(story, "SELECT tapewatch.reset_position($1, 0, -1)");
    take(story);
    give(story, shape);
    run_until(story, &story->stored, stored);
}

/* Scores, headlines or bars of dropped documents are in the way: the partition was fenced for ever, or bars
 * counted twice. */
static void documents_dropped_since_they_were_stored_stay_dropped_when_read_again(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    const char *counted = "SELECT sum(scores)::int8 FROM tapewatch.bars WHERE" OF_TOPIC;
    shape.first_event_us = ANOTHER_DAY_US;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    drop_days(story, "documents");
    shape.documents = 150; /* the first hundred again, and fifty new ones */
    read_again(story, &shape, 2);
    assert_int_equal(documents(story), 50);
    assert_int_equal(stored_offset(story), 150);
    assert_int_equal(wrong_bars(story), 0);
    assert_int_equal(ask(story, counted), 225);

    drop_days(story, "documents,scores");
    read_again(story, &shape, 3);
    assert_int_equal(documents(story), 0);
    assert_int_equal(ask(story, counted), 225);

    drop_days(story, "bars"); /* nothing is left of that day: all of it is stored anew */
    read_again(story, &shape, 4);
    assert_int_equal(documents(story), 150);
    assert_int_equal(wrong_bars(story), 0);
    drop_days(story, "documents,scores,bars");
}

static void a_day_dropped_behind_our_back_is_made_again(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.first_event_us = INT64_C(1000000000000000); /* 2001: nobody else's day */
    give(story, &shape);
    run_until(story, &story->stored, 1);
    ask(story, "SELECT tapewatch.drop_day(parent, '2001-09-09')::int"
               " FROM unnest('{documents,scores,events,bars,stories}'::text[]) AS parent");
    give(story, &shape);
    run_until(story, &story->stored, 2);
    assert_int_equal(stored_offset(story), 200);
    assert_int_equal(documents(story), 100);
    assert_int_equal(dead_letters(story), 0);
}

static void new_days_are_made_no_faster_than_allowed(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    story->config.store.new_days_per_minute = 3;
    shape.documents = 5;
    shape.first_event_us = INT64_C(600000000000000) + (int64_t)getpid() * INT64_C(864000000000);
    shape.step_us = INT64_C(86400000000);
    give(story, &shape);
    run_for(story, 1500);
    assert_int_equal(story->stored, 0);
    assert_int_equal(documents(story), 0);
}

static void records_read_again_after_a_reset_are_not_stored_twice(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    shape.dead = 50;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    ask(story, "SELECT tapewatch.reset_position($1, 0, -1)");
    take(story);
    assert_int_equal(story->partition.row_offset, -1);
    shape.documents = 150; /* the first hundred again, and fifty new ones */
    give(story, &shape);
    run_until(story, &story->stored, 2);
    assert_int_equal(documents(story), 149);
    assert_int_equal(dead_letters(story), 1);
    assert_int_equal(stored_offset(story), 150);
    assert_int_equal(wrong_bars(story), 0);
}

/* What did not fit the memory of a batch became a dead letter in an arena of its own. Read again after a
 * reset, when its row was dropped, it has to be encoded once more: there must be room for it, or it is fenced
 * off, taken again and read again for ever. */
static void what_is_larger_than_the_memory_of_a_batch_is_stored_after_a_reset_too(void **state)
{
    struct story *story = *state;
    close_store(story);
    story->config.batch.memory_bytes = 64 << 10;
    open_store(story);
    take(story);
    struct batch_shape large = shape_of_hundred;
    large.text_bytes = 5000;
    story->partition.highest_offset = 1000; /* what lies below may stand there, and is asked for first */
    give(story, &large);
    run_until(story, &story->stored, 1);
    assert_int_equal(documents(story), 100);
}

static void a_different_document_under_a_stored_offset_stops_the_partition(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    ask(story, "SELECT tapewatch.reset_position($1, 0, 0)");
    take(story);
    shape.text_bytes = 121;
    give(story, &shape);
    run_until(story, &story->fenced, 1);
    assert_int_equal(documents(story), 100);
    assert_int_equal(stored_offset(story), 0);
}

static void a_document_older_than_what_was_evaluated_is_stored_as_late(void **state)
{
    struct story *story = *state;
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.documents WHERE late AND" OF_TOPIC), 0);
    /* documents 100 to 149 lie before this */
    ask(story, "DELETE FROM tapewatch.late_bars");
    ask(story, "UPDATE tapewatch.shards SET evaluated_to = to_timestamp(1795000015)");
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 2);
    ask(story, "UPDATE tapewatch.shards SET evaluated_to = NULL");
    /* who has read those bars reads them again: each once, and none that begins later */
    long long changed =
        ask(story, "SELECT count(*) FROM tapewatch.bars WHERE bar_start >= to_timestamp(1795000010)"
                   " AND bar_start < to_timestamp(1795000015) AND" OF_TOPIC);
    assert_true(changed > 0);
    assert_int_equal(changed,
        ask(story, "SELECT count(*) FROM (SELECT DISTINCT bar_start, shard, entity"
                   " FROM tapewatch.late_bars JOIN tapewatch.bars USING (bar_start, shard, entity)) AS b"));
    assert_int_equal(changed, ask(story, "SELECT count(*) FROM tapewatch.late_bars"));
    ask(story, "DELETE FROM tapewatch.late_bars");
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.documents WHERE late AND" OF_TOPIC), 50);
    assert_int_equal(story->metrics.counters[TW_COUNT_LATE], 50);
}

/* No rule has been evaluated: the partition's own watermark decides, for its next owner too. */
static void a_document_below_its_partitions_watermark_is_stored_as_late(void **state)
{
    struct story *story = *state;
    const char *late = "SELECT count(*) FROM tapewatch.documents WHERE late AND" OF_TOPIC;
    struct batch_shape older = shape_of_hundred; /* some lie below the watermark, some do not */
    older.first_event_us -= 85 * INT64_C(1000000);
    older.step_us = 200000;
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    assert_int_equal(ask(story, late), 0);
    give(story, &older);
    run_until(story, &story->stored, 2);
    long long first = ask(story, late);
    assert_true(first > 0 && first < 100);
    assert_int_equal(
        first, ask(story, "SELECT count(*) FROM tapewatch.documents WHERE event_time <"
                          " (SELECT watermark FROM tapewatch.positions WHERE" OF_TOPIC ") AND" OF_TOPIC));
    take(story);
    older.first_event_us -= 20 * INT64_C(1000000); /* the same times again, of the next hundred offsets */
    give(story, &older);
    run_until(story, &story->stored, 3);
    assert_int_equal(ask(story, late), 2 * first);
}

static void the_owner_tells_each_second_where_it_stands(void **state)
{
    struct story *story = *state;
    story->partition.state = TW_PARTITION_READING;
    story->partition.end_offset = 1234;
    story->partition.caught_up = true;
    story->partition.broker_answers = true;
    story->partition.state = TW_PARTITION_READING;
    story->partition.last_message_ms = uv_hrtime() / 1000000 - 5000;
    tw_store_refresh(story->store, &story->partition);
    run_for(story, 300);
    assert_int_equal(
        ask(story, "SELECT lag FROM tapewatch.stream_positions WHERE caught_up AND silent_seconds >= 5"
                   " AND topic = $1"),
        1234);
}

/* Event time may pass over a partition that is caught up: never over documents that are still on their
 * way. */
static void a_partition_with_batches_out_is_not_told_as_caught_up(void **state)
{
    struct story *story = *state;
    const char *caught_up = "SELECT count(*) FROM tapewatch.stream_positions WHERE caught_up AND topic = $1";
    story->partition.state = TW_PARTITION_READING;
    story->partition.caught_up = true;
    story->partition.broker_answers = true;
    story->partition.state = TW_PARTITION_READING;
    story->partition.batches_out = 1;
    tw_store_refresh(story->store, &story->partition);
    run_for(story, 300);
    assert_int_equal(ask(story, caught_up), 0);
    story->partition.batches_out = 0;
    tw_store_refresh(story->store, &story->partition);
    run_for(story, 300);
    assert_int_equal(ask(story, caught_up), 1);
}

/* Positions wait while a row is held that is to be taken. By then a partition may hold documents again: told
 * as it stood before, event time would pass over them. */
static void a_partition_is_told_as_it_stands_when_its_turn_comes(void **state)
{
    struct story *story = *state;
    struct tw_partition other = story->partition;
    other.number = 1;
    tw_store_take(story->store, &other);
    run_until(story, &story->taken, 2);
    ask(story, "BEGIN");
    ask(story, "SELECT partition FROM tapewatch.positions WHERE partition = 1 AND" OF_TOPIC " FOR UPDATE");
    tw_store_take(story->store, &other);
    run_for(story, 100); /* it waits for its lock, for half a second */
    story->partition.state = TW_PARTITION_READING;
    story->partition.caught_up = true;
    story->partition.broker_answers = true;
    story->partition.end_offset = 1;
    tw_store_refresh(story->store, &story->partition);
    story->partition.batches_out = 1;
    story->partition.end_offset = 2;
    tw_store_refresh(story->store, &story->partition);
    run_for(story, 1200);
    const char *told =
        "SELECT end_offset FROM tapewatch.stream_positions WHERE NOT caught_up AND partition = 0"
        " AND topic = $1";
    assert_int_equal(ask(story, told), 2);
    ask(story, "ROLLBACK");
    run_until(story, &story->taken, 3);
}

/* On a silent partition there is no commit that would meet the fence. */
static void a_refresh_that_finds_its_row_anothers_tells_whose_partition_is_fenced_off(void **state)
{
    struct story *story = *state;
    struct tw_partition other = story->partition;
    story->partition.state = TW_PARTITION_READING;
    story->partition.assignment = 7;
    story->partition.next = &other;
    other.number = 1;
    other.assignment = 8;
    tw_store_take(story->store, &other);
    run_until(story, &story->taken, 2);
    other.state = TW_PARTITION_READING;
    tw_store_refresh(story->store, &story->partition);
    run_for(story, 300);
    assert_int_equal(story->fenced_by_refresh, 0);
    ask(story, "SELECT tapewatch.reset_position($1, 1, -1)");
    tw_store_refresh(story->store, &story->partition);
    run_until(story, &story->fenced_by_refresh, 1);
    assert_int_equal(story->fenced_assignment, 8);
    story->partition.next = NULL;
}

/* A process stopped in the middle of a pipeline, its Sync not sent, holds the row for ever; no timeout of
 * the server's ends it. The taker does. */
static void a_stopped_owner_in_mid_pipeline_is_ended_by_the_taker(void **state)
{
    struct story *story = *state;
    struct tw_postgres_options options = {story->conninfo, NULL, "zombie"};
    struct tw_error err;
    PGconn *zombie;
    const char *values[] = {story->partition.topic};
    assert_true(tw_postgres_connect(&options, &zombie, &err));
    assert_int_equal(PQenterPipelineMode(zombie), 1);
    PQsendQueryParams(zombie, "UPDATE tapewatch.positions SET next_offset = 77 WHERE" OF_TOPIC, 1, NULL,
        values, NULL, NULL, 0);
    PQsendFlushRequest(zombie);
    PQflush(zombie);
    while (ask(story, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'zombie'"
                      " AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL") == 0)
        usleep(10000);
    take(story);
    assert_int_equal(story->partition.row_offset, -1);
    assert_int_equal(story->partition.epoch, 2);
    PQpipelineSync(zombie);
    PQflush(zombie);
    PQfinish(zombie);
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    assert_int_equal(stored_offset(story), 100);
}

/* The same for a row that is ours: an evaluator shares the lock of partitions that it passes over. */
static void a_commit_ends_who_is_stopped_with_its_row(void **state)
{
    struct story *story = *state;
    struct tw_postgres_options options = {story->conninfo, NULL, "zombie"};
    struct tw_error err;
    PGconn *zombie;
    const char *values[] = {story->partition.topic};
    assert_true(tw_postgres_connect(&options, &zombie, &err));
    assert_int_equal(PQenterPipelineMode(zombie), 1);
    PQsendQueryParams(zombie, "SELECT FROM tapewatch.positions WHERE" OF_TOPIC " FOR SHARE", 1, NULL, values,
        NULL, NULL, 0);
    PQsendFlushRequest(zombie);
    PQflush(zombie);
    while (ask(story, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'zombie'"
                      " AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL") == 0)
        usleep(10000);
    give(story, &shape_of_hundred);
    run_until(story, &story->stored, 1);
    assert_int_equal(stored_offset(story), 100);
    PQfinish(zombie);
}

/* A process of ours that was stopped while it made days holds the lock that every other maker waits for. */
static void a_commit_ends_who_is_stopped_while_making_days(void **state)
{
    struct story *story = *state;
    struct tw_postgres_options options = {story->conninfo, NULL, "zombie"};
    struct batch_shape shape = shape_of_hundred;
    struct tw_error err;
    PGconn *zombie;
    shape.first_event_us = INT64_C(1010000000000000); /* 2002: nobody else's day */
    assert_true(tw_postgres_connect(&options, &zombie, &err));
    PQclear(PQexec(zombie, "BEGIN"));
    PQclear(PQexec(zombie, "SELECT tapewatch.ensure_days('{1975-05-01}', '{}')"));
    assert_int_equal(PQtransactionStatus(zombie), PQTRANS_INTRANS);
    give(story, &shape);
    run_until(story, &story->stored, 1);
    assert_int_equal(stored_offset(story), 100);
    PQfinish(zombie);
}

static void a_server_that_goes_away_for_a_while_costs_nothing_but_time(void **state)
{
    struct story *story = *state;
    for (int batch = 0; batch < 4; batch++)
        give(story, &shape_of_hundred);
    for (int time = 0; time < 4; time++) {
        run_for(story, 20);
        ask(story, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                   " WHERE application_name = 'tapewatch store' AND datname = current_database()");
    }
    run_until(story, &story->stored, 4);
    assert_int_equal(documents(story), 400);
    assert_int_equal(wrong_bars(story), 0);
}

/* Two events a document, of its first company and of nobody; none of one that became a dead letter; when it
 * is read again after a reset, the same rows to the byte. */
static void events_come_with_their_documents_and_once(void **state)
{
    struct story *story = *state;
    struct batch_shape shape = shape_of_hundred;
    const char *told = "SELECT count(*) FROM tapewatch.events v JOIN tapewatch.documents d"
                       " USING (topic_id, partition, kafka_offset, event_time) WHERE" OF_TOPIC;
    const char *hash =
        "SELECT ('x' || left(md5(string_agg(v::text, '|' ORDER BY v.kafka_offset, v.number)), 15))::bit(60)::int8"
        " FROM tapewatch.events v WHERE" OF_TOPIC;
    shape.events = 60;
    give(story, &shape);
    run_until(story, &story->stored, 1);
    assert_int_equal(ask(story, told), 120);
    assert_int_equal(
        ask(story,
            "SELECT count(*) FROM tapewatch.events WHERE type = 'halt' AND number = 0 AND polarity = -9000"
            " AND severity = 'critical' AND entity LIKE 'SYM%' AND begin_byte = 2 AND end_byte = 9 AND"
            " in_title AND events_version = 7 AND" OF_TOPIC),
        60);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.events WHERE type = 'probe' AND number = 1"
                                " AND severity = 'warning' AND entity IS NULL AND NOT in_title AND" OF_TOPIC),
        60);
    long long before = ask(story, hash);
    shape.documents = 150;
    read_again(story, &shape, 2);
    assert_int_equal(documents(story), 150);
    assert_int_equal(ask(story, hash), before);
    shape.poison = 37;
    give(story, &shape);
    run_until(story, &story->stored, 3);
    assert_int_equal(dead_letters(story), 1);
    assert_int_equal(ask(story, told), 120 + 118);
}

static void two_makers_of_the_same_days_get_along(void **state)
{
    struct story *story = *state;
    static const char make[] = "SELECT tapewatch.ensure_days(ARRAY(SELECT d::date FROM generate_series("
                               "'1975-03-01'::timestamp, '1975-03-10', '1 day') AS d), '{}')";
    PGconn *makers[2] = {observe(), observe()};
    int tries = 20;
    for (int maker = 0; maker < 2; maker++)
        assert_int_equal(PQsendQuery(makers[maker], make), 1);
    long long made = 0;
    for (int maker = 0; maker < 2; maker++) {
        PGresult *result = PQgetResult(makers[maker]);
        while (tries-- > 0 && PQresultStatus(result) != PGRES_TUPLES_OK) { /* the other needs its time */
            assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "55P03");
            PQclear(result);
            PQclear(PQgetResult(makers[maker]));
            result = PQexec(makers[maker], make);
        }
        assert_int_equal(PQresultStatus(result), PGRES_TUPLES_OK);
        made += strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
        PQfinish(makers[maker]);
    }
    assert_int_equal(made, 10);
    ask(story, "SELECT count(tapewatch.drop_day(parent, day)) FROM tapewatch.days WHERE day < '1975-03-11'"
               " AND day >= '1975-03-01'");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_is_given_is_stored_once_with_its_scores_bars_and_offset),
        STORY(a_partition_taken_by_another_stores_nothing_more),
        STORY(who_takes_a_partition_learns_how_long_it_has_stood),
        STORY(a_row_behind_our_memory_is_not_ours_to_move),
        STORY(a_zombie_meets_the_fence_before_anything_else),
        STORY(offsets_that_are_missing_are_passed_over),
        STORY(a_lost_answer_to_a_commit_that_happened_is_not_sent_again),
        STORY(a_lost_commit_that_did_not_happen_is_sent_again),
        STORY(a_lost_commit_of_a_partition_that_another_took_is_given_up),
        STORY(a_commit_still_on_its_way_is_waited_for),
        STORY(a_commit_that_arrives_after_it_was_sent_again_is_recognised),
        STORY(what_stands_under_our_key_is_compared_before_anybody_is_blamed),
        STORY(a_document_that_postgresql_refuses_becomes_a_dead_letter_alone),
        STORY(documents_that_a_trigger_refuses_are_told_in_one_line),
        STORY(an_entity_that_postgresql_refuses_keeps_no_other_from_standing_there),
        STORY(rows_that_a_trigger_leaves_out_are_counted_and_told),
        STORY(a_document_that_postgresql_refuses_moves_no_watermark),
        STORY(what_moved_no_watermark_moves_none_when_it_is_read_again),
        STORY(ticks_that_moved_no_watermark_move_none_when_they_are_read_again),
        STORY(what_could_not_be_decoded_is_kept_with_its_reason),
        STORY(documents_dropped_since_they_were_stored_stay_dropped_when_read_again),
        STORY(a_day_dropped_behind_our_back_is_made_again),
        STORY(new_days_are_made_no_faster_than_allowed),
        STORY(records_read_again_after_a_reset_are_not_stored_twice),
        STORY(what_is_larger_than_the_memory_of_a_batch_is_stored_after_a_reset_too),
        STORY(a_different_document_under_a_stored_offset_stops_the_partition),
        STORY(a_document_older_than_what_was_evaluated_is_stored_as_late),
        STORY(a_document_below_its_partitions_watermark_is_stored_as_late),
        STORY(the_owner_tells_each_second_where_it_stands),
        STORY(a_partition_with_batches_out_is_not_told_as_caught_up),
        STORY(a_partition_is_told_as_it_stands_when_its_turn_comes),
        STORY(a_refresh_that_finds_its_row_anothers_tells_whose_partition_is_fenced_off),
        STORY(a_stopped_owner_in_mid_pipeline_is_ended_by_the_taker),
        STORY(a_commit_ends_who_is_stopped_with_its_row),
        STORY(a_commit_ends_who_is_stopped_while_making_days),
        STORY(a_server_that_goes_away_for_a_while_costs_nothing_but_time),
        STORY(events_come_with_their_documents_and_once),
        STORY(two_makers_of_the_same_days_get_along),
    };
    if (!getenv("TW_TEST_CONNINFO")) {
        fprintf(stderr, "test_store: TW_TEST_CONNINFO is not set; cure: run tests/integration/test_store\n");
        return 2;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
