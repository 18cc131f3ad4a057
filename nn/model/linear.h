/* linear: y = x W^T (+ bias), and the same taken back. Every product with weights in the tree goes through
 * here, training's included: nobody else calls the door (gemm.h), which tests/hygiene/check_products holds.
 *
 * Weights are fp32 where they lie, in the form of files: [out, in]. With what they are multiplied, and
 * whether both factors are rounded to bf16 on the way (training, by choice), is the compute's to say and not
 * the weight's: one set of weights is trained in bf16 and validated in fp32. A map of an encoder layer may
 * have 8-bit weights instead (`codes`): then `weight` is NULL, and the map runs packed and together with what
 * follows it (int8_layers.h, encoder_int8.h), never here.
 *
 *     tw_linear_run(compute, &layer->query, tokens, in, layer->query.bias, query, err);
 *     tw_linear_run(compute, &layer->up, tokens, attended, NULL, raised, err);   // activate() adds the bias
 *
 * A row of `out` has the same bits whatever `rows` is and wherever the row stands. `in` must be readable, and
 * `out` writable, for tw_gemm_rows(rows) rows (workspace.h has them so). Errors: TW_INTERNAL with the
 * library's status. */
#ifndef TW_LINEAR_H
#define TW_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/compute.h"

struct tw_linear {
    const float *weight; /* [out, in]; NULL when there are codes */
    const float *bias;   /* [out], or NULL: the map has none */
    size_t in, out;
    const int8_t *codes; /* [out, in], or NULL: the weight is scales[o] codes[o, i], codes from -127 to 127 */
    const float *scales; /* [out] */
};

/* out[rows, linear->out] = in[rows, linear->in] x W^T, and `bias` on every row: linear->bias, or NULL where
 * the kernel that comes next adds it. */
TW_MUST_USE bool tw_linear_run(const struct tw_compute *compute, const struct tw_linear *linear, size_t rows,
    const float *in, const float *bias, float *out, struct tw_error *err);

/* d_in[rows, linear->in] = (+=, when `more`) d_out[rows, linear->out] x W. The same bits for the same shapes,
 * no promise about single rows; rows are not padded. */
TW_MUST_USE bool tw_linear_back_input(const struct tw_compute *compute, const struct tw_linear *linear,
    size_t rows, const float *d_out, bool more, float *d_in, struct tw_error *err);

/* d_weight[linear->out, linear->in] += d_out[rows, linear->out]^T x in[rows, linear->in]; as above. */
TW_MUST_USE bool tw_linear_back_weight(const struct tw_compute *compute, const struct tw_linear *linear,
    size_t rows, const float *d_out, const float *in, float *d_weight, struct tw_error *err);

#endif
