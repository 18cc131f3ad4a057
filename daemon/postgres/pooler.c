#include "postgres/pooler.h"

#include "base/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Some poolers hand out the session that was given back last, others the one that has rested longest: a few
 * rounds meet either. */
enum { ANSWER_MS = 3000, ROUNDS = 3 };

/* Who else asks the same holds a session for ANSWER_MS: a few of them are waited for. */
enum { TURN_MS = 4 * ANSWER_MS };

enum answer { ANSWERED, REFUSED, SILENT };

enum lending { OF_OUR_OWN, SHARED, NOT_KNOWN };

struct reply {
    enum answer answer;
    char value[16]; /* the first one of the first row; "" when there is none */
    char code[6];   /* SQLSTATE of a refusal */
};

struct tw_pooler_question {
    uv_work_t work;
    struct tw_postgres_options options;
    void (*answered)(void *context, const struct tw_pooler_question *question, const struct tw_error *unfit);
    void *context;
    bool fits;
    struct tw_error err;
};

bool tw_pooler_suspected(const PGconn *connection, const char *pid)
{
    return strtol(pid, NULL, 10) != PQbackendPID(connection);
}

/* Within a time: a pooler without a free session lets us wait. */
static bool comes(PGconn *connection, uint64_t most_ms)
{
    uint64_t began_ms = tw_now_ms();
    struct pollfd waited = {.fd = PQsocket(connection), .events = POLLIN};
    while (PQisBusy(connection)) {
        uint64_t spent_ms = tw_now_ms() - began_ms;
        if (spent_ms >= most_ms || poll(&waited, 1, (int)(most_ms - spent_ms)) <= 0)
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

static struct reply ask(PGconn *connection, const char *sql, uint64_t most_ms)
{
    struct reply reply = {.answer = ANSWERED};
    if (!PQsendQuery(connection, sql))
        reply.answer = REFUSED;
    while (reply.answer != SILENT) {
        if (!comes(connection, most_ms)) {
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
static enum lending session_is(PGconn *first, PGconn *second)
{
    static const char pid_sql[] = "SELECT pg_backend_pid()";
    for (int round = 0; round < ROUNDS; round++) {
        struct reply before = ask(first, pid_sql, TURN_MS);
        struct reply begun = ask(second, "BEGIN", TURN_MS);
        if (strcmp(begun.code, "08P01") == 0)
            return SHARED; /* by statement: transactions are no part of the protocol */
        if (before.answer != ANSWERED || begun.answer != ANSWERED)
            return NOT_KNOWN;
        struct reply after = ask(first, pid_sql, ANSWER_MS);
        if (after.answer == SILENT || (after.answer == ANSWERED && strcmp(before.value, after.value) != 0))
            return SHARED;
        if (after.answer == REFUSED)
            return NOT_KNOWN;
        (void)ask(second, "ROLLBACK", ANSWER_MS);
    }
    return OF_OUR_OWN;
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
    enum lending lending = session_is(first, second);
    PQfinish(second);
    PQfinish(first);
    if (lending == SHARED)
        return tw_fail(err, TW_CONFIG, "store.conninfo",
            "name PostgreSQL itself, or set pool_mode = session for this database",
            "a pooler stands between, in transaction pooling: prepared statements and locks need a "
            "session of their own");
    if (lending == NOT_KNOWN)
        return tw_fail_passing(err, TW_SERVER, "store.conninfo",
            "let the pooler keep two sessions to spare for this user, or name PostgreSQL itself",
            "a pooler stands between and gave no session within %d s: whether a session stays ours is not known",
            TURN_MS / 1000);
    return true;
}

static void on_thread(uv_work_t *work)
{
    struct tw_pooler_question *question = work->data;
    question->fits = tw_pooler_check(&question->options, &question->err);
}

static void on_answered(uv_work_t *work, int status)
{
    struct tw_pooler_question *question = work->data;
    (void)status; /* nobody takes a question back */
    question->answered(question->context, question, question->fits ? NULL : &question->err);
    free(question);
}

const struct tw_pooler_question *tw_pooler_ask(uv_loop_t *loop, const struct tw_postgres_options *options,
    void (*answered)(void *context, const struct tw_pooler_question *question, const struct tw_error *unfit),
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
