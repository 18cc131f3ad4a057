#include "rule_kinds/spoken.h"

#include <inttypes.h>
#include <stdio.h>

static bool grow(struct tw_headline_list *list, struct tw_arena *arena, struct tw_error *err)
{
    if (list->count < list->capacity)
        return true;
    uint32_t capacity = list->capacity ? list->capacity : 8;
    if (list->capacity && __builtin_mul_overflow(list->capacity, 2, &capacity))
        return tw_arena_fail(arena, err);
    struct tw_headline_row *rows = tw_arena_array(arena, capacity, sizeof *rows);
    if (!rows)
        return tw_arena_fail(arena, err);
    if (list->count)
        memcpy(rows, list->rows, list->count * sizeof *rows);
    list->rows = rows;
    list->capacity = capacity;
    return true;
}

bool tw_spoken_add(struct tw_headline_list *list, const struct tw_headline_row *row, struct tw_arena *arena,
    struct tw_error *err)
{
    if (!grow(list, arena, err))
        return false;
    list->rows[list->count++] = *row;
    return true;
}

struct tw_phrase tw_spoken_of(int64_t documents)
{
    struct tw_phrase phrase = {"of one document"};
    if (documents > 1)
        snprintf(phrase.text, sizeof phrase.text, "the worst of %" PRId64 " documents", documents);
    return phrase;
}

/* -- keys ------------------------------------------------------------------------------------------------ */

/* What no document can have makes no rule speak, ever. */
static bool can_be_had(const struct tw_rule_reader *reader, const struct tw_yaml_value *relevance)
{
    const struct tw_rule_bounds *bounds = reader->bounds;
    if (!relevance->node || !relevance->has_value || !bounds || !bounds->weighed ||
        relevance->number <= bounds->most_relevance)
        return true;
    return tw_yaml_problem(reader->problems, relevance->node,
        "lower it, or raise a weight in the section sources (tapewatch.yaml)",
        "no document can be so relevant: no source counts more than %s",
        tw_phrase_of_number(bounds->most_relevance).text);
}

bool tw_spoken_read_keys(const struct tw_rule_reader *reader, const struct tw_yaml_value *values,
    const struct tw_yaml_key *keys, struct tw_rule *rule)
{
    const struct tw_yaml_value *stories = &values[TW_SPOKEN_STORIES], *window = &values[TW_SPOKEN_WINDOW];
    if (values[TW_SPOKEN_RELEVANCE].has_value)
        rule->relevance = values[TW_SPOKEN_RELEVANCE].number;
    const bool right = can_be_had(reader, &values[TW_SPOKEN_RELEVANCE]);
    if (window->node && !stories->node)
        return tw_yaml_problem(reader->problems, window->node, "add `min_stories:`, or take it out",
            "\"window\" says within which time \"min_stories\" are counted, and there is none");
    if (!stories->has_value || !window->has_value)
        return right; /* none, or told already */
    rule->stories = stories->number;
    rule->spoken_us = window->number;
    return tw_rule_has_stories(reader, stories) &&
           tw_rule_whole_bars(reader, window, &keys[TW_SPOKEN_WINDOW]) && right;
}

bool tw_spoken_write_key(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const int64_t numbers[TW_SPOKEN_KEYS] = {[TW_SPOKEN_RELEVANCE] = rule->relevance,
        [TW_SPOKEN_STORIES] = rule->stories,
        [TW_SPOKEN_WINDOW] = rule->spoken_us};
    value->number = numbers[key];
    return key == TW_SPOKEN_RELEVANCE ? rule->relevance > 0 : rule->stories > 0;
}

/* -- stories --------------------------------------------------------------------------------------------- */

/* Rows that speak together: those of one edge, or, to open an alert, of all edges of a window. */
struct heard {
    const struct tw_headline_event *worst;
    int64_t edge_us;
    int64_t documents;
    enum tw_severity severity; /* the gravest */
};

static void hear_severity(struct heard *heard, const struct tw_headline_event *event)
{
    heard->severity = event->severity > heard->severity ? event->severity : heard->severity;
}

static bool is_worse(const struct tw_headline_event *event, const struct tw_headline_event *than)
{
    return event->value != than->value ? event->value < than->value : event->sentiment < than->sentiment;
}

