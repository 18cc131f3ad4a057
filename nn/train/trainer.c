#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/threads.h"
#include "train/part.h"
#include "train/targets.h"

static const size_t default_tokens = 2048;
static const double default_growth = 20.0;
/* The guard's memory of past losses, and the loss below which no growth alarms: a model that has learned its
 * data by heart meets one hard record. */
static const double mean_keeps = 0.98, calm_loss = 0.5;

struct tw_trainer {
    struct tw_step step;
    float column_weights[TW_CLASSES];
    struct tw_part *parts; /* [count], one a thread */
    size_t count;
    struct tw_threads *threads;
    double *squares; /* [chunks] */
    size_t chunks;
    double loss_mean;
    const struct tw_adamw *adamw; /* of this step */
    double factor;
    struct tw_arena arena;
};

/* --- cutting a step ------------------------------------------------------------------------------------- */

/* Part t begins with the sequence that holds token t / count of all. */
static void cut_parts(struct tw_trainer *trainer)
{
    const struct tw_packed *batch = trainer->step.task.batch;
    size_t tokens = tw_packed_tokens(batch), sequence = 0;
    for (size_t at = 0; at < trainer->count; at++) {
        struct tw_part *part = &trainer->parts[at];
        size_t until = tokens * (at + 1) / trainer->count;
        part->first = sequence;
        while (sequence < batch->count &&
               (tw_packed_row(batch, sequence + 1) <= until ||
                   tw_packed_row(batch, sequence) + tw_packed_length(batch, sequence) / 2 < until))
            sequence++;
        if (at + 1 == trainer->count)
            sequence = batch->count;
        part->last = sequence;
    }
}

static double soft_rows(const struct tw_trainer *trainer)
{
    const struct tw_targets *targets = trainer->step.task.targets;
    const struct tw_model *teacher =
        trainer->step.options.teacher ? trainer->step.options.teacher->model : NULL;
    double rows = 0.0;
    if (targets->document_logits || (teacher && teacher->has_head))
        rows += (double)trainer->step.task.batch->count;
    if (targets->entity_logits || (teacher && teacher->has_entity_head))
        rows += (double)targets->entity_count;
    return rows;
}

static double label_weight(
    const struct tw_trainer *trainer, const int32_t *labels, const float *weights, size_t count)
{
    double sum = 0.0;
    for (size_t at = 0; labels && at < count; at++) {
        int32_t column = tw_label_column(trainer->step.state->model, labels[at]);
        sum += tw_loss_weight(&trainer->step.by_class, &column, weights ? weights + at : NULL, 1);
    }
    return sum;
}

/* Hidden states that are matched, over all pairs. */
static double matched_rows(const struct tw_trainer *trainer)
{
    const struct tw_teacher *teacher = trainer->step.options.teacher;
    const struct tw_packed *batch = trainer->step.task.batch;
    const bool *matched = trainer->step.task.targets->matched;
    size_t tokens = 0;
    for (size_t sequence = 0; teacher && sequence < batch->count; sequence++)
        tokens += !matched || matched[sequence] ? tw_packed_length(batch, sequence) : 0;
    return teacher ? (double)(teacher->pairs * tokens) : 0.0;
}

static void set_totals(struct tw_trainer *trainer)
{
    const struct tw_targets *targets = trainer->step.task.targets;
    const struct tw_packed *batch = trainer->step.task.batch;
    trainer->step.task.totals = (struct tw_step_totals){
        .document = label_weight(trainer, targets->documents, targets->document_weights, batch->count),
        .entity =
            label_weight(trainer, targets->entity_labels, targets->entity_weights, targets->entity_count),
        .masked = (double)targets->masked_count,
        .soft = soft_rows(trainer),
        .hidden = matched_rows(trainer),
    };
}

static bool begin_task(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, struct tw_error *err)
{
    trainer->step.task = (struct tw_step_task){.batch = batch, .targets = targets};
    if (batch->count == 0)
        return tw_fail(err, TW_INTERNAL, "trainer", NULL, "an empty batch");
    if (!tw_targets_check(targets, batch, trainer->step.state->model, trainer->step.options.teacher, err))
        return false;
    set_totals(trainer);
    cut_parts(trainer);
    return true;
}

