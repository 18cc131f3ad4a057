#include "postgres/connection.h"

#include "base/clock.h"
#include "postgres/cancel.h"
#include "postgres/hosts.h"
#include "postgres/migrate.h"
#include "postgres/pooler.h"
#include "postgres/postgres.h"
#include "postgres/way.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A server that is back should not be waited for: to try costs it next to nothing. */
enum { RETRY_LEAST_MS = 100, RETRY_MOST_MS = 1000 };
enum { ATTEMPT_MOST_MS = 15000, CANCEL_MOST_MS = 5000, PATIENCE_MOST = 8, PATIENCE_LASTS_MS = 600000 };
enum { LOOK_MS = 1000 }; /* an answer that is waited for longer: is anybody there? */

static const char *const state_names[TW_CONNECTION_STATES] = {[TW_CONNECTION_DOWN] = "down",
    [TW_CONNECTION_RESOLVING] = "resolving",
    [TW_CONNECTION_CONNECTING] = "connecting",
    [TW_CONNECTION_PREPARING] = "preparing",
    [TW_CONNECTION_READY] = "ready",
    [TW_CONNECTION_CLOSING] = "closing"};

#define TO(state) TW_MOVE(TW_CONNECTION_##state)
static const uint32_t moves[TW_CONNECTION_STATES] = {
    [TW_CONNECTION_DOWN] = TO(RESOLVING) | TO(CONNECTING) | TO(CLOSING),
    [TW_CONNECTION_RESOLVING] = TO(CONNECTING) | TO(DOWN) | TO(CLOSING),
    [TW_CONNECTION_CONNECTING] = TO(PREPARING) | TO(DOWN) | TO(CLOSING),
    [TW_CONNECTION_PREPARING] = TO(READY) | TO(DOWN) | TO(CLOSING),
    [TW_CONNECTION_READY] = TO(DOWN) | TO(CLOSING),
    [TW_CONNECTION_CLOSING] = 0};
#undef TO

const struct tw_machine tw_connection_machine = {"connection", state_names, moves, TW_CONNECTION_STATES};

/* The watcher of one socket; it lives until libuv has closed it, which may be after the next one began. */
struct watcher {
    uv_poll_t poll;
    struct tw_connection *connection;
};

struct tw_connection {
    uv_loop_t *loop;
    struct tw_connection_options options;
    const struct tw_log *log;
    struct tw_connection_events events;
    enum tw_connection_state state;
    bool was_ready; /* once, since begin */
    uint64_t retry_ms;
    PGconn *pg;
    struct watcher *watcher;
    int watched;      /* UV_READABLE, UV_WRITABLE as they are watched */
    uv_timer_t timer; /* backoff, the limit of an attempt, and that of an exchange */
    uv_timer_t soon;  /* a failure found inside a call is told from here */
    struct tw_hosts hosts;
    struct tw_postgres_parameters parameters;
    bool pooled;                               /* another process answers than let us in */
    const struct tw_pooler_question *question; /* of this attempt, when one is out */
    struct tw_pipeline pipeline;
    uint64_t began_ms;     /* of the exchange */
    uint64_t limit_ms;     /* how long it may take; UINT64_MAX: for ever */
    uint64_t patience;     /* the limit of an exchange is so many times the configured one */
    uint64_t impatient_ms; /* when that was last met */
    uint32_t handles;      /* of ours, still open */
    void (*closed)(void *context);
    void *closed_context;
};

static void start_attempt(struct tw_connection *connection);
static void watch(struct tw_connection *connection, int events);
static void on_socket(uv_poll_t *poll, int status, int events);

/* The only place where the state changes. */
static void move_to(struct tw_connection *connection, enum tw_connection_state state, const char *why)
{
    const struct tw_log *log = connection->log;
    if (connection->state == state)
        return; /* down still: another attempt that failed */
    if (!tw_machine_allows(&tw_connection_machine, connection->state, state))
        tw_machine_tell(&tw_connection_machine, log, TW_DEBUG, connection->state, state, why);
    tw_log(log, TW_DEBUG, connection->options.room, "connection",
        tw_string("from", state_names[connection->state]), tw_string("to", state_names[state]),
        tw_string("why", why));
    connection->state = state;
}

/* -- closing a socket, waiting, starting again ------------------------------------------------- */

