/* join: the formula of its header, and what it is for. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "score/join.h"

static struct tw_score says(float negative, float positive)
{
    return (struct tw_score){
        .negative = negative, .neutral = 1.0f - negative - positive, .positive = positive};
}

static void it_is_the_formula_of_the_header(void **state)
{
    (void)state;
    struct tw_join join = {{0.0}, 0.0};
    const struct tw_score title = says(0.5f, 0.25f), body = says(0.25f, 0.25f);
    tw_join_add(&join, &title, TW_JOIN_TITLE);
    tw_join_add(&join, &body, 1.0);
    const double of_title = 32.0 * 0.75 * 0.75, of_body = 0.5 * 0.5;
    const struct tw_score score = tw_join_score(&join);
    assert_true(
        fabs((double)score.negative - (of_title * 0.5 + of_body * 0.25) / (of_title + of_body)) < 1e-6);
    assert_true(
        fabs((double)score.neutral - (of_title * 0.25 + of_body * 0.5) / (of_title + of_body)) < 1e-6);
    assert_true(fabs((double)(score.negative + score.neutral + score.positive) - 1.0) < 1e-6);
    assert_true(abs(score.sentiment - (int32_t)(10000.0f * (score.positive - score.negative))) <= 1);
}

static void background_does_not_drown_the_title(void **state)
{
    (void)state;
    struct tw_join join = {{0.0}, 0.0};
    const struct tw_score title = says(0.85f, 0.05f), body = says(0.02f, 0.03f);
    tw_join_add(&join, &title, TW_JOIN_TITLE);
    for (int window = 0; window < 15; window++)
        tw_join_add(&join, &body, 1.0);
    assert_true(tw_join_score(&join).sentiment < -7500);
}

static void a_title_that_says_nothing_leaves_it_to_the_body(void **state)
{
    (void)state;
    struct tw_join join = {{0.0}, 0.0};
    const struct tw_score title = says(0.02f, 0.02f), body = says(0.9f, 0.02f);
    tw_join_add(&join, &title, TW_JOIN_TITLE);
    tw_join_add(&join, &body, 1.0);
    assert_true(tw_join_score(&join).sentiment < -7500);
}

static void windows_that_are_all_neutral_make_a_neutral_text(void **state)
{
    (void)state;
    struct tw_join join = {{0.0}, 0.0};
    const struct tw_score neutral = says(0.0f, 0.0f);
    tw_join_add(&join, &neutral, TW_JOIN_TITLE);
    tw_join_add(&join, &neutral, 1.0);
    assert_true(tw_join_score(&join).neutral == 1.0f);
    assert_int_equal(tw_join_score(&join).sentiment, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_formula_of_the_header),
        cmocka_unit_test(background_does_not_drown_the_title),
        cmocka_unit_test(a_title_that_says_nothing_leaves_it_to_the_body),
        cmocka_unit_test(windows_that_are_all_neutral_make_a_neutral_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
