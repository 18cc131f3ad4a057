/* deadletters: what could not be used: listed, shown, put back into its topic. */
#include "cli/command.h"
#include "cli/database.h"
#include "postgres/wire.h"
#include "source/kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DELIVER_MS = 30000 };

struct options {
    struct tw_database_choice database;
    const char *topic; /* NULL: all */
    const char *limit;
    bool raw;
    enum tw_format format;
    const char *place[3]; /* topic, partition, offset; NULL when not given */
};

struct run {
    struct options options;
    struct tw_database database;
    rd_kafka_t *kafka;
    rd_kafka_resp_err_t delivered; /* of the record just produced */
    bool answered;
};

/* ---- list ---- */

static bool list(struct run *run, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"topic", false}, {"partition", true}, {"offset", true},
        {"last", true}, {"arrived", false}, {"stage", false}, {"bytes", true}, {"error", false},
        {"requeued", false}};
    const char *values[] = {run->options.topic, run->options.limit};
    PGresult *rows = tw_postgres_query(run->database.connection, "tapewatch.dead_letters",
        "SELECT t.topic, d.partition, d.kafka_offset, d.last_offset,"
        " to_char(d.arrived_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), d.stage, length(d.payload),"
        " concat_ws(': ', nullif(d.error_where, ''), d.error_what),"
        " to_char(d.requeued_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        " FROM tapewatch.dead_letters d JOIN tapewatch.topics t USING (topic_id)"
        " WHERE $1::text IS NULL OR t.topic = $1 ORDER BY d.arrived_at DESC, t.topic, d.partition, d.kafka_offset"
        " LIMIT $2::int8",
        2, values, err);
    if (!rows)
        return false;
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    struct tw_table *table = tw_table_new(columns, COLUMNS);
    bool done = table || tw_fail(err, TW_INTERNAL, "deadletters", NULL, "out of memory");
    for (int row = 0; done && row < PQntuples(rows); row++) {
        const char *cells[COLUMNS];
        for (int column = 0; column < COLUMNS; column++)
            cells[column] = PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
        done = tw_table_add(table, cells, err);
    }
    done = done && tw_table_print(table, run->options.format, stdout, err);
    tw_table_free(table);
    PQclear(rows);
    return done;
}

/* ---- one letter ---- */

/* The newest of that place, in binary: payload, key and headers are bytes. NULL and err when there is
 * none. */
static PGresult *read_letter(struct run *run, const char *const place[3], struct tw_error *err)
{
    PGresult *row = PQexecParams(run->database.connection,
        "SELECT payload, key, stage, error_where, error_what, error_cure, arrived_at,"
        " (extract(epoch FROM stamp_time) * 1000)::int8, last_offset::text"
        " FROM tapewatch.dead_letters JOIN tapewatch.topics USING (topic_id) WHERE topic = $1 AND partition = $2::int4 AND kafka_offset = $3::int8"
        " ORDER BY arrived_at DESC LIMIT 1",
        3, NULL, place, NULL, NULL, 1);
    if (PQresultStatus(row) != PGRES_TUPLES_OK)
        tw_postgres_failed(run->database.connection, row, "tapewatch.dead_letters", err);
    else if (PQntuples(row) == 1)
        return row;
    else
        tw_fail(err, TW_REFUSED, NULL, "tapewatch deadletters list tells which there are",
            "no dead letter of topic %s, partition %s, offset %s", place[0], place[1], place[2]);
    PQclear(row);
    return NULL;
}

static PGresult *read_headers(struct run *run, const char *const place[3], struct tw_error *err)
{
    PGresult *rows = PQexecParams(run->database.connection,
        "SELECT h.name, h.value FROM (SELECT header_names, header_values FROM tapewatch.dead_letters"
        " JOIN tapewatch.topics USING (topic_id) WHERE topic = $1 AND partition = $2::int4 AND kafka_offset = $3::int8"
        " ORDER BY arrived_at DESC LIMIT 1) AS d,"
        " unnest(d.header_names, d.header_values) WITH ORDINALITY AS h (name, value, place) ORDER BY h.place",
        3, NULL, place, NULL, NULL, 1);
    if (PQresultStatus(rows) == PGRES_TUPLES_OK)
        return rows;
    tw_postgres_failed(run->database.connection, rows, "tapewatch.dead_letters", err);
    PQclear(rows);
    return NULL;
}

/* Bytes for a terminal: what is not printable ASCII stands as \xNN. */
static void print_bytes(const char *name, const char *bytes, int length)
{
    printf("%-10s ", name);
    for (int at = 0; at < length; at++) {
        unsigned char byte = (unsigned char)bytes[at];
        if (byte >= 0x20 && byte < 0x7F && byte != '\\')
            putchar(byte);
        else
            printf("\\x%02x", byte);
    }
    putchar('\n');
}

