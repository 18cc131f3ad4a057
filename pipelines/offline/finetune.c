#include "offline/finetune.h"

#include "base/file.h"
#include "base/random.h"
#include "decode.h"
#include "offline/lineage.h"
#include "offline/runlog.h"
#include "offline/trial.h"
#include "tokenizer/tokenizer.h"
#include "train/checkpoint.h"
#include "train/schedule.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)256 << 20)
#define STEP_BYTES ((size_t)512 << 20)
#define KEEP_BYTES ((size_t)4 << 20)

struct tuning {
    const struct tw_finetune_run *run;
    const struct tw_finetune_settings *settings;
    const struct tw_finetune_watch *watch;
    struct tw_arena arena, step_arena;
    /* What is learned from. */
    struct tw_dataset *dataset;
    struct tw_tokenizer *tokenizer;
    struct tw_augment augment;
    struct tw_feed feed, trial_feed;
    size_t *training, *validation, *order; /* indices of examples; order: training as this epoch reads it */
    size_t training_count, validation_count;
    uint64_t ordered_epoch; /* 1 more than the epoch `order` is of; 0: of none */
    /* What learns. */
    struct tw_gemm gemm;
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct tw_adamw adamw;
    struct tw_schedule schedule;
    uint64_t step_records, epoch_steps, most_steps, unfreeze_steps;
    size_t lowest; /* depth that learns now */
    /* Where it stands. */
    struct tw_progress progress;
    struct tw_trial best;
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

TW_PRINTF(2, 3) static void tell(const struct tuning *tuning, const char *format, ...)
{
    char line[512];
    va_list arguments;
    if (!tuning->watch->told)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    tuning->watch->told(tuning->watch->context, line);
}

/* ---- records ---- */

static bool read_files(
    struct tuning *tuning, const struct tw_setting_texts *files, bool validation, struct tw_error *err)
{
    for (size_t at = 0; at < files->count; at++) {
        char path[PATH_MAX];
        struct tw_dataset_source source;
        double weight;
        if (!tw_dataset_argument(files->items[at], path, sizeof path, &weight, err) ||
            !tw_dataset_file(path, tuning->run->decode, tuning->run->stamp_us, &source, err))
            return false;
        source.weight = weight;
        source.validation = validation;
        if (!tw_dataset_read(tuning->dataset, &source, err))
            return false;
    }
    return true;
}

static bool read_records(struct tuning *tuning, bool tell_all, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    struct tw_dataset_options options = {
        .validation_share = settings->validation.count ? 0 : settings->validation_share,
        .agreed_labels = settings->agreed_labels,
        .raw = settings->raw};
    if (settings->skip_refused || tell_all) {
        options.refused = tuning->watch->refused;
        options.refused_context = tuning->watch->context;
    }
    if (settings->data.count == 0)
        return tw_fail(
            err, TW_USAGE, NULL, "tapewatch finetune -m BASE -o FOLDER FILE...", "no records are named");
    return tw_dataset_new(&options, &tuning->dataset, err) &&
           read_files(tuning, &settings->data, false, err) &&
           read_files(tuning, &settings->validation, true, err);
}

static size_t *take_indices(struct tuning *tuning, bool validation, size_t *count)
{
    size_t *indices = tw_arena_array(&tuning->arena, tuning->dataset->count, sizeof *indices);
    *count = 0;
    for (size_t at = 0; indices && at < tuning->dataset->count; at++)
        if (tuning->dataset->examples[at].validation == validation)
            indices[(*count)++] = at;
    return indices;
}

static bool split_records(struct tuning *tuning, struct tw_error *err)
{
    size_t dropped;
    if (!tw_dataset_keep_apart(tuning->dataset, &dropped, err))
        return false;
    if (dropped)
        tell(tuning, "records that stand among those for validation too, and are not learned: %zu", dropped);
    tuning->training = take_indices(tuning, false, &tuning->training_count);
    tuning->validation = take_indices(tuning, true, &tuning->validation_count);
    tuning->order = tw_arena_array(&tuning->arena, tuning->training_count, sizeof *tuning->order);
    if (!tuning->training || !tuning->validation || !tuning->order)
        return tw_arena_fail(&tuning->arena, err);
    if (tuning->training_count == 0)
        return tw_fail(err, TW_CONFIG, tuning->settings->data.items[0],
            "give more records, or a smaller --validation-share", "no record is left to learn from");
    return true;
}

/* Heads for which there is something to learn. */
static unsigned wanted_parts(const struct tuning *tuning)
{
    unsigned parts = 0;
    for (size_t at = 0; at < tuning->training_count; at++) {
        const struct tw_example *example = &tuning->dataset->examples[tuning->training[at]];
        if (example->label >= 0)
            parts |= TW_PART_DOCUMENT;
        for (uint32_t entity = 0; entity < example->entity_count; entity++)
            if (example->entities[entity].label >= 0)
                parts |= TW_PART_ENTITY;
    }
    return parts;
}

/* ---- the model ---- */

static bool check_vocabulary(const struct tw_tokenizer *tokenizer, const char *folder, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_model_config config;
    if (!tw_arena_begin(&arena, (size_t)16 << 20, err))
        return false;
    bool fits = tw_config_read(folder, NULL, &arena, &config, err);
    size_t tokens = tw_tokenizer_vocabulary_size(tokenizer);
    if (fits && tokens > config.vocabulary)
        fits = tw_fail(err, TW_CONFIG, folder, "take tokenizer and weights from one checkpoint",
            "the tokenizer has %zu tokens, the weights have %zu", tokens, config.vocabulary);
    tw_arena_end(&arena);
    return fits;
}

static bool open_tokenizer(struct tuning *tuning, struct tw_error *err)
{
    const char *folder = tuning->settings->model;
    return tw_tokenizer_load(folder, &tuning->tokenizer, err) &&
           check_vocabulary(tuning->tokenizer, folder, err);
}

static uint32_t most_tokens_of(const struct tuning *tuning, size_t positions)
{
    uint64_t most = tuning->settings->max_tokens;
    if (tw_tokenizer_model_max_length(tuning->tokenizer) < most)
        most = tw_tokenizer_model_max_length(tuning->tokenizer);
    return (uint32_t)(positions < most ? positions : most);
}

static bool read_class_weights(const struct tuning *tuning, float weights[TW_CLASSES], struct tw_error *err)
{
    const char *text = tuning->settings->class_weights;
    const char *at = text;
    if (strcmp(text, "none") == 0)
        return true;
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        char *end;
        double weight = strtod(at, &end);
        if (end == at || !isfinite(weight) || weight <= 0 || *end != (class + 1 < TW_CLASSES ? ',' : '\0'))
            return tw_fail(err, TW_USAGE, NULL,
                "none, balanced, or NEGATIVE,NEUTRAL,POSITIVE such as 2,1,1.5",
                "class_weights: \"%s\" is not understood", text);
        weights[class] = (float)weight;
        at = end + 1;
    }
    return true;
}

