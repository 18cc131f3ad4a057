#include "model/encoder_int8.h"

#include <string.h>

#include "model/distance.h"

/* Of sequences whose queries, keys and values are made and read at a time: they fit in the second cache
 * beside the weights that made them. */
static const size_t attention_tokens = 128;

/* What the steps of one group of sequences share. */
struct group {
    const struct tw_model *model;
    const struct tw_packed *batch; /* the group's own view */
    struct tw_workspace *workspace;
    struct tw_int8_workspace *own;
    const struct tw_int8_kernels *kernels;
    size_t tokens, hidden;
    size_t first; /* row of the whole batch */
    struct tw_error *err;
};

/* How one map is to be applied. */
struct step {
    const struct tw_layer *layer;
    const struct tw_int8_layer *packed;
    enum tw_layer_map map;
    bool next_coded; /* its output is wanted quantised, for the map that follows */
};

static bool is_coded(const struct tw_int8_layer *layer, enum tw_layer_map map)
{
    return layer->maps[map].panels != NULL;
}

static bool run_fp32(
    struct group *group, const struct tw_linear *linear, const float *in, const float *bias, float *out)
{
    return tw_linear_run(group->workspace->compute, linear, group->tokens, in, bias, out, group->err);
}

/* --- the maps of a layer -------------------------------------------------------------------------------- */

static void embed(struct group *group)
{
    const struct tw_model *model = group->model;
    const struct tw_packed *batch = group->batch;
    group->kernels->embed_norm(&(struct tw_int8_embedding){.ids = batch->ids,
        .type_of = batch->types,
        .starts = batch->starts,
        .sequences = batch->count,
        .width = group->hidden,
        .words = model->words,
        .positions = model->positions + model->config.first_position * group->hidden,
        .types = model->types,
        .scale = model->embedding_norm.scale,
        .shift = model->embedding_norm.shift,
        .epsilon = model->config.norm_epsilon,
        .out = group->own->state});
    if (is_coded(&model->int8[0], TW_MAP_ATTENTION_INPUT))
        group->kernels->quantise(group->own->state, group->tokens, 0, &group->own->narrow);
}

/* The rows from `first` on. */
static struct tw_int8_rows rows_from(const struct tw_int8_rows *rows, size_t first)
{
    return (struct tw_int8_rows){.values = rows->values + first * tw_int8_stride(rows->width),
        .scales = rows->scales + first,
        .zeros = rows->zeros + first,
        .width = rows->width};
}

/* Attention of the sequences of `part`, whose first row is number `first` of the group; `query` has its rows
 * alone, `keys` and `values` stand that far behind. */
static void attend(struct group *group, const struct step *step, const struct tw_packed *part, size_t first,
    const float *query, size_t stride, size_t apart)
{
    const struct tw_model_config *config = &group->model->config;
    const struct tw_distance_bias bias = tw_distance_bias_of(group->workspace);
    const struct tw_int8_rows quantised = rows_from(&group->own->narrow, first);
    group->kernels->attention(&(struct tw_int8_attention){.query = query,
        .key = query + apart,
        .value = query + 2 * apart,
        .stride = stride,
        .context = group->own->context + first * group->hidden,
        .starts = part->starts,
        .sequences = part->count,
        .heads = config->heads,
        .width = config->hidden / config->heads,
        .bias = group->model->distance_bias ? &bias : NULL,
        .quantised = step->next_coded ? &quantised : NULL,
        .scratch = group->own->attention_scratch});
}

/* Query, key and value in one product, for a few sequences at a time: attention reads them while they are in
 * the second cache. */
static void attend_coded(struct group *group, const struct step *step)
{
    struct tw_int8_workspace *own = group->own;
    struct tw_packed part;
    for (size_t at = 0; at < group->batch->count; at += part.count) {
        part = tw_packed_cut(group->batch, at, attention_tokens);
        const size_t first = tw_packed_row(group->batch, at);
        const struct tw_int8_rows in = rows_from(&own->narrow, first);
        group->kernels->multiply(&(struct tw_int8_product){.in = &in,
            .weights = &step->packed->maps[step->map],
            .rows = tw_packed_tokens(&part),
            .after = TW_INT8_NOTHING,
            .out = own->queries});
        attend(group, step, &part, first, own->queries, 3 * group->hidden, group->hidden);
    }
}

static bool attend_fp32(struct group *group, const struct step *step)
{
    struct tw_int8_workspace *own = group->own;
    const struct tw_layer *layer = step->layer;
    const size_t apart = tw_gemm_rows(own->max_tokens) * group->hidden;
    if (!run_fp32(group, &layer->query, own->state, layer->query.bias, own->queries) ||
        !run_fp32(group, &layer->key, own->state, layer->key.bias, own->queries + apart) ||
        !run_fp32(group, &layer->value, own->state, layer->value.bias, own->queries + 2 * apart))
        return false;
    attend(group, step, group->batch, 0, own->queries, group->hidden, apart);
    return true;
}

