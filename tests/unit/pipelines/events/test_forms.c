/* forms: one word of a pattern stands for all forms of a verb, as they are spelled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "events/forms.h"

static void assert_forms(const char *word, const char *wanted)
{
    struct tw_word_form forms[TW_FORMS_MOST];
    char told[TW_FORMS_MOST * (TW_FORM_LETTERS + 1)] = "";
    uint32_t count = tw_word_forms(tw_text_of(word), forms);
    for (uint32_t at = 0; at < count; at++)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s%.*s", at ? " " : "",
            (int)forms[at].length, forms[at].letters);
    assert_string_equal(told, wanted);
}

static void endings_follow_the_rules_of_spelling(void **state)
{
    (void)state;
    assert_forms("halt", "halt halts halting halted");
    assert_forms("raise", "raise raises raising raised");
    assert_forms("deny", "deny denies denying denied");
    assert_forms("delay", "delay delays delaying delayed");
    assert_forms("miss", "miss misses missing missed");
    assert_forms("die", "die dies dying died");
    assert_forms("axe", "axe axes axing axed");
}

static void a_consonant_is_doubled_where_it_must_be(void **state)
{
    (void)state;
    assert_forms("scrap", "scrap scraps scrapping scrapped");
    assert_forms("quit", "quit quits quitting");
    assert_forms("fail", "fail fails failing failed");
    assert_forms("axis2", "axis2 axis2s axis2ing axis2ed");
}

static void both_spellings_are_given(void **state)
{
    (void)state;
    assert_forms("cancel", "cancel cancels cancelling canceling cancelled canceled");
    assert_forms("liquidise",
        "liquidise liquidises liquidising liquidised liquidize liquidizes liquidizing liquidized");
    assert_forms("prize", "prize prizes prizing prized");
}

static void verbs_that_follow_no_rule_are_known(void **state)
{
    (void)state;
    assert_forms("cut", "cut cuts cutting");
    assert_forms("steal", "steal steals stealing stole stolen");
    assert_forms("withdraw", "withdraw withdraws withdrawing withdrew withdrawn");
    assert_forms("repay", "repay repays repaying repaid");
    assert_forms("undergo", "undergo undergoes undergoing underwent undergone");
    assert_forms("flee", "flee flees fleeing fled");
}

static void words_at_the_edge_have_forms_that_fit(void **state)
{
    (void)state;
    struct tw_word_form forms[TW_FORMS_MOST];
    assert_forms("", "");
    assert_forms("y", "y ys ying yed");
    assert_forms("e", "e es eing eed");
    char longest[TW_FORM_LETTERS - 4 + 1] = "";
    memset(longest, 'e', sizeof longest - 1);
    assert_int_equal(tw_word_forms(tw_text_of(longest), forms), 4);
    char longer[TW_FORM_LETTERS - 4 + 2] = "";
    memset(longer, 'e', sizeof longer - 1);
    assert_int_equal(tw_word_forms(tw_text_of(longer), forms), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endings_follow_the_rules_of_spelling),
        cmocka_unit_test(a_consonant_is_doubled_where_it_must_be),
        cmocka_unit_test(both_spellings_are_given),
        cmocka_unit_test(verbs_that_follow_no_rule_are_known),
        cmocka_unit_test(words_at_the_edge_have_forms_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