static void handle_closed(struct tw_connection *connection)
{
    if (--connection->handles > 0 || connection->state != TW_CONNECTION_CLOSING)
        return;
    void (*closed)(void *context) = connection->closed;
    void *context = connection->closed_context;
    free(connection);
    closed(context);
}

static void on_watcher_closed(uv_handle_t *handle)
{
    struct watcher *watcher = handle->data;
    struct tw_connection *connection = watcher->connection;
    free(watcher);
    handle_closed(connection);
}

/* Before PQfinish or PQconnectPoll close the descriptor: one closed under a live watcher is never seen
 * again. */
static void unwatch(struct tw_connection *connection)
{
    if (!connection->watcher)
        return;
    uv_poll_stop(&connection->watcher->poll);
    uv_close((uv_handle_t *)&connection->watcher->poll, on_watcher_closed);
    connection->watcher = NULL;
    connection->watched = 0;
}

static void drop_socket(struct tw_connection *connection)
{
    unwatch(connection);
    if (connection->pg)
        PQfinish(connection->pg);
    connection->pg = NULL;
    connection->question = NULL; /* its answer is that of another attempt */
    if (connection->parameters.parsed)
        tw_postgres_parameters_end(&connection->parameters);
}

static void on_retry(uv_timer_t *timer)
{
    start_attempt(timer->data);
}

/* Half of the time for certain, half by chance: many daemons must not come back in step. */
static uint64_t next_pause(struct tw_connection *connection)
{
    uint64_t pause = connection->retry_ms / 2 + tw_now_us() % (connection->retry_ms / 2 + 1);
    uint64_t most_ms =
        connection->options.retry_most_ms < RETRY_MOST_MS ? connection->options.retry_most_ms : RETRY_MOST_MS;
    connection->retry_ms = connection->retry_ms * 2 < most_ms ? connection->retry_ms * 2 : most_ms;
    return pause;
}

/* Ends the attempt or the connection, tells why, and waits for the next attempt. */
static void fail_connection(struct tw_connection *connection, const struct tw_error *why)
{
    struct tw_error err = *why;
    drop_socket(connection);
    tw_hosts_leave(&connection->hosts);
    if (connection->was_ready)
        err.passing = true;
    move_to(connection, TW_CONNECTION_DOWN, err.what);
    uv_timer_start(&connection->timer, on_retry, next_pause(connection), 0);
    tw_pipeline_lose(&connection->pipeline, why);
    if (connection->state == TW_CONNECTION_CLOSING)
        return;
    connection->events.lost(connection->events.context, &err);
}

static void fail_as_lost(struct tw_connection *connection)
{
    struct tw_error err;
    const char *message = connection->pg ? PQerrorMessage(connection->pg) : "";
    char line[300];
    snprintf(line, sizeof line, "%s", message && message[0] ? message : "the server closed the connection");
    line[strcspn(line, "\n")] = '\0';
    tw_fail_passing(
        &err, TW_SERVER, "PostgreSQL", "it connects again by itself; see that the server runs", "%s", line);
    fail_connection(connection, &err);
}

static void on_too_slow(uv_timer_t *timer)
{
    struct tw_connection *connection = timer->data;
    struct tw_error err;
    tw_fail_passing(&err, TW_SERVER, "PostgreSQL", "see that the server runs and that the conninfo names it",
        "no connection within %" PRIu64 " s", connection->options.attempt_most_ms / 1000);
    fail_connection(connection, &err);
}

/* -- exchanges --------------------------------------------------------------------------------- */

bool tw_connection_ready(const struct tw_connection *connection)
{
    return connection->state == TW_CONNECTION_READY && !connection->pipeline.broken;
}

bool tw_connection_busy(const struct tw_connection *connection)
{
    return connection->pipeline.exchanging;
}

uint64_t tw_connection_unanswered_ms(const struct tw_connection *connection)
{
    return connection->pipeline.exchanging ? tw_now_ms() - connection->began_ms : 0;
}

static void on_cancel_unanswered(uv_timer_t *timer)
{
    struct tw_connection *connection = timer->data;
    struct tw_error err;
    tw_fail_passing(&err, TW_SERVER, "PostgreSQL",
        "it connects anew by itself; see that the server's processes and its storage are not frozen",
        "no answer for %" PRIu64 " s, and none when it was cancelled",
        tw_connection_unanswered_ms(connection) / 1000);
    fail_connection(connection, &err);
}

