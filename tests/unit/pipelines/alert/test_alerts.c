/* alerts: opened, updated, resolved; the same however event time is cut. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alerts.h"
#include "rule_kinds/headline.h"
#include "rule_kinds/threshold.h"
#include "rule_stories.h"

#define S INT64_C(1000000)

/* ---- the vocabulary of these stories ---- */

/* A bar of `count` documents at `sentiment` each, beginning at `second`. */
static struct tw_bar_row bar(int64_t second, int64_t count, int64_t sentiment)
{
    return (struct tw_bar_row){.symbol = tw_text_of("OM"),
        .bar_us = second * S,
        .count = count,
        .sum = count * sentiment,
        .sum_of_squares = count * sentiment * sentiment,
        .negative_sum = sentiment < 0 ? count * sentiment : 0};
}

static struct tw_headline_event headline(const char *rule, int64_t second, int64_t sentiment)
{
    return (struct tw_headline_event){.rule = tw_text_of(rule),
        .event_us = second * S,
        .sentiment = sentiment,
        .value = sentiment,
        .keyword = tw_text_of("fraud"),
        .topic = tw_text_of("tape"),
        .offset = second};
}

static struct tw_alerts_output evaluate(const struct tw_alerts_input *input)
{
    struct tw_alerts_output output;
    struct tw_error err;
    if (!tw_alerts_evaluate(input, &arena, &output, &err))
        fail_msg("%s", err.what);
    return output;
}

/* Steps as text, one a line: "40 opened bad -3.0 of 3". Edges in seconds. */
static const char *told(const struct tw_alerts_output *output)
{
    char *text = tw_arena_take(&arena, 65536);
    assert_non_null(text);
    size_t length = 0;
    text[0] = '\0';
    for (uint32_t at = 0; at < output->change_count && length < 65000; at++) {
        const struct tw_alert_change *change = &output->changes[at];
        struct tw_text rule = output->alerts[change->alert].rule;
        length += (size_t)snprintf(text + length, 65536 - length,
            "%" PRId64 " %s %.*s %" PRId64 " of %" PRId64 "\n", change->at_us / S,
            tw_alert_step_names[change->step], (int)rule.length, rule.bytes, change->value,
            change->documents);
    }
    return text;
}

static const char *told_of_bars(
    const struct tw_rule_set *rules, const struct tw_bar_row *bars, size_t count, int64_t to)
{
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = bars,
        .bar_count = count,
        .to_us = to * S};
    struct tw_alerts_output output = evaluate(&input);
    return told(&output);
}

/* ---- threshold ---- */

static void a_threshold_alert_opens_at_the_end_of_the_bar_and_resolves_after_quiet(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: bad, kind: threshold, window: 60s, below: -2.0, "
                                         "resolve: -1.0, at_least: 3, quiet: 2m}\n");
    /* 30: sum -1.6 of 2; 40: -2.4 of 3 opens; bars leave at 90 (-0.8) and so it is quiet; 210 resolves */
    struct tw_bar_row bars[] = {bar(20, 2, -8000), bar(30, 1, -8000)};
    assert_string_equal(told_of_bars(rules, bars, 2, 1000), "40 opened bad -24000 of 3\n"
                                                            "210 resolved bad 0 of 0\n");
    tw_rules_free(rules);
}

static void below_means_below_and_the_minimum_of_documents_counts(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of(
        "rules:\n- {name: bad, kind: threshold, window: 10s, below: -2.0, at_least: 3, quiet: 10s}\n");
    struct tw_bar_row bars[] = {bar(0, 4, -5000), bar(10, 2, -10000), bar(30, 3, -6667)};
    assert_string_equal(
        told_of_bars(rules, bars, 3, 1000), "40 opened bad -20001 of 3\n60 resolved bad 0 of 0\n");
    tw_rules_free(rules);
}

static void between_below_and_resolve_nothing_happens(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: bad, kind: threshold, window: 10s, below: -2.0, "
                                         "resolve: -1.0, quiet: 20s}\n");
    /* trembles around `below` for a minute, once past `resolve` for a single bar, then ends */
    struct tw_bar_row bars[] = {bar(0, 3, -7000), bar(10, 2, -9000), bar(20, 3, -7000), bar(30, 1, -9000),
        bar(40, 2, -9000), bar(50, 2, -9500)};
    assert_string_equal(
        told_of_bars(rules, bars, 6, 1000), "10 opened bad -21000 of 3\n90 resolved bad 0 of 0\n");
    tw_rules_free(rules);
}

static void a_bar_at_the_very_edge_where_quiet_would_end_keeps_it_open(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: bad, kind: threshold, window: 10s, below: -2.0, "
                                         "quiet: 60s}\n");
    struct tw_bar_row at_edge[] = {bar(0, 3, -7000), bar(70, 3, -7000)};
    assert_string_equal(
        told_of_bars(rules, at_edge, 2, 1000), "10 opened bad -21000 of 3\n150 resolved bad 0 of 0\n");
    struct tw_bar_row after_edge[] = {bar(0, 3, -7000), bar(80, 3, -7000)};
    assert_string_equal(told_of_bars(rules, after_edge, 2, 1000),
        "10 opened bad -21000 of 3\n80 resolved bad 0 of 0\n"
        "90 opened bad -21000 of 3\n160 resolved bad 0 of 0\n");
    tw_rules_free(rules);
}

