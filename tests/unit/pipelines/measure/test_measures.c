/* measures: against numbers worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure/measures.h"

static struct tw_score sure_of(uint32_t class, float confidence)
{
    float rest = (1 - confidence) / 2, p[3] = {rest, rest, rest};
    p[class] = confidence;
    return (struct tw_score){p[0], p[1], p[2], 0};
}

static void accuracy_f1_and_confusion(void **state)
{
    (void)state;
    /* rows: label, prediction */
    static const uint32_t pairs[][2] = {
        {0, 0}, {0, 0}, {0, 1}, {1, 1}, {1, 1}, {1, 1}, {2, 2}, {2, 1}, {2, 0}, {1, 2}};
    struct tw_measures metrics = {0};
    for (size_t at = 0; at < 10; at++) {
        struct tw_score score = sure_of(pairs[at][1], 0.9f);
        tw_measures_add(&metrics, pairs[at][0], &score);
    }
    struct tw_metric_report report = tw_measures_report(&metrics);
    assert_int_equal(report.n, 10);
    assert_int_equal(metrics.confusion[2][0], 1);
    assert_int_equal(report.classes[1].support, 4);
    assert_float_equal(report.accuracy, 0.6, 1e-12);
    assert_float_equal(report.classes[0].f1, 2.0 * 2 / (3 + 3), 1e-12);
    assert_float_equal(report.classes[1].f1, 2.0 * 3 / (4 + 5), 1e-12);
    assert_float_equal(report.classes[2].f1, 2.0 * 1 / (3 + 2), 1e-12);
    assert_float_equal(report.macro_f1, (2.0 / 3 + 2.0 / 3 + 0.4) / 3, 1e-12);
    /* All in one bin: 6 right of 10 at 0.9 */
    assert_float_equal(report.ece, 0.3, 1e-6);
}

static void a_class_that_never_occurs_is_left_out_of_the_mean(void **state)
{
    (void)state;
    struct tw_measures metrics = {0};
    struct tw_score score = sure_of(1, 1);
    tw_measures_add(&metrics, 1, &score);
    struct tw_metric_report report = tw_measures_report(&metrics);
    assert_float_equal(report.macro_f1, 1, 1e-12);
    assert_float_equal(report.ece, 0, 1e-12);
    assert_int_equal(tw_measures_report(&(struct tw_measures){0}).n, 0);
}

static void bins_tell_what_is_said_and_what_is_true(void **state)
{
    (void)state;
    struct tw_measures metrics = {0};
    const float confidences[] = {0.95f, 0.97f, 0.5f, 1};
    for (uint32_t at = 0; at < 4; at++) {
        struct tw_score score = sure_of(1, confidences[at]);
        tw_measures_add(&metrics, at % 2, &score); /* right when odd */
    }
    struct tw_metric_bin last = tw_measures_bin(&metrics, TW_METRIC_BINS - 1);
    assert_int_equal(last.n, 3); /* 14/15 = 0.933 and above, 1 included */
    assert_float_equal(last.accuracy, 2.0 / 3, 1e-12);
    assert_float_equal(last.confidence, (0.95 + 0.97 + 1) / 3, 1e-6);
    assert_int_equal(tw_measures_bin(&metrics, 7).n, 1);
    assert_int_equal(tw_measures_bin(&metrics, 0).n, 0);
    assert_float_equal(tw_measures_bin(&metrics, 0).confidence, 0, 0);
}

static void a_confidence_that_is_no_number_is_counted_without_harm(void **state)
{
    (void)state;
    struct tw_measures metrics = {0};
    struct tw_score score = {NAN, NAN, NAN, 0};
    tw_measures_add(&metrics, 1, &score);
    assert_int_equal(tw_measures_report(&metrics).n, 1);
    assert_int_equal(tw_measures_bin(&metrics, 0).n, 1);
}

/* A class that nobody labelled has no recall, and one that nobody predicted no precision: a 0 would say that
 * the model fails on it. */
static void what_cannot_be_divided_is_no_rate(void **state)
{
    (void)state;
    const struct tw_score negative = {.negative = 1};
    struct tw_measures measures = {0};
    struct tw_class_rate rates[TW_CLASS_RATES];
    tw_measures_add(&measures, 2, &negative);
    struct tw_metric_report report = tw_measures_report(&measures);
    const uint64_t expected[TW_CLASSES][TW_CLASS_RATES] = {{1, 0, 1}, {0, 0, 0}, {0, 1, 1}};
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        tw_measures_rates(&report.classes[class], rates);
        for (size_t at = 0; at < TW_CLASS_RATES; at++)
            assert_int_equal(rates[at].n, expected[class][at]);
    }
    assert_string_equal(rates[0].name, "precision");
    assert_string_equal(rates[1].name, "recall");
    assert_string_equal(rates[2].name, "f1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_f1_and_confusion),
        cmocka_unit_test(a_class_that_never_occurs_is_left_out_of_the_mean),
        cmocka_unit_test(bins_tell_what_is_said_and_what_is_true),
        cmocka_unit_test(a_confidence_that_is_no_number_is_counted_without_harm),
        cmocka_unit_test(what_cannot_be_divided_is_no_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
