/* table: the same rows for a person, a program and a spreadsheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "terminal/table.h"

static const struct tw_column columns[] = {{"name", false}, {"count", true}};

/* What a table of two rows, one with every nuisance, looks like in a format; freed by the caller. */
static char *printed(enum tw_format format)
{
    struct tw_error err;
    char *text = NULL;
    size_t length;
    struct tw_table *table = tw_table_new(columns, 2);
    const char *first[] = {"say \"hi\", twice", "7"};
    const char *second[] = {NULL, "unknown"};
    assert_non_null(table);
    assert_true(tw_table_add(table, first, &err));
    assert_true(tw_table_add(table, second, &err));
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    assert_true(tw_table_print(table, format, to, &err));
    fclose(to);
    tw_table_free(table);
    return text;
}

static void json_keeps_numbers_bare_and_the_rest_quoted(void **state)
{
    (void)state;
    char *text = printed(TW_FORMAT_JSON);
    assert_string_equal(text, "[\n  {\n    \"name\": \"say \\\"hi\\\", twice\",\n    \"count\": 7\n  },\n"
                              "  {\n    \"name\": null,\n    \"count\": \"unknown\"\n  }\n]\n");
    free(text);
}

static void csv_quotes_by_rfc_4180(void **state)
{
    (void)state;
    char *text = printed(TW_FORMAT_CSV);
    assert_string_equal(text, "name,count\r\n\"say \"\"hi\"\", twice\",7\r\n,unknown\r\n");
    free(text);
}

static void a_table_has_a_heading_and_a_line_for_each_row(void **state)
{
    (void)state;
    char *text = printed(TW_FORMAT_TABLE);
    size_t lines = 0;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 3);
    assert_int_equal(strncmp(text, "name", 4), 0);
    free(text);
}

static void a_table_shows_every_script_as_it_is_and_no_control(void **state)
{
    (void)state;
    struct tw_error err;
    char *text = NULL;
    size_t length;
    struct tw_table *table = tw_table_new(columns, 2);
    const char *first[] = {"Z\xC3\xBCrich", "1"};
    const char *second[] = {"\xE6\x97\xA5\xE6\x9C\xAC \x1B[2J", "2"};
    assert_non_null(table);
    assert_true(tw_table_add(table, first, &err));
    assert_true(tw_table_add(table, second, &err));
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    assert_true(tw_table_print(table, TW_FORMAT_TABLE, to, &err));
    fclose(to);
    tw_table_free(table);
    assert_non_null(strstr(text, "\nZ\xC3\xBCrich "));
    assert_non_null(strstr(text, "\xE6\x97\xA5\xE6\x9C\xAC \\x1b[2J"));
    free(text);
}

/* A full disk is no lack of memory: whoever reads that looks in the wrong place. */
static void a_full_disk_is_told_in_every_form(void **state)
{
    (void)state;
    enum { ROWS = 2000 }; /* more than a stream keeps to itself */
    struct tw_table *table = tw_table_new(columns, 2);
    const char *const row[] = {"VELQ", "7"};
    struct tw_error err;
    assert_non_null(table);
    for (int at = 0; at < ROWS; at++)
        assert_true(tw_table_add(table, row, &err));
    for (enum tw_format format = TW_FORMAT_TABLE; format <= TW_FORMAT_CSV; format++) {
        FILE *full = fopen("/dev/full", "we");
        assert_non_null(full);
        err = (struct tw_error){0};
        assert_false(tw_table_print(table, format, full, &err));
        assert_int_equal(err.code, TW_IO);
        assert_string_equal(err.what, "cannot write the table");
        fclose(full);
    }
    tw_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_keeps_numbers_bare_and_the_rest_quoted),
        cmocka_unit_test(csv_quotes_by_rfc_4180),
        cmocka_unit_test(a_table_has_a_heading_and_a_line_for_each_row),
        cmocka_unit_test(a_table_shows_every_script_as_it_is_and_no_control),
        cmocka_unit_test(a_full_disk_is_told_in_every_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
