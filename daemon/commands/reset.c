/* reset: stored offsets moved by hand: after a topic was made anew, or to read it again. */
#include "command.h"
#include "config.h"
#include "postgres.h"
#include "table.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 8 << 20, BEGINNING = -1 };

struct options {
    const char *config;
    const char *topic;
    const char *partition; /* NULL: all that are stored */
    int64_t offset;        /* BEGINNING, or where to read on */
    bool has_offset;
    bool execute;
    bool dry_run;
    enum tw_format format;
};

static bool parse_number(const char *text, int64_t *number)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < 0)
        return false;
    *number = value;
    return true;
}

static int check_options(const struct options *options, struct tw_error *err)
{
    int64_t number;
    if (!options->topic)
        return tw_command_usage("reset", err, "say which: --topic");
    if (!options->has_offset)
        return tw_command_usage("reset", err, "say where to: --to-offset or --to-beginning");
    if (options->partition && (!parse_number(options->partition, &number) || number > INT32_MAX))
        return tw_command_usage("reset", err, "\"%s\" is no partition", options->partition);
    if (options->offset != BEGINNING && !options->partition)
        return tw_command_usage("reset", err, "--to-offset needs --partition: offsets of partitions differ");
    if (options->execute == options->dry_run)
        return tw_command_usage("reset", err, "say --dry-run or --execute");
    return 0;
}

static int parse(int argc, char **argv, struct options *options, struct tw_error *err)
{
    static const struct option known[] = {
        {"topic", required_argument, NULL, 't'},
        {"partition", required_argument, NULL, 'p'},
        {"to-offset", required_argument, NULL, 'o'},
        {"to-beginning", no_argument, NULL, 'b'},
        {"dry-run", no_argument, NULL, 'd'},
        {"execute", no_argument, NULL, 'x'},
        {"format", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "c:", known, NULL)) != -1;) {
        if (option == 'c')
            options->config = optarg;
        else if (option == 't')
            options->topic = optarg;
        else if (option == 'p')
            options->partition = optarg;
        else if (option == 'd')
            options->dry_run = true;
        else if (option == 'x')
            options->execute = true;
        else if ((option == 'b' || option == 'o') && options->has_offset)
            return tw_command_usage("reset", err, "two places to go to");
        else if (option == 'b' || (option == 'o' && parse_number(optarg, &options->offset)))
            options->has_offset = true;
        else if (option != 'f' || !tw_format_parse(optarg, &options->format))
            return tw_command_usage("reset", err, "cannot use \"%s\"", argv[optind - 1]);
    }
    if (optind < argc)
        return tw_command_usage("reset", err, "cannot use \"%s\"", argv[optind]);
    return check_options(options, err);
}

static bool show(const PGresult *rows, const char *target, enum tw_format format, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"topic", false}, {"partition", true}, {"stored", true},
        {"new", true}, {"owner", false}, {"seen_seconds_ago", true}};
    struct tw_table *table = tw_table_new(columns, 6);
    bool done = table || tw_fail(err, TW_INTERNAL, "reset", NULL, "out of memory");
    for (int row = 0; done && row < PQntuples(rows); row++) {
        const char *values[] = {PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1), PQgetvalue(rows, row, 2),
            target, PQgetvalue(rows, row, 3), PQgetvalue(rows, row, 4)};
        done = tw_table_add(table, values, err);
    }
    done = done && tw_table_print(table, format, stdout, err);
    tw_table_free(table);
    return done;
}

/* One transaction: all partitions of the topic, or none. A daemon that holds one is fenced off by it, takes it again and
 * reads on from the new offset. */
static bool move_all(
    PGconn *connection, const struct options *options, const char *target, struct tw_error *err)
{
    const char *values[] = {options->topic, options->partition, target};
    PGresult *moved = tw_postgres_query(connection, "tapewatch.positions",
        "SELECT count(tapewatch.reset_position(t.topic, p.partition, $3::int8)) FROM tapewatch.positions p"
        " JOIN tapewatch.topics t USING (topic_id) WHERE t.topic = $1 AND ($2::int4 IS NULL OR p.partition = $2::int4)",
        3, values, err);
    PQclear(moved);
    return moved != NULL;
}

static bool reset(PGconn *connection, const struct options *options, struct tw_error *err)
{
    char target[32];
    const char *values[] = {options->topic, options->partition};
    snprintf(target, sizeof target, "%" PRId64, options->offset);
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
        done = move_all(connection, options, target, err);
    done = done && show(rows, target, options->format, err);
    PQclear(rows);
    return done;
}

int tw_command_reset(int argc, char **argv, struct tw_error *err)
{
    struct options options = {.offset = BEGINNING, .format = TW_FORMAT_TABLE};
    struct tw_config config;
    struct tw_arena arena;
    PGconn *connection = NULL;
    int status = parse(argc, argv, &options, err);
    if (status != 0)
        return status;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    bool done = tw_command_config_load(options.config, true, &arena, &config, err);
    if (done) {
        struct tw_postgres_options where = {
            config.store.conninfo, config.store.password_file, "tapewatch reset"};
        done = tw_postgres_connect(&where, &connection, err) && reset(connection, &options, err);
    }
    PQfinish(connection);
    tw_arena_end(&arena);
    if (!done)
        return tw_command_failed(err);
    fprintf(stderr, "reset: %s\n",
        options.execute ? "done; a daemon that holds these partitions takes them again by itself"
                        : "nothing was changed; --execute does it");
    return 0;
}
