/* held: who holds event time back is named when it stands still for long, not while it moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "serve/held.h"

static const struct tw_holder nobody = {.topic = ""};

static void only_what_stands_still_for_long_is_held(void **state)
{
    (void)state;
    struct tw_held held = {.limit_ms = 30000};
    struct tw_holder holder = {.topic = "news", .number = 7, .watermark_us = 1000};
    tw_held_note(&held, &holder, 1000);
    assert_int_equal(tw_held_ms(&held, 30999), 0);
    assert_int_equal(tw_held_ms(&held, 31000), 30000);
    tw_held_note(&held, &holder, 40000);
    assert_int_equal(tw_held_ms(&held, 40000), 39000);
    holder.watermark_us = 2000; /* it moves */
    tw_held_note(&held, &holder, 41000);
    assert_int_equal(tw_held_ms(&held, 60000), 0);
    holder.number = 3; /* another is last */
    tw_held_note(&held, &holder, 62000);
    assert_int_equal(tw_held_ms(&held, 80000), 0);
    assert_int_equal(tw_held_ms(&held, 92000), 30000);
    tw_held_note(&held, &nobody, 93000);
    assert_int_equal(tw_held_ms(&held, 1000000), 0);
    tw_held_note(&held, NULL, 94000);
    assert_int_equal(tw_held_ms(&held, 1000000), 0);
    assert_int_equal(held.limit_ms, 30000);
}

static void each_reason_has_its_cure(void **state)
{
    (void)state;
    static const struct {
        bool orphan;
        int64_t watermark_us;
        int32_t there;
        const char *why, *cure;
    } cases[] = {
        {true, 1000, 2, "the topic has 2 partitions: it is gone",
            "tapewatch reset --topic news --forget --dry-run, then --execute"},
        {true, 1000, 8, "nobody reads it",
            "see that its daemon runs, in the same group; if it is gone for good: tapewatch reset --topic news "
            "--partition 7 --forget"},
        {false, 1000, 0, "it lags, or its broker does not answer",
            "see its lag in tapewatch.stream_positions, and its daemon's log"},
        {false, TW_NO_TIME, 0, "no record of it has a time yet, and it is not silent for long",
            "see its lag in tapewatch.stream_positions, and its daemon's log"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_held held = {.holder = {.topic = "news",
                                   .number = 7,
                                   .watermark_us = cases[at].watermark_us,
                                   .orphan = cases[at].orphan}};
        char why[128];
        char cure[512];
        tw_held_why(&held, cases[at].there, why, sizeof why, cure, sizeof cure);
        assert_string_equal(why, cases[at].why);
        assert_string_equal(cure, cases[at].cure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_stands_still_for_long_is_held),
        cmocka_unit_test(each_reason_has_its_cure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
