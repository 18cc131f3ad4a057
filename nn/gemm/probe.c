#include "gemm/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"

/* The probe's shapes: a small encoder's square and wide products, one that divides into nothing, and those of
 * heads and tiny models: OpenBLAS 0.3.29 takes another kernel for small products, and with it other bits. The
 * first is timed. */
static const struct {
    size_t out, in;
} shapes[] = {{384, 384}, {384, 1536}, {90, 77}, {3, 384}, {3, 1536}, {72, 36}, {32, 32}};

enum { PROBE_ROWS = 208, PROBE_OUT = 384, PROBE_IN = 1536, PROBE_ROUNDS = 4, PROBE_TIMED = 192 };

struct bench {
    const struct tw_own_kernels *own;
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
static bool is_stable(const struct bench *bench, const struct tw_products *products, size_t out, size_t in,
    size_t first, size_t rows)
{
    if (products->multiply(bench->own, bench->a + first * in, bench->b, bench->part, rows, out, in))
        return false;
    return memcmp(bench->part, bench->whole + first * out, rows * out * sizeof(float)) == 0;
}

static void note_failure(struct tw_gemm_probe *probe, const char *failure)
{
    probe->works = false;
    snprintf(probe->failure, sizeof probe->failure, "%s", failure);
}

static void probe_shape(const struct bench *bench, const struct tw_products *products, size_t out, size_t in,
    struct tw_gemm_probe *probe)
{
    static const struct {
        size_t first, rows;
    } cuts[] = {{0, 1}, {0, 16}, {1, 1}, {5, 33}, {12, 48}, {17, 100}, {31, 64}, {100, 96}, {191, 1}};
    const char *failure =
        products->multiply(bench->own, bench->a, bench->b, bench->whole, PROBE_ROWS, out, in);
    if (!failure && !is_right(bench, out, in))
        failure = "wrong numbers";
    if (failure) {
        note_failure(probe, failure);
        return;
    }
    for (size_t cut = 0; cut < sizeof cuts / sizeof cuts[0]; cut++)
        probe->stable &= is_stable(bench, products, out, in, cuts[cut].first, cuts[cut].rows);
}

static void probe_shapes(
    const struct bench *bench, const struct tw_products *products, struct tw_gemm_probe *probe)
{
    *probe = (struct tw_gemm_probe){.works = true, .stable = true};
    for (size_t shape = 0; probe->works && shape < sizeof shapes / sizeof shapes[0]; shape++)
        probe_shape(bench, products, shapes[shape].out, shapes[shape].in, probe);
}

/* In the thread's own time: what else runs on the machine does not count. */
static void time_once(
    const struct bench *bench, const struct tw_products *products, struct tw_gemm_probe *probe)
{
    const size_t out = shapes[0].out, in = shapes[0].in;
    uint64_t began_ns = tw_thread_ns();
    const char *failure =
        products->multiply(bench->own, bench->a, bench->b, bench->part, PROBE_TIMED, out, in);
    uint64_t spent_ns = tw_thread_ns() - began_ns;
    if (failure)
        note_failure(probe, failure);
    double gflops = spent_ns > 0 ? 2.0 * (double)(PROBE_TIMED * out * in) / (double)spent_ns : 0.0;
    probe->gflops = gflops > probe->gflops ? gflops : probe->gflops;
}

bool tw_probe_all(const struct tw_own_kernels *own, const struct tw_products *const *products, size_t count,
    struct tw_gemm_probe *probes, struct tw_error *err)
{
    struct bench bench = {.own = own};
    if (!begin_bench(&bench, err)) {
        tw_arena_end(&bench.arena);
        return false;
    }
    for (size_t backend = 0; backend < count; backend++)
        probe_shapes(&bench, products[backend], &probes[backend]);
    /* The best of a few rounds, taken in turns so that a disturbance falls on all alike. */
    for (int round = 0; round < PROBE_ROUNDS; round++)
        for (size_t backend = 0; backend < count; backend++)
            if (probes[backend].works)
                time_once(&bench, products[backend], &probes[backend]);
    tw_arena_end(&bench.arena);
    return true;
}
