#include "train/part.h"

#include <string.h>

#include "base/size.h"
#include "model/encoder.h"

/* --- one micro-batch ----------------------------------------------------------------------------------------- */

/* A micro-batch and its targets. */
struct part {
    struct tw_packed batch;
    size_t first;                  /* its first sequence in the step's batch */
    size_t first_entity, entities; /* of the step's targets */
    size_t first_masked, masked;
    size_t first_token;
    bool has_teacher; /* the teacher has encoded it */
};

static const struct tw_objective *objective_of(const struct tw_share *share)
{
    return &share->step->options.objective;
}

static const struct tw_step_task *task_of(const struct tw_share *share)
{
    return &share->step->task;
}

/* NULL: none. */
static const struct tw_model *teacher_of(const struct tw_share *share)
{
    const struct tw_teacher *teacher = share->step->options.teacher;
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

/* The losses of one round of a head by classes, and its gradient in d_logits. `soft`: a teacher's logits, or NULL. */
struct round {
    const struct tw_head *head;
    size_t rows;
    double weight, total; /* of the labels' part */
    const float *soft;
    double *sum;
    size_t *count, *right;
};

static void round_loss(struct tw_share *share, const struct round *round)
{
    const struct tw_objective *objective = objective_of(share);
    const struct tw_step_task *task = task_of(share);
    bool labelled = round->weight > 0.0;
    memset(share->d_logits, 0, round->rows * TW_CLASSES * sizeof *share->d_logits);
    if (labelled) {
        *round->sum += tw_loss_cross_entropy(&share->step->by_class, share->workspace.head_logits,
            share->labels, share->weights, round->rows, TW_CLASSES, scale_of(round->weight, round->total),
            share->d_logits, round->right);
        for (size_t row = 0; row < round->rows; row++)
            *round->count += share->labels[row] != TW_NO_LABEL;
    }
    if (round->soft)
        share->sums.soft +=
            tw_loss_soft_labels(share->workspace.head_logits, round->soft, NULL, objective->temperature,
                round->rows, TW_CLASSES, scale_of(objective->soft, task->totals.soft), share->d_logits);
}

static void load_row(
    struct tw_share *share, size_t row, const int32_t *labels, const float *weights, size_t at)
{
    share->labels[row] = labels ? tw_label_column(share->step->state->model, labels[at]) : TW_NO_LABEL;
    share->weights[row] = weights ? weights[at] : 1.0f;
}

static bool wants_documents(const struct tw_share *share)
{
    const struct tw_objective *objective = objective_of(share);
    return share->step->state->model->has_head &&
           ((objective->document > 0.0 && task_of(share)->targets->documents) || objective->soft > 0.0);
}

static const float *soft_documents(struct tw_share *share, const struct part *part, size_t first, size_t rows)
{
    const struct tw_model *teacher = teacher_of(share);
    const float *given = task_of(share)->targets->document_logits;
    if (!(objective_of(share)->soft > 0.0) || (!given && !(part->has_teacher && teacher->has_head)))
        return NULL;
    const float *from =
        given ? given + (part->first + first) * TW_CLASSES : share->teacher_logits + first * TW_CLASSES;
    reorder(share->step->state->model, given ? NULL : teacher, from, rows, share->soft_logits);
    return share->soft_logits;
}

static bool run_documents(struct tw_share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->step->state->model;
    const struct tw_step_task *task = task_of(share);
    const struct tw_targets *targets = task->targets;
    struct tw_workspace *workspace = &share->workspace;
    struct tw_head head = tw_head_of(model, TW_PART_DOCUMENT);
    for (size_t first = 0, rows; first < part->batch.count; first += rows) {
        size_t left = part->batch.count - first;
        rows = left < workspace->max_head_rows ? left : workspace->max_head_rows;
        for (size_t row = 0; row < rows; row++) {
            share->numbers[row] = part->batch.starts[first + row];
            load_row(share, row, targets->documents, targets->document_weights, part->first + first + row);
        }
        tw_head_gather_documents(model, &part->batch, workspace, first, rows);
        if (!tw_head_run(model, &head, workspace, share->numbers, rows, err))
            return false;
        struct round round = {&head, rows, targets->documents ? objective_of(share)->document : 0.0,
            task->totals.document, soft_documents(share, part, first, rows), &share->sums.document,
            &share->sums.document_count, &share->sums.document_right};
        round_loss(share, &round);
        if (task->training && !tw_backward_head(&share->backward, &part->batch, &head, NULL, first,
                                  share->numbers, rows, share->d_logits, err))
            return false;
    }
    return true;
}

/* Entity `at` of the step, counted within the micro-batch. */
static struct tw_entity_span span_of(const struct tw_entity_span *spans, const struct part *part, size_t at)
{
    struct tw_entity_span span = spans[at];
    span.sequence -= (uint32_t)part->first;
    return span;
}

static bool soft_entities(struct tw_share *share, const struct part *part, size_t first, size_t rows,
    const float **out, struct tw_error *err)
{
    const struct tw_model *teacher = teacher_of(share);
    const float *given = task_of(share)->targets->entity_logits;
    bool taught = teacher && part->has_teacher && teacher->has_entity_head;
    *out = NULL;
    if (!(objective_of(share)->soft > 0.0) || (!given && !taught))
        return true;
    const float *from = given ? given + first * TW_CLASSES : share->d_logits;
    if (!given && !tw_entity_logits(teacher, &part->batch, &share->teacher_workspace, share->spans, rows,
                      share->d_logits, err))
        return false;
    reorder(share->step->state->model, given ? NULL : teacher, from, rows, share->soft_logits);
    *out = share->soft_logits;
    return true;
}

static bool run_entities(struct tw_share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->step->state->model;
    const struct tw_step_task *task = task_of(share);
    const struct tw_targets *targets = task->targets;
    struct tw_workspace *workspace = &share->workspace;
    struct tw_head head = tw_head_of(model, TW_PART_ENTITY);
    size_t end = part->first_entity + part->entities;
    for (size_t first = part->first_entity, rows; first < end; first += rows) {
        rows = end - first < workspace->max_head_rows ? end - first : workspace->max_head_rows;
        for (size_t row = 0; row < rows; row++) {
            share->numbers[row] = (uint32_t)(first + row);
            share->spans[row] = span_of(targets->entities, part, first + row);
            load_row(share, row, targets->entity_labels, targets->entity_weights, first + row);
        }
        const float *soft;
        if (!soft_entities(share, part, first, rows, &soft, err))
            return false;
        tw_head_gather_entities(model, &part->batch, workspace, share->spans, rows);
        if (!tw_head_run(model, &head, workspace, share->numbers, rows, err))
            return false;
        struct round round = {&head, rows, targets->entity_labels ? objective_of(share)->entity : 0.0,
            task->totals.entity, soft, &share->sums.entity, &share->sums.entity_count,
            &share->sums.entity_right};
        round_loss(share, &round);
        if (task->training && !tw_backward_head(&share->backward, &part->batch, &head, share->spans, 0,
                                  share->numbers, rows, share->d_logits, err))
            return false;
    }
    return true;
}

static bool run_masked(struct tw_share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->step->state->model;
    const struct tw_step_task *task = task_of(share);
    struct tw_workspace *workspace = &share->workspace;
    size_t hidden = model->config.hidden, end = part->first_masked + part->masked;
    struct tw_cross_entropy by_word = {.kernels = workspace->kernels};
    float scale = scale_of(objective_of(share)->masked, task->totals.masked);
    for (size_t first = part->first_masked, rows; first < end; first += rows) {
        rows = end - first < workspace->max_masked_rows ? end - first : workspace->max_masked_rows;
        for (size_t row = 0; row < rows; row++) {
            const struct tw_masked *masked = &task->targets->masked[first + row];
            share->numbers[row] = masked->token - (uint32_t)part->first_token;
            share->labels[row] = masked->id;
            memcpy(workspace->masked_input + row * hidden, workspace->hidden + share->numbers[row] * hidden,
                hidden * sizeof(float));
        }
        if (!tw_masked_run(model, workspace, rows, err))
            return false;
        share->sums.masked += tw_loss_cross_entropy(&by_word, workspace->masked_logits, share->labels, NULL,
            rows, model->config.vocabulary, scale, task->training ? share->d_words : NULL,
            &share->sums.masked_right);
        share->sums.masked_count += rows;
        if (task->training &&
            !tw_backward_masked(&share->backward, share->numbers, rows, share->d_words, err))
            return false;
    }
    return true;
}

/* --- the teacher --------------------------------------------------------------------------------------------- */

static bool wants_teacher(const struct tw_share *share)
{
    const struct tw_objective *objective = objective_of(share);
    const struct tw_targets *targets = task_of(share)->targets;
    if (!teacher_of(share))
        return false;
    return objective->hidden > 0.0 ||
           (objective->soft > 0.0 && (!targets->document_logits || !targets->entity_logits));
}

static bool run_teacher(struct tw_share *share, struct part *part, struct tw_error *err)
{
    const struct tw_model *teacher = teacher_of(share);
    const struct tw_targets *targets = task_of(share)->targets;
    struct tw_packed batch = part->batch;
    if (targets->teacher_ids)
        batch.ids = targets->teacher_ids;
    if (!tw_encode(teacher, &batch, &share->teacher_workspace, err))
        return false;
    part->has_teacher = true;
    if (!(objective_of(share)->soft > 0.0) || targets->document_logits || !teacher->has_head)
        return true;
    return tw_document_logits(teacher, &batch, &share->teacher_workspace, share->teacher_logits, err);
}

static const float *hidden_after(const struct tw_workspace *workspace, size_t layer)
{
    return layer ? workspace->layers[layer - 1].output : workspace->embedded;
}

static bool is_matched(const struct tw_share *share, const struct part *part, size_t sequence)
{
    const bool *matched = task_of(share)->targets->matched;
    return !matched || matched[part->first + sequence];
}

/* The loss of a micro-batch's hidden rows against the teacher's, sequence by sequence. ADDS to `gradient`, or NULL. */
static double compare_hidden(const struct tw_share *share, const struct part *part, const float *ours,
    const float *theirs, size_t width, float *gradient)
{
    float scale = scale_of(objective_of(share)->hidden, task_of(share)->totals.hidden);
    double sum = 0.0;
    for (size_t sequence = 0; sequence < part->batch.count; sequence++) {
        size_t at = tw_packed_row(&part->batch, sequence) * width;
        if (is_matched(share, part, sequence))
            sum += tw_loss_mean_square(ours + at, theirs + at, tw_packed_length(&part->batch, sequence),
                width, scale, gradient ? gradient + at : NULL);
    }
    return sum;
}

/* One pair, the student's states projected to the teacher's width. */
static bool match_projected(struct tw_share *share, const struct part *part, const float *ours,
    const float *theirs, bool learns, struct tw_error *err)
{
    const struct tw_linear *projection = &share->step->state->model->projection;
    size_t rows = tw_packed_tokens(&part->batch);
    if (!tw_gemm(share->workspace.gemm, rows, projection->out, projection->in, ours, projection->weight, NULL,
            share->projected, err))
        return false;
    memset(share->d_projected, 0, rows * projection->out * sizeof *share->d_projected);
    share->sums.hidden += compare_hidden(
        share, part, share->projected, theirs, projection->out, learns ? share->d_projected : NULL);
    return !learns || tw_backward_projection(&share->backward, ours, rows, share->d_projected, err);
}

/* Pairs of hidden states whose student stands after `layer`. */
static bool match_hidden(
    struct tw_share *share, const struct part *part, size_t layer, bool learns, struct tw_error *err)
{
    const struct tw_teacher *teacher = share->step->options.teacher;
    const struct tw_model *student = share->step->state->model;
    if (!(objective_of(share)->hidden > 0.0) || !teacher)
        return true;
    for (size_t pair = 0; pair < teacher->pairs; pair++) {
        if (teacher->student_layers[pair] != layer)
            continue;
        const float *ours = hidden_after(&share->workspace, layer);
        const float *theirs = hidden_after(&share->teacher_workspace, teacher->teacher_layers[pair]);
        if (!student->has_projection)
            share->sums.hidden += compare_hidden(
                share, part, ours, theirs, student->config.hidden, learns ? share->backward.d_hidden : NULL);
        else if (!match_projected(share, part, ours, theirs, learns, err))
            return false;
    }
    return true;
}

/* --- forward and back ---------------------------------------------------------------------------------------- */

/* From the last layer to the embeddings, with what each hidden state should look like. */
static bool run_back(struct tw_share *share, const struct part *part, struct tw_error *err)
{
    struct tw_backward *backward = &share->backward;
    size_t lowest = tw_state_lowest(backward->state), depth = backward->state->model->config.layers;
    for (; depth > 0; depth--) {
        bool goes_on = task_of(share)->training && depth >= lowest;
        if (!match_hidden(share, part, depth, goes_on, err))
            return false;
        if (goes_on && !tw_backward_layer(backward, &part->batch, depth - 1, err))
            return false;
    }
    bool goes_on = task_of(share)->training && lowest == 0;
    if (!match_hidden(share, part, 0, goes_on, err))
        return false;
    if (goes_on)
        tw_backward_embedding(backward, &part->batch);
    return true;
}

static bool run_part(struct tw_share *share, struct part *part, struct tw_error *err)
{
    const struct tw_step_task *task = task_of(share);
    const struct tw_model *model = share->step->state->model;
    share->workspace.dropout = task->training ? &task->plan : NULL;
    if (!tw_encode(model, &part->batch, &share->workspace, err))
        return false;
    if (task->training)
        tw_backward_begin(&share->backward, &part->batch);
    if (wants_teacher(share) && !run_teacher(share, part, err))
        return false;
    if (wants_documents(share) && !run_documents(share, part, err))
        return false;
    if (part->entities > 0 && !run_entities(share, part, err))
        return false;
    if (part->masked > 0 && !run_masked(share, part, err))
        return false;
    return run_back(share, part, err);
}

/* The entities and masked words of a micro-batch follow those of the one before. */
static void find_targets(const struct tw_share *share, struct part *part)
{
    const struct tw_objective *objective = objective_of(share);
    const struct tw_targets *targets = task_of(share)->targets;
    size_t last = part->first + part->batch.count;
    size_t last_token = part->first_token + tw_packed_tokens(&part->batch);
    part->first_entity += part->entities;
    part->entities = 0;
    bool wanted = objective->entity > 0.0 || objective->soft > 0.0;
    while (wanted && part->first_entity + part->entities < targets->entity_count &&
           targets->entities[part->first_entity + part->entities].sequence < last)
        part->entities++;
    part->first_masked += part->masked;
    part->masked = 0;
    while (objective->masked > 0.0 && part->first_masked + part->masked < targets->masked_count &&
           targets->masked[part->first_masked + part->masked].token < last_token)
        part->masked++;
}

/* Where a share's targets begin. */
static struct part first_part(const struct tw_share *share)
{
    const struct tw_targets *targets = task_of(share)->targets;
    const struct tw_packed *batch = task_of(share)->batch;
    struct part part = {.first = share->first};
    part.first_token = tw_packed_row(batch, share->first);
    while (part.first_entity < targets->entity_count &&
           targets->entities[part.first_entity].sequence < share->first)
        part.first_entity++;
    while (part.first_masked < targets->masked_count &&
           targets->masked[part.first_masked].token < part.first_token)
        part.first_masked++;
    return part;
}

static struct tw_packed share_batch(const struct tw_share *share)
{
    struct tw_packed own = *task_of(share)->batch;
    own.starts += share->first;
    own.count = share->last - share->first;
    return own;
}

static const struct tw_gemm *trial_gemm(const struct tw_step *step)
{
    return step->options.trial_gemm ? step->options.trial_gemm : step->options.gemm;
}

void tw_share_run(struct tw_share *share)
{
    const struct tw_step *step = share->step;
    share->workspace.gemm = step->task.training ? step->options.gemm : trial_gemm(step);
    share->sums = (struct tw_share_sums){0};
    share->done = true;
    if (step->task.training)
        memset(share->gradients + step->begin, 0,
            (step->state->value_count - step->begin) * sizeof *share->gradients);
    struct tw_packed own = share_batch(share);
    struct part part = first_part(share);
    for (size_t first = 0; share->done && first < own.count; first += part.batch.count) {
        part.batch = tw_packed_cut(&own, first, share->workspace.max_tokens);
        part.first = share->first + first;
        part.first_token = tw_packed_row(step->task.batch, part.first);
        part.has_teacher = false;
        find_targets(share, &part);
        share->done = run_part(share, &part, &share->err);
    }
}

/* --- logits -------------------------------------------------------------------------------------------------- */

static bool part_logits(struct tw_share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->step->state->model;
    const struct tw_step_task *task = task_of(share);
    struct tw_workspace *workspace = &share->workspace;
    workspace->dropout = NULL;
    if (!tw_encode(model, &part->batch, workspace, err))
        return false;
    if (task->document_logits && !tw_document_logits(model, &part->batch, workspace,
                                     task->document_logits + part->first * model->config.labels, err))
        return false;
    size_t end = part->first_entity + part->entities;
    for (size_t first = part->first_entity, rows; first < end; first += rows) {
        rows = end - first < workspace->max_head_rows ? end - first : workspace->max_head_rows;
        for (size_t row = 0; row < rows; row++)
            share->spans[row] = span_of(task->targets->entities, part, first + row);
        if (!tw_entity_logits(model, &part->batch, workspace, share->spans, rows,
                task->entity_logits + first * model->config.labels, err))
            return false;
    }
    return true;
}

void tw_share_logits(struct tw_share *share)
{
    const struct tw_step *step = share->step;
    const struct tw_targets *targets = step->task.targets;
    share->done = true;
    share->workspace.gemm = trial_gemm(step);
    struct tw_packed own = share_batch(share);
    struct part part = first_part(share);
    for (size_t first = 0; share->done && first < own.count; first += part.batch.count) {
        part.batch = tw_packed_cut(&own, first, share->workspace.max_tokens);
        part.first = share->first + first;
        part.first_entity += part.entities;
        part.entities = 0;
        while (step->task.entity_logits && part.first_entity + part.entities < targets->entity_count &&
               targets->entities[part.first_entity + part.entities].sequence < part.first + part.batch.count)
            part.entities++;
        share->done = part_logits(share, &part, &share->err);
    }
}

/* --- opening ------------------------------------------------------------------------------------------------- */

static bool take_share(struct tw_share *share, struct tw_error *err)
{
    const struct tw_step *step = share->step;
    const struct tw_workspace *workspace = &share->workspace;
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
    if (!tw_arena_begin(&share->arena, bytes, err))
        return false;
    struct tw_arena *arena = &share->arena;
    share->gradients = tw_arena_aligned(arena, values);
    share->d_words = tw_arena_aligned(arena, words);
    share->projected = tw_arena_aligned(arena, projected);
    share->d_projected = tw_arena_aligned(arena, projected);
    share->teacher_logits = tw_arena_aligned(arena, logits);
    share->d_logits = tw_arena_aligned(arena, workspace->max_head_rows * TW_CLASSES * sizeof(float));
    share->soft_logits = tw_arena_aligned(arena, workspace->max_head_rows * TW_CLASSES * sizeof(float));
    share->numbers = tw_arena_array(arena, rows, sizeof *share->numbers);
    share->labels = tw_arena_array(arena, rows, sizeof *share->labels);
    share->weights = tw_arena_array(arena, rows, sizeof *share->weights);
    share->spans = tw_arena_array(arena, workspace->max_head_rows, sizeof *share->spans);
    if (arena->full)
        return tw_arena_fail(arena, err);
    memset(share->gradients, 0, values);
    memset(share->projected, 0, projected);
    memset(share->d_projected, 0, projected);
    return true;
}

bool tw_share_open(
    struct tw_share *share, const struct tw_step *step, size_t max_tokens, struct tw_error *err)
{
    const struct tw_trainer_options *options = &step->options;
    share->step = step;
    struct tw_workspace_options workspace = {
        .max_tokens = max_tokens,
        .max_sequence = options->max_sequence,
        .gemm = options->gemm,
        .kernels = options->gemm->kernels,
        .keep_layers = true,
    };
    if (!tw_workspace_open(step->state->model, &workspace, &share->workspace, err) ||
        !tw_backward_open(step->state, &share->workspace, &share->backward, err))
        return false;
    if (options->teacher) {
        workspace.max_tokens = share->workspace.max_tokens;
        workspace.max_sequence = share->workspace.max_sequence;
        workspace.keep_layers = options->teacher->pairs > 0;
        if (!tw_workspace_open(options->teacher->model, &workspace, &share->teacher_workspace, err))
            return false;
    }
    if (!take_share(share, err))
        return false;
    share->backward.gradients = share->gradients;
    return true;
}

void tw_share_close(struct tw_share *share)
{
    tw_workspace_close(&share->workspace);
    tw_workspace_close(&share->teacher_workspace);
    tw_backward_close(&share->backward);
    tw_arena_end(&share->arena);
}
