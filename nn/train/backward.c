#include "train/backward.h"

#include <string.h>

#include "base/size.h"
#include "model/distance.h"
#include "model/encoder.h"

/* --- scratch -------------------------------------------------------------------------------------------- */

/* Counts first, takes second, as workspace.c does. */
struct taker {
    struct tw_arena *arena; /* NULL: only count */
    size_t bytes;
    bool overflow;
};

static float *take(struct taker *taker, size_t rows, size_t width)
{
    size_t bytes;
    if (!tw_size_multiply(rows, width, &bytes) || !tw_size_multiply(bytes, sizeof(float), &bytes) ||
        !tw_size_add(taker->bytes, bytes, &taker->bytes) || !tw_size_add(taker->bytes, 128, &taker->bytes)) {
        taker->overflow = true;
        return NULL;
    }
    return taker->arena ? tw_arena_aligned(taker->arena, bytes) : NULL;
}

static void take_all(struct taker *taker, struct tw_backward *out)
{
    const struct tw_model_config *config = &out->model->config;
    const struct tw_workspace *workspace = out->workspace;
    size_t rows = tw_gemm_rows(workspace->max_tokens), heads = tw_gemm_rows(workspace->max_head_rows);
    out->d_hidden = take(taker, rows, config->hidden);
    out->d_sum = take(taker, rows, config->hidden);
    out->d_other = take(taker, rows, config->hidden);
    out->d_query = take(taker, rows, config->hidden);
    out->d_key = take(taker, rows, config->hidden);
    out->d_value = take(taker, rows, config->hidden);
    out->d_wide = take(taker, rows, config->intermediate);
    out->attention_scratch =
        take(taker, 1, tw_attention_backward_floats(workspace->max_sequence, config->hidden / config->heads));
    if (config->distance_buckets > 0)
        out->d_bias = take(taker, config->heads, 2 * workspace->max_sequence - 1);
    out->d_head_pooled = take(taker, heads, config->hidden);
    out->d_head_input = take(taker, heads, 2 * config->hidden);
    size_t words = tw_gemm_rows(workspace->max_masked_rows);
    out->d_masked = take(taker, words, config->hidden);
    out->d_masked_input = take(taker, words, config->hidden);
}

static bool open_scratch(struct tw_backward *out, struct tw_error *err)
{
    struct taker counter = {0};
    take_all(&counter, out);
    if (counter.overflow)
        return tw_fail(err, TW_INTERNAL, "backward", "ask for fewer tokens", "too large for this machine");
    if (!tw_arena_begin(&out->arena, counter.bytes + 4096, err))
        return false;
    struct taker taker = {.arena = &out->arena};
    take_all(&taker, out);
    if (!out->arena.full)
        return true;
    tw_arena_fail(&out->arena, err);
    tw_backward_close(out);
    return false;
}

bool tw_backward_open(const struct tw_state *state, const struct tw_workspace *workspace,
    struct tw_backward *out, struct tw_error *err)
{
    *out = (struct tw_backward){.model = state->model, .state = state, .workspace = workspace};
    return open_scratch(out, err);
}

bool tw_backward_open_inputs(const struct tw_model *model, const struct tw_workspace *workspace,
    struct tw_backward *out, struct tw_error *err)
{
    *out = (struct tw_backward){.model = model, .workspace = workspace};
    return open_scratch(out, err);
}

void tw_backward_close(struct tw_backward *backward)
{
    tw_arena_end(&backward->arena);
    *backward = (struct tw_backward){0};
}

void tw_backward_begin(struct tw_backward *backward, const struct tw_packed *batch)
{
    memset(backward->d_hidden, 0,
        tw_packed_tokens(batch) * backward->model->config.hidden * sizeof *backward->d_hidden);
    if (backward->d_bias)
        memset(backward->d_bias, 0,
            backward->model->config.heads * tw_distance_bias_of(backward->workspace).stride *
                sizeof *backward->d_bias);
}

/* --- steps shared by layers and heads ------------------------------------------------------------------- */

/* Where the gradient of a parameter stands: the model's values and the gradients have one layout. */
static float *gradient_of(const struct tw_backward *backward, const float *parameter)
{
    return backward->gradients + (parameter - backward->state->values);
}

static bool learns(const struct tw_backward *backward, size_t depth)
{
    return backward->state && backward->state->rates[depth] > 0.0;
}

/* The lowest depth that a gradient is wanted for. */
static size_t lowest_depth(const struct tw_backward *backward)
{
    return backward->state ? tw_state_lowest(backward->state) : 0;
}

