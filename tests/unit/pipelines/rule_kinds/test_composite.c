/* composite: all and any of other rules, within a window. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alerts.h"
#include "rule_kinds/composite.h"
#include "test_arena.h"

#define S INT64_C(1000000)

/* Steps of the rule `x` over bars of so many documents, a line each: "40: 2 of 2 rules ...". */
static const char *told_of(const char *yaml, const int64_t seconds[], const int64_t counts[], size_t count)
{
    static char told[4096];
    struct tw_text_file source = {"rules.yaml", tw_text_of(yaml)};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_alerts_output output;
    struct tw_bar_row bars[8];
    struct tw_error err;
    size_t length = 0;
    tw_problems_begin(&problems, &arena);
    if (!tw_rules_load(&source, NULL, &problems, &set, &err))
        fail_msg("%s: %s", err.where, err.what);
    for (size_t at = 0; at < count; at++)
        bars[at] = (struct tw_bar_row){.bar_us = seconds[at] * S,
            .count = counts[at],
            .sum = -5000 * counts[at],
            .negative_sum = -5000 * counts[at]};
    struct tw_rule_span span = {set, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = bars,
        .bar_count = count,
        .to_us = 10000 * S};
    if (!tw_alerts_evaluate(&input, &arena, &output, &err))
        fail_msg("%s", err.what);
    told[0] = '\0';
    for (uint32_t at = 0; at < output.change_count; at++) {
        const struct tw_alert_change *change = &output.changes[at];
        if (tw_text_equal(output.alerts[change->alert].rule, tw_text_of("x")))
            length += (size_t)snprintf(told + length, sizeof told - length, "%" PRId64 " %s: %.*s\n",
                change->at_us / S, tw_alert_step_names[change->step], (int)change->reason.length,
                change->reason.bytes);
    }
    tw_rules_free(set);
    return told;
}

#define TWO                                                                                                  \
    "rules:\n- {name: few, kind: threshold, measure: count, window: 10s, at_least: 2, quiet: 10s}\n"         \
    "- {name: many, kind: threshold, measure: count, window: 10s, at_least: 8, quiet: 10s}\n"

static void all_holds_where_each_rule_has_or_had_an_alert_within_the_window(void **state)
{
    (void)state;
    static const int64_t seconds[] = {0, 40}, counts[] = {3, 9};
    /* few opens at 10 and 50, many at 50; each is resolved 20 s later and speaks for 60 s from its opening */
    assert_string_equal(told_of(TWO "- {name: x, kind: all, rules: [many, few], window: 60s, quiet: 30s}\n",
                            seconds, counts, 2),
        "50 opened: 2 of 2 rules within 1m: few, many\n"
        "140 resolved: 0 of 2 rules within 1m, quiet for 30s\n");
}

static void all_does_not_hold_when_one_is_past_its_window(void **state)
{
    (void)state;
    static const int64_t seconds[] = {0, 70}, counts[] = {9, 3};
    assert_string_equal(told_of(TWO "- {name: x, kind: all, rules: [many, few], window: 60s, quiet: 30s}\n"
                                    "- {name: other, kind: headline}\n",
                            seconds, counts, 1),
        "10 opened: 2 of 2 rules within 1m: few, many\n"
        "100 resolved: 0 of 2 rules within 1m, quiet for 30s\n");
    static const int64_t later[] = {0, 70}, mixed[] = {3, 9};
    assert_string_equal(
        told_of("rules:\n"
                "- {name: few, kind: threshold, measure: count, window: 10s, at_least: 2, entities: [XX]}\n"
                "- {name: many, kind: threshold, measure: count, window: 10s, at_least: 8}\n"
                "- {name: x, kind: all, rules: [many, few]}\n",
            later, mixed, 2),
        "");
}

static void any_holds_where_one_does_and_is_told_again_when_more_do(void **state)
{
    (void)state;
    static const int64_t seconds[] = {0, 40}, counts[] = {3, 9};
    assert_string_equal(told_of(TWO "- {name: x, kind: any, rules: [many, few], window: 60s, quiet: 30s}\n",
                            seconds, counts, 2),
        "10 opened: 1 of 2 rules within 1m: few\n"
        "50 updated: 2 of 2 rules within 1m: few, many, after 1\n"
        "140 resolved: 0 of 2 rules within 1m, quiet for 30s\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_holds_where_each_rule_has_or_had_an_alert_within_the_window),
        cmocka_unit_test(all_does_not_hold_when_one_is_past_its_window),
        cmocka_unit_test(any_holds_where_one_does_and_is_told_again_when_more_do),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
