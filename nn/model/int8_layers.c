#include "model/int8_layers.h"

#include <string.h>

#include "model/model.h"

static const struct {
    const char *name;
    size_t linears[3]; /* offsets in struct tw_layer */
    size_t count;
} maps[TW_LAYER_MAPS] = {
    [TW_MAP_ATTENTION_INPUT] = {"attention_input",
        {offsetof(struct tw_layer, query), offsetof(struct tw_layer, key), offsetof(struct tw_layer, value)},
        3},
    [TW_MAP_ATTENTION_OUTPUT] = {"attention_output", {offsetof(struct tw_layer, attention_output)}, 1},
    [TW_MAP_UP] = {"up", {offsetof(struct tw_layer, up)}, 1},
    [TW_MAP_DOWN] = {"down", {offsetof(struct tw_layer, down)}, 1},
};

size_t tw_layer_map_linears(
    const struct tw_layer *layer, enum tw_layer_map map, const struct tw_linear *linears[3])
{
    for (size_t at = 0; at < maps[map].count; at++)
        linears[at] = (const struct tw_linear *)(const void *)((const char *)layer + maps[map].linears[at]);
    return maps[map].count;
}

const char *tw_layer_map_name(enum tw_layer_map map)
{
    return maps[map].name;
}

/* One map from its linears, which all have codes. */
static bool pack(const struct tw_linear *const *linears, size_t count, struct tw_arena *arena,
    struct tw_int8_weights *out, struct tw_error *err)
{
    size_t in = linears[0]->in, outputs = 0, first = 0;
    for (size_t at = 0; at < count; at++)
        outputs += linears[at]->out;
    size_t padded = tw_int8_padded(outputs), bytes = tw_int8_panel_bytes(outputs, in);
    int8_t *panels = tw_arena_aligned(arena, bytes);
    float *scales = tw_arena_array(arena, padded, sizeof *scales);
    float *bias = tw_arena_array(arena, padded, sizeof *bias);
    int32_t *taken = tw_arena_array(arena, padded, sizeof *taken);
    if (!panels || !scales || !bias || !taken)
        return tw_arena_fail(arena, err);
    memset(panels, 0, bytes);
    for (size_t at = 0; at < count; first += linears[at++]->out) {
        tw_int8_pack(linears[at]->codes, first, linears[at]->out, in, panels, taken);
        memcpy(scales + first, linears[at]->scales, linears[at]->out * sizeof *scales);
        if (linears[at]->bias)
            memcpy(bias + first, linears[at]->bias, linears[at]->out * sizeof *bias);
    }
    *out = (struct tw_int8_weights){
        .panels = panels, .scales = scales, .bias = bias, .taken = taken, .in = in, .out = outputs};
    return true;
}

static bool pack_map(const struct tw_layer *layer, size_t number, enum tw_layer_map map,
    struct tw_arena *arena, struct tw_int8_weights *out, struct tw_error *err)
{
    const struct tw_linear *linears[3];
    size_t count = tw_layer_map_linears(layer, map, linears), coded = 0;
    for (size_t at = 0; at < count; at++)
        coded += linears[at]->codes != NULL;
    if (coded == 0)
        return true;
    if (coded < count)
        return tw_fail(err, TW_CONFIG, TW_FILE_INT8_WEIGHTS, "quantise the model again",
            "layer %zu: of query, key and value some are I8 and some are not", number);
    if (linears[0]->in > TW_INT8_MOST_IN)
        return tw_fail(err, TW_CONFIG, TW_FILE_INT8_WEIGHTS, "take the model in fp32",
            "layer %zu: %s has %zu inputs, more than %d", number, maps[map].name, linears[0]->in,
            TW_INT8_MOST_IN);
    return pack(linears, count, arena, out, err);
}

bool tw_int8_layers_build(const struct tw_model_config *config, const struct tw_layer *layers,
    struct tw_arena *arena, const struct tw_int8_layer **out, struct tw_error *err)
{
    struct tw_int8_layer *made = tw_arena_array(arena, config->layers, sizeof *made);
    if (!made)
        return tw_arena_fail(arena, err);
    for (size_t layer = 0; layer < config->layers; layer++) {
        for (enum tw_layer_map map = 0; map < TW_LAYER_MAPS; map++) {
            if (!pack_map(&layers[layer], layer, map, arena, &made[layer].maps[map], err))
                return false;
        }
    }
    *out = made;
    return true;
}

/* Each output has its weights, and scale, bias and sum. */
static size_t map_bytes(size_t out, size_t in)
{
    return tw_int8_panel_bytes(out, in) + tw_int8_padded(out) * 12 + 256;
}

size_t tw_int8_layers_bytes(const struct tw_model_config *config)
{
    size_t hidden = config->hidden, wide = config->intermediate;
    return config->layers *
           (sizeof(struct tw_int8_layer) + map_bytes(3 * hidden, hidden) + map_bytes(hidden, hidden) +
               map_bytes(wide, hidden) + map_bytes(hidden, wide));
}
