/* untold: rows that wait to be told get on when one is told, and at no other time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tell/untold.h"

enum { BEGIN_MS = 1000000, KEEP_MS = 60000 };

static void see(struct tw_untold *untold, uint64_t now_ms, int64_t rows, int64_t age_ms)
{
    const struct tw_untold_seen seen = {.rows = rows, .age_ms = age_ms, .keep_ms = KEEP_MS};
    tw_untold_note(untold, &seen, now_ms);
}

static void rows_that_stand_still_are_behind_and_those_that_move_on_are_not(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    see(&untold, BEGIN_MS, 0, 0);
    see(&untold, BEGIN_MS + 5000, 2, 1000);
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 5000), 0);
    see(&untold, BEGIN_MS + 25000, 3, 21000);
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 25000), 20000);
    assert_int_equal(tw_untold_age_ms(&untold, BEGIN_MS + 26000), 22000);
    see(&untold, BEGIN_MS + 26000, 2, 4000); /* another daemon has told the oldest */
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 26000), 0);
    see(&untold, BEGIN_MS + 36000, 2, 14000);
    tw_untold_told(&untold, true, BEGIN_MS + 36000); /* this one has told some, as old as these */
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 37000), 1000);
    see(&untold, BEGIN_MS + 38000, 0, 0);
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 99000), 0);
    assert_int_equal(tw_untold_age_ms(&untold, BEGIN_MS + 99000), 0);
}

/* One partition of the topic has no leader: its rows wait, and those of the others are told around them. */
static void rows_that_are_told_around_the_oldest_are_no_progress(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    see(&untold, BEGIN_MS, 0, 0);
    for (uint64_t passed_ms = 1000; passed_ms <= 31000; passed_ms += 1000) {
        see(&untold, BEGIN_MS + passed_ms, 2, (int64_t)passed_ms - 1000);
        tw_untold_told(&untold, false, BEGIN_MS + passed_ms);
    }
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 31000), 30000);
    tw_untold_told(&untold, true, BEGIN_MS + 32000); /* there is a leader */
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 32000), 0);
}

/* The target is away for longer than tell.keep. A row a second is given up, and another is the oldest. */
static void rows_that_are_given_up_are_no_progress(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    see(&untold, BEGIN_MS, 1, 0);
    for (uint64_t passed_ms = 2000; passed_ms <= 2 * KEEP_MS; passed_ms += 2000)
        see(&untold, BEGIN_MS + passed_ms, 30, (int64_t)(passed_ms < KEEP_MS ? passed_ms : KEEP_MS));
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 2 * KEEP_MS), 2 * KEEP_MS);
}

/* Whoever answers is busy, and its clock is not ours. */
static void ages_that_come_late_are_no_progress(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    see(&untold, BEGIN_MS, 1, 0);
    for (uint64_t passed_ms = 400; passed_ms <= 20000; passed_ms += 400)
        see(&untold, BEGIN_MS + passed_ms, 1, (int64_t)passed_ms - (int64_t)passed_ms / 25);
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 20000), 20000);
}

static void what_cannot_be_asked_is_not_known_from_the_first_time_on(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    assert_int_equal(tw_untold_unknown_ms(&untold, BEGIN_MS + 3000), 3000); /* no session yet */
    see(&untold, BEGIN_MS + 4000, 1, 500);
    assert_int_equal(tw_untold_unknown_ms(&untold, BEGIN_MS + 5000), 0);
    tw_untold_unknown(&untold, BEGIN_MS + 6000);
    tw_untold_unknown(&untold, BEGIN_MS + 9000);
    assert_int_equal(tw_untold_unknown_ms(&untold, BEGIN_MS + 16000), 10000);
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 16000), 12000); /* as far as was known */
}

/* Nothing waits, and the target takes them for over. A session that comes and goes looks well in between. */
static void open_alerts_that_are_not_told_again_are_behind_whatever_the_session_does(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    see(&untold, BEGIN_MS, 0, 0);
    for (uint64_t passed_ms = 1000; passed_ms <= 41000; passed_ms += 10000) {
        tw_untold_repeated(&untold, false, BEGIN_MS + passed_ms);
        tw_untold_unknown(&untold, BEGIN_MS + passed_ms + 1000); /* lost, and there again */
        see(&untold, BEGIN_MS + passed_ms + 2000, 0, 0);
    }
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 43000), 42000);
    tw_untold_repeated(&untold, true, BEGIN_MS + 44000);
    assert_int_equal(tw_untold_behind_ms(&untold, BEGIN_MS + 45000), 0);
}

/* One alert may be too large, and another of a kind that it does not know. */
static void a_target_that_refuses_one_behind_the_other_refuses_them_all(void **state)
{
    struct tw_untold untold;
    (void)state;
    tw_untold_begin(&untold, BEGIN_MS);
    tw_untold_ended(&untold, false);
    tw_untold_ended(&untold, false);
    assert_int_equal(tw_untold_refused(&untold), 0);
    tw_untold_ended(&untold, false);
    assert_int_equal(tw_untold_refused(&untold), 3);
    see(&untold, BEGIN_MS + 1000, 0, 0); /* nothing waits: they were given up */
    assert_int_equal(tw_untold_refused(&untold), 3);
    tw_untold_ended(&untold, true);
    assert_int_equal(tw_untold_refused(&untold), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_stand_still_are_behind_and_those_that_move_on_are_not),
        cmocka_unit_test(rows_that_are_told_around_the_oldest_are_no_progress),
        cmocka_unit_test(rows_that_are_given_up_are_no_progress),
        cmocka_unit_test(ages_that_come_late_are_no_progress),
        cmocka_unit_test(a_target_that_refuses_one_behind_the_other_refuses_them_all),
        cmocka_unit_test(what_cannot_be_asked_is_not_known_from_the_first_time_on),
        cmocka_unit_test(open_alerts_that_are_not_told_again_are_behind_whatever_the_session_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
