/* evaluate: alerts from closed bars, against a real PostgreSQL. tests/integration/test_evaluate starts it.
 *
 *     TW_TEST_CONNINFO   the superuser's; the database is migrated and this test's alone
 *     TW_TEST_ONLY       a pattern (* and ?): only the stories whose names match
 *
 * Bars, positions and headlines are written by the observer as the store would; event time goes on when it
 * moves the watermark of the one partition there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/shard.h"
#include "config/config.h"
#include "evaluate/evaluator.h"
#include "idle_work.h"
#include "postgres/postgres.h"

enum { WAIT_MS = 20000, STEPS_BYTES = 8192 };

struct desk {
    struct tw_evaluator *evaluator;
    bool closed;
};

struct story {
    uv_loop_t loop;
    struct tw_arena arena;
    struct tw_config config;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_pool *pool;
    struct tw_rule_set *rules;
    struct desk first;
    struct desk second;
    PGconn *observer;
    char conninfo[512];
    bool pool_closed;
    uv_sem_t worker_goes_on;
    struct tw_job holding;
    bool worker_held;
};

static const char rules_text[] = "rules:\n"
                                 "  - name: bad-news\n"
                                 "    kind: threshold\n"
                                 "    measure: negative_sum\n"
                                 "    window: 1m\n"
                                 "    below: -2.0\n"
                                 "    quiet: 2m\n"
                                 "  - name: shock\n"
                                 "    kind: headline\n"
                                 "    at_most: -0.9\n"
                                 "    quiet: 5m\n";

/* -- the vocabulary -------------------------------------------------------------------------------------- */

static void ask_text(struct story *story, const char *sql, char *out, size_t size)
{
    PGresult *result = PQexec(story->observer, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    out[0] = '\0';
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0)
        snprintf(out, size, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
}

static long long ask(struct story *story, const char *sql)
{
    char text[64];
    ask_text(story, sql, text, sizeof text);
    return text[0] ? strtoll(text, NULL, 10) : -1;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void run_for(struct story *story, uint64_t milliseconds)
{
    uv_timer_t tick;
    uint64_t until = uv_hrtime() / 1000000 + milliseconds;
    uv_timer_init(&story->loop, &tick);
    uv_timer_start(&tick, on_tick, 10, 10);
    while (uv_hrtime() / 1000000 < until)
        uv_run(&story->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&story->loop, UV_RUN_NOWAIT);
}

/* Lets the loop run until the answer is `wanted`. */
static void wait_for(struct story *story, const char *sql, long long wanted)
{
    uint64_t until = uv_hrtime() / 1000000 + WAIT_MS;
    while (ask(story, sql) != wanted) {
        if (uv_hrtime() / 1000000 > until)
            fail_msg("waited in vain for %lld: %s (now %lld)", wanted, sql, ask(story, sql));
        run_for(story, 10);
    }
}

static void bar(struct story *story, int seconds, const char *entity, int count, int sum)
{
    char sql[600];
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.bars (topic_id, partition, bar_start, entity, shard, scores, sum, sum_of_squares,"
        " negative_sum) SELECT topic_id, 0, to_timestamp(1795000000 + %d), '%s', %d, %d, %d, 0, %d"
        " FROM tapewatch.topics WHERE topic = 'news'",
        seconds, entity, tw_shard_of(tw_text_of(entity)), count, sum, sum < 0 ? sum : 0);
    ask(story, sql);
}

static void headline(struct story *story, int seconds, const char *entity, int offset)
{
    char sql[600];
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.alert_events (topic_id, partition, kafka_offset, event_time, available_at, shard,"
        " sentiment, rule, entity, keyword) SELECT topic_id, 0, %d, to_timestamp(1795000000 + %d), now(), %d, -9500,"
        " 'shock', '%s', '' FROM tapewatch.topics WHERE topic = 'news'",
        offset, seconds, tw_shard_of(tw_text_of(entity)), entity);
    ask(story, sql);
}

/* Moves event time; waits until all shards have followed when an evaluator runs. */
static void time_goes_to(struct story *story, int seconds)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000000 + %d), seen_at = clock_timestamp()",
        seconds);
    ask(story, sql);
    snprintf(sql, sizeof sql,
        "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(1795000000 + %d)",
        seconds / 10 * 10);
    wait_for(story, sql, 64);
}

/* Every step there was, as one text. */
static void steps(struct story *story, char *out)
{
    ask_text(story,
        "SELECT coalesce(string_agg(format('%s %s %s %s %s %s', a.entity, a.rule, s.step,"
        " extract(epoch FROM s.step_time)::int8 - 1795000000, s.value, s.documents), E'\\n'"
        " ORDER BY s.step_time, a.entity, a.rule, s.step), '')"
        " FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id)",
        out, STEPS_BYTES);
}

static void forget_alerts(struct story *story)
{
    ask(story, "TRUNCATE tapewatch.alerts, tapewatch.alert_steps, tapewatch.entity_days CASCADE");
    ask(story, "UPDATE tapewatch.alert_events SET evaluated_at = NULL, alert_id = NULL");
    ask(story, "UPDATE tapewatch.shards SET evaluated_to = NULL");
    ask(story, "UPDATE tapewatch.positions SET watermark = NULL");
}

static void on_state(void *context, bool ready, const struct tw_error *err)
{
    (void)context;
    (void)ready;
    if (err && !err->passing)
        fail_msg("%s: %s", err->where, err->what);
}

static void open_desk(struct story *story, struct desk *desk)
{
    struct tw_evaluator_events events = {.context = desk, .state = on_state};
    struct tw_error err;
    desk->closed = false;
    if (!tw_evaluator_begin(&story->loop, &story->config, &story->log, &story->metrics, story->pool,
            story->rules, &events, &desk->evaluator, &err))
        fail_msg("%s", err.what);
}

static void on_desk_closed(void *context)
{
    struct desk *desk = context;
    desk->closed = true;
    desk->evaluator = NULL;
}

static void close_desk(struct story *story, struct desk *desk)
{
    if (!desk->evaluator)
        return;
    tw_evaluator_end(desk->evaluator, on_desk_closed, desk);
    for (int turn = 0; turn < 1000 && !desk->closed; turn++)
        run_for(story, 5);
    assert_true(desk->closed);
}

