/* precision: in which precision a run's products are, and what computes them.
 *
 *     struct tw_run_precision precision;
 *     tw_run_precision_settle(&settings, &precision, err)     `auto` becomes f32 or bf16, whichever its steps
 *                                                             are faster in here
 *     tw_run_precision_is_bf16(settings.precision)            the only place that compares the name
 *     tw_run_precision_open_fp32(&settings, &compute, err)    for what is measured, and for steps in f32
 *
 * Settled before anything is written, so that run.yaml has the name and a resumed run, on whatever machine,
 * keeps it. A dry run need not: it does no step.
 *
 * Weights learned with other roundings differ in their last digits. Whoever wants the same bits on every
 * machine names the precision. */
#ifndef TW_RUN_PRECISION_H
#define TW_RUN_PRECISION_H

#include "base/error.h"
#include "model/compute.h"
#include "run/run_settings.h"

struct tw_run_precision {
    char said[160];            /* what was measured, for people; empty: nothing was */
    bool is_open;              /* the next was opened for measuring, and serves the run too */
    struct tw_compute compute; /* in fp32 */
};

/* Gives the setting a name in the place of auto; does nothing where it has one. Errors are those of
 * tw_run_precision_open_fp32 and of tw_step_rates_measure. Some 60 ms. */
TW_MUST_USE bool tw_run_precision_settle(
    struct tw_run_settings *settings, struct tw_run_precision *out, struct tw_error *err);

/* Are the factors of a step's products rounded to bfloat16? Of a precision that is settled. */
bool tw_run_precision_is_bf16(const char *precision);

/* What the setting `gemm` names, and "fixed" where it names nothing: no clock decides the bits of a run. */
const char *tw_run_precision_gemm(const struct tw_run_settings *settings);

/* Opens the products that the setting `gemm` names, in fp32. TW_USAGE for one that rounds; else those of
 * tw_gemm_open. */
TW_MUST_USE bool tw_run_precision_open_fp32(
    const struct tw_run_settings *settings, struct tw_compute *out, struct tw_error *err);

#endif
