#include "postgres/migrate.h"
#include "cli/command.h"
#include "cli/database.h"

#include <stdlib.h>

struct options {
    struct tw_database_choice database;
    enum tw_format format;
    bool print;
    bool status;
};

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

static bool work(PGconn *connection, const struct options *options, struct tw_error *err)
{
    size_t applied = 0;
    if (options->status)
        return show_status(connection, options->format, err);
    if (!tw_postgres_check_encoding(connection, err) || !tw_migrate_run(connection, &applied, err))
        return false;
    printf("schema tapewatch: version %d, %zu migration%s applied now\n", tw_schema_wanted(), applied,
        applied == 1 ? "" : "s");
    return true;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct tw_database database;
    if (options->print)
        return tw_migrate_print(stdout, err) ? 0 : tw_command_failed(err);
    bool done = tw_database_open(&database, "migrate", &options->database, err) &&
                work(database.connection, options, err);
    tw_database_close(&database);
    return done ? 0 : tw_command_failed(err);
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, database.config),
    {"conninfo", 0, "TEXT", TW_INTO_TEXT(struct options, database.conninfo),
        .help = "another database or role than the configuration's (libpq's form)"},
    {"password-file", 0, "FILE", TW_INTO_PATH(struct options, database.password_file),
        .help = "file that holds that role's password on its first line"},
    {"print", 0, NULL, TW_INTO_FLAG(struct options, print), .group = "instead",
        .help = "print all migrations as one script for psql; no server is asked"},
    {"status", 0, NULL, TW_INTO_FLAG(struct options, status), .group = "instead",
        .help = "which migrations have run"},
    TW_OPTION_FORMAT(struct options, format),
};

const struct tw_command tw_command_migrate = {
    .name = "migrate",
    .group = "run",
    .summary = "create the database's schema, or bring it up to date",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
