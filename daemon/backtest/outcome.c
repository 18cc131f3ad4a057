#include "backtest/outcome.h"

#include <stdlib.h>

#include "base/growing.h"
#include "postgres/wire.h"

/* An alert that was lived through. */
struct lived {
    struct tw_backtest_alert alert;
    bool found; /* one of the backtest is the same, or has moved from it */
};

struct comparing {
    struct tw_backtest *backtest;
    struct lived *items;
    size_t count, capacity;
};

static int64_t time_at(const PGresult *row, int column)
{
    return PQgetisnull(row, 0, column) ? TW_NO_TIME : tw_get_time(PQgetvalue(row, 0, column));
}

/* -- compared -------------------------------------------------------------------------------------------- */

static const char alerts_sql[] =
    "SELECT a.rule, a.entity, a.severity, a.opened_time, a.resolved_time, a.first_time, a.worst_value, a.documents,"
    " coalesce((SELECT reason FROM tapewatch.alert_steps p WHERE p.alert_id = a.alert_id AND p.step = 'opened'"
    " ORDER BY p.alert_step_id LIMIT 1), '')"
    " FROM tapewatch.alerts a WHERE a.opened_time <= $2 AND (a.opened_time > $1 OR a.resolved_time > $1"
    " OR a.resolved_time IS NULL) ORDER BY a.rule COLLATE \"C\", a.entity, a.opened_time, a.alert_id";
enum { FIRST_LIVED = 256 };
enum { RULE, ENTITY, SEVERITY, OPENED, RESOLVED, FIRST, WORST, DOCUMENTS, REASON };

static bool take_lived(void *context, const PGresult *row, struct tw_error *err)
{
    struct comparing *comparing = context;
    struct tw_arena *arena = &comparing->backtest->arena;
    if (comparing->count == comparing->capacity) {
        struct lived *items =
            tw_grow_heap(comparing->items, &comparing->capacity, sizeof *items, FIRST_LIVED);
        if (!items)
            return tw_fail(err, TW_INTERNAL, "tapewatch.alerts", NULL, "out of memory");
        comparing->items = items;
    }
    const struct tw_backtest_alert alert = {.rule = tw_arena_copy(arena, tw_get_text(row, 0, RULE)),
        .entity = tw_arena_copy(arena, tw_get_text(row, 0, ENTITY)),
        .severity = tw_arena_copy(arena, tw_get_text(row, 0, SEVERITY)).bytes,
        .opened_us = time_at(row, OPENED),
        .resolved_us = time_at(row, RESOLVED),
        .first_us = time_at(row, FIRST),
        .worst = tw_get_int64(PQgetvalue(row, 0, WORST)),
        .documents = tw_get_int64(PQgetvalue(row, 0, DOCUMENTS)),
        .reason = tw_arena_copy(arena, tw_get_text(row, 0, REASON)),
        .compared = TW_COMPARED_LOST};
    comparing->items[comparing->count++] = (struct lived){.alert = alert};
    return !arena->full || tw_arena_fail(arena, err);
}

static int compare_names(const struct tw_backtest_alert *left, const struct tw_backtest_alert *right)
{
    int order = tw_text_compare(left->rule, right->rule);
    return order != 0 ? order : tw_text_compare(left->entity, right->entity);
}