static void run_part(void *self, size_t number)
{
    tw_part_run(&((struct tw_trainer *)self)->parts[number]);
}

static void add_sums(struct tw_part_sums *sums, const struct tw_part_sums *more)
{
    sums->document += more->document;
    sums->entity += more->entity;
    sums->masked += more->masked;
    sums->soft += more->soft;
    sums->hidden += more->hidden;
    sums->document_count += more->document_count;
    sums->entity_count += more->entity_count;
    sums->masked_count += more->masked_count;
    sums->document_right += more->document_right;
    sums->entity_right += more->entity_right;
    sums->masked_right += more->masked_right;
}

static double mean_of(double sum, double total)
{
    return total > 0.0 ? sum / total : 0.0;
}

/* In the order of threads. */
static bool collect(struct tw_trainer *trainer, struct tw_step_result *result, struct tw_error *err)
{
    const struct tw_step_totals *totals = &trainer->step.task.totals;
    const struct tw_objective *objective = &trainer->step.options.objective;
    struct tw_part_sums sums = {0};
    for (size_t at = 0; at < trainer->count; at++) {
        if (!trainer->parts[at].done) {
            *err = trainer->parts[at].err;
            return false;
        }
        add_sums(&sums, &trainer->parts[at].sums);
    }
    *result = (struct tw_step_result){
        .document = mean_of(sums.document, totals->document),
        .entity = mean_of(sums.entity, totals->entity),
        .masked = mean_of(sums.masked, totals->masked),
        .soft = mean_of(sums.soft, totals->soft),
        .hidden = mean_of(sums.hidden, totals->hidden),
        .tokens = tw_packed_tokens(trainer->step.task.batch),
        .document_count = sums.document_count,
        .entity_count = sums.entity_count,
        .masked_count = sums.masked_count,
        .document_right = sums.document_right,
        .entity_right = sums.entity_right,
        .masked_right = sums.masked_right,
    };
    result->loss = objective->document * result->document + objective->entity * result->entity +
                   objective->masked * result->masked + objective->soft * result->soft +
                   objective->hidden * result->hidden;
    return true;
}

/* --- from gradients to weights -------------------------------------------------------------------------- */

/* The chunks of one thread: [*first, *last). */
static void chunks_of(const struct tw_trainer *trainer, size_t number, size_t *first, size_t *last)
{
    size_t from = trainer->step.begin / TW_CHUNK, count = trainer->chunks - from;
    *first = from + count * number / trainer->count;
    *last = from + count * (number + 1) / trainer->count;
}

static size_t chunk_end(const struct tw_trainer *trainer, size_t chunk)
{
    size_t end = (chunk + 1) * TW_CHUNK;
    return end < trainer->step.state->value_count ? end : trainer->step.state->value_count;
}

/* All threads' gradients into the first's, and their squares by chunk. */
static void reduce(void *self, size_t number)
{
    struct tw_trainer *trainer = self;
    const struct tw_backward_kernels *kernels = trainer->step.options.compute->kernels->backward;
    float *sum = trainer->parts[0].gradients;
    size_t first, last;
    chunks_of(trainer, number, &first, &last);
    for (size_t chunk = first; chunk < last; chunk++) {
        size_t begin = chunk * TW_CHUNK, end = chunk_end(trainer, chunk);
        for (size_t other = 1; other < trainer->count; other++)
            kernels->add(trainer->parts[other].gradients + begin, end - begin, sum + begin);
        trainer->squares[chunk] = tw_gradient_squares(trainer->step.state, sum, begin, end);
    }
}

static void update(void *self, size_t number)
{
    struct tw_trainer *trainer = self;
    size_t first, last;
    chunks_of(trainer, number, &first, &last);
    if (first < last)
        tw_adamw_update(trainer->step.state, trainer->adamw, trainer->step.options.compute->kernels->backward,
            trainer->parts[0].gradients, trainer->factor, first * TW_CHUNK, chunk_end(trainer, last - 1));
}

static double norm_of(const struct tw_trainer *trainer)
{
    double sum = 0.0;
    for (size_t chunk = trainer->step.begin / TW_CHUNK; chunk < trainer->chunks; chunk++)
        sum += trainer->squares[chunk];
    return sqrt(sum);
}

