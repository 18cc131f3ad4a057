/* bars: ten seconds of event time, summed in integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_arena.h"
#include "time/bars.h"

enum { DOCUMENTS = 400, SCORES = 700 };

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return *random >> 33;
}

static void a_bar_begins_at_or_before_its_time_and_ends_after_it(void **state)
{
    (void)state;
    static const struct {
        int64_t event, start;
    } cases[] = {
        {0, 0},
        {1, 0},
        {9999999, 0},
        {10000000, 10000000},
        {-1, -10000000},
        {-10000000, -10000000},
        {-10000001, -20000000},
        {INT64_C(562550400000000), INT64_C(562550400000000)}, /* 30 October 1987 */
        {INT64_C(562550409999999), INT64_C(562550400000000)},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        assert_true(tw_bar_start(cases[at].event) == cases[at].start);
        assert_true(tw_bar_end(cases[at].event) == cases[at].start + TW_BAR_US);
    }
}

static void the_ends_of_time_do_not_overflow(void **state)
{
    (void)state;
    assert_true(tw_bar_start(INT64_MIN) == INT64_MIN);
    assert_true(tw_bar_start(INT64_MIN + 1) == INT64_MIN);
    assert_true(tw_bar_start(INT64_MAX) <= INT64_MAX);
    assert_true(tw_bar_end(INT64_MAX) == INT64_MAX);
}

static void scores_of_one_entity_and_bar_are_added_up(void **state)
{
    (void)state;
    struct tw_document documents[3] = {
        {.event_us = 25000000}, {.event_us = 20000000}, {.event_us = 30000000}};
    struct tw_score_row scores[] = {
        {.document = 0, .symbol = tw_text_of("OM"), .score.sentiment = -9000},
        {.document = 0, .symbol = tw_text_of("AAPL"), .score.sentiment = 4000},
        {.document = 1, .symbol = tw_text_of("OM"), .score.sentiment = 1000},
        {.document = 2, .symbol = tw_text_of("OM"), .score.sentiment = 10000},
    };
    struct tw_bar_row *bars;
    uint32_t count;
    struct tw_error err;
    assert_true(tw_bars_sum(scores, 4, documents, 3, &arena, &bars, &count, &err));
    assert_int_equal(count, 3);
    assert_true(tw_text_equal(bars[0].symbol, tw_text_of("AAPL")));
    assert_int_equal(bars[0].bar_us, 20000000);
    assert_int_equal(bars[1].bar_us, 20000000);
    assert_int_equal(bars[1].count, 2);
    assert_int_equal(bars[1].sum, -8000);
    assert_int_equal(bars[1].sum_of_squares, 82000000);
    assert_int_equal(bars[1].negative_sum, -9000);
    assert_int_equal(bars[2].bar_us, 30000000);
    assert_int_equal(bars[2].negative_sum, 0);
}

static void nothing_sums_to_nothing(void **state)
{
    (void)state;
    struct tw_bar_row *bars;
    uint32_t count = 9;
    struct tw_error err;
    assert_true(tw_bars_sum(NULL, 0, NULL, 0, &arena, &bars, &count, &err));
    assert_int_equal(count, 0);
}

static void a_score_out_of_range_is_our_own_fault_and_said(void **state)
{
    (void)state;
    struct tw_document documents[1] = {{.event_us = 0}};
    struct tw_score_row scores[] = {{.document = 0, .symbol = tw_text_of("A"), .score.sentiment = 10001}};
    struct tw_bar_row *bars;
    uint32_t count;
    struct tw_error err;
    assert_false(tw_bars_sum(scores, 1, documents, 1, &arena, &bars, &count, &err));
    assert_int_equal(err.code, TW_INTERNAL);
    assert_string_equal(err.what, "score row 0 has sentiment 10001, outside +-10000");
    scores[0] = (struct tw_score_row){.document = 1, .symbol = tw_text_of("A")};
    assert_false(tw_bars_sum(scores, 1, documents, 1, &arena, &bars, &count, &err));
    assert_string_equal(err.what, "score row 0 is of document 1, the batch has 1");
}

