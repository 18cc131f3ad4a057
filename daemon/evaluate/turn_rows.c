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

/* -- source: rows of the answers --------------------------------------------------------------------------------- */

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

static bool read_bar(const PGresult *rows, int row, struct tw_turn_row *out, struct tw_error *err)
{
    (void)err;
    out->bar = (struct tw_bar_row){
        .symbol = out->symbol,
        .bar_us = time_at(rows, row, BAR_START),
        .count = number_at(rows, row, BAR_SCORES),
        .sum = number_at(rows, row, BAR_SUM),
        .sum_of_squares = number_at(rows, row, BAR_SQUARES),
        .negative_sum = number_at(rows, row, BAR_NEGATIVE),
    };
    return true;
}

static bool read_event(const PGresult *rows, int row, struct tw_turn_row *out, struct tw_error *err)
{
    (void)err;
    out->event = (struct tw_headline_event){
        .id = number_at(rows, row, EVENT_ID),
        .rule = text_at(rows, row, EVENT_RULE),
        .event_us = time_at(rows, row, EVENT_TIME),
        .sentiment = tw_get_int16(PQgetvalue(rows, row, EVENT_SENTIMENT)),
        .keyword = text_at(rows, row, EVENT_KEYWORD),
        .topic = text_at(rows, row, EVENT_TOPIC),
        .partition = tw_get_int32(PQgetvalue(rows, row, EVENT_PARTITION)),
        .offset = number_at(rows, row, EVENT_OFFSET),
    };
    return true;
}

static enum tw_severity severity_of(struct tw_text name)
{
    for (int severity = 0; tw_severity_names[severity]; severity++)
        if (tw_text_equal(name, tw_text_of(tw_severity_names[severity])))
            return (enum tw_severity)severity;
    return TW_SEVERITY_WARNING;
}

