/* rules: a file to a checked set, every mistake named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "rule_kinds/headline.h"
#include "rule_kinds/kinds.h"
#include "rule_kinds/threshold.h"
#include "rules/rules.h"
#include "test_arena.h"

#define S INT64_C(1000000)

static struct tw_rule_set *load(const char *yaml, const char **wrong)
{
    struct tw_text_file *source = tw_arena_take(&arena, sizeof *source);
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    struct tw_text text;
    assert_non_null(source);
    *source = (struct tw_text_file){"rules.yaml", tw_text_of(yaml)};
    tw_problems_begin(&problems, &arena);
    bool loaded = tw_rules_load(source, NULL, &problems, &set, &err);
    assert_int_equal(loaded, problems.count == 0);
    assert_int_equal(loaded, set != NULL);
    if (!loaded)
        assert_int_equal(err.code, TW_CONFIG);
    assert_true(tw_problems_render(&problems, &arena, &text, &err));
    *wrong = text.bytes;
    return set;
}

static struct tw_rule_set *load_good(const char *yaml)
{
    const char *wrong;
    struct tw_rule_set *set = load(yaml, &wrong);
    assert_string_equal(wrong, "");
    return set;
}

static void a_file_is_read_into_integers_with_its_defaults(void **state)
{
    (void)state;
    struct tw_rule_set *set =
        load_good("rules:\n"
                  "- {name: z, kind: threshold, window: 10m, below: -3}\n"
                  "- {name: c, kind: threshold, measure: count, window: 1h, at_least: 5}\n"
                  "- {name: h, kind: headline, entities: [OM, AAPL, OM], keywords: Fraud}\n");
    assert_int_equal(set->count, 3);
    assert_int_equal(set->longest_window_us, 3600 * S);
    const struct tw_rule *z = tw_rules_find(set, tw_text_of("z"));
    assert_ptr_equal(z, &set->rules[2]);
    assert_int_equal(z->window_us, 600 * S);
    assert_int_equal(tw_threshold_of(z)->below, -30000);
    assert_int_equal(tw_threshold_of(z)->resolve, -15000);
    assert_int_equal(tw_threshold_of(z)->at_least, 1);
    assert_int_equal(z->quiet_us, 1800 * S);
    assert_int_equal(tw_threshold_of(z)->step, 50);
    assert_int_equal(z->severity, TW_SEVERITY_WARNING);
    const struct tw_rule *c = tw_rules_find(set, tw_text_of("c"));
    assert_int_equal(tw_threshold_of(c)->at_least, 5);
    assert_int_equal(tw_threshold_of(c)->resolve, 25000);
    const struct tw_rule *h = tw_rules_find(set, tw_text_of("h"));
    assert_int_equal(tw_headline_of(h)->at_most, -9000);
    assert_int_equal(h->window_us, 0);
    assert_string_equal(z->measure, "negative_sum");
    assert_string_equal(c->measure, "count");
    assert_string_equal(h->measure, "sentiment");
    assert_int_equal(h->symbol_count, 2);
    assert_true(tw_text_equal(h->symbols[0], tw_text_of("AAPL")));
    assert_true(tw_text_equal(tw_headline_of(h)->keywords[0], tw_text_of("fraud")));
    assert_null(tw_rules_find(set, tw_text_of("nobody")));
    tw_rules_free(set);
}

static void no_rules_must_be_written_as_no_rules(void **state)
{
    (void)state;
    struct tw_rule_set *set = load_good("rules: []\n");
    assert_int_equal(set->count, 0);
    assert_int_equal(set->longest_window_us, 0);
    assert_null(tw_rules_find(set, tw_text_of("x")));
    tw_rules_free(set);
    tw_rules_free(NULL);
}

struct wrong_case {
    const char *yaml;
    const char *message;
};

/* Each bad file and exactly what is said of it. */
static const struct wrong_case wrong_cases[] = {
    {"", "rules.yaml: holds no rules; cure: write `rules:` and a list; `rules: []` for none\n"},
    {"rule: []", "rules.yaml:1:1: \"rule\" is no key of a rules file; cure: did you mean \"rules\"?\n"
                 "    1 | rule: []\n      | ^\n"},
    {"rules: x",
        "rules.yaml:1:8: \"rules\" is no list; cure: write each rule as an item, `- name: ...`; `rules: []` "
        "for none\n"
        "    1 | rules: x\n      |        ^\n"},
    {"rules: [x]", "rules.yaml:1:9: a rule is no map; cure: write its keys, one a line, as `name: value`\n"
                   "    1 | rules: [x]\n      |         ^\n"},
    {"rules:\n- name: a",
        "rules.yaml:2:3: a rule needs \"kind\"; cure: add `kind: threshold`, `kind: headline`, `kind: event`, "
        "`kind: shift`, `kind: burst`, `kind: all` or `kind: any`\n"
        "    2 | - name: a\n      |   ^\n"},
    {"rules:\n- kind: treshold",
        "rules.yaml:2:9: \"kind\" cannot be \"treshold\"; cure: did you mean \"threshold\"?\n"
        "    2 | - kind: treshold\n      |         ^\n"},
    /* several at once, in the order of the file */
    {"rules:\n"
     "  - name: bad news\n"
     "    kind: threshold\n"
     "    windw: 10m\n"
     "    below: -3\n"
     "    quiet: 30\n"
     "  - name: h\n"
     "    kind: headline\n"
     "    at_most: 0.5\n",
        "rules.yaml:2:11: \"name\" has a character that is not allowed; cure: use letters, digits, `-`, `_` and `.`\n"
        "    2 |   - name: bad news\n"
        "      |           ^\n"
        "rules.yaml:4:5: \"windw\" is no key of a threshold rule; cure: did you mean \"window\"?\n"
        "    4 |     windw: 10m\n"
        "      |     ^\n"
        "rules.yaml:6:12: \"quiet\" is a number without its unit: 30; cure: write a duration such as 10s, 5m or 1h\n"
        "    6 |     quiet: 30\n"
        "      |            ^\n"
        "rules.yaml:9:14: \"at_most\" is out of range: 0.5; cure: write a value from -1.0 to 0.0\n"
        "    9 |     at_most: 0.5\n"
        "      |              ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 15s, below: -1}",
        "rules.yaml:2:38: \"window\" is no multiple of 10s: 15s; cure: write 20s\n"
        "    2 | - {name: a, kind: threshold, window: 15s, below: -1}\n"
        "      |                                      ^\n"},
    {"rules:\n- {name: a, kind: headline, quiet: 15001ms}",
        "rules.yaml:2:36: \"quiet\" is no multiple of 10s: 15001ms; cure: write 20s\n"
        "    2 | - {name: a, kind: headline, quiet: 15001ms}\n"
        "      |                                    ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 8d, below: -1}",
        "rules.yaml:2:38: \"window\" is out of range: 8d; cure: write a value from 10s to 7d\n"
        "    2 | - {name: a, kind: threshold, window: 8d, below: -1}\n"
        "      |                                      ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s}",
        "rules.yaml:2:3: a threshold rule needs \"below\"; cure: add `below:`, a number of at most 4 decimal places\n"
        "    2 | - {name: a, kind: threshold, window: 10s}\n"
        "      |   ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s, below: 0.5}",
        "rules.yaml:2:50: \"below\" is out of range: 0.5; cure: write a value from -1000000.0 to -0.0001\n"
        "    2 | - {name: a, kind: threshold, window: 10s, below: 0.5}\n"
        "      |                                                  ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s, measure: mean, below: -1}",
        "rules.yaml:2:65: no mean can be \"below\" -1; cure: write a value from -0.9999 to -0.0001\n"
        "    2 | - {name: a, kind: threshold, window: 10s, measure: mean, below: -1}\n"
        "      |                                                                 ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s, measure: count, below: -1, at_least: 3}",
        "rules.yaml:2:66: a count is never \"below\"; cure: take it out, or measure negative_sum or mean instead\n"
        "    2 | - {name: a, kind: threshold, window: 10s, measure: count, below: -1, at_least: 3}\n"
        "      |                                                                  ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s, measure: count}",
        "rules.yaml:2:3: a threshold rule that counts needs \"at_least\"; cure: add `at_least:`, a whole number without "
        "a unit\n"
        "    2 | - {name: a, kind: threshold, window: 10s, measure: count}\n"
        "      |   ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s, below: -3, resolve: -4}",
        "rules.yaml:2:63: \"resolve\" is out of range for this rule: -4; cure: write a value from -3.0 to 0.0\n"
        "    2 | - {name: a, kind: threshold, window: 10s, below: -3, resolve: -4}\n"
        "      |                                                               ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10s, measure: count, at_least: 3, resolve: 3}",
        "rules.yaml:2:81: \"resolve\" is out of range for this rule: 3; cure: write a value from 0.0 to 2.9999\n"
        "    2 | - {name: a, kind: threshold, window: 10s, measure: count, at_least: 3, resolve: 3}\n"
        "      |                                                                                 ^\n"},
    {"rules:\n- {name: a, kind: headline, entities: lsted}",
        "rules.yaml:2:39: \"entities\" cannot be \"lsted\"; cure: did you mean \"listed\"?\n"
        "    2 | - {name: a, kind: headline, entities: lsted}\n"
        "      |                                       ^\n"},
    {"rules:\n- {name: a, kind: headline, entities: AAPL}",
        "rules.yaml:2:39: \"entities\" cannot be \"AAPL\"; cure: write all, listed, or a list such as [AAPL, OM]\n"
        "    2 | - {name: a, kind: headline, entities: AAPL}\n"
        "      |                                       ^\n"},
    {"rules:\n- {name: a, kind: headline, keywords: [x, \"a\\tb\"]}",
        "rules.yaml:2:39: item 2 of \"keywords\" holds a control character; cure: take it out\n"
        "    2 | - {name: a, kind: headline, keywords: [x, \"a\\tb\"]}\n"
        "      |                                       ^\n"},
    {"rules:\n- {name: a, kind: headline}\n- {name: a, kind: headline}",
        "rules.yaml:3:10: a second rule is called \"a\"; cure: give it another name\n"
        "    3 | - {name: a, kind: headline}\n"
        "      |          ^\n"},
    {"rules:\n- {name: a, kind: headline, severity: fatal}",
        "rules.yaml:2:39: \"severity\" cannot be \"fatal\"; cure: write one of info, warning, critical\n"
        "    2 | - {name: a, kind: headline, severity: fatal}\n"
        "      |                                       ^\n"},
    {"rules:\n- {name: a, kind: headline, measure: mean}",
        "rules.yaml:2:29: \"measure\" is no key of a headline rule; cure: its keys are name, kind, severity, entities, "
        "quiet, at_most, keywords, relevance_at_least, min_stories, window\n"
        "    2 | - {name: a, kind: headline, measure: mean}\n"
        "      |                             ^\n"},
    {"rules:\n- {name: a, kind: headline, window: 10m}",
        "rules.yaml:2:37: \"window\" says within which time \"min_stories\" are counted, and there is none; cure: add "
        "`min_stories:`, or take it out\n"
        "    2 | - {name: a, kind: headline, window: 10m}\n"
        "      |                                     ^\n"},
    {"rules:\n- {name: a, kind: headline, min_stories: 2, window: 15s}",
        "rules.yaml:2:53: \"window\" is no multiple of 10s: 15s; cure: write 20s\n"
        "    2 | - {name: a, kind: headline, min_stories: 2, window: 15s}\n"
        "      |                                                     ^\n"},
    {"rules:\n- {name: b, kind: headline}\n- {name: c, kind: headline}\n"
     "- {name: a, kind: all, rules: [b, c], min_stories: 2}",
        "rules.yaml:4:39: \"min_stories\" is no key of an all rule; cure: its keys are name, kind, severity, entities, "
        "quiet, rules, window\n"
        "    4 | - {name: a, kind: all, rules: [b, c], min_stories: 2}\n"
        "      |                                       ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10m, below: -3, update_step: 0.5}",
        "rules.yaml:2:67: \"update_step\" is a number without its unit: 0.5; cure: write a percentage such as 50%\n"
        "    2 | - {name: a, kind: threshold, window: 10m, below: -3, update_step: 0.5}\n"
        "      |                                                                   ^\n"},
    {"rules:\n- {name: a, kind: all, rules: [a, b, c, lost, b]}\n- {name: b, kind: headline}\n"
     "- {name: c, kind: any, rules: [b, bb]}\n",
        "rules.yaml:2:32: the rule names itself; cure: name other rules\n"
        "    2 | - {name: a, kind: all, rules: [a, b, c, lost, b]}\n"
        "      |                                ^\n"
        "rules.yaml:2:38: \"c\" is of kind \"any\" itself; cure: name the rules that it names instead\n"
        "    2 | - {name: a, kind: all, rules: [a, b, c, lost, b]}\n"
        "      |                                      ^\n"
        "rules.yaml:2:41: there is no rule \"lost\"; cure: name rules of this file\n"
        "    2 | - {name: a, kind: all, rules: [a, b, c, lost, b]}\n"
        "      |                                         ^\n"
        "rules.yaml:2:47: a rule is named twice; cure: name each rule once\n"
        "    2 | - {name: a, kind: all, rules: [a, b, c, lost, b]}\n"
        "      |                                               ^\n"
        "rules.yaml:4:35: there is no rule \"bb\"; cure: did you mean \"b\"?\n"
        "    4 | - {name: c, kind: any, rules: [b, bb]}\n"
        "      |                                   ^\n"},
    {"rules:\n- {name: bad-news, kind: headline}\n- {name: x, kind: any, rules: [bad-news, bad-mews]}\n",
        "rules.yaml:3:42: there is no rule \"bad-mews\"; cure: did you mean \"bad-news\"?\n"
        "    3 | - {name: x, kind: any, rules: [bad-news, bad-mews]}\n"
        "      |                                          ^\n"},
    {"rules:\n- {name: s, kind: shift, window: 7d, days: 3, at_least_days: 2}",
        "rules.yaml:2:44: a baseline of 3 days is shorter than its window; cure: give it more days, or a "
        "shorter window\n"
        "    2 | - {name: s, kind: shift, window: 7d, days: 3, at_least_days: 2}\n"
        "      |                                            ^\n"},
    {"rules:\n- {name: s, kind: shift, window: 1h, days: 3}",
        "rules.yaml:2:44: \"at_least_days\" 10 of 3 can never be; cure: give it no more than `days`\n"
        "    2 | - {name: s, kind: shift, window: 1h, days: 3}\n"
        "      |                                            ^\n"},
    {"rules:\n- {name: s, kind: shift, window: 1h, z_below: -3, resolve: -3.5}",
        "rules.yaml:2:60: \"resolve\" is out of range for this rule: -3.5; cure: write a value from -3.0 on\n"
        "    2 | - {name: s, kind: shift, window: 1h, z_below: -3, resolve: -3.5}\n"
        "      |                                                            ^\n"},
    {"rules:\n- {name: b, kind: burst, window: 1h, probability: 1e-3, resolve: 1e-4}",
        "rules.yaml:2:66: an alert could be quiet where it opens: \"resolve\" 1e-4, \"probability\" 1e-3; cure: "
        "write one that is not below `probability`\n"
        "    2 | - {name: b, kind: burst, window: 1h, probability: 1e-3, resolve: 1e-4}\n"
        "      |                                                                  ^\n"},
};