/* As scikit-learn's "balanced": labels / (classes x labels of this class). */
static void balance_classes(const struct tuning *tuning, float weights[TW_CLASSES])
{
    size_t counts[TW_CLASSES] = {0}, all = 0;
    for (size_t at = 0; at < tuning->training_count; at++) {
        const struct tw_example *example = &tuning->dataset->examples[tuning->training[at]];
        if (example->label >= 0)
            counts[example->label]++;
        for (uint32_t entity = 0; entity < example->entity_count; entity++)
            if (example->entities[entity].label >= 0)
                counts[example->entities[entity].label]++;
    }
    for (size_t class = 0; class < TW_CLASSES; class ++)
        all += counts[class];
    for (size_t class = 0; class < TW_CLASSES; class ++)
        weights[class] = counts[class] ? (float)((double)all / (double)(TW_CLASSES * counts[class])) : 1.0F;
}

static bool open_trainer(struct tuning *tuning, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    float dropout = (float)settings->dropout;
    struct tw_trainer_options options = {.threads = settings->threads,
        .max_sequence = tuning->feed.most_tokens,
        .seed = settings->seed,
        .gemm = &tuning->gemm,
        .dropout = {dropout, dropout, dropout},
        .objective = {.document = settings->document_loss,
            .entity = settings->entity_loss,
            .smoothing = (float)settings->label_smoothing}};
    if (strcmp(settings->class_weights, "balanced") == 0)
        balance_classes(tuning, options.objective.class_weights);
    else if (!read_class_weights(tuning, options.objective.class_weights, err))
        return false;
    return tw_trainer_open(tuning->state, &options, &tuning->trainer, err);
}

