#include "evaluate/turn_rows.h"

#include "alert/shard.h"
#include "base/growing.h"
#include "postgres/wire.h"
#include "rule_kinds/kinds.h"

/* Columns of the answers (statements.c). Entity and listed come first in each. */
enum { ENTITY, LISTED };
enum {
    EVENT_RULE = 2,
    EVENT_TIME,
    EVENT_SENTIMENT,
    EVENT_KEYWORD,
    EVENT_TOPIC,
    EVENT_PARTITION,
    EVENT_OFFSET,
    EVENT_ID,
    EVENT_VALUE,
    EVENT_TYPE,
    EVENT_IS_COPY,
    EVENT_IS_PAST,
    EVENT_SEVERITY
};
enum {
    ALERT_RULE = 2,
    ALERT_KIND,
    ALERT_MEASURE,
    ALERT_SEVERITY,
    ALERT_OPENED,
    ALERT_STEPPED,
    ALERT_QUIET,
    ALERT_REPORTED,
    ALERT_WORST,
    ALERT_DOCUMENTS,
    ALERT_ID
};
enum { PAST_RULE = 2, PAST_OPENED, PAST_RESOLVED };
enum { DAYS_AT_ONCE = 1000 };

/* -- source: windows, rows of the answers
 * ------------------------------------------------------------------------- */

static int64_t number_at(const PGresult *rows, int row, int column)
{
    return tw_get_int64(PQgetvalue(rows, row, column));
}

static int64_t time_at(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? TW_NO_TIME : tw_get_time(PQgetvalue(rows, row, column));
}

static enum tw_severity severity_of(struct tw_text name)
{
    for (int severity = 0; tw_severity_names[severity]; severity++)
        if (tw_text_equal(name, tw_text_of(tw_severity_names[severity])))
            return (enum tw_severity)severity;
    return TW_SEVERITY_WARNING;
}

static bool read_event(const PGresult *rows, int row, struct tw_turn_row *out, struct tw_error *err)
{
    (void)err;
    out->event = (struct tw_headline_event){
        .id = number_at(rows, row, EVENT_ID),
        .rule = tw_get_text(rows, row, EVENT_RULE),
        .event_us = time_at(rows, row, EVENT_TIME),
        .sentiment = tw_get_int16(PQgetvalue(rows, row, EVENT_SENTIMENT)),
        .value = tw_get_int16(PQgetvalue(rows, row, EVENT_VALUE)),
        .severity = severity_of(tw_get_text(rows, row, EVENT_SEVERITY)), /* NULL: a warning's */
        .keyword = tw_get_text(rows, row, EVENT_KEYWORD),
        .event_type = tw_get_text(rows, row, EVENT_TYPE),
        .topic = tw_get_text(rows, row, EVENT_TOPIC),
        .partition = tw_get_int32(PQgetvalue(rows, row, EVENT_PARTITION)),
        .offset = number_at(rows, row, EVENT_OFFSET),
        .is_copy = *PQgetvalue(rows, row, EVENT_IS_COPY) != 0,
        .is_past = *PQgetvalue(rows, row, EVENT_IS_PAST) != 0,
    };
    return true;
}

static bool read_alert(const PGresult *rows, int row, struct tw_turn_row *out, struct tw_error *err)
{
    struct tw_text kind = tw_get_text(rows, row, ALERT_KIND);
    out->alert = (struct tw_alert){
        .id = number_at(rows, row, ALERT_ID),
        .rule = tw_get_text(rows, row, ALERT_RULE),
        .symbol = out->symbol,
        .kind = tw_kinds_find(kind),
        .measure = tw_get_text(rows, row, ALERT_MEASURE), /* NULL reads as the empty text: not known */
        .severity = severity_of(tw_get_text(rows, row, ALERT_SEVERITY)),
        .opened_us = time_at(rows, row, ALERT_OPENED),
        .stepped_us = time_at(rows, row, ALERT_STEPPED),
        .resolved_us = TW_NO_TIME,
        .quiet_since_us = time_at(rows, row, ALERT_QUIET),
        .reported = number_at(rows, row, ALERT_REPORTED),
        .worst = number_at(rows, row, ALERT_WORST),
        .documents = number_at(rows, row, ALERT_DOCUMENTS),
    };
    if (out->alert.kind)
        return true;
    return tw_fail(err, TW_CONFIG, "tapewatch.alerts",
        "run the version of tapewatch that opened it, or a later one",
        "alert %lld is of kind \"%.*s\", which this program does not know", (long long)out->alert.id,
        (int)kind.length, kind.bytes);
}

