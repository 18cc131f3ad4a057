/* problems: everything that is wrong with a file, at once, each with its place and cure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files/problems.h"
#include "test_arena.h"

static void assert_rendered(const struct tw_problems *problems, const char *expected)
{
    struct tw_text text;
    struct tw_error err;
    assert_true(tw_problems_render(problems, &arena, &text, &err));
    assert_string_equal(text.bytes, expected);
}

static void problems_come_in_the_order_of_the_file_with_line_caret_and_cure(void **state)
{
    (void)state;
    struct tw_text_file source = {"rules.yaml", tw_text_of("one: 1\n  two: 2\r\nthree: 3")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    assert_false(tw_problem_add(&problems, &source, 3, 8, NULL, "%s is too many", "three"));
    tw_problem_add(&problems, &source, 2, 8, "write 1", "two is too many");
    tw_problem_add(&problems, &source, 2, 3, "write one", "two is no one");
    tw_problem_add(&problems, &source, 0, 0, NULL, "too short");
    tw_problem_add(&problems, &source, 3, 0, NULL, "a bad line");
    assert_rendered(&problems, "rules.yaml: too short\n"
                               "rules.yaml:2:3: two is no one; cure: write one\n"
                               "    2 |   two: 2\n"
                               "      |   ^\n"
                               "rules.yaml:2:8: two is too many; cure: write 1\n"
                               "    2 |   two: 2\n"
                               "      |        ^\n"
                               "rules.yaml:3: a bad line\n"
                               "    3 | three: 3\n"
                               "rules.yaml:3:8: three is too many\n"
                               "    3 | three: 3\n"
                               "      |        ^\n");
}

static void a_line_that_may_hold_a_secret_is_numbered_and_not_shown(void **state)
{
    (void)state;
    struct tw_text_file one = {"one", tw_text_of("a\nsecret\nc")};
    struct tw_text_file other = {"other", tw_text_of("d\ne")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    tw_problem_add(&problems, &one, 2, 3, "cure", "before");
    tw_problems_hide(&problems, &one, 2, 2);
    tw_problem_add(&problems, &one, 2, 5, NULL, "after");
    tw_problem_add(&problems, &one, 3, 1, NULL, "c");
    tw_problem_add(&problems, &other, 2, 0, NULL, "e");
    assert_rendered(&problems, "one:2:3: before; cure: cure\n    2 | (not shown: it may hold a secret)\n"
                               "one:2:5: after\n    2 | (not shown: it may hold a secret)\n"
                               "one:3:1: c\n    3 | c\n      | ^\n"
                               "other:2: e\n    2 | e\n");
}

static void problems_of_two_files_stay_with_their_file(void **state)
{
    (void)state;
    struct tw_text_file one = {"one", tw_text_of("a\nb")};
    struct tw_text_file other = {"other", tw_text_of("c\nd")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    tw_problem_add(&problems, &one, 2, 0, NULL, "b");
    tw_problem_add(&problems, &other, 1, 0, NULL, "c");
    tw_problem_add(&problems, &one, 1, 0, NULL, "a");
    tw_problem_add(&problems, &other, 2, 0, NULL, "d");
    assert_rendered(&problems, "one:1: a\n    1 | a\none:2: b\n    2 | b\n"
                               "other:1: c\n    1 | c\nother:2: d\n    2 | d\n");
}

static void the_caret_counts_characters_and_tabs_and_control_characters_are_shown(void **state)
{
    (void)state;
    struct tw_text_file source = {"f", tw_text_of("\tn\xC3\xA9\x01: x")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    tw_problem_add(&problems, &source, 1, 6, NULL, "here");
    assert_rendered(&problems, "f:1:6: here\n    1 |  n\xC3\xA9?: x\n      |      ^\n");
}

static void a_long_line_is_cut_around_the_caret(void **state)
{
    (void)state;
    char line[1001];
    memset(line, 'a', 1000);
    line[1000] = '\0';
    line[499] = 'X';
    struct tw_text_file source = {"f", tw_text_of(line)};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    tw_problem_add(&problems, &source, 1, 500, NULL, "here");
    struct tw_text text;
    struct tw_error err;
    assert_true(tw_problems_render(&problems, &arena, &text, &err));
    const char *shown = strstr(text.bytes, "X");
    const char *caret = strstr(text.bytes, "^");
    assert_non_null(shown);
    assert_non_null(caret);
    assert_true(text.length < 300);
    const char *shown_start = strstr(text.bytes, "| ");
    const char *caret_start = strstr(shown, "| ");
    assert_int_equal(shown - shown_start, caret - caret_start);
}

static void places_past_the_end_of_the_file_are_harmless(void **state)
{
    (void)state;
    struct tw_text_file source = {"f", tw_text_of("")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    tw_problem_add(&problems, &source, 9, 3, NULL, "ends too early");
    assert_rendered(&problems, "f:9:3: ends too early\n    9 | \n      |   ^\n");
}

static void a_hundred_are_kept_and_the_rest_counted(void **state)
{
    (void)state;
    struct tw_text_file source = {"f", tw_text_of("x")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    for (int at = 0; at < 130; at++)
        tw_problem_add(&problems, &source, 1, 1, NULL, "again");
    assert_int_equal(problems.count, 130);
    assert_int_equal(problems.unkept, 30);
    struct tw_error err;
    assert_false(tw_problems_fail(&problems, &err));
    assert_string_equal(err.what, "again (and 129 more)");
}

static void a_full_arena_loses_the_text_but_never_the_failure(void **state)
{
    (void)state;
    struct tw_arena small;
    struct tw_error err;
    assert_true(tw_arena_begin(&small, 4096, &err));
    assert_non_null(tw_arena_take(&small, 4000));
    struct tw_text_file source = {"f", tw_text_of("x")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &small);
    tw_problem_add(&problems, &source, 1, 1, NULL, "a fact that has no room");
    assert_int_equal(problems.count, 1);
    assert_false(tw_problems_fail(&problems, &err));
    assert_int_equal(err.code, TW_CONFIG);
    tw_arena_end(&small);
}

static void the_first_problem_stands_for_all_as_an_error(void **state)
{
    (void)state;
    struct tw_text_file source = {"f.yaml", tw_text_of("x\ny")};
    struct tw_problems problems;
    tw_problems_begin(&problems, &arena);
    tw_problem_add(&problems, &source, 2, 1, NULL, "second");
    tw_problem_add(&problems, &source, 1, 1, "mend it", "first");
    struct tw_error err;
    char line[256];
    assert_false(tw_problems_fail(&problems, &err));
    tw_error_line(&err, line, sizeof line);
    assert_string_equal(line, "f.yaml:1:1: first (and 1 more); cure: mend it");
    assert_int_equal(tw_exit_status(err.code), 78);
}

static void the_nearest_name_is_what_was_probably_meant(void **state)
{
    (void)state;
    static const char *const names[] = {"window", "below", "resolve", "at_least", "quiet"};
    static const struct {
        const char *word;
        const char *nearest;
    } cases[] = {
        {"windw", "window"},
        {"Window", "window"},
        {"widnow", "window"},
        {"atleast", "at_least"},
        {"quite", "quiet"},
        {"blow", "below"},
        {"frobnicate", NULL},
        {"", NULL},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *nearest = tw_nearest(tw_text_of(cases[at].word), names, 5);
        if (!cases[at].nearest)
            assert_null(nearest);
        else
            assert_string_equal(nearest, cases[at].nearest);
    }
    char endless[500];
    memset(endless, 'w', sizeof endless);
    assert_null(tw_nearest((struct tw_text){endless, sizeof endless}, names, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_come_in_the_order_of_the_file_with_line_caret_and_cure),
        cmocka_unit_test(a_line_that_may_hold_a_secret_is_numbered_and_not_shown),
        cmocka_unit_test(problems_of_two_files_stay_with_their_file),
        cmocka_unit_test(the_caret_counts_characters_and_tabs_and_control_characters_are_shown),
        cmocka_unit_test(a_long_line_is_cut_around_the_caret),
        cmocka_unit_test(places_past_the_end_of_the_file_are_harmless),
        cmocka_unit_test(a_hundred_are_kept_and_the_rest_counted),
        cmocka_unit_test(a_full_arena_loses_the_text_but_never_the_failure),
        cmocka_unit_test(the_first_problem_stands_for_all_as_an_error),
        cmocka_unit_test(the_nearest_name_is_what_was_probably_meant),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