static void an_open_alert_is_updated_when_it_grew_by_the_step(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: bad, kind: threshold, window: 10m, below: -1.0, "
                                         "update_step: 50%, quiet: 10s}\n");
    /* -2.0, then -2.9999 (not yet), then -3.0 (told), then -4.4999 (not yet), then -4.5 (told) */
    struct tw_bar_row bars[] = {bar(0, 2, -10000), bar(10, 1, -9999), bar(20, 1, -1), bar(30, 2, -7499),
        bar(40, 1, -1), bar(50, 1, -1)};
    assert_string_equal(told_of_bars(rules, bars, 6, 100), "10 opened bad -20000 of 2\n"
                                                           "30 updated bad -30000 of 4\n"
                                                           "60 updated bad -45000 of 8\n");
    tw_rules_free(rules);
}

static void a_mean_is_compared_exactly(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of(
        "rules:\n- {name: m, kind: threshold, measure: mean, window: 10s, below: -0.5, quiet: 10s}\n");
    struct tw_bar_row exact[] = {bar(0, 3, -5000)};
    assert_string_equal(told_of_bars(rules, exact, 1, 100), "");
    struct tw_bar_row hair[] = {bar(0, 3, -5000)};
    hair[0].sum -= 1; /* -0.50003...: below by a third of a 10,000th; told rounded */
    assert_string_equal(told_of_bars(rules, hair, 1, 100), "10 opened m -5000 of 3\n30 resolved m 0 of 0\n");
    tw_rules_free(rules);
}

static void a_count_opens_at_least_and_is_quiet_down_from_resolve(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: c, kind: threshold, measure: count, window: 20s, "
                                         "at_least: 5, resolve: 2, quiet: 20s}\n");
    struct tw_bar_row bars[] = {
        bar(0, 3, 9000), bar(10, 2, 9000), bar(20, 1, 9000), bar(30, 1, 0), bar(40, 8, 0)};
    assert_string_equal(told_of_bars(rules, bars, 5, 1000), "20 opened c 50000 of 5\n"
                                                            "50 updated c 90000 of 9\n"
                                                            "90 resolved c 0 of 0\n");
    tw_rules_free(rules);
}

static void reasons_say_the_numbers_in_words(void **state)
{
    (void)state;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: a, kind: threshold, window: 60s, below: -1, quiet: 30m}\n"
                 "- {name: b, kind: threshold, measure: count, window: 1h, at_least: 1}\n"
                 "- {name: c, kind: headline}\n");
    struct tw_bar_row bars[] = {bar(0, 2, -9000), bar(10, 1, -9000)};
    struct tw_headline_event events[] = {
        headline("c", 5, -9500), headline("c", 15, -9300), headline("c", 12, -9800)};
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = bars,
        .bar_count = 2,
        .events = events,
        .event_count = 3,
        .to_us = 100000 * S};
    struct tw_alerts_output output = evaluate(&input);
    static const char *const reasons[] = {
        "negative sum -1.8 over 1m is below -1.0, 2 documents",
        "2 documents over 1h, at least 1",
        "sentiment -0.95 of one document, keyword \"fraud\"",
        "negative sum -2.7 over 1m, after -1.8, 3 documents",
        "3 documents over 1h, after 2 documents",
        "sentiment -0.98 the worst of 2 documents, keyword \"fraud\"",
        "negative sum 0.0 over 1m, quiet for 30m, 0 documents",
        "no further headline for 1h",
        "0 documents over 1h, quiet for 30m",
    };
    assert_int_equal(output.change_count, 9);
    for (uint32_t at = 0; at < 9; at++)
        assert_string_equal(output.changes[at].reason.bytes, reasons[at]);
    tw_rules_free(rules);
}

/* ---- headline ---- */

static const char *told_of_events(const struct tw_rule_set *rules, const struct tw_headline_event *events,
    size_t count, int64_t from, int64_t to)
{
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .events = events,
        .event_count = count,
        .from_us = from * S,
        .to_us = to * S};
    struct tw_alerts_output output = evaluate(&input);
    return told(&output);
}

static void a_headline_alert_opens_is_updated_and_resolves_after_the_last(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: h, kind: headline, quiet: 60s}\n");
    struct tw_headline_event events[] = {headline("h", 65, -9900), headline("h", 3, -9500),
        headline("h", 64, -9100), headline("h", 131, -9000), headline("h", 500, -9000)};
    assert_string_equal(told_of_events(rules, events, 5, 0, 300), "10 opened h -9500 of 1\n"
                                                                  "70 updated h -9900 of 2\n"
                                                                  "130 resolved h -9900 of 0\n"
                                                                  "140 opened h -9000 of 1\n"
                                                                  "200 resolved h -9000 of 0\n");
    tw_rules_free(rules);
}

