/* event: what is wrong with a rule, which documents it speaks for, and what becomes of its rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alerts.h"
#include "base/file.h"
#include "events/taxonomy.h"
#include "rules/rules.h"

#define SECOND_US INT64_C(1000000)

static struct tw_arena arena;
static struct tw_taxonomy *taxonomy;

/* Numbers by this order. */
enum { BANKRUPTCY, HALT, PROBE, CONTRACT };
static const char events_yaml[] =
    "version: 1\nevents:\n"
    "- {type: bankruptcy, polarity: -1.0, severity: critical, patterns: [bankrupt]}\n"
    "- {type: halt, polarity: -0.7, severity: critical, patterns: [halted]}\n"
    "- {type: probe, polarity: -0.6, severity: warning, patterns: [probe]}\n"
    "- {type: contract_won, polarity: 0.5, severity: info, patterns: [wins]}\n";

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_problems problems;
    const struct tw_text_file source = {"events.yaml", tw_text_of(events_yaml)};
    if (!tw_arena_begin(&arena, 32 << 20, &err))
        return -1;
    tw_problems_begin(&problems, &arena);
    return tw_taxonomy_load(&source, &problems, &taxonomy, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_taxonomy_free(taxonomy);
    tw_arena_end(&arena);
    return 0;
}

static bool load(const char *yaml, const struct tw_rule_bounds *bounds, struct tw_problems *problems,
    struct tw_rule_set **set)
{
    struct tw_text_file *source = tw_arena_array(&arena, 1, sizeof *source);
    struct tw_error err;
    *source = (struct tw_text_file){"rules.yaml", tw_text_of(yaml)};
    tw_problems_begin(problems, &arena);
    return tw_rules_load(source, bounds, problems, set, &err);
}

static struct tw_rule_set *load_good(const char *yaml)
{
    const struct tw_rule_bounds bounds = {.events = taxonomy};
    struct tw_problems problems;
    struct tw_rule_set *set;
    if (!load(yaml, &bounds, &problems, &set))
        fail_msg("%s", problems.first->what.bytes);
    return set;
}

/* "line:column what; cure" of the only problem. */
static void expect_problem(const char *yaml, const struct tw_rule_bounds *bounds, const char *wanted)
{
    struct tw_problems problems;
    struct tw_rule_set *set;
    char said[1024];
    assert_false(load(yaml, bounds, &problems, &set));
    assert_int_equal(problems.count, 1);
    snprintf(said, sizeof said, "%u:%u %s; %s", problems.first->line, problems.first->column,
        problems.first->what.bytes, problems.first->cure.bytes);
    assert_string_equal(said, wanted);
}

static void a_rule_is_held_to_the_events_that_there_are(void **state)
{
    (void)state;
    const struct tw_rule_bounds with = {.events = taxonomy}, without = {0};
    struct tw_problems problems;
    struct tw_rule_set *set;
    expect_problem("rules:\n- {name: e, kind: event, types: [halt, bankrupcy]}\n", &with,
        "2:40 no type of event is called \"bankrupcy\"; did you mean \"bankruptcy\"?");
    expect_problem("rules:\n- {name: e, kind: event, types: weather}\n", &with,
        "2:33 no type of event is called \"weather\"; write one of those that the file of events.path has");
    expect_problem(
        "rules:\n- {name: e, kind: event, types: [probe, contract_won], severity_at_least: critical}\n",
        &with, "2:75 \"severity_at_least\" leaves none of the rule's types; lower it, or name other types");
    expect_problem("rules:\n- {name: e, kind: event}\n", &without,
        "2:3 an event rule needs events, and events.path is not set; set events.path to the file of events, "
        "events.yaml");
    expect_problem("rules:\n- {name: e, kind: event, critical: [bankrupcy]}\n", &with,
        "2:37 no type of event is called \"bankrupcy\"; did you mean \"bankruptcy\"?");
    expect_problem("rules:\n- {name: e, kind: event, critical: [halt], info: [probe, halt]}\n", &with,
        "2:50 type \"halt\" has two severities; leave it in one of the lists");
    expect_problem("rules:\n- {name: e, kind: event, types: [halt], warning: probe}\n", &with,
        "2:50 type \"probe\" is none of the rule's types; add it to `types`, or take it out");
    expect_problem("rules:\n- {name: e, kind: event, severity_of: event}\n", &with,
        "2:39 \"severity_of\" cannot be \"event\"; write one of rule, type");
    const struct tw_rule_bounds weighed = {.events = taxonomy, .weighed = true, .most_relevance = 3000};
    expect_problem("rules:\n- {name: e, kind: event, relevance_at_least: 0.3001}\n", &weighed,
        "2:46 no document can be so relevant: no source counts more than 0.3; lower it, or raise a weight in the "
        "section sources (tapewatch.yaml)");
    assert_true(
        load("rules:\n- {name: e, kind: event, relevance_at_least: 0.3}\n", &weighed, &problems, &set));
    tw_rules_free(set);
    /* A set that was stored is taken as it is: its types may be gone since. */
    expect_problem("rules:\n- {name: e, kind: event, relevance_at_least: 1.1}\n", &with,
        "2:46 \"relevance_at_least\" is out of range: 1.1; write a value from 0.0 to 1.0");
    expect_problem("rules:\n- {name: e, kind: event, relevance_atleast: 0.4}\n", &with,
        "2:26 \"relevance_atleast\" is no key of an event rule; did you mean \"relevance_at_least\"?");
    assert_true(load("rules:\n- {name: e, kind: event, types: [weather]}\n", NULL, &problems, &set));
    tw_rules_free(set);
}

