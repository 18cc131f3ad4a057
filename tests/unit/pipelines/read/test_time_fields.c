/* time_fields: a day and a clock in two fields are one time, a clock alone is none, and a time under a name
 * that nobody knows is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "read/time_fields.h"

static void a_day_and_a_clock_are_one_time(void **state)
{
    (void)state;
    static const struct {
        const char *object, *joined; /* NULL: no such pair */
    } cases[] = {
        {"{\"date\":\"2026-11-30\",\"time\":\"14:31:05.5Z\"}", "2026-11-30 14:31:05.5Z"},
        {"{\"Date\":\" 11/30/2026 \",\"Time\":\"2:31 PM ET\"}", "11/30/2026 2:31 PM ET"},
        {"{\"pub_date\":\"30 Nov 2026\",\"pubTime\":\"T14:31Z\"}", "30 Nov 2026 14:31Z"},
        {"{\"date\":20261130,\"time\":143105}", "20261130 14:31:05"},
        {"{\"date\":20261130,\"time\":93105}", "20261130 09:31:05"},
        {"{\"date\":\"20261130\",\"time\":\"0931\"}", "20261130 09:31"},
        {"{\"date\":\"2026-11-30\",\"time\":\"143105+0100\"}", "2026-11-30 14:31:05+0100"},
        {"{\"date\":\"2026-11-30T00:00:00.000Z\",\"time\":\"14:31\"}", "2026-11-30 14:31"},
        {"{\"date\":\"2026-11-30 00:00:00\",\"time\":\"14:31\"}", "2026-11-30 14:31"},
        {"{\"date\":\"2026-11-30\"}", NULL},
        {"{\"time\":\"14:31\"}", NULL},
        {"{\"date\":\"2026-11-30T14:31Z\",\"time\":\"14:31\"}", NULL},
        {"{\"date\":\"2026-11-30\",\"time\":\"2026-11-30\"}", NULL},
        {"{\"date\":\"2026-11-30\",\"time\":1796049065}", NULL},
        {"{\"date\":1796049065,\"time\":\"14:31\"}", NULL},
        {"{\"date\":null,\"time\":{\"a\":1}}", NULL},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char joined[TW_TIME_FIELDS_BYTES];
        json_t *object = json_loads(cases[at].object, 0, NULL);
        bool found = tw_time_fields_join(object, joined) != NULL;
        if (found != (cases[at].joined != NULL))
            fail_msg("%s: %s", cases[at].object, found ? joined : "no pair");
        if (found)
            assert_string_equal(joined, cases[at].joined);
        json_decref(object);
    }
    char joined[TW_TIME_FIELDS_BYTES];
    assert_null(tw_time_fields_join(NULL, joined));
}

static void a_clock_is_no_time(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool clock;
    } cases[] = {{"\"14:31\"", true}, {"\"9:05 a.m.\"", true}, {"\"T14:31:00Z\"", true}, {"\"143105\"", true},
        {"\"1431 ET\"", true}, {"930", true}, {"235959", true}, {"236000", false}, {"975", false},
        {"\"2026-11-30\"", false}, {"\"20261130\"", false}, {"1796049065", false}, {"\"14\"", false},
        {"\"\"", false}, {"null", false}, {"14.5", false}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        json_t *value = json_loads(cases[at].value, JSON_DECODE_ANY, NULL);
        if (tw_time_fields_is_clock(value) != cases[at].clock)
            fail_msg("%s", cases[at].value);
        json_decref(value);
    }
}

static void a_time_under_an_unknown_name_is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        bool noticed;
    } cases[] = {
        {"{\"x\":1,\"crawl_time\":\"2026-11-30T14:31:00Z\"}", true},
        {"{\"received_at\":1796049065}", true},
        {"{\"DateOfIssue\":\"30 Nov 2026 14:31 GMT\"}", true},
        {"{\"sentiment\":1,\"update\":true,\"runtime\":120}", false}, /* numbers, and none is a time */
        {"{\"checkedAt\":\"2026-11-30 14:31\"}", true},
        {"{\"expiry_date\":\"2027-11-30T14:31:00Z\"}", false}, /* what is still to come */
        {"{\"text\":\"2026-11-30T14:31:00Z\"}", false},
        {"{}", false},
    };
    const struct tw_event_time_options reading = {TW_UNIT_AUTO, NULL};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        json_t *object = json_loads(cases[at].object, 0, NULL);
        bool naive = false,
             noticed = tw_time_fields_unknown(object, &reading, INT64_C(1796100000000000), &naive);
        if (noticed != cases[at].noticed)
            fail_msg("%s", cases[at].object);
        json_decref(object);
    }
}

static void names_say_what_a_time_means(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        int64_t utc_us, published_us; /* 0: there is none */
    } cases[] = {
        {"{\"timestamp_utc\":\"2026-11-30 14:31\"}", 1796049060000000, 0},
        {"{\"date\":\"2026-11-30 09:31\",\"date_gmt\":\"2026-11-30 14:31\"}", 1796049060000000, 0},
        {"{\"when\":1,\"publishedUTC\":\"2026-11-30T14:31Z\"}", 1796049060000000, 1796049060000000},
        {"{\"feed_utc\":\"2026-11-30 14:31\"}", 0, 0},
        {"{\"timestamp_utc\":\"soon\"}", 0, 0},
        {"{\"utc\":\"2026-11-30 14:31\"}", 0, 0},
        {"{\"first_published_ts\":1796049060}", 0, 1796049060000000},
        {"{\"publisher_since\":1796049060,\"publication_id\":1796049060}", 0, 0},
        {"{\"publish_at\":\"2036-11-30T14:31:00Z\",\"published\":true}", 0, 0},
    };
    static const char *const chief[] = {"ts", "timestamp"};
    const struct tw_name_list names = {chief, 2};
    const struct tw_event_time_options reading = {TW_UNIT_AUTO, NULL};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        json_t *object = json_loads(cases[at].object, 0, NULL);
        int64_t utc_us = 0, published_us = 0;
        bool utc = tw_time_fields_utc(object, &names, &utc_us);
        bool published = tw_time_fields_published(object, &reading, INT64_C(1796100000000000), &published_us);
        if (utc != (cases[at].utc_us != 0) || (utc && utc_us != cases[at].utc_us))
            fail_msg("%s: UTC", cases[at].object);
        if (published != (cases[at].published_us != 0) ||
            (published && published_us != cases[at].published_us))
            fail_msg("%s: published", cases[at].object);
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_and_a_clock_are_one_time),
        cmocka_unit_test(a_clock_is_no_time),
        cmocka_unit_test(a_time_under_an_unknown_name_is_noticed),
        cmocka_unit_test(names_say_what_a_time_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
