/* linear: a map with weights, forward and taken back, by every backend that works here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/linear.h"
#include "random_model.h"

enum { ROWS = 37, PADDED = 48, OUT = 70, IN = 300 };

struct scene {
    struct tw_compute compute;
    float weight[OUT * IN], bias[OUT];
    float in[PADDED * IN], d_out[PADDED * OUT];
    float out[PADDED * OUT], d_in[PADDED * IN], d_weight[OUT * IN];
};

static struct tw_linear linear_of(const struct scene *scene)
{
    return (struct tw_linear){.weight = scene->weight, .bias = scene->bias, .in = IN, .out = OUT};
}

static void fill(float *values, size_t count, size_t seed)
{
    for (size_t at = 0; at < count; at++)
        values[at] = random_uniform(seed + at);
}

/* Calls `story` with each backend that works here, bf16 aside. */
static void for_each_backend(void (*story)(struct scene *scene))
{
    struct tw_error err;
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_true(tw_compute_open(NULL, &scene->compute, &err));
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        if (!scene->compute.gemm.probes[backend].works)
            continue;
        scene->compute.gemm.backend = (enum tw_gemm_backend)backend;
        fill(scene->weight, OUT * IN, 1000000);
        fill(scene->bias, OUT, 2000000);
        fill(scene->in, ROWS * IN, 3000000);
        fill(scene->d_out, ROWS * OUT, 4000000);
        fill(scene->d_in, ROWS * IN, 5000000);
        fill(scene->d_weight, OUT * IN, 6000000);
        story(scene);
    }
    free(scene);
}

static double product_of_row(const struct scene *scene, size_t row, size_t column)
{
    double sum = 0.0;
    for (size_t at = 0; at < IN; at++)
        sum += (double)scene->in[row * IN + at] * (double)scene->weight[column * IN + at];
    return sum;
}

static void check_forward(struct scene *scene)
{
    struct tw_error err;
    const struct tw_linear linear = linear_of(scene);
    assert_true(tw_linear_run(&scene->compute, &linear, ROWS, scene->in, linear.bias, scene->out, &err));
    for (size_t row = 0; row < ROWS; row++)
        for (size_t column = 0; column < OUT; column++)
            assert_true(fabs(product_of_row(scene, row, column) + (double)scene->bias[column] -
                             (double)scene->out[row * OUT + column]) < 1e-4);
}

static void a_map_multiplies_and_adds_its_bias(void **state)
{
    (void)state;
    for_each_backend(check_forward);
}

static void check_bias_apart(struct scene *scene)
{
    struct tw_error err;
    const struct tw_linear linear = linear_of(scene);
    static float whole[PADDED * OUT];
    assert_true(tw_linear_run(&scene->compute, &linear, ROWS, scene->in, linear.bias, whole, &err));
    assert_true(tw_linear_run(&scene->compute, &linear, ROWS, scene->in, NULL, scene->out, &err));
    scene->compute.kernels->add_bias(scene->out, scene->bias, ROWS, OUT, scene->out);
    assert_memory_equal(scene->out, whole, ROWS * OUT * sizeof(float));
}

static void the_next_kernel_may_add_the_bias_with_the_same_bits(void **state)
{
    (void)state;
    for_each_backend(check_bias_apart);
}

static void check_back_input(struct scene *scene)
{
    struct tw_error err;
    const struct tw_linear linear = linear_of(scene);
    static float before[ROWS * IN];
    memcpy(before, scene->d_in, sizeof before);
    for (int more = 1; more >= 0; more--) {
        assert_true(
            tw_linear_back_input(&scene->compute, &linear, ROWS, scene->d_out, more, scene->d_in, &err));
        for (size_t row = 0; row < ROWS; row += 5)
            for (size_t column = 0; column < IN; column += 7) {
                double sum = more ? (double)before[row * IN + column] : 0.0;
                for (size_t at = 0; at < OUT; at++)
                    sum += (double)scene->d_out[row * OUT + at] * (double)scene->weight[at * IN + column];
                assert_true(fabs(sum - (double)scene->d_in[row * IN + column]) < 1e-4);
            }
    }
}

static void the_gradient_by_the_input_overwrites_or_adds(void **state)
{
    (void)state;
    for_each_backend(check_back_input);
}

static void check_back_weight(struct scene *scene)
{
    struct tw_error err;
    const struct tw_linear linear = linear_of(scene);
    static float before[OUT * IN];
    memcpy(before, scene->d_weight, sizeof before);
    assert_true(tw_linear_back_weight(
        &scene->compute, &linear, ROWS, scene->d_out, scene->in, scene->d_weight, &err));
    for (size_t out = 0; out < OUT; out += 5)
        for (size_t in = 0; in < IN; in += 7) {
            double sum = (double)before[out * IN + in];
            for (size_t row = 0; row < ROWS; row++)
                sum += (double)scene->d_out[row * OUT + out] * (double)scene->in[row * IN + in];
            assert_true(fabs(sum - (double)scene->d_weight[out * IN + in]) < 1e-4);
        }
}

static void the_gradient_by_the_weight_is_added(void **state)
{
    (void)state;
    for_each_backend(check_back_weight);
}

static void no_rows_are_no_work(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_compute compute;
    const struct tw_linear linear = {.in = 3, .out = 2};
    assert_true(tw_compute_open("portable", &compute, &err));
    assert_true(tw_linear_run(&compute, &linear, 0, NULL, NULL, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_multiplies_and_adds_its_bias),
        cmocka_unit_test(the_next_kernel_may_add_the_bias_with_the_same_bits),
        cmocka_unit_test(the_gradient_by_the_input_overwrites_or_adds),
        cmocka_unit_test(the_gradient_by_the_weight_is_added),
        cmocka_unit_test(no_rows_are_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
