/* The definition of every backward kernel: plain loops that follow the formulas of backward_kernels.h. */
#include "kernels/backward_kernels.h"

#include <math.h>

/* Padded to what the widest vector table needs: K and V by column, and P, dS and a transposed copy of one of
 * them. */
size_t tw_attention_backward_floats(size_t longest, size_t width)
{
    size_t padded = (longest + 15) / 16 * 16;
    return padded * (2 * width + 3 * padded);
}

static void norm_row(const float *x, const float *scale, float epsilon, const float *d_y, size_t width,
    float *d_x, float *d_scale, float *d_shift)
{
    float sum = 0.0f, squares = 0.0f, sum_g = 0.0f, sum_gu = 0.0f;
    for (size_t at = 0; at < width; at++)
        sum += x[at];
    float mean = sum / (float)width;
    for (size_t at = 0; at < width; at++)
        squares += (x[at] - mean) * (x[at] - mean);
    float inverse = 1.0f / sqrtf(squares / (float)width + epsilon);
    for (size_t at = 0; at < width; at++) {
        float g = d_y[at] * scale[at], u = (x[at] - mean) * inverse;
        sum_g += g;
        sum_gu += g * u;
    }
    float mean_g = sum_g / (float)width, mean_gu = sum_gu / (float)width;
    for (size_t at = 0; at < width; at++) {
        float above = d_y[at], u = (x[at] - mean) * inverse;
        if (d_scale) {
            d_scale[at] += above * u;
            d_shift[at] += above;
        }
        d_x[at] = inverse * (above * scale[at] - mean_g - u * mean_gu);
    }
}

static void norm(const float *x, const float *scale, float epsilon, const float *d_y, size_t rows,
    size_t width, float *d_x, float *d_scale, float *d_shift)
{
    for (size_t row = 0; row < rows; row++)
        norm_row(
            x + row * width, scale, epsilon, d_y + row * width, width, d_x + row * width, d_scale, d_shift);
}

static float slope_gelu_erf(float x)
{
    float below = 0.5f * (1.0f + erff(x * 0.70710678118654752f));
    return below + x * 0.39894228040143268f * expf(-0.5f * x * x);
}

static float slope_gelu_tanh(float x)
{
    const float root = 0.79788456080286536f, cubic = 0.044715f;
    float t = tanhf(root * (x + cubic * x * x * x));
    return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * root * (1.0f + 3.0f * cubic * x * x);
}

static float slope_relu(float x)
{
    return x > 0.0f ? 1.0f : 0.0f;
}

static float slope_tanh(float x)
{
    float t = tanhf(x);
    return 1.0f - t * t;
}

static void activate(float (*slope)(float), const float *in, const float *bias, const float *d_out,
    size_t rows, size_t width, float *d_in, float *d_bias)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < width; at++) {
            float d = d_out[row * width + at] * slope(in[row * width + at] + bias[at]);
            d_in[row * width + at] = d;
            if (d_bias)
                d_bias[at] += d;
        }
    }
}

static void activate_gelu_erf(const float *in, const float *bias, const float *d_out, size_t rows,
    size_t width, float *d_in, float *d_bias)
{
    activate(slope_gelu_erf, in, bias, d_out, rows, width, d_in, d_bias);
}

static void activate_gelu_tanh(const float *in, const float *bias, const float *d_out, size_t rows,
    size_t width, float *d_in, float *d_bias)
{
    activate(slope_gelu_tanh, in, bias, d_out, rows, width, d_in, d_bias);
}

static void activate_relu(const float *in, const float *bias, const float *d_out, size_t rows, size_t width,
    float *d_in, float *d_bias)
{
    activate(slope_relu, in, bias, d_out, rows, width, d_in, d_bias);
}

static void activate_tanh(const float *in, const float *bias, const float *d_out, size_t rows, size_t width,
    float *d_in, float *d_bias)
{
    activate(slope_tanh, in, bias, d_out, rows, width, d_in, d_bias);
}

static void add_rows(const float *in, size_t rows, size_t width, float *sums)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < width; at++)
            sums[at] += in[row * width + at];
    }
}

static float dot(const float *left, const float *right, size_t width)
{
    float sum = 0.0f;
    for (size_t at = 0; at < width; at++)
        sum += left[at] * right[at];
    return sum;
}

static void add_scaled(float factor, const float *from, size_t width, float *to)
{
    for (size_t at = 0; at < width; at++)
        to[at] += factor * from[at];
}

