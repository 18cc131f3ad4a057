/* bf16: products of rounded numbers; the fast kernels have the bits of the definition; who may ask for
 * them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gemm/gemm.h"
#include "random_model.h"
#include "train/trainer.h"

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

/* --- rounding ------------------------------------------------------------------------------------------- */

static void a_number_becomes_the_nearest_bf16_ties_to_even(void **unused)
{
    (void)unused;
    static const struct {
        float from, to;
    } cases[] = {{0.0f, 0.0f}, {1.0f, 1.0f}, {-3.5f, -3.5f}, {0x1.01p0f, 0x1.00p0f}, {0x1.03p0f, 0x1.04p0f},
        {0x1.010002p0f, 0x1.02p0f}, {0x1.00fffep0f, 1.0f}, {-0x1.03p-20f, -0x1.04p-20f},
        {0x1.ffp0f, 0x1.0p1f}, {0x1.fep127f, 0x1.fep127f}, {0x1.ff0p127f, INFINITY},
        {0x1.fefffep127f, 0x1.fep127f}, {-INFINITY, -INFINITY}, {0x1p-126f, 0x1p-126f},
        {0x1.fffffcp-127f, 0.0f}, {0x1p-149f, 0.0f}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_true(tw_bf16_round(cases[at].from) == cases[at].to);
    assert_true(signbit(tw_bf16_round(-0x1p-130f)));
    assert_true(isnan(tw_bf16_round(NAN)));
    /* A NaN whose upper half alone would read as infinity. */
    uint32_t bits = UINT32_C(0x7F800001);
    float quiet;
    memcpy(&quiet, &bits, sizeof quiet);
    assert_true(isnan(tw_bf16_round(quiet)));
}

/* --- products ------------------------------------------------------------------------------------------- */

enum form { FORWARD, INPUT, WEIGHT, FORMS };

/* One product of each form: x[rows, in], weight[out, in], d_y[rows, out]. */
struct work {
    size_t rows, out, in;
    float *x, *weight, *d_y, *got, *wanted;
    size_t count; /* of `got` and of `wanted`: more than any form writes */
};

enum { GUARD = 32 };

static float *numbers(size_t count, uint64_t counter)
{
    float *made = malloc(count * sizeof *made);
    assert_non_null(made);
    for (size_t at = 0; at < count; at++)
        made[at] = random_uniform(counter + at);
    return made;
}

static void given_work(struct work *work, size_t rows, size_t out, size_t in)
{
    size_t most = rows * out > rows * in ? rows * out : rows * in;
    most = out * in > most ? out * in : most;
    *work = (struct work){.rows = rows, .out = out, .in = in, .count = most + GUARD};
    work->x = numbers(rows * in, 0);
    work->weight = numbers(out * in, 50000000);
    work->d_y = numbers(rows * out, 90000000);
    work->got = numbers(work->count, 120000000);
    work->wanted = numbers(work->count, 120000000);
}

static void end_work(struct work *work)
{
    free(work->x);
    free(work->weight);
    free(work->d_y);
    free(work->got);
    free(work->wanted);
}

static void multiply(
    const struct tw_bf16_kernels *kernels, const struct work *work, enum form form, bool more, float *c)
{
    if (form == FORWARD)
        kernels->multiply(work->x, work->weight, c, work->rows, work->out, work->in);
    if (form == INPUT)
        kernels->multiply_input(work->d_y, work->weight, c, work->rows, work->out, work->in, more);
    if (form == WEIGHT)
        kernels->multiply_weight(work->d_y, work->x, c, work->rows, work->out, work->in, more);
}

struct sum {
    double value, size; /* size: of the terms' magnitudes */
};

/* One element in double, of rounded factors. */
static struct sum exact(const struct work *work, enum form form, size_t row, size_t column)
{
    static const struct sum none = {0};
    struct sum sum = none;
    size_t depth = form == FORWARD ? work->in : form == INPUT ? work->out : work->rows;
    for (size_t at = 0; at < depth; at++) {
        float a = form == FORWARD ? work->x[row * work->in + at]
                  : form == INPUT ? work->d_y[row * work->out + at]
                                  : work->d_y[at * work->out + row];
        float b = form == FORWARD ? work->weight[column * work->in + at]
                  : form == INPUT ? work->weight[at * work->in + column]
                                  : work->x[at * work->in + column];
        double term = (double)tw_bf16_round(a) * (double)tw_bf16_round(b);
        sum.value += term;
        sum.size += fabs(term);
    }
    return sum;
}

static const struct {
    size_t rows, out, in;
} shapes[] = {{1, 1, 1}, {1, 3, 384}, {7, 17, 2}, {13, 70, 301}, {64, 64, 64}, {130, 33, 77}, {520, 66, 270}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void check_numbers(
    const struct tw_bf16_kernels *kernels, const struct work *work, enum form form, bool more)
{
    size_t high = form == WEIGHT ? work->out : work->rows, wide = form == FORWARD ? work->out : work->in;
    for (size_t at = 0; at < work->count; at++)
        work->got[at] = work->wanted[at];
    multiply(kernels, work, form, more, work->got);
    for (size_t row = 0; row < high; row += 1 + high / 40) {
        for (size_t column = 0; column < wide; column += 1 + wide / 40) {
            struct sum sum = exact(work, form, row, column);
            double before = more && form != FORWARD ? (double)work->wanted[row * wide + column] : 0.0;
            double away = fabs(sum.value + before - (double)work->got[row * wide + column]);
            /* Each of the chain's additions rounds by 2^-24 of what it has reached: in all far below this. */
            assert_true(away <= 0x1p-20 * (sum.size + fabs(before)));
        }
    }
    for (size_t at = high * wide; at < work->count; at++)
        assert_true(work->got[at] == work->wanted[at]);
}

static void check_all_numbers(const struct tw_bf16_kernels *kernels)
{
    for (size_t shape = 0; kernels && shape < SHAPES; shape++) {
        struct work work;
        given_work(&work, shapes[shape].rows, shapes[shape].out, shapes[shape].in);
        for (int form = 0; form < FORMS; form++) {
            check_numbers(kernels, &work, (enum form)form, false);
            check_numbers(kernels, &work, (enum form)form, true);
        }
        end_work(&work);
    }
}

static void a_product_is_that_of_rounded_numbers(void **unused)
{
    (void)unused;
    check_all_numbers(&tw_bf16_portable);
    check_all_numbers(tw_bf16_fast());
}

static void expect_same_bits(const struct work *work, enum form form, bool more)
{
    memcpy(work->got, work->wanted, work->count * sizeof(float));
    multiply(&tw_bf16_portable, work, form, more, work->wanted);
    multiply(tw_bf16_fast(), work, form, more, work->got);
    assert_memory_equal(work->got, work->wanted, work->count * sizeof(float));
}

static void the_fast_kernels_have_the_bits_of_the_definition(void **unused)
{
    (void)unused;
    if (!tw_bf16_fast()) {
        print_message("SKIPPED: this processor has no AVX512_BF16\n");
        return;
    }
    for (size_t shape = 0; shape < SHAPES; shape++) {
        struct work work;
        given_work(&work, shapes[shape].rows, shapes[shape].out, shapes[shape].in);
        /* Small numbers among them, whose products and sums fall below 2^-126. */
        for (size_t at = 0; at < work.rows * work.in; at += 5)
            work.x[at] *= 0x1p-100f;
        for (size_t at = 0; at < work.out * work.in; at += 3)
            work.weight[at] *= 0x1p-30f;
        for (int form = 0; form < FORMS; form++) {
            expect_same_bits(&work, (enum form)form, false);
            expect_same_bits(&work, (enum form)form, true);
        }
        end_work(&work);
    }
}

static void check_rows(const struct tw_bf16_kernels *kernels, size_t most)
{
    struct work work;
    if (!kernels)
        return;
    given_work(&work, most, 90, 300);
    kernels->multiply(work.x, work.weight, work.wanted, most, work.out, work.in);
    for (size_t rows = 1; rows < most; rows += 1 + rows / 3) {
        size_t first = (rows * 7) % (most - rows);
        kernels->multiply(work.x + first * work.in, work.weight, work.got, rows, work.out, work.in);
        assert_memory_equal(work.got, work.wanted + first * work.out, rows * work.out * sizeof(float));
    }
    end_work(&work);
}

static void a_row_has_the_same_bits_whatever_its_place_and_company(void **unused)
{
    (void)unused;
    check_rows(&tw_bf16_portable, 60);
    check_rows(tw_bf16_fast(), 1100);
}

static void check_strange(const struct tw_bf16_kernels *kernels)
{
    struct work work;
    if (!kernels)
        return;
    given_work(&work, 9, 20, 33);
    work.x[2 * work.in + 32] = NAN;
    work.x[4 * work.in + 5] = INFINITY;
    for (int form = 0; form < FORMS; form += WEIGHT) { /* the two that read x */
        multiply(kernels, &work, (enum form)form, false, work.got);
        for (size_t column = 0; form == FORWARD && column < work.out; column++) {
            assert_true(isnan(work.got[2 * work.out + column]));
            assert_true(isinf(work.got[4 * work.out + column]));
            assert_true(isfinite(work.got[3 * work.out + column]));
        }
        for (size_t row = 0; form == WEIGHT && row < work.out; row++) {
            assert_true(isnan(work.got[row * work.in + 32]));
            assert_true(isinf(work.got[row * work.in + 5]));
            assert_true(isfinite(work.got[row * work.in + 6]));
        }
    }
    work.d_y[3 * work.out] = NAN;
    multiply(kernels, &work, INPUT, false, work.got);
    assert_true(isnan(work.got[3 * work.in]) && isfinite(work.got[4 * work.in]));
    end_work(&work);
}

static void what_is_no_number_stays_none(void **unused)
{
    (void)unused;
    check_strange(&tw_bf16_portable);
    check_strange(tw_bf16_fast());
}

/* --- the door ------------------------------------------------------------------------------------------- */

static void only_who_names_bf16_gets_it(void **unused)
{
    (void)unused;
    static const char *const others[] = {NULL, "auto", "fixed", "portable"};
    struct tw_gemm gemm;
    struct tw_error err;
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++) {
        must(tw_gemm_open(others[at], &gemm, &err), &err);
        assert_true(gemm.backend < TW_GEMM_BACKENDS && !gemm.own.bf16);
    }
    must(tw_gemm_open("bf16-portable", &gemm, &err), &err);
    assert_true(gemm.own.bf16 == &tw_bf16_portable);
    assert_string_equal(tw_gemm_backend_name(gemm.backend), "bf16-portable");
    char line[200];
    tw_gemm_report(&gemm, line, sizeof line);
    assert_string_equal(line, "uses bf16-portable (portable)");
}

static void a_processor_without_bf16_products_is_refused_with_the_cure(void **unused)
{
    (void)unused;
    struct tw_gemm gemm;
    struct tw_error err;
    if (tw_gemm_open("bf16", &gemm, &err)) {
        assert_true(gemm.own.bf16 && gemm.own.bf16 == tw_bf16_fast());
        return;
    }
    assert_null(tw_bf16_fast());
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.cure, "give precision f32");
}

