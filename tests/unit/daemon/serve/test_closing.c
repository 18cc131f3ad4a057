/* closing: a start that failed half-way ends like any other. With all rooms tests/integration/test_drain and
 * test_kill close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve/closing.h"
#include "serve/daemon.h"

static struct tw_daemon *given_a_daemon_without_rooms(enum tw_daemon_phase phase)
{
    struct tw_daemon *daemon = calloc(1, sizeof *daemon);
    struct tw_loop_events events = {0};
    struct tw_error err;
    assert_non_null(daemon);
    daemon->log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL);
    daemon->phase = phase;
    assert_true(tw_loop_begin(&daemon->loop, &events, &err));
    return daemon;
}

static void each_step_passes_over_a_room_that_never_was(void **state)
{
    struct tw_daemon *daemon = given_a_daemon_without_rooms(TW_DAEMON_STARTING);
    struct tw_error err;
    (void)state;
    tw_closing_begin(daemon, "a room cannot be opened");
    tw_loop_run(&daemon->loop);
    assert_int_equal(daemon->phase, TW_DAEMON_CLOSED);
    tw_closing_begin(daemon, "once more"); /* it has begun, and is over */
    assert_int_equal(daemon->phase, TW_DAEMON_CLOSED);
    assert_true(tw_loop_end(&daemon->loop, &err));
    free(daemon);
}

static void on_stuck(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the loop waited");
}

static void who_is_abandoned_leaves_the_loop_at_once(void **state)
{
    struct tw_daemon *daemon = given_a_daemon_without_rooms(TW_DAEMON_CLOSING);
    uv_timer_t stuck; /* a room that does not end */
    (void)state;
    uv_timer_init(&daemon->loop.uv, &stuck);
    uv_timer_start(&stuck, on_stuck, 20000, 0);
    tw_closing_abandon(daemon, "asked to stop again");
    tw_loop_run(&daemon->loop);
    assert_int_equal(daemon->phase, TW_DAEMON_ABANDONED);
    uv_close((uv_handle_t *)&stuck, NULL);
    uv_run(&daemon->loop.uv, UV_RUN_DEFAULT);
    uv_loop_close(&daemon->loop.uv);
    free(daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_passes_over_a_room_that_never_was),
        cmocka_unit_test(who_is_abandoned_leaves_the_loop_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
