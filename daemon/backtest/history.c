#include "backtest/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alert/shard.h"
#include "evaluate/windows.h"
#include "postgres/postgres.h"
#include "postgres/statements.h"
#include "postgres/wire.h"
#include "time/days.h"
#include "timestamps/time_text.h"

#define ARENA_BYTES ((size_t)64 << 20)

/* -- rows ------------------------------------------------------------------------------------------------ */

/* What is left of an answer is read and thrown away, so that the connection can be asked again. */
static void drain(PGconn *connection)
{
    PGresult *rest;
    while ((rest = PQgetResult(connection)))
        PQclear(rest);
}

bool tw_history_each_row(struct tw_history *history, const char *where, const char *sql, int count,
    const Oid *types, const char *const *values, const int *lengths,
    bool (*take)(void *context, const PGresult *row, struct tw_error *err), void *context,
    struct tw_error *err)
{
    static const int binary[TW_STATEMENT_PARAMETERS] = {1, 1, 1, 1, 1, 1, 1, 1};
    PGconn *connection = history->connection;
    PGresult *row;
    bool right = true;
    if (!PQsendQueryParams(connection, sql, count, types, values, lengths, binary, 1) ||
        !PQsetSingleRowMode(connection))
        return tw_postgres_failed(connection, NULL, where, err);
    while (right && (row = PQgetResult(connection))) {
        ExecStatusType status = PQresultStatus(row);
        if (status == PGRES_SINGLE_TUPLE)
            right = take(context, row, err);
        else if (status != PGRES_TUPLES_OK)
            right = tw_postgres_failed(connection, row, where, err);
        PQclear(row);
    }
    drain(connection);
    return right;
}

/* Two times, and one of the evaluator's statements over all shards. */
static bool each_bar(struct tw_history *history, enum tw_statement statement, const int64_t *times_us,
    int count, bool (*take)(void *context, const PGresult *row, struct tw_error *err), void *context,
    struct tw_error *err)
{
    const struct tw_statement_row *read = &tw_statements[statement];
    int16_t shards[TW_SHARDS];
    char times[2][8];
    const char *values[3];
    int lengths[3];
    for (int shard = 0; shard < TW_SHARDS; shard++)
        shards[shard] = (int16_t)shard;
    size_t mark = tw_arena_mark(&history->arena);
    for (int at = 0, time = 0; at < read->parameter_count; at++) {
        if (read->types[at] == TW_OID_INT2_ARRAY) {
            values[at] = tw_array_int16(&history->arena, shards, TW_SHARDS, &lengths[at]);
            if (!values[at])
                return tw_arena_fail(&history->arena, err);
            continue;
        }
        tw_put_time(times[time], times_us[time < count ? time : 0]);
        values[at] = times[time++];
        lengths[at] = (int)sizeof times[0];
    }
    bool done = tw_history_each_row(history, read->name, read->sql, read->parameter_count, read->types,
        values, lengths, take, context, err);
    tw_arena_rewind(&history->arena, mark);
    return done;
}

static bool take_bar(void *context, const PGresult *row, struct tw_error *err)
{
    enum { LISTED = 1 };
    const struct tw_bar_taker *taker = context;
    struct tw_bar_row bar = tw_windows_bar_of(row, 0);
    return taker->take(taker->context, &bar, *PQgetvalue(row, 0, LISTED) != 0, err);
}

static int64_t later(int64_t one_us, int64_t other_us)
{
    return one_us > other_us ? one_us : other_us;
}

bool tw_history_read_bars(
    struct tw_history *history, int64_t day_us, const struct tw_bar_taker *taker, struct tw_error *err)
{
    int64_t end_us = day_us + TW_DAY_US;
    const int64_t times_us[] = {
        later(day_us, history->begin_us), end_us < history->to_us ? end_us : history->to_us};
    struct tw_bar_taker lent = *taker;
    return each_bar(history, TW_BARS_READ, times_us, 2, take_bar, &lent, err);
}

/* A day whose bars are read besides, from begin_us on, would be summed twice. */
static bool take_day(void *context, const PGresult *row, struct tw_error *err)
{
    struct tw_history *history = ((void **)context)[0];
    const struct tw_bar_taker *taker = ((void **)context)[1];
    struct tw_bar_row day = tw_windows_bar_of(row, 0);
    return day.bar_us >= history->begin_us || taker->take(taker->context, &day, false, err);
}