/* --- training ------------------------------------------------------------------------------------------- */

enum { TEXTS = 6, LONGEST = 12, VOCABULARY = 61 };

struct run {
    struct tw_compute steps, trials;
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct tw_arena arena;
    struct tw_packed batch;
    int32_t labels[TEXTS];
    double first_loss, last_loss;
    float logits[TEXTS * TW_CLASSES];
};

static void given_batch(struct run *run)
{
    struct tw_error err;
    struct tw_sequence sequences[TEXTS];
    int32_t *ids = tw_arena_array(&run->arena, (size_t)TEXTS * LONGEST, sizeof *ids);
    assert_non_null(ids);
    random_ids(3, VOCABULARY, (size_t)TEXTS * LONGEST, ids);
    for (size_t at = 0; at < TEXTS; at++) {
        sequences[at] = (struct tw_sequence){ids + at * LONGEST, NULL, 5 + at};
        run->labels[at] = (int32_t)(at % TW_CLASSES);
    }
    must(tw_packed_build(sequences, TEXTS, &run->state->model->config, &run->arena, &run->batch, &err), &err);
}

static void train(struct run *run, const char *backend, size_t steps)
{
    struct tw_error err;
    struct tw_model_config config = tw_config_shape(VOCABULARY, 16, 2, 2, 24, LONGEST);
    struct tw_state_options shape = {.config = &config, .parts = TW_PART_DOCUMENT, .seed = 1};
    must(tw_compute_open(backend, &run->steps, &err), &err);
    must(tw_compute_open("fixed", &run->trials, &err), &err);
    must(tw_state_open(&shape, &run->state, &err), &err);
    must(tw_arena_begin(&run->arena, 1 << 16, &err), &err);
    given_batch(run);
    struct tw_trainer_options options = {.threads = 2,
        .seed = 11,
        .compute = &run->steps,
        .validation_compute = &run->trials,
        .dropout = {.hidden = 0.1f, .attention = 0.1f, .head = 0.1f},
        .objective = {.document = 1.0}};
    must(tw_trainer_open(run->state, &options, &run->trainer, &err), &err);
    struct tw_targets targets = {.documents = run->labels};
    struct tw_adamw adamw = tw_adamw_defaults();
    adamw.rate = 1e-2;
    for (size_t step = 0; step < steps; step++) {
        struct tw_step_result result;
        must(tw_trainer_step(run->trainer, &run->batch, &targets, &adamw, step, &result, &err), &err);
        run->last_loss = result.loss;
        run->first_loss = step ? run->first_loss : result.loss;
    }
    struct tw_predict *predict;
    must(tw_trainer_open_predict(run->trainer, &predict, &err), &err);
    must(tw_predict_run(predict, &run->batch, NULL, 0, run->logits, NULL, &err), &err);
    tw_predict_close(predict);
}

