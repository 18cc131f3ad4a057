/* processors: threads are counted by what the system lets us use. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/processors.h"

static void a_quota_is_rounded_up_to_whole_processors(void **state)
{
    (void)state;
    assert_int_equal(tw_processors_of_quota("200000 100000\n"), 2);
    assert_int_equal(tw_processors_of_quota("150000 100000\n"), 2);
    assert_int_equal(tw_processors_of_quota("50000 100000\n"), 1);
    assert_int_equal(tw_processors_of_quota("max 100000\n"), 0);
    assert_int_equal(tw_processors_of_quota("-1 100000"), 0);
    assert_int_equal(tw_processors_of_quota(""), 0);
}

static void affinity_limits_the_count(void **state)
{
    (void)state;
    cpu_set_t before;
    cpu_set_t one;
    char why[4200];
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(tw_processors(why, sizeof why), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up_to_whole_processors),
        cmocka_unit_test(affinity_limits_the_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
