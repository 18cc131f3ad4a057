/* recent_bars: what was put comes out by symbol and time, whatever is cut, trimmed and put again; memory is
 * counted to the byte and bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/recent_bars.h"

static bool put(struct tw_recent_bars *recent, const char *symbol, int bar, int count, struct tw_error *err)
{
    const struct tw_bar_row row = {.symbol = tw_text_of(symbol),
        .bar_us = bar * TW_BAR_US,
        .count = count,
        .sum = -count,
        .negative_sum = -count};
    return tw_recent_put(recent, &row, true, err);
}

static void given(struct tw_recent_bars *recent, const char *symbol, int bar, int count)
{
    struct tw_error err;
    if (!put(recent, symbol, bar, count, &err))
        fail_msg("%s", err.what);
}

/* "A 1:5 2:6 B 1:7", of several sets. */
static const char *told(const struct tw_recent_bars *const *sets, size_t count, char *out, size_t size)
{
    struct tw_arena arena;
    struct tw_error err;
    struct tw_recent_rows rows;
    struct tw_turn_row row;
    struct tw_text last = {0};
    size_t at = 0;
    out[0] = '\0';
    assert_true(tw_arena_begin(&arena, 16 << 20, &err));
    assert_true(tw_recent_rows_begin(&rows, sets, count, &arena, &err));
    while (tw_recent_rows_next(&rows, &row) && at < size) {
        if (!last.bytes || !tw_text_equal(last, row.symbol))
            at += (size_t)snprintf(
                out + at, size - at, "%s%.*s", at ? " " : "", (int)row.symbol.length, row.symbol.bytes);
        last = row.symbol;
        assert_int_equal(row.bar.sum, -row.bar.count);
        at += (size_t)snprintf(
            out + at, size - at, " %d:%d", (int)(row.bar.bar_us / TW_BAR_US), (int)row.bar.count);
    }
    tw_arena_end(&arena);
    return out;
}

static void bars_come_out_by_symbol_and_time(void **state)
{
    (void)state;
    struct tw_recent_memory memory = {.most = 1 << 20};
    struct tw_recent_bars one, other;
    const struct tw_recent_bars *const both[] = {&one, &other};
    char text[500];
    tw_recent_begin(&one, &memory);
    tw_recent_begin(&other, &memory);
    assert_string_equal(told(both, 2, text, sizeof text), "");
    given(&one, "C", 3, 1);
    given(&one, "A", 2, 2);
    given(&other, "B", 9, 3);
    given(&one, "A", 5, 4);
    given(&one, "A", 3, 5); /* out of order */
    given(&one, "A", 2, 6); /* anew: a late document */
    assert_string_equal(told(both, 2, text, sizeof text), "A 2:6 3:5 5:4 B 9:3 C 3:1");
    assert_int_equal(memory.bars, 5);
    tw_recent_cut(&one, 3 * TW_BAR_US);
    assert_string_equal(told(both, 2, text, sizeof text), "A 2:6 B 9:3");
    given(&one, "A", 3, 7);
    given(&one, "C", 3, 8);
    tw_recent_trim(&one, 3 * TW_BAR_US);
    assert_string_equal(told(both, 2, text, sizeof text), "A 3:7 B 9:3 C 3:8");
    tw_recent_trim(&one, 4 * TW_BAR_US);
    assert_string_equal(told(both, 2, text, sizeof text), "B 9:3");
    tw_recent_end(&one);
    tw_recent_end(&other);
    assert_int_equal(memory.used, 0);
    assert_int_equal(memory.bars, 0);
}

/* Against an array that is searched: rings go round, grow and shrink, entities come and go. */
static void a_window_that_moves_holds_what_lies_in_it(void **state)
{
    (void)state;
    enum { ENTITIES = 150, BARS = 400, WINDOW = 30 };
    static int counts[ENTITIES][BARS];
    struct tw_recent_memory memory = {.most = 64 << 20};
    struct tw_recent_bars recent;
    const struct tw_recent_bars *const set[] = {&recent};
    static char wanted[1 << 20], got[1 << 20];
    unsigned seed = 1;
    tw_recent_begin(&recent, &memory);
    for (int bar = 0; bar < BARS; bar++) {
        bool busy = bar / 50 % 2 == 0; /* every other stretch is nearly silent */
        for (int entity = 0; entity < ENTITIES; entity++) {
            seed = seed * 1103515245 + 12345;
            if ((seed >> 16) % (busy ? 2 : 40) != 0)
                continue;
            char symbol[16];
            int at = (seed >> 24) % 10 == 0 && bar > 5 ? bar - 5 : bar; /* some come late */
            snprintf(symbol, sizeof symbol, "E%03d", entity);
            counts[entity][at] += 1 + (int)((seed >> 8) % 9);
            given(&recent, symbol, at, counts[entity][at]);
        }
        tw_recent_trim(&recent, (bar - WINDOW) * TW_BAR_US);
    }
    size_t length = 0;
    for (int entity = 0; entity < ENTITIES; entity++) {
        bool any = false;
        for (int bar = BARS - 1 - WINDOW; bar < BARS; bar++) {
            if (!counts[entity][bar])
                continue;
            if (!any)
                length += (size_t)snprintf(
                    wanted + length, sizeof wanted - length, "%sE%03d", length ? " " : "", entity);
            length +=
                (size_t)snprintf(wanted + length, sizeof wanted - length, " %d:%d", bar, counts[entity][bar]);
            any = true;
        }
    }
    assert_string_equal(told(set, 1, got, sizeof got), wanted);
    tw_recent_end(&recent);
    assert_int_equal(memory.used, 0);
}

/* A busy day is no reason to keep its memory through the quiet ones behind it. */
static void memory_follows_what_is_kept(void **state)
{
    (void)state;
    struct tw_recent_memory memory = {.most = 64 << 20};
    struct tw_recent_bars recent;
    tw_recent_begin(&recent, &memory);
    for (int bar = 0; bar < 720; bar++)
        given(&recent, "A", bar, 1);
    assert_in_range(memory.used, 720 * 40, 720 * 40 * 5 / 4 + 2000);
    tw_recent_trim(&recent, 710 * TW_BAR_US);
    assert_in_range(memory.used, 10 * 40, 2000);
    tw_recent_end(&recent);
}

static void more_than_the_account_allows_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct tw_recent_memory memory = {.most = 4000};
    struct tw_recent_bars recent;
    const struct tw_recent_bars *const set[] = {&recent};
    struct tw_error err;
    char text[2000], before[2000];
    int bar = 0;
    tw_recent_begin(&recent, &memory);
    while (put(&recent, "A", bar, 1, &err) && bar < 1000) {
        told(set, 1, before, sizeof before);
        bar++;
    }
    assert_in_range(bar, 20, 100);
    assert_int_equal(err.code, TW_FULL);
    assert_string_equal(err.where, "evaluate.memory");
    assert_string_equal(told(set, 1, text, sizeof text), before);
    memory.most = 1 << 20; /* raised: it goes on */
    given(&recent, "A", bar, 1);
    tw_recent_end(&recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_come_out_by_symbol_and_time),
        cmocka_unit_test(a_window_that_moves_holds_what_lies_in_it),
        cmocka_unit_test(memory_follows_what_is_kept),
        cmocka_unit_test(more_than_the_account_allows_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