static void end_run(struct run *run)
{
    tw_trainer_close(run->trainer);
    tw_state_close(run->state);
    tw_arena_end(&run->arena);
}

static void a_model_learns_by_bf16_products_to_the_same_bits_each_time(void **unused)
{
    (void)unused;
    struct run one, two;
    train(&one, "bf16-portable", 60);
    train(&two, "bf16-portable", 60);
    assert_true(one.last_loss < 0.5 * one.first_loss);
    assert_memory_equal(one.state->values, two.state->values, one.state->value_count * sizeof(float));
    end_run(&one);
    end_run(&two);
}

static void trials_are_fp32_and_steps_are_not(void **unused)
{
    (void)unused;
    struct run exact_run, rounded;
    train(&exact_run, "fixed", 0);
    train(&rounded, "bf16-portable", 0);
    assert_memory_equal(exact_run.logits, rounded.logits, sizeof rounded.logits);
    end_run(&exact_run);
    end_run(&rounded);
    train(&exact_run, "fixed", 1);
    train(&rounded, "bf16-portable", 1);
    assert_true(exact_run.last_loss != rounded.last_loss);
    assert_true(fabs(exact_run.last_loss - rounded.last_loss) < 0.01);
    end_run(&exact_run);
    end_run(&rounded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_becomes_the_nearest_bf16_ties_to_even),
        cmocka_unit_test(a_product_is_that_of_rounded_numbers),
        cmocka_unit_test(the_fast_kernels_have_the_bits_of_the_definition),
        cmocka_unit_test(a_row_has_the_same_bits_whatever_its_place_and_company),
        cmocka_unit_test(what_is_no_number_stays_none),
        cmocka_unit_test(only_who_names_bf16_gets_it),
        cmocka_unit_test(a_processor_without_bf16_products_is_refused_with_the_cure),
        cmocka_unit_test(a_model_learns_by_bf16_products_to_the_same_bits_each_time),
        cmocka_unit_test(trials_are_fp32_and_steps_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