/* Nothing has been changed yet when this says no. */
static bool check_loss(
    struct tw_trainer *trainer, const struct tw_step_result *result, uint64_t step, struct tw_error *err)
{
    static const char *const cure =
        "go on from the last checkpoint with half the learning rate, a longer warm-up or a smaller gradient norm";
    char where[48];
    snprintf(where, sizeof where, "step %llu", (unsigned long long)step);
    if (!isfinite(result->loss))
        return tw_fail(err, TW_CONFIG, where, cure, "the loss is not a number");
    if (!isfinite(result->gradient_norm))
        return tw_fail(err, TW_CONFIG, where, cure, "the gradient is not a number");
    double mean = trainer->loss_mean, usual = mean > calm_loss ? mean : calm_loss;
    double growth = trainer->step.options.most_loss_growth;
    if (mean > 0.0 && result->loss > growth * usual)
        return tw_fail(
            err, TW_CONFIG, where, cure, "the loss exploded: %.4g after a mean of %.4g", result->loss, mean);
    trainer->loss_mean = mean > 0.0 ? mean_keeps * mean + (1.0 - mean_keeps) * result->loss : result->loss;
    return true;
}

/* The first value that learns, rounded down to a chunk. */
static size_t first_learning(const struct tw_state *state)
{
    for (size_t at = 0; at < state->model->parameter_count; at++) {
        if (state->rates[state->model->parameters[at].depth] > 0.0)
            return state->model->parameters[at].offset / TW_CHUNK * TW_CHUNK;
    }
    return state->value_count / TW_CHUNK * TW_CHUNK;
}

bool tw_trainer_gradients(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, uint64_t step, const float **gradients, struct tw_step_result *result,
    struct tw_error *err)
{
    if (!begin_task(trainer, batch, targets, err))
        return false;
    const struct tw_dropout_rates *dropout = &trainer->step.options.dropout;
    trainer->step.begin = first_learning(trainer->step.state);
    trainer->step.task.training = true;
    trainer->step.task.plan = (struct tw_dropout_plan){
        .seed = trainer->step.options.seed,
        .step = (uint32_t)step,
        .hidden = tw_dropout_threshold(dropout->hidden),
        .attention = tw_dropout_threshold(dropout->attention),
        .head = tw_dropout_threshold(dropout->head),
    };
    tw_threads_run(trainer->threads, run_part, trainer);
    if (!collect(trainer, result, err))
        return false;
    tw_threads_run(trainer->threads, reduce, trainer);
    result->gradient_norm = norm_of(trainer);
    if (gradients)
        *gradients = trainer->parts[0].gradients;
    return true;
}

bool tw_trainer_step(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, const struct tw_adamw *adamw, uint64_t step,
    struct tw_step_result *result, struct tw_error *err)
{
    if (!tw_trainer_gradients(trainer, batch, targets, step, NULL, result, err) ||
        !check_loss(trainer, result, step, err))
        return false;
    trainer->adamw = adamw;
    trainer->factor = tw_clip_factor(adamw, result->gradient_norm);
    tw_adamw_begin(trainer->step.state);
    tw_threads_run(trainer->threads, update, trainer);
    return true;
}

