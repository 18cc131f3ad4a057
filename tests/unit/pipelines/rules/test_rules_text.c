/* rules_text: the canonical text of a set, and the reference page, from the kinds' own tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "events/taxonomy.h"
#include "names/entities.h"
#include "rule_stories.h"
#include "rules/rules.h"
#include "rules/rules_text.h"

static void comments_order_and_defaults_left_out_make_no_new_set(void **state)
{
    (void)state;
    struct tw_rule_set *one = rules_of("rules:\n- {name: b, kind: headline, at_most: -0.9}\n"
                                       "- {name: a, kind: threshold, window: 600s, below: -3.0}\n");
    struct tw_rule_set *other =
        rules_of("# the same\nrules:\n"
                 "- kind: threshold\n  name: a\n  below: -3\n  window: 10m\n  quiet: 1800s\n"
                 "- {kind: headline, name: b, severity: warning, entities: all}\n");
    assert_string_equal(one->hash, other->hash);
    struct tw_rule_set *third = rules_of("rules:\n- {name: b, kind: headline, at_most: -0.8999}\n"
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
        "- {name: m, kind: threshold, measure: mean, below: -0.0001, window: 7d, update_step: 1000%}\n"
        "- {name: s, kind: shift, window: 2d, days: 90, half_life: 365, z_below: -0.5, resolve: 40}\n"
        "- {name: b, kind: burst, window: 10s, at_least_days: 0, probability: 1e-12, resolve: 1e-1}\n"
        "- {name: y, kind: any, rules: [x, m, s, b]}\n- {name: z, kind: all, rules: [s, c], window: 10s}\n",
    };
    for (size_t at = 0; at < 2; at++) {
        struct tw_rule_set *set = rules_of(files[at]);
        struct tw_rule_set *again = rules_of(set->canonical.bytes);
        assert_string_equal(set->canonical.bytes, again->canonical.bytes);
        assert_string_equal(set->hash, again->hash);
        tw_rules_free(set);
        tw_rules_free(again);
    }
}

/* deploy/docs/rules.md holds the reference between two marks, as it comes from the tables. */
static void the_page_for_analysts_holds_the_reference_of_the_tables(void **state)
{
    (void)state;
    static const char begin[] =
        "<!-- reference: made from the tables of the kinds in pipelines/rule_kinds -->\n\n";
    static const char end[] = "\n<!-- end of reference -->";
    struct tw_text page, reference;
    struct tw_error err;
    assert_true(tw_rules_text_reference(&arena, &reference, &err));
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

/* Every example of the page, between ```yaml and ```, is a rules file that loads where the shipped events
 * are told. */
static void every_example_of_the_page_loads(void **state)
{
    (void)state;
    struct tw_text page;
    struct tw_error err;
    struct tw_problems problems;
    struct tw_taxonomy *events;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_taxonomy_read(TW_SOURCE_DIR "/config/events.yaml", &problems, &events, &err));
    struct tw_automaton *entities;
    assert_true(tw_entities_load(TW_SOURCE_DIR "/config/entities.sample.jsonl", &entities, &err));
    const struct tw_rule_bounds bounds = {.events = events, .entities = entities, .stories = true};
    assert_true(tw_file_read(TW_SOURCE_DIR "/deploy/docs/rules.md", 1 << 20, &arena, &page, &err));
    const char *at = tw_arena_copy(&arena, page).bytes;
    int examples = 0;
    while ((at = strstr(at, "```yaml\n"))) {
        at += strlen("```yaml\n");
        const char *end = strstr(at, "```");
        assert_non_null(end);
        struct tw_text example = tw_arena_copy(&arena, (struct tw_text){at, (size_t)(end - at)});
        const struct tw_text_file source = {"rules.md", example};
        struct tw_rule_set *set;
        if (!tw_rules_load(&source, &bounds, &problems, &set, &err))
            fail_msg("%s: %s", err.where, err.what);
        tw_rules_free(set);
        examples++;
        at = end + 3;
    }
    assert_true(examples >= 5);
    tw_taxonomy_free(events);
    tw_entities_free(entities);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_order_and_defaults_left_out_make_no_new_set),
        cmocka_unit_test(the_canonical_text_is_a_rules_file_that_gives_the_same_set),
        cmocka_unit_test(the_page_for_analysts_holds_the_reference_of_the_tables),
        cmocka_unit_test(every_example_of_the_page_loads),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
