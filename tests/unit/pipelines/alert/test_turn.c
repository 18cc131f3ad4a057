/* turn: the rules over plain rows of many entities; no server, no files. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/turn.h"
#include "rule_kinds/headline.h"
#include "rule_kinds/threshold.h"
#include "rule_stories.h"

#define S INT64_C(1000000)

enum { TOLD_BYTES = 65536 };

/* ---- the vocabulary of these stories ---- */

/* Rows in arrays, and what was told as text. */
struct tape {
    const struct tw_turn_row *rows[TW_TURN_STREAMS];
    size_t counts[TW_TURN_STREAMS];
    size_t next[TW_TURN_STREAMS];
    int fails_at; /* stream whose rows cannot be read; -1: none */
    char told[TOLD_BYTES];
    size_t length;
};

static enum tw_read next_row(
    void *context, enum tw_turn_stream stream, struct tw_turn_row *row, struct tw_error *err)
{
    struct tape *tape = context;
    if (tape->fails_at == (int)stream) {
        tw_fail(err, TW_IO, "tape", NULL, "torn");
        return TW_READ_FAILED;
    }
    if (tape->next[stream] == tape->counts[stream])
        return TW_READ_END;
    *row = tape->rows[stream][tape->next[stream]++];
    return TW_READ_ITEM;
}

static void TW_PRINTF(2, 3) tell(struct tape *tape, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(tape->told + tape->length, TOLD_BYTES - tape->length, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < TOLD_BYTES - tape->length);
    tape->length += (size_t)length;
}

static bool on_alert(void *context, const struct tw_alert *alert, int64_t first_us,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tape *tape = context;
    (void)err;
    tell(tape, "alert %.*s %.*s %.*s from %" PRId64 " set %d%s\n", (int)alert->symbol.length,
        alert->symbol.bytes, (int)alert->rule.length, alert->rule.bytes, (int)alert->measure.length,
        alert->measure.bytes, first_us / S, rules->id, alert->resolved_us == TW_NO_TIME ? "" : ", over");
    return true;
}

static bool on_step(void *context, const struct tw_alert *alert, const struct tw_alert_change *change,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tape *tape = context;
    (void)err;
    tell(tape, "%" PRId64 " %s %s %.*s of set %d\n", change->at_us / S, alert->kind->name,
        tw_alert_step_names[change->step], (int)alert->symbol.length, alert->symbol.bytes, rules->id);
    return true;
}

static bool on_event(void *context, struct tw_text symbol, const struct tw_headline_event *event,
    const struct tw_alert *alert, struct tw_error *err)
{
    struct tape *tape = context;
    (void)err;
    tell(tape, "event %" PRId64 " %.*s %s\n", event->id, (int)symbol.length, symbol.bytes,
        alert ? "taken" : "not wanted");
    return true;
}

static bool on_day(void *context, const struct tw_bar_row *day, struct tw_error *err)
{
    struct tape *tape = context;
    (void)err;
    tell(tape, "day %" PRId64 " of %.*s: %" PRId64 " more\n", day->bar_us / TW_DAY_US,
        (int)day->symbol.length, day->symbol.bytes, day->count);
    return true;
}

static struct tw_turn_row bar(const char *symbol, int64_t second, int64_t count, int64_t sentiment)
{
    return (struct tw_turn_row){.symbol = tw_text_of(symbol),
        .bar = {.symbol = tw_text_of(symbol),
            .bar_us = second * S,
            .count = count,
            .sum = count * sentiment,
            .negative_sum = sentiment < 0 ? count * sentiment : 0}};
}

static struct tw_turn_row event(const char *symbol, int64_t id, const char *rule, int64_t second)
{
    return (struct tw_turn_row){.symbol = tw_text_of(symbol),
        .event = {.id = id,
            .rule = tw_text_of(rule),
            .event_us = second * S,
            .sentiment = -9500,
            .value = -9500,
            .keyword = tw_text_of(""),
            .topic = tw_text_of("tape"),
            .offset = id}};
}

static struct tw_turn turn_of(struct tape *tape, const struct tw_rule_span *sets, uint32_t count, int64_t to)
{
    return (struct tw_turn){.sets = sets,
        .set_count = count,
        .to_us = to * S,
        .source = {tape, next_row},
        .sink = {tape, on_alert, on_step, on_event, NULL},
        .arena = &arena};
}

#define GIVEN(tape, stream, array)                                                                           \
    ((tape)->rows[stream] = (array), (tape)->counts[stream] = sizeof(array) / sizeof((array)[0]))

static const char two_rules[] =
    "rules:\n- {name: bad, kind: threshold, window: 60s, below: -1.0, quiet: 2m}\n"
    "- {name: shock, kind: headline, quiet: 60s}\n";

