/* burst: many more documents than the entity's own days would let expect.
 *
 *       - name: sudden-attention
 *         kind: burst
 *         window: 10m
 *         probability: 1e-6
 *
 * The RATE is the documents of the baseline (baseline.h) by its days, from the first of them on which the
 * entity was spoken of, for the length of the window; one document at least in all of them, so that no rate
 * is zero. HOLDS where the window has at least `at_least` documents and as many as come with `probability` or
 * less at that rate (the tail of a Poisson distribution, poisson.h). Is PAST where so many, or more, come
 * with a probability above `resolve`. With fewer than `at_least_days` days since that first one it says
 * nothing. */
#ifndef TW_BURST_H
#define TW_BURST_H

#include "rule_kinds/rule.h"

/* Settings of a rule of this kind. */
struct tw_burst {
    int64_t days;
    int64_t at_least;      /* documents */
    int64_t min_stories;   /* documents, each of another story; 0: not asked for */
    int64_t at_least_days; /* since the first with documents */
    int64_t probability;   /* place in the key's choices */
    int64_t resolve;       /* likewise */
    int64_t step;          /* percent */
};

extern const struct tw_rule_kind tw_burst_kind;

/* The settings of a rule of this kind. */
static inline const struct tw_burst *tw_burst_of(const struct tw_rule *rule)
{
    return rule->settings;
}

#endif
