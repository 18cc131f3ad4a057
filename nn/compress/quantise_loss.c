#include "compress/quantise_loss.h"

#include <math.h>
#include <stdlib.h>

#include "compress/quantise.h"
#include "infer/predict.h"

struct logits {
    float *documents, *entities; /* [texts, TW_CLASSES] */
};

struct tw_quantise_measure {
    const struct tw_model *model;
    struct tw_packed batch;
    struct tw_entity_span *spans; /* one a text */
    struct tw_predict *predict;   /* of the second model */
    struct logits first, second;
};

static bool take(struct tw_quantise_measure *measure, struct tw_error *err)
{
    size_t texts = measure->batch.count;
    struct logits *both[] = {&measure->first, &measure->second};
    measure->spans = calloc(texts, sizeof *measure->spans);
    for (size_t at = 0; at < 2; at++) {
        both[at]->documents = calloc(texts, TW_CLASSES * sizeof(float));
        both[at]->entities = calloc(texts, TW_CLASSES * sizeof(float));
    }
    if (measure->spans && measure->first.documents && measure->first.entities && measure->second.documents &&
        measure->second.entities)
        return true;
    return tw_fail(err, TW_INTERNAL, "quantise", NULL, "out of memory");
}

/* Tokens [begin, end) of each text: those of its first third, special tokens left out where there are
 * others. */
static void place_entities(struct tw_quantise_measure *measure)
{
    for (size_t text = 0; text < measure->batch.count; text++) {
        uint32_t length = (uint32_t)tw_packed_length(&measure->batch, text), begin = length > 2 ? 1 : 0;
        uint32_t third = length > 5 ? (length - 2) / 3 : 1;
        measure->spans[text] =
            (struct tw_entity_span){.sequence = (uint32_t)text, .begin = begin, .end = begin + third};
    }
}

static bool predict(struct tw_quantise_measure *measure, struct tw_predict *by, const struct tw_packed *batch,
    const struct logits *logits, struct tw_error *err)
{
    return tw_predict_run(by, batch, measure->spans, batch->count, logits->documents, logits->entities, err);
}

static bool predict_first(
    struct tw_quantise_measure *measure, const struct tw_predict_options *options, struct tw_error *err)
{
    struct tw_predict *by;
    if (!tw_predict_open(measure->model, options, &by, err))
        return false;
    bool done = predict(measure, by, &measure->batch, &measure->first, err);
    tw_predict_close(by);
    return done;
}

bool tw_quantise_measure_open(const struct tw_model *first, const struct tw_model *second,
    const struct tw_quantise_options *options, struct tw_quantise_measure **out, struct tw_error *err)
{
    const struct tw_predict_options predict_options = {
        .compute = options->compute, .threads = options->threads};
    *out = NULL;
    struct tw_quantise_measure *measure = calloc(1, sizeof *measure);
    if (!measure)
        return tw_fail(err, TW_INTERNAL, "quantise", NULL, "out of memory");
    measure->model = first;
    measure->batch = *options->calibration;
    if (!take(measure, err)) {
        tw_quantise_measure_close(measure);
        return false;
    }
    place_entities(measure);
    if (!predict_first(measure, &predict_options, err) ||
        !tw_predict_open(second, &predict_options, &measure->predict, err)) {
        tw_quantise_measure_close(measure);
        return false;
    }
    *out = measure;
    return true;
}

void tw_quantise_measure_close(struct tw_quantise_measure *measure)
{
    if (!measure)
        return;
    tw_predict_close(measure->predict);
    free(measure->spans);
    free(measure->first.documents);
    free(measure->first.entities);
    free(measure->second.documents);
    free(measure->second.entities);
    free(measure);
}

static void probabilities(const float *logits, double out[TW_CLASSES])
{
    double top = (double)logits[0], sum = 0.0;
    for (size_t class = 1; class < TW_CLASSES; class ++)
        top = (double)logits[class] > top ? (double)logits[class] : top;
    for (size_t class = 0; class < TW_CLASSES; class ++)
        sum += out[class] = exp((double)logits[class] - top);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        out[class] /= sum;
}

static size_t likeliest(const double p[TW_CLASSES])
{
    size_t best = 0;
    for (size_t class = 1; class < TW_CLASSES; class ++)
        best = p[class] > p[best] ? class : best;
    return best;
}

static void add(struct tw_quantise_loss *loss, const float *first, const float *second, size_t rows)
{
    for (size_t row = 0; row < rows; row++) {
        double p[TW_CLASSES], q[TW_CLASSES];
        probabilities(first + row * TW_CLASSES, p);
        probabilities(second + row * TW_CLASSES, q);
        for (size_t class = 0; class < TW_CLASSES; class ++)
            loss->loss += p[class] > 0.0 ? p[class] * log(p[class] / fmax(q[class], 1e-300)) : 0.0;
        loss->agreed += likeliest(p) == likeliest(q);
    }
    loss->labels += rows;
}

bool tw_quantise_measure_some(
    struct tw_quantise_measure *measure, size_t tokens, struct tw_quantise_loss *out, struct tw_error *err)
{
    struct tw_packed some = tw_packed_cut(&measure->batch, 0, tokens);
    *out = (struct tw_quantise_loss){.texts = some.count};
    if (!predict(measure, measure->predict, &some, &measure->second, err))
        return false;
    if (measure->model->has_head)
        add(out, measure->first.documents, measure->second.documents, some.count);
    if (measure->model->has_entity_head)
        add(out, measure->first.entities, measure->second.entities, some.count);
    out->loss /= (double)(out->labels ? out->labels : 1);
    return true;
}
