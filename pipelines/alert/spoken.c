#include "alert/spoken.h"

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

/* All rows of one edge are one step; `seen` is the worst of them. */
TW_MUST_USE static bool step(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, uint32_t index, const struct tw_seen_event *seen, int64_t documents,
    struct tw_error *err)
{
    const struct tw_headline_event *worst = seen->event;
    enum tw_alert_step step = index == TW_NO_ALERT ? TW_ALERT_OPENED : TW_ALERT_UPDATED;
    if (index == TW_NO_ALERT)
        index = tw_steps_open(steps, run->rule, seen->edge_us, worst->value);
    if (index == TW_NO_ALERT)
        return tw_arena_fail(steps->arena, err);
    struct tw_alert *alert = &steps->alerts[index];
    alert->severity = run->rule->severity;
    alert->documents += documents;
    alert->worst = alert->worst < worst->value ? alert->worst : worst->value;
    tw_steps_quiet(steps, index, seen->edge_us);
    struct tw_alert_change change = {.step = step,
        .alert = index,
        .at_us = seen->edge_us,
        .value = worst->value,
        .documents = documents,
        .numbers = TW_STEP_NO_NUMBERS,
        .reason = spoken->say(steps, worst, documents)};
    change.numbers.opens = spoken->opens;
    return tw_steps_take(steps, &change, err);
}

TW_MUST_USE static bool resolve(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, uint32_t index, int64_t edge_us, struct tw_error *err)
{
    struct tw_alert *alert = &steps->alerts[index];
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
        if (!step(run, spoken, steps, index, &run->events[begin], (int64_t)(at - begin), err))
            return false;
    }
}
