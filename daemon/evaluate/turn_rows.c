#include "evaluate/turn_rows.h"

#include "alert/kinds.h"
#include "alert/shard.h"
#include "postgres/wire.h"

/* Columns of the answers (statements.c). Entity and listed come first in each. */
enum { ENTITY, LISTED };
enum { BAR_START = 2, BAR_SCORES, BAR_SUM, BAR_SQUARES, BAR_NEGATIVE };
enum {
    EVENT_RULE = 2,
    EVENT_TIME,
    EVENT_SENTIMENT,
    EVENT_KEYWORD,
    EVENT_TOPIC,
    EVENT_PARTITION,
    EVENT_OFFSET,
    EVENT_ID
};
enum {
    ALERT_RULE = 2,
    ALERT_KIND,
    ALERT_SEVERITY,
    ALERT_OPENED,
    ALERT_STEPPED,
    ALERT_QUIET,
    ALERT_REPORTED,
    ALERT_WORST,
    ALERT_DOCUMENTS,
    ALERT_ID,
    ALERT_RULE_SET
};

/* Rows [at, end) of one answer that speak of the entity at hand. */
struct cursor {
    const PGresult *rows;
    int at;
    int end;
};

struct work {
    struct tw_evaluation *evaluation;
    struct cursor bars;
    struct cursor events;
    struct cursor alerts;
    struct tw_rule_span *spans;
    uint32_t span_count;
    struct tw_text entity;
    bool listed;
    struct tw_alerts_input input;
    struct tw_alerts_output output;
};

/* -- reading answers --------------------------------------------------------------------------------------------------- */

static struct tw_text text_at(const PGresult *rows, int row, int column)
{
    return (struct tw_text){PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column)};
}

static int64_t number_at(const PGresult *rows, int row, int column)
{
    return tw_get_int64(PQgetvalue(rows, row, column));
}

static int64_t time_at(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? TW_NO_TIME : tw_get_time(PQgetvalue(rows, row, column));
}

static struct cursor begin_cursor(const PGresult *rows)
{
    return (struct cursor){rows, 0, 0};
}

/* The entity of the next row, if it comes before `least`. */
static void look(const struct cursor *cursor, struct tw_text *least, bool *found)
{
    if (cursor->at >= PQntuples(cursor->rows))
        return;
    struct tw_text entity = text_at(cursor->rows, cursor->at, ENTITY);
    if (*found && tw_text_compare(entity, *least) >= 0)
        return;
    *least = entity;
    *found = true;
}

static void gather(struct cursor *cursor, struct tw_text entity, bool *listed)
{
    cursor->end = cursor->at;
    while (cursor->end < PQntuples(cursor->rows) &&
           tw_text_equal(text_at(cursor->rows, cursor->end, ENTITY), entity))
        cursor->end++;
    if (cursor->end > cursor->at)
        *listed = *PQgetvalue(cursor->rows, cursor->at, LISTED) != 0;
}

/* Moves on to the next entity in the three answers; false when there is none. */
static bool next_entity(struct work *work)
{
    bool found = false;
    work->bars.at = work->bars.end;
    work->events.at = work->events.end;
    work->alerts.at = work->alerts.end;
    look(&work->bars, &work->entity, &found);
    look(&work->events, &work->entity, &found);
    look(&work->alerts, &work->entity, &found);
    if (!found)
        return false;
    gather(&work->bars, work->entity, &work->listed);
    gather(&work->events, work->entity, &work->listed);
    gather(&work->alerts, work->entity, &work->listed);
    return true;
}

static bool read_bars(struct work *work)
{
    const struct cursor *cursor = &work->bars;
    size_t count = (size_t)(cursor->end - cursor->at);
    struct tw_bar_row *bars = tw_arena_array(work->evaluation->arena, count, sizeof *bars);
    work->input.bars = bars;
    work->input.bar_count = count;
    for (int row = cursor->at; bars && row < cursor->end; row++) {
        bars[row - cursor->at] = (struct tw_bar_row){
            .symbol = work->entity,
            .bar_us = time_at(cursor->rows, row, BAR_START),
            .count = number_at(cursor->rows, row, BAR_SCORES),
            .sum = number_at(cursor->rows, row, BAR_SUM),
            .sum_of_squares = number_at(cursor->rows, row, BAR_SQUARES),
            .negative_sum = number_at(cursor->rows, row, BAR_NEGATIVE),
        };
        work->evaluation->bars_evaluated += bars[row - cursor->at].bar_us >= work->evaluation->from_us;
    }
    return bars;
}