static bool open_model(struct tuning *tuning, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    unsigned parts = wanted_parts(tuning);
    struct tw_state_options options = {.folder = settings->model,
        .parts = parts,
        .fresh_heads = settings->fresh_heads,
        .seed = settings->seed};
    if (!tw_gemm_open(settings->gemm[0] ? settings->gemm : "fixed", &tuning->gemm, err) ||
        !tw_state_open(&options, &tuning->state, err))
        return false;
    tuning->feed = (struct tw_feed){.dataset = tuning->dataset,
        .tokenizer = tuning->tokenizer,
        .config = &tuning->state->model->config,
        .most_tokens = most_tokens_of(tuning, tuning->state->model->config.max_positions),
        .parts = parts};
    tuning->trial_feed = tuning->feed;
    tuning->augment = (struct tw_augment){.kinds = settings->augment,
        .text_rate = settings->augment_rate,
        .token_rate = settings->token_dropout,
        .seed = settings->seed};
    if (settings->augment)
        tuning->feed.augment = &tuning->augment;
    return tw_augment_names(tuning->dataset, &tuning->arena, &tuning->augment, err) &&
           open_trainer(tuning, err);
}

/* ---- steps and rates ---- */

static uint64_t rounded(double number)
{
    return number < 1 ? 1 : (uint64_t)llround(number);
}

static bool plan_steps(struct tuning *tuning, struct tw_error *err)
{
    const struct tw_finetune_settings *settings = tuning->settings;
    uint64_t warmup;
    tuning->step_records = settings->batch * settings->accumulate;
    tuning->epoch_steps = (tuning->training_count + tuning->step_records - 1) / tuning->step_records;
    tuning->most_steps = tuning->epoch_steps * settings->epochs;
    tuning->unfreeze_steps = rounded(settings->unfreeze_every * (double)tuning->epoch_steps);
    warmup = settings->warmup < 1 ? (uint64_t)(settings->warmup * (double)tuning->most_steps)
                                  : (uint64_t)settings->warmup;
    tuning->adamw = tw_adamw_defaults();
    tuning->adamw.decay = settings->weight_decay;
    tuning->adamw.most_norm = settings->clip;
    return tw_schedule_make(settings->schedule, tuning->most_steps, warmup, &tuning->schedule, err);
}

/* FinBERT's recipe (Araci 2019; Howard and Ruder 2018): heads alone first, then one more layer from the top each third of an
 * epoch, embeddings last. */
static size_t lowest_at(const struct tuning *tuning, uint64_t step)
{
    uint64_t heads = tuning->state->depth_count - 1, thawed = step / tuning->unfreeze_steps;
    if (strcmp(tuning->settings->unfreeze, "gradual") != 0 || thawed >= heads)
        return 0;
    return (size_t)(heads - thawed);
}

static void set_rates(struct tuning *tuning)
{
    size_t lowest = lowest_at(tuning, tuning->progress.step), layers = tuning->state->depth_count - 2;
    bool changed = lowest != tuning->lowest;
    tw_state_set_rates(tuning->state, tuning->settings->layer_decay, lowest);
    tuning->lowest = lowest;
    tuning->adamw.rate = tuning->settings->lr * tw_schedule_factor(&tuning->schedule, tuning->progress.step);
    if (!changed)
        return;
    if (lowest > layers)
        tell(tuning, "step %llu: only the heads learn", (unsigned long long)tuning->progress.step);
    else if (lowest > 0)
        tell(tuning, "step %llu: layers %zu to %zu and the heads learn",
            (unsigned long long)tuning->progress.step, lowest, layers);
    else
        tell(tuning, "step %llu: all learn", (unsigned long long)tuning->progress.step);
}

/* Every epoch has its own order, whatever was read before. */
static void order_records(struct tuning *tuning, uint64_t epoch)
{
    if (tuning->ordered_epoch == epoch + 1)
        return;
    memcpy(tuning->order, tuning->training, tuning->training_count * sizeof *tuning->order);
    tw_random_shuffle(
        tuning->settings->seed, TW_RANDOM_ORDER, (uint32_t)epoch, tuning->order, tuning->training_count);
    tuning->ordered_epoch = epoch + 1;
}

static double epoch_of(const struct tuning *tuning)
{
    return (double)tuning->progress.step / (double)tuning->epoch_steps;
}

