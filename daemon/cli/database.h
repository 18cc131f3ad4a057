/* database: what a command that works on the database opens and closes: the configuration, and a connection
 * by it.
 *
 *     struct tw_database database = {0};
 *     bool done = tw_database_open(&database, "reset", &choice, err) && ...;
 *     tw_database_close(&database);                     // after a failure too
 */
#ifndef TW_DATABASE_H
#define TW_DATABASE_H

#include "config/config.h"
#include "postgres/postgres.h"

/* What the command line says; NULL: not given. */
struct tw_database_choice {
    const char *config;        /* -c; NULL: the standard path, if it is there */
    const char *conninfo;      /* in place of the configuration's, which is not read then */
    const char *password_file; /* in place of the configuration's */
};

struct tw_database {
    struct tw_arena arena;
    struct tw_config config; /* untouched when the choice names a conninfo */
    PGconn *connection;
};

/* `command` is shown in pg_stat_activity as "tapewatch COMMAND". Errors of config.h and postgres.h. */
TW_MUST_USE bool tw_database_open(struct tw_database *database, const char *command,
    const struct tw_database_choice *choice, struct tw_error *err);
/* A zeroed one is safe to close. */
void tw_database_close(struct tw_database *database);

#endif
