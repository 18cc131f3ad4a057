#include "backtest/backtest.h"

#include <stdlib.h>

enum { KEPT_BYTES = 1 << 20, MOST_TYPES = 64 };
#define OUTCOME_BYTES ((size_t)8 << 30) /* address space */
#define HEARING_BYTES ((size_t)64 << 20)
#define TURN_US INT64_C(3600000000) /* so much of the stream is in one turn */

struct tw_history_wanted tw_backtest_wants(const struct tw_rule_set *rules)
{
    struct tw_history_wanted wanted = {
        .from_us = TW_NO_TIME, .to_us = TW_NO_TIME, .baseline_us = rules->longest_days_us};
    int64_t quiet_us = 0;
    for (uint32_t at = 0; at < rules->count; at++) {
        const struct tw_rule *rule = &rules->rules[at];
        quiet_us = rule->quiet_us > quiet_us ? rule->quiet_us : quiet_us;
        wanted.documents = wanted.documents || rule->kind->speak;
        wanted.events = wanted.events || rule->kind->of_events;
    }
    int64_t window_us =
        rules->longest_window_us > rules->longest_past_us ? rules->longest_window_us : rules->longest_past_us;
    window_us = window_us > rules->longest_spoken_us ? window_us : rules->longest_spoken_us;
    wanted.reach_us = window_us + quiet_us;
    return wanted;
}

bool tw_backtest_begin(struct tw_backtest *backtest, const struct tw_rule_set *rules,
    const struct tw_taxonomy *taxonomy, size_t memory_bytes, struct tw_error *err)
{
    *backtest = (struct tw_backtest){.rules = rules, .taxonomy = taxonomy};
    for (uint32_t at = 0; at < rules->count; at++)
        backtest->asks_relevance = backtest->asks_relevance || rules->rules[at].relevance > 0;
    return tw_arena_begin(&backtest->arena, OUTCOME_BYTES, err) &&
           tw_arena_begin(&backtest->hearing, HEARING_BYTES, err) &&
           tw_simulation_begin(&backtest->simulation, rules, memory_bytes, err);
}

bool tw_backtest_watch(
    struct tw_backtest *backtest, struct tw_history *history, bool now, struct tw_error *err)
{
    struct tw_watch_times *times = &backtest->watch_times;
    if (!tw_watch_times_read(times, history, backtest->rules, now, err) ||
        !tw_watched_rules_make(&backtest->watched, backtest->rules, times->items, times->count, err))
        return false;
    tw_simulation_watch(&backtest->simulation, backtest->watched.spans, backtest->watched.count);
    return true;
}

void tw_backtest_end(struct tw_backtest *backtest)
{
    tw_simulation_end(&backtest->simulation);
    tw_watched_rules_end(&backtest->watched);
    tw_arena_end(&backtest->arena);
    tw_arena_end(&backtest->hearing);
    free(backtest->alerts);
    free(backtest->spoken);
}

/* -- what comes out -------------------------------------------------------------------------------------- */

/* Room for one element more of a list that grows; NULL without memory. */
static void *grow(void *list, size_t count, size_t *capacity, size_t bytes, struct tw_error *err)
{
    if (count < *capacity)
        return list;
    size_t more = *capacity ? *capacity * 2 : 256;
    void *larger = reallocarray(list, more, bytes);
    if (!larger)
        tw_fail(err, TW_INTERNAL, "backtest", "ask for a shorter period", "out of memory");
    else
        *capacity = more;
    return larger;
}

struct tw_backtest_alert *tw_backtest_add(struct tw_backtest *backtest, struct tw_error *err)
{
    struct tw_backtest_alert *alerts = grow(
        backtest->alerts, backtest->alert_count, &backtest->alert_capacity, sizeof *backtest->alerts, err);
    if (!alerts)
        return NULL;
    backtest->alerts = alerts;
    alerts[backtest->alert_count] = (struct tw_backtest_alert){0};
    return &alerts[backtest->alert_count++];
}