static bool show(struct run *run, struct tw_error *err)
{
    static const char *const names[] = {"payload", "key", "stage", "where", "what", "cure"};
    PGresult *letter = read_letter(run, run->options.place, err);
    PGresult *headers = letter ? read_headers(run, run->options.place, err) : NULL;
    if (headers && run->options.raw)
        fwrite(PQgetvalue(letter, 0, 0), 1, (size_t)PQgetlength(letter, 0, 0), stdout);
    if (headers && !run->options.raw && !PQgetisnull(letter, 0, 8))
        print_bytes("last", PQgetvalue(letter, 0, 8), PQgetlength(letter, 0, 8));
    for (int column = 5; headers && !run->options.raw && column >= 0; column--)
        if (!PQgetisnull(letter, 0, column))
            print_bytes(names[column], PQgetvalue(letter, 0, column), PQgetlength(letter, 0, column));
    for (int row = 0; headers && !run->options.raw && row < PQntuples(headers); row++) {
        print_bytes("header", PQgetvalue(headers, row, 0), PQgetlength(headers, row, 0));
        print_bytes("  value", PQgetvalue(headers, row, 1), PQgetlength(headers, row, 1));
    }
    bool done = headers != NULL;
    PQclear(letter);
    PQclear(headers);
    return done;
}

/* ---- requeue ---- */

static void on_delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    struct run *run = opaque;
    (void)kafka;
    run->delivered = message->err;
    run->answered = true;
}

static bool open_producer(struct run *run, struct tw_error *err)
{
    rd_kafka_conf_t *settings = NULL;
    if (!tw_kafka_settings(&run->database.config, TW_KAFKA_PRODUCER, &settings, err))
        return false;
    rd_kafka_conf_set_dr_msg_cb(settings, on_delivered);
    rd_kafka_conf_set_opaque(settings, run);
    return tw_kafka_new(TW_KAFKA_PRODUCER, settings, &run->kafka, err);
}

static void *bytes_or_null(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

static rd_kafka_headers_t *headers_of(const PGresult *rows)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)PQntuples(rows) + 1);
    for (int row = 0; row < PQntuples(rows); row++)
        rd_kafka_header_add(headers, PQgetvalue(rows, row, 0), PQgetlength(rows, row, 0),
            bytes_or_null(rows, row, 1), PQgetlength(rows, row, 1));
    return headers;
}

/* Milliseconds; 0, which stands for now, when the record had no stamp or one that no calendar holds. */
static int64_t stamp_of(const PGresult *letter)
{
    return PQgetisnull(letter, 0, 7) ? 0 : tw_get_int64(PQgetvalue(letter, 0, 7));
}

/* With the stamp that it had: a message without a time of its own must not be of today. At least once:
 * delivered to all replicas first, marked then. Killed in between, it is put back twice, not
 * never. */
static bool deliver(
    struct run *run, const char *topic, const PGresult *letter, const PGresult *headers, struct tw_error *err)
{
    rd_kafka_headers_t *list = headers_of(headers);
    run->answered = false;
    rd_kafka_resp_err_t refused = rd_kafka_producev(run->kafka, RD_KAFKA_V_TOPIC(topic),
        RD_KAFKA_V_KEY(bytes_or_null(letter, 0, 1), (size_t)PQgetlength(letter, 0, 1)),
        RD_KAFKA_V_VALUE(bytes_or_null(letter, 0, 0), (size_t)PQgetlength(letter, 0, 0)),
        RD_KAFKA_V_TIMESTAMP(stamp_of(letter)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
    if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(list);
        return tw_fail(err, TW_SERVER, topic, "see the broker's message.max.bytes", "not produced: %s",
            rd_kafka_err2str(refused));
    }
    rd_kafka_flush(run->kafka, DELIVER_MS);
    if (!run->answered || run->delivered != RD_KAFKA_RESP_ERR_NO_ERROR)
        return tw_fail(err, TW_SERVER, topic, "see that the brokers run and have the topic",
            "not delivered: %s", run->answered ? rd_kafka_err2str(run->delivered) : "no answer within 30 s");
    return true;
}

static bool mark(struct run *run, const char *const place[3], struct tw_error *err)
{
    PGresult *done = tw_postgres_query(run->database.connection, "tapewatch.dead_letters",
        "UPDATE tapewatch.dead_letters d SET requeued_at = clock_timestamp() FROM tapewatch.topics t"
        " WHERE t.topic = $1 AND d.topic_id = t.topic_id AND d.partition = $2::int4 AND d.kafka_offset = $3::int8",
        3, place, err);
    PQclear(done);
    return done != NULL;
}

/* A batch that could not be read has no bytes. */
static bool has_bytes(const PGresult *letter, const char *const place[3], struct tw_error *err)
{
    return PQgetisnull(letter, 0, 8) ||
           tw_fail(err, TW_REFUSED, NULL, "have its sender send those records once more",
               "offsets %s to %s of topic %s, partition %s could not be read: nothing of it is known",
               place[2], PQgetvalue(letter, 0, 8), place[0], place[1]);
}

static bool requeue_one(struct run *run, const char *const place[3], struct tw_error *err)
{
    PGresult *letter = read_letter(run, place, err);
    PGresult *headers = letter && has_bytes(letter, place, err) ? read_headers(run, place, err) : NULL;
    bool done = headers && deliver(run, place[0], letter, headers, err) && mark(run, place, err);
    PQclear(letter);
    PQclear(headers);
    return done;
}

/* Without a place: all that have not been put back yet, oldest first; what could not be read is
 * passed over. */
static bool requeue_waiting(struct run *run, int *count, struct tw_error *err)
{
    const char *values[] = {run->options.topic};
    PGresult *rows = tw_postgres_query(run->database.connection, "tapewatch.dead_letters",
        "SELECT t.topic, d.partition, d.kafka_offset FROM tapewatch.dead_letters d JOIN tapewatch.topics t USING (topic_id)"
        " WHERE d.requeued_at IS NULL AND d.last_offset IS NULL AND ($1::text IS NULL OR t.topic = $1)"
        " GROUP BY 1, 2, 3 ORDER BY min(d.arrived_at), 1, 2, 3",
        1, values, err);
    if (!rows)
        return false;
    bool done = true;
    for (int row = 0; done && row < PQntuples(rows); row++) {
        const char *place[] = {PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1), PQgetvalue(rows, row, 2)};
        done = requeue_one(run, place, err);
        *count += done;
    }
    PQclear(rows);
    return done;
}