static void load_rules(struct story *story, const char *text)
{
    struct tw_text_file source = {"rules.yaml", tw_text_of(text)};
    struct tw_problems problems;
    struct tw_error err;
    tw_problems_begin(&problems, &story->arena);
    tw_rules_free(story->rules);
    if (!tw_rules_load(&source, NULL, &problems, &story->rules, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static int begin(void **state)
{
    static const char *const topics[] = {"news"};
    struct story *story = calloc(1, sizeof *story);
    struct tw_error err;
    const char *base = getenv("TW_TEST_CONNINFO");
    const char *superuser = strstr(base, "user=postgres");
    if (!story || !superuser || !tw_arena_begin(&story->arena, 8 << 20, &err) ||
        !tw_config_defaults(&story->arena, &story->config, &err))
        return 1;
    struct tw_postgres_options options = {base, NULL, "observer"};
    if (!tw_postgres_connect(&options, &story->observer, &err))
        fail_msg("%s", err.what);
    snprintf(story->conninfo, sizeof story->conninfo, "%.*suser=tapewatch_writer%s", (int)(superuser - base),
        base, superuser + strlen("user=postgres"));
    story->config.store.conninfo = story->conninfo;
    story->config.kafka.topics = (struct tw_strings){topics, 1};
    story->config.evaluate.interval_ms = 20;
    story->config.evaluate.idle_session_ms = 3000;
    story->log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL);
    load_rules(story, rules_text);
    ask(story,
        "TRUNCATE tapewatch.alerts, tapewatch.alert_steps, tapewatch.alert_events, tapewatch.bars,"
        " tapewatch.rule_sets, tapewatch.positions, tapewatch.members, tapewatch.entities, tapewatch.late_bars, tapewatch.entity_days,"
        " tapewatch.watched, tapewatch.watched_times CASCADE");
    ask(story, "UPDATE tapewatch.shards SET evaluated_to = NULL, holder = NULL");
    ask(story, "UPDATE tapewatch.filing SET filed_to = NULL, filed = 0");
    ask(story, "SELECT tapewatch.ensure_days('{2026-11-18,2026-11-19}', '{}')");
    ask(story, "SELECT epoch FROM tapewatch.take_partition('news', 0, gen_random_uuid(), 'nobody')");
    uv_loop_init(&story->loop);
    struct tw_shared *shared = tw_shared_new(NULL, NULL);
    if (!shared)
        return 1;
    struct tw_pool_events events = {story, no_batch};
    if (!tw_pool_begin(&story->loop, 1, &idle_work, shared, &events, &story->pool, &err))
        fail_msg("%s", err.what);
    tw_shared_leave(shared);
    *state = story;
    return 0;
}

static void on_pool_closed(void *context)
{
    struct story *story = context;
    story->pool_closed = true;
}

static int end(void **state)
{
    struct story *story = *state;
    close_desk(story, &story->first);
    close_desk(story, &story->second);
    tw_pool_end(story->pool, on_pool_closed, story);
    for (int turn = 0; turn < 1000 && !story->pool_closed; turn++)
        run_for(story, 5);
    uv_run(&story->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story->loop), 0);
    tw_rules_free(story->rules);
    PQfinish(story->observer);
    tw_arena_end(&story->arena);
    free(story);
    return 0;
}

static void wait_for_release(struct tw_job *job)
{
    struct story *story = job->context;
    uv_sem_wait(&story->worker_goes_on);
}

static void on_released(struct tw_job *job)
{
    struct story *story = job->context;
    story->worker_held = false;
    uv_sem_destroy(&story->worker_goes_on);
}

/* The one worker is busy: a turn that is read waits for it, with what it read. */
static void hold_worker(struct story *story)
{
    assert_int_equal(uv_sem_init(&story->worker_goes_on, 0), 0);
    story->holding = (struct tw_job){.run = wait_for_release, .done = on_released, .context = story};
    story->worker_held = true;
    tw_pool_job(story->pool, &story->holding);
}

/* Until the evaluator's job waits behind the one that holds the worker. */
static void until_a_turn_waits(struct story *story)
{
    for (int turn = 0; turn < 500 && tw_pool_out(story->pool) < 2; turn++)
        run_for(story, 10);
    assert_int_equal(tw_pool_out(story->pool), 2);
}

static void release_worker(struct story *story)
{
    uv_sem_post(&story->worker_goes_on);
    while (story->worker_held)
        run_for(story, 5);
}

/* A story with something of everything: openings, updates, quiet, again, headlines, a silent week. */
static void given_a_tape(struct story *story)
{
    bar(story, 0, "GOOD", 3, 20000);
    bar(story, 10, "ACME", 2, -15000);
    bar(story, 30, "ACME", 1, -9000);
    bar(story, 60, "ACME", 4, -38000);
    bar(story, 70, "LATER", 2, -19000);
    bar(story, 80, "LATER", 1, -8000);
    bar(story, 300, "ACME", 3, -25000);
    bar(story, 90000, "ACME", 5, -45000);
    headline(story, 33, "ACME", 1);
    headline(story, 95, "SHOCKED", 2);
    headline(story, 300, "SHOCKED", 3);
}

static const char watching_text[] = "rules:\n"
                                    "  - name: bad-news\n"
                                    "    kind: threshold\n"
                                    "    window: 1m\n"
                                    "    below: -2.0\n"
                                    "    quiet: 2m\n"
                                    "    entities: {watch: mine}\n"
                                    "  - name: shock\n"
                                    "    kind: headline\n"
                                    "    quiet: 5m\n"
                                    "    entities: {watch: [mine, yours]}\n";

/* A change of a list as an analyst makes it; waits until it has its event time. */
static void watch(struct story *story, const char *list, const char *entity)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.watched (list, entity, reason) VALUES ('%s', '%s', 'test')", list, entity);
    ask(story, sql);
    wait_for(story, "SELECT count(*) FROM tapewatch.watch_history WHERE from_time IS NULL", 0);
}

static void watch_no_more(struct story *story, const char *entity)
{
    char sql[300];
    snprintf(sql, sizeof sql,
        "UPDATE tapewatch.watched SET removed_at = now() WHERE entity = '%s' AND removed_at IS NULL", entity);
    ask(story, sql);
    wait_for(story,
        "SELECT count(*) FROM tapewatch.watch_history WHERE removed_at IS NOT NULL AND to_time IS NULL", 0);
}

/* -- the stories ----------------------------------------------------------------------------------------- */

static void an_alert_opens_at_the_bar_that_breaks_the_rule_and_resolves_when_it_is_quiet(void **state)
{
    struct story *story = *state;
    char told[STEPS_BYTES];
    bar(story, 10, "ACME", 3, -25000);
    open_desk(story, &story->first);
    time_goes_to(story, 19);
    steps(story, told);
    assert_string_equal(told, ""); /* the bar is not closed yet */
    time_goes_to(story, 20);
    steps(story, told);
    assert_string_equal(told, "ACME bad-news opened 20 -25000 3");
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts_open"), 1);
    time_goes_to(story, 3600);
    steps(story, told);
    assert_non_null(strstr(told, "ACME bad-news resolved"));
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts_open"), 0);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.alerts WHERE state = 'resolved' AND first_time ="
                   " opened_time - interval '1 minute'"),
        1);
}

static void however_event_time_is_cut_the_alerts_are_the_same(void **state)
{
    struct story *story = *state;
    static char at_once[STEPS_BYTES];
    static char piece_by_piece[STEPS_BYTES];
    given_a_tape(story);
    open_desk(story, &story->first);
    time_goes_to(story, 100000);
    steps(story, at_once);
    assert_non_null(strstr(at_once, "SHOCKED shock opened"));
    assert_non_null(strstr(at_once, "LATER bad-news opened"));
    close_desk(story, &story->first);
    forget_alerts(story);
    open_desk(story, &story->first);
    static const int stops[] = {10, 20, 40, 70, 80, 90, 100, 130, 250, 310, 420, 777, 90000, 90010, 100000};
    for (size_t at = 0; at < sizeof stops / sizeof stops[0]; at++) {
        time_goes_to(story, stops[at]);
        if (at % 4 == 3) { /* another daemon takes over in between */
            close_desk(story, &story->first);
            open_desk(story, &story->first);
        }
    }
    steps(story, piece_by_piece);
    assert_string_equal(at_once, piece_by_piece);
}

/* Bars and headlines from the edge on up to which rules had been evaluated when the list was changed, and no
 * others; stored, so that the past evaluated again gives the same. */
