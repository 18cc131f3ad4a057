/* judge: what a rule finds at one edge makes of a rule's alert: opened, updated, quiet, resolved.
 *
 *     struct tw_finding finding = {.value = ..., .holds = ..., .is_past = ...};
 *     struct tw_judge judge = {.rule = rule, .steps = steps, .rises = true, .step = 50, .say = say, ...};
 *     edge_us = tw_judge_next_us(&judge, after_us, the next edge at which the value can change)
 *     tw_judge_edge(&judge, edge_us, &finding, err)
 *
 * For kinds whose value is one integer: it opens where it holds, is updated where it holds and has come to
 * the value last reported and `step` percent more, is quiet while it is past, and resolved when that has
 * lasted for `quiet`. The value is judged before the clock (alerts.h draws it). */
#ifndef TW_JUDGE_H
#define TW_JUDGE_H

#include "alert/steps.h"

/* What a rule finds at one edge. `holds` and `is_past` exclude each other. */
struct tw_finding {
    int64_t value; /* 10,000ths */
    int64_t documents;
    bool holds;
    bool is_past; /* as good as `resolve`, or better */
};

struct tw_judge {
    const struct tw_rule *rule;
    struct tw_steps *steps;
    bool rises;   /* a larger value is worse, and counts something; else a lower one is */
    int64_t step; /* percent by which the value must grow worse than last reported to be an update */
    /* The finding in words; asked for only where a step is taken. */
    struct tw_text (*say)(const void *context, struct tw_steps *steps);
    const void *context;
};

/* The next edge to look at after `after_us`: where the value can change, or where quiet ends. */
int64_t tw_judge_next_us(const struct tw_judge *judge, int64_t after_us, int64_t changes_us);

/* Takes the step that the finding makes at this edge, if any. TW_FULL. */
TW_MUST_USE bool tw_judge_edge(
    const struct tw_judge *judge, int64_t edge_us, const struct tw_finding *finding, struct tw_error *err);

#endif
