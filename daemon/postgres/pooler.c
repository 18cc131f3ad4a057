#include "postgres/pooler.h"

#include "base/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Some poolers hand out the session that was given back last, others the one that has rested longest: a few
 * rounds meet either. */
enum { ANSWER_MS = 3000, ROUNDS = 3 };

enum answer { ANSWERED, REFUSED, SILENT };

struct reply {
    enum answer answer;
    char value[16]; /* the first one of the first row; "" when there is none */
    char code[6];   /* SQLSTATE of a refusal */
};

struct tw_pooler_question {
    uv_work_t work;
    struct tw_postgres_options options;
    void (*answered)(void *context, const struct tw_pooler_question *question, const struct tw_error *shared);
    void *context;
    bool fits;
    struct tw_error err;
};

bool tw_pooler_suspected(const PGconn *connection, const char *pid)
{
    return strtol(pid, NULL, 10) != PQbackendPID(connection);
}

/* Within a time: a pooler without a free session lets us wait. */
static bool comes(PGconn *connection)
{
    uint64_t began_ms = tw_now_ms();
    struct pollfd waited = {.fd = PQsocket(connection), .events = POLLIN};
    while (PQisBusy(connection)) {
        uint64_t spent_ms = tw_now_ms() - began_ms;
        if (spent_ms >= ANSWER_MS || poll(&waited, 1, (int)(ANSWER_MS - spent_ms)) <= 0)
            return false;
        if (!PQconsumeInput(connection))
            return true; /* lost: libpq has the reason as a result */
    }
    return true;
}

static void note(struct reply *reply, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (status == PGRES_TUPLES_OK && PQntuples(result) == 1)
        snprintf(reply->value, sizeof reply->value, "%s", PQgetvalue(result, 0, 0));
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || reply->answer == REFUSED)
        return; /* the first refusal is the cause; a connection that ends follows it */
    reply->answer = REFUSED;
    snprintf(reply->code, sizeof reply->code, "%s", code ? code : "");
}

static struct reply ask(PGconn *connection, const char *sql)
{
    struct reply reply = {.answer = ANSWERED};
    if (!PQsendQuery(connection, sql))
        reply.answer = REFUSED;
    while (reply.answer != SILENT) {
        if (!comes(connection)) {
            reply.answer = SILENT;
            break;
        }
        PGresult *result = PQgetResult(connection);
        if (!result)
            break;
        note(&reply, result);
        PQclear(result);
    }
    return reply;
}

/* A pooler that lends sessions for a transaction, or a statement, has to give us another one when a second
 * connection sits in a transaction on the one that we had: so two of our own statements meet two sessions, or
 * none. */
static bool share_a_session(PGconn *first, PGconn *second)
{
    static const char pid_sql[] = "SELECT pg_backend_pid()";
    for (int round = 0; round < ROUNDS; round++) {
        struct reply before = ask(first, pid_sql);
        struct reply begun = ask(second, "BEGIN");
        if (strcmp(begun.code, "08P01") == 0)
            return true; /* by statement: transactions are no part of the protocol */
        if (before.answer != ANSWERED || begun.answer != ANSWERED)
            return false;
        struct reply after = ask(first, pid_sql);
        if (after.answer == SILENT || (after.answer == ANSWERED && strcmp(before.value, after.value) != 0))
            return true;
        (void)ask(second, "ROLLBACK");
    }
    return false;
}

bool tw_pooler_check(const struct tw_postgres_options *options, struct tw_error *err)
{
    PGconn *first = NULL;
    PGconn *second = NULL;
    if (!tw_postgres_connect(options, &first, err))
        return false;
    if (!tw_postgres_connect(options, &second, err)) {
        PQfinish(first);
        return false;
    }
    bool shared = share_a_session(first, second);
    PQfinish(second);
    PQfinish(first);
    return !shared ||
           tw_fail(err, TW_CONFIG, "store.conninfo",
               "name PostgreSQL itself, or set pool_mode = session for this database",
               "a pooler stands between, in transaction pooling: prepared statements and locks need a "
               "session of their own");
}

static void on_thread(uv_work_t *work)
{
    struct tw_pooler_question *question = work->data;
    question->fits = tw_pooler_check(&question->options, &question->err);
}

static void on_answered(uv_work_t *work, int status)
{
    struct tw_pooler_question *question = work->data;
    bool shared = status == 0 && !question->fits && question->err.code == TW_CONFIG;
    question->answered(question->context, question, shared ? &question->err : NULL);
    free(question);
}

const struct tw_pooler_question *tw_pooler_ask(uv_loop_t *loop, const struct tw_postgres_options *options,
    void (*answered)(void *context, const struct tw_pooler_question *question, const struct tw_error *shared),
    void *context)
{
    struct tw_pooler_question *question = calloc(1, sizeof *question);
    if (!question)
        return NULL;
    *question = (struct tw_pooler_question){
        .work.data = question, .options = *options, .answered = answered, .context = context};
    if (uv_queue_work(loop, &question->work, on_thread, on_answered) == 0)
        return question;
    free(question);
    return NULL;
}