/* out = norm(map(in) + residual), and quantised when the next map wants it. */
static bool add_norm(struct group *group, const struct step *step, const struct tw_linear *linear,
    const struct tw_int8_rows *coded, const float *in, const float *residual, const struct tw_norm *norm,
    float *out)
{
    struct tw_int8_workspace *own = group->own;
    const float epsilon = group->model->config.norm_epsilon;
    if (is_coded(step->packed, step->map)) {
        group->kernels->multiply(&(struct tw_int8_product){.in = coded,
            .weights = &step->packed->maps[step->map],
            .rows = group->tokens,
            .after = TW_INT8_NORM,
            .residual = residual,
            .scale = norm->scale,
            .shift = norm->shift,
            .epsilon = epsilon,
            .out = out,
            .quantised = step->next_coded ? &own->narrow : NULL});
        return true;
    }
    if (!run_fp32(group, linear, in, NULL, own->lowered))
        return false;
    group->workspace->compute->kernels->add_norm(&(struct tw_add_norm_call){.in = own->lowered,
        .bias = linear->bias,
        .residual = residual,
        .scale = norm->scale,
        .shift = norm->shift,
        .epsilon = epsilon,
        .rows = group->tokens,
        .width = group->hidden,
        .sum = out,
        .out = out});
    if (step->next_coded)
        group->kernels->quantise(out, group->tokens, 0, &own->narrow);
    return true;
}

/* attended to what the second map takes: quantised rows, or fp32 ones in `raised`. */
static bool raise(struct group *group, const struct step *step)
{
    struct tw_int8_workspace *own = group->own;
    const struct tw_linear *up = &step->layer->up;
    const enum tw_activation activation = group->model->config.activation;
    if (is_coded(step->packed, step->map)) {
        group->kernels->multiply(&(struct tw_int8_product){.in = &own->narrow,
            .weights = &step->packed->maps[step->map],
            .rows = group->tokens,
            .after = (enum tw_int8_after)activation,
            .out = step->next_coded ? NULL : own->raised,
            .quantised = step->next_coded ? &own->wide : NULL,
            .scratch = own->raised});
        return true;
    }
    if (!run_fp32(group, up, own->attended, NULL, own->raised))
        return false;
    group->workspace->compute->kernels->activate[activation](
        own->raised, up->bias, group->tokens, up->out, own->raised);
    if (step->next_coded)
        group->kernels->quantise(own->raised, group->tokens, 0, &own->wide);
    return true;
}

/* --- a group through all layers ------------------------------------------------------------------------- */

static struct step step_of(const struct group *group, size_t layer, enum tw_layer_map map)
{
    const struct tw_model *model = group->model;
    const bool last = map == TW_MAP_DOWN;
    const struct tw_int8_layer *next = &model->int8[last ? layer + 1 : layer];
    return (struct step){.layer = &model->layers[layer],
        .packed = &model->int8[layer],
        .map = map,
        .next_coded = last ? layer + 1 < model->config.layers && is_coded(next, TW_MAP_ATTENTION_INPUT)
                           : is_coded(next, map + 1)};
}

/* own->state to `out`, which may be own->state. */
static bool run_layer(struct group *group, size_t number, float *out)
{
    struct tw_int8_workspace *own = group->own;
    const struct step input = step_of(group, number, TW_MAP_ATTENTION_INPUT),
                      output = step_of(group, number, TW_MAP_ATTENTION_OUTPUT),
                      up = step_of(group, number, TW_MAP_UP), down = step_of(group, number, TW_MAP_DOWN);
    const struct tw_layer *layer = input.layer;
    if (is_coded(input.packed, input.map))
        attend_coded(group, &input);
    else if (!attend_fp32(group, &input))
        return false;
    return add_norm(group, &output, &layer->attention_output, &own->narrow, own->context, own->state,
               &layer->attention_norm, own->attended) &&
           raise(group, &up) &&
           add_norm(
               group, &down, &layer->down, &own->wide, own->raised, own->attended, &layer->output_norm, out);
}

/* Rows of the group to their place in the whole batch. */
static void keep(const struct group *group, const float *rows, float *whole)
{
    memcpy(whole + group->first * group->hidden, rows, group->tokens * group->hidden * sizeof *rows);
}

static bool run_group(struct group *group)
{
    struct tw_workspace *workspace = group->workspace;
    const size_t layers = group->model->config.layers;
    embed(group);
    if (workspace->keeps_layers)
        keep(group, group->own->state, workspace->embedded);
    for (size_t layer = 0; layer < layers; layer++) {
        if (!run_layer(group, layer, group->own->state))
            return false;
        if (workspace->keeps_layers)
            keep(group, group->own->state, workspace->layers[layer].output);
    }
    if (!workspace->keeps_layers)
        keep(group, group->own->state, workspace->layers[0].output);
    return true;
}

bool tw_encode_int8(const struct tw_model *model, const struct tw_packed *batch,
    struct tw_workspace *workspace, struct tw_error *err)
{
    struct tw_packed part;
    for (size_t first = 0; first < batch->count; first += part.count) {
        part = tw_packed_cut(batch, first, workspace->int8.max_tokens);
        struct group group = {.model = model,
            .batch = &part,
            .workspace = workspace,
            .own = &workspace->int8,
            .kernels = workspace->compute->int8,
            .tokens = tw_packed_tokens(&part),
            .hidden = model->config.hidden,
            .first = (size_t)(part.starts[0] - batch->starts[0]),
            .err = err};
        if (!run_group(&group))
            return false;
    }
    workspace->hidden = workspace->layers[model->config.layers - 1].output;
    return true;
}