/* Alerts are told in the order of their numbers, each first when it opens. */
static bool take_alert(
    void *context, uint64_t number, const struct tw_alert *alert, int64_t first_us, struct tw_error *err)
{
    struct tw_backtest *backtest = context;
    bool is_new = number > backtest->alert_count;
    struct tw_backtest_alert *kept = is_new ? tw_backtest_add(backtest, err) : &backtest->alerts[number - 1];
    if (!kept)
        return false;
    struct tw_text entity = is_new ? tw_arena_copy(&backtest->arena, alert->symbol) : kept->entity;
    if (!entity.bytes)
        return tw_arena_fail(&backtest->arena, err);
    *kept = (struct tw_backtest_alert){.rule = alert->rule,
        .kind = alert->kind,
        .entity = entity,
        .severity = tw_severity_names[alert->severity],
        .opened_us = alert->opened_us,
        .resolved_us = alert->resolved_us,
        .first_us = first_us,
        .worst = alert->worst,
        .documents = alert->documents,
        .reason = kept->reason};
    return true;
}

static bool take_step(void *context, uint64_t number, const struct tw_alert *alert,
    const struct tw_alert_change *change, struct tw_error *err)
{
    struct tw_backtest *backtest = context;
    struct tw_backtest_alert *kept = &backtest->alerts[number - 1];
    (void)alert;
    if (change->step != TW_ALERT_OPENED)
        return true;
    kept->reason = tw_arena_copy(&backtest->arena, change->reason);
    return kept->reason.bytes ? true : tw_arena_fail(&backtest->arena, err);
}

static bool advance(struct tw_backtest *backtest, int64_t to_us, struct tw_error *err)
{
    const struct tw_simulation_sink sink = {backtest, take_alert, take_step};
    return tw_simulation_advance(&backtest->simulation, to_us, &sink, err);
}

/* -- what goes in ---------------------------------------------------------------------------------------- */

/* Bars come in the order of time: an hour that is over is evaluated before the next is put. */
static bool take_bar(void *context, const struct tw_bar_row *bar, bool listed, struct tw_error *err)
{
    struct tw_backtest *backtest = context;
    int64_t hour_us = bar->bar_us - bar->bar_us % TURN_US;
    backtest->bars++;
    return advance(backtest, hour_us, err) && tw_simulation_put_bar(&backtest->simulation, bar, listed, err);
}

static bool take_day(void *context, const struct tw_bar_row *day, bool listed, struct tw_error *err)
{
    struct tw_backtest *backtest = context;
    (void)listed;
    return tw_simulation_put_day(&backtest->simulation, day, err);
}

/* The events of a score, as those of a document with one entity. Types are names with blanks between; one
 * with a dot stands in the body. */
static uint32_t read_types(
    struct tw_backtest *backtest, const struct tw_stored_score *score, struct tw_event events[MOST_TYPES])
{
    struct tw_text types = score->types;
    uint32_t count = 0;
    for (size_t at = 0; at < types.length && count < MOST_TYPES;) {
        const char *blank = memchr(types.bytes + at, ' ', types.length - at);
        size_t end = blank ? (size_t)(blank - types.bytes) : types.length;
        bool in_title = types.bytes[end - 1] != '.';
        struct tw_text name = {types.bytes + at, end - at - !in_title};
        uint32_t type = backtest->taxonomy ? tw_taxonomy_find(backtest->taxonomy, name) : TW_EVENT_ANY_TYPE;
        if (type == TW_EVENT_ANY_TYPE)
            backtest->unknown_types++;
        else
            events[count++] = (struct tw_event){.type = type, .begin = in_title ? 0 : score->title_length};
        at = end + 1;
    }
    return count;
}

static bool keep_spoken(struct tw_backtest *backtest, const struct tw_stored_score *score,
    const struct tw_headline_row *row, struct tw_error *err)
{
    struct tw_spoken_document *spoken =
        grow(backtest->spoken, backtest->spoken_count, &backtest->spoken_capacity, sizeof *spoken, err);
    struct tw_text entity = tw_arena_copy(&backtest->arena, score->entity);
    if (!spoken)
        return false;
    backtest->spoken = spoken;
    if (!entity.bytes)
        return tw_arena_fail(&backtest->arena, err);
    spoken[backtest->spoken_count++] =
        (struct tw_spoken_document){row->rule, entity, score->topic, score->partition, score->offset};
    return true;
}

