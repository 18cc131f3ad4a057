/* temperature: logits to probabilities that mean what they say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/temperature.h"

static void at_temperature_one_it_is_softmax(void **state)
{
    (void)state;
    const double logits[] = {2.0, 0.5, -1.0};
    float probs[TW_CLASSES];
    tw_temperature_apply(logits, (struct tw_temperature){.base = 1.0f}, probs);
    double sum = exp(0.5) + exp(-1.0) + exp(2.0);
    assert_true(fabs((double)probs[0] - exp(2.0) / sum) < 1e-7);
    assert_true(fabs((double)probs[1] - exp(0.5) / sum) < 1e-7);
    assert_true(fabs((double)probs[2] - exp(-1.0) / sum) < 1e-7);
}

static void a_temperature_flattens_and_huge_logits_stay_finite(void **state)
{
    (void)state;
    struct tw_temperature temperature = {.base = 4.0f};
    const double logits[] = {4.0, 0.0, 0.0}, huge[] = {3e38, -3e38, 3e38};
    float probs[TW_CLASSES];
    tw_temperature_apply(logits, temperature, probs);
    assert_true(fabs((double)probs[0] - exp(1.0) / (exp(1.0) + 2.0)) < 1e-7);
    for (int exponent = 0; exponent < 2; exponent++) {
        temperature.exponent = (float)exponent;
        tw_temperature_apply(huge, temperature, probs);
        assert_true(probs[0] == 0.5f && probs[1] == 0.0f && probs[2] == 0.5f);
    }
}

/* By hand: h is the entropy of softmax(z) over ln 3. */
static void an_exponent_makes_the_sure_surer_and_keeps_the_label(void **state)
{
    (void)state;
    const struct tw_temperature temperature = {2.0f, 0.5f};
    const double cases[][TW_CLASSES] = {{4, 0, 0}, {0.5, 0.25, 0}, {0, 0, 0}, {900, 0, -900}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const double *row = cases[at];
        double sum = 0, entropy = 0, wanted = 0, shares[TW_CLASSES];
        for (size_t class = 0; class < TW_CLASSES; class ++)
            sum += shares[class] = exp(row[class] - row[0]);
        for (size_t class = 0; class < TW_CLASSES; class ++)
            entropy -= shares[class] > 0 ? shares[class] / sum * log(shares[class] / sum) : 0;
        double heat = 2 * sqrt(fmax(entropy / log(3), 1e-3));
        for (size_t class = 0; class < TW_CLASSES; class ++)
            wanted += exp((row[class] - row[0]) / heat);
        float probs[TW_CLASSES];
        tw_temperature_apply(row, temperature, probs);
        assert_true(fabs((double)probs[0] - 1 / wanted) < 1e-6);
        assert_true(probs[0] >= probs[1] && probs[1] >= probs[2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_temperature_one_it_is_softmax),
        cmocka_unit_test(a_temperature_flattens_and_huge_logits_stay_finite),
        cmocka_unit_test(an_exponent_makes_the_sure_surer_and_keeps_the_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
