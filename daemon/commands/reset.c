/* reset: stored offsets moved by hand: after a topic was made anew, to read it again, or to leave a part
 * of it out; and event time put right: brought back from where a wrong clock led it (--evaluated-to), or
 * freed of partitions that are gone (--forget).
 *
 *     read what is stored > where it shall go > watch who holds it > move all, or none > wait for takers
 *
 * A live daemon refreshes the rows of its partitions each second, so whether one holds a partition is seen
 * by looking. Held ones are moved with --force only: their daemon is fenced off, hears of it by its next
 * refresh, and takes them again at the new offset; the command waits until it has, and tells who did and
 * where. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/topics.h"
#include "cli/unreadable.h"
#include "source/kafka.h"
#include "time/bars.h"
#include "timestamps/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BROKER_MS = 10000, /* for one answer of the brokers */
    SILENT_MS = 5000,  /* a row not refreshed for so long is held by nobody: its owner does it each second */
    TAKE_MOST_MS = 75000, /* a daemon that was fenced off again and again pauses for a minute */
    LOOK_EACH_US = 250000,
    MOST_TRIES = 5, /* of moving: a daemon's refresh may lock the same rows in another order, or be stopped */
};

enum place_to_go { TO_OFFSET, TO_BEGINNING, TO_END, TO_TIME, PAST_UNREADABLE, NOWHERE /* forgotten */ };

struct options {
    struct tw_database_choice database;
    const char *topic;
    const char *partition; /* NULL: all that are stored */
    const char *offset;
    int64_t time_us;
    int64_t evaluated_us; /* 0: not given */
    bool to_beginning, to_end, past_unreadable, forget;
    enum place_to_go to;
    bool execute, dry_run, force;
    enum tw_format format;
};

/* What is known of who holds a partition. */
enum holder {
    FREE,        /* its row is not refreshed */
    WATCHED,     /* it was refreshed lately: a daemon's, or one's that has just ended */
    HELD,        /* it was refreshed while we looked */
    TAKEN_AGAIN, /* HELD, moved, and taken again since */
    FORGOTTEN,   /* it holds event time back no more */
};

struct position {
    int32_t number;
    enum holder holder;
    int64_t stored; /* next_offset before */
    int64_t wanted; /* and after; -1: the beginning */
    char why[256];  /* PAST_UNREADABLE: why what lies between cannot be read */
    int64_t now;    /* as the row says it now */
    int64_t epoch;  /* as it was made by moving it */
    int64_t found_epoch;
    int64_t first_seen_us; /* when its owner had refreshed it last, as first seen */
    int64_t seen_us;       /* and as seen now */
    int64_t silent_ms;
    char owner[256];
};

struct reset {
    const struct options *options;
    struct tw_database database;
    struct position *positions;
    size_t count;
};

/* -- what is stored -------------------------------------------------------------------------------------- */

static PGresult *query_positions(struct reset *reset, struct tw_error *err)
{
    const char *values[] = {reset->options->topic, reset->options->partition};
    return tw_postgres_query(reset->database.connection, "tapewatch.positions",
        "SELECT p.partition, p.next_offset, p.epoch, (extract(epoch FROM p.seen_at) * 1000000)::int8,"
        " (extract(epoch FROM clock_timestamp() - p.seen_at) * 1000)::int8, p.owner"
        " FROM tapewatch.positions p JOIN tapewatch.topics t USING (topic_id)"
        " WHERE t.topic = $1 AND ($2::int4 IS NULL OR p.partition = $2::int4) ORDER BY p.partition",
        2, values, err);
}

