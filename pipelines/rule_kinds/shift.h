/* shift: a mean sentiment far below the entity's own days.
 *
 *       - name: out-of-character
 *         kind: shift
 *         window: 1h
 *         z_below: -4.0
 *
 *     z = (m - median) / sqrt(between + within / n),       between = (1.4826 MAD)^2
 *
 *     m, n            mean and number of the documents in the window
 *     median, MAD     of the daily means of the baseline (baseline.h), and of their distances from it, each
 *                     day weighted by 2^-(age / half_life)
 *     within          variance of documents within their day, the days' pooled with those weights
 *
 * Median and MAD, so that a few days of bad news do not become what is usual (Rousseeuw and Croux 1993, also
 * for 1.4826, which makes MAD the standard deviation of a normal distribution). `within / n`, because the
 * mean of five documents strays further than that of a day's five hundred: the variance of a prediction
 * under random day effects (Searle, Casella and McCulloch, Variance Components, 1992). `between` is 0.05^2
 * at least.
 *
 * HOLDS where the window has at least `at_least` documents, the baseline at least `at_least_days` days with
 * documents, and z is below `z_below`. Is PAST where z is `resolve` or better, or cannot be said. All
 * integers: z is cut to 10,000ths, and what is shown is what was compared. */
#ifndef TW_SHIFT_H
#define TW_SHIFT_H

#include "rule_kinds/baseline.h"

/* Settings of a rule of this kind. */
struct tw_shift {
    int64_t days;
    int64_t half_life;                      /* days */
    int64_t weights[TW_BASELINE_MOST_DAYS]; /* by age in days, from 0; 2^32 is one */
    int64_t at_least;                       /* documents */
    int64_t min_stories;                    /* documents, each of another story; 0: not asked for */
    int64_t at_least_days;                  /* with documents */
    int64_t z_below;                        /* 10,000ths, as is the next */
    int64_t resolve;
    int64_t step; /* percent */
};

extern const struct tw_rule_kind tw_shift_kind;

/* The settings of a rule of this kind. */
static inline const struct tw_shift *tw_shift_of(const struct tw_rule *rule)
{
    return rule->settings;
}

#endif
