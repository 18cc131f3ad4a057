/* kernels: every table against the formulas in double, on whole and broken vectors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/choose.h"
#include "random_model.h"

/* Widths around the vectors of both tables: below, equal, above, several, and real ones. */
static const size_t widths[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 36, 100, 384, 770};
enum { WIDTHS = sizeof widths / sizeof widths[0], WIDEST = 770, ROWS = 5 };

static struct {
    float in[ROWS * WIDEST], other[ROWS * WIDEST], bias[WIDEST], scale[WIDEST], shift[WIDEST];
    float out[ROWS * WIDEST + 16];
} at_hand;

static void fill(float *to, size_t count, uint64_t counter, float factor)
{
    for (size_t at = 0; at < count; at++)
        to[at] = random_uniform(counter + at) * factor;
}

static void given_numbers(void)
{
    fill(at_hand.in, ROWS * WIDEST, 0, 4.0f);
    fill(at_hand.other, ROWS * WIDEST, 10000, 1.0f);
    fill(at_hand.bias, WIDEST, 20000, 1.0f);
    fill(at_hand.scale, WIDEST, 30000, 2.0f);
    fill(at_hand.shift, WIDEST, 40000, 1.0f);
}

/* What a kernel must not touch. */
static void given_guard(size_t used)
{
    for (size_t at = 0; at < 16; at++)
        at_hand.out[used + at] = 12345.0f;
}

static void expect_guard(size_t used)
{
    for (size_t at = 0; at < 16; at++)
        assert_true(at_hand.out[used + at] == 12345.0f);
}

static void expect_near(double wanted, float got, double within)
{
    if (!(fabs(wanted - (double)got) <= within))
        fail_msg("wanted %.9g, got %.9g, more than %.1g apart", wanted, (double)got, within);
}

/* Runs a story for every table of this processor. */
static void for_each_table(void (*story)(const struct tw_kernels *kernels))
{
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    for (size_t table = 0; table < count; table++)
        story(tables[table]);
}

static double norm_in_double(const double *row, size_t width, size_t column, double epsilon)
{
    double mean = 0.0, variance = 0.0;
    for (size_t at = 0; at < width; at++)
        mean += row[at] / (double)width;
    for (size_t at = 0; at < width; at++)
        variance += (row[at] - mean) * (row[at] - mean) / (double)width;
    return (row[column] - mean) / sqrt(variance + epsilon) * (double)at_hand.scale[column] +
           (double)at_hand.shift[column];
}

static void check_add_norm(const struct tw_kernels *kernels)
{
    for (size_t turn = 0; turn < WIDTHS; turn++) {
        size_t width = widths[turn];
        given_guard(ROWS * width);
        struct tw_add_norm_call call = {
            .in = at_hand.in,
            .bias = at_hand.bias,
            .residual = at_hand.other,
            .scale = at_hand.scale,
            .shift = at_hand.shift,
            .epsilon = 1e-5f,
            .rows = ROWS,
            .width = width,
            .sum = at_hand.out,
            .out = at_hand.out,
        };
        kernels->add_norm(&call);
        expect_guard(ROWS * width);
        for (size_t row = 0; row < ROWS; row++) {
            double sums[WIDEST];
            for (size_t at = 0; at < width; at++)
                sums[at] = (double)at_hand.in[row * width + at] + (double)at_hand.bias[at] +
                           (double)at_hand.other[row * width + at];
            for (size_t at = 0; at < width; at++)
                expect_near(
                    norm_in_double(sums, width, at, (double)1e-5f), at_hand.out[row * width + at], 4e-6);
        }
    }
}

static void residual_and_norm_follow_the_formula(void **state)
{
    (void)state;
    given_numbers();
    for_each_table(check_add_norm);
}

