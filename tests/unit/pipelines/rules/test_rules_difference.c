/* rules_difference: what somebody changed, in his own words. */
#include "rules/rules_difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tw_rule_set *load(struct tw_arena *arena, const char *text)
{
    struct tw_text_file source = {"rules.yaml", tw_text_of(text)};
    struct tw_problems problems;
    struct tw_rule_set *set = NULL;
    struct tw_error err = {0};
    tw_problems_begin(&problems, arena);
    if (!tw_rules_load(&source, NULL, &problems, &set, &err))
        fail_msg("%s: %s", err.where, err.what);
    return set;
}

static void assert_difference(const char *before, const char *after, const char *expected)
{
    struct tw_arena arena = {0};
    struct tw_error err = {0};
    struct tw_text text;
    assert_true(tw_arena_begin(&arena, 4 << 20, &err));
    struct tw_rule_set *old = before ? load(&arena, before) : NULL;
    struct tw_rule_set *new = after ? load(&arena, after) : NULL;
    assert_true(tw_rules_difference(old, new, &arena, &text, &err));
    if (!tw_text_equal(text, tw_text_of(expected)))
        fail_msg("wanted \"%s\", got \"%.*s\"", expected, (int)text.length, text.bytes);
    tw_rules_free(old);
    tw_rules_free(new);
    tw_arena_end(&arena);
}

#define RULES(below)                                                                                         \
    "rules:\n  - {name: bad-news, kind: threshold, measure: negative_sum, window: 10m, below: " below "}\n"
#define STRONG "  - {name: strong, kind: headline, at_most: -0.9, keywords: [fraud]}\n"

static void a_number_that_moved_is_shown_before_and_after(void **state)
{
    (void)state;
    /* `resolve` follows `below` where the file does not say it. */
    assert_difference(
        "rules:\n  - {name: bad-news, kind: threshold, measure: negative_sum, window: 10m, below: -2.5, resolve: -1}\n",
        "rules:\n  - {name: bad-news, kind: threshold, measure: negative_sum, window: 10m, below: -2.0, resolve: -1}\n",
        "bad-news.below -2.5 → -2.0");
}

static void rules_come_and_go(void **state)
{
    (void)state;
    assert_difference(RULES("-3"), RULES("-3") STRONG, "strong added");
    assert_difference(RULES("-3") STRONG, RULES("-3"), "strong removed");
    assert_difference(NULL, RULES("-3"), "bad-news added");
    assert_difference(RULES("-3"), NULL, "bad-news removed");
    assert_difference(RULES("-3") STRONG, "rules:\n  - {name: calm, kind: headline, at_most: -0.5}\n" STRONG,
        "bad-news removed, calm added");
}

static void sets_that_mean_the_same_do_not_differ(void **state)
{
    (void)state;
    assert_difference(NULL, NULL, "");
    assert_difference(NULL, "rules: []\n", "");
    assert_difference(RULES("-3") STRONG,
        "# other order\nrules:\n" STRONG
        "  - {name: bad-news, kind: threshold, measure: negative_sum, window: 600s, below: -3.0}\n",
        "");
}

static void a_key_that_one_of_them_leaves_out_is_none_there(void **state)
{
    (void)state;
    assert_difference("rules:\n  - {name: strong, kind: headline, at_most: -0.9}\n",
        "rules:\n  - {name: strong, kind: headline, at_most: -0.9, keywords: [\"frau d\"]}\n",
        "strong.keywords none → [\"frau d\"]");
    assert_difference(
        "rules:\n  - {name: strong, kind: headline, at_most: -0.9, quiet: 30m, entities: listed}\n",
        "rules:\n  - {name: strong, kind: headline, at_most: -0.9, quiet: 30m, entities: [OM], severity: critical}\n",
        "strong.severity warning → critical, strong.entities listed → [\"OM\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_moved_is_shown_before_and_after),
        cmocka_unit_test(rules_come_and_go),
        cmocka_unit_test(sets_that_mean_the_same_do_not_differ),
        cmocka_unit_test(a_key_that_one_of_them_leaves_out_is_none_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
