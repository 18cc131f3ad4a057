/* http_post: addresses, and what is answered when nobody listens; with a server, the story
 * tests/integration/test_tell_alertmanager. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tell/http_post.h"

static void addresses_are_judged(void **state)
{
    static const struct {
        const char *url;
        const char *what; /* NULL: it will do */
    } cases[] = {
        {"http://localhost:9093", NULL},
        {"https://alerts.example/am/", NULL},
        {"http://[::1]:9093", NULL},
        {"ftp://localhost", "not an address that can be told: neither http nor https"},
        {"localhost:9093", "not an address that can be told: Unsupported URL scheme"},
        {"http://h/?a=b", "not an address that can be told: it has a query or a fragment"},
        {"http://ann:secret@h",
            "not an address that can be told: it holds a user or password, and secrets do "
            "not stand in the configuration"},
    };
    (void)state;
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_error err = {0};
        assert_int_equal(tw_http_url_check(cases[at].url, "tell.alertmanager", &err), cases[at].what == NULL);
        if (cases[at].what) {
            assert_int_equal(err.code, TW_CONFIG);
            assert_string_equal(err.what, cases[at].what);
            assert_null(strstr(err.what, "secret@"));
        }
    }
}

struct story {
    struct tw_http_post *post;
    int answers;
    int closed;
};

static void on_closed(void *context)
{
    struct story *story = context;
    story->closed++;
}

static void on_answered(void *context, const struct tw_http_answer *answer)
{
    struct story *story = context;
    assert_int_equal(answer->status, 0);
    assert_true(answer->trouble[0] != '\0');
    if (++story->answers == 1)
        tw_http_post_send(story->post, tw_text_of("[]")); /* from inside the answer */
    else
        tw_http_post_end(story->post, on_closed, story);
}

static void nobody_listens(void **state)
{
    struct story story = {0};
    struct tw_http_post_events events = {&story, on_answered};
    struct tw_error err;
    uv_loop_t loop;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(tw_http_post_begin(&loop, "http://127.0.0.1:9/", 2000, &events, &story.post, &err));
    tw_http_post_send(story.post, tw_text_of("[]"));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(story.answers, 2);
    assert_int_equal(story.closed, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* Asked to end in the middle of a request: no answer comes, and no handle stays. */
static void it_ends_in_the_middle(void **state)
{
    struct story story = {0};
    struct tw_http_post_events events = {&story, on_answered};
    struct tw_error err;
    uv_loop_t loop;
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(tw_http_post_begin(&loop, "http://192.0.2.1:9/", 60000, &events, &story.post, &err));
    tw_http_post_send(story.post, tw_text_of("[]"));
    for (int turn = 0; turn < 5 && story.answers == 0; turn++)
        uv_run(&loop, UV_RUN_NOWAIT);
    bool refused = story.answers > 0; /* a network without that route: answered, and ended by on_answered */
    if (!refused)
        tw_http_post_end(story.post, on_closed, &story);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(story.answers, refused ? 2 : 0);
    assert_int_equal(story.closed, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_judged),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(it_ends_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