static void a_watch_list_takes_effect_where_evaluation_stands_when_it_changes(void **state)
{
    struct story *story = *state;
    static char lived[STEPS_BYTES], again[STEPS_BYTES];
    load_rules(story, watching_text);
    bar(story, 10, "ACME", 3, -25000);
    headline(story, 15, "ACME", 1);
    headline(story, 20, "OTHER", 2);
    ask(story, "INSERT INTO tapewatch.watched (list, entity, reason) VALUES ('yours', 'OTHER', 'test')");
    open_desk(story, &story->first); /* before anything is evaluated: from the beginning */
    time_goes_to(story, 100);
    steps(story, lived);
    assert_string_equal(lived, "OTHER shock opened 30 -9500 1");
    watch(story, "mine", "ACME");
    bar(story, 110, "ACME", 3, -25000);
    headline(story, 115, "ACME", 3);
    headline(story, 118, "ELSE", 4);
    time_goes_to(story, 200);
    watch_no_more(story, "ACME");
    bar(story, 210, "ACME", 5, -45000);
    headline(story, 215, "ACME", 5);
    time_goes_to(story, 300);
    steps(story, lived);
    assert_string_equal(lived, "OTHER shock opened 30 -9500 1\n"
                               "ACME bad-news opened 120 -25000 3\n"
                               "ACME shock opened 120 -9500 1\n"
                               "ACME bad-news resolved 210 -25000 3\n"
                               "ACME shock resolved 210 -9500 1");
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.alert_steps WHERE step = 'resolved' AND reason ="
                   " 'the rule does not cover the entity any more'"),
        2);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.watch_history WHERE (list = 'yours' AND from_time ="
                   " '-infinity' AND to_time IS NULL) OR (list = 'mine' AND from_time ="
                   " to_timestamp(1795000100) AND to_time = to_timestamp(1795000200))"),
        2);
    close_desk(story, &story->first);
    forget_alerts(story);
    open_desk(story, &story->first);
    time_goes_to(story, 300);
    steps(story, again);
    assert_string_equal(again, lived);
}

/* So whoever writes a rule for it later can try it over the past; and no set is stored for nothing. */
static void a_list_that_changes_without_a_rule_of_it_has_its_times_all_the_same(void **state)
{
    struct story *story = *state;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    watch(story, "others", "ACME");
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.rule_sets"), 1);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.watch_history WHERE from_time = to_timestamp(1795000100)"),
        1);
}

static void headlines_become_one_alert_that_knows_its_documents(void **state)
{
    struct story *story = *state;
    headline(story, 5, "ACME", 1);
    headline(story, 25, "ACME", 2);
    open_desk(story, &story->first);
    time_goes_to(story, 60);
    assert_int_equal(
        ask(story, "SELECT documents FROM tapewatch.alerts WHERE rule = 'shock' AND state = 'open'"), 2);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.alert_events JOIN tapewatch.alerts USING (alert_id)"
                   " WHERE evaluated_at IS NOT NULL"),
        2);
}

static void two_daemons_share_the_shards_and_one_takes_over_when_the_other_leaves(void **state)
{
    struct story *story = *state;
    const char *owners = "SELECT count(DISTINCT owner_token) FROM tapewatch.shards";
    const char *largest =
        "SELECT max(n) FROM (SELECT count(*) AS n FROM tapewatch.shards GROUP BY owner_token) AS s";
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    assert_int_equal(ask(story, owners), 1);
    open_desk(story, &story->second);
    wait_for(story, owners, 2);
    wait_for(story, largest, 32);
    bar(story, 100, "ACME", 3, -25000);
    bar(story, 100, "OTHER", 3, -25000);
    time_goes_to(story, 200);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 2);
    close_desk(story, &story->first);
    wait_for(story, owners, 1);
    time_goes_to(story, 300);
}

static void an_evaluator_whose_shard_was_taken_writes_nothing(void **state)
{
    struct story *story = *state;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "UPDATE tapewatch.shards SET epoch = epoch + 1, owner_token = gen_random_uuid()");
    bar(story, 100, "ACME", 3, -25000);
    ask(story,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000200), seen_at = clock_timestamp()");
    run_for(story, 300);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 0);
    time_goes_to(story, 200); /* it finds out, lets go, and takes them anew */
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 1);
}

/* The fence comes first: what the new owner has written by then must not look like a mistake of this one. */
static void a_turn_that_another_overtook_meets_the_fence_before_the_others_alerts(void **state)
{
    struct story *story = *state;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    bar(story, 100, "ACME", 3, -25000);
    hold_worker(story);
    ask(story,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000110), seen_at = clock_timestamp()");
    until_a_turn_waits(story);
    ask(story, "UPDATE tapewatch.shards SET epoch = epoch + 1, owner_token = gen_random_uuid()");
    ask(story,
        "INSERT INTO tapewatch.alerts (rule, entity, shard, kind, measure, severity, state, opened_time, stepped_time,"
        " first_time, reported_value, worst_value, documents, rule_set_id) SELECT 'bad-news', 'ACME', shard, 'threshold',"
        " 'negative_sum', 'warning', 'open', to_timestamp(1795000110), to_timestamp(1795000110),"
        " to_timestamp(1795000050), -25000, -25000, 3, 1 FROM tapewatch.bars WHERE entity = 'ACME'");
    release_worker(story);
    /* Fenced, it lets go, takes the shards anew, and goes on with the other's alert. */
    time_goes_to(story, 120);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 1);
    /* A failed transaction gives no numbers back: none was drawn for an alert of its own. */
    assert_int_equal(ask(story, "SELECT last_value - (SELECT max(alert_id) FROM tapewatch.alerts)"
                                " FROM tapewatch.alerts_alert_id_seq"),
        0);
}

/* Silent for so long, its session would be ended by the server, and by other daemons, and all begin anew. */
static void a_turn_that_takes_long_costs_neither_session_nor_shards(void **state)
{
    struct story *story = *state;
    const char *epochs = "SELECT sum(epoch) FROM tapewatch.shards";
    const char *session = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tapewatch evaluate'"
                          " AND datname = current_database()";
    story->config.evaluate.idle_session_ms = 1000;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    long long before = ask(story, epochs), pid = ask(story, session);
    bar(story, 100, "ACME", 3, -25000);
    hold_worker(story);
    ask(story,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000110), seen_at = clock_timestamp()");
    until_a_turn_waits(story);
    run_for(story, 4000);
    release_worker(story);
    time_goes_to(story, 120);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 1);
    assert_int_equal(ask(story, epochs), before);
    assert_int_equal(ask(story, session), pid);
}

/* What event time passed over woke up while the turn was decided: its documents would have been passed,
 * unseen. */
static void a_turn_is_given_up_when_an_idle_partition_has_moved_meanwhile(void **state)
{
    struct story *story = *state;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "SELECT epoch FROM tapewatch.take_partition('news', 1, gen_random_uuid(), 'nobody')");
    hold_worker(story);
    ask(story, "UPDATE tapewatch.positions SET caught_up = true, seen_at = clock_timestamp(),"
               " silent_since = clock_timestamp() - interval '40 s' WHERE partition = 1");
    ask(story,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000200), seen_at = clock_timestamp()"
        " WHERE partition = 0");
    until_a_turn_waits(story);
    ask(story, "UPDATE tapewatch.positions SET caught_up = false, next_offset = next_offset + 1,"
               " watermark = to_timestamp(1795000120) WHERE partition = 1");
    release_worker(story);
    wait_for(
        story, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(1795000120)", 64);
    ask(story, "DELETE FROM tapewatch.positions WHERE partition = 1");
}

static void a_partition_that_lags_holds_the_stream_back_and_an_idle_one_does_not(void **state)
{
    struct story *story = *state;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "SELECT epoch FROM tapewatch.take_partition('news', 1, gen_random_uuid(), 'nobody')");
    ask(story,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000200), seen_at = clock_timestamp()"
        " WHERE partition = 0");
    run_for(story, 300);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(1795000100)"),
        64);
    for (int second = 0; second < 3; second++) { /* its owner tells of silence, and lives */
        ask(story, "UPDATE tapewatch.positions SET caught_up = true, seen_at = clock_timestamp(),"
                   " silent_since = clock_timestamp() - interval '40 s' WHERE partition = 1");
        run_for(story, 100);
    }
    wait_for(
        story, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(1795000200)", 64);
    ask(story, "DELETE FROM tapewatch.positions WHERE partition = 1");
}

