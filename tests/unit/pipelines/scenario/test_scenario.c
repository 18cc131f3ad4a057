/* scenario: cases that hold, cases that do not, and the clock that they run by. Scores are those of the
 * constant model, so nothing here rests on a model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events/taxonomy.h"
#include "link/source_weights.h"
#include "names/entities.h"
#include "read/decode.h"
#include "rules/rules.h"
#include "scenario/scenario.h"
#include "score/classify.h"

enum { TOLD_BYTES = 8000, MINUTE_US = 60000000 };

static struct tw_arena arena;
static struct tw_classifier *classifier;
static struct tw_automaton *entities;
static struct tw_taxonomy *events;
static struct tw_rule_set *rules;
static bool count_stories; /* rules do */
static struct tw_decode_options decode;
static struct tw_river river;

static const char rules_text[] =
    "rules:\n"
    "- {name: busy, kind: threshold, measure: count, window: 60s, at_least: 3, resolve: 1, quiet: 30s}\n"
    "- {name: grave, kind: event, types: [fall], quiet: 60s}\n";
static const char watching_text[] =
    "rules:\n"
    "- {name: grave, kind: event, types: [fall], quiet: 60s, entities: {watch: mine}}\n"
    "- {name: busy, kind: threshold, measure: count, window: 60s, at_least: 1, resolve: 0, quiet: 1h,"
    " entities: {watch: mine}}\n";
static const char events_text[] =
    "version: 1\nevents:\n- {type: fall, polarity: -0.5, severity: warning, patterns: [fell]}\n";

static int begin(void **state)
{
    (void)state;
    static struct tw_problems problems;
    static const struct tw_text_file events_file = {"e.yaml", {events_text, sizeof events_text - 1}};
    static const struct tw_text_file rules_file = {"r.yaml", {rules_text, sizeof rules_text - 1}};
    struct tw_error err;
    const struct tw_classifier_options options = {.constant = true};
    decode = tw_decode_defaults();
    if (!tw_arena_begin(&arena, (size_t)64 << 20, &err))
        return -1;
    tw_problems_begin(&problems, &arena);
    if (!tw_classifier_open(&options, &classifier, &err) ||
        !tw_entities_parse("e.jsonl",
            tw_text_of("{\"symbol\":\"OM\",\"names\":[\"Outboard Marine\"]}\n"
                       "{\"symbol\":\"GM\",\"names\":[\"General Motors\"]}\n"),
            &entities, &err) ||
        !tw_taxonomy_load(&events_file, &problems, &events, &err))
        return -1;
    const struct tw_rule_bounds bounds = {.events = events};
    if (!tw_rules_load(&rules_file, &bounds, &problems, &rules, &err))
        return -1;
    river = (struct tw_river){
        .decode = &decode, .entities = entities, .classifier = classifier, .rules = rules, .events = events};
    return 0;
}

static int end(void **state)
{
    (void)state;
    tw_rules_free(rules);
    tw_taxonomy_free(events);
    tw_entities_free(entities);
    tw_classifier_free(classifier);
    tw_arena_end(&arena);
    return 0;
}

static void tell(void *context, const struct tw_error *why)
{
    char line[1200], *told = context;
    size_t length = strlen(told);
    tw_error_line(why, line, sizeof line);
    snprintf(told + length, TOLD_BYTES - length, "%s\n", line);
}

/* What is told of a file; its counts in *found. */
static const char *run_by(
    const struct tw_river *with, const char *yaml, struct tw_expectations *found, struct tw_error *err)
{
    static char told[TOLD_BYTES];
    struct tw_text_file *source = tw_arena_take(&arena, sizeof *source);
    struct tw_problems problems;
    struct tw_scenario_file file;
    const struct tw_scenario_options options = {.river = with,
        .lateness_us = MINUTE_US,
        .memory_bytes = (size_t)16 << 20,
        .stories = count_stories,
        .most_documents = 1000};
    assert_non_null(source);
    *source = (struct tw_text_file){"t.yaml", tw_text_of(yaml)};
    tw_problems_begin(&problems, &arena);
    told[0] = '\0';
    *found = (struct tw_expectations){.failed_one = tell, .context = told};
    if (!tw_scenario_read(source, &problems, &arena, &file, err))
        fail_msg("%s: %s", err->where, err->what);
    if (!tw_scenario_run(&file, &options, found, err))
        return NULL;
    return told;
}

