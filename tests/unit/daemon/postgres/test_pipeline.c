/* pipeline: whose answer is whose, and which error was the cause. A thread plays the server from a script;
 * with the real one tests/integration/c/test_store.c speaks. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "postgres/pipeline.h"

/* A message of the protocol: type, length with itself, body. */
#define BOUND "2\0\0\0\4"
#define NO_ROWS "n\0\0\0\4"
#define COMPLETE                                                                                             \
    "C\0\0\0\x0b"                                                                                            \
    "INSERT\0"
#define OK BOUND NO_ROWS COMPLETE
#define ERROR(code)                                                                                          \
    "E\0\0\0\x16"                                                                                            \
    "SERROR\0C" code "\0M.\0\0"
/* The same of a row that breaks a constraint, which is named. */
#define CHECK_ERROR                                                                                          \
    "E\0\0\0\x1f"                                                                                            \
    "SERROR\0C23514\0M.\0nchecked\0\0"
#define READY "Z\0\0\0\5I"

struct server {
    char folder[64], path[96];
    int door;
    const char *script; /* what it says when it is asked, and how long that is */
    size_t length;
    pthread_t thread;
};

static void *serve(void *context)
{
    static const char welcome[] = "R\0\0\0\x08\0\0\0\0" READY;
    struct server *server = context;
    char asked[8192];
    int client = accept(server->door, NULL, NULL);
    if (client < 0 || read(client, asked, sizeof asked) <= 0 ||
        write(client, welcome, sizeof welcome - 1) < 0 || read(client, asked, sizeof asked) <= 0 ||
        write(client, server->script, server->length) < 0)
        return NULL;
    if (server->script[server->length - 1] ==
        'I') /* it ended with the Sync's answer: the client may go first */
        (void)!read(client, asked, sizeof asked);
    close(client);
    return NULL;
}

struct told {
    enum tw_statement rows[8];
    size_t row_count;
    int done;
    bool committed;
    struct tw_refusal refusal;
};

static bool on_row(void *context, enum tw_statement statement, PGresult *result)
{
    struct told *told = context;
    (void)result;
    assert_in_range(told->row_count, 0, 7);
    told->rows[told->row_count++] = statement;
    return false;
}

static void on_done(void *context, const struct tw_refusal *refusal)
{
    struct told *told = context;
    told->done++;
    told->committed = !refusal;
    if (refusal)
        told->refusal = *refusal;
}