static bool read_past(const PGresult *rows, int row, struct tw_turn_row *out, struct tw_error *err)
{
    (void)err;
    out->alert = (struct tw_alert){
        .rule = tw_get_text(rows, row, PAST_RULE),
        .symbol = out->symbol,
        .opened_us = time_at(rows, row, PAST_OPENED),
        .resolved_us = time_at(rows, row, PAST_RESOLVED),
        .quiet_since_us = TW_NO_TIME,
    };
    return true;
}

static enum tw_read next_row(
    void *context, enum tw_turn_stream stream, struct tw_turn_row *row, struct tw_error *err)
{
    typedef bool reader(const PGresult *, int, struct tw_turn_row *, struct tw_error *);
    static reader *const readers[] = {
        [TW_TURN_EVENTS] = read_event, [TW_TURN_ALERTS] = read_alert, [TW_TURN_PAST] = read_past};
    struct tw_turn_rows *rows = context;
    if (stream == TW_TURN_BARS)
        return tw_recent_rows_next(&rows->bars, row) ? TW_READ_ITEM : TW_READ_END;
    if (stream == TW_TURN_DAYS)
        return tw_recent_rows_next(&rows->days, row) ? TW_READ_ITEM : TW_READ_END;
    const PGresult *answer = rows->answers[stream];
    int at = rows->next[stream]++;
    if (at >= PQntuples(answer))
        return TW_READ_END;
    row->symbol = tw_get_text(answer, at, ENTITY);
    row->listed = *PQgetvalue(answer, at, LISTED) != 0;
    return readers[stream](answer, at, row, err) ? TW_READ_ITEM : TW_READ_REFUSED;
}

/* -- sink: statements ------------------------------------------------------------------------------------ */

static bool is_listed(const struct tw_turn_rows *rows, struct tw_error *err)
{
    return rows->statements->full ? tw_arena_fail(rows->statements->arena, err) : true;
}

static bool store_alert(void *context, const struct tw_alert *alert, int64_t first_us,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tw_turn_rows *rows = context;
    struct tw_statement_list *list = rows->statements;
    tw_statement_add(list, TW_ALERT_STORE);
    if (alert->id)
        tw_statement_put_int64(list, alert->id);
    else
        tw_statement_put_null(list);
    tw_statement_put_text(list, alert->rule);
    tw_statement_put_text(list, alert->symbol);
    tw_statement_put_int16(list, tw_shard_of(alert->symbol));
    tw_statement_put_name(list, alert->kind->name);
    if (alert->measure.length)
        tw_statement_put_text(list, alert->measure);
    else
        tw_statement_put_null(list);
    tw_statement_put_name(list, tw_severity_names[alert->severity]);
    tw_statement_put_time(list, alert->opened_us);
    tw_statement_put_time(list, alert->stepped_us);
    tw_statement_put_time(list, alert->resolved_us);
    tw_statement_put_time(list, alert->quiet_since_us);
    tw_statement_put_time(list, first_us);
    tw_statement_put_int64(list, alert->reported);
    tw_statement_put_int64(list, alert->worst);
    tw_statement_put_int64(list, alert->documents);
    tw_statement_put_int32(list, rules->id);
    return is_listed(rows, err);
}

static void put_number(struct tw_statement_list *list, int64_t number)
{
    if (number == TW_NO_NUMBER)
        tw_statement_put_null(list);
    else
        tw_statement_put_int64(list, number);
}

/* What a value was held against. Copies are counted where documents are, and only where they are
 * told apart. */
static void put_numbers(
    const struct tw_turn_rows *rows, const struct tw_alert *alert, const struct tw_alert_change *change)
{
    struct tw_statement_list *list = rows->statements;
    const struct tw_step_numbers *numbers = &change->numbers;
    int64_t from_us = numbers->window_us > 0 ? change->at_us - numbers->window_us : TW_NO_TIME;
    tw_statement_put_time(list, from_us);
    put_number(list, change->step == TW_ALERT_RESOLVED ? numbers->resolves : numbers->opens);
    put_number(list, numbers->baseline);
    put_number(list, numbers->deviation);
    put_number(list, numbers->baseline_days);
    tw_statement_put_time(list, rows->stories && !alert->kind->of_others ? from_us : TW_NO_TIME);
}