static void a_headline_that_is_a_copy_opens_and_updates_nothing(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: h, kind: headline, at_most: -0.9, quiet: 1m}\n");
    struct tw_headline_event events[] = {
        headline("h", 3, -9500), headline("h", 14, -9900), headline("h", 131, -9500)};
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .events = events,
        .event_count = 3,
        .to_us = 1000 * S};
    events[1].is_copy = events[2].is_copy = true;
    struct tw_alerts_output output = evaluate(&input);
    assert_string_equal(told(&output), "10 opened h -9500 of 1\n70 resolved h -9500 of 0\n");
    tw_rules_free(rules);
}

static void as_many_stories_are_needed_as_the_rule_asks_for(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: bad, kind: threshold, window: 60s, below: -0.5, "
                                         "resolve: -0.1, min_stories: 3, quiet: 2m}\n");
    struct tw_bar_row bars[] = {bar(20, 2, -8000), bar(30, 1, -8000)};
    assert_string_equal(told_of_bars(rules, bars, 2, 60), "40 opened bad -24000 of 3\n");
    tw_rules_free(rules);
}

static void headlines_open_when_as_many_stories_stand_within_the_window(void **state)
{
    (void)state;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: h, kind: headline, min_stories: 3, window: 60s, quiet: 2m}\n");
    /* Two, and a third a minute later: too late. The fourth makes three within the minute; the worst of them
     * speaks, though it came before. Copies count for nothing. */
    struct tw_headline_event events[] = {headline("h", 3, -9000), headline("h", 14, -9900),
        headline("h", 75, -9500), headline("h", 76, -9100), headline("h", 84, -9200),
        headline("h", 99, -9300)};
    assert_string_equal(told_of_events(rules, events, 3, 0, 300), "");
    events[3].is_copy = true;
    assert_string_equal(told_of_events(rules, events, 4, 0, 300), "");
    events[3].is_copy = false;
    assert_string_equal(told_of_events(rules, events, 6, 0, 300),
        "90 opened h -9500 of 3\n100 updated h -9300 of 1\n220 resolved h -9300 of 0\n");
    tw_rules_free(rules);
}

static void headlines_of_earlier_turns_count_and_are_not_told_again(void **state)
{
    (void)state;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: h, kind: headline, min_stories: 3, window: 60s, quiet: 2m}\n");
    struct tw_headline_event events[] = {headline("h", 3, -9000), headline("h", 14, -9900),
        headline("h", 65, -9500), headline("h", 66, -9500)};
    events[0].is_past = events[1].is_past = true;
    assert_string_equal(told_of_events(rules, events, 2, 60, 300), "");
    assert_string_equal(told_of_events(rules, events, 4, 60, 180),
        "70 opened h -9900 of 3\n"); /* the first is a minute old */
    tw_rules_free(rules);
}

static void a_late_headline_speaks_at_the_first_edge(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: h, kind: headline, quiet: 60s}\n");
    struct tw_headline_event events[] = {headline("h", 3, -9500)};
    assert_string_equal(told_of_events(rules, events, 1, 1000, 2000),
        "1010 opened h -9500 of 1\n1070 resolved h -9500 of 0\n");
    tw_rules_free(rules);
}

static void headlines_of_rules_that_are_not_there_are_passed_over(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: h, kind: headline, entities: [X]}\n"
                                         "- {name: t, kind: threshold, window: 10s, below: -1}\n");
    struct tw_headline_event events[] = {
        headline("h", 3, -9500), headline("gone", 3, -9500), headline("t", 3, -9500)};
    assert_string_equal(told_of_events(rules, events, 3, 0, 1000), "");
    tw_rules_free(rules);
}

/* ---- rule sets ---- */

