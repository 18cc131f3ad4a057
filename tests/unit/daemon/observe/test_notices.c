/* notices: what batches held is told at once the first time, then a line a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/notices.h"

#define CLOCK_US INT64_C(1700000000000000)

/* What was logged since the last call: standard error goes to a file meanwhile. */
static FILE *captured;
static int standard_error;

static int begin(void **state)
{
    (void)state;
    captured = tmpfile();
    standard_error = dup(STDERR_FILENO);
    return captured && dup2(fileno(captured), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    fclose(captured);
    return 0;
}

static const char *logged(void)
{
    static char text[4096];
    rewind(captured);
    size_t length = fread(text, 1, sizeof text - 1, captured);
    text[length] = '\0';
    rewind(captured);
    assert_int_equal(ftruncate(fileno(captured), 0), 0);
    return text;
}

static struct tw_rows dead(uint32_t count, struct tw_document *document)
{
    return (struct tw_rows){.documents = document, .document_count = 1, .dead_count = count};
}

static void dead_letters_are_folded_to_a_line_a_minute(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_notices notices = {0};
    struct tw_message message = {.offset = 17};
    struct tw_error why = {0};
    tw_fail(&why, TW_REFUSED, "byte 3", "send one JSON object a message", "not JSON");
    struct tw_document document = {.message = &message, .fate = TW_FATE_DEAD_LETTER, .refusal = &why};
    struct tw_rows rows = dead(2, &document);
    tw_notices_add(&notices, &log, 1000, CLOCK_US, &rows, "news", 3);
    const char *line = logged();
    assert_non_null(strstr(line, "level=warning"));
    assert_non_null(strstr(line, "count=2"));
    assert_non_null(strstr(line, "byte 3: not JSON"));
    assert_non_null(strstr(line, "topic=news partition=3 offset=17"));
    tw_notices_add(&notices, &log, 2000, CLOCK_US, &rows, "news", 3);
    tw_notices_add(&notices, &log, 60999, CLOCK_US, &rows, "news", 3);
    tw_notices_flush(&notices, &log, 60999);
    assert_string_equal(logged(), "");
    tw_notices_flush(&notices, &log, 61000);
    assert_non_null(strstr(logged(), "count=4"));
    tw_notices_flush(&notices, &log, 999999);
    assert_string_equal(logged(), "");
}

/* Whoever looks for the offset that is told must find it in the partition that is told. */
static void the_first_of_a_kind_keeps_its_place_whatever_comes_from_elsewhere(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_notices notices = {0};
    struct tw_message message = {.offset = 17};
    struct tw_error why = {0};
    tw_fail(&why, TW_REFUSED, "byte 3", "send one JSON object a message", "not JSON");
    struct tw_document document = {.message = &message, .fate = TW_FATE_DEAD_LETTER, .refusal = &why};
    struct tw_rows rows = dead(1, &document);
    struct tw_rows elsewhere = {.symbols_unknown = 5};
    tw_notices_add(&notices, &log, 1000, CLOCK_US, &rows, "news", 3);
    logged();
    message.offset = 99;
    tw_notices_add(&notices, &log, 2000, CLOCK_US, &rows, "news", 4);
    tw_notices_add(&notices, &log, 3000, CLOCK_US, &elsewhere, "posts", 8);
    message.offset = 5;
    tw_notices_add(&notices, &log, 4000, CLOCK_US, &rows, "posts", 7);
    assert_non_null(strstr(logged(), "count=5 topic=posts"));
    tw_notices_flush(&notices, &log, 61000);
    const char *line = logged();
    assert_non_null(strstr(line, "count=2"));
    assert_non_null(strstr(line, "topic=news partition=4 offset=99"));
}

static void repairs_are_told_by_field(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_notices notices = {0};
    struct tw_rows rows = {.symbols_unknown = 5, .doubtful_times = 1};
    rows.repaired[TW_REPAIR_SOURCE] = 2;
    rows.repaired[TW_REPAIR_SYMBOLS] = 1;
    tw_notices_add(&notices, &log, 0, CLOCK_US, &rows, "news", 0);
    const char *lines = logged();
    assert_non_null(strstr(lines, "fields=\"source 2, symbols 1\""));
    assert_non_null(strstr(lines, "event=\"symbols of messages name nobody\" count=5"));
    assert_non_null(strstr(lines, "event=\"times that are numbers lie before 1990\" count=1"));
}

static void times_that_are_not_used_are_told_with_their_cure(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_notices notices = {0};
    struct tw_message message = {.offset = 7};
    struct tw_document documents[] = {{.message = &message},
        {.message = &message, .time_unread = "it has no offset; cure: set decode.time_zone"}};
    struct tw_rows rows = {.documents = documents, .document_count = 2, .unread_times = 1};
    tw_notices_add(&notices, &log, 0, CLOCK_US, &rows, "news", 3);
    const char *line = logged();
    assert_non_null(strstr(line, "warning"));
    assert_non_null(
        strstr(line, "count=1 first=\"it has no offset; cure: set decode.time_zone\" topic=news"));
    assert_non_null(strstr(line, "partition=3 offset=7"));
}

static void event_time_that_leads_is_loud_and_folded(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_notices notices = {0};
    struct tw_message message = {.offset = 7, .stamp_us = CLOCK_US};
    struct tw_document document = {.message = &message,
        .fate = TW_FATE_STORED,
        .event_us = CLOCK_US + INT64_C(3600000000),
        .moves_watermark = false};
    struct tw_rows rows = {
        .documents = &document, .document_count = 1, .ahead_count = 1, .highest_us = TW_NO_TIME};
    tw_notices_add(&notices, &log, 1000, CLOCK_US, &rows, "news", 3);
    const char *line = logged();
    assert_non_null(strstr(line, "level=warning"));
    assert_non_null(strstr(line, "times too far ahead do not move the watermark"));
    assert_non_null(strstr(line, "first=2023-11-14T23:13:20Z stamp=2023-11-14T22:13:20Z"));
    assert_non_null(strstr(line, "topic=news partition=3 offset=7"));
    assert_null(strstr(line, "leads this machine's clock"));
    tw_notices_add(&notices, &log, 2000, CLOCK_US, &rows, "news", 3);
    assert_string_equal(logged(), "");

    rows = (struct tw_rows){.highest_us = CLOCK_US + INT64_C(61000000)};
    tw_notices_add(&notices, &log, 3000, CLOCK_US, &rows, "news", 3);
    line = logged();
    assert_non_null(strstr(line, "event time leads this machine's clock"));
    assert_non_null(strstr(line, "seconds=61 topic=news partition=3"));
    rows.highest_us = CLOCK_US + INT64_C(60000000); /* clocks differ a little */
    tw_notices_add(&notices, &log, 70000, CLOCK_US, &rows, "news", 3);
    assert_null(strstr(logged(), "leads this machine's clock"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dead_letters_are_folded_to_a_line_a_minute, begin, end),
        cmocka_unit_test_setup_teardown(
            the_first_of_a_kind_keeps_its_place_whatever_comes_from_elsewhere, begin, end),
        cmocka_unit_test_setup_teardown(event_time_that_leads_is_loud_and_folded, begin, end),
        cmocka_unit_test_setup_teardown(repairs_are_told_by_field, begin, end),
        cmocka_unit_test_setup_teardown(times_that_are_not_used_are_told_with_their_cure, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
