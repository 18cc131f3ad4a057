/* time_names: what newswires write besides is asked for apart, and a name of three letters is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "timestamps/time_names.h"

static void a_month_is_known_by_its_beginning(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int standard, newswire;
    } cases[] = {{"JANUARY", 1, 1}, {"JAN", 1, 1}, {"JA", 0, 0}, {"DECEMBERS", 0, 0}, {"MAY", 5, 5},
        {"SEP", 9, 9}, {"SEPT", 9, 9}, {"MAI", 0, 5}, {"JUI", 0, 0}, {"JUIN", 0, 6}, {"MARZ", 0, 3},
        {"MARZO", 0, 3}, {"GENNAIO", 0, 1}, {"MRT", 0, 3}, {"SETIEMBRE", 0, 9}, {"PAZDZIERNIKA", 0, 10},
        {"DES", 0, 12}, {"OKT", 0, 10}, {"DEZEMBER", 0, 12}, {"", 0, 0}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *word = cases[at].word;
        assert_int_equal(tw_time_names_month(word, strlen(word), TW_TIME_STANDARD), cases[at].standard);
        assert_int_equal(tw_time_names_month(word, strlen(word), TW_TIME_NEWSWIRE), cases[at].newswire);
    }
}

static void a_day_of_the_week_is_known_by_its_beginning(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool standard, newswire;
    } cases[] = {{"THU", true, true}, {"SUNDAY", true, true}, {"TH", false, false}, {"SUNDAYS", false, false},
        {"MAY", false, false}, {"LUNDI", false, true}, {"MO", false, true}, {"MIE", false, true},
        {"WOENSDAG", false, true}, {"XX", false, false}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *word = cases[at].word;
        assert_int_equal(tw_time_names_weekday(word, strlen(word), TW_TIME_STANDARD), cases[at].standard);
        assert_int_equal(tw_time_names_weekday(word, strlen(word), TW_TIME_NEWSWIRE), cases[at].newswire);
    }
}

static void a_zone_of_newswires_is_none_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int minutes;
        bool standard, newswire;
    } cases[] = {{"Z", 0, true, true}, {"EST", -300, true, true}, {"NZDT", 780, true, true},
        {"BST", 60, false, true}, {"IST", 330, false, true}, {"ES", 0, false, false}, {"", 0, false, false}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int minutes = 0;
        assert_int_equal(tw_time_names_zone(cases[at].word, TW_TIME_STANDARD, &minutes), cases[at].standard);
        assert_int_equal(minutes, cases[at].standard ? cases[at].minutes : 0);
        assert_int_equal(tw_time_names_zone(cases[at].word, TW_TIME_NEWSWIRE, &minutes), cases[at].newswire);
        assert_int_equal(minutes, cases[at].minutes);
    }
}

static void a_zone_of_the_database_is_known_by_its_shape(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {{"America/New_York 2026", 16}, {"Etc/GMT+5", 9}, {"EST5EDT", 7}, {"PST8PDT]", 7}, {"EST", 0},
        {"EST5EDTX", 0}, {"EST5", 0}, {"a/B", 0}, {"", 0}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_int_equal(tw_time_names_place(tw_text_of(cases[at].text)), cases[at].length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_is_known_by_its_beginning),
        cmocka_unit_test(a_day_of_the_week_is_known_by_its_beginning),
        cmocka_unit_test(a_zone_of_newswires_is_none_of_the_standard),
        cmocka_unit_test(a_zone_of_the_database_is_known_by_its_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