static const struct tw_backward_kernels *kernels_of(const struct tw_backward *backward)
{
    return backward->workspace->compute->kernels->backward;
}

/* y = x W^T, bias apart:  dW += dY^T X */
static bool back_weight(const struct tw_backward *backward, const struct tw_linear *linear, size_t rows,
    const float *d_y, const float *x, struct tw_error *err)
{
    return tw_linear_back_weight(
        backward->workspace->compute, linear, rows, d_y, x, gradient_of(backward, linear->weight), err);
}

/* dX = (+=) dY W */
static bool back_input(const struct tw_backward *backward, const struct tw_linear *linear, size_t rows,
    const float *d_y, bool more, float *d_x, struct tw_error *err)
{
    return tw_linear_back_input(backward->workspace->compute, linear, rows, d_y, more, d_x, err);
}

static void back_bias(
    const struct tw_backward *backward, const struct tw_linear *linear, size_t rows, const float *d_y)
{
    kernels_of(backward)->add_rows(d_y, rows, linear->out, gradient_of(backward, linear->bias));
}

/* --- heads ---------------------------------------------------------------------------------------------- */

bool tw_backward_projection(struct tw_backward *backward, const float *hidden, size_t rows,
    const float *d_projected, struct tw_error *err)
{
    const struct tw_linear *projection = &backward->model->projection;
    return back_weight(backward, projection, rows, d_projected, hidden, err) &&
           back_input(backward, projection, rows, d_projected, true, backward->d_hidden, err);
}

/* Dropout of the pooled rows, taken back: the same mask on the gradient. */
static void back_head_dropout(
    struct tw_backward *backward, const struct tw_head *head, const uint32_t *numbers, size_t rows)
{
    const struct tw_workspace *workspace = backward->workspace;
    size_t width = head->pooler->out;
    struct tw_dropout dropout;
    if (!tw_encoder_dropout(backward->model, workspace->dropout, head->place, 0, &dropout))
        return;
    for (size_t row = 0; row < rows; row++)
        workspace->compute->kernels->drop(&dropout, numbers[row], backward->d_head_pooled + row * width, 1,
            width, backward->d_head_pooled + row * width);
}

/* tw_head_gather_documents: a row went to [CLS]. */
static void scatter_documents(
    struct tw_backward *backward, const struct tw_packed *batch, size_t first, size_t rows)
{
    size_t hidden = backward->model->config.hidden;
    for (size_t row = 0; row < rows; row++)
        kernels_of(backward)->add(backward->d_head_input + row * hidden, hidden,
            backward->d_hidden + tw_packed_row(batch, first + row) * hidden);
}

/* tw_head_gather_entities: half a row went to [CLS], half is the mean of the entity's tokens. */
static void scatter_entities(struct tw_backward *backward, const struct tw_packed *batch,
    const struct tw_entity_span *spans, size_t rows)
{
    size_t hidden = backward->model->config.hidden;
    for (size_t row = 0; row < rows; row++) {
        float *d_input = backward->d_head_input + row * 2 * hidden, *d_mean = d_input + hidden;
        float *d_first = backward->d_hidden + tw_packed_row(batch, spans[row].sequence) * hidden;
        kernels_of(backward)->add(d_input, hidden, d_first);
        float share = 1.0f / (float)(spans[row].end - spans[row].begin);
        for (size_t at = 0; at < hidden; at++)
            d_mean[at] *= share;
        for (size_t token = spans[row].begin; token < spans[row].end; token++)
            kernels_of(backward)->add(d_mean, hidden, d_first + token * hidden);
    }
}

bool tw_backward_head(struct tw_backward *backward, const struct tw_packed *batch, const struct tw_head *head,
    const struct tw_entity_span *spans, size_t first, const uint32_t *numbers, size_t rows,
    const float *d_logits, struct tw_error *err)
{
    const struct tw_workspace *workspace = backward->workspace;
    const struct tw_linear *pooler = head->pooler, *classifier = head->classifier;
    float *d_pooled = backward->d_head_pooled;
    size_t depth = backward->model->config.layers + 1;
    bool wanted = learns(backward, depth);
    if (!wanted && backward->state)
        return true;
    /* logits = classifier(pooled) */
    if (wanted)
        back_bias(backward, classifier, rows, d_logits);
    if (wanted && !back_weight(backward, classifier, rows, d_logits, workspace->head_pooled, err))
        return false;
    if (!back_input(backward, classifier, rows, d_logits, false, d_pooled, err))
        return false;
    /* pooled = dropout(activation(raised + bias)) */
    back_head_dropout(backward, head, numbers, rows);
    kernels_of(backward)->activate[head->activation](workspace->head_raised, pooler->bias, d_pooled, rows,
        pooler->out, d_pooled, wanted ? gradient_of(backward, pooler->bias) : NULL);
    /* raised = input W^T */
    if (wanted && !back_weight(backward, pooler, rows, d_pooled, workspace->head_input, err))
        return false;
    if (!back_input(backward, pooler, rows, d_pooled, false, backward->d_head_input, err))
        return false;
    if (spans)
        scatter_entities(backward, batch, spans, rows);
    else
        scatter_documents(backward, batch, first, rows);
    return true;
}

