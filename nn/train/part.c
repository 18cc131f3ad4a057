#include "train/part.h"

#include <string.h>

#include "base/size.h"
#include "model/encoder.h"

/* --- one micro-batch ------------------------------------------------------------------------------------ */

/* A micro-batch and its targets. */
struct micro_batch {
    struct tw_packed batch;
    size_t first;                  /* its first sequence in the step's batch */
    size_t first_entity, entities; /* of the step's targets */
    size_t first_masked, masked;
    size_t first_token;
    bool has_teacher; /* the teacher has encoded it */
};

static const struct tw_objective *objective_of(const struct tw_part *part)
{
    return &part->step->options.objective;
}

static const struct tw_step_task *task_of(const struct tw_part *part)
{
    return &part->step->task;
}

/* NULL: none. */
static const struct tw_model *teacher_of(const struct tw_part *part)
{
    const struct tw_teacher *teacher = part->step->options.teacher;
    return teacher ? teacher->model : NULL;
}

/* `weight` of a part of the loss over what its mean is taken over: the factor on each row's gradient. */
static float scale_of(double weight, double total)
{
    return total > 0.0 ? (float)(weight / total) : 0.0f;
}

int32_t tw_label_column(const struct tw_model *model, int32_t label)
{
    return label == TW_NO_LABEL ? TW_NO_LABEL : (int32_t)model->config.class_at[label];
}

/* Logits by class, or in the order of another model, in the order of the student's columns. */
static void reorder(
    const struct tw_model *student, const struct tw_model *other, const float *from, size_t rows, float *to)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < TW_CLASSES; at++)
            to[row * TW_CLASSES + student->config.class_at[at]] =
                from[row * TW_CLASSES + (other ? other->config.class_at[at] : at)];
    }
}

/* The losses of one round of a head by classes, and its gradient in d_logits. `soft`: a teacher's logits, or
 * NULL. */
struct round {
    const struct tw_head *head;
    size_t rows;
    double weight, total; /* of the labels' part */
    const float *soft;
    double *sum;
    size_t *count, *right;
};

static void round_loss(struct tw_part *part, const struct round *round)
{
    const struct tw_objective *objective = objective_of(part);
    const struct tw_step_task *task = task_of(part);
    bool labelled = round->weight > 0.0;
    memset(part->d_logits, 0, round->rows * TW_CLASSES * sizeof *part->d_logits);
    if (labelled) {
        *round->sum += tw_loss_cross_entropy(&part->step->by_class, part->workspace.head_logits, part->labels,
            part->weights, round->rows, TW_CLASSES, scale_of(round->weight, round->total), part->d_logits,
            round->right);
        for (size_t row = 0; row < round->rows; row++)
            *round->count += part->labels[row] != TW_NO_LABEL;
    }
    if (round->soft)
        part->sums.soft +=
            tw_loss_soft_labels(part->workspace.head_logits, round->soft, NULL, objective->temperature,
                round->rows, TW_CLASSES, scale_of(objective->soft, task->totals.soft), part->d_logits);
}

static void load_row(struct tw_part *part, size_t row, const int32_t *labels, const float *weights, size_t at)
{
    part->labels[row] = labels ? tw_label_column(part->step->state->model, labels[at]) : TW_NO_LABEL;
    part->weights[row] = weights ? weights[at] : 1.0f;
}

static bool wants_documents(const struct tw_part *part)
{
    const struct tw_objective *objective = objective_of(part);
    return part->step->state->model->has_head &&
           ((objective->document > 0.0 && task_of(part)->targets->documents) || objective->soft > 0.0);
}

static const float *soft_documents(
    struct tw_part *part, const struct micro_batch *micro, size_t first, size_t rows)
{
    const struct tw_model *teacher = teacher_of(part);
    const float *given = task_of(part)->targets->document_logits;
    if (!(objective_of(part)->soft > 0.0) || (!given && !(micro->has_teacher && teacher->has_head)))
        return NULL;
    const float *from =
        given ? given + (micro->first + first) * TW_CLASSES : part->teacher_logits + first * TW_CLASSES;
    reorder(part->step->state->model, given ? NULL : teacher, from, rows, part->soft_logits);
    return part->soft_logits;
}