bool tw_history_read_baseline(
    struct tw_history *history, const struct tw_bar_taker *taker, struct tw_error *err)
{
    int64_t since_us = history->begin_us - history->baseline_us;
    struct tw_bar_taker lent = *taker;
    void *context[] = {history, &lent};
    return history->baseline_us == 0 || each_bar(history, TW_DAYS_READ, &since_us, 1, take_day, context, err);
}

/* -- documents ------------------------------------------------------------------------------------------- */

static const char scores_sql[] =
    "SELECT s.entity, coalesce(e.listed, false), s.event_time, s.sentiment, s.topic_id, t.topic, s.partition,"
    " s.kafka_offset, CASE WHEN d.title = '' THEN d.body ELSE d.title || ' ' || d.body END, coalesce(v.types, ''),"
    " coalesce(s.entity = ANY (f.told), false), octet_length(d.title),"
    " coalesce(s.relevance, -1)"
    " FROM tapewatch.scores s"
    " JOIN tapewatch.documents d ON d.topic_id = s.topic_id AND d.partition = s.partition"
    " AND d.kafka_offset = s.kafka_offset AND d.event_time = s.event_time"
    " JOIN tapewatch.topics t ON t.topic_id = s.topic_id"
    " LEFT JOIN tapewatch.entities e ON e.symbol = s.entity"
    " LEFT JOIN tapewatch.stories f ON f.topic_id = s.topic_id AND f.partition = s.partition"
    " AND f.kafka_offset = s.kafka_offset AND f.event_time = s.event_time AND f.event_time >= $1 AND f.event_time < $2"
    " LEFT JOIN (SELECT topic_id, partition, kafka_offset, event_time, entity, string_agg(CASE WHEN in_title THEN type ELSE type || '.' END, ' ' ORDER BY number) AS types"
    " FROM tapewatch.events WHERE event_time >= $1 AND event_time < $2 AND entity IS NOT NULL"
    " GROUP BY topic_id, partition, kafka_offset, event_time, entity) AS v"
    " ON v.topic_id = s.topic_id AND v.partition = s.partition AND v.kafka_offset = s.kafka_offset"
    " AND v.event_time = s.event_time AND v.entity = s.entity"
    " WHERE s.event_time >= $1 AND s.event_time < $2 AND d.event_time >= $1 AND d.event_time < $2";

/* Columns of its rows. */
enum {
    ENTITY,
    LISTED,
    EVENT_TIME,
    SENTIMENT,
    TOPIC_ID,
    TOPIC,
    PARTITION,
    OFFSET,
    TEXT,
    TYPES,
    IS_COPY,
    TITLE_BYTES,
    RELEVANCE
};

/* Names of topics are kept: there are few, and each row has one. */
struct score_reading {
    struct tw_history *history;
    const struct tw_score_taker *taker;
    int16_t topic_id; /* of the row before */
    struct tw_text topic;
};

static bool take_score(void *context, const PGresult *row, struct tw_error *err)
{
    struct score_reading *reading = context;
    int16_t topic_id = tw_get_int16(PQgetvalue(row, 0, TOPIC_ID));
    if (!reading->topic.bytes || topic_id != reading->topic_id) {
        reading->topic_id = topic_id;
        reading->topic = tw_arena_copy(&reading->history->arena, tw_get_text(row, 0, TOPIC));
        if (!reading->topic.bytes)
            return tw_arena_fail(&reading->history->arena, err);
    }
    const struct tw_stored_score score = {.entity = tw_get_text(row, 0, ENTITY),
        .listed = *PQgetvalue(row, 0, LISTED) != 0,
        .event_us = tw_get_time(PQgetvalue(row, 0, EVENT_TIME)),
        .sentiment = tw_get_int16(PQgetvalue(row, 0, SENTIMENT)),
        .topic = reading->topic,
        .partition = tw_get_int32(PQgetvalue(row, 0, PARTITION)),
        .offset = tw_get_int64(PQgetvalue(row, 0, OFFSET)),
        .text = tw_get_text(row, 0, TEXT),
        .types = tw_get_text(row, 0, TYPES),
        .is_copy = *PQgetvalue(row, 0, IS_COPY) != 0,
        .relevance = tw_get_int32(PQgetvalue(row, 0, RELEVANCE)),
        .title_length = (uint32_t)tw_get_int32(PQgetvalue(row, 0, TITLE_BYTES))};
    return reading->taker->take(reading->taker->context, &score, err);
}

