/* watched_rules: from which edge on an entity is covered whose watch lists change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert/watched_rules.h"
#include "test_arena.h"

static struct tw_rule_set *load(const char *yaml)
{
    struct tw_text_file source = {"rules.yaml", tw_text_of(yaml)};
    struct tw_problems problems;
    struct tw_rule_set *set;
    struct tw_error err;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_rules_load(&source, NULL, &problems, &set, &err));
    return set;
}

/* Who of A to D is covered from an edge on, as letters; `?` where no set holds from there. */
static const char *covered(const struct tw_watched_rules *watched, int64_t edge_us)
{
    static char letters[5];
    uint32_t count = 0;
    for (uint32_t at = 0; at < watched->count; at++) {
        if (watched->spans[at].holds_from_us != edge_us)
            continue;
        for (const char *letter = "ABCD"; *letter; letter++)
            if (tw_rule_covers(&watched->spans[at].rules->rules[0], (struct tw_text){letter, 1}, true))
                letters[count++] = *letter;
        letters[count] = '\0';
        return letters;
    }
    return "?";
}

static void a_change_holds_from_the_next_edge_on(void **state)
{
    (void)state;
    const int64_t edge = TW_BAR_US;
    const struct tw_watched_time times[] = {
        {{{"mine", 4}, {"A", 1}}, TW_NO_TIME, 3 * edge},
        {{{"mine", 4}, {"B", 1}}, edge, TW_NEVER_US},
        {{{"mine", 4}, {"C", 1}}, 2 * edge + 1, 4 * edge - 1}, /* from 3 to 4 */
        {{{"mine", 4}, {"D", 1}}, 5 * edge + 1, 5 * edge + 2}, /* within one bar: never */
        {{{"mine", 4}, {"A", 1}}, 4 * edge, TW_NEVER_US},      /* again */
        {{{"other", 5}, {"D", 1}}, 2 * edge, TW_NEVER_US},
    };
    struct tw_rule_set *rules = load("rules:\n- {name: r, kind: headline, entities: {watch: mine}}\n");
    struct tw_watched_rules watched;
    struct tw_error err;
    assert_true(tw_watched_rules_make(&watched, rules, times, sizeof times / sizeof times[0], &err));
    assert_string_equal(covered(&watched, TW_NO_TIME), "A");
    assert_string_equal(covered(&watched, edge), "AB");
    assert_string_equal(covered(&watched, 2 * edge), "AB");
    assert_string_equal(covered(&watched, 3 * edge), "BC");
    assert_string_equal(covered(&watched, 4 * edge), "AB");
    for (uint32_t at = 1; at < watched.count; at++)
        assert_true(watched.spans[at - 1].holds_from_us < watched.spans[at].holds_from_us);
    assert_true(tw_watched_times_have(times, 6, tw_text_of("other")));
    assert_false(tw_watched_times_have(times, 6, tw_text_of("mien")));
    tw_watched_rules_end(&watched);
    tw_rules_free(rules);
}

static void rules_without_lists_are_the_set_that_was_given(void **state)
{
    (void)state;
    struct tw_rule_set *rules = load("rules:\n- {name: r, kind: headline}\n");
    struct tw_watched_rules watched;
    struct tw_error err;
    assert_true(tw_watched_rules_make(&watched, rules, NULL, 0, &err));
    assert_int_equal(watched.count, 1);
    assert_ptr_equal(watched.spans[0].rules, rules);
    assert_true(watched.spans[0].holds_from_us == TW_NO_TIME);
    tw_watched_rules_end(&watched);
    tw_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_holds_from_the_next_edge_on),
        cmocka_unit_test(rules_without_lists_are_the_set_that_was_given),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
