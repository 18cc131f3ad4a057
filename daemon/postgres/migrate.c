#include "postgres/migrate.h"

#include "base/file.h"
#include "postgres/migrations.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Roles belong to the server, and the lock to a database: whoever migrates another database in the same
 * moment may change the same rows of the server's catalogs, and one of both is refused. */
enum { COLLISIONS_MOST = 8, COLLISION_PAUSE_US = 50000 };

/* Taken for the session: migrations commit one by one under it, and before the first there is no table whose
 * rows could be locked. Whoever may log in can hold it too: so it is not waited for without end, and who
 * holds it is told. The number is "TWTW" and 2. */
#define LOCK_SQL "SET lock_timeout = '10s'; SELECT pg_advisory_lock(1415006040, 2); SET lock_timeout = 0"
#define HOLDER_SQL                                                                                              \
    "SELECT l.pid, coalesce(a.usename::text, '?'), coalesce(a.application_name, '') FROM pg_catalog.pg_locks l" \
    " LEFT JOIN pg_catalog.pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"          \
    " AND l.classid = 1415006040 AND l.objid = 2 AND l.objsubid = 2"                                            \
    " AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())"
#define UNLOCK_SQL "SELECT pg_advisory_unlock(1415006040, 2)"

const char *const tw_migration_state_names[] = {"applied", "pending", "changed", "newer", NULL};

int tw_schema_wanted(void)
{
    return (int)tw_migration_count;
}

bool tw_schema_check(int found, struct tw_error *err)
{
    int wanted = tw_schema_wanted();
    if (found == wanted)
        return true;
    if (found == 0)
        return tw_fail(err, TW_CONFIG, "schema tapewatch", "run \"tapewatch migrate\"",
            "the database has none, this program needs version %d", wanted);
    if (found < wanted)
        return tw_fail(err, TW_CONFIG, "schema tapewatch", "run \"tapewatch migrate\"",
            "version %d, older than this program's %d", found, wanted);
    return tw_fail(err, TW_CONFIG, "schema tapewatch", "install the program that made it, or a later one",
        "version %d, newer than this program's %d", found, wanted);
}

/* Refused for the sake of another database's migration? */
static bool has_collided(const PGresult *result)
{
    static const char *const codes[] = {
        "23505", /* unique_violation, of pg_auth_members or pg_authid */
        "42710", /* duplicate_object */
        "40P01", /* deadlock_detected */
        "XX000"  /* "tuple concurrently updated" has no code of its own */
    };
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    for (size_t at = 0; code && at < sizeof codes / sizeof codes[0]; at++)
        if (strcmp(code, codes[at]) == 0)
            return true;
    return false;
}

static bool run_sql_once(
    PGconn *connection, const char *where, const char *sql, bool *collided, struct tw_error *err)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    *collided = !done && has_collided(result);
    if (!done)
        tw_postgres_failed(connection, result, where, err);
    PQclear(result);
    return done;
}

static bool run_sql(PGconn *connection, const char *where, const char *sql, struct tw_error *err)
{
    bool collided;
    return run_sql_once(connection, where, sql, &collided, err);
}

static bool has_schema(PGconn *connection, bool *has, struct tw_error *err)
{
    PGresult *result = tw_postgres_query(connection, "schema tapewatch",
        "SELECT to_regclass('tapewatch.schema_version') IS NOT NULL", 0, NULL, err);
    if (!result)
        return false;
    *has = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return true;
}

static bool hash_of(const struct tw_migration *migration, char hex[65], struct tw_error *err)
{
    return tw_sha256_hex((struct tw_text){migration->sql, migration->length}, hex, err);
}

