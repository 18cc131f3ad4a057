/* decode_changes: what a configuration says of decoding that the defaults do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "read/decode_changes.h"

static void expect_changes(const struct tw_decode_options *options, const char *expected)
{
    json_t *changes = tw_decode_changes(options);
    char *text = json_dumps(changes, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(changes);
}

static void the_default_way_changes_nothing(void **state)
{
    (void)state;
    struct tw_decode_options options = tw_decode_defaults();
    expect_changes(&options, "{}");
    options.root = options.time_zone_name = ""; /* as a configuration has them when it says nothing */
    expect_changes(&options, "{}");
}

static void each_setting_is_told_by_its_name(void **state)
{
    (void)state;
    static const char *const one[] = {"summary"}, *const two[] = {"ts", "when"};
    const struct tw_name_list summary = {one, 1}, times = {two, 2};
    struct tw_decode_options options = tw_decode_defaults();
    options.body = summary;
    options.time = times;
    options.envelope = TW_ENVELOPE_CLOUDEVENTS;
    options.root = "payload.after";
    options.time_zone_name = "Europe/Berlin";
    options.time_unit = TW_UNIT_NANOSECONDS;
    options.max_payload_bytes = 1024;
    options.max_ahead_us = 1;
    expect_changes(&options,
        "{\"time\":[\"ts\",\"when\"],\"body\":[\"summary\"],\"envelope\":\"cloudevents\","
        "\"root\":\"payload.after\",\"time_zone\":\"Europe/Berlin\",\"time_unit\":\"ns\",\"most_bytes\":1024,"
        "\"max_ahead_us\":1}");
}

static void the_order_of_names_counts(void **state)
{
    (void)state;
    static const char *const turned[] = {"headline", "title"}, *const shorter[] = {"title"};
    const struct tw_name_list other_way = {turned, 2}, fewer = {shorter, 1};
    struct tw_decode_options options = tw_decode_defaults();
    options.title = other_way;
    expect_changes(&options, "{\"title\":[\"headline\",\"title\"]}");
    options.title = fewer;
    expect_changes(&options, "{\"title\":[\"title\"]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_way_changes_nothing),
        cmocka_unit_test(each_setting_is_told_by_its_name),
        cmocka_unit_test(the_order_of_names_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
