/* precision: auto becomes the name of a precision, and what was named stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "run/precision.h"

static void a_named_precision_stays_and_nothing_is_measured(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = "bf16", .gemm = "portable"};
    struct tw_error err;
    struct tw_run_precision precision = {.said = "left over", .is_open = true};
    assert_true(tw_run_precision_settle(&settings, &precision, &err));
    assert_string_equal(settings.precision, "bf16");
    assert_string_equal(precision.said, "");
    assert_false(precision.is_open);
}

static void auto_becomes_a_name_that_run_yaml_can_keep(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = TW_RUN_PRECISION_AUTO, .gemm = "portable"};
    struct tw_error err;
    struct tw_run_precision precision;
    assert_true(tw_run_precision_settle(&settings, &precision, &err));
    assert_true(strcmp(settings.precision, "f32") == 0 || strcmp(settings.precision, "bf16") == 0);
    assert_non_null(strstr(precision.said, settings.precision));
}

/* The run has it from there, and probes nothing again. */
static void what_was_opened_to_measure_is_what_the_setting_names(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = TW_RUN_PRECISION_AUTO, .gemm = "portable"};
    struct tw_error err;
    struct tw_run_precision precision;
    assert_true(tw_run_precision_settle(&settings, &precision, &err));
    assert_true(precision.is_open);
    assert_non_null(precision.compute.kernels);
    assert_int_equal(precision.compute.gemm.backend, TW_GEMM_PORTABLE);
}

static void an_unknown_library_is_told_before_anything_is_written(void **unused)
{
    (void)unused;
    struct tw_run_settings settings = {.precision = TW_RUN_PRECISION_AUTO, .gemm = "mkl"};
    struct tw_error err;
    struct tw_run_precision precision;
    assert_false(tw_run_precision_settle(&settings, &precision, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_false(precision.is_open);
}

static void products_that_round_measure_nothing(void **unused)
{
    (void)unused;
    static const char *const rounding[] = {"bf16", "bf16-portable"};
    for (size_t at = 0; at < 2; at++) {
        struct tw_run_settings settings = {.precision = TW_RUN_PRECISION_AUTO, .gemm = rounding[at]};
        struct tw_error err;
        struct tw_run_precision precision;
        assert_false(tw_run_precision_settle(&settings, &precision, &err));
        assert_int_equal(err.code, TW_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_named_precision_stays_and_nothing_is_measured),
        cmocka_unit_test(auto_becomes_a_name_that_run_yaml_can_keep),
        cmocka_unit_test(what_was_opened_to_measure_is_what_the_setting_names),
        cmocka_unit_test(an_unknown_library_is_told_before_anything_is_written),
        cmocka_unit_test(products_that_round_measure_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