static void holds(const char *yaml, uint64_t passed)
{
    struct tw_expectations found;
    struct tw_error err;
    const char *told = run_by(&river, yaml, &found, &err);
    if (!told)
        fail_msg("%s: %s", err.where, err.what);
    assert_string_equal(told, "");
    assert_int_equal(found.passed, passed);
    assert_int_equal(found.failed, 0);
}

static void fails(const char *yaml, uint64_t passed, uint64_t failed, const char *wanted)
{
    struct tw_expectations found;
    struct tw_error err;
    const char *told = run_by(&river, yaml, &found, &err);
    if (!told)
        fail_msg("%s: %s", err.where, err.what);
    assert_string_equal(told, wanted);
    assert_int_equal(found.passed, passed);
    assert_int_equal(found.failed, failed);
}

/* ---- the stories ---- */

static void what_comes_as_expected_passes(void **state)
{
    (void)state;
    holds("cases:\n"
          "- name: three within a minute\n"
          "  messages:\n"
          "  - {ts: 2024-05-14T13:00:05Z, text: Outboard Marine is quiet}\n"
          "  - {ts: 2024-05-14T13:00:15Z, text: Outboard Marine is still quiet, }\n"
          "  - ts: 2024-05-14T13:00:25Z\n"
          "    text: Outboard Marine fell, and General Motors did not\n"
          "    expect:\n"
          "      entities: [{entity: OM}, {entity: GM}]\n"
          "      events: [{type: fall, entity: OM}]\n"
          "  until: 2024-05-14T13:05:00Z\n"
          "  expect:\n"
          "    alerts:\n"
          "    - {rule: busy, entity: OM, time: 2024-05-14T13:00:30Z}\n"
          "    - {rule: grave, entity: OM}\n"
          "    - {rule: grave, entity: OM, state: resolved, time: 2024-05-14T13:01:30Z}\n"
          "    - {rule: busy, entity: OM, state: resolved}\n",
        7);
}

static void what_is_missing_and_what_is_too_many_is_named_with_its_line(void **state)
{
    (void)state;
    fails("cases:\n"
          "- name: wrong in every way\n"
          "  messages:\n"
          "  - ts: 2024-05-14T13:00:05Z\n"
          "    id: m\n"
          "    text: Outboard Marine fell\n"
          "    expect:\n"
          "      entities: [{entity: GM}]\n"
          "      events: [{type: halt, entity: OM}]\n"
          "      copy_of: other\n"
          "  expect:\n"
          "    refused: 1\n"
          "    documents: [{id: n, label: negative}]\n"
          "    alerts:\n"
          "    - {rule: grave, entity: OM, time: 2024-05-14T13:00:20Z}\n"
          "    - {rule: busy, entity: OM}\n",
        0, 10,
        "t.yaml:8: expected entity GM; found: OM\n"
        "t.yaml:8: entity OM is not expected\n"
        "t.yaml:9: expected event halt of OM; found: fall of OM\n"
        "t.yaml:9: event fall of OM is not expected; the words are \"fell\"\n"
        "t.yaml:10: expected a copy of other; it is one of none\n"
        "t.yaml:13: no message that can be used has the id \"n\"\n"
        "t.yaml:12: expected 1 refused messages; 0 were refused\n"
        "t.yaml:15: expected grave of OM opened at 2024-05-14T13:00:20Z; found: opened at 2024-05-14T13:00:10Z\n"
        "t.yaml:16: expected busy of OM opened; found: none\n"
        "t.yaml:15: grave of OM, opened at 2024-05-14T13:00:10Z, is not expected (event fall (polarity -0.5, "
        "sentiment 0.4854) of one document)\n");
}

static void a_message_that_is_refused_fails_unless_it_is_counted(void **state)
{
    (void)state;
    fails(
        "cases:\n- name: no text\n  messages:\n  - {ts: 2024-05-14T13:00:05Z, n: 1}\n  expect: {alerts: none}\n",
        1, 1, "t.yaml:4: message 1 is refused: no text: neither title nor body holds any\n");
    holds(
        "cases:\n- name: no text\n  messages:\n  - {ts: 2024-05-14T13:00:05Z, n: 1}\n  expect: {refused: 1}\n",
        1);
    fails("cases:\n- name: no time\n  messages:\n  - {text: Outboard Marine fell, expect: {events: none}}\n",
        0, 2,
        "t.yaml:4: message 1 is refused: it has no time, and none has come before it\n"
        "t.yaml:4: no document comes of the message\n");
}

