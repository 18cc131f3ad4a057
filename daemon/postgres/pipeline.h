/* pipeline: statements sent one behind the other and answered in that order, in libpq's pipeline mode.
 *
 *     tw_pipeline_begin(&pipeline, &exchange);
 *     tw_pipeline_send(&pipeline, pg, TW_FENCE, values, lengths);    any number
 *     tw_pipeline_sync(&pipeline, pg);                               the server commits all of it, or nothing
 *     ... when input has come:
 *     while (tw_pipeline_take(&pipeline, pg))                        exchange.rows() for each result
 *         tw_pipeline_finish(&pipeline);                             exchange.done(), once
 *     ... or, when the connection is lost:
 *         tw_pipeline_lose(&pipeline, why);                          exchange.done() too, with `lost`
 *
 * It knows which statement each result belongs to. The first error is the cause, what follows was skipped
 * by the server; an error behind the last statement's answer is the Sync's: a deferred check that failed.
 * What libpq does not take makes it `broken`: nothing more is sent, and the owner, who has the socket, loses
 * it from the loop. Its owner is connection.h, which everybody else speaks with. */
#ifndef TW_PIPELINE_H
#define TW_PIPELINE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "postgres/sqlstate.h"
#include "postgres/statements.h"

enum { TW_PIPELINE_SENT_MOST = 4096 };

/* Why an exchange failed. */
struct tw_refusal {
    enum tw_sqlstate means;
    char code[6];                /* SQLSTATE; empty when there is none */
    enum tw_statement statement; /* that was refused; TW_STATEMENTS: the Sync or the connection */
    bool lost;                   /* the connection broke before the Sync's answer */
    struct tw_error error;
};

struct tw_exchange {
    void *context;
    /* May be NULL. Returns true to keep the result: then it is the callee's to PQclear. */
    bool (*rows)(void *context, enum tw_statement statement, PGresult *result);
    void (*done)(void *context, const struct tw_refusal *refusal); /* NULL: committed */
};

struct tw_pipeline {
    const struct tw_statement_row *rows; /* the owner sets it: names and parameters of the statements */
    struct tw_exchange exchange;
    bool exchanging;
    bool broken; /* libpq refused to send: the exchange ends as lost */
    bool refused;
    struct tw_refusal refusal;
    uint32_t refused_at; /* `answered`, when the first error came */
    uint32_t sent_count;
    uint32_t answered; /* statements that are answered whole */
    bool answering;    /* a result of the next statement has come, its closing NULL has not */
    uint16_t sent[TW_PIPELINE_SENT_MOST]; /* statement of each result to come */
};

/* Begins an exchange; there must be none. */
void tw_pipeline_begin(struct tw_pipeline *pipeline, const struct tw_exchange *exchange);

/* Sends a prepared statement, its values in the order of its parameters, in binary; libpq copies them.
 * Nothing when it is broken, or `pg` NULL. */
void tw_pipeline_send(struct tw_pipeline *pipeline, PGconn *pg, enum tw_statement statement,
    const char *const *values, const int *lengths);
/* Notes what the owner sent itself; `sent` is what libpq's function returned. */
void tw_pipeline_note(struct tw_pipeline *pipeline, enum tw_statement statement, int sent);
/* Sends the Sync that ends the exchange. Broken when `pg` is NULL. */
void tw_pipeline_sync(struct tw_pipeline *pipeline, PGconn *pg);

/* Gives out what has come. True when the Sync's answer was among it: the exchange is over, and there may be
 * more input. Never waits. */
bool tw_pipeline_take(struct tw_pipeline *pipeline, PGconn *pg);

/* From inside of exchange.rows(): what the result says makes the exchange fail, unless something has yet. */
void tw_pipeline_refuse(struct tw_pipeline *pipeline, enum tw_sqlstate means, const struct tw_error *error);

/* Ends the exchange that was answered and tells it; the next one may be begun from inside. */
void tw_pipeline_finish(struct tw_pipeline *pipeline);
/* The connection is lost: ends the exchange under way, if there is one, and tells it. */
void tw_pipeline_lose(struct tw_pipeline *pipeline, const struct tw_error *why);

#endif