/* Says what can be done here about a loss that is none, and what is left. Returns false. */
static bool fail_step(const struct tuning *tuning, struct tw_error *err)
{
    if (err->code != TW_CONFIG)
        return false;
    snprintf(err->cure, sizeof err->cure,
        "begin anew with half the learning rate, a longer --warmup or a smaller --clip%s",
        tuning->progress.best_step ? "; the best model so far stands in the folder" : "");
    return tw_error_in(err, tuning->settings->output);
}

static bool take_step(struct tuning *tuning, struct tw_step_result *result, struct tw_error *err)
{
    uint64_t step = tuning->progress.step, epoch = step / tuning->epoch_steps;
    size_t first = (size_t)((step % tuning->epoch_steps) * tuning->step_records);
    size_t count = tuning->training_count - first;
    struct tw_fed fed;
    if (count > tuning->step_records)
        count = (size_t)tuning->step_records;
    order_records(tuning, epoch);
    set_rates(tuning);
    tw_arena_reset(&tuning->step_arena, KEEP_BYTES);
    if (!tw_feed_batch(
            &tuning->feed, (uint32_t)epoch, tuning->order + first, count, &tuning->step_arena, &fed, err))
        return false;
    if (!tw_trainer_step(tuning->trainer, &fed.batch, &fed.targets, &tuning->adamw, step, result, err))
        return fail_step(tuning, err);
    tuning->progress.step = step + 1;
    tuning->progress.epoch = tuning->progress.step / tuning->epoch_steps;
    tuning->progress.position = tuning->progress.step % tuning->epoch_steps * tuning->step_records;
    return true;
}

/* ---- telling ---- */

static void show_step(const struct tuning *tuning, const struct tw_step_result *result)
{
    double seconds = now() - tuning->began;
    uint64_t steps = tuning->progress.step - tuning->began_step;
    struct tw_finetune_progress progress = {.step = tuning->progress.step,
        .most_steps = tuning->most_steps,
        .epoch = epoch_of(tuning),
        .loss = tuning->loss_sum / (double)tuning->loss_steps,
        .rate = tuning->adamw.rate,
        .gradient_norm = result->gradient_norm,
        .tokens_per_s = (double)tuning->tokens_here / fmax(seconds, 1e-9),
        .seconds = seconds,
        .seconds_left = seconds / (double)steps * (double)(tuning->most_steps - tuning->progress.step)};
    if (tuning->watch->progress)
        tuning->watch->progress(tuning->watch->context, &progress);
}

static bool log_step(struct tuning *tuning, const struct tw_step_result *result, struct tw_error *err)
{
    double seconds = now() - tuning->began;
    if (tuning->progress.step % tuning->settings->log_steps != 0)
        return true;
    json_t *row = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:I, s:f}", "epoch", epoch_of(tuning),
        "loss", tuning->loss_sum / (double)tuning->loss_steps, "document_loss", result->document,
        "entity_loss", result->entity, "grad_norm", result->gradient_norm, "learning_rate",
        tuning->adamw.rate, "step", (json_int_t)tuning->progress.step, "tokens", (json_int_t)tuning->tokens,
        "seconds", tuning->seconds_before + seconds);
    tuning->loss_sum = 0;
    tuning->loss_steps = 0;
    return tw_runlog_add(tuning->log, row, err);
}

static bool note_step(struct tuning *tuning, const struct tw_step_result *result, struct tw_error *err)
{
    tuning->loss_sum += result->loss;
    tuning->loss_steps++;
    tuning->trial_loss_sum += result->loss;
    tuning->trial_loss_steps++;
    tuning->tokens += result->tokens;
    tuning->tokens_here += result->tokens;
    show_step(tuning, result);
    return log_step(tuning, result, err);
}

