/* run_watch: how a training run (run.h) is called, what it tells while it goes, and how it ended. Without the
 * model's headers, for whoever only looks on. */
#ifndef TW_RUN_WATCH_H
#define TW_RUN_WATCH_H

#include <stdint.h>

#include "base/error.h"

struct tw_decode_options;

/* Where a run stands, after each step. */
struct tw_run_progress {
    uint64_t step, most_steps;
    double epoch, loss, rate, gradient_norm;
    double tokens_per_s, seconds, seconds_left; /* since this process began */
};

/* One validation of the model, on what was held back, as it is shown. */
struct tw_run_validated {
    uint64_t step; /* 0: before anything was learned */
    double epoch;
    double train_loss; /* mean over steps since the last one; 0 before the first step */
    double loss, metric;
    const void *details; /* the pipeline's own: its header says what */
    bool best;
    double seconds;
};

struct tw_intake;
struct tw_run_precision;

/* Any of these may be NULL. All are called on the caller's thread. */
struct tw_run_watch {
    void *context;
    bool (*stopped)(void *context); /* asked after each step */
    void (*on_progress)(void *context, const struct tw_run_progress *progress);
    void (*on_validated)(void *context, const struct tw_run_validated *evaluation);
    void (*on_report_line)(void *context, const char *line);       /* a line for people */
    void (*on_refused)(void *context, const struct tw_error *why); /* a record (skip_refused) */
    struct tw_intake *intake;                                      /* counts the records that are read */
};

/* How the run was called. */
struct tw_run_call {
    const struct tw_decode_options *decode;
    int64_t stamp_us;                         /* time of reading */
    const char *command;                      /* as typed, for lineage */
    bool resume;                              /* go on in a folder that a run left */
    const struct tw_run_precision *precision; /* as it was settled (precision.h); NULL: it has a name */
    struct tw_run_watch watch;
};

struct tw_run_result {
    uint64_t steps;
    bool stopped_early;
    bool was_finished; /* nothing was left to resume */
    uint64_t refused;  /* records; the pipeline's to fill */
    double best_metric;
    uint64_t best_step; /* 0: nothing was held back */
};

/* A line for people; nothing when nobody listens. */
void tw_run_report_line(const struct tw_run_watch *watch, const char *format, ...) TW_PRINTF(2, 3);

#endif