static void time_without_a_message_s_own_is_that_of_the_one_before(void **state)
{
    (void)state;
    holds("cases:\n"
          "- name: three in one bar\n"
          "  messages:\n"
          "  - {ts: 2024-05-14T13:00:05Z, text: Outboard Marine is quiet}\n"
          "  - {text: Outboard Marine sleeps}\n"
          "  - {text: Outboard Marine rests}\n"
          "  expect: {alerts: [{rule: busy, entity: OM, time: 2024-05-14T13:00:10Z}]}\n",
        1);
}

static void a_message_that_comes_late_is_late_here_too(void **state)
{
    (void)state;
    /* At 13:02:25 the edges up to 13:01:20 are decided. A bar of 13:00:20 comes too late to count within a
     * minute; an event speaks at the next edge. */
    holds("cases:\n"
          "- name: late\n"
          "  messages:\n"
          "  - {ts: 2024-05-14T13:00:05Z, text: Outboard Marine is quiet}\n"
          "  - {ts: 2024-05-14T13:00:15Z, text: Outboard Marine is silent}\n"
          "  - {ts: 2024-05-14T13:02:25Z, text: General Motors is loud}\n"
          "  - {ts: 2024-05-14T13:00:20Z, text: Outboard Marine fell}\n"
          "  expect:\n"
          "    alerts: [{rule: grave, entity: OM, time: 2024-05-14T13:01:30Z}]\n"
          "- name: in time\n"
          "  messages:\n"
          "  - {ts: 2024-05-14T13:00:05Z, text: Outboard Marine is quiet}\n"
          "  - {ts: 2024-05-14T13:00:15Z, text: Outboard Marine is silent}\n"
          "  - {ts: 2024-05-14T13:00:20Z, text: Outboard Marine fell}\n"
          "  - {ts: 2024-05-14T13:02:25Z, text: General Motors is loud}\n"
          "  expect:\n"
          "    alerts:\n"
          "    - {rule: grave, entity: OM, time: 2024-05-14T13:00:30Z}\n"
          "    - {rule: busy, entity: OM, time: 2024-05-14T13:00:30Z}\n",
        3);
}

static void what_a_case_does_not_look_at_may_happen(void **state)
{
    (void)state;
    static const char head[] =
        "cases:\n- name: a fall\n  messages: [{ts: 2024-05-14T13:00:05Z, text: $OM fell}]\n";
    char yaml[400];
    snprintf(yaml, sizeof yaml, "%s  expect: {rules: [busy], alerts: none}\n", head);
    holds(yaml, 1);
    snprintf(yaml, sizeof yaml, "%s  expect: {refused: 0}\n", head);
    holds(yaml, 1);
    snprintf(yaml, sizeof yaml, "%s  until: 2024-05-14T13:00:00Z\n  expect: {refused: 0}\n", head);
    fails(yaml, 1, 1, "t.yaml:2: `until` lies before the end of the last bar\n");
}

static void copies_find_the_first_of_their_story(void **state)
{
    (void)state;
    holds(
        "cases:\n"
        "- name: passed on\n"
        "  messages:\n"
        "  - {id: a, ts: 2024-05-14T13:00:05Z, title: Outboard Marine recalls forty boats of Osterby after a leak}\n"
        "  - {id: b, ts: 2024-05-14T13:01:05Z, title: General Motors builds a plant near Carrow Sound}\n"
        "  - {id: c, ts: 2024-05-14T13:02:05Z, title: UPDATE 2-Outboard Marine recalls forty boats of Osterby after a leak}\n"
        "  expect:\n"
        "    documents: [{id: a, copy_of: none}, {id: b, copy_of: none}, {id: c, copy_of: a}]\n",
        3);
}

/* Three documents, two of them one story; the third message is of a time before the second's. */
static const char told_again[] =
    "cases:\n"
    "- name: told again\n"
    "  messages:\n"
    "  - {id: a, ts: 2024-05-14T13:00:05Z, title: Outboard Marine fell in Osterby after forty leaks}\n"
    "  - {id: c, ts: 2024-05-14T13:00:45Z, title: UPDATE 2-Outboard Marine fell in Osterby after forty leaks}\n"
    "  - {id: b, ts: 2024-05-14T13:00:25Z, title: Outboard Marine builds a plant near Carrow Sound}\n"
    "  expect:\n"
    "    documents: [{id: a, copy_of: none}, {id: b, copy_of: none}, {id: c, copy_of: a}]\n";

