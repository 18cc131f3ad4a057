/* headline: which documents it speaks for. What becomes of its rows: test_alerts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rule_stories.h"
#include "rules/rules.h"

static void the_headline_rule_speaks_for_each_entity_negative_enough(void **state)
{
    (void)state;
    struct tw_rule_set *set =
        rules_of("rules:\n- {name: any, kind: headline, at_most: -0.5}\n"
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
    const struct tw_rule_hearing calm = {&documents[0], NULL, scores, 0, 1};
    const struct tw_rule_hearing probe = {&documents[1], NULL, scores, 1, 3};
    struct tw_headline_list list = {0};
    struct tw_error err;
    assert_true(tw_rules_speak(set, &calm, &arena, &list, &err));
    assert_int_equal(list.count, 1);
    assert_true(tw_rules_speak(set, &probe, &arena, &list, &err));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.rows[1].score, 1);
    assert_int_equal(list.rows[2].score, 2);
    assert_int_equal(list.rows[3].score, 1);
    assert_int_equal(list.rows[3].document, 1);
    assert_true(tw_text_equal(list.rows[3].rule, tw_text_of("word")));
    assert_true(tw_text_equal(list.rows[3].keyword, tw_text_of("probe")));
    assert_int_equal(list.rows[1].keyword.length, 0);
    assert_true(tw_rules_speak(NULL, &probe, &arena, &list, &err));
    for (int round = 0; round < 1000; round++)
        assert_true(tw_rules_speak(set, &probe, &arena, &list, &err));
    assert_int_equal(list.count, 3004);
    assert_true(tw_text_equal(list.rows[3].keyword, tw_text_of("probe")));
    tw_rules_free(set);
}

static void a_rule_speaks_only_for_what_is_relevant_enough(void **unused)
{
    (void)unused;
    struct tw_rule_set *set =
        rules_of("rules:\n- {name: any, kind: headline, at_most: -0.5}\n"
                 "- {name: much, kind: headline, at_most: -0.5, relevance_at_least: 0.4}\n");
    struct tw_document document = {.text = tw_text_of("A and B")};
    struct tw_score_row scores[] = {
        {.symbol = tw_text_of("A"), .relevance.relevance = 3999, .score.sentiment = -9000},
        {.symbol = tw_text_of("B"), .relevance.relevance = 4000, .score.sentiment = -9000},
    };
    const struct tw_rule_hearing hearing = {&document, NULL, scores, 0, 2};
    struct tw_headline_list list = {0};
    struct tw_error err;
    assert_true(tw_rules_speak(set, &hearing, &arena, &list, &err));
    assert_int_equal(list.count, 3);
    assert_true(tw_text_equal(list.rows[2].rule, tw_text_of("much")));
    assert_int_equal(list.rows[2].score, 1);
    tw_rules_free(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headline_rule_speaks_for_each_entity_negative_enough),
        cmocka_unit_test(a_rule_speaks_only_for_what_is_relevant_enough),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
