#include "postgres/postgres.h"

#include "base/clock.h"

#include "config/secrets.h"

#include <ctype.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 15000 };

/* Weaker than the user's conninfo: a key that stands there already is left alone. */
static const struct {
    const char *keyword;
    const char *value;
} defaults[] = {
    {"connect_timeout", "10"},
    {"keepalives_idle", "3"}, /* what is asked by then, way.h looks at */
    {"keepalives_interval", "1"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
};

static const struct {
    enum tw_code code;
    const char *cure;
} meanings[] = {
    [TW_SQLSTATE_PASSING] = {TW_SERVER, "it is tried again; see that the server runs"},
    [TW_SQLSTATE_ROW] = {TW_REFUSED, "see its row in dead_letters"},
    [TW_SQLSTATE_DAY] = {TW_REFUSED, "the day's tables are made; see tapewatch.days"},
    [TW_SQLSTATE_DOUBLED] = {TW_REFUSED, "see the row that stands there already"},
    [TW_SQLSTATE_FENCED] = {TW_HELD, "another daemon has it"},
    [TW_SQLSTATE_OUTRUN] = {TW_SERVER, "it is tried again"},
    [TW_SQLSTATE_PASSWORD] = {TW_PERMISSION,
        "put the role's password into store.password_file, or see pg_hba.conf"},
    [TW_SQLSTATE_PERMISSION] = {TW_PERMISSION,
        "let \"tapewatch migrate\" give the grants, and log in as tapewatch_writer"},
    [TW_SQLSTATE_SCHEMA] = {TW_CONFIG, "run \"tapewatch migrate\""},
    [TW_SQLSTATE_POOLED] = {TW_CONFIG,
        "name PostgreSQL itself in store.conninfo, or set pool_mode = session: a pooler stands between"},
    [TW_SQLSTATE_UNKNOWN] = {TW_SERVER, "it is tried again; see the server's log"},
};

const char *tw_sqlstate_cure(enum tw_sqlstate means)
{
    return meanings[means].cure;
}

enum tw_code tw_sqlstate_code(enum tw_sqlstate means)
{
    return meanings[means].code;
}

static bool read_password(const char *path, char *password, struct tw_error *err)
{
    char found[PATH_MAX];
    if (!tw_secret_path(path, found, sizeof found, err))
        return tw_error_in(err, "store.password_file");
    FILE *file = fopen(found, "re");
    if (!file)
        return tw_fail_errno(err, TW_IO, path, "see store.password_file", "the password file cannot be read");
    bool read = fgets(password, TW_PASSWORD_BYTES, file) != NULL;
    fclose(file);
    if (!read)
        return tw_fail(
            err, TW_CONFIG, path, "put the password on its first line", "the password file is empty");
    size_t length = strcspn(password, "\r\n");
    if (length + 1 == TW_PASSWORD_BYTES)
        return tw_fail(err, TW_CONFIG, path, "put the password on its first line",
            "the first line is longer than %d bytes", TW_PASSWORD_BYTES - 2);
    password[length] = '\0';
    return true;
}

const char *tw_postgres_parameter(const struct tw_postgres_parameters *parameters, const char *keyword)
{
    for (int at = 0; at < parameters->count; at++)
        if (strcmp(parameters->keywords[at], keyword) == 0)
            return parameters->values[at];
    return NULL;
}

bool tw_postgres_parameter_set(
    struct tw_postgres_parameters *parameters, const char *keyword, const char *value)
{
    int at = 0;
    while (at < parameters->count && strcmp(parameters->keywords[at], keyword) != 0)
        at++;
    if (at + 1 >= TW_POSTGRES_PARAMETERS)
        return false;
    parameters->keywords[at] = keyword;
    parameters->values[at] = value;
    if (at == parameters->count)
        parameters->count++;
    return true;
}

void tw_postgres_parameters_end(struct tw_postgres_parameters *parameters)
{
    PQconninfoFree(parameters->parsed);
    explicit_bzero(parameters->password, sizeof parameters->password);
    parameters->parsed = NULL;
    parameters->count = 0;
}

static bool too_many(struct tw_postgres_parameters *parameters, struct tw_error *err)
{
    tw_postgres_parameters_end(parameters);
    return tw_fail(err, TW_CONFIG, "store.conninfo", "leave some out", "too many parameters");
}

bool tw_postgres_parameters_begin(const struct tw_postgres_options *options,
    struct tw_postgres_parameters *parameters, struct tw_error *err)
{
    char *refusal = NULL;
    memset(parameters, 0, sizeof *parameters);
    parameters->parsed = PQconninfoParse(options->conninfo, &refusal);
    if (!parameters->parsed) {
        char words[256]; /* without what may be a password */
        PQfreemem(refusal);
        tw_secret_conninfo(options->conninfo, words);
        return tw_fail(
            err, TW_CONFIG, "store.conninfo", "write it as libpq's connection string or URI", "%s", words);
    }
    for (const PQconninfoOption *option = parameters->parsed; option->keyword; option++)
        if (option->val && option->val[0] &&
            !tw_postgres_parameter_set(parameters, option->keyword, option->val))
            return too_many(parameters, err);
    for (size_t at = 0; at < sizeof defaults / sizeof defaults[0]; at++)
        if (!tw_postgres_parameter(parameters, defaults[at].keyword) &&
            !tw_postgres_parameter_set(parameters, defaults[at].keyword, defaults[at].value))
            return too_many(parameters, err);
    if (!tw_postgres_parameter(parameters, "application_name") &&
        !tw_postgres_parameter_set(parameters, "application_name", options->application))
        return too_many(parameters, err);
    if (!tw_postgres_parameter_set(parameters, "client_encoding", "UTF8"))
        return too_many(parameters, err);
    if (options->password_file && options->password_file[0]) {
        if (!read_password(options->password_file, parameters->password, err)) {
            tw_postgres_parameters_end(parameters);
            return false;
        }
        if (!tw_postgres_parameter_set(parameters, "password", parameters->password))
            return too_many(parameters, err);
    }
    return true;
}

/* A verbose message reads "FATAL:  28P01: password authentication failed ...": the code stands between two
 * colons, whatever the language of the rest. Several hosts give several lines: the last one counts. */
static bool find_sqlstate(const char *message, char code[6])
{
    bool found = false;
    for (const char *colon = strchr(message, ':'); colon; colon = strchr(colon + 1, ':')) {
        const char *at = colon + 1;
        size_t length = 0;
        while (*at == ' ')
            at++;
        while (length < 5 && (isdigit((unsigned char)at[length]) || isupper((unsigned char)at[length])))
            length++;
        if (length == 5 && at[5] == ':') {
            memcpy(code, at, 5);
            code[5] = '\0';
            found = true;
        }
    }
    return found;
}

bool tw_postgres_refused(const PGconn *connection, struct tw_error *err)
{
    const char *message = PQerrorMessage(connection);
    char line[400];
    char code[6];
    enum tw_sqlstate means = TW_SQLSTATE_PASSING;
    snprintf(line, sizeof line, "%s", message && message[0] ? message : "no reason given");
    line[strcspn(line, "\n")] = '\0';
    if (message && find_sqlstate(message, code))
        means = tw_sqlstate_of(code);
    else if (PQconnectionNeedsPassword(connection))
        means = TW_SQLSTATE_PASSWORD;
    else if (message && (strstr(message, "certificate") || strstr(message, "sslkey")))
        return tw_fail(err, TW_PERMISSION, "PostgreSQL",
            "see sslrootcert, sslcert and sslkey in the conninfo", "%s", line);
    if (means == TW_SQLSTATE_PASSING || means == TW_SQLSTATE_UNKNOWN)
        return tw_fail_passing(err, TW_SERVER, "PostgreSQL",
            "see that the server runs and that the conninfo names it", "%s", line);
    return tw_fail(err, tw_sqlstate_code(means), "PostgreSQL", tw_sqlstate_cure(means), "%s", line);
}

/* What the server says can be done, where that is worth more than our own words: it knows who holds
 * a lock. What a constraint asks for is not in dead_letters: not every row is a document's. */
static const char *cure_of(const PGresult *result, const char *code, enum tw_sqlstate means)
{
    const char *hint =
        code && strcmp(code, "55P03") == 0 ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;
    if (!hint && code && strcmp(code, "23514") == 0 && means == TW_SQLSTATE_ROW)
        hint = "see what that constraint asks of a row: \\d+ of its table in psql";
    return hint ? hint : tw_sqlstate_cure(means);
}

bool tw_postgres_failed(
    const PGconn *connection, const PGresult *result, const char *where, struct tw_error *err)
{
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *constraint = result ? PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME) : NULL;
    enum tw_sqlstate means = tw_sqlstate_of_statement(code, constraint);
    char line[400];
    if (!message || !message[0])
        message = connection ? PQerrorMessage(connection) : "no answer";
    snprintf(line, sizeof line, "%s", message);
    line[strcspn(line, "\n")] = '\0';
    if (means == TW_SQLSTATE_PASSING || means == TW_SQLSTATE_UNKNOWN || means == TW_SQLSTATE_OUTRUN)
        return tw_fail_passing(err, TW_SERVER, where, cure_of(result, code, means), "%s (SQLSTATE %s)", line,
            code ? code : "none: connection lost");
    return tw_fail(
        err, tw_sqlstate_code(means), where, cure_of(result, code, means), "%s (SQLSTATE %s)", line, code);
}