bool tw_history_read_scores(
    struct tw_history *history, int64_t day_us, const struct tw_score_taker *taker, struct tw_error *err)
{
    static const Oid types[] = {TW_OID_TIMESTAMPTZ, TW_OID_TIMESTAMPTZ};
    int64_t end_us = day_us + TW_DAY_US;
    char times[2][8];
    const char *values[] = {times[0], times[1]};
    const int lengths[] = {(int)sizeof times[0], (int)sizeof times[1]};
    struct score_reading reading = {.history = history, .taker = taker};
    tw_put_time(times[0], later(day_us, history->begin_us));
    tw_put_time(times[1], end_us < history->to_us ? end_us : history->to_us);
    return tw_history_each_row(
        history, "tapewatch.scores", scores_sql, 2, types, values, lengths, take_score, &reading, err);
}

/* -- the period ------------------------------------------------------------------------------------------ */

/* A time as a parameter of a statement in text. */
struct time_text {
    char text[TW_TIME_TEXT_BYTES];
};

static const char *as_text(int64_t time_us, struct time_text *text)
{
    tw_time_text(time_us, text->text);
    return text->text;
}

static int64_t time_at(const PGresult *row, int column)
{
    return PQgetisnull(row, 0, column) ? TW_NO_TIME : strtoll(PQgetvalue(row, 0, column), NULL, 10);
}

