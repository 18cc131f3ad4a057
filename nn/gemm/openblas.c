#include "gemm/products.h"

#include <cblas.h>

/* Process-wide: a product runs on its caller's thread. */
static void begin(void)
{
    openblas_set_num_threads(1);
}

static const char *multiply(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in)
{
    (void)own;
    blasint m = (blasint)tw_gemm_rows(rows), n = (blasint)out, k = (blasint)in;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, a, k, b, k, 0.0f, c, n);
    return NULL;
}

static const char *multiply_input(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)own;
    blasint m = (blasint)rows, n = (blasint)in, k = (blasint)out;
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, k, b, n, more ? 1.0f : 0.0f, c, n);
    return NULL;
}

static const char *multiply_weight(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)own;
    blasint m = (blasint)out, n = (blasint)in, k = (blasint)rows;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, m, b, n, more ? 1.0f : 0.0f, c, n);
    return NULL;
}

static const char *kernel(const struct tw_own_kernels *own)
{
    (void)own;
    return openblas_get_corename();
}

const struct tw_products tw_products_openblas = {
    .name = "openblas",
    .begin = begin,
    .multiply = multiply,
    .multiply_input = multiply_input,
    .multiply_weight = multiply_weight,
    .kernel = kernel,
};
