/* pattern: how a line of events.yaml is read, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "events/pattern.h"

static struct tw_pattern readings[TW_PATTERN_READINGS];
static uint32_t count;
static char what[256], cure[256];

static void given(const char *text)
{
    assert_true(tw_pattern_read(tw_text_of(text), true, readings, &count, what, cure));
}

static void assert_item(const struct tw_pattern *pattern, uint32_t step, const char *item, uint32_t gap)
{
    assert_true(tw_text_equal(pattern->steps[step].item, tw_text_of(item)));
    assert_int_equal(pattern->steps[step].gap, gap);
}

static void words_gaps_and_the_company_are_read(void **state)
{
    (void)state;
    given("file* .. chapter|part ..5 7|11 into @");
    assert_int_equal(count, 1);
    assert_int_equal(readings[0].count, 4);
    assert_item(&readings[0], 0, "file*", 0);
    assert_item(&readings[0], 1, "chapter|part", 3);
    assert_item(&readings[0], 2, "7|11", 5);
    assert_item(&readings[0], 3, "into", 0);
    assert_int_equal(readings[0].company, 4);
    given("downgrades @ to junk");
    assert_int_equal(readings[0].company, 1);
    assert_item(&readings[0], 1, "to", TW_PATTERN_GAP);
}

static void an_exclamation_mark_at_the_end_says_that_nothing_else_stands_there(void **state)
{
    (void)state;
    given("trading halted !");
    assert_int_equal(readings[0].count, 2);
    assert_true(readings[0].alone);
    given("trading halted");
    assert_false(readings[0].alone);
    static const char *const wrong[] = {"!", "! halted", "halted ! again", "halted ! !", "^ halted !"};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        assert_false(tw_pattern_read(tw_text_of(wrong[at]), true, readings, &count, what, cure));
}

static void a_word_that_may_be_left_out_makes_two_patterns(void **state)
{
    (void)state;
    given("cuts its? ..2 dividend");
    assert_int_equal(count, 2);
    assert_int_equal(readings[0].count, 3);
    assert_int_equal(readings[1].count, 2);
    assert_item(&readings[1], 1, "dividend", 2);
}

static void what_stands_on_both_sides_of_an_ampersand_may_change_places(void **state)
{
    (void)state;
    given("~cut ..2 full &5 year outlook");
    assert_int_equal(count, 2);
    assert_item(&readings[0], 0, "~cut", 0);
    assert_item(&readings[0], 1, "full", 2);
    assert_item(&readings[0], 2, "year", 5);
    assert_item(&readings[0], 3, "outlook", 0);
    assert_item(&readings[1], 0, "year", 0);
    assert_item(&readings[1], 1, "outlook", 0);
    assert_item(&readings[1], 2, "~cut", 5);
    assert_item(&readings[1], 3, "full", 2);
    given("~cut its? & year? outlook");
    assert_int_equal(count, 8);
    assert_int_equal(readings[3].count, 2);
    assert_item(&readings[3], 1, "outlook", 3);
    assert_int_equal(readings[7].count, 2);
    assert_item(&readings[7], 0, "outlook", 0);
    assert_item(&readings[7], 1, "~cut", 3);
    given("a? b? c? d & default");
    assert_int_equal(count, TW_PATTERN_READINGS);
}

static void an_exception_says_on_which_side_the_event_stands(void **state)
{
    (void)state;
    given("denies ..5 ^");
    assert_int_equal(readings[0].event, 1);
    assert_int_equal(readings[0].event_gap_before, 5);
    given("^ ..2 averted");
    assert_int_equal(readings[0].event, 0);
    assert_int_equal(readings[0].event_gap_behind, 2);
    assert_int_equal(readings[0].steps[0].gap, 0);
}

static void words_of_an_item_come_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum tw_pattern_word stands_for;
    } wanted[] = {{"file", TW_PATTERN_WORD}, {"bankrupt", TW_PATTERN_STEM}, {"halt", TW_PATTERN_FORMS},
        {"cuts", TW_PATTERN_SET}};
    struct tw_text word, item = tw_text_of("file|bankrupt*|~halt|<cuts>");
    enum tw_pattern_word stands_for;
    size_t at = 0;
    for (size_t which = 0; which < sizeof wanted / sizeof wanted[0]; which++) {
        assert_true(tw_pattern_next_word(item, &at, &word, &stands_for));
        assert_true(tw_text_equal(word, tw_text_of(wanted[which].word)));
        assert_int_equal(stands_for, wanted[which].stands_for);
    }
    assert_false(tw_pattern_next_word(item, &at, &word, &stands_for));
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *what;
    } cases[] = {{"", "a pattern that matches everything: \"\""},
        {"@", "a pattern that matches everything: \"@\""},
        {"its?", "a pattern that matches everything: \"its?\""},
        {"a* default", "a stem that is nearly every word: \"a*\""}, {"Default", "not a word: \"Default\""},
        {"de*fault", "not a word: \"de*fault\""}, {"a|", "an item without a word: \"a|\""},
        {"|a", "an item without a word: \"|a\""},
        {"default ..", "a gap with nothing on one side: \"default ..\""},
        {".. default", "a gap with nothing on one side: \".. default\""},
        {"on .. ..2 default", "a gap behind a gap: \"..2\""}, {"on ..9 default", "not a gap: \"..9\""},
        {"@ sues @", "a second company: \"@\""}, {"^ not ^", "a second event: \"^\""},
        {"a? b? c? d? default", "more than three words that may be left out: \"a? b? c? d? default\""},
        {"a & b & c", "a second place where the order may change: \"&\""},
        {"a & its?", "an & with nothing on one side: \"a & its?\""},
        {"& default", "an & with nothing on one side: \"& default\""},
        {"default &", "an & with nothing on one side: \"default &\""},
        {"on .. &2 default", "a gap behind a gap: \"&2\""}, {"on &9 default", "not a gap: \"&9\""},
        {"@ on & default", "an & beside @ or ^: \"@ on & default\""}, {"~", "an item without a word: \"~\""},
        {"~~cut", "not a word: \"~~cut\""}, {"~cut*", "not a word: \"~cut*\""},
        {"~abcdefghijabcdefghijabcdefghijabcdefg",
            "a word too long to have forms: \"~abcdefghijabcdefghijabcdefghijabcdefg\""},
        {"a b c d e f g h i j k l m", "a pattern with too many words: \"m\""}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        assert_false(tw_pattern_read(tw_text_of(cases[at].pattern), true, readings, &count, what, cure));
        assert_string_equal(what, cases[at].what);
        assert_true(cure[0] != '\0');
    }
    assert_false(tw_pattern_read(tw_text_of("no ^"), false, readings, &count, what, cure));
    assert_string_equal(what, "an event inside of its own pattern: \"^\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_gaps_and_the_company_are_read),
        cmocka_unit_test(an_exclamation_mark_at_the_end_says_that_nothing_else_stands_there),
        cmocka_unit_test(a_word_that_may_be_left_out_makes_two_patterns),
        cmocka_unit_test(what_stands_on_both_sides_of_an_ampersand_may_change_places),
        cmocka_unit_test(an_exception_says_on_which_side_the_event_stands),
        cmocka_unit_test(words_of_an_item_come_one_by_one),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