/* Adds the rows that stand within the window; of equals the later one speaks. */
static void hear_earlier(
    const struct tw_rule *rule, const struct tw_seen_event *rows, size_t count, struct heard *heard)
{
    int64_t after_us = heard->edge_us - rule->spoken_us;
    for (; count > 0 && rows[count - 1].edge_us > after_us; count--) {
        heard->documents++;
        hear_severity(heard, rows[count - 1].event);
        if (is_worse(rows[count - 1].event, heard->worst))
            heard->worst = rows[count - 1].event;
    }
}

/* -- alerts ---------------------------------------------------------------------------------------------- */

/* All rows of one edge are one step. */
TW_MUST_USE static bool step(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, uint32_t index, const struct heard *heard, struct tw_error *err)
{
    const struct tw_headline_event *worst = heard->worst;
    enum tw_alert_step step = index == TW_NO_ALERT ? TW_ALERT_OPENED : TW_ALERT_UPDATED;
    if (index == TW_NO_ALERT)
        index = tw_steps_open(steps, run->rule, heard->edge_us, worst->value);
    if (index == TW_NO_ALERT)
        return tw_arena_fail(steps->arena, err);
    struct tw_alert *alert = &steps->alerts[index];
    bool graver = step == TW_ALERT_OPENED || heard->severity > alert->severity;
    if (!run->rule->severity_by_document)
        alert->severity = run->rule->severity;
    else if (graver)
        alert->severity = heard->severity;
    alert->documents += heard->documents;
    alert->worst = alert->worst < worst->value ? alert->worst : worst->value;
    tw_steps_quiet(steps, index, heard->edge_us);
    struct tw_alert_change change = {.step = step,
        .alert = index,
        .at_us = heard->edge_us,
        .value = worst->value,
        .documents = heard->documents,
        .numbers = TW_STEP_NO_NUMBERS,
        .reason = spoken->say(steps, worst, heard->documents)};
    change.numbers.opens = spoken->opens;
    change.numbers.window_us = step == TW_ALERT_OPENED ? run->rule->spoken_us : 0;
    return tw_steps_take(steps, &change, err);
}

/* What the rows [begin, end) of one edge make of the alert; nothing where the rule asks for more stories. */
TW_MUST_USE static bool hear(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, uint32_t index, size_t begin, size_t end, struct tw_error *err)
{
    struct heard heard = {
        run->events[begin].event, run->events[begin].edge_us, (int64_t)(end - begin), TW_SEVERITY_INFO};
    for (size_t at = begin; at < end; at++)
        hear_severity(&heard, run->events[at].event);
    if (index == TW_NO_ALERT && run->rule->stories > 0) {
        hear_earlier(run->rule, run->events, begin, &heard);
        hear_earlier(run->rule, run->past_events, run->past_event_count, &heard);
        if (heard.documents < run->rule->stories)
            return true;
    }
    return step(run, spoken, steps, index, &heard, err);
}

TW_MUST_USE static bool resolve(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, uint32_t index, int64_t edge_us, struct tw_error *err)
{
    struct tw_alert *alert = &steps->alerts[index];
    if (!run->rule->severity_by_document)
        alert->severity = run->rule->severity;
    const struct tw_alert_change change = {.step = TW_ALERT_RESOLVED,
        .alert = index,
        .at_us = edge_us,
        .value = alert->reported,
        .numbers = TW_STEP_NO_NUMBERS,
        .reason = tw_steps_say(
            steps, "no further %s for %s", spoken->noun, tw_phrase_of_duration(run->rule->quiet_us).text)};
    return tw_steps_take(steps, &change, err);
}

bool tw_spoken_run(const struct tw_rule_run *run, const struct tw_spoken *spoken, struct tw_steps *steps,
    struct tw_error *err)
{
    size_t at = 0;
    for (;;) {
        uint32_t index = tw_steps_find(steps, run->rule->name);
        int64_t over_us = tw_steps_quiet_over_us(steps, index, run->rule, run->after_us);
        int64_t heard_us = at < run->event_count ? run->events[at].edge_us : TW_NEVER_US;
        if (over_us > run->until_us && heard_us > run->until_us)
            return true;
        if (over_us < heard_us) {
            if (!resolve(run, spoken, steps, index, over_us, err))
                return false;
            continue;
        }
        size_t begin = at;
        while (at < run->event_count && run->events[at].edge_us == heard_us)
            at++;
        if (!hear(run, spoken, steps, index, begin, at, err))
            return false;
    }
}