static void rules_count_a_story_once_where_they_are_told_to(void **state)
{
    (void)state;
    char yaml[1000];
    snprintf(yaml, sizeof yaml,
        "%s    alerts:\n"
        "    - {rule: grave, entity: OM, time: 2024-05-14T13:00:10Z}\n"
        "    - {rule: grave, entity: OM, state: updated, time: 2024-05-14T13:00:50Z}\n"
        "    - {rule: busy, entity: OM, time: 2024-05-14T13:00:50Z}\n",
        told_again);
    holds(yaml, 6);
    count_stories = true;
    snprintf(yaml, sizeof yaml, "%s    alerts: [{rule: grave, entity: OM, time: 2024-05-14T13:00:10Z}]\n",
        told_again);
    holds(yaml, 4);
    count_stories = false;
}

/* The same words: of a source that counts whole, one that counts a little, one that nobody named. */
static void a_source_weighs_in_what_a_case_expects_and_in_what_rules_hear(void **state)
{
    (void)state;
    static const char asking_text[] =
        "rules:\n- {name: grave, kind: event, types: [fall], quiet: 10s, relevance_at_least: 0.5}\n";
    static const char yaml[] =
        "cases:\n"
        "- name: two sources\n"
        "  messages:\n"
        "  - {ts: 2024-05-14T13:00:05Z, source: BLOGS of town, text: Outboard Marine fell,\n"
        "     expect: {entities: [{entity: OM, relevance_at_most: 0.25, relevance_at_least: 0.25}]}}\n"
        "  - {ts: 2024-05-14T13:00:15Z, source: reuters, text: Outboard Marine fell,\n"
        "     expect: {entities: [{entity: OM, relevance_at_least: 1}]}}\n"
        "  - {ts: 2024-05-14T13:00:35Z, text: General Motors fell,\n"
        "     expect: {entities: [{entity: GM, relevance_at_most: 0.1}]}}\n"
        "  expect: {alerts: [{rule: grave, entity: OM, time: 2024-05-14T13:00:20Z}]}\n";
    static const struct tw_named_weight names[] = {{"Reuters", 10000}, {"blogs*", 2500}};
    static const struct tw_text_file file = {"r.yaml", {asking_text, sizeof asking_text - 1}};
    const struct tw_source_list list = {names, 2, 1000};
    const struct tw_rule_bounds bounds = {.events = events};
    struct tw_river weighing = river;
    struct tw_source_weights *weights;
    struct tw_rule_set *asking;
    struct tw_problems problems;
    struct tw_expectations found;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_rules_load(&file, &bounds, &problems, &asking, &err));
    assert_true(tw_source_weights_new(&list, &weights, &err));
    weighing.rules = asking;
    weighing.sources = weights;
    assert_string_equal(run_by(&weighing, yaml, &found, &err), "");
    assert_int_equal(found.passed, 4);
    weighing.sources = NULL; /* without weights it is another matter */
    assert_non_null(strstr(run_by(&weighing, yaml, &found, &err),
        "t.yaml:5: expected a relevance of 0.25 to 0.25 for OM; it is 1.0000, by a source of weight 1\n"));
    assert_int_equal(found.failed, 5); /* both relevances, an alert that is missing, two too many */
    tw_source_weights_free(weights);
    tw_rules_free(asking);
}

static void stories_are_found_in_the_order_of_event_time(void **state)
{
    (void)state;
    /* The copy comes first, by less than the allowed lateness: what happened first is the
     * story's first. */
    holds(
        "cases:\n"
        "- name: overtaken\n"
        "  messages:\n"
        "  - {id: b, ts: 2024-05-14T13:00:45Z, title: Outboard Marine fell in Osterby after forty leaks}\n"
        "  - {id: a, ts: 2024-05-14T13:00:05Z, title: Outboard Marine fell in Osterby after forty leaks today}\n"
        "  - {id: d, ts: 2024-05-14T14:00:05Z, title: General Motors builds a plant near Carrow Sound}\n"
        "  expect:\n"
        "    documents: [{id: a, copy_of: none}, {id: b, copy_of: a}]\n",
        2);
}

