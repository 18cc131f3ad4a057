/* baseline: shift and burst against an entity's own days; the same however event time is cut. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alerts.h"
#include "rule_kinds/burst.h"
#include "rule_kinds/shift.h"
#include "rule_stories.h"

#define HOUR_US INT64_C(3600000000)
#define MORNING_US (20 * TW_DAY_US + 6 * HOUR_US) /* of the day after the ordinary ones */

enum { MOST_BARS = 4000, TOLD_BYTES = 65536 };

/* ---- the vocabulary of these stories ---- */

struct tape {
    struct tw_bar_row bars[MOST_BARS];
    size_t count;
};

/* `count` documents at `sentiment` each. */
static void put(struct tape *tape, int64_t time_us, int64_t count, int64_t sentiment)
{
    assert_true(tape->count < MOST_BARS);
    tape->bars[tape->count++] = (struct tw_bar_row){.symbol = tw_text_of("OM"),
        .bar_us = tw_bar_start(time_us),
        .count = count,
        .sum = count * sentiment,
        .sum_of_squares = count * sentiment * sentiment,
        .negative_sum = sentiment < 0 ? count * sentiment : 0};
}

/* Twenty days of ten documents, one an hour, their sentiment -0.1, 0 and 0.1 in turn. */
static void put_ordinary_days(struct tape *tape)
{
    *tape = (struct tape){0};
    for (int64_t day = 0; day < 20; day++)
        for (int64_t hour = 8; hour < 18; hour++)
            put(tape, day * TW_DAY_US + hour * HOUR_US, 1, (day % 3 - 1) * 1000);
}

static struct tw_alerts_output evaluate(const struct tw_alerts_input *input)
{
    struct tw_alerts_output output;
    struct tw_error err;
    if (!tw_alerts_evaluate(input, &arena, &output, &err))
        fail_msg("%s", err.what);
    return output;
}

/* A step a line: "d20 1.5h opened rule value: reason". */
static void tell(const struct tw_alerts_output *output, char told[TOLD_BYTES])
{
    size_t length = strlen(told);
    for (uint32_t at = 0; at < output->change_count && length < TOLD_BYTES - 1000; at++) {
        const struct tw_alert_change *change = &output->changes[at];
        struct tw_text rule = output->alerts[change->alert].rule;
        length += (size_t)snprintf(told + length, TOLD_BYTES - length, "d%d %ds %s %.*s %d: %.*s\n",
            (int)(change->at_us / TW_DAY_US), (int)(change->at_us % TW_DAY_US / 1000000),
            tw_alert_step_names[change->step], (int)rule.length, rule.bytes, (int)change->value,
            (int)change->reason.length, change->reason.bytes);
    }
}

static void tell_whole(
    const struct tw_rule_set *rules, const struct tape *tape, int64_t to_us, char told[TOLD_BYTES])
{
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = tape->bars,
        .bar_count = tape->count,
        .to_us = to_us};
    struct tw_alerts_output output = evaluate(&input);
    told[0] = '\0';
    tell(&output, told);
}

/* ---- shift ---- */

static char told[TOLD_BYTES], parts[TOLD_BYTES];

/* Median 0, MAD 0.1; documents within a day do not differ. */
static void a_mean_far_below_the_days_opens_an_alert_that_resolves_when_it_is_quiet(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: s, kind: shift, window: 1h, at_least: 3, quiet: 2h}\n");
    put_ordinary_days(&tape);
    put(&tape, MORNING_US, 2, -9000);
    put(&tape, MORNING_US + TW_BAR_US, 2, -9000);
    tell_whole(rules, &tape, 21 * TW_DAY_US, told);
    assert_string_equal(told,
        "d20 21620s opened s -60704: z -6.0704: mean -0.9 of 4 documents over 1h, against 0.0 with deviation "
        "0.1482 of 20 days\n"
        "d20 32420s resolved s 0: 0 documents over 1h, quiet for 2h\n");
    tw_rules_free(rules);
}

/* Into `numbers` those of the steps of one rule, which are two: opened, resolved. */
static void take_numbers(const char *yaml, const struct tape *tape, struct tw_step_numbers numbers[2])
{
    struct tw_rule_set *rules = rules_of(yaml);
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = tape->bars,
        .bar_count = tape->count,
        .to_us = 21 * TW_DAY_US};
    struct tw_alerts_output output = evaluate(&input);
    assert_int_equal(output.change_count, 2);
    for (uint32_t step = 0; step < 2; step++)
        numbers[step] = output.changes[step].numbers;
    tw_rules_free(rules);
}