static bool run_documents(struct tw_part *part, const struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *model = part->step->state->model;
    const struct tw_step_task *task = task_of(part);
    const struct tw_targets *targets = task->targets;
    struct tw_workspace *workspace = &part->workspace;
    struct tw_head head = tw_head_of(model, TW_PART_DOCUMENT);
    for (size_t first = 0, rows; first < micro->batch.count; first += rows) {
        size_t left = micro->batch.count - first;
        rows = left < workspace->max_head_rows ? left : workspace->max_head_rows;
        for (size_t row = 0; row < rows; row++) {
            part->numbers[row] = micro->batch.starts[first + row];
            load_row(part, row, targets->documents, targets->document_weights, micro->first + first + row);
        }
        tw_head_gather_documents(model, &micro->batch, workspace, first, rows);
        if (!tw_head_run(model, &head, workspace, part->numbers, rows, err))
            return false;
        struct round round = {&head, rows, targets->documents ? objective_of(part)->document : 0.0,
            task->totals.document, soft_documents(part, micro, first, rows), &part->sums.document,
            &part->sums.document_count, &part->sums.document_right};
        round_loss(part, &round);
        if (task->training && !tw_backward_head(&part->backward, &micro->batch, &head, NULL, first,
                                  part->numbers, rows, part->d_logits, err))
            return false;
    }
    return true;
}

/* Entity `at` of the step, counted within the micro-batch. */
static struct tw_entity_span span_of(
    const struct tw_entity_span *spans, const struct micro_batch *micro, size_t at)
{
    struct tw_entity_span span = spans[at];
    span.sequence -= (uint32_t)micro->first;
    return span;
}

static bool soft_entities(struct tw_part *part, const struct micro_batch *micro, size_t first, size_t rows,
    const float **out, struct tw_error *err)
{
    const struct tw_model *teacher = teacher_of(part);
    const float *given = task_of(part)->targets->entity_logits;
    bool taught = teacher && micro->has_teacher && teacher->has_entity_head;
    *out = NULL;
    if (!(objective_of(part)->soft > 0.0) || (!given && !taught))
        return true;
    const float *from = given ? given + first * TW_CLASSES : part->d_logits;
    if (!given && !tw_entity_logits(teacher, &micro->batch, &part->teacher_workspace, part->spans, rows,
                      part->d_logits, err))
        return false;
    reorder(part->step->state->model, given ? NULL : teacher, from, rows, part->soft_logits);
    *out = part->soft_logits;
    return true;
}

static bool run_entities(struct tw_part *part, const struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *model = part->step->state->model;
    const struct tw_step_task *task = task_of(part);
    const struct tw_targets *targets = task->targets;
    struct tw_workspace *workspace = &part->workspace;
    struct tw_head head = tw_head_of(model, TW_PART_ENTITY);
    size_t end = micro->first_entity + micro->entities;
    for (size_t first = micro->first_entity, rows; first < end; first += rows) {
        rows = end - first < workspace->max_head_rows ? end - first : workspace->max_head_rows;
        for (size_t row = 0; row < rows; row++) {
            part->numbers[row] = (uint32_t)(first + row);
            part->spans[row] = span_of(targets->entities, micro, first + row);
            load_row(part, row, targets->entity_labels, targets->entity_weights, first + row);
        }
        const float *soft;
        if (!soft_entities(part, micro, first, rows, &soft, err))
            return false;
        tw_head_gather_entities(model, &micro->batch, workspace, part->spans, rows);
        if (!tw_head_run(model, &head, workspace, part->numbers, rows, err))
            return false;
        struct round round = {&head, rows, targets->entity_labels ? objective_of(part)->entity : 0.0,
            task->totals.entity, soft, &part->sums.entity, &part->sums.entity_count,
            &part->sums.entity_right};
        round_loss(part, &round);
        if (task->training && !tw_backward_head(&part->backward, &micro->batch, &head, part->spans, 0,
                                  part->numbers, rows, part->d_logits, err))
            return false;
    }
    return true;
}

