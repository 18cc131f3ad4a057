#include "training/run.h"

#include "base/folder.h"
#include "base/random.h"
#include "train/checkpoint.h"
#include "train/schedule.h"
#include "training/run_folder.h"
#include "training/run_log.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)4 << 30)
#define STEP_BYTES ((size_t)512 << 20)
/* An average is not worth a pass over all weights a step. */
enum { AVERAGE_STEPS = 8 };
#define KEEP_BYTES ((size_t)4 << 20)

const char *const tw_run_schedules[] = {"linear", "slanted", "cosine", "constant", NULL};
const char *const tw_run_dtypes[] = {"f32", "f16", "bf16", NULL};
const char *const tw_run_precisions[] = {"f32", "bf16", NULL};

struct tw_run {
    const struct tw_run_pipeline *pipeline;
    void *self;
    const struct tw_run_settings *settings;
    const struct tw_run_call *call;
    bool finished; /* before it was opened */
    int held;      /* the folder, while it learns; -1 */
    struct tw_arena arena, step_arena;
    /* What is learned from. */
    size_t *items, *order; /* order: items as this epoch reads them */
    size_t count;
    uint64_t ordered_epoch; /* 1 more than the epoch `order` is of; 0: of none */
    bool has_validation;
    /* What learns. */
    struct tw_compute compute;      /* fp32: validations, and steps unless.. */
    struct tw_compute step_compute; /* .. precision is another */
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct tw_adamw adamw;
    struct tw_schedule schedule;
    uint64_t step_items, epoch_steps, most_steps;
    size_t lowest; /* depth that learns now */
    struct tw_run_origin origin;
    /* Where it stands. */
    struct tw_progress progress;
    uint64_t worse_evaluations, tokens;
    bool ended_early;
    uint64_t saved_step; /* of the newest checkpoint of this process */
    double loss_sum;     /* of steps since the last row */
    uint64_t loss_steps;
    double validation_loss_sum; /* ... since the last evaluation */
    uint64_t validation_loss_steps;
    /* What is told of it. */
    struct tw_run_log *log;
    json_t *lineage, *metrics; /* metrics: of the best */
    double began, seconds_before;
    uint64_t began_step, tokens_here; /* of this process */
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for the run");
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void tw_run_report_line(const struct tw_run_watch *watch, const char *format, ...)
{
    char line[512];
    va_list arguments;
    if (!watch->on_report_line)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    watch->on_report_line(watch->context, line);
}

static const struct tw_run_watch *watch_of(const struct tw_run *run)
{
    return &run->call->watch;
}

/* ---- opening ---- */

static bool check_folder(struct tw_run *run, struct tw_error *err)
{
    const char *folder = run->settings->output;
    if (!run->call->resume || !folder[0])
        return tw_run_folder_check_empty(
            folder, "name another folder, or go on with the run in it: --resume", err);
    run->finished = tw_run_folder_is_finished(folder);
    if (run->finished)
        return tw_run_folder_remove_checkpoints(folder, err);
    return access(folder, F_OK) != 0 || tw_run_folder_hold(folder, &run->held, err);
}

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
        .saved_step = UINT64_MAX,
        .held = -1};
    if (!check_folder(run, err) || !tw_arena_begin(&run->arena, ARENA_BYTES, err) ||
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
    if (run->held >= 0)
        close(run->held);
    tw_trainer_close(run->trainer);
    tw_state_close(run->state);
    json_decref(run->lineage);
    json_decref(run->metrics);
    tw_arena_end(&run->step_arena);
    tw_arena_end(&run->arena);
    free(run);
}

bool tw_run_is_finished(const struct tw_run *run)
{
    return run->finished;
}

bool tw_run_plan(
    struct tw_run *run, const size_t *items, size_t count, bool has_validation, struct tw_error *err)
{
    const struct tw_run_settings *settings = run->settings;
    run->items = tw_arena_array(&run->arena, count, sizeof *run->items);
    run->order = tw_arena_array(&run->arena, count, sizeof *run->order);
    if (!run->items || !run->order)
        return tw_arena_fail(&run->arena, err);
    memcpy(run->items, items, count * sizeof *items);
    run->count = count;
    run->has_validation = has_validation;
    run->step_items = settings->batch * settings->accumulate;
    run->epoch_steps = (count + run->step_items - 1) / run->step_items;
    run->most_steps = settings->steps ? settings->steps : run->epoch_steps * settings->epochs;
    uint64_t warmup = settings->warmup < 1 ? (uint64_t)(settings->warmup * (double)run->most_steps)
                                           : (uint64_t)settings->warmup;
    run->adamw = tw_adamw_defaults();
    run->adamw.decay = settings->weight_decay;
    run->adamw.most_norm = settings->clip;
    return tw_schedule_make(settings->schedule, run->most_steps, warmup, &run->schedule, err);
}

