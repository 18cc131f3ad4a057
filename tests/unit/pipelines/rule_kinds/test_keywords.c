/* keywords: whole words, in any case, the first in the list's order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rule_kinds/keywords.h"
#include "test_arena.h"

struct keyword_case {
    const char *text;
    const char *keyword;
};

static void keywords_are_whole_words_in_any_case_and_the_first_listed_is_named(void **state)
{
    (void)state;
    static const struct keyword_case cases[] = {
        {"Fraud at OM", "fraud"},
        {"a FRAUD.", "fraud"},
        {"defrauded", ""},
        {"frauds", ""},
        {"fraud2", ""},
        {"fraud\xC3\xA9", ""},
        {"\xC3\xA9"
         "fraud",
            ""},
        {"non-fraud", "fraud"},
        {"a Profit Warning", "profit warning"},
        {"a profit warnings", ""},
        {"profit warning and fraud", "fraud"},
        {"\xC3\x89T\xC3\x89", "\xC3\xA9t\xC3\xA9"},
        {"buys C++ shop", "c++"},
        {"", ""},
        {"frau", ""},
        {"broken \xFF\xFE"
         "fraud",
            "fraud"},
    };
    static const char *const words[] = {"fraud", "Profit warning", "\xC3\xA9t\xC3\xA9", "C++"};
    struct tw_text keywords[4];
    for (size_t at = 0; at < 4; at++) {
        keywords[at] = tw_keywords_fold(tw_text_of(words[at]), &arena);
        assert_non_null(keywords[at].bytes);
    }
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_text found = tw_keywords_find(keywords, 4, tw_text_of(cases[at].text));
        if (!tw_text_equal(found, tw_text_of(cases[at].keyword)))
            fail_msg("\"%s\" gives \"%.*s\"", cases[at].text, (int)found.length, found.bytes);
    }
    assert_int_equal(tw_keywords_find(NULL, 0, tw_text_of("fraud")).length, 0);
}

static void spelling_makes_no_difference(void **state)
{
    (void)state;
    static const struct keyword_case cases[] = {
        {"Velquin can't pay debt", "can't pay"},
        {"Velquin can\u2019t  pay debt", "can't pay"},
        {"Velquin can\u02BCt pay", "can't pay"},
        {"Velquin shares fall \u5012\u7523\u3057\u305F", "\u5012\u7523"},
        {"write\u2011down of assets", "write-down"},
        {"\uFF37\uFF32\uFF29\uFF34\uFF25-DOWN", "write-down"},
        {"can t pay, cant pay, writedown", ""},
    };
    const struct tw_text keywords[] = {
        tw_text_of("can't pay"), tw_text_of("\u5012\u7523"), tw_text_of("write-down")};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_text found = tw_keywords_find(keywords, 3, tw_text_of(cases[at].text));
        if (!tw_text_equal(found, tw_text_of(cases[at].keyword)))
            fail_msg("\"%s\" gives \"%.*s\"", cases[at].text, (int)found.length, found.bytes);
    }
}

static void a_full_arena_gives_no_copy(void **state)
{
    (void)state;
    struct tw_arena small;
    struct tw_error err;
    assert_true(tw_arena_begin(&small, 4096, &err));
    assert_null(tw_keywords_fold((struct tw_text){NULL, SIZE_MAX / 2}, &small).bytes);
    char text[2000];
    memset(text, 'A', sizeof text);
    assert_null(tw_keywords_fold((struct tw_text){text, sizeof text}, &small).bytes);
    tw_arena_end(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keywords_are_whole_words_in_any_case_and_the_first_listed_is_named),
        cmocka_unit_test(spelling_makes_no_difference),
        cmocka_unit_test(a_full_arena_gives_no_copy),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