static void other_rules_hold_from_what_has_been_evaluated(void **state)
{
    struct story *story = *state;
    struct tw_error err;
    bar(story, 10, "ACME", 3, -15000);
    bar(story, 200, "ACME", 3, -15000);
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    load_rules(story,
        "rules:\n  - name: bad-news\n    kind: threshold\n    measure: negative_sum\n    window: 1m\n"
        "    below: -1.0\n    quiet: 2m\n");
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
    time_goes_to(story, 220);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.alerts WHERE opened_time = to_timestamp(1795000210)"), 1);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 1);
    assert_int_equal(
        ask(story, "SELECT extract(epoch FROM holds_from)::int8 - 1795000000 FROM tapewatch.rule_sets"
                   " ORDER BY rule_set_id DESC LIMIT 1"),
        100);
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    time_goes_to(story, 240);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.rule_sets"), 2); /* the same set is no new one */
}

/* Somebody holds a shard's row for longer than lock_timeout: the others are ours by then. */
static void shards_that_could_not_be_taken_at_first_are_taken_later(void **state)
{
    struct story *story = *state;
    story->config.store.lock_timeout_ms = 100;
    ask(story, "BEGIN");
    ask(story, "SELECT shard FROM tapewatch.shards WHERE shard = 7 FOR UPDATE");
    open_desk(story, &story->first);
    run_for(story, 600);
    ask(story, "COMMIT");
    time_goes_to(story, 100);
}

/* -- windows in memory ----------------------------------------------------------------------------------- */

static const char rules_of_all_measures[] =
    "rules:\n"
    "  - name: sum\n    kind: threshold\n    measure: negative_sum\n    window: 30m\n    below: -60.0\n    quiet: 5m\n"
    "  - name: mean\n    kind: threshold\n    measure: mean\n    window: 10m\n    below: -0.35\n    at_least: 12\n"
    "    quiet: 1m\n"
    "  - name: count\n    kind: threshold\n    measure: count\n    window: 20m\n    at_least: 85\n    quiet: 2m\n";

/* 240,000 bars: 200 entities, 100 minutes, two partitions; the same each time, and none quite like another.
 * More than a piece of windows holds. */
static void given_a_busy_tape(struct story *story)
{
    ask(story, "SELECT epoch FROM tapewatch.take_partition('news', 1, gen_random_uuid(), 'nobody')");
    ask(story,
        "INSERT INTO tapewatch.entities (symbol, name, shard, listed) SELECT DISTINCT entity, entity, shard, true"
        " FROM tapewatch.bars");
    for (int entity = 0; entity < 200; entity++) {
        char symbol[16], sql[900];
        snprintf(symbol, sizeof symbol, "E%03d", entity);
        snprintf(sql, sizeof sql,
            "INSERT INTO tapewatch.bars (topic_id, partition, bar_start, entity, shard, scores, sum, sum_of_squares,"
            " negative_sum) SELECT topic_id, partition, to_timestamp(1795000000 + number * 10), '%s', %d, count,"
            " sum, 0, least(sum, 0) FROM tapewatch.topics, generate_series(0, 599) AS number,"
            " generate_series(0, 1) AS partition, LATERAL (SELECT hashint8(number * 1000 + partition * 500000 + %d) AS"
            " hash) AS h, LATERAL (SELECT 1 + abs(hash %% 2) AS count, hash %% 9000 - 2800"
            " - (CASE WHEN number %% 97 < 9 THEN 4000 ELSE 0 END) AS sum) AS v"
            " WHERE topic = 'news' AND hash %% 5 <> 0",
            symbol, tw_shard_of(tw_text_of(symbol)), entity);
        ask(story, sql);
    }
    ask(story, "ANALYZE tapewatch.bars");
}

/* Every step there was, in a few letters. */
static void digest(struct story *story, char *out, size_t size)
{
    ask_text(story,
        "SELECT format('%s steps, %s', count(*), md5(string_agg(format('%s %s %s %s %s %s %s %s %s', a.entity, a.rule, s.step,"
        " s.step_time, s.value, s.documents, s.reason, s.window_from, s.threshold), E'\\n' ORDER BY s.step_time, a.entity, a.rule, s.step)))"
        " FROM tapewatch.alert_steps s JOIN tapewatch.alerts a USING (alert_id)",
        out, size);
}

static void end_evaluators_session(struct story *story)
{
    ask(story, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
               " WHERE application_name = 'tapewatch evaluate' AND datname = current_database()");
}

static void watermarks_go_to(struct story *story, int seconds)
{
    char sql[200];
    snprintf(sql, sizeof sql,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000000 + %d), seen_at = clock_timestamp()",
        seconds);
    ask(story, sql);
}

/* Restarts, take-overs, lost sessions, turns that do not fit: windows are read anew in pieces, and nobody
 * can tell. */
static void whatever_happens_to_evaluators_the_alerts_are_the_same(void **state)
{
    struct story *story = *state;
    char undisturbed[100], disturbed[100];
    load_rules(story, rules_of_all_measures);
    given_a_busy_tape(story);
    open_desk(story, &story->first);
    time_goes_to(story, 6010);
    digest(story, undisturbed, sizeof undisturbed);
    printf("%s\n", undisturbed);
    assert_true(strtol(undisturbed, NULL, 10) > 500);
    close_desk(story, &story->first);
    forget_alerts(story);
    story->config.evaluate.memory_bytes = 8 << 20; /* a turn has a quarter of that */
    open_desk(story, &story->first);
    time_goes_to(story, 2000);
    watermarks_go_to(story, 2500);
    run_for(story, 60);
    end_evaluators_session(story);
    time_goes_to(story, 2700);
    open_desk(story, &story->second);
    for (int seconds = 2710; seconds < 2800; seconds += 10)
        time_goes_to(story, seconds);
    watermarks_go_to(story, 3500);
    run_for(story, 100);
    close_desk(story, &story->first);
    time_goes_to(story, 4000);
    close_desk(story, &story->second);
    open_desk(story, &story->first);
    watermarks_go_to(story, 5000);
    run_for(story, 150);
    ask(story,
        "UPDATE tapewatch.shards SET epoch = epoch + 1, owner_token = gen_random_uuid() WHERE shard < 20");
    time_goes_to(story, 6010);
    digest(story, disturbed, sizeof disturbed);
    assert_string_equal(disturbed, undisturbed);
    ask(story, "DELETE FROM tapewatch.positions WHERE partition = 1");
}

/* As the store does: a document, its score, its share of the bar, and the move of the partition's offset. */
static void late_document(struct story *story, int seconds, const char *entity, int sentiment)
{
    char sql[2000];
    int shard = tw_shard_of((struct tw_text){entity, strlen(entity)});
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.entities (symbol, name, shard, listed) VALUES ('%s', '', %d, true) ON CONFLICT DO NOTHING",
        entity, shard);
    ask(story, sql);
    ask(story, "BEGIN");
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.scores SELECT next_offset, to_timestamp(1795000000 + %d), now(), now(), partition, 1, 1, 0,"
        " 0, topic_id, 1, %d, false, '%s' FROM tapewatch.positions WHERE partition = 0",
        seconds, sentiment, entity);
    ask(story, sql);
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.bars AS b (topic_id, partition, bar_start, entity, shard, scores, sum, sum_of_squares,"
        " negative_sum) SELECT topic_id, 0, to_timestamp(1795000000 + %d), '%s', %d, 1, %d, 0, %d"
        " FROM tapewatch.topics WHERE topic = 'news' ON CONFLICT (bar_start, entity, topic_id, partition) DO UPDATE SET"
        " scores = b.scores + 1, sum = b.sum + excluded.sum, negative_sum = b.negative_sum + excluded.negative_sum",
        seconds / 10 * 10, entity, shard, sentiment, sentiment);
    ask(story, sql);
    snprintf(sql, sizeof sql,
        "SELECT tapewatch.note_late(topic_id, partition, to_timestamp(1795000000 + %d),"
        " ARRAY[to_timestamp(1795000000 + %d)], ARRAY[%d::smallint], ARRAY['%s']) FROM tapewatch.positions WHERE partition = 0",
        seconds, seconds / 10 * 10, shard, entity);
    ask(story, sql);
    snprintf(sql, sizeof sql,
        "SELECT tapewatch.move_position(topic_id, partition, epoch, owner_token, next_offset, next_offset + 1, watermark,"
        " to_timestamp(1795000000 + %d), (SELECT max(evaluated_to) FROM tapewatch.shards))"
        " FROM tapewatch.positions WHERE partition = 0",
        seconds);
    ask(story, sql);
    ask(story, "COMMIT");
}