/* What was stored before relevance was counts whole, and is told. */
static uint32_t relevance_of(struct tw_backtest *backtest, const struct tw_stored_score *score)
{
    backtest->unknown_relevance += backtest->asks_relevance && score->relevance < 0;
    return score->relevance < 0 ? TW_RELEVANCE_WHOLE : (uint32_t)score->relevance;
}

/* Each entity of a document is heard by itself: no rule looks at two of them. */
static bool take_score(void *context, const struct tw_stored_score *score, struct tw_error *err)
{
    struct tw_backtest *backtest = context;
    struct tw_event events[MOST_TYPES];
    const struct tw_message message = {.offset = score->offset};
    const struct tw_linked_entity entity = {.symbol = score->entity, .listed = score->listed};
    struct tw_score_row scored = {.symbol = score->entity,
        .listed = score->listed,
        .relevance = {.relevance = relevance_of(backtest, score)},
        .score = {.sentiment = score->sentiment}};
    struct tw_document document = {.message = &message,
        .event_us = score->event_us,
        .text = score->text,
        .title_length = score->title_length,
        .entities = &entity,
        .entity_count = 1,
        .events = events};
    const struct tw_rule_hearing hearing = {&document, backtest->taxonomy, &scored, 0, 1};
    struct tw_headline_list list = {0};
    document.event_count = read_types(backtest, score, events);
    backtest->scores++;
    tw_arena_reset(&backtest->hearing, KEPT_BYTES);
    if (!tw_rules_speak(backtest->rules, &hearing, &backtest->hearing, &list, err))
        return false;
    const struct tw_rows rows = {.documents = &document, .scores = &scored};
    for (uint32_t at = 0; at < list.count; at++) {
        struct tw_headline_event event = tw_simulation_event_of(&rows, &list.rows[at], score->partition);
        event.topic = score->topic;
        event.is_copy = score->is_copy;
        if (!tw_simulation_put_event(&backtest->simulation, score->entity, score->listed, &event, err) ||
            !keep_spoken(backtest, score, &list.rows[at], err))
            return false;
    }
    return true;
}

/* -- the whole ------------------------------------------------------------------------------------------- */

/* What opened before the period is known only to say what was open at its beginning. */
static void forget_before(struct tw_backtest *backtest, int64_t from_us)
{
    size_t kept = 0;
    for (size_t at = 0; at < backtest->alert_count; at++)
        if (backtest->alerts[at].opened_us > from_us)
            backtest->alerts[kept++] = backtest->alerts[at];
    backtest->alert_count = kept;
}

static int compare_alerts(const void *left, const void *right)
{
    const struct tw_backtest_alert *one = left;
    const struct tw_backtest_alert *other = right;
    if (one->opened_us != other->opened_us)
        return one->opened_us < other->opened_us ? -1 : 1;
    int order = tw_text_compare(one->entity, other->entity);
    return order != 0 ? order : tw_text_compare(one->rule, other->rule);
}

bool tw_backtest_run(struct tw_backtest *backtest, struct tw_history *history, struct tw_error *err)
{
    const struct tw_bar_taker bars = {backtest, take_bar}, days = {backtest, take_day};
    const struct tw_score_taker scores = {backtest, take_score};
    bool speaks = tw_backtest_wants(backtest->rules).documents;
    if (!tw_history_read_baseline(history, &days, err) || !advance(backtest, history->begin_us, err))
        return false;
    for (uint32_t at = 0; at < history->day_count; at++)
        if (!advance(backtest, history->days[at], err) ||
            (speaks && !tw_history_read_scores(history, history->days[at], &scores, err)) ||
            !tw_history_read_bars(history, history->days[at], &bars, err))
            return false;
    if (!advance(backtest, history->to_us, err))
        return false;
    forget_before(backtest, history->from_us);
    if (backtest->alert_count > 1)
        qsort(backtest->alerts, backtest->alert_count, sizeof *backtest->alerts, compare_alerts);
    return true;
}
