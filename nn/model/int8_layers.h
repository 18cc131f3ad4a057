/* int8_layers: the linear maps of a model's layers with 8-bit weights, packed for the kernels
 * (kernels/int8.h).
 *   in    layers whose maps have `codes` (linear.h): from a file (model.c), or made from fp32 weights
 *         (compress/quantise.h)
 *   out   struct tw_int8_layer by layer, read-only, shared by all threads
 *
 * Four maps a layer: query, key and value are one product of three times the width, since they have one
 * input; then the attention's output, up and down. A map whose linears have no codes stays fp32, with
 * weights as ever, and its `panels` are NULL: each map is one or the other by itself. Heads stay fp32: they
 * take one row a text.
 *
 *     if (!tw_int8_layers_build(config, layers, &arena, &model->int8, err)) return false; */
#ifndef TW_INT8_LAYERS_H
#define TW_INT8_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "format/shape.h"
#include "kernels/int8.h"
#include "model/linear.h"

struct tw_layer;

enum tw_layer_map { TW_MAP_ATTENTION_INPUT, TW_MAP_ATTENTION_OUTPUT, TW_MAP_UP, TW_MAP_DOWN, TW_LAYER_MAPS };

struct tw_int8_layer {
    struct tw_int8_weights maps[TW_LAYER_MAPS];
};

/* The linears of a map, in the order in which their outputs stand side by side; returns how many, at
 * most 3. */
size_t tw_layer_map_linears(
    const struct tw_layer *layer, enum tw_layer_map map, const struct tw_linear *linears[3]);
/* "attention input" and the like, for messages and for config.json. */
const char *tw_layer_map_name(enum tw_layer_map map);

/* Packs all maps that have codes. TW_CONFIG when query, key and value of a layer are not all of one form, or
 * for more than TW_INT8_MOST_IN inputs; TW_FULL when the arena is. */
TW_MUST_USE bool tw_int8_layers_build(const struct tw_model_config *config, const struct tw_layer *layers,
    struct tw_arena *arena, const struct tw_int8_layer **out, struct tw_error *err);

/* Bytes that this takes of an arena, at most. */
size_t tw_int8_layers_bytes(const struct tw_model_config *config);

#endif
