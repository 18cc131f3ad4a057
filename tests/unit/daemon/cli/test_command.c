/* command: what all subcommands share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"

static void a_command_is_typed_as_a_shell_takes_it_again(void **state)
{
    (void)state;
    char *arguments[] = {(char[]){"evaluate"}, (char[]){"--labels"}, (char[]){"a,b,c"},
        (char[]){"it's $5 `x`"}, (char[]){""}, (char[]){"two\nlines"}};
    char text[200];
    tw_command_typed(6, arguments, text, sizeof text);
    assert_string_equal(text, "tapewatch evaluate --labels a,b,c 'it'\\''s $5 `x`' '' 'two\nlines'");
}

static void a_long_command_is_cut_to_its_room(void **state)
{
    (void)state;
    char *arguments[] = {(char[]){"finetune"}, (char[]){"a b"}};
    char text[24];
    for (size_t size = 1; size <= sizeof text; size++) {
        tw_command_typed(2, arguments, text, size);
        assert_true(strlen(text) == (size - 1 < 23 ? size - 1 : 23));
    }
    assert_string_equal(text, "tapewatch finetune 'a b");
}

static void a_command_is_found_by_one_word_or_two(void **state)
{
    (void)state;
    int words;
    struct tw_error err = {0};
    char *one[] = {(char[]){"classify"}, (char[]){"list"}};
    char *two[] = {(char[]){"deadletters"}, (char[]){"list"}};
    assert_ptr_equal(tw_command_find(2, one, &words, &err), &tw_command_classify);
    assert_int_equal(words, 1);
    assert_ptr_equal(tw_command_find(2, two, &words, &err), &tw_command_deadletters_list);
    assert_int_equal(words, 2);
    assert_true(tw_command_is_family("dev"));
    assert_false(tw_command_is_family("classify"));
    assert_false(tw_command_is_family("de"));
}

static void a_command_that_is_none_is_told_with_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *words[2], *what, *cure;
    } cases[] = {
        {{"clasify"}, "no command \"clasify\"", "did you mean \"classify\"? tapewatch --help lists them all"},
        {{"deadleters"}, "no command \"deadleters\"",
            "did you mean \"deadletters\"? tapewatch --help lists them all"},
        {{"frobnicate"}, "no command \"frobnicate\"", "tapewatch --help lists them all"},
        {{"dev"}, "say first what to do: broker, topic or manual", "tapewatch dev --help tells the options"},
        {{"dev", "-c"}, "say first what to do: broker, topic or manual",
            "tapewatch dev --help tells the options"},
        {{"deadletters", "lst"}, "no \"lst\"", "did you mean \"list\"?"},
        {{"deadletters", "frobnicate"}, "no \"frobnicate\"", "list, show or requeue"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int words;
        struct tw_error err = {0};
        char text[2][40];
        char *argv[] = {text[0], text[1]};
        for (size_t word = 0; word < 2 && cases[at].words[word]; word++)
            snprintf(text[word], sizeof text[word], "%s", cases[at].words[word]);
        assert_null(tw_command_find(cases[at].words[1] ? 2 : 1, argv, &words, &err));
        assert_int_equal(err.code, TW_USAGE);
        assert_string_equal(err.what, cases[at].what);
        assert_string_equal(err.cure, cases[at].cure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_found_by_one_word_or_two),
        cmocka_unit_test(a_command_that_is_none_is_told_with_the_nearest),
        cmocka_unit_test(a_command_is_typed_as_a_shell_takes_it_again),
        cmocka_unit_test(a_long_command_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
