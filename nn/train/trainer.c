#include "train/trainer.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/encoder.h"
#include "train/backward.h"

static const size_t default_tokens = 2048;
static const double default_growth = 20.0;
/* The guard's memory of past losses, and the loss below which no growth alarms: a model that has learned its data by
 * heart meets one hard record. */
static const double mean_keeps = 0.98, calm_loss = 0.5;

/* Sums of one share, or of all; divided by the step's totals they are the means of struct tw_step_result. */
struct sums {
    double document, entity, masked, soft, hidden;
    size_t document_count, entity_count, masked_count;
    size_t document_right, entity_right, masked_right;
};

/* What the means are taken over. */
struct totals {
    double document, entity, masked, soft, hidden;
};

/* What all threads work on now. */
struct task {
    const struct tw_batch *batch;
    const struct tw_targets *targets;
    struct totals totals;
    struct tw_dropout_plan plan;
    bool training; /* with dropout and gradients */
    float *document_logits, *entity_logits;
    const struct tw_adamw *adamw;
    double factor;
};

/* One thread's part. */
struct share {
    struct tw_trainer *trainer;
    size_t number;
    size_t first, last; /* sequences of the batch */
    struct tw_workspace workspace, teacher_workspace;
    struct tw_backward backward;
    float *gradients;
    float *d_logits, *soft_logits; /* [max_head_rows, TW_CLASSES] */
    float *teacher_logits;         /* [sequences of a micro-batch or entities of a round, TW_CLASSES] */
    float *d_words;                /* [max_masked_rows, vocabulary] */
    uint32_t *numbers;             /* of rows: max(max_head_rows, max_masked_rows) */
    int32_t *labels;
    float *weights;
    struct tw_entity_span *spans;
    float *projected, *d_projected; /* [tokens, projection]; NULL without one */
    struct tw_arena arena;
    struct sums sums;
    bool done;
    struct tw_error err;
    pthread_t thread;
    bool started;
};

struct tw_trainer {
    struct tw_state *state;
    struct tw_trainer_options options;
    struct tw_cross_entropy by_class; /* of document and entity labels */
    float column_weights[TW_CLASSES];
    struct share *shares;
    size_t count;
    double *squares; /* [chunks] */
    size_t chunks;
    size_t begin; /* first value that learns, a multiple of TW_CHUNK */
    double loss_mean;
    struct tw_arena arena;
    struct task task;
    /* Threads 1 .. count - 1 wait for a turn; the caller is thread 0. */
    pthread_mutex_t mutex;
    pthread_cond_t go, all_done;
    uint64_t turn;
    size_t busy;
    void (*job)(struct share *share); /* NULL: leave */
};

/* --- threads ------------------------------------------------------------------------------------------------- */

static void *work(void *argument)
{
    struct share *share = argument;
    struct tw_trainer *trainer = share->trainer;
    uint64_t seen = 0;
    for (;;) {
        pthread_mutex_lock(&trainer->mutex);
        while (trainer->turn == seen)
            pthread_cond_wait(&trainer->go, &trainer->mutex);
        seen = trainer->turn;
        void (*job)(struct share *) = trainer->job;
        pthread_mutex_unlock(&trainer->mutex);
        if (!job)
            return NULL;
        job(share);
        pthread_mutex_lock(&trainer->mutex);
        if (--trainer->busy == 0)
            pthread_cond_signal(&trainer->all_done);
        pthread_mutex_unlock(&trainer->mutex);
    }
}

/* Gives the threads a job; with NULL they leave. */
static void announce(struct tw_trainer *trainer, void (*job)(struct share *share), size_t busy)
{
    pthread_mutex_lock(&trainer->mutex);
    trainer->job = job;
    trainer->busy = busy;
    trainer->turn++;
    pthread_cond_broadcast(&trainer->go);
    pthread_mutex_unlock(&trainer->mutex);
}