bool tw_backward_masked(struct tw_backward *backward, const uint32_t *rows, size_t count,
    const float *d_logits, struct tw_error *err)
{
    const struct tw_workspace *workspace = backward->workspace;
    const struct tw_model *model = backward->model;
    const struct tw_linear *transform = &model->masked_transform;
    const struct tw_linear decoder = tw_masked_decoder(model);
    size_t hidden = model->config.hidden;
    float *d_rows = backward->d_masked;
    if (!learns(backward, model->config.layers + 1))
        return true;
    /* logits = normed words^T + bias; the words are the embedding's */
    back_bias(backward, &decoder, count, d_logits);
    if (learns(backward, 0) &&
        !back_weight(backward, &decoder, count, d_logits, workspace->masked_normed, err))
        return false;
    if (!back_input(backward, &decoder, count, d_logits, false, d_rows, err))
        return false;
    /* normed = norm(activated) */
    kernels_of(backward)->norm(workspace->masked_activated, model->masked_norm.scale,
        model->config.norm_epsilon, d_rows, count, hidden, d_rows,
        gradient_of(backward, model->masked_norm.scale), gradient_of(backward, model->masked_norm.shift));
    /* activated = activation(raised + bias) */
    kernels_of(backward)->activate[model->masked_activation](workspace->masked_raised, transform->bias,
        d_rows, count, hidden, d_rows, gradient_of(backward, transform->bias));
    /* raised = input W^T */
    if (!back_weight(backward, transform, count, d_rows, workspace->masked_input, err))
        return false;
    float *d_input = backward->d_masked_input;
    if (!back_input(backward, transform, count, d_rows, false, d_input, err))
        return false;
    for (size_t row = 0; row < count; row++)
        kernels_of(backward)->add(
            d_input + row * hidden, hidden, backward->d_hidden + (size_t)rows[row] * hidden);
    return true;
}

/* --- the encoder ---------------------------------------------------------------------------------------- */

/* out = norm(sum), sum = dropout(in + bias) + residual. From d_hidden, the gradient by out: d_hidden becomes
 * that by the residual, d_other that by `in`. */
static void back_add_norm(struct tw_backward *backward, const struct tw_packed *batch, const float *sum,
    const struct tw_linear *linear, const struct tw_norm *norm, enum tw_drop_place place, size_t layer)
{
    const struct tw_workspace *workspace = backward->workspace;
    const struct tw_model *model = backward->model;
    size_t rows = tw_packed_tokens(batch), hidden = model->config.hidden;
    bool wanted = learns(backward, layer + 1);
    kernels_of(backward)->norm(sum, norm->scale, model->config.norm_epsilon, backward->d_hidden, rows, hidden,
        backward->d_hidden, wanted ? gradient_of(backward, norm->scale) : NULL,
        wanted ? gradient_of(backward, norm->shift) : NULL);
    struct tw_dropout dropout;
    if (tw_encoder_dropout(model, workspace->dropout, place, layer, &dropout))
        workspace->compute->kernels->drop(
            &dropout, batch->starts[0], backward->d_hidden, rows, hidden, backward->d_other);
    else
        memcpy(backward->d_other, backward->d_hidden, rows * hidden * sizeof(float));
    if (wanted)
        back_bias(backward, linear, rows, backward->d_other);
}

/* run_layer's second half: output = norm(lowered + attended), lowered = activated W^T, activated =
 * activation(raised), raised = attended W^T. */
