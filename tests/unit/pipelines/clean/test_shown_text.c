/* shown_text: nothing that a terminal would obey is left of a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clean/shown_text.h"

static void expect(const char *text, size_t begin, const char *shown)
{
    char *bytes = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&bytes, &length);
    assert_non_null(out);
    tw_shown_write(out, tw_text_of(text), begin, strlen(text));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(bytes, shown);
    free(bytes);
}

static void test_controls_are_blanks_and_marks_of_direction_are_left_out(void **unused)
{
    (void)unused;
    expect("a\x1b[2J\tb\nc", 0, "a [2J b c");
    expect("a\xC2\x9B"
           "b\xE2\x80\xA8"
           "c",
        0, "a b c"); /* C1's CSI, a separator of lines */
    expect("\xE2\x80\xAE"
           "abc\xE2\x80\x8B"
           "d",
        0, "abcd");
    expect("caf\xC3\xA9 \xF0\x9F\x98\x80", 3, "\xC3\xA9 \xF0\x9F\x98\x80");
    expect("", 0, "");
}

static void test_columns_are_those_of_a_terminal(void **unused)
{
    (void)unused;
    assert_int_equal(tw_shown_character_at(tw_text_of("a"), 0).columns, 1);
    assert_int_equal(tw_shown_character_at(tw_text_of("\xE6\xA0\xAA"), 0).columns, 2);
    assert_int_equal(tw_shown_character_at(tw_text_of("\xCC\x81"), 0).columns, 0);
    assert_int_equal(tw_shown_character_at(tw_text_of("\xE6\xA0\xAA"), 0).bytes, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_controls_are_blanks_and_marks_of_direction_are_left_out),
        cmocka_unit_test(test_columns_are_those_of_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
