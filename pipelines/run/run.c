#include "run/run.h"

#include "base/clock.h"
#include "run/lineage.h"
#include "run/precision.h"
#include "run/run_folder.h"
#include "run/run_learner.h"
#include "run/run_log.h"
#include "run/run_standing.h"
#include "train/checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)4 << 30)
#define STEP_BYTES ((size_t)512 << 20)
#define KEEP_BYTES ((size_t)4 << 20)

struct tw_run {
    const struct tw_run_pipeline *pipeline;
    void *self;
    const struct tw_run_settings *settings;
    const struct tw_run_call *call;
    struct tw_run_folder folder;
    struct tw_arena arena, step_arena;
    bool has_validation;
    struct tw_run_learner learner;
    /* Where it stands, and what is kept of it. */
    struct tw_run_standing standing;
    uint64_t saved_step; /* of the newest checkpoint of this process */
    struct tw_run_log *log;
    json_t *lineage, *metrics; /* metrics: of the best */
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the run");
}

static uint64_t step_of(const struct tw_run *run)
{
    return run->standing.progress.step;
}

static const struct tw_run_watch *watch_of(const struct tw_run *run)
{
    return &run->call->watch;
}

/* ---- opening ---- */

bool tw_run_open(const struct tw_run_pipeline *pipeline, void *self, const void *settings,
    const struct tw_run_call *call, struct tw_run **out, struct tw_error *err)
{
    struct tw_run *run = calloc(1, sizeof *run);
    *out = NULL;
    if (!run)
        return out_of_memory(err);
    *run = (struct tw_run){.pipeline = pipeline,
        .self = self,
        .settings = settings,
        .call = call,
        .learner = {.settings = settings},
        .standing = {.plan = &run->learner.plan},
        .saved_step = UINT64_MAX};
    if (!tw_run_folder_open(run->settings->output, call->resume, &run->folder, err) ||
        !tw_arena_begin(&run->arena, ARENA_BYTES, err) ||
        !tw_arena_begin(&run->step_arena, STEP_BYTES, err)) {
        tw_run_close(run);
        return false;
    }
    *out = run;
    return true;
}

void tw_run_close(struct tw_run *run)
{
    if (!run)
        return;
    tw_run_log_close(run->log);
    tw_run_folder_close(&run->folder);
    tw_run_learner_close(&run->learner);
    json_decref(run->lineage);
    json_decref(run->metrics);
    tw_arena_end(&run->step_arena);
    tw_arena_end(&run->arena);
    free(run);
}

bool tw_run_is_finished(const struct tw_run *run)
{
    return run->folder.finished;
}

bool tw_run_plan(
    struct tw_run *run, const size_t *items, size_t count, bool has_validation, struct tw_error *err)
{
    run->has_validation = has_validation;
    return tw_run_learner_plan(&run->learner, items, count, &run->arena, err);
}

uint64_t tw_run_epoch_steps(const struct tw_run *run)
{
    return run->learner.plan.epoch_steps;
}

bool tw_run_open_state(struct tw_run *run, const struct tw_state_options *options, struct tw_error *err)
{
    return tw_run_learner_open_state(&run->learner, run->call->precision, options, err);
}

struct tw_state *tw_run_state(const struct tw_run *run)
{
    return run->learner.state;
}

bool tw_run_open_trainer(struct tw_run *run, const struct tw_trainer_options *options, struct tw_error *err)
{
    return tw_run_learner_open_trainer(&run->learner, options, err);
}

/* ---- a step ---- */

static void set_rates(struct tw_run *run)
{
    unsigned long long step = step_of(run);
    size_t layers = run->learner.state->depth_count - 2;
    size_t lowest = run->pipeline->lowest ? run->pipeline->lowest(run->self, step) : 0;
    if (!tw_run_learner_set_rates(&run->learner, step, lowest))
        return;
    if (lowest > layers)
        tw_run_report_line(watch_of(run), "step %llu: only the heads learn", step);
    else if (lowest > 0)
        tw_run_report_line(
            watch_of(run), "step %llu: layers %zu to %zu and the heads learn", step, lowest, layers);
    else
        tw_run_report_line(watch_of(run), "step %llu: all learn", step);
}

/* Says what can be done here about a loss that is none, and what is left. Returns false. */
static bool fail_step(const struct tw_run *run, struct tw_error *err)
{
    if (err->code != TW_CONFIG)
        return false;
    snprintf(err->cure, sizeof err->cure,
        "begin anew with half the learning rate, a longer --warmup or a smaller --clip%s",
        run->standing.progress.best_step ? "; the best model so far stands in the folder" : "");
    return tw_error_in(err, run->settings->output);
}

