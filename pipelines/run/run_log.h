/* run_log: what a training run leaves beside its weights, for people and for tools.
 *
 *   metrics.jsonl        a JSON object a line: {"step":..,"epoch":..,"loss":..,...} while training, and
 *                        {"step":..,"epoch":..,"eval_loss":..,"eval_accuracy":..,"eval_f1":..,...} at each
 *                        evaluation
 *   trainer_state.json   the same rows as transformers' Trainer keeps them (log_history, best_metric,
 *                        global_step, ...)
 *   run.yaml             settings (settings.h): `--from run.yaml` repeats the run
 *
 *     struct tw_run_log *log;
 *     if (!tw_run_log_open(folder, &log, err)) return false;
 *     tw_run_log_rewind(log, step, err);               // a resumed run: rows past its checkpoint never
 *                                                      happened
 *     tw_run_log_add(log, row, err);                   // a json object; given away, even on failure
 *     tw_run_log_write_state(log, &facts, err);              // writes trainer_state.json
 *     tw_run_log_close(log);
 *
 * Rows are written through at once. Errors: TW_OUTPUT, TW_IO with the path; TW_INTERNAL without memory. */
#ifndef TW_RUN_LOG_H
#define TW_RUN_LOG_H

#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

struct tw_run_log;

/* Opens metrics.jsonl of a run's folder for appending, with the rows that stand in it. */
TW_MUST_USE bool tw_run_log_open(const char *folder, struct tw_run_log **out, struct tw_error *err);
/* NULL is fine. */
void tw_run_log_close(struct tw_run_log *log);

/* Drops rows whose "step" is above `step`. */
TW_MUST_USE bool tw_run_log_rewind(struct tw_run_log *log, uint64_t step, struct tw_error *err);
/* Appends a row; it is given away, even on failure, and NULL fails (TW_INTERNAL). */
TW_MUST_USE bool tw_run_log_add(struct tw_run_log *log, json_t *row, struct tw_error *err);
/* All rows so far: an array, the log's own. */
const json_t *tw_run_log_rows(const struct tw_run_log *log);

/* The rows of a folder whose run is over, a new array; empty when it has no metrics.jsonl. Changes nothing.
 * TW_IO; TW_CONFIG when the file is larger than any run's. */
TW_MUST_USE bool tw_run_log_read(const char *folder, json_t **rows, struct tw_error *err);

/* What Trainer's state says beside its rows. */
struct tw_run_log_facts {
    double epoch; /* epochs done, a fraction */
    uint64_t step, most_steps, epochs, batch, eval_steps, log_steps;
    double best_metric;
    uint64_t best_step; /* 0: none yet */
    uint64_t tokens;    /* read for training */
};
/* Writes trainer_state.json anew, with all rows so far. */
TW_MUST_USE bool tw_run_log_write_state(
    struct tw_run_log *log, const struct tw_run_log_facts *facts, struct tw_error *err);

#endif
