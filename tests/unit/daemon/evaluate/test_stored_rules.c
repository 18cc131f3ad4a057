/* stored_rules: rules that watch lists refuse stay refused for as long as the lists stand so, and rules of
 * another daemon are known for such, or for our own that it stored first. What the database holds, the
 * stories of tests/integration/test_evaluate show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evaluate/stored_rules.h"
#include "postgres/wire.h"
#include "rules/rules.h"

static const char watching[] = "rules:\n  - {name: flood, kind: threshold, measure: count, window: 1m, "
                               "at_least: 3, entities: {watch: desk}}\n";

static struct tw_rule_set *rules_of(const char *text)
{
    struct tw_text_file source = {"rules", tw_text_of(text)};
    struct tw_rule_set *rules = NULL;
    struct tw_problems problems;
    struct tw_arena arena = {0};
    struct tw_error err;
    assert_true(tw_arena_begin(&arena, 1 << 20, &err));
    tw_problems_begin(&problems, &arena);
    assert_true(tw_rules_load(&source, NULL, &problems, &rules, &err));
    tw_arena_end(&arena);
    return rules;
}

/* As the server answers TW_WATCHED_READ: so many companies on one list, which is new. */
static void read_list(struct tw_stored_rules *stored, int64_t version, int companies)
{
    PGresAttDesc attributes[3] = {{.name = (char[]){"v"}}, {.name = (char[]){"l"}}, {.name = (char[]){"e"}}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    struct tw_error err = {0};
    assert_true(PQsetResultAttrs(result, 3, attributes));
    for (int row = 0; row < companies; row++) {
        char number[8], symbol[16];
        tw_put_int64(number, version);
        snprintf(symbol, sizeof symbol, "S%05d", row);
        assert_true(PQsetvalue(result, row, 0, number, 8));
        assert_true(PQsetvalue(result, row, 1, (char[]){"desk"}, 4));
        assert_true(PQsetvalue(result, row, 2, symbol, (int)strlen(symbol)));
    }
    assert_true(tw_stored_rules_row(stored, TW_WATCHED_READ, result, &err));
    PQclear(result);
}

/* As the server answers TW_RULE_SETS_READ. */
static void read_set(struct tw_stored_rules *stored, int32_t id, const char *text)
{
    PGresAttDesc attributes[3] = {{.name = (char[]){"i"}}, {.name = (char[]){"h"}}, {.name = (char[]){"r"}}};
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    struct tw_rule_set *rules = rules_of(text);
    struct tw_error err = {0};
    char number[4], from[8];
    assert_true(PQsetResultAttrs(result, 3, attributes));
    tw_put_int32(number, id);
    tw_put_time(from, 0);
    assert_true(PQsetvalue(result, 0, 0, number, 4));
    assert_true(PQsetvalue(result, 0, 1, from, 8));
    assert_true(
        PQsetvalue(result, 0, 2, (char *)(uintptr_t)rules->canonical.bytes, (int)rules->canonical.length));
    assert_true(tw_stored_rules_row(stored, TW_RULE_SETS_READ, result, &err));
    tw_rules_free(rules);
    PQclear(result);
}

static void want(struct tw_stored_rules *stored, const char *text)
{
    struct tw_error err = {0};
    struct tw_rule_set *rules = rules_of(text);
    assert_true(tw_stored_rules_want(stored, rules, &err));
    tw_rules_free(rules);
}

/* What is wanted stands in the table. */
static void store_wanted(struct tw_stored_rules *stored)
{
    memcpy(stored->sent_hash, stored->wanted_hash, sizeof stored->sent_hash);
    tw_stored_rules_sent(stored);
    assert_null(stored->wanted);
}

static void rules_that_watch_lists_refuse_stay_refused_until_the_lists_are_others(void **state)
{
    struct tw_stored_rules stored = {0};
    (void)state;
    want(&stored, watching);
    assert_null(stored.wanted); /* the lists decide, and are not read yet */
    assert_int_equal(stored.refused.code, TW_OK);
    read_list(&stored, 1, 10001);
    assert_null(stored.wanted);
    assert_int_equal(stored.refused.code, TW_CONFIG);
    assert_non_null(strstr(stored.refused.what, "10000 are allowed"));
    read_list(&stored, 2, 3);
    assert_int_equal(stored.refused.code, TW_OK);
    assert_non_null(stored.wanted);
    tw_stored_rules_end(&stored);
}

static void rules_that_another_daemon_stored_are_told_from_our_own(void **state)
{
    static const char ours[] =
        "rules:\n  - {name: ours, kind: threshold, measure: count, window: 1m, at_least: 3}\n";
    static const char others[] =
        "rules:\n  - {name: others, kind: threshold, measure: count, window: 1m, at_least: 3}\n";
    struct tw_stored_rules stored = {0};
    (void)state;
    want(&stored, ours);
    read_set(&stored, 1, others);
    assert_false(tw_stored_rules_are_others(&stored)); /* ours are on their way */
    store_wanted(&stored);
    read_set(&stored, 2, ours);
    assert_false(tw_stored_rules_are_others(&stored));
    read_set(&stored, 3, others);
    assert_true(tw_stored_rules_are_others(&stored));
    read_set(&stored, 4, ours);
    assert_false(tw_stored_rules_are_others(&stored));
    tw_stored_rules_end(&stored);
}

/* Two daemons with one file: when the lists change, one of them stores what comes of it, and ends. */
static void what_our_own_file_gives_is_ours_whoever_has_stored_it_first(void **state)
{
    struct tw_stored_rules first = {0}, second = {0};
    (void)state;
    want(&first, watching);
    want(&second, watching);
    read_list(&first, 1, 3);
    read_list(&second, 1, 3);
    read_set(&first, 1, first.wanted);
    read_set(&second, 1, first.wanted);
    store_wanted(&first);
    store_wanted(&second);

    read_list(&first, 2, 4);
    assert_non_null(first.wanted);
    read_set(&second, 2, first.wanted); /* the second sees set and lists in one look */
    read_list(&second, 2, 4);
    assert_false(tw_stored_rules_are_others(&second));
    assert_null(second.wanted);
    tw_stored_rules_end(&first);

    read_list(&second, 3, 5); /* nobody else is there to follow them */
    assert_non_null(second.wanted);
    tw_stored_rules_end(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_another_daemon_stored_are_told_from_our_own),
        cmocka_unit_test(what_our_own_file_gives_is_ours_whoever_has_stored_it_first),
        cmocka_unit_test(rules_that_watch_lists_refuse_stay_refused_until_the_lists_are_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
