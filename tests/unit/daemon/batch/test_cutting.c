/* cutting: nobody waits while a worker could do it, and nothing is cut small while all are busy. */
#include "batch/cutting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void with_nothing_out_the_oldest_goes_at_once(void **state)
{
    (void)state;
    assert_int_equal(tw_cutting_now(1, 1, 0, 0), TW_CUT_ANY);
    assert_int_equal(tw_cutting_now(16, 1, 0, 0), TW_CUT_ANY);
}

/* What it once waited for: that everything was stored. */
static void a_worker_that_has_nothing_to_do_takes_the_next_while_the_others_are_busy(void **state)
{
    (void)state;
    assert_int_equal(tw_cutting_now(2, 1, 1, 1), TW_CUT_ANY);
    assert_int_equal(tw_cutting_now(2, 1, 1, 2), TW_CUT_ANY);
    assert_int_equal(tw_cutting_now(2, 1, 0, 1), TW_CUT_ANY);
}

static void while_workers_are_busy_only_old_batches_are_cut_and_one_for_each_at_the_most(void **state)
{
    (void)state;
    assert_int_equal(tw_cutting_now(2, 1, 2, 2), TW_CUT_OLD);
    assert_int_equal(tw_cutting_now(2, 1, 3, 3), TW_CUT_OLD);
    assert_int_equal(tw_cutting_now(2, 1, 4, 4), TW_CUT_NONE);
    assert_int_equal(tw_cutting_now(2, 1, 5, 5), TW_CUT_NONE);
}

/* What is done waits for its transaction, or for a batch that was cut before it. */
static void while_much_waits_for_its_transaction_batches_gather(void **state)
{
    (void)state;
    assert_int_equal(tw_cutting_now(2, 1, 0, 2), TW_CUT_OLD);
    assert_int_equal(tw_cutting_now(2, 1, 1, 3), TW_CUT_OLD);
    assert_int_equal(tw_cutting_now(2, 1, 0, 4), TW_CUT_NONE);
    assert_int_equal(tw_cutting_now(2, 1, 1, 5), TW_CUT_NONE);
    assert_int_equal(tw_cutting_now(64, 1, 3, 100), TW_CUT_NONE);
}

/* Each has one at hand and one to follow it, as one alone had. */
static void two_sessions_have_twice_as_much_at_hand(void **state)
{
    (void)state;
    assert_int_equal(tw_cutting_now(2, 2, 1, 4), TW_CUT_ANY);
    assert_int_equal(tw_cutting_now(2, 2, 1, 5), TW_CUT_OLD);
    assert_int_equal(tw_cutting_now(2, 2, 1, 8), TW_CUT_OLD);
    assert_int_equal(tw_cutting_now(2, 2, 1, 9), TW_CUT_NONE);
}

/* A worker has put one down of which the loop has not heard: it counts as done. */
static void counts_that_do_not_fit_together_cut_nothing_wrong(void **state)
{
    (void)state;
    assert_int_equal(tw_cutting_now(2, 1, 1, 0), TW_CUT_ANY);
    assert_int_equal(tw_cutting_now(2, 1, 4, 0), TW_CUT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_nothing_out_the_oldest_goes_at_once),
        cmocka_unit_test(a_worker_that_has_nothing_to_do_takes_the_next_while_the_others_are_busy),
        cmocka_unit_test(while_workers_are_busy_only_old_batches_are_cut_and_one_for_each_at_the_most),
        cmocka_unit_test(while_much_waits_for_its_transaction_batches_gather),
        cmocka_unit_test(two_sessions_have_twice_as_much_at_hand),
        cmocka_unit_test(counts_that_do_not_fit_together_cut_nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
