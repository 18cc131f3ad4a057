#include "model/encoder.h"

/* What the steps of one batch share. */
struct pass {
    const struct tw_model *model;
    const struct tw_batch *batch;
    struct tw_workspace *workspace;
    const struct tw_kernels *kernels;
    size_t tokens, hidden;
    struct tw_error *err;
};

/* Every linear map of the encoder goes through here: another form of weights is another line here. */
static bool apply(
    struct pass *pass, const struct tw_linear *linear, const float *in, const float *bias, float *out)
{
    return tw_gemm(pass->workspace->gemm, pass->tokens, linear->out, linear->in, in, linear->weight, bias,
        out, pass->err);
}

static void embed(struct pass *pass, float *out)
{
    const struct tw_model *model = pass->model;
    const struct tw_batch *batch = pass->batch;
    pass->kernels->embed_norm(batch->ids, batch->types, batch->starts, batch->count, model->words,
        model->positions, model->types, model->embedding_norm.scale, model->embedding_norm.shift,
        model->config.norm_epsilon, pass->hidden, out);
}

static void add_norm(struct pass *pass, const float *in, const struct tw_linear *linear,
    const float *residual, const struct tw_norm *norm, float *out)
{
    pass->kernels->add_norm(in, linear->bias, residual, norm->scale, norm->shift,
        pass->model->config.norm_epsilon, pass->tokens, pass->hidden, out);
}

static void attend(struct pass *pass, const struct tw_activations *keep)
{
    const struct tw_model_config *config = &pass->model->config;
    struct tw_attention_call call = {
        .query = keep->query,
        .key = keep->key,
        .value = keep->value,
        .context = keep->context,
        .starts = pass->batch->starts,
        .sequences = pass->batch->count,
        .heads = config->heads,
        .width = config->hidden / config->heads,
        .scratch = pass->workspace->attention_scratch,
    };
    pass->kernels->attention(&call);
}

static bool run_layer(
    struct pass *pass, const struct tw_layer *layer, const float *in, const struct tw_activations *keep)
{
    if (!apply(pass, &layer->query, in, layer->query.bias, keep->query) ||
        !apply(pass, &layer->key, in, layer->key.bias, keep->key) ||
        !apply(pass, &layer->value, in, layer->value.bias, keep->value))
        return false;
    attend(pass, keep);
    if (!apply(pass, &layer->attention_output, keep->context, NULL, keep->attention_sum))
        return false;
    add_norm(pass, keep->attention_sum, &layer->attention_output, in, &layer->attention_norm, keep->attended);
    if (!apply(pass, &layer->up, keep->attended, NULL, keep->raised))
        return false;
    pass->kernels->activate[pass->model->config.activation](
        keep->raised, layer->up.bias, pass->tokens, layer->up.out, keep->activated);
    if (!apply(pass, &layer->down, keep->activated, NULL, keep->lowered))
        return false;
    add_norm(pass, keep->lowered, &layer->down, keep->attended, &layer->output_norm, keep->output);
    return true;
}

static bool check_room(
    const struct tw_batch *batch, const struct tw_workspace *workspace, struct tw_error *err)
{
    size_t tokens = tw_batch_tokens(batch);
    if (tokens > workspace->max_tokens)
        return tw_fail(err, TW_INTERNAL, "encoder", NULL, "%zu tokens for a workspace of %zu", tokens,
            workspace->max_tokens);
    for (size_t sequence = 0; sequence < batch->count; sequence++) {
        if (tw_batch_length(batch, sequence) > workspace->max_sequence)
            return tw_fail(err, TW_INTERNAL, "encoder", NULL,
                "a sequence of %zu tokens for a workspace of %zu", tw_batch_length(batch, sequence),
                workspace->max_sequence);
    }
    return true;
}

bool tw_encode(const struct tw_model *model, const struct tw_batch *batch, struct tw_workspace *workspace,
    struct tw_error *err)
{
    if (!check_room(batch, workspace, err))
        return false;
    struct pass pass = {
        .model = model,
        .batch = batch,
        .workspace = workspace,
        .kernels = workspace->kernels,
        .tokens = tw_batch_tokens(batch),
        .hidden = model->config.hidden,
        .err = err,
    };
    embed(&pass, workspace->embedded);
    const float *in = workspace->embedded;
    for (size_t layer = 0; layer < model->config.layers; layer++) {
        if (!run_layer(&pass, &model->layers[layer], in, &workspace->layers[layer]))
            return false;
        in = workspace->layers[layer].output;
    }
    workspace->hidden = in;
    return true;
}
