#include "model/heads.h"

#include <math.h>
#include <string.h>

#include "model/encoder.h"

/* The head over sequences [first, first + rows) of the batch, rows <= max_head_rows. */
static bool run_rows(const struct tw_model *model, const struct tw_batch *batch,
    struct tw_workspace *workspace, size_t first, size_t rows, struct tw_error *err)
{
    size_t hidden = model->config.hidden;
    for (size_t row = 0; row < rows; row++)
        memcpy(workspace->head_input + row * hidden,
            workspace->hidden + tw_batch_row(batch, first + row) * hidden, hidden * sizeof(float));
    const struct tw_linear *pooler = &model->pooler, *classifier = &model->classifier;
    if (!tw_gemm(workspace->gemm, rows, pooler->out, pooler->in, workspace->head_input, pooler->weight, NULL,
            workspace->head_pooled, err))
        return false;
    workspace->kernels->activate[model->pooler_activation](
        workspace->head_pooled, pooler->bias, rows, pooler->out, workspace->head_pooled);
    return tw_gemm(workspace->gemm, rows, classifier->out, classifier->in, workspace->head_pooled,
        classifier->weight, classifier->bias, workspace->head_logits, err);
}

static bool check_finite(const float *logits, size_t count, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++) {
        if (!isfinite(logits[at]))
            return tw_fail(err, TW_CONFIG, "model.safetensors", "take another checkpoint",
                "the weights make logits that are no numbers");
    }
    return true;
}

bool tw_document_logits(const struct tw_model *model, const struct tw_batch *batch,
    struct tw_workspace *workspace, float *logits, struct tw_error *err)
{
    if (!model->has_head)
        return tw_fail(err, TW_INTERNAL, "heads", NULL, "the model has no document head");
    size_t labels = model->config.labels;
    for (size_t first = 0; first < batch->count; first += workspace->max_head_rows) {
        size_t left = batch->count - first;
        size_t rows = left < workspace->max_head_rows ? left : workspace->max_head_rows;
        if (!run_rows(model, batch, workspace, first, rows, err) ||
            !check_finite(workspace->head_logits, rows * labels, err))
            return false;
        memcpy(logits + first * labels, workspace->head_logits, rows * labels * sizeof *logits);
    }
    return true;
}

bool tw_classify_sequences(const struct tw_model *model, const struct tw_batch *batch,
    struct tw_workspace *workspace, float *logits, struct tw_error *err)
{
    struct tw_batch part;
    for (size_t first = 0; first < batch->count; first += part.count) {
        part = tw_batch_cut(batch, first, workspace->max_tokens);
        if (!tw_encode(model, &part, workspace, err) ||
            !tw_document_logits(model, &part, workspace, logits + first * model->config.labels, err))
            return false;
    }
    return true;
}

void tw_class_probabilities(const struct tw_model *model, const float *logits, float probs[TW_CLASSES])
{
    const struct tw_model_config *config = &model->config;
    double scaled[TW_CLASSES], highest = -INFINITY, sum = 0.0;
    for (size_t at = 0; at < TW_CLASSES; at++) {
        scaled[at] = (double)logits[config->class_at[at]] / (double)config->temperature;
        highest = fmax(highest, scaled[at]);
    }
    for (size_t at = 0; at < TW_CLASSES; at++) {
        scaled[at] = exp(scaled[at] - highest);
        sum += scaled[at];
    }
    for (size_t at = 0; at < TW_CLASSES; at++)
        probs[at] = (float)(scaled[at] / sum);
}

void tw_mean_hidden(const struct tw_model *model, const struct tw_batch *batch,
    const struct tw_workspace *workspace, size_t sequence, size_t begin, size_t end, float *out)
{
    size_t hidden = model->config.hidden;
    const float *row = workspace->hidden + (tw_batch_row(batch, sequence) + begin) * hidden;
    for (size_t at = 0; at < hidden; at++) {
        float sum = 0.0f;
        for (size_t token = 0; token < end - begin; token++)
            sum += row[token * hidden + at];
        out[at] = sum / (float)(end - begin);
    }
}
