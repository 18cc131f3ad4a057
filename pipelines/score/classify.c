#include "score/classify.h"

#include "infer/predict.h"
#include "model/temperature.h"
#include "score/join.h"
#include "score/score.h"
#include "score/score_cache.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include <xxhash.h>

struct tw_classify_workspace {
    struct tw_predict *predict; /* NULL: there is no model */
};

bool tw_classify_workspace_new(
    const struct tw_classifier *classifier, struct tw_classify_workspace **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_classify_workspace *workspace = calloc(1, sizeof *workspace);
    if (!workspace)
        return tw_fail(err, TW_INTERNAL, NULL, "lower the number of workers", "no memory for a worker");
    if (!tw_classifier_open_predict(classifier, &workspace->predict, err)) {
        tw_classify_workspace_free(workspace);
        return false;
    }
    *out = workspace;
    return true;
}

void tw_classify_workspace_free(struct tw_classify_workspace *workspace)
{
    if (!workspace)
        return;
    tw_predict_close(workspace->predict);
    free(workspace);
}

void tw_classify_watch(struct tw_classify_workspace *workspace, struct tw_pulse *pulse)
{
    if (workspace->predict)
        tw_predict_watch(workspace->predict, pulse);
}

void tw_classify_time(
    struct tw_classify_workspace *workspace, struct tw_stopwatch *watch, size_t encode, size_t heads)
{
    if (workspace->predict)
        tw_predict_time(workspace->predict, watch, encode, heads);
}

/* Three weights of 16 bits, plus one, over their sum. Its logits are the logarithms of the probabilities. */
static void score_constant(struct tw_document *document, float *logits)
{
    uint64_t hash = XXH3_64bits(document->tokens, document->token_count * sizeof *document->tokens);
    uint32_t weights[3], sum = 0;
    for (uint32_t label = 0; label < 3; label++) {
        weights[label] = (uint32_t)(hash >> (16 * label) & 0xFFFF) + 1;
        sum += weights[label];
    }
    float probabilities[3];
    for (uint32_t label = 0; label < 3; label++)
        probabilities[label] = (float)((double)weights[label] / sum);
    document->score = tw_score_of_probabilities(probabilities);
    for (uint32_t label = 0; logits && label < 3; label++)
        logits[label] = logf(probabilities[label]);
}

static void classify_constant(struct tw_document *documents, uint32_t count, float *logits)
{
    for (uint32_t at = 0; at < count; at++)
        if (documents[at].fate == TW_FATE_STORED)
            score_constant(&documents[at], logits ? logits + (size_t)at * TW_CLASSES : NULL);
}

/* What is asked of the model, and what it answers. All in the arena. */
struct asked {
    struct tw_sequence *sequences;
    size_t sequence_count;
    struct tw_entity_span
        *spans; /* of each sequence: itself, when texts are read as entities; then its readings */
    size_t span_count;
    float *documents, *entities; /* logits by class */
    struct tw_join *joins;       /* one for each reading of the document that has most */
};

/* Does the model read it? */
static bool is_asked(const struct tw_document *document)
{
    return document->fate == TW_FATE_STORED && !document->cached;
}

/* What has been scored before need not be asked. */
static void recall(struct tw_score_cache *cache, struct tw_document *documents, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        documents[at].cached =
            documents[at].fate == TW_FATE_STORED && tw_score_cache_find(cache, &documents[at]);
}

static void keep(struct tw_score_cache *cache, const struct tw_document *documents, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++)
        if (is_asked(&documents[at]))
            tw_score_cache_put(cache, &documents[at]);
}

uint32_t tw_classify_sequences(const struct tw_document *document)
{
    return document->window_count ? document->window_count : 1;
}

struct tw_sequence tw_classify_sequence(const struct tw_document *document, uint32_t window)
{
    if (document->window_count == 0)
        return (struct tw_sequence){.ids = document->tokens, .count = document->token_count};
    const struct tw_text_window *at = &document->windows[window];
    return (struct tw_sequence){.ids = document->tokens + at->first_token, .count = at->token_count};
}

static uint32_t count_spans(const struct tw_document *document)
{
    return document->window_count ? document->span_count : document->reading_count;
}

static bool take_room(struct asked *asked, const struct tw_document *documents, uint32_t count,
    struct tw_arena *arena, struct tw_error *err)
{
    size_t sequences = 0, spans = 0, readings = 0;
    for (uint32_t at = 0; at < count; at++) {
        if (!is_asked(&documents[at]))
            continue;
        sequences += tw_classify_sequences(&documents[at]);
        spans += count_spans(&documents[at]);
        readings = documents[at].reading_count > readings ? documents[at].reading_count : readings;
    }
    asked->sequences = tw_arena_array(arena, sequences, sizeof *asked->sequences);
    asked->spans = tw_arena_array(arena, sequences + spans, sizeof *asked->spans);
    asked->documents = tw_arena_array(arena, sequences * TW_CLASSES, sizeof *asked->documents);
    asked->entities = tw_arena_array(arena, (sequences + spans) * TW_CLASSES, sizeof *asked->entities);
    asked->joins = tw_arena_array(arena, readings, sizeof *asked->joins);
    return arena->full ? tw_arena_fail(arena, err) : true;
}

static void ask_span(struct asked *asked, uint32_t begin, uint32_t end)
{
    const uint32_t sequence = (uint32_t)asked->sequence_count - 1;
    asked->spans[asked->span_count++] = (struct tw_entity_span){sequence, begin, end};
}

/* One sequence; where the model has no head for texts, with a span that is the whole of it. */
static void ask_sequence(struct asked *asked, const struct tw_model *model, struct tw_sequence sequence)
{
    const uint32_t length = (uint32_t)sequence.count;
    asked->sequences[asked->sequence_count++] = sequence;
    if (!model->has_head)
        ask_span(asked, length > 2, length > 2 ? length - 1 : 1);
}

