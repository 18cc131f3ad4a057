/* bench: how fast texts go down the river on this machine, as the daemon's workers take them.
 *
 *   in    an archive of texts or JSON records, read into memory as messages once
 *   out   for any number of workers, as often as asked: seconds, documents, tokens; times of the steps
 *
 *     tw_bench_open(&options, &bench, err)
 *     tw_bench_run(bench, workers, watch, &round, err)          again and again
 *     tw_bench_limit(classifier, now_ns)                        what this processor could do
 *     tw_bench_close(bench)
 *
 * One round is tw_river_run over all messages, in batches that workers take as they get free, each with an
 * arena that is emptied from batch to batch: what `serve` does between Kafka and PostgreSQL. A line of text
 * becomes a message {"text": ...}. Not in the time: reading the file, opening a worker, its first batch.
 * No clock of its own: the caller's, in nanoseconds, which never goes back. */
#ifndef TW_BENCH_H
#define TW_BENCH_H

#include "base/stopwatch.h"
#include "files/parallel_lines.h"
#include "river.h"

struct tw_bench;
struct tw_model;

struct tw_bench_options {
    const struct tw_river *river; /* outlives the bench */
    const char *path;             /* the archive; "-": standard input */
    enum tw_input_form form;
    uint64_t most_documents; /* of the archive, its first ones; 0: all */
    uint32_t batch_documents;
    size_t batch_bytes; /* of a batch's arena */
    int64_t stamp_us;   /* time of reading */
    uint64_t (*now_ns)(void);
};

struct tw_bench_round {
    double seconds;
    uint64_t documents, refused, tokens; /* tokens as the model read them */
};

/* Reads the archive. TW_CONFIG when nothing is in it; TW_IO, TW_PERMISSION, TW_FULL. */
TW_MUST_USE bool tw_bench_open(
    const struct tw_bench_options *options, struct tw_bench **out, struct tw_error *err);
/* NULL is fine. */
void tw_bench_close(struct tw_bench *bench);

/* One round with so many workers (at least 1). `watch` takes the times of its steps (enum tw_river_step) and
 * may be NULL; with more than one worker it is not looked at. Errors of the river. */
TW_MUST_USE bool tw_bench_run(struct tw_bench *bench, uint32_t workers, struct tw_stopwatch *watch,
    struct tw_bench_round *out, struct tw_error *err);

/* Operations of a token's way through the model's linear maps, a product and its sum counted as two. */
double tw_bench_work(const struct tw_model *model);

/* What one core of this processor could do at most, in operations a second, measured now in the calling
 * thread's own time (`thread_ns`): products of bytes in registers for a model with 8-bit weights; for one in
 * fp32 the fastest product that the door's probe saw. 0 for the constant model. */
double tw_bench_limit(const struct tw_classifier *classifier, uint64_t (*thread_ns)(void));

#endif