static void a_sum_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct tw_bar_row rows[2] = {
        {.symbol = tw_text_of("A"), .count = 1, .sum_of_squares = INT64_MAX},
        {.symbol = tw_text_of("A"), .count = 1, .sum_of_squares = 1},
    };
    size_t merged;
    struct tw_error err;
    assert_false(tw_bars_merge(rows, 2, &merged, &err));
    assert_int_equal(err.code, TW_INTERNAL);
}

static void a_full_arena_is_said(void **state)
{
    (void)state;
    struct tw_arena small;
    struct tw_error err;
    assert_true(tw_arena_begin(&small, 4096, &err));
    struct tw_bar_row *bars;
    uint32_t count;
    static const struct tw_score_row scores[1000];
    static const struct tw_document documents[1];
    assert_false(tw_bars_sum(scores, 1000, documents, 1, &small, &bars, &count, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_end(&small);
}

/* However scores are cut into batches and partitions, and in whatever order: the same bars, to the bit, and
 * equal to what is summed one by one. */
static void any_cutting_and_order_gives_the_same_bars(void **state)
{
    (void)state;
    static const char *const symbols[] = {"A", "AA", "B", "OM", "ZZ.T"};
    static struct tw_document documents[DOCUMENTS];
    static struct tw_score_row scores[SCORES];
    uint64_t random = 3;
    for (int round = 0; round < 50; round++) {
        size_t mark = tw_arena_mark(&arena);
        struct tw_error err;
        struct tw_bar_row *whole, *parts = tw_arena_array(&arena, SCORES, sizeof *parts);
        assert_non_null(parts);
        uint32_t whole_count;
        size_t parts_count = 0, merged;
        for (int at = 0; at < DOCUMENTS; at++)
            documents[at].event_us = (int64_t)(next(&random) % 200000000) - 100000000;
        for (int at = 0; at < SCORES; at++)
            scores[at] = (struct tw_score_row){.document = (uint32_t)(next(&random) % DOCUMENTS),
                .symbol = tw_text_of(symbols[next(&random) % 5]),
                .score.sentiment = (int32_t)(next(&random) % 20001) - 10000};
        assert_true(tw_bars_sum(scores, SCORES, documents, DOCUMENTS, &arena, &whole, &whole_count, &err));
        for (uint32_t at = 0; at < SCORES;) {
            uint32_t size = (uint32_t)(next(&random) % 90) + 1;
            size = size < SCORES - at ? size : SCORES - at;
            struct tw_bar_row *part;
            uint32_t count;
            assert_true(tw_bars_sum(scores + at, size, documents, DOCUMENTS, &arena, &part, &count, &err));
            /* the later batch in front, so that order differs too */
            memmove(parts + count, parts, parts_count * sizeof *parts);
            memcpy(parts, part, count * sizeof *parts);
            parts_count += count;
            at += size;
        }
        assert_true(tw_bars_merge(parts, parts_count, &merged, &err));
        assert_int_equal(merged, whole_count);
        int64_t sum = 0, expected = 0;
        for (size_t at = 0; at < merged; at++) {
            assert_true(tw_text_equal(parts[at].symbol, whole[at].symbol));
            assert_true(parts[at].bar_us == whole[at].bar_us && parts[at].count == whole[at].count);
            assert_true(parts[at].sum == whole[at].sum && parts[at].negative_sum == whole[at].negative_sum);
            assert_true(parts[at].sum_of_squares == whole[at].sum_of_squares);
            sum += whole[at].sum;
        }
        for (int at = 0; at < SCORES; at++)
            expected += scores[at].score.sentiment;
        assert_true(sum == expected);
        tw_arena_rewind(&arena, mark);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bar_begins_at_or_before_its_time_and_ends_after_it),
        cmocka_unit_test(the_ends_of_time_do_not_overflow),
        cmocka_unit_test(scores_of_one_entity_and_bar_are_added_up),
        cmocka_unit_test(nothing_sums_to_nothing),
        cmocka_unit_test(a_score_out_of_range_is_our_own_fault_and_said),
        cmocka_unit_test(a_sum_that_does_not_fit_is_refused),
        cmocka_unit_test(a_full_arena_is_said),
        cmocka_unit_test(any_cutting_and_order_gives_the_same_bars),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