static void each_mistake_is_named_with_its_place_and_cure(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof wrong_cases / sizeof wrong_cases[0]; at++) {
        const char *wrong;
        assert_null(load(wrong_cases[at].yaml, &wrong));
        assert_string_equal(wrong, wrong_cases[at].message);
    }
}

static void any_cut_of_a_good_file_is_refused_or_read_and_never_falls(void **state)
{
    (void)state;
    struct tw_text file;
    struct tw_error err;
    assert_true(tw_file_read(TW_SOURCE_DIR "/config/rules.yaml", 1 << 20, &arena, &file, &err));
    for (size_t length = 0; length < file.length; length += 7) {
        size_t mark = tw_arena_mark(&arena);
        struct tw_text_file source = {"rules.yaml", {file.bytes, length}};
        struct tw_problems problems;
        struct tw_rule_set *set;
        tw_problems_begin(&problems, &arena);
        bool loaded = tw_rules_load(&source, NULL, &problems, &set, &err);
        assert_int_equal(loaded, problems.count == 0);
        tw_rules_free(set);
        tw_arena_rewind(&arena, mark);
    }
}

/* The comment marks of the examples at its end taken away, it is a file with a rule of every kind. */
static void the_sample_file_is_right_and_shows_all_kinds(void **state)
{
    (void)state;
    struct tw_text file;
    struct tw_error err;
    assert_true(tw_file_read(TW_SOURCE_DIR "/config/rules.yaml", 1 << 20, &arena, &file, &err));
    tw_rules_free(load_good(file.bytes));
    char *text = tw_arena_take(&arena, file.length + 1);
    assert_non_null(text);
    memcpy(text, file.bytes, file.length);
    text[file.length] = '\0';
    for (char *at = strstr(text, "\n  # - name:"); at; at = strstr(at, "\n  # "))
        memmove(at + 3, at + 5, strlen(at + 5) + 1);
    struct tw_rule_set *set = load_good(text);
    for (size_t kind = 0; tw_rule_kinds[kind]; kind++) {
        bool seen = false;
        for (uint32_t at = 0; at < set->count; at++)
            seen = seen || set->rules[at].kind == tw_rule_kinds[kind];
        if (!seen)
            fail_msg("no rule of kind %s", tw_rule_kinds[kind]->name);
    }
    tw_rules_free(set);
}

