/* threshold: many documents: a measure over a window of closed bars.
 *
 *       - name: bad-news
 *         kind: threshold
 *         measure: negative_sum
 *         window: 10m
 *         below: -3.0
 *
 * HOLDS when documents >= at_least and, unless it counts, the value is below `below`. Is PAST when the value
 * is `resolve` or better (a count: down from it), or when the window is empty. What follows from that at each
 * edge is the judge's (judge.h).
 *
 * Everything is compared exactly, in integers: a mean by cross-multiplication. */
#ifndef TW_THRESHOLD_H
#define TW_THRESHOLD_H

#include "rule_kinds/rule.h"

/* What is compared with `below` (or, for the count, `at_least`) over a window. */
enum tw_measure {
    TW_MEASURE_NEGATIVE_SUM, /* sum of min(s, 0) */
    TW_MEASURE_MEAN,         /* sum of s / documents */
    TW_MEASURE_COUNT,        /* documents */
};

/* Settings of a rule of this kind. */
struct tw_threshold {
    enum tw_measure measure;
    int64_t at_least;    /* documents */
    int64_t min_stories; /* documents, each of another story; 0: not asked for */
    int64_t below;       /* 10,000ths */
    int64_t resolve;     /* 10,000ths; never on the same side as the condition */
    int64_t step;        /* percent by which the value must grow worse than last reported to be an update */
};

extern const struct tw_rule_kind tw_threshold_kind;

/* The settings of a rule of this kind. */
static inline const struct tw_threshold *tw_threshold_of(const struct tw_rule *rule)
{
    return rule->settings;
}

#endif
