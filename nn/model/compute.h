/* compute: with what this process computes: the kernels of its processor (kernels.h) and the door to products
 * (gemm.h).
 *
 *     struct tw_compute compute;
 *     if (!tw_compute_open("auto", &compute, err)) return false;   // once, at start; about 30 ms
 *     ... workspaces point to it, from any number of threads; it is const from here on ...
 *
 * There is nothing to close. */
#ifndef TW_COMPUTE_H
#define TW_COMPUTE_H

#include "base/error.h"
#include "gemm/gemm.h"
#include "kernels/int8.h"
#include "kernels/kernels.h"

struct tw_compute {
    const struct tw_kernels *kernels;   /* forward; kernels->backward undoes them */
    struct tw_gemm gemm;                /* products, for linear.c */
    const struct tw_int8_kernels *int8; /* steps with 8-bit weights, for encoder_int8.c */
};

/* The fastest kernels of this processor, and products by `backend`: any name that tw_gemm_open knows, NULL
 * for "auto". Errors are those of tw_gemm_open. */
TW_MUST_USE bool tw_compute_open(const char *backend, struct tw_compute *out, struct tw_error *err);

/* Other kernels than the fastest, for everything: for those who compare them. */
void tw_compute_use(struct tw_compute *compute, const struct tw_kernels *kernels);

#endif
