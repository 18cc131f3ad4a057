/* backward kernels: every table against the definition, on whole and broken vectors, and nothing written
 * beyond. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/choose.h"
#include "random_model.h"

static const size_t widths[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100, 384};
enum {
    WIDTHS = sizeof widths / sizeof widths[0],
    WIDEST = 384,
    ROWS = 5,
    VALUES = ROWS * WIDEST,
    GUARD = 16
};

/* Inputs, and two sets of outputs: the definition's and the table's. */
static struct {
    float x[VALUES], d_y[VALUES], scale[WIDEST];
    float out[2][VALUES + GUARD], sums[2][WIDEST + GUARD], more[2][WIDEST + GUARD];
} at_hand;

static void fill(float *to, size_t count, uint64_t counter, float factor)
{
    for (size_t at = 0; at < count; at++)
        to[at] = random_uniform(counter + at) * factor;
}

static void given_numbers(void)
{
    fill(at_hand.x, VALUES, 0, 5.0f);
    fill(at_hand.d_y, VALUES, 10000, 1.0f);
    fill(at_hand.scale, WIDEST, 20000, 2.0f);
    for (size_t set = 0; set < 2; set++) {
        fill(at_hand.out[set], VALUES + GUARD, 30000, 1.0f);
        fill(at_hand.sums[set], WIDEST + GUARD, 40000, 1.0f);
        fill(at_hand.more[set], WIDEST + GUARD, 50000, 1.0f);
    }
}

static void expect_alike(const float *one, const float *two, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        double away = fabs((double)one[at] - (double)two[at]);
        if (!(away <= 2e-5 + 1e-5 * fabs((double)one[at])))
            fail_msg("value %zu: %.9g and %.9g", at, (double)one[at], (double)two[at]);
    }
}

/* All of every array: what a table must not touch is equal because nobody did. */
static void expect_all_alike(void)
{
    expect_alike(at_hand.out[0], at_hand.out[1], VALUES + GUARD);
    expect_alike(at_hand.sums[0], at_hand.sums[1], WIDEST + GUARD);
    expect_alike(at_hand.more[0], at_hand.more[1], WIDEST + GUARD);
}

/* Runs a story with the definition and with each table, for each width. */
static void compare(void (*story)(const struct tw_backward_kernels *kernels, size_t width, size_t set))
{
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    for (size_t table = 1; table < count; table++) {
        for (size_t turn = 0; turn < WIDTHS; turn++) {
            given_numbers();
            story(&tw_backward_portable, widths[turn], 0);
            story(tables[table]->backward, widths[turn], 1);
            expect_all_alike();
        }
    }
}

static void run_norm(const struct tw_backward_kernels *kernels, size_t width, size_t set)
{
    kernels->norm(at_hand.x, at_hand.scale, 1e-5f, at_hand.d_y, ROWS, width, at_hand.out[set],
        at_hand.sums[set], at_hand.more[set]);
}

static void a_norm_is_taken_back_alike(void **state)
{
    (void)state;
    compare(run_norm);
}

static void run_activations(const struct tw_backward_kernels *kernels, size_t width, size_t set)
{
    for (size_t activation = 0; activation < TW_ACTIVATIONS; activation++)
        kernels->activate[activation](at_hand.x, at_hand.scale, at_hand.d_y, ROWS, width, at_hand.out[set],
            activation % 2 ? at_hand.sums[set] : NULL);
}

static void activations_are_taken_back_alike(void **state)
{
    (void)state;
    compare(run_activations);
}

static void run_sums(const struct tw_backward_kernels *kernels, size_t width, size_t set)
{
    kernels->add_rows(at_hand.x, ROWS, width, at_hand.sums[set]);
    kernels->add(at_hand.x, width, at_hand.more[set]);
}

static void sums_are_alike(void **state)
{
    (void)state;
    compare(run_sums);
}

static void run_adamw(const struct tw_backward_kernels *kernels, size_t width, size_t set)
{
    const struct tw_adamw_constants constants = {.factor = 0.5f,
        .keep = 0.999f,
        .beta1 = 0.9f,
        .beta2 = 0.99f,
        .step = 0.01f,
        .correction = 3.0f,
        .epsilon = 1e-3f};
    for (size_t at = 0; at < width; at++)
        at_hand.more[set][at] = fabsf(at_hand.more[set][at]);
    kernels->adamw(&constants, at_hand.x, width, at_hand.out[set], at_hand.sums[set], at_hand.more[set]);
}

static void adamw_is_alike(void **state)
{
    (void)state;
    compare(run_adamw);
}