static void check_embed_norm(const struct tw_kernels *kernels)
{
    static const int32_t ids[] = {9, 9, 4, 0, 2, 4};
    static const uint8_t types[] = {0, 0, 0, 1, 0, 1};
    static const uint32_t starts[] = {2, 3, 6}; /* a cut from the middle of a batch */
    for (size_t turn = 0; turn < WIDTHS; turn++) {
        size_t width = widths[turn];
        const float *words = at_hand.in, *positions = at_hand.other, *type_rows = at_hand.in + 3;
        for (int typed = 0; typed < 2; typed++) {
            given_guard(4 * width);
            kernels->embed_norm(ids, typed ? types : NULL, starts, 2, words, positions,
                typed ? type_rows : NULL, at_hand.scale, at_hand.shift, 1e-5f, width, at_hand.out);
            expect_guard(4 * width);
            for (size_t token = 2; token < 6; token++) {
                double sums[WIDEST];
                size_t position = token == 2 ? 0 : token - 3;
                for (size_t at = 0; at < width; at++)
                    sums[at] = (double)words[(size_t)ids[token] * width + at] +
                               (double)positions[position * width + at] +
                               (typed ? (double)type_rows[types[token] * width + at] : 0.0);
                for (size_t at = 0; at < width; at++)
                    expect_near(norm_in_double(sums, width, at, (double)1e-5f),
                        at_hand.out[(token - 2) * width + at], 4e-6);
            }
        }
    }
}

static void embeddings_are_summed_by_word_position_and_type(void **state)
{
    (void)state;
    given_numbers();
    for_each_table(check_embed_norm);
}

static double gelu_erf(double x)
{
    return x / 2.0 * (1.0 + erf(x / sqrt(2.0)));
}

