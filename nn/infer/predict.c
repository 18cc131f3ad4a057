#include "infer/predict.h"

#include <stdlib.h>
#include <string.h>

#include "base/pulse.h"
#include "base/stopwatch.h"
#include "base/threads.h"
#include "model/encoder.h"
#include "model/workspace.h"

enum { SPANS_AT_ONCE = 64 };

/* What is asked in one call. */
struct call {
    const struct tw_packed *batch;
    const struct tw_entity_span *spans;
    size_t span_count;
    float *documents, *entities;
    size_t token_budget; /* of a micro-batch */
};

/* One thread's part. */
struct lane {
    struct tw_workspace workspace;
    bool done; /* of the last call; false: err says why */
    struct tw_error err;
};

struct tw_predict {
    const struct tw_model *model;
    struct tw_threads *threads;
    struct lane *lanes; /* [count] */
    size_t count, max_tokens;
    struct tw_pulse *pulse; /* may be NULL */
    struct {
        struct tw_stopwatch *watch; /* may be NULL */
        size_t encode, heads;       /* its steps */
    } timing;
    struct call call;
};

/* A cut of the batch, and which sequences and spans of the call are in it. */
struct micro_batch {
    struct tw_packed batch;
    size_t first;                  /* its first sequence */
    size_t first_span, span_count; /* spans of its sequences */
};

/* --- one micro-batch ------------------------------------------------------------------------------------ */

/* Rows in the model's own order of labels become rows by class, where they stand. */
static void order_by_class(const struct tw_model_config *config, float *logits, size_t rows)
{
    for (size_t row = 0; row < rows; row++) {
        float own[TW_CLASSES], *to = logits + row * TW_CLASSES;
        memcpy(own, to, sizeof own);
        for (size_t class = 0; class < TW_CLASSES; class ++)
            to[class] = own[config->class_at[class]];
    }
}

static bool score_documents(const struct tw_predict *predict, struct lane *lane,
    const struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *model = predict->model;
    float *logits = predict->call.documents + micro->first * TW_CLASSES;
    if (!tw_document_logits(model, &micro->batch, &lane->workspace, logits, err))
        return false;
    order_by_class(&model->config, logits, micro->batch.count);
    return true;
}

static bool score_entities(const struct tw_predict *predict, struct lane *lane,
    const struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *model = predict->model;
    struct tw_entity_span spans[SPANS_AT_ONCE];
    for (size_t at = 0, rows; at < micro->span_count; at += rows) {
        size_t left = micro->span_count - at, first = micro->first_span + at;
        rows = left < SPANS_AT_ONCE ? left : SPANS_AT_ONCE;
        for (size_t row = 0; row < rows; row++) {
            spans[row] = predict->call.spans[first + row];
            spans[row].sequence -= (uint32_t)micro->first;
        }
        float *logits = predict->call.entities + first * TW_CLASSES;
        if (!tw_entity_logits(model, &micro->batch, &lane->workspace, spans, rows, logits, err))
            return false;
        order_by_class(&model->config, logits, rows);
    }
    return true;
}

static bool run_micro_batch(const struct tw_predict *predict, struct lane *lane,
    const struct micro_batch *micro, struct tw_error *err)
{
    const struct tw_model *model = predict->model;
    struct tw_stopwatch *watch = predict->count == 1 ? predict->timing.watch : NULL;
    tw_stopwatch_begin(watch);
    if (!tw_encode(model, &micro->batch, &lane->workspace, err))
        return false;
    tw_stopwatch_lap(watch, predict->timing.encode, micro->batch.count);
    if ((predict->call.documents && model->has_head && !score_documents(predict, lane, micro, err)) ||
        (predict->call.entities && model->has_entity_head && !score_entities(predict, lane, micro, err)))
        return false;
    tw_stopwatch_lap(watch, predict->timing.heads, micro->batch.count);
    return true;
}

/* --- one call ------------------------------------------------------------------------------------------- */

/* The micro-batch after this one; its count is 0 after the last. */
static void next_micro_batch(const struct call *call, struct micro_batch *micro)
{
    micro->first += micro->batch.count;
    micro->first_span += micro->span_count;
    micro->batch = tw_packed_cut(call->batch, micro->first, call->token_budget);
    micro->span_count = 0;
    while (micro->first_span + micro->span_count < call->span_count &&
           call->spans[micro->first_span + micro->span_count].sequence < micro->first + micro->batch.count)
        micro->span_count++;
}