bool tw_postgres_check_encoding(const PGconn *connection, struct tw_error *err)
{
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    return !encoding || strcmp(encoding, "UTF8") == 0 ||
           tw_fail(err, TW_CONFIG, PQdb(connection),
               "make a database with ENCODING 'UTF8' TEMPLATE template0",
               "encoding %s, UTF8 is needed: texts in other scripts could not be stored", encoding);
}

/* PQconnectdb cannot be told to show the SQLSTATE of a refused login; its two halves can. */
static bool wait_connected(PGconn *connection, struct tw_error *err)
{
    int64_t until_ms = (int64_t)tw_now_ms() + CONNECT_MS;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        struct pollfd waited = {
            .fd = PQsocket(connection), .events = (short)(state == PGRES_POLLING_READING ? POLLIN : POLLOUT)};
        int64_t left_ms = until_ms - (int64_t)tw_now_ms();
        if (left_ms <= 0)
            return tw_fail_passing(err, TW_SERVER, "PostgreSQL",
                "see that the server runs and that the conninfo names it", "no answer within %d s",
                CONNECT_MS / 1000);
        if (poll(&waited, 1, (int)left_ms) > 0)
            state = PQconnectPoll(connection);
    }
    return state == PGRES_POLLING_OK || tw_postgres_refused(connection, err);
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

bool tw_postgres_connect(const struct tw_postgres_options *options, PGconn **connection, struct tw_error *err)
{
    struct tw_postgres_parameters parameters;
    *connection = NULL;
    if (!tw_postgres_parameters_begin(options, &parameters, err))
        return false;
    PGconn *opened = PQconnectStartParams(parameters.keywords, parameters.values, 0);
    tw_postgres_parameters_end(&parameters);
    if (!opened)
        return tw_fail(err, TW_INTERNAL, "PostgreSQL", NULL, "out of memory");
    PQsetErrorVerbosity(opened, PQERRORS_VERBOSE);
    if (PQstatus(opened) == CONNECTION_BAD ? !tw_postgres_refused(opened, err)
                                           : !wait_connected(opened, err)) {
        PQfinish(opened);
        return false;
    }
    PQsetErrorVerbosity(opened, PQERRORS_DEFAULT);
    PQsetNoticeReceiver(opened, ignore_notice, NULL);
    *connection = opened;
    return true;
}

PGresult *tw_postgres_query(PGconn *connection, const char *where, const char *sql, int count,
    const char *const *values, struct tw_error *err)
{
    PGresult *result = PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    tw_postgres_failed(connection, result, where, err);
    PQclear(result);
    return NULL;
}
