/* machine: a move is told; one that the table does not have is an error that names both states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/machine.h"

enum { DOWN, RISING, UP };
static const char *const names[] = {[DOWN] = "down", [RISING] = "rising", [UP] = "up"};
static const uint32_t moves[] = {
    [DOWN] = TW_MOVE(RISING), [RISING] = TW_MOVE(UP) | TW_MOVE(DOWN), [UP] = TW_MOVE(DOWN)};
static const struct tw_machine lift = {"lift", names, moves, 3};

/* What is written to stderr; returns what tw_machine_tell says. */
static bool tell(const struct tw_log *log, unsigned from, unsigned to, char *line, size_t size)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    bool allowed = tw_machine_tell(&lift, log, TW_DEBUG, from, to, "a button was pressed");
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t got = read(ends[0], line, size - 1);
    close(ends[0]);
    line[got > 0 ? got : 0] = '\0';
    return allowed;
}

static void a_move_is_told_with_both_names_and_the_reason(void **state)
{
    (void)state;
    char line[1024];
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, "store,lift");
    assert_true(tell(&log, DOWN, RISING, line, sizeof line));
    assert_non_null(strstr(
        line, " level=debug room=lift event=moved from=down to=rising why=\"a button was pressed\"\n"));
}

static void a_move_that_nobody_wants_to_see_is_not_told(void **state)
{
    (void)state;
    char line[1024];
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, "store");
    assert_true(tell(&log, DOWN, RISING, line, sizeof line));
    assert_string_equal(line, "");
}

static void a_move_that_is_not_in_the_table_is_loud(void **state)
{
    (void)state;
    char line[1024];
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    assert_false(tell(&log, DOWN, UP, line, sizeof line));
    assert_non_null(strstr(line, " level=error room=lift event=\"a move that is not allowed\""));
    assert_non_null(strstr(line, "moved from down to up (a button was pressed)"));
    assert_non_null(strstr(line, " code=70\n"));
}

static void what_is_no_state_is_never_allowed(void **state)
{
    (void)state;
    char line[1024];
    struct tw_log log = tw_log_open(TW_INFO, TW_LOG_FORMAT_LOGFMT, NULL);
    assert_false(tw_machine_allows(&lift, 3, DOWN));
    assert_false(tw_machine_allows(&lift, DOWN, 3));
    assert_false(tw_machine_allows(&lift, DOWN, DOWN));
    assert_false(tell(&log, 77, DOWN, line, sizeof line));
    assert_non_null(strstr(line, "moved from no such state to down"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_is_told_with_both_names_and_the_reason),
        cmocka_unit_test(a_move_that_nobody_wants_to_see_is_not_told),
        cmocka_unit_test(a_move_that_is_not_in_the_table_is_loud),
        cmocka_unit_test(what_is_no_state_is_never_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
