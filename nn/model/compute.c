#include "model/compute.h"

#include "kernels/choose.h"

bool tw_compute_open(const char *backend, struct tw_compute *out, struct tw_error *err)
{
    out->kernels = tw_kernels_best();
    out->int8 = tw_int8_best();
    return tw_gemm_open(backend, &out->gemm, err);
}

void tw_compute_use(struct tw_compute *compute, const struct tw_kernels *kernels)
{
    compute->kernels = kernels;
    compute->gemm.own.fp32 = kernels;
}