static bool back_feed_forward(
    struct tw_backward *backward, const struct tw_packed *batch, size_t number, struct tw_error *err)
{
    const struct tw_model *model = backward->model;
    const struct tw_layer *layer = &model->layers[number];
    const struct tw_activations *keep = &backward->workspace->layers[number];
    size_t rows = tw_packed_tokens(batch);
    bool wanted = learns(backward, number + 1);
    back_add_norm(backward, batch, keep->lowered, &layer->down, &layer->output_norm, TW_DROP_LOWERED, number);
    if (wanted && !back_weight(backward, &layer->down, rows, backward->d_other, keep->activated, err))
        return false;
    if (!back_input(backward, &layer->down, rows, backward->d_other, false, backward->d_wide, err))
        return false;
    kernels_of(backward)->activate[model->config.activation](keep->raised, layer->up.bias, backward->d_wide,
        rows, layer->up.out, backward->d_wide, wanted ? gradient_of(backward, layer->up.bias) : NULL);
    if (wanted && !back_weight(backward, &layer->up, rows, backward->d_wide, keep->attended, err))
        return false;
    return back_input(backward, &layer->up, rows, backward->d_wide, true, backward->d_hidden, err);
}

/* From d_sum, the gradient by context, to those by query, key and value. */
static void back_attend(struct tw_backward *backward, const struct tw_packed *batch, size_t number)
{
    const struct tw_model *model = backward->model;
    const struct tw_activations *keep = &backward->workspace->layers[number];
    struct tw_dropout dropout;
    bool drops = tw_encoder_dropout(model, backward->workspace->dropout, TW_DROP_ATTENTION, number, &dropout);
    struct tw_distance_bias bias = tw_distance_bias_of(backward->workspace);
    struct tw_attention_backward_call call = {
        .query = keep->query,
        .key = keep->key,
        .value = keep->value,
        .d_context = backward->d_sum,
        .d_query = backward->d_query,
        .d_key = backward->d_key,
        .d_value = backward->d_value,
        .starts = batch->starts,
        .sequences = batch->count,
        .heads = model->config.heads,
        .width = model->config.hidden / model->config.heads,
        .bias = model->distance_bias ? &bias : NULL,
        .d_bias = learns(backward, 0) ? backward->d_bias : NULL,
        .dropout = drops ? &dropout : NULL,
        .scratch = backward->attention_scratch,
    };
    kernels_of(backward)->attention(&call);
}

/* query, key and value are three maps of the layer's input. */
static bool back_projections(
    struct tw_backward *backward, const struct tw_packed *batch, size_t number, struct tw_error *err)
{
    const struct tw_layer *layer = &backward->model->layers[number];
    const struct tw_workspace *workspace = backward->workspace;
    const float *in = number ? workspace->layers[number - 1].output : workspace->embedded;
    size_t rows = tw_packed_tokens(batch);
    bool deeper = lowest_depth(backward) <= number;
    const struct {
        const struct tw_linear *linear;
        const float *d_out;
    } maps[] = {{&layer->value, backward->d_value}, {&layer->key, backward->d_key},
        {&layer->query, backward->d_query}};
    for (size_t at = 0; at < sizeof maps / sizeof maps[0]; at++) {
        if (learns(backward, number + 1)) {
            back_bias(backward, maps[at].linear, rows, maps[at].d_out);
            if (!back_weight(backward, maps[at].linear, rows, maps[at].d_out, in, err))
                return false;
        }
        if (deeper &&
            !back_input(backward, maps[at].linear, rows, maps[at].d_out, true, backward->d_hidden, err))
            return false;
    }
    return true;
}

bool tw_backward_layer(
    struct tw_backward *backward, const struct tw_packed *batch, size_t number, struct tw_error *err)
{
    const struct tw_layer *layer = &backward->model->layers[number];
    const struct tw_activations *keep = &backward->workspace->layers[number];
    size_t rows = tw_packed_tokens(batch);
    if (!back_feed_forward(backward, batch, number, err))
        return false;
    /* attended = norm(attention_sum + in), attention_sum = context W^T */
    back_add_norm(backward, batch, keep->attention_sum, &layer->attention_output, &layer->attention_norm,
        TW_DROP_ATTENDED, number);
    if (learns(backward, number + 1) &&
        !back_weight(backward, &layer->attention_output, rows, backward->d_other, keep->context, err))
        return false;
    if (!back_input(backward, &layer->attention_output, rows, backward->d_other, false, backward->d_sum, err))
        return false;
    back_attend(backward, batch, number);
    return back_projections(backward, batch, number, err);
}

/* What embed_norm normalised, once more: the sum of three embeddings. */
static void embedding_sum(
    const struct tw_model *model, const struct tw_packed *batch, size_t sequence, size_t token, float *out)
{
    size_t hidden = model->config.hidden, at = batch->starts[sequence] + token;
    const float *word = model->words + (size_t)batch->ids[at] * hidden;
    const float *position = model->positions + (model->config.first_position + token) * hidden;
    const float *type = model->types ? model->types + (batch->types ? batch->types[at] : 0u) * hidden : NULL;
    for (size_t column = 0; column < hidden; column++)
        out[column] = word[column] + (type ? type[column] : 0.0f) + position[column];
}

