/* reset: stored offsets moved by hand: after a topic was made anew, or to read it again. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"

#include <stdio.h>

struct options {
    struct tw_database_choice database;
    const char *topic;
    const char *partition; /* NULL: all that are stored */
    const char *to_offset; /* where to read on; "-1": the beginning */
    bool to_beginning;
    bool execute;
    bool dry_run;
    enum tw_format format;
};

static int check_options(struct options *options, struct tw_error *err)
{
    if (!options->topic)
        return tw_command_usage("reset", err, "say which: --topic");
    if (options->to_offset && options->to_beginning)
        return tw_command_usage("reset", err, "two places to go to");
    if (!options->to_offset && !options->to_beginning)
        return tw_command_usage("reset", err, "say where to: --to-offset or --to-beginning");
    if (options->partition && !tw_argument_is_number(options->partition, INT32_MAX))
        return tw_command_usage("reset", err, "\"%s\" is no partition", options->partition);
    if (options->to_offset && !options->partition)
        return tw_command_usage("reset", err, "--to-offset needs --partition: offsets of partitions differ");
    if (options->execute == options->dry_run)
        return tw_command_usage("reset", err, "say --dry-run or --execute");
    if (options->to_beginning)
        options->to_offset = "-1";
    return 0;
}

static int parse(int argc, char **argv, struct options *options, struct tw_error *err)
{
    const struct tw_argument table[] = {{"c", .text = &options->database.config},
        {"topic", .text = &options->topic}, {"partition", .text = &options->partition},
        {"to-offset", .number = &options->to_offset}, {"to-beginning", .given = &options->to_beginning},
        {"dry-run", .given = &options->dry_run}, {"execute", .given = &options->execute},
        {"format", .format = &options->format}};
    int status = tw_arguments_parse(argc, argv, table, sizeof table / sizeof table[0], NULL, err);
    return status ? status : check_options(options, err);
}

static bool show(const PGresult *rows, const struct options *options, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"topic", false}, {"partition", true}, {"stored", true},
        {"new", true}, {"owner", false}, {"seen_seconds_ago", true}};
    struct tw_table *table = tw_table_new(columns, 6);
    bool done = table || tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory");
    for (int row = 0; done && row < PQntuples(rows); row++) {
        const char *values[] = {PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1), PQgetvalue(rows, row, 2),
            options->to_offset, PQgetvalue(rows, row, 3), PQgetvalue(rows, row, 4)};
        done = tw_table_add(table, values, err);
    }
    done = done && tw_table_print(table, options->format, stdout, err);
    tw_table_free(table);
    return done;
}

/* One transaction: all partitions of the topic, or none. A daemon that holds one is fenced off by it, takes it again and
 * reads on from the new offset. */
static bool move_all(PGconn *connection, const struct options *options, struct tw_error *err)
{
    const char *values[] = {options->topic, options->partition, options->to_offset};
    PGresult *moved = tw_postgres_query(connection, "tapewatch.positions",
        "SELECT count(tapewatch.reset_position(t.topic, p.partition, $3::int8)) FROM tapewatch.positions p"
        " JOIN tapewatch.topics t USING (topic_id) WHERE t.topic = $1 AND ($2::int4 IS NULL OR p.partition = $2::int4)",
        3, values, err);
    PQclear(moved);
    return moved != NULL;
}

static bool reset(PGconn *connection, const struct options *options, struct tw_error *err)
{
    const char *values[] = {options->topic, options->partition};
    PGresult *rows = tw_postgres_query(connection, "tapewatch.positions",
        "SELECT t.topic, p.partition, p.next_offset, p.owner,"
        " extract(epoch FROM clock_timestamp() - p.seen_at)::int8 FROM tapewatch.positions p"
        " JOIN tapewatch.topics t USING (topic_id) WHERE t.topic = $1 AND ($2::int4 IS NULL OR p.partition = $2::int4)"
        " ORDER BY p.partition",
        2, values, err);
    if (!rows)
        return false;
    bool done = PQntuples(rows) > 0 ||
                tw_fail(err, TW_REFUSED, options->topic, "see tapewatch.stream_positions for what is stored",
                    "no stored offset of this topic%s%s", options->partition ? ", partition " : "",
                    options->partition ? options->partition : "");
    if (done && options->execute)
        done = move_all(connection, options, err);
    done = done && show(rows, options, err);
    PQclear(rows);
    return done;
}

int tw_command_reset(int argc, char **argv, struct tw_error *err)
{
    struct options options = {.format = TW_FORMAT_TABLE};
    struct tw_database database;
    int status = parse(argc, argv, &options, err);
    if (status != 0)
        return status;
    bool done = tw_database_open(&database, "reset", &options.database, err) &&
                reset(database.connection, &options, err);
    tw_database_close(&database);
    if (!done)
        return tw_command_failed(err);
    fprintf(stderr, "reset: %s\n",
        options.execute ? "done; a daemon that holds these partitions takes them again by itself"
                        : "nothing was changed; --execute does it");
    return 0;
}
