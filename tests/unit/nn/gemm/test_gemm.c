/* gemm: the door's promise, and who stands behind it. */
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

enum { MOST_ROWS = 608 };

struct product {
    size_t out, in;
    float *a, *b, *whole, *part;
};

static void given_product(struct product *product, size_t out, size_t in)
{
    *product = (struct product){.out = out, .in = in};
    product->a = calloc(MOST_ROWS * in, sizeof(float));
    product->b = calloc(out * in, sizeof(float));
    product->whole = calloc(MOST_ROWS * out, sizeof(float));
    product->part = calloc(MOST_ROWS * out, sizeof(float));
    assert_true(product->a && product->b && product->whole && product->part);
    for (size_t at = 0; at < MOST_ROWS * in; at++)
        product->a[at] = random_uniform(at);
    for (size_t at = 0; at < out * in; at++)
        product->b[at] = random_uniform(50000000 + at);
}

static void end_product(struct product *product)
{
    free(product->a);
    free(product->b);
    free(product->whole);
    free(product->part);
}

static void run(
    const struct tw_gemm *gemm, const struct product *product, size_t first, size_t rows, float *c)
{
    struct tw_error err = {0};
    bool done =
        tw_gemm(gemm, rows, product->out, product->in, product->a + first * product->in, product->b, c, &err);
    assert_string_equal(err.what, "");
    assert_true(done);
}

/* Calls `story` for each backend that keeps the promise here, with the door open on it. */
static void for_each_backend(void (*story)(const struct tw_gemm *gemm))
{
    struct tw_gemm found;
    struct tw_error err;
    assert_true(tw_gemm_open(NULL, &found, &err));
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        if (!found.probes[backend].works || !found.probes[backend].stable)
            continue;
        struct tw_gemm gemm;
        assert_true(tw_gemm_open(tw_gemm_backend_name((enum tw_gemm_backend)backend), &gemm, &err));
        assert_int_equal(gemm.backend, backend);
        story(&gemm);
    }
}

static void check_numbers(const struct tw_gemm *gemm)
{
    struct product product;
    given_product(&product, 70, 300);
    run(gemm, &product, 0, 37, product.whole);
    for (size_t row = 0; row < 37; row++) {
        for (size_t column = 0; column < product.out; column++) {
            double sum = 0.0;
            for (size_t at = 0; at < product.in; at++)
                sum += (double)product.a[row * product.in + at] * (double)product.b[column * product.in + at];
            assert_true(fabs(sum - (double)product.whole[row * product.out + column]) < 1e-4);
        }
    }
    end_product(&product);
}

static void a_product_is_right(void **state)
{
    (void)state;
    for_each_backend(check_numbers);
}

static void check_rows(const struct tw_gemm *gemm, size_t out, size_t in)
{
    struct product product;
    given_product(&product, out, in);
    run(gemm, &product, 0, MOST_ROWS, product.whole);
    for (size_t rows = 1; rows <= 560; rows += rows < 34 ? 1 : 41) {
        size_t first = (rows * 7) % (MOST_ROWS - tw_gemm_rows(rows) + 1);
        run(gemm, &product, first, rows, product.part);
        assert_memory_equal(product.part, product.whole + first * out, rows * out * sizeof(float));
    }
    end_product(&product);
}

static void check_all_rows(const struct tw_gemm *gemm)
{
    check_rows(gemm, 384, 384);
    check_rows(gemm, 1536, 384);
    check_rows(gemm, 384, 1536);
    check_rows(gemm, 768, 3072);
    check_rows(gemm, 3, 384);
    check_rows(gemm, 72, 36);
}

static void a_row_has_the_same_bits_whatever_its_place_and_company(void **state)
{
    (void)state;
    for_each_backend(check_all_rows);
}

static void an_unknown_backend_is_refused_by_name(void **state)
{
    (void)state;
    struct tw_gemm gemm;
    struct tw_error err;
    assert_false(tw_gemm_open("mkl", &gemm, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "no backend is called \"mkl\"");
}

static void a_backend_that_breaks_the_promise_is_refused(void **state)
{
    (void)state;
    struct tw_gemm found, gemm;
    struct tw_error err;
    assert_true(tw_gemm_open("auto", &found, &err));
    assert_true(found.probes[found.backend].works && found.probes[found.backend].stable);
    assert_true(found.probes[TW_GEMM_PORTABLE].stable);
    for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
        const struct tw_gemm_probe *probe = &found.probes[backend];
        bool taken = tw_gemm_open(tw_gemm_backend_name((enum tw_gemm_backend)backend), &gemm, &err);
        assert_int_equal(taken, probe->works && probe->stable);
        if (!taken)
            assert_int_equal(err.code, TW_CONFIG);
    }
}

/* Without padding dnnl_sgemm takes another way at M = 1. Measured with AVX-512; elsewhere the probe
 * decides. */
static void padding_makes_onednn_keep_the_promise(void **state)
{
    (void)state;
    struct tw_gemm found;
    struct tw_error err;
    assert_true(tw_gemm_open("auto", &found, &err));
    if (__builtin_cpu_supports("avx512bw") && found.probes[TW_GEMM_ONEDNN].works)
        assert_true(found.probes[TW_GEMM_ONEDNN].stable);
}

static void the_report_names_every_backend_and_the_one_in_use(void **state)
{
    (void)state;
    struct tw_gemm gemm;
    struct tw_error err;
    char line[512], small[8];
    assert_true(tw_gemm_open("portable", &gemm, &err));
    tw_gemm_report(&gemm, line, sizeof line);
    print_message("%s\n", line);
    assert_non_null(strstr(line, "uses portable ("));
    assert_non_null(strstr(line, "onednn ("));
    assert_non_null(strstr(line, "openblas ("));
    tw_gemm_report(&gemm, small, sizeof small);
    assert_true(strlen(small) < sizeof small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_is_right),
        cmocka_unit_test(a_row_has_the_same_bits_whatever_its_place_and_company),
        cmocka_unit_test(an_unknown_backend_is_refused_by_name),
        cmocka_unit_test(a_backend_that_breaks_the_promise_is_refused),
        cmocka_unit_test(padding_makes_onednn_keep_the_promise),
        cmocka_unit_test(the_report_names_every_backend_and_the_one_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
