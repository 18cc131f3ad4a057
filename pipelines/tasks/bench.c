#include "tasks/bench.h"

#include "base/threads.h"
#include "files/archive.h"
#include "files/reader.h"
#include "model/compute.h"
#include "model/model.h"
#include "read/decode.h"
#include "score/classifier.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#define MESSAGES_BYTES ((size_t)8 << 30) /* address space; touched as it is filled */

enum {
    KEPT_BYTES = 4 << 20,  /* of a batch's arena, from one to the next */
    PARTS_A_WORKER = 16,   /* batches for each, at least, so that no worker waits long for the last one */
    LIMIT_ROUNDS = 200000, /* of the kernel; some milliseconds */
    LIMIT_TIMES = 15,
};

struct tw_bench {
    struct tw_bench_options options;
    struct tw_arena arena; /* of the messages */
    struct tw_message *messages;
    uint64_t count, room;
    uint64_t too_long; /* lines that no reader would take */
};

/* --- reading ------------------------------------------------------------------------------------------- */

/* {"text": line}. */
static bool wrap(struct tw_bench *bench, struct tw_text line, struct tw_text *out, struct tw_error *err)
{
    json_t *record = json_pack("{s:s%}", "text", line.bytes, line.length);
    char *text = record ? json_dumps(record, JSON_COMPACT) : NULL;
    json_decref(record);
    /* What is no UTF-8 goes as it is, and is refused like any other. */
    *out = tw_arena_copy(&bench->arena, text ? tw_text_of(text) : line);
    free(text);
    return out->bytes || tw_arena_fail(&bench->arena, err);
}

static bool is_json(const struct tw_bench *bench, struct tw_text line)
{
    size_t at = tw_text_mark_bytes(line);
    while (at < line.length && (unsigned char)line.bytes[at] <= ' ')
        at++;
    return bench->options.form == TW_INPUT_JSON ||
           (bench->options.form == TW_INPUT_AUTO && at < line.length && line.bytes[at] == '{');
}

static bool make_room(struct tw_bench *bench, struct tw_error *err)
{
    if (bench->count < bench->room)
        return true;
    const uint64_t room = bench->room ? 2 * bench->room : 4096;
    struct tw_message *more = realloc(bench->messages, room * sizeof *more);
    if (!more)
        return tw_fail(err, TW_INTERNAL, bench->options.path, "name a shorter file", "out of memory");
    bench->messages = more;
    bench->room = room;
    return true;
}

static bool add_line(struct tw_bench *bench, struct tw_text line, struct tw_error *err)
{
    struct tw_text payload;
    if (tw_text_is_blank(line))
        return true;
    if (!make_room(bench, err))
        return false;
    if (!is_json(bench, line)) {
        if (!wrap(bench, line, &payload, err))
            return false;
    } else {
        payload = tw_arena_copy(&bench->arena, line);
        if (!payload.bytes)
            return tw_arena_fail(&bench->arena, err);
    }
    bench->messages[bench->count] = (struct tw_message){.offset = (int64_t)bench->count,
        .stamp_us = bench->options.stamp_us,
        .payload = payload,
        .has_value = true};
    bench->count++;
    return true;
}

static bool read_lines(struct tw_bench *bench, struct tw_archive *archive, struct tw_error *err)
{
    const uint64_t most = bench->options.most_documents ? bench->options.most_documents : UINT64_MAX;
    while (bench->count < most) {
        struct tw_archive_line line;
        enum tw_read read = tw_archive_next(archive, &line, err);
        if (read == TW_READ_FAILED)
            return false;
        if (read == TW_READ_END)
            break;
        bench->too_long += read == TW_READ_REFUSED;
        if (read == TW_READ_ITEM && !add_line(bench, line.text, err))
            return false;
    }
    return bench->count > 0 ||
           tw_fail(err, TW_CONFIG, bench->options.path, "name a file of texts", "there is no text in it");
}

static bool read_archive(struct tw_bench *bench, struct tw_error *err)
{
    const struct tw_table_columns columns = tw_reader_columns(bench->options.river->decode);
    struct tw_archive *archive;
    if (!tw_arena_begin(&bench->arena, MESSAGES_BYTES, err) ||
        !tw_archive_open(bench->options.path, bench->options.river->decode->max_payload_bytes, &archive, err))
        return false;
    if (bench->options.form != TW_INPUT_TEXT)
        tw_archive_ask_for_records(archive, &columns);
    bool read = read_lines(bench, archive, err);
    tw_archive_close(archive);
    return read;
}

bool tw_bench_open(const struct tw_bench_options *options, struct tw_bench **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_bench *bench = calloc(1, sizeof *bench);
    if (!bench)
        return tw_fail(err, TW_INTERNAL, options->path, NULL, "out of memory");
    bench->options = *options;
    if (!read_archive(bench, err)) {
        tw_bench_close(bench);
        return false;
    }
    *out = bench;
    return true;
}

void tw_bench_close(struct tw_bench *bench)
{
    if (!bench)
        return;
    free(bench->messages);
    tw_arena_end(&bench->arena);
    free(bench);
}

/* --- a round -------------------------------------------------------------------------------------------- */

