/* labels: the words of the classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/labels.h"

static void a_class_is_found_by_its_own_name(void **state)
{
    (void)state;
    for (size_t class_index = 0; class_index < TW_CLASSES; class_index++)
        assert_int_equal(tw_class_of(tw_text_of(tw_class_name(class_index))), class_index);
}

static void traders_words_and_case_are_understood(void **state)
{
    (void)state;
    assert_int_equal(tw_class_of(tw_text_of("Bearish")), TW_NEGATIVE);
    assert_int_equal(tw_class_of(tw_text_of("NEUTRAL")), TW_NEUTRAL);
    assert_int_equal(tw_class_of(tw_text_of("bullish")), TW_POSITIVE);
}

static void another_word_is_no_class(void **state)
{
    (void)state;
    assert_int_equal(tw_class_of(tw_text_of("LABEL_0")), -1);
    assert_int_equal(tw_class_of(tw_text_of("negativ")), -1);
    assert_int_equal(tw_class_of(tw_text_of("negatives")), -1);
    assert_int_equal(tw_class_of(tw_text_of("")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_is_found_by_its_own_name),
        cmocka_unit_test(traders_words_and_case_are_understood),
        cmocka_unit_test(another_word_is_no_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
