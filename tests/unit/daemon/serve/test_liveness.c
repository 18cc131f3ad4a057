/* liveness: records that wait while nothing is committed are told by the time since the last commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "serve/liveness.h"

static void commits_that_go_on_are_progress_however_much_waits(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    for (uint64_t second = 0; second < 100; second++) {
        tw_liveness_note(&liveness, true, second, second * 1000);
        assert_int_equal(tw_liveness_waited_ms(&liveness, true, second, second * 1000 + 900), 900);
    }
}

static void without_a_commit_the_wait_grows_until_the_next_one(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    tw_liveness_note(&liveness, true, 7, 1000);
    for (uint64_t second = 2; second < 30; second++)
        tw_liveness_note(&liveness, true, 7, second * 1000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, true, 7, 30000), 29000);
    /* Who asks between two seconds hears of a commit at once. */
    assert_int_equal(tw_liveness_waited_ms(&liveness, true, 8, 30000), 0);
    tw_liveness_note(&liveness, true, 8, 30000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, true, 8, 30500), 500);
}

static void nothing_that_waits_is_no_fault_and_waiting_counts_from_when_it_begins(void **state)
{
    (void)state;
    struct tw_liveness liveness = {0};
    for (uint64_t second = 1; second < 100; second++)
        tw_liveness_note(&liveness, false, 3, second * 1000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, false, 3, 99900), 0);
    assert_int_equal(tw_liveness_waited_ms(&liveness, true, 3, 99900), 900);
    tw_liveness_note(&liveness, true, 3, 100000);
    assert_int_equal(tw_liveness_waited_ms(&liveness, true, 3, 101000), 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commits_that_go_on_are_progress_however_much_waits),
        cmocka_unit_test(without_a_commit_the_wait_grows_until_the_next_one),
        cmocka_unit_test(nothing_that_waits_is_no_fault_and_waiting_counts_from_when_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
