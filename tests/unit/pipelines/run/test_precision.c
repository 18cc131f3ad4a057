/* precision: auto becomes the name of a precision, and what was named stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/precision.h"

static void a_named_precision_stays_and_nothing_is_said(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = "bf16", .gemm = "portable"};
    struct tw_error err;
    char said[160] = "left over";
    assert_true(tw_run_precision_settle(&settings, said, sizeof said, &err));
    assert_string_equal(settings.precision, "bf16");
    assert_string_equal(said, "");
}

static void auto_becomes_a_name_that_run_yaml_can_keep(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = TW_RUN_PRECISION_AUTO, .gemm = "portable"};
    struct tw_error err;
    char said[160];
    assert_true(tw_run_precision_settle(&settings, said, sizeof said, &err));
    assert_true(strcmp(settings.precision, "f32") == 0 || strcmp(settings.precision, "bf16") == 0);
    assert_non_null(strstr(said, settings.precision));
}

static void an_unknown_library_is_told_before_anything_is_written(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = TW_RUN_PRECISION_AUTO, .gemm = "mkl"};
    struct tw_error err;
    char said[160];
    assert_false(tw_run_precision_settle(&settings, said, sizeof said, &err));
    assert_int_equal(err.code, TW_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_named_precision_stays_and_nothing_is_said),
        cmocka_unit_test(auto_becomes_a_name_that_run_yaml_can_keep),
        cmocka_unit_test(an_unknown_library_is_told_before_anything_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
