/* poisson: critical counts, against those of 60 decimal places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rule_kinds/poisson.h"

static const double probabilities[] = {1e-1, 1e-2, 1e-6, 1e-12};

/* Made with Python's decimal, precision 60, adding up from 0. */
static const struct {
    double rate;
    int64_t critical[4];
} known[] = {
    {0.000001, {1, 1, 1, 2}},
    {0.01, {1, 1, 3, 5}},
    {0.5, {2, 4, 8, 12}},
    {1, {3, 5, 10, 15}},
    {3.125, {6, 9, 16, 23}},
    {10, {15, 19, 29, 40}},
    {100, {114, 125, 152, 179}},
    {1000.5, {1042, 1076, 1155, 1232}},
    {12345.75, {12489, 12606, 12878, 13136}},
};

static void critical_counts_are_those_of_the_distribution(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof known / sizeof known[0]; row++)
        for (size_t at = 0; at < 4; at++)
            assert_int_equal(
                tw_poisson_critical(known[row].rate, probabilities[at]), known[row].critical[at]);
}

static void more_are_needed_at_a_higher_rate_and_for_a_smaller_probability(void **state)
{
    (void)state;
    int64_t before = 0;
    for (double rate = 0.001; rate < 100000; rate = rate * 1.37) {
        int64_t critical = tw_poisson_critical(rate, 1e-6);
        assert_true(critical >= before && (double)critical > rate);
        assert_true(tw_poisson_critical(rate, 1e-9) > critical);
        before = critical;
    }
}

static void a_rate_of_a_milliard_is_answered(void **state)
{
    (void)state;
    int64_t critical = tw_poisson_critical(1e9, 1e-6); /* about 4.75 standard deviations above */
    assert_in_range(critical, 1000149000, 1000152000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(critical_counts_are_those_of_the_distribution),
        cmocka_unit_test(more_are_needed_at_a_higher_rate_and_for_a_smaller_probability),
        cmocka_unit_test(a_rate_of_a_milliard_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
