#include "gemm/bf16.h"

#include <float.h>
#include <math.h>
#include <string.h>

static float flushed(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0.0f, x) : x;
}

float tw_bf16_round(float x)
{
    uint32_t bits;
    x = flushed(x);
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        bits |= UINT32_C(0x400000); /* quiet, whatever the lower half had */
    else
        bits += UINT32_C(0x7FFF) + ((bits >> 16) & 1u);
    bits &= UINT32_C(0xFFFF0000);
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A matrix as a product walks it: element (line, k) stands at from[line * line_step + k * depth_step]. */
struct walk {
    const float *from;
    size_t line_step, depth_step;
};

static float link(const struct walk *a, size_t row, const struct walk *b, size_t column, size_t at, float sum)
{
    float x = a->from[row * a->line_step + at * a->depth_step];
    float y = b->from[column * b->line_step + at * b->depth_step];
    return flushed(fmaf(tw_bf16_round(x), tw_bf16_round(y), sum));
}

static float chain(
    const struct walk *a, size_t row, const struct walk *b, size_t column, size_t depth, float sum)
{
    for (size_t at = 0; at < depth; at += 2) {
        sum = at + 1 < depth ? link(a, row, b, column, at + 1, sum) : flushed(sum + 0.0f);
        sum = link(a, row, b, column, at, sum);
    }
    return sum;
}

static void product(const struct walk *a, const struct walk *b, float *c, size_t rows, size_t columns,
    size_t depth, bool more)
{
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            float *sum = c + row * columns + column;
            *sum = chain(a, row, b, column, depth, more ? *sum : 0.0f);
        }
    }
}

static void multiply(const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    const struct walk left = {a, in, 1}, right = {b, in, 1};
    product(&left, &right, c, rows, out, in, false);
}

static void multiply_input(
    const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more)
{
    const struct walk left = {a, out, 1}, right = {b, 1, in};
    product(&left, &right, c, rows, in, out, more);
}

static void multiply_weight(
    const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more)
{
    const struct walk left = {a, 1, out}, right = {b, 1, in};
    product(&left, &right, c, out, in, rows, more);
}

const struct tw_bf16_kernels tw_bf16_portable = {
    .name = "portable",
    .multiply = multiply,
    .multiply_input = multiply_input,
    .multiply_weight = multiply_weight,
};

const struct tw_bf16_kernels *tw_bf16_fast(void)
{
    __builtin_cpu_init();
    bool fast = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512bf16");
    return fast ? &tw_bf16_avx512 : NULL;
}