static void cancel(struct tw_connection *connection)
{
    tw_log(connection->log, TW_WARNING, connection->options.room, "no answer: the statement is cancelled",
        tw_int("seconds", (int64_t)(tw_connection_unanswered_ms(connection) / 1000)),
        tw_int("backend", PQbackendPID(connection->pg)),
        tw_string("cure", "see in pg_stat_activity what it waits for"));
    connection->impatient_ms = tw_now_ms();
    if (connection->patience < PATIENCE_MOST)
        connection->patience *= 2;
    tw_postgres_cancel(connection->pg);
    uv_timer_start(&connection->timer, on_cancel_unanswered, CANCEL_MOST_MS, 0);
}

static void fail_as_silent(struct tw_connection *connection)
{
    struct tw_error err;
    tw_fail_passing(&err, TW_SERVER, "PostgreSQL",
        "it connects anew by itself; see the network between here and the server",
        "the way is broken: nothing that was sent is acknowledged for %d s", TW_WAY_SILENT_MS / 1000);
    fail_connection(connection, &err);
}

static void on_waiting(uv_timer_t *timer);

static void wait_on(struct tw_connection *connection)
{
    uint64_t left_ms = connection->limit_ms - tw_connection_unanswered_ms(connection);
    uv_timer_start(&connection->timer, on_waiting, left_ms < LOOK_MS ? left_ms : LOOK_MS, 0);
}

static void on_waiting(uv_timer_t *timer)
{
    struct tw_connection *connection = timer->data;
    uint64_t unanswered_ms = tw_connection_unanswered_ms(connection);
    if (tw_way_is_broken(PQsocket(connection->pg), unanswered_ms))
        fail_as_silent(connection);
    else if (unanswered_ms >= connection->limit_ms)
        cancel(connection);
    else
        wait_on(connection);
}

/* While it is being prepared the limit of the attempt holds. */
static void limit_exchange(struct tw_connection *connection)
{
    uint64_t most_ms = connection->options.answer_most_ms;
    if (connection->state != TW_CONNECTION_READY)
        return;
    if (connection->began_ms - connection->impatient_ms > PATIENCE_LASTS_MS)
        connection->patience = 1;
    connection->limit_ms = most_ms > 0 ? most_ms * connection->patience : UINT64_MAX;
    wait_on(connection);
}

void tw_connection_begin_exchange(struct tw_connection *connection, const struct tw_exchange *exchange)
{
    connection->began_ms = tw_now_ms();
    tw_pipeline_begin(&connection->pipeline, exchange);
}

void tw_connection_send(struct tw_connection *connection, enum tw_statement statement,
    const char *const *values, const int *lengths)
{
    tw_pipeline_send(&connection->pipeline, connection->pg, statement, values, lengths);
}

static void on_soon(uv_timer_t *timer)
{
    struct tw_connection *connection = timer->data;
    if (connection->pipeline.broken) {
        connection->pipeline.broken = false;
        fail_as_lost(connection);
    }
}