uint64_t tw_run_epoch_steps(const struct tw_run *run)
{
    return run->epoch_steps;
}

static bool has_own_precision(const struct tw_run *run)
{
    return strcmp(run->settings->precision, tw_run_precisions[0]) != 0;
}

static bool open_compute(struct tw_run *run, struct tw_error *err)
{
    const char *backend = run->settings->gemm[0] ? run->settings->gemm : "fixed";
    if (strncmp(backend, "bf16", 4) == 0)
        return tw_fail(err, TW_USAGE, NULL, "give precision bf16: it rounds the products of steps alone",
            "gemm: \"%s\" is not for what is measured", backend);
    if (has_own_precision(run) && !tw_compute_open(run->settings->precision, &run->step_compute, err))
        return false;
    return tw_compute_open(backend, &run->compute, err);
}

bool tw_run_open_state(struct tw_run *run, const struct tw_state_options *options, struct tw_error *err)
{
    struct tw_state_options seeded = *options;
    seeded.seed = run->settings->seed;
    seeded.averaged = run->settings->average > 0;
    return open_compute(run, err) && tw_state_open(&seeded, &run->state, err);
}

struct tw_state *tw_run_state(const struct tw_run *run)
{
    return run->state;
}

bool tw_run_open_trainer(struct tw_run *run, const struct tw_trainer_options *options, struct tw_error *err)
{
    const struct tw_run_settings *settings = run->settings;
    float dropout = (float)settings->dropout;
    struct tw_trainer_options filled = *options;
    filled.threads = settings->threads;
    filled.seed = settings->seed;
    filled.compute = has_own_precision(run) ? &run->step_compute : &run->compute;
    filled.validation_compute = &run->compute;
    filled.dropout = (struct tw_dropout_rates){dropout, dropout, dropout};
    return tw_trainer_open(run->state, &filled, &run->trainer, err);
}

/* ---- a step ---- */

static void set_rates(struct tw_run *run)
{
    uint64_t step = run->progress.step;
    size_t layers = run->state->depth_count - 2;
    size_t lowest = run->pipeline->lowest ? run->pipeline->lowest(run->self, step) : 0;
    bool changed = lowest != run->lowest;
    tw_state_set_rates(run->state, run->settings->layer_decay, lowest);
    run->lowest = lowest;
    run->adamw.rate = run->settings->lr * tw_schedule_factor(&run->schedule, step);
    if (!changed)
        return;
    if (lowest > layers)
        tw_run_report_line(watch_of(run), "step %llu: only the heads learn", (unsigned long long)step);
    else if (lowest > 0)
        tw_run_report_line(watch_of(run), "step %llu: layers %zu to %zu and the heads learn",
            (unsigned long long)step, lowest, layers);
    else
        tw_run_report_line(watch_of(run), "step %llu: all learn", (unsigned long long)step);
}

/* Every epoch has its own order, whatever was read before. */
static void order_items(struct tw_run *run, uint64_t epoch)
{
    if (run->ordered_epoch == epoch + 1)
        return;
    memcpy(run->order, run->items, run->count * sizeof *run->order);
    tw_random_shuffle(run->settings->seed, TW_RANDOM_ORDER, (uint32_t)epoch, run->order, run->count);
    run->ordered_epoch = epoch + 1;
}

static double epoch_of(const struct tw_run *run)
{
    return (double)run->progress.step / (double)run->epoch_steps;
}

/* Says what can be done here about a loss that is none, and what is left. Returns false. */
static bool fail_step(const struct tw_run *run, struct tw_error *err)
{
    if (err->code != TW_CONFIG)
        return false;
    snprintf(err->cure, sizeof err->cure,
        "begin anew with half the learning rate, a longer --warmup or a smaller --clip%s",
        run->progress.best_step ? "; the best model so far stands in the folder" : "");
    return tw_error_in(err, run->settings->output);
}

