/* bench_evaluate: how long a turn of the rules takes, and a window that is read anew, against a real
 * PostgreSQL.
 *
 *     bench_evaluate CONNINFO RULES [ENTITIES [MINUTES [PARTITIONS [TURNS]]]]
 *
 * The database must be migrated, and is this program's alone: its tables are emptied. Every entity is spoken
 * of in every bar: MINUTES of them stand already (of one partition), then TURNS bars of PARTITIONS
 * partitions come one after the other, as a stream of 20,000 documents a second over 10,000 entities makes
 * them. A turn is timed from the moment at which the watermark passes a bar until all 64 shards are
 * evaluated behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alert/shard.h"
#include "base/file.h"
#include "config/config.h"
#include "evaluate/evaluator.h"
#include "idle_work.h"
#include "postgres/postgres.h"

#define FIRST_S 1795000000LL /* event time of the first bar: 2026-11-18 */

enum { ENTITIES_AT_ONCE = 500, PATIENCE_S = 1800 };

struct bench {
    uv_loop_t loop;
    struct tw_arena arena;
    struct tw_config config;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_pool *pool;
    struct tw_rule_set *rules;
    struct tw_evaluator *evaluator;
    PGconn *observer;
    uint32_t entities, minutes, partitions, turns;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_evaluate: %s\n", what);
    exit(1);
}