/* One worker's part of it. */
struct lane {
    struct tw_river_worker *worker;
    struct tw_arena arena;
    struct tw_bench_round sums;
    bool done; /* false: err says why */
    struct tw_error err;
};

struct round {
    const struct tw_bench *bench;
    struct lane *lanes;
    uint64_t batch; /* documents of one */
    _Atomic uint64_t next;
};

static bool run_batch(struct round *round, struct lane *lane, uint64_t first, struct tw_bench_round *sums)
{
    const struct tw_bench *bench = round->bench;
    const uint64_t left = bench->count - first, count = left < round->batch ? left : round->batch;
    struct tw_rows rows;
    tw_arena_reset(&lane->arena, KEPT_BYTES);
    if (!tw_river_run(bench->options.river, lane->worker, bench->messages + first, (uint32_t)count,
            &lane->arena, &rows, &lane->err))
        return false;
    sums->documents += rows.stored_count;
    sums->refused += rows.dead_count;
    sums->tokens += rows.tokens;
    return true;
}

static void run_lane(void *self, size_t number)
{
    struct round *round = self;
    struct lane *lane = &round->lanes[number];
    while (lane->done) {
        const uint64_t first = atomic_fetch_add(&round->next, round->batch);
        if (first >= round->bench->count)
            return;
        lane->done = run_batch(round, lane, first, &lane->sums);
    }
}

/* A worker with everything that the first batch makes: pages, and what is read for the first time. */
static bool open_lane(struct round *round, struct lane *lane, struct tw_error *err)
{
    struct tw_bench_round ignored = {0};
    if (!tw_river_worker_new(round->bench->options.river, &lane->worker, err) ||
        !tw_arena_begin(&lane->arena, round->bench->options.batch_bytes, err))
        return false;
    lane->done = run_batch(round, lane, 0, &ignored);
    if (!lane->done)
        *err = lane->err;
    return lane->done;
}

static bool run_lanes(struct round *round, uint32_t workers, struct tw_stopwatch *watch,
    struct tw_bench_round *out, struct tw_error *err)
{
    struct tw_threads *threads;
    for (uint32_t at = 0; at < workers; at++)
        if (!open_lane(round, &round->lanes[at], err))
            return false;
    if (!tw_threads_open(workers, &threads, err))
        return false;
    tw_river_time(round->lanes[0].worker, workers == 1 ? watch : NULL);
    const uint64_t began_ns = round->bench->options.now_ns();
    tw_threads_run(threads, run_lane, round);
    out->seconds = 1e-9 * (double)(round->bench->options.now_ns() - began_ns);
    tw_threads_close(threads);
    out->refused = round->bench->too_long;
    for (uint32_t at = 0; at < workers; at++) {
        const struct lane *lane = &round->lanes[at];
        out->documents += lane->sums.documents;
        out->refused += lane->sums.refused;
        out->tokens += lane->sums.tokens;
        if (!lane->done) {
            *err = lane->err;
            return false;
        }
    }
    return true;
}

bool tw_bench_run(struct tw_bench *bench, uint32_t workers, struct tw_stopwatch *watch,
    struct tw_bench_round *out, struct tw_error *err)
{
    const uint64_t fair = bench->count / ((uint64_t)workers * PARTS_A_WORKER) + 1,
                   most = bench->options.batch_documents;
    struct round round = {.bench = bench, .batch = fair < most ? fair : most};
    *out = (struct tw_bench_round){0};
    round.lanes = calloc(workers, sizeof *round.lanes);
    if (!round.lanes)
        return tw_fail(err, TW_INTERNAL, bench->options.path, "ask for fewer workers", "out of memory");
    bool done = run_lanes(&round, workers, watch, out, err);
    for (uint32_t at = 0; at < workers; at++) {
        tw_river_worker_free(round.lanes[at].worker);
        tw_arena_end(&round.lanes[at].arena);
    }
    free(round.lanes);
    return done;
}

/* --- what there is to do, and what could be done -------------------------------------------------------- */

double tw_bench_work(const struct tw_model *model)
{
    const struct tw_model_config *config = &model->config;
    return 2.0 * (double)config->layers * (double)config->hidden *
           (4.0 * (double)config->hidden + 2.0 * (double)config->intermediate);
}

static double limit_of_int8(const struct tw_int8_kernels *kernels, uint64_t (*thread_ns)(void))
{
    double best = 0.0;
    for (int time = 0; time < LIMIT_TIMES; time++) {
        const uint64_t began_ns = thread_ns();
        const double work = (double)kernels->limit(LIMIT_ROUNDS);
        const double rate = 1e9 * work / (double)(thread_ns() - began_ns + 1);
        best = rate > best ? rate : best;
    }
    return best;
}

double tw_bench_limit(const struct tw_classifier *classifier, uint64_t (*thread_ns)(void))
{
    const struct tw_model *model = tw_classifier_model(classifier);
    const struct tw_compute *compute = tw_classifier_compute(classifier);
    double best = 0.0;
    if (!model)
        return 0.0;
    if (model->int8)
        return limit_of_int8(compute->int8, thread_ns);
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++)
        best = compute->gemm.probes[backend].gflops > best ? compute->gemm.probes[backend].gflops : best;
    return 1e9 * best;
}
