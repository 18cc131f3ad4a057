/* kernels: what the encoder computes besides matrix products.
 *
 * One table of functions for each instruction set. portable.c is the definition; avx2.c and avx512.c compute
 * the same within a few units of the last place (test_kernels.c) and are chosen at run time (choose.h). All
 * arrays are row-major fp32. A row's result depends on that row only (attention: on its sequence only), never
 * on how many rows there are. `in` and `out` may be the same array unless a line says otherwise.
 *
 * Formulas. norm(x) = (x - mean) / sqrt(variance + epsilon) * scale + shift, biased variance (Ba et al.
 * 2016).
 * Activations (Hendrycks and Gimpel 2016; transformers activations.py):
 *   gelu erf    x/2 (1 + erf(x / sqrt 2))                                    "gelu"
 *   gelu tanh   x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))                "gelu_new", "gelu_pytorch_tanh"
 *   relu        max(x, 0)          tanh   the pooler's
 * softmax(x)_i = exp(x_i - max x) / sum_j exp(x_j - max x)
 * attention   for each sequence and head: softmax(Q K^T / sqrt(width) + B) V   (Vaswani et al. 2017),
 *             where B, if there is one, depends on the distance from query to key only (Shaw et al. 2018;
 *             Raffel et al. 2020) */
#ifndef TW_KERNELS_H
#define TW_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/activation.h"
#include "kernels/backward_kernels.h"
#include "kernels/dropout.h"

/* Hidden states of one packed batch, as attention sees them. */
struct tw_attention_call {
    const float *query, *key, *value; /* [tokens, heads * width] */
    float *context;                   /* [tokens, heads * width]; none of the inputs */
    const uint32_t *starts;           /* [sequences + 1]; rows are counted from starts[0] */
    size_t sequences, heads, width;
    const struct tw_distance_bias *bias; /* B, or NULL: none */
    const struct tw_dropout *dropout;    /* of the probabilities, in training; else NULL */
    float *scratch; /* tw_attention_scratch_floats(longest sequence, width), aligned to 64 */
};

/* out[r] = norm(sum[r]), sum[r] = dropout(in[r] + bias) + residual[r]. `sum` may be `in` or `out`. */
struct tw_add_norm_call {
    const float *in, *bias, *residual, *scale, *shift;
    float epsilon;
    size_t rows, width;
    const struct tw_dropout *dropout; /* in training; else NULL */
    size_t first_row;                 /* the number of row 0, for dropout */
    float *sum, *out;
};

struct tw_kernels {
    const char *name;                           /* "avx512", "avx2", "portable" */
    const struct tw_backward_kernels *backward; /* of the same instruction set */

    /* out[t] = norm(words[ids[t]] + positions[p] + types[type_of[t]]), p = distance from the sequence's
     * start. types == NULL: none is added; type_of == NULL: all 0. */
    void (*embed_norm)(const int32_t *ids, const uint8_t *type_of, const uint32_t *starts, size_t sequences,
        const float *words, const float *positions, const float *types, const float *scale,
        const float *shift, float epsilon, size_t width, float *out);

    void (*add_norm)(const struct tw_add_norm_call *call);

    /* out[r] = norm(in[r]) */
    void (*norm)(const float *in, const float *scale, const float *shift, float epsilon, size_t rows,
        size_t width, float *out);

    /* out[r] = dropout(in[r]), row r having the number first_row + r */
    void (*drop)(const struct tw_dropout *dropout, size_t first_row, const float *in, size_t rows,
        size_t width, float *out);

    /* out[r] = in[r] + bias */
    void (*add_bias)(const float *in, const float *bias, size_t rows, size_t width, float *out);

    /* out[r] = activation(in[r] + bias), by enum tw_activation */
    void (*activate[TW_ACTIVATIONS])(
        const float *in, const float *bias, size_t rows, size_t width, float *out);

    /* out[r] = softmax(in[r]) */
    void (*softmax)(const float *in, size_t rows, size_t width, float *out);

    void (*attention)(const struct tw_attention_call *call);

    /* c[rows, out] = a[rows, in] x b[out, in]^T, none of the inputs: the GEMM door's own backend. Each
     * element is one chain of additions in the order of `in`. */
    void (*multiply)(const float *a, const float *b, float *c, size_t rows, size_t out, size_t in);
};

/* Floats of scratch that attention needs for sequences of at most `longest` tokens. */
size_t tw_attention_scratch_floats(size_t longest, size_t width);

extern const struct tw_kernels tw_kernels_portable;
extern const struct tw_kernels tw_kernels_avx2;
extern const struct tw_kernels tw_kernels_avx512;

#endif
