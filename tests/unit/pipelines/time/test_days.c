/* days: bars by day, the same however they were divided. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "test_arena.h"
#include "time/days.h"

static struct tw_bar_row bar(int64_t time_us, int64_t count, int64_t sum)
{
    return (struct tw_bar_row){.bar_us = time_us, .count = count, .sum = sum, .sum_of_squares = count};
}

static void a_day_begins_at_midnight_utc_also_before_1970(void **state)
{
    (void)state;
    assert_int_equal(tw_day_start(0), 0);
    assert_int_equal(tw_day_start(TW_DAY_US - 1), 0);
    assert_int_equal(tw_day_start(TW_DAY_US), TW_DAY_US);
    assert_int_equal(tw_day_start(-1), -TW_DAY_US);
    assert_int_equal(tw_day_start(-TW_DAY_US), -TW_DAY_US);
}

static void bars_from_a_time_on_are_summed_by_day_and_added_to_what_was_known(void **state)
{
    (void)state;
    const struct tw_bar_row bars[] = {bar(0, 9, 9), bar(TW_BAR_US, 1, -5), bar(TW_DAY_US - TW_BAR_US, 2, 7),
        bar(TW_DAY_US, 3, 1), bar(5 * TW_DAY_US, 4, 2)};
    struct tw_days fresh, all;
    struct tw_error err;
    assert_true(tw_days_sum(bars, 5, TW_BAR_US, INT64_MAX, &arena, &fresh, &err));
    assert_int_equal(fresh.count, 3);
    assert_true(fresh.rows[0].bar_us == 0 && fresh.rows[0].count == 3 && fresh.rows[0].sum == 2);
    /* Bars that have not closed by then wait for the next interval: they are in one sum alone. */
    struct tw_days closed;
    assert_true(tw_days_sum(bars, 5, TW_BAR_US, TW_DAY_US, &arena, &closed, &err));
    assert_int_equal(closed.count, 1);
    assert_true(closed.rows[0].bar_us == 0 && closed.rows[0].count == 3);
    const struct tw_bar_row known[] = {bar(-TW_DAY_US, 1, 1), bar(0, 9, 9)};
    const struct tw_days stored = {known, 2};
    assert_true(tw_days_merge(&stored, &fresh, &arena, &all, &err));
    assert_int_equal(all.count, 4);
    assert_true(all.rows[1].count == 12 && all.rows[1].sum == 11 && all.rows[1].sum_of_squares == 12);
    assert_int_equal(all.rows[3].bar_us, 5 * TW_DAY_US);
}

static void days_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct tw_bar_row wrong[][2] = {
        {bar(0, 1, 0), bar(0, 1, 0)},             /* twice */
        {bar(0, 1, 0), bar(TW_BAR_US, 1, 0)},     /* no midnight */
        {bar(0, 1, 10001), bar(TW_DAY_US, 1, 0)}, /* no sum of one sentiment */
        {bar(0, -1, 0), bar(TW_DAY_US, 1, 0)},    /* fewer than none */
        {bar(0, 2000000000000, 0), bar(TW_DAY_US, 1, 0)},
    };
    const struct tw_days none = {0};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        const struct tw_days stored = {wrong[at], 2};
        struct tw_days all;
        struct tw_error err;
        assert_false(tw_days_merge(&stored, &none, &arena, &all, &err));
        assert_int_equal(err.code, TW_INTERNAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_begins_at_midnight_utc_also_before_1970),
        cmocka_unit_test(bars_from_a_time_on_are_summed_by_day_and_added_to_what_was_known),
        cmocka_unit_test(days_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
