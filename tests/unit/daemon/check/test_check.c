/* check: which of two findings gives the exit status. */
#include "check/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void what_no_waiting_mends_is_graver(void **state)
{
    (void)state;
    static const enum tw_code order[] = {
        TW_CONFIG, TW_PERMISSION, TW_IO, TW_OUTPUT, TW_HELD, TW_SERVER, TW_OK};
    enum { COUNT = sizeof order / sizeof order[0] };
    for (size_t left = 0; left < COUNT; left++)
        for (size_t right = 0; right < COUNT; right++)
            assert_int_equal(tw_check_graver(order[left], order[right]), left < right);
}

static void the_first_of_the_gravest_is_kept(void **state)
{
    (void)state;
    struct tw_check check = {0};
    struct tw_error err;
    assert_true(tw_arena_begin(&check.arena, 1 << 20, &err));
    tw_check_begin_stage(&check, "kafka");
    tw_fail(&err, TW_SERVER, "broker", NULL, "is away");
    assert_false(tw_check_wrong(&check, &err));
    tw_check_end_stage(&check);
    assert_int_equal(check.gravest.code, TW_SERVER);
    tw_check_begin_stage(&check, "store");
    tw_fail(&err, TW_PERMISSION, "password", NULL, "is wrong");
    tw_check_wrong(&check, &err);
    tw_fail(&err, TW_SERVER, "other", NULL, "is away");
    tw_check_wrong(&check, &err);
    tw_fail(&err, TW_PERMISSION, "grant", NULL, "is missing");
    tw_check_wrong(&check, &err);
    tw_check_end_stage(&check);
    assert_string_equal(check.gravest.where, "password");
    static const struct tw_text_file file = {.file = "rules.yaml", .bytes = {"a\nb\n", 4}};
    tw_check_begin_stage(&check, "rules");
    tw_problem_add(&check.problems, &file, 1, 1, "cure", "one");
    tw_problem_add(&check.problems, &file, 2, 1, "cure", "two");
    tw_check_end_stage(&check);
    assert_int_equal(check.wrong, 2);
    assert_int_equal(check.gravest.code, TW_CONFIG);
    assert_string_equal(check.gravest.where, "rules.yaml:1:1");
    assert_string_equal(check.gravest.what, "one (and 1 more)");
    tw_arena_end(&check.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_waiting_mends_is_graver),
        cmocka_unit_test(the_first_of_the_gravest_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
