/* whole_words: words as a reader sees them, as bytes of the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "explain/whole_words.h"

/* The words of `text`, with "|" between them. */
static void expect(const char *text, const char *words)
{
    char found[1024] = "";
    size_t used = 0;
    struct tw_whole_word word;
    uint32_t at = 0, end = 0;
    while (tw_whole_word_next(tw_text_of(text), &at, &word)) {
        assert_true(word.begin >= end && word.end > word.begin && word.end <= strlen(text));
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", used ? "|" : "",
            (int)(word.end - word.begin), text + word.begin);
        end = word.end;
    }
    assert_string_equal(found, words);
}

static void test_punctuation_around_a_word_stands_apart(void **unused)
{
    (void)unused;
    expect("Profit fell, shares (down) \"again\"...", "Profit|fell|,|shares|(|down|)|\"|again|\"...");
    expect("", "");
    expect("  \t\n ", "");
    expect("!!", "!!");
}

static void test_marks_inside_of_a_word_hold_it_together(void **unused)
{
    (void)unused;
    expect("don't AT&T up-to-date and/or snake_case", "don't|AT&T|up-to-date|and/or|snake_case");
    expect("U.S. growth at amazon.com", "U.S|.|growth|at|amazon.com");
    expect("It fell.The bank", "It|fell|.|The|bank");
    expect("1,234.5 at 10:30, one,two", "1,234.5|at|10:30|,|one|,|two");
    expect("profit\xE2\x80\x94"
           "but Smith\xE2\x80\x99s",
        "profit|\xE2\x80\x94|but|Smith\xE2\x80\x99s");
}

static void test_money_and_percent_belong_to_their_number(void **unused)
{
    (void)unused;
    expect("$AAPL +3.5% -2 (-4%) #1 @desk", "$AAPL|+3.5%|-2|(|-4%|)|#1|@desk");
    expect("\xE2\x82\xAC"
           "5bn \xC2\xA3"
           "7",
        "\xE2\x82\xAC"
        "5bn|\xC2\xA3"
        "7");
    expect("\"$BYND\" fell - 5", "\"|$BYND|\"|fell|-|5");
}

static void test_words_of_several_bytes_a_letter_end_where_they_should(void **unused)
{
    (void)unused;
    expect("Caf\xC3\xA9 Nestle\xCC\x81 \xF0\x9F\x98\x80\xF0\x9F\x98\x80 up",
        "Caf\xC3\xA9|Nestle\xCC\x81|\xF0\x9F\x98\x80\xF0\x9F\x98\x80|up");
    expect("\xE6\xA0\xAA\xE5\xBC\x8F up", "\xE6\xA0\xAA|\xE5\xBC\x8F|up"); /* Han: a word a character */
}

static void test_broken_bytes_and_long_runs_end(void **unused)
{
    (void)unused;
    static char text[200001];
    struct tw_whole_word word;
    uint32_t at = 0, words = 0;
    for (size_t byte = 0; byte < sizeof text - 1; byte++)
        text[byte] = "a-!\xFF\xE2"[byte % 5];
    while (tw_whole_word_next((struct tw_text){text, sizeof text - 1}, &at, &word))
        words++;
    assert_true(words > 1000 && at <= sizeof text - 1);
    memset(text, '!', sizeof text - 1);
    at = 0;
    assert_true(tw_whole_word_next((struct tw_text){text, sizeof text - 1}, &at, &word));
    assert_int_equal(word.end, sizeof text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_punctuation_around_a_word_stands_apart),
        cmocka_unit_test(test_marks_inside_of_a_word_hold_it_together),
        cmocka_unit_test(test_money_and_percent_belong_to_their_number),
        cmocka_unit_test(test_words_of_several_bytes_a_letter_end_where_they_should),
        cmocka_unit_test(test_broken_bytes_and_long_runs_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
