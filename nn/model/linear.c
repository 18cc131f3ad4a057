#include "model/linear.h"

bool tw_linear_run(const struct tw_compute *compute, const struct tw_linear *linear, size_t rows,
    const float *in, const float *bias, float *out, struct tw_error *err)
{
    if (!tw_gemm(&compute->gemm, rows, linear->out, linear->in, in, linear->weight, out, err))
        return false;
    if (bias)
        compute->kernels->add_bias(out, bias, rows, linear->out, out);
    return true;
}

bool tw_linear_back_input(const struct tw_compute *compute, const struct tw_linear *linear, size_t rows,
    const float *d_out, bool more, float *d_in, struct tw_error *err)
{
    return tw_gemm_input(
        &compute->gemm, rows, linear->out, linear->in, d_out, linear->weight, more, d_in, err);
}

bool tw_linear_back_weight(const struct tw_compute *compute, const struct tw_linear *linear, size_t rows,
    const float *d_out, const float *in, float *d_weight, struct tw_error *err)
{
    return tw_gemm_weight(&compute->gemm, rows, linear->out, linear->in, d_out, in, true, d_weight, err);
}
