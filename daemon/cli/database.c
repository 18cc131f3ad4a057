#include "cli/database.h"

#include "cli/command.h"

#include <stdio.h>

enum { ARENA_BYTES = 8 << 20 };

static bool read_config(
    struct tw_database *database, const struct tw_database_choice *choice, struct tw_error *err)
{
    return choice->conninfo ||
           (tw_arena_begin(&database->arena, ARENA_BYTES, err) &&
               tw_command_config_load(choice->config, true, &database->arena, &database->config, err));
}

bool tw_database_open(struct tw_database *database, const char *command,
    const struct tw_database_choice *choice, struct tw_error *err)
{
    char application[64];
    *database = (struct tw_database){0};
    if (!read_config(database, choice, err))
        return false;
    snprintf(application, sizeof application, "tapewatch %s", command);
    const struct tw_postgres_options where = {
        choice->conninfo ? choice->conninfo : database->config.store.conninfo,
        choice->password_file ? choice->password_file : database->config.store.password_file, application};
    return tw_postgres_connect(&where, &database->connection, err);
}

void tw_database_close(struct tw_database *database)
{
    PQfinish(database->connection);
    tw_arena_end(&database->arena);
}
