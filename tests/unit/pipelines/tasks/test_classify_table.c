/* classify_table: lines for people, cut by what a terminal shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tasks/classify_table.h"

static const struct tw_score bad = {.negative = 0.9F, .neutral = 0.05F, .positive = 0.05F};
static const struct tw_score good = {.negative = 0.1F, .neutral = 0.1F, .positive = 0.8F};
static const struct tw_score flat = {.negative = 0.001F, .neutral = 0.998F, .positive = 0.001F};

/* The lines of a record of that text, 60 columns wide: 15 of them for the text. */
static char *lines_of(const char *text, const struct tw_linked_entity *entities, struct tw_reading *readings,
    uint32_t count, const struct tw_score *score)
{
    char *lines = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&lines, &length);
    struct tw_record record = {.document = {.text = tw_text_of(text),
                                   .entities = entities,
                                   .entity_count = count,
                                   .readings = readings,
                                   .reading_count = readings ? count : 0,
                                   .score = *score}};
    assert_non_null(out);
    tw_classify_table_write_record(out, TW_CLASSIFY_TABLE_LEAST, &record);
    assert_int_equal(fclose(out), 0);
    return lines;
}

static void assert_lines(char *lines, const char *expected)
{
    assert_string_equal(lines, expected);
    free(lines);
}

static void each_company_has_its_line_and_its_own_score(void **state)
{
    (void)state;
    const struct tw_linked_entity entities[] = {
        {.name = tw_text_of("Outboard Marine")}, {.name = tw_text_of("A company with a very long name")}};
    struct tw_reading readings[] = {{.score = bad}, {.score = good}};
    assert_lines(lines_of("Both named", entities, readings, 2, &flat),
        "negative      -0.85  Outboard Marine         Both named\n"
        "positive      +0.70  A company with a very…  Both named\n");
    assert_lines(lines_of("One named", entities, NULL, 1, &bad),
        "negative      -0.85  Outboard Marine         One named\n");
}

static void a_text_without_company_has_one_line(void **state)
{
    (void)state;
    assert_lines(
        lines_of("Quiet", NULL, NULL, 0, &flat), "neutral        0.00                          Quiet\n");
    assert_lines(lines_of("", NULL, NULL, 0, &good), "positive      +0.70                          \n");
}

static void a_text_is_cut_by_what_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"fifteen columns", "fifteen columns"},
        {"sixteen columns!", "sixteen column…"},
        {"日本語日本語日", "日本語日本語日"},
        {"日本語日本語日本", "日本語日本語日…"},
        {"e\xCC\x81 counts as one", "e\xCC\x81 counts as one"},
        {"line\nbreak\x1B[2J", "line break [2J"},
        {"\xE2\x80\xAEturned", "turned"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char expected[200];
        snprintf(
            expected, sizeof expected, "neutral        0.00                          %s\n", cases[at].shown);
        assert_lines(lines_of(cases[at].text, NULL, NULL, 0, &flat), expected);
    }
}

static void a_refused_record_says_why(void **state)
{
    (void)state;
    char *lines = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&lines, &length);
    struct tw_error why;
    assert_non_null(out);
    tw_fail(&why, TW_REFUSED, NULL, NULL, "no text in it");
    tw_classify_table_write_heading(out);
    tw_classify_table_write_refusal(out, TW_CLASSIFY_TABLE_LEAST, &why);
    assert_int_equal(fclose(out), 0);
    assert_lines(lines, "label     sentiment  company                 text\n"
                        "refused                                      no text in it\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_company_has_its_line_and_its_own_score),
        cmocka_unit_test(a_text_without_company_has_one_line),
        cmocka_unit_test(a_text_is_cut_by_what_is_shown),
        cmocka_unit_test(a_refused_record_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
