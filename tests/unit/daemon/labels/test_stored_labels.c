/* stored_labels: where labels are read from, as the command line says it. What is read,
 * tests/integration/test_feedback asks of a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "labels/stored_labels.h"

static void a_service_or_a_configuration_file_is_taken(void **state)
{
    (void)state;
    struct tw_database_choice choice;
    struct tw_error err;
    assert_true(tw_stored_labels_source("service=labels", &choice, &err));
    assert_string_equal(choice.conninfo, "service=labels");
    assert_null(choice.config);
    assert_true(tw_stored_labels_source("/etc/tapewatch/tapewatch.yaml", &choice, &err));
    assert_string_equal(choice.config, "/etc/tapewatch/tapewatch.yaml");
    assert_null(choice.conninfo);
}

static void no_connection_and_no_password_is_taken(void **state)
{
    (void)state;
    static const char *const refused[] = {"service=labels password=secret", "host=db user=me",
        "postgresql://me:secret@db/tapewatch", "password=secret", "user=me service=labels"};
    for (size_t at = 0; at < sizeof refused / sizeof refused[0]; at++) {
        struct tw_database_choice choice;
        struct tw_error err;
        assert_false(tw_stored_labels_source(refused[at], &choice, &err));
        assert_int_equal(err.code, TW_USAGE);
        assert_null(strstr(err.what, "secret")); /* nor is it told to a log */
        assert_null(strstr(err.cure, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_or_a_configuration_file_is_taken),
        cmocka_unit_test(no_connection_and_no_password_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
