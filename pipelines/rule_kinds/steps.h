/* steps: the alerts of one entity while they are worked on, and the one function that moves them.
 *
 *     tw_steps_begin(&steps, symbol, open, count, &arena, err)      those that are open
 *     index = tw_steps_find(&steps, rule->name)                     the rule's open alert, or TW_NO_ALERT
 *     index = tw_steps_open(&steps, rule, edge_us, value)           a new one, not yet stepped
 *     tw_steps_take(&steps, &change, err)                           a step: opened, updated, resolved
 *     tw_steps_quiet(&steps, index, since_us)                       OPEN or QUIET, no step (alerts.h)
 *
 * Steps may be taken in any order of edge; who made them sorts them. All lives in the arena given at begin;
 * texts of alerts and rules are referred to, not copied. Values are in 10,000ths throughout. */
#ifndef TW_STEPS_H
#define TW_STEPS_H

#include "rule_kinds/rule.h"

enum tw_alert_step { TW_ALERT_OPENED, TW_ALERT_UPDATED, TW_ALERT_RESOLVED };
extern const char *const tw_alert_step_names[]; /* opened, updated, resolved, NULL */

enum { TW_NO_ALERT = UINT32_MAX };

/* An alert, as it is stored. (rule, symbol, opened_us) names it. */
struct tw_alert {
    int64_t id; /* the caller's own; 0 for one that was opened here */
    struct tw_text rule;
    struct tw_text symbol;
    const struct tw_rule_kind *kind;
    struct tw_text measure;    /* what `reported` and `worst` are values of; empty: not known any more */
    enum tw_severity severity; /* of the rule at the last step */
    int64_t opened_us;         /* edge at which it opened */
    int64_t stepped_us;        /* edge of its last step */
    int64_t resolved_us;       /* TW_NO_TIME while it is open */
    int64_t quiet_since_us;    /* edge since which it has been quiet; TW_NO_TIME while it is not */
    int64_t reported;          /* value at the last opened or updated step */
    int64_t worst;             /* worst value at any edge since it opened */
    int64_t documents;         /* threshold: in the window at the last step; headline: headlines so far */
    bool changed;              /* out: differs from what came in, must be stored */
};

#define TW_NO_NUMBER INT64_MIN

/* What a value was held against; TW_NO_NUMBER where a rule has no such number. All but the days and the
 * window in 10,000ths. TW_STEP_NO_NUMBERS has none of them. */
struct tw_step_numbers {
    int64_t window_us;     /* documents count from so far before the edge on; 0: none are counted */
    int64_t opens;         /* the value from which the rule opens an alert, */
    int64_t resolves;      /* and from which it is quiet */
    int64_t baseline;      /* what is usual: the median of daily means, the documents to be expected */
    int64_t deviation;     /* how far from that a mean of so many documents strays */
    int64_t baseline_days; /* of which the baseline was made */
};

#define TW_STEP_NO_NUMBERS                                                                                   \
    ((struct tw_step_numbers){0, TW_NO_NUMBER, TW_NO_NUMBER, TW_NO_NUMBER, TW_NO_NUMBER, TW_NO_NUMBER})

/* One step of an alert: a row of alert_steps, and what is told to people. */
struct tw_alert_change {
    enum tw_alert_step step;
    uint32_t alert;    /* index into the alerts */
    int64_t at_us;     /* edge */
    int64_t value;     /* threshold: at that edge; headline: the worst at this edge; as last reported when a
                          headline alert is resolved, or the rule is not there any more to say */
    int64_t documents; /* what `value` is made of: threshold: in the window; headline: at this edge, 0 when
                          resolved; as last reported when the rule is not there any more */
    struct tw_step_numbers numbers;
    struct tw_text reason;
};

struct tw_steps {
    struct tw_arena *arena;
    struct tw_text symbol;
    struct tw_alert *alerts; /* those that came in, same order, then those opened; resolved ones too */
    uint32_t alert_count, alert_capacity;
    struct tw_alert_change *changes; /* in the order in which they were taken */
    uint32_t change_count, change_capacity;
};

/* Begins with copies of the entity's open alerts, `changed` cleared. TW_FULL. */
TW_MUST_USE bool tw_steps_begin(struct tw_steps *steps, struct tw_text symbol, const struct tw_alert *open,
    uint32_t open_count, struct tw_arena *arena, struct tw_error *err);

/* The open alert of that rule; TW_NO_ALERT when there is none. */
uint32_t tw_steps_find(const struct tw_steps *steps, struct tw_text rule);

/* A new alert of the rule, whose step `opened` is yet to be taken; TW_NO_ALERT when the arena is full. */
uint32_t tw_steps_open(struct tw_steps *steps, const struct tw_rule *rule, int64_t edge_us, int64_t value);

/* The one mover of an alert's state: each step goes through here. `change` is the step as it is kept, its
 * alert named by index. A reason without bytes stands for a full arena (tw_steps_say). TW_FULL. */
TW_MUST_USE bool tw_steps_take(
    struct tw_steps *steps, const struct tw_alert_change *change, struct tw_error *err);

/* OPEN and QUIET (TW_NO_TIME: OPEN): going there and back is no step, but must be stored. */
void tw_steps_quiet(struct tw_steps *steps, uint32_t index, int64_t since_us);

/* The first edge after `after_us` at which the quiet time of alert `index` is over; TW_NEVER_US when it is
 * not quiet, or there is no alert. */
int64_t tw_steps_quiet_over_us(
    const struct tw_steps *steps, uint32_t index, const struct tw_rule *rule, int64_t after_us);

/* -- reasons in words ------------------------------------------------------------------------------------ */

/* A few words, to stand in a longer sentence. */
struct tw_phrase {
    char text[48];
};

/* 10,000ths as a number: "-3.2". */
struct tw_phrase tw_phrase_of_number(int64_t number);
/* Microseconds as rules.yaml would have them: "10m". */
struct tw_phrase tw_phrase_of_duration(int64_t duration_us);
/* "1 document", "42 documents". */
struct tw_phrase tw_phrase_of_documents(int64_t documents);

/* A reason in words, in the arena; bytes == NULL when it is full. Cut to 511 bytes. */
struct tw_text tw_steps_say(struct tw_steps *steps, const char *format, ...) TW_PRINTF(2, 3);

/* The first 100 bytes of a text, cut where a character begins: names and keywords may be long. */
struct tw_text tw_phrase_shortened(struct tw_text text);

#endif
