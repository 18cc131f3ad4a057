/* int8: the definition against plain arithmetic, and every table equal to the definition, to the bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/choose.h"
#include "random_model.h"

enum { MOST_ROWS = 61, MOST_WIDTH = 1600, GUARD = 64 };

/* Whole and broken vectors, panels and groups; the last one is long enough for many sums. */
static const struct {
    size_t rows, in, out;
} shapes[] = {{1, 1, 1}, {2, 3, 5}, {3, 4, 16}, {5, 7, 31}, {12, 64, 32}, {13, 65, 33}, {23, 100, 70},
    {24, 96, 96}, {25, 384, 48}, {61, 33, 1600}, {26, 1600, 37}, {13, TW_INT8_MOST_IN, 33}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

struct rows {
    struct tw_int8_rows view;
    size_t bytes;
    size_t count;
};

static void *some(size_t bytes)
{
    void *made = aligned_alloc(64, (bytes + 127) / 64 * 64);
    assert_non_null(made);
    memset(made, 0, (bytes + 127) / 64 * 64);
    return made;
}

static struct rows room_for(size_t rows, size_t width)
{
    struct rows made = {.count = rows, .bytes = (rows + TW_INT8_BLOCK) * tw_int8_stride(width)};
    made.view = (struct tw_int8_rows){.values = some(made.bytes),
        .scales = some(rows * sizeof(float)),
        .zeros = some(rows * sizeof(int32_t)),
        .width = width};
    return made;
}

static void free_rows(struct rows *rows)
{
    free(rows->view.values);
    free(rows->view.scales);
    free(rows->view.zeros);
}

static void expect_same_rows(const char *name, const struct rows *one, const struct rows *two)
{
    if (memcmp(one->view.scales, two->view.scales, one->count * sizeof(float)) != 0 ||
        memcmp(one->view.zeros, two->view.zeros, one->count * sizeof(int32_t)) != 0 ||
        memcmp(one->view.values, two->view.values, one->bytes) != 0)
        fail_msg("%s: quantised rows differ from the definition's", name);
}

static void expect_same(const char *name, const char *what, const float *one, const float *two, size_t count)
{
    for (size_t at = 0; at < count; at++) {
        uint32_t bits[2];
        memcpy(&bits[0], &one[at], sizeof bits[0]);
        memcpy(&bits[1], &two[at], sizeof bits[1]);
        if (bits[0] != bits[1])
            fail_msg("%s: %s: value %zu is %.9g, by the definition %.9g", name, what, at, (double)two[at],
                (double)one[at]);
    }
}

static void fill(float *to, size_t count, uint64_t counter, float factor)
{
    for (size_t at = 0; at < count; at++)
        to[at] = random_uniform(counter + at) * factor;
}

/* The story for each table but the definition. */
static void with_each(void (*story)(const struct tw_int8_kernels *kernels))
{
    const struct tw_int8_kernels *tables[TW_INT8_TABLES];
    size_t count = tw_int8_all(tables);
    assert_ptr_equal(tables[0], &tw_int8_portable);
    for (size_t table = 1; table < count; table++)
        story(tables[table]);
}

/* --- rows ----------------------------------------------------------------------------------------------- */

static void a_row_comes_back_within_half_a_step(void **state)
{
    (void)state;
    float in[100];
    struct rows rows = room_for(1, 100);
    fill(in, 100, 7, 3.0f);
    in[17] = -9.0f;
    tw_int8_portable.quantise(in, 1, 0, &rows.view);
    for (size_t at = 0; at < 100; at++) {
        float back = rows.view.scales[0] * (float)(rows.view.values[at] - rows.view.zeros[0]);
        assert_true(fabsf(back - in[at]) <= 0.5001f * rows.view.scales[0] + 1e-6f);
    }
    memset(in, 0, sizeof in);
    tw_int8_portable.quantise(in, 1, 0, &rows.view);
    assert_true(rows.view.scales[0] == 0.0f);
    assert_int_equal(rows.view.zeros[0], rows.view.values[99]);
    free_rows(&rows);
}

static void compare_rows(const struct tw_int8_kernels *kernels)
{
    for (size_t width = 1; width <= 70; width++) {
        enum { ROWS = 9 };
        float *in = some(ROWS * width * sizeof *in);
        fill(in, ROWS * width, width, 5.0f);
        memset(in, 0, width * sizeof *in);
        for (size_t at = 0; at < width; at++) {
            in[width + at] = 4.0f + (float)at;
            in[2 * width + at] = -1e-31f;
            in[3 * width + at] = at == 0 ? 1e30f : -1.0f;
            in[4 * width + at] = ((float)at - 2.5f) * 0.5f;
        }
        struct rows one = room_for(ROWS + 2, width), two = room_for(ROWS + 2, width);
        tw_int8_portable.quantise(in, ROWS, 2, &one.view);
        kernels->quantise(in, ROWS, 2, &two.view);
        expect_same_rows(kernels->name, &one, &two);
        free_rows(&one);
        free_rows(&two);
        free(in);
    }
}

static void rows_are_quantised_to_the_same_bytes(void **state)
{
    (void)state;
    with_each(compare_rows);
}

/* --- products ------------------------------------------------------------------------------------------- */

struct map {
    int8_t *values; /* [out, in] */
    struct tw_int8_weights packed;
    int8_t *panels;
    int32_t *taken;
    float *scales, *bias;
};

/* `extreme`: nothing but the largest weights, which would saturate sums of 16 bits. */
static struct map given_map(size_t out, size_t in, bool extreme)
{
    struct map map = {.values = some(out * in)};
    for (size_t at = 0; at < out * in; at++)
        map.values[at] = (int8_t)(extreme ? (at / in % 2 ? -127 : 127) : random_uniform(at) * 127.0f);
    size_t padded = tw_int8_padded(out);
    map.panels = some(tw_int8_panel_bytes(out, in));
    map.taken = some(padded * sizeof *map.taken);
    map.scales = some(padded * sizeof *map.scales);
    map.bias = some(padded * sizeof *map.bias);
    fill(map.scales, out, 99, 0.01f);
    fill(map.bias, out, 999, 1.0f);
    /* In two parts, as query and key are one product. */
    tw_int8_pack(map.values, 0, out / 2, in, map.panels, map.taken);
    tw_int8_pack(map.values + out / 2 * in, out / 2, out - out / 2, in, map.panels, map.taken);
    map.packed = (struct tw_int8_weights){.panels = map.panels,
        .scales = map.scales,
        .bias = map.bias,
        .taken = map.taken,
        .in = in,
        .out = out};
    return map;
}

static void free_map(struct map *map)
{
    free(map->values);
    free(map->panels);
    free(map->taken);
    free(map->scales);
    free(map->bias);
}

static struct rows given_rows(size_t rows, size_t width, bool extreme)
{
    float *in = some(rows * width * sizeof *in);
    struct rows made = room_for(rows, width);
    fill(in, rows * width, 5, 2.0f);
    for (size_t at = 0; extreme && at < rows * width; at++)
        in[at] = 3.0f;
    tw_int8_portable.quantise(in, rows, 0, &made.view);
    free(in);
    return made;
}

static void a_product_is_what_plain_arithmetic_gives(void **state)
{
    (void)state;
    for (size_t shape = 0; shape < SHAPES; shape++) {
        size_t rows = shapes[shape].rows, in = shapes[shape].in, out = shapes[shape].out;
        struct map map = given_map(out, in, false);
        struct rows from = given_rows(rows, in, false);
        float *y = some(rows * out * sizeof *y);
        tw_int8_portable.multiply(&(struct tw_int8_product){
            .in = &from.view, .weights = &map.packed, .rows = rows, .after = TW_INT8_NOTHING, .out = y});
        for (size_t at = 0; at < rows * out; at++) {
            size_t row = at / out, output = at % out;
            double sum = 0.0;
            for (size_t k = 0; k < in; k++)
                sum += (double)(from.view.values[row * tw_int8_stride(in) + k] - from.view.zeros[row]) *
                       map.values[output * in + k];
            double wanted =
                sum * (double)from.view.scales[row] * (double)map.scales[output] + (double)map.bias[output];
            assert_true(fabs(wanted - (double)y[at]) <= 1e-4 * (1.0 + fabs(wanted)));
        }
        free(y);
        free_rows(&from);
        free_map(&map);
    }
}

static void compare_product(
    const struct tw_int8_kernels *kernels, size_t shape, enum tw_int8_after after, bool extreme, bool keep)
{
    size_t rows = shapes[shape].rows, in = shapes[shape].in, out = shapes[shape].out;
    struct map map = given_map(out, in, extreme);
    struct rows from = given_rows(rows, in, extreme);
    struct rows quantised[2] = {room_for(rows, out), room_for(rows, out)};
    float *residual = some(rows * out * sizeof *residual), *y[2];
    fill(residual, rows * out, 77, 1.0f);
    for (size_t set = 0; set < 2; set++) {
        const struct tw_int8_kernels *by = set ? kernels : &tw_int8_portable;
        y[set] = some((keep ? rows : TW_INT8_BLOCK) * out * sizeof(float) + GUARD);
        by->multiply(&(struct tw_int8_product){.in = &from.view,
            .weights = &map.packed,
            .rows = rows,
            .after = after,
            .residual = residual,
            .scale = map.bias,
            .shift = map.scales,
            .epsilon = 1e-5f,
            .out = keep ? y[set] : NULL,
            .scratch = keep ? NULL : y[set],
            .quantised = &quantised[set].view});
    }
    if (keep)
        expect_same(kernels->name, "product", y[0], y[1], rows * out + GUARD / sizeof(float));
    expect_same_rows(kernels->name, &quantised[0], &quantised[1]);
    for (size_t set = 0; set < 2; set++) {
        free(y[set]);
        free_rows(&quantised[set]);
    }
    free(residual);
    free_rows(&from);
    free_map(&map);
}

static void compare_products(const struct tw_int8_kernels *kernels)
{
    static const enum tw_int8_after afters[] = {
        TW_INT8_GELU_ERF, TW_INT8_GELU_TANH, TW_INT8_RELU, TW_INT8_NOTHING, TW_INT8_NORM};
    for (size_t shape = 0; shape < SHAPES; shape++)
        for (size_t after = 0; after < sizeof afters / sizeof afters[0]; after++)
            for (unsigned way = 0; way < 4; way++)
                compare_product(kernels, shape, afters[after], way & 1u, way & 2u);
}

static void products_and_what_follows_have_the_same_bits(void **state)
{
    (void)state;
    with_each(compare_products);
}

static void compare_places(const struct tw_int8_kernels *kernels)
{
    enum { ROWS = 50, IN = 96, OUT = 80 };
    struct map map = given_map(OUT, IN, false);
    struct rows from = given_rows(ROWS, IN, false);
    float all[ROWS * OUT], alone[OUT];
    struct tw_int8_product call = {
        .in = &from.view, .weights = &map.packed, .rows = ROWS, .after = TW_INT8_GELU_ERF, .out = all};
    kernels->multiply(&call);
    for (size_t row = 0; row < ROWS; row++) {
        struct tw_int8_rows one = {.values = from.view.values + row * tw_int8_stride(IN),
            .scales = from.view.scales + row,
            .zeros = from.view.zeros + row,
            .width = IN};
        call.in = &one;
        call.rows = 1;
        call.out = alone;
        kernels->multiply(&call);
        expect_same(kernels->name, "a row alone", all + row * OUT, alone, OUT);
    }
    free_rows(&from);
    free_map(&map);
}

static void a_row_does_not_depend_on_its_place(void **state)
{
    (void)state;
    compare_places(&tw_int8_portable);
    with_each(compare_places);
}

static void gelu_is_within_a_hundredth_of_a_step(void **state)
{
    (void)state;
    enum { POINTS = 4001 };
    int8_t one[POINTS] = {0};
    struct map map = given_map(POINTS, 1, false);
    float y[POINTS];
    memset(map.panels, 0, tw_int8_panel_bytes(POINTS, 1));
    memset(map.taken, 0, POINTS * sizeof *map.taken);
    tw_int8_pack(one, 0, POINTS, 1, map.panels, map.taken);
    for (size_t at = 0; at < POINTS; at++)
        map.bias[at] = (float)at * 0.003f - 6.0f;
    struct rows from = given_rows(1, 1, false);
    for (int way = 0; way < 2; way++) {
        tw_int8_portable.multiply(&(struct tw_int8_product){.in = &from.view,
            .weights = &map.packed,
            .rows = 1,
            .after = way ? TW_INT8_GELU_TANH : TW_INT8_GELU_ERF,
            .out = y});
        for (size_t at = 0; at < POINTS; at++) {
            double x = (double)map.bias[at];
            double inner =
                way ? tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)) : erf(x * 0.7071067811865476);
            assert_true(fabs(0.5 * x * (1.0 + inner) - (double)y[at]) < 7e-5);
        }
    }
    free_rows(&from);
    free_map(&map);
}