static void steps_keep_what_was_usual_and_what_was_asked(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_step_numbers numbers[2];
    put_ordinary_days(&tape);
    put(&tape, MORNING_US, 5, -9000);
    take_numbers("rules:\n- {name: s, kind: shift, window: 1h, at_least: 3, quiet: 2h}\n", &tape, numbers);
    const struct tw_step_numbers shifted = {HOUR_US, -40000, -20000, 0, 1482, 20};
    assert_memory_equal(&numbers[0], &shifted, sizeof shifted);
    assert_int_equal(numbers[1].resolves, -20000);
    assert_int_equal(numbers[1].baseline, TW_NO_NUMBER); /* no document is left to be held against it */

    /* Ten documents a day: 10 / 24 in an hour. */
    take_numbers("rules:\n- {name: b, kind: burst, window: 1h, at_least: 4, probability: 1e-2, quiet: 2h}\n",
        &tape, numbers);
    const struct tw_step_numbers expected = {HOUR_US, 40000, 20000, 4166, TW_NO_NUMBER, 20};
    assert_memory_equal(&numbers[0], &expected, sizeof expected);
}

static void a_company_of_which_too_few_days_are_known_is_left_alone(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: s, kind: shift, window: 1h, at_least: 3, at_least_days: 21}\n"
                 "- {name: b, kind: burst, window: 1h, at_least: 3, at_least_days: 21}\n");
    put_ordinary_days(&tape);
    put(&tape, MORNING_US, 90, -9000);
    tell_whole(rules, &tape, 21 * TW_DAY_US, told);
    assert_string_equal(told, "");
    tw_rules_free(rules);
}

/* Half of the weight lies in the last days at a short half-life, and so does the median. */
static void recent_days_weigh_more(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: long, kind: shift, window: 1h, at_least: 3, half_life: 365}\n"
                 "- {name: short, kind: shift, window: 1h, at_least: 3, half_life: 2}\n");
    tape = (struct tape){0};
    for (int64_t day = 0; day < 20; day++)
        put(&tape, day * TW_DAY_US + 12 * HOUR_US, 10, day < 15 ? 2000 : -6000);
    put(&tape, MORNING_US, 9, -6500);
    tell_whole(rules, &tape, MORNING_US + HOUR_US / 2, told);
    assert_non_null(strstr(told, "d20 21610s opened long"));
    assert_null(strstr(told, "d20 21610s opened short"));
    tw_rules_free(rules);
}

/* ---- burst ---- */

static void more_documents_than_come_by_chance_open_an_alert(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: b, kind: burst, window: 1h, quiet: 1h}\n");
    put_ordinary_days(&tape); /* 10 a day, 0.4166 an hour: 7 have probability 1e-6 */
    put(&tape, MORNING_US, 6, 0);
    put(&tape, MORNING_US + TW_BAR_US, 1, 0);
    put(&tape, MORNING_US + 2 * TW_BAR_US, 8, 0);
    tell_whole(rules, &tape, 21 * TW_DAY_US, told);
    assert_string_equal(told,
        "d20 21620s opened b 70000: 7 documents over 1h where 0.4166 are expected and 7 have probability 1e-6\n"
        "d20 21630s updated b 150000: 15 documents over 1h where 0.4166 are expected and 7 have probability 1e-6,"
        " after 7\n"
        "d20 28830s resolved b 0: 0 documents over 1h, quiet for 1h\n");
    tw_rules_free(rules);
}

/* Without a document in all of its days the rate is that of one. */
static void a_company_never_heard_of_has_a_rate_too_where_the_rule_lets_it(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: b, kind: burst, window: 10m, at_least_days: 0}\n");
    tape = (struct tape){0};
    put(&tape, 20 * TW_DAY_US, 5, 0);
    tell_whole(rules, &tape, 20 * TW_DAY_US + HOUR_US / 2, told);
    assert_string_equal(told,
        "d20 10s opened b 50000: 5 documents over 10m where 0.0002 are expected and 2 have probability 1e-6\n");
    tw_rules_free(rules);
}

/* ---- property ---- */

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return *random >> 33;
}

/* Fifty days, quiet and loud ones, with surges and slumps; some days without a word. */
static void make_tape(struct tape *tape, uint64_t *random)
{
    int64_t at_us = 0;
    *tape = (struct tape){0};
    while (at_us < 50 * TW_DAY_US && tape->count < MOST_BARS) {
        bool surge = next(random) % 12 == 0;
        int64_t sentiment = surge ? -9000 : (int64_t)(next(random) % 4000) - 1500;
        for (uint64_t bars = surge ? next(random) % 20 : 1; bars > 0 && tape->count < MOST_BARS; bars--) {
            put(tape, at_us, (int64_t)(next(random) % 3) + 1, sentiment);
            at_us += TW_BAR_US * (int64_t)(next(random) % 4 + 1);
        }
        at_us += TW_BAR_US * (int64_t)(next(random) % (next(random) % 9 ? 2000 : 20000) + 1);
    }
}

