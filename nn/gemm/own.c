#include "gemm/products.h"

/* No padding is needed here: each element is one chain of additions, whatever the block. */
static const char *multiply(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in)
{
    own->fp32->multiply(a, b, c, rows, out, in);
    return NULL;
}

static const char *multiply_input(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    own->fp32->backward->multiply_input(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *multiply_weight(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    own->fp32->backward->multiply_weight(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *kernel(const struct tw_own_kernels *own)
{
    return own->fp32->name;
}

static const char *bf16_multiply(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in)
{
    own->bf16->multiply(a, b, c, rows, out, in);
    return NULL;
}

static const char *bf16_multiply_input(const struct tw_own_kernels *own, const float *a, const float *b,
    float *c, size_t rows, size_t out, size_t in, bool more)
{
    own->bf16->multiply_input(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *bf16_multiply_weight(const struct tw_own_kernels *own, const float *a, const float *b,
    float *c, size_t rows, size_t out, size_t in, bool more)
{
    own->bf16->multiply_weight(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *bf16_kernel(const struct tw_own_kernels *own)
{
    return own->bf16->name;
}

const struct tw_products tw_products_own = {
    .name = "portable",
    .multiply = multiply,
    .multiply_input = multiply_input,
    .multiply_weight = multiply_weight,
    .kernel = kernel,
};

const struct tw_products tw_products_bf16 = {
    .name = "bf16",
    .multiply = bf16_multiply,
    .multiply_input = bf16_multiply_input,
    .multiply_weight = bf16_multiply_weight,
    .kernel = bf16_kernel,
};

const struct tw_products tw_products_bf16_portable = {
    .name = "bf16-portable",
    .multiply = bf16_multiply,
    .multiply_input = bf16_multiply_input,
    .multiply_weight = bf16_multiply_weight,
    .kernel = bf16_kernel,
};