/* --- attention and embeddings --------------------------------------------------------------------------- */

enum { ATTENDED = 356, HEADS = 3 };

static void run_attention(
    const struct tw_int8_kernels *kernels, size_t width, bool biased, float *context, struct rows *quantised)
{
    /* The longest is more than twice what is summed as integers. */
    enum { LONGEST = 270 };
    static const uint32_t starts[] = {5, 6, 22, 39, 42, 91, 91 + LONGEST};
    _Static_assert(91 + LONGEST - 5 == ATTENDED && LONGEST > 2 * TW_INT8_KEYS, "as told");
    size_t stride = 3 * HEADS * width + 4;
    float *qkv = some(ATTENDED * stride * sizeof *qkv), *bias = some(HEADS * 2 * LONGEST * sizeof *bias);
    float *scratch = some(tw_int8_attention_floats(LONGEST, width) * sizeof *scratch);
    fill(qkv, ATTENDED * stride, 3, 2.0f);
    fill(bias, HEADS * 2 * LONGEST, 31, 1.0f);
    struct tw_distance_bias by_distance = {.values = bias, .middle = LONGEST - 1, .stride = 2 * LONGEST - 1};
    kernels->attention(&(struct tw_int8_attention){.query = qkv,
        .key = qkv + HEADS * width,
        .value = qkv + 2 * HEADS * width,
        .stride = stride,
        .context = context,
        .starts = starts,
        .sequences = 6,
        .heads = HEADS,
        .width = width,
        .bias = biased ? &by_distance : NULL,
        .quantised = &quantised->view,
        .scratch = scratch});
    free(qkv);
    free(bias);
    free(scratch);
}

