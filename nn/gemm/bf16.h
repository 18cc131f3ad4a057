/* bf16: matrix products of numbers rounded to bfloat16, summed in fp32. For training steps (gemm.h, "bf16").
 *   in    fp32 matrices, row-major, as the fp32 products take them
 *   out   fp32; weights, moments and gradients stay fp32 in their owners' hands
 *
 * bfloat16 is the upper half of an fp32 number: its exponent, 8 bits of precision. Each factor is rounded on
 * the way into the product, to the nearest, ties to even; what rounds beyond the largest bf16 is infinite,
 * NaN stays NaN (made quiet), numbers below 2^-126 become 0 of the same sign. (Kalamkar et al. 2019, "A Study
 * of BFLOAT16 for Deep Learning Training"; Intel SDM, VCVTNE2PS2BF16 and VDPBF16PS.)
 *
 * One element of C is one chain over the depth k, two at a time, the product of two bf16 being exact in fp32:
 *     sum = fma(a[k + 1], b[k + 1], sum), sum = fma(a[k], b[k], sum)
 * each rounded to the nearest, below 2^-126 to 0, beginning with 0, or with C when `more`; an odd last k
 * has 0 beside it. So its bits depend on its row of A and its column of B alone, whatever the shape of
 * the rest. bf16.c is the definition; bf16_avx512.c computes the same bits (test_bf16.c) where the
 * processor has AVX512_BF16, at twice the rate of fp32's fused additions.
 *
 * Reentrant, no allocation; the fast one takes 300 KiB of the caller's stack. */
#ifndef TW_BF16_H
#define TW_BF16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tw_bf16_kernels {
    const char *name; /* "avx512_bf16", "portable" */

    /* As in kernels.h and backward_kernels.h, none of the inputs may be c:
     * c[rows, out] = a[rows, in] x b[out, in]^T */
    void (*multiply)(const float *a, const float *b, float *c, size_t rows, size_t out, size_t in);
    /* c[rows, in] = (+=, when `more`) a[rows, out] x b[out, in] */
    void (*multiply_input)(
        const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more);
    /* c[out, in] = (+=, when `more`) a[rows, out]^T x b[rows, in] */
    void (*multiply_weight)(
        const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more);
};

/* The nearest bf16, as fp32. */
float tw_bf16_round(float x);

extern const struct tw_bf16_kernels tw_bf16_portable;
extern const struct tw_bf16_kernels tw_bf16_avx512;

/* The fast ones, or NULL when this processor has no AVX512_BF16. */
const struct tw_bf16_kernels *tw_bf16_fast(void);

#endif
