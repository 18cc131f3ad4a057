/* connection: one connection to PostgreSQL on the loop, non-blocking, as a state machine that heals
 * itself.
 *
 *     DOWN --an attempt--> RESOLVING --addresses--> CONNECTING --accepted--> PREPARING --schema fits--> READY
 *     DOWN --no name to be resolved--> CONNECTING
 *     RESOLVING, CONNECTING, PREPARING, READY --lost, or refused--> DOWN
 *     ANY --the owner ends it--> CLOSING
 *
 * Names are looked up on a thread that nobody waits for (hosts.h; PQconnectStart would block) and given as
 * hostaddr. The watcher of the socket is closed before and made anew after every PQconnectPoll: the next
 * socket may come under the same number. PREPARING checks the schema's version, sets session settings, and
 * prepares the connection's statements (statements.h). Backoff doubles from 100 ms to a second, or to
 * store.retry_most where that is less, with jitter.
 *
 * READY, it does one EXCHANGE at a time (pipeline.h): statements, then one Sync; without BEGIN, so all of it
 * is one transaction.
 *
 *     tw_connection_begin_exchange(connection, &exchange);
 *     tw_connection_send(connection, TW_FENCE, values, lengths);      any number
 *     tw_connection_sync(connection);
 *     ... exchange.rows() for each result, exchange.done() once
 *
 * Success is the Sync's answer with no error before it: a deferred failure comes after the last
 * statement's OK. done() with `lost` means that nobody knows whether the transaction was committed.
 * Callbacks come on the loop, never from inside a call; parameters are copied by libpq when they are
 * sent.
 *
 * NO ANSWER. Where what was sent is not even acknowledged for five seconds, the way is broken, and the
 * connection is dropped as lost and made anew (way.h). Else an exchange that has not been answered within
 * store.answer_most is cancelled (cancel.h): its statement is then refused for now. When that brings no
 * answer either within five seconds (a frozen backend), the connection is dropped as lost and made anew. What
 * is truly slow is given time: the limit doubles with each exchange that met it, up to eight times, and is
 * the first one again after ten minutes without. */
#ifndef TW_CONNECTION_H
#define TW_CONNECTION_H

#include <libpq-fe.h>
#include <uv.h>

#include "observe/machine.h"
#include "postgres/pipeline.h"
#include "postgres/statements.h"

struct tw_connection;

enum tw_connection_state {
    TW_CONNECTION_DOWN,       /* no socket; the timer runs until the next attempt */
    TW_CONNECTION_RESOLVING,  /* the host's addresses are asked for */
    TW_CONNECTION_CONNECTING, /* libpq speaks with the server: TLS, login */
    TW_CONNECTION_PREPARING,  /* logged in; schema, settings, statements and perhaps a pooler are asked */
    TW_CONNECTION_READY,      /* exchanges may be begun */
    TW_CONNECTION_CLOSING,    /* handles are closing, nobody is called any more */
    TW_CONNECTION_STATES
};

extern const struct tw_machine tw_connection_machine;

/* A setting of the server's session (set_config), as session.h keeps it. */
struct tw_session_setting {
    const char *name;
    char value[32];
};

struct tw_connection_options {
    const char *conninfo;
    const char *password_file;
    const char *application;             /* shown in pg_stat_activity */
    const char *room;                    /* of its log lines */
    int statements;                      /* TW_FOR_STORE or another: which of `rows` are prepared */
    const struct tw_statement_row *rows; /* TW_STATEMENTS of them; NULL: tw_statements */
    const struct tw_session_setting *settings;
    size_t setting_count;
    uint64_t retry_most_ms;
    uint64_t attempt_most_ms; /* how long an attempt may take; 0: 15 s */
    uint64_t answer_most_ms;  /* how long an exchange may take; 0: for ever */
};

struct tw_connection_events {
    void *context;
    void (*ready)(void *context);
    /* A ready connection broke, or an attempt failed (each of them is told). `err` is passing when it had
     * been ready once, for then only patience helps; before that it may be lasting (password, schema). */
    void (*lost)(void *context, const struct tw_error *err);
};

/* Starts connecting. TW_CONFIG for a conninfo that libpq refuses. `options` and what it points to must
 * outlive it. */
TW_MUST_USE bool tw_connection_begin(uv_loop_t *loop, const struct tw_connection_options *options,
    const struct tw_log *log, const struct tw_connection_events *events, struct tw_connection **out,
    struct tw_error *err);

/* Right after tw_connection_begin: it does not connect before tw_connection_start. Is the connection still
 * down then, it starts; else nothing happens. */
void tw_connection_hold(struct tw_connection *connection);
void tw_connection_start(struct tw_connection *connection);

/* Is it connected, its session prepared, and not lost since? */
bool tw_connection_ready(const struct tw_connection *connection);
bool tw_connection_busy(const struct tw_connection *connection); /* an exchange is under way */
/* For how long the server has owed the answer to the exchange under way; 0 when there is none. */
uint64_t tw_connection_unanswered_ms(const struct tw_connection *connection);

/* Only when ready and not busy. */
void tw_connection_begin_exchange(struct tw_connection *connection, const struct tw_exchange *exchange);
/* One statement of the exchange, its values in the order of its parameters; they are copied. */
void tw_connection_send(struct tw_connection *connection, enum tw_statement statement,
    const char *const *values, const int *lengths);
/* Ends the exchange: the server commits, or refuses, all that was sent since it began. */
void tw_connection_sync(struct tw_connection *connection);

/* All three for one statement: an exchange of its own. */
void tw_connection_ask(struct tw_connection *connection, const struct tw_exchange *exchange,
    enum tw_statement statement, const char *const *values, const int *lengths);

/* Closes; an exchange under way is dropped without done(). `closed` comes when every handle is gone. */
void tw_connection_end(struct tw_connection *connection, void (*closed)(void *context), void *context);

#endif
