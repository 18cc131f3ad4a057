/* time_scripts: other letters and units become ASCII; what is not known stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "timestamps/time_scripts.h"

static void a_time_in_other_letters_is_written_in_ascii(void **state)
{
    (void)state;
    static const struct {
        const char *text, *ascii; /* "": nothing is written */
    } cases[] = {
        {"2026-11-30T14:31:00Z", ""},
        {"2026年11月30日 14:31", "2026-11-30  14:31"},
        {"2026年11月30日14時31分05秒", "2026-11-30 14:31:05 "},
        {"2026年11月30日 午後2時", "2026-11-30  2:00 pm "},
        {"2026년 1월 5일 (월) 오전 9:05", "2026-1-5    9:05 am "},
        {"２０２６－１１－３０", "2026-11-30"},
        {"1º décembre", "1 decembre"},
        {"30 ноября", "30 NOVEMBER"},
        {"月日", "月日"},
        {"令和8年", "令和8-"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char ascii[TW_TIME_SCRIPTS_BYTES + 1];
        size_t length = tw_time_scripts(tw_text_of(cases[at].text), ascii);
        ascii[length] = '\0';
        assert_string_equal(ascii, cases[at].ascii);
    }
}

static void a_text_longer_than_times_are_is_left_alone(void **state)
{
    (void)state;
    char ascii[TW_TIME_SCRIPTS_BYTES], text[3 * 40];
    for (size_t at = 0; at < sizeof text; at += 3)
        memcpy(text + at, "年", 3);
    assert_int_equal(tw_time_scripts((struct tw_text){text, sizeof text}, ascii), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_in_other_letters_is_written_in_ascii),
        cmocka_unit_test(a_text_longer_than_times_are_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
