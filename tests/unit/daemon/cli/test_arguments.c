/* arguments: a command line by a table, and the words for a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "cli/arguments.h"

enum { MOST_WORDS = 12 };

struct told {
    const char *config, *limit;
    enum tw_format format;
    bool raw;
    struct tw_operands rest;
    char *words[MOST_WORDS];
    struct tw_error err;
};

/* Parses the words of `line`, which are separated by one blank each. */
static int parse(struct told *told, const char *line, bool operands)
{
    static char copy[256];
    int count = 0;
    *told = (struct told){0};
    snprintf(copy, sizeof copy, "%s", line);
    for (char *at = copy; at && count < MOST_WORDS; count++) {
        told->words[count] = at;
        at = strchr(at, ' ');
        if (at)
            *at++ = '\0';
    }
    const struct tw_argument table[] = {{"c", .text = &told->config}, {"limit", .number = &told->limit},
        {"format", .format = &told->format}, {"raw", .given = &told->raw}};
    return tw_arguments_parse(count, told->words, table, 4, operands ? &told->rest : NULL, &told->err);
}

static void each_row_goes_to_its_place(void **state)
{
    (void)state;
    struct told told;
    assert_int_equal(parse(&told, "list here -c file --limit=12 there --format csv --raw", true), 0);
    assert_string_equal(told.config, "file");
    assert_string_equal(told.limit, "12");
    assert_int_equal(told.format, TW_FORMAT_CSV);
    assert_true(told.raw);
    assert_int_equal(told.rest.count, 2);
    assert_string_equal(told.rest.items[0], "here");
    assert_string_equal(told.rest.items[1], "there");
    assert_int_equal(parse(&told, "list -- --raw", true), 0);
    assert_false(told.raw);
    assert_string_equal(told.rest.items[0], "--raw");
    assert_int_equal(parse(&told, "list", false), 0);
    assert_null(told.config);
}

static void a_wrong_command_line_is_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *line, *what;
    } cases[] = {
        {"list --lime 3", "no option --lime"},
        {"list -x", "no option -x"},
        {"list --limit", "--limit needs a value"},
        {"list -c", "-c needs a value"},
        {"list --limit 3x", "--limit is a number, not \"3x\""},
        {"list --limit -3", "--limit is a number, not \"-3\""},
        {"list --limit 9223372036854775808", "--limit is a number, not \"9223372036854775808\""},
        {"list --format xml", "--format is table, json or csv, not \"xml\""},
        {"list here", "cannot use \"here\""},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct told told;
        assert_int_equal(parse(&told, cases[at].line, false), 2);
        assert_string_equal(told.err.what, cases[at].what);
        assert_string_equal(told.err.cure, "tapewatch list --help tells the options");
    }
}

static void numbers_are_digits_up_to_a_limit(void **state)
{
    (void)state;
    assert_true(tw_argument_is_number("0", 0));
    assert_true(tw_argument_is_number("2147483647", INT32_MAX));
    assert_false(tw_argument_is_number("2147483648", INT32_MAX));
    assert_false(tw_argument_is_number("", INT32_MAX));
    assert_false(tw_argument_is_number(" 1", INT32_MAX));
    assert_false(tw_argument_is_number("+1", INT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_goes_to_its_place),
        cmocka_unit_test(a_wrong_command_line_is_told_in_words),
        cmocka_unit_test(numbers_are_digits_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
