/* simulation: the rules over a stream in memory: what is carried from turn to turn. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/simulation.h"
#include "rule_stories.h"

#define S INT64_C(1000000)
#define MEMORY_BYTES ((size_t)16 << 20)

enum { TOLD_BYTES = 65536 };

/* ---- the vocabulary of these stories ---- */

struct told {
    char text[TOLD_BYTES];
    size_t length;
};

static bool on_step(void *context, uint64_t number, const struct tw_alert *alert,
    const struct tw_alert_change *change, struct tw_error *err)
{
    struct told *told = context;
    (void)err;
    int length = snprintf(told->text + told->length, TOLD_BYTES - told->length,
        "%" PRIu64 " %.*s %.*s %s at %" PRId64 "\n", number, (int)alert->symbol.length, alert->symbol.bytes,
        (int)alert->rule.length, alert->rule.bytes, tw_alert_step_names[change->step], change->at_us / S);
    assert_true(length > 0 && (size_t)length < TOLD_BYTES - told->length);
    told->length += (size_t)length;
    return true;
}

static void put_bar(
    struct tw_simulation *simulation, const char *symbol, int64_t second, int64_t count, int64_t sentiment)
{
    struct tw_error err;
    char copied[16]; /* symbols are copied: the caller's may go */
    snprintf(copied, sizeof copied, "%s", symbol);
    const struct tw_bar_row bar = {.symbol = tw_text_of(copied),
        .bar_us = second * S,
        .count = count,
        .sum = count * sentiment,
        .sum_of_squares = count * sentiment * sentiment,
        .negative_sum = sentiment < 0 ? count * sentiment : 0};
    if (!tw_simulation_put_bar(simulation, &bar, true, &err))
        fail_msg("%s", err.what);
    memset(copied, '?', sizeof copied);
}

static void put_event(struct tw_simulation *simulation, const char *symbol, const char *rule, int64_t second)
{
    struct tw_error err;
    char copied[16];
    snprintf(copied, sizeof copied, "%s", symbol);
    const struct tw_headline_event event = {.rule = tw_text_of(rule),
        .event_us = second * S,
        .sentiment = -9500,
        .value = -9500,
        .offset = second};
    if (!tw_simulation_put_event(simulation, tw_text_of(copied), true, &event, &err))
        fail_msg("%s", err.what);
    memset(copied, '?', sizeof copied);
}

