/* rules: a file to a checked list, every mistake named; and the rule that speaks for one document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/rules.h"
#include "base/file.h"

#define S INT64_C(1000000)

static struct tw_arena arena;

static int open_arena(void **state)
{
    (void)state;
    struct tw_error err;
    return tw_arena_begin(&arena, 32 << 20, &err) ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

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
    bool loaded = tw_rules_load(source, &problems, &set, &err);
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
    assert_int_equal(z->below, -30000);
    assert_int_equal(z->resolve, -15000);
    assert_int_equal(z->at_least, 1);
    assert_int_equal(z->quiet_us, 1800 * S);
    assert_int_equal(z->step, 50);
    assert_int_equal(z->severity, TW_SEVERITY_WARNING);
    const struct tw_rule *c = tw_rules_find(set, tw_text_of("c"));
    assert_int_equal(c->at_least, 5);
    assert_int_equal(c->resolve, 25000);
    const struct tw_rule *h = tw_rules_find(set, tw_text_of("h"));
    assert_int_equal(h->at_most, -9000);
    assert_int_equal(h->symbol_count, 2);
    assert_true(tw_text_equal(h->symbols[0], tw_text_of("AAPL")));
    assert_true(tw_text_equal(h->keywords[0], tw_text_of("fraud")));
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
        "rules.yaml:2:3: a rule needs \"kind\"; cure: add `kind: threshold` or `kind: headline`\n"
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
    {"rules:\n- {name: a, kind: headline, window: 10m}",
        "rules.yaml:2:29: \"window\" is no key of a headline rule; cure: its keys are name, kind, severity, entities, "
        "quiet, at_most, keywords\n"
        "    2 | - {name: a, kind: headline, window: 10m}\n"
        "      |                             ^\n"},
    {"rules:\n- {name: a, kind: threshold, window: 10m, below: -3, update_step: 0.5}",
        "rules.yaml:2:67: \"update_step\" is a number without its unit: 0.5; cure: write a percentage such as 50%\n"
        "    2 | - {name: a, kind: threshold, window: 10m, below: -3, update_step: 0.5}\n"
        "      |                                                                   ^\n"},
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
        bool loaded = tw_rules_load(&source, &problems, &set, &err);
        assert_int_equal(loaded, problems.count == 0);
        tw_rules_free(set);
        tw_arena_rewind(&arena, mark);
    }
}

static void the_sample_file_is_right_and_has_all_kinds(void **state)
{
    (void)state;
    struct tw_text file;
    struct tw_error err;
    assert_true(tw_file_read(TW_SOURCE_DIR "/config/rules.yaml", 1 << 20, &arena, &file, &err));
    struct tw_rule_set *set = load_good(file.bytes);
    bool seen[2] = {false, false};
    for (uint32_t at = 0; at < set->count; at++)
        seen[set->rules[at].kind] = true;
    assert_true(seen[TW_RULE_THRESHOLD] && seen[TW_RULE_HEADLINE]);
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
        assert_false(tw_rules_load(&source, &problems, &set, &err));
        assert_int_equal(err.code, TW_CONFIG);
        assert_null(strstr(err.what, "memory"));
        tw_arena_rewind(&arena, mark);
    }
    struct tw_text_file large = {"rules.yaml", {bytes, LENGTH + 1}};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_false(tw_rules_load(&large, &problems, &set, &err));
    assert_string_equal(err.what, "larger than 1048576 bytes");
}

static void comments_order_and_defaults_left_out_make_no_new_set(void **state)
{
    (void)state;
    struct tw_rule_set *one = load_good("rules:\n- {name: b, kind: headline, at_most: -0.9}\n"
                                        "- {name: a, kind: threshold, window: 600s, below: -3.0}\n");
    struct tw_rule_set *other =
        load_good("# the same\nrules:\n"
                  "- kind: threshold\n  name: a\n  below: -3\n  window: 10m\n  quiet: 1800s\n"
                  "- {kind: headline, name: b, severity: warning, entities: all}\n");
    assert_string_equal(one->hash, other->hash);
    struct tw_rule_set *third = load_good("rules:\n- {name: b, kind: headline, at_most: -0.8999}\n"
                                          "- {name: a, kind: threshold, window: 600s, below: -3.0}\n");
    assert_string_not_equal(one->hash, third->hash);
    tw_rules_free(one);
    tw_rules_free(other);
    tw_rules_free(third);
}

static void the_canonical_text_is_a_rules_file_that_gives_the_same_set(void **state)
{
    (void)state;
    static const char *const files[] = {
        "rules: []",
        "rules:\n- {name: x, kind: headline, entities: [B, \"A\\\"\\\\\xE2\x80\xA8\"], keywords: [\xC3\x89t\xC3\xA9, \"q\\\"s\"]}\n"
        "- {name: c, kind: threshold, measure: count, at_least: 3, window: 90s, resolve: 1.5}\n"
        "- {name: m, kind: threshold, measure: mean, below: -0.0001, window: 7d, update_step: 1000%}\n",
    };
    for (size_t at = 0; at < 2; at++) {
        struct tw_rule_set *set = load_good(files[at]);
        struct tw_rule_set *again = load_good(set->canonical.bytes);
        assert_string_equal(set->canonical.bytes, again->canonical.bytes);
        assert_string_equal(set->hash, again->hash);
        tw_rules_free(set);
        tw_rules_free(again);
    }
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

struct keyword_case {
    const char *text;
    const char *keyword;
};

static void keywords_are_whole_words_in_any_case_and_the_first_listed_is_named(void **state)
{
    (void)state;
    static const struct keyword_case cases[] = {
        {"Fraud at OM", "fraud"},
        {"a FRAUD.", "fraud"},
        {"defrauded", ""},
        {"frauds", ""},
        {"fraud2", ""},
        {"fraud\xC3\xA9", ""},
        {"\xC3\xA9"
         "fraud",
            ""},
        {"non-fraud", "fraud"},
        {"a Profit Warning", "profit warning"},
        {"a profit warnings", ""},
        {"profit warning and fraud", "fraud"},
        {"\xC3\x89T\xC3\x89", "\xC3\xA9t\xC3\xA9"},
        {"buys C++ shop", "c++"},
        {"", ""},
        {"frau", ""},
        {"broken \xFF\xFE"
         "fraud",
            "fraud"},
    };
    struct tw_rule_set *set = load_good(
        "rules:\n- {name: a, kind: headline, keywords: [fraud, Profit warning, \xC3\xA9t\xC3\xA9, C++]}\n");
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_text found = tw_rule_keyword(&set->rules[0], tw_text_of(cases[at].text));
        if (!tw_text_equal(found, tw_text_of(cases[at].keyword)))
            fail_msg("\"%s\" gives \"%.*s\"", cases[at].text, (int)found.length, found.bytes);
    }
    tw_rules_free(set);
}

static void the_headline_rule_speaks_for_each_entity_negative_enough(void **state)
{
    (void)state;
    struct tw_rule_set *set = load_good(
        "rules:\n- {name: any, kind: headline, at_most: -0.5}\n"
        "- {name: word, kind: headline, at_most: -0.9, entities: listed, keywords: [fraud, probe]}\n"
        "- {name: sum, kind: threshold, below: -1, window: 10m}\n");
    struct tw_document documents[2] = {
        {.text = tw_text_of("calm")}, {.text = tw_text_of("A probe into A and B")}};
    struct tw_score_row scores[] = {
        {.document = 0, .symbol = tw_text_of("Z"), .score.sentiment = -10000},
        {.document = 1, .symbol = tw_text_of("A"), .listed = true, .score.sentiment = -9000},
        {.document = 1, .symbol = tw_text_of("B"), .listed = false, .score.sentiment = -9500},
        {.document = 1, .symbol = tw_text_of("C"), .listed = true, .score.sentiment = -4999},
    };
    struct tw_headline_list list = {0};
    struct tw_error err;
    assert_true(tw_rules_headline(set, documents, 0, scores, 0, 1, &arena, &list, &err));
    assert_int_equal(list.count, 1);
    assert_true(tw_rules_headline(set, documents, 1, scores, 1, 3, &arena, &list, &err));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.rows[1].score, 1);
    assert_int_equal(list.rows[2].score, 2);
    assert_int_equal(list.rows[3].score, 1);
    assert_int_equal(list.rows[3].document, 1);
    assert_true(tw_text_equal(list.rows[3].rule, tw_text_of("word")));
    assert_true(tw_text_equal(list.rows[3].keyword, tw_text_of("probe")));
    assert_int_equal(list.rows[1].keyword.length, 0);
    assert_true(tw_rules_headline(NULL, documents, 1, scores, 1, 3, &arena, &list, &err));
    for (int round = 0; round < 1000; round++)
        assert_true(tw_rules_headline(set, documents, 1, scores, 1, 3, &arena, &list, &err));
    assert_int_equal(list.count, 3004);
    assert_true(tw_text_equal(list.rows[3].keyword, tw_text_of("probe")));
    tw_rules_free(set);
}

/* deploy/docs/rules.md holds the reference between two marks, as it comes from the tables. */
static void the_page_for_analysts_holds_the_reference_of_the_tables(void **state)
{
    (void)state;
    static const char begin[] = "<!-- reference: made from the tables in pipelines/alert/rules.c -->\n\n";
    static const char end[] = "\n<!-- end of reference -->";
    struct tw_text page, reference;
    struct tw_error err;
    assert_true(tw_rules_reference(&arena, &reference, &err));
    assert_true(tw_file_read(TW_SOURCE_DIR "/deploy/docs/rules.md", 1 << 20, &arena, &page, &err));
    struct tw_text page_copy = tw_arena_copy(&arena, page);
    const char *from = strstr(page_copy.bytes, begin);
    assert_non_null(from);
    from += sizeof begin - 1;
    const char *to = strstr(from, end);
    assert_non_null(to);
    struct tw_text held = tw_arena_copy(&arena, (struct tw_text){from, (size_t)(to - from)});
    assert_string_equal(held.bytes, reference.bytes);
}