static void ask_windows(struct asked *asked, const struct tw_model *model, const struct tw_document *document)
{
    uint32_t span = 0;
    for (uint32_t window = 0; window < document->window_count; window++) {
        ask_sequence(asked, model, tw_classify_sequence(document, window));
        for (; span < document->span_count && document->spans[span].window == window; span++)
            ask_span(asked, document->spans[span].begin, document->spans[span].end);
    }
}

static void gather(
    struct asked *asked, const struct tw_model *model, const struct tw_document *documents, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        const struct tw_document *document = &documents[at];
        if (!is_asked(document))
            continue;
        if (document->window_count) {
            ask_windows(asked, model, document);
            continue;
        }
        ask_sequence(asked, model, tw_classify_sequence(document, 0));
        for (uint32_t reading = 0; reading < document->reading_count; reading++)
            ask_span(asked, document->readings[reading].begin, document->readings[reading].end);
    }
}

/* Rows of logits that are handed out, in the order in which they were asked for. */
struct answers {
    const struct tw_model *model;
    const float *text, *entity;
    struct tw_join *joins; /* of asked */
};

/* The next row of a text. */
static const float *next_text(struct answers *answers)
{
    const float **row = answers->model->has_head ? &answers->text : &answers->entity, *own = *row;
    *row += TW_CLASSES;
    return own;
}

static struct tw_score text_score(const struct tw_model *model, const float *logits)
{
    return tw_score_of(
        logits, model->has_head ? model->config.temperature : model->config.entity_temperature);
}

static struct tw_score next_entity(struct answers *answers)
{
    const float *own = answers->entity;
    answers->entity += TW_CLASSES;
    return tw_score_of(own, answers->model->config.entity_temperature);
}

/* The only window's scores are those of the text. */
static void hand_out_one(struct answers *answers, struct tw_document *document, float *logits)
{
    const float *own = next_text(answers);
    document->score = text_score(answers->model, own);
    for (size_t class = 0; logits && class < TW_CLASSES; class ++)
        logits[class] = own[class];
    for (uint32_t reading = 0; reading < document->reading_count; reading++)
        document->readings[reading].score = next_entity(answers);
}

static void hand_out_joined(struct answers *answers, struct tw_document *document, float *logits)
{
    struct tw_join whole = {{0.0}, 0.0};
    uint32_t span = 0;
    for (uint32_t reading = 0; reading < document->reading_count; reading++)
        answers->joins[reading] = whole;
    for (uint32_t window = 0; window < document->window_count; window++) {
        const struct tw_score text = text_score(answers->model, next_text(answers));
        tw_join_add(&whole, &text, window == 0 ? TW_JOIN_TITLE : 1.0);
        for (; span < document->span_count && document->spans[span].window == window; span++) {
            const struct tw_score entity = next_entity(answers);
            tw_join_add(&answers->joins[document->spans[span].reading], &entity,
                window == 0 ? TW_JOIN_TITLE_OF_ENTITY : 1.0);
        }
    }
    document->score = tw_join_score(&whole);
    for (uint32_t reading = 0; reading < document->reading_count; reading++)
        document->readings[reading].score = tw_join_score(&answers->joins[reading]);
    if (!logits)
        return;
    logits[TW_NEGATIVE] = logf(fmaxf(document->score.negative, FLT_MIN));
    logits[TW_NEUTRAL] = logf(fmaxf(document->score.neutral, FLT_MIN));
    logits[TW_POSITIVE] = logf(fmaxf(document->score.positive, FLT_MIN));
}

/* The same walk as gather's. */
static void hand_out(const struct asked *asked, const struct tw_model *model, struct tw_document *documents,
    uint32_t count, float *logits)
{
    struct answers answers = {
        .model = model, .text = asked->documents, .entity = asked->entities, .joins = asked->joins};
    for (uint32_t at = 0; at < count; at++) {
        float *own = logits ? logits + (size_t)at * TW_CLASSES : NULL;
        if (is_asked(&documents[at]))
            (documents[at].window_count ? hand_out_joined : hand_out_one)(&answers, &documents[at], own);
    }
}

static bool classify_model(const struct tw_model *model, struct tw_predict *predict,
    struct tw_document *documents, uint32_t count, struct tw_arena *arena, float *logits,
    struct tw_error *err)
{
    const size_t mark = tw_arena_mark(arena);
    struct asked asked = {0};
    struct tw_packed batch;
    if (!take_room(&asked, documents, count, arena, err))
        return false;
    gather(&asked, model, documents, count);
    if (!tw_packed_build(asked.sequences, asked.sequence_count, &model->config, arena, &batch, err) ||
        !tw_predict_run(predict, &batch, asked.spans, asked.span_count, asked.documents, asked.entities, err))
        return false;
    hand_out(&asked, model, documents, count, logits);
    tw_arena_rewind(arena, mark);
    return true;
}

bool tw_classify(const struct tw_classifier *classifier, struct tw_classify_workspace *workspace,
    struct tw_document *documents, uint32_t count, struct tw_arena *arena, float *logits,
    struct tw_error *err)
{
    const struct tw_model *model = tw_classifier_model(classifier);
    /* Logits are not kept: who wants them asks the model. */
    struct tw_score_cache *cache = logits ? NULL : tw_classifier_cache(classifier);
    if (cache)
        recall(cache, documents, count);
    if (model) {
        if (!classify_model(model, workspace->predict, documents, count, arena, logits, err))
            return false;
        if (cache)
            keep(cache, documents, count);
        return true;
    }
    if (!tw_classifier_is_constant(classifier))
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "only a tokenizer was opened");
    classify_constant(documents, count, logits);
    return true;
}