static bool begin_transaction(struct tw_history *history, struct tw_error *err)
{
    PGresult *begun = PQexec(history->connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    history->begun = PQresultStatus(begun) == PGRES_COMMAND_OK;
    if (!history->begun)
        tw_postgres_failed(history->connection, begun, "BEGIN", err);
    PQclear(begun);
    return history->begun;
}

/* Where it ends, never beyond what has been evaluated: bars behind that may still change; and the
 * first day. */
static bool find_ends(struct tw_history *history, const struct tw_history_wanted *wanted,
    int64_t *first_day_us, struct tw_error *err)
{
    PGresult *row = tw_postgres_query(history->connection, "tapewatch.days",
        "SELECT (extract(epoch FROM (SELECT min(day) FROM tapewatch.days WHERE parent = 'bars')) * 1000000)::int8,"
        " (extract(epoch FROM coalesce((SELECT min(evaluated_to) FROM tapewatch.shards),"
        " (SELECT max(bar_start) + interval '10 s' FROM tapewatch.bars))) * 1000000)::int8",
        0, NULL, err);
    if (!row)
        return false;
    *first_day_us = time_at(row, 0);
    int64_t end_us = time_at(row, 1);
    PQclear(row);
    if (*first_day_us == TW_NO_TIME || end_us == TW_NO_TIME)
        return tw_fail(
            err, TW_USAGE, "tapewatch.bars", "let a daemon store some first", "no bars are stored");
    bool is_earlier = wanted->to_us != TW_NO_TIME && wanted->to_us < end_us;
    history->to_us = tw_bar_start(is_earlier ? wanted->to_us : end_us);
    return true;
}

/* The days up to `to` that were dropped: evaluated once, and not there any more; or there in part. */
static const char dropped_sql[] =
    "SELECT (extract(epoch FROM day) * 1000000)::int8, day, parent FROM ("
    "SELECT DISTINCT e.day, 'bars' AS parent FROM tapewatch.entity_days e"
    " WHERE NOT EXISTS (SELECT FROM tapewatch.days b WHERE b.parent = 'bars' AND b.day = e.day)"
    " UNION ALL SELECT b.day, p.parent FROM tapewatch.days b, (VALUES ('documents', $2::bool), ('scores', $2::bool),"
    " ('events', $3::bool)) AS p (parent, wanted) WHERE b.parent = 'bars' AND p.wanted"
    " AND NOT EXISTS (SELECT FROM tapewatch.days d WHERE d.parent = p.parent AND d.day = b.day)"
    " UNION ALL SELECT c.day, 'stories' FROM tapewatch.days c WHERE c.parent = 'copy_bars' AND $2::bool"
    " AND NOT EXISTS (SELECT FROM tapewatch.days d WHERE d.parent = 'stories' AND d.day = c.day)) AS gone"
    " WHERE day <= ($1::timestamptz AT TIME ZONE 'UTC')::date ORDER BY day DESC, parent LIMIT 1";

static bool refuse_dropped(
    const PGresult *row, int64_t stands_us, const struct tw_history *history, struct tw_error *err)
{
    char cure[160], from[TW_TIME_TEXT_BYTES];
    tw_time_text(stands_us, from);
    snprintf(cure, sizeof cure,
        stands_us < history->to_us ? "--from %s: from there on all that the rules need stands"
                                   : "nothing of the period is left; %s is behind its end",
        from);
    return tw_fail(err, TW_USAGE, "tapewatch.days", cure, "the %s of %s are not stored any more",
        PQgetvalue(row, 0, 2), PQgetvalue(row, 0, 1));
}

/* Begins behind the last dropped day, or, where a beginning was asked for, refuses that day. */
static bool choose_beginning(struct tw_history *history, const struct tw_history_wanted *wanted,
    int64_t first_day_us, struct tw_error *err)
{
    struct time_text to;
    const char *values[] = {
        as_text(history->to_us - 1, &to), wanted->documents ? "t" : "f", wanted->events ? "t" : "f"};
    PGresult *row = tw_postgres_query(history->connection, "tapewatch.days", dropped_sql, 3, values, err);
    if (!row)
        return false;
    bool dropped = PQntuples(row) > 0, right = true;
    int64_t stands_us = dropped ? later(first_day_us, time_at(row, 0) + TW_DAY_US) : first_day_us;
    history->from_us = wanted->from_us == TW_NO_TIME ? stands_us : tw_bar_start(wanted->from_us);
    if (dropped && (history->from_us < stands_us || stands_us >= history->to_us))
        right = refuse_dropped(row, stands_us, history, err);
    history->begin_us = later(stands_us, tw_day_start(history->from_us - wanted->reach_us));
    PQclear(row);
    return right;
}

static bool read_days(struct tw_history *history, struct tw_error *err)
{
    struct time_text begin, to;
    const char *values[] = {as_text(history->begin_us, &begin), as_text(history->to_us, &to)};
    PGresult *rows = tw_postgres_query(history->connection, "tapewatch.days",
        "SELECT (extract(epoch FROM day) * 1000000)::int8 FROM tapewatch.days WHERE parent = 'bars'"
        " AND day >= ($1::timestamptz AT TIME ZONE 'UTC')::date AND day <= ($2::timestamptz AT TIME ZONE 'UTC')::date"
        " ORDER BY day",
        2, values, err);
    if (!rows)
        return false;
    history->day_count = (uint32_t)PQntuples(rows);
    history->days = tw_arena_array(&history->arena, history->day_count, sizeof *history->days);
    for (uint32_t at = 0; history->days && at < history->day_count; at++)
        history->days[at] = strtoll(PQgetvalue(rows, (int)at, 0), NULL, 10);
    PQclear(rows);
    return history->days || tw_arena_fail(&history->arena, err);
}

static bool count_late(struct tw_history *history, struct tw_error *err)
{
    struct time_text begin, to;
    const char *values[] = {as_text(history->begin_us, &begin), as_text(history->to_us, &to)};
    PGresult *row = tw_postgres_query(history->connection, "tapewatch.documents",
        "SELECT count(*) FROM tapewatch.documents WHERE late AND event_time >= $1::timestamptz"
        " AND event_time < $2::timestamptz",
        2, values, err);
    if (!row)
        return false;
    history->late = (uint64_t)strtoll(PQgetvalue(row, 0, 0), NULL, 10);
    PQclear(row);
    return true;
}

bool tw_history_begin(struct tw_history *history, PGconn *connection, const struct tw_history_wanted *wanted,
    struct tw_error *err)
{
    int64_t first_day_us;
    *history = (struct tw_history){.connection = connection, .baseline_us = wanted->baseline_us};
    if (!tw_arena_begin(&history->arena, ARENA_BYTES, err) || !begin_transaction(history, err) ||
        !find_ends(history, wanted, &first_day_us, err) ||
        !choose_beginning(history, wanted, first_day_us, err))
        return false;
    if (history->from_us >= history->to_us)
        return tw_fail(err, TW_USAGE, NULL, "give an earlier --from, or a later --to",
            "the period is empty: it ends before it begins");
    return read_days(history, err) && count_late(history, err);
}

void tw_history_end(struct tw_history *history)
{
    if (history->begun)
        PQclear(PQexec(history->connection, "ROLLBACK"));
    tw_arena_end(&history->arena);
    *history = (struct tw_history){0};
}
