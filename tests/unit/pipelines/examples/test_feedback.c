/* feedback: who labelled the records of a file, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "examples/feedback.h"

static char path[64];

static int begin(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/tapewatch-feedback-%d.jsonl", (int)getpid());
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static json_t *summary_of(const char *lines, struct tw_error *err)
{
    struct tw_error written;
    assert_true(tw_file_write(path, tw_text_of(lines), &written));
    return tw_feedback_summary(path, err);
}

static void labels_are_counted_by_person_between_the_first_and_the_last(void **state)
{
    (void)state;
    struct tw_error err;
    json_t *summary = summary_of(
        "{\"title\":\"a\",\"said\":[{\"label_id\":1,\"by\":\"anna\",\"at\":\"2031-02-01T08:00:00Z\"},"
        "{\"label_id\":4,\"by\":\"ben\",\"at\":\"2031-03-01T08:00:00Z\"}]}\n\n"
        "{\"title\":\"b\",\"said\":[{\"label_id\":2,\"by\":\"anna\",\"at\":\"2031-01-01T08:00:00Z\"}]}\n",
        &err);
    assert_non_null(summary);
    assert_int_equal(json_integer_value(json_object_get(summary, "records")), 2);
    assert_int_equal(json_integer_value(json_object_get(summary, "labels")), 3);
    const json_t *by = json_object_get(summary, "by");
    assert_int_equal(json_integer_value(json_object_get(by, "anna")), 2);
    assert_int_equal(json_integer_value(json_object_get(by, "ben")), 1);
    assert_string_equal(json_string_value(json_object_get(summary, "first")), "2031-01-01T08:00:00Z");
    assert_string_equal(json_string_value(json_object_get(summary, "last")), "2031-03-01T08:00:00Z");
    json_decref(summary);
}

static void a_record_of_nobody_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {"{\"title\":\"a\",\"label\":\"negative\"}\n",
        "{\"title\":\"a\",\"said\":[{\"label_id\":1}]}\n", "no JSON\n"};
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        struct tw_error err;
        assert_null(summary_of(lines[at], &err));
        assert_int_equal(err.code, TW_CONFIG);
        assert_string_equal(err.what, "record 1 does not tell who said so");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_counted_by_person_between_the_first_and_the_last),
        cmocka_unit_test(a_record_of_nobody_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
