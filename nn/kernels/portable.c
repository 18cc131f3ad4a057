/* The definition of every kernel: plain loops that follow the formulas of kernels.h. */
#include "kernels/kernels.h"

#include <math.h>

/* Padded to what the widest vector table needs: keys by column, and the scores of a block of queries. */
size_t tw_attention_scratch_floats(size_t longest, size_t width)
{
    size_t padded = (longest + 15) / 16 * 16;
    return padded * (width + 16);
}

static void norm_row(
    const float *row, const float *scale, const float *shift, float epsilon, size_t width, float *out)
{
    float sum = 0.0f, squares = 0.0f;
    for (size_t at = 0; at < width; at++)
        sum += row[at];
    float mean = sum / (float)width;
    for (size_t at = 0; at < width; at++)
        squares += (row[at] - mean) * (row[at] - mean);
    float inverse = 1.0f / sqrtf(squares / (float)width + epsilon);
    for (size_t at = 0; at < width; at++)
        out[at] = (row[at] - mean) * inverse * scale[at] + shift[at];
}

static void embed_norm(const int32_t *ids, const uint8_t *type_of, const uint32_t *starts, size_t sequences,
    const float *words, const float *positions, const float *types, const float *scale, const float *shift,
    float epsilon, size_t width, float *out)
{
    for (size_t sequence = 0; sequence < sequences; sequence++) {
        for (size_t token = starts[sequence]; token < starts[sequence + 1]; token++) {
            float *row = out + (token - starts[0]) * width;
            const float *word = words + (size_t)ids[token] * width;
            const float *position = positions + (token - starts[sequence]) * width;
            const float *type = types ? types + (type_of ? type_of[token] : 0u) * width : NULL;
            for (size_t at = 0; at < width; at++)
                row[at] = word[at] + (type ? type[at] : 0.0f) + position[at];
            norm_row(row, scale, shift, epsilon, width, row);
        }
    }
}

static void add_norm(const struct tw_add_norm_call *call)
{
    size_t width = call->width;
    for (size_t row = 0; row < call->rows; row++) {
        const float *in = call->in + row * width, *residual = call->residual + row * width;
        float *sum = call->sum + row * width;
        for (size_t at = 0; at < width; at++)
            sum[at] = in[at] + call->bias[at];
        if (call->dropout)
            tw_drop_row(call->dropout, (uint32_t)(call->first_row + row), sum, width, sum);
        for (size_t at = 0; at < width; at++)
            sum[at] += residual[at];
        norm_row(sum, call->scale, call->shift, call->epsilon, width, call->out + row * width);
    }
}

static void norm(const float *in, const float *scale, const float *shift, float epsilon, size_t rows,
    size_t width, float *out)
{
    for (size_t row = 0; row < rows; row++)
        norm_row(in + row * width, scale, shift, epsilon, width, out + row * width);
}

static void drop(const struct tw_dropout *dropout, size_t first_row, const float *in, size_t rows,
    size_t width, float *out)
{
    for (size_t row = 0; row < rows; row++)
        tw_drop_row(dropout, (uint32_t)(first_row + row), in + row * width, width, out + row * width);
}

static void add_bias(const float *in, const float *bias, size_t rows, size_t width, float *out)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < width; at++)
            out[row * width + at] = in[row * width + at] + bias[at];
    }
}

static float gelu_erf(float x)
{
    return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
}

static float gelu_tanh(float x)
{
    return 0.5f * x * (1.0f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}

static float relu(float x)
{
    return x < 0.0f ? 0.0f : x;
}

static void activate(
    float (*function)(float), const float *in, const float *bias, size_t rows, size_t width, float *out)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < width; at++)
            out[row * width + at] = function(in[row * width + at] + bias[at]);
    }
}

static void activate_gelu_erf(const float *in, const float *bias, size_t rows, size_t width, float *out)
{
    activate(gelu_erf, in, bias, rows, width, out);
}

static void activate_gelu_tanh(const float *in, const float *bias, size_t rows, size_t width, float *out)
{
    activate(gelu_tanh, in, bias, rows, width, out);
}

static void activate_relu(const float *in, const float *bias, size_t rows, size_t width, float *out)
{
    activate(relu, in, bias, rows, width, out);
}

static void activate_tanh(const float *in, const float *bias, size_t rows, size_t width, float *out)
{
    activate(tanhf, in, bias, rows, width, out);
}

static void softmax_row(const float *in, size_t width, float *out)
{
    float highest = in[0], sum = 0.0f;
    for (size_t at = 1; at < width; at++)
        highest = in[at] > highest ? in[at] : highest;
    for (size_t at = 0; at < width; at++) {
        out[at] = expf(in[at] - highest);
        sum += out[at];
    }
    for (size_t at = 0; at < width; at++)
        out[at] /= sum;
}

static void softmax(const float *in, size_t rows, size_t width, float *out)
{
    for (size_t row = 0; row < rows; row++)
        softmax_row(in + row * width, width, out + row * width);
}

/* One query, number `row` of the batch's, against the `keys` tokens of its sequence; all pointers stand at
 * the head's first column, `bias` (or NULL) at that of the first key. */
static void attend_row(const struct tw_attention_call *call, const float *query, const float *key,
    const float *value, const float *bias, size_t keys, uint32_t row, float *context)
{
    size_t width = call->width, stride = call->heads * width;
    float *scores = call->scratch;
    float root = sqrtf((float)width);
    for (size_t other = 0; other < keys; other++) {
        float sum = 0.0f;
        for (size_t at = 0; at < width; at++)
            sum += query[at] * key[other * stride + at];
        scores[other] = sum / root + (bias ? bias[other] : 0.0f);
    }
    softmax_row(scores, keys, scores);
    if (call->dropout)
        tw_drop_row(call->dropout, row, scores, keys, scores);
    for (size_t at = 0; at < width; at++)
        context[at] = 0.0f;
    for (size_t other = 0; other < keys; other++) {
        for (size_t at = 0; at < width; at++)
            context[at] += scores[other] * value[other * stride + at];
    }
}

static void attention(const struct tw_attention_call *call)
{
    size_t stride = call->heads * call->width;
    for (size_t sequence = 0; sequence < call->sequences; sequence++) {
        size_t first = call->starts[sequence] - call->starts[0];
        size_t keys = call->starts[sequence + 1] - call->starts[sequence];
        for (size_t head = 0; head < call->heads; head++) {
            size_t corner = first * stride + head * call->width;
            for (size_t token = 0; token < keys; token++)
                attend_row(call, call->query + corner + token * stride, call->key + corner,
                    call->value + corner, tw_distance_row(call->bias, head, token), keys,
                    (call->starts[sequence] + (uint32_t)token) * (uint32_t)call->heads + (uint32_t)head,
                    call->context + corner + token * stride);
        }
    }
}

static void multiply(const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < out; column++) {
            float sum = 0.0f;
            for (size_t at = 0; at < in; at++)
                sum += a[row * in + at] * b[column * in + at];
            c[row * out + column] = sum;
        }
    }
}

const struct tw_kernels tw_kernels_portable = {
    .name = "portable",
    .backward = &tw_backward_portable,
    .embed_norm = embed_norm,
    .add_norm = add_norm,
    .norm = norm,
    .drop = drop,
    .add_bias = add_bias,
    .activate = {activate_gelu_erf, activate_gelu_tanh, activate_relu, activate_tanh},
    .softmax = softmax,
    .attention = attention,
    .multiply = multiply,
};
