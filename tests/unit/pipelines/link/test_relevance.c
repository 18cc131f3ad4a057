/* relevance: a story's own company before those that it mentions, in whole numbers that can be worked out by
 * hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clean/clean.h"
#include "link/link.h"
#include "link/relevance.h"
#include "link/source_weights.h"
#include "test_arena.h"

static uint32_t source_weight = TW_SOURCE_WHOLE;

/* Links title and body, symbols as they stand in them; entities are sorted by symbol. */
static const struct tw_relevance *relevance_of(
    const char *title, const char *body, const struct tw_text *symbols, uint32_t count, uint32_t expected)
{
    static struct tw_document document;
    const struct tw_relevance *all;
    struct tw_error err;
    document = (struct tw_document){
        .title = tw_text_of(title), .body = tw_text_of(body), .symbols = symbols, .symbol_count = count};
    document.source_weight = source_weight;
    assert_true(tw_clean(&document, &arena, &err) && tw_link(NULL, true, &document, &arena, &err));
    assert_true(tw_relevance(&document, &arena, &all, &err));
    assert_int_equal(document.entity_count, expected);
    return all;
}

static void expect(const struct tw_relevance *one, uint32_t relevance, uint32_t place, uint32_t share)
{
    assert_int_equal(one->place, place);
    assert_int_equal(one->share, share);
    assert_int_equal(one->relevance, relevance);
}

static void a_story_of_one_company_is_about_it(void **unused)
{
    (void)unused;
    const struct tw_relevance *all =
        relevance_of("$VELQ cuts its outlook", "Shares of $VELQ fell.", NULL, 0, 1);
    expect(&all[0], 10000, 10000, 10000);
    assert_true(all[0].in_title);
    assert_int_equal(all[0].first, 0);
    assert_int_equal(all[0].mentions, 2);
    assert_int_equal(all[0].others, 0);
}

static void the_title_comes_before_the_body_and_early_before_late(void **unused)
{
    (void)unused;
    /* "$VELQ falls $ODNL rose, then $KSVN." of 35 bytes: 12 and 29 bytes before the two of the body. */
    const struct tw_relevance *all = relevance_of("$VELQ falls", "$ODNL rose, then $KSVN.", NULL, 0, 3);
    expect(&all[2], (6 * 10000 + 4 * 3333) / 10, 10000, 3333);
    expect(&all[1], (6 * 2190 + 4 * 3333) / 10, 2190, 3333); /* ODNL: 5000 x 23 / 35 = 3285, x 2 / 3 */
    expect(&all[0], (6 * 571 + 4 * 3333) / 10, 571, 3333);   /* KSVN: 5000 x 6 / 35 = 857, x 2 / 3 */
    assert_true(all[2].in_title && !all[1].in_title && !all[0].in_title);
    assert_int_equal(all[1].first, 12);
}

static void two_companies_of_a_title_are_both_its_topic_and_ten_are_none(void **unused)
{
    (void)unused;
    const struct tw_relevance *all = relevance_of("$VELQ to buy $ODNL", "", NULL, 0, 2);
    expect(&all[0], 8000, 10000, 5000);
    expect(&all[1], 8000, 10000, 5000);
    all = relevance_of("$A $C $D $E $F $G $H $I $J $L", "", NULL, 0, 10);
    for (size_t at = 0; at < 10; at++)
        expect(&all[at], (6 * 2000 + 4 * 1000) / 10, 2000, 1000);
}

static void what_symbols_alone_name_is_worth_its_share(void **unused)
{
    (void)unused;
    const struct tw_text symbols[] = {{"VELQ", 4}, {"ODNL", 4}};
    const struct tw_relevance *all = relevance_of("", "Nobody is named.", symbols, 1, 1);
    expect(&all[0], 4000, 0, 10000);
    assert_int_equal(all[0].first, UINT32_MAX);
    all = relevance_of("$ODNL falls", "", symbols, 2, 2);
    expect(&all[0], 8000, 10000, 5000);
    expect(&all[1], 2000, 0, 5000);
}

static void a_short_text_is_its_own_title_and_a_long_one_is_not(void **unused)
{
    (void)unused;
    char body[400] = "";
    snprintf(body, sizeof body, "%-300s$VELQ", "Markets");
    memset(body + 7, 'x', 280);
    assert_true(relevance_of("", "Today $VELQ falls", NULL, 0, 1)->in_title);
    assert_false(relevance_of("", body, NULL, 0, 1)->in_title);
}

static void the_weight_of_a_source_is_a_factor_and_stands_beside_what_it_weighs(void **unused)
{
    (void)unused;
    source_weight = 2500;
    const struct tw_relevance *all = relevance_of("$VELQ to buy $ODNL", "", NULL, 0, 2);
    expect(&all[0], 2000, 10000, 5000);
    assert_int_equal(all[0].source, 2500);
    source_weight = 3333; /* each division is rounded down */
    all = relevance_of("$A $C $D", "", NULL, 0, 3);
    expect(&all[0], (uint32_t)((6 * 6666 + 4 * 3333) / 10 * 3333 / 10000), 6666, 3333);
    source_weight = 0;
    expect(relevance_of("$VELQ falls", "", NULL, 0, 1), 0, 10000, 10000);
    source_weight = TW_SOURCE_WHOLE;
}

static void a_document_that_names_nobody_has_none(void **unused)
{
    (void)unused;
    relevance_of("Markets are quiet", "", NULL, 0, 0);
    relevance_of("", "", NULL, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_of_one_company_is_about_it),
        cmocka_unit_test(the_title_comes_before_the_body_and_early_before_late),
        cmocka_unit_test(two_companies_of_a_title_are_both_its_topic_and_ten_are_none),
        cmocka_unit_test(what_symbols_alone_name_is_worth_its_share),
        cmocka_unit_test(a_short_text_is_its_own_title_and_a_long_one_is_not),
        cmocka_unit_test(the_weight_of_a_source_is_a_factor_and_stands_beside_what_it_weighs),
        cmocka_unit_test(a_document_that_names_nobody_has_none),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
