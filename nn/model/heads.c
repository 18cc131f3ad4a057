#include "model/heads.h"

#include <math.h>
#include <string.h>

#include "model/encoder.h"

struct tw_head tw_head_of(const struct tw_model *model, enum tw_model_part part)
{
    if (part == TW_PART_ENTITY)
        return (struct tw_head){&model->entity_pooler, &model->entity_classifier, TW_TANH, TW_DROP_ENTITY};
    return (struct tw_head){&model->pooler, &model->classifier, model->pooler_activation, TW_DROP_DOCUMENT};
}

void tw_head_gather_documents(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, size_t first, size_t rows)
{
    size_t hidden = model->config.hidden;
    for (size_t row = 0; row < rows; row++)
        memcpy(workspace->head_input + row * hidden,
            workspace->hidden + tw_packed_row(batch, first + row) * hidden, hidden * sizeof(float));
}

void tw_head_gather_entities(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, const struct tw_entity_span *spans, size_t rows)
{
    size_t hidden = model->config.hidden;
    for (size_t row = 0; row < rows; row++) {
        float *input = workspace->head_input + row * 2 * hidden;
        memcpy(input, workspace->hidden + tw_packed_row(batch, spans[row].sequence) * hidden,
            hidden * sizeof *input);
        tw_mean_hidden(
            model, batch, workspace, spans[row].sequence, spans[row].begin, spans[row].end, input + hidden);
    }
}

bool tw_head_run(const struct tw_model *model, const struct tw_head *head, struct tw_workspace *workspace,
    const uint32_t *numbers, size_t rows, struct tw_error *err)
{
    const struct tw_linear *pooler = head->pooler, *classifier = head->classifier;
    if (!tw_linear_run(
            workspace->compute, pooler, rows, workspace->head_input, NULL, workspace->head_raised, err))
        return false;
    workspace->compute->kernels->activate[head->activation](
        workspace->head_raised, pooler->bias, rows, pooler->out, workspace->head_pooled);
    struct tw_dropout dropout;
    if (numbers && tw_encoder_dropout(model, workspace->dropout, head->place, 0, &dropout)) {
        for (size_t row = 0; row < rows; row++)
            workspace->compute->kernels->drop(&dropout, numbers[row],
                workspace->head_pooled + row * pooler->out, 1, pooler->out,
                workspace->head_pooled + row * pooler->out);
    }
    return tw_linear_run(workspace->compute, classifier, rows, workspace->head_pooled, classifier->bias,
        workspace->head_logits, err);
}

struct tw_linear tw_masked_decoder(const struct tw_model *model)
{
    return (struct tw_linear){.weight = model->words,
        .bias = model->masked_bias,
        .in = model->config.hidden,
        .out = model->config.vocabulary};
}

bool tw_masked_run(
    const struct tw_model *model, struct tw_workspace *workspace, size_t rows, struct tw_error *err)
{
    const struct tw_linear *transform = &model->masked_transform;
    const struct tw_kernels *kernels = workspace->compute->kernels;
    const struct tw_linear decoder = tw_masked_decoder(model);
    if (!tw_linear_run(workspace->compute, transform, rows, workspace->masked_input, NULL,
            workspace->masked_raised, err))
        return false;
    kernels->activate[model->masked_activation](
        workspace->masked_raised, transform->bias, rows, transform->out, workspace->masked_activated);
    kernels->norm(workspace->masked_activated, model->masked_norm.scale, model->masked_norm.shift,
        model->config.norm_epsilon, rows, transform->out, workspace->masked_normed);
    return tw_linear_run(workspace->compute, &decoder, rows, workspace->masked_normed, decoder.bias,
        workspace->masked_logits, err);
}

static bool check_finite(
    const struct tw_model *model, const float *logits, size_t count, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++) {
        if (!isfinite(logits[at]))
            return tw_fail(err, TW_CONFIG, model->file_name ? model->file_name : TW_FILE_WEIGHTS,
                "take another checkpoint", "the weights make logits that are no numbers");
    }
    return true;
}

bool tw_document_logits(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, float *logits, struct tw_error *err)
{
    if (!model->has_head)
        return tw_fail(err, TW_INTERNAL, "heads", NULL, "the model has no document head");
    size_t labels = model->config.labels;
    struct tw_head head = tw_head_of(model, TW_PART_DOCUMENT);
    for (size_t first = 0; first < batch->count; first += workspace->max_head_rows) {
        size_t left = batch->count - first;
        size_t rows = left < workspace->max_head_rows ? left : workspace->max_head_rows;
        tw_head_gather_documents(model, batch, workspace, first, rows);
        if (!tw_head_run(model, &head, workspace, NULL, rows, err) ||
            !check_finite(model, workspace->head_logits, rows * labels, err))
            return false;
        memcpy(logits + first * labels, workspace->head_logits, rows * labels * sizeof *logits);
    }
    return true;
}

bool tw_entity_spans_check(
    const struct tw_packed *batch, const struct tw_entity_span *spans, size_t count, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++) {
        const struct tw_entity_span *span = &spans[at];
        if (span->sequence >= batch->count || span->begin >= span->end ||
            span->end > tw_packed_length(batch, span->sequence))
            return tw_fail(err, TW_INTERNAL, "heads", NULL,
                "entity %zu: tokens [%u, %u) of sequence %u are not in the batch", at, span->begin, span->end,
                span->sequence);
    }
    return true;
}

bool tw_entity_logits(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, const struct tw_entity_span *spans, size_t count, float *logits,
    struct tw_error *err)
{
    if (!model->has_entity_head)
        return tw_fail(err, TW_INTERNAL, "heads", NULL, "the model has no entity head");
    if (!tw_entity_spans_check(batch, spans, count, err))
        return false;
    size_t labels = model->config.labels;
    struct tw_head head = tw_head_of(model, TW_PART_ENTITY);
    for (size_t first = 0; first < count; first += workspace->max_head_rows) {
        size_t left = count - first;
        size_t rows = left < workspace->max_head_rows ? left : workspace->max_head_rows;
        tw_head_gather_entities(model, batch, workspace, spans + first, rows);
        if (!tw_head_run(model, &head, workspace, NULL, rows, err) ||
            !check_finite(model, workspace->head_logits, rows * labels, err))
            return false;
        memcpy(logits + first * labels, workspace->head_logits, rows * labels * sizeof *logits);
    }
    return true;
}

void tw_mean_hidden(const struct tw_model *model, const struct tw_packed *batch,
    const struct tw_workspace *workspace, size_t sequence, size_t begin, size_t end, float *out)
{
    size_t hidden = model->config.hidden;
    const float *row = workspace->hidden + (tw_packed_row(batch, sequence) + begin) * hidden;
    for (size_t at = 0; at < hidden; at++) {
        float sum = 0.0f;
        for (size_t token = 0; token < end - begin; token++)
            sum += row[token * hidden + at];
        out[at] = sum / (float)(end - begin);
    }
}
