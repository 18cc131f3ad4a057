/* doors: whoever asks a running daemon for what it does not know is told what it does. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/control.h"
#include "serve/daemon.h"
#include "serve/doors.h"

struct visit {
    struct tw_daemon *daemon;
    uv_async_t over;
    const char *verb;
    char path[64];
    int status;
    char *answer;
    bool asked;
};

static void *ask(void *context)
{
    struct visit *visit = context;
    struct tw_error err;
    visit->asked = tw_control_ask(visit->path, visit->verb, 20000, &visit->status, &visit->answer, &err);
    uv_async_send(&visit->over);
    return NULL;
}

static void on_over(uv_async_t *over)
{
    struct visit *visit = over->data;
    tw_doors_close(visit->daemon);
    tw_doors_close(visit->daemon); /* shut, they stay so */
    tw_loop_close(&visit->daemon->loop);
    uv_close((uv_handle_t *)over, NULL);
}

/* Opens the doors of a daemon in this phase, asks one verb, and shuts them; the answer is the caller's. */
static char *answer_in(enum tw_daemon_phase phase, const char *verb, int *status)
{
    char folder[] = "/tmp/tw-doors-XXXXXX";
    struct visit visit = {.daemon = calloc(1, sizeof *visit.daemon), .verb = verb};
    struct tw_config config = {0};
    struct tw_loop_events events = {0};
    struct tw_error err;
    pthread_t thread;
    assert_non_null(visit.daemon);
    assert_non_null(mkdtemp(folder));
    snprintf(visit.path, sizeof visit.path, "%s/control", folder);
    config.control.socket = visit.path;
    visit.daemon->config = &config;
    visit.daemon->phase = phase;
    assert_true(tw_loop_begin(&visit.daemon->loop, &events, &err));
    assert_true(tw_doors_open(visit.daemon, &err));
    assert_null(visit.daemon->http); /* no port is configured */
    visit.over.data = &visit;
    uv_async_init(&visit.daemon->loop.uv, &visit.over, on_over);
    assert_int_equal(pthread_create(&thread, NULL, ask, &visit), 0);
    tw_loop_run(&visit.daemon->loop);
    pthread_join(thread, NULL);
    assert_true(tw_loop_end(&visit.daemon->loop, &err));
    assert_int_not_equal(access(visit.path, F_OK), 0);
    rmdir(folder);
    free(visit.daemon);
    assert_true(visit.asked);
    *status = visit.status;
    return visit.answer;
}

static void a_verb_that_is_none_is_answered_with_those_there_are(void **state)
{
    int status;
    char *answer = answer_in(TW_DAEMON_READY, "relaod", &status);
    (void)state;
    assert_int_equal(status, 2);
    assert_string_equal(answer, "no such verb; cure: reload, status or config\n");
    free(answer);
}

static void a_daemon_whose_rooms_are_ending_does_not_tell_what_it_runs_with(void **state)
{
    int status;
    char *answer = answer_in(TW_DAEMON_CLOSING, "config", &status);
    (void)state;
    assert_int_equal(status, tw_exit_status(TW_HELD));
    assert_string_equal(answer, "the daemon is stopping\n");
    free(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verb_that_is_none_is_answered_with_those_there_are),
        cmocka_unit_test(a_daemon_whose_rooms_are_ending_does_not_tell_what_it_runs_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