static void advance(struct tw_simulation *simulation, int64_t second, struct told *told)
{
    struct tw_error err;
    const struct tw_simulation_sink sink = {told, NULL, on_step};
    if (!tw_simulation_advance(simulation, second * S, &sink, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static void begin(struct tw_simulation *simulation, const struct tw_rule_set *rules)
{
    struct tw_error err;
    if (!tw_simulation_begin(simulation, rules, MEMORY_BYTES, &err))
        fail_msg("%s", err.what);
}

static const char many_rules[] =
    "rules:\n"
    "- {name: bad, kind: threshold, window: 60s, below: -1.0, resolve: -0.5, quiet: 30s, update_step: 50%}\n"
    "- {name: low, kind: threshold, measure: mean, window: 2m, below: -0.5, at_least: 2, quiet: 20s}\n"
    "- {name: shock, kind: headline, quiet: 60s}\n"
    "- {name: chorus, kind: headline, min_stories: 3, window: 5m, quiet: 60s}\n"
    "- {name: both, kind: all, rules: [bad, shock], window: 5m, quiet: 10s}\n";

/* An hour of three companies, from numbers without a pattern; the same for each call. `every` cuts it. */
static void live_through(const struct tw_rule_set *rules, int64_t every, struct told *told)
{
    static const char *const symbols[] = {"AA", "B", "CCC"};
    struct tw_simulation simulation;
    begin(&simulation, rules);
    uint64_t random = 12345;
    told->length = 0;
    for (int64_t bar = 0; bar < 360; bar++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned which = (unsigned)(random >> 33) % 7;
        if (which < 3)
            put_bar(&simulation, symbols[which], bar * 10, 1 + (int64_t)(random >> 50) % 2,
                -9000 + (int64_t)(random >> 40) % 10000);
        if (which == 4)
            put_event(&simulation, symbols[(random >> 45) % 3], bar % 2 ? "shock" : "chorus", bar * 10 + 3);
        if ((bar + 1) % every == 0)
            advance(&simulation, (bar + 1) * 10, told);
    }
    advance(&simulation, 7200, told);
    tw_simulation_end(&simulation);
}

/* Steps of one text in the order of time and then of letters: turns tell them by entity. */
static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void sort_lines(struct told *told)
{
    enum { MOST_LINES = 2000 };
    static char copy[TOLD_BYTES];
    const char *lines[MOST_LINES];
    size_t count = 0;
    memcpy(copy, told->text, told->length);
    copy[told->length] = '\0';
    for (char *line = copy, *end; (end = strchr(line, '\n')) && count < MOST_LINES; line = end + 1) {
        *end = '\0';
        lines[count++] = strchr(line, ' ') + 1; /* without the number, which follows the order of telling */
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    told->length = 0;
    for (size_t at = 0; at < count; at++)
        told->length +=
            (size_t)snprintf(told->text + told->length, TOLD_BYTES - told->length, "%s\n", lines[at]);
}

/* ---- the stories ---- */

static void however_time_is_cut_the_steps_are_the_same(void **state)
{
    (void)state;
    static struct told once, cut;
    static const int64_t every[] = {1, 2, 7, 100};
    struct tw_rule_set *rules = rules_of(many_rules);
    live_through(rules, 360, &once);
    sort_lines(&once);
    assert_non_null(strstr(once.text, "both opened"));
    assert_non_null(strstr(once.text, "both resolved"));
    assert_non_null(strstr(once.text, "bad updated"));
    assert_non_null(strstr(once.text, "low resolved"));
    assert_non_null(strstr(once.text, "chorus opened"));
    for (size_t at = 0; at < sizeof every / sizeof every[0]; at++) {
        live_through(rules, every[at], &cut);
        sort_lines(&cut);
        assert_string_equal(cut.text, once.text);
    }
    tw_rules_free(rules);
}

static void an_alert_keeps_its_number_while_others_come_and_go(void **state)
{
    (void)state;
    static struct told told;
    told.length = 0;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: shock, kind: headline, quiet: 60s}\n");
    struct tw_simulation simulation;
    begin(&simulation, rules);
    put_event(&simulation, "M", "shock", 5);
    advance(&simulation, 10, &told);
    put_event(&simulation, "A", "shock", 15);
    put_event(&simulation, "Z", "shock", 15);
    advance(&simulation, 20, &told);
    put_event(&simulation, "Z", "shock", 45);
    advance(&simulation, 200, &told);
    assert_string_equal(told.text, "1 M shock opened at 10\n"
                                   "2 A shock opened at 20\n"
                                   "3 Z shock opened at 20\n"
                                   "2 A shock resolved at 80\n"
                                   "1 M shock resolved at 70\n"
                                   "3 Z shock updated at 50\n"
                                   "3 Z shock resolved at 110\n");
    assert_int_equal(simulation.open.count, 0);
    tw_simulation_end(&simulation);
    tw_rules_free(rules);
}

static void what_comes_late_speaks_at_the_next_edge_and_counts_in_later_windows(void **state)
{
    (void)state;
    static struct told told;
    told.length = 0;
    struct tw_rule_set *rules = rules_of(many_rules);
    struct tw_simulation simulation;
    begin(&simulation, rules);
    put_bar(&simulation, "AA", 100, 1, -6000);
    advance(&simulation, 120, &told);
    put_bar(&simulation, "AA", 90, 1, -6000); /* -1.2 in all, in a window whose first edge is past */
    put_event(&simulation, "B", "shock", 50);
    put_bar(&simulation, "AA", 120, 1, 0);
    advance(&simulation, 130, &told);
    assert_string_equal(told.text, "1 AA bad opened at 130\n2 B shock opened at 130\n");
    tw_simulation_end(&simulation);
    tw_rules_free(rules);
}

static void days_are_summed_from_turn_to_turn_and_from_what_comes_late(void **state)
{
    (void)state;
    static struct told told;
    told.length = 0;
    struct tw_rule_set *rules = rules_of(
        "rules:\n- {name: sudden, kind: burst, window: 10m, days: 10, at_least_days: 3, at_least: 6}\n");
    for (int late = 0; late < 2; late++) {
        struct tw_simulation simulation;
        begin(&simulation, rules);
        for (int64_t day = 0; day < 5; day++) {
            if (!late)
                put_bar(&simulation, "AA", day * 86400 + 3600, 2, 100);
            advance(&simulation, day * 86400 + 43200, &told);
            if (late)
                put_bar(&simulation, "AA", day * 86400 + 3600, 2, 100);
        }
        put_bar(&simulation, "AA", 5 * 86400 + 3600, 20, 100);
        advance(&simulation, 5 * 86400 + 3610, &told);
        tw_simulation_end(&simulation);
    }
    assert_string_equal(told.text, "1 AA sudden opened at 435610\n1 AA sudden opened at 435610\n");
    tw_rules_free(rules);
}

static void a_bar_that_is_put_before_it_closes_is_in_its_day_once(void **state)
{
    (void)state;
    static struct told told;
    told.length = 0;
    struct tw_rule_set *rules = rules_of(
        "rules:\n- {name: sudden, kind: burst, window: 10m, days: 10, at_least_days: 3, at_least: 6}\n");
    struct tw_simulation simulation;
    begin(&simulation, rules);
    for (int64_t day = 0; day < 5; day++) {
        put_bar(&simulation, "AA", day * 86400 + 3600, 100, 100);
        for (int64_t minute = 48; minute <= 61; minute++)
            advance(&simulation, day * 86400 + minute * 60, &told);
    }
    put_bar(&simulation, "AA", 5 * 86400 + 3600, 20, 100); /* were there 1,400 a day, 20 would be nothing */
    advance(&simulation, 5 * 86400 + 3610, &told);
    assert_non_null(strstr(told.text, " AA sudden opened at 435610\n"));
    tw_simulation_end(&simulation);
    tw_rules_free(rules);
}

static void memory_that_is_given_is_not_passed(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of(many_rules);
    struct tw_simulation simulation;
    struct tw_error err = {0};
    assert_true(tw_simulation_begin(&simulation, rules, 1 << 16, &err));
    bool put = true;
    for (int64_t bar = 0; put && bar < 100000; bar++) {
        const struct tw_bar_row row = {.symbol = tw_text_of("AA"), .bar_us = bar * 10 * S, .count = 1};
        put = tw_simulation_put_bar(&simulation, &row, true, &err);
    }
    assert_false(put);
    assert_int_equal(err.code, TW_FULL);
    tw_simulation_end(&simulation);
    tw_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_time_is_cut_the_steps_are_the_same),
        cmocka_unit_test(an_alert_keeps_its_number_while_others_come_and_go),
        cmocka_unit_test(what_comes_late_speaks_at_the_next_edge_and_counts_in_later_windows),
        cmocka_unit_test(days_are_summed_from_turn_to_turn_and_from_what_comes_late),
        cmocka_unit_test(a_bar_that_is_put_before_it_closes_is_in_its_day_once),
        cmocka_unit_test(memory_that_is_given_is_not_passed),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
