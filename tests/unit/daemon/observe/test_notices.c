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
    tw_notices_add(&notices, &log, 1000, &rows, "news", 3);
    const char *line = logged();
    assert_non_null(strstr(line, "level=warning"));
    assert_non_null(strstr(line, "count=2"));
    assert_non_null(strstr(line, "byte 3: not JSON"));
    assert_non_null(strstr(line, "topic=news partition=3 offset=17"));
    tw_notices_add(&notices, &log, 2000, &rows, "news", 3);
    tw_notices_add(&notices, &log, 60999, &rows, "news", 3);
    tw_notices_flush(&notices, &log, 60999);
    assert_string_equal(logged(), "");
    tw_notices_flush(&notices, &log, 61000);
    assert_non_null(strstr(logged(), "count=4"));
    tw_notices_flush(&notices, &log, 999999);
    assert_string_equal(logged(), "");
}

static void repairs_are_told_by_field(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_notices notices = {0};
    struct tw_rows rows = {.symbols_unknown = 5, .doubtful_times = 1};
    rows.repaired[TW_REPAIR_SOURCE] = 2;
    rows.repaired[TW_REPAIR_SYMBOLS] = 1;
    tw_notices_add(&notices, &log, 0, &rows, "news", 0);
    const char *lines = logged();
    assert_non_null(strstr(lines, "fields=\"source 2, symbols 1\""));
    assert_non_null(strstr(lines, "event=\"symbols of messages name nobody\" count=5"));
    assert_non_null(strstr(lines, "event=\"times lie before 1990 by the unit that is set\" count=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dead_letters_are_folded_to_a_line_a_minute, begin, end),
        cmocka_unit_test_setup_teardown(repairs_are_told_by_field, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