/* Its bar is not evaluated again, but it counts in each window that still looks back on it, whether the
 * evaluator has read that bar before or reads it only now. */
static void a_late_document_counts_in_the_windows_that_look_back_on_it(void **state)
{
    struct story *story = *state;
    char told[STEPS_BYTES];
    ask(story, "TRUNCATE tapewatch.scores");
    ask(story, "UPDATE tapewatch.positions SET next_offset = 0");
    bar(story, 10, "ACME", 1, -15000);
    bar(story, 10, "OTHER", 1, -15000);
    open_desk(story, &story->first);
    time_goes_to(story, 30);
    late_document(story, 12, "ACME", -9000);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.late_bars"), 1);
    bar(story, 30, "ACME", 1, -1); /* rules look where a bar enters a window, or leaves it */
    time_goes_to(story, 40);
    steps(story, told);
    assert_string_equal(told, "ACME bad-news opened 40 -24001 3");
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.late_bars"), 0);
    close_desk(story, &story->first);
    late_document(story, 13, "OTHER", -9000);
    bar(story, 40, "OTHER", 1, -1);
    open_desk(story, &story->first);
    time_goes_to(story, 50);
    steps(story, told);
    assert_string_equal(told, "ACME bad-news opened 40 -24001 3\nOTHER bad-news opened 50 -24001 3");
}

/* A turn has read the bars and is about to be written when a document comes that lies below its partition's
 * own watermark, and above all that has been evaluated: it is in time for nobody, and must not be passed
 * over. */
static void a_late_document_that_comes_while_its_bar_is_evaluated_counts_too(void **state)
{
    struct story *story = *state;
    char told[STEPS_BYTES];
    ask(story, "TRUNCATE tapewatch.scores");
    ask(story, "UPDATE tapewatch.positions SET next_offset = 0");
    bar(story, 30, "ACME", 1, -15000);
    open_desk(story, &story->first);
    time_goes_to(story, 20);
    hold_worker(story);
    watermarks_go_to(story, 50);
    until_a_turn_waits(story);
    late_document(story, 35, "ACME", -9000);
    release_worker(story);
    time_goes_to(story, 50);
    bar(story, 50, "ACME", 1, -1);
    time_goes_to(story, 60);
    steps(story, told);
    assert_string_equal(told, "ACME bad-news opened 60 -24001 3");
}

/* However many there are, a turn reads a bounded number of them; the next ones read the rest. */
static void late_bars_are_read_so_many_at_a_time(void **state)
{
    struct story *story = *state;
    char sql[400];
    bar(story, 0, "ACME", 1, -100);
    open_desk(story, &story->first);
    time_goes_to(story, 30);
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.late_bars (bar_start, shard, entity) SELECT to_timestamp(1795000000), %d, 'ACME'"
        " FROM generate_series(1, 50000)",
        tw_shard_of(tw_text_of("ACME")));
    ask(story, sql);
    time_goes_to(story, 40);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.late_bars"), 30000);
    time_goes_to(story, 50);
    time_goes_to(story, 60);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.late_bars"), 0);
}

/* A set that looked back far is replaced: nobody looks back so far any more, and nothing is kept for it. */
static void rules_that_decide_nothing_any_more_are_forgotten(void **state)
{
    struct story *story = *state;
    struct tw_error err;
    load_rules(story,
        "rules:\n  - name: long\n    kind: threshold\n    measure: negative_sum\n    window: 2h\n"
        "    below: -1000.0\n");
    for (int seconds = 0; seconds < 3000; seconds += 10)
        bar(story, seconds, "ACME", 1, -100);
    open_desk(story, &story->first);
    time_goes_to(story, 3000);
    double far = story->metrics.gauges[TW_GAUGE_WINDOWS];
    assert_true(far > 300 * 40);
    load_rules(story, rules_text);
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
    time_goes_to(story, 3010);
    time_goes_to(story, 3020);
    time_goes_to(story, 3030);
    assert_true(story->metrics.gauges[TW_GAUGE_WINDOWS] < far / 4);
    assert_int_equal(
        ask(story, "SELECT tapewatch.first_rule_set() = max(rule_set_id) FROM tapewatch.rule_sets"), 0);
}

/* A set that looks back further than the one before: what lies there was not kept, and is read. */
static void rules_that_look_back_further_see_what_lies_there(void **state)
{
    struct story *story = *state;
    struct tw_error err;
    char told[STEPS_BYTES];
    for (int seconds = 0; seconds < 600; seconds += 100)
        bar(story, seconds, "ACME", 1, -9000);
    open_desk(story, &story->first);
    time_goes_to(story, 610);
    load_rules(story,
        "rules:\n  - name: long\n    kind: threshold\n    measure: negative_sum\n    window: 30m\n"
        "    below: -5.0\n");
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
    time_goes_to(story, 700);
    steps(story, told);
    assert_string_equal(told, "ACME long opened 620 -54000 6");
}

/* A standby that lagged is promoted: a bar was lost on the way, and so was the last take of the shards. */
static void windows_are_those_of_the_server_that_is_connected(void **state)
{
    struct story *story = *state;
    char told[STEPS_BYTES];
    bar(story, 70, "ACME", 1, -15000);
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "BEGIN");
    ask(story, "UPDATE tapewatch.shards SET epoch = epoch - 1");
    ask(story, "DELETE FROM tapewatch.bars");
    ask(story, "COMMIT");
    end_evaluators_session(story);
    run_for(story, 100);
    bar(story, 100, "ACME", 1, -9000);
    time_goes_to(story, 110);
    steps(story, told);
    assert_string_equal(told, "");
}

/* Rules cannot be stored, because somebody who is not ours holds their lock: this daemon lives all
 * the same. */
static void a_sign_of_life_goes_before_all_else(void **state)
{
    struct story *story = *state;
    struct tw_error err;
    story->config.store.lock_timeout_ms = 100;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "BEGIN");
    ask(story, "SELECT name FROM tapewatch.locks WHERE name = 'rules' FOR UPDATE");
    load_rules(story, "rules: []\n");
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    run_for(story, 4000);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.members_alive(3000)"), 1);
    const struct tw_error *trouble = tw_evaluator_trouble(story->first.evaluator);
    assert_non_null(trouble);
    assert_non_null(strstr(trouble->what, "of role \"postgres\" (\"observer\")"));
    ask(story, "COMMIT");
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
}

