#include "cli/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/tapewatch-tape-XXXXXX";

static void write_archive(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void no_refusal(void *context, const char *archive, const struct tw_error *err)
{
    (void)context;
    (void)archive;
    fail_msg("refused: %s", err->what);
}

static struct tw_tape load(const struct tw_decode_options *decode)
{
    struct tw_tape tape;
    struct tw_error err = {0};
    if (!tw_tape_load(path, decode, 1 << 24, no_refusal, NULL, &tape, &err))
        fail_msg("%s: %s", err.where, err.what);
    return tape;
}

static void records_come_in_the_order_of_event_time_and_timeless_ones_stay_behind_their_line(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    decode.time_unit = TW_UNIT_MILLISECONDS;
    write_archive("{\"id\":\"c\",\"ts\":3000,\"text\":\"x\"}\n"
                  "not json\n"
                  "{\"id\":\"a\",\"ts\":1000,\"text\":\"x\",\"symbols\":[\"AB\"]}\n"
                  "{\"id\":\"b\",\"text\":\"x\"}\n"
                  "{\"id\":\"d\",\"ts\":3000,\"text\":\"x\"}\n");
    struct tw_tape tape = load(&decode);
    static const uint64_t order[] = {3, 4, 1, 2, 5};
    assert_int_equal(tape.count, 5);
    for (size_t at = 0; at < 5; at++)
        assert_int_equal(tape.records[at].number, order[at]);
    assert_int_equal(tape.timeless, 2);
    assert_int_equal(tape.first_us, 1000000);
    assert_int_equal(tape.last_us, 3000000);
    assert_true(tw_text_equal(tape.records[0].symbol, tw_text_of("AB")));
    assert_true(tw_text_equal(tape.records[3].line, tw_text_of("not json")));
    tw_tape_free(&tape);
}

static void an_archive_without_times_keeps_its_own_order(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    write_archive("{\"text\":\"x\"}\n{\"text\":\"y\"}\n");
    struct tw_tape tape = load(&decode);
    assert_int_equal(tape.records[0].number, 1);
    assert_int_equal(tape.records[1].number, 2);
    assert_true(tape.last_us == TW_NO_TIME);
    tw_tape_free(&tape);
}

static void copies_differ_by_their_id_alone(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    size_t length = 0;
    write_archive("{\"id\":\"a\",\"text\":\"x\"}\n{\"text\":\"y\"}\n[1]\n");
    struct tw_tape tape = load(&decode);
    char *line = tw_tape_rename(&tape.records[0], &decode, 7, &length);
    assert_string_equal(line, "{\"id\":\"a-7\",\"text\":\"x\"}");
    assert_int_equal(length, strlen(line));
    free(line);
    line = tw_tape_rename(&tape.records[1], &decode, 7, &length);
    assert_string_equal(line, "{\"text\":\"y\",\"id\":\"2-7\"}");
    free(line);
    assert_null(tw_tape_rename(&tape.records[2], &decode, 7, &length));
    tw_tape_free(&tape);
}

static void an_archive_larger_than_its_memory_fails_and_says_so(void **state)
{
    (void)state;
    struct tw_decode_options decode = tw_decode_defaults();
    struct tw_tape tape;
    struct tw_error err = {0};
    FILE *file = fopen(path, "w");
    for (int at = 0; at < 1000; at++)
        fputs("{\"text\":\"0123456789012345678901234567890123456789\"}\n", file);
    fclose(file);
    assert_false(tw_tape_load(path, &decode, 16384, no_refusal, NULL, &tape, &err));
    assert_int_equal(err.code, TW_FULL);
    assert_string_equal(err.where, path);
}

static int make_file(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_in_the_order_of_event_time_and_timeless_ones_stay_behind_their_line),
        cmocka_unit_test(an_archive_without_times_keeps_its_own_order),
        cmocka_unit_test(copies_differ_by_their_id_alone),
        cmocka_unit_test(an_archive_larger_than_its_memory_fails_and_says_so),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
