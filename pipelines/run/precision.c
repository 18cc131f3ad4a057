#include "run/precision.h"

#include "gemm/step_rates.h"

#include <stdio.h>
#include <string.h>

bool tw_run_precision_settle(struct tw_run_settings *settings, char *said, size_t size, struct tw_error *err)
{
    struct tw_gemm fp32;
    struct tw_step_rates rates;
    said[0] = '\0';
    if (strcmp(settings->precision, TW_RUN_PRECISION_AUTO) != 0)
        return true;
    if (!tw_gemm_open(settings->gemm[0] ? settings->gemm : "fixed", &fp32, err) ||
        !tw_step_rates_measure(&fp32, &rates, err))
        return false;
    settings->precision = tw_step_rates_bf16_pays(&rates) ? "bf16" : "f32";
    if (rates.bf16 > 0)
        snprintf(said, size, "precision: %s, for steps do %.0f GFLOP/s in f32 and %.0f in bf16 here",
            settings->precision, rates.fp32, rates.bf16);
    else
        snprintf(said, size, "precision: f32, for this processor has no products in bf16");
    return true;
}