static void alerts_want_rules_and_events_want_a_taxonomy(void **state)
{
    (void)state;
    struct tw_expectations found;
    struct tw_error err;
    struct tw_river bare = river;
    bare.rules = NULL;
    bare.events = NULL;
    assert_null(
        run_by(&bare, "cases: [{name: a, messages: [{text: A}], expect: {alerts: none}}]\n", &found, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "alerts are expected, and there are no rules");
    assert_null(
        run_by(&bare, "cases: [{name: a, messages: [{text: A, expect: {events: none}}]}]\n", &found, &err));
    assert_string_equal(err.what, "events are expected, and there is no events file");
    assert_null(
        run_by(&river, "cases: [{name: a, tape: /nowhere.jsonl, expect: {alerts: none}}]\n", &found, &err));
    assert_int_equal(err.code, TW_IO);
}

/* Outboard Marine is watched from 13:01 to 13:02: a fall before that opens nothing, one in it does, as does
 * a rule over bars; who leaves the list has its alerts resolved at the end of the first bar without it. */
static void a_watch_list_holds_from_the_edge_at_which_it_changes(void **state)
{
    (void)state;
    static const struct tw_text_file file = {"w.yaml", {watching_text, sizeof watching_text - 1}};
    const struct tw_rule_bounds bounds = {.events = events};
    struct tw_rule_set *watching;
    struct tw_problems problems;
    struct tw_expectations found;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_rules_load(&file, &bounds, &problems, &watching, &err));
    struct tw_river with = river;
    with.rules = watching;
    const char *told = run_by(&with,
        "cases:\n- name: watched\n  watch:\n"
        "  - {list: mine, entity: OM, from: \"2024-05-14T13:00:55Z\", to: \"2024-05-14T13:02:00Z\"}\n"
        "  - {list: yours, entity: GM}\n  messages:\n"
        "  - {ts: \"2024-05-14T13:00:51Z\", text: Outboard Marine fell}\n"
        "  - {ts: \"2024-05-14T13:01:01Z\", text: Outboard Marine fell}\n"
        "  - {ts: \"2024-05-14T13:01:02Z\", text: General Motors fell}\n"
        "  - {ts: \"2024-05-14T13:02:01Z\", text: Outboard Marine fell}\n"
        "  until: \"2024-05-14T13:05:00Z\"\n"
        "  expect:\n    alerts:\n"
        "    - {rule: grave, entity: OM, time: \"2024-05-14T13:01:10Z\"}\n"
        "    - {rule: busy, entity: OM, time: \"2024-05-14T13:01:10Z\"}\n"
        "    - {rule: busy, entity: OM, state: resolved, time: \"2024-05-14T13:02:10Z\"}\n",
        &found, &err);
    if (!told)
        fail_msg("%s: %s", err.where, err.what);
    assert_string_equal(told, "");
    assert_null(run_by(&with,
        "cases:\n- name: misspelt\n  watch: [{list: mien, entity: OM}]\n"
        "  messages:\n  - {ts: \"2024-05-14T13:00:51Z\", text: Outboard Marine fell}\n"
        "  expect: {alerts: none}\n",
        &found, &err));
    assert_string_equal(err.what,
        "line 2: rule \"busy\" is held to watch list \"mine\", and nobody of the case stands on it");
    tw_rules_free(watching);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_list_holds_from_the_edge_at_which_it_changes),
        cmocka_unit_test(what_comes_as_expected_passes),
        cmocka_unit_test(what_is_missing_and_what_is_too_many_is_named_with_its_line),
        cmocka_unit_test(a_message_that_is_refused_fails_unless_it_is_counted),
        cmocka_unit_test(time_without_a_message_s_own_is_that_of_the_one_before),
        cmocka_unit_test(a_message_that_comes_late_is_late_here_too),
        cmocka_unit_test(what_a_case_does_not_look_at_may_happen),
        cmocka_unit_test(copies_find_the_first_of_their_story),
        cmocka_unit_test(rules_count_a_story_once_where_they_are_told_to),
        cmocka_unit_test(a_source_weighs_in_what_a_case_expects_and_in_what_rules_hear),
        cmocka_unit_test(stories_are_found_in_the_order_of_event_time),
        cmocka_unit_test(alerts_want_rules_and_events_want_a_taxonomy),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
