/* portion: a row that is refused is found, and takes no other with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/portion.h"

enum { ROWS = 1000 };

/* Sends all rows to a table that refuses each statement in which one of these stands. Returns how many
 * statements that took. */
static uint32_t send_all(const bool *refused, bool *stands)
{
    struct tw_portion portion = {0};
    uint32_t statements = 0;
    for (uint32_t next = 0; next < ROWS; statements++) {
        uint32_t count = tw_portion_of(&portion, ROWS - next);
        assert_in_range(count, 1, ROWS - next);
        if (!memchr(refused + next, true, count)) {
            memset(stands + next, true, count);
            tw_portion_taken(&portion);
            next += count;
        } else if (tw_portion_refused(&portion, count)) {
            assert_true(refused[next]);
            next++;
        }
    }
    return statements;
}

static void expect_all_but(const bool *refused, uint32_t most_statements)
{
    bool stands[ROWS] = {0};
    assert_in_range(send_all(refused, stands), 1, most_statements);
    for (uint32_t row = 0; row < ROWS; row++)
        assert_int_equal(stands[row], !refused[row]);
}

static void rows_that_nobody_refuses_go_at_once(void **state)
{
    static const bool refused[ROWS];
    (void)state;
    expect_all_but(refused, 1);
}

static void one_that_is_refused_takes_no_other_with_it(void **state)
{
    static const uint32_t places[] = {0, 1, 499, 500, 998, 999};
    (void)state;
    for (size_t at = 0; at < sizeof places / sizeof places[0]; at++) {
        bool refused[ROWS] = {0};
        refused[places[at]] = true;
        expect_all_but(refused, 40);
    }
}

static void all_that_are_refused_are_given_up_one_by_one(void **state)
{
    bool refused[ROWS];
    (void)state;
    memset(refused, true, sizeof refused);
    expect_all_but(refused, ROWS + 10);
    memset(refused, false, ROWS / 2);
    expect_all_but(refused, ROWS);
}

static void nothing_at_all_is_given_up_like_one(void **state)
{
    struct tw_portion portion = {0};
    (void)state;
    assert_int_equal(tw_portion_of(&portion, 0), 0);
    assert_true(tw_portion_refused(&portion, 0));
    assert_int_equal(tw_portion_of(&portion, 7), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_nobody_refuses_go_at_once),
        cmocka_unit_test(one_that_is_refused_takes_no_other_with_it),
        cmocka_unit_test(all_that_are_refused_are_given_up_one_by_one),
        cmocka_unit_test(nothing_at_all_is_given_up_like_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
