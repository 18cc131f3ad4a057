/* session: one of the daemon's sessions with PostgreSQL (the store's, for one): a connection, the
 * timer of whoever uses it, who it says it is, and how both are ended.
 *
 *     tw_session_set(&session, "lock_timeout", 5000);       before begin: settings of the server's session
 *     tw_session_begin(&session, loop, &options, log, &events, err)
 *     tw_session_new_token(&session, err)                    whenever a row is to be made one's own
 *     uv_timer_start(&session.timer, on_turn, 100, 0);       its data is events.context
 *     tw_connection_send(session.connection, ...)            connection.h
 *     tw_session_end(&session, closed, context)              timer and connection close; then closed(), once
 *
 * The struct belongs to its user, zeroed before the first call, and must stay until closed() comes. From
 * tw_session_end on neither the timer nor the connection calls anybody. */
#ifndef TW_SESSION_H
#define TW_SESSION_H

#include <uv.h>

#include "partition.h"
#include "postgres/connection.h"

struct tw_config;

enum { TW_SESSION_SETTINGS = 4, TW_OWNER_BYTES = 300 };

struct tw_session_options {
    const struct tw_config
        *config;             /* section `store`: conninfo, password file, longest pause between tries */
    const char *application; /* shown in pg_stat_activity */
    const char *room;        /* of its log lines */
    int statements;          /* TW_FOR_STORE or another: which of `rows` are prepared */
    const struct tw_statement_row *rows; /* NULL: tw_statements (statements.h) */
};

struct tw_session {
    struct tw_connection *connection;
    uv_timer_t timer;
    char owner[TW_OWNER_BYTES];          /* host:process, for people: as rows of ours say */
    unsigned char token[TW_TOKEN_BYTES]; /* what rows say of whose they are: nobody else has it */
    struct tw_session_setting settings[TW_SESSION_SETTINGS];
    size_t setting_count;
    bool ending;
    uint32_t open; /* the timer and the connection */
    void (*closed)(void *context);
    void *closed_context;
};

/* A setting of the server's session in milliseconds, made each time it is connected. `name` must outlive
 * the session. */
void tw_session_set(struct tw_session *session, const char *name, int64_t milliseconds);

/* Names the owner and starts connecting. TW_CONFIG for a conninfo that libpq refuses: then there is nothing
 * to end. What `options` points to must outlive the session. */
TW_MUST_USE bool tw_session_begin(struct tw_session *session, uv_loop_t *loop,
    const struct tw_session_options *options, const struct tw_log *log,
    const struct tw_connection_events *events, struct tw_error *err);

/* A fresh token from the system's random numbers; the old one stays when there are none (TW_INTERNAL). */
TW_MUST_USE bool tw_session_new_token(struct tw_session *session, struct tw_error *err);

/* Closes timer and connection, whatever is under way. `closed` may be NULL. Once. */
void tw_session_end(struct tw_session *session, void (*closed)(void *context), void *context);

#endif