/* Thread `number` takes each `count`th micro-batch: all threads walk the same cuts. */
static void run_lane(void *self, size_t number)
{
    struct tw_predict *predict = self;
    struct lane *lane = &predict->lanes[number];
    struct micro_batch micro = {0};
    lane->done = true;
    for (size_t turn = 0; lane->done; turn++) {
        next_micro_batch(&predict->call, &micro);
        if (micro.batch.count == 0)
            return;
        if (turn % predict->count == number)
            lane->done = tw_pulse_beat(predict->pulse) ? run_micro_batch(predict, lane, &micro, &lane->err)
                                                       : tw_pulse_stopped(&lane->err);
    }
}

static bool check_order(const struct call *call, struct tw_error *err)
{
    for (size_t at = 1; at < call->span_count; at++) {
        if (call->spans[at].sequence < call->spans[at - 1].sequence)
            return tw_fail(err, TW_INTERNAL, "predict", NULL, "entity %zu is of sequence %u, after one of %u",
                at, call->spans[at].sequence, call->spans[at - 1].sequence);
    }
    return tw_entity_spans_check(call->batch, call->spans, call->span_count, err);
}

/* As large as it may be; smaller where all threads then get as much to do. */
static size_t token_budget(const struct tw_predict *predict, const struct tw_packed *batch)
{
    const size_t tokens = tw_packed_tokens(batch), most = predict->max_tokens, threads = predict->count;
    if (threads == 1)
        return most;
    const size_t rounds = (tokens + most * threads - 1) / (most * threads);
    const size_t fair = tokens / (rounds * threads) + tokens / batch->count + 1;
    return fair < most ? fair : most;
}

bool tw_predict_run(struct tw_predict *predict, const struct tw_packed *batch,
    const struct tw_entity_span *spans, size_t span_count, float *documents, float *entities,
    struct tw_error *err)
{
    if (batch->count == 0)
        return true;
    predict->call = (struct call){.batch = batch,
        .spans = spans,
        .span_count = entities ? span_count : 0,
        .documents = documents,
        .entities = entities,
        .token_budget = token_budget(predict, batch)};
    if (!check_order(&predict->call, err))
        return false;
    tw_threads_run(predict->threads, run_lane, predict);
    for (size_t at = 0; at < predict->count; at++) {
        if (!predict->lanes[at].done) {
            *err = predict->lanes[at].err;
            return false;
        }
    }
    return true;
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool check_labels(const struct tw_model *model, struct tw_error *err)
{
    const struct tw_model_config *config = &model->config;
    if (!model->has_head && !model->has_entity_head)
        return true;
    if (!config->labels_fault && config->labels == TW_CLASSES)
        return true;
    return tw_fail(err, TW_CONFIG, "config.json", "name the model's labels", "labels: %s",
        config->labels_fault ? config->labels_fault : "not three labels");
}

static bool open_lanes(
    struct tw_predict *predict, const struct tw_predict_options *options, struct tw_error *err)
{
    const struct tw_workspace_options workspace = {.max_tokens = options->max_tokens,
        .max_sequence = options->max_sequence,
        .compute = options->compute};
    predict->count = options->threads ? options->threads : 1;
    predict->lanes = calloc(predict->count, sizeof *predict->lanes);
    if (!predict->lanes)
        return tw_fail(err, TW_INTERNAL, "predict", NULL, "out of memory");
    for (size_t at = 0; at < predict->count; at++)
        if (!tw_workspace_open(predict->model, &workspace, &predict->lanes[at].workspace, err))
            return false;
    predict->max_tokens = predict->lanes[0].workspace.max_tokens;
    return tw_threads_open(predict->count, &predict->threads, err);
}

bool tw_predict_open(const struct tw_model *model, const struct tw_predict_options *options,
    struct tw_predict **out, struct tw_error *err)
{
    *out = NULL;
    if (!check_labels(model, err))
        return false;
    struct tw_predict *predict = calloc(1, sizeof *predict);
    if (!predict)
        return tw_fail(err, TW_INTERNAL, "predict", NULL, "out of memory");
    predict->model = model;
    if (!open_lanes(predict, options, err)) {
        tw_predict_close(predict);
        return false;
    }
    *out = predict;
    return true;
}

void tw_predict_watch(struct tw_predict *predict, struct tw_pulse *pulse)
{
    predict->pulse = pulse;
}

void tw_predict_time(struct tw_predict *predict, struct tw_stopwatch *watch, size_t encode, size_t heads)
{
    predict->timing.watch = watch;
    predict->timing.encode = encode;
    predict->timing.heads = heads;
}

void tw_predict_close(struct tw_predict *predict)
{
    if (!predict)
        return;
    tw_threads_close(predict->threads);
    for (size_t at = 0; predict->lanes && at < predict->count; at++)
        tw_workspace_close(&predict->lanes[at].workspace);
    free(predict->lanes);
    free(predict);
}
