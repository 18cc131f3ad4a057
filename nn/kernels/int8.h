/* int8: an encoder's steps with 8-bit weights and 8-bit rows between them.
 *
 * One table of functions for each instruction set. int8_portable.c is the definition; all others give the
 * same bits (test_int8.c), so that one folder of weights gives the same hidden states on every processor:
 * sums of products are integers, and what is done in fp32 has one order of operations, given here. fma(a, b,
 * c) is a b + c rounded once. A row's result depends on that row only (attention: on its sequence only).
 *
 * Rows are quantised as they come (dynamically), each with a scale and a zero of its own (Jacob et al. 2017,
 * "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", section 2):
 *     lowest = min(0, min x), highest = max(0, max x), range = highest - lowest
 *     scale = range / 255, inverse = 255 / range; both 0 for a range below 1e-30
 *     zero = round(-lowest inverse), q = clamp(round(fma(x, inverse, zero)), 0, 255)
 * round() goes to the nearest, ties to even; what is not a number becomes 0; x is about scale (q - zero).
 * Weights have a scale for each output, and no zero: w is about scale[o] v, v from -127 to 127. So
 *     y[o] = fma((float)(sum over k of (q[k] - zero) v[o][k]) scale, scale[o], bias[o])
 * where the sum is exact: `in` is at most TW_INT8_MOST_IN.
 *
 * What may follow in the same pass, so that no matrix is written which the next step only reads once
 * (enum tw_int8_after):
 *     gelu erf    x Phi(x), Phi(x) = fma(c, P(c^2), 1/2), c = x held within +-4.2, P of degree 8: 7e-5 from
 *                 the function, a hundredth of a step of the rows that it makes
 *     gelu tanh   x / (1 + exp(min(88, fma(0.044715, x^3, x) times -2 sqrt(2/pi))))
 *     relu        max(x, 0)
 *     norm        out = norm(y + residual) of kernels.h
 * and then the rows that were made are quantised for the next product.
 *
 * Sums of floats over a row (norm) are 16 chains: chain l adds what stands at l, l + 16, l + 32, ..., with
 * nothing (0) beyond the end; then eight are l and l + 8 added, four are l and l + 4, two are l and l + 2,
 * one is the sum of both.
 *     norm(x): mean = sum(x) / width; variance = chains of fma(d, d, .) over d = x - mean, / width;
 *              out = fma(d (1 / sqrt(variance + epsilon)), scale, shift)
 *     exp(x) (gelu tanh): n = floor(fma(x, log2 e, 1/2)), x <= 88, at least -87.33654;
 *              r = fma(n, 2.12194440e-4, fma(n, -0.693359375, x));
 *              2^n times the polynomial in r of Cephes expf (Moshier 1984-2000)
 *
 * Attention takes words of 16 bits, for each sequence and head by itself: queries, keys and values are
 * rounded to whole multiples of a step, and so are the weights that follow from them, so that both products
 * are sums of integers. It is as exact as the rows need that are made of it: a step of values is a 2,000th of
 * their largest, where a row of bytes has 255.
 *     words(x, most): top = max |x| of the sequence and head, inverse = most / top, step = top / most, both 0
 *                for a top below 1e-30; round(x inverse)
 *     q, k = words(query, m), words(key, m), m the largest up to 4095 with m m width <= 2^30
 *     v = words(value, 2047)
 *     factor = (step of q times step of k) (log2 e / sqrt(width))
 *     t[j] = (float)(sum over d of q[i][d] k[j][d]) factor, fma(bias[j], log2 e, .) where there is a bias
 *     w[j] = round(8191 2^max(-30, t[j] - max t)), by 2^floor(x) times a polynomial of degree 3 in x -
 *                floor(x), 8e-5 from the function; at most 8192
 *     context[d] = c (step of v / (float)(sum of w)), c = sums over 128 keys of w[j] v[j][d], which fit in 31
 *                bits, turned to float and added in order
 *
 * Packing. Weights stand in panels of 32 outputs; in a panel, four inputs of output 0, the same four of
 * output 1, ... of output 31, then the next four inputs. Missing outputs and inputs are 0.
 *     panels[(o / 32 * groups + k / 4) * 128 + o % 32 * 4 + k % 4], groups = inputs rounded up / 4
 * Products take the unsigned bytes of rows as they are; zero times the sum of an output's weights is taken
 * off afterwards, exactly. Processors without VNNI multiply 16-bit numbers: their 8-bit products would
 * saturate (u8 times s8 in pairs reaches 64,770). choose.h tells which table this processor runs. */
#ifndef TW_INT8_H
#define TW_INT8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/activation.h"
#include "kernels/backward_kernels.h"

enum {
    TW_INT8_PANEL = 32,      /* outputs side by side */
    TW_INT8_DEEP = 4,        /* inputs of one output side by side */
    TW_INT8_BLOCK = 24,      /* rows that are carried from product to what follows at a time */
    TW_INT8_MOST_IN = 32768, /* the largest sum, 255 * 127 * in, fits in 31 bits; 127 * in / 128 in 15 */
    TW_INT8_WORD = 4095,     /* the largest word of a query or key, see above */
    TW_INT8_VALUE = 2047,    /* the largest word of a value */
    TW_INT8_KEYS = 128,      /* keys whose weighted values are summed as integers: 8192 * 2047 * 128 < 2^31 */
    TW_INT8_TAKEN_BITS = 7,  /* 255 times 2^7 fits in a word with a sign */
};