static int64_t number_at(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static void read_row(const PGresult *rows, int row, struct position *position)
{
    position->now = number_at(rows, row, 1);
    position->found_epoch = number_at(rows, row, 2);
    position->seen_us = number_at(rows, row, 3);
    position->silent_ms = number_at(rows, row, 4);
    snprintf(position->owner, sizeof position->owner, "%s", PQgetvalue(rows, row, 5));
}

static bool read_positions(struct reset *reset, struct tw_error *err)
{
    const struct options *options = reset->options;
    PGresult *rows = query_positions(reset, err);
    if (!rows)
        return false;
    reset->count = (size_t)PQntuples(rows);
    reset->positions = calloc(reset->count + 1, sizeof *reset->positions);
    for (size_t at = 0; reset->positions && at < reset->count; at++) {
        struct position *position = &reset->positions[at];
        position->number = (int32_t)number_at(rows, (int)at, 0);
        read_row(rows, (int)at, position);
        position->stored = position->now;
        position->first_seen_us = position->seen_us;
        position->holder = position->silent_ms < SILENT_MS ? WATCHED : FREE;
    }
    PQclear(rows);
    if (!reset->positions)
        return tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory");
    return reset->count > 0 ||
           tw_fail(err, TW_REFUSED, options->topic, "see tapewatch.stream_positions for what is stored",
               "no stored offset of this topic%s%s", options->partition ? ", partition " : "",
               options->partition ? options->partition : "");
}

/* The rows as they are now; a partition that is new since then is none of ours. */
static bool read_again(struct reset *reset, struct tw_error *err)
{
    PGresult *rows = query_positions(reset, err);
    if (!rows)
        return false;
    for (int row = 0, at = 0; row < PQntuples(rows); row++) {
        int32_t number = (int32_t)number_at(rows, row, 0);
        while ((size_t)at < reset->count && reset->positions[at].number < number)
            at++;
        if ((size_t)at < reset->count && reset->positions[at].number == number)
            read_row(rows, row, &reset->positions[at]);
    }
    PQclear(rows);
    return true;
}

/* -- where they shall go --------------------------------------------------------------------------------- */

static bool ask_brokers(struct reset *reset, int32_t *numbers, int64_t *offsets, struct tw_error *err)
{
    const struct options *options = reset->options;
    rd_kafka_conf_t *settings = NULL;
    rd_kafka_t *kafka = NULL;
    if (!tw_kafka_settings(&reset->database.config, TW_KAFKA_ADMIN, &settings, err) ||
        !tw_kafka_new(TW_KAFKA_ADMIN, settings, &kafka, err))
        return false;
    bool done = options->to == TO_END
                    ? tw_topic_ends(kafka, options->topic, numbers, reset->count, BROKER_MS, offsets, err)
                    : tw_topic_offsets_at(kafka, options->topic, numbers, reset->count, options->time_us,
                          BROKER_MS, offsets, err);
    rd_kafka_destroy(kafka);
    return done;
}

/* Behind a batch that cannot be read, where the stored offset stands before one; other partitions are left
 * as they are. */
static bool look_for_unreadable(struct reset *reset, struct tw_error *err)
{
    const char *topic = reset->options->topic;
    rd_kafka_conf_t *settings = NULL;
    rd_kafka_t *kafka = NULL;
    size_t kept = 0;
    if (!tw_kafka_settings(&reset->database.config, TW_KAFKA_CONSUMER, &settings, err))
        return false;
    tw_unreadable_hurry(settings);
    if (!tw_kafka_new(TW_KAFKA_CONSUMER, settings, &kafka, err))
        return false;
    bool done = true;
    for (size_t at = 0; done && at < reset->count; at++) {
        struct position position = reset->positions[at];
        struct tw_unreadable found;
        done = tw_unreadable_find(kafka, topic, position.number, position.stored, BROKER_MS, &found, err);
        if (!done || found.first < 0)
            continue;
        position.wanted = found.next;
        snprintf(position.why, sizeof position.why, "%s", found.why);
        fprintf(stderr,
            "reset: %s, partition %" PRId32 ": records %" PRId64 " to %" PRId64
            " cannot be read and are passed over\n",
            topic, position.number, position.stored > 0 ? position.stored : 0, found.next - 1);
        reset->positions[kept++] = position;
    }
    rd_kafka_destroy(kafka);
    if (!done)
        return false;
    reset->count = kept;
    return kept > 0 || tw_fail(err, TW_REFUSED, topic, "see /readyz and the daemon's log for what keeps it",
                           "no batch that cannot be read stands at a stored offset");
}

static bool choose_offsets(struct reset *reset, struct tw_error *err)
{
    const struct options *options = reset->options;
    if (options->to == PAST_UNREADABLE)
        return look_for_unreadable(reset, err);
    int32_t *numbers = calloc(reset->count, sizeof *numbers);
    int64_t *offsets = calloc(reset->count, sizeof *offsets);
    bool done = (numbers && offsets) || tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory");
    for (size_t at = 0; done && at < reset->count; at++) {
        numbers[at] = reset->positions[at].number;
        offsets[at] = options->to == TO_OFFSET ? strtoll(options->offset, NULL, 10) : -1;
    }
    if (done && (options->to == TO_END || options->to == TO_TIME))
        done = ask_brokers(reset, numbers, offsets, err);
    for (size_t at = 0; done && at < reset->count; at++)
        reset->positions[at].wanted = offsets[at];
    free(numbers);
    free(offsets);
    return done;
}

/* -- partitions that are gone -------------------------------------------------------------------------- */

/* How many partitions the topic has. */
static bool count_partitions(struct reset *reset, int *count, struct tw_error *err)
{
    rd_kafka_conf_t *settings = NULL;
    rd_kafka_t *kafka = NULL;
    if (!tw_kafka_settings(&reset->database.config, TW_KAFKA_ADMIN, &settings, err) ||
        !tw_kafka_new(TW_KAFKA_ADMIN, settings, &kafka, err))
        return false;
    bool told = tw_topic_partitions(kafka, reset->options->topic, BROKER_MS, count, err);
    rd_kafka_destroy(kafka);
    return told;
}

/* Without --partition: those that the topic does not have. */
static bool keep_gone(struct reset *reset, struct tw_error *err)
{
    int there = 0;
    size_t gone = 0;
    if (reset->options->partition)
        return true;
    if (!count_partitions(reset, &there, err))
        return false;
    for (size_t at = 0; at < reset->count; at++)
        if (reset->positions[at].number >= there)
            reset->positions[gone++] = reset->positions[at];
    reset->count = gone;
    return gone > 0 || tw_fail(err, TW_REFUSED, reset->options->topic, "name one by --partition",
                           "the topic has %d partitions: no row is of one that is gone", there);
}

static bool forget_all(struct reset *reset, struct tw_error *err)
{
    for (size_t at = 0; at < reset->count; at++) {
        char number[16];
        const char *values[] = {reset->options->topic, number};
        snprintf(number, sizeof number, "%" PRId32, reset->positions[at].number);
        PGresult *done = tw_postgres_query(reset->database.connection, "tapewatch.positions",
            "SELECT tapewatch.forget_position($1, $2::int4)", 2, values, err);
        PQclear(done);
        if (!done)
            return false;
        reset->positions[at].holder = FORGOTTEN;
    }
    return true;
}

/* -- who holds them -------------------------------------------------------------------------------------- */

static size_t count_of(const struct reset *reset, enum holder holder)
{
    size_t count = 0;
    for (size_t at = 0; at < reset->count; at++)
        count += reset->positions[at].holder == holder;
    return count;
}

/* Until each row was either seen to be refreshed, or silent for too long to have an owner. */
static bool watch_holders(struct reset *reset, struct tw_error *err)
{
    while (count_of(reset, WATCHED) > 0) {
        usleep(LOOK_EACH_US);
        if (!read_again(reset, err))
            return false;
        for (size_t at = 0; at < reset->count; at++) {
            struct position *position = &reset->positions[at];
            if (position->holder != WATCHED)
                continue;
            if (position->seen_us != position->first_seen_us)
                position->holder = HELD;
            else if (position->silent_ms >= SILENT_MS)
                position->holder = FREE;
        }
    }
    return true;
}

static bool refuse_held(const struct reset *reset, struct tw_error *err)
{
    for (size_t at = 0; at < reset->count; at++) {
        const struct position *position = &reset->positions[at];
        char where[300];
        if (position->holder != HELD)
            continue;
        snprintf(where, sizeof where, "%s, partition %" PRId32, reset->options->topic, position->number);
        return tw_fail(err, TW_HELD, where,
            reset->options->forget ? "it is not gone: see its topic, and what that daemon's log says"
                                   : "stop the daemon, or give --force: it then takes them again at the "
                                     "new offsets",
            "held by the live daemon %s (%zu of %zu partitions are held); nothing was changed",
            position->owner, count_of(reset, HELD), reset->count);
    }
    return true;
}

/* -- moving ---------------------------------------------------------------------------------------------- */

/* The numbers as arrays in PostgreSQL's words: {0,1,2} and {-1,500,7}. */
static bool write_arrays(const struct reset *reset, char **numbers, char **offsets, struct tw_error *err)
{
    size_t length;
    FILE *first = open_memstream(numbers, &length);
    FILE *second = open_memstream(offsets, &length);
    for (size_t at = 0; first && second && at < reset->count; at++) {
        fprintf(first, "%c%" PRId32, at == 0 ? '{' : ',', reset->positions[at].number);
        fprintf(second, "%c%" PRId64, at == 0 ? '{' : ',', reset->positions[at].wanted);
    }
    bool done = first && second && fputc('}', first) != EOF && fputc('}', second) != EOF;
    done = (!first || fclose(first) == 0) && done;
    done = (!second || fclose(second) == 0) && done;
    return done || tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory");
}

static bool run_statement(struct reset *reset, const char *sql, struct tw_error *err)
{
    PGresult *result =
        tw_postgres_query(reset->database.connection, "tapewatch.positions", sql, 0, NULL, err);
    PQclear(result);
    return result != NULL;
}

/* Each with its dead letter. */
static bool pass_unreadable(struct reset *reset, struct tw_error *err)
{
    for (size_t at = 0; at < reset->count; at++) {
        const struct position *position = &reset->positions[at];
        char number[16], stored[24], next[24];
        const char *values[] = {reset->options->topic, number, stored, next, position->why};
        snprintf(number, sizeof number, "%" PRId32, position->number);
        snprintf(stored, sizeof stored, "%" PRId64, position->stored);
        snprintf(next, sizeof next, "%" PRId64, position->wanted);
        PGresult *done = tw_postgres_query(reset->database.connection, "tapewatch.positions",
            "SELECT tapewatch.pass_unreadable($1, $2::int4, $3::int8, $4::int8, $5)", 5, values, err);
        PQclear(done);
        if (!done)
            return false;
    }
    return true;
}

static bool move_positions(
    struct reset *reset, const char *numbers, const char *offsets, struct tw_error *err)
{
    const char *values[] = {reset->options->topic, numbers, offsets};
    PGresult *moved = tw_postgres_query(reset->database.connection, "tapewatch.positions",
        "SELECT count(tapewatch.reset_position($1, m.number, m.next_offset))"
        " FROM unnest($2::int4[], $3::int8[]) AS m (number, next_offset)",
        3, values, err);
    bool all = moved && number_at(moved, 0, 0) == (int64_t)reset->count;
    PQclear(moved);
    if (!moved)
        return false;
    return all ||
           tw_fail(err, TW_REFUSED, reset->options->topic, "run it again", "partitions have gone meanwhile");
}

/* Inside the transaction, so that the epochs read are those that the move has made. */
static bool move_within(struct reset *reset, const char *numbers, const char *offsets, struct tw_error *err)
{
    bool moved = reset->options->to == PAST_UNREADABLE ? pass_unreadable(reset, err)
                                                       : move_positions(reset, numbers, offsets, err);
    if (!moved || !read_again(reset, err))
        return false;
    for (size_t at = 0; at < reset->count; at++)
        reset->positions[at].epoch = reset->positions[at].found_epoch;
    return true;
}

/* One transaction: all partitions, or none. */
static bool move_once(struct reset *reset, const char *numbers, const char *offsets, struct tw_error *err)
{
    if (!run_statement(reset, "BEGIN", err))
        return false;
    bool done = run_statement(reset, "SET LOCAL lock_timeout = '10s'", err) &&
                move_within(reset, numbers, offsets, err) && run_statement(reset, "COMMIT", err);
    if (!done) {
        struct tw_error ignored;
        run_statement(reset, "ROLLBACK", &ignored);
    }
    return done;
}

static bool move_all(struct reset *reset, struct tw_error *err)
{
    char *numbers = NULL;
    char *offsets = NULL;
    bool done = write_arrays(reset, &numbers, &offsets, err);
    if (done) {
        done = move_once(reset, numbers, offsets, err);
        for (int tries = 1; !done && err->passing && tries < MOST_TRIES; tries++)
            done = move_once(reset, numbers, offsets, err);
    }
    free(numbers);
    free(offsets);
    return done;
}

static bool wait_for_takers(struct reset *reset, struct tw_error *err)
{
    uint64_t until_ms = tw_now_ms() + TAKE_MOST_MS;
    while (count_of(reset, HELD) > 0 && tw_now_ms() < until_ms) {
        usleep(LOOK_EACH_US);
        if (!read_again(reset, err))
            return false;
        for (size_t at = 0; at < reset->count; at++)
            if (reset->positions[at].holder == HELD &&
                reset->positions[at].found_epoch > reset->positions[at].epoch)
                reset->positions[at].holder = TAKEN_AGAIN;
    }
    return true;
}

/* -- telling --------------------------------------------------------------------------------------------- */

static const char *outcome_of(const struct reset *reset, const struct position *position)
{
    static const char *const moved[] = {[FREE] = "held by nobody",
        [WATCHED] = "not watched",
        [HELD] = "not taken again",
        [TAKEN_AGAIN] = "taken again",
        [FORGOTTEN] = "forgotten"};
    return reset->options->execute ? moved[position->holder] : "unchanged";
}

static bool show(const struct reset *reset, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"topic", false}, {"partition", true}, {"stored", true},
        {"new", true}, {"owner", false}, {"seen_seconds_ago", true}, {"outcome", false},
        {"next_offset", true}};
    struct tw_table *table = tw_table_new(columns, sizeof columns / sizeof columns[0]);
    bool done = table || tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory");
    for (size_t at = 0; done && at < reset->count; at++) {
        const struct position *position = &reset->positions[at];
        char cells[5][32];
        snprintf(cells[0], sizeof cells[0], "%" PRId32, position->number);
        snprintf(cells[1], sizeof cells[1], "%" PRId64, position->stored);
        snprintf(cells[2], sizeof cells[2], "%" PRId64,
            reset->options->to == NOWHERE ? position->stored : position->wanted);
        snprintf(cells[3], sizeof cells[3], "%" PRId64, position->silent_ms / 1000);
        snprintf(cells[4], sizeof cells[4], "%" PRId64, position->now);
        const char *values[] = {reset->options->topic, cells[0], cells[1], cells[2], position->owner,
            cells[3], outcome_of(reset, position), cells[4]};
        done = tw_table_add(table, values, err);
    }
    done = done && tw_table_print(table, reset->options->format, stdout, err);
    tw_table_free(table);
    return done;
}

