/* precision: `precision: auto` of a run becomes f32 or bf16, whichever its steps are faster in here.
 *   in    the settings, before anything is written
 *   out   the settings with a name in the place of auto, so that run.yaml has it and a resumed run, on
 *         whatever machine, keeps it; a line that says what was measured
 *
 * Weights learned with other roundings differ in their last digits. Whoever wants the same bits on every
 * machine names the precision. */
#ifndef TW_RUN_PRECISION_H
#define TW_RUN_PRECISION_H

#include "base/error.h"
#include "run/run_settings.h"

/* Does nothing unless the setting is auto; `said` is empty then. Errors are those of tw_gemm_open, the
 * setting gemm's, and of tw_step_rates_measure. Some 60 ms. */
TW_MUST_USE bool tw_run_precision_settle(
    struct tw_run_settings *settings, char *said, size_t size, struct tw_error *err);

#endif
