#include "gemm/gemm.h"

#include <stdio.h>
#include <string.h>

#include "kernels/choose.h"

static const struct tw_products *const backends[] = {
    [TW_GEMM_PORTABLE] = &tw_products_own,
    [TW_GEMM_ONEDNN] = &tw_products_onednn,
    [TW_GEMM_OPENBLAS] = &tw_products_openblas,
    [TW_GEMM_BF16] = &tw_products_bf16,
    [TW_GEMM_BF16_PORTABLE] = &tw_products_bf16_portable,
};
_Static_assert(sizeof backends / sizeof backends[0] == TW_GEMM_ALL, "one row a backend");

const char *tw_gemm_backend_name(enum tw_gemm_backend backend)
{
    return backends[backend]->name;
}

/* --- products ------------------------------------------------------------------------------------------- */

static bool judge(const char *failure, struct tw_error *err)
{
    if (!failure)
        return true;
    return tw_fail(
        err, TW_INTERNAL, "gemm", "set gemm.backend: portable, and run `tapewatch check`", "%s", failure);
}

bool tw_gemm(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *a, const float *b,
    float *c, struct tw_error *err)
{
    return rows == 0 || judge(backends[gemm->backend]->multiply(&gemm->own, a, b, c, rows, out, in), err);
}

bool tw_gemm_input(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *d_y,
    const float *weight, bool more, float *d_x, struct tw_error *err)
{
    return rows == 0 ||
           judge(backends[gemm->backend]->multiply_input(&gemm->own, d_y, weight, d_x, rows, out, in, more),
               err);
}

bool tw_gemm_weight(const struct tw_gemm *gemm, size_t rows, size_t out, size_t in, const float *d_y,
    const float *x, bool more, float *d_weight, struct tw_error *err)
{
    return rows == 0 ||
           judge(backends[gemm->backend]->multiply_weight(&gemm->own, d_y, x, d_weight, rows, out, in, more),
               err);
}

/* --- which backend -------------------------------------------------------------------------------------- */

static enum tw_gemm_backend fastest(const struct tw_gemm *gemm)
{
    size_t best = TW_GEMM_PORTABLE;
    double mark = gemm->probes[TW_GEMM_PORTABLE].gflops * TW_GEMM_CLEARLY;
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
    while (backend < TW_GEMM_BACKENDS && strcmp(name, backends[backend]->name) != 0)
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
    if (strcmp(name, tw_products_bf16_portable.name) == 0) {
        gemm->backend = TW_GEMM_BF16_PORTABLE;
        gemm->own.bf16 = &tw_bf16_portable;
        return true;
    }
    *taken = strcmp(name, tw_products_bf16.name) == 0;
    if (!*taken)
        return true;
    gemm->backend = TW_GEMM_BF16;
    gemm->own.bf16 = tw_bf16_fast();
    return gemm->own.bf16 || tw_fail(err, TW_CONFIG, "precision", "give precision f32",
                                 "this processor has no bf16 products (AVX512_BF16)");
}

bool tw_gemm_open(const char *backend, struct tw_gemm *out, struct tw_error *err)
{
    *out = (struct tw_gemm){.backend = TW_GEMM_PORTABLE, .own = {.fp32 = tw_kernels_best()}};
    bool taken = false;
    if (backend && !take_bf16(out, backend, &taken, err))
        return false;
    if (taken)
        return true;
    for (size_t at = 0; at < TW_GEMM_BACKENDS; at++)
        if (backends[at]->begin)
            backends[at]->begin();
    if (!tw_probe_all(&out->own, backends, TW_GEMM_BACKENDS, out->probes, err))
        return false;
    if (backend && strcmp(backend, "fixed") == 0) {
        out->backend = first_stable(out);
        return true;
    }
    if (backend && strcmp(backend, "auto") != 0)
        return take_named(out, backend, err);
    out->backend = fastest(out);
    return true;
}

void tw_gemm_report(const struct tw_gemm *gemm, char *line, size_t size)
{
    size_t at = 0;
    if (gemm->own.bf16) {
        snprintf(line, size, "uses %s (%s)", backends[gemm->backend]->name, gemm->own.bf16->name);
        return;
    }
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS && at < size; backend++) {
        const struct tw_gemm_probe *probe = &gemm->probes[backend];
        const char *verdict = !probe->works ? probe->failure : probe->stable ? "" : ", rows not bit-stable";
        int wrote = snprintf(line + at, size - at, "%s%s%s (%s) %.0f GFLOP/s%s", backend ? "; " : "",
            backend == (size_t)gemm->backend ? "uses " : "", backends[backend]->name,
            backends[backend]->kernel(&gemm->own), probe->gflops, verdict);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
}
