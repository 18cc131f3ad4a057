/* window: the sums that a moving window holds are those of a plain loop over its bars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "time/window.h"

enum { BARS = 60 };

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

static void assert_plain_sums(const struct tw_window *window, int64_t edge_us)
{
    int64_t documents = 0, sum = 0, negative = 0;
    for (size_t at = 0; at < window->bar_count; at++) {
        const struct tw_bar_row *bar = &window->bars[at];
        if (bar->bar_us < edge_us - window->width_us || bar->bar_us >= edge_us)
            continue;
        documents += bar->count;
        sum += bar->sum;
        negative += bar->negative_sum;
    }
    assert_int_equal(window->documents, documents);
    assert_int_equal(window->sum, sum);
    assert_int_equal(window->negative_sum, negative);
}

/* Begun anywhere, moved in steps of any length; and at no edge before the one it names does a sum change. */
static void sums_are_those_of_the_bars_inside_wherever_it_begins_and_however_it_moves(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int round = 0; round < 200; round++) {
        struct tw_bar_row bars[BARS];
        struct tw_window window;
        struct tw_error err;
        int64_t bar_us = 0;
        for (size_t at = 0; at < BARS; at++) {
            bar_us += TW_BAR_US * (int64_t)(next(&random) % 9 + 1);
            bars[at] = (struct tw_bar_row){.bar_us = bar_us,
                .count = (int64_t)(next(&random) % 5 + 1),
                .sum = (int64_t)(next(&random) % 20001) - 10000,
                .negative_sum = -(int64_t)(next(&random) % 10001)};
        }
        int64_t width_us = TW_BAR_US * (int64_t)(next(&random) % 40 + 1);
        int64_t edge_us = TW_BAR_US * (int64_t)(next(&random) % 100);
        assert_true(tw_window_begin(&window, bars, BARS, width_us, edge_us, &err));
        assert_plain_sums(&window, edge_us);
        while (tw_window_next_us(&window) != INT64_MAX) {
            int64_t next_us = tw_window_next_us(&window);
            assert_true(next_us > edge_us);
            assert_plain_sums(&window, next_us - TW_BAR_US);
            edge_us = next_us + TW_BAR_US * (int64_t)(next(&random) % 12);
            assert_true(tw_window_move(&window, edge_us, &err));
            assert_plain_sums(&window, edge_us);
        }
        assert_int_equal(window.documents, 0);
    }
}

static void sums_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct tw_bar_row bars[] = {
        {.bar_us = 0, .count = 1, .sum = INT64_MAX}, {.bar_us = TW_BAR_US, .count = 1, .sum = 1}};
    struct tw_bar_row many[] = {{.bar_us = 0, .count = INT64_MAX / 2}};
    struct tw_window window;
    struct tw_error err;
    assert_false(tw_window_begin(&window, bars, 2, 10 * TW_BAR_US, 2 * TW_BAR_US, &err));
    assert_int_equal(err.code, TW_INTERNAL);
    assert_true(tw_window_begin(&window, bars, 2, TW_BAR_US, 2 * TW_BAR_US, &err));
    assert_false(
        tw_window_begin(&window, many, 1, TW_BAR_US, TW_BAR_US, &err)); /* nor their count in 10,000ths */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_those_of_the_bars_inside_wherever_it_begins_and_however_it_moves),
        cmocka_unit_test(sums_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
