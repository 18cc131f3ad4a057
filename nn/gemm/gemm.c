#include "gemm/gemm.h"

#include <cblas.h>
#include <dnnl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "kernels/choose.h"

/* Of OpenMP's interface this is all that is needed; <omp.h> belongs to a compiler, not to the system. */
extern void omp_set_num_threads(int threads);

/* One product, c[rows, out] = a b^T. On failure the reason in words, else NULL. */
typedef const char *(*multiply_function)(
    const struct tw_gemm *gemm, const float *a, const float *b, float *c, size_t rows, size_t out, size_t in);

/* oneDNN 3 numbers its statuses as oneDNN 2.6 does, but calls the fourth by another name: here alone the versions
 * differ for us. No row may be missing between the others, since NULL says that all went well. */
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

static const char *multiply_onednn(
    const struct tw_gemm *gemm, const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    (void)gemm;
    /* A setting of the calling thread; a store, so it is made each time instead of once a thread. */
    omp_set_num_threads(1);
    dnnl_dim_t m = (dnnl_dim_t)tw_gemm_rows(rows), n = (dnnl_dim_t)out, k = (dnnl_dim_t)in;
    return status_text(dnnl_sgemm('N', 'T', m, n, k, 1.0f, a, k, b, k, 0.0f, c, n));
}

static const char *multiply_openblas(
    const struct tw_gemm *gemm, const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    (void)gemm;
    blasint m = (blasint)tw_gemm_rows(rows), n = (blasint)out, k = (blasint)in;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, a, k, b, k, 0.0f, c, n);
    return NULL;
}

/* Needs no padding: each element is one chain of additions whatever the block. */
static const char *multiply_portable(
    const struct tw_gemm *gemm, const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    gemm->kernels->multiply(a, b, c, rows, out, in);
    return NULL;
}

/* The products of a backward pass, c = (or +=) what gemm.h says. */
typedef const char *(*gradient_function)(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more);

static const char *input_onednn(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)gemm;
    omp_set_num_threads(1);
    dnnl_dim_t m = (dnnl_dim_t)rows, n = (dnnl_dim_t)in, k = (dnnl_dim_t)out;
    return status_text(dnnl_sgemm('N', 'N', m, n, k, 1.0f, a, k, b, n, more ? 1.0f : 0.0f, c, n));
}

static const char *weight_onednn(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)gemm;
    omp_set_num_threads(1);
    dnnl_dim_t m = (dnnl_dim_t)out, n = (dnnl_dim_t)in, k = (dnnl_dim_t)rows;
    return status_text(dnnl_sgemm('T', 'N', m, n, k, 1.0f, a, m, b, n, more ? 1.0f : 0.0f, c, n));
}

static const char *input_openblas(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)gemm;
    blasint m = (blasint)rows, n = (blasint)in, k = (blasint)out;
    cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, k, b, n, more ? 1.0f : 0.0f, c, n);
    return NULL;
}

static const char *weight_openblas(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    (void)gemm;
    blasint m = (blasint)out, n = (blasint)in, k = (blasint)rows;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1.0f, a, m, b, n, more ? 1.0f : 0.0f, c, n);
    return NULL;
}