static PGconn *given_a_connection(struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char conninfo[256];
    snprintf(server->folder, sizeof server->folder, "/tmp/tw-pipeline-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->path, sizeof server->path, "%s/.s.PGSQL.5432", server->folder);
    memcpy(address.sun_path, server->path, strlen(server->path) + 1);
    server->door = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(server->door, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->door, 1), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    snprintf(conninfo, sizeof conninfo,
        "host=%s port=5432 user=tapewatch dbname=tapewatch connect_timeout=20", server->folder);
    PGconn *pg = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    assert_true(PQenterPipelineMode(pg));
    return pg;
}

static void end_server(struct server *server, PGconn *pg)
{
    PQfinish(pg);
    pthread_join(server->thread, NULL);
    close(server->door);
    unlink(server->path);
    rmdir(server->folder);
}

/* Three statements and a Sync, answered by the script. */
static struct told exchange_three(const char *script, size_t length)
{
    static const char *const values[TW_STATEMENT_PARAMETERS];
    static const int lengths[TW_STATEMENT_PARAMETERS];
    struct told told = {0};
    struct tw_pipeline pipeline = {.rows = tw_statements};
    struct tw_exchange exchange = {&told, on_row, on_done};
    struct server server = {.script = script, .length = length};
    PGconn *pg = given_a_connection(&server);
    tw_pipeline_begin(&pipeline, &exchange);
    for (int statement = 0; statement < 3; statement++)
        tw_pipeline_send(&pipeline, pg, (enum tw_statement)statement, values, lengths);
    tw_pipeline_sync(&pipeline, pg);
    assert_false(pipeline.broken);
    while (pipeline.exchanging && PQconsumeInput(pg)) {
        if (tw_pipeline_take(&pipeline, pg))
            tw_pipeline_finish(&pipeline);
        usleep(1000);
    }
    if (pipeline.exchanging) {
        struct tw_error why = {.code = TW_SERVER, .what = "gone"};
        tw_pipeline_lose(&pipeline, &why);
    }
    assert_int_equal(told.done, 1);
    end_server(&server, pg);
    return told;
}

#define EXCHANGE(script) exchange_three(script, sizeof(script) - 1)

static void each_result_is_given_with_its_statement_and_the_sync_ends_it(void **state)
{
    struct told told = EXCHANGE(OK OK OK READY);
    (void)state;
    assert_true(told.committed);
    assert_int_equal(told.row_count, 3);
    for (size_t at = 0; at < 3; at++)
        assert_int_equal(told.rows[at], at);
}

static void the_first_error_names_its_statement_and_what_follows_is_not_given(void **state)
{
    struct told told = EXCHANGE(OK BOUND ERROR("23514") READY);
    (void)state;
    assert_false(told.committed);
    assert_false(told.refusal.lost);
    assert_int_equal(told.row_count, 1);
    assert_int_equal(told.refusal.statement, 1);
    assert_string_equal(told.refusal.code, "23514");
}

/* One code for both: a day that no partition takes is made, a row that breaks a CHECK is to blame itself. */
static void a_row_that_breaks_a_constraint_is_told_from_a_day_that_is_missing(void **state)
{
    struct told day = EXCHANGE(BOUND ERROR("23514") READY);
    struct told check = EXCHANGE(BOUND CHECK_ERROR READY);
    (void)state;
    assert_int_equal(day.refusal.means, TW_SQLSTATE_DAY);
    assert_string_equal(day.refusal.error.cure, "the day's tables are made; see tapewatch.days");
    assert_int_equal(check.refusal.means, TW_SQLSTATE_ROW);
    assert_string_equal(
        check.refusal.error.cure, "see what that constraint asks of a row: \\d+ of its table in psql");
}

static void an_error_behind_the_last_answer_is_the_syncs(void **state)
{
    struct told told = EXCHANGE(OK OK OK ERROR("40001") READY);
    (void)state;
    assert_false(told.committed);
    assert_int_equal(told.row_count, 3);
    assert_int_equal(told.refusal.statement, TW_STATEMENTS);
    assert_string_equal(told.refusal.code, "40001");
}

static void without_the_syncs_answer_nobody_knows_whether_it_was_committed(void **state)
{
    struct told told = EXCHANGE(OK OK OK);
    (void)state;
    assert_false(told.committed);
    assert_true(told.refusal.lost);
    assert_string_equal(told.refusal.error.what, "gone");
}

static void what_is_not_sent_breaks_it(void **state)
{
    static const char *const values[TW_STATEMENT_PARAMETERS];
    static const int lengths[TW_STATEMENT_PARAMETERS];
    struct told told = {0};
    struct tw_pipeline pipeline = {.rows = tw_statements};
    struct tw_exchange exchange = {&told, on_row, on_done};
    PGconn *pg = PQconnectdb("host=/nonexistent");
    (void)state;
    tw_pipeline_begin(&pipeline, &exchange);
    tw_pipeline_send(&pipeline, pg, 0, values, lengths);
    assert_true(pipeline.broken);
    tw_pipeline_sync(&pipeline, NULL);
    assert_true(pipeline.broken);
    assert_int_equal(told.done, 0); /* the owner tells it, from the loop */
    PQfinish(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_result_is_given_with_its_statement_and_the_sync_ends_it),
        cmocka_unit_test(the_first_error_names_its_statement_and_what_follows_is_not_given),
        cmocka_unit_test(a_row_that_breaks_a_constraint_is_told_from_a_day_that_is_missing),
        cmocka_unit_test(an_error_behind_the_last_answer_is_the_syncs),
        cmocka_unit_test(without_the_syncs_answer_nobody_knows_whether_it_was_committed),
        cmocka_unit_test(what_is_not_sent_breaks_it),
    };
    alarm(60); /* a script that is wrong is not waited for */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