struct kept {
    struct tw_alert open[20];
    uint32_t open_count;
    struct tw_alert past[1000];
    uint32_t past_count;
};

static void keep(struct kept *kept, const struct tw_alerts_output *output)
{
    kept->open_count = 0;
    for (uint32_t at = 0; at < output->alert_count; at++)
        if (output->alerts[at].resolved_us == TW_NO_TIME)
            kept->open[kept->open_count++] = output->alerts[at];
        else
            kept->past[kept->past_count++] = output->alerts[at];
}

/* In pieces of up to so many bars; bars of two days at most are kept, and days instead. */
static void tell_parts(const struct tw_rule_span *spans, const struct tape *tape, uint64_t widest,
    uint64_t *random, char out[TOLD_BYTES])
{
    static struct kept kept;
    const int64_t end_us = 51 * TW_DAY_US;
    kept.open_count = kept.past_count = 0;
    out[0] = '\0';
    for (int64_t from_us = 0; from_us < end_us;) {
        int64_t to_us = from_us + TW_BAR_US * (int64_t)(next(random) % widest + 1);
        size_t begin = 0, end = 0, before = 0;
        to_us = to_us < end_us ? to_us : end_us;
        while (end < tape->count && tape->bars[end].bar_us < to_us) {
            begin += tape->bars[end].bar_us < from_us - 2 * TW_DAY_US;
            before += tape->bars[end].bar_us < from_us;
            end++;
        }
        struct tw_alerts_input input = {.spans = spans,
            .span_count = 2,
            .symbol = tw_text_of("OM"),
            .bars = tape->bars + begin,
            .bar_count = end - begin,
            .open = kept.open,
            .open_count = kept.open_count,
            .past = kept.past,
            .past_count = kept.past_count,
            .from_us = from_us,
            .to_us = to_us};
        struct tw_error err;
        assert_true(tw_days_sum(tape->bars, before, INT64_MIN, INT64_MAX, &arena, &input.days, &err));
        struct tw_alerts_output output = evaluate(&input);
        tell(&output, out);
        keep(&kept, &output);
        from_us = to_us;
    }
}

static void any_cutting_of_event_time_gives_the_same_alerts(void **state)
{
    (void)state;
    static struct tape tape;
    struct tw_rule_set *before = rules_of(
        "rules:\n- {name: s, kind: shift, window: 6h, days: 20, at_least: 2, at_least_days: 4, quiet: 3h}\n"
        "- {name: b, kind: burst, window: 2h, days: 15, at_least: 2, at_least_days: 3, probability: 1e-3, quiet: 1h}\n"
        "- {name: both, kind: all, rules: [s, b], window: 12h, quiet: 2h}\n");
    struct tw_rule_set *after = rules_of(
        "rules:\n- {name: s, kind: shift, window: 2d, days: 30, half_life: 3, at_least_days: 2, z_below: -2}\n"
        "- {name: b, kind: burst, window: 1d, days: 5, at_least_days: 0, probability: 1e-3, resolve: 1e-1}\n"
        "- {name: one, kind: any, rules: [s, b], window: 10s, quiet: 10s}\n");
    uint64_t random = 29;
    size_t all = 0;
    for (int round = 0; round < 40; round++) {
        size_t mark = tw_arena_mark(&arena);
        make_tape(&tape, &random);
        const struct tw_rule_span spans[] = {
            {before, TW_NO_TIME, 0}, {after, TW_BAR_US * (int64_t)(next(&random) % (50 * 8640)), 1}};
        struct tw_alerts_input input = {.spans = spans,
            .span_count = 2,
            .symbol = tw_text_of("OM"),
            .bars = tape.bars,
            .bar_count = tape.count,
            .to_us = 51 * TW_DAY_US};
        struct tw_alerts_output output = evaluate(&input);
        told[0] = '\0';
        tell(&output, told);
        for (uint64_t widest = 700; widest < 100000; widest *= 4) {
            tell_parts(spans, &tape, widest, &random, parts);
            assert_string_equal(parts, told);
        }
        all += output.change_count;
        tw_arena_rewind(&arena, mark);
    }
    assert_true(all > 1000);
    tw_rules_free(before);
    tw_rules_free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_far_below_the_days_opens_an_alert_that_resolves_when_it_is_quiet),
        cmocka_unit_test(steps_keep_what_was_usual_and_what_was_asked),
        cmocka_unit_test(a_company_of_which_too_few_days_are_known_is_left_alone),
        cmocka_unit_test(recent_days_weigh_more),
        cmocka_unit_test(more_documents_than_come_by_chance_open_an_alert),
        cmocka_unit_test(a_company_never_heard_of_has_a_rate_too_where_the_rule_lets_it),
        cmocka_unit_test(any_cutting_of_event_time_gives_the_same_alerts),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