static bool store_step(void *context, const struct tw_alert *alert, const struct tw_alert_change *change,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tw_turn_rows *rows = context;
    struct tw_statement_list *list = rows->statements;
    tw_statement_add(list, TW_ALERT_STEP_STORE);
    tw_statement_put_text(list, alert->rule);
    tw_statement_put_text(list, alert->symbol);
    tw_statement_put_time(list, alert->opened_us);
    tw_statement_put_name(list, tw_alert_step_names[change->step]);
    tw_statement_put_time(list, change->at_us);
    tw_statement_put_int64(list, change->value);
    tw_statement_put_int64(list, change->documents);
    tw_statement_put_text(list, change->reason);
    tw_statement_put_int32(list, rules->id);
    put_numbers(rows, alert, change);
    return is_listed(rows, err);
}

static bool store_event(void *context, struct tw_text symbol, const struct tw_headline_event *event,
    const struct tw_alert *alert, struct tw_error *err)
{
    struct tw_turn_rows *rows = context;
    struct tw_statement_list *list = rows->statements;
    tw_statement_add(list, TW_EVENT_DONE);
    tw_statement_put_int64(list, event->id);
    tw_statement_put_text(list, event->rule);
    tw_statement_put_text(list, symbol);
    tw_statement_put_time(list, alert ? alert->opened_us : TW_NO_TIME);
    return is_listed(rows, err);
}

/* Kept, to go with those of other entities: room is doubled, the old one left behind in the arena. */
static bool keep_day(void *context, const struct tw_bar_row *day, struct tw_error *err)
{
    struct tw_turn_rows *rows = context;
    struct tw_arena *arena = rows->statements->arena;
    if (rows->added_count == rows->added_capacity) {
        struct tw_bar_row *larger =
            tw_grow_arena(arena, rows->added, &rows->added_capacity, sizeof *larger, DAYS_AT_ONCE);
        if (!larger)
            return tw_arena_fail(arena, err);
        rows->added = larger;
    }
    rows->added[rows->added_count++] = *day;
    return true;
}

/* One statement for so many of them. False when the arena is full. */
static bool add_days(struct tw_statement_list *list, const struct tw_bar_row *days, uint32_t count)
{
    int32_t *numbers = tw_arena_array(list->arena, count, sizeof *numbers);
    int16_t *shards = tw_arena_array(list->arena, count, sizeof *shards);
    struct tw_text *symbols = tw_arena_array(list->arena, count, sizeof *symbols);
    int64_t *sums[4];
    for (int sum = 0; sum < 4; sum++)
        sums[sum] = tw_arena_array(list->arena, count, sizeof *sums[sum]);
    if (!numbers || !shards || !symbols || !sums[0] || !sums[1] || !sums[2] || !sums[3])
        return false;
    for (uint32_t at = 0; at < count; at++) {
        numbers[at] = (int32_t)(days[at].bar_us / TW_DAY_US);
        shards[at] = tw_shard_of(days[at].symbol);
        symbols[at] = days[at].symbol;
        sums[0][at] = days[at].count;
        sums[1][at] = days[at].sum;
        sums[2][at] = days[at].sum_of_squares;
        sums[3][at] = days[at].negative_sum;
    }
    tw_statement_add(list, TW_DAYS_ADD);
    tw_statement_put_int32s(list, numbers, count);
    tw_statement_put_int16s(list, shards, count);
    tw_statement_put_texts(list, symbols, count);
    for (int sum = 0; sum < 4; sum++)
        tw_statement_put_int64s(list, sums[sum], count);
    return true;
}

/* A statement updates a row once: rows come by entity, then by day, each once. */
bool tw_turn_rows_add_days(struct tw_turn_rows *rows, struct tw_error *err)
{
    for (uint32_t at = 0; at < rows->added_count; at += DAYS_AT_ONCE) {
        uint32_t rest = rows->added_count - at;
        if (!add_days(rows->statements, rows->added + at, rest < DAYS_AT_ONCE ? rest : DAYS_AT_ONCE))
            return tw_arena_fail(rows->statements->arena, err);
    }
    return is_listed(rows, err);
}

void tw_turn_rows_attach(struct tw_turn_rows *rows, struct tw_turn *turn)
{
    turn->source = (struct tw_turn_source){rows, next_row};
    turn->sink = (struct tw_turn_sink){rows, store_alert, store_step, store_event, keep_day};
}
