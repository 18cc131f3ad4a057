#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_monotonic_clock_never_says_zero_and_never_goes_back(void **state)
{
    (void)state;
    uint64_t before_us = tw_now_us();
    assert_true(tw_now_ms() > 0);
    assert_true(tw_now_ms() >= before_us / 1000 + 1);
    assert_true(tw_now_us() >= before_us);
}

static void the_wall_clock_counts_microseconds_of_this_century(void **state)
{
    (void)state;
    assert_true(tw_wall_us() > INT64_C(1700000000000000));
    assert_true(tw_wall_us() < INT64_C(4102444800000000));
}

static void a_threads_own_time_is_no_longer_than_the_walls(void **state)
{
    (void)state;
    uint64_t wall_us = tw_now_us();
    uint64_t thread_ns = tw_thread_ns();
    while (tw_thread_ns() - thread_ns < 1000000)
        continue;
    assert_true(tw_now_us() - wall_us >= 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_says_zero_and_never_goes_back),
        cmocka_unit_test(the_wall_clock_counts_microseconds_of_this_century),
        cmocka_unit_test(a_threads_own_time_is_no_longer_than_the_walls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