/* P = softmax(S) of one query. */
static void probabilities(const float *query, const float *key, const float *bias, size_t keys, size_t stride,
    size_t width, float *out)
{
    float root = sqrtf((float)width), highest = -INFINITY, sum = 0.0f;
    for (size_t other = 0; other < keys; other++) {
        out[other] = dot(query, key + other * stride, width) / root + (bias ? bias[other] : 0.0f);
        highest = out[other] > highest ? out[other] : highest;
    }
    for (size_t other = 0; other < keys; other++) {
        out[other] = expf(out[other] - highest);
        sum += out[other];
    }
    for (size_t other = 0; other < keys; other++)
        out[other] /= sum;
}

/* One head of one sequence; `corner` is its first element in every array, `first` the number of its first
 * row. */
static void attend(
    const struct tw_attention_backward_call *call, size_t corner, size_t keys, uint32_t first, size_t head)
{
    size_t stride = call->heads * call->width, width = call->width;
    const float *query = call->query + corner, *key = call->key + corner, *value = call->value + corner,
                *d_context = call->d_context + corner;
    float *d_query = call->d_query + corner, *d_key = call->d_key + corner, *d_value = call->d_value + corner;
    float *p = call->scratch, *d_p = p + keys, root = sqrtf((float)width);
    for (size_t token = 0; token < keys; token++) {
        for (size_t at = 0; at < width; at++)
            d_query[token * stride + at] = d_key[token * stride + at] = d_value[token * stride + at] = 0.0f;
    }
    for (size_t token = 0; token < keys; token++) {
        size_t place = token * stride;
        uint32_t row = (first + (uint32_t)token) * (uint32_t)call->heads + (uint32_t)head;
        probabilities(query + place, key, tw_distance_row(call->bias, head, token), keys, stride, width, p);
        for (size_t other = 0; other < keys; other++)
            d_p[other] = dot(d_context + place, value + other * stride, width);
        if (call->dropout)
            tw_drop_row(call->dropout, row, d_p, keys, d_p);
        float sum = dot(p, d_p, keys);
        for (size_t other = 0; other < keys; other++)
            d_p[other] = p[other] * (d_p[other] - sum);
        if (call->d_bias)
            add_scaled(1.0f, d_p, keys, call->d_bias + tw_distance_place(call->bias, head, token));
        for (size_t other = 0; other < keys; other++)
            d_p[other] /= root;
        if (call->dropout)
            tw_drop_row(call->dropout, row, p, keys, p);
        for (size_t other = 0; other < keys; other++) {
            add_scaled(p[other], d_context + place, width, d_value + other * stride);
            add_scaled(d_p[other], key + other * stride, width, d_query + place);
            add_scaled(d_p[other], query + place, width, d_key + other * stride);
        }
    }
}

static void attention(const struct tw_attention_backward_call *call)
{
    size_t stride = call->heads * call->width;
    for (size_t sequence = 0; sequence < call->sequences; sequence++) {
        size_t first = call->starts[sequence] - call->starts[0];
        size_t keys = call->starts[sequence + 1] - call->starts[sequence];
        for (size_t head = 0; head < call->heads; head++)
            attend(call, first * stride + head * call->width, keys, call->starts[sequence], head);
    }
}

static void multiply_input(
    const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t at = 0; at < in && !more; at++)
            c[row * in + at] = 0.0f;
        for (size_t column = 0; column < out; column++)
            add_scaled(a[row * out + column], b + column * in, in, c + row * in);
    }
}

static void multiply_weight(
    const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more)
{
    for (size_t at = 0; at < out * in && !more; at++)
        c[at] = 0.0f;
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < out; column++)
            add_scaled(a[row * out + column], b + row * in, in, c + column * in);
    }
}

static void adamw(const struct tw_adamw_constants *constants, const float *gradients, size_t count,
    float *values, float *first_moments, float *second_moments)
{
    for (size_t at = 0; at < count; at++) {
        float g = gradients[at] * constants->factor;
        float m = constants->beta1 * first_moments[at] + (1.0f - constants->beta1) * g;
        float v = constants->beta2 * second_moments[at] + (1.0f - constants->beta2) * g * g;
        first_moments[at] = m;
        second_moments[at] = v;
        values[at] = constants->keep * values[at] -
                     constants->step * m / (sqrtf(v) * constants->correction + constants->epsilon);
    }
}

static void add(const float *from, size_t count, float *to)
{
    for (size_t at = 0; at < count; at++)
        to[at] += from[at];
}

const struct tw_backward_kernels tw_backward_portable = {
    .name = "portable",
    .norm = norm,
    .activate = {activate_gelu_erf, activate_gelu_tanh, activate_relu, activate_tanh},
    .add_rows = add_rows,
    .attention = attention,
    .multiply_input = multiply_input,
    .multiply_weight = multiply_weight,
    .adamw = adamw,
    .add = add,
};