static bool judge_row(const PGresult *rows, int row, struct tw_migration_status *status, struct tw_error *err)
{
    char hex[65];
    status->version = (int)strtol(PQgetvalue(rows, row, 0), NULL, 10);
    snprintf(status->name, sizeof status->name, "%s", PQgetvalue(rows, row, 1));
    snprintf(status->applied_at, sizeof status->applied_at, "%s", PQgetvalue(rows, row, 3));
    status->state = TW_MIGRATION_NEWER;
    if (status->version < 1 || (size_t)status->version > tw_migration_count)
        return true;
    if (!hash_of(&tw_migrations[status->version - 1], hex, err))
        return false;
    status->state = strcmp(hex, PQgetvalue(rows, row, 2)) == 0 ? TW_MIGRATION_APPLIED : TW_MIGRATION_CHANGED;
    return true;
}

static bool read_applied(
    PGconn *connection, struct tw_migration_status *out, size_t *count, struct tw_error *err)
{
    PGresult *rows = tw_postgres_query(connection, "tapewatch.schema_version",
        "SELECT version, name, sha256, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        " FROM tapewatch.schema_version ORDER BY version",
        0, NULL, err);
    if (!rows)
        return false;
    bool done = PQntuples(rows) <= TW_MIGRATIONS_MOST;
    if (!done)
        tw_fail(err, TW_CONFIG, "tapewatch.schema_version", "install a newer program",
            "%d migrations, more than this program can read", PQntuples(rows));
    for (int row = 0; done && row < PQntuples(rows); row++)
        done = judge_row(rows, row, &out[(*count)++], err);
    PQclear(rows);
    return done;
}

static bool stands(const struct tw_migration_status *rows, size_t count, int version)
{
    for (size_t row = 0; row < count; row++)
        if (rows[row].version == version)
            return true;
    return false;
}

bool tw_migrate_status(
    PGconn *connection, struct tw_migration_status *out, size_t *count, struct tw_error *err)
{
    bool has = false;
    *count = 0;
    if (!has_schema(connection, &has, err) || (has && !read_applied(connection, out, count, err)))
        return false;
    size_t applied = *count;
    for (size_t at = 0; at < tw_migration_count && *count < TW_MIGRATIONS_MOST; at++) {
        if (stands(out, applied, tw_migrations[at].version))
            continue;
        struct tw_migration_status *pending = &out[(*count)++];
        *pending =
            (struct tw_migration_status){.version = tw_migrations[at].version, .state = TW_MIGRATION_PENDING};
        snprintf(pending->name, sizeof pending->name, "%s", tw_migrations[at].name);
    }
    return true;
}

/* One migration in a transaction of its own: refused, it leaves nothing and can be tried again. */
static bool try_one(
    PGconn *connection, const struct tw_migration *migration, bool *collided, struct tw_error *err)
{
    char hex[65];
    char version[16];
    *collided = false;
    if (!hash_of(migration, hex, err))
        return false;
    snprintf(version, sizeof version, "%d", migration->version);
    if (!run_sql(connection, migration->name, "BEGIN", err))
        return false;
    const char *values[] = {version, migration->name, hex};
    PGresult *row = NULL;
    bool done = run_sql_once(connection, migration->name, migration->sql, collided, err) &&
                (row = tw_postgres_query(connection, migration->name,
                     "INSERT INTO tapewatch.schema_version (version, name, sha256) VALUES ($1, $2, $3)", 3,
                     values, err)) != NULL;
    PQclear(row);
    struct tw_error ignored;
    if (!done && err->code == TW_PERMISSION)
        snprintf(err->cure, sizeof err->cure,
            "run it as a superuser, or as the database's owner who is a member of tapewatch_owner");
    if (!done)
        return run_sql(connection, migration->name, "ROLLBACK", &ignored) && false;
    return run_sql_once(connection, migration->name, "COMMIT", collided, err);
}

static bool run_one(PGconn *connection, const struct tw_migration *migration, struct tw_error *err)
{
    bool collided = false;
    for (int collisions = 0; !try_one(connection, migration, &collided, err); collisions++) {
        if (!collided || collisions == COLLISIONS_MOST)
            return false;
        usleep((useconds_t)(COLLISION_PAUSE_US * (1 + collisions)));
    }
    return true;
}