static bool take_step(struct tw_run *run, struct tw_step_result *result, struct tw_error *err)
{
    uint64_t step = run->progress.step, epoch = step / run->epoch_steps;
    size_t first = (size_t)((step % run->epoch_steps) * run->step_items);
    size_t count = run->count - first;
    struct tw_packed batch;
    struct tw_targets targets = {0};
    if (count > run->step_items)
        count = (size_t)run->step_items;
    order_items(run, epoch);
    set_rates(run);
    tw_arena_reset(&run->step_arena, KEEP_BYTES);
    if (!run->pipeline->collate(
            run->self, epoch, run->order + first, count, &run->step_arena, &batch, &targets, err))
        return false;
    if (!tw_trainer_step(run->trainer, &batch, &targets, &run->adamw, step, result, err))
        return fail_step(run, err);
    run->progress.step = step + 1;
    run->progress.epoch = run->progress.step / run->epoch_steps;
    run->progress.position = run->progress.step % run->epoch_steps * run->step_items;
    return true;
}

/* ---- telling ---- */

static void show_step(const struct tw_run *run, const struct tw_step_result *result)
{
    double seconds = now() - run->began;
    uint64_t steps = run->progress.step - run->began_step;
    struct tw_run_progress progress = {.step = run->progress.step,
        .most_steps = run->most_steps,
        .epoch = epoch_of(run),
        .loss = run->loss_sum / (double)run->loss_steps,
        .rate = run->adamw.rate,
        .gradient_norm = result->gradient_norm,
        .tokens_per_s = (double)run->tokens_here / fmax(seconds, 1e-9),
        .seconds = seconds,
        .seconds_left = seconds / (double)steps * (double)(run->most_steps - run->progress.step)};
    if (watch_of(run)->on_progress)
        watch_of(run)->on_progress(watch_of(run)->context, &progress);
}

static json_t *step_row(const struct tw_run *run, const struct tw_step_result *result)
{
    json_t *row =
        json_pack("{s:f, s:f}", "epoch", epoch_of(run), "loss", run->loss_sum / (double)run->loss_steps);
    json_t *rest = json_pack("{s:f, s:f, s:I, s:I, s:f}", "grad_norm", result->gradient_norm, "learning_rate",
        run->adamw.rate, "step", (json_int_t)run->progress.step, "tokens", (json_int_t)run->tokens, "seconds",
        run->seconds_before + now() - run->began);
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
    if (run->progress.step % run->settings->log_steps != 0)
        return true;
    json_t *row = step_row(run, result);
    run->loss_sum = 0;
    run->loss_steps = 0;
    return tw_run_log_add(run->log, row, err);
}

static bool note_step(struct tw_run *run, const struct tw_step_result *result, struct tw_error *err)
{
    run->loss_sum += result->loss;
    run->loss_steps++;
    run->validation_loss_sum += result->loss;
    run->validation_loss_steps++;
    run->tokens += result->tokens;
    run->tokens_here += result->tokens;
    show_step(run, result);
    return log_step(run, result, err);
}

static bool write_trainer_state(struct tw_run *run, struct tw_error *err)
{
    const struct tw_run_settings *settings = run->settings;
    struct tw_run_log_facts facts = {.epoch = epoch_of(run),
        .step = run->progress.step,
        .most_steps = run->most_steps,
        .epochs = (run->most_steps + run->epoch_steps - 1) / run->epoch_steps,
        .batch = run->step_items,
        .eval_steps = settings->eval_steps ? settings->eval_steps : run->epoch_steps,
        .log_steps = settings->log_steps,
        .best_metric = run->progress.best_metric,
        .best_step = run->progress.best_step,
        .tokens = run->tokens};
    return tw_run_log_write_state(run->log, &facts, err);
}

/* ---- saving ---- */

static enum tw_dtype dtype_of(const char *name)
{
    static const struct {
        const char *name;
        enum tw_dtype dtype;
    } dtypes[] = {{"f32", TW_F32}, {"f16", TW_F16}, {"bf16", TW_BF16}};
    for (size_t at = 0; at < sizeof dtypes / sizeof dtypes[0]; at++)
        if (strcmp(dtypes[at].name, name) == 0)
            return dtypes[at].dtype;
    return TW_F32;
}

static struct tw_save_options save_options(const struct tw_run *run)
{
    return (struct tw_save_options){.dtype = dtype_of(run->settings->dtype),
        .tokenizer_folder = run->origin.tokenizer_folder,
        .vocabulary = run->origin.vocabulary,
        .keep = 1,
        .hidden_dropout = (float)run->settings->dropout,
        .attention_dropout = (float)run->settings->dropout};
}

static float *bias_of(const struct tw_run *run, const struct tw_linear *head)
{
    return run->state->values + (head->bias - run->state->values);
}