static bool take_step(struct tw_run *run, struct tw_step_result *result, struct tw_error *err)
{
    const struct tw_run_plan *plan = &run->learner.plan;
    struct tw_progress *progress = &run->standing.progress;
    uint64_t step = progress->step;
    struct tw_packed batch;
    struct tw_targets targets = {0};
    size_t count;
    const size_t *items = tw_run_learner_items(&run->learner, step, &count);
    set_rates(run);
    tw_arena_reset(&run->step_arena, KEEP_BYTES);
    if (!run->pipeline->collate(
            run->self, step / plan->epoch_steps, items, count, &run->step_arena, &batch, &targets, err))
        return false;
    if (!tw_trainer_step(run->learner.trainer, &batch, &targets, &run->learner.adamw, step, result, err))
        return fail_step(run, err);
    progress->step = step + 1;
    progress->epoch = progress->step / plan->epoch_steps;
    progress->position = progress->step % plan->epoch_steps * plan->step_items;
    return true;
}

/* ---- reporting ---- */

static json_t *row_of_step(const struct tw_run *run, const struct tw_step_result *result)
{
    json_t *row = tw_run_standing_row(&run->standing);
    json_t *rest = tw_run_standing_row_rest(&run->standing, run->learner.adamw.rate, result->gradient_norm);
    if (row && run->pipeline->note)
        run->pipeline->note(run->self, result, row);
    if (!row || !rest || json_object_update(row, rest) != 0) {
        json_decref(row);
        row = NULL;
    }
    json_decref(rest);
    return row;
}

static bool log_step(struct tw_run *run, const struct tw_step_result *result, struct tw_error *err)
{
    if (step_of(run) % run->settings->log_steps != 0)
        return true;
    json_t *row = row_of_step(run, result);
    run->standing.loss_sum = 0;
    run->standing.loss_steps = 0;
    return tw_run_log_add(run->log, row, err);
}

static bool report_step(struct tw_run *run, const struct tw_step_result *result, struct tw_error *err)
{
    tw_run_standing_count(&run->standing, result);
    const struct tw_run_progress progress =
        tw_run_standing_progress(&run->standing, run->learner.adamw.rate, result->gradient_norm);
    if (watch_of(run)->on_progress)
        watch_of(run)->on_progress(watch_of(run)->context, &progress);
    return log_step(run, result, err);
}

static bool write_trainer_state(struct tw_run *run, struct tw_error *err)
{
    const struct tw_run_log_facts facts = tw_run_standing_facts(&run->standing, run->settings);
    return tw_run_log_write_state(run->log, &facts, err);
}

/* ---- saving ---- */

/* The model as it is now becomes the folder's. `validation`: what was measured of it, or NULL. */
static bool save_model(struct tw_run *run, const struct tw_run_validation *validation, struct tw_error *err)
{
    struct tw_run_publication publication = {0};
    bool saved = run->pipeline->publish(run->self, run->lineage, validation ? run->metrics : NULL,
                     validation ? validation->details : NULL, &publication, err) &&
                 tw_run_learner_save_model(&run->learner, &publication, err);
    free(publication.own_json);
    free(publication.card);
    return saved;
}

/* What a resumed run needs besides its weights; NULL without memory. */
static char *describe(const struct tw_run *run)
{
    json_t *object = tw_run_standing_json(&run->standing);
    bool whole = object && json_object_set(object, "lineage", run->lineage) == 0 &&
                 (!run->metrics || json_object_set(object, "metrics", run->metrics) == 0);
    char *text = whole ? json_dumps(object, 0) : NULL;
    json_decref(object);
    return text;
}

static bool save_checkpoint(struct tw_run *run, struct tw_error *err)
{
    if (run->saved_step == step_of(run))
        return true;
    char *run_json = describe(run);
    run->standing.progress.loss_mean = tw_trainer_loss_mean(run->learner.trainer);
    bool saved = run_json
                     ? tw_run_learner_save_checkpoint(&run->learner, &run->standing.progress, run_json, err)
                     : out_of_memory(err);
    free(run_json);
    if (saved)
        run->saved_step = step_of(run);
    return saved;
}

/* ---- validating ---- */

static void show_validation(
    const struct tw_run *run, const struct tw_run_validation *validation, bool best, double seconds)
{
    struct tw_run_validated evaluation = {.step = step_of(run),
        .epoch = tw_run_standing_epoch(&run->standing),
        .train_loss = tw_run_standing_train_loss(&run->standing),
        .loss = validation->loss,
        .metric = validation->metric,
        .details = validation->details,
        .best = best,
        .seconds = seconds};
    if (watch_of(run)->on_validated)
        watch_of(run)->on_validated(watch_of(run)->context, &evaluation);
}