static bool read_events(struct work *work)
{
    const struct cursor *cursor = &work->events;
    size_t count = (size_t)(cursor->end - cursor->at);
    struct tw_headline_event *events = tw_arena_array(work->evaluation->arena, count, sizeof *events);
    work->input.events = events;
    work->input.event_count = count;
    for (int row = cursor->at; events && row < cursor->end; row++) {
        events[row - cursor->at] = (struct tw_headline_event){
            .rule = text_at(cursor->rows, row, EVENT_RULE),
            .event_us = time_at(cursor->rows, row, EVENT_TIME),
            .sentiment = tw_get_int16(PQgetvalue(cursor->rows, row, EVENT_SENTIMENT)),
            .keyword = text_at(cursor->rows, row, EVENT_KEYWORD),
            .topic = text_at(cursor->rows, row, EVENT_TOPIC),
            .partition = tw_get_int32(PQgetvalue(cursor->rows, row, EVENT_PARTITION)),
            .offset = number_at(cursor->rows, row, EVENT_OFFSET),
        };
    }
    return events;
}

static enum tw_severity severity_of(struct tw_text name)
{
    for (int severity = 0; tw_severity_names[severity]; severity++)
        if (tw_text_equal(name, tw_text_of(tw_severity_names[severity])))
            return (enum tw_severity)severity;
    return TW_SEVERITY_WARNING;
}

/* What an alert's values are values of: the table does not say, but the rules of its last step do. Without those (a
 * restore lost them), what the rule measures now. */
static struct tw_text measure_of(const struct work *work, int row)
{
    const struct tw_evaluation *evaluation = work->evaluation;
    struct tw_text name = text_at(work->alerts.rows, row, ALERT_RULE);
    int32_t id = tw_get_int32(PQgetvalue(work->alerts.rows, row, ALERT_RULE_SET));
    const struct tw_rule *rule = NULL;
    for (uint32_t at = 0; at < evaluation->set_count; at++) {
        const struct tw_rule *here = tw_rules_find(evaluation->sets[at].rules, name);
        rule = here ? here : rule;
        if (here && evaluation->sets[at].id == id)
            break;
    }
    return tw_text_of(rule ? rule->measure : "");
}

static bool read_alerts(struct work *work)
{
    const struct cursor *cursor = &work->alerts;
    size_t count = (size_t)(cursor->end - cursor->at);
    struct tw_alert *alerts = tw_arena_array(work->evaluation->arena, count, sizeof *alerts);
    work->input.open = alerts;
    work->input.open_count = (uint32_t)count;
    for (int row = cursor->at; alerts && row < cursor->end; row++) {
        alerts[row - cursor->at] = (struct tw_alert){
            .rule = text_at(cursor->rows, row, ALERT_RULE),
            .symbol = work->entity,
            .kind = tw_kinds_find(text_at(cursor->rows, row, ALERT_KIND)),
            .measure = measure_of(work, row),
            .severity = severity_of(text_at(cursor->rows, row, ALERT_SEVERITY)),
            .opened_us = time_at(cursor->rows, row, ALERT_OPENED),
            .stepped_us = time_at(cursor->rows, row, ALERT_STEPPED),
            .resolved_us = TW_NO_TIME,
            .quiet_since_us = time_at(cursor->rows, row, ALERT_QUIET),
            .reported = number_at(cursor->rows, row, ALERT_REPORTED),
            .worst = number_at(cursor->rows, row, ALERT_WORST),
            .documents = number_at(cursor->rows, row, ALERT_DOCUMENTS),
        };
    }
    return alerts;
}

/* -- writing calls -------------------------------------------------------------------------------------------------------- */

static bool grow(struct tw_evaluation *evaluation)
{
    uint32_t capacity = evaluation->call_capacity ? evaluation->call_capacity * 2 : 64;
    struct tw_evaluation_call *calls = tw_arena_array(evaluation->arena, capacity, sizeof *calls);
    if (!calls)
        return false;
    if (evaluation->call_count > 0)
        memcpy(calls, evaluation->calls, evaluation->call_count * sizeof *calls);
    evaluation->calls = calls;
    evaluation->call_capacity = capacity;
    return true;
}

/* A new call at the end; NULL when the arena is full. It stays where it is until the next one is added. */
static struct tw_evaluation_call *add_call(struct tw_evaluation *evaluation, enum tw_statement statement)
{
    if (evaluation->call_count == evaluation->call_capacity && !grow(evaluation))
        return NULL;
    struct tw_evaluation_call *call = &evaluation->calls[evaluation->call_count++];
    *call = (struct tw_evaluation_call){.statement = statement};
    return call;
}

