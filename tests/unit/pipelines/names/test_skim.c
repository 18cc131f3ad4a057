/* skim: the same words as those of words.h, and one number for all spellings of a word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names/skim.h"
#include "names/words.h"

/* Ends of chunks, accents, marks, spaces and letters of other scripts, and bytes that are none. */
static const char *const pieces[] = {"a", "of", "the", "Bank", "eight888", "nine99999", "sixteen0sixteen1",
    "seventeen", "Ne", "stl\xC3\xA9", "e\xCC\x81", " ", "  ", "\t", "\xC2\xA0", "\xE2\x80\x8B", "-", "`", "$",
    "<", ":", "\xE2\x80\x99s", "\xEF\xBC\x84", "\xEF\xBC\xA1", "\xE6\x97\xA5", "\xE3\x82\xB0", "\xED\x95\x9C",
    "\x01", "\x7F", "@[{", "/9:", "\xFF", "\xE2\x80", "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

static void assert_same_words(struct tw_text text)
{
    uint32_t at = 0, skimmed_at = 0;
    struct tw_name_word word;
    struct tw_skimmed_word skimmed;
    while (tw_word_next(text, &at, &word)) {
        assert_true(tw_skim_next(text, &skimmed_at, &skimmed));
        assert_int_equal(skimmed.begin, word.begin);
        assert_int_equal(skimmed.end, word.end);
        assert_int_equal(skimmed_at, at);
        if (word.length > 0) /* a word that is in no name may have any number */
            assert_true(skimmed.number == tw_skim_number(word.folded, word.length));
        assert_int_equal(skimmed.mark, !word.letters && word.length == 1 ? word.folded[0] : 0);
    }
    assert_false(tw_skim_next(text, &skimmed_at, &skimmed));
}

static void words_are_those_of_words_h(void **state)
{
    (void)state;
    enum { PIECES = sizeof pieces / sizeof pieces[0], TEXTS = 20000 };
    uint64_t random = 1;
    for (uint32_t nth = 0; nth < TEXTS; nth++) {
        char *text = malloc(2048); /* of its own, so that a sanitizer sees its end */
        size_t length = 0;
        assert_non_null(text);
        for (uint32_t piece = 0; piece < nth % 12; piece++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            struct tw_text chosen = tw_text_of(pieces[(random >> 33) % PIECES]);
            memcpy(text + length, chosen.bytes, chosen.length);
            length += chosen.length;
        }
        char *exact = malloc(length + 1);
        assert_non_null(exact);
        memcpy(exact, text, length);
        exact = realloc(exact, length ? length : 1);
        assert_same_words((struct tw_text){exact, length});
        free(exact);
        free(text);
    }
}

static uint64_t number_of(const char *text)
{
    uint32_t at = 0;
    struct tw_skimmed_word word;
    assert_true(tw_skim_next(tw_text_of(text), &at, &word));
    return word.number;
}

static void spellings_of_a_word_have_one_number(void **state)
{
    (void)state;
    assert_true(number_of("NESTLE") == number_of("Nestl\xC3\xA9"));
    assert_true(number_of("\xEF\xBC\xA1\xEF\xBC\xA2") == number_of("ab"));
    assert_true(number_of("eight888") != number_of("eight889"));
    assert_true(number_of("a") != number_of("aa"));
    assert_true(
        tw_skim_join(number_of("bank"), number_of("of")) != tw_skim_join(number_of("of"), number_of("bank")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_words_h),
        cmocka_unit_test(spellings_of_a_word_have_one_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