static double gelu_tanh(double x)
{
    return x / 2.0 * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

static double relu(double x)
{
    return x > 0.0 ? x : 0.0;
}

/* From -12 to 12 in steps of 1/1024; beyond lie the constants. */
enum { GRID = 24 * 1024 + 1 };

static void check_activations(const struct tw_kernels *kernels)
{
    double (*const formulas[TW_ACTIVATIONS])(double) = {
        [TW_GELU_ERF] = gelu_erf, [TW_GELU_TANH] = gelu_tanh, [TW_RELU] = relu, [TW_TANH] = tanh};
    static float grid[GRID], zeros[GRID], out[GRID];
    for (size_t at = 0; at < GRID; at++)
        grid[at] = (float)at / 1024.0f - 12.0f;
    for (size_t activation = 0; activation < TW_ACTIVATIONS; activation++) {
        kernels->activate[activation](grid, zeros, 1, GRID, out);
        double worst = 0.0;
        for (size_t at = 0; at < GRID; at++) {
            double wanted = formulas[activation]((double)grid[at]);
            double away = fabs(wanted - (double)out[at]) / fmax(1.0, fabs(wanted));
            worst = fmax(worst, away);
        }
        print_message("%s, activation %zu: within %.2g of double\n", kernels->name, activation, worst);
        assert_true(worst < 1e-6);
    }
}

static void activations_are_within_a_millionth_of_double(void **state)
{
    (void)state;
    for_each_table(check_activations);
}

static void check_activation_edges(const struct tw_kernels *kernels)
{
    const float edges[] = {-INFINITY, -1e30f, -100.0f, 100.0f, 1e30f};
    const float zeros[5] = {0};
    float out[5];
    kernels->activate[TW_TANH](edges, zeros, 1, 5, out);
    expect_near(-1.0, out[0], 1e-6);
    expect_near(1.0, out[4], 1e-6);
    kernels->activate[TW_GELU_ERF](edges + 1, zeros, 1, 4, out);
    expect_near(0.0, out[1], 1e-4);
    expect_near(100.0, out[2], 1e-4);
    const float hole = NAN;
    for (size_t activation = 0; activation < TW_ACTIVATIONS; activation++) {
        kernels->activate[activation](&hole, zeros, 1, 1, out);
        assert_true(isnan(out[0]));
    }
}

static void what_is_no_number_stays_none(void **state)
{
    (void)state;
    for_each_table(check_activation_edges);
}

static void check_bias(const struct tw_kernels *kernels)
{
    for (size_t turn = 0; turn < WIDTHS; turn++) {
        size_t width = widths[turn];
        given_guard(ROWS * width);
        kernels->add_bias(at_hand.in, at_hand.bias, ROWS, width, at_hand.out);
        expect_guard(ROWS * width);
        for (size_t at = 0; at < ROWS * width; at++)
            assert_true(at_hand.out[at] == at_hand.in[at] + at_hand.bias[at % width]);
        given_guard(ROWS * width);
        kernels->activate[TW_RELU](at_hand.in, at_hand.bias, ROWS, width, at_hand.out);
        expect_guard(ROWS * width);
        for (size_t at = 0; at < ROWS * width; at++)
            assert_true(at_hand.out[at] == fmaxf(at_hand.in[at] + at_hand.bias[at % width], 0.0f));
    }
}

static void a_bias_is_added_to_every_row(void **state)
{
    (void)state;
    given_numbers();
    for_each_table(check_bias);
}

static void check_softmax(const struct tw_kernels *kernels)
{
    for (size_t turn = 0; turn < WIDTHS; turn++) {
        size_t width = widths[turn];
        fill(at_hand.in, ROWS * width, 7, 30.0f);
        given_guard(ROWS * width);
        kernels->softmax(at_hand.in, ROWS, width, at_hand.out);
        expect_guard(ROWS * width);
        for (size_t row = 0; row < ROWS; row++) {
            double sum = 0.0, highest = -1e9;
            for (size_t at = 0; at < width; at++)
                highest = fmax(highest, (double)at_hand.in[row * width + at]);
            for (size_t at = 0; at < width; at++)
                sum += exp((double)at_hand.in[row * width + at] - highest);
            for (size_t at = 0; at < width; at++)
                expect_near(exp((double)at_hand.in[row * width + at] - highest) / sum,
                    at_hand.out[row * width + at], 3e-7);
        }
    }
}

static void softmax_follows_the_formula(void **state)
{
    (void)state;
    for_each_table(check_softmax);
}

/* --- attention ------------------------------------------------------------------------------------------ */

static double attention_in_double(const struct tw_attention_call *call, size_t first, size_t tokens,
    size_t head, size_t token, size_t column)
{
    size_t stride = call->heads * call->width, corner = first * stride + head * call->width;
    double scores[512], highest = -1e9, sum = 0.0, context = 0.0;
    for (size_t other = 0; other < tokens; other++) {
        scores[other] = 0.0;
        for (size_t at = 0; at < call->width; at++)
            scores[other] += (double)call->query[corner + token * stride + at] *
                             (double)call->key[corner + other * stride + at];
        scores[other] /= sqrt((double)call->width);
        if (call->bias)
            scores[other] += (double)tw_distance_row(call->bias, head, token)[other];
        highest = fmax(highest, scores[other]);
    }
    for (size_t other = 0; other < tokens; other++) {
        double weight = exp(scores[other] - highest);
        sum += weight;
        context += weight * (double)call->value[corner + other * stride + column];
    }
    return context / sum;
}

static void check_attention_of(
    const struct tw_kernels *kernels, size_t heads, size_t width, const struct tw_distance_bias *bias)
{
    static const uint32_t starts[] = {5, 6, 8, 11, 27, 44, 77, 141, 342};
    enum { SEQUENCES = 8 };
    size_t rows = starts[SEQUENCES] - starts[0], stride = heads * width;
    float *numbers = calloc(4 * rows * stride + 16, sizeof *numbers);
    float *scratch = aligned_alloc(64, tw_attention_scratch_floats(201, width) * sizeof *scratch);
    assert_true(numbers && scratch);
    fill(numbers, 3 * rows * stride, 99, 2.0f);
    struct tw_attention_call call = {.query = numbers,
        .key = numbers + rows * stride,
        .value = numbers + 2 * rows * stride,
        .context = numbers + 3 * rows * stride,
        .starts = starts,
        .sequences = SEQUENCES,
        .heads = heads,
        .width = width,
        .bias = bias,
        .scratch = scratch};
    kernels->attention(&call);
    for (size_t sequence = 0; sequence < SEQUENCES; sequence++) {
        size_t first = starts[sequence] - starts[0], tokens = starts[sequence + 1] - starts[sequence];
        for (size_t at = 0; at < tokens * stride; at += at < 3 * stride ? 1 : 41)
            expect_near(
                attention_in_double(&call, first, tokens, at % stride / width, at / stride, at % width),
                call.context[first * stride + at], 3e-6);
    }
    free(scratch);
    free(numbers);
}

static void check_attention(const struct tw_kernels *kernels)
{
    enum { LONGEST = 201, SPAN = 2 * LONGEST - 1 };
    static float by_distance[3 * SPAN];
    fill(by_distance, 3 * SPAN, 7, 2.0f);
    const struct tw_distance_bias some = {by_distance, LONGEST - 1, SPAN}, *bias = NULL;
    for (size_t turn = 0; turn < 2; turn++, bias = &some) {
        check_attention_of(kernels, 2, 32, bias);
        check_attention_of(kernels, 1, 64, bias);
        check_attention_of(kernels, 3, 12, bias);
        check_attention_of(kernels, 2, 5, bias);
        check_attention_of(kernels, 1, 100, bias);
    }
}

static void attention_stays_within_its_sequence(void **state)
{
    (void)state;
    for_each_table(check_attention);
}

/* --- products ------------------------------------------------------------------------------------------- */

static void check_product(const struct tw_kernels *kernels, size_t rows, size_t out, size_t in)
{
    float *a = calloc(rows * in, sizeof *a), *b = calloc(out * in, sizeof *b),
          *c = calloc(rows * out + 16, sizeof *c);
    assert_true(a && b && c);
    fill(a, rows * in, 1, 1.0f);
    fill(b, out * in, 2000000, 1.0f);
    c[rows * out] = 12345.0f;
    kernels->multiply(a, b, c, rows, out, in);
    assert_true(c[rows * out] == 12345.0f);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < out; column++) {
            double sum = 0.0;
            for (size_t at = 0; at < in; at++)
                sum += (double)a[row * in + at] * (double)b[column * in + at];
            expect_near(sum, c[row * out + column], 2e-6 * sqrt((double)in) + 1e-5);
        }
    }
    free(a);
    free(b);
    free(c);
}