static void a_new_set_resolves_what_it_cannot_carry_on_and_keeps_the_rest(void **state)
{
    (void)state;
    struct tw_rule_set *before = rules_of("rules:\n"
                                          "- {name: covers, kind: threshold, window: 1h, below: -1}\n"
                                          "- {name: gone, kind: threshold, window: 1h, below: -1}\n"
                                          "- {name: kept, kind: threshold, window: 1h, below: -1}\n"
                                          "- {name: kind, kind: threshold, window: 1h, below: -1}\n"
                                          "- {name: measure, kind: threshold, window: 1h, below: -1}\n");
    struct tw_rule_set *after =
        rules_of("rules:\n"
                 "- {name: covers, kind: threshold, window: 1h, below: -1, entities: [X]}\n"
                 "- {name: fresh, kind: threshold, window: 1h, below: -1}\n"
                 "- {name: kept, kind: threshold, window: 30s, below: -1, quiet: 50s}\n"
                 "- {name: kind, kind: headline}\n"
                 "- {name: measure, kind: threshold, window: 1h, measure: count, at_least: 2}\n");
    struct tw_rule_span spans[] = {{before, TW_NO_TIME, 0}, {after, 100 * S, 0}};
    struct tw_bar_row bars[] = {bar(0, 2, -9000)};
    struct tw_alerts_input input = {.spans = spans,
        .span_count = 2,
        .symbol = tw_text_of("OM"),
        .bars = bars,
        .bar_count = 1,
        .to_us = 200 * S};
    struct tw_alerts_output output = evaluate(&input);
    assert_string_equal(told(&output), "10 opened covers -18000 of 2\n"
                                       "10 opened gone -18000 of 2\n"
                                       "10 opened kept -18000 of 2\n"
                                       "10 opened kind -18000 of 2\n"
                                       "10 opened measure -18000 of 2\n"
                                       "110 resolved covers -18000 of 2\n"
                                       "110 opened fresh -18000 of 2\n"
                                       "110 resolved gone -18000 of 2\n"
                                       "110 resolved kind -18000 of 2\n"
                                       "110 resolved measure -18000 of 2\n"
                                       "110 opened measure 20000 of 2\n"
                                       "160 resolved kept 0 of 0\n");
    static const char *const reasons[] = {"the rule does not cover the entity any more", NULL,
        "the rule is gone", "the rule is of another kind now", "the rule measures something else now"};
    for (uint32_t at = 0; at < 5; at++)
        if (reasons[at])
            assert_string_equal(output.changes[5 + at].reason.bytes, reasons[at]);
    tw_rules_free(before);
    tw_rules_free(after);
}

static void before_the_first_set_nothing_is_judged(void **state)
{
    (void)state;
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: bad, kind: threshold, window: 20s, below: -1, quiet: 10s}\n");
    struct tw_rule_span span = {rules, 40 * S, 0};
    struct tw_bar_row bars[] = {bar(0, 2, -9000), bar(30, 2, -9000)};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = bars,
        .bar_count = 2,
        .to_us = 200 * S};
    struct tw_alerts_output output = evaluate(&input);
    assert_string_equal(told(&output), "50 opened bad -18000 of 2\n70 resolved bad 0 of 0\n");
    tw_rules_free(rules);
}

/* ---- properties ---- */

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return *random >> 33;
}

enum { STREAM_BARS = 60, STREAM_EVENTS = 30, STREAM_END = 3000 };

struct stream {
    struct tw_bar_row bars[STREAM_BARS];
    size_t bar_count;
    struct tw_headline_event events[STREAM_EVENTS];
    size_t event_count;
};

/* Bursts and silences, mostly bad news. */
static void make_stream(struct stream *stream, uint64_t *random)
{
    int64_t at = (int64_t)(next(random) % 10) * 10;
    *stream = (struct stream){0};
    while (stream->bar_count < STREAM_BARS && at < STREAM_END - 10) {
        stream->bars[stream->bar_count++] =
            bar(at, (int64_t)(next(random) % 4) + 1, (int64_t)(next(random) % 14000) - 10000);
        at += 10 * (int64_t)(next(random) % 8 == 0 ? next(random) % 40 + 1 : next(random) % 3 + 1);
    }
    static const char *const rules[] = {"h", "h", "g", "t"};
    for (; stream->event_count < STREAM_EVENTS; stream->event_count++) {
        struct tw_headline_event event = headline(rules[next(random) % 4],
            (int64_t)(next(random) % STREAM_END), -9000 - (int64_t)(next(random) % 4) * 100);
        event.event_us += (int64_t)(next(random) % 1000000);
        event.partition = (int32_t)(next(random) % 3);
        stream->events[stream->event_count] = event;
    }
}

static const char *const sets_of_rules[] = {
    "rules:\n"
    "- {name: h, kind: headline, quiet: 100s}\n"
    "- {name: g, kind: headline, quiet: 10s}\n"
    "- {name: t, kind: threshold, window: 60s, below: -2.5, at_least: 2, quiet: 60s, update_step: 20%}\n"
    "- {name: m, kind: threshold, measure: mean, window: 100s, below: -0.4, at_least: 3, quiet: 30s}\n"
    "- {name: c, kind: threshold, measure: count, window: 40s, at_least: 6, resolve: 2, quiet: 10s}\n"
    "- {name: b, kind: all, rules: [t, h], window: 90s, quiet: 40s}\n"
    "- {name: y, kind: any, rules: [t, c, m], window: 50s, quiet: 10s}\n",
    "rules:\n"
    "- {name: h, kind: headline, quiet: 20s}\n"
    "- {name: t, kind: threshold, window: 30s, below: -1.5, quiet: 20s, update_step: 1%}\n"
    "- {name: m, kind: threshold, measure: count, window: 100s, at_least: 8, quiet: 30s}\n"
    "- {name: c, kind: headline}\n"
    "- {name: y, kind: all, rules: [t, m, h], window: 300s, quiet: 20s}\n",
    "rules:\n"
    "- {name: h, kind: threshold, window: 300s, below: -3, quiet: 300s}\n"
    "- {name: t, kind: threshold, window: 300s, below: -2, quiet: 300s, resolve: -1.9}\n"
    "- {name: b, kind: all, rules: [h, c], window: 10s, quiet: 10s}\n"
    "- {name: c, kind: threshold, measure: count, window: 40s, at_least: 6, resolve: 2, quiet: 10s}\n",
};