static bool execute(struct reset *reset, struct tw_error *err)
{
    if (reset->options->forget)
        return watch_holders(reset, err) && refuse_held(reset, err) && forget_all(reset, err);
    if (!watch_holders(reset, err) || (!reset->options->force && !refuse_held(reset, err)) ||
        !move_all(reset, err) || !wait_for_takers(reset, err))
        return false;
    return true;
}

static bool do_reset(struct reset *reset, struct tw_error *err)
{
    const struct options *options = reset->options;
    if (!tw_database_open(&reset->database, "reset", &options->database, err) ||
        !read_positions(reset, err) ||
        !(options->forget ? keep_gone(reset, err) : choose_offsets(reset, err)) ||
        (options->execute && !execute(reset, err)) || !show(reset, err))
        return false;
    if (count_of(reset, HELD) > 0)
        return tw_fail(err, TW_REFUSED, options->topic,
            "look at its daemon's log, and at what `tapewatch status` and /readyz say",
            "moved, but %zu of %zu partitions were not taken again within %d s", count_of(reset, HELD),
            reset->count, TAKE_MOST_MS / 1000);
    if (!options->execute)
        fprintf(stderr, "reset: nothing was changed; --execute does it\n");
    else if (options->forget)
        fprintf(stderr, "reset: done; %zu partitions forgotten\n", reset->count);
    else
        fprintf(stderr, "reset: done; %zu partitions moved, %zu of them taken again by their daemon\n",
            reset->count, count_of(reset, TAKEN_AGAIN));
    return true;
}

