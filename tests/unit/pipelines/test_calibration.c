/* calibration: a head that finds a class too often, or is too sure, is put right by what is held back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "calibration.h"

enum { KINDS = 5, COPIES = 1000, ROWS = KINDS * COPIES };

static float logits[ROWS * TW_CLASSES];
static int32_t labels[ROWS];

/* Rows of a few kinds; label c in the share that softmax((logits + offsets) / T) says. */
static void given_labels(double temperature, const double offsets[TW_CLASSES])
{
    static const double kinds[KINDS][TW_CLASSES] = {{3, 0, -2}, {0, 2, 0}, {-1, 0, 4}, {1, 1, 0}, {0, -1, 1}};
    for (size_t kind = 0; kind < KINDS; kind++) {
        double shares[TW_CLASSES], sum = 0;
        for (size_t class = 0; class < TW_CLASSES; class ++)
            sum += shares[class] = exp((kinds[kind][class] + offsets[class]) / temperature);
        for (size_t copy = 0; copy < COPIES; copy++) {
            size_t row = kind * COPIES + copy;
            double place = ((double)copy + 0.5) / COPIES * sum;
            labels[row] = place < shares[0] ? 0 : place < shares[0] + shares[1] ? 1 : 2;
            for (size_t class = 0; class < TW_CLASSES; class ++)
                logits[row * TW_CLASSES + class] = (float)kinds[kind][class];
        }
    }
}

static void temperature_and_offsets_that_made_the_labels_are_found(void **state)
{
    (void)state;
    const double offsets[TW_CLASSES] = {-0.5, 0.75, -0.25};
    given_labels(1.6, offsets);
    struct tw_calibration found = tw_calibration_fit(logits, labels, ROWS);
    assert_float_equal(found.temperature, 1.6, 0.02);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_float_equal(found.offsets[class], offsets[class], 0.02);
    struct tw_score score = tw_calibration_score(logits, &found);
    double share = 0;
    for (size_t row = 0; row < COPIES; row++)
        share += labels[row] == 0;
    assert_float_equal(score.negative, share / COPIES, 0.01);
}

static void what_is_calibrated_stays_as_it_is(void **state)
{
    (void)state;
    const double none[TW_CLASSES] = {0};
    given_labels(1, none);
    struct tw_calibration found = tw_calibration_fit(logits, labels, ROWS);
    assert_float_equal(found.temperature, 1, 0.01);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_float_equal(found.offsets[class], 0, 0.01);
}

static void of_few_records_nothing_is_made(void **state)
{
    (void)state;
    const float few[] = {1, 0, 0, 1, 0, 0};
    const int32_t neutral[] = {1, 1}, nobody[] = {-1, -1};
    struct tw_calibration found = tw_calibration_fit(few, neutral, 2);
    assert_true(found.offsets[1] > 0);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_true(fabs((double)found.offsets[class] / found.temperature) < 1);
    found = tw_calibration_fit(few, nobody, 2);
    assert_true(found.temperature == 1);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_true(found.offsets[class] == 0);
}

static void logits_that_are_all_alike_are_no_trouble(void **state)
{
    (void)state;
    const float alike[] = {2, 2, 2, 2, 2, 2, 2, 2, 2};
    const float infinite[] = {INFINITY, 0, 0};
    const int32_t classes[] = {1, 1, 0};
    struct tw_calibration found = tw_calibration_fit(alike, classes, 3);
    assert_true(isfinite(found.temperature) && found.temperature > 0);
    found = tw_calibration_fit(infinite, classes, 1);
    assert_true(isfinite(found.temperature) && isfinite(found.offsets[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temperature_and_offsets_that_made_the_labels_are_found),
        cmocka_unit_test(what_is_calibrated_stays_as_it_is),
        cmocka_unit_test(of_few_records_nothing_is_made),
        cmocka_unit_test(logits_that_are_all_alike_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