/* ---- the stories ---- */

static void rows_of_many_entities_are_merged_in_the_order_of_their_symbols(void **state)
{
    (void)state;
    static struct tape tape;
    tape = (struct tape){.fails_at = -1};
    struct tw_rule_set *rules = rules_of(two_rules);
    struct tw_rule_span set = {rules, TW_NO_TIME, 7};
    const struct tw_turn_row bars[] = {
        bar("AA", 0, 1, -5000), bar("BB", 0, 2, -9000), bar("BB", 20, 1, -100), bar("DD", 0, 3, -9000)};
    const struct tw_turn_row events[] = {event("BB", 11, "shock", 15), event("CC", 12, "shock", 5),
        event("CC", 13, "gone", 5), event("CC", 14, "shock", 90)};
    const struct tw_turn_row open[] = {{.symbol = tw_text_of("AA"),
        .alert = {.id = 5,
            .rule = tw_text_of("shock"),
            .symbol = tw_text_of("AA"),
            .kind = &tw_headline_kind,
            .measure = tw_text_of("sentiment"),
            .opened_us = -90 * S,
            .stepped_us = -30 * S,
            .resolved_us = TW_NO_TIME,
            .quiet_since_us = -30 * S,
            .documents = 1}}};
    GIVEN(&tape, TW_TURN_BARS, bars);
    GIVEN(&tape, TW_TURN_EVENTS, events);
    GIVEN(&tape, TW_TURN_ALERTS, open);
    struct tw_turn turn = turn_of(&tape, &set, 1, 60);
    struct tw_error err;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "alert AA shock sentiment from -100 set 7, over\n"
                                   "30 headline resolved AA of set 7\n"
                                   "alert BB bad negative_sum from -50 set 7\n"
                                   "alert BB shock sentiment from 10 set 7\n"
                                   "10 threshold opened BB of set 7\n"
                                   "20 headline opened BB of set 7\n"
                                   "event 11 BB taken\n"
                                   "alert CC shock sentiment from 0 set 7\n"
                                   "10 headline opened CC of set 7\n"
                                   "event 12 CC taken\n"
                                   "event 13 CC not wanted\n" /* 14 is seen only after the interval */
                                   "alert DD bad negative_sum from -50 set 7\n"
                                   "10 threshold opened DD of set 7\n");
    assert_int_equal(turn.bars, 4);
    assert_int_equal(turn.opened, 4);
    assert_int_equal(turn.updated, 0);
    assert_int_equal(turn.resolved, 1);
    tw_rules_free(rules);
}

static void each_step_names_the_set_that_governs_its_edge(void **state)
{
    (void)state;
    static struct tape tape;
    tape = (struct tape){.fails_at = -1};
    struct tw_rule_set *before = rules_of(two_rules);
    struct tw_rule_set *never = rules_of("rules: []\n");
    struct tw_rule_set *after =
        rules_of("rules:\n- {name: bad, kind: threshold, window: 60s, below: -9, quiet: 10s}\n");
    /* the second never governs: the third holds from the same edge */
    const struct tw_rule_span sets[] = {{before, TW_NO_TIME, 1}, {never, 40 * S, 2}, {after, 40 * S, 3}};
    const struct tw_turn_row bars[] = {bar("AA", 0, 2, -9000)};
    GIVEN(&tape, TW_TURN_BARS, bars);
    struct tw_turn turn = turn_of(&tape, sets, 3, 200);
    struct tw_error err;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "alert AA bad negative_sum from -50 set 3, over\n"
                                   "10 threshold opened AA of set 1\n"
                                   "60 threshold resolved AA of set 3\n");
    tw_rules_free(before);
    tw_rules_free(never);
    tw_rules_free(after);
}

/* An alert of which nobody knows any more what it measured is taken for one of what its rule measures. */
static void a_measure_that_was_lost_is_learned_from_the_rule(void **state)
{
    (void)state;
    static struct tape tape;
    tape = (struct tape){.fails_at = -1};
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: busy, kind: threshold, measure: count, window: 60s, at_least: 3}\n");
    struct tw_rule_span set = {rules, TW_NO_TIME, 1};
    const struct tw_turn_row open[] = {{.symbol = tw_text_of("AA"),
        .alert = {.id = 5,
            .rule = tw_text_of("busy"),
            .symbol = tw_text_of("AA"),
            .kind = &tw_threshold_kind,
            .opened_us = -90 * S,
            .stepped_us = -90 * S,
            .resolved_us = TW_NO_TIME,
            .quiet_since_us = TW_NO_TIME,
            .reported = 40000}}};
    GIVEN(&tape, TW_TURN_ALERTS, open);
    struct tw_turn turn = turn_of(&tape, &set, 1, 10);
    struct tw_error err;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "alert AA busy count from -150 set 1\n");
    tw_rules_free(rules);
}