static void compare_attention(const struct tw_int8_kernels *kernels)
{
    static const size_t widths[] = {1, 8, 15, 16, 20, 32, 64, 80};
    for (size_t at = 0; at < sizeof widths / sizeof widths[0]; at++) {
        for (int biased = 0; biased < 2; biased++) {
            size_t count = ATTENDED * HEADS * widths[at];
            float *one = some(count * sizeof *one), *two = some(count * sizeof *two);
            struct rows rows[2] = {
                room_for(ATTENDED, HEADS * widths[at]), room_for(ATTENDED, HEADS * widths[at])};
            run_attention(&tw_int8_portable, widths[at], biased, one, &rows[0]);
            run_attention(kernels, widths[at], biased, two, &rows[1]);
            expect_same(kernels->name, "attention", one, two, count);
            expect_same_rows(kernels->name, &rows[0], &rows[1]);
            for (size_t set = 0; set < 2; set++)
                free_rows(&rows[set]);
            free(one);
            free(two);
        }
    }
}

static void attention_has_the_same_bits(void **state)
{
    (void)state;
    with_each(compare_attention);
}

/* The fp32 kernel is the measure of attention: transformers agrees with it. A step of these values is a
 * 1,000th. */
static void attention_is_that_of_the_fp32_kernels(void **state)
{
    (void)state;
    enum { TOKENS = 19, WIDTH = 24, HIDDEN = HEADS * WIDTH };
    static const uint32_t starts[] = {0, 12, TOKENS};
    float in[3][TOKENS * HIDDEN], one[TOKENS * HIDDEN], two[TOKENS * HIDDEN];
    float *scratch = some(tw_int8_attention_floats(TOKENS, WIDTH) * sizeof *scratch);
    for (size_t at = 0; at < 3; at++)
        fill(in[at], TOKENS * HIDDEN, at * 10000, 2.0f);
    tw_kernels_portable.attention(&(struct tw_attention_call){.query = in[0],
        .key = in[1],
        .value = in[2],
        .context = one,
        .starts = starts,
        .sequences = 2,
        .heads = HEADS,
        .width = WIDTH,
        .scratch = scratch});
    tw_int8_portable.attention(&(struct tw_int8_attention){.query = in[0],
        .key = in[1],
        .value = in[2],
        .stride = HIDDEN,
        .context = two,
        .starts = starts,
        .sequences = 2,
        .heads = HEADS,
        .width = WIDTH,
        .scratch = scratch});
    for (size_t at = 0; at < TOKENS * HIDDEN; at++)
        assert_true(fabsf(one[at] - two[at]) < 1e-3f);
    free(scratch);
}