static const char *input_portable(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    gemm->kernels->backward->multiply_input(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *weight_portable(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    gemm->kernels->backward->multiply_weight(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *multiply_bf16(
    const struct tw_gemm *gemm, const float *a, const float *b, float *c, size_t rows, size_t out, size_t in)
{
    gemm->bf16->multiply(a, b, c, rows, out, in);
    return NULL;
}

static const char *input_bf16(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    gemm->bf16->multiply_input(a, b, c, rows, out, in, more);
    return NULL;
}

static const char *weight_bf16(const struct tw_gemm *gemm, const float *a, const float *b, float *c,
    size_t rows, size_t out, size_t in, bool more)
{
    gemm->bf16->multiply_weight(a, b, c, rows, out, in, more);
    return NULL;
}

static const struct {
    const char *name;
    multiply_function multiply;
    gradient_function input, weight;
} backends[] = {
    [TW_GEMM_PORTABLE] = {"portable", multiply_portable, input_portable, weight_portable},
    [TW_GEMM_ONEDNN] = {"onednn", multiply_onednn, input_onednn, weight_onednn},
    [TW_GEMM_OPENBLAS] = {"openblas", multiply_openblas, input_openblas, weight_openblas},
    [TW_GEMM_BF16] = {"bf16", multiply_bf16, input_bf16, weight_bf16},
    [TW_GEMM_BF16_PORTABLE] = {"bf16-portable", multiply_bf16, input_bf16, weight_bf16},
};
_Static_assert(sizeof backends / sizeof backends[0] == TW_GEMM_ALL, "one row a backend");

const char *tw_gemm_backend_name(enum tw_gemm_backend backend)
{
    return backends[backend].name;
}

static bool judge(const char *failure, struct tw_error *err)
{
    if (!failure)
        return true;
    return tw_fail(
        err, TW_INTERNAL, "gemm", "set gemm.backend: portable, and run `tapewatch check`", "%s", failure);
}

bool tw_gemm(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *a, const float *b,
    const float *bias, float *c, struct tw_error *err)
{
    if (rows == 0)
        return true;
    if (!judge(backends[gemm->backend].multiply(gemm, a, b, c, rows, out, in), err))
        return false;
    if (bias)
        gemm->kernels->add_bias(c, bias, rows, out, c);
    return true;
}

bool tw_gemm_input(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *d_y,
    const float *weight, bool more, float *d_x, struct tw_error *err)
{
    return rows == 0 ||
           judge(backends[gemm->backend].input(gemm, d_y, weight, d_x, rows, out, in, more), err);
}

bool tw_gemm_weight(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *d_y,
    const float *x, bool more, float *d_weight, struct tw_error *err)
{
    return rows == 0 ||
           judge(backends[gemm->backend].weight(gemm, d_y, x, d_weight, rows, out, in, more), err);
}

/* --- the probe ----------------------------------------------------------------------------------------------- */

/* The probe's shapes: a small encoder's square and wide products, and one that divides into nothing. */
static const struct {
    size_t out, in;
} shapes[] = {{384, 384}, {384, 1536}, {90, 77}};

enum { PROBE_ROWS = 208, PROBE_OUT = 384, PROBE_IN = 1536, PROBE_ROUNDS = 4, PROBE_TIMED = 192 };

struct bench {
    struct tw_arena arena;
    float *a, *b, *whole, *part;
};

static bool begin_bench(struct bench *bench, struct tw_error *err)
{
    size_t a_bytes = sizeof(float) * PROBE_ROWS * PROBE_IN, b_bytes = sizeof(float) * PROBE_OUT * PROBE_IN,
           c_bytes = sizeof(float) * PROBE_ROWS * PROBE_OUT;
    if (!tw_arena_begin(&bench->arena, a_bytes + b_bytes + 2 * c_bytes + 1024, err))
        return false;
    bench->a = tw_arena_aligned(&bench->arena, a_bytes);
    bench->b = tw_arena_aligned(&bench->arena, b_bytes);
    bench->whole = tw_arena_aligned(&bench->arena, c_bytes);
    bench->part = tw_arena_aligned(&bench->arena, c_bytes);
    if (!bench->a || !bench->b || !bench->whole || !bench->part)
        return tw_arena_fail(&bench->arena, err);
    /* Any numbers of mixed sign do; these need no generator. */
    for (size_t at = 0; at < (size_t)PROBE_ROWS * PROBE_IN; at++)
        bench->a[at] = (float)((at * 2654435761u) % 2003u) / 1001.0f - 1.0f;
    for (size_t at = 0; at < (size_t)PROBE_OUT * PROBE_IN; at++)
        bench->b[at] = (float)((at * 2246822519u) % 1999u) / 999.0f - 1.0f;
    return true;
}

/* A few elements of the product against double. */
static bool is_right(const struct bench *bench, size_t out, size_t in)
{
    for (size_t row = 0; row < PROBE_ROWS; row += 23) {
        for (size_t column = row % 7; column < out; column += 41) {
            double sum = 0.0;
            for (size_t at = 0; at < in; at++)
                sum += (double)bench->a[row * in + at] * (double)bench->b[column * in + at];
            if (!(fabs(sum - (double)bench->whole[row * out + column]) < 1e-3))
                return false;
        }
    }
    return true;
}

/* The rows from `first` on, computed in a product of their own, against the whole product. */
static bool is_stable(const struct tw_gemm *gemm, multiply_function multiply, const struct bench *bench,
    size_t out, size_t in, size_t first, size_t rows)
{
    if (multiply(gemm, bench->a + first * in, bench->b, bench->part, rows, out, in))
        return false;
    return memcmp(bench->part, bench->whole + first * out, rows * out * sizeof(float)) == 0;
}

/* The thread's own time: what else runs on the machine does not count. */
static double now_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void probe_shape(const struct tw_gemm *gemm, multiply_function multiply, const struct bench *bench,
    size_t out, size_t in, struct tw_gemm_probe *probe)
{
    static const struct {
        size_t first, rows;
    } cuts[] = {{0, 1}, {0, 16}, {1, 1}, {5, 33}, {12, 48}, {17, 100}, {31, 64}, {100, 96}, {191, 1}};
    const char *failure = multiply(gemm, bench->a, bench->b, bench->whole, PROBE_ROWS, out, in);
    if (!failure && !is_right(bench, out, in))
        failure = "wrong numbers";
    if (failure) {
        probe->works = false;
        snprintf(probe->failure, sizeof probe->failure, "%s", failure);
        return;
    }
    for (size_t cut = 0; cut < sizeof cuts / sizeof cuts[0]; cut++)
        probe->stable &= is_stable(gemm, multiply, bench, out, in, cuts[cut].first, cuts[cut].rows);
}

static void probe_backends(struct tw_gemm *gemm, const struct bench *bench)
{
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        struct tw_gemm_probe *probe = &gemm->probes[backend];
        *probe = (struct tw_gemm_probe){.works = true, .stable = true};
        for (size_t shape = 0; probe->works && shape < sizeof shapes / sizeof shapes[0]; shape++)
            probe_shape(gemm, backends[backend].multiply, bench, shapes[shape].out, shapes[shape].in, probe);
    }
}

/* The best of a few rounds, taken in turns so that a disturbance falls on all alike. */
static void time_backends(struct tw_gemm *gemm, const struct bench *bench)
{
    const size_t out = shapes[0].out, in = shapes[0].in;
    for (int round = 0; round < PROBE_ROUNDS; round++) {
        for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
            struct tw_gemm_probe *probe = &gemm->probes[backend];
            if (!probe->works)
                continue;
            double begin = now_seconds();
            if (backends[backend].multiply(gemm, bench->a, bench->b, bench->part, PROBE_TIMED, out, in))
                probe->works = false;
            double spent = now_seconds() - begin;
            double gflops = spent > 0.0 ? 2e-9 * (double)(PROBE_TIMED * out * in) / spent : 0.0;
            probe->gflops = gflops > probe->gflops ? gflops : probe->gflops;
        }
    }
}

/* A library must be clearly faster than our own kernel: were it a matter of chance, two starts of one program on
 * one machine could differ in the last bits of a score. */
static const double clearly = 1.15;

static enum tw_gemm_backend fastest(const struct tw_gemm *gemm)
{
    size_t best = TW_GEMM_PORTABLE;
    double mark = gemm->probes[TW_GEMM_PORTABLE].gflops * clearly;
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        const struct tw_gemm_probe *probe = &gemm->probes[backend];
        if (backend == TW_GEMM_PORTABLE || !probe->works || !probe->stable || probe->gflops < mark)
            continue;
        best = backend;
        mark = probe->gflops;
    }
    return (enum tw_gemm_backend)best;
}

static bool take_named(struct tw_gemm *gemm, const char *name, struct tw_error *err)
{
    size_t backend = 0;
    while (backend < TW_GEMM_BACKENDS && strcmp(name, backends[backend].name) != 0)
        backend++;
    if (backend == TW_GEMM_BACKENDS)
        return tw_fail(err, TW_CONFIG, "gemm.backend", "give auto, portable, onednn or openblas",
            "no backend is called \"%.64s\"", name);
    const struct tw_gemm_probe *probe = &gemm->probes[backend];
    if (!probe->works)
        return tw_fail(
            err, TW_CONFIG, "gemm.backend", "give auto", "%s does not work here: %s", name, probe->failure);
    if (!probe->stable)
        return tw_fail(err, TW_CONFIG, "gemm.backend", "give auto",
            "%s does not keep the bits of a row whatever its place on this processor", name);
    gemm->backend = (enum tw_gemm_backend)backend;
    return true;
}

/* No clock decides here. */
static enum tw_gemm_backend first_stable(const struct tw_gemm *gemm)
{
    static const enum tw_gemm_backend order[] = {TW_GEMM_ONEDNN, TW_GEMM_OPENBLAS};
    for (size_t at = 0; at < sizeof order / sizeof order[0]; at++) {
        if (gemm->probes[order[at]].works && gemm->probes[order[at]].stable)
            return order[at];
    }
    return TW_GEMM_PORTABLE;
}

/* Takes a bf16 backend if `name` is one: its bits are bf16.h's everywhere, so there is nothing to probe. */
static bool take_bf16(struct tw_gemm *gemm, const char *name, bool *taken, struct tw_error *err)
{
    *taken = true;
    if (strcmp(name, backends[TW_GEMM_BF16_PORTABLE].name) == 0) {
        gemm->backend = TW_GEMM_BF16_PORTABLE;
        gemm->bf16 = &tw_bf16_portable;
        return true;
    }
    *taken = strcmp(name, backends[TW_GEMM_BF16].name) == 0;
    if (!*taken)
        return true;
    gemm->backend = TW_GEMM_BF16;
    gemm->bf16 = tw_bf16_fast();
    return gemm->bf16 || tw_fail(err, TW_CONFIG, "precision", "give precision f32",
                             "this processor has no bf16 products (AVX512_BF16)");
}

bool tw_gemm_open(const char *backend, struct tw_gemm *out, struct tw_error *err)
{
    *out = (struct tw_gemm){.backend = TW_GEMM_PORTABLE, .kernels = tw_kernels_best()};
    bool taken = false;
    if (backend && !take_bf16(out, backend, &taken, err))
        return false;
    if (taken)
        return true;
    openblas_set_num_threads(1);
    struct bench bench = {0};
    if (!begin_bench(&bench, err)) {
        tw_arena_end(&bench.arena);
        return false;
    }
    probe_backends(out, &bench);
    time_backends(out, &bench);
    tw_arena_end(&bench.arena);
    if (backend && strcmp(backend, "fixed") == 0) {
        out->backend = first_stable(out);
        return true;
    }
    if (backend && strcmp(backend, "auto") != 0)
        return take_named(out, backend, err);
    out->backend = fastest(out);
    return true;
}

static const char *onednn_kernel(void)
{
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
    };
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    for (size_t row = 0; row < sizeof names / sizeof names[0]; row++) {
        if (names[row].isa == isa)
            return names[row].name;
    }
    return "another instruction set";
}

static const char *kernel_name(const struct tw_gemm *gemm, size_t backend)
{
    if (backend == TW_GEMM_ONEDNN)
        return onednn_kernel();
    return backend == TW_GEMM_OPENBLAS ? openblas_get_corename() : gemm->kernels->name;
}

void tw_gemm_report(const struct tw_gemm *gemm, char *line, size_t size)
{
    size_t at = 0;
    if (gemm->bf16) {
        snprintf(line, size, "uses %s (%s)", backends[gemm->backend].name, gemm->bf16->name);
        return;
    }
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS && at < size; backend++) {
        const struct tw_gemm_probe *probe = &gemm->probes[backend];
        const char *verdict = !probe->works ? probe->failure : probe->stable ? "" : ", rows not bit-stable";
        int wrote = snprintf(line + at, size - at, "%s%s%s (%s) %.0f GFLOP/s%s", backend ? "; " : "",
            backend == (size_t)gemm->backend ? "uses " : "", backends[backend].name,
            kernel_name(gemm, backend), probe->gflops, verdict);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
}