/* Every example of the page, between ```yaml and ```, is a rules file that loads. */
static void every_example_of_the_page_loads(void **state)
{
    (void)state;
    struct tw_text page;
    struct tw_error err;
    assert_true(tw_file_read(TW_SOURCE_DIR "/deploy/docs/rules.md", 1 << 20, &arena, &page, &err));
    const char *at = tw_arena_copy(&arena, page).bytes;
    int examples = 0;
    while ((at = strstr(at, "```yaml\n"))) {
        at += strlen("```yaml\n");
        const char *end = strstr(at, "```");
        assert_non_null(end);
        struct tw_text example = tw_arena_copy(&arena, (struct tw_text){at, (size_t)(end - at)});
        tw_rules_free(load_good(example.bytes));
        examples++;
        at = end + 3;
    }
    assert_true(examples >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_into_integers_with_its_defaults),
        cmocka_unit_test(no_rules_must_be_written_as_no_rules),
        cmocka_unit_test(each_mistake_is_named_with_its_place_and_cure),
        cmocka_unit_test(any_cut_of_a_good_file_is_refused_or_read_and_never_falls),
        cmocka_unit_test(the_sample_file_is_right_and_has_all_kinds),
        cmocka_unit_test(the_largest_and_densest_files_are_answered_in_full),
        cmocka_unit_test(comments_order_and_defaults_left_out_make_no_new_set),
        cmocka_unit_test(the_canonical_text_is_a_rules_file_that_gives_the_same_set),
        cmocka_unit_test(a_rule_covers_what_its_file_says),
        cmocka_unit_test(keywords_are_whole_words_in_any_case_and_the_first_listed_is_named),
        cmocka_unit_test(the_headline_rule_speaks_for_each_entity_negative_enough),
        cmocka_unit_test(the_page_for_analysts_holds_the_reference_of_the_tables),
        cmocka_unit_test(every_example_of_the_page_loads),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
