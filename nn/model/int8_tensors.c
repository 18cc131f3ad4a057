#include "model/int8_tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "format/model_files.h"

static const char *const cure = "quantise the model again";

enum tw_coded_use tw_coded_use_of(enum tw_role role)
{
    switch (role) {
    case TW_ROLE_WORDS:
    case TW_ROLE_POSITIONS:
    case TW_ROLE_TYPES:
        return TW_CODED_WIDENED;
    case TW_ROLE_QUERY_WEIGHT:
    case TW_ROLE_KEY_WEIGHT:
    case TW_ROLE_VALUE_WEIGHT:
    case TW_ROLE_ATTENTION_OUTPUT_WEIGHT:
    case TW_ROLE_UP_WEIGHT:
    case TW_ROLE_DOWN_WEIGHT:
        return TW_CODED_PACKED;
    default:
        return TW_CODED_NEVER;
    }
}

static bool refuse(const struct tw_tensor *tensor, const char *what, struct tw_error *err)
{
    char where[64];
    snprintf(where, sizeof where, TW_FILE_INT8_WEIGHTS ": offset %zu", tensor->file_offset);
    return tw_fail(err, TW_CONFIG, where, cure, "tensor \"%.200s\" %s", tensor->name, what);
}

static bool check_scales(
    const struct tw_tensor *tensor, const float *scales, size_t rows, struct tw_error *err)
{
    for (size_t row = 0; row < rows; row++) {
        char what[96];
        if (isfinite(scales[row]) && scales[row] > 0.0f)
            continue;
        snprintf(what, sizeof what, "has a scale of %g for row %zu", (double)scales[row], row);
        return refuse(tensor, what, err);
    }
    return true;
}

static bool check_codes(const struct tw_tensor *tensor, struct tw_error *err)
{
    const int8_t *codes = tensor->data;
    for (size_t at = 0; at < tensor->elements; at++) {
        if (codes[at] == INT8_MIN)
            return refuse(tensor, "holds -128: codes go from -127 to 127", err);
    }
    return true;
}

bool tw_int8_tensor_scales(const struct tw_safetensors *file, const struct tw_tensor *tensor, size_t rows,
    struct tw_arena *arena, const float **out, struct tw_error *err)
{
    char name[512], what[256], shape[160];
    snprintf(name, sizeof name, "%s_scale", tensor->name);
    const struct tw_tensor *found = tw_safetensors_find(file, name);
    if (!found)
        return refuse(tensor, "is I8 and has no scales: there is no tensor of its name with _scale", err);
    if (found->dtype != TW_F32 || found->dimensions != 1 || found->shape[0] != rows) {
        snprintf(what, sizeof what, "is %s %s, and should be F32 [%zu]: a scale for each row",
            tw_dtype_name(found->dtype), tw_shape_text(found->shape, found->dimensions, shape, sizeof shape),
            rows);
        return refuse(found, what, err);
    }
    float *scales = tw_arena_aligned(arena, rows * sizeof *scales);
    if (!scales)
        return tw_arena_fail(arena, err);
    memcpy(scales, found->data, rows * sizeof *scales);
    *out = scales;
    return check_scales(found, scales, rows, err) && check_codes(tensor, err);
}

void tw_int8_tensor_widen(
    const struct tw_tensor *tensor, const float *scales, size_t rows, size_t columns, float *out)
{
    const int8_t *codes = tensor->data;
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < columns; at++)
            out[row * columns + at] = scales[row] * (float)codes[row * columns + at];
    }
}

bool tw_int8_tensor_check_finite(
    const struct tw_tensor *tensor, const float *values, size_t count, struct tw_error *err)
{
    for (size_t at = 0; at < count; at++) {
        if (!isfinite(values[at]))
            return refuse(tensor, "holds what is no finite number", err);
    }
    return true;
}
