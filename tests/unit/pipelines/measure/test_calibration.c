/* calibration: a head that finds a class too often, or is too sure, is put right by what is held back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/calibration.h"
#include "measure/temperature_fit.h"

enum { KINDS = 5, COPIES = 1000, ROWS = KINDS * COPIES };

static float logits[ROWS * TW_CLASSES];
static int32_t labels[ROWS];

static const double kinds[KINDS][TW_CLASSES] = {{3, 0, -2}, {0, 2, 0}, {-1, 0, 4}, {1, 1, 0}, {0, -1, 1}};

static struct tw_calibration fitted(const float *of, const int32_t *with, size_t rows)
{
    struct tw_error err;
    struct tw_calibration found;
    assert_true(tw_calibration_fit(of, with, rows, &found, &err));
    return found;
}

static double highest_of(const struct tw_score *score)
{
    return fmax(fmax((double)score->negative, (double)score->neutral), (double)score->positive);
}

/* Rows of a few kinds; label c in the share that softmax((logits + class_biases) / T) says. */
static void given_labels(double temperature, const double class_biases[TW_CLASSES])
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        double shares[TW_CLASSES], sum = 0;
        for (size_t class = 0; class < TW_CLASSES; class ++)
            sum += shares[class] = exp((kinds[kind][class] + class_biases[class]) / temperature);
        for (size_t copy = 0; copy < COPIES; copy++) {
            size_t row = kind * COPIES + copy;
            double place = ((double)copy + 0.5) / COPIES * sum;
            labels[row] = place < shares[0] ? 0 : place < shares[0] + shares[1] ? 1 : 2;
            for (size_t class = 0; class < TW_CLASSES; class ++)
                logits[row * TW_CLASSES + class] = (float)kinds[kind][class];
        }
    }
}

static void temperature_and_class_biases_that_made_the_labels_are_found(void **state)
{
    (void)state;
    const double class_biases[TW_CLASSES] = {-0.5, 0.75, -0.25};
    given_labels(1.6, class_biases);
    struct tw_calibration found = fitted(logits, labels, ROWS);
    assert_float_equal(found.temperature.base, 1.6, 0.02);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_float_equal(found.class_biases[class], class_biases[class], 0.02);
    struct tw_score score = tw_calibration_score(logits, &found);
    double share = 0;
    for (size_t row = 0; row < COPIES; row++)
        share += labels[row] == 0;
    assert_float_equal(score.negative, share / COPIES, 0.01);
}

/* Sure kinds that are right more often than they say, unsure ones less: 999 of 1,000, 60 and 45 of 100. */
static void a_head_whose_sure_logits_saturate_is_spread(void **state)
{
    (void)state;
    static const struct {
        double logits[TW_CLASSES];
        int right;
    } cases[] = {
        {{3.5, 0, 0}, 999}, {{0, 3.5, 0}, 999}, {{1.5, 0, 0}, 600}, {{0, 0, 1.5}, 600}, {{0, 1, 0}, 450}};
    for (size_t row = 0; row < ROWS; row++) {
        size_t kind = row / COPIES, copy = row % COPIES, best = 0;
        for (size_t class = 0; class < TW_CLASSES; class ++) {
            logits[row * TW_CLASSES + class] = (float)cases[kind].logits[class];
            best = cases[kind].logits[class] > cases[kind].logits[best] ? class : best;
        }
        labels[row] = (int32_t)((int)copy < cases[kind].right ? best : (best + 1 + copy % 2) % TW_CLASSES);
    }
    struct tw_calibration found = fitted(logits, labels, ROWS), plain = found;
    plain.temperature = (struct tw_temperature){(float)tw_temperature_fit_base(logits, labels, ROWS), 0};
    assert_true(found.temperature.exponent > 0.2f && found.temperature.exponent <= 1.0f);
    double away = 0, plainly = 0;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct tw_score one = tw_calibration_score(logits + kind * COPIES * TW_CLASSES, &found);
        struct tw_score other = tw_calibration_score(logits + kind * COPIES * TW_CLASSES, &plain);
        double right = cases[kind].right / 1000.0;
        away += fabs(highest_of(&one) - right) / KINDS;
        plainly += fabs(highest_of(&other) - right) / KINDS;
    }
    assert_true(away < 0.02 && plainly > 2 * away);
}

static void what_is_calibrated_stays_as_it_is(void **state)
{
    (void)state;
    const double none[TW_CLASSES] = {0};
    given_labels(1, none);
    struct tw_calibration found = fitted(logits, labels, ROWS);
    assert_float_equal(found.temperature.base, 1, 0.01);
    assert_true(found.temperature.exponent < 0.01f);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_float_equal(found.class_biases[class], 0, 0.01);
}

static void of_few_records_nothing_is_made(void **state)
{
    (void)state;
    const float few[] = {1, 0, 0, 1, 0, 0};
    const int32_t neutral[] = {1, 1}, nobody[] = {-1, -1};
    struct tw_calibration found = fitted(few, neutral, 2);
    assert_true(found.class_biases[1] > 0);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_true(fabs((double)found.class_biases[class] / (double)found.temperature.base) < 1);
    found = fitted(few, nobody, 2);
    assert_true(found.temperature.base == 1 && found.temperature.exponent == 0);
    for (size_t class = 0; class < TW_CLASSES; class ++)
        assert_true(found.class_biases[class] == 0);
}

static void logits_that_are_all_alike_are_no_trouble(void **state)
{
    (void)state;
    const float alike[] = {2, 2, 2, 2, 2, 2, 2, 2, 2};
    const float infinite[] = {INFINITY, 0, 0};
    const int32_t classes[] = {1, 1, 0};
    struct tw_calibration found = fitted(alike, classes, 3);
    assert_true(isfinite(found.temperature.base) && found.temperature.base > 0);
    found = fitted(infinite, classes, 1);
    assert_true(isfinite(found.temperature.base) && isfinite(found.class_biases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temperature_and_class_biases_that_made_the_labels_are_found),
        cmocka_unit_test(a_head_whose_sure_logits_saturate_is_spread),
        cmocka_unit_test(what_is_calibrated_stays_as_it_is),
        cmocka_unit_test(of_few_records_nothing_is_made),
        cmocka_unit_test(logits_that_are_all_alike_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
