#include "gemm/products.h"

#include "base/signals.h"

#include <dnnl.h>

/* Of OpenMP's interface this is all that is needed; <omp.h> belongs to a compiler, not to the system. */
extern void omp_set_num_threads(int threads);

/* This file alone knows that there is oneDNN 2.6 (Debian 12) and 3 (Debian 13). Both number their statuses
 * alike, but the fourth has another name in each. No row may be missing between the others, since NULL says
 * that all went well. */
static const char *status_text(dnnl_status_t status)
{
    static const char *const texts[] = {
        [dnnl_success] = NULL,
        [dnnl_out_of_memory] = "oneDNN: out of memory (status 1)",
        [dnnl_invalid_arguments] = "oneDNN: invalid arguments (status 2)",
        [dnnl_unimplemented] = "oneDNN: unimplemented (status 3; is memory write-and-execute denied?)",
        [4] = "oneDNN: no implementation is left to try (status 4)",
        [dnnl_runtime_error] = "oneDNN: runtime error (status 5; is memory write-and-execute denied?)",
        [dnnl_not_required] = "oneDNN: not required (status 6)",
    };
    size_t row = (size_t)status;
    return row < sizeof texts / sizeof texts[0] ? texts[row] : "oneDNN: unknown status";
}

/* oneDNN runs on OpenMP, whose number of threads is a setting of the calling thread: a store, so it is made
 * each time instead of once a thread.
 *
 * Signals wait until the product is done: the kernels for AVX and AVX-512 move the stack pointer onto a piece
 * of the heap, and a handler that ran there would write its frame over what lies below it. */
static const char *sgemm(char trans_a, char trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
    const float *b, size_t ldb, bool more, float *c)
{
    struct tw_signals_held held = tw_signals_hold();
    omp_set_num_threads(1);
    dnnl_status_t status = dnnl_sgemm(trans_a, trans_b, (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, 1.0f, a,
        (dnnl_dim_t)lda, b, (dnnl_dim_t)ldb, more ? 1.0f : 0.0f, c, (dnnl_dim_t)n);
    tw_signals_release(&held);
    return status_text(status);
}

/* Without padding dnnl_sgemm takes another way at few rows, and other bits. */
static const char *multiply(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in)
{
    (void)own;
    return sgemm('N', 'T', tw_gemm_rows(rows), out, in, a, in, b, in, false, c);
}

static const char *multiply_input(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)own;
    return sgemm('N', 'N', rows, in, out, a, out, b, in, more, c);
}

static const char *multiply_weight(const struct tw_own_kernels *own, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)own;
    return sgemm('T', 'N', out, in, rows, a, out, b, in, more, c);
}

static const char *kernel(const struct tw_own_kernels *own)
{
    (void)own;
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } names[] = {
        {dnnl_cpu_isa_sse41, "sse4.1"},
        {dnnl_cpu_isa_avx, "avx"},
        {dnnl_cpu_isa_avx2, "avx2"},
        {dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},
        {dnnl_cpu_isa_avx512_core, "avx512_core"},
        {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"},
        {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
        {dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},
#if DNNL_VERSION_MAJOR >= 3
        {dnnl_cpu_isa_avx2_vnni_2, "avx2_vnni_2"},
        {dnnl_cpu_isa_avx512_core_fp16, "avx512_core_fp16"},
        {dnnl_cpu_isa_avx512_core_amx_fp16, "avx512_core_amx_fp16"},
#endif
    };
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    for (size_t row = 0; row < sizeof names / sizeof names[0]; row++) {
        if (names[row].isa == isa)
            return names[row].name;
    }
    return "another instruction set";
}

const struct tw_products tw_products_onednn = {
    .name = "onednn",
    .multiply = multiply,
    .multiply_input = multiply_input,
    .multiply_weight = multiply_weight,
    .kernel = kernel,
};