/* -- event time brought back --------------------------------------------------------------------------- */

/* Ends the sessions in which rules are evaluated: what they hold of rule sets and windows is of no use. */
static const char end_evaluators[] =
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND application_name = 'tapewatch evaluate'";

static bool show_times(struct reset *reset, const char *edge, struct tw_error *err)
{
    static const struct tw_column columns[] = {
        {"what", false}, {"beyond", true}, {"furthest", false}, {"new", false}};
    const char *values[] = {edge};
    PGresult *row = tw_postgres_query(reset->database.connection, "tapewatch.shards",
        "SELECT b.shards, to_char(b.evaluated_to AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), b.partitions,"
        " to_char(b.watermark AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        " FROM tapewatch.beyond_time($1::timestamptz) AS b",
        1, values, err);
    struct tw_table *table = row ? tw_table_new(columns, sizeof columns / sizeof columns[0]) : NULL;
    const char *shards[] = {
        "shards", row ? PQgetvalue(row, 0, 0) : "", row ? PQgetvalue(row, 0, 1) : "", edge};
    const char *partitions[] = {
        "partitions", row ? PQgetvalue(row, 0, 2) : "", row ? PQgetvalue(row, 0, 3) : "", edge};
    bool done = row && (table || tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory")) &&
                tw_table_add(table, shards, err) && tw_table_add(table, partitions, err) &&
                tw_table_print(table, reset->options->format, stdout, err);
    tw_table_free(table);
    PQclear(row);
    return done;
}

static bool bring_back(struct reset *reset, const char *edge, struct tw_error *err)
{
    const char *values[] = {edge};
    PGresult *done = NULL;
    for (int tries = 0; !done && (tries == 0 || err->passing) && tries < MOST_TRIES; tries++)
        done = tw_postgres_query(reset->database.connection, "tapewatch.shards",
            "SELECT tapewatch.bring_back($1::timestamptz)", 1, values, err);
    PQclear(done);
    return done && run_statement(reset, end_evaluators, err);
}

/* Of all topics: event time is one. What was evaluated beyond is evaluated again, and alerts that were opened
 * there stay. */
static bool reset_time(struct reset *reset, struct tw_error *err)
{
    const struct options *options = reset->options;
    char edge[TW_TIME_TEXT_BYTES];
    tw_time_text(tw_bar_start(options->evaluated_us), edge);
    if (!tw_database_open(&reset->database, "reset", &options->database, err) ||
        !show_times(reset, edge, err) || (options->execute && !bring_back(reset, edge, err)))
        return false;
    if (options->execute)
        fprintf(stderr, "reset: done; rules are evaluated from %s on, their daemons begin anew\n", edge);
    else
        fprintf(stderr, "reset: nothing was changed; --execute does it\n");
    return true;
}

/* -- the command ----------------------------------------------------------------------------------------- */

/* Just one of the five was given: the table sees to it. */
static enum place_to_go chosen_place(const struct options *options)
{
    if (options->offset)
        return TO_OFFSET;
    if (options->to_beginning)
        return TO_BEGINNING;
    if (options->forget)
        return NOWHERE;
    if (options->past_unreadable)
        return PAST_UNREADABLE;
    return options->to_end ? TO_END : TO_TIME;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct options *options = line->options;
    struct reset reset = {.options = options};
    options->to = chosen_place(options);
    if (!options->topic && !options->evaluated_us)
        return tw_command_usage(line->command->name, err, "--topic is missing");
    if (options->topic && options->evaluated_us)
        return tw_command_usage(
            line->command->name, err, "--evaluated-to is of all topics: leave --topic out");
    bool done = options->evaluated_us ? reset_time(&reset, err) : do_reset(&reset, err);
    free(reset.positions);
    tw_database_close(&reset.database);
    return done ? 0 : tw_command_failed(err);
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, database.config),
    {"topic", 0, "NAME", TW_INTO_TEXT(struct options, topic),
        .help = "whose offsets; without --partition those of all its partitions"},
    {"partition", 0, "N", TW_INTO_DIGITS(struct options, partition), .most = INT32_MAX,
        .help = "of this partition alone"},
    {"to-offset", 0, "N", TW_INTO_DIGITS(struct options, offset), .group = "to", .required = true,
        .needs = "partition",
        .help = "read on from there; offsets of partitions differ, so it needs --partition"},
    {"to-beginning", 0, NULL, TW_INTO_FLAG(struct options, to_beginning), .group = "to",
        .help = "read all of it again: what is stored already is compared, not stored twice"},
    {"to-end", 0, NULL, TW_INTO_FLAG(struct options, to_end), .group = "to",
        .help = "read only what comes from now on"},
    {"to-time", 0, "TIME", TW_INTO_TIME(struct options, time_us), .group = "to",
        .help = "read on from the first record with a Kafka stamp of that time or later"},
    {"past-unreadable", 0, NULL, TW_INTO_FLAG(struct options, past_unreadable), .group = "to",
        .help = "read on behind a batch of records that cannot be read, where reading stands before one; it "
                "becomes a dead letter for the range of its offsets"},
    {"forget", 0, NULL, TW_INTO_FLAG(struct options, forget), .group = "to",
        .help = "partitions that are gone hold event time back no more: those that the topic does not have, "
                "or the one of --partition"},
    {"evaluated-to", 0, "TIME", TW_INTO_TIME(struct options, evaluated_us), .group = "to",
        .help = "bring event time of all topics back: watermarks, and how far rules were evaluated"},
    {"force", 0, NULL, TW_INTO_FLAG(struct options, force),
        .help =
            "partitions that a live daemon holds, too: it takes them again there, and that is waited for"},
    {"dry-run", 0, NULL, TW_INTO_FLAG(struct options, dry_run), .group = "do", .required = true,
        .help = "show what would be done"},
    {"execute", 0, NULL, TW_INTO_FLAG(struct options, execute), .group = "do", .help = "do it"},
    TW_OPTION_FORMAT(struct options, format),
};

const struct tw_command tw_command_reset = {
    .name = "reset",
    .group = "data",
    .summary = "stored offsets moved by hand",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
