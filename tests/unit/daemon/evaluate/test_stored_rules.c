/* stored_rules: rules that watch lists refuse stay refused for as long as the lists stand so. What the
 * database holds, the stories of tests/integration/test_evaluate show. */
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

static void rules_that_watch_lists_refuse_stay_refused_until_the_lists_are_others(void **state)
{
    struct tw_stored_rules stored = {0};
    struct tw_error err = {0};
    struct tw_rule_set *rules =
        rules_of("rules:\n  - {name: flood, kind: threshold, measure: count, window: 1m, "
                 "at_least: 3, entities: {watch: desk}}\n");
    (void)state;
    assert_true(tw_stored_rules_want(&stored, rules, &err));
    tw_rules_free(rules);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_watch_lists_refuse_stay_refused_until_the_lists_are_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