static void put_text(struct tw_evaluation_call *call, int at, struct tw_text text)
{
    call->values[at] = text.length ? text.bytes : "";
    call->lengths[at] = (int)text.length;
}

static void put_name(struct tw_evaluation_call *call, int at, const char *name)
{
    put_text(call, at, tw_text_of(name));
}

/* Numbers of a call are written one after the other into `room`. */
static void put_number(struct tw_evaluation_call *call, int at, char **room, int64_t number)
{
    tw_put_int64(*room, number);
    call->values[at] = *room;
    call->lengths[at] = 8;
    *room += 8;
}

static void put_time(struct tw_evaluation_call *call, int at, char **room, int64_t us)
{
    if (us == TW_NO_TIME)
        return; /* NULL */
    tw_put_time(*room, us);
    call->values[at] = *room;
    call->lengths[at] = 8;
    *room += 8;
}

static void put_int32(struct tw_evaluation_call *call, int at, char **room, int32_t number)
{
    tw_put_int32(*room, number);
    call->values[at] = *room;
    call->lengths[at] = 4;
    *room += 4;
}

static void put_int16(struct tw_evaluation_call *call, int at, char **room, int16_t number)
{
    tw_put_int16(*room, number);
    call->values[at] = *room;
    call->lengths[at] = 2;
    *room += 2;
}

/* The set that governs an edge; the first when none does. */
static const struct tw_stored_rules *set_at(const struct tw_evaluation *evaluation, int64_t edge_us)
{
    const struct tw_stored_rules *found = &evaluation->sets[0];
    for (uint32_t at = 0; at < evaluation->set_count; at++)
        if (evaluation->sets[at].holds_from_us == TW_NO_TIME || evaluation->sets[at].holds_from_us < edge_us)
            found = &evaluation->sets[at];
    return found;
}

static int64_t first_time(const struct tw_evaluation *evaluation, const struct tw_alert *alert)
{
    const struct tw_rule *rule = tw_rules_find(set_at(evaluation, alert->opened_us)->rules, alert->rule);
    int64_t window_us = rule && rule->window_us ? rule->window_us : TW_BAR_US;
    return alert->opened_us - window_us;
}

static bool store_alert(struct work *work, uint32_t index)
{
    struct tw_evaluation *evaluation = work->evaluation;
    const struct tw_alert *alert = &work->output.alerts[index];
    struct tw_evaluation_call *call = add_call(evaluation, TW_ALERT_STORE);
    char *room = tw_arena_take(evaluation->arena, 15 * 8);
    if (!call || !room)
        return false;
    if (index < work->input.open_count) {
        call->values[0] = PQgetvalue(work->alerts.rows, work->alerts.at + (int)index, ALERT_ID);
        call->lengths[0] = 8;
    }
    put_text(call, 1, alert->rule);
    put_text(call, 2, work->entity);
    put_int16(call, 3, &room, tw_shard_of(work->entity));
    put_name(call, 4, alert->kind->name);
    put_name(call, 5, tw_severity_names[alert->severity]);
    put_time(call, 6, &room, alert->opened_us);
    put_time(call, 7, &room, alert->stepped_us);
    put_time(call, 8, &room, alert->resolved_us);
    put_time(call, 9, &room, alert->quiet_since_us);
    put_time(call, 10, &room, first_time(evaluation, alert));
    put_number(call, 11, &room, alert->reported);
    put_number(call, 12, &room, alert->worst);
    put_number(call, 13, &room, alert->documents);
    put_int32(call, 14, &room, set_at(evaluation, alert->stepped_us)->id);
    return true;
}

static bool store_step(struct work *work, const struct tw_alert_change *change)
{
    struct tw_evaluation *evaluation = work->evaluation;
    const struct tw_alert *alert = &work->output.alerts[change->alert];
    struct tw_evaluation_call *call = add_call(evaluation, TW_ALERT_STEP_STORE);
    char *room = tw_arena_take(evaluation->arena, 9 * 8);
    if (!call || !room)
        return false;
    put_text(call, 0, alert->rule);
    put_text(call, 1, work->entity);
    put_time(call, 2, &room, alert->opened_us);
    put_name(call, 3, tw_alert_step_names[change->step]);
    put_time(call, 4, &room, change->at_us);
    put_number(call, 5, &room, change->value);
    put_number(call, 6, &room, change->documents);
    put_text(call, 7, change->reason);
    put_int32(call, 8, &room, set_at(evaluation, change->at_us)->id);
    evaluation->opened += change->step == TW_ALERT_OPENED;
    evaluation->updated += change->step == TW_ALERT_UPDATED;
    evaluation->resolved += change->step == TW_ALERT_RESOLVED;
    return true;
}

