/* step_rates: how fast are the products of a training step on this processor, in fp32 and in bf16?
 *
 * A step does three products for each linear map: the map itself, the gradient of what went in and that of
 * the weights. bf16 has instructions of its own on some processors, and yet may be slower there: rounding
 * and packing come with it. So it is measured, not believed:
 *
 *     struct tw_step_rates rates;
 *     if (!tw_step_rates_measure(&compute.gemm, &rates, err)) return false;      // some 30 ms
 *     if (tw_step_rates_bf16_pays(&rates)) ...
 *
 * Best of a few rounds in the calling thread's own time, in turns, so that a disturbance falls on both. */
#ifndef TW_STEP_RATES_H
#define TW_STEP_RATES_H

#include "gemm/gemm.h"

struct tw_step_rates {
    double fp32, bf16; /* GFLOP/s over the three products; bf16 is 0 where this processor has none */
};

/* `fp32` is an opened door to products in fp32. TW_INTERNAL without memory, or when a library fails. */
TW_MUST_USE bool tw_step_rates_measure(
    const struct tw_gemm *fp32, struct tw_step_rates *out, struct tw_error *err);

/* Is bf16 faster by TW_GEMM_CLEARLY? Less is not worth rounding. */
bool tw_step_rates_bf16_pays(const struct tw_step_rates *rates);

#endif