static bool requeue(struct run *run, struct tw_error *err)
{
    int count = 0;
    if (!open_producer(run, err))
        return false;
    bool done =
        run->options.place[0] ? requeue_one(run, run->options.place, err) : requeue_waiting(run, &count, err);
    count += done && run->options.place[0];
    printf("%d dead letter%s put back\n", count, count == 1 ? "" : "s");
    rd_kafka_destroy(run->kafka);
    return done;
}

/* ---- the commands ---- */

static int run_verb(const struct tw_command_line *line, bool (*verb)(struct run *run, struct tw_error *err),
    struct tw_error *err)
{
    const struct options *options = line->options;
    struct run run = {.options = *options};
    bool done = tw_database_open(&run.database, "deadletters", &options->database, err) && verb(&run, err);
    tw_database_close(&run.database);
    return done ? 0 : tw_command_failed(err);
}

static int run_list(const struct tw_command_line *line, struct tw_error *err)
{
    return run_verb(line, list, err);
}

static int run_show(const struct tw_command_line *line, struct tw_error *err)
{
    return run_verb(line, show, err);
}

static int run_requeue(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    if (options->place[0] && !options->place[2])
        return tw_command_usage(line->command->name, err, "name one by TOPIC PARTITION OFFSET");
    return run_verb(line, requeue, err);
}

#define TOPIC_ROW                                                                                            \
    {                                                                                                        \
        "topic", 0, "NAME", TW_INTO_TEXT(struct options, topic), .help = "of this topic only"                \
    }

static const struct tw_option list_rows[] = {
    TW_OPTION_CONFIG(struct options, database.config),
    TOPIC_ROW,
    {"limit", 0, "N", TW_INTO_DIGITS(struct options, limit), .fallback = "100", .help = "the newest N"},
    TW_OPTION_FORMAT(struct options, format),
};

static const struct tw_option show_rows[] = {
    {.value = "TOPIC",
        TW_INTO_TEXT(struct options, place[0]),
        .required = true,
        .help = "where the record came from"},
    {.value = "PARTITION",
        TW_INTO_DIGITS(struct options, place[1]),
        .most = INT32_MAX,
        .required = true,
        .help = "its partition"},
    {.value = "OFFSET", TW_INTO_DIGITS(struct options, place[2]), .required = true, .help = "its offset"},
    TW_OPTION_CONFIG(struct options, database.config),
    {"raw", 0, NULL, TW_INTO_FLAG(struct options, raw), .help = "the record's value alone, byte by byte"},
};

static const struct tw_option requeue_rows[] = {
    {.value = "TOPIC",
        TW_INTO_TEXT(struct options, place[0]),
        .help = "one record, by its three names; none: all that were not put back yet"},
    {.value = "PARTITION",
        TW_INTO_DIGITS(struct options, place[1]),
        .most = INT32_MAX,
        .help = "its partition"},
    {.value = "OFFSET", TW_INTO_DIGITS(struct options, place[2]), .help = "its offset"},
    TW_OPTION_CONFIG(struct options, database.config),
    TOPIC_ROW,
};

const struct tw_command tw_command_deadletters_list = {
    .name = "deadletters list",
    .group = "data",
    .summary = "records that could not be used, the newest first",
    .rows = list_rows,
    .count = sizeof list_rows / sizeof list_rows[0],
    .bytes = sizeof(struct options),
    .run = run_list,
};

const struct tw_command tw_command_deadletters_show = {
    .name = "deadletters show",
    .group = "data",
    .summary = "one of them, whole, with the reason",
    .rows = show_rows,
    .count = sizeof show_rows / sizeof show_rows[0],
    .bytes = sizeof(struct options),
    .run = run_show,
};

const struct tw_command tw_command_deadletters_requeue = {
    .name = "deadletters requeue",
    .group = "data",
    .summary = "put them back into their topic: one, or all that were not put back yet",
    .rows = requeue_rows,
    .count = sizeof requeue_rows / sizeof requeue_rows[0],
    .bytes = sizeof(struct options),
    .run = run_requeue,
};