static bool run_masked(struct tw_part *part, const struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *model = part->step->state->model;
    const struct tw_step_task *task = task_of(part);
    struct tw_workspace *workspace = &part->workspace;
    size_t hidden = model->config.hidden, end = micro->first_masked + micro->masked;
    struct tw_cross_entropy by_word = {.kernels = workspace->compute->kernels};
    float scale = scale_of(objective_of(part)->masked, task->totals.masked);
    for (size_t first = micro->first_masked, rows; first < end; first += rows) {
        rows = end - first < workspace->max_masked_rows ? end - first : workspace->max_masked_rows;
        for (size_t row = 0; row < rows; row++) {
            const struct tw_masked *masked = &task->targets->masked[first + row];
            part->numbers[row] = masked->token - (uint32_t)micro->first_token;
            part->labels[row] = masked->id;
            memcpy(workspace->masked_input + row * hidden, workspace->hidden + part->numbers[row] * hidden,
                hidden * sizeof(float));
        }
        if (!tw_masked_run(model, workspace, rows, err))
            return false;
        part->sums.masked += tw_loss_cross_entropy(&by_word, workspace->masked_logits, part->labels, NULL,
            rows, model->config.vocabulary, scale, task->training ? part->d_words : NULL,
            &part->sums.masked_right);
        part->sums.masked_count += rows;
        if (task->training && !tw_backward_masked(&part->backward, part->numbers, rows, part->d_words, err))
            return false;
    }
    return true;
}

/* --- the teacher ---------------------------------------------------------------------------------------- */

static bool wants_teacher(const struct tw_part *part)
{
    const struct tw_objective *objective = objective_of(part);
    const struct tw_targets *targets = task_of(part)->targets;
    if (!teacher_of(part))
        return false;
    return objective->hidden > 0.0 ||
           (objective->soft > 0.0 && (!targets->document_logits || !targets->entity_logits));
}

static bool run_teacher(struct tw_part *part, struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *teacher = teacher_of(part);
    const struct tw_targets *targets = task_of(part)->targets;
    struct tw_packed batch = micro->batch;
    if (targets->teacher_ids)
        batch.ids = targets->teacher_ids;
    if (!tw_encode(teacher, &batch, &part->teacher_workspace, err))
        return false;
    micro->has_teacher = true;
    if (!(objective_of(part)->soft > 0.0) || targets->document_logits || !teacher->has_head)
        return true;
    return tw_document_logits(teacher, &batch, &part->teacher_workspace, part->teacher_logits, err);
}

static const float *hidden_after(const struct tw_workspace *workspace, size_t layer)
{
    return layer ? workspace->layers[layer - 1].output : workspace->embedded;
}

static bool is_matched(const struct tw_part *part, const struct micro_batch *micro, size_t sequence)
{
    const bool *matched = task_of(part)->targets->matched;
    return !matched || matched[micro->first + sequence];
}

/* The loss of a micro-batch's hidden rows against the teacher's, sequence by sequence. ADDS to `gradient`, or
 * NULL. */
static double compare_hidden(const struct tw_part *part, const struct micro_batch *micro, const float *ours,
    const float *theirs, size_t width, float *gradient)
{
    float scale = scale_of(objective_of(part)->hidden, task_of(part)->totals.hidden);
    double sum = 0.0;
    for (size_t sequence = 0; sequence < micro->batch.count; sequence++) {
        size_t at = tw_packed_row(&micro->batch, sequence) * width;
        if (is_matched(part, micro, sequence))
            sum += tw_loss_mean_square(ours + at, theirs + at, tw_packed_length(&micro->batch, sequence),
                width, scale, gradient ? gradient + at : NULL);
    }
    return sum;
}

/* One pair, the student's states projected to the teacher's width. */
static bool match_projected(struct tw_part *part, const struct micro_batch *micro, const float *ours,
    const float *theirs, bool learns, struct tw_error *err)
{
    const struct tw_linear *projection = &part->step->state->model->projection;
    size_t rows = tw_packed_tokens(&micro->batch);
    if (!tw_linear_run(part->workspace.compute, projection, rows, ours, NULL, part->projected, err))
        return false;
    memset(part->d_projected, 0, rows * projection->out * sizeof *part->d_projected);
    part->sums.hidden += compare_hidden(
        part, micro, part->projected, theirs, projection->out, learns ? part->d_projected : NULL);
    return !learns || tw_backward_projection(&part->backward, ours, rows, part->d_projected, err);
}