/* Else the server ends the session as idle, and others take the shards, once an interval. */
static void an_interval_longer_than_a_session_may_be_idle_costs_neither_session_nor_shards(void **state)
{
    static const char session_sql[] =
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'tapewatch evaluate'"
        " AND datname = current_database()";
    struct story *story = *state;
    story->config.evaluate.interval_ms = 60000;
    watermarks_go_to(story, 30);
    open_desk(story, &story->first);
    wait_for(
        story, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(1795000030)", 64);
    long long session = ask(story, session_sql);
    run_for(story, 7000); /* twice what idle_session allows */
    assert_int_equal(ask(story, session_sql), session);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.members_alive(3000)"), 1);
    load_rules(story, rules_of_all_measures); /* other rules do not wait for the interval */
    struct tw_error err;
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
}

/* What does not fit is told, with the key that is to be raised; then it goes on where it stood. */
static void windows_that_do_not_fit_stop_the_evaluation_until_they_do(void **state)
{
    struct story *story = *state;
    load_rules(story, rules_of_all_measures);
    for (int seconds = 0; seconds < 600; seconds += 10)
        bar(story, seconds, "ACME", 1, -9000);
    story->config.evaluate.memory_bytes = 2000;
    open_desk(story, &story->first);
    watermarks_go_to(story, 1000);
    const struct tw_error *trouble = NULL;
    for (int turn = 0; turn < 100 && !trouble; turn++) {
        run_for(story, 100);
        trouble = tw_evaluator_trouble(story->first.evaluator);
    }
    assert_non_null(trouble);
    assert_string_equal(trouble->where, "evaluate.memory");
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(1795001000)"), 0);
    close_desk(story, &story->first);
    story->config.evaluate.memory_bytes = 1 << 20;
    open_desk(story, &story->first);
    time_goes_to(story, 1000);
    assert_true(ask(story, "SELECT count(*) FROM tapewatch.alerts") > 0);
}

/* -- documents are filed before rules see them ----------------------------------------------------------- */

/* Event time goes on by a bar each time, for three seconds and more. */
static void time_goes_on(struct story *story, int from_seconds)
{
    for (int turn = 0; turn < 35; turn++) {
        watermarks_go_to(story, from_seconds + 10 * turn);
        run_for(story, 100);
    }
}

/* Filing gets on with each bar. That is no evaluation: else nobody would ever hear that rules are not. */
static void turns_that_fail_are_not_covered_up_by_documents_that_are_filed(void **state)
{
    struct story *story = *state;
    story->config.stories.enabled = true;
    bar(story, 0, "ACME", 3, -27000);
    ask(story, "ALTER TABLE tapewatch.alert_steps ADD CONSTRAINT refused CHECK (step <> 'opened') NOT VALID");
    open_desk(story, &story->first);
    time_goes_on(story, 30);
    uint64_t behind_ms = tw_evaluator_behind_ms(story->first.evaluator);
    const struct tw_error *trouble = tw_evaluator_trouble(story->first.evaluator);
    ask(story, "ALTER TABLE tapewatch.alert_steps DROP CONSTRAINT refused");
    assert_true(
        ask(story, "SELECT extract(epoch FROM filed_to)::int8 - 1795000000 FROM tapewatch.filing") > 100);
    assert_true(behind_ms >= 2500);
    assert_non_null(trouble);
    assert_non_null(strstr(trouble->what, "refused"));
    time_goes_to(story, 400);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts"), 1);
}

/* Another daemon lives, and has every other shard: the first of them, by which documents are filed, too. */
static void another_has_shard_0(struct story *story)
{
    ask(story, "INSERT INTO tapewatch.members (member, name, version, backend_pid, backend_start)"
               " SELECT '00000000-0000-0000-0000-000000000000', 'another', '1', a.pid, a.backend_start"
               " FROM pg_stat_get_activity(pg_backend_pid()) a"
               " ON CONFLICT (member) DO UPDATE SET seen_at = clock_timestamp()");
}

/* The other may hang, or have stories.enabled: false. Its light may be green: then ours alone can tell. */
static void rules_that_wait_for_documents_that_another_does_not_file_are_behind(void **state)
{
    static const char evaluated_sql[] =
        "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to IS NOT NULL";
    struct story *story = *state;
    story->config.stories.enabled = true;
    another_has_shard_0(story);
    open_desk(story, &story->first);
    wait_for(story, "SELECT count(*) FROM tapewatch.shards WHERE holder IS NOT NULL", 32);
    for (int turn = 0; turn < 35; turn++) {
        another_has_shard_0(story);
        watermarks_go_to(story, 30 + 10 * turn);
        run_for(story, 100);
    }
    assert_int_equal(ask(story, evaluated_sql), 0);
    assert_true(tw_evaluator_behind_ms(story->first.evaluator) >= 2500);
    const struct tw_error *trouble = tw_evaluator_trouble(story->first.evaluator);
    assert_non_null(trouble);
    assert_non_null(strstr(trouble->what, "nobody files them"));
    another_has_shard_0(story);
    ask(story, "UPDATE tapewatch.filing SET filed_to = to_timestamp(1795000000 + 300)");
    wait_for(story, evaluated_sql, 32);
    assert_true(tw_evaluator_behind_ms(story->first.evaluator) < 2500);
}

/* -- who may hold whom up -------------------------------------------------------------------------------- */

/* A session of another role, or of ours, beside the observer's. */
static PGconn *log_in(struct story *story, const char *role)
{
    char conninfo[600];
    const char *user = strstr(story->conninfo, "user=tapewatch_writer");
    PGconn *connection = NULL;
    struct tw_error err;
    snprintf(conninfo, sizeof conninfo, "%.*suser=%s%s", (int)(user - story->conninfo), story->conninfo, role,
        user + strlen("user=tapewatch_writer"));
    struct tw_postgres_options options = {conninfo, NULL, "stranger"};
    if (!tw_postgres_connect(&options, &connection, &err))
        fail_msg("%s", err.what);
    return connection;
}

/* What the server says to it: its message, or the first column of the first row. */
static const char *say(PGconn *connection, const char *sql, char *out, size_t size)
{
    PGresult *result = PQexec(connection, sql);
    bool rows = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
    snprintf(out, size, "%s", rows ? PQgetvalue(result, 0, 0) : PQresultErrorMessage(result));
    PQclear(result);
    return out;
}

static void a_reader_holds_nobody_up_whatever_it_locks(void **state)
{
    struct story *story = *state;
    char told[500];
    PGconn *reader = log_in(story, "tapewatch_reader");
    say(reader, "SELECT pg_advisory_lock(1415006040, number) FROM generate_series(0, 9) AS number", told,
        sizeof told);
    say(reader, "SELECT pg_advisory_lock(1415006041, number) FROM generate_series(0, 63) AS number", told,
        sizeof told);
    assert_non_null(strstr(
        say(reader, "SELECT FROM tapewatch.locks FOR UPDATE", told, sizeof told), "permission denied"));
    assert_non_null(strstr(
        say(reader, "SELECT FROM tapewatch.locks FOR KEY SHARE", told, sizeof told), "permission denied"));
    assert_non_null(strstr(
        say(reader, "SELECT FROM tapewatch.shards FOR SHARE", told, sizeof told), "permission denied"));
    assert_int_equal(ask(story, "SELECT tapewatch.ensure_days('{2026-11-20}', '{}')") >= 0, 1);
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    struct tw_error err;
    load_rules(story, "rules: []\n");
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
    time_goes_to(story, 200);
    PQfinish(reader);
}

/* Stopped in the middle of a transaction: no timeout of the server ends it. */
static void a_daemon_that_is_stopped_is_ended_by_another_with_all_that_it_holds(void **state)
{
    struct story *story = *state;
    char told[500];
    story->config.evaluate.idle_session_ms = 1000;
    PGconn *stopped = log_in(story, "tapewatch_writer");
    say(stopped,
        "INSERT INTO tapewatch.members (member, name, version, seen_at, backend_pid, backend_start)"
        " SELECT '00000000-0000-0000-0000-000000000001', 'stopped:1', '0', clock_timestamp(), pid, backend_start"
        " FROM pg_stat_get_activity(pg_backend_pid())",
        told, sizeof told);
    assert_string_equal(
        say(stopped,
            "SELECT count(*) FROM tapewatch.take_shards(ARRAY(SELECT generate_series(0, 63)::smallint),"
            " '00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'stopped:1', 1000)",
            told, sizeof told),
        "64");
    say(stopped, "BEGIN", told, sizeof told);
    say(stopped, "SELECT tapewatch.lock_rules(true)", told, sizeof told);
    say(stopped, "SELECT FROM tapewatch.shards FOR UPDATE", told, sizeof told);
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    say(stopped, "SELECT 1", told, sizeof told);
    assert_int_equal(PQstatus(stopped), CONNECTION_BAD);
    PQfinish(stopped);
}

/* A daemon that is killed need not be waited for: the server knows that its session is gone. */
static void the_shards_of_a_daemon_whose_session_is_gone_are_taken_at_once(void **state)
{
    struct story *story = *state;
    char told[500];
    story->config.evaluate.idle_session_ms = 3600000;
    PGconn *killed = log_in(story, "tapewatch_writer");
    say(killed,
        "INSERT INTO tapewatch.members (member, name, version, seen_at, backend_pid, backend_start)"
        " SELECT '00000000-0000-0000-0000-000000000001', 'killed:1', '0', clock_timestamp(), pid, backend_start"
        " FROM pg_stat_get_activity(pg_backend_pid())",
        told, sizeof told);
    say(killed,
        "SELECT count(*) FROM tapewatch.take_shards(ARRAY(SELECT generate_series(0, 63)::smallint),"
        " '00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'killed:1', 3600000)",
        told, sizeof told);
    open_desk(story, &story->first);
    wait_for(story, "SELECT count(*) FROM tapewatch.members", 2);
    run_for(story, 1500);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.shards WHERE owner = 'killed:1'"), 64);
    PQfinish(killed);
    time_goes_to(story, 100);
}

/* A superuser's session is not ours to end: who it is, and how to end it, is told. */
static void who_holds_a_row_and_is_not_ours_is_named(void **state)
{
    struct story *story = *state;
    char told[500], wanted[100];
    PGconn *writer = log_in(story, "tapewatch_writer");
    say(writer, "SET lock_timeout = 50", told, sizeof told);
    ask(story, "BEGIN");
    ask(story, "SELECT name FROM tapewatch.locks WHERE name = 'rules' FOR UPDATE");
    snprintf(wanted, sizeof wanted,
        "the lock \"rules\" is locked by session %d of role \"postgres\" (\"observer\")",
        PQbackendPID(story->observer));
    say(writer, "SELECT tapewatch.lock_rules(false)", told, sizeof told);
    assert_non_null(strstr(told, wanted));
    assert_non_null(strstr(told, "SELECT pg_terminate_backend("));
    ask(story, "ROLLBACK");
    ask(story, "BEGIN");
    ask(story, "SELECT partition FROM tapewatch.positions FOR UPDATE");
    say(writer, "SELECT tapewatch.end_blockers('news', 0)", told, sizeof told);
    assert_non_null(strstr(told, "the row of partition 0 of topic news is locked by session"));
    ask(story, "ROLLBACK");
    PQfinish(writer);
}

/* Its own rows could not be given back at first: the other still gets its share. */
static void shards_that_could_not_be_given_back_at_first_are_given_back_later(void **state)
{
    struct story *story = *state;
    story->config.store.lock_timeout_ms = 100;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "BEGIN");
    ask(story, "SELECT shard FROM tapewatch.shards FOR UPDATE");
    open_desk(story, &story->second);
    run_for(story, 3000);
    ask(story, "COMMIT");
    wait_for(
        story, "SELECT max(n) FROM (SELECT count(*) AS n FROM tapewatch.shards GROUP BY holder) AS s", 32);
    time_goes_to(story, 200);
}