static void the_canonical_text_reads_back_as_the_same_set(void **state)
{
    (void)state;
    struct tw_rule_set *set =
        load_good("rules:\n- {name: all, kind: event}\n- {name: some, kind: event, types: "
                  "[halt, probe], severity_at_least: warning, sentiment_below: 0.2, severity_of: type, "
                  "critical: [probe], info: halt, relevance_at_least: 0.4}\n");
    assert_string_equal(set->canonical.bytes,
        "rules:\n"
        "  - name: \"all\"\n    kind: event\n    severity: warning\n    entities: all\n    quiet: 1h\n"
        "    severity_at_least: info\n    in_title: false\n    severity_of: rule\n"
        "  - name: \"some\"\n    kind: event\n    severity: warning\n    entities: all\n    quiet: 1h\n"
        "    types: [\"halt\", \"probe\"]\n    severity_at_least: warning\n    sentiment_below: 0.2\n"
        "    in_title: false\n    severity_of: type\n    critical: [\"probe\"]\n    info: [\"halt\"]\n"
        "    relevance_at_least: 0.4\n");
    struct tw_rule_set *again = load_good(set->canonical.bytes);
    assert_string_equal(again->hash, set->hash);
    tw_rules_free(again);
    tw_rules_free(set);
}

/* Two companies: of A a halt and, behind it, a bankruptcy; of B a probe; a contract of nobody. */
static const struct tw_event told[] = {
    {HALT, 0, 0, 4}, {PROBE, 1, 5, 9}, {BANKRUPTCY, 0, 10, 14}, {CONTRACT, TW_EVENT_OF_NOBODY, 15, 19}};

static uint32_t title_length; /* of the document that rules hear */

static struct tw_headline_list spoken(const char *yaml, int32_t sentiment)
{
    struct tw_rule_set *set = load_good(yaml);
    struct tw_document *document = tw_arena_array(&arena, 1, sizeof *document);
    struct tw_score_row *scores = tw_arena_array(&arena, 8, sizeof *scores);
    struct tw_headline_list list = {0};
    struct tw_error err;
    *document = (struct tw_document){.events = told, .event_count = 4, .title_length = title_length};
    for (uint32_t at = 0; at < 2; at++)
        scores[6 + at] = (struct tw_score_row){.document = 3,
            .symbol = tw_text_of(at ? "B" : "A"),
            .listed = at == 0,
            .relevance.relevance = at ? 3000 : 8000,
            .score.sentiment = sentiment};
    const struct tw_rule_hearing hearing = {document, taxonomy, scores, 6, 2};
    assert_true(tw_rules_speak(set, &hearing, &arena, &list, &err));
    return list; /* rows point into the set, which lives as long as the test */
}

static void a_rule_speaks_for_each_company_by_the_gravest_of_its_events(void **state)
{
    (void)state;
    struct tw_headline_list list = spoken("rules:\n- {name: e, kind: event, severity: critical}\n", 0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.rows[0].document, 3);
    assert_int_equal(list.rows[0].score, 6);
    assert_true(tw_text_equal(list.rows[0].event_type, tw_text_of("bankruptcy")));
    assert_int_equal(list.rows[0].value, -10000);
    assert_int_equal(list.rows[0].severity, TW_SEVERITY_CRITICAL);
    assert_string_equal(list.rows[0].kind, "event");
    assert_int_equal(list.rows[0].keyword.length, 0);
    assert_int_equal(list.rows[1].score, 7);
    assert_true(tw_text_equal(list.rows[1].event_type, tw_text_of("probe")));
}

