/* run_standing: where a run stands. What is counted from step to step, shown while it goes, and kept with
 * each checkpoint, so that a run that is resumed tells the same numbers as one that was not interrupted.
 *
 *     struct tw_run_standing standing = {.plan = &learner.plan};
 *     tw_run_standing_begin(&standing)                      before the first step of this process, restored
 *                                                           or not
 *     tw_run_standing_count(&standing, &result)             after each step
 *     tw_run_standing_json, tw_run_standing_restore         into a checkpoint and out of it
 *
 * Times are durations on the monotonic clock; they are shown and logged, and decide nothing. */
#ifndef TW_RUN_STANDING_H
#define TW_RUN_STANDING_H

#include <jansson.h>

#include "run/run_learner.h"
#include "run/run_log.h"
#include "run/run_watch.h"

struct tw_run_standing {
    struct tw_progress progress;    /* what the checkpoint itself keeps (checkpoint.h) */
    const struct tw_run_plan *plan; /* of the learner */
    uint64_t worse_validations;     /* since the best one */
    bool ended_early;
    uint64_t tokens;
    double loss_sum; /* of steps since the last row */
    uint64_t loss_steps;
    double validation_loss_sum; /* .. since the last validation */
    uint64_t validation_loss_steps;
    double seconds_before; /* of the processes before this one */
    /* Of this process. */
    uint64_t began_us, began_step, tokens_here;
};

/* The clock of this process starts. */
void tw_run_standing_begin(struct tw_run_standing *standing);

/* Counts a step that was taken; progress.step has moved already. */
void tw_run_standing_count(struct tw_run_standing *standing, const struct tw_step_result *result);

/* Epochs done, a fraction. */
double tw_run_standing_epoch(const struct tw_run_standing *standing);

/* The mean loss since the last validation; 0 when there was no step. */
double tw_run_standing_train_loss(const struct tw_run_standing *standing);

/* As it is shown after a step; the rate is the one of that step. */
struct tw_run_progress tw_run_standing_progress(
    const struct tw_run_standing *standing, double rate, double gradient_norm);

/* A row of metrics.jsonl in two parts, before and behind the pipeline's own members; NULL without memory. */
json_t *tw_run_standing_row(const struct tw_run_standing *standing);
/* The second part. */
json_t *tw_run_standing_row_rest(const struct tw_run_standing *standing, double rate, double gradient_norm);

/* What trainer_state.json says beside its rows. */
struct tw_run_log_facts tw_run_standing_facts(
    const struct tw_run_standing *standing, const struct tw_run_settings *settings);

/* What a checkpoint keeps beside tw_progress; NULL without memory. */
json_t *tw_run_standing_json(const struct tw_run_standing *standing);
/* The counterpart: members that are absent count as 0. */
void tw_run_standing_restore(struct tw_run_standing *standing, const json_t *object);

#endif
