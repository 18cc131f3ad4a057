#include "alert/judge.h"

#include <inttypes.h>
#include <stdio.h>

int64_t tw_judge_next_us(const struct tw_judge *judge, int64_t after_us, int64_t changes_us)
{
    uint32_t index = tw_steps_find(judge->steps, judge->rule->name);
    int64_t over_us = tw_steps_quiet_over_us(judge->steps, index, judge->rule, after_us);
    return changes_us < over_us ? changes_us : over_us;
}

/* A value as it stands in a sentence: what is counted is whole. */
static struct tw_phrase say_value(const struct tw_judge *judge, int64_t value)
{
    struct tw_phrase words = {""};
    if (!judge->rises)
        return tw_phrase_of_number(value);
    snprintf(words.text, sizeof words.text, "%" PRId64, value / TW_SENTIMENT_ONE);
    return words;
}

static bool is_worse(const struct tw_judge *judge, int64_t value, int64_t than)
{
    return judge->rises ? value > than : value < than;
}

/* Has the value come to the reported one and `step` percent more? */
static bool grew_worse(const struct tw_judge *judge, int64_t value, int64_t reported)
{
    __int128 left = (__int128)value * 100;
    __int128 right = (__int128)reported * (100 + judge->step);
    return judge->rises ? left >= right : left <= right;
}

/* Severity and documents are those of the alert's last step. */
static bool take(const struct tw_judge *judge, uint32_t index, enum tw_alert_step step, int64_t edge_us,
    const struct tw_finding *finding, struct tw_text reason, struct tw_error *err)
{
    struct tw_alert *alert = &judge->steps->alerts[index];
    alert->severity = judge->rule->severity;
    alert->documents = finding->documents;
    return tw_steps_take(judge->steps, index, step, edge_us, finding->value, finding->documents, reason, err);
}

static bool open_alert(
    const struct tw_judge *judge, int64_t edge_us, const struct tw_finding *finding, struct tw_error *err)
{
    uint32_t index = tw_steps_open(judge->steps, judge->rule, edge_us, finding->value);
    if (index == TW_NO_ALERT)
        return tw_arena_fail(judge->steps->arena, err);
    return take(
        judge, index, TW_ALERT_OPENED, edge_us, finding, judge->say(judge->context, judge->steps), err);
}

static bool update_alert(const struct tw_judge *judge, uint32_t index, int64_t edge_us,
    const struct tw_finding *finding, struct tw_error *err)
{
    struct tw_text words = judge->say(judge->context, judge->steps);
    struct tw_phrase before = say_value(judge, judge->steps->alerts[index].reported);
    struct tw_text reason = words.bytes ? tw_steps_say(judge->steps, "%.*s, after %s", (int)words.length,
                                              words.bytes, before.text)
                                        : words;
    return take(judge, index, TW_ALERT_UPDATED, edge_us, finding, reason, err);
}

static bool resolve_alert(const struct tw_judge *judge, uint32_t index, int64_t edge_us,
    const struct tw_finding *finding, struct tw_error *err)
{
    struct tw_text words = judge->say(judge->context, judge->steps);
    struct tw_phrase quiet = tw_phrase_of_duration(judge->rule->quiet_us);
    struct tw_text reason = words.bytes ? tw_steps_say(judge->steps, "%.*s, quiet for %s", (int)words.length,
                                              words.bytes, quiet.text)
                                        : words;
    return take(judge, index, TW_ALERT_RESOLVED, edge_us, finding, reason, err);
}

bool tw_judge_edge(
    const struct tw_judge *judge, int64_t edge_us, const struct tw_finding *finding, struct tw_error *err)
{
    struct tw_steps *steps = judge->steps;
    uint32_t index = tw_steps_find(steps, judge->rule->name);
    if (index == TW_NO_ALERT)
        return finding->holds ? open_alert(judge, edge_us, finding, err) : true;
    struct tw_alert *alert = &steps->alerts[index];
    if (is_worse(judge, finding->value, alert->worst)) {
        alert->worst = finding->value;
        alert->changed = true;
    }
    if (!finding->is_past) {
        tw_steps_quiet(steps, index, TW_NO_TIME);
        bool worse = finding->holds && is_worse(judge, finding->value, alert->reported) &&
                     grew_worse(judge, finding->value, alert->reported);
        return worse ? update_alert(judge, index, edge_us, finding, err) : true;
    }
    if (alert->quiet_since_us == TW_NO_TIME)
        tw_steps_quiet(steps, index, edge_us);
    if (edge_us - alert->quiet_since_us < judge->rule->quiet_us)
        return true;
    return resolve_alert(judge, index, edge_us, finding, err);
}
