/* sentences: where they end and where they do not, in several scripts, and in linear time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "score/sentences.h"

/* The sentences of `text`, with "|" between them. */
static void expect(const char *text, const char *sentences)
{
    char found[1024] = "";
    size_t used = 0;
    uint32_t at = 0, last = 0;
    struct tw_sentence sentence;
    while (tw_sentence_next(tw_text_of(text), &at, &sentence)) {
        assert_true(sentence.begin >= last && sentence.end > sentence.begin && at == sentence.end);
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", used ? "|" : "",
            (int)(sentence.end - sentence.begin), text + sentence.begin);
        last = sentence.end;
    }
    assert_string_equal(found, sentences);
}

static void they_end_behind_marks_before_what_may_begin_one(void **state)
{
    (void)state;
    expect("", "");
    expect("  ", "");
    expect("No end", "No end");
    expect("Profit fell. The bank blamed costs.", "Profit fell.|The bank blamed costs.");
    expect("Will it pay? It will! 31 sites close.", "Will it pay?|It will!|31 sites close.");
    expect("It fell...  The end\xE2\x80\xA6 Not yet", "It fell...|The end\xE2\x80\xA6|Not yet");
    expect("Yahoo! said so. iRobot did.", "Yahoo! said so. iRobot did.");
    expect("Read example.com today.Now.", "Read example.com today.Now.");
}

static void quotes_and_brackets_belong_to_the_sentence_that_they_close(void **state)
{
    (void)state;
    expect("\"We lost.\" The board met. (It did.) So", "\"We lost.\"|The board met.|(It did.)|So");
    expect("\xE2\x80\x9CWe won.\xE2\x80\x9D He left. \"No,\" she said.",
        "\xE2\x80\x9CWe won.\xE2\x80\x9D|He left.|\"No,\" she said.");
}

static void a_word_that_is_shortened_does_not_end_one(void **state)
{
    (void)state;
    expect("Mr. Carow and J. P. Morgan met at St. James. They won.",
        "Mr. Carow and J. P. Morgan met at St. James.|They won.");
    expect("Velquin Inc. Chairman Ann Lee quit.", "Velquin Inc. Chairman Ann Lee quit.");
    expect("He runs Velquin Inc. The shares fell.", "He runs Velquin Inc.|The shares fell.");
    expect(
        "U.S. Steel rose in the U.S. It fell elsewhere.", "U.S. Steel rose in the U.S.|It fell elsewhere.");
    expect("It met at 3 p.m. Monday vs. Tuesday, No. 5 on Jan. 3.",
        "It met at 3 p.m. Monday vs. Tuesday, No. 5 on Jan. 3.");
    expect("Filed by Velquin Inc.", "Filed by Velquin Inc.");
}

static void no_number_is_cut(void **state)
{
    (void)state;
    expect("It rose 3.5 pct to 1.234.567 dlrs. It paid 3. 5 more.",
        "It rose 3.5 pct to 1.234.567 dlrs.|It paid 3. 5 more.");
    expect("It was founded in 1911. The bank is large.", "It was founded in 1911.|The bank is large.");
}

static void full_stops_of_other_scripts_need_no_space(void **state)
{
    (void)state;
    expect("利益は減少した。株価は下落した！終わり", "利益は減少した。|株価は下落した！|終わり");
    expect("「赤字だ。」と言った。", "「赤字だ。」|と言った。");
    expect("लाभ घटा। शेयर गिरा।", "लाभ घटा।|शेयर गिरा।");
    expect("هل خسرت؟ نعم.", "هل خسرت؟|نعم.");
}

static void a_run_of_marks_is_looked_at_once(void **state)
{
    (void)state;
    enum { BYTES = 4 << 20 };
    static const char *const runs[] = {".", ".)", ").", ". ", "?a", "。\"", "A. ", "\xE3\x80"};
    char *text = malloc(BYTES + 8);
    assert_non_null(text);
    for (size_t run = 0; run < sizeof runs / sizeof runs[0]; run++) {
        const size_t piece = strlen(runs[run]);
        uint32_t at = 0, count = 0;
        struct tw_sentence sentence;
        for (size_t used = 0; used < BYTES; used += piece)
            memcpy(text + used, runs[run], piece);
        text[BYTES] = 'x'; /* nothing ends there */
        while (tw_sentence_next((struct tw_text){text, BYTES + 1}, &at, &sentence))
            count++;
        assert_true(count > 0 && at == BYTES + 1);
    }
    /* A walk of quadratic cost would take days. */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_end_behind_marks_before_what_may_begin_one),
        cmocka_unit_test(quotes_and_brackets_belong_to_the_sentence_that_they_close),
        cmocka_unit_test(a_word_that_is_shortened_does_not_end_one),
        cmocka_unit_test(no_number_is_cut),
        cmocka_unit_test(full_stops_of_other_scripts_need_no_space),
        cmocka_unit_test(a_run_of_marks_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