static bool read_alert(const PGresult *rows, int row, struct tw_turn_row *out, struct tw_error *err)
{
    struct tw_text kind = text_at(rows, row, ALERT_KIND);
    out->alert = (struct tw_alert){
        .id = number_at(rows, row, ALERT_ID),
        .rule = text_at(rows, row, ALERT_RULE),
        .symbol = out->symbol,
        .kind = tw_kinds_find(kind),
        .measure = text_at(rows, row, ALERT_MEASURE), /* NULL reads as the empty text: not known */
        .severity = severity_of(text_at(rows, row, ALERT_SEVERITY)),
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

static enum tw_read next_row(
    void *context, enum tw_turn_stream stream, struct tw_turn_row *row, struct tw_error *err)
{
    typedef bool reader(const PGresult *, int, struct tw_turn_row *, struct tw_error *);
    static reader *const readers[] = {
        [TW_TURN_BARS] = read_bar, [TW_TURN_EVENTS] = read_event, [TW_TURN_ALERTS] = read_alert};
    struct tw_turn_rows *rows = context;
    const PGresult *answer = rows->answers[stream];
    int at = rows->next[stream]++;
    if (at >= PQntuples(answer))
        return TW_READ_END;
    row->symbol = text_at(answer, at, ENTITY);
    row->listed = *PQgetvalue(answer, at, LISTED) != 0;
    return readers[stream](answer, at, row, err) ? TW_READ_ITEM : TW_READ_REFUSED;
}

/* -- sink: calls ---------------------------------------------------------------------------------------------------- */

static bool grow(struct tw_turn_rows *rows)
{
    uint32_t capacity = rows->call_capacity ? rows->call_capacity * 2 : 64;
    struct tw_turn_call *calls = tw_arena_array(rows->arena, capacity, sizeof *calls);
    if (!calls)
        return false;
    if (rows->call_count > 0)
        memcpy(calls, rows->calls, rows->call_count * sizeof *calls);
    rows->calls = calls;
    rows->call_capacity = capacity;
    return true;
}

/* A call being written: parameters in the order of the statement's, numbers one after the other into `room`. */
struct writer {
    struct tw_turn_call *call;
    int at;
    char *room;
};

/* A new call at the end; false when the arena is full. It stays where it is until the next one is added. */
static bool begin_call(
    struct tw_turn_rows *rows, enum tw_statement statement, struct writer *writer, struct tw_error *err)
{
    char *room = tw_arena_take(rows->arena, TW_STATEMENT_PARAMETERS * 8);
    if (!room || (rows->call_count == rows->call_capacity && !grow(rows)))
        return tw_arena_fail(rows->arena, err);
    struct tw_turn_call *call = &rows->calls[rows->call_count++];
    *call = (struct tw_turn_call){.statement = statement};
    *writer = (struct writer){call, 0, room};
    return true;
}

static void put_text(struct writer *writer, struct tw_text text)
{
    writer->call->values[writer->at] = text.length ? text.bytes : "";
    writer->call->lengths[writer->at++] = (int)text.length;
}

static void put_name(struct writer *writer, const char *name)
{
    put_text(writer, tw_text_of(name));
}

static void put_null(struct writer *writer)
{
    writer->at++;
}

/* The bytes at `room` are the next parameter. */
static void put_room(struct writer *writer, int length)
{
    writer->call->values[writer->at] = writer->room;
    writer->call->lengths[writer->at++] = length;
    writer->room += length;
}

static void put_number(struct writer *writer, int64_t number)
{
    tw_put_int64(writer->room, number);
    put_room(writer, 8);
}

static void put_int32(struct writer *writer, int32_t number)
{
    tw_put_int32(writer->room, number);
    put_room(writer, 4);
}

static void put_int16(struct writer *writer, int16_t number)
{
    tw_put_int16(writer->room, number);
    put_room(writer, 2);
}

static void put_time(struct writer *writer, int64_t us)
{
    if (us == TW_NO_TIME) {
        put_null(writer);
        return;
    }
    tw_put_time(writer->room, us);
    put_room(writer, 8);
}

static bool store_alert(void *context, const struct tw_alert *alert, int64_t first_us,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct writer writer;
    if (!begin_call(context, TW_ALERT_STORE, &writer, err))
        return false;
    if (alert->id)
        put_number(&writer, alert->id);
    else
        put_null(&writer);
    put_text(&writer, alert->rule);
    put_text(&writer, alert->symbol);
    put_int16(&writer, tw_shard_of(alert->symbol));
    put_name(&writer, alert->kind->name);
    if (alert->measure.length)
        put_text(&writer, alert->measure);
    else
        put_null(&writer);
    put_name(&writer, tw_severity_names[alert->severity]);
    put_time(&writer, alert->opened_us);
    put_time(&writer, alert->stepped_us);
    put_time(&writer, alert->resolved_us);
    put_time(&writer, alert->quiet_since_us);
    put_time(&writer, first_us);
    put_number(&writer, alert->reported);
    put_number(&writer, alert->worst);
    put_number(&writer, alert->documents);
    put_int32(&writer, rules->id);
    return true;
}

static bool store_step(void *context, const struct tw_alert *alert, const struct tw_alert_change *change,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct writer writer;
    if (!begin_call(context, TW_ALERT_STEP_STORE, &writer, err))
        return false;
    put_text(&writer, alert->rule);
    put_text(&writer, alert->symbol);
    put_time(&writer, alert->opened_us);
    put_name(&writer, tw_alert_step_names[change->step]);
    put_time(&writer, change->at_us);
    put_number(&writer, change->value);
    put_number(&writer, change->documents);
    put_text(&writer, change->reason);
    put_int32(&writer, rules->id);
    return true;
}

static bool store_event(void *context, struct tw_text symbol, const struct tw_headline_event *event,
    const struct tw_alert *alert, struct tw_error *err)
{
    struct writer writer;
    if (!begin_call(context, TW_EVENT_DONE, &writer, err))
        return false;
    put_number(&writer, event->id);
    put_text(&writer, event->rule);
    put_text(&writer, symbol);
    put_time(&writer, alert ? alert->opened_us : TW_NO_TIME);
    return true;
}

void tw_turn_rows_attach(struct tw_turn_rows *rows, struct tw_turn *turn)
{
    turn->source = (struct tw_turn_source){rows, next_row};
    turn->sink = (struct tw_turn_sink){rows, store_alert, store_step, store_event};
}
