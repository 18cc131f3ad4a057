/* html: what comes from outside stands in a page as text, whatever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/html.h"

#define BROKEN "\xEF\xBF\xBD"

static void assert_written(const char *bytes, size_t length, const char *expected)
{
    char *text;
    size_t written;
    FILE *out = open_memstream(&text, &written);
    assert_non_null(out);
    tw_html_text(out, (struct tw_text){bytes, length});
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void markup_becomes_text(void **state)
{
    (void)state;
    static const char script[] = "<script>alert('x')</script> & \"more\"";
    assert_written(
        script, sizeof script - 1, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;");
    assert_written("&amp;", 5, "&amp;amp;");
    assert_written("", 0, "");
}

static void what_no_page_may_hold_is_marked_as_broken(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *expected;
    } cases[] = {
        {"a\0b", 3, "a" BROKEN "b"},
        {"\x1B[31m\x7F", 6, BROKEN "[31m" BROKEN},
        {"tab\tline\n", 9, "tab\tline\n"},
        {"\xC2\x85", 2, BROKEN},                              /* a control character of the second row */
        {"\xC0\xBC", 2, BROKEN BROKEN},                       /* '<' in more bytes than it takes */
        {"\xED\xA0\x80", 3, BROKEN BROKEN BROKEN},            /* half a surrogate pair */
        {"\xEF\xBF\xBE\xEF\xBF\xBF", 6, BROKEN BROKEN},       /* no characters */
        {"\xF4\x90\x80\x80", 4, BROKEN BROKEN BROKEN BROKEN}, /* beyond Unicode */
        {"cut \xE2\x82", 6, "cut " BROKEN BROKEN},
        {"\xE2\x82\xAC \xF0\x9F\x93\x88", 8, "\xE2\x82\xAC \xF0\x9F\x93\x88"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_written(cases[at].bytes, cases[at].length, cases[at].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_becomes_text),
        cmocka_unit_test(what_no_page_may_hold_is_marked_as_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
