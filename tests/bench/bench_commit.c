/* bench_commit: documents a second into PostgreSQL, through the daemon's own store, without a Kafka.
 *
 *     bench_commit CONNINFO SECONDS [BATCH [ROWS_PER_STATEMENT [PARTITIONS [ENTITIES [SESSIONS]]]]]
 *
 * The database must be migrated. 300 bytes of text, 1.5 scores a document, bars on; one transaction at a
 * time in each of SESSIONS (1). Batches are made ahead, so that what is measured is the store and
 * PostgreSQL. Prints one line a second. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "batches.h"
#include "config/config.h"
#include "observe/metrics.h"
#include "store/stores.h"

enum { PARTITIONS_MOST = 64 };

struct bench {
    uv_loop_t loop;
    struct tw_stores *stores;
    struct tw_config config;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_partition partitions[PARTITIONS_MOST];
    uint32_t partition_count;
    uint32_t taken;
    struct batch_shape shape;
    uv_timer_t second;
    uint64_t stored;
    uint64_t stored_before;
    uint64_t begun_ns;
    int seconds;
    int passed;
    uint64_t making_ns;
};

static void give(struct bench *bench, struct tw_partition *partition)
{
    struct tw_error err;
    uint64_t begun = uv_hrtime();
    bench->shape.first_event_us = INT64_C(1795000000000000);
    struct tw_batch *batch = batches_make(&bench->shape, partition, partition->cut_offset, &err);
    bench->making_ns += uv_hrtime() - begun;
    if (!batch) {
        fprintf(stderr, "bench_commit: %s\n", err.what);
        exit(70);
    }
    partition->cut_offset = batch->end_offset;
    tw_stores_commit(bench->stores, batch);
}

/* Two batches for each session: one is stored, one waits. */
static uint32_t in_flight(const struct bench *bench)
{
    return 2 * (uint32_t)bench->config.store.sessions;
}

static void on_state(void *context, bool ready, const struct tw_error *err)
{
    struct bench *bench = context;
    if (err && !err->passing) {
        fprintf(stderr, "bench_commit: %s\n", err->what);
        exit(1);
    }
    for (uint32_t at = 0; ready && at < bench->partition_count; at++)
        tw_stores_take(bench->stores, &bench->partitions[at]);
}

static void on_taken(
    void *context, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err)
{
    struct bench *bench = context;
    (void)assignment;
    (void)err;
    partition->cut_offset = partition->row_offset;
    if (++bench->taken < bench->partition_count)
        return;
    bench->begun_ns = uv_hrtime();
    for (uint32_t at = 0; at < in_flight(bench); at++)
        give(bench, &bench->partitions[at % bench->partition_count]);
}

static void on_committed(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    struct bench *bench = context;
    struct tw_partition *partition = batch->partition;
    if (end != TW_BATCH_STORED && bench->passed < bench->seconds) {
        fprintf(stderr, "bench_commit: fenced\n");
        exit(1);
    }
    bench->stored += batch->count;
    batches_free(batch);
    if (bench->passed < bench->seconds)
        give(bench, &bench->partitions[(size_t)(partition - bench->partitions + in_flight(bench)) %
                                       bench->partition_count]);
}

static void on_closed(void *context)
{
    (void)context;
}

static void on_second(uv_timer_t *timer)
{
    struct bench *bench = timer->data;
    double seconds = (double)(uv_hrtime() - bench->begun_ns) / 1e9;
    if (bench->taken < bench->partition_count)
        return;
    bench->passed++;
    printf("%3d s  %8llu documents/s\n", bench->passed,
        (unsigned long long)(bench->stored - bench->stored_before));
    bench->stored_before = bench->stored;
    if (bench->passed < bench->seconds)
        return;
    printf(
        "mean   %8.0f documents/s, %u a batch, %u rows a statement, %u partitions, %u entities, %d sessions;"
        " making batches took %.0f%% of the loop\n",
        (double)bench->stored / seconds, bench->shape.documents, bench->shape.rows_per_statement,
        bench->partition_count, bench->shape.entities, (int)bench->config.store.sessions,
        (double)bench->making_ns / 1e7 / seconds);
    uv_close((uv_handle_t *)timer, NULL);
    tw_stores_end(bench->stores, on_closed);
}

static uint32_t argument(int argc, char **argv, int at, uint32_t otherwise)
{
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct tw_arena arena;
    struct tw_error err;
    if (argc < 3) {
        fprintf(stderr,
            "usage: bench_commit CONNINFO SECONDS [BATCH [ROWS_PER_STATEMENT [PARTITIONS [ENTITIES [SESSIONS]]]]]\n");
        return 2;
    }
    if (!tw_arena_begin(&arena, 8 << 20, &err) || !tw_config_defaults(&arena, &bench.config, &err))
        return 70;
    bench.config.store.conninfo = argv[1];
    bench.config.store.sessions = argument(argc, argv, 7, 1);
    bench.seconds = (int)strtol(argv[2], NULL, 10);
    bench.shape = (struct batch_shape){.documents = argument(argc, argv, 3, 2000),
        .text_bytes = 300,
        .entities = argument(argc, argv, 6, 500),
        .scores_in_two = 3,
        .step_us = 1000,
        .rows_per_statement = argument(argc, argv, 4, 1000),
        .poison = UINT32_MAX,
        .dead = UINT32_MAX};
    bench.partition_count = argument(argc, argv, 5, 8);
    bench.log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_store_events events = {&bench, on_committed, on_taken, on_state, NULL};
    uv_loop_init(&bench.loop);
    for (uint32_t at = 0; at < bench.partition_count; at++)
        snprintf(bench.partitions[at].topic, sizeof bench.partitions[at].topic, "bench-%lld",
            (long long)time(NULL));
    for (uint32_t at = 0; at < bench.partition_count; at++)
        bench.partitions[at].number = (int32_t)at;
    if (!tw_stores_begin(
            &bench.loop, &bench.config, &bench.log, &bench.metrics, &events, &bench.stores, &err)) {
        fprintf(stderr, "bench_commit: %s\n", err.what);
        return 1;
    }
    uv_timer_init(&bench.loop, &bench.second);
    bench.second.data = &bench;
    uv_timer_start(&bench.second, on_second, 1000, 1000);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    tw_arena_end(&arena);
    return 0;
}