static bool write_trainer_state(struct tuning *tuning, struct tw_error *err)
{
    struct tw_runlog_facts facts = {.epoch = epoch_of(tuning),
        .step = tuning->progress.step,
        .most_steps = tuning->most_steps,
        .epochs = tuning->settings->epochs,
        .batch = tuning->step_records,
        .eval_steps = tuning->settings->eval_steps ? tuning->settings->eval_steps : tuning->epoch_steps,
        .log_steps = tuning->settings->log_steps,
        .best_metric = tuning->progress.best_metric,
        .best_step = tuning->progress.best_step,
        .tokens = tuning->tokens};
    return tw_runlog_state(tuning->log, &facts, err);
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

static struct tw_save_options save_options(const struct tuning *tuning)
{
    return (struct tw_save_options){.dtype = dtype_of(tuning->settings->dtype),
        .tokenizer_folder = tuning->settings->model,
        .keep = 1,
        .hidden_dropout = (float)tuning->settings->dropout,
        .attention_dropout = (float)tuning->settings->dropout};
}

/* What cannot be written now can be written later: nothing that was saved before is lost. Returns false. */
static bool fail_saving(struct tw_error *err)
{
    snprintf(err->cure, sizeof err->cure, "free space on the disk, then go on with --resume");
    return false;
}

/* The model as it is now becomes the folder's. `trial`: what was measured of it, or NULL. */
static bool save_model(struct tuning *tuning, const struct tw_trial *trial, struct tw_error *err)
{
    struct tw_save_options options = save_options(tuning);
    bool documents = tuning->feed.parts & TW_PART_DOCUMENT, entities = tuning->feed.parts & TW_PART_ENTITY;
    char *own = tw_lineage_own(tuning->lineage, trial ? tuning->metrics : NULL, trial, entities);
    char *card = tw_lineage_card(tuning->settings, tuning->lineage, trial, documents, entities);
    options.own_json = own;
    options.card = card;
    options.temperature = trial && trial->documents.n ? trial->temperature : 1;
    bool saved = own && card ? tw_model_save(tuning->settings->output, tuning->state, &options, err)
                             : out_of_memory(err);
    free(own);
    free(card);
    return saved ? true : fail_saving(err);
}

static json_t *run_object(const struct tuning *tuning)
{
    return json_pack("{s:I, s:b, s:I, s:f, s:O, s:O?}", "worse_evaluations",
        (json_int_t)tuning->worse_evaluations, "ended_early", tuning->ended_early, "tokens",
        (json_int_t)tuning->tokens, "seconds", tuning->seconds_before + now() - tuning->began, "lineage",
        tuning->lineage, "metrics", tuning->metrics);
}

static bool save_checkpoint(struct tuning *tuning, struct tw_error *err)
{
    struct tw_save_options options = save_options(tuning);
    if (tuning->saved_step == tuning->progress.step)
        return true;
    json_t *object = run_object(tuning);
    char *text = object ? json_dumps(object, 0) : NULL;
    options.run_json = text;
    tuning->progress.loss_mean = tw_trainer_loss_mean(tuning->trainer);
    bool saved =
        text ? tw_checkpoint_save(tuning->settings->output, tuning->state, &tuning->progress, &options, err)
             : out_of_memory(err);
    free(text);
    json_decref(object);
    if (!saved)
        return fail_saving(err);
    tuning->saved_step = tuning->progress.step;
    return true;
}

/* ---- evaluating ---- */

static void show_trial(const struct tuning *tuning, const struct tw_trial *trial, bool best, double seconds)
{
    struct tw_finetune_evaluation evaluation = {.step = tuning->progress.step,
        .epoch = epoch_of(tuning),
        .train_loss =
            tuning->trial_loss_steps ? tuning->trial_loss_sum / (double)tuning->trial_loss_steps : 0,
        .loss = trial->loss,
        .documents = trial->documents,
        .entities = trial->entities,
        .temperature = trial->temperature,
        .entity_temperature = trial->entity_temperature,
        .metric = trial->metric,
        .best = best,
        .seconds = seconds};
    if (tuning->watch->evaluated)
        tuning->watch->evaluated(tuning->watch->context, &evaluation);
}

static bool evaluate(struct tuning *tuning, struct tw_error *err)
{
    struct tw_trial trial;
    double began = now();
    if (!tw_trial_run(
            tuning->trainer, &tuning->trial_feed, tuning->validation, tuning->validation_count, &trial, err))
        return false;
    json_t *row = tw_lineage_metrics(tuning->progress.step, epoch_of(tuning), &trial);
    bool best = tuning->progress.best_step == 0 || trial.metric > tuning->progress.best_metric;
    show_trial(tuning, &trial, best, now() - began);
    tuning->trial_loss_sum = 0;
    tuning->trial_loss_steps = 0;
    if (!row)
        return out_of_memory(err);
    if (best) {
        json_decref(tuning->metrics);
        tuning->metrics = json_incref(row);
        tuning->progress.best_metric = trial.metric;
        tuning->progress.best_step = tuning->progress.step;
    }
    tuning->worse_evaluations = best ? 0 : tuning->worse_evaluations + 1;
    tuning->ended_early =
        tuning->settings->patience && tuning->worse_evaluations >= tuning->settings->patience;
    return tw_runlog_add(tuning->log, row, err) && (!best || save_model(tuning, &trial, err)) &&
           write_trainer_state(tuning, err);
}

/* ---- the loop ---- */

static bool is_due(const struct tuning *tuning, uint64_t every)
{
    return tuning->progress.step % (every ? every : tuning->epoch_steps) == 0 ||
           tuning->progress.step == tuning->most_steps;
}

static bool is_stopped(const struct tuning *tuning)
{
    return tuning->watch->stopped && tuning->watch->stopped(tuning->watch->context);
}

static bool interrupt(struct tuning *tuning, struct tw_error *err)
{
    if (!save_checkpoint(tuning, err))
        return false;
    return tw_fail(err, TW_INTERRUPTED, tuning->settings->output, "go on with --resume",
        "interrupted at step %llu, checkpoint saved", (unsigned long long)tuning->progress.step);
}

static bool learn(struct tuning *tuning, struct tw_error *err)
{
    while (tuning->progress.step < tuning->most_steps && !tuning->ended_early) {
        struct tw_step_result result;
        if (!take_step(tuning, &result, err) || !note_step(tuning, &result, err))
            return false;
        bool trial_due = tuning->validation_count && is_due(tuning, tuning->settings->eval_steps);
        if (trial_due && !evaluate(tuning, err))
            return false;
        bool save_due = tuning->settings->save_steps ? is_due(tuning, tuning->settings->save_steps)
                                                     : is_due(tuning, tuning->settings->eval_steps);
        if ((save_due || tuning->ended_early) && !save_checkpoint(tuning, err))
            return false;
        if (is_stopped(tuning) && tuning->progress.step < tuning->most_steps && !tuning->ended_early)
            return interrupt(tuning, err);
    }
    return true;
}

/* ---- the folder ---- */

static bool is_empty(const char *folder, struct tw_error *err)
{
    DIR *listing = opendir(folder);
    bool empty = true;
    if (!listing && errno == ENOENT)
        return true;
    if (!listing)
        return tw_fail_errno(
            err, TW_OUTPUT, folder, "name a folder that can be written to", "cannot be read");
    for (const struct dirent *entry; empty && (entry = readdir(listing)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(listing);
    if (empty)
        return true;
    return tw_fail(err, TW_OUTPUT, folder, "name another folder, or go on with the run in it: --resume",
        "the output folder is not empty");
}

static bool make_folder(struct tuning *tuning, struct tw_error *err)
{
    const char *folder = tuning->settings->output;
    char path[PATH_MAX];
    struct tw_text text;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tw_fail_errno(err, TW_OUTPUT, folder, "name a folder that can be made", "cannot be created");
    if (!tw_path_join(path, sizeof path, folder, "run.yaml", err) ||
        !tw_settings_write(&tw_finetune_table, tuning->settings, &tuning->arena, &text, err))
        return false;
    return tuning->run->resume || tw_file_write(path, text, err);
}

static bool is_there(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return tw_path_join(path, sizeof path, folder, name, NULL) && access(path, F_OK) == 0;
}

/* A flat folder, and itself. What cannot be removed stays: it does no harm. */
static void remove_flat(const char *folder)
{
    char path[PATH_MAX];
    DIR *listing = opendir(folder);
    if (!listing)
        return;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (entry->d_name[0] != '.' && tw_path_join(path, sizeof path, folder, entry->d_name, NULL))
            unlink(path);
    closedir(listing);
    rmdir(folder);
}

static bool remove_checkpoints(const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    for (;;) {
        bool found;
        if (!tw_checkpoint_find(folder, path, sizeof path, &found, err))
            return false;
        if (!found)
            return true;
        remove_flat(path);
        if (access(path, F_OK) == 0)
            return tw_fail_errno(err, TW_IO, path, "remove it by hand", "the checkpoint cannot be removed");
    }
}

static bool write_results(const struct tuning *tuning, struct tw_error *err)
{
    char path[PATH_MAX];
    char *text = json_dumps(tuning->metrics, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    bool written = text &&
                   tw_path_join(path, sizeof path, tuning->settings->output, "eval_results.json", err) &&
                   tw_file_write(path, tw_text_of(text), err);
    if (!text)
        out_of_memory(err);
    free(text);
    return written;
}

/* Marks the run as through, in this order: a run that is killed in between finishes when it is resumed. */
static bool finish(struct tuning *tuning, struct tw_error *err)
{
    if (!tuning->metrics) {
        tuning->metrics =
            json_pack("{s:f, s:I}", "epoch", epoch_of(tuning), "step", (json_int_t)tuning->progress.step);
        if (!tuning->metrics)
            return out_of_memory(err);
        if (!save_model(tuning, NULL, err))
            return false;
    }
    return write_trainer_state(tuning, err) && write_results(tuning, err) &&
           remove_checkpoints(tuning->settings->output, err);
}

/* ---- beginning and resuming ---- */

static bool tell_lineage(struct tuning *tuning, struct tw_error *err)
{
    json_t *base = tw_lineage_base(tuning->settings->model, err);
    json_t *data = base ? tw_lineage_data(&tuning->settings->data, err) : NULL;
    json_t *validation = data ? tw_lineage_data(&tuning->settings->validation, err) : NULL;
    if (!validation) {
        json_decref(base);
        json_decref(data);
        return false;
    }
    tuning->lineage = json_pack("{s:s, s:I, s:o, s:o, s:o, s:{s:I, s:I, s:I}}", "command",
        tuning->run->command ? tuning->run->command : "", "seed", (json_int_t)tuning->settings->seed, "base",
        base, "data", data, "validation", validation, "records", "training",
        (json_int_t)tuning->training_count, "validation", (json_int_t)tuning->validation_count, "refused",
        (json_int_t)tuning->dataset->refused);
    return tuning->lineage ? true : out_of_memory(err);
}

/* Was the checkpoint made from this base and these files? */
static bool same_origin(const struct tuning *tuning, const json_t *before, struct tw_error *err)
{
    static const char *const keys[] = {"base", "data", "validation", "records"};
    for (size_t at = 0; at < sizeof keys / sizeof keys[0]; at++)
        if (!json_equal(json_object_get(before, keys[at]), json_object_get(tuning->lineage, keys[at])))
            return tw_fail(err, TW_CONFIG, tuning->settings->output,
                "give back the files as they were, or begin anew in another folder",
                "%s changed since the run began", keys[at]);
    return true;
}

static bool take_run_object(struct tuning *tuning, const char *text, struct tw_error *err)
{
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    const json_t *lineage = json_object_get(object, "lineage");
    if (!lineage)
        return tw_fail(err, TW_CONFIG, tuning->settings->output, "begin anew in another folder",
            "the checkpoint was not made by finetune");
    bool same = same_origin(tuning, lineage, err);
    json_t *metrics = json_object_get(object, "metrics");
    tuning->worse_evaluations = (uint64_t)json_integer_value(json_object_get(object, "worse_evaluations"));
    tuning->ended_early = json_is_true(json_object_get(object, "ended_early"));
    tuning->tokens = (uint64_t)json_integer_value(json_object_get(object, "tokens"));
    tuning->seconds_before = json_real_value(json_object_get(object, "seconds"));
    tuning->metrics = json_is_object(metrics) ? json_incref(metrics) : NULL;
    json_object_set(tuning->lineage, "command", json_object_get(lineage, "command"));
    json_decref(object);
    return same;
}

static void name_machine(const struct tuning *tuning, struct tw_progress *progress)
{
    snprintf(progress->backend, sizeof progress->backend, "%s", tw_gemm_backend_name(tuning->gemm.backend));
    snprintf(progress->kernels, sizeof progress->kernels, "%s", tuning->gemm.kernels->name);
}

static bool load_checkpoint(struct tuning *tuning, const char *path, struct tw_error *err)
{
    const char *run_json = NULL;
    struct tw_progress here = tuning->progress;
    if (!tw_checkpoint_load(path, tuning->state, &tuning->progress, &tuning->arena, &run_json, err) ||
        !take_run_object(tuning, run_json, err))
        return false;
    name_machine(tuning, &here);
    if (strcmp(here.backend, tuning->progress.backend) != 0 ||
        strcmp(here.kernels, tuning->progress.kernels) != 0)
        tell(tuning, "the run began on %s/%s and goes on on %s/%s: its last digits will differ",
            tuning->progress.backend, tuning->progress.kernels, here.backend, here.kernels);
    tw_trainer_set_loss_mean(tuning->trainer, tuning->progress.loss_mean);
    tuning->saved_step = tuning->progress.step;
    tell(tuning, "%s: going on at step %llu of %llu", path, (unsigned long long)tuning->progress.step,
        (unsigned long long)tuning->most_steps);
    return true;
}

static bool begin_or_resume(struct tuning *tuning, struct tw_error *err)
{
    char path[PATH_MAX];
    bool found = false;
    tuning->saved_step = UINT64_MAX;
    tuning->lowest = 0;
    tuning->progress =
        (struct tw_progress){.seed = tuning->settings->seed, .threads = tuning->settings->threads};
    name_machine(tuning, &tuning->progress);
    if (!make_folder(tuning, err) || !tw_runlog_open(tuning->settings->output, &tuning->log, err) ||
        !tell_lineage(tuning, err))
        return false;
    if (tuning->run->resume && !tw_checkpoint_find(tuning->settings->output, path, sizeof path, &found, err))
        return false;
    if (found && !load_checkpoint(tuning, path, err))
        return false;
    if (tuning->run->resume && !found)
        tell(tuning, "%s: no checkpoint yet, beginning anew", tuning->settings->output);
    tuning->began = now();
    tuning->began_step = tuning->progress.step;
    return !tuning->run->resume || tw_runlog_rewind(tuning->log, tuning->progress.step, err);
}

/* ---- the run ---- */

static void begin_tuning(struct tuning *tuning, const struct tw_finetune_run *run)
{
    *tuning = (struct tuning){.run = run, .settings = run->settings, .watch = &run->watch, .began = now()};
}

static void end_tuning(struct tuning *tuning)
{
    tw_runlog_close(tuning->log);
    tw_trainer_close(tuning->trainer);
    tw_state_close(tuning->state);
    tw_tokenizer_free(tuning->tokenizer);
    tw_dataset_free(tuning->dataset);
    json_decref(tuning->lineage);
    json_decref(tuning->metrics);
    tw_arena_end(&tuning->step_arena);
    tw_arena_end(&tuning->arena);
}

static bool open_arenas(struct tuning *tuning, struct tw_error *err)
{
    return tw_arena_begin(&tuning->arena, ARENA_BYTES, err) &&
           tw_arena_begin(&tuning->step_arena, STEP_BYTES, err);
}

static bool check_output(const struct tuning *tuning, struct tw_error *err)
{
    if (!tuning->settings->output[0])
        return tw_fail(err, TW_USAGE, NULL, "name a new folder with -o", "no output folder is named");
    return tuning->run->resume || is_empty(tuning->settings->output, err);
}

static bool tune(struct tuning *tuning, struct tw_error *err)
{
    return open_arenas(tuning, err) && open_tokenizer(tuning, err) && read_records(tuning, false, err) &&
           split_records(tuning, err) && plan_steps(tuning, err) && open_model(tuning, err) &&
           begin_or_resume(tuning, err) && learn(tuning, err) && finish(tuning, err);
}

bool tw_finetune(const struct tw_finetune_run *run, struct tw_finetune_result *result, struct tw_error *err)
{
    struct tuning tuning;
    begin_tuning(&tuning, run);
    *result = (struct tw_finetune_result){0};
    if (!check_output(&tuning, err))
        return false;
    if (run->resume && is_there(run->settings->output, "eval_results.json")) {
        result->was_finished = true;
        return remove_checkpoints(run->settings->output, err);
    }
    bool tuned = tune(&tuning, err);
    *result = (struct tw_finetune_result){.steps = tuning.progress.step,
        .stopped_early = tuning.ended_early,
        .refused = tuning.dataset ? tuning.dataset->refused : 0,
        .best_metric = tuning.progress.best_metric,
        .best_step = tuning.progress.best_step};
    end_tuning(&tuning);
    return tuned;
}

bool tw_finetune_look(const struct tw_finetune_run *run, struct tw_dataset_facts *facts, struct tw_error *err)
{
    struct tuning tuning;
    struct tw_model_config config;
    begin_tuning(&tuning, run);
    bool looked = open_arenas(&tuning, err) && open_tokenizer(&tuning, err) &&
                  tw_config_read(run->settings->model, NULL, &tuning.arena, &config, err) &&
                  read_records(&tuning, true, err) &&
                  tw_dataset_look(tuning.dataset, tuning.tokenizer,
                      most_tokens_of(&tuning, config.max_positions), facts, err);
    end_tuning(&tuning);
    return looked;
}
