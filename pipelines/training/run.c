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

const char *const tw_course_schedules[] = {"linear", "slanted", "cosine", "constant", NULL};
const char *const tw_course_dtypes[] = {"f32", "f16", "bf16", NULL};
const char *const tw_course_precisions[] = {"f32", "bf16", NULL};

struct tw_course {
    const struct tw_course_kind *kind;
    void *self;
    const struct tw_course_settings *settings;
    const struct tw_course_run *run;
    bool finished; /* before it was opened */
    int held;      /* the folder, while it learns; -1 */
    struct tw_arena arena, step_arena;
    /* What is learned from. */
    size_t *items, *order; /* order: items as this epoch reads them */
    size_t count;
    uint64_t ordered_epoch; /* 1 more than the epoch `order` is of; 0: of none */
    bool has_trial;
    /* What learns. */
    struct tw_gemm gemm;      /* fp32: trials, and steps unless.. */
    struct tw_gemm step_gemm; /* .. precision is another */
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct tw_adamw adamw;
    struct tw_schedule schedule;
    uint64_t step_items, epoch_steps, most_steps;
    size_t lowest; /* depth that learns now */
    struct tw_course_origin origin;
    /* Where it stands. */
    struct tw_progress progress;
    uint64_t worse_evaluations, tokens;
    bool ended_early;
    uint64_t saved_step; /* of the newest checkpoint of this process */
    double loss_sum;     /* of steps since the last row */
    uint64_t loss_steps;
    double trial_loss_sum; /* ... since the last evaluation */
    uint64_t trial_loss_steps;
    /* What is told of it. */
    struct tw_runlog *log;
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

void tw_course_tell(const struct tw_course_watch *watch, const char *format, ...)
{
    char line[512];
    va_list arguments;
    if (!watch->told)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    watch->told(watch->context, line);
}

static const struct tw_course_watch *watch_of(const struct tw_course *course)
{
    return &course->run->watch;
}

/* ---- opening ---- */

static bool look_at_folder(struct tw_course *course, struct tw_error *err)
{
    const char *folder = course->settings->output;
    if (!course->run->resume || !folder[0])
        return tw_runfolder_check_empty(
            folder, "name another folder, or go on with the run in it: --resume", err);
    course->finished = tw_runfolder_is_finished(folder);
    if (course->finished)
        return tw_runfolder_remove_checkpoints(folder, err);
    return access(folder, F_OK) != 0 || tw_runfolder_hold(folder, &course->held, err);
}

bool tw_course_open(const struct tw_course_kind *kind, void *self, const void *settings,
    const struct tw_course_run *run, struct tw_course **out, struct tw_error *err)
{
    struct tw_course *course = calloc(1, sizeof *course);
    *out = NULL;
    if (!course)
        return out_of_memory(err);
    *course = (struct tw_course){
        .kind = kind, .self = self, .settings = settings, .run = run, .saved_step = UINT64_MAX, .held = -1};
    if (!look_at_folder(course, err) || !tw_arena_begin(&course->arena, ARENA_BYTES, err) ||
        !tw_arena_begin(&course->step_arena, STEP_BYTES, err)) {
        tw_course_close(course);
        return false;
    }
    *out = course;
    return true;
}

void tw_course_close(struct tw_course *course)
{
    if (!course)
        return;
    tw_runlog_close(course->log);
    if (course->held >= 0)
        close(course->held);
    tw_trainer_close(course->trainer);
    tw_state_close(course->state);
    json_decref(course->lineage);
    json_decref(course->metrics);
    tw_arena_end(&course->step_arena);
    tw_arena_end(&course->arena);
    free(course);
}

bool tw_course_is_finished(const struct tw_course *course)
{
    return course->finished;
}

bool tw_course_plan(
    struct tw_course *course, const size_t *items, size_t count, bool has_trial, struct tw_error *err)
{
    const struct tw_course_settings *settings = course->settings;
    course->items = tw_arena_array(&course->arena, count, sizeof *course->items);
    course->order = tw_arena_array(&course->arena, count, sizeof *course->order);
    if (!course->items || !course->order)
        return tw_arena_fail(&course->arena, err);
    memcpy(course->items, items, count * sizeof *items);
    course->count = count;
    course->has_trial = has_trial;
    course->step_items = settings->batch * settings->accumulate;
    course->epoch_steps = (count + course->step_items - 1) / course->step_items;
    course->most_steps = settings->steps ? settings->steps : course->epoch_steps * settings->epochs;
    uint64_t warmup = settings->warmup < 1 ? (uint64_t)(settings->warmup * (double)course->most_steps)
                                           : (uint64_t)settings->warmup;
    course->adamw = tw_adamw_defaults();
    course->adamw.decay = settings->weight_decay;
    course->adamw.most_norm = settings->clip;
    return tw_schedule_make(settings->schedule, course->most_steps, warmup, &course->schedule, err);
}

uint64_t tw_course_epoch_steps(const struct tw_course *course)
{
    return course->epoch_steps;
}

static bool has_own_precision(const struct tw_course *course)
{
    return strcmp(course->settings->precision, tw_course_precisions[0]) != 0;
}

static bool open_gemm(struct tw_course *course, struct tw_error *err)
{
    const char *backend = course->settings->gemm[0] ? course->settings->gemm : "fixed";
    if (strncmp(backend, "bf16", 4) == 0)
        return tw_fail(err, TW_USAGE, NULL, "give precision bf16: it rounds the products of steps alone",
            "gemm: \"%s\" is not for what is measured", backend);
    if (has_own_precision(course) && !tw_gemm_open(course->settings->precision, &course->step_gemm, err))
        return false;
    return tw_gemm_open(backend, &course->gemm, err);
}

bool tw_course_open_state(
    struct tw_course *course, const struct tw_state_options *options, struct tw_error *err)
{
    struct tw_state_options seeded = *options;
    seeded.seed = course->settings->seed;
    seeded.averaged = course->settings->average > 0;
    return open_gemm(course, err) && tw_state_open(&seeded, &course->state, err);
}

struct tw_state *tw_course_state(const struct tw_course *course)
{
    return course->state;
}

bool tw_course_open_trainer(
    struct tw_course *course, const struct tw_trainer_options *options, struct tw_error *err)
{
    const struct tw_course_settings *settings = course->settings;
    float dropout = (float)settings->dropout;
    struct tw_trainer_options filled = *options;
    filled.threads = settings->threads;
    filled.seed = settings->seed;
    filled.gemm = has_own_precision(course) ? &course->step_gemm : &course->gemm;
    filled.trial_gemm = &course->gemm;
    filled.dropout = (struct tw_dropout_rates){dropout, dropout, dropout};
    return tw_trainer_open(course->state, &filled, &course->trainer, err);
}

/* ---- a step ---- */

static void set_rates(struct tw_course *course)
{
    uint64_t step = course->progress.step;
    size_t layers = course->state->depth_count - 2;
    size_t lowest = course->kind->lowest ? course->kind->lowest(course->self, step) : 0;
    bool changed = lowest != course->lowest;
    tw_state_set_rates(course->state, course->settings->layer_decay, lowest);
    course->lowest = lowest;
    course->adamw.rate = course->settings->lr * tw_schedule_factor(&course->schedule, step);
    if (!changed)
        return;
    if (lowest > layers)
        tw_course_tell(watch_of(course), "step %llu: only the heads learn", (unsigned long long)step);
    else if (lowest > 0)
        tw_course_tell(watch_of(course), "step %llu: layers %zu to %zu and the heads learn",
            (unsigned long long)step, lowest, layers);
    else
        tw_course_tell(watch_of(course), "step %llu: all learn", (unsigned long long)step);
}

/* Every epoch has its own order, whatever was read before. */
static void order_items(struct tw_course *course, uint64_t epoch)
{
    if (course->ordered_epoch == epoch + 1)
        return;
    memcpy(course->order, course->items, course->count * sizeof *course->order);
    tw_random_shuffle(course->settings->seed, TW_RANDOM_ORDER, (uint32_t)epoch, course->order, course->count);
    course->ordered_epoch = epoch + 1;
}

static double epoch_of(const struct tw_course *course)
{
    return (double)course->progress.step / (double)course->epoch_steps;
}

/* Says what can be done here about a loss that is none, and what is left. Returns false. */
static bool fail_step(const struct tw_course *course, struct tw_error *err)
{
    if (err->code != TW_CONFIG)
        return false;
    snprintf(err->cure, sizeof err->cure,
        "begin anew with half the learning rate, a longer --warmup or a smaller --clip%s",
        course->progress.best_step ? "; the best model so far stands in the folder" : "");
    return tw_error_in(err, course->settings->output);
}

static bool take_step(struct tw_course *course, struct tw_step_result *result, struct tw_error *err)
{
    uint64_t step = course->progress.step, epoch = step / course->epoch_steps;
    size_t first = (size_t)((step % course->epoch_steps) * course->step_items);
    size_t count = course->count - first;
    struct tw_packed batch;
    struct tw_targets targets = {0};
    if (count > course->step_items)
        count = (size_t)course->step_items;
    order_items(course, epoch);
    set_rates(course);
    tw_arena_reset(&course->step_arena, KEEP_BYTES);
    if (!course->kind->feed(
            course->self, epoch, course->order + first, count, &course->step_arena, &batch, &targets, err))
        return false;
    if (!tw_trainer_step(course->trainer, &batch, &targets, &course->adamw, step, result, err))
        return fail_step(course, err);
    course->progress.step = step + 1;
    course->progress.epoch = course->progress.step / course->epoch_steps;
    course->progress.position = course->progress.step % course->epoch_steps * course->step_items;
    return true;
}

/* ---- telling ---- */

static void show_step(const struct tw_course *course, const struct tw_step_result *result)
{
    double seconds = now() - course->began;
    uint64_t steps = course->progress.step - course->began_step;
    struct tw_course_progress progress = {.step = course->progress.step,
        .most_steps = course->most_steps,
        .epoch = epoch_of(course),
        .loss = course->loss_sum / (double)course->loss_steps,
        .rate = course->adamw.rate,
        .gradient_norm = result->gradient_norm,
        .tokens_per_s = (double)course->tokens_here / fmax(seconds, 1e-9),
        .seconds = seconds,
        .seconds_left = seconds / (double)steps * (double)(course->most_steps - course->progress.step)};
    if (watch_of(course)->progress)
        watch_of(course)->progress(watch_of(course)->context, &progress);
}

static json_t *step_row(const struct tw_course *course, const struct tw_step_result *result)
{
    json_t *row = json_pack(
        "{s:f, s:f}", "epoch", epoch_of(course), "loss", course->loss_sum / (double)course->loss_steps);
    json_t *rest = json_pack("{s:f, s:f, s:I, s:I, s:f}", "grad_norm", result->gradient_norm, "learning_rate",
        course->adamw.rate, "step", (json_int_t)course->progress.step, "tokens", (json_int_t)course->tokens,
        "seconds", course->seconds_before + now() - course->began);
    if (row && course->kind->note)
        course->kind->note(course->self, result, row);
    if (!row || !rest || json_object_update(row, rest) != 0) {
        json_decref(row);
        row = NULL;
    }
    json_decref(rest);
    return row;
}

static bool log_step(struct tw_course *course, const struct tw_step_result *result, struct tw_error *err)
{
    if (course->progress.step % course->settings->log_steps != 0)
        return true;
    json_t *row = step_row(course, result);
    course->loss_sum = 0;
    course->loss_steps = 0;
    return tw_runlog_add(course->log, row, err);
}

static bool note_step(struct tw_course *course, const struct tw_step_result *result, struct tw_error *err)
{
    course->loss_sum += result->loss;
    course->loss_steps++;
    course->trial_loss_sum += result->loss;
    course->trial_loss_steps++;
    course->tokens += result->tokens;
    course->tokens_here += result->tokens;
    show_step(course, result);
    return log_step(course, result, err);
}

static bool write_trainer_state(struct tw_course *course, struct tw_error *err)
{
    const struct tw_course_settings *settings = course->settings;
    struct tw_runlog_facts facts = {.epoch = epoch_of(course),
        .step = course->progress.step,
        .most_steps = course->most_steps,
        .epochs = (course->most_steps + course->epoch_steps - 1) / course->epoch_steps,
        .batch = course->step_items,
        .eval_steps = settings->eval_steps ? settings->eval_steps : course->epoch_steps,
        .log_steps = settings->log_steps,
        .best_metric = course->progress.best_metric,
        .best_step = course->progress.best_step,
        .tokens = course->tokens};
    return tw_runlog_state(course->log, &facts, err);
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

static struct tw_save_options save_options(const struct tw_course *course)
{
    return (struct tw_save_options){.dtype = dtype_of(course->settings->dtype),
        .tokenizer_folder = course->origin.tokenizer_folder,
        .vocabulary = course->origin.vocabulary,
        .keep = 1,
        .hidden_dropout = (float)course->settings->dropout,
        .attention_dropout = (float)course->settings->dropout};
}

static float *bias_of(const struct tw_course *course, const struct tw_linear *head)
{
    return course->state->values + (head->bias - course->state->values);
}

/* The heads have their offsets for as long as the model is written: training goes on without. */
static bool save_calibrated(struct tw_course *course, const struct tw_course_folder *folder,
    const struct tw_save_options *options, struct tw_error *err)
{
    const struct tw_model *model = course->state->model;
    const struct {
        bool there;
        const struct tw_linear *head;
        const float *offsets;
    } heads[] = {{model->has_head, &model->classifier, folder->document_offsets},
        {model->has_entity_head, &model->entity_classifier, folder->entity_offsets}};
    enum { HEADS = sizeof heads / sizeof heads[0] };
    float kept[HEADS][TW_CLASSES];
    for (size_t at = 0; at < HEADS; at++)
        for (size_t class = 0; heads[at].there && class < TW_CLASSES; class ++) {
            float *bias = bias_of(course, heads[at].head) + model->config.class_at[class];
            kept[at][class] = *bias;
            *bias += heads[at].offsets[class];
        }
    bool saved = tw_model_save(course->settings->output, course->state, options, err);
    for (size_t at = 0; at < HEADS; at++)
        for (size_t class = 0; heads[at].there && class < TW_CLASSES; class ++)
            bias_of(course, heads[at].head)[model->config.class_at[class]] = kept[at][class];
    return saved;
}

/* The model as it is now becomes the folder's. `trial`: what was measured of it, or NULL. */
static bool save_model(struct tw_course *course, const struct tw_course_trial *trial, struct tw_error *err)
{
    struct tw_save_options options = save_options(course);
    struct tw_course_folder folder = {0};
    bool described = course->kind->publish(course->self, course->lineage, trial ? course->metrics : NULL,
        trial ? trial->details : NULL, &folder, err);
    options.own_json = folder.own_json;
    options.card = folder.card;
    options.temperature = folder.temperature;
    bool saved = described && save_calibrated(course, &folder, &options, err);
    free(folder.own_json);
    free(folder.card);
    return saved;
}

/* What is tried and kept is the average, where there is one. */
static void exchange(struct tw_course *course)
{
    if (course->state->averages)
        tw_state_exchange(course->state);
}

static void average(struct tw_course *course)
{
    if (course->state->averages && course->progress.step % AVERAGE_STEPS == 0)
        tw_state_average(course->state, pow(course->settings->average, AVERAGE_STEPS),
            course->progress.step / AVERAGE_STEPS);
}

static json_t *run_object(const struct tw_course *course)
{
    return json_pack("{s:I, s:b, s:I, s:f, s:f, s:I, s:f, s:I, s:O, s:O?}", "worse_evaluations",
        (json_int_t)course->worse_evaluations, "ended_early", course->ended_early, "tokens",
        (json_int_t)course->tokens, "seconds", course->seconds_before + now() - course->began, "loss_sum",
        course->loss_sum, "loss_steps", (json_int_t)course->loss_steps, "trial_loss_sum",
        course->trial_loss_sum, "trial_loss_steps", (json_int_t)course->trial_loss_steps, "lineage",
        course->lineage, "metrics", course->metrics);
}

static bool save_checkpoint(struct tw_course *course, struct tw_error *err)
{
    struct tw_save_options options = save_options(course);
    if (course->saved_step == course->progress.step)
        return true;
    json_t *object = run_object(course);
    char *text = object ? json_dumps(object, 0) : NULL;
    options.run_json = text;
    course->progress.loss_mean = tw_trainer_loss_mean(course->trainer);
    bool saved =
        text ? tw_checkpoint_save(course->settings->output, course->state, &course->progress, &options, err)
             : out_of_memory(err);
    free(text);
    json_decref(object);
    if (saved)
        course->saved_step = course->progress.step;
    return saved;
}

/* ---- evaluating ---- */

static void show_trial(
    const struct tw_course *course, const struct tw_course_trial *trial, bool best, double seconds)
{
    struct tw_course_evaluation evaluation = {.step = course->progress.step,
        .epoch = epoch_of(course),
        .train_loss =
            course->trial_loss_steps ? course->trial_loss_sum / (double)course->trial_loss_steps : 0,
        .loss = trial->loss,
        .metric = trial->metric,
        .details = trial->details,
        .best = best,
        .seconds = seconds};
    if (watch_of(course)->evaluated)
        watch_of(course)->evaluated(watch_of(course)->context, &evaluation);
}

/* Runs the pipeline's trial and shows it; its row with what every trial has. */
static bool try_model(
    struct tw_course *course, struct tw_course_trial *trial, bool *best, json_t **row, struct tw_error *err)
{
    double began = now();
    const struct tw_progress *progress = &course->progress;
    if (!course->kind->trial(course->self, course->trainer, trial, err))
        return false;
    bool better = course->kind->lower_is_better ? trial->metric < progress->best_metric
                                                : trial->metric > progress->best_metric;
    *best = progress->step > 0 && (progress->best_step == 0 || better);
    show_trial(course, trial, *best, now() - began);
    course->trial_loss_sum = 0;
    course->trial_loss_steps = 0;
    *row = json_pack("{s:f, s:f, s:I}", "epoch", epoch_of(course), "eval_loss", trial->loss, "step",
        (json_int_t)progress->step);
    bool whole = *row && trial->row && json_object_update(*row, trial->row) == 0;
    json_decref(trial->row);
    if (whole)
        return true;
    json_decref(*row);
    return out_of_memory(err);
}

static bool try_and_keep(struct tw_course *course, struct tw_error *err)
{
    struct tw_course_trial trial = {0};
    json_t *row;
    bool best;
    if (!try_model(course, &trial, &best, &row, err))
        return false;
    if (best) {
        json_decref(course->metrics);
        course->metrics = json_incref(row);
        course->progress.best_metric = trial.metric;
        course->progress.best_step = course->progress.step;
    }
    course->worse_evaluations = best ? 0 : course->worse_evaluations + 1;
    course->ended_early =
        course->settings->patience && course->worse_evaluations >= course->settings->patience;
    return tw_runlog_add(course->log, row, err) && (!best || save_model(course, &trial, err)) &&
           write_trainer_state(course, err);
}

static bool evaluate(struct tw_course *course, struct tw_error *err)
{
    exchange(course);
    bool evaluated = try_and_keep(course, err);
    exchange(course);
    return evaluated;
}

/* A run that is killed before its first checkpoint begins anew, but its first row stands already. */
static bool evaluate_start(struct tw_course *course, struct tw_error *err)
{
    struct tw_course_trial trial = {0};
    json_t *row;
    bool best;
    if (!course->kind->trial_at_start || !course->has_trial || course->progress.step > 0 ||
        json_array_size(tw_runlog_rows(course->log)) > 0)
        return true;
    return try_model(course, &trial, &best, &row, err) && tw_runlog_add(course->log, row, err);
}

/* ---- the loop ---- */

static bool is_due(const struct tw_course *course, uint64_t every)
{
    return course->progress.step % (every ? every : course->epoch_steps) == 0 ||
           course->progress.step == course->most_steps;
}

static bool is_stopped(const struct tw_course *course)
{
    return watch_of(course)->stopped && watch_of(course)->stopped(watch_of(course)->context);
}

static bool interrupt(struct tw_course *course, struct tw_error *err)
{
    if (!save_checkpoint(course, err))
        return false;
    return tw_fail(err, TW_INTERRUPTED, course->settings->output, "go on with --resume",
        "interrupted at step %llu, checkpoint saved", (unsigned long long)course->progress.step);
}

static bool walk(struct tw_course *course, struct tw_error *err)
{
    const struct tw_course_settings *settings = course->settings;
    while (course->progress.step < course->most_steps && !course->ended_early) {
        struct tw_step_result result;
        if (!take_step(course, &result, err) || !note_step(course, &result, err))
            return false;
        average(course);
        bool trial_due = course->has_trial && is_due(course, settings->eval_steps);
        if (trial_due && !evaluate(course, err))
            return false;
        bool save_due = is_due(course, settings->save_steps ? settings->save_steps : settings->eval_steps);
        if ((save_due || course->ended_early) && !save_checkpoint(course, err))
            return false;
        if (is_stopped(course) && course->progress.step < course->most_steps && !course->ended_early)
            return interrupt(course, err);
    }
    return true;
}

static bool finish(struct tw_course *course, struct tw_error *err)
{
    if (!course->metrics) {
        course->metrics =
            json_pack("{s:f, s:I}", "epoch", epoch_of(course), "step", (json_int_t)course->progress.step);
        if (!course->metrics)
            return out_of_memory(err);
        exchange(course);
        bool saved = save_model(course, NULL, err);
        exchange(course);
        if (!saved)
            return false;
    }
    char *text = json_dumps(course->metrics, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    if (!text)
        return out_of_memory(err);
    bool finished = write_trainer_state(course, err) &&
                    tw_runfolder_finish(course->settings->output, tw_text_of(text), err);
    free(text);
    return finished;
}

/* ---- beginning and resuming ---- */

static bool take_lineage(struct tw_course *course, json_t *own, struct tw_error *err)
{
    if (!own)
        return false;
    course->lineage = json_pack("{s:s, s:I}", "command", course->run->command ? course->run->command : "",
        "seed", (json_int_t)course->settings->seed);
    bool whole = course->lineage && json_object_update(course->lineage, own) == 0;
    json_decref(own);
    return whole || out_of_memory(err);
}

/* Was the checkpoint made from the same things? */
static bool same_origin(const struct tw_course *course, const json_t *before, struct tw_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(course->lineage, key, value)
    {
        if (strcmp(key, "command") != 0 && !json_equal(json_object_get(before, key), value))
            return tw_fail(err, TW_CONFIG, course->settings->output,
                "give back the files as they were, or begin anew in another folder",
                "%s changed since the run began", key);
    }
    return true;
}

static bool take_run_object(struct tw_course *course, const char *text, struct tw_error *err)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *lineage = json_object_get(object, "lineage");
    if (!lineage) {
        json_decref(object);
        return tw_fail(err, TW_CONFIG, course->settings->output, "begin anew in another folder",
            "the checkpoint was not made by %s", course->kind->command);
    }
    bool same = same_origin(course, lineage, err);
    json_t *metrics = json_object_get(object, "metrics");
    course->worse_evaluations = (uint64_t)json_integer_value(json_object_get(object, "worse_evaluations"));
    course->ended_early = json_is_true(json_object_get(object, "ended_early"));
    course->tokens = (uint64_t)json_integer_value(json_object_get(object, "tokens"));
    course->seconds_before = json_real_value(json_object_get(object, "seconds"));
    course->loss_sum = json_real_value(json_object_get(object, "loss_sum"));
    course->loss_steps = (uint64_t)json_integer_value(json_object_get(object, "loss_steps"));
    course->trial_loss_sum = json_real_value(json_object_get(object, "trial_loss_sum"));
    course->trial_loss_steps = (uint64_t)json_integer_value(json_object_get(object, "trial_loss_steps"));
    course->metrics = json_is_object(metrics) ? json_incref(metrics) : NULL;
    json_object_set(course->lineage, "command", json_object_get(lineage, "command"));
    json_decref(object);
    return same;
}

static void name_machine(const struct tw_course *course, struct tw_progress *progress)
{
    /* Of steps, then of trials, which decide what is kept. */
    snprintf(progress->backend, sizeof progress->backend, "%s%s%s",
        has_own_precision(course) ? tw_gemm_backend_name(course->step_gemm.backend) : "",
        has_own_precision(course) ? "+" : "", tw_gemm_backend_name(course->gemm.backend));
    snprintf(progress->kernels, sizeof progress->kernels, "%s", course->gemm.kernels->name);
}

static bool load_checkpoint(struct tw_course *course, const char *path, struct tw_error *err)
{
    const char *run_json = NULL;
    struct tw_progress here = course->progress;
    bool loaded = tw_checkpoint_load(path, course->state, &course->progress, &course->arena, &run_json, err);
    /* A base or data that changed explain tensors that do not fit. */
    if ((loaded || run_json) && !take_run_object(course, run_json, err))
        return false;
    if (!loaded)
        return false;
    if (strcmp(here.backend, course->progress.backend) != 0 ||
        strcmp(here.kernels, course->progress.kernels) != 0)
        tw_course_tell(watch_of(course),
            "the run began on %s/%s and goes on on %s/%s: its last digits will differ",
            course->progress.backend, course->progress.kernels, here.backend, here.kernels);
    tw_trainer_set_loss_mean(course->trainer, course->progress.loss_mean);
    course->saved_step = course->progress.step;
    tw_course_tell(watch_of(course), "%s: going on at step %llu of %llu", path,
        (unsigned long long)course->progress.step, (unsigned long long)course->most_steps);
    return true;
}

static bool begin_folder(struct tw_course *course, struct tw_error *err)
{
    struct tw_text text = {"", 0};
    const char *folder = course->settings->output;
    if (!course->run->resume &&
        !tw_settings_write(course->kind->table, course->settings, &course->arena, &text, err))
        return false;
    if (!tw_runfolder_make(folder, text, err) ||
        (course->held < 0 && !tw_runfolder_hold(folder, &course->held, err)))
        return false;
    tw_folder_clean(folder); /* of what a killed run left */
    return tw_runlog_open(folder, &course->log, err);
}

static bool begin_or_resume(struct tw_course *course, struct tw_error *err)
{
    char path[PATH_MAX];
    bool found = false, resume = course->run->resume;
    course->progress =
        (struct tw_progress){.seed = course->settings->seed, .threads = course->settings->threads};
    name_machine(course, &course->progress);
    if (!begin_folder(course, err))
        return false;
    if (resume && !tw_checkpoint_find(course->settings->output, path, sizeof path, &found, err))
        return false;
    if (found && !load_checkpoint(course, path, err))
        return false;
    if (resume && !found)
        tw_course_tell(watch_of(course), "%s: no checkpoint yet, beginning anew", course->settings->output);
    course->began = now();
    course->began_step = course->progress.step;
    return !resume || tw_runlog_rewind(course->log, course->progress.step, err);
}

/* What cannot be written now can be written later: nothing that was saved before is lost. */
static bool name_cure(bool done, struct tw_error *err)
{
    if (!done && (err->code == TW_IO || err->code == TW_OUTPUT))
        snprintf(err->cure, sizeof err->cure, "free space on the disk, then go on with --resume");
    return done;
}

bool tw_course_learn(
    struct tw_course *course, json_t *lineage, const struct tw_course_origin *origin, struct tw_error *err)
{
    course->origin = *origin;
    return take_lineage(course, lineage, err) && begin_or_resume(course, err) &&
           name_cure(evaluate_start(course, err) && walk(course, err) && finish(course, err), err);
}

void tw_course_tell_result(const struct tw_course *course, struct tw_course_result *out)
{
    out->steps = course->progress.step;
    out->stopped_early = course->ended_early;
    out->was_finished = course->finished;
    out->best_metric = course->progress.best_metric;
    out->best_step = course->progress.best_step;
}
