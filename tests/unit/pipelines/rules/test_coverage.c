/* coverage: whom a rule speaks of; sectors become symbols; what is wrong with them is told in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names/entities.h"
#include "rules/rules.h"

static struct tw_arena arena;
static struct tw_automaton *entities;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    return tw_arena_begin(&arena, 32 << 20, &err) &&
                   tw_entities_parse("e.jsonl",
                       tw_text_of("{\"symbol\":\"D\",\"names\":[\"Delta\"],\"sector\":\"Banks\"}\n"
                                  "{\"symbol\":\"B\",\"names\":[\"Beta\"],\"sector\":\"Banks\"}\n"
                                  "{\"symbol\":\"C\",\"names\":[\"Gamma\"],\"sector\":\"Food\"}\n"
                                  "{\"symbol\":\"A\",\"names\":[\"Alpha\"]}\n"),
                       &entities, &err)
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    tw_entities_free(entities);
    tw_arena_end(&arena);
    return 0;
}

static struct tw_rule_set *load(
    const char *asks, const struct tw_rule_bounds *bounds, struct tw_problems *problems)
{
    char *yaml = tw_arena_take(&arena, 512);
    struct tw_text_file *source = tw_arena_array(&arena, 1, sizeof *source);
    struct tw_rule_set *set;
    struct tw_error err;
    snprintf(yaml, 512, "rules:\n- {name: r, kind: headline, entities: %s}\n", asks);
    *source = (struct tw_text_file){"rules.yaml", tw_text_of(yaml)};
    tw_problems_begin(problems, &arena);
    return tw_rules_load(source, bounds, problems, &set, &err) ? set : NULL;
}

static void a_sector_is_the_list_of_its_symbols(void **state)
{
    (void)state;
    static const struct {
        const char *asks, *same;
    } cases[] = {
        {"{sector: Banks}", "[B, D]"},
        {"{sector: [Food, Banks]}", "[B, C, D]"},
        {"{sector: [Food]}", "[C]"},
        {"[D, B, D]", "[B, D]"},
    };
    const struct tw_rule_bounds bounds = {.entities = entities};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_problems problems;
        struct tw_rule_set *set = load(cases[at].asks, &bounds, &problems);
        struct tw_rule_set *same = load(cases[at].same, NULL, &problems);
        assert_non_null(set);
        assert_string_equal(set->canonical.bytes, same->canonical.bytes);
        assert_true(tw_rule_covers(&set->rules[0], set->rules[0].symbols[0], false));
        assert_false(tw_rule_covers(&set->rules[0], tw_text_of("A"), true));
        tw_rules_free(set);
        tw_rules_free(same);
    }
}

static void what_is_wrong_with_a_sector_is_told_in_its_place(void **state)
{
    (void)state;
    const struct tw_rule_bounds with = {.entities = entities}, without = {0},
                                unread = {.entities_unread = true};
    const struct {
        const char *asks;
        const struct tw_rule_bounds *bounds;
        const char *said;
    } cases[] = {
        {"{sector: Bnaks}", &with, "2:48 no entity is of sector \"Bnaks\"; did you mean \"Banks\"?"},
        {"{sector: [Food, Steel]}", &with,
            "2:55 no entity is of sector \"Steel\"; write it as the file of link.entities does"},
        {"{sector: Banks}", &without,
            "2:39 a rule for a sector needs the entities file, and link.entities is not set; set link.entities to a "
            "file whose entities have sectors"},
        {"{sektor: Banks}", &with, "2:40 \"sektor\" is no key of entities; did you mean \"sector\"?"},
        {"{sector: Banks, watch: mine}", &with,
            "2:39 \"entities\" has both a sector and a watch list; write `{sector: NAME}` or `{watch: NAME}`"},
        {"{}", &with,
            "2:39 \"entities\" has neither a sector nor a watch list; write `{sector: NAME}` or `{watch: NAME}`"},
        {"{wach: mine}", &with, "2:40 \"wach\" is no key of entities; did you mean \"watch\"?"},
        {"{watch: mine, symbols: [A]}", &with,
            "2:62 who stands on a watch list is said in the database; take it out; "
            "SELECT watch_add(list, symbol, reason) puts somebody there"},
        {"some", &with,
            "2:39 \"entities\" cannot be \"some\"; write all, listed, or a list such as [AAPL, OM]"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_problems problems;
        char said[1024];
        assert_null(load(cases[at].asks, cases[at].bounds, &problems));
        assert_int_equal(problems.count, 1);
        snprintf(said, sizeof said, "%u:%u %s; %s", problems.first->line, problems.first->column,
            problems.first->what.bytes, problems.first->cure.bytes);
        assert_string_equal(said, cases[at].said);
    }
    /* What is wrong with the entities file was told: nothing more of it. */
    struct tw_problems problems;
    tw_rules_free(load("{sector: Banks}", &unread, &problems));
    assert_int_equal(problems.count, 0);
}

