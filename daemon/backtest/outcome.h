/* outcome: what came of a backtest, held against what was lived through and what people say of it.
 *
 *     tw_outcome_compare(&backtest, &history, err)     alerts: same, moved, gained, lost (added to the list)
 *     tw_outcome_judge(&backtest, &history, err)       labels of their documents
 *     tw_outcome_rules(&backtest, &rules, err)         both, summed by rule
 *
 * COMPARED by rule and entity: SAME opened at the same edge, MOVED was open in the same time but opened at
 * another, GAINED is there now and was not, LOST was there in the period and is not now.
 *
 * JUDGED by labels of people (tapewatch.labels), the last of each kind for a document and entity. A label
 * says that a document should not have counted (wrong_entity, not_news, duplicate; wrong_sentiment with
 * anything but negative; for rules of events wrong_event instead of wrong_sentiment), or, wrong_sentiment
 * with negative, that it should. An alert is judged when one of its documents is labelled, and wrong when
 * most of those are. Its documents are those that its rule spoke for, or, of rules over bars, those of the
 * entity from its window before the opening until it was resolved. */
#ifndef TW_OUTCOME_H
#define TW_OUTCOME_H

#include "backtest/backtest.h"

/* Alerts of one rule. */
struct tw_rule_outcome {
    struct tw_text rule;
    uint64_t alerts; /* that would have opened */
    uint64_t same, moved, gained, lost;
    uint64_t judged, wrong;
};

struct tw_rule_outcomes {
    struct tw_rule_outcome *items; /* by name; those of alerts that are lost too */
    size_t count;
};

/* Compares with the alerts that are stored; those that are lost are added behind the others. */
TW_MUST_USE bool tw_outcome_compare(
    struct tw_backtest *backtest, struct tw_history *history, struct tw_error *err);

/* Counts labels into each alert. */
TW_MUST_USE bool tw_outcome_judge(
    struct tw_backtest *backtest, struct tw_history *history, struct tw_error *err);

/* Is it judged, and wrong? */
static inline bool tw_outcome_is_wrong(const struct tw_backtest_alert *alert)
{
    return alert->wrong * 2 > alert->labelled;
}

/* A row for each rule of the set, and for each other that has lost an alert; in the backtest's arena.
 * TW_FULL. */
TW_MUST_USE bool tw_outcome_rules(
    struct tw_backtest *backtest, struct tw_rule_outcomes *out, struct tw_error *err);

#endif