/* The heads have their class biases for as long as the model is written: training goes on without. */
static bool save_calibrated(struct tw_run *run, const struct tw_run_publication *folder,
    const struct tw_save_options *options, struct tw_error *err)
{
    const struct tw_model *model = run->state->model;
    const struct {
        bool there;
        const struct tw_linear *head;
        const float *class_biases;
    } heads[] = {{model->has_head, &model->classifier, folder->document_class_biases},
        {model->has_entity_head, &model->entity_classifier, folder->entity_class_biases}};
    enum { HEADS = sizeof heads / sizeof heads[0] };
    float kept[HEADS][TW_CLASSES];
    for (size_t at = 0; at < HEADS; at++)
        for (size_t class = 0; heads[at].there && class < TW_CLASSES; class ++) {
            float *bias = bias_of(run, heads[at].head) + model->config.class_at[class];
            kept[at][class] = *bias;
            *bias += heads[at].class_biases[class];
        }
    bool saved = tw_model_save(run->settings->output, run->state, options, err);
    for (size_t at = 0; at < HEADS; at++)
        for (size_t class = 0; heads[at].there && class < TW_CLASSES; class ++)
            bias_of(run, heads[at].head)[model->config.class_at[class]] = kept[at][class];
    return saved;
}

/* The model as it is now becomes the folder's. `validation`: what was measured of it, or NULL. */
static bool save_model(struct tw_run *run, const struct tw_run_validation *validation, struct tw_error *err)
{
    struct tw_save_options options = save_options(run);
    struct tw_run_publication folder = {0};
    bool described = run->pipeline->publish(run->self, run->lineage, validation ? run->metrics : NULL,
        validation ? validation->details : NULL, &folder, err);
    options.own_json = folder.own_json;
    options.card = folder.card;
    options.temperature = folder.temperature;
    bool saved = described && save_calibrated(run, &folder, &options, err);
    free(folder.own_json);
    free(folder.card);
    return saved;
}

/* What is tried and kept is the average, where there is one. */
static void exchange(struct tw_run *run)
{
    if (run->state->averages)
        tw_state_exchange(run->state);
}

static void average(struct tw_run *run)
{
    if (run->state->averages && run->progress.step % AVERAGE_STEPS == 0)
        tw_state_average(
            run->state, pow(run->settings->average, AVERAGE_STEPS), run->progress.step / AVERAGE_STEPS);
}

static json_t *run_object(const struct tw_run *run)
{
    return json_pack("{s:I, s:b, s:I, s:f, s:f, s:I, s:f, s:I, s:O, s:O?}", "worse_evaluations",
        (json_int_t)run->worse_evaluations, "ended_early", run->ended_early, "tokens",
        (json_int_t)run->tokens, "seconds", run->seconds_before + now() - run->began, "loss_sum",
        run->loss_sum, "loss_steps", (json_int_t)run->loss_steps, "trial_loss_sum", run->validation_loss_sum,
        "trial_loss_steps", (json_int_t)run->validation_loss_steps, "lineage", run->lineage, "metrics",
        run->metrics);
}

static bool save_checkpoint(struct tw_run *run, struct tw_error *err)
{
    struct tw_save_options options = save_options(run);
    if (run->saved_step == run->progress.step)
        return true;
    json_t *object = run_object(run);
    char *text = object ? json_dumps(object, 0) : NULL;
    options.run_json = text;
    run->progress.loss_mean = tw_trainer_loss_mean(run->trainer);
    bool saved = text ? tw_checkpoint_save(run->settings->output, run->state, &run->progress, &options, err)
                      : out_of_memory(err);
    free(text);
    json_decref(object);
    if (saved)
        run->saved_step = run->progress.step;
    return saved;
}

/* ---- evaluating ---- */

static void show_validation(
    const struct tw_run *run, const struct tw_run_validation *validation, bool best, double seconds)
{
    struct tw_run_validated evaluation = {.step = run->progress.step,
        .epoch = epoch_of(run),
        .train_loss =
            run->validation_loss_steps ? run->validation_loss_sum / (double)run->validation_loss_steps : 0,
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
    double began = now();
    const struct tw_progress *progress = &run->progress;
    if (!run->pipeline->validate(run->self, run->trainer, validation, err))
        return false;
    bool better = run->pipeline->lower_is_better ? validation->metric < progress->best_metric
                                                 : validation->metric > progress->best_metric;
    *best = progress->step > 0 && (progress->best_step == 0 || better);
    show_validation(run, validation, *best, now() - began);
    run->validation_loss_sum = 0;
    run->validation_loss_steps = 0;
    *row = json_pack("{s:f, s:f, s:I}", "epoch", epoch_of(run), "eval_loss", validation->loss, "step",
        (json_int_t)progress->step);
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
        run->progress.best_metric = validation.metric;
        run->progress.best_step = run->progress.step;
    }
    run->worse_evaluations = best ? 0 : run->worse_evaluations + 1;
    run->ended_early = run->settings->patience && run->worse_evaluations >= run->settings->patience;
    return tw_run_log_add(run->log, row, err) && (!best || save_model(run, &validation, err)) &&
           write_trainer_state(run, err);
}