/* Whether alerts.h says that this entity must be asked about the interval at all. */
static bool must_be_asked(const struct tw_alerts_input *input)
{
    bool asked = input->open_count > 0 || input->event_count > 0 || input->past_count > 0;
    for (uint32_t span = 0; span < input->span_count; span++) {
        int64_t holds_from = input->spans[span].holds_from_us;
        const struct tw_rule_set *rules = input->spans[span].rules;
        bool begins = holds_from >= input->from_us && holds_from < input->to_us;
        for (size_t at = 0; at < input->bar_count; at++) {
            int64_t begin_us = input->bars[at].bar_us;
            asked = asked || (begin_us >= input->from_us && begin_us < input->to_us);
            asked = asked || (begins && begin_us >= holds_from - rules->longest_window_us);
            for (uint32_t rule = 0; rule < rules->count; rule++) {
                int64_t window_us = rules->rules[rule].window_us;
                if (strcmp(rules->rules[rule].measure, "mean") == 0)
                    asked = asked ||
                            (begin_us >= input->from_us - window_us && begin_us < input->to_us - window_us);
            }
        }
    }
    return asked;
}

/* Evaluates (0, end] in pieces cut at random edges; all that goes from one to the next is what would be
 * stored. */
static struct tw_alerts_output evaluate_cut(
    const struct stream *stream, const struct tw_rule_span *spans, uint32_t span_count, uint64_t *random)
{
    struct tw_alerts_output all = {.alerts = tw_arena_array(&arena, 1000, sizeof(struct tw_alert)),
        .changes = tw_arena_array(&arena, 2000, sizeof(struct tw_alert_change))};
    uint64_t widest = next(random) % 3 == 0 ? 1 : next(random) % 60 + 1;
    for (int64_t from = 0; from < STREAM_END;) {
        int64_t to = from + 10 * (int64_t)(next(random) % widest + 1);
        to = to < STREAM_END ? to : STREAM_END;
        /* the caller's reading: bars of (from - longest window, to), headlines of [from, to) */
        struct stream part = {0};
        for (size_t at = 0; at < stream->bar_count; at++)
            if (stream->bars[at].bar_us >= (from - 300) * S && stream->bars[at].bar_us < to * S)
                part.bars[part.bar_count++] = stream->bars[at];
        for (size_t at = stream->event_count; at-- > 0;)
            if (stream->events[at].event_us >= from * S && stream->events[at].event_us < to * S)
                part.events[part.event_count++] = stream->events[at];
        struct tw_alert *open = tw_arena_array(&arena, 20, sizeof *open);
        static struct tw_alert past[1000];
        uint32_t where[20];
        uint32_t open_count = 0, past_count = 0;
        for (uint32_t at = 0; at < all.alert_count; at++)
            if (all.alerts[at].resolved_us == TW_NO_TIME) {
                where[open_count] = at;
                open[open_count++] = all.alerts[at];
            } else if (all.alerts[at].opened_us > (from - 300) * S) {
                past[past_count++] = all.alerts[at];
            }
        struct tw_alerts_input input = {.spans = spans,
            .span_count = span_count,
            .symbol = tw_text_of("OM"),
            .bars = part.bars,
            .bar_count = part.bar_count,
            .events = part.events,
            .event_count = part.event_count,
            .open = open,
            .open_count = open_count,
            .past = past,
            .past_count = past_count,
            .from_us = from * S,
            .to_us = to * S};
        struct tw_alerts_output output = evaluate(&input);
        if (!must_be_asked(&input))
            assert_int_equal(output.alert_count + output.change_count, 0);
        for (uint32_t at = 0; at < output.alert_count; at++) {
            uint32_t place = at < open_count ? where[at] : all.alert_count;
            /* what is not marked as changed is not stored: the old state must then be the new one */
            if (at >= open_count || output.alerts[at].changed)
                all.alerts[place] = output.alerts[at];
            if (at >= open_count)
                all.alert_count++;
        }
        for (uint32_t at = 0; at < output.change_count; at++) {
            assert_true(output.changes[at].at_us > from * S && output.changes[at].at_us <= to * S);
            struct tw_alert_change change = output.changes[at];
            uint32_t opened_before = all.alert_count - (output.alert_count - open_count);
            change.alert =
                change.alert < open_count ? where[change.alert] : opened_before + change.alert - open_count;
            all.changes[all.change_count++] = change;
        }
        from = to;
    }
    return all;
}

static int compare_alerts(const void *left, const void *right)
{
    const struct tw_alert *one = left;
    const struct tw_alert *other = right;
    int order = tw_text_compare(one->rule, other->rule);
    if (order != 0)
        return order;
    return (one->opened_us > other->opened_us) - (one->opened_us < other->opened_us);
}

