/* scenario_file: what a file of cases says, and all that can be wrong with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenario/scenario_file.h"
#include "test_arena.h"

static struct tw_scenario_file file;

/* Reads it into `file`; gives what is wrong with it, a line each, without the source's lines. */
static const char *wrong_with(const char *yaml)
{
    struct tw_text_file *source = tw_arena_take(&arena, sizeof *source);
    struct tw_problems problems;
    struct tw_error err;
    static char lines[4000];
    size_t length = 0;
    assert_non_null(source);
    *source = (struct tw_text_file){"t.yaml", tw_text_of(yaml)};
    tw_problems_begin(&problems, &arena);
    bool right = tw_scenario_read(source, &problems, &arena, &file, &err);
    assert_int_equal(right, problems.count == 0);
    lines[0] = '\0';
    for (const struct tw_problem *at = problems.first; at; at = at->next)
        length +=
            (size_t)snprintf(lines + length, sizeof lines - length, "%u: %s\n", at->line, at->what.bytes);
    return lines;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    assert_string_equal(
        wrong_with("cases:\n"
                   "- name: first\n"
                   "  tape: tape.jsonl\n"
                   "  messages:\n"
                   "  - text: A\n"
                   "    expect:\n"
                   "      label: bearish\n"
                   "      entities: [{entity: X, label: positive, at_least: 0.25}]\n"
                   "      events: [{type: halt, entity: X}, {type: macro}]\n"
                   "      copy_of: none\n"
                   "  - text: B\n"
                   "  until: 1970-01-02T00:00:00Z\n"
                   "  expect:\n"
                   "    refused: 3\n"
                   "    documents: [{id: d, events: none}]\n"
                   "    rules: [r]\n"
                   "    alerts: [{rule: r, entity: X, state: resolved, time: 1970-01-01T00:00:10Z}]\n"),
        "");
    assert_int_equal(file.case_count, 1);
    assert_true(file.wants_alerts && file.wants_events);
    const struct tw_scenario_case *one = &file.cases[0];
    assert_string_equal(one->tape.bytes, "tape.jsonl");
    assert_true(one->until_us == INT64_C(86400000000));
    assert_int_equal(one->message_count, 2);
    assert_string_equal(one->messages[1].payload.bytes, "{\"text\":\"B\"}");
    assert_null(one->messages[1].expected);
    const struct tw_expected_document *expected = one->messages[0].expected;
    assert_int_equal(expected->label, 0);
    assert_int_equal(expected->entities[0].label, 2);
    assert_int_equal(expected->entities[0].at_least, 2500);
    assert_int_equal(expected->entities[0].at_most, 10000);
    assert_int_equal(expected->event_count, 2);
    assert_int_equal(expected->events[1].entity.length, 0);
    assert_non_null(expected->copy_node);
    assert_int_equal(expected->copy_of.length, 0);
    assert_int_equal(one->refused, 3);
    assert_string_equal(one->documents[0].id.bytes, "d");
    assert_non_null(one->documents[0].events_node);
    assert_int_equal(one->documents[0].event_count, 0);
    assert_int_equal(one->alerts[0].step, TW_ALERT_RESOLVED);
    assert_true(one->alerts[0].time_us == 10000000);
}

static void what_could_not_fail_is_refused(void **state)
{
    (void)state;
    assert_string_equal(wrong_with(""), "0: holds no cases\n");
    assert_string_equal(wrong_with("cases: []\n"), "1: holds no cases\n");
    assert_string_equal(wrong_with("cases:\n- name: a\n  messages: [{text: A}]\n"),
        "2: the case expects nothing: it could not fail\n");
    assert_string_equal(
        wrong_with("cases:\n- name: a\n  expect: {alerts: none}\n"), "2: the case holds no message\n");
    assert_string_equal(
        wrong_with("cases:\n- name: a\n  messages:\n  - text: A\n    expect: {}\n"), "5: expects nothing\n");
    assert_string_equal(wrong_with("cases:\n- name: a\n  messages: [{text: A}]\n  expect: {rules: [r]}\n"),
        "4: nothing is expected of their alerts\n");
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
    (void)state;
    assert_string_equal(wrong_with("cases:\n"
                                   "- name: a\n"
                                   "  messages:\n"
                                   "  - no map\n"
                                   "  - text: A\n"
                                   "    expect: {label: gloomy, entities: [{symbol: X}], events: halt}\n"
                                   "  until: soon\n"
                                   "  expect:\n"
                                   "    rules: [q]\n"
                                   "    alerts:\n"
                                   "    - {rule: r, entity: X, state: opens}\n"
                                   "    - {rule: q, entity: X, time: 13:00}\n"
                                   "- {nam: b, messages: 3}\n"),
        "4: the message is no map\n"
        "6: there is no label \"gloomy\"\n"
        "6: an entity needs \"entity\"\n"
        "6: \"symbol\" is no key of an entity\n"
        "6: \"events\" is no list\n"
        "7: \"soon\" is not a time: it does not begin with YYYY-MM-DD or a month's name and a day\n"
        "11: \"state\" cannot be \"opens\"\n"
        "12: \"13:00\" is not a time: it does not begin with YYYY-MM-DD or a day and a month's name\n"
        "13: \"nam\" is no key of a case\n"
        "13: \"messages\" is no list\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_could_not_fail_is_refused),
        cmocka_unit_test(all_that_is_wrong_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
