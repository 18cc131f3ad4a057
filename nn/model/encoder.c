#include "model/encoder.h"

#include "model/distance.h"
#include "model/encoder_int8.h"

/* What the steps of one batch share. */
struct pass {
    const struct tw_model *model;
    const struct tw_packed *batch;
    struct tw_workspace *workspace;
    const struct tw_kernels *kernels;
    size_t tokens, hidden;
    struct tw_error *err;
};

bool tw_encoder_dropout(const struct tw_model *model, const struct tw_dropout_plan *plan,
    enum tw_drop_place place, size_t layer, struct tw_dropout *out)
{
    if (!plan || (place == TW_DROP_ATTENDED && model->config.family == TW_DISTILBERT))
        return false;
    bool of_head = place == TW_DROP_DOCUMENT || place == TW_DROP_ENTITY;
    uint32_t threshold = place == TW_DROP_ATTENTION ? plan->attention : of_head ? plan->head : plan->hidden;
    *out = tw_dropout_at(plan, threshold, place, layer);
    return threshold > 0;
}

static bool apply(
    struct pass *pass, const struct tw_linear *linear, const float *in, const float *bias, float *out)
{
    return tw_linear_run(pass->workspace->compute, linear, pass->tokens, in, bias, out, pass->err);
}

static void embed(struct pass *pass, float *out)
{
    const struct tw_model *model = pass->model;
    const struct tw_packed *batch = pass->batch;
    pass->kernels->embed_norm(batch->ids, batch->types, batch->starts, batch->count, model->words,
        model->positions + model->config.first_position * pass->hidden, model->types,
        model->embedding_norm.scale, model->embedding_norm.shift, model->config.norm_epsilon, pass->hidden,
        out);
    struct tw_dropout dropout;
    if (tw_encoder_dropout(model, pass->workspace->dropout, TW_DROP_EMBEDDED, 0, &dropout))
        pass->kernels->drop(&dropout, batch->starts[0], out, pass->tokens, pass->hidden, out);
}

/* What is normalised is kept in place of `in`, when activations are kept. */
static void add_norm(struct pass *pass, float *in, const struct tw_linear *linear, const float *residual,
    const struct tw_norm *norm, enum tw_drop_place place, size_t layer, float *out)
{
    struct tw_dropout dropout;
    bool drops = tw_encoder_dropout(pass->model, pass->workspace->dropout, place, layer, &dropout);
    struct tw_add_norm_call call = {
        .in = in,
        .bias = linear->bias,
        .residual = residual,
        .scale = norm->scale,
        .shift = norm->shift,
        .epsilon = pass->model->config.norm_epsilon,
        .rows = pass->tokens,
        .width = pass->hidden,
        .dropout = drops ? &dropout : NULL,
        .first_row = pass->batch->starts[0],
        .sum = pass->workspace->keeps_layers ? in : out,
        .out = out,
    };
    pass->kernels->add_norm(&call);
}

/* --- layers --------------------------------------------------------------------------------------------- */

static void attend(struct pass *pass, size_t layer, const struct tw_activations *keep)
{
    const struct tw_model_config *config = &pass->model->config;
    struct tw_dropout dropout;
    bool drops =
        tw_encoder_dropout(pass->model, pass->workspace->dropout, TW_DROP_ATTENTION, layer, &dropout);
    struct tw_distance_bias bias = tw_distance_bias_of(pass->workspace);
    struct tw_attention_call call = {
        .query = keep->query,
        .key = keep->key,
        .value = keep->value,
        .context = keep->context,
        .starts = pass->batch->starts,
        .sequences = pass->batch->count,
        .heads = config->heads,
        .width = config->hidden / config->heads,
        .bias = pass->model->distance_bias ? &bias : NULL,
        .dropout = drops ? &dropout : NULL,
        .scratch = pass->workspace->attention_scratch,
    };
    pass->kernels->attention(&call);
}

static bool run_layer(struct pass *pass, size_t number, const float *in, const struct tw_activations *keep)
{
    const struct tw_layer *layer = &pass->model->layers[number];
    if (!apply(pass, &layer->query, in, layer->query.bias, keep->query) ||
        !apply(pass, &layer->key, in, layer->key.bias, keep->key) ||
        !apply(pass, &layer->value, in, layer->value.bias, keep->value))
        return false;
    attend(pass, number, keep);
    if (!apply(pass, &layer->attention_output, keep->context, NULL, keep->attention_sum))
        return false;
    add_norm(pass, keep->attention_sum, &layer->attention_output, in, &layer->attention_norm,
        TW_DROP_ATTENDED, number, keep->attended);
    if (!apply(pass, &layer->up, keep->attended, NULL, keep->raised))
        return false;
    pass->kernels->activate[pass->model->config.activation](
        keep->raised, layer->up.bias, pass->tokens, layer->up.out, keep->activated);
    if (!apply(pass, &layer->down, keep->activated, NULL, keep->lowered))
        return false;
    add_norm(pass, keep->lowered, &layer->down, keep->attended, &layer->output_norm, TW_DROP_LOWERED, number,
        keep->output);
    return true;
}

static bool check_room(
    const struct tw_packed *batch, const struct tw_workspace *workspace, struct tw_error *err)
{
    size_t tokens = tw_packed_tokens(batch);
    if (tokens > workspace->max_tokens)
        return tw_fail(err, TW_INTERNAL, "encoder", NULL, "%zu tokens for a workspace of %zu", tokens,
            workspace->max_tokens);
    for (size_t sequence = 0; sequence < batch->count; sequence++) {
        if (tw_packed_length(batch, sequence) > workspace->max_sequence)
            return tw_fail(err, TW_INTERNAL, "encoder", NULL,
                "a sequence of %zu tokens for a workspace of %zu", tw_packed_length(batch, sequence),
                workspace->max_sequence);
    }
    return true;
}

bool tw_encode(const struct tw_model *model, const struct tw_packed *batch, struct tw_workspace *workspace,
    struct tw_error *err)
{
    if (!check_room(batch, workspace, err))
        return false;
    struct pass pass = {
        .model = model,
        .batch = batch,
        .workspace = workspace,
        .kernels = workspace->compute->kernels,
        .tokens = tw_packed_tokens(batch),
        .hidden = model->config.hidden,
        .err = err,
    };
    if (model->distance_bias)
        tw_distance_spread(pass.model, pass.batch, pass.workspace);
    if (model->int8)
        return tw_encode_int8(model, batch, workspace, err);
    embed(&pass, workspace->embedded);
    const float *in = workspace->embedded;
    for (size_t layer = 0; layer < model->config.layers; layer++) {
        if (!run_layer(&pass, layer, in, &workspace->layers[layer]))
            return false;
        in = workspace->layers[layer].output;
    }
    workspace->hidden = in;
    return true;
}
