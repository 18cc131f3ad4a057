/* spoken: what kinds that speak for single documents (rule.h, `speak`) have in common: rows in, alerts out.
 *
 *     speak   tw_spoken_add(&list, row, arena, err)        a row of alert_events, in the document's
 *     transaction run     tw_spoken_run(run, &spoken, steps, err)      later, from those rows: alerts of an
 *     entity
 *
 * Each edge that brings rows is one step, the worst of them says its value (ties: earlier, then topic,
 * partition, offset). An alert is quiet from its last row on, and resolved when that lasts. */
#ifndef TW_SPOKEN_H
#define TW_SPOKEN_H

#include "alert/steps.h"

/* What a kind says in words. */
struct tw_spoken {
    const char *noun; /* "headline": "no further headline for 1h" */
    int64_t opens;    /* the value from which a document makes it speak; TW_NO_NUMBER */
    /* Why a step was taken: of `documents` rows at one edge the worst. No bytes when the arena is full. */
    struct tw_text (*say)(struct tw_steps *steps, const struct tw_headline_event *worst, int64_t documents);
};

/* Appends a row. Only TW_FULL. */
TW_MUST_USE bool tw_spoken_add(struct tw_headline_list *list, const struct tw_headline_row *row,
    struct tw_arena *arena, struct tw_error *err);

/* Takes the steps of the rule's alert at the run's edges. TW_FULL. */
TW_MUST_USE bool tw_spoken_run(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, struct tw_error *err);

/* "of one document", or "the worst of 3 documents". */
struct tw_phrase tw_spoken_of(int64_t documents);

#endif
