/* migrate: bring a database to the schema of this program, and say whether it has it.
 *
 * The files of sql/ (migrations.h) run in order, each in a transaction of its own together with its row of
 * tapewatch.schema_version (number, name, SHA-256). A session advisory lock stands around all of it, so
 * that two may run at once: the second finds nothing left to do. Running it again does nothing.
 *
 *     no such schema, or an older one    TW_CONFIG, cure: run "tapewatch migrate"
 *     a newer one                        TW_CONFIG, cure: install a newer program
 *     a file changed after it had run    TW_CONFIG, naming the file
 *
 * The statements need a role that may create roles and schemas (a superuser; or the database's owner when
 * the three roles of 0001 stand already and it is a member of tapewatch_owner). Blocking: for commands
 * only. */
#ifndef TW_MIGRATE_H
#define TW_MIGRATE_H

#include <stdio.h>

#include "postgres/postgres.h"

/* The schema's version that this program needs: exactly. */
int tw_schema_wanted(void);

/* Judges the version found by TW_SCHEMA_VERSION_SQL (0: none) for a program that needs tw_schema_wanted(). */
TW_MUST_USE bool tw_schema_check(int found, struct tw_error *err);

/* One row, one integer: the highest version; fails with an undefined table or schema when there is none. */
#define TW_SCHEMA_VERSION_SQL "SELECT coalesce(max(version), 0)::int4 FROM tapewatch.schema_version"

enum tw_migration_state {
    TW_MIGRATION_APPLIED,
    TW_MIGRATION_PENDING,
    TW_MIGRATION_CHANGED,
    TW_MIGRATION_NEWER
};
extern const char *const tw_migration_state_names[];

struct tw_migration_status {
    int version;
    char name[128];
    char applied_at[40]; /* RFC 3339, UTC; empty when pending */
    enum tw_migration_state state;
};
enum { TW_MIGRATIONS_MOST = 256 };

/* What stands and what is missing, by version. `out` has room for TW_MIGRATIONS_MOST. */
TW_MUST_USE bool tw_migrate_status(
    PGconn *connection, struct tw_migration_status *out, size_t *count, struct tw_error *err);

/* Runs what is missing; *applied receives how many ran. */
TW_MUST_USE bool tw_migrate_run(PGconn *connection, size_t *applied, struct tw_error *err);

/* All migrations as one script for psql, with the rows of schema_version: what tw_migrate_run does to an
 * empty database, for a DBA to read or run. */
TW_MUST_USE bool tw_migrate_print(FILE *to, struct tw_error *err);

#endif