static void assert_same_alerts(struct tw_alerts_output *one, struct tw_alerts_output *other)
{
    assert_int_equal(one->alert_count, other->alert_count);
    qsort(one->alerts, one->alert_count, sizeof *one->alerts, compare_alerts);
    qsort(other->alerts, other->alert_count, sizeof *other->alerts, compare_alerts);
    for (uint32_t at = 0; at < one->alert_count; at++) {
        const struct tw_alert *left = &one->alerts[at];
        const struct tw_alert *right = &other->alerts[at];
        assert_true(tw_text_equal(left->rule, right->rule) && left->opened_us == right->opened_us);
        assert_true(left->stepped_us == right->stepped_us && left->resolved_us == right->resolved_us);
        assert_true(left->quiet_since_us == right->quiet_since_us && left->reported == right->reported);
        assert_true(left->worst == right->worst && left->documents == right->documents);
        assert_true(left->kind == right->kind && tw_text_equal(left->measure, right->measure));
        assert_true(left->severity == right->severity);
    }
}

/* However (0, end] is cut, with three rule sets taking effect on the way: the same steps, reasons, alerts. */
static void any_cutting_of_event_time_gives_the_same_alerts(void **state)
{
    (void)state;
    struct tw_rule_set *sets[3];
    for (size_t at = 0; at < 3; at++)
        sets[at] = rules_of(sets_of_rules[at]);
    uint64_t random = 17, steps = 0;
    for (int round = 0; round < 400; round++) {
        size_t mark = tw_arena_mark(&arena);
        struct stream stream;
        make_stream(&stream, &random);
        int64_t first = 10 * (int64_t)(next(&random) % 200 + 1);
        int64_t second = first + 10 * (int64_t)(next(&random) % 90 + 1);
        struct tw_rule_span spans[] = {{sets[next(&random) % 3], TW_NO_TIME, 0},
            {sets[next(&random) % 3], first * S, 0}, {sets[next(&random) % 3], second * S, 0}};
        struct tw_alerts_input input = {.spans = spans,
            .span_count = 3,
            .symbol = tw_text_of("OM"),
            .bars = stream.bars,
            .bar_count = stream.bar_count,
            .events = stream.events,
            .event_count = stream.event_count,
            .to_us = STREAM_END * S};
        struct tw_alerts_output whole = evaluate(&input);
        const char *whole_told = told(&whole);
        for (int cut = 0; cut < 5; cut++) {
            struct tw_alerts_output parts = evaluate_cut(&stream, spans, 3, &random);
            assert_string_equal(told(&parts), whole_told);
            for (uint32_t at = 0; at < whole.change_count; at++)
                assert_true(tw_text_equal(whole.changes[at].reason, parts.changes[at].reason));
            struct tw_alerts_output copy = whole;
            copy.alerts = tw_arena_array(&arena, whole.alert_count, sizeof *copy.alerts);
            memcpy(copy.alerts, whole.alerts, whole.alert_count * sizeof *copy.alerts);
            assert_same_alerts(&copy, &parts);
        }
        steps += whole.change_count;
        tw_arena_rewind(&arena, mark);
    }
    assert_true(steps > 4000); /* the streams do raise alerts, or this proved nothing */
    for (size_t at = 0; at < 3; at++)
        tw_rules_free(sets[at]);
}

/* The definition, edge by edge, each window summed anew: slow and plain. */
struct plain {
    bool open;
    int64_t quiet_since, reported;
};

static size_t plain_edge(const struct tw_rule *rule, const struct stream *stream, int64_t edge,
    struct plain *alert, char *text, size_t size)
{
    const struct tw_threshold *threshold = tw_threshold_of(rule);
    int64_t documents = 0, sum = 0, negative = 0;
    for (size_t at = 0; at < stream->bar_count; at++) {
        const struct tw_bar_row *row = &stream->bars[at];
        if (row->bar_us < edge - rule->window_us || row->bar_us >= edge)
            continue;
        documents += row->count;
        sum += row->sum;
        negative += row->negative_sum;
    }
    bool counts = threshold->measure == TW_MEASURE_COUNT;
    /* scaled by the documents, so that a mean stays whole */
    int64_t scale = threshold->measure == TW_MEASURE_MEAN ? documents : 1;
    int64_t scaled = counts ? documents * 10000 : threshold->measure == TW_MEASURE_MEAN ? sum : negative;
    bool bad = documents >= threshold->at_least && (counts || scaled < threshold->below * scale);
    bool past =
        documents == 0 || (counts ? scaled <= threshold->resolve : scaled >= threshold->resolve * scale);
    const char *step = NULL;
    if (!alert->open && bad) {
        *alert = (struct plain){true, -1, scaled};
        step = "opened";
    } else if (alert->open && past) {
        if (alert->quiet_since < 0)
            alert->quiet_since = edge;
        if (edge - alert->quiet_since >= rule->quiet_us) {
            alert->open = false;
            step = "resolved";
        }
    } else if (alert->open) {
        alert->quiet_since = -1;
        int64_t wanted = alert->reported * (100 + threshold->step) / 1;
        if (bad && (counts ? scaled * 100 >= wanted : scaled * 100 <= wanted)) {
            alert->reported = scaled;
            step = "updated";
        }
    }
    if (!step)
        return 0;
    return (size_t)snprintf(text, size, "%" PRId64 " %s %.*s %" PRId64 " of %" PRId64 "\n", edge / S, step,
        (int)rule->name.length, rule->name.bytes, scaled, documents);
}

