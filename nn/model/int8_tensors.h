/* int8_tensors: what model.int8.safetensors holds beyond model.safetensors: matrices of 8 bits with a scale
 * for each row.
 *   in    a file (safetensors.h), a tensor of it that is I8
 *   out   its codes where they lie, its scales checked
 *
 *     "bert.encoder.layer.0.output.dense.weight"         I8   [out, in]  codes from -127 to 127
 *     "bert.encoder.layer.0.output.dense.weight_scale"   F32  [out]      positive, finite
 *
 * Which weights may be I8: the maps of layers, which run so, and the embeddings, which are widened at load.
 * Everything else in the file must be finite too: what is quantised on the way has no place for what is no
 * number, and would lose it silently. Errors: TW_CONFIG, naming the tensor. */
#ifndef TW_INT8_TENSORS_H
#define TW_INT8_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "format/safetensors.h"
#include "model/names.h"

enum tw_coded_use { TW_CODED_NEVER, TW_CODED_WIDENED, TW_CODED_PACKED };

/* What a weight of this role may be in 8 bits. */
enum tw_coded_use tw_coded_use_of(enum tw_role role);

/* The scales of a tensor that is I8 and has `rows` rows, copied into the arena. TW_CONFIG for scales that are
 * not there, of another type or shape, not finite or not positive, and for a code of -128; TW_FULL. */
TW_MUST_USE bool tw_int8_tensor_scales(const struct tw_safetensors *file, const struct tw_tensor *tensor,
    size_t rows, struct tw_arena *arena, const float **out, struct tw_error *err);

/* out[rows, columns] = scales[row] codes[row, column] */
void tw_int8_tensor_widen(
    const struct tw_tensor *tensor, const float *scales, size_t rows, size_t columns, float *out);

/* TW_CONFIG when one of `count` values of the tensor is no finite number. */
TW_MUST_USE bool tw_int8_tensor_check_finite(
    const struct tw_tensor *tensor, const float *values, size_t count, struct tw_error *err);

#endif
