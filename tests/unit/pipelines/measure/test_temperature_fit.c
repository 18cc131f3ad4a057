/* temperature_fit: probabilities come to mean what they say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/temperature_fit.h"

static double loss_at(const float *logits, const int32_t *labels, size_t rows, double base)
{
    return tw_temperature_loss(logits, labels, rows, (struct tw_temperature){.base = (float)base});
}

/* 1,000 rows whose true distribution is softmax(logits / 2): label c in the share that says so. */
static void the_temperature_that_made_the_labels_is_found(void **state)
{
    (void)state;
    enum { ROWS = 1000 };
    static float logits[ROWS * 3];
    static int32_t labels[ROWS];
    double share[3], sum = 0;
    const double row[3] = {2, 0, -1};
    for (int class = 0; class < 3; class ++)
        sum += share[class] = exp(row[class] / 2);
    for (int at = 0; at < ROWS; at++) {
        double place = (at + 0.5) / ROWS * sum;
        labels[at] = place < share[0] ? 0 : place < share[0] + share[1] ? 1 : 2;
        for (int class = 0; class < 3; class ++)
            logits[at * 3 + class] = (float)row[class];
    }
    double found = tw_temperature_fit_base(logits, labels, ROWS);
    assert_true(fabs(found - 2) < 0.03);
    double least = loss_at(logits, labels, ROWS, found);
    assert_true(least < loss_at(logits, labels, ROWS, 1));
    assert_true(least < loss_at(logits, labels, ROWS, 4));
}

static void nothing_to_fit_is_one_and_no_error_is_not_certainty(void **state)
{
    (void)state;
    const float logits[] = {3, 0, 0, 0, 3, 0};
    const int32_t none[] = {-1, -1}, right[] = {0, 1};
    struct tw_temperature nothing = tw_temperature_fit(logits, none, 2);
    assert_true(nothing.base == 1 && nothing.exponent == 0);
    double found = tw_temperature_fit_base(logits, right, 2);
    /* Two right answers of four with doubt: softmax(3 / T) = 3 / 4, so that 3 / T = ln 6. */
    assert_true(fabs(3 / found - log(6)) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_temperature_that_made_the_labels_is_found),
        cmocka_unit_test(nothing_to_fit_is_one_and_no_error_is_not_certainty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