static void without_a_rule_set_nothing_is_read_and_nothing_comes_out(void **state)
{
    (void)state;
    static struct tape tape;
    tape = (struct tape){.fails_at = TW_TURN_BARS};
    struct tw_turn turn = turn_of(&tape, NULL, 0, 10);
    struct tw_error err;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "");
}

/* Whoever has nothing but days is passed over; new bars are given back by day. */
static void days_are_looked_at_for_those_who_have_bars_and_come_out_with_what_is_new(void **state)
{
    (void)state;
    static struct tape tape;
    tape = (struct tape){.fails_at = -1};
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: b, kind: burst, window: 1h, days: 3, at_least_days: 1}\n");
    struct tw_rule_span set = {rules, TW_NO_TIME, 1};
    const int64_t day = TW_DAY_US / S;
    const struct tw_turn_row bars[] = {
        bar("BB", day - 10, 1, 0), bar("BB", day, 9, 0), bar("DD", day, 9, 0), bar("DD", 2 * day, 1, 0)};
    const struct tw_turn_row days[] = {
        bar("AA", 0, 5, 0), bar("BB", 0, 2, 0), bar("CC", 0, 5, 0), bar("DD", 0, 5000, 0)};
    GIVEN(&tape, TW_TURN_BARS, bars);
    GIVEN(&tape, TW_TURN_DAYS, days);
    struct tw_turn turn = turn_of(&tape, &set, 1, 2 * day + 60);
    struct tw_error err;
    turn.sink.day = on_day;
    turn.from_us = (day + 3600) * S;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "day 2 of DD: 1 more\n");
    tape.next[TW_TURN_BARS] = tape.next[TW_TURN_DAYS] = tape.length = 0;
    turn.from_us = day * S;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "alert BB b count from 86400 set 1, over\n"
                                   "90000 burst opened BB of set 1\n" /* the window begins at midnight */
                                   "91810 burst resolved BB of set 1\n"
                                   "day 1 of BB: 9 more\n"
                                   "day 1 of DD: 9 more\n"
                                   "day 2 of DD: 1 more\n");
    tw_rules_free(rules);
}

/* More rows than fit at first, and rows that are not wanted. */
static void an_entity_may_have_any_number_of_rows_and_a_sink_may_leave_things_out(void **state)
{
    (void)state;
    enum { BARS = 5000 };
    static struct tape tape;
    static struct tw_turn_row bars[BARS];
    tape = (struct tape){.fails_at = -1};
    struct tw_rule_set *rules =
        rules_of("rules:\n- {name: busy, kind: threshold, measure: count, window: 1h, at_least: 360}\n");
    struct tw_rule_span set = {rules, TW_NO_TIME, 1};
    for (int at = 0; at < BARS; at++)
        bars[at] = bar("AA", at * 10, 1, 0);
    GIVEN(&tape, TW_TURN_BARS, bars);
    struct tw_turn turn = turn_of(&tape, &set, 1, BARS * 10);
    turn.sink.alert = NULL;
    turn.sink.event = NULL;
    struct tw_error err;
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(tape.told, "3600 threshold opened AA of set 1\n");
    assert_int_equal(turn.bars, BARS);
    tw_rules_free(rules);
}

static bool on_link(void *context, struct tw_text symbol, const struct tw_headline_event *event,
    const struct tw_alert *alert, struct tw_error *err)
{
    struct tape *tape = context;
    (void)err;
    (void)symbol;
    if (alert)
        tell(tape, "%" PRId64 " for %" PRId64 "\n", event->id, alert->opened_us / S);
    return true;
}

static bool on_open_alert(void *context, const struct tw_alert *alert, int64_t first_us,
    const struct tw_rule_span *rules, struct tw_error *err)
{
    struct tw_turn_row *open = context;
    (void)first_us;
    (void)rules;
    (void)err;
    *open = (struct tw_turn_row){.symbol = alert->symbol, .alert = *alert};
    open->alert.id = 1;
    return true;
}

/* Of a rule that asks for two stories within a minute, an alert opens by 1 and 2, is over, and opens again by
 * 3 and those two: each opening has its own links, in one turn and when the turn is cut between. 4 is a copy,
 * which only an alert that is open already takes, and 5 lies before the window. */
