/* products: what each backend behind the door offers. For gemm/ alone; everybody else comes through gemm.h.
 *
 * One table of functions a backend: onednn.c, openblas.c, own.c. A function answers NULL, or the reason in
 * words why the product could not be made. All arrays are row-major fp32; none of the inputs may be c; the
 * calling thread does the work alone. All calls of a library stand in its own file, so that another
 * release of it is a change of one file. */
#ifndef TW_PRODUCTS_H
#define TW_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>

#include "gemm/bf16.h"
#include "kernels/kernels.h"

enum { TW_GEMM_ROWS = 16 };

/* Rows that A and C must have room for: libraries take other ways at the edges of a block, so that M is
 * padded. */
static inline size_t tw_gemm_rows(size_t rows)
{
    return (rows + TW_GEMM_ROWS - 1) / TW_GEMM_ROWS * TW_GEMM_ROWS;
}

/* The kernels of this processor that our own backends call. Libraries do not look at them. */
struct tw_own_kernels {
    const struct tw_kernels *fp32;
    const struct tw_bf16_kernels *bf16; /* of the two bf16 backends, else NULL */
};

struct tw_products {
    const char *name; /* as gemm.backend says it */

    /* Called when the door is opened, before the first product; NULL: nothing to do. */
    void (*begin)(void);

    /* c[rows, out] = a[rows, in] x b[out, in]^T; a and c have room for tw_gemm_rows(rows) rows. */
    const char *(*multiply)(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
        size_t rows, size_t out, size_t in);
    /* c[rows, in] = (+=, when `more`) a[rows, out] x b[out, in] */
    const char *(*multiply_input)(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
        size_t rows, size_t out, size_t in, bool more);
    /* c[out, in] = (+=, when `more`) a[rows, out]^T x b[rows, in] */
    const char *(*multiply_weight)(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
        size_t rows, size_t out, size_t in, bool more);

    /* For people: the kind of processor that the kernels in use are made for. */
    const char *(*kernel)(const struct tw_own_kernels *own);
};

extern const struct tw_products tw_products_onednn;
extern const struct tw_products tw_products_openblas;
extern const struct tw_products tw_products_own;           /* "portable": kernels.h */
extern const struct tw_products tw_products_bf16;          /* bf16.h, the fast ones */
extern const struct tw_products tw_products_bf16_portable; /* the same bits on any processor */

#endif