bool tw_trainer_loss(struct tw_trainer *trainer, const struct tw_packed *batch,
    const struct tw_targets *targets, struct tw_step_result *result, struct tw_error *err)
{
    if (!begin_task(trainer, batch, targets, err))
        return false;
    tw_threads_run(trainer->threads, run_part, trainer);
    return collect(trainer, result, err);
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool check_teacher(const struct tw_trainer *trainer, struct tw_error *err)
{
    const struct tw_teacher *teacher = trainer->step.options.teacher;
    const struct tw_model_config *ours = &trainer->step.state->model->config;
    if (!teacher)
        return true;
    const struct tw_model_config *theirs = &teacher->model->config;
    if ((teacher->model->has_head || teacher->model->has_entity_head) &&
        (theirs->labels_fault || theirs->labels != TW_CLASSES))
        return tw_fail(err, TW_CONFIG, "teacher", "name the teacher's labels", "its labels cannot be used");
    size_t width = trainer->step.state->model->has_projection ? ours->projection : ours->hidden;
    if (teacher->pairs > 0 && theirs->hidden != width)
        return tw_fail(err, TW_CONFIG, "teacher",
            "match no hidden states, or project the student's to the teacher's width",
            "hidden states of %zu cannot be matched with %zu", width, theirs->hidden);
    for (size_t pair = 0; pair < teacher->pairs; pair++) {
        if (teacher->student_layers[pair] > ours->layers || teacher->teacher_layers[pair] > theirs->layers)
            return tw_fail(err, TW_CONFIG, "teacher", "choose layers that the models have",
                "pair %zu: no such layer", pair);
    }
    return true;
}

static bool open_all(struct tw_trainer *trainer, struct tw_error *err)
{
    if (!check_teacher(trainer, err))
        return false;
    trainer->chunks = (trainer->step.state->value_count + TW_CHUNK - 1) / TW_CHUNK;
    size_t bytes = trainer->count * sizeof *trainer->parts + trainer->chunks * sizeof *trainer->squares;
    if (!tw_arena_begin(&trainer->arena, bytes + 4096, err))
        return false;
    trainer->parts = tw_arena_array(&trainer->arena, trainer->count, sizeof *trainer->parts);
    trainer->squares = tw_arena_array(&trainer->arena, trainer->chunks, sizeof *trainer->squares);
    if (!trainer->parts || !trainer->squares)
        return tw_arena_fail(&trainer->arena, err);
    const size_t asked = trainer->step.options.max_tokens;
    const size_t tokens = asked ? asked : default_tokens / trainer->count;
    for (size_t at = 0; at < trainer->count; at++) {
        if (!tw_part_open(&trainer->parts[at], &trainer->step, tokens, err))
            return false;
    }
    return tw_threads_open(trainer->count, &trainer->threads, err);
}

bool tw_trainer_open(struct tw_state *state, const struct tw_trainer_options *options,
    struct tw_trainer **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_trainer *trainer = calloc(1, sizeof *trainer);
    if (!trainer)
        return tw_fail(err, TW_INTERNAL, "trainer", NULL, "out of memory");
    trainer->step.state = state;
    trainer->step.options = *options;
    trainer->count = options->threads ? options->threads : 1;
    if (!(options->most_loss_growth > 0.0))
        trainer->step.options.most_loss_growth = default_growth;
    tw_trainer_set_objective(trainer, &options->objective);
    if (!open_all(trainer, err)) {
        tw_trainer_close(trainer);
        return false;
    }
    *out = trainer;
    return true;
}

void tw_trainer_close(struct tw_trainer *trainer)
{
    if (!trainer)
        return;
    tw_threads_close(trainer->threads);
    for (size_t at = 0; trainer->parts && at < trainer->count; at++)
        tw_part_close(&trainer->parts[at]);
    tw_arena_end(&trainer->arena);
    free(trainer);
}

void tw_trainer_set_objective(struct tw_trainer *trainer, const struct tw_objective *objective)
{
    const struct tw_model_config *config = &trainer->step.state->model->config;
    struct tw_objective *own = &trainer->step.options.objective;
    *own = *objective;
    if (!(own->temperature > 0.0f))
        own->temperature = 1.0f;
    bool weighted = false;
    for (size_t at = 0; at < TW_CLASSES; at++) {
        trainer->column_weights[config->class_at[at]] = own->class_weights[at];
        weighted |= own->class_weights[at] != 0.0f;
    }
    trainer->step.by_class = (struct tw_cross_entropy){
        .class_weights = weighted ? trainer->column_weights : NULL, .smoothing = own->smoothing};
}

double tw_trainer_loss_mean(const struct tw_trainer *trainer)
{
    return trainer->loss_mean;
}

void tw_trainer_set_loss_mean(struct tw_trainer *trainer, double mean)
{
    trainer->loss_mean = mean;
}

bool tw_trainer_open_predict(const struct tw_trainer *trainer, struct tw_predict **out, struct tw_error *err)
{
    const struct tw_trainer_options *options = &trainer->step.options;
    const struct tw_workspace *workspace = &trainer->parts[0].workspace;
    const struct tw_predict_options predict = {
        .compute = options->validation_compute ? options->validation_compute : options->compute,
        .threads = trainer->count,
        .max_tokens = workspace->max_tokens,
        .max_sequence = workspace->max_sequence};
    return tw_predict_open(trainer->step.state->model, &predict, out, err);
}
