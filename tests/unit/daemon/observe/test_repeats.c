/* repeats: the first at once, then one a minute with how many came between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "observe/repeats.h"

enum { START_MS = 5000 };

static void the_first_is_told_at_once_and_then_one_a_minute(void **state)
{
    (void)state;
    struct tw_repeats repeats = {0};
    uint64_t unsaid = 99;
    assert_true(tw_repeats_tell(&repeats, 7, START_MS, &unsaid));
    assert_int_equal(unsaid, 0);
    for (uint64_t second = 1; second < 60; second++)
        assert_false(tw_repeats_tell(&repeats, 7, START_MS + second * 1000, &unsaid));
    assert_true(tw_repeats_tell(&repeats, 7, START_MS + 60000, &unsaid));
    assert_int_equal(unsaid, 59);
    assert_false(tw_repeats_tell(&repeats, 7, START_MS + 61000, &unsaid));
}

static void kinds_do_not_hide_each_other(void **state)
{
    (void)state;
    struct tw_repeats repeats = {0};
    uint64_t unsaid;
    assert_true(tw_repeats_tell(&repeats, 7, START_MS, &unsaid));
    assert_true(tw_repeats_tell(&repeats, 0, START_MS, &unsaid));
    assert_true(tw_repeats_tell(&repeats, -7, START_MS, &unsaid));
    assert_false(tw_repeats_tell(&repeats, 0, START_MS + 1, &unsaid));
}

static void what_was_silent_for_long_is_new_again(void **state)
{
    (void)state;
    struct tw_repeats repeats = {0};
    uint64_t unsaid;
    assert_true(tw_repeats_tell(&repeats, 7, START_MS, &unsaid));
    assert_false(tw_repeats_tell(&repeats, 7, START_MS + 1000, &unsaid));
    assert_true(tw_repeats_tell(&repeats, 7, START_MS + 1000 + TW_REPEATS_FORGET_MS, &unsaid));
    assert_int_equal(unsaid, 0);
}

static void one_kind_too_many_takes_the_place_of_the_one_told_longest_ago(void **state)
{
    (void)state;
    struct tw_repeats repeats = {0};
    uint64_t unsaid;
    for (int kind = 0; kind <= TW_REPEATS_KINDS; kind++)
        assert_true(tw_repeats_tell(&repeats, kind, START_MS + (uint64_t)kind, &unsaid));
    assert_true(tw_repeats_tell(&repeats, 0, START_MS + 100, &unsaid));  /* forgotten */
    assert_false(tw_repeats_tell(&repeats, 2, START_MS + 100, &unsaid)); /* still known */
}

/* Two connections: both are lost, one stands again while the other is away, and is lost anew. */
static void a_connection_lost_again_while_another_is_away_begins_its_line_anew(void **state)
{
    (void)state;
    struct tw_repeats losses = {0};
    const struct tw_error ended = {.code = TW_SERVER, .what = "ended by an administrator"};
    const struct tw_error away = {.code = TW_SERVER, .what = "connection refused"};
    assert_true(tw_repeats_loss(&losses, &ended, START_MS));
    assert_false(tw_repeats_loss(&losses, &ended, START_MS + 1)); /* the other, of the same cause */
    assert_true(tw_repeats_loss(&losses, &away, START_MS + 100)); /* another reason is news */
    assert_false(tw_repeats_loss(&losses, &away, START_MS + 1000));
    assert_false(tw_repeats_loss(&losses, NULL, START_MS + 2000)); /* the first stands again */
    assert_true(tw_repeats_loss(&losses, &ended, START_MS + 3000));
    assert_true(tw_repeats_loss(&losses, &away, START_MS + 3100));
    for (uint64_t second = 4; second < 63; second++)
        assert_false(tw_repeats_loss(&losses, &away, START_MS + second * 1000));
    assert_true(tw_repeats_loss(&losses, &away, START_MS + 63100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_told_at_once_and_then_one_a_minute),
        cmocka_unit_test(kinds_do_not_hide_each_other),
        cmocka_unit_test(what_was_silent_for_long_is_new_again),
        cmocka_unit_test(one_kind_too_many_takes_the_place_of_the_one_told_longest_ago),
        cmocka_unit_test(a_connection_lost_again_while_another_is_away_begins_its_line_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
