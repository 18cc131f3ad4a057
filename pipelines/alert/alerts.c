#include "alert/alerts.h"

#include <inttypes.h>
#include <stdlib.h>

#define FAR_US (INT64_MAX / 4) /* no time of ours is further away than this; sums of two do not overflow */

/* One call's work: what came in, what has been made so far. */
struct work {
    const struct tw_alerts_input *input;
    struct tw_steps steps;
    struct tw_seen_event *events; /* sorted by rule, edge, and then the worst first */
    size_t event_count;
    struct tw_days days; /* those that came in, and what the interval's own bars add to them */
};

/* The part of the interval that one rule set governs: the edges in (after, until]. */
struct piece {
    const struct tw_rule_set *rules;
    int64_t after_us;
    int64_t until_us;
    bool begins; /* the set takes effect here: its first edge is looked at even if nothing happens there */
};

/* -- headline rows, by rule and edge --------------------------------------------------------------------- */

/* Worst first; then the order of event time; then where it stood. */
static int compare_worst(const struct tw_headline_event *left, const struct tw_headline_event *right)
{
    if (left->value != right->value)
        return left->value < right->value ? -1 : 1;
    if (left->sentiment != right->sentiment)
        return left->sentiment < right->sentiment ? -1 : 1;
    if (left->event_us != right->event_us)
        return left->event_us < right->event_us ? -1 : 1;
    int order = tw_text_compare(left->topic, right->topic);
    if (order != 0)
        return order;
    if (left->partition != right->partition)
        return left->partition < right->partition ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

static int compare_seen(const void *left, const void *right)
{
    const struct tw_seen_event *one = left;
    const struct tw_seen_event *other = right;
    int order = tw_text_compare(one->event->rule, other->event->rule);
    if (order != 0)
        return order;
    if (one->edge_us != other->edge_us)
        return one->edge_us < other->edge_us ? -1 : 1;
    return compare_worst(one->event, other->event);
}

/* Those that this interval sees, and those that were seen before it, sorted. A late one is seen at the first
 * edge; a copy of a story told before is not. */
TW_MUST_USE static bool see_events(struct work *work, struct tw_error *err)
{
    const struct tw_alerts_input *input = work->input;
    work->events = tw_arena_array(work->steps.arena, input->event_count, sizeof *work->events);
    if (!work->events)
        return tw_arena_fail(work->steps.arena, err);
    for (size_t at = 0; at < input->event_count; at++) {
        int64_t edge_us = tw_bar_end(input->events[at].event_us);
        bool is_past = input->events[at].is_past;
        if (edge_us <= input->from_us && !is_past)
            edge_us = input->from_us + TW_BAR_US;
        if (edge_us <= (is_past ? input->from_us : input->to_us) && !input->events[at].is_copy)
            work->events[work->event_count++] = (struct tw_seen_event){&input->events[at], edge_us};
    }
    if (work->event_count > 1)
        qsort(work->events, work->event_count, sizeof *work->events, compare_seen);
    return true;
}

/* The first event of the rule at an edge after `after_us`; event_count when there is none. */
static size_t first_event(const struct work *work, struct tw_text rule, int64_t after_us)
{
    size_t low = 0, high = work->event_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tw_text_compare(work->events[middle].event->rule, rule);
        if (order < 0 || (order == 0 && work->events[middle].edge_us <= after_us))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* -- rule sets ------------------------------------------------------------------------------------------- */

/* An alert of which it is not known what it measured is taken for one of what its rule measures here. */
static void learn_measures(struct tw_steps *steps, const struct tw_rule_set *rules)
{
    for (uint32_t at = 0; at < steps->alert_count; at++) {
        struct tw_alert *alert = &steps->alerts[at];
        const struct tw_rule *rule = alert->measure.length ? NULL : tw_rules_find(rules, alert->rule);
        if (!rule || rule->kind != alert->kind)
            continue;
        alert->measure = tw_text_of(rule->measure);
        alert->changed = true;
    }
}

/* Why an open alert cannot go on under this set; NULL when it can. */
static const char *orphaned(
    const struct tw_alerts_input *input, const struct tw_rule_set *rules, const struct tw_alert *alert)
{
    const struct tw_rule *rule = tw_rules_find(rules, alert->rule);
    if (!rule)
        return "the rule is gone";
    if (rule->kind != alert->kind)
        return "the rule is of another kind now";
    if (!tw_text_equal(tw_text_of(rule->measure), alert->measure))
        return "the rule measures something else now";
    if (!tw_rule_covers(rule, input->symbol, input->listed))
        return "the rule does not cover the entity any more";
    return NULL;
}

TW_MUST_USE static bool resolve_orphans(struct work *work, const struct piece *piece, struct tw_error *err)
{
    struct tw_steps *steps = &work->steps;
    for (uint32_t at = 0; at < steps->alert_count; at++) {
        const struct tw_alert *alert = &steps->alerts[at];
        const char *reason =
            alert->resolved_us == TW_NO_TIME ? orphaned(work->input, piece->rules, alert) : NULL;
        if (!reason)
            continue;
        const struct tw_alert_change change = {.step = TW_ALERT_RESOLVED,
            .alert = at,
            .at_us = piece->after_us + TW_BAR_US,
            .value = alert->reported,
            .documents = alert->documents,
            .numbers = TW_STEP_NO_NUMBERS,
            .reason = tw_steps_say(steps, "%s", reason)};
        if (!tw_steps_take(steps, &change, err))
            return false;
    }
    return true;
}

static int compare_changes(const void *left, const void *right, void *context)
{
    const struct tw_alert_change *one = left;
    const struct tw_alert_change *other = right;
    const struct tw_steps *steps = context;
    if (one->at_us != other->at_us)
        return one->at_us < other->at_us ? -1 : 1;
    int order = tw_text_compare(steps->alerts[one->alert].rule, steps->alerts[other->alert].rule);
    if (order != 0)
        return order;
    return (one->alert > other->alert) - (one->alert < other->alert);
}

TW_MUST_USE static bool run_rule(
    struct work *work, const struct piece *piece, const struct tw_rule *rule, struct tw_error *err)
{
    size_t past = first_event(work, rule->name, INT64_MIN);
    size_t first = first_event(work, rule->name, piece->after_us);
    const struct tw_rule_run run = {
        .rule = rule,
        .after_us = piece->after_us,
        .until_us = piece->until_us,
        .begins = piece->begins,
        .bars = work->input->bars,
        .bar_count = work->input->bar_count,
        .days = work->days.rows,
        .day_count = work->days.count,
        .past = work->input->past,
        .past_count = work->input->past_count,
        .events = work->events + first,
        .event_count = first_event(work, rule->name, piece->until_us) - first,
        .past_events = work->events + past,
        .past_event_count = first - past,
    };
    return rule->kind->run(&run, &work->steps, err);
}

/* Rules that are decided by the alerts of others, or all others. */
TW_MUST_USE static bool run_rules(
    struct work *work, const struct piece *piece, bool of_others, struct tw_error *err)
{
    for (uint32_t at = 0; at < piece->rules->count; at++) {
        const struct tw_rule *rule = &piece->rules->rules[at];
        if (rule->kind->of_others == of_others &&
            tw_rule_covers(rule, work->input->symbol, work->input->listed) &&
            !run_rule(work, piece, rule, err))
            return false;
    }
    return true;
}

TW_MUST_USE static bool run_piece(struct work *work, const struct piece *piece, struct tw_error *err)
{
    struct tw_steps *steps = &work->steps;
    uint32_t before = steps->change_count;
    learn_measures(steps, piece->rules);
    if (!resolve_orphans(work, piece, err))
        return false;
    if (!run_rules(work, piece, false, err) || !run_rules(work, piece, true, err))
        return false;
    /* Made rule by rule, told edge by edge. */
    if (steps->change_count - before > 1)
        qsort_r(steps->changes + before, steps->change_count - before, sizeof *steps->changes,
            compare_changes, steps);
    return true;
}

/* -- the whole ------------------------------------------------------------------------------------------- */

static bool is_edge(int64_t time_us)
{
    return time_us % TW_BAR_US == 0 && time_us > -FAR_US && time_us < FAR_US;
}

static bool check_bars(const struct tw_alerts_input *input, struct tw_error *err)
{
    for (size_t at = 0; at < input->bar_count; at++) {
        if (!is_edge(input->bars[at].bar_us) ||
            (at > 0 && input->bars[at - 1].bar_us >= input->bars[at].bar_us))
            return tw_fail(err, TW_INTERNAL, NULL, NULL,
                "bar %zu, of %" PRId64 ", is out of order or off the grid", at, input->bars[at].bar_us);
    }
    return true;
}

static bool check_spans(const struct tw_alerts_input *input, struct tw_error *err)
{
    for (uint32_t at = 0; at < input->span_count; at++) {
        int64_t holds_from = input->spans[at].holds_from_us;
        bool first = at == 0 && holds_from == TW_NO_TIME;
        if ((!first && !is_edge(holds_from)) || (at > 0 && input->spans[at - 1].holds_from_us >= holds_from))
            return tw_fail(err, TW_INTERNAL, NULL, NULL,
                "rule set %u, from %" PRId64 ", is out of order or off the grid", at, holds_from);
    }
    return true;
}

/* What is wrong with one alert of those that came in; NULL when nothing is. */
static const char *broken_alert(const struct tw_alerts_input *input, uint32_t at)
{
    const struct tw_alert *alert = &input->open[at];
    bool quiet = alert->quiet_since_us != TW_NO_TIME;
    if (alert->resolved_us != TW_NO_TIME)
        return "is resolved";
    if (quiet && (!is_edge(alert->quiet_since_us) || alert->quiet_since_us > input->from_us))
        return "is quiet since no edge of the past";
    if (!alert->kind)
        return "is of no kind";
    if (!quiet && alert->kind->speak)
        return "is a headline's and not quiet";
    for (uint32_t before = 0; before < at; before++)
        if (tw_text_equal(input->open[before].rule, alert->rule))
            return "is the second of its rule";
    return NULL;
}

static bool check_open(const struct tw_alerts_input *input, struct tw_error *err)
{
    for (uint32_t at = 0; at < input->open_count; at++) {
        const char *broken = broken_alert(input, at);
        struct tw_text rule = tw_phrase_shortened(input->open[at].rule);
        if (broken)
            return tw_fail(err, TW_INTERNAL, NULL, NULL, "open alert %u, of rule %.*s, %s", at,
                (int)rule.length, rule.bytes, broken);
    }
    return true;
}

static bool check_input(const struct tw_alerts_input *input, struct tw_error *err)
{
    if (!is_edge(input->from_us) || !is_edge(input->to_us) || input->from_us > input->to_us)
        return tw_fail(err, TW_INTERNAL, NULL, NULL,
            "interval (%" PRId64 ", %" PRId64 "] does not go from one bar's edge to a later one",
            input->from_us, input->to_us);
    return check_bars(input, err) && check_spans(input, err) && check_open(input, err);
}

/* The edges in (from, to] that span `at` governs. */
static struct piece piece_of(const struct tw_alerts_input *input, uint32_t at)
{
    int64_t from = input->spans[at].holds_from_us;
    int64_t next = at + 1 < input->span_count ? input->spans[at + 1].holds_from_us : TW_NEVER_US;
    bool begins = from >= input->from_us;
    return (struct piece){
        .rules = input->spans[at].rules,
        .after_us = begins ? from : input->from_us,
        .until_us = next < input->to_us ? next : input->to_us,
        .begins = begins,
    };
}

/* Only where a rule looks at them. A bar is in its day from the interval on that it lies in: no rule looks at
 * a day that is not over. */
TW_MUST_USE static bool make_days(struct work *work, struct tw_error *err)
{
    const struct tw_alerts_input *input = work->input;
    bool wanted = false;
    for (uint32_t at = 0; at < input->span_count; at++)
        wanted = wanted || input->spans[at].rules->longest_days_us > 0;
    struct tw_days fresh;
    return !wanted || (tw_days_sum(input->bars, input->bar_count, input->from_us, input->to_us,
                           work->steps.arena, &fresh, err) &&
                          tw_days_merge(&input->days, &fresh, work->steps.arena, &work->days, err));
}

bool tw_alerts_evaluate(const struct tw_alerts_input *input, struct tw_arena *arena,
    struct tw_alerts_output *output, struct tw_error *err)
{
    struct work work = {.input = input};
    *output = (struct tw_alerts_output){0};
    if (!check_input(input, err) ||
        !tw_steps_begin(&work.steps, input->symbol, input->open, input->open_count, arena, err) ||
        !see_events(&work, err) || !make_days(&work, err))
        return false;
    for (uint32_t at = 0; at < input->span_count; at++) {
        struct piece piece = piece_of(input, at);
        if (piece.after_us < piece.until_us && !run_piece(&work, &piece, err))
            return false;
    }
    *output = (struct tw_alerts_output){
        work.steps.alerts, work.steps.alert_count, work.steps.changes, work.steps.change_count};
    return true;
}