static void visiting_only_the_edges_that_matter_misses_nothing(void **state)
{
    (void)state;
    static const char *const files[] = {
        "rules: [{name: t, kind: threshold, window: 60s, below: -2.5, at_least: 2, quiet: 60s, update_step: 20%}]",
        "rules: [{name: t, kind: threshold, window: 10s, below: -0.5, quiet: 10s, resolve: -0.5}]",
        "rules: [{name: t, kind: threshold, window: 500s, below: -4, quiet: 90s, resolve: 0, update_step: 1%}]",
        "rules: [{name: c, kind: threshold, measure: count, window: 40s, at_least: 6, resolve: 2, quiet: 10s}]",
        "rules: [{name: c, kind: threshold, measure: count, window: 90s, at_least: 3, resolve: 0, quiet: 700s}]",
    };
    uint64_t random = 23;
    size_t length_of_all = 0;
    for (size_t file = 0; file < sizeof files / sizeof files[0]; file++) {
        struct tw_rule_set *rules = rules_of(files[file]);
        for (int round = 0; round < 100; round++) {
            size_t mark = tw_arena_mark(&arena);
            struct stream stream;
            make_stream(&stream, &random);
            struct plain alert = {false, -1, 0};
            static char expected[65536];
            size_t length = 0;
            expected[0] = '\0';
            for (int64_t edge = 10 * S; edge <= 5000 * S; edge += TW_BAR_US)
                length += plain_edge(
                    &rules->rules[0], &stream, edge, &alert, expected + length, sizeof expected - length);
            assert_string_equal(told_of_bars(rules, stream.bars, stream.bar_count, 5000), expected);
            length_of_all += length;
            tw_arena_rewind(&arena, mark);
        }
        tw_rules_free(rules);
    }
    assert_true(length_of_all > 10000);
}

static void silent_centuries_cost_nothing(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: bad, kind: threshold, window: 7d, below: -1}\n"
                                         "- {name: h, kind: headline}\n");
    const int64_t far = INT64_C(100000000000); /* 3,000 years: 10 milliard edges */
    struct tw_bar_row bars[] = {bar(0, 2, -9000), bar(far, 2, -9000)};
    assert_string_equal(told_of_bars(rules, bars, 2, far + 10), "10 opened bad -18000 of 2\n"
                                                                "606610 resolved bad 0 of 0\n"
                                                                "100000000010 opened bad -18000 of 2\n");
    tw_rules_free(rules);
}

static void nothing_happening_changes_nothing(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: h, kind: headline, quiet: 1h}\n"
                                         "- {name: t, kind: threshold, window: 1h, below: -1}\n");
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_alert open = {.rule = tw_text_of("h"),
        .symbol = tw_text_of("OM"),
        .kind = &tw_headline_kind,
        .measure = tw_text_of("sentiment"),
        .resolved_us = TW_NO_TIME,
        .quiet_since_us = 100 * S,
        .changed = true};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .open = &open,
        .open_count = 1,
        .from_us = 100 * S,
        .to_us = 3690 * S};
    struct tw_alerts_output output = evaluate(&input);
    assert_int_equal(output.change_count, 0);
    assert_int_equal(output.alert_count, 1);
    assert_false(output.alerts[0].changed);
    input.to_us = input.from_us;
    output = evaluate(&input);
    assert_int_equal(output.change_count, 0);
    tw_rules_free(rules);
}

/* ---- input that breaks its promise ---- */

