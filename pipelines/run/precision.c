#include "run/precision.h"

#include "gemm/step_rates.h"

#include <stdio.h>
#include <string.h>

bool tw_run_precision_is_bf16(const char *precision)
{
    return strcmp(precision, TW_GEMM_NAME_BF16) == 0;
}

const char *tw_run_precision_gemm(const struct tw_run_settings *settings)
{
    return settings->gemm[0] ? settings->gemm : "fixed";
}

bool tw_run_precision_open_fp32(
    const struct tw_run_settings *settings, struct tw_compute *out, struct tw_error *err)
{
    const char *backend = tw_run_precision_gemm(settings);
    if (strncmp(backend, TW_GEMM_NAME_BF16, strlen(TW_GEMM_NAME_BF16)) == 0)
        return tw_fail(err, TW_USAGE, NULL, "give precision bf16: it rounds the products of steps alone",
            "gemm: \"%s\" is not for what is measured", backend);
    return tw_compute_open(backend, out, err);
}

bool tw_run_precision_settle(
    struct tw_run_settings *settings, struct tw_run_precision *out, struct tw_error *err)
{
    struct tw_step_rates rates;
    *out = (struct tw_run_precision){0};
    if (strcmp(settings->precision, TW_RUN_PRECISION_AUTO) != 0)
        return true;
    if (!tw_run_precision_open_fp32(settings, &out->compute, err) ||
        !tw_step_rates_measure(&out->compute.gemm, &rates, err))
        return false;
    out->is_open = true;
    settings->precision = tw_step_rates_bf16_pays(&rates) ? TW_GEMM_NAME_BF16 : "f32";
    if (rates.bf16 > 0)
        snprintf(out->said, sizeof out->said,
            "precision: %s, for steps do %.0f GFLOP/s in f32 and %.0f in bf16 here", settings->precision,
            rates.fp32, rates.bf16);
    else
        snprintf(out->said, sizeof out->said, "precision: f32, for this processor has no products in bf16");
    return true;
}