static void a_story_that_opens_an_alert_again_is_of_both(void **state)
{
    (void)state;
    static const char rules_yaml[] =
        "rules:\n- {name: chorus, kind: headline, min_stories: 2, window: 60s, quiet: 10s}\n";
    struct tw_rule_set *rules = rules_of(rules_yaml);
    const struct tw_rule_span set = {rules, TW_NO_TIME, 1};
    struct tw_turn_row events[] = {event("AA", 5, "chorus", 5), event("AA", 1, "chorus", 61),
        event("AA", 2, "chorus", 71), event("AA", 4, "chorus", 72), event("AA", 3, "chorus", 101)};
    static struct tape whole, first, second;
    struct tw_turn_row open = {0};
    struct tw_error err;
    events[3].event.is_copy = true;
    whole = first = second = (struct tape){.fails_at = -1};
    GIVEN(&whole, TW_TURN_EVENTS, events);
    struct tw_turn turn = turn_of(&whole, &set, 1, 200);
    turn.sink = (struct tw_turn_sink){&whole, NULL, NULL, on_link, NULL};
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(whole.told, "1 for 80\n1 for 110\n2 for 80\n2 for 110\n4 for 80\n3 for 110\n");
    /* Cut while the first is open, and told with what it was. */
    GIVEN(&first, TW_TURN_EVENTS, events);
    turn = turn_of(&first, &set, 1, 80);
    turn.sink = (struct tw_turn_sink){&open, on_open_alert, NULL, NULL, NULL};
    assert_true(tw_turn_run(&turn, &err));
    assert_int_equal(open.alert.opened_us, 80 * S);
    for (size_t at = 0; at < 4; at++)
        events[at].event.is_past = true;
    GIVEN(&second, TW_TURN_EVENTS, events);
    second.rows[TW_TURN_ALERTS] = &open;
    second.counts[TW_TURN_ALERTS] = 1;
    turn = turn_of(&second, &set, 1, 200);
    turn.from_us = 80 * S;
    turn.sink = (struct tw_turn_sink){&second, NULL, NULL, on_link, NULL};
    assert_true(tw_turn_run(&turn, &err));
    assert_string_equal(second.told, "1 for 110\n2 for 110\n3 for 110\n");
    tw_rules_free(rules);
}

static void what_goes_wrong_is_said(void **state)
{
    (void)state;
    static struct tape tape;
    static struct tw_turn_row many[200];
    struct tw_rule_set *rules = rules_of(two_rules);
    struct tw_rule_span set = {rules, TW_NO_TIME, 1};
    const struct tw_turn_row unsorted[] = {bar("BB", 0, 1, 0), bar("AA", 0, 1, 0)};
    const struct tw_turn_row bars[] = {bar("AA", 0, 1, 0), bar("AA", 0, 1, 0)};
    struct tw_error err;
    tape = (struct tape){.fails_at = -1};
    GIVEN(&tape, TW_TURN_BARS, unsorted);
    struct tw_turn turn = turn_of(&tape, &set, 1, 10);
    assert_false(tw_turn_run(&turn, &err));
    assert_int_equal(err.code, TW_INTERNAL);
    assert_string_equal(err.what, "the bars of AA come after those of BB");
    tape = (struct tape){.fails_at = -1};
    GIVEN(&tape, TW_TURN_BARS, bars);
    turn = turn_of(&tape, &set, 1, 10);
    assert_false(tw_turn_run(&turn, &err)); /* one bar twice: alerts.h refuses it */
    assert_int_equal(err.code, TW_INTERNAL);
    for (int stream = 0; stream < TW_TURN_STREAMS; stream++) {
        tape = (struct tape){.fails_at = stream};
        turn = turn_of(&tape, &set, 1, 10);
        assert_false(tw_turn_run(&turn, &err));
        assert_int_equal(err.code, TW_IO);
    }
    struct tw_arena small;
    assert_true(tw_arena_begin(&small, 4096, &err));
    tape = (struct tape){.fails_at = -1};
    for (int at = 0; at < 200; at++)
        many[at] = bar("AA", at * 10, 1, 0);
    GIVEN(&tape, TW_TURN_BARS, many);
    turn = turn_of(&tape, &set, 1, 10);
    turn.arena = &small;
    assert_false(tw_turn_run(&turn, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_end(&small);
    tw_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_many_entities_are_merged_in_the_order_of_their_symbols),
        cmocka_unit_test(each_step_names_the_set_that_governs_its_edge),
        cmocka_unit_test(a_measure_that_was_lost_is_learned_from_the_rule),
        cmocka_unit_test(without_a_rule_set_nothing_is_read_and_nothing_comes_out),
        cmocka_unit_test(days_are_looked_at_for_those_who_have_bars_and_come_out_with_what_is_new),
        cmocka_unit_test(an_entity_may_have_any_number_of_rows_and_a_sink_may_leave_things_out),
        cmocka_unit_test(a_story_that_opens_an_alert_again_is_of_both),
        cmocka_unit_test(what_goes_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