static void input_that_breaks_its_promise_is_refused(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules: []");
    struct tw_rule_span twice[] = {{rules, 20 * S, 0}, {rules, 20 * S, 0}};
    struct tw_rule_span off_grid[] = {{rules, 15 * S, 0}};
    struct tw_bar_row unsorted[] = {bar(10, 1, 0), bar(10, 1, 0)};
    struct tw_bar_row odd[] = {bar(11, 1, 0)};
    struct tw_alert open[] = {
        {.rule = tw_text_of("a"),
            .kind = &tw_threshold_kind,
            .resolved_us = TW_NO_TIME,
            .quiet_since_us = TW_NO_TIME},
        {.rule = tw_text_of("a"),
            .kind = &tw_threshold_kind,
            .resolved_us = TW_NO_TIME,
            .quiet_since_us = TW_NO_TIME},
    };
    struct tw_alert closed = {.rule = tw_text_of("a"), .kind = &tw_threshold_kind, .resolved_us = 10 * S};
    struct tw_alert absurd = {.rule = tw_text_of("a"),
        .kind = &tw_threshold_kind,
        .resolved_us = TW_NO_TIME,
        .quiet_since_us = INT64_MAX - 10};
    struct tw_alert kindless = {
        .rule = tw_text_of("a"), .resolved_us = TW_NO_TIME, .quiet_since_us = TW_NO_TIME};
    struct tw_alert loud = {.rule = tw_text_of("a"),
        .kind = &tw_headline_kind,
        .resolved_us = TW_NO_TIME,
        .quiet_since_us = TW_NO_TIME};
    const struct tw_alerts_input inputs[] = {
        {.from_us = 5 * S, .to_us = 10 * S},
        {.from_us = 20 * S, .to_us = 10 * S},
        {.from_us = INT64_MIN, .to_us = 10 * S},
        {.to_us = 10 * S, .spans = twice, .span_count = 2},
        {.to_us = 10 * S, .spans = off_grid, .span_count = 1},
        {.to_us = 10 * S, .bars = unsorted, .bar_count = 2},
        {.to_us = 10 * S, .bars = odd, .bar_count = 1},
        {.to_us = 10 * S, .open = open, .open_count = 2},
        {.to_us = 10 * S, .open = &closed, .open_count = 1},
        {.to_us = 10 * S, .open = &absurd, .open_count = 1},
        {.to_us = 10 * S, .open = &kindless, .open_count = 1},
        {.to_us = 10 * S, .open = &loud, .open_count = 1},
    };
    for (size_t at = 0; at < sizeof inputs / sizeof inputs[0]; at++) {
        struct tw_alerts_output output;
        struct tw_error err;
        assert_false(tw_alerts_evaluate(&inputs[at], &arena, &output, &err));
        assert_int_equal(err.code, TW_INTERNAL);
    }
    tw_rules_free(rules);
}

static void a_full_arena_is_said(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: h, kind: headline, quiet: 10s}\n");
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_headline_event events[200];
    for (int at = 0; at < 200; at++)
        events[at] = headline("h", at * 30, -9500);
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .events = events,
        .event_count = 200,
        .to_us = 100000 * S};
    for (size_t limit = 4096; limit <= 16384; limit += 4096) {
        struct tw_arena small;
        struct tw_alerts_output output;
        struct tw_error err;
        assert_true(tw_arena_begin(&small, limit, &err));
        assert_false(tw_alerts_evaluate(&input, &small, &output, &err));
        assert_int_equal(err.code, TW_FULL);
        tw_arena_end(&small);
    }
    tw_rules_free(rules);
}

static void sums_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct tw_rule_set *rules = rules_of("rules:\n- {name: t, kind: threshold, window: 1h, below: -1}\n");
    struct tw_rule_span span = {rules, TW_NO_TIME, 0};
    struct tw_bar_row bars[] = {bar(0, 1, -1), bar(10, 1, -1)};
    bars[0].negative_sum = bars[1].negative_sum = INT64_MIN / 2 - 1;
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("OM"),
        .bars = bars,
        .bar_count = 2,
        .to_us = 100 * S};
    struct tw_alerts_output output;
    struct tw_error err;
    assert_false(tw_alerts_evaluate(&input, &arena, &output, &err));
    assert_int_equal(err.code, TW_INTERNAL);
    tw_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threshold_alert_opens_at_the_end_of_the_bar_and_resolves_after_quiet),
        cmocka_unit_test(below_means_below_and_the_minimum_of_documents_counts),
        cmocka_unit_test(between_below_and_resolve_nothing_happens),
        cmocka_unit_test(a_bar_at_the_very_edge_where_quiet_would_end_keeps_it_open),
        cmocka_unit_test(an_open_alert_is_updated_when_it_grew_by_the_step),
        cmocka_unit_test(a_mean_is_compared_exactly),
        cmocka_unit_test(a_count_opens_at_least_and_is_quiet_down_from_resolve),
        cmocka_unit_test(reasons_say_the_numbers_in_words),
        cmocka_unit_test(a_headline_alert_opens_is_updated_and_resolves_after_the_last),
        cmocka_unit_test(a_headline_that_is_a_copy_opens_and_updates_nothing),
        cmocka_unit_test(as_many_stories_are_needed_as_the_rule_asks_for),
        cmocka_unit_test(headlines_open_when_as_many_stories_stand_within_the_window),
        cmocka_unit_test(headlines_of_earlier_turns_count_and_are_not_told_again),
        cmocka_unit_test(a_late_headline_speaks_at_the_first_edge),
        cmocka_unit_test(headlines_of_rules_that_are_not_there_are_passed_over),
        cmocka_unit_test(a_new_set_resolves_what_it_cannot_carry_on_and_keeps_the_rest),
        cmocka_unit_test(before_the_first_set_nothing_is_judged),
        cmocka_unit_test(any_cutting_of_event_time_gives_the_same_alerts),
        cmocka_unit_test(visiting_only_the_edges_that_matter_misses_nothing),
        cmocka_unit_test(silent_centuries_cost_nothing),
        cmocka_unit_test(nothing_happening_changes_nothing),
        cmocka_unit_test(input_that_breaks_its_promise_is_refused),
        cmocka_unit_test(a_full_arena_is_said),
        cmocka_unit_test(sums_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