/* Runs the pipeline's validation and shows it; its row with what every validation has. */
static bool validate(
    struct tw_run *run, struct tw_run_validation *validation, bool *best, json_t **row, struct tw_error *err)
{
    uint64_t began_us = tw_now_us();
    const struct tw_progress *progress = &run->standing.progress;
    if (!run->pipeline->validate(run->self, run->learner.trainer, validation, err))
        return false;
    bool better = run->pipeline->lower_is_better ? validation->metric < progress->best_metric
                                                 : validation->metric > progress->best_metric;
    *best = progress->step > 0 && (progress->best_step == 0 || better);
    show_validation(run, validation, *best, (double)(tw_now_us() - began_us) / 1e6);
    run->standing.validation_loss_sum = 0;
    run->standing.validation_loss_steps = 0;
    *row = json_pack("{s:f, s:f, s:I}", "epoch", tw_run_standing_epoch(&run->standing), "eval_loss",
        validation->loss, "step", (json_int_t)progress->step);
    bool whole = *row && validation->row && json_object_update(*row, validation->row) == 0;
    json_decref(validation->row);
    if (whole)
        return true;
    json_decref(*row);
    return out_of_memory(err);
}

static bool validate_and_keep(struct tw_run *run, struct tw_error *err)
{
    struct tw_run_validation validation = {0};
    json_t *row;
    bool best;
    if (!validate(run, &validation, &best, &row, err))
        return false;
    if (best) {
        json_decref(run->metrics);
        run->metrics = json_incref(row);
        run->standing.progress.best_metric = validation.metric;
        run->standing.progress.best_step = step_of(run);
    }
    run->standing.worse_validations = best ? 0 : run->standing.worse_validations + 1;
    run->standing.ended_early =
        run->settings->patience && run->standing.worse_validations >= run->settings->patience;
    return tw_run_log_add(run->log, row, err) && (!best || save_model(run, &validation, err)) &&
           write_trainer_state(run, err);
}

static bool validate_average(struct tw_run *run, struct tw_error *err)
{
    tw_run_learner_try(&run->learner);
    bool evaluated = validate_and_keep(run, err);
    tw_run_learner_go_on(&run->learner);
    return evaluated;
}

/* A run that is killed before its first checkpoint begins anew, but its first row stands already. */
static bool validate_start(struct tw_run *run, struct tw_error *err)
{
    struct tw_run_validation validation = {0};
    json_t *row;
    bool best;
    if (!run->pipeline->validate_at_start || !run->has_validation || step_of(run) > 0 ||
        json_array_size(tw_run_log_rows(run->log)) > 0)
        return true;
    return validate(run, &validation, &best, &row, err) && tw_run_log_add(run->log, row, err);
}

/* ---- the loop ---- */

static bool is_due(const struct tw_run *run, uint64_t every)
{
    return step_of(run) % (every ? every : run->learner.plan.epoch_steps) == 0 ||
           step_of(run) == run->learner.plan.most_steps;
}

static bool is_stopped(const struct tw_run *run)
{
    return watch_of(run)->stopped && watch_of(run)->stopped(watch_of(run)->context);
}

static bool interrupt(struct tw_run *run, struct tw_error *err)
{
    if (!save_checkpoint(run, err))
        return false;
    return tw_fail(err, TW_INTERRUPTED, run->settings->output, "go on with --resume",
        "interrupted at step %llu, checkpoint saved", (unsigned long long)step_of(run));
}

static bool walk(struct tw_run *run, struct tw_error *err)
{
    const struct tw_run_settings *settings = run->settings;
    while (step_of(run) < run->learner.plan.most_steps && !run->standing.ended_early) {
        struct tw_step_result result;
        if (!take_step(run, &result, err) || !report_step(run, &result, err))
            return false;
        tw_run_learner_average(&run->learner, step_of(run));
        bool validation_due = run->has_validation && is_due(run, settings->eval_steps);
        if (validation_due && !validate_average(run, err))
            return false;
        bool save_due = is_due(run, settings->save_steps ? settings->save_steps : settings->eval_steps);
        if ((save_due || run->standing.ended_early) && !save_checkpoint(run, err))
            return false;
        if (is_stopped(run) && step_of(run) < run->learner.plan.most_steps && !run->standing.ended_early)
            return interrupt(run, err);
    }
    return true;
}

static bool finish(struct tw_run *run, struct tw_error *err)
{
    if (!run->metrics) {
        run->metrics = json_pack(
            "{s:f, s:I}", "epoch", tw_run_standing_epoch(&run->standing), "step", (json_int_t)step_of(run));
        if (!run->metrics)
            return out_of_memory(err);
        tw_run_learner_try(&run->learner);
        bool saved = save_model(run, NULL, err);
        tw_run_learner_go_on(&run->learner);
        if (!saved)
            return false;
    }
    char *text = json_dumps(run->metrics, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text)
        return out_of_memory(err);
    bool finished =
        write_trainer_state(run, err) && tw_run_folder_finish(&run->folder, tw_text_of(text), err);
    free(text);
    return finished;
}