/* A megabyte of the densest YAML is answered with its problems, not with a want of memory. */
static void the_largest_and_densest_files_are_answered_in_full(void **state)
{
    (void)state;
    enum { LENGTH = 1 << 20 };
    static const char *const patterns[] = {"a,", "{},", "{a: b},", "\"\\u00e9\","};
    char *bytes = tw_arena_take(&arena, LENGTH + 64);
    assert_non_null(bytes);
    for (size_t pattern = 0; pattern < sizeof patterns / sizeof patterns[0]; pattern++) {
        static const char before[] = "rules: [{name: a, kind: headline, keywords: [";
        size_t length = (size_t)snprintf(bytes, 64, "%s", before);
        size_t piece = strlen(patterns[pattern]);
        while (length + piece + 3 <= LENGTH) {
            memcpy(bytes + length, patterns[pattern], piece);
            length += piece;
        }
        memcpy(bytes + length, "]}]", 3);
        size_t mark = tw_arena_mark(&arena);
        struct tw_text_file source = {"rules.yaml", {bytes, length + 3}};
        struct tw_problems problems;
        struct tw_rule_set *set;
        struct tw_error err;
        tw_problems_begin(&problems, &arena);
        assert_false(tw_rules_load(&source, NULL, &problems, &set, &err));
        assert_int_equal(err.code, TW_CONFIG);
        assert_null(strstr(err.what, "memory"));
        tw_arena_rewind(&arena, mark);
    }
    struct tw_text_file large = {"rules.yaml", {bytes, LENGTH + 1}};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_false(tw_rules_load(&large, NULL, &problems, &set, &err));
    assert_string_equal(err.what, "larger than 1048576 bytes");
}

static void a_rule_covers_what_its_file_says(void **state)
{
    (void)state;
    struct tw_rule_set *set =
        load_good("rules:\n- {name: a, kind: headline}\n- {name: b, kind: headline, entities: listed}\n"
                  "- {name: c, kind: headline, entities: [X, Y]}\n");
    assert_true(tw_rule_covers(&set->rules[0], tw_text_of("Q"), false));
    assert_false(tw_rule_covers(&set->rules[1], tw_text_of("Q"), false));
    assert_true(tw_rule_covers(&set->rules[1], tw_text_of("Q"), true));
    assert_true(tw_rule_covers(&set->rules[2], tw_text_of("Y"), false));
    assert_false(tw_rule_covers(&set->rules[2], tw_text_of("Q"), true));
    tw_rules_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_into_integers_with_its_defaults),
        cmocka_unit_test(no_rules_must_be_written_as_no_rules),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_cure),
        cmocka_unit_test(any_cut_of_a_good_file_is_refused_or_read_and_never_falls),
        cmocka_unit_test(the_sample_file_is_right_and_shows_all_kinds),
        cmocka_unit_test(the_largest_and_densest_files_are_answered_in_full),
        cmocka_unit_test(a_rule_covers_what_its_file_says),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