/* Pairs of hidden states whose student stands after `layer`. */
static bool match_hidden(
    struct tw_part *part, const struct micro_batch *micro, size_t layer, bool learns, struct tw_error *err)
{
    const struct tw_teacher *teacher = part->step->options.teacher;
    const struct tw_model *student = part->step->state->model;
    if (!(objective_of(part)->hidden > 0.0) || !teacher)
        return true;
    for (size_t pair = 0; pair < teacher->pairs; pair++) {
        if (teacher->student_layers[pair] != layer)
            continue;
        const float *ours = hidden_after(&part->workspace, layer);
        const float *theirs = hidden_after(&part->teacher_workspace, teacher->teacher_layers[pair]);
        if (!student->has_projection)
            part->sums.hidden += compare_hidden(
                part, micro, ours, theirs, student->config.hidden, learns ? part->backward.d_hidden : NULL);
        else if (!match_projected(part, micro, ours, theirs, learns, err))
            return false;
    }
    return true;
}

/* --- forward and back ----------------------------------------------------------------------------------- */

/* From the last layer to the embeddings, with what each hidden state should look like. */
static bool run_back(struct tw_part *part, const struct micro_batch *micro, struct tw_error *err)
{
    struct tw_backward *backward = &part->backward;
    size_t lowest = tw_state_lowest(backward->state), depth = backward->model->config.layers;
    for (; depth > 0; depth--) {
        bool goes_on = task_of(part)->training && depth >= lowest;
        if (!match_hidden(part, micro, depth, goes_on, err))
            return false;
        if (goes_on && !tw_backward_layer(backward, &micro->batch, depth - 1, err))
            return false;
    }
    bool goes_on = task_of(part)->training && lowest == 0;
    if (!match_hidden(part, micro, 0, goes_on, err))
        return false;
    if (goes_on)
        tw_backward_embedding(backward, &micro->batch);
    return true;
}

static bool run_micro_batch(struct tw_part *part, struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_step_task *task = task_of(part);
    const struct tw_model *model = part->step->state->model;
    part->workspace.dropout = task->training ? &task->plan : NULL;
    if (!tw_encode(model, &micro->batch, &part->workspace, err))
        return false;
    if (task->training)
        tw_backward_begin(&part->backward, &micro->batch);
    if (wants_teacher(part) && !run_teacher(part, micro, err))
        return false;
    if (wants_documents(part) && !run_documents(part, micro, err))
        return false;
    if (micro->entities > 0 && !run_entities(part, micro, err))
        return false;
    if (micro->masked > 0 && !run_masked(part, micro, err))
        return false;
    return run_back(part, micro, err);
}

/* The entities and masked words of a micro-batch follow those of the one before. */
static void find_targets(const struct tw_part *part, struct micro_batch *micro)
{
    const struct tw_objective *objective = objective_of(part);
    const struct tw_targets *targets = task_of(part)->targets;
    size_t last = micro->first + micro->batch.count;
    size_t last_token = micro->first_token + tw_packed_tokens(&micro->batch);
    micro->first_entity += micro->entities;
    micro->entities = 0;
    bool wanted = objective->entity > 0.0 || objective->soft > 0.0;
    while (wanted && micro->first_entity + micro->entities < targets->entity_count &&
           targets->entities[micro->first_entity + micro->entities].sequence < last)
        micro->entities++;
    micro->first_masked += micro->masked;
    micro->masked = 0;
    while (objective->masked > 0.0 && micro->first_masked + micro->masked < targets->masked_count &&
           targets->masked[micro->first_masked + micro->masked].token < last_token)
        micro->masked++;
}

/* Where a part's targets begin. */
static struct micro_batch first_micro_batch(const struct tw_part *part)
{
    const struct tw_targets *targets = task_of(part)->targets;
    const struct tw_packed *batch = task_of(part)->batch;
    struct micro_batch micro = {.first = part->first};
    micro.first_token = tw_packed_row(batch, part->first);
    while (micro.first_entity < targets->entity_count &&
           targets->entities[micro.first_entity].sequence < part->first)
        micro.first_entity++;
    while (micro.first_masked < targets->masked_count &&
           targets->masked[micro.first_masked].token < micro.first_token)
        micro.first_masked++;
    return micro;
}

static struct tw_packed part_batch(const struct tw_part *part)
{
    struct tw_packed own = *task_of(part)->batch;
    own.starts += part->first;
    own.count = part->last - part->first;
    return own;
}

static const struct tw_compute *validation_compute(const struct tw_step *step)
{
    return step->options.validation_compute ? step->options.validation_compute : step->options.compute;
}

