#include "migrate.h"
#include "command.h"
#include "config.h"
#include "table.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 8 << 20 };

struct options {
    const char *config;
    const char *conninfo;
    const char *password_file;
    enum tw_format format;
    bool print;
    bool status;
};

/* Returns 0, or the exit status of a wrong command line. */
static int parse(int argc, char **argv, struct options *options, struct tw_error *err)
{
    static const struct option known[] = {
        {"conninfo", required_argument, NULL, 'C'},
        {"password-file", required_argument, NULL, 'W'},
        {"format", required_argument, NULL, 'f'},
        {"print", no_argument, NULL, 'p'},
        {"status", no_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "c:", known, NULL)) != -1;) {
        if (option == 'c')
            options->config = optarg;
        else if (option == 'C')
            options->conninfo = optarg;
        else if (option == 'W')
            options->password_file = optarg;
        else if (option == 'p')
            options->print = true;
        else if (option == 's')
            options->status = true;
        else if (option == 'f' && tw_format_parse(optarg, &options->format))
            continue;
        else
            return tw_command_usage("migrate", err, "cannot use \"%s\"", argv[optind - 1]);
    }
    if (optind < argc)
        return tw_command_usage("migrate", err, "cannot use \"%s\"", argv[optind]);
    return 0;
}

static bool open_database(const struct options *options, PGconn **connection, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_config config;
    struct tw_postgres_options where = {options->conninfo, options->password_file, "tapewatch migrate"};
    if (options->conninfo)
        return tw_postgres_connect(&where, connection, err);
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return false;
    bool done = tw_command_config_load(options->config, true, &arena, &config, err);
    if (done) {
        where.conninfo = config.store.conninfo;
        if (!where.password_file)
            where.password_file = config.store.password_file;
        done = tw_postgres_connect(&where, connection, err);
    }
    tw_arena_end(&arena);
    return done;
}

static bool show_status(PGconn *connection, enum tw_format format, struct tw_error *err)
{
    static const struct tw_column columns[] = {
        {"version", true}, {"name", false}, {"state", false}, {"applied_at", false}};
    struct tw_migration_status *rows = calloc(TW_MIGRATIONS_MOST, sizeof *rows);
    struct tw_table *table = tw_table_new(columns, 4);
    size_t count = 0;
    bool done = rows && table ? tw_migrate_status(connection, rows, &count, err)
                              : tw_fail(err, TW_INTERNAL, "migrate", NULL, "out of memory");
    for (size_t row = 0; done && row < count; row++) {
        char version[16];
        snprintf(version, sizeof version, "%d", rows[row].version);
        const char *values[] = {
            version, rows[row].name, tw_migration_state_names[rows[row].state], rows[row].applied_at};
        done = tw_table_add(table, values, err);
    }
    done = done && tw_table_print(table, format, stdout, err);
    tw_table_free(table);
    free(rows);
    return done;
}

int tw_command_migrate(int argc, char **argv, struct tw_error *err)
{
    struct options options = {.format = TW_FORMAT_TABLE};
    PGconn *connection = NULL;
    size_t applied = 0;
    int status = parse(argc, argv, &options, err);
    if (status != 0)
        return status;
    if (options.print)
        return tw_migrate_print(stdout, err) ? 0 : tw_command_failed(err);
    if (!open_database(&options, &connection, err))
        return tw_command_failed(err);
    bool done = options.status ? show_status(connection, options.format, err)
                               : tw_migrate_run(connection, &applied, err);
    PQfinish(connection);
    if (!done)
        return tw_command_failed(err);
    if (!options.status)
        printf("schema tapewatch: version %d, %zu migration%s applied now\n", tw_schema_wanted(), applied,
            applied == 1 ? "" : "s");
    return 0;
}