/* Of A a halt and a bankruptcy, both critical by the taxonomy, of B a probe, which is a warning. */
static void alerts_of_one_rule_are_as_grave_as_what_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *asks, *type_of_a;
        enum tw_severity severity_of_a, severity_of_b;
    } cases[] = {
        {"severity: info", "bankruptcy", TW_SEVERITY_INFO, TW_SEVERITY_INFO},
        {"severity: info, severity_of: type", "bankruptcy", TW_SEVERITY_CRITICAL, TW_SEVERITY_WARNING},
        {"severity: info, critical: [halt], warning: [bankruptcy]", "halt", TW_SEVERITY_CRITICAL,
            TW_SEVERITY_INFO},
        {"severity_of: type, info: [bankruptcy, halt], critical: [probe]", "bankruptcy", TW_SEVERITY_INFO,
            TW_SEVERITY_CRITICAL},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "rules:\n- {name: e, kind: event, %s}\n", cases[at].asks);
        struct tw_headline_list list = spoken(yaml, 0);
        assert_int_equal(list.count, 2);
        assert_true(tw_text_equal(list.rows[0].event_type, tw_text_of(cases[at].type_of_a)));
        assert_int_equal(list.rows[0].severity, cases[at].severity_of_a);
        assert_int_equal(list.rows[1].severity, cases[at].severity_of_b);
    }
}

static enum tw_severity severity_after(const char *yaml, int64_t to_us)
{
    static const enum tw_severity severities[] = {
        TW_SEVERITY_INFO, TW_SEVERITY_WARNING, TW_SEVERITY_CRITICAL, TW_SEVERITY_INFO};
    struct tw_rule_set *set = load_good(yaml);
    const struct tw_rule_span span = {.rules = set, .holds_from_us = TW_NO_TIME};
    struct tw_headline_event rows[4];
    for (int at = 0; at < 4; at++)
        rows[at] = (struct tw_headline_event){.rule = tw_text_of("e"),
            .event_us = (10 * (at / 2) + 1) * SECOND_US, /* two at an edge */
            .value = -5000 + at,
            .severity = severities[at],
            .event_type = tw_text_of("probe")};
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("A"),
        .events = rows,
        .event_count = 4,
        .to_us = to_us};
    struct tw_alerts_output output;
    struct tw_error err;
    assert_true(tw_alerts_evaluate(&input, &arena, &output, &err));
    assert_int_equal(output.alert_count, 1);
    tw_rules_free(set);
    return output.alerts[0].severity;
}

static void an_alert_is_as_grave_as_the_gravest_document_that_spoke(void **state)
{
    (void)state;
    static const char by_type[] =
        "rules:\n- {name: e, kind: event, severity_of: type, severity: info, quiet: 1m}\n";
    static const char by_rule[] = "rules:\n- {name: e, kind: event, severity: info, quiet: 1m}\n";
    assert_int_equal(severity_after(by_type, 10 * SECOND_US), TW_SEVERITY_WARNING);
    assert_int_equal(severity_after(by_type, 20 * SECOND_US), TW_SEVERITY_CRITICAL);
    assert_int_equal(severity_after(by_type, 200 * SECOND_US), TW_SEVERITY_CRITICAL); /* resolved */
    assert_int_equal(severity_after(by_rule, 200 * SECOND_US), TW_SEVERITY_INFO);
}

static void a_rule_for_titles_does_not_hear_what_the_body_tells(void **state)
{
    (void)state;
    static const char titles[] = "rules:\n- {name: e, kind: event, in_title: true}\n";
    title_length = 5; /* the halt of A stands in it; its bankruptcy, and the probe of B, do not */
    struct tw_headline_list list = spoken(titles, 0);
    assert_int_equal(list.count, 1);
    assert_true(tw_text_equal(list.rows[0].event_type, tw_text_of("halt")));
    assert_int_equal(spoken("rules:\n- {name: e, kind: event}\n", 0).count, 2);
    title_length = 0; /* a text without a title is one */
    assert_int_equal(spoken(titles, 0).count, 2);
}