static bool evaluate(struct tw_run *run, struct tw_error *err)
{
    exchange(run);
    bool evaluated = validate_and_keep(run, err);
    exchange(run);
    return evaluated;
}

/* A run that is killed before its first checkpoint begins anew, but its first row stands already. */
static bool evaluate_start(struct tw_run *run, struct tw_error *err)
{
    struct tw_run_validation validation = {0};
    json_t *row;
    bool best;
    if (!run->pipeline->validate_at_start || !run->has_validation || run->progress.step > 0 ||
        json_array_size(tw_run_log_rows(run->log)) > 0)
        return true;
    return validate(run, &validation, &best, &row, err) && tw_run_log_add(run->log, row, err);
}

/* ---- the loop ---- */

static bool is_due(const struct tw_run *run, uint64_t every)
{
    return run->progress.step % (every ? every : run->epoch_steps) == 0 ||
           run->progress.step == run->most_steps;
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
        "interrupted at step %llu, checkpoint saved", (unsigned long long)run->progress.step);
}

static bool walk(struct tw_run *run, struct tw_error *err)
{
    const struct tw_run_settings *settings = run->settings;
    while (run->progress.step < run->most_steps && !run->ended_early) {
        struct tw_step_result result;
        if (!take_step(run, &result, err) || !note_step(run, &result, err))
            return false;
        average(run);
        bool validation_due = run->has_validation && is_due(run, settings->eval_steps);
        if (validation_due && !evaluate(run, err))
            return false;
        bool save_due = is_due(run, settings->save_steps ? settings->save_steps : settings->eval_steps);
        if ((save_due || run->ended_early) && !save_checkpoint(run, err))
            return false;
        if (is_stopped(run) && run->progress.step < run->most_steps && !run->ended_early)
            return interrupt(run, err);
    }
    return true;
}

static bool finish(struct tw_run *run, struct tw_error *err)
{
    if (!run->metrics) {
        run->metrics =
            json_pack("{s:f, s:I}", "epoch", epoch_of(run), "step", (json_int_t)run->progress.step);
        if (!run->metrics)
            return out_of_memory(err);
        exchange(run);
        bool saved = save_model(run, NULL, err);
        exchange(run);
        if (!saved)
            return false;
    }
    char *text = json_dumps(run->metrics, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text)
        return out_of_memory(err);
    bool finished =
        write_trainer_state(run, err) && tw_run_folder_finish(run->settings->output, tw_text_of(text), err);
    free(text);
    return finished;
}

/* ---- beginning and resuming ---- */

static bool take_lineage(struct tw_run *run, json_t *own, struct tw_error *err)
{
    if (!own)
        return false;
    run->lineage = json_pack("{s:s, s:I}", "command", run->call->command ? run->call->command : "", "seed",
        (json_int_t)run->settings->seed);
    bool whole = run->lineage && json_object_update(run->lineage, own) == 0;
    json_decref(own);
    return whole || out_of_memory(err);
}

/* Was the checkpoint made from the same things? */
static bool same_origin(const struct tw_run *run, const json_t *before, struct tw_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(run->lineage, key, value)
    {
        if (strcmp(key, "command") != 0 && !json_equal(json_object_get(before, key), value))
            return tw_fail(err, TW_CONFIG, run->settings->output,
                "give back the files as they were, or begin anew in another folder",
                "%s changed since the run began", key);
    }
    return true;
}

