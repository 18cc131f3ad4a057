/* source_weights: names as people write them, beginnings, and who is not named; what is no list of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/source_weights.h"

static struct tw_source_weights *weights_of(
    const struct tw_named_weight *names, uint32_t count, int64_t others)
{
    const struct tw_source_list list = {names, count, others};
    struct tw_source_weights *weights;
    struct tw_error err;
    if (!tw_source_weights_new(&list, &weights, &err))
        fail_msg("%s: %s", err.where, err.what);
    return weights;
}

static void expect(
    const struct tw_source_weights *weights, const char *source, uint32_t weight, uint32_t name)
{
    const struct tw_source_weight found = tw_source_weights_of(weights, tw_text_of(source));
    if (found.weight != weight || found.name != name)
        fail_msg("\"%s\" has %u by name %d", source, found.weight, (int)found.name);
}

static void without_a_list_every_source_counts_whole(void **unused)
{
    (void)unused;
    expect(NULL, "Reuters", 10000, TW_SOURCE_OTHER);
    expect(NULL, "", 10000, TW_SOURCE_OTHER);
    struct tw_source_weights *weights = weights_of(NULL, 0, 2500);
    expect(weights, "Reuters", 2500, TW_SOURCE_OTHER);
    expect(weights, "", 2500, TW_SOURCE_OTHER);
    tw_source_weights_free(weights);
    assert_int_equal(tw_source_weights_list(NULL).others, TW_SOURCE_WHOLE);
}

static void the_same_name_in_another_spelling_is_the_same_source(void **unused)
{
    (void)unused;
    static const struct tw_named_weight names[] = {{"Reuters", 9000}, {"Dow Jones Newswires", 8000},
        {"B\u00f6rsen-Zeitung", 7000}, {"\u65e5\u7d4c", 6000}};
    struct tw_source_weights *weights = weights_of(names, 4, 5000);
    expect(weights, "reuters", 9000, 0);
    expect(weights, "REUTERS", 9000, 0);
    expect(weights, "  Reuters\t", 9000, 0);
    expect(weights, "\uff32\uff25\uff35\uff34\uff25\uff32\uff33", 9000, 0); /* full width */
    expect(weights, "Reu\u200bters", 9000, 0);                              /* a space of no width */
    expect(weights, "dow  jones\u00a0NEWSWIRES", 8000, 1);
    expect(weights, "Borsen\u2010Zeitung", 7000, 2);
    expect(weights, "\u65e5\u7d4c", 6000, 3);
    /* and these are others */
    expect(weights, "Reuters News", 5000, TW_SOURCE_OTHER);
    expect(weights, "Reuter", 5000, TW_SOURCE_OTHER);
    expect(weights, "DowJones Newswires", 5000, TW_SOURCE_OTHER);
    expect(weights, "", 5000, TW_SOURCE_OTHER);
    expect(weights, "  ", 5000, TW_SOURCE_OTHER);
    expect(weights, "\xff\xfe", 5000, TW_SOURCE_OTHER);
    tw_source_weights_free(weights);
}

static void a_whole_name_goes_before_a_beginning_and_the_longer_one_before_the_shorter(void **unused)
{
    (void)unused;
    static const struct tw_named_weight names[] = {{"s*", 1}, {"stocktwits*", 2}, {"Stocktwits/verified", 3},
        {"stocktwits/ver*", 4}, {"Dow Jones *", 5}};
    struct tw_source_weights *weights = weights_of(names, 5, 6);
    expect(weights, "S&P", 1, 0);
    expect(weights, "StockTwits", 2, 1);
    expect(weights, "stocktwits/verified", 3, 2);
    expect(weights, "StockTwits/verified2", 4, 3);
    expect(weights, "Dow Jones Newswires", 5, 4);
    expect(weights, "Dow Jonesy", 6, TW_SOURCE_OTHER);
    expect(weights, "xs", 6, TW_SOURCE_OTHER);
    tw_source_weights_free(weights);
}

static void a_source_that_is_longer_than_any_name_is_told_by_its_beginning(void **unused)
{
    (void)unused;
    static const struct tw_named_weight names[] = {{"a b*", 1}, {"a b", 2}, {"xxx*", 3}};
    struct tw_source_weights *weights = weights_of(names, 3, 6);
    char source[5000];
    for (size_t at = 0; at < sizeof source; at += 2)
        memcpy(source + at, at % 4 ? "b " : "a ", 2);
    assert_int_equal(tw_source_weights_of(weights, (struct tw_text){source, sizeof source}).name, 0);
    memset(source, 'x', sizeof source); /* one word, too long for any name: of no list */
    assert_int_equal(
        tw_source_weights_of(weights, (struct tw_text){source, sizeof source}).name, TW_SOURCE_OTHER);
    tw_source_weights_free(weights);
}

static void what_is_no_name_says_why(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *what;
    } cases[] = {{"", "names no source"}, {" \t", "names no source"}, {"\u200b", "names no source"},
        {"*", "stands for every source"}, {" *", "stands for every source"},
        {"a*b", "has * elsewhere than at its end"}, {"**", "has * elsewhere than at its end"},
        {"*x*", "has * elsewhere than at its end"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x",
            "is longer than 100 bytes"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
            "has a word that is too long for a name"}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct tw_source_name name;
        struct tw_source_fault fault = {NULL, NULL};
        assert_false(tw_source_name_read(tw_text_of(cases[at].name), &name, &fault));
        assert_string_equal(fault.what, cases[at].what);
        assert_non_null(fault.cure);
    }
}

static void expect_refused(
    const struct tw_named_weight *names, uint32_t count, int64_t others, const char *what)
{
    const struct tw_source_list list = {names, count, others};
    struct tw_source_weights *weights;
    struct tw_error err;
    assert_false(tw_source_weights_new(&list, &weights, &err));
    assert_null(weights);
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.what, what));
}

static void a_list_that_is_none_is_refused_whole(void **unused)
{
    (void)unused;
    static const struct tw_named_weight twice[] = {{"Reuters", 1}, {"x", 1}, {"REUTERS", 2}},
                                        beginnings[] = {{"reu*", 1}, {"Reu*", 1}}, beyond[] = {{"x", 10001}},
                                        below[] = {{"x", -1}}, none[] = {{"y", 1}, {"*", 1}};
    static struct tw_named_weight many[TW_SOURCE_NAMES + 1];
    expect_refused(twice, 3, 10000, "stands there twice");
    expect_refused(beginnings, 2, 10000, "stands there twice");
    expect_refused(beyond, 1, 10000, "a weight that is none");
    expect_refused(below, 1, 10000, "a weight that is none");
    expect_refused(none, 2, 10000, "stands for every source");
    expect_refused(NULL, 0, 10001, "no weight");
    expect_refused(many, TW_SOURCE_NAMES + 1, 10000, "too many names");
    static const struct tw_named_weight both[] = {{"reuters", 1}, {"reuters*", 2}}; /* these are two */
    tw_source_weights_free(weights_of(both, 2, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_list_every_source_counts_whole),
        cmocka_unit_test(the_same_name_in_another_spelling_is_the_same_source),
        cmocka_unit_test(a_whole_name_goes_before_a_beginning_and_the_longer_one_before_the_shorter),
        cmocka_unit_test(a_source_that_is_longer_than_any_name_is_told_by_its_beginning),
        cmocka_unit_test(what_is_no_name_says_why),
        cmocka_unit_test(a_list_that_is_none_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
