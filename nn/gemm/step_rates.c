#include "gemm/step_rates.h"

#include "base/arena.h"
#include "base/clock.h"

/* A batch of 32 short texts through the wide map of a small encoder. */
enum { ROWS = 640, OUT = 1536, IN = 384, ROUNDS = 4 };

struct matrices {
    float *x, *weight, *y, *d_x, *d_weight;
};

static float *filled(struct tw_arena *arena, size_t count)
{
    float *made = tw_arena_aligned(arena, count * sizeof *made);
    for (size_t at = 0; made && at < count; at++)
        made[at] = (float)((at * 2654435761u) % 2003u) / 1001.0f - 1.0f;
    return made;
}

static bool make(struct tw_arena *arena, struct matrices *out, struct tw_error *err)
{
    const size_t rows = (size_t)ROWS * IN, weights = (size_t)OUT * IN, outputs = (size_t)ROWS * OUT;
    if (!tw_arena_begin(arena, (2 * rows + 2 * weights + outputs) * sizeof(float) + 4096, err))
        return false;
    *out = (struct matrices){filled(arena, rows), filled(arena, weights), filled(arena, outputs),
        filled(arena, rows), filled(arena, weights)};
    return (out->x && out->weight && out->y && out->d_x && out->d_weight) || tw_arena_fail(arena, err);
}

static bool time_step(
    const struct tw_gemm *gemm, const struct matrices *made, double *best, struct tw_error *err)
{
    uint64_t began_ns = tw_thread_ns();
    if (!tw_gemm(gemm, ROWS, OUT, IN, made->x, made->weight, made->y, err) ||
        !tw_gemm_input(gemm, ROWS, OUT, IN, made->y, made->weight, false, made->d_x, err) ||
        !tw_gemm_weight(gemm, ROWS, OUT, IN, made->y, made->x, false, made->d_weight, err))
        return false;
    uint64_t spent_ns = tw_thread_ns() - began_ns;
    double rate = spent_ns > 0 ? 3.0 * 2.0 * ROWS * OUT * IN / (double)spent_ns : 0.0;
    if (rate > *best)
        *best = rate;
    return true;
}

bool tw_step_rates_measure(const struct tw_gemm *fp32, struct tw_step_rates *out, struct tw_error *err)
{
    struct tw_gemm bf16;
    struct tw_error none;
    struct tw_arena arena = {0};
    struct matrices made;
    *out = (struct tw_step_rates){0};
    bool has_bf16 = tw_gemm_open(TW_GEMM_NAME_BF16, &bf16, &none);
    bool done = make(&arena, &made, err);
    for (int round = 0; done && round < ROUNDS; round++)
        done = time_step(fp32, &made, &out->fp32, err) &&
               (!has_bf16 || time_step(&bf16, &made, &out->bf16, err));
    tw_arena_end(&arena);
    return done;
}

bool tw_step_rates_bf16_pays(const struct tw_step_rates *rates)
{
    return rates->bf16 > rates->fp32 * TW_GEMM_CLEARLY;
}