static void check_products(const struct tw_kernels *kernels)
{
    static const size_t shapes[][3] = {{1, 1, 1}, {1, 3, 384}, {5, 17, 9}, {6, 64, 128}, {16, 65, 129},
        {17, 100, 300}, {48, 33, 7}, {7, 384, 384}, {13, 15, 257}, {13, 805, 1000}};
    for (size_t at = 0; at < sizeof shapes / sizeof shapes[0]; at++)
        check_product(kernels, shapes[at][0], shapes[at][1], shapes[at][2]);
}

/* An element is one chain of additions, whatever stands beside it: bands and panels of columns change no bit.
 * Rows of 1,000 are too deep to be taken whole. */
static void check_alone(const struct tw_kernels *kernels)
{
    enum { MANY = 7, WIDE = 805, DEEP = 1000 };
    float *a = calloc((size_t)MANY * DEEP, sizeof *a), *b = calloc((size_t)WIDE * DEEP, sizeof *b),
          *c = calloc((size_t)MANY * WIDE, sizeof *c);
    assert_true(a && b && c);
    fill(a, (size_t)MANY * DEEP, 5, 1.0f);
    fill(b, (size_t)WIDE * DEEP, 6, 1.0f);
    kernels->multiply(a, b, c, MANY, WIDE, DEEP);
    for (size_t row = 0; row < MANY; row++) {
        for (size_t column = 0; column < WIDE; column++) {
            float alone;
            kernels->multiply(a + row * DEEP, b + column * DEEP, &alone, 1, 1, DEEP);
            assert_memory_equal(&alone, c + row * WIDE + column, sizeof alone);
        }
    }
    free(a);
    free(b);
    free(c);
}

static void an_element_does_not_depend_on_its_neighbours(void **state)
{
    (void)state;
    for_each_table(check_alone);
}

static void products_of_any_shape_are_right(void **state)
{
    (void)state;
    for_each_table(check_products);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual_and_norm_follow_the_formula),
        cmocka_unit_test(embeddings_are_summed_by_word_position_and_type),
        cmocka_unit_test(activations_are_within_a_millionth_of_double),
        cmocka_unit_test(what_is_no_number_stays_none),
        cmocka_unit_test(a_bias_is_added_to_every_row),
        cmocka_unit_test(softmax_follows_the_formula),
        cmocka_unit_test(attention_stays_within_its_sequence),
        cmocka_unit_test(products_of_any_shape_are_right),
        cmocka_unit_test(an_element_does_not_depend_on_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