/* Bytes from row to row of quantised rows of this width. */
static inline size_t tw_int8_stride(size_t width)
{
    return (width + 63) / 64 * 64;
}

/* Outputs with those that fill the last panel. */
static inline size_t tw_int8_padded(size_t out)
{
    return (out + TW_INT8_PANEL - 1) / TW_INT8_PANEL * TW_INT8_PANEL;
}

/* Bytes of packed weights. */
static inline size_t tw_int8_panel_bytes(size_t out, size_t in)
{
    return tw_int8_padded(out) * ((in + TW_INT8_DEEP - 1) / TW_INT8_DEEP * TW_INT8_DEEP);
}

/* Quantised rows. `values` has room for stride times rows rounded up to TW_INT8_BLOCK. What stands between a
 * row's width and its stride means nothing, but is there. */
struct tw_int8_rows {
    uint8_t *values; /* [rows, tw_int8_stride(width)], aligned to 64 */
    float *scales;   /* [rows] */
    int32_t *zeros;  /* [rows] */
    size_t width;
};

/* One linear map, packed (tw_int8_pack). Arrays have tw_int8_padded(out) elements, 0 beyond `out`. */
struct tw_int8_weights {
    const int8_t *panels;
    const float *scales, *bias;
    /* Of each output, what is added zero times: minus the sum of its weights, as two words, so that one step
     * of words (vpdpwssd, vpmaddwd) adds it: low, from 0 to 127, and high; the sum is -(low + 128 high). */
    const int32_t *taken;
    size_t in, out;
};

/* Packs values [out, in] as outputs first .. first + out - 1 of panels, and what their sums take off into
 * taken. Several maps of one input become one product, packed one behind the other. Panels are zero before
 * the first call. */
void tw_int8_pack(const int8_t *values, size_t first, size_t out, size_t in, int8_t *panels, int32_t *taken);

/* What follows a product. The activations stand as in enum tw_activation. */
enum tw_int8_after {
    TW_INT8_GELU_ERF = TW_GELU_ERF,
    TW_INT8_GELU_TANH = TW_GELU_TANH,
    TW_INT8_RELU = TW_RELU,
    TW_INT8_NOTHING = TW_ACTIVATIONS,
    TW_INT8_NORM
};

/* out[r] = after(in[r] W^T + bias), and / or the same quantised. `quantised` may be `in` where both are as
 * wide, `out` may be `residual`. */
struct tw_int8_product {
    const struct tw_int8_rows *in; /* width = weights->in */
    const struct tw_int8_weights *weights;
    size_t rows;
    enum tw_int8_after after;
    const float *residual, *scale, *shift; /* of TW_INT8_NORM: [rows, out], [out], [out] */
    float epsilon;
    float *out;                           /* [rows, out], or NULL: only `quantised` is wanted */
    const struct tw_int8_rows *quantised; /* width = weights->out; or NULL: only `out` is wanted */
    float *scratch;                       /* [TW_INT8_BLOCK, out] when out is NULL */
};

/* out[t] = norm(words[ids[t]] + types[type_of[t]] + positions[p]), added in this order; as embed_norm of
 * kernels.h. */
struct tw_int8_embedding {
    const int32_t *ids;
    const uint8_t *type_of; /* or NULL: all 0 */
    const uint32_t *starts; /* [sequences + 1] */
    size_t sequences, width;
    const float *words, *positions, *types; /* types may be NULL */
    const float *scale, *shift;
    float epsilon;
    float *out;
};

/* As struct tw_attention_call, with rows of any stride, and without dropout. */
struct tw_int8_attention {
    const float *query, *key, *value; /* [tokens, stride] */
    size_t stride;
    float *context;         /* [tokens, heads * width] */
    const uint32_t *starts; /* [sequences + 1]; rows are counted from starts[0] */
    size_t sequences, heads, width;
    const struct tw_distance_bias *bias;  /* or NULL */
    const struct tw_int8_rows *quantised; /* of context, or NULL */
    float *scratch; /* tw_int8_attention_floats(longest sequence, width), aligned to 64 */
};

/* Floats of scratch that attention needs for sequences of at most `longest` tokens: for one head its queries,
 * keys (as they come and turned) and values as words, and the scores of a few queries. */
size_t tw_int8_attention_floats(size_t longest, size_t width);

/* The largest word of a query or key of this width: TW_INT8_WORD, or less above 64. */
int32_t tw_int8_most_word(size_t width);

struct tw_int8_kernels {
    const char *name; /* "avx512-vnni", "avx-vnni", "avx2", "portable" */

    void (*embed_norm)(const struct tw_int8_embedding *call);

    /* Each of `rows` rows of in [rows, out->width] into `out`, from its row `first` on. */
    void (*quantise)(const float *in, size_t rows, size_t first, const struct tw_int8_rows *out);

    void (*multiply)(const struct tw_int8_product *call);

    void (*attention)(const struct tw_int8_attention *call);

    /* For benches: products of bytes in registers alone, `rounds` times some; returns how many operations (a
     * product and its addition are two) that was. What is left of this rate elsewhere is the share of the
     * processor's limit. */
    uint64_t (*limit)(size_t rounds);
};

extern const struct tw_int8_kernels tw_int8_portable;
extern const struct tw_int8_kernels tw_int8_avx2;
extern const struct tw_int8_kernels tw_int8_avxvnni;
extern const struct tw_int8_kernels tw_int8_avx512;

#endif