/* A token's gradient falls on the rows of the three tables that were summed, in the order of tokens. */
static void scatter_embedding(const struct tw_backward *backward, const struct tw_packed *batch,
    size_t sequence, size_t token, const float *d_sum)
{
    const struct tw_model *model = backward->model;
    size_t hidden = model->config.hidden, at = batch->starts[sequence] + token;
    const struct tw_backward_kernels *kernels = kernels_of(backward);
    kernels->add(d_sum, hidden, gradient_of(backward, model->words) + (size_t)batch->ids[at] * hidden);
    kernels->add(d_sum, hidden,
        gradient_of(backward, model->positions) + (model->config.first_position + token) * hidden);
    if (model->types)
        kernels->add(d_sum, hidden,
            gradient_of(backward, model->types) + (batch->types ? batch->types[at] : 0u) * hidden);
}

/* What all layers gave for each distance, nearest first, falls on the distance's bucket. */
static void gather_bias(const struct tw_backward *backward)
{
    const struct tw_model *model = backward->model;
    struct tw_distance_bias bias = tw_distance_bias_of(backward->workspace);
    float *d_table = gradient_of(backward, model->distance_bias);
    size_t heads = model->config.heads;
    for (size_t distance = 0; distance <= bias.middle; distance++) {
        size_t before = tw_distance_bucket(distance, false), after = tw_distance_bucket(distance, true);
        for (size_t head = 0; head < heads; head++) {
            const float *middle = backward->d_bias + head * bias.stride + bias.middle;
            d_table[before * heads + head] += middle[-(ptrdiff_t)distance];
            if (distance > 0)
                d_table[after * heads + head] += middle[distance];
        }
    }
}

/* embedded = dropout(norm(sum)): from the gradient by `embedded`, d_hidden becomes that by the sum. */
static void back_embedding_norm(struct tw_backward *backward, const struct tw_packed *batch, bool wanted)
{
    const struct tw_model *model = backward->model;
    const struct tw_workspace *workspace = backward->workspace;
    size_t rows = tw_packed_tokens(batch), hidden = model->config.hidden;
    struct tw_dropout dropout;
    if (tw_encoder_dropout(model, workspace->dropout, TW_DROP_EMBEDDED, 0, &dropout))
        workspace->compute->kernels->drop(
            &dropout, batch->starts[0], backward->d_hidden, rows, hidden, backward->d_hidden);
    for (size_t sequence = 0; sequence < batch->count; sequence++) {
        for (size_t token = 0; token < tw_packed_length(batch, sequence); token++)
            embedding_sum(model, batch, sequence, token,
                backward->d_sum + (tw_packed_row(batch, sequence) + token) * hidden);
    }
    kernels_of(backward)->norm(backward->d_sum, model->embedding_norm.scale, model->config.norm_epsilon,
        backward->d_hidden, rows, hidden, backward->d_hidden,
        wanted ? gradient_of(backward, model->embedding_norm.scale) : NULL,
        wanted ? gradient_of(backward, model->embedding_norm.shift) : NULL);
}

void tw_backward_embedding(struct tw_backward *backward, const struct tw_packed *batch)
{
    size_t hidden = backward->model->config.hidden;
    if (backward->model->distance_bias)
        gather_bias(backward);
    back_embedding_norm(backward, batch, true);
    for (size_t sequence = 0; sequence < batch->count; sequence++) {
        for (size_t token = 0; token < tw_packed_length(batch, sequence); token++)
            scatter_embedding(backward, batch, sequence, token,
                backward->d_hidden + (tw_packed_row(batch, sequence) + token) * hidden);
    }
}

void tw_backward_inputs(struct tw_backward *backward, const struct tw_packed *batch)
{
    back_embedding_norm(backward, batch, false);
}

bool tw_backward_encoder(struct tw_backward *backward, const struct tw_packed *batch, struct tw_error *err)
{
    size_t lowest = lowest_depth(backward);
    for (size_t layer = backward->model->config.layers; layer-- > 0 && layer + 1 >= lowest;) {
        if (!tw_backward_layer(backward, batch, layer, err))
            return false;
    }
    if (!backward->state)
        tw_backward_inputs(backward, batch);
    else if (lowest == 0)
        tw_backward_embedding(backward, batch);
    return true;
}