void tw_part_run(struct tw_part *part)
{
    const struct tw_step *step = part->step;
    part->workspace.compute = step->task.training ? step->options.compute : validation_compute(step);
    part->sums = (struct tw_part_sums){0};
    part->done = true;
    if (step->task.training)
        memset(part->gradients + step->begin, 0,
            (step->state->value_count - step->begin) * sizeof *part->gradients);
    struct tw_packed own = part_batch(part);
    struct micro_batch micro = first_micro_batch(part);
    for (size_t first = 0; part->done && first < own.count; first += micro.batch.count) {
        micro.batch = tw_packed_cut(&own, first, part->workspace.max_tokens);
        micro.first = part->first + first;
        micro.first_token = tw_packed_row(step->task.batch, micro.first);
        micro.has_teacher = false;
        find_targets(part, &micro);
        part->done = run_micro_batch(part, &micro, &part->err);
    }
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool take_room(struct tw_part *part, struct tw_error *err)
{
    const struct tw_step *step = part->step;
    const struct tw_workspace *workspace = &part->workspace;
    size_t values, words, logits, projected, bytes;
    size_t rows = workspace->max_head_rows > workspace->max_masked_rows ? workspace->max_head_rows
                                                                        : workspace->max_masked_rows;
    size_t vocabulary = step->state->model->config.vocabulary;
    if (!tw_size_multiply(step->state->value_count, sizeof(float), &values) ||
        !tw_size_multiply(workspace->max_masked_rows * sizeof(float), vocabulary, &words) ||
        !tw_size_multiply(workspace->max_tokens, TW_CLASSES * sizeof(float), &logits) ||
        !tw_size_multiply(tw_gemm_rows(workspace->max_tokens) * sizeof(float),
            step->state->model->config.projection, &projected) ||
        !tw_size_add(values, words, &bytes) || !tw_size_add(bytes, logits, &bytes) ||
        !tw_size_add(bytes, projected, &bytes) || !tw_size_add(bytes, projected, &bytes) ||
        !tw_size_add(bytes, rows * 128 + 8192, &bytes))
        return tw_fail(err, TW_INTERNAL, "trainer", NULL, "too large for this machine");
    if (!tw_arena_begin(&part->arena, bytes, err))
        return false;
    struct tw_arena *arena = &part->arena;
    part->gradients = tw_arena_aligned(arena, values);
    part->d_words = tw_arena_aligned(arena, words);
    part->projected = tw_arena_aligned(arena, projected);
    part->d_projected = tw_arena_aligned(arena, projected);
    part->teacher_logits = tw_arena_aligned(arena, logits);
    part->d_logits = tw_arena_aligned(arena, workspace->max_head_rows * TW_CLASSES * sizeof(float));
    part->soft_logits = tw_arena_aligned(arena, workspace->max_head_rows * TW_CLASSES * sizeof(float));
    part->numbers = tw_arena_array(arena, rows, sizeof *part->numbers);
    part->labels = tw_arena_array(arena, rows, sizeof *part->labels);
    part->weights = tw_arena_array(arena, rows, sizeof *part->weights);
    part->spans = tw_arena_array(arena, workspace->max_head_rows, sizeof *part->spans);
    if (arena->full)
        return tw_arena_fail(arena, err);
    memset(part->gradients, 0, values);
    memset(part->projected, 0, projected);
    memset(part->d_projected, 0, projected);
    return true;
}

bool tw_part_open(struct tw_part *part, const struct tw_step *step, size_t max_tokens, struct tw_error *err)
{
    const struct tw_trainer_options *options = &step->options;
    part->step = step;
    struct tw_workspace_options workspace = {
        .max_tokens = max_tokens,
        .max_sequence = options->max_sequence,
        .compute = options->compute,
        .keep_layers = true,
    };
    if (!tw_workspace_open(step->state->model, &workspace, &part->workspace, err) ||
        !tw_backward_open(step->state, &part->workspace, &part->backward, err))
        return false;
    if (options->teacher) {
        workspace.max_tokens = part->workspace.max_tokens;
        workspace.max_sequence = part->workspace.max_sequence;
        workspace.keep_layers = options->teacher->pairs > 0;
        if (!tw_workspace_open(options->teacher->model, &workspace, &part->teacher_workspace, err))
            return false;
    }
    if (!take_room(part, err))
        return false;
    part->backward.gradients = part->gradients;
    return true;
}

void tw_part_close(struct tw_part *part)
{
    tw_workspace_close(&part->workspace);
    tw_workspace_close(&part->teacher_workspace);
    tw_backward_close(&part->backward);
    tw_arena_end(&part->arena);
}
