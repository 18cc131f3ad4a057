/* distance: buckets are those of the formula. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/distance.h"

static void a_distance_falls_into_the_bucket_that_the_formula_gives_it(void **state)
{
    (void)state;
    for (size_t distance = 0; distance < 1000; distance++) {
        size_t wanted = distance;
        if (distance >= 8) {
            /* The logarithm is a whole number at powers of two, where rounding could go either way. */
            double steps = 8.0 * log((double)distance / 8.0) / log(16.0) + 1e-9;
            wanted = steps < 7.0 ? 8 + (size_t)steps : 15;
        }
        assert_int_equal(tw_distance_bucket(distance, false), wanted);
        assert_int_equal(tw_distance_bucket(distance, true), wanted + 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_distance_falls_into_the_bucket_that_the_formula_gives_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