static long long ask(struct bench *bench, const char *sql)
{
    PGresult *result = PQexec(bench->observer, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        die(PQresultErrorMessage(result));
    long long number =
        status == PGRES_TUPLES_OK && PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : -1;
    PQclear(result);
    return number;
}

static double now_s(void)
{
    return (double)uv_hrtime() / 1e9;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Until all shards are evaluated up to a second of the tape; seconds that it took. */
static double wait_evaluated(struct bench *bench, long long second)
{
    char sql[200];
    double begun = now_s();
    uv_timer_t tick;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM tapewatch.shards WHERE evaluated_to = to_timestamp(%lld)",
        FIRST_S + second);
    uv_timer_init(&bench->loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (ask(bench, sql) != TW_SHARDS) {
        if (now_s() - begun > PATIENCE_S)
            die("not evaluated");
        double until = now_s() + 0.02;
        while (now_s() < until)
            uv_run(&bench->loop, UV_RUN_ONCE);
    }
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&bench->loop, UV_RUN_NOWAIT);
    return now_s() - begun;
}

static void watermark_goes_to(struct bench *bench, long long second)
{
    char sql[200];
    snprintf(sql, sizeof sql,
        "UPDATE tapewatch.positions SET watermark = to_timestamp(%lld), seen_at = clock_timestamp()",
        FIRST_S + second);
    ask(bench, sql);
}

/* -- what stands ----------------------------------------------------------------------------------------- */

static void make_entities(struct bench *bench)
{
    for (uint32_t first = 0; first < bench->entities; first += ENTITIES_AT_ONCE) {
        char sql[ENTITIES_AT_ONCE * 48 + 200];
        size_t length = (size_t)snprintf(
            sql, sizeof sql, "INSERT INTO tapewatch.entities (symbol, name, shard, listed) VALUES ");
        for (uint32_t at = first; at < first + ENTITIES_AT_ONCE && at < bench->entities; at++) {
            char symbol[16];
            snprintf(symbol, sizeof symbol, "E%06u", at);
            length += (size_t)snprintf(sql + length, sizeof sql - length, "%s('%s', '', %d, true)",
                at == first ? "" : ", ", symbol, tw_shard_of(tw_text_of(symbol)));
        }
        ask(bench, sql);
    }
}

/* Bars of [from, to) seconds, of so many partitions. Gloom comes over one entity in 64 after the other, for
 * ten minutes. */
static void make_bars(struct bench *bench, long long from, long long to, uint32_t partitions)
{
    char sql[900];
    snprintf(sql, sizeof sql,
        "INSERT INTO tapewatch.bars (topic_id, partition, bar_start, entity, shard, scores, sum, sum_of_squares,"
        " negative_sum) SELECT topic_id, partition, to_timestamp(%lld + second), symbol, shard, 3,"
        " CASE WHEN hashtext(symbol) & 63 = (second / 600)::int & 63 THEN -9000 ELSE 800 END, 1000000,"
        " CASE WHEN hashtext(symbol) & 63 = (second / 600)::int & 63 THEN -9000 ELSE -2 END"
        " FROM tapewatch.topics, tapewatch.entities, generate_series(%lld, %lld, 10) AS second,"
        " generate_series(0, %u - 1) AS partition",
        FIRST_S, from, to - 1, partitions);
    ask(bench, sql);
}

static void make_tape(struct bench *bench)
{
    char sql[200];
    long long end = bench->minutes * 60LL;
    ask(bench, "SET synchronous_commit = off");
    ask(bench,
        "TRUNCATE tapewatch.alerts, tapewatch.alert_steps, tapewatch.alert_events, tapewatch.bars, tapewatch.rule_sets,"
        " tapewatch.positions, tapewatch.members, tapewatch.entities, tapewatch.late_bars, tapewatch.entity_days CASCADE");
    ask(bench,
        "SELECT tapewatch.ensure_days(ARRAY(SELECT '2026-11-17'::date + n FROM generate_series(0, 4) AS n), '{}')");
    ask(bench, "SELECT epoch FROM tapewatch.take_partition('bench', 0, gen_random_uuid(), 'nobody')");
    make_entities(bench);
    for (long long from = 0; from < end; from += 600)
        make_bars(bench, from, from + 600 < end ? from + 600 : end, 1);
    ask(bench, "ANALYZE tapewatch.bars, tapewatch.entities");
    snprintf(sql, sizeof sql, "UPDATE tapewatch.shards SET holder = NULL, evaluated_to = to_timestamp(%lld)",
        FIRST_S + end);
    ask(bench, sql);
}

/* -- the evaluator --------------------------------------------------------------------------------------- */

static void on_state(void *context, bool ready, const struct tw_error *err)
{
    (void)context;
    (void)ready;
    if (err && !err->passing)
        die(err->what);
}

static void begin_evaluator(struct bench *bench, const char *conninfo, const char *rules_path)
{
    static const char *const topics[] = {"bench"};
    struct tw_error err;
    struct tw_problems problems;
    struct tw_text_file source = {rules_path, {0}};
    struct tw_pool_events pool_events = {bench, no_batch};
    struct tw_evaluator_events events = {.context = bench, .state = on_state};
    struct tw_shared *shared = tw_shared_new(NULL, NULL);
    if (!shared || !tw_config_defaults(&bench->arena, &bench->config, &err))
        die("no configuration");
    bench->config.store.conninfo = conninfo;
    bench->config.kafka.topics = (struct tw_strings){topics, 1};
    bench->config.evaluate.interval_ms = 20;
    bench->log = tw_log_open(TW_WARNING, TW_LOG_FORMAT_LOGFMT, NULL);
    tw_problems_begin(&problems, &bench->arena);
    if (!tw_file_read(rules_path, 1 << 20, &bench->arena, &source.bytes, &err) ||
        !tw_rules_load(&source, NULL, &problems, &bench->rules, &err))
        die(err.what);
    if (!tw_pool_begin(&bench->loop, 1, &idle_work, shared, &pool_events, &bench->pool, &err) ||
        !tw_evaluator_begin(&bench->loop, &bench->config, &bench->log, &bench->metrics, bench->pool,
            bench->rules, &events, &bench->evaluator, &err))
        die(err.what);
    tw_shared_leave(shared);
}

/* -- figures --------------------------------------------------------------------------------------------- */

static double resident_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static double processor_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int compare_seconds(const void *left, const void *right)
{
    double one = *(const double *)left, other = *(const double *)right;
    return (one > other) - (one < other);
}

static void run_turns(struct bench *bench)
{
    long long second = bench->minutes * 60LL;
    double *took = calloc(bench->turns, sizeof *took);
    if (!took)
        die("out of memory");
    for (uint32_t turn = 0; turn < bench->turns; turn++, second += 10) {
        make_bars(bench, second, second + 10, bench->partitions);
        watermark_goes_to(bench, second + 10);
        double cpu_s = processor_s();
        took[turn] = wait_evaluated(bench, second + 10);
        printf("turn %2u  %6.3f s, of which this program computed %.3f s\n", turn + 1, took[turn],
            processor_s() - cpu_s);
    }
    qsort(took, bench->turns, sizeof *took, compare_seconds);
    printf(
        "turns   min %.3f s, median %.3f s, max %.3f s; %u entities, %u bars back, %u rows a bar; %lld alerts\n",
        took[0], took[bench->turns / 2], took[bench->turns - 1], bench->entities, bench->minutes * 6,
        bench->entities * bench->partitions, ask(bench, "SELECT count(*) FROM tapewatch.alerts"));
    free(took);
}

static uint32_t argument(int argc, char **argv, int at, uint32_t otherwise)
{
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct tw_error err;
    if (argc < 3) {
        fprintf(stderr, "usage: bench_evaluate CONNINFO RULES [ENTITIES [MINUTES [PARTITIONS [TURNS]]]]\n");
        return 2;
    }
    bench.entities = argument(argc, argv, 3, 10000);
    bench.minutes = argument(argc, argv, 4, 120);
    bench.partitions = argument(argc, argv, 5, 8);
    bench.turns = argument(argc, argv, 6, 12);
    struct tw_postgres_options options = {argv[1], NULL, "bench"};
    uv_loop_init(&bench.loop);
    if (!tw_arena_begin(&bench.arena, 16 << 20, &err) ||
        !tw_postgres_connect(&options, &bench.observer, &err))
        die(err.what);
    double begun = now_s();
    make_tape(&bench);
    printf("tape    %u entities, %u minutes: %.0f s\n", bench.entities, bench.minutes, now_s() - begun);
    double before = resident_mib();
    begin_evaluator(&bench, argv[1], argv[2]);
    long long end = bench.minutes * 60LL;
    begun = now_s();
    watermark_goes_to(&bench, end);
    while (bench.metrics.gauges[TW_GAUGE_WINDOWS] < (double)bench.entities * bench.minutes * 6 * 40 * 0.999) {
        uv_run(&bench.loop, UV_RUN_ONCE);
        if (now_s() - begun > PATIENCE_S)
            die("windows are not read");
    }
    printf("windows %.1f s to be read, %.0f MiB by the gauge, %.0f MiB resident for all\n", now_s() - begun,
        bench.metrics.gauges[TW_GAUGE_WINDOWS] / 1048576, resident_mib() - before);
    run_turns(&bench);
    printf("memory  %.0f MiB by the gauge, %.0f MiB resident for all\n",
        bench.metrics.gauges[TW_GAUGE_WINDOWS] / 1048576, resident_mib() - before);
    fflush(stdout);
    _exit(0); /* threads and sessions end with the process */
}
