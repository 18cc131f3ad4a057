/* session: how it begins and ends, without a server; with one, tests/integration/c/test_store.c and
 * test_evaluate.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "postgres/session.h"

struct story {
    uv_loop_t loop;
    struct tw_config config;
    struct tw_log log;
    struct tw_session session;
    int lost;
    int ticks;
    int closed;
};

static void on_ready(void *context)
{
    (void)context;
    fail_msg("nobody listens there");
}

static void on_lost(void *context, const struct tw_error *err)
{
    struct story *story = context;
    assert_true(err->passing);
    story->lost++;
}

static void on_tick(uv_timer_t *timer)
{
    struct story *story = timer->data;
    story->ticks++;
}

static void on_closed(void *context)
{
    struct story *story = context;
    story->closed++;
}

static void start(struct story *story, const char *conninfo)
{
    *story = (struct story){.log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL)};
    story->config.store.conninfo = conninfo;
    story->config.store.retry_most_ms = 100;
    assert_int_equal(uv_loop_init(&story->loop), 0);
}

static bool begin(struct story *story, struct tw_error *err)
{
    struct tw_connection_events events = {story, on_ready, on_lost};
    struct tw_session_options options = {
        .config = &story->config, .application = "test", .room = "test", .statements = TW_FOR_STORE};
    tw_session_set(&story->session, "lock_timeout", 1234);
    return tw_session_begin(&story->session, &story->loop, &options, &story->log, &events, err);
}

static void the_end_comes_once_when_timer_and_connection_are_gone(void **state)
{
    (void)state;
    struct story story;
    struct tw_error err;
    start(&story, "host=127.0.0.1 port=1");
    assert_true(begin(&story, &err));
    uv_timer_start(&story.session.timer, on_tick, 0, 1);
    while (story.lost == 0 || story.ticks == 0)
        uv_run(&story.loop, UV_RUN_ONCE);
    int ticks = story.ticks;
    tw_session_end(&story.session, on_closed, &story);
    assert_int_equal(story.closed, 0); /* not from inside the call */
    uv_run(&story.loop, UV_RUN_DEFAULT);
    assert_int_equal(story.closed, 1);
    assert_int_equal(story.ticks, ticks);
    assert_int_equal(uv_loop_close(&story.loop), 0);
}

static void a_conninfo_that_libpq_refuses_leaves_nothing_to_end(void **state)
{
    (void)state;
    struct story story;
    struct tw_error err;
    start(&story, "host=a nonsense");
    assert_false(begin(&story, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_int_equal(uv_loop_close(&story.loop), 0);
}

static void an_owner_is_named_and_its_tokens_differ(void **state)
{
    (void)state;
    struct story story;
    struct tw_error err;
    unsigned char first[TW_TOKEN_BYTES];
    char process[32];
    start(&story, "host=127.0.0.1 port=1");
    assert_true(begin(&story, &err));
    snprintf(process, sizeof process, ":%ld", (long)getpid());
    assert_non_null(strstr(story.session.owner, process));
    assert_string_equal(story.session.settings[0].name, "lock_timeout");
    assert_string_equal(story.session.settings[0].value, "1234");
    assert_true(tw_session_new_token(&story.session, &err));
    memcpy(first, story.session.token, sizeof first);
    assert_true(tw_session_new_token(&story.session, &err));
    assert_memory_not_equal(first, story.session.token, sizeof first);
    tw_session_end(&story.session, NULL, NULL);
    uv_run(&story.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&story.loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_comes_once_when_timer_and_connection_are_gone),
        cmocka_unit_test(a_conninfo_that_libpq_refuses_leaves_nothing_to_end),
        cmocka_unit_test(an_owner_is_named_and_its_tokens_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
