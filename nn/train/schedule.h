/* schedule: the learning rate over steps, by name.
 *   in    a kind, the number of steps, of warm-up steps
 *   out   for step 0 .. total - 1, the factor by which the highest rate is multiplied, in [0, 1]
 *
 * With t = step + 1 (the first step learns something), W = warm-up steps, N = total steps:
 *   constant    t / W up to W, then 1
 *   linear      t / W up to W, then (N + 1 - t) / (N + 1 - W), so that the last step learns something (Devlin
 *               et al. 2018; transformers' get_linear_schedule_with_warmup)
 *   cosine      t / W up to W, then (1 + cos(pi (t - W) / (N - W))) / 2 (Loshchilov and Hutter 2017)
 *   slanted     slanted triangular (Howard and Ruder 2018, ULMFiT, equation 3), ratio = 32:
 *               p = t / W up to W, then 1 - (t - W) / (N - W); the factor is (1 + p (ratio - 1)) / ratio
 * W = 0: no warm-up. Steps past the end keep the last factor.
 *
 *     struct tw_schedule schedule;
 *     if (!tw_schedule_make("linear", total, warmup, &schedule, err)) return false;
 *     rate = highest * tw_schedule_factor(&schedule, step); */
#ifndef TW_SCHEDULE_H
#define TW_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum tw_schedule_kind {
    TW_SCHEDULE_CONSTANT,
    TW_SCHEDULE_LINEAR,
    TW_SCHEDULE_COSINE,
    TW_SCHEDULE_SLANTED,
    TW_SCHEDULES
};

struct tw_schedule {
    enum tw_schedule_kind kind;
    uint64_t total_steps, warmup_steps;
};

/* TW_USAGE for an unknown name (the known ones are in the cure) or a warm-up longer than the run. */
TW_MUST_USE bool tw_schedule_make(const char *name, uint64_t total_steps, uint64_t warmup_steps,
    struct tw_schedule *out, struct tw_error *err);

/* By what the highest rate is multiplied at this step, in [0, 1]. */
double tw_schedule_factor(const struct tw_schedule *schedule, uint64_t step);

#endif