static const char other_rules[] =
    "rules:\n  - name: bad-news\n    kind: threshold\n    measure: negative_sum\n    window: 1m\n"
    "    below: -1.0\n    quiet: 2m\n";

static void rules_that_change_while_others_are_being_stored_are_stored_too(void **state)
{
    struct story *story = *state;
    struct tw_error err;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    ask(story, "BEGIN");
    ask(story, "SELECT name FROM tapewatch.locks WHERE name = 'rules' FOR SHARE");
    load_rules(story, other_rules);
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    run_for(story, 300);
    load_rules(story, rules_text);
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    ask(story, "COMMIT");
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 3);
}

/* A standby that lagged is promoted: the last rule set was lost on the way. */
static void rule_sets_are_those_of_the_server_that_is_connected(void **state)
{
    struct story *story = *state;
    struct tw_error err;
    open_desk(story, &story->first);
    time_goes_to(story, 100);
    load_rules(story, other_rules);
    assert_true(tw_evaluator_set_rules(story->first.evaluator, story->rules, &err));
    wait_for(story, "SELECT count(*) FROM tapewatch.rule_sets", 2);
    time_goes_to(story, 200);
    ask(story,
        "DELETE FROM tapewatch.rule_sets WHERE rule_set_id = (SELECT max(rule_set_id) FROM tapewatch.rule_sets)");
    ask(story,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tapewatch evaluate'");
    time_goes_to(story, 300);
}

/* Each turn reads the alert anew: it must not be taken for one of another measure. */
static void an_alert_of_any_measure_outlives_the_turn_that_opened_it(void **state)
{
    struct story *story = *state;
    load_rules(story, "rules:\n"
                      "  - name: busy\n    kind: threshold\n    measure: count\n    window: 1m\n"
                      "    at_least: 3\n    quiet: 2m\n"
                      "  - name: gloom\n    kind: threshold\n    measure: mean\n    window: 1m\n"
                      "    below: -0.5\n    quiet: 2m\n");
    open_desk(story, &story->first);
    time_goes_to(story, 10);
    bar(story, 10, "ACME", 3, -25000);
    for (int seconds = 20; seconds <= 180; seconds += 40)
        time_goes_to(story, seconds);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts WHERE state = 'open'"), 2);
    assert_int_equal(
        ask(story,
            "SELECT count(*) FROM tapewatch.alerts WHERE (rule, measure) IN (('busy', 'count'), ('gloom', 'mean'))"),
        2);
    time_goes_to(story, 260);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts WHERE state = 'resolved'"), 2);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alert_steps"), 4);
}

