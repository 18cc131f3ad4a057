/* backward_kernels: the kernels of a backward pass, each beside the formula of the kernel that it undoes
 * (kernels.h).
 *
 * One table of functions for each instruction set, as in kernels.h: backward_portable.c defines,
 * vector_backward.inc computes the same within a few units of the last place (test_backward_kernels.c). d_x
 * is the gradient of the loss by x. What is marked `sums` is added to; all else is overwritten. Rows are
 * added in their order: the same bits every time.
 *
 *   norm       y = u scale + shift, u = (x - mean) / s, s = sqrt(variance + epsilon); with g = d_y scale:
 *              d_x = (g - mean(g) - u mean(g u)) / s,  d_scale = sum d_y u,  d_shift = sum d_y
 *              (Ba et al. 2016)
 *   activation d_x = d_y f'(x + bias), with Phi and phi of the normal distribution:
 *              gelu erf'  = Phi(x) + x phi(x)
 *              gelu tanh' = (1 + t) / 2 + x (1 - t^2) sqrt(2/pi) (1 + 3 0.044715 x^2) / 2, t the forward tanh
 *              relu' = 1 above 0, else 0;  tanh' = 1 - tanh^2
 *   attention  S = Q K^T / sqrt(width) + B, P = softmax(S), D = dropout(P), context = D V:
 *              d_V = D^T d_context,  d_P = dropout(d_context V^T),  d_S = P (d_P - rowsum(P d_P)),
 *              d_Q = d_S K / sqrt(width),  d_K = d_S^T Q / sqrt(width),  d_B = sum of d_S over pairs of
 *              one distance.  P is computed again from Q and K (as Dao et al. 2022, FlashAttention). */
#ifndef TW_BACKWARD_KERNELS_H
#define TW_BACKWARD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/activation.h"
#include "kernels/dropout.h"

/* Values by distance: of key k seen from query q at values[head * stride + middle + k - q], middle being at
 * least the longest sequence less 1, stride at least 2 middle + 1. */
struct tw_distance_bias {
    const float *values;
    size_t middle, stride;
};

/* Where the values of query `token` begin, that of key 0 first. */
static inline size_t tw_distance_place(const struct tw_distance_bias *bias, size_t head, size_t token)
{
    return head * bias->stride + bias->middle - token;
}

/* The values of query `token`, by key; NULL without a bias. */
static inline const float *tw_distance_row(const struct tw_distance_bias *bias, size_t head, size_t token)
{
    return bias ? bias->values + tw_distance_place(bias, head, token) : NULL;
}

struct tw_attention_backward_call {
    const float *query, *key, *value; /* [tokens, heads * width], as the forward pass read them */
    const float *d_context;           /* [tokens, heads * width] */
    float *d_query, *d_key, *d_value; /* [tokens, heads * width]; none of the inputs */
    const uint32_t *starts;           /* as in struct tw_attention_call */
    size_t sequences, heads, width;
    const struct tw_distance_bias *bias; /* of the forward pass, or NULL */
    float *d_bias;                       /* sums, laid out as bias->values; or NULL */
    const struct tw_dropout *dropout;    /* of the forward pass, or NULL */
    float *scratch; /* tw_attention_backward_floats(longest sequence, width), aligned to 64 */
};

/* Constants of one AdamW update (train/optimizer.h has the formula). */
struct tw_adamw_constants {
    float factor; /* on gradients: clipping */
    float keep;   /* on weights: 1 - rate decay */
    float beta1, beta2;
    float step;       /* rate / (1 - beta1^t) */
    float correction; /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
};

struct tw_backward_kernels {
    const char *name;

    /* x: what was normalised. d_x may be d_y. d_scale and d_shift: sums, or NULL both. */
    void (*norm)(const float *x, const float *scale, float epsilon, const float *d_y, size_t rows,
        size_t width, float *d_x, float *d_scale, float *d_shift);

    /* in, bias: as in the forward pass. d_in may be d_out. d_bias: sums, or NULL. */
    void (*activate[TW_ACTIVATIONS])(const float *in, const float *bias, const float *d_out, size_t rows,
        size_t width, float *d_in, float *d_bias);

    /* sums[column] += sum over rows of in */
    void (*add_rows)(const float *in, size_t rows, size_t width, float *sums);

    void (*attention)(const struct tw_attention_backward_call *call);

    /* c[rows, in] = (+=, when `more`) a[rows, out] x b[out, in], none of the inputs */
    void (*multiply_input)(
        const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more);
    /* c[out, in] = (+=, when `more`) a[rows, out]^T x b[rows, in], none of the inputs */
    void (*multiply_weight)(
        const float *a, const float *b, float *c, size_t rows, size_t out, size_t in, bool more);

    void (*adamw)(const struct tw_adamw_constants *constants, const float *gradients, size_t count,
        float *values, float *first_moments, float *second_moments);

    /* to += from */
    void (*add)(const float *from, size_t count, float *to);
};

/* Floats of scratch for sequences of at most `longest` tokens. */
size_t tw_attention_backward_floats(size_t longest, size_t width);

extern const struct tw_backward_kernels tw_backward_portable;
extern const struct tw_backward_kernels tw_backward_avx2;
extern const struct tw_backward_kernels tw_backward_avx512;

#endif
