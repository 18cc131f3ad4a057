#include "rule_kinds/judge.h"

#include <inttypes.h>
#include <stdio.h>

/* One edge of a run. */
struct edge {
    const struct tw_judge *judge;
    const struct tw_rule *rule;
    int64_t at_us;
    struct tw_finding finding;
};

struct tw_phrase tw_judge_say_number(const void *context, int64_t value)
{
    (void)context;
    return tw_phrase_of_number(value);
}

struct tw_phrase tw_judge_say_count(const void *context, int64_t value)
{
    struct tw_phrase words = {""};
    (void)context;
    snprintf(words.text, sizeof words.text, "%" PRId64, value / TW_SENTIMENT_ONE);
    return words;
}

static bool is_worse(const struct tw_judge *judge, __int128 value, __int128 than)
{
    return judge->rises ? value > than : value < than;
}

/* Has the value come to the reported one and `step` percent more? Quotients are compared by
 * cross-multiplication, for which 128 bits are enough. */
static bool grew_worse(const struct tw_judge *judge, const struct tw_finding *finding, int64_t reported)
{
    bool exact = finding->divisor == 0;
    __int128 value = exact ? finding->value : finding->dividend;
    __int128 before = (__int128)reported * (exact ? 1 : finding->divisor);
    return is_worse(judge, value, before) && !is_worse(judge, before * (100 + judge->step), value * 100);
}

/* The rule's severity and the documents of this edge are the alert's from now on. */
TW_MUST_USE static bool take(
    const struct edge *edge, uint32_t index, enum tw_alert_step step, const char *tail, struct tw_error *err)
{
    const struct tw_judge *judge = edge->judge;
    struct tw_alert *alert = &judge->steps->alerts[index];
    alert->severity = edge->rule->severity;
    alert->documents = edge->finding.documents;
    const struct tw_alert_change change = {.step = step,
        .alert = index,
        .at_us = edge->at_us,
        .value = edge->finding.value,
        .documents = edge->finding.documents,
        .numbers = edge->finding.numbers,
        .reason = judge->kind->say(judge->context, tail, judge->steps)};
    return tw_steps_take(judge->steps, &change, err);
}

TW_MUST_USE static bool open_alert(const struct edge *edge, struct tw_error *err)
{
    const struct tw_judge *judge = edge->judge;
    struct tw_phrase tail = {""};
    uint32_t index = tw_steps_open(judge->steps, edge->rule, edge->at_us, edge->finding.value);
    if (index == TW_NO_ALERT)
        return tw_arena_fail(judge->steps->arena, err);
    if (judge->kind->say_condition)
        tail = judge->kind->say_condition(judge->context);
    return take(edge, index, TW_ALERT_OPENED, tail.text, err);
}

TW_MUST_USE static bool update_alert(const struct edge *edge, uint32_t index, struct tw_error *err)
{
    const struct tw_judge *judge = edge->judge;
    char tail[64];
    struct tw_phrase before = judge->kind->say_value(judge->context, judge->steps->alerts[index].reported);
    snprintf(tail, sizeof tail, ", after %s", before.text);
    return take(edge, index, TW_ALERT_UPDATED, tail, err);
}

TW_MUST_USE static bool resolve_alert(const struct edge *edge, uint32_t index, struct tw_error *err)
{
    char tail[64];
    snprintf(tail, sizeof tail, ", quiet for %s", tw_phrase_of_duration(edge->rule->quiet_us).text);
    return take(edge, index, TW_ALERT_RESOLVED, tail, err);
}

/* The value first, then the clock. */
TW_MUST_USE static bool judge_edge(const struct edge *edge, struct tw_error *err)
{
    const struct tw_finding *finding = &edge->finding;
    struct tw_steps *steps = edge->judge->steps;
    uint32_t index = tw_steps_find(steps, edge->rule->name);
    if (index == TW_NO_ALERT)
        return finding->holds ? open_alert(edge, err) : true;
    struct tw_alert *alert = &steps->alerts[index];
    if (is_worse(edge->judge, finding->value, alert->worst)) {
        alert->worst = finding->value;
        alert->changed = true;
    }
    if (!finding->is_past) {
        tw_steps_quiet(steps, index, TW_NO_TIME);
        bool worse = finding->holds && grew_worse(edge->judge, finding, alert->reported);
        return worse ? update_alert(edge, index, err) : true;
    }
    if (alert->quiet_since_us == TW_NO_TIME)
        tw_steps_quiet(steps, index, edge->at_us);
    if (edge->at_us - alert->quiet_since_us < edge->rule->quiet_us)
        return true;
    return resolve_alert(edge, index, err);
}

/* The next edge to look at: where the value can change, or where quiet ends. */
static int64_t next_edge_us(const struct tw_judge *judge, const struct tw_rule *rule, int64_t after_us)
{
    uint32_t index = tw_steps_find(judge->steps, rule->name);
    int64_t changes_us = judge->kind->next_us(judge->context, after_us);
    int64_t over_us = tw_steps_quiet_over_us(judge->steps, index, rule, after_us);
    return changes_us < over_us ? changes_us : over_us;
}

bool tw_judge_run(const struct tw_judge *judge, const struct tw_rule_run *run, struct tw_error *err)
{
    struct edge edge = {.judge = judge, .rule = run->rule};
    edge.at_us = run->begins ? run->after_us + TW_BAR_US : next_edge_us(judge, run->rule, run->after_us);
    for (; edge.at_us <= run->until_us; edge.at_us = next_edge_us(judge, run->rule, edge.at_us)) {
        edge.finding = (struct tw_finding){.is_past = true, .numbers = TW_STEP_NO_NUMBERS};
        edge.finding.numbers.window_us = run->rule->window_us;
        if (!judge->kind->find(judge->context, edge.at_us, &edge.finding, err) || !judge_edge(&edge, err))
            return false;
    }
    return true;
}