/* A newer version of the program opened it: this one must not guess what it is. */
static void an_alert_of_a_kind_that_is_not_known_stops_the_evaluation(void **state)
{
    struct story *story = *state;
    bar(story, 10, "ACME", 3, -25000);
    open_desk(story, &story->first);
    time_goes_to(story, 20);
    ask(story, "UPDATE tapewatch.alerts SET kind = 'novelty'");
    ask(story,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(1795000100), seen_at = clock_timestamp()");
    run_for(story, 300);
    assert_int_equal(
        ask(story, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to > to_timestamp(1795000020)"), 0);
    ask(story, "UPDATE tapewatch.alerts SET kind = 'threshold'");
    time_goes_to(story, 3600);
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.alerts WHERE state = 'resolved'"), 1);
}

/* -- days ------------------------------------------------------------------------------------------------ */

enum { DAY_S = 86400 };

static const char rules_of_days[] =
    "rules:\n"
    "  - {name: slump, kind: shift, window: 1h, days: 10, at_least_days: 5, quiet: 1h}\n"
    "  - {name: rush, kind: burst, window: 1h, days: 10, at_least_days: 5, quiet: 1h}\n"
    "  - {name: both, kind: all, rules: [slump, rush], window: 2h, quiet: 10m}\n";

/* Ten ordinary days, and a bad hour in the eleventh. */
static void given_days(struct story *story)
{
    ask(story,
        "SELECT tapewatch.ensure_days(ARRAY(SELECT '2026-11-18'::date + n FROM generate_series(0, 12) AS n),"
        " '{}')");
    for (int day = 0; day < 10; day++)
        for (int part = 0; part < 5; part++)
            bar(story, day * DAY_S + part * 7200, "ACME", 1, (day % 3 - 1) * 1000);
    for (int part = 0; part < 4; part++)
        bar(story, 10 * DAY_S + part * 20, "ACME", 4, -36000);
    bar(story, 2 * DAY_S, "OTHER", 3, 3000);
}

/* Days that are not the sum of their bars before what has been evaluated. */
static long long wrong_days(struct story *story)
{
    return ask(story,
        "SELECT count(*) FROM (SELECT entity, (bar_start AT TIME ZONE 'UTC')::date AS day, sum(scores) AS scores,"
        " sum(sum) AS sum, sum(negative_sum) AS negative FROM tapewatch.bars"
        " WHERE bar_start < (SELECT min(evaluated_to) FROM tapewatch.shards) GROUP BY 1, 2) AS b"
        " FULL JOIN tapewatch.entity_days d USING (entity, day)"
        " WHERE (b.scores, b.sum, b.negative) IS DISTINCT FROM (d.scores, d.sum, d.negative_sum)");
}

static void days_are_kept_and_rules_that_look_at_them_tell_the_same_whatever_happens(void **state)
{
    struct story *story = *state;
    static char at_once[STEPS_BYTES];
    static char piece_by_piece[STEPS_BYTES];
    load_rules(story, rules_of_days);
    given_days(story);
    open_desk(story, &story->first);
    time_goes_to(story, 11 * DAY_S);
    steps(story, at_once);
    assert_string_equal(at_once, "ACME both opened 864030 20000 2\n"
                                 "ACME rush opened 864030 80000 8\n"
                                 "ACME slump opened 864030 -60704 8\n"
                                 "ACME rush updated 864070 160000 16\n"
                                 "ACME rush resolved 871270 0 0\n"
                                 "ACME slump resolved 871270 0 0\n"
                                 "ACME both resolved 871870 0 0");
    assert_int_equal(ask(story, "SELECT count(*) FROM tapewatch.entity_days"), 12);
    assert_int_equal(wrong_days(story), 0);
    close_desk(story, &story->first);
    forget_alerts(story);
    open_desk(story, &story->first);
    for (int at = 1; at <= 22; at++) { /* another daemon takes over again and again, in the bad hour too */
        time_goes_to(story, at == 20 ? 10 * DAY_S + 50 : at == 21 ? 10 * DAY_S + 5000 : at * DAY_S / 2);
        assert_int_equal(wrong_days(story), 0);
        if (at % 3 == 2) {
            close_desk(story, &story->first);
            open_desk(story, &story->first);
        }
    }
    steps(story, piece_by_piece);
    assert_string_equal(piece_by_piece, at_once);
    close_desk(story, &story->first);
    ask(story, "SELECT tapewatch.bring_back(to_timestamp(1795000000 + 86400 * 5 + 7200))");
    assert_int_equal(wrong_days(story), 0);
    open_desk(story, &story->first);
    time_goes_to(story, 11 * DAY_S);
    assert_int_equal(wrong_days(story), 0);
}

/* A rule that comes later finds the days of the time before it. */
static void days_are_written_before_a_rule_asks_for_them(void **state)
{
    struct story *story = *state;
    char told[STEPS_BYTES];
    given_days(story);
    open_desk(story, &story->first);
    time_goes_to(story, 10 * DAY_S);
    close_desk(story, &story->first);
    load_rules(story, rules_of_days);
    open_desk(story, &story->first);
    time_goes_to(story, 10 * DAY_S + 100);
    steps(story, told);
    assert_non_null(strstr(told, "ACME slump opened 864030 -60704 8"));
}

static void a_late_document_is_added_to_its_day(void **state)
{
    struct story *story = *state;
    ask(story, "TRUNCATE tapewatch.scores");
    ask(story, "UPDATE tapewatch.positions SET next_offset = 0");
    open_desk(story, &story->first);
    time_goes_to(story, 30);
    late_document(story, 12, "ACME", -9000);
    time_goes_to(story, 40);
    assert_int_equal(wrong_days(story), 0);
    late_document(story, 13, "ACME", -500);
    time_goes_to(story, 50);
    assert_int_equal(wrong_days(story), 0);
    assert_int_equal(ask(story, "SELECT sum FROM tapewatch.entity_days WHERE scores = 2"), -9500);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_alert_opens_at_the_bar_that_breaks_the_rule_and_resolves_when_it_is_quiet),
        STORY(however_event_time_is_cut_the_alerts_are_the_same),
        STORY(headlines_become_one_alert_that_knows_its_documents),
        STORY(a_watch_list_takes_effect_where_evaluation_stands_when_it_changes),
        STORY(a_list_that_changes_without_a_rule_of_it_has_its_times_all_the_same),
        STORY(two_daemons_share_the_shards_and_one_takes_over_when_the_other_leaves),
        STORY(an_evaluator_whose_shard_was_taken_writes_nothing),
        STORY(a_turn_that_another_overtook_meets_the_fence_before_the_others_alerts),
        STORY(a_turn_that_takes_long_costs_neither_session_nor_shards),
        STORY(a_turn_is_given_up_when_an_idle_partition_has_moved_meanwhile),
        STORY(a_partition_that_lags_holds_the_stream_back_and_an_idle_one_does_not),
        STORY(other_rules_hold_from_what_has_been_evaluated),
        STORY(an_alert_of_any_measure_outlives_the_turn_that_opened_it),
        STORY(an_alert_of_a_kind_that_is_not_known_stops_the_evaluation),
        STORY(whatever_happens_to_evaluators_the_alerts_are_the_same),
        STORY(a_late_document_counts_in_the_windows_that_look_back_on_it),
        STORY(a_late_document_that_comes_while_its_bar_is_evaluated_counts_too),
        STORY(late_bars_are_read_so_many_at_a_time),
        STORY(days_are_kept_and_rules_that_look_at_them_tell_the_same_whatever_happens),
        STORY(days_are_written_before_a_rule_asks_for_them),
        STORY(a_late_document_is_added_to_its_day),
        STORY(rules_that_decide_nothing_any_more_are_forgotten),
        STORY(rules_that_look_back_further_see_what_lies_there),
        STORY(windows_are_those_of_the_server_that_is_connected),
        STORY(a_sign_of_life_goes_before_all_else),
        STORY(an_interval_longer_than_a_session_may_be_idle_costs_neither_session_nor_shards),
        STORY(windows_that_do_not_fit_stop_the_evaluation_until_they_do),
        STORY(turns_that_fail_are_not_covered_up_by_documents_that_are_filed),
        STORY(rules_that_wait_for_documents_that_another_does_not_file_are_behind),
        STORY(a_reader_holds_nobody_up_whatever_it_locks),
        STORY(a_daemon_that_is_stopped_is_ended_by_another_with_all_that_it_holds),
        STORY(the_shards_of_a_daemon_whose_session_is_gone_are_taken_at_once),
        STORY(who_holds_a_row_and_is_not_ours_is_named),
        STORY(shards_that_could_not_be_taken_at_first_are_taken_later),
        STORY(shards_that_could_not_be_given_back_at_first_are_given_back_later),
        STORY(rules_that_change_while_others_are_being_stored_are_stored_too),
        STORY(rule_sets_are_those_of_the_server_that_is_connected),
    };
    if (!getenv("TW_TEST_CONNINFO")) {
        fprintf(stderr,
            "test_evaluate: TW_TEST_CONNINFO is not set; cure: run tests/integration/test_evaluate\n");
        return 2;
    }
    if (getenv("TW_TEST_ONLY"))
        cmocka_set_test_filter(getenv("TW_TEST_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
