/* random: the same numbers everywhere, and the shape of what they should look like. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "kernels/choose.h"

static void philox_gives_the_numbers_of_its_makers(void **state)
{
    (void)state;
    /* kat_vectors of Random123: philox4x32, 10 rounds. */
    static const struct {
        uint32_t counter[4], key[2], wanted[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
            {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
            {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        uint32_t out[4];
        tw_random_block((uint64_t)cases[at].key[1] << 32 | cases[at].key[0], cases[at].counter, out);
        assert_memory_equal(out, cases[at].wanted, sizeof out);
    }
}

static void a_dropout_mask_is_the_generators(void **state)
{
    (void)state;
    const struct tw_dropout_plan plan = {.seed = 0x0123456789ABCDEFu, .step = 77};
    struct tw_dropout dropout = tw_dropout_at(&plan, tw_dropout_threshold(0.25f), TW_DROP_LOWERED, 3);
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    enum { WIDTH = 300, ROW = 4097 };
    float in[WIDTH], out[WIDTH];
    for (size_t at = 0; at < WIDTH; at++)
        in[at] = 3.0f;
    for (size_t table = 0; table < count; table++) {
        tables[table]->drop(&dropout, ROW, in, 1, WIDTH, out);
        for (uint32_t at = 0; at < WIDTH; at++) {
            const uint32_t counter[4] = {at / 128 * 16 + at % 16, ROW, 77, dropout.stream};
            uint32_t words[4];
            tw_random_block(plan.seed, counter, words);
            uint32_t plane = at % 128 / 16, bits = words[plane / 2] >> (plane % 2 * 16) & 0xFFFFu;
            assert_true(out[at] == (bits >= dropout.threshold ? 3.0f * dropout.scale : 0.0f));
        }
    }
}

static void dropout_keeps_the_mean(void **state)
{
    (void)state;
    const struct tw_dropout_plan plan = {.seed = 5, .step = 1};
    struct tw_dropout dropout = tw_dropout_at(&plan, tw_dropout_threshold(0.1f), TW_DROP_EMBEDDED, 0);
    enum { ROWS = 400, WIDTH = 384 };
    float *rows = malloc(sizeof(float) * ROWS * WIDTH);
    assert_non_null(rows);
    for (size_t at = 0; at < (size_t)ROWS * WIDTH; at++)
        rows[at] = 1.0f;
    tw_kernels_best()->drop(&dropout, 0, rows, ROWS, WIDTH, rows);
    double sum = 0.0, dropped = 0.0;
    for (size_t at = 0; at < (size_t)ROWS * WIDTH; at++) {
        sum += (double)rows[at];
        dropped += rows[at] == 0.0f;
    }
    free(rows);
    assert_true(fabs(sum / (ROWS * WIDTH) - 1.0) < 0.005);
    assert_true(fabs(dropped / (ROWS * WIDTH) - 0.1) < 0.004);
}

static void numbers_have_the_moments_of_their_distributions(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    double sum = 0.0, squares = 0.0, uniform = 0.0;
    size_t counts[7] = {0};
    for (uint64_t at = 0; at < COUNT; at++) {
        double normal = tw_random_normal(9, TW_RANDOM_WEIGHTS, 0, at);
        sum += normal;
        squares += normal * normal;
        uniform += tw_random_uniform(9, TW_RANDOM_FREE, 2, at);
        counts[tw_random_below(9, TW_RANDOM_FREE, 3, at, 7)]++;
    }
    assert_true(fabs(sum / COUNT) < 0.015);
    assert_true(fabs(squares / COUNT - 1.0) < 0.02);
    assert_true(fabs(uniform / COUNT - 0.5) < 0.005);
    for (size_t at = 0; at < 7; at++)
        assert_true(fabs((double)counts[at] / COUNT - 1.0 / 7.0) < 0.006);
}

static void a_shuffle_is_a_permutation_and_depends_on_the_epoch_alone(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    size_t one[COUNT], two[COUNT], other[COUNT];
    bool seen[COUNT] = {false};
    for (size_t at = 0; at < COUNT; at++)
        one[at] = two[at] = other[at] = at;
    tw_random_shuffle(3, TW_RANDOM_ORDER, 1, one, COUNT);
    tw_random_shuffle(3, TW_RANDOM_ORDER, 1, two, COUNT);
    tw_random_shuffle(3, TW_RANDOM_ORDER, 2, other, COUNT);
    assert_memory_equal(one, two, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    for (size_t at = 0; at < COUNT; at++) {
        assert_false(seen[one[at]]);
        seen[one[at]] = true;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_numbers_of_its_makers),
        cmocka_unit_test(a_dropout_mask_is_the_generators),
        cmocka_unit_test(dropout_keeps_the_mean),
        cmocka_unit_test(numbers_have_the_moments_of_their_distributions),
        cmocka_unit_test(a_shuffle_is_a_permutation_and_depends_on_the_epoch_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
