/* postgres: what every connection to PostgreSQL shares, the daemon's own and the commands': how it is
 * opened, and how its failures become errors of ours.
 *
 *     struct tw_postgres_options options = {conninfo, password_file, "tapewatch migrate"};
 *     tw_postgres_connect(&options, &connection, err)      blocking, for commands
 *     tw_postgres_parameters_begin(&options, &p, err)      for connection.h, which does not block
 *
 * The conninfo is libpq's, untouched; put before it are only defaults that a user may override in it
 * (application_name, connect_timeout, keepalives, so that a cut link is noticed). The password is read anew
 * for each connection, from the first line of password_file, or of the systemd credential of that name
 * (tw_secret_path).
 *
 * An error says what PostgreSQL said in its first line; the SQLSTATE decides its code: TW_SERVER (passing)
 * when the server is away, TW_PERMISSION for a password or a grant, TW_CONFIG for a schema or conninfo that
 * does not fit. */
#ifndef TW_POSTGRES_H
#define TW_POSTGRES_H

#include <libpq-fe.h>

#include "base/error.h"
#include "postgres/sqlstate.h"

struct tw_postgres_options {
    const char *conninfo;
    const char *password_file; /* NULL or empty: none */
    const char *application;   /* shown in pg_stat_activity */
};

enum { TW_POSTGRES_PARAMETERS = 64, TW_PASSWORD_BYTES = 1024 };

/* What PQconnectStartParams takes; texts live until end. */
struct tw_postgres_parameters {
    const char *keywords[TW_POSTGRES_PARAMETERS];
    const char *values[TW_POSTGRES_PARAMETERS];
    int count;
    char password[TW_PASSWORD_BYTES];
    PQconninfoOption *parsed;
};

/* TW_CONFIG for a conninfo that libpq refuses; TW_IO or TW_PERMISSION for the password file. Ended in any
 * case: after a failure there is nothing to end. */
TW_MUST_USE bool tw_postgres_parameters_begin(const struct tw_postgres_options *options,
    struct tw_postgres_parameters *parameters, struct tw_error *err);
/* Adds or replaces one; `value` must outlive the parameters. False when there are too many. */
bool tw_postgres_parameter_set(
    struct tw_postgres_parameters *parameters, const char *keyword, const char *value);
/* The value of a keyword; NULL when it is not among them. */
const char *tw_postgres_parameter(const struct tw_postgres_parameters *parameters, const char *keyword);
/* Frees what was parsed, and wipes the password. */
void tw_postgres_parameters_end(struct tw_postgres_parameters *parameters);

/* Connects and waits for it. PQfinish it. */
TW_MUST_USE bool tw_postgres_connect(
    const struct tw_postgres_options *options, PGconn **connection, struct tw_error *err);

/* Can the database hold every text? TW_CONFIG for one that is not in UTF-8. */
TW_MUST_USE bool tw_postgres_check_encoding(const PGconn *connection, struct tw_error *err);

/* Why the connection could not be made. Its verbosity must have been PQERRORS_VERBOSE since PQconnectStart:
 * only so does a refused login show its SQLSTATE. Returns false. */
bool tw_postgres_refused(const PGconn *connection, struct tw_error *err);
/* Why a statement failed; `where` names it. Returns false. */
bool tw_postgres_failed(
    const PGconn *connection, const PGresult *result, const char *where, struct tw_error *err);

/* Runs one statement of a command with text parameters and text results; NULL and err when it fails. */
PGresult *tw_postgres_query(PGconn *connection, const char *where, const char *sql, int count,
    const char *const *values, struct tw_error *err);

/* The cure for an error of that meaning. */
const char *tw_sqlstate_cure(enum tw_sqlstate means);
/* The code of such an error, by which the exit status goes. */
enum tw_code tw_sqlstate_code(enum tw_sqlstate means);

#endif