/* The set of the file covers nobody and hears everybody; that of a moment covers who stands on its lists
 * then, is another set for each such list, and is read again as it was stored. */
static void a_watch_list_is_whoever_stands_on_it_just_then(void **state)
{
    (void)state;
    static const struct tw_watched items[] = {{{"mine", 4}, {"D", 1}}, {{"yours", 5}, {"C", 1}},
        {{"mine", 4}, {"A", 1}}, {{"all", 3}, {"B", 1}}, {{"yours", 5}, {"A", 1}}};
    const struct tw_watch_lists lists = {items, 5}, nobody = {NULL, 0};
    struct tw_problems problems;
    struct tw_error err;
    struct tw_rule_set *set = load("{watch: [yours, mine]}", NULL, &problems), *now, *empty;
    assert_non_null(set);
    assert_true(set->watches);
    assert_false(tw_rule_covers(&set->rules[0], tw_text_of("A"), true));
    assert_true(tw_rule_may_cover(&set->rules[0], tw_text_of("A"), true));
    assert_true(tw_text_equal(set->rules[0].watch, tw_text_of("mine\nyours")));
    assert_true(tw_rules_watch(set, &lists, &now, &err));
    assert_non_null(strstr(
        now->canonical.bytes, "entities: {watch: [\"mine\", \"yours\"], symbols: [\"A\", \"C\", \"D\"]}\n"));
    assert_true(tw_rule_covers(&now->rules[0], tw_text_of("A"), true));
    assert_false(tw_rule_covers(&now->rules[0], tw_text_of("B"), true));
    assert_true(tw_rules_watch(set, &nobody, &empty, &err));
    assert_non_null(strstr(empty->canonical.bytes, "symbols: []}\n"));
    assert_false(tw_rule_covers(&empty->rules[0], tw_text_of("A"), true));
    assert_string_not_equal(now->hash, empty->hash);
    const struct tw_text_file stored = {"tapewatch.rule_sets", now->canonical};
    struct tw_rule_set *again;
    tw_problems_begin(&problems, &arena);
    assert_true(tw_rules_load(&stored, NULL, &problems, &again, &err));
    assert_string_equal(again->hash, now->hash);
    assert_true(tw_rule_covers(&again->rules[0], tw_text_of("C"), true));
    tw_rules_free(again);
    tw_rules_free(empty);
    tw_rules_free(now);
    tw_rules_free(set);
}

static void lists_of_too_many_entities_are_refused_and_told(void **state)
{
    (void)state;
    enum { MANY = TW_RULE_MOST_SYMBOLS + 1 };
    struct tw_watched *items = tw_arena_array(&arena, MANY, sizeof *items);
    struct tw_problems problems;
    struct tw_error err;
    struct tw_rule_set *set = load("{watch: mine}", NULL, &problems), *now;
    assert_non_null(items);
    for (uint32_t at = 0; at < MANY; at++)
        items[at] = (struct tw_watched){tw_text_of("mine"), tw_text_of("A")};
    assert_false(tw_rules_watch(set, &(struct tw_watch_lists){items, MANY}, &now, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "10001 entities stand on these watch lists, 10000 are allowed");
    assert_null(now);
    tw_rules_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_list_is_whoever_stands_on_it_just_then),
        cmocka_unit_test(lists_of_too_many_entities_are_refused_and_told),
        cmocka_unit_test(a_sector_is_the_list_of_its_symbols),
        cmocka_unit_test(what_is_wrong_with_a_sector_is_told_in_its_place),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
