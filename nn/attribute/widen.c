#include "attribute/widen.h"

#include <string.h>

#include "base/size.h"

enum { LINEARS = 6 };

/* The maps of a layer that may have codes. */
static void linears_of(struct tw_layer *layer, struct tw_linear *linears[LINEARS])
{
    struct tw_linear *all[LINEARS] = {
        &layer->query, &layer->key, &layer->value, &layer->attention_output, &layer->up, &layer->down};
    memcpy(linears, all, sizeof all);
}

/* Room for all maps of all layers and the list of layers; false when no machine has it. */
static bool count_bytes(const struct tw_model_config *config, size_t *bytes)
{
    size_t square, wide, layer;
    return tw_size_multiply(config->hidden, config->hidden, &square) &&
           tw_size_multiply(config->hidden, config->intermediate, &wide) &&
           tw_size_multiply(square, 4, &square) && tw_size_multiply(wide, 2, &wide) &&
           tw_size_add(square, wide, &layer) && tw_size_multiply(layer, sizeof(float), &layer) &&
           tw_size_add(layer, LINEARS * 128 + sizeof(struct tw_layer), &layer) &&
           tw_size_multiply(layer, config->layers, bytes) && tw_size_add(*bytes, 4096, bytes);
}

static void widen_linear(struct tw_linear *linear, struct tw_arena *arena)
{
    float *values = tw_arena_aligned(arena, linear->out * linear->in * sizeof *values);
    if (!values)
        return;
    for (size_t row = 0; row < linear->out; row++)
        for (size_t at = row * linear->in; at < (row + 1) * linear->in; at++)
            values[at] = linear->scales[row] * (float)linear->codes[at];
    linear->weight = values;
    linear->codes = NULL;
    linear->scales = NULL;
}

bool tw_widen(const struct tw_model *model, struct tw_widened *out, struct tw_error *err)
{
    size_t bytes;
    *out = (struct tw_widened){.model = *model};
    if (!model->int8)
        return true;
    if (!count_bytes(&model->config, &bytes))
        return tw_fail(err, TW_INTERNAL, "widen", NULL, "too large for this machine");
    if (!tw_arena_begin(&out->arena, bytes, err))
        return false;
    struct tw_layer *layers = tw_arena_array(&out->arena, model->config.layers, sizeof *layers);
    for (size_t layer = 0; layers && layer < model->config.layers; layer++) {
        struct tw_linear *linears[LINEARS];
        layers[layer] = model->layers[layer];
        linears_of(&layers[layer], linears);
        for (size_t at = 0; at < LINEARS; at++)
            if (linears[at]->codes)
                widen_linear(linears[at], &out->arena);
    }
    out->model.layers = layers;
    out->model.int8 = NULL;
    if (!out->arena.full)
        return true;
    tw_arena_fail(&out->arena, err);
    tw_widened_close(out);
    return false;
}

void tw_widened_close(struct tw_widened *widened)
{
    tw_arena_end(&widened->arena);
    *widened = (struct tw_widened){0};
}
