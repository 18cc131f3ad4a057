/* state: which weights are tried and kept while a run learns: its own, their average, or either mixed with
 * those it began with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random_model.h"
#include "train/state.h"

static char folder[64];

static int begin(void **state)
{
    (void)state;
    given_folder(folder);
    given_random_model(folder, &tiny_bert);
    return 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static struct tw_state *given_state(bool averaged, bool keeps_base)
{
    struct tw_error err;
    struct tw_state *state;
    const struct tw_state_options options = {
        .folder = folder, .parts = TW_PART_DOCUMENT, .averaged = averaged, .keeps_base = keeps_base};
    if (!tw_state_open(&options, &state, &err))
        fail_msg("%s: %s", err.where, err.what);
    return state;
}

/* A step that moves every value by 1. */
static void learn(struct tw_state *state)
{
    for (size_t at = 0; at < state->value_count; at++)
        state->values[at] += 1.0f;
}

static float *copy_of(const struct tw_state *state)
{
    float *values = malloc(state->value_count * sizeof *values);
    assert_non_null(values);
    memcpy(values, state->values, state->value_count * sizeof *values);
    return values;
}

static void a_share_of_the_base_comes_back_and_goes_again(void **unused)
{
    (void)unused;
    struct tw_state *state = given_state(false, true);
    float *base = copy_of(state);
    learn(state);
    float *learned = copy_of(state);
    tw_state_try(state, 0.25);
    for (size_t at = 0; at < state->value_count; at++)
        assert_float_equal(state->values[at], base[at] + 0.75f, 1e-5);
    tw_state_go_on(state);
    assert_memory_equal(state->values, learned, state->value_count * sizeof *learned);
    free(base);
    free(learned);
    tw_state_close(state);
}

static void the_base_is_mixed_into_the_average_where_there_is_one(void **unused)
{
    (void)unused;
    struct tw_state *state = given_state(true, true);
    float *base = copy_of(state);
    learn(state);
    tw_state_average(state, 0.5, 1000); /* half the way */
    float *learned = copy_of(state);
    tw_state_try(state, 0.2);
    for (size_t at = 0; at < state->value_count; at++)
        assert_float_equal(state->values[at], base[at] + 0.8f * 0.5f, 1e-5);
    tw_state_go_on(state);
    assert_memory_equal(state->values, learned, state->value_count * sizeof *learned);
    tw_state_try(state, 0.2);
    tw_state_go_on(state);
    assert_memory_equal(state->values, learned, state->value_count * sizeof *learned);
    free(base);
    free(learned);
    tw_state_close(state);
}

static void without_a_base_the_average_is_tried_and_the_values_without_one(void **unused)
{
    (void)unused;
    for (int averaged = 0; averaged < 2; averaged++) {
        struct tw_state *state = given_state(averaged, false);
        float *base = copy_of(state);
        learn(state);
        float *learned = copy_of(state);
        tw_state_try(state, 0.9);
        assert_memory_equal(state->values, averaged ? base : learned, state->value_count * sizeof *base);
        tw_state_go_on(state);
        assert_memory_equal(state->values, learned, state->value_count * sizeof *learned);
        free(base);
        free(learned);
        tw_state_close(state);
    }
}

static void a_head_that_begins_anew_has_nothing_to_keep(void **unused)
{
    (void)unused;
    struct tw_error err;
    struct tw_state *state;
    const struct tw_state_options options = {
        .folder = folder, .parts = TW_PART_DOCUMENT, .fresh_heads = true, .keeps_base = true};
    assert_false(tw_state_open(&options, &state, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.where, folder);
    assert_string_equal(err.what, "a head begins anew: there is nothing of it to keep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_share_of_the_base_comes_back_and_goes_again, begin, end),
        cmocka_unit_test_setup_teardown(the_base_is_mixed_into_the_average_where_there_is_one, begin, end),
        cmocka_unit_test_setup_teardown(
            without_a_base_the_average_is_tried_and_the_values_without_one, begin, end),
        cmocka_unit_test_setup_teardown(a_head_that_begins_anew_has_nothing_to_keep, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