static void run(struct tw_trainer *trainer, void (*job)(struct share *share))
{
    announce(trainer, job, trainer->count - 1);
    job(&trainer->shares[0]);
    pthread_mutex_lock(&trainer->mutex);
    while (trainer->busy > 0)
        pthread_cond_wait(&trainer->all_done, &trainer->mutex);
    pthread_mutex_unlock(&trainer->mutex);
}

/* --- one micro-batch ----------------------------------------------------------------------------------------- */

/* A micro-batch and its targets. */
struct part {
    struct tw_batch batch;
    size_t first;                  /* its first sequence in the step's batch */
    size_t first_entity, entities; /* of the step's targets */
    size_t first_masked, masked;
    size_t first_token;
    bool has_teacher; /* the teacher has encoded it */
};

static const struct tw_objective *objective_of(const struct share *share)
{
    return &share->trainer->options.objective;
}

static const struct task *task_of(const struct share *share)
{
    return &share->trainer->task;
}

/* `weight` of a part of the loss over what its mean is taken over: the factor on each row's gradient. */
static float scale_of(double weight, double total)
{
    return total > 0.0 ? (float)(weight / total) : 0.0f;
}

static int32_t column_of(const struct tw_model *model, int32_t label)
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

static void round_loss(struct share *share, const struct round *round)
{
    const struct tw_objective *objective = objective_of(share);
    const struct task *task = task_of(share);
    bool labelled = round->weight > 0.0;
    memset(share->d_logits, 0, round->rows * TW_CLASSES * sizeof *share->d_logits);
    if (labelled) {
        *round->sum += tw_loss_cross_entropy(&share->trainer->by_class, share->workspace.head_logits,
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

static void load_row(struct share *share, size_t row, const int32_t *labels, const float *weights, size_t at)
{
    share->labels[row] = labels ? column_of(share->trainer->state->model, labels[at]) : TW_NO_LABEL;
    share->weights[row] = weights ? weights[at] : 1.0f;
}

static bool wants_documents(const struct share *share)
{
    const struct tw_objective *objective = objective_of(share);
    return share->trainer->state->model->has_head &&
           ((objective->document > 0.0 && task_of(share)->targets->documents) || objective->soft > 0.0);
}

static const float *soft_documents(struct share *share, const struct part *part, size_t first, size_t rows)
{
    const struct tw_trainer *trainer = share->trainer;
    const struct tw_model *teacher = trainer->options.teacher ? trainer->options.teacher->model : NULL;
    const float *given = task_of(share)->targets->document_logits;
    if (!(objective_of(share)->soft > 0.0) || (!given && !(part->has_teacher && teacher->has_head)))
        return NULL;
    const float *from =
        given ? given + (part->first + first) * TW_CLASSES : share->teacher_logits + first * TW_CLASSES;
    reorder(trainer->state->model, given ? NULL : teacher, from, rows, share->soft_logits);
    return share->soft_logits;
}

static bool run_documents(struct share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->trainer->state->model;
    const struct task *task = task_of(share);
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

static bool soft_entities(struct share *share, const struct part *part, size_t first, size_t rows,
    const float **out, struct tw_error *err)
{
    const struct tw_trainer *trainer = share->trainer;
    const struct tw_model *teacher = trainer->options.teacher ? trainer->options.teacher->model : NULL;
    const float *given = task_of(share)->targets->entity_logits;
    bool taught = teacher && part->has_teacher && teacher->has_entity_head;
    *out = NULL;
    if (!(objective_of(share)->soft > 0.0) || (!given && !taught))
        return true;
    const float *from = given ? given + first * TW_CLASSES : share->d_logits;
    if (!given && !tw_entity_logits(teacher, &part->batch, &share->teacher_workspace, share->spans, rows,
                      share->d_logits, err))
        return false;
    reorder(trainer->state->model, given ? NULL : teacher, from, rows, share->soft_logits);
    *out = share->soft_logits;
    return true;
}

static bool run_entities(struct share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->trainer->state->model;
    const struct task *task = task_of(share);
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

static bool run_masked(struct share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->trainer->state->model;
    const struct task *task = task_of(share);
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

static bool wants_teacher(const struct share *share)
{
    const struct tw_objective *objective = objective_of(share);
    const struct tw_targets *targets = task_of(share)->targets;
    if (!share->trainer->options.teacher)
        return false;
    return objective->hidden > 0.0 ||
           (objective->soft > 0.0 && (!targets->document_logits || !targets->entity_logits));
}

static bool run_teacher(struct share *share, struct part *part, struct tw_error *err)
{
    const struct tw_model *teacher = share->trainer->options.teacher->model;
    const struct tw_targets *targets = task_of(share)->targets;
    struct tw_batch batch = part->batch;
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

static bool is_matched(const struct share *share, const struct part *part, size_t sequence)
{
    const bool *matched = task_of(share)->targets->matched;
    return !matched || matched[part->first + sequence];
}

/* The loss of a micro-batch's hidden rows against the teacher's, sequence by sequence. ADDS to `gradient`, or NULL. */
static double compare_hidden(const struct share *share, const struct part *part, const float *ours,
    const float *theirs, size_t width, float *gradient)
{
    float scale = scale_of(objective_of(share)->hidden, task_of(share)->totals.hidden);
    double sum = 0.0;
    for (size_t sequence = 0; sequence < part->batch.count; sequence++) {
        size_t at = tw_batch_row(&part->batch, sequence) * width;
        if (is_matched(share, part, sequence))
            sum += tw_loss_mean_square(ours + at, theirs + at, tw_batch_length(&part->batch, sequence), width,
                scale, gradient ? gradient + at : NULL);
    }
    return sum;
}

/* One pair, the student's states projected to the teacher's width. */
static bool match_projected(struct share *share, const struct part *part, const float *ours,
    const float *theirs, bool learns, struct tw_error *err)
{
    const struct tw_linear *projection = &share->trainer->state->model->projection;
    size_t rows = tw_batch_tokens(&part->batch);
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
    struct share *share, const struct part *part, size_t layer, bool learns, struct tw_error *err)
{
    const struct tw_teacher *teacher = share->trainer->options.teacher;
    const struct tw_model *student = share->trainer->state->model;
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
static bool run_back(struct share *share, const struct part *part, struct tw_error *err)
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

static bool run_part(struct share *share, struct part *part, struct tw_error *err)
{
    const struct task *task = task_of(share);
    const struct tw_model *model = share->trainer->state->model;
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
static void find_targets(const struct share *share, struct part *part)
{
    const struct tw_objective *objective = objective_of(share);
    const struct tw_targets *targets = task_of(share)->targets;
    size_t last = part->first + part->batch.count;
    size_t last_token = part->first_token + tw_batch_tokens(&part->batch);
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
static struct part first_part(const struct share *share)
{
    const struct tw_targets *targets = task_of(share)->targets;
    const struct tw_batch *batch = task_of(share)->batch;
    struct part part = {.first = share->first};
    part.first_token = tw_batch_row(batch, share->first);
    while (part.first_entity < targets->entity_count &&
           targets->entities[part.first_entity].sequence < share->first)
        part.first_entity++;
    while (part.first_masked < targets->masked_count &&
           targets->masked[part.first_masked].token < part.first_token)
        part.first_masked++;
    return part;
}

static struct tw_batch share_batch(const struct share *share)
{
    struct tw_batch own = *task_of(share)->batch;
    own.starts += share->first;
    own.count = share->last - share->first;
    return own;
}

static const struct tw_gemm *trial_gemm(const struct tw_trainer *trainer)
{
    return trainer->options.trial_gemm ? trainer->options.trial_gemm : trainer->options.gemm;
}

static void run_share(struct share *share)
{
    const struct tw_trainer *trainer = share->trainer;
    share->workspace.gemm = trainer->task.training ? trainer->options.gemm : trial_gemm(trainer);
    share->sums = (struct sums){0};
    share->done = true;
    if (trainer->task.training)
        memset(share->gradients + trainer->begin, 0,
            (trainer->state->value_count - trainer->begin) * sizeof *share->gradients);
    struct tw_batch own = share_batch(share);
    struct part part = first_part(share);
    for (size_t first = 0; share->done && first < own.count; first += part.batch.count) {
        part.batch = tw_batch_cut(&own, first, share->workspace.max_tokens);
        part.first = share->first + first;
        part.first_token = tw_batch_row(trainer->task.batch, part.first);
        part.has_teacher = false;
        find_targets(share, &part);
        share->done = run_part(share, &part, &share->err);
    }
}

/* --- cutting a step ------------------------------------------------------------------------------------------ */

/* Share t begins with the sequence that holds token t / count of all. */
static void cut_shares(struct tw_trainer *trainer)
{
    const struct tw_batch *batch = trainer->task.batch;
    size_t tokens = tw_batch_tokens(batch), sequence = 0;
    for (size_t at = 0; at < trainer->count; at++) {
        struct share *share = &trainer->shares[at];
        size_t until = tokens * (at + 1) / trainer->count;
        share->first = sequence;
        while (sequence < batch->count &&
               (tw_batch_row(batch, sequence + 1) <= until ||
                   tw_batch_row(batch, sequence) + tw_batch_length(batch, sequence) / 2 < until))
            sequence++;
        if (at + 1 == trainer->count)
            sequence = batch->count;
        share->last = sequence;
    }
}

static bool refuse(struct tw_error *err, const char *what, size_t at)
{
    return tw_fail(err, TW_INTERNAL, "trainer", NULL, "target %zu: %s", at, what);
}

static bool check_labels(const int32_t *labels, size_t count, struct tw_error *err)
{
    for (size_t at = 0; labels && at < count; at++) {
        if (labels[at] != TW_NO_LABEL && (labels[at] < 0 || labels[at] >= TW_CLASSES))
            return refuse(err, "no such class", at);
    }
    return true;
}

static bool check_targets(const struct tw_trainer *trainer, struct tw_error *err)
{
    const struct tw_batch *batch = trainer->task.batch;
    const struct tw_targets *targets = trainer->task.targets;
    const struct tw_model *model = trainer->state->model;
    size_t tokens = tw_batch_tokens(batch);
    if (!check_labels(targets->documents, batch->count, err) ||
        !check_labels(targets->entity_labels, targets->entity_count, err) ||
        !tw_entity_spans_check(batch, targets->entities, targets->entity_count, err))
        return false;
    for (size_t at = 1; at < targets->entity_count; at++) {
        if (targets->entities[at].sequence < targets->entities[at - 1].sequence)
            return refuse(err, "entities are not in the order of their sequences", at);
    }
    for (size_t at = 0; at < targets->masked_count; at++) {
        const struct tw_masked *masked = &targets->masked[at];
        if (masked->token >= tokens || masked->id < 0 || (size_t)masked->id >= model->config.vocabulary)
            return refuse(err, "no such token or word", at);
        if (at > 0 && masked->token <= targets->masked[at - 1].token)
            return refuse(err, "masked words are not in order", at);
    }
    if (targets->entity_count > 0 && !model->has_entity_head)
        return refuse(err, "the model has no entity head", 0);
    if (targets->masked_count > 0 && !model->has_masked_head)
        return refuse(err, "the model has no masked-word head", 0);
    return true;
}

static bool check_teacher_ids(const struct tw_trainer *trainer, struct tw_error *err)
{
    const struct tw_batch *batch = trainer->task.batch;
    const int32_t *ids = trainer->task.targets->teacher_ids;
    ids = ids ? ids : batch->ids;
    if (!trainer->options.teacher)
        return true;
    size_t vocabulary = trainer->options.teacher->model->config.vocabulary;
    for (size_t at = batch->starts[0]; at < batch->starts[batch->count]; at++) {
        if (ids[at] < 0 || (size_t)ids[at] >= vocabulary)
            return tw_fail(err, TW_CONFIG, "teacher",
                "give student and teacher the same vocabulary, or teacher_ids",
                "token id %d, but the teacher's vocabulary has %zu entries", (int)ids[at], vocabulary);
    }
    return true;
}

static double soft_rows(const struct tw_trainer *trainer)
{
    const struct tw_targets *targets = trainer->task.targets;
    const struct tw_model *teacher = trainer->options.teacher ? trainer->options.teacher->model : NULL;
    double rows = 0.0;
    if (targets->document_logits || (teacher && teacher->has_head))
        rows += (double)trainer->task.batch->count;
    if (targets->entity_logits || (teacher && teacher->has_entity_head))
        rows += (double)targets->entity_count;
    return rows;
}

static double label_weight(
    const struct tw_trainer *trainer, const int32_t *labels, const float *weights, size_t count)
{
    double sum = 0.0;
    for (size_t at = 0; labels && at < count; at++) {
        int32_t column = column_of(trainer->state->model, labels[at]);
        sum += tw_loss_weight(&trainer->by_class, &column, weights ? weights + at : NULL, 1);
    }
    return sum;
}

/* Hidden states that are matched, over all pairs. */
static double matched_rows(const struct tw_trainer *trainer)
{
    const struct tw_teacher *teacher = trainer->options.teacher;
    const struct tw_batch *batch = trainer->task.batch;
    const bool *matched = trainer->task.targets->matched;
    size_t tokens = 0;
    for (size_t sequence = 0; teacher && sequence < batch->count; sequence++)
        tokens += !matched || matched[sequence] ? tw_batch_length(batch, sequence) : 0;
    return teacher ? (double)(teacher->pairs * tokens) : 0.0;
}

static void set_totals(struct tw_trainer *trainer)
{
    const struct tw_targets *targets = trainer->task.targets;
    const struct tw_batch *batch = trainer->task.batch;
    trainer->task.totals = (struct totals){
        .document = label_weight(trainer, targets->documents, targets->document_weights, batch->count),
        .entity =
            label_weight(trainer, targets->entity_labels, targets->entity_weights, targets->entity_count),
        .masked = (double)targets->masked_count,
        .soft = soft_rows(trainer),
        .hidden = matched_rows(trainer),
    };
}

static bool begin_task(struct tw_trainer *trainer, const struct tw_batch *batch,
    const struct tw_targets *targets, struct tw_error *err)
{
    trainer->task = (struct task){.batch = batch, .targets = targets};
    if (batch->count == 0)
        return tw_fail(err, TW_INTERNAL, "trainer", NULL, "an empty batch");
    if (!check_targets(trainer, err) || !check_teacher_ids(trainer, err))
        return false;
    set_totals(trainer);
    cut_shares(trainer);
    return true;
}

static void add_sums(struct sums *sums, const struct sums *more)
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
    const struct totals *totals = &trainer->task.totals;
    const struct tw_objective *objective = &trainer->options.objective;
    struct sums sums = {0};
    for (size_t at = 0; at < trainer->count; at++) {
        if (!trainer->shares[at].done) {
            *err = trainer->shares[at].err;
            return false;
        }
        add_sums(&sums, &trainer->shares[at].sums);
    }
    *result = (struct tw_step_result){
        .document = mean_of(sums.document, totals->document),
        .entity = mean_of(sums.entity, totals->entity),
        .masked = mean_of(sums.masked, totals->masked),
        .soft = mean_of(sums.soft, totals->soft),
        .hidden = mean_of(sums.hidden, totals->hidden),
        .tokens = tw_batch_tokens(trainer->task.batch),
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

/* --- from gradients to weights ------------------------------------------------------------------------------- */

/* The chunks of one thread: [*first, *last). */
static void chunks_of(const struct share *share, size_t *first, size_t *last)
{
    const struct tw_trainer *trainer = share->trainer;
    size_t from = trainer->begin / TW_CHUNK, count = trainer->chunks - from;
    *first = from + count * share->number / trainer->count;
    *last = from + count * (share->number + 1) / trainer->count;
}

static size_t chunk_end(const struct tw_trainer *trainer, size_t chunk)
{
    size_t end = (chunk + 1) * TW_CHUNK;
    return end < trainer->state->value_count ? end : trainer->state->value_count;
}

/* All threads' gradients into the first's, and their squares by chunk. */
static void reduce(struct share *share)
{
    struct tw_trainer *trainer = share->trainer;
    const struct tw_backward_kernels *kernels = share->workspace.kernels->backward;
    float *sum = trainer->shares[0].gradients;
    size_t first, last;
    chunks_of(share, &first, &last);
    for (size_t chunk = first; chunk < last; chunk++) {
        size_t begin = chunk * TW_CHUNK, end = chunk_end(trainer, chunk);
        for (size_t other = 1; other < trainer->count; other++)
            kernels->add(trainer->shares[other].gradients + begin, end - begin, sum + begin);
        trainer->squares[chunk] = tw_gradient_squares(trainer->state, sum, begin, end);
    }
}

static void update(struct share *share)
{
    struct tw_trainer *trainer = share->trainer;
    size_t first, last;
    chunks_of(share, &first, &last);
    if (first < last)
        tw_adamw_update(trainer->state, trainer->task.adamw, share->workspace.kernels->backward,
            trainer->shares[0].gradients, trainer->task.factor, first * TW_CHUNK,
            chunk_end(trainer, last - 1));
}

static double norm_of(const struct tw_trainer *trainer)
{
    double sum = 0.0;
    for (size_t chunk = trainer->begin / TW_CHUNK; chunk < trainer->chunks; chunk++)
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
    double growth = trainer->options.most_loss_growth;
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

bool tw_trainer_gradients(struct tw_trainer *trainer, const struct tw_batch *batch,
    const struct tw_targets *targets, uint64_t step, const float **gradients, struct tw_step_result *result,
    struct tw_error *err)
{
    if (!begin_task(trainer, batch, targets, err))
        return false;
    const struct tw_dropout_rates *dropout = &trainer->options.dropout;
    trainer->begin = first_learning(trainer->state);
    trainer->task.training = true;
    trainer->task.plan = (struct tw_dropout_plan){
        .seed = trainer->options.seed,
        .step = (uint32_t)step,
        .hidden = tw_dropout_threshold(dropout->hidden),
        .attention = tw_dropout_threshold(dropout->attention),
        .head = tw_dropout_threshold(dropout->head),
    };
    run(trainer, run_share);
    if (!collect(trainer, result, err))
        return false;
    run(trainer, reduce);
    result->gradient_norm = norm_of(trainer);
    if (gradients)
        *gradients = trainer->shares[0].gradients;
    return true;
}

bool tw_trainer_step(struct tw_trainer *trainer, const struct tw_batch *batch,
    const struct tw_targets *targets, const struct tw_adamw *adamw, uint64_t step,
    struct tw_step_result *result, struct tw_error *err)
{
    if (!tw_trainer_gradients(trainer, batch, targets, step, NULL, result, err) ||
        !check_loss(trainer, result, step, err))
        return false;
    trainer->task.adamw = adamw;
    trainer->task.factor = tw_clip_factor(adamw, result->gradient_norm);
    tw_adamw_begin(trainer->state);
    run(trainer, update);
    return true;
}

bool tw_trainer_loss(struct tw_trainer *trainer, const struct tw_batch *batch,
    const struct tw_targets *targets, struct tw_step_result *result, struct tw_error *err)
{
    if (!begin_task(trainer, batch, targets, err))
        return false;
    run(trainer, run_share);
    return collect(trainer, result, err);
}

/* --- logits -------------------------------------------------------------------------------------------------- */

static bool part_logits(struct share *share, const struct part *part, struct tw_error *err)
{
    const struct tw_model *model = share->trainer->state->model;
    const struct task *task = task_of(share);
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

static void share_logits(struct share *share)
{
    const struct tw_trainer *trainer = share->trainer;
    const struct tw_targets *targets = trainer->task.targets;
    share->done = true;
    share->workspace.gemm = trial_gemm(trainer);
    struct tw_batch own = share_batch(share);
    struct part part = first_part(share);
    for (size_t first = 0; share->done && first < own.count; first += part.batch.count) {
        part.batch = tw_batch_cut(&own, first, share->workspace.max_tokens);
        part.first = share->first + first;
        part.first_entity += part.entities;
        part.entities = 0;
        while (trainer->task.entity_logits && part.first_entity + part.entities < targets->entity_count &&
               targets->entities[part.first_entity + part.entities].sequence < part.first + part.batch.count)
            part.entities++;
        share->done = part_logits(share, &part, &share->err);
    }
}

bool tw_trainer_logits(struct tw_trainer *trainer, const struct tw_batch *batch,
    const struct tw_entity_span *entities, size_t entity_count, float *document_logits, float *entity_logits,
    struct tw_error *err)
{
    struct tw_targets targets = {.entities = entities, .entity_count = entity_count};
    struct tw_step_result result;
    if (!begin_task(trainer, batch, &targets, err))
        return false;
    trainer->task.document_logits = document_logits;
    trainer->task.entity_logits = entity_logits;
    run(trainer, share_logits);
    for (size_t at = 0; at < trainer->count; at++)
        trainer->shares[at].sums = (struct sums){0};
    return collect(trainer, &result, err);
}

/* --- opening ------------------------------------------------------------------------------------------------- */

static bool take_share(struct share *share, struct tw_error *err)
{
    const struct tw_trainer *trainer = share->trainer;
    const struct tw_workspace *workspace = &share->workspace;
    size_t values, words, logits, projected, bytes;
    size_t rows = workspace->max_head_rows > workspace->max_masked_rows ? workspace->max_head_rows
                                                                        : workspace->max_masked_rows;
    size_t vocabulary = trainer->state->model->config.vocabulary;
    if (!tw_size_multiply(trainer->state->value_count, sizeof(float), &values) ||
        !tw_size_multiply(workspace->max_masked_rows * sizeof(float), vocabulary, &words) ||
        !tw_size_multiply(workspace->max_tokens, TW_CLASSES * sizeof(float), &logits) ||
        !tw_size_multiply(tw_gemm_rows(workspace->max_tokens) * sizeof(float),
            trainer->state->model->config.projection, &projected) ||
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

static bool open_share(struct share *share, struct tw_error *err)
{
    const struct tw_trainer *trainer = share->trainer;
    const struct tw_trainer_options *options = &trainer->options;
    struct tw_workspace_options workspace = {
        .max_tokens = options->max_tokens ? options->max_tokens : default_tokens / trainer->count,
        .max_sequence = options->max_sequence,
        .gemm = options->gemm,
        .kernels = options->gemm->kernels,
        .keep_layers = true,
    };
    if (!tw_workspace_open(trainer->state->model, &workspace, &share->workspace, err) ||
        !tw_backward_open(trainer->state, &share->workspace, &share->backward, err))
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

static bool check_teacher(const struct tw_trainer *trainer, struct tw_error *err)
{
    const struct tw_teacher *teacher = trainer->options.teacher;
    const struct tw_model_config *ours = &trainer->state->model->config;
    if (!teacher)
        return true;
    const struct tw_model_config *theirs = &teacher->model->config;
    if ((teacher->model->has_head || teacher->model->has_entity_head) &&
        (theirs->labels_fault || theirs->labels != TW_CLASSES))
        return tw_fail(err, TW_CONFIG, "teacher", "name the teacher's labels", "its labels cannot be used");
    size_t width = trainer->state->model->has_projection ? ours->projection : ours->hidden;
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

static bool start_threads(struct tw_trainer *trainer, struct tw_error *err)
{
    for (size_t at = 1; at < trainer->count; at++) {
        struct share *share = &trainer->shares[at];
        if (pthread_create(&share->thread, NULL, work, share) != 0)
            return tw_fail(err, TW_INTERNAL, "trainer", "ask for fewer threads", "cannot start a thread");
        share->started = true;
    }
    return true;
}

static bool open_all(struct tw_trainer *trainer, struct tw_error *err)
{
    if (!check_teacher(trainer, err))
        return false;
    trainer->chunks = (trainer->state->value_count + TW_CHUNK - 1) / TW_CHUNK;
    size_t bytes = trainer->count * sizeof *trainer->shares + trainer->chunks * sizeof *trainer->squares;
    if (!tw_arena_begin(&trainer->arena, bytes + 4096, err))
        return false;
    trainer->shares = tw_arena_array(&trainer->arena, trainer->count, sizeof *trainer->shares);
    trainer->squares = tw_arena_array(&trainer->arena, trainer->chunks, sizeof *trainer->squares);
    if (!trainer->shares || !trainer->squares)
        return tw_arena_fail(&trainer->arena, err);
    for (size_t at = 0; at < trainer->count; at++) {
        trainer->shares[at].trainer = trainer;
        trainer->shares[at].number = at;
        if (!open_share(&trainer->shares[at], err))
            return false;
    }
    return start_threads(trainer, err);
}

bool tw_trainer_open(struct tw_state *state, const struct tw_trainer_options *options,
    struct tw_trainer **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_trainer *trainer = calloc(1, sizeof *trainer);
    if (!trainer)
        return tw_fail(err, TW_INTERNAL, "trainer", NULL, "out of memory");
    trainer->state = state;
    trainer->options = *options;
    trainer->count = options->threads ? options->threads : 1;
    if (!(options->most_loss_growth > 0.0))
        trainer->options.most_loss_growth = default_growth;
    pthread_mutex_init(&trainer->mutex, NULL);
    pthread_cond_init(&trainer->go, NULL);
    pthread_cond_init(&trainer->all_done, NULL);
    tw_trainer_set_objective(trainer, &options->objective);
    if (!open_all(trainer, err)) {
        tw_trainer_close(trainer);
        return false;
    }
    *out = trainer;
    return true;
}

static void close_share(struct share *share)
{
    if (share->started)
        pthread_join(share->thread, NULL);
    tw_workspace_close(&share->workspace);
    tw_workspace_close(&share->teacher_workspace);
    tw_backward_close(&share->backward);
    tw_arena_end(&share->arena);
}

void tw_trainer_close(struct tw_trainer *trainer)
{
    if (!trainer)
        return;
    announce(trainer, NULL, 0);
    for (size_t at = 0; trainer->shares && at < trainer->count; at++)
        close_share(&trainer->shares[at]);
    tw_arena_end(&trainer->arena);
    pthread_cond_destroy(&trainer->all_done);
    pthread_cond_destroy(&trainer->go);
    pthread_mutex_destroy(&trainer->mutex);
    free(trainer);
}

void tw_trainer_set_objective(struct tw_trainer *trainer, const struct tw_objective *objective)
{
    const struct tw_model_config *config = &trainer->state->model->config;
    struct tw_objective *own = &trainer->options.objective;
    *own = *objective;
    if (!(own->temperature > 0.0f))
        own->temperature = 1.0f;
    bool weighted = false;
    for (size_t at = 0; at < TW_CLASSES; at++) {
        trainer->column_weights[config->class_at[at]] = own->class_weights[at];
        weighted |= own->class_weights[at] != 0.0f;
    }
    trainer->by_class = (struct tw_cross_entropy){
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
