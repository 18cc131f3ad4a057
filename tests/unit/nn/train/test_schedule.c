/* schedule: rates rise and fall as their papers say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "train/schedule.h"

static struct tw_schedule given(const char *name, uint64_t total, uint64_t warmup)
{
    struct tw_error err;
    struct tw_schedule schedule;
    assert_true(tw_schedule_make(name, total, warmup, &schedule, &err));
    return schedule;
}

static void factors_are_those_of_the_formulas(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t total, warmup, step;
        double wanted;
    } cases[] = {
        {"constant", 10, 4, 0, 0.25},
        {"constant", 10, 4, 3, 1.0},
        {"constant", 10, 0, 9, 1.0},
        {"linear", 10, 4, 1, 0.5},
        {"linear", 10, 4, 3, 1.0},
        {"linear", 10, 4, 9, 1.0 / 7.0},
        {"linear", 10, 0, 0, 10.0 / 11.0},
        {"linear", 10, 4, 500, 1.0 / 7.0},
        {"cosine", 12, 4, 3, 1.0},
        {"cosine", 12, 4, 7, 0.5},
        {"cosine", 12, 4, 11, 0.0},
        {"slanted", 100, 10, 9, 1.0},
        {"slanted", 100, 10, 4, (1.0 + 0.5 * 31.0) / 32.0},
        {"slanted", 100, 10, 54, (1.0 + 0.5 * 31.0) / 32.0},
        {"slanted", 100, 10, 99, 1.0 / 32.0},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_schedule schedule = given(cases[at].name, cases[at].total, cases[at].warmup);
        double factor = tw_schedule_factor(&schedule, cases[at].step);
        if (fabs(factor - cases[at].wanted) > 1e-12)
            fail_msg("case %zu: %.15g, not %.15g", at, factor, cases[at].wanted);
    }
}

static void factors_stay_between_0_and_1(void **state)
{
    (void)state;
    static const char *const names[] = {"constant", "linear", "cosine", "slanted"};
    assert_int_equal(sizeof names / sizeof names[0], TW_SCHEDULES);
    for (int kind = 0; kind < TW_SCHEDULES; kind++) {
        for (uint64_t warmup = 0; warmup <= 7; warmup++) {
            struct tw_schedule schedule = given(names[kind], 7, warmup);
            for (uint64_t step = 0; step < 9; step++) {
                double factor = tw_schedule_factor(&schedule, step);
                assert_true(factor >= 0.0 && factor <= 1.0);
            }
        }
    }
}

static void wrong_schedules_are_refused_with_the_known_names(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_schedule schedule;
    assert_false(tw_schedule_make("polynomial", 10, 1, &schedule, &err));
    assert_int_equal(err.code, TW_USAGE);
    assert_non_null(strstr(err.cure, "slanted"));
    assert_false(tw_schedule_make("linear", 10, 11, &schedule, &err));
    assert_int_equal(err.code, TW_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_are_those_of_the_formulas),
        cmocka_unit_test(factors_stay_between_0_and_1),
        cmocka_unit_test(wrong_schedules_are_refused_with_the_known_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