static void flush(struct tw_connection *connection)
{
    int left = PQflush(connection->pg);
    if (left < 0)
        connection->pipeline.broken = true;
    else
        watch(connection, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
    if (connection->pipeline.broken)
        uv_timer_start(&connection->soon, on_soon, 0, 0);
}

void tw_connection_sync(struct tw_connection *connection)
{
    tw_pipeline_sync(&connection->pipeline, connection->pg);
    if (connection->pipeline.broken) {
        uv_timer_start(&connection->soon, on_soon, 0, 0);
        return;
    }
    limit_exchange(connection);
    flush(connection);
}

void tw_connection_ask(struct tw_connection *connection, const struct tw_exchange *exchange,
    enum tw_statement statement, const char *const *values, const int *lengths)
{
    tw_connection_begin_exchange(connection, exchange);
    tw_connection_send(connection, statement, values, lengths);
    tw_connection_sync(connection);
}

static void take_results(struct tw_connection *connection)
{
    while (connection->pg && tw_pipeline_take(&connection->pipeline, connection->pg)) {
        if (connection->state == TW_CONNECTION_READY)
            uv_timer_stop(&connection->timer);
        tw_pipeline_finish(&connection->pipeline);
    }
}

static void take_notifications(struct tw_connection *connection)
{
    PGnotify *notification;
    while ((notification = PQnotifies(connection->pg)) != NULL)
        PQfreemem(notification);
}

static void on_traffic(struct tw_connection *connection, int events)
{
    if (!PQconsumeInput(connection->pg)) {
        take_results(connection); /* what the server said before it closed */
        if (connection->pg)
            fail_as_lost(connection);
        return;
    }
    if ((events & UV_WRITABLE) || (connection->watched & UV_WRITABLE))
        flush(connection);
    take_results(connection);
    if (!connection->pg)
        return;
    PQisBusy(connection->pg);
    take_notifications(connection);
    if (PQstatus(connection->pg) == CONNECTION_BAD)
        fail_as_lost(connection);
}

/* -- preparing --------------------------------------------------------------------------------- */

static bool prepared_rows(void *context, enum tw_statement statement, PGresult *result)
{
    struct tw_connection *connection = context;
    struct tw_error unfit;
    (void)statement;
    /* The schema's version, then the backend's number; the others have nothing to say. */
    if (connection->pipeline.answered > 1 || PQntuples(result) != 1)
        return false;
    if (connection->pipeline.answered == 1) {
        connection->pooled = tw_pooler_suspected(connection->pg, PQgetvalue(result, 0, 0));
        return false;
    }
    int found = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    if (!tw_schema_check(found, &unfit))
        tw_pipeline_refuse(&connection->pipeline, TW_SQLSTATE_SCHEMA, &unfit);
    return false;
}

static void become_ready(struct tw_connection *connection)
{
    uv_timer_stop(&connection->timer);
    connection->retry_ms = RETRY_LEAST_MS;
    connection->was_ready = true;
    move_to(connection, TW_CONNECTION_READY, "schema fits");
    connection->events.ready(connection->events.context);
}

static void on_pooler_answered(
    void *context, const struct tw_pooler_question *question, const struct tw_error *unfit)
{
    struct tw_connection *connection = context;
    bool wanted = connection->question == question;
    if (wanted)
        connection->question = NULL;
    if (wanted && unfit)
        fail_connection(connection, unfit);
    else if (wanted)
        become_ready(connection);
    handle_closed(connection);
}

/* The limit of the attempt goes on meanwhile. */
static void question_pooler(struct tw_connection *connection)
{
    struct tw_postgres_options options = {
        connection->options.conninfo, connection->options.password_file, connection->options.application};
    connection->question = tw_pooler_ask(connection->loop, &options, on_pooler_answered, connection);
    connection->handles += connection->question != NULL;
    if (connection->question)
        return;
    struct tw_error err;
    tw_fail_passing(&err, TW_INTERNAL, "PostgreSQL", NULL, "out of memory");
    fail_connection(connection, &err);
}

static void on_prepared(void *context, const struct tw_refusal *refusal)
{
    struct tw_connection *connection = context;
    struct tw_error err;
    if (refusal && refusal->lost)
        return; /* told by whoever found it */
    if (refusal) {
        err = refusal->error;
        if (refusal->means == TW_SQLSTATE_SCHEMA && connection->pipeline.refused_at == 0 && refusal->code[0])
            (void)!tw_schema_check(0, &err);
        fail_connection(connection, &err);
        return;
    }
    if (connection->pooled)
        question_pooler(connection);
    else
        become_ready(connection);
}

static void send_setting(struct tw_connection *connection, const char *name, const char *value)
{
    const char *values[] = {name, value};
    tw_pipeline_note(&connection->pipeline, TW_STATEMENTS,
        PQsendQueryParams(
            connection->pg, "SELECT set_config($1, $2, false)", 2, NULL, values, NULL, NULL, 0));
}

static void send_preparation(struct tw_connection *connection)
{
    tw_pipeline_note(&connection->pipeline, TW_STATEMENTS,
        PQsendQueryParams(connection->pg, TW_SCHEMA_VERSION_SQL, 0, NULL, NULL, NULL, NULL, 0));
    tw_pipeline_note(&connection->pipeline, TW_STATEMENTS,
        PQsendQueryParams(connection->pg, "SELECT pg_backend_pid()", 0, NULL, NULL, NULL, NULL, 0));
    /* The statements are few and always the same: planning them anew for each set of values is wasted. */
    send_setting(connection, "plan_cache_mode", "force_generic_plan");
    send_setting(connection, "jit", "off");
    send_setting(connection, "default_transaction_isolation", "read committed");
    for (size_t at = 0; at < connection->options.setting_count; at++)
        send_setting(
            connection, connection->options.settings[at].name, connection->options.settings[at].value);
    for (int at = 0; at < TW_STATEMENTS; at++) {
        const struct tw_statement_row *row = &connection->options.rows[at];
        if (row->connections & connection->options.statements)
            tw_pipeline_note(&connection->pipeline, TW_STATEMENTS,
                PQsendPrepare(connection->pg, row->name, row->sql, row->parameter_count, row->types));
    }
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static void prepare(struct tw_connection *connection)
{
    struct tw_exchange exchange = {connection, prepared_rows, on_prepared};
    struct tw_error err = {0};
    if (!tw_postgres_check_encoding(connection->pg, &err)) {
        fail_connection(connection, &err);
        return;
    }
    PQsetErrorVerbosity(connection->pg, PQERRORS_DEFAULT);
    PQsetNoticeReceiver(connection->pg, ignore_notice, NULL);
    if (PQsetnonblocking(connection->pg, 1) != 0 || !PQenterPipelineMode(connection->pg)) {
        fail_as_lost(connection);
        return;
    }
    move_to(connection, TW_CONNECTION_PREPARING, "accepted");
    tw_connection_begin_exchange(connection, &exchange);
    send_preparation(connection);
    tw_connection_sync(connection);
}

/* -- connecting -------------------------------------------------------------------------------- */

static void watch(struct tw_connection *connection, int events)
{
    if (!connection->watcher) {
        struct watcher *watcher = calloc(1, sizeof *watcher);
        if (!watcher || uv_poll_init(connection->loop, &watcher->poll, PQsocket(connection->pg)) != 0) {
            free(watcher);
            connection->pipeline.broken = true;
            uv_timer_start(&connection->soon, on_soon, 0, 0);
            return;
        }
        watcher->connection = connection;
        watcher->poll.data = watcher;
        connection->watcher = watcher;
        connection->handles++;
        connection->watched = 0;
    }
    if (connection->watched == events)
        return;
    connection->watched = events;
    uv_poll_start(&connection->watcher->poll, events, on_socket);
}

/* A host that swallows packets is given up after a few seconds, for the next of the conninfo's, or for
 * another attempt: libpq, asked without blocking, keeps to one until the kernel gives up, which takes two
 * minutes, and each attempt would end before with the first host. Each host has a socket of its own. */
static void hurry(struct tw_connection *connection)
{
    const int repeats = 1; /* of the first packet; kernels since 6.5 add four, a second apart */
    if (PQstatus(connection->pg) == CONNECTION_STARTED)
        (void)!setsockopt(
            PQsocket(connection->pg), IPPROTO_TCP, TCP_SYNCNT, &repeats, sizeof repeats); /* not a Unix one */
}

static void poll_connect(struct tw_connection *connection)
{
    struct tw_error err;
    unwatch(connection);
    PostgresPollingStatusType polled = PQconnectPoll(connection->pg);
    hurry(connection);
    switch (polled) {
    case PGRES_POLLING_READING:
        watch(connection, UV_READABLE);
        return;
    case PGRES_POLLING_WRITING:
        watch(connection, UV_WRITABLE);
        return;
    case PGRES_POLLING_OK:
        tw_postgres_parameters_end(&connection->parameters);
        prepare(connection);
        return;
    default:
        tw_postgres_refused(connection->pg, &err);
        fail_connection(connection, &err);
    }
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watcher *watcher = poll->data;
    struct tw_connection *connection = watcher->connection;
    if (connection->state == TW_CONNECTION_CONNECTING)
        poll_connect(connection);
    else if (status < 0)
        fail_as_lost(connection);
    else
        on_traffic(connection, events);
}

static void connect_now(struct tw_connection *connection)
{
    struct tw_error err;
    move_to(connection, TW_CONNECTION_CONNECTING, "addresses known");
    connection->pg = PQconnectStartParams(connection->parameters.keywords, connection->parameters.values, 0);
    if (!connection->pg || PQstatus(connection->pg) == CONNECTION_BAD) {
        if (connection->pg)
            tw_postgres_refused(connection->pg, &err);
        else
            tw_fail_passing(&err, TW_INTERNAL, "PostgreSQL", NULL, "out of memory");
        fail_connection(connection, &err);
        return;
    }
    PQsetErrorVerbosity(connection->pg, PQERRORS_VERBOSE);
    hurry(connection);
    /* As if PQconnectPoll had said PGRES_POLLING_WRITING (libpq's manual). */
    watch(connection, UV_WRITABLE);
}

/* -- resolving --------------------------------------------------------------------------------- */

static void on_resolved(void *context, const struct tw_error *err)
{
    struct tw_connection *connection = context;
    const struct tw_addresses *addresses = &connection->hosts.addresses;
    if (err) {
        fail_connection(connection, err);
        return;
    }
    tw_postgres_parameter_set(&connection->parameters, "host", addresses->names);
    tw_postgres_parameter_set(&connection->parameters, "hostaddr", addresses->numbers);
    tw_postgres_parameter_set(&connection->parameters, "port", addresses->services);
    connect_now(connection);
}

static const char *parameter_or_environment(
    const struct tw_connection *connection, const char *keyword, const char *variable)
{
    const char *value = tw_postgres_parameter(&connection->parameters, keyword);
    if (!value)
        value = getenv(variable);
    return value ? value : "";
}

static void start_attempt(struct tw_connection *connection)
{
    struct tw_postgres_options options = {
        connection->options.conninfo, connection->options.password_file, connection->options.application};
    struct tw_error err;
    if (!tw_postgres_parameters_begin(&options, &connection->parameters, &err)) {
        fail_connection(connection, &err);
        return;
    }
    uv_timer_start(&connection->timer, on_too_slow, connection->options.attempt_most_ms, 0);
    const char *host = parameter_or_environment(connection, "host", "PGHOST");
    const char *number = parameter_or_environment(connection, "hostaddr", "PGHOSTADDR");
    const char *port = parameter_or_environment(connection, "port", "PGPORT");
    if (number[0] || tw_addresses_is_socket(host)) {
        connect_now(connection);
        return;
    }
    move_to(connection, TW_CONNECTION_RESOLVING, "a new attempt");
    tw_hosts_ask(&connection->hosts, host, port);
}

/* -- begin and end ----------------------------------------------------------------------------- */

bool tw_connection_begin(uv_loop_t *loop, const struct tw_connection_options *options,
    const struct tw_log *log, const struct tw_connection_events *events, struct tw_connection **out,
    struct tw_error *err)
{
    char *refusal = NULL;
    PQconninfoOption *parsed = PQconninfoParse(options->conninfo, &refusal);
    if (!parsed) {
        char text[256];
        snprintf(text, sizeof text, "%s", refusal ? refusal : "out of memory");
        text[strcspn(text, "\n")] = '\0';
        PQfreemem(refusal);
        return tw_fail(
            err, TW_CONFIG, "store.conninfo", "write it as libpq's connection string or URI", "%s", text);
    }
    PQconninfoFree(parsed);
    struct tw_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return tw_fail(err, TW_INTERNAL, "PostgreSQL", NULL, "out of memory");
    connection->loop = loop;
    connection->options = *options;
    if (!options->rows)
        connection->options.rows = tw_statements;
    connection->pipeline.rows = connection->options.rows;
    if (options->attempt_most_ms == 0)
        connection->options.attempt_most_ms = ATTEMPT_MOST_MS;
    connection->log = log;
    connection->events = *events;
    connection->retry_ms = RETRY_LEAST_MS;
    connection->patience = 1;
    uv_timer_init(loop, &connection->timer);
    uv_timer_init(loop, &connection->soon);
    connection->timer.data = connection;
    connection->soon.data = connection;
    tw_hosts_begin(&connection->hosts, loop, log, connection->options.room, on_resolved, connection);
    connection->handles = 3;
    /* Not from inside this call: events come on the loop. */
    uv_timer_start(&connection->timer, on_retry, 0, 0);
    *out = connection;
    return true;
}

void tw_connection_hold(struct tw_connection *connection)
{
    uv_timer_stop(&connection->timer);
}

void tw_connection_start(struct tw_connection *connection)
{
    if (connection->state == TW_CONNECTION_DOWN)
        uv_timer_start(&connection->timer, on_retry, 0, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_hosts_closed(void *context)
{
    handle_closed(context);
}

void tw_connection_end(struct tw_connection *connection, void (*closed)(void *context), void *context)
{
    connection->closed = closed;
    connection->closed_context = context;
    connection->pipeline.exchanging = false;
    drop_socket(connection);
    move_to(connection, TW_CONNECTION_CLOSING, "the end");
    tw_hosts_end(&connection->hosts, on_hosts_closed, connection);
    uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
    uv_close((uv_handle_t *)&connection->soon, on_timer_closed);
}
