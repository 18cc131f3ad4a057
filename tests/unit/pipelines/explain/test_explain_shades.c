/* explain_shades: the strongest word has the strongest shade, a faint one none, signs apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "explain/explain_shades.h"

static void test_shades_follow_the_share_of_the_strongest_word(void **unused)
{
    (void)unused;
    const struct tw_explained_word words[] = {{0, 1, 0.5}, {1, 2, -2.0}, {2, 3, 0.1}};
    const double most = tw_explain_most(&(struct tw_explanation){.words = words, .word_count = 3});
    assert_true(most == 2.0);
    assert_int_equal(tw_explain_shade(-2.0, most), -TW_EXPLAIN_SHADES);
    assert_int_equal(tw_explain_shade(2.0, most), TW_EXPLAIN_SHADES);
    assert_int_equal(tw_explain_shade(0.5, most), 1);
    assert_int_equal(tw_explain_shade(-1.2, most), -3);
    assert_int_equal(tw_explain_shade(0.1, most), 0);
}

static void test_a_text_that_weighs_nothing_has_no_shade(void **unused)
{
    (void)unused;
    const double most = tw_explain_most(&(struct tw_explanation){0});
    assert_true(most == 0.0);
    assert_int_equal(tw_explain_shade(0.0, most), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shades_follow_the_share_of_the_strongest_word),
        cmocka_unit_test(test_a_text_that_weighs_nothing_has_no_shade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