static bool take_run_object(struct tw_run *run, const char *text, struct tw_error *err)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *lineage = json_object_get(object, "lineage");
    if (!lineage) {
        json_decref(object);
        return tw_fail(err, TW_CONFIG, run->settings->output, "begin anew in another folder",
            "the checkpoint was not made by %s", run->pipeline->command);
    }
    bool same = same_origin(run, lineage, err);
    json_t *metrics = json_object_get(object, "metrics");
    run->worse_evaluations = (uint64_t)json_integer_value(json_object_get(object, "worse_evaluations"));
    run->ended_early = json_is_true(json_object_get(object, "ended_early"));
    run->tokens = (uint64_t)json_integer_value(json_object_get(object, "tokens"));
    run->seconds_before = json_real_value(json_object_get(object, "seconds"));
    run->loss_sum = json_real_value(json_object_get(object, "loss_sum"));
    run->loss_steps = (uint64_t)json_integer_value(json_object_get(object, "loss_steps"));
    run->validation_loss_sum = json_real_value(json_object_get(object, "trial_loss_sum"));
    run->validation_loss_steps = (uint64_t)json_integer_value(json_object_get(object, "trial_loss_steps"));
    run->metrics = json_is_object(metrics) ? json_incref(metrics) : NULL;
    json_object_set(run->lineage, "command", json_object_get(lineage, "command"));
    json_decref(object);
    return same;
}

static void name_machine(const struct tw_run *run, struct tw_progress *progress)
{
    /* Of steps, then of validations, which decide what is kept. */
    snprintf(progress->backend, sizeof progress->backend, "%s%s%s",
        has_own_precision(run) ? tw_gemm_backend_name(run->step_compute.gemm.backend) : "",
        has_own_precision(run) ? "+" : "", tw_gemm_backend_name(run->compute.gemm.backend));
    snprintf(progress->kernels, sizeof progress->kernels, "%s", run->compute.kernels->name);
}

static bool load_checkpoint(struct tw_run *run, const char *path, struct tw_error *err)
{
    const char *run_json = NULL;
    struct tw_progress here = run->progress;
    bool loaded = tw_checkpoint_load(path, run->state, &run->progress, &run->arena, &run_json, err);
    /* A base or data that changed explain tensors that do not fit. */
    if ((loaded || run_json) && !take_run_object(run, run_json, err))
        return false;
    if (!loaded)
        return false;
    if (strcmp(here.backend, run->progress.backend) != 0 || strcmp(here.kernels, run->progress.kernels) != 0)
        tw_run_report_line(watch_of(run),
            "the run began on %s/%s and goes on on %s/%s: its last digits will differ", run->progress.backend,
            run->progress.kernels, here.backend, here.kernels);
    tw_trainer_set_loss_mean(run->trainer, run->progress.loss_mean);
    run->saved_step = run->progress.step;
    tw_run_report_line(watch_of(run), "%s: going on at step %llu of %llu", path,
        (unsigned long long)run->progress.step, (unsigned long long)run->most_steps);
    return true;
}

static bool begin_folder(struct tw_run *run, struct tw_error *err)
{
    struct tw_text text = {"", 0};
    const char *folder = run->settings->output;
    if (!run->call->resume &&
        !tw_settings_write(run->pipeline->table, run->settings, &run->arena, &text, err))
        return false;
    if (!tw_run_folder_make(folder, text, err) ||
        (run->held < 0 && !tw_run_folder_hold(folder, &run->held, err)))
        return false;
    tw_folder_clean(folder); /* of what a killed run left */
    return tw_run_log_open(folder, &run->log, err);
}

static bool begin_or_resume(struct tw_run *run, struct tw_error *err)
{
    char path[PATH_MAX];
    bool found = false, resume = run->call->resume;
    run->progress = (struct tw_progress){.seed = run->settings->seed, .threads = run->settings->threads};
    name_machine(run, &run->progress);
    if (!begin_folder(run, err))
        return false;
    if (resume && !tw_checkpoint_find(run->settings->output, path, sizeof path, &found, err))
        return false;
    if (found && !load_checkpoint(run, path, err))
        return false;
    if (resume && !found)
        tw_run_report_line(watch_of(run), "%s: no checkpoint yet, beginning anew", run->settings->output);
    run->began = now();
    run->began_step = run->progress.step;
    return !resume || tw_run_log_rewind(run->log, run->progress.step, err);
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
    run->origin = *origin;
    return take_lineage(run, lineage, err) && begin_or_resume(run, err) &&
           name_cure(evaluate_start(run, err) && walk(run, err) && finish(run, err), err);
}

void tw_run_fill_result(const struct tw_run *run, struct tw_run_result *out)
{
    out->steps = run->progress.step;
    out->stopped_early = run->ended_early;
    out->was_finished = run->finished;
    out->best_metric = run->progress.best_metric;
    out->best_step = run->progress.best_step;
}
