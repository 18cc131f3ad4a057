/* run: one training run, whatever is learned: steps by epochs, rates, checkpoints, validations, the best
 * kept. finetune, pretrain and distill are each a table of functions over it.
 *   in    what the pipeline brings (struct tw_run_pipeline), settings, the call (struct tw_run_call)
 *   out   the folder: run.yaml, metrics.jsonl, trainer_state.json, the best model so far, checkpoints,
 *         eval_results.json
 *
 *     struct tw_run *run;
 *     tw_run_open(&pipeline, self, &settings, call, &run, err)     refuses a folder that is not empty;
 *                                                                  resume: looks into it
 *     tw_run_is_finished(run)                                      nothing is left to resume: close it
 *     ... the pipeline reads its data ...
 *     tw_run_plan(run, items, count, true, err)                    steps and rates
 *     tw_run_open_state(run, &state_options, err)                  gemm, weights: tw_run_state
 *     tw_run_open_trainer(run, &trainer_options, err)              with its seed, threads, dropout, gemm
 *     tw_run_train(run, lineage, &origin, err)                     begins or resumes; learns; writes all
 *     tw_run_fill_result(run, &result); tw_run_close(run)
 *
 * Each step takes `batch` x `accumulate` items in an order of its own for each epoch, made from the seed.
 * After each `eval_steps` the pipeline validates the model; the best one is written whole into the folder, so
 * that it can be used while the run goes on. After each `save_steps` a checkpoint. A step that fails, a full
 * disk, a signal, SIGKILL: the newest checkpoint and the best model are whole, and a resumed run ends in the
 * same weights, to the bit, if the pipeline's functions depend on their arguments alone.
 *
 * With `average` what is tried and kept is a moving average of the weights (state.h), taken every
 * TW_RUN_AVERAGE_STEPS steps; a checkpoint has both. With `keep_base` that share of the weights which the
 * run began with is mixed into what is tried and kept.
 *
 * Lineage. The pipeline gives an object of its own ("base", "data", ..); `command` and `seed` are added in
 * front. A resumed run must find every other member as it was: else TW_CONFIG "data changed since the run
 * began".
 *
 * Errors: TW_OUTPUT for an output folder that is not empty, TW_HELD for one in which another process runs;
 * TW_INTERRUPTED when the watch says stop: the checkpoint is saved; those of trainer.h, checkpoint.h,
 * state.h, schedule.h. */
#ifndef TW_RUN_H
#define TW_RUN_H

#include <stdint.h>

#include <jansson.h>

#include "run/run_learner.h"
#include "run/run_settings.h"
#include "run/run_watch.h"
#include "train/trainer.h"

/* ---- what a pipeline brings ---- */

struct tw_run_validation {
    double loss, metric;
    json_t *row; /* its own members of the row (eval_..), taken over */
    const void *details;
};

/* What the run asks of it. `self` is the pipeline's own. */
struct tw_run_pipeline {
    const char *command;
    const struct tw_settings *table; /* of `settings` */
    bool lower_is_better;            /* the metric */
    bool validate_at_start;          /* the model as it came is tried too (and is not kept as the best) */

    /* One step's batch with its targets, in the arena. `items`: of those given to tw_run_plan. */
    bool (*collate)(void *self, uint64_t epoch, const size_t *items, size_t count, struct tw_arena *arena,
        struct tw_packed *batch, struct tw_targets *targets, struct tw_error *err);
    bool (*validate)(
        void *self, struct tw_trainer *trainer, struct tw_run_validation *out, struct tw_error *err);
    /* The model is about to be written. `metrics`: the row of its validation; NULL, as `details`, when
     * nothing was held back. */
    bool (*publish)(void *self, const json_t *lineage, const json_t *metrics, const void *details,
        struct tw_run_publication *out, struct tw_error *err);
    /* Adds the parts of the loss to a row of metrics.jsonl; or NULL. */
    void (*note)(void *self, const struct tw_step_result *step, json_t *row);
    /* The lowest depth (state.h) that learns at a step; NULL: 0, all. */
    size_t (*lowest)(void *self, uint64_t step);
};

struct tw_run;

/* `self`, settings (a struct that begins with struct tw_run_settings) and call outlive it. */
TW_MUST_USE bool tw_run_open(const struct tw_run_pipeline *pipeline, void *self, const void *settings,
    const struct tw_run_call *call, struct tw_run **out, struct tw_error *err);
/* NULL is fine. */
void tw_run_close(struct tw_run *run);
/* Was the run through before it was opened? Then nothing is left to resume. */
bool tw_run_is_finished(const struct tw_run *run);

/* `items`: the numbers of what is learned from, once an epoch; copied. `has_validation`: something was held
 * back. */
TW_MUST_USE bool tw_run_plan(
    struct tw_run *run, const size_t *items, size_t count, bool has_validation, struct tw_error *err);
/* Steps of an epoch, after tw_run_plan. */
uint64_t tw_run_epoch_steps(const struct tw_run *run);

/* `seed` is filled in. */
TW_MUST_USE bool tw_run_open_state(
    struct tw_run *run, const struct tw_state_options *options, struct tw_error *err);
/* The model in training, after tw_run_open_state; the run's own. */
struct tw_state *tw_run_state(const struct tw_run *run);
/* threads, seed, gemm and dropout are filled in. */
TW_MUST_USE bool tw_run_open_trainer(
    struct tw_run *run, const struct tw_trainer_options *options, struct tw_error *err);

/* `lineage` is taken over, even on failure; NULL fails with the error that is there. */
TW_MUST_USE bool tw_run_train(
    struct tw_run *run, json_t *lineage, const struct tw_run_origin *origin, struct tw_error *err);

/* How the run ended; `refused` is left alone. */
void tw_run_fill_result(const struct tw_run *run, struct tw_run_result *out);

#endif
