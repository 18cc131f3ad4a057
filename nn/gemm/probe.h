/* probe: which backends keep the door's promise on this processor, and how fast is each?
 *   in    backends (products.h)
 *   out   a finding for each: right numbers, rows whose bits do not depend on their place, speed
 *
 * Shapes are those of a small encoder and its heads, and one that divides into nothing; numbers are held
 * against sums in double, and rows computed alone against the same rows among others. Some 30 ms, in the
 * calling thread's own time. For gemm.c alone. */
#ifndef TW_PROBE_H
#define TW_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "gemm/products.h"

/* What was found about one backend. */
struct tw_gemm_probe {
    bool works;       /* it answered with success and with the right numbers */
    bool stable;      /* rows kept their bits over M and row */
    double gflops;    /* 0 when not measured */
    char failure[96]; /* why it does not work, else empty */
};

/* Probes and times `count` backends into probes[count]. TW_INTERNAL without memory; what is wrong with a
 * backend stands in its probe. */
TW_MUST_USE bool tw_probe_all(const struct tw_own_kernels *own, const struct tw_products *const *products,
    size_t count, struct tw_gemm_probe *probes, struct tw_error *err);

#endif
