/* alertmanager_teller: what an Alertmanager is sent, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tell/alertmanager_teller.h"

#define MESSAGE(step, step_time)                                                                             \
    "{\"key\":\"step-1\",\"step\":\"" step "\",\"step_time\":\"" step_time                                   \
    "\",\"alert\":7,\"rule\":\"r\",\"kind\":\"threshold\",\"severity\":\"warning\",\"entity\":\"E\","        \
    "\"name\":\"Ee\",\"opened_time\":\"2026-01-01T10:00:00.000000Z\","                                       \
    "\"opened_at\":\"2026-01-01T09:59:59.000000Z\",\"measure\":\"count\",\"value\":3.5000,"                  \
    "\"documents\":4,\"reason\":\"because\"}"
#define HEAD                                                                                                 \
    "[{\"labels\":{\"alertname\":\"r\",\"entity\":\"E\",\"severity\":\"warning\",\"kind\":\"threshold\"},"   \
    "\"annotations\":{\"reason\":\"because\",\"name\":\"Ee\",\"measure\":\"count\",\"value\":\"3.5000\","    \
    "\"documents\":\"4\",\"alert\":\"7\","                                                                   \
    "\"query\":\"SELECT * FROM tapewatch.alert_documents WHERE alert_id = 7\"},"                             \
    "\"startsAt\":\"2026-01-01T09:59:59.000000Z\",\"endsAt\":\""

/* 2026-01-01T11:00:00Z */
#define NOW_US INT64_C(1767265200000000)

static void expect_body(const char *message, const char *wanted)
{
    struct tw_outbox_row row = {.message = tw_text_of(message)};
    char *body = tw_alertmanager_body(&row, 1, NOW_US, 60000000);
    assert_non_null(body);
    assert_string_equal(body, wanted);
    free(body);
}

static void an_open_alert_ends_by_itself_after_four_repeats(void **state)
{
    (void)state;
    expect_body(MESSAGE("opened", "2026-01-01T10:00:00.000000Z"), HEAD "2026-01-01T11:04:00.000000Z\"}]");
    expect_body(MESSAGE("repeated", "2026-01-01T10:00:00.000000Z"), HEAD "2026-01-01T11:04:00.000000Z\"}]");
}

static void a_resolved_one_ended_when_it_was(void **state)
{
    (void)state;
    expect_body(MESSAGE("resolved", "2026-01-01T10:30:00.000000Z"), HEAD "2026-01-01T10:30:00.000000Z\"}]");
}

static void a_closed_one_ended_when_people_closed_it(void **state)
{
    (void)state;
    expect_body(MESSAGE("closed", "2026-01-01T10:40:00.000000Z"), HEAD "2026-01-01T10:40:00.000000Z\"}]");
}

static void it_ends_neither_after_now_nor_before_it_began(void **state)
{
    (void)state;
    expect_body(MESSAGE("resolved", "2026-01-01T11:30:00.000000Z"), HEAD "2026-01-01T11:00:00.000000Z\"}]");
    expect_body(MESSAGE("resolved", "1987-01-01T11:30:00.000000Z"), HEAD "2026-01-01T09:59:59.000000Z\"}]");
}

static void what_is_no_json_is_not_sent(void **state)
{
    struct tw_outbox_row row = {.message = tw_text_of("{")};
    (void)state;
    assert_null(tw_alertmanager_body(&row, 1, NOW_US, 60000000));
}

static void an_address_has_one_slash(void **state)
{
    static const char *const servers[] = {"http://h:1/p", "http://h:1/p/", "http://h:1/p//"};
    (void)state;
    for (size_t at = 0; at < sizeof servers / sizeof servers[0]; at++) {
        char *url = tw_alertmanager_url(servers[at], "/api");
        assert_string_equal(url, "http://h:1/p/api");
        free(url);
    }
}

static void expect_outcome(long status, const char *body, enum tw_telling wanted)
{
    const struct tw_http_answer answer = {.status = status, .body = tw_text_of(body), .trouble = ""};
    assert_int_equal(tw_alertmanager_outcome(&answer), wanted);
}

static void what_is_said_of_alerts_is_theirs(void **state)
{
    (void)state;
    expect_outcome(200, "", TW_TELLING_TOLD);
    expect_outcome(202, "{\"status\":\"success\"}", TW_TELLING_TOLD);
    expect_outcome(400, "\"at least one label pair required\"\n", TW_TELLING_REFUSED);
    expect_outcome(422, "{\"code\":602,\"message\":\"labels is required\"}", TW_TELLING_REFUSED);
    expect_outcome(413, "<html><h1>413 Request Entity Too Large</h1></html>", TW_TELLING_REFUSED);
}

/* Alerts would be told to nobody, and each of them given up. */
static void what_another_program_says_is_trouble(void **state)
{
    static const char page[] = "\r\n<html><h1>400 The plain HTTP request was sent to HTTPS port</h1></html>";
    static const long statuses[] = {0, 302, 401, 403, 404, 429, 500, 503};
    (void)state;
    for (size_t at = 0; at < sizeof statuses / sizeof statuses[0]; at++)
        expect_outcome(statuses[at], "", TW_TELLING_WAITS);
    expect_outcome(400, page, TW_TELLING_WAITS);
    expect_outcome(422, page, TW_TELLING_WAITS);
    expect_outcome(200, "<!doctype html><title>It works</title>", TW_TELLING_WAITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_alert_ends_by_itself_after_four_repeats),
        cmocka_unit_test(a_resolved_one_ended_when_it_was),
        cmocka_unit_test(a_closed_one_ended_when_people_closed_it),
        cmocka_unit_test(it_ends_neither_after_now_nor_before_it_began),
        cmocka_unit_test(what_is_no_json_is_not_sent),
        cmocka_unit_test(an_address_has_one_slash),
        cmocka_unit_test(what_is_said_of_alerts_is_theirs),
        cmocka_unit_test(what_another_program_says_is_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
