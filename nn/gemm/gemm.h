/* gemm: the one door to matrix products.
 *   C[M, N] = A[M, K] x B[N, K]^T     row-major, fp32; B is a weight as files hold it
 *
 * Behind it stand oneDNN (dnnl_sgemm), OpenBLAS (cblas_sgemm) and our own kernel (kernels.h, multiply),
 * called "portable".
 *
 * The promise: a row of C has the same bits whatever M is and wherever the row stands, so that a text's score
 * does not depend on its batch mates. For the libraries' sake M is padded to a multiple of TW_GEMM_ROWS: A
 * must be readable and C writable for tw_gemm_rows(M) rows; the rows beyond M mean nothing. OpenBLAS's
 * kernels for some processors break the promise all the same, so each backend is probed: right numbers,
 * stable rows, speed.
 *
 *     struct tw_gemm gemm;
 *     if (!tw_gemm_open("auto", &gemm, err)) return false;     // once, at start; about 30 ms
 *     tw_gemm(&gemm, rows, out, in, a, weight, c, err);         // from any number of threads; linear.h does
 *     tw_gemm_report(&gemm, line, sizeof line);                // for `bench` and `check`
 *
 * `auto` takes our own kernel unless a library keeps the promise and is faster by 15% on this processor: the
 * margin keeps two starts on one machine from choosing differently. A backend asked for by name
 * (gemm.backend: portable | onednn | openblas) is taken if it keeps the promise, and refused (TW_CONFIG) if
 * not.
 *
 * Training steps may have products of bf16.h instead: A and B rounded to bfloat16, sums in fp32. "bf16" is
 * chosen by name alone, never by a probe, and needs AVX512_BF16 (TW_CONFIG elsewhere); "bf16-portable"
 * computes the same bits on any processor, at the pace of a definition.
 *
 * Threads: a product runs on its caller's thread alone. OpenBLAS is told so once at open (process-wide);
 * oneDNN, built on OpenMP, has a setting for each calling thread, made in each call. There is nothing to
 * close. */
#ifndef TW_GEMM_H
#define TW_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "gemm/probe.h"
#include "gemm/products.h"

enum tw_gemm_backend {
    TW_GEMM_PORTABLE,
    TW_GEMM_ONEDNN,
    TW_GEMM_OPENBLAS,
    TW_GEMM_BACKENDS, /* of fp32: these are probed */
    TW_GEMM_BF16 = TW_GEMM_BACKENDS,
    TW_GEMM_BF16_PORTABLE,
    TW_GEMM_ALL
};

/* By how much another way must be faster to be taken for its speed: were it a matter of chance, two starts
 * of one program on one machine could differ in the last bits. */
#define TW_GEMM_CLEARLY 1.15

/* The backend of products rounded to bfloat16; "bf16-portable" begins with it too. */
#define TW_GEMM_NAME_BF16 "bf16"

struct tw_gemm {
    enum tw_gemm_backend backend; /* the one in use */
    struct tw_own_kernels own;    /* of this processor */
    struct tw_gemm_probe probes[TW_GEMM_BACKENDS];
};

/* `backend`: NULL or "auto", or a name; "fixed" takes the first of onednn, openblas, portable that keeps the
 * promise, whatever the clock says: two starts on one machine then compute the same bits (training). "bf16"
 * and "bf16-portable" probe nothing. TW_CONFIG for an unknown name or a backend that fails its probe. */
TW_MUST_USE bool tw_gemm_open(const char *backend, struct tw_gemm *out, struct tw_error *err);

/* One product, c = a b^T. False with TW_INTERNAL and the library's status when it fails. */
TW_MUST_USE bool tw_gemm(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *a,
    const float *b, float *c, struct tw_error *err);

/* For gradients, by the same backend: dX[rows, in] = (+=, when `more`) dY[rows, out] x W[out, in], and
 * dW[out, in] = (+=) dY[rows, out]^T x X[rows, in]. The same bits for the same shapes, no
 * promise about single rows; rows are not padded. */
TW_MUST_USE bool tw_gemm_input(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in,
    const float *d_y, const float *weight, bool more, float *d_x, struct tw_error *err);
/* The gradient by the weights, beside tw_gemm_input: d_weight[out, in] = (or, with `more`, +=) d_y^T x. */
TW_MUST_USE bool tw_gemm_weight(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in,
    const float *d_y, const float *x, bool more, float *d_weight, struct tw_error *err);

/* "onednn" and the like. */
const char *tw_gemm_backend_name(enum tw_gemm_backend backend);

/* One line for people: the backend in use, its kernel (processor type), and what the probe found of each. */
void tw_gemm_report(const struct tw_gemm *gemm, char *line, size_t size);

#endif