/* ---- beginning and resuming ---- */

static bool take_description(struct tw_run *run, const char *text, struct tw_error *err)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    json_t *lineage = json_object_get(object, "lineage");
    if (!lineage) {
        json_decref(object);
        return tw_fail(err, TW_CONFIG, run->settings->output, "begin anew in another folder",
            "the checkpoint was not made by %s", run->pipeline->command);
    }
    bool same = tw_lineage_check_same(run->lineage, lineage, run->settings->output, err);
    tw_run_standing_restore(&run->standing, object);
    json_t *metrics = json_object_get(object, "metrics");
    run->metrics = json_is_object(metrics) ? json_incref(metrics) : NULL;
    json_object_set(run->lineage, "command", json_object_get(lineage, "command"));
    json_decref(object);
    return same;
}

static bool load_checkpoint(struct tw_run *run, const char *path, struct tw_error *err)
{
    const char *run_json = NULL;
    struct tw_progress here = run->standing.progress;
    bool loaded =
        tw_checkpoint_load(path, run->learner.state, &run->standing.progress, &run->arena, &run_json, err);
    /* A base or data that changed explain tensors that do not fit. */
    if ((loaded || run_json) && !take_description(run, run_json, err))
        return false;
    if (!loaded)
        return false;
    if (strcmp(here.backend, run->standing.progress.backend) != 0 ||
        strcmp(here.kernels, run->standing.progress.kernels) != 0)
        tw_run_report_line(watch_of(run),
            "the run began on %s/%s and goes on on %s/%s: its last digits will differ",
            run->standing.progress.backend, run->standing.progress.kernels, here.backend, here.kernels);
    tw_trainer_set_loss_mean(run->learner.trainer, run->standing.progress.loss_mean);
    run->saved_step = step_of(run);
    tw_run_report_line(watch_of(run), "%s: going on at step %llu of %llu", path,
        (unsigned long long)step_of(run), (unsigned long long)run->learner.plan.most_steps);
    return true;
}

static bool begin_folder(struct tw_run *run, struct tw_error *err)
{
    struct tw_text run_yaml = {"", 0}; /* a resumed run has one */
    if (!run->call->resume &&
        !tw_settings_write(run->pipeline->table, run->settings, &run->arena, &run_yaml, err))
        return false;
    return tw_run_folder_begin(&run->folder, run_yaml, err) &&
           tw_run_log_open(run->settings->output, &run->log, err);
}

static bool begin_or_resume(struct tw_run *run, struct tw_error *err)
{
    char path[PATH_MAX];
    bool found = false, resume = run->call->resume;
    run->standing.progress =
        (struct tw_progress){.seed = run->settings->seed, .threads = run->settings->threads};
    tw_run_learner_name_machine(&run->learner, &run->standing.progress);
    if (!begin_folder(run, err))
        return false;
    if (resume && !tw_checkpoint_find(run->settings->output, path, sizeof path, &found, err))
        return false;
    if (found && !load_checkpoint(run, path, err))
        return false;
    if (resume && !found)
        tw_run_report_line(watch_of(run), "%s: no checkpoint yet, beginning anew", run->settings->output);
    if (run->call->precision && run->call->precision->said[0])
        tw_run_report_line(watch_of(run), "%s", run->call->precision->said);
    tw_run_standing_begin(&run->standing);
    return !resume || tw_run_log_rewind(run->log, step_of(run), err);
}

/* What cannot be written now can be written later: nothing that was saved before is lost. */
static bool name_cure(bool done, struct tw_error *err)
{
    if (!done && (err->code == TW_IO || err->code == TW_OUTPUT))
        snprintf(err->cure, sizeof err->cure, "free space on the disk, then go on with --resume");
    return done;
}

bool tw_run_train(
    struct tw_run *run, json_t *lineage, const struct tw_run_origin *origin, struct tw_error *err)
{
    run->learner.origin = *origin;
    run->lineage =
        tw_lineage_of_run(run->call->command, run->settings->seed, run->call->decode, lineage, err);
    return run->lineage && begin_or_resume(run, err) &&
           name_cure(validate_start(run, err) && walk(run, err) && finish(run, err), err);
}

void tw_run_fill_result(const struct tw_run *run, struct tw_run_result *out)
{
    out->steps = step_of(run);
    out->stopped_early = run->standing.ended_early;
    out->was_finished = run->folder.finished;
    out->best_metric = run->standing.progress.best_metric;
    out->best_step = run->standing.progress.best_step;
}