static void run_products(const struct tw_backward_kernels *kernels, size_t width, size_t set)
{
    enum { OUT = 3 };
    /* d_x[ROWS, width] from d_y[ROWS, 3] and W[3, width]; d_W[3, width] from d_y and x[ROWS, width]. */
    kernels->multiply_input(at_hand.d_y, at_hand.x, at_hand.out[set], ROWS, OUT, width, width % 2 == 0);
    if (OUT * width <= WIDEST)
        kernels->multiply_weight(at_hand.d_y, at_hand.x, at_hand.sums[set], ROWS, OUT, width, width % 2 == 1);
}

static void products_are_alike(void **state)
{
    (void)state;
    compare(run_products);
}

static void large_products_are_alike(void **state)
{
    (void)state;
    /* More than a panel in every direction, and a remainder. */
    enum { M = 150, N = 203, K = 141 };
    float *a = malloc(sizeof(float) * M * N), *b = malloc(sizeof(float) * N * K),
          *x = malloc(sizeof(float) * M * K);
    float *c[2] = {calloc(M * K, sizeof(float)), calloc(M * K, sizeof(float))};
    float *w[2] = {calloc(N * K, sizeof(float)), calloc(N * K, sizeof(float))};
    assert_true(a && b && x && c[0] && c[1] && w[0] && w[1]);
    fill(a, (size_t)M * N, 1, 0.1f);
    fill(b, (size_t)N * K, 100000, 0.5f);
    fill(x, (size_t)M * K, 200000, 0.5f);
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    for (size_t table = 1; table < count; table++) {
        const struct tw_backward_kernels *both[] = {&tw_backward_portable, tables[table]->backward};
        for (size_t set = 0; set < 2; set++) {
            both[set]->multiply_input(a, b, c[set], M, N, K, false);
            both[set]->multiply_weight(a, x, w[set], M, N, K, false);
            both[set]->multiply_weight(a, x, w[set], M, N, K, true);
        }
        expect_alike(c[0], c[1], (size_t)M * K);
        expect_alike(w[0], w[1], (size_t)N * K);
    }
    for (size_t set = 0; set < 2; set++) {
        free(c[set]);
        free(w[set]);
    }
    free(x);
    free(b);
    free(a);
}

static void attention_is_taken_back_alike(void **state)
{
    (void)state;
    enum { HEADS = 2, WIDTH = 9, TOKENS = 60, COUNT = HEADS * WIDTH * TOKENS, SPAN = 2 * 33 + 1 };
    static const uint32_t starts[] = {4, 5, 22, 31, 64};
    static float inputs[4][COUNT], outputs[2][3][COUNT], by_distance[HEADS * SPAN], d_bias[2][HEADS * SPAN];
    const struct tw_dropout_plan plan = {.seed = 4, .step = 2};
    struct tw_dropout dropout = tw_dropout_at(&plan, tw_dropout_threshold(0.2f), TW_DROP_ATTENTION, 1);
    float *scratch = aligned_alloc(64, (tw_attention_backward_floats(33, WIDTH) * 4 + 63) / 64 * 64);
    assert_non_null(scratch);
    for (size_t at = 0; at < 4; at++)
        fill(inputs[at], COUNT, at * 5000, 2.0f);
    fill(by_distance, HEADS * SPAN, 90000, 2.0f);
    const struct tw_distance_bias bias = {by_distance, SPAN / 2, SPAN};
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    for (size_t table = 1; table < count; table++) {
        const struct tw_backward_kernels *both[] = {&tw_backward_portable, tables[table]->backward};
        for (size_t biased = 0; biased < 2; biased++) {
            memset(d_bias, 0, sizeof d_bias);
            for (size_t set = 0; set < 2; set++) {
                struct tw_attention_backward_call call = {inputs[0], inputs[1], inputs[2], inputs[3],
                    outputs[set][0], outputs[set][1], outputs[set][2], starts, 4, HEADS, WIDTH,
                    biased ? &bias : NULL, biased ? d_bias[set] : NULL, &dropout, scratch};
                both[set]->attention(&call);
            }
            for (size_t at = 0; at < 3; at++)
                expect_alike(outputs[0][at], outputs[1][at], COUNT);
            expect_alike(d_bias[0], d_bias[1], HEADS * SPAN);
            assert_true((d_bias[0][SPAN / 2] == 0.0f) == (biased == 0));
        }
    }
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_norm_is_taken_back_alike),
        cmocka_unit_test(activations_are_taken_back_alike),
        cmocka_unit_test(sums_are_alike),
        cmocka_unit_test(adamw_is_alike),
        cmocka_unit_test(products_are_alike),
        cmocka_unit_test(large_products_are_alike),
        cmocka_unit_test(attention_is_taken_back_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