static void compare_embeddings(const struct tw_int8_kernels *kernels)
{
    static const int32_t ids[] = {0, 2, 1, 4, 4, 3, 0};
    static const uint8_t types[] = {0, 1, 1, 0, 0, 1, 0};
    static const uint32_t starts[] = {0, 4, 7};
    for (size_t width = 1; width < 50; width++) {
        float tables[3][5 * 50], scale[50], shift[50], out[2][7 * 50];
        for (size_t at = 0; at < 3; at++)
            fill(tables[at], 5 * 50, at * 1000, 1.0f);
        fill(scale, 50, 1, 1.0f);
        fill(shift, 50, 2, 1.0f);
        for (size_t way = 0; way < 3; way++) {
            for (size_t set = 0; set < 2; set++)
                (set ? kernels : &tw_int8_portable)
                    ->embed_norm(&(struct tw_int8_embedding){.ids = ids,
                        .type_of = way == 2 ? types : NULL,
                        .starts = starts,
                        .sequences = 2,
                        .width = width,
                        .words = tables[0],
                        .positions = tables[1],
                        .types = way ? tables[2] : NULL,
                        .scale = scale,
                        .shift = shift,
                        .epsilon = 1e-12f,
                        .out = out[set]});
            expect_same(kernels->name, "embeddings", out[0], out[1], 7 * width);
        }
    }
}

static void embeddings_have_the_same_bits(void **state)
{
    (void)state;
    with_each(compare_embeddings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_comes_back_within_half_a_step),
        cmocka_unit_test(rows_are_quantised_to_the_same_bytes),
        cmocka_unit_test(a_product_is_what_plain_arithmetic_gives),
        cmocka_unit_test(products_and_what_follows_have_the_same_bits),
        cmocka_unit_test(a_row_does_not_depend_on_its_place),
        cmocka_unit_test(gelu_is_within_a_hundredth_of_a_step),
        cmocka_unit_test(attention_has_the_same_bits),
        cmocka_unit_test(attention_is_that_of_the_fp32_kernels),
        cmocka_unit_test(embeddings_have_the_same_bits),
    };
    return cmocka_run_group_tests_name("int8", tests, NULL, NULL);
}
