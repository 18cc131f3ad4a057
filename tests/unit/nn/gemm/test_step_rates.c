/* step_rates: products of a step are timed in both precisions, and bf16 is taken only where it pays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gemm/step_rates.h"

static void both_precisions_are_timed_where_the_processor_has_both(void **unused)
{
    (void)unused;
    struct tw_gemm fp32, bf16;
    struct tw_step_rates rates;
    struct tw_error err;
    assert_true(tw_gemm_open("portable", &fp32, &err));
    assert_true(tw_step_rates_measure(&fp32, &rates, &err));
    assert_true(rates.fp32 > 0);
    assert_int_equal(rates.bf16 > 0, tw_gemm_open("bf16", &bf16, &err));
}

static void bf16_pays_when_it_is_clearly_faster(void **unused)
{
    (void)unused;
    static const struct {
        struct tw_step_rates rates;
        bool pays;
    } cases[] = {{{170, 85}, false}, {{170, 0}, false}, {{100, 114}, false}, {{100, 116}, true}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_int_equal(tw_step_rates_bf16_pays(&cases[at].rates), cases[at].pays);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_precisions_are_timed_where_the_processor_has_both),
        cmocka_unit_test(bf16_pays_when_it_is_clearly_faster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
