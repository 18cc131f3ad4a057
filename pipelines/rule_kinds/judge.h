/* judge: goes with one rule over one entity from edge to edge, and moves its alert by what is found there.
 *
 *     static const struct tw_judge_kind kind = {.next_us = ..., .find = ..., .say = ...};
 *     struct tw_judge judge = {.kind = &kind, .context = &work, .steps = steps, .rises = true, .step = 50};
 *     tw_judge_run(&judge, run, err)
 *
 * For kinds with a value at each edge. An alert opens where the finding HOLDS; is updated where it holds and
 * has come to the value last reported and `step` percent more; is quiet while it is PAST, and resolved when
 * that has lasted for the rule's `quiet`. Between holding and past nothing happens. At each edge the value is
 * judged before the clock (alerts.h draws it). Only edges at which something can change are looked at. */
#ifndef TW_JUDGE_H
#define TW_JUDGE_H

#include "rule_kinds/steps.h"

/* What a rule finds at one edge. `holds` and `is_past` exclude each other. */
struct tw_finding {
    int64_t value; /* 10,000ths, as it is reported */
    /* A value that was rounded is compared as the quotient that it was; 0 below: `value` is exact. */
    int64_t dividend, divisor;
    int64_t documents;
    bool holds;
    bool is_past;                   /* as good as `resolve`, or better */
    struct tw_step_numbers numbers; /* comes with the rule's window, and no other */
};

/* What a kind of rule does its own way; each function is given the judge's context. */
struct tw_judge_kind {
    /* The first edge after this one at which the value can change; TW_NEVER_US. */
    int64_t (*next_us)(const void *context, int64_t after_us);
    /* Goes on to a later edge and fills `finding`, which comes as past and else empty; keeps what `say`
     * needs. */
    bool (*find)(void *context, int64_t edge_us, struct tw_finding *finding, struct tw_error *err);
    /* The finding in words, by tw_steps_say, for a step that is taken. `tail` stands behind what was found:
     * where the alert opens what say_condition says, else ", after -3.2" or ", quiet for 30m". */
    struct tw_text (*say)(const void *context, const char *tail, struct tw_steps *steps);
    /* Why it opens, as " is below -3.0"; NULL: what was found says it. */
    struct tw_phrase (*say_condition)(const void *context);
    /* A value as it stands behind "after". */
    struct tw_phrase (*say_value)(const void *context, int64_t value);
};

struct tw_judge {
    const struct tw_judge_kind *kind;
    void *context;
    struct tw_steps *steps;
    bool rises;   /* a larger value is worse; else a lower one is */
    int64_t step; /* percent by which the value must grow worse than last reported to be an update */
};

/* Judges the rule of a run at its edges. TW_FULL, and what `find` fails with. */
TW_MUST_USE bool tw_judge_run(
    const struct tw_judge *judge, const struct tw_rule_run *run, struct tw_error *err);

/* For `say_value`: a number, or a count without its unit. */
struct tw_phrase tw_judge_say_number(const void *context, int64_t value);
struct tw_phrase tw_judge_say_count(const void *context, int64_t value);

#endif