/* The first of the same rule and entity; count when there is none before the next. */
static size_t first_of(const struct comparing *comparing, const struct tw_backtest_alert *alert)
{
    size_t low = 0, high = comparing->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_names(&comparing->items[middle].alert, alert) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool overlap(const struct tw_backtest_alert *one, const struct tw_backtest_alert *other)
{
    return (other->resolved_us == TW_NO_TIME || one->opened_us < other->resolved_us) &&
           (one->resolved_us == TW_NO_TIME || other->opened_us < one->resolved_us);
}

static enum tw_compared compare_one(const struct comparing *comparing, const struct tw_backtest_alert *alert)
{
    enum tw_compared compared = TW_COMPARED_GAINED;
    for (size_t at = first_of(comparing, alert);
         at < comparing->count && compare_names(&comparing->items[at].alert, alert) == 0; at++) {
        struct lived *lived = &comparing->items[at];
        if (lived->alert.opened_us == alert->opened_us) {
            lived->found = true;
            return TW_COMPARED_SAME;
        }
        if (!overlap(&lived->alert, alert))
            continue;
        lived->found = true;
        compared = TW_COMPARED_MOVED;
    }
    return compared;
}

/* What opened before the period is there to be moved from, and cannot be lost. */
static bool add_lost(const struct comparing *comparing, int64_t from_us, struct tw_error *err)
{
    for (size_t at = 0; at < comparing->count; at++) {
        const struct lived *lived = &comparing->items[at];
        if (lived->found || lived->alert.opened_us <= from_us)
            continue;
        struct tw_backtest_alert *added = tw_backtest_add(comparing->backtest, err);
        if (!added)
            return false;
        *added = lived->alert;
    }
    return true;
}

bool tw_outcome_compare(struct tw_backtest *backtest, struct tw_history *history, struct tw_error *err)
{
    static const Oid types[] = {TW_OID_TIMESTAMPTZ, TW_OID_TIMESTAMPTZ};
    struct comparing comparing = {.backtest = backtest};
    char times[2][8];
    const char *values[] = {times[0], times[1]};
    const int lengths[] = {(int)sizeof times[0], (int)sizeof times[1]};
    tw_put_time(times[0], history->from_us);
    tw_put_time(times[1], history->to_us);
    bool done = tw_history_each_row(
        history, "tapewatch.alerts", alerts_sql, 2, types, values, lengths, take_lived, &comparing, err);
    for (size_t at = 0; done && at < backtest->alert_count; at++)
        backtest->alerts[at].compared = compare_one(&comparing, &backtest->alerts[at]);
    done = done && add_lost(&comparing, history->from_us, err);
    free(comparing.items);
    return done;
}

/* -- judged ---------------------------------------------------------------------------------------------- */

static const char labels_sql[] =
    "SELECT s.entity, l.event_time, t.topic, l.partition, l.kafka_offset,"
    " bool_or(l.label IN ('wrong_entity', 'not_news', 'duplicate')), bool_or(l.label = 'wrong_sentiment'),"
    " bool_or(l.label = 'wrong_sentiment' AND l.right_value IS DISTINCT FROM 'negative'), bool_or(l.label = 'wrong_event')"
    " FROM (SELECT DISTINCT ON (topic_id, partition, kafka_offset, label, entity) * FROM tapewatch.labels"
    " WHERE event_time >= $1 AND event_time < $2"
    " ORDER BY topic_id, partition, kafka_offset, label, entity, label_id DESC) AS l"
    " JOIN tapewatch.scores s ON s.topic_id = l.topic_id AND s.partition = l.partition"
    " AND s.kafka_offset = l.kafka_offset AND s.event_time = l.event_time AND (l.entity IS NULL OR l.entity = s.entity)"
    " JOIN tapewatch.topics t ON t.topic_id = l.topic_id"
    " GROUP BY s.entity, l.event_time, t.topic, l.partition, l.kafka_offset";
enum { OF_ENTITY, AT_TIME, IN_TOPIC, IN_PARTITION, AT_OFFSET, OUT, SENTIMENT, WRONG_SENTIMENT, WRONG_EVENT };

/* What people say of an entity in a document. */
struct judgement {
    struct tw_spoken_document document; /* its rule is the alert's that is looked at */
    int64_t event_us;
    bool out, sentiment, wrong_sentiment, wrong_event;
};

static int compare_spoken(const void *left, const void *right)
{
    const struct tw_spoken_document *one = left;
    const struct tw_spoken_document *other = right;
    int order = tw_text_compare(one->entity, other->entity);
    if (order == 0)
        order = tw_text_compare(one->rule, other->rule);
    if (order == 0)
        order = tw_text_compare(one->topic, other->topic);
    if (order != 0)
        return order;
    if (one->partition != other->partition)
        return one->partition < other->partition ? -1 : 1;
    return (one->offset > other->offset) - (one->offset < other->offset);
}

/* Is the document one of those that the alert was made of? */
static bool is_behind(
    const struct tw_backtest *backtest, struct judgement *judgement, const struct tw_backtest_alert *alert)
{
    if (!alert->kind || !tw_text_equal(alert->entity, judgement->document.entity) ||
        judgement->event_us < alert->first_us ||
        (alert->resolved_us != TW_NO_TIME && judgement->event_us >= alert->resolved_us))
        return false;
    judgement->document.rule = alert->rule;
    return !alert->kind->speak || bsearch(&judgement->document, backtest->spoken, backtest->spoken_count,
                                      sizeof *backtest->spoken, compare_spoken);
}

static void judge(const struct judgement *judgement, struct tw_backtest_alert *alert)
{
    bool of_events = alert->kind->of_events;
    bool judged = judgement->out || (of_events ? judgement->wrong_event : judgement->sentiment);
    bool wrong = judgement->out || (of_events ? judgement->wrong_event : judgement->wrong_sentiment);
    alert->labelled += judged;
    alert->wrong += judged && wrong;
}

static bool is_true(const PGresult *row, int column)
{
    return *PQgetvalue(row, 0, column) != 0;
}

/* Labels are few. */
static bool take_label(void *context, const PGresult *row, struct tw_error *err)
{
    struct tw_backtest *backtest = context;
    struct judgement judgement = {.document = {.entity = tw_get_text(row, 0, OF_ENTITY),
                                      .topic = tw_get_text(row, 0, IN_TOPIC),
                                      .partition = tw_get_int32(PQgetvalue(row, 0, IN_PARTITION)),
                                      .offset = tw_get_int64(PQgetvalue(row, 0, AT_OFFSET))},
        .event_us = time_at(row, AT_TIME),
        .out = is_true(row, OUT),
        .sentiment = is_true(row, SENTIMENT),
        .wrong_sentiment = is_true(row, WRONG_SENTIMENT),
        .wrong_event = is_true(row, WRONG_EVENT)};
    (void)err;
    for (size_t at = 0; at < backtest->alert_count; at++)
        if (is_behind(backtest, &judgement, &backtest->alerts[at]))
            judge(&judgement, &backtest->alerts[at]);
    return true;
}

bool tw_outcome_judge(struct tw_backtest *backtest, struct tw_history *history, struct tw_error *err)
{
    static const Oid types[] = {TW_OID_TIMESTAMPTZ, TW_OID_TIMESTAMPTZ};
    char times[2][8];
    const char *values[] = {times[0], times[1]};
    const int lengths[] = {(int)sizeof times[0], (int)sizeof times[1]};
    tw_put_time(times[0], history->begin_us);
    tw_put_time(times[1], history->to_us);
    if (backtest->spoken_count > 1)
        qsort(backtest->spoken, backtest->spoken_count, sizeof *backtest->spoken, compare_spoken);
    return tw_history_each_row(
        history, "tapewatch.labels", labels_sql, 2, types, values, lengths, take_label, backtest, err);
}

/* -- by rule --------------------------------------------------------------------------------------------- */

static struct tw_rule_outcome *outcome_of(struct tw_rule_outcomes *outcomes, struct tw_text rule)
{
    for (size_t at = 0; at < outcomes->count; at++)
        if (tw_text_equal(outcomes->items[at].rule, rule))
            return &outcomes->items[at];
    outcomes->items[outcomes->count] = (struct tw_rule_outcome){.rule = rule};
    return &outcomes->items[outcomes->count++];
}

static void count_alert(struct tw_rule_outcome *outcome, const struct tw_backtest_alert *alert)
{
    outcome->alerts += alert->compared != TW_COMPARED_LOST;
    outcome->same += alert->compared == TW_COMPARED_SAME;
    outcome->moved += alert->compared == TW_COMPARED_MOVED;
    outcome->gained += alert->compared == TW_COMPARED_GAINED;
    outcome->lost += alert->compared == TW_COMPARED_LOST;
    outcome->judged += alert->labelled > 0;
    outcome->wrong += alert->labelled > 0 && tw_outcome_is_wrong(alert);
}

static int compare_outcomes(const void *left, const void *right)
{
    const struct tw_rule_outcome *one = left;
    const struct tw_rule_outcome *other = right;
    return tw_text_compare(one->rule, other->rule);
}

bool tw_outcome_rules(struct tw_backtest *backtest, struct tw_rule_outcomes *out, struct tw_error *err)
{
    *out = (struct tw_rule_outcomes){.items = tw_arena_array(&backtest->arena,
                                         backtest->rules->count + backtest->alert_count, sizeof *out->items)};
    if (!out->items)
        return tw_arena_fail(&backtest->arena, err);
    for (uint32_t at = 0; at < backtest->rules->count; at++)
        outcome_of(out, backtest->rules->rules[at].name);
    for (size_t at = 0; at < backtest->alert_count; at++)
        count_alert(outcome_of(out, backtest->alerts[at].rule), &backtest->alerts[at]);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, compare_outcomes);
    return true;
}