/* Nothing runs on a schema that is not ours to change: one newer, or one whose files were changed. */
static bool may_run(const struct tw_migration_status *rows, size_t count, struct tw_error *err)
{
    for (size_t row = 0; row < count; row++) {
        if (rows[row].state == TW_MIGRATION_NEWER)
            return tw_schema_check(
                rows[count - 1].version > rows[row].version ? rows[count - 1].version : rows[row].version,
                err);
        if (rows[row].state == TW_MIGRATION_CHANGED)
            return tw_fail(err, TW_CONFIG, rows[row].name,
                "put the file back as it was, and write what is new as a migration of its own",
                "changed after it had run at %s", rows[row].applied_at);
    }
    return true;
}

static bool run_pending(PGconn *connection, size_t *applied, struct tw_error *err)
{
    struct tw_migration_status *rows = calloc(TW_MIGRATIONS_MOST, sizeof *rows);
    size_t count = 0;
    if (!rows)
        return tw_fail(err, TW_INTERNAL, "migrate", NULL, "out of memory");
    bool done = tw_migrate_status(connection, rows, &count, err) && may_run(rows, count, err);
    for (size_t row = 0; done && row < count; row++) {
        if (rows[row].state != TW_MIGRATION_PENDING)
            continue;
        done = run_one(connection, &tw_migrations[rows[row].version - 1], err);
        *applied += done;
    }
    free(rows);
    return done;
}

/* The lock was not to be had: says who holds it. */
static bool tell_holder(PGconn *connection, struct tw_error *err)
{
    struct tw_error ignored;
    PGresult *rows = tw_postgres_query(connection, "schema tapewatch", HOLDER_SQL, 0, NULL, &ignored);
    char cure[160];
    if (rows && PQntuples(rows) > 0) {
        snprintf(cure, sizeof cure,
            "wait for it when it is another \"tapewatch migrate\", else: SELECT pg_terminate_backend(%s)",
            PQgetvalue(rows, 0, 0));
        tw_fail_passing(err, TW_SERVER, "schema tapewatch", cure,
            "the lock of migrations is held by session %s of role \"%s\" (\"%s\")", PQgetvalue(rows, 0, 0),
            PQgetvalue(rows, 0, 1), PQgetvalue(rows, 0, 2));
    }
    PQclear(rows);
    return false;
}

bool tw_migrate_run(PGconn *connection, size_t *applied, struct tw_error *err)
{
    struct tw_error ignored;
    *applied = 0;
    if (!run_sql(connection, "schema tapewatch", "SET client_min_messages = warning", err))
        return false;
    if (!run_sql(connection, "schema tapewatch", LOCK_SQL, err))
        return tell_holder(connection, err);
    bool done = run_pending(connection, applied, err);
    return run_sql(connection, "schema tapewatch", UNLOCK_SQL, done ? err : &ignored) && done;
}

bool tw_migrate_print(FILE *to, struct tw_error *err)
{
    fprintf(to,
        "-- Tapewatch's schema, version %d, for an empty database: psql -v ON_ERROR_STOP=1 -f FILE\n"
        "-- \"tapewatch migrate\" does the same, and only what is missing.\n",
        tw_schema_wanted());
    for (size_t at = 0; at < tw_migration_count; at++) {
        char hex[65];
        if (!hash_of(&tw_migrations[at], hex, err))
            return false;
        fprintf(to, "\n-- sql/%s\nBEGIN;\n%s\n", tw_migrations[at].name, tw_migrations[at].sql);
        fprintf(to,
            "INSERT INTO tapewatch.schema_version (version, name, sha256) VALUES (%d, '%s',\n    '%s');\nCOMMIT;\n",
            tw_migrations[at].version, tw_migrations[at].name, hex);
    }
    if (fflush(to) != 0 || ferror(to))
        return tw_fail_errno(err, TW_IO, "standard output", NULL, "writing failed");
    return true;
}