/* The alert that was open, or opened, at the edge where the event spoke; NULL when its rule did not want it. */
static const struct tw_alert *alert_of(const struct work *work, const struct tw_headline_event *event)
{
    int64_t edge_us = tw_bar_end(event->event_us);
    const struct tw_alert *found = NULL;
    if (edge_us <= work->evaluation->from_us)
        edge_us = work->evaluation->from_us + TW_BAR_US;
    for (uint32_t at = 0; at < work->output.alert_count; at++) {
        const struct tw_alert *alert = &work->output.alerts[at];
        if (alert->opened_us <= edge_us && tw_text_equal(alert->rule, event->rule) &&
            (alert->resolved_us == TW_NO_TIME || alert->resolved_us >= edge_us) &&
            (!found || alert->opened_us > found->opened_us))
            found = alert;
    }
    return found;
}

static bool store_event(struct work *work, int row)
{
    const struct tw_headline_event *event = &work->input.events[row - work->events.at];
    const struct tw_alert *alert = alert_of(work, event);
    struct tw_evaluation_call *call = add_call(work->evaluation, TW_EVENT_DONE);
    char *room = tw_arena_take(work->evaluation->arena, 8);
    if (!call || !room)
        return false;
    call->values[0] = PQgetvalue(work->events.rows, row, EVENT_ID);
    call->lengths[0] = 8;
    put_text(call, 1, event->rule);
    put_text(call, 2, work->entity);
    put_time(call, 3, &room, alert ? alert->opened_us : TW_NO_TIME);
    return true;
}

static bool store_all(struct work *work)
{
    for (uint32_t at = 0; at < work->output.alert_count; at++)
        if (work->output.alerts[at].changed && !store_alert(work, at))
            return false;
    for (uint32_t at = 0; at < work->output.change_count; at++)
        if (!store_step(work, &work->output.changes[at]))
            return false;
    for (int row = work->events.at; row < work->events.end; row++)
        if (!store_event(work, row))
            return false;
    return true;
}

/* -- the whole ---------------------------------------------------------------------------------------------------------------- */

/* Of two sets that hold from the same edge the later one does; the other never governs anything. */
static bool make_spans(struct work *work)
{
    const struct tw_evaluation *evaluation = work->evaluation;
    work->spans = tw_arena_array(evaluation->arena, evaluation->set_count, sizeof *work->spans);
    for (uint32_t at = 0; work->spans && at < evaluation->set_count; at++) {
        const struct tw_stored_rules *set = &evaluation->sets[at];
        while (work->span_count > 0 && work->spans[work->span_count - 1].holds_from_us >= set->holds_from_us)
            work->span_count--;
        work->spans[work->span_count++] = (struct tw_rule_span){set->rules, set->holds_from_us, set->id};
    }
    return work->spans;
}

static bool run_entity(struct work *work, struct tw_error *err)
{
    struct tw_evaluation *evaluation = work->evaluation;
    work->input = (struct tw_alerts_input){.spans = work->spans,
        .span_count = work->span_count,
        .symbol = work->entity,
        .listed = work->listed,
        .from_us = evaluation->from_us,
        .to_us = evaluation->to_us};
    if (!read_bars(work) || !read_events(work) || !read_alerts(work))
        return tw_arena_fail(evaluation->arena, err);
    if (!tw_alerts_evaluate(&work->input, evaluation->arena, &work->output, err))
        return false;
    return store_all(work) || tw_arena_fail(evaluation->arena, err);
}

bool tw_evaluation_run(struct tw_evaluation *evaluation, struct tw_error *err)
{
    struct work work = {.evaluation = evaluation,
        .bars = begin_cursor(evaluation->bars),
        .events = begin_cursor(evaluation->events),
        .alerts = begin_cursor(evaluation->alerts)};
    if (evaluation->set_count == 0)
        return true;
    if (!make_spans(&work))
        return tw_arena_fail(evaluation->arena, err);
    while (next_entity(&work))
        if (!run_entity(&work, err))
            return false;
    return true;
}
