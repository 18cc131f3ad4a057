/* log: one event is one line, whatever it carries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/log.h"

struct captured {
    char bytes[8192];
    size_t length;
};

/* What `log` writes to stderr for one event, read back through a pipe. */
static void capture(const struct tw_log *log, enum tw_level level, struct captured *out, size_t count,
    const struct tw_field *fields)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    tw_log_event(log, level, "source", "partition taken", count, fields);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t got = read(ends[0], out->bytes, sizeof out->bytes - 1);
    close(ends[0]);
    out->length = got > 0 ? (size_t)got : 0;
    out->bytes[out->length] = '\0';
}

static void an_event_is_a_logfmt_line(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_field fields[] = {tw_string("topic", "news"), tw_int("partition", -3)};
    struct captured line;
    capture(&log, TW_INFO, &line, 2, fields);
    assert_int_equal(strncmp(line.bytes, "time=20", 7), 0);
    assert_non_null(
        strstr(line.bytes, " level=info room=source event=\"partition taken\" topic=news partition=-3\n"));
}

static void a_value_cannot_break_its_line(void **state)
{
    (void)state;
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_field fields[] = {tw_string("what", "two\nlines \"quoted\" \\ \x01"), tw_string("empty", "")};
    struct captured line;
    capture(&log, TW_INFO, &line, 2, fields);
    assert_non_null(strstr(line.bytes, "what=\"two\\nlines \\\"quoted\\\" \\\\ \\x01\" empty=\"\"\n"));
    assert_ptr_equal(strchr(line.bytes, '\n'), line.bytes + line.length - 1);
}

static void a_giant_value_is_cut_and_still_ends_its_line(void **state)
{
    (void)state;
    static char giant[20000];
    memset(giant, 'x', sizeof giant - 1);
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_field field = tw_string("giant", giant);
    struct captured line;
    capture(&log, TW_INFO, &line, 1, &field);
    assert_int_equal(line.length, 4096);
    assert_int_equal(line.bytes[line.length - 1], '\n');
}

static void quiet_levels_are_dropped_unless_their_room_is_verbose(void **state)
{
    (void)state;
    struct captured line;
    struct tw_log log = tw_log_open(TW_WARNING, TW_LOG_FORMAT_LOGFMT, NULL);
    capture(&log, TW_INFO, &line, 0, NULL);
    assert_int_equal(line.length, 0);
    log = tw_log_open(TW_WARNING, TW_LOG_FORMAT_LOGFMT, "store,source");
    capture(&log, TW_DEBUG, &line, 0, NULL);
    assert_int_not_equal(line.length, 0);
    log = tw_log_open(TW_WARNING, TW_LOG_FORMAT_LOGFMT, "sourcery");
    capture(&log, TW_DEBUG, &line, 0, NULL);
    assert_int_equal(line.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_a_logfmt_line),
        cmocka_unit_test(a_value_cannot_break_its_line),
        cmocka_unit_test(a_giant_value_is_cut_and_still_ends_its_line),
        cmocka_unit_test(quiet_levels_are_dropped_unless_their_room_is_verbose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