static void what_a_rule_does_not_want_makes_it_silent(void **state)
{
    (void)state;
    static const struct {
        const char *asks;
        int32_t sentiment;
        uint32_t rows;
    } cases[] = {
        {"types: [probe]", 0, 1},
        {"types: [halt]", 0, 1},
        {"types: [contract_won]", 0, 0}, /* of nobody */
        {"severity_at_least: critical", 0, 1},
        {"entities: listed", 0, 1},
        {"entities: [B, C]", 0, 1},
        {"entities: [C]", 0, 0},
        {"sentiment_below: 0.0", -1, 2},
        {"sentiment_below: 0.0", 0, 0},
        {"relevance_at_least: 0.0", 0, 2}, /* of A 0.8, of B 0.3 */
        {"relevance_at_least: 0.3", 0, 2},
        {"relevance_at_least: 0.3001", 0, 1},
        {"relevance_at_least: 0.8", 0, 1},
        {"relevance_at_least: 0.8001", 0, 0},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "rules:\n- {name: e, kind: event, %s}\n", cases[at].asks);
        assert_int_equal(spoken(yaml, cases[at].sentiment).count, cases[at].rows);
    }
}

static void its_alert_has_the_lowest_polarity_and_names_the_event(void **state)
{
    (void)state;
    struct tw_rule_set *set = load_good("rules:\n- {name: e, kind: event, severity: critical, quiet: 1m}\n");
    const struct tw_rule_span span = {.rules = set, .holds_from_us = TW_NO_TIME};
    struct tw_headline_event rows[] = {
        {.rule = tw_text_of("e"), .event_us = SECOND_US, .value = -6000, .event_type = tw_text_of("probe")},
        {.rule = tw_text_of("e"),
            .event_us = 2 * SECOND_US,
            .sentiment = 100,
            .value = -10000,
            .event_type = tw_text_of("bankruptcy")},
    };
    struct tw_alerts_input input = {.spans = &span,
        .span_count = 1,
        .symbol = tw_text_of("A"),
        .events = rows,
        .event_count = 2,
        .from_us = 0,
        .to_us = 100 * SECOND_US};
    struct tw_alerts_output output;
    struct tw_error err;
    assert_true(tw_alerts_evaluate(&input, &arena, &output, &err));
    assert_int_equal(output.change_count, 2);
    assert_int_equal(output.alerts[0].reported, -10000);
    assert_int_equal(output.alerts[0].documents, 2);
    assert_true(tw_text_equal(output.alerts[0].measure, tw_text_of("polarity")));
    assert_string_equal(output.changes[0].reason.bytes,
        "event bankruptcy (polarity -1.0, sentiment 0.01) the worst of 2 documents");
    assert_string_equal(output.changes[1].reason.bytes, "no further event for 1m");
    assert_int_equal(output.changes[1].at_us, 70 * SECOND_US);
    tw_rules_free(set);
}

/* What is shipped goes together: the rule for the gravest eight, and the types that it names. */
static void the_shipped_rules_name_types_of_the_shipped_events(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_problems problems;
    struct tw_taxonomy *shipped;
    struct tw_rule_set *set;
    struct tw_text file;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_taxonomy_read(TW_SOURCE_DIR "/config/events.yaml", &problems, &shipped, &err));
    assert_true(tw_file_read(TW_SOURCE_DIR "/config/rules.yaml", 1 << 20, &arena, &file, &err));
    const struct tw_rule_bounds bounds = {.events = shipped};
    assert_true(load(file.bytes, &bounds, &problems, &set));
    const struct tw_rule *rule = tw_rules_find(set, tw_text_of("grave-event"));
    assert_non_null(rule);
    assert_int_equal(rule->severity, TW_SEVERITY_CRITICAL);
    tw_rules_free(set);
    tw_taxonomy_free(shipped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_is_held_to_the_events_that_there_are),
        cmocka_unit_test(the_canonical_text_reads_back_as_the_same_set),
        cmocka_unit_test(a_rule_speaks_for_each_company_by_the_gravest_of_its_events),
        cmocka_unit_test(alerts_of_one_rule_are_as_grave_as_what_is_told),
        cmocka_unit_test(an_alert_is_as_grave_as_the_gravest_document_that_spoke),
        cmocka_unit_test(a_rule_for_titles_does_not_hear_what_the_body_tells),
        cmocka_unit_test(what_a_rule_does_not_want_makes_it_silent),
        cmocka_unit_test(its_alert_has_the_lowest_polarity_and_names_the_event),
        cmocka_unit_test(the_shipped_rules_name_types_of_the_shipped_events),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
