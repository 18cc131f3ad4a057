/* pace: whatever a model's speed, a batch comes to take a second or two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "batch/pace.h"

/* Ten batches as large as the pace allows, of a model that needs so long for a guessed token: how long the
 * last one takes. */
static uint64_t settle(struct tw_pace *pace, double token_us, uint64_t start_us)
{
    uint64_t took_us = 0;
    for (int batch = 0; batch < 10; batch++) {
        uint64_t tokens = tw_pace_most_tokens(pace);
        took_us = start_us + (uint64_t)((double)tokens * token_us);
        tw_pace_learn(pace, tokens, took_us, true);
    }
    return took_us;
}

static void a_batch_comes_to_take_a_second_or_two_of_any_model(void **state)
{
    (void)state;
    static const double token_us[] = {2500, 600, 100, 20, 5};
    for (size_t at = 0; at < sizeof token_us / sizeof token_us[0]; at++) {
        struct tw_pace pace = {0};
        assert_in_range(settle(&pace, token_us[at], 30000), 1000000, 2000000);
    }
}

static void the_first_batch_is_small_enough_for_the_slowest_model(void **state)
{
    (void)state;
    struct tw_pace pace = {0};
    assert_true((double)tw_pace_most_tokens(&pace) * 2500 < 2e6);
}

static void a_machine_that_slows_down_is_followed(void **state)
{
    (void)state;
    struct tw_pace pace = {0};
    settle(&pace, 20, 0);
    assert_in_range(settle(&pace, 200, 0), 1000000, 2500000);
    assert_in_range(settle(&pace, 20, 0), 800000, 2000000);
}

static void the_constant_model_is_not_held_back(void **state)
{
    (void)state;
    struct tw_pace pace = {0};
    settle(&pace, 0.3, 2000);
    /* 2,000 tweets of 40 guessed tokens are cut by their number long before. */
    assert_true(tw_pace_most_tokens(&pace) > 10 * 2000 * 40);
    tw_pace_learn(&pace, 100, 0, true);
    assert_true(tw_pace_most_tokens(&pace) > 0);
}

static void batches_that_no_model_has_read_do_not_hide_its_speed(void **state)
{
    (void)state;
    struct tw_pace pace = {0};
    for (int batch = 0; batch < 20; batch++) /* ticks alone, at the start */
        tw_pace_learn(&pace, 8000, 3000, false);
    assert_true(tw_pace_most_tokens(&pace) > 100000);
    tw_pace_learn(&pace, 1000, 600000, true); /* then the model speaks */
    assert_in_range(tw_pace_most_tokens(&pace), 2400, 2600);
    for (int batch = 0; batch < 20; batch++)
        tw_pace_learn(&pace, 8000, 3000, false);
    assert_in_range(tw_pace_most_tokens(&pace), 2400, 2600);
}

static void a_text_costs_at_most_what_the_model_reads_of_it(void **state)
{
    (void)state;
    assert_int_equal(tw_pace_guess(10 << 20, 512), 512);
    assert_in_range(tw_pace_guess(100, 512), 20, 40);
    assert_in_range(tw_pace_guess(0, 512), 1, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_comes_to_take_a_second_or_two_of_any_model),
        cmocka_unit_test(the_first_batch_is_small_enough_for_the_slowest_model),
        cmocka_unit_test(a_machine_that_slows_down_is_followed),
        cmocka_unit_test(the_constant_model_is_not_held_back),
        cmocka_unit_test(batches_that_no_model_has_read_do_not_hide_its_speed),
        cmocka_unit_test(a_text_costs_at_most_what_the_model_reads_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
