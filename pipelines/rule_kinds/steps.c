#include "rule_kinds/steps.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const char *const tw_alert_step_names[] = {"opened", "updated", "resolved", NULL};

bool tw_steps_begin(struct tw_steps *steps, struct tw_text symbol, const struct tw_alert *open,
    uint32_t open_count, struct tw_arena *arena, struct tw_error *err)
{
    *steps = (struct tw_steps){
        .arena = arena, .symbol = symbol, .alert_count = open_count, .alert_capacity = open_count};
    steps->alerts = tw_arena_array(arena, open_count, sizeof *steps->alerts);
    if (!steps->alerts)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < open_count; at++) {
        steps->alerts[at] = open[at];
        steps->alerts[at].changed = false;
    }
    return true;
}

/* Room for one element more in an array of the arena: grown by doubling, the old one left behind. */
static void *room_for_one(
    struct tw_arena *arena, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    uint32_t wanted = 8;
    if (*capacity && __builtin_mul_overflow(*capacity, 2, &wanted))
        return NULL;
    void *larger = tw_arena_array(arena, wanted, size);
    if (larger && count)
        memcpy(larger, array, count * size);
    if (larger)
        *capacity = wanted;
    return larger;
}

uint32_t tw_steps_find(const struct tw_steps *steps, struct tw_text rule)
{
    for (uint32_t at = 0; at < steps->alert_count; at++)
        if (steps->alerts[at].resolved_us == TW_NO_TIME && tw_text_equal(steps->alerts[at].rule, rule))
            return at;
    return TW_NO_ALERT;
}

uint32_t tw_steps_open(struct tw_steps *steps, const struct tw_rule *rule, int64_t edge_us, int64_t value)
{
    struct tw_alert *alerts = room_for_one(
        steps->arena, steps->alerts, steps->alert_count, &steps->alert_capacity, sizeof *steps->alerts);
    if (!alerts)
        return TW_NO_ALERT;
    steps->alerts = alerts;
    alerts[steps->alert_count] = (struct tw_alert){
        .rule = rule->name,
        .symbol = steps->symbol,
        .kind = rule->kind,
        .measure = tw_text_of(rule->measure),
        .severity = rule->severity,
        .opened_us = edge_us,
        .resolved_us = TW_NO_TIME,
        .quiet_since_us = TW_NO_TIME,
        .worst = value,
        .changed = true,
    };
    return steps->alert_count++;
}

bool tw_steps_take(struct tw_steps *steps, const struct tw_alert_change *change, struct tw_error *err)
{
    struct tw_alert_change *changes = room_for_one(
        steps->arena, steps->changes, steps->change_count, &steps->change_capacity, sizeof *steps->changes);
    if (!changes || !change->reason.bytes)
        return tw_arena_fail(steps->arena, err);
    steps->changes = changes;
    changes[steps->change_count++] = *change;
    struct tw_alert *alert = &steps->alerts[change->alert];
    alert->stepped_us = change->at_us;
    alert->changed = true;
    if (change->step == TW_ALERT_RESOLVED)
        alert->resolved_us = change->at_us;
    else
        alert->reported = change->value;
    return true;
}

void tw_steps_quiet(struct tw_steps *steps, uint32_t index, int64_t since_us)
{
    struct tw_alert *alert = &steps->alerts[index];
    alert->changed = alert->changed || alert->quiet_since_us != since_us;
    alert->quiet_since_us = since_us;
}

int64_t tw_steps_quiet_over_us(
    const struct tw_steps *steps, uint32_t index, const struct tw_rule *rule, int64_t after_us)
{
    if (index == TW_NO_ALERT || steps->alerts[index].quiet_since_us == TW_NO_TIME)
        return TW_NEVER_US;
    int64_t over_us = steps->alerts[index].quiet_since_us + rule->quiet_us;
    return over_us > after_us ? over_us : after_us + TW_BAR_US;
}

static struct tw_phrase printed(enum tw_yaml_type type, int64_t number)
{
    const struct tw_yaml_key key = {"", type, 0, 0, NULL, "", ""};
    struct tw_phrase words = {""};
    tw_yaml_print(&key, number, words.text, sizeof words.text);
    return words;
}

struct tw_phrase tw_phrase_of_number(int64_t number)
{
    return printed(TW_YAML_FIXED, number);
}

struct tw_phrase tw_phrase_of_duration(int64_t duration_us)
{
    return printed(TW_YAML_DURATION, duration_us);
}

struct tw_phrase tw_phrase_of_documents(int64_t documents)
{
    struct tw_phrase words = {""};
    snprintf(words.text, sizeof words.text, "%" PRId64 " document%s", documents, documents == 1 ? "" : "s");
    return words;
}

struct tw_text tw_steps_say(struct tw_steps *steps, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        length = 0;
    return tw_arena_copy(steps->arena,
        (struct tw_text){text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1});
}

struct tw_text tw_phrase_shortened(struct tw_text text)
{
    size_t length = text.length < 100 ? text.length : 100;
    while (length < text.length && length > 0 && ((unsigned char)text.bytes[length] & 0xC0) == 0x80)
        length--;
    return (struct tw_text){text.bytes, length};
}
