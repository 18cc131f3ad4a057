/* stopwatch: laps are what the clock said, and a quantile is right to a sixteenth. */
#include "base/stopwatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A clock of the test's own: the watch is the only one who looks at it. */
static uint64_t time_ns;

static uint64_t clock_of_the_test(void)
{
    return time_ns;
}

static struct tw_stopwatch *given_watch(void)
{
    struct tw_stopwatch *watch = calloc(1, sizeof *watch);
    assert_non_null(watch);
    watch->now_ns = clock_of_the_test;
    return watch;
}

static void quantiles_are_right_to_a_sixteenth(void **state)
{
    (void)state;
    static const double shares[] = {0.01, 0.5, 0.9, 0.99, 1.0};
    struct tw_stopwatch *watch = given_watch();
    tw_stopwatch_begin(watch);
    for (uint64_t lap = 1; lap <= 1000; lap++) {
        time_ns += lap * 1000;
        tw_stopwatch_lap(watch, 3, 1);
    }
    assert_int_equal(watch->steps[3].count, 1000);
    assert_int_equal(watch->steps[3].ns, 500500000);
    for (size_t at = 0; at < sizeof shares / sizeof shares[0]; at++) {
        const double ns = tw_laps_quantile_ns(&watch->steps[3], shares[at]), wanted = 1e6 * shares[at];
        assert_true(ns > wanted * 15 / 16 && ns < wanted * 17 / 16);
    }
    assert_true(tw_laps_quantile_ns(&watch->steps[0], 0.5) <= 0.0);
    free(watch);
}

static void a_lap_is_shared_and_what_lies_between_is_not_counted(void **state)
{
    (void)state;
    struct tw_stopwatch *watch = given_watch();
    tw_stopwatch_begin(watch);
    time_ns += 800;
    tw_stopwatch_lap(watch, 0, 8);
    time_ns += 1000000; /* nobody's */
    tw_stopwatch_begin(watch);
    time_ns += 7;
    tw_stopwatch_lap(watch, 1, 1);
    tw_stopwatch_lap(watch, 1, 0);
    assert_int_equal(watch->steps[0].count, 8);
    assert_int_equal(watch->steps[0].ns, 800);
    assert_int_equal(watch->steps[1].count, 1);
    assert_true(tw_laps_quantile_ns(&watch->steps[1], 1.0) > 6.9);
    free(watch);
}

static void an_endless_lap_has_a_class_too(void **state)
{
    (void)state;
    struct tw_stopwatch *watch = given_watch();
    tw_stopwatch_begin(watch);
    time_ns += UINT64_MAX / 2;
    tw_stopwatch_lap(watch, 7, 1);
    assert_true(tw_laps_quantile_ns(&watch->steps[7], 0.5) > 1e14);
    tw_stopwatch_begin(NULL);
    tw_stopwatch_lap(NULL, 0, 1);
    free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_right_to_a_sixteenth),
        cmocka_unit_test(a_lap_is_shared_and_what_lies_between_is_not_counted),
        cmocka_unit_test(an_endless_lap_has_a_class_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
