/* score: the integer that is summed, and the label, follow from the probabilities alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "score/score.h"

static void sentiment_is_rounded_half_to_even(void **state)
{
    (void)state;
    assert_int_equal(tw_sentiment_of(1, 0), -10000);
    assert_int_equal(tw_sentiment_of(0, 1), 10000);
    assert_int_equal(tw_sentiment_of(0.5f, 0.5f), 0);
    /* 2^-17 x 10,000 = 0.076; sums of powers of two are exact in a float, and so are the halves here. */
    assert_int_equal(tw_sentiment_of(0, 0.03125f), 312);  /* 312.5 */
    assert_int_equal(tw_sentiment_of(0, 0.09375f), 938);  /* 937.5 */
    assert_int_equal(tw_sentiment_of(0.03125f, 0), -312); /* -312.5 */
    assert_int_equal(tw_sentiment_of(0.09375f, 0), -938);
}

static void the_label_is_the_likeliest_and_the_first_of_equals(void **state)
{
    (void)state;
    assert_int_equal(tw_label_of(&(struct tw_score){0.2f, 0.3f, 0.5f, 0}), 2);
    assert_int_equal(tw_label_of(&(struct tw_score){0.4f, 0.2f, 0.4f, 0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentiment_is_rounded_half_to_even),
        cmocka_unit_test(the_label_is_the_likeliest_and_the_first_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
