/* lexicon: a text's words, and which terms each of them is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "events/lexicon.h"

enum { FILE_TERM, BANKRUPT, ELEVEN, NUMBER, DIDNT, TERMS };

static struct tw_arena arena;
static struct tw_lexicon lexicon;

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    uint64_t *anchors;
    if (!tw_arena_begin(&arena, (size_t)1 << 20, &err) ||
        !tw_lexicon_begin(&lexicon, 64, TERMS, &arena, &err) ||
        !tw_lexicon_add(&lexicon, tw_text_of("file"), false, FILE_TERM, &err) ||
        !tw_lexicon_add(&lexicon, tw_text_of("files"), false, FILE_TERM, &err) ||
        !tw_lexicon_add(&lexicon, tw_text_of("bankrupt"), true, BANKRUPT, &err) ||
        !tw_lexicon_add(&lexicon, tw_text_of("11"), false, ELEVEN, &err) ||
        !tw_lexicon_add(&lexicon, tw_text_of("didnt"), false, DIDNT, &err) ||
        !tw_lexicon_add_numbers(&lexicon, NUMBER, &err))
        return -1;
    anchors = tw_arena_array(&arena, lexicon.term_words, sizeof *anchors);
    anchors[0] = UINT64_C(1) << BANKRUPT;
    return tw_lexicon_close(&lexicon, anchors, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_arena_end(&arena);
    return 0;
}

/* The words of a text with `|` between them, each with its term's number behind it. */
static void assert_words(const char *from, const char *wanted)
{
    struct tw_text text = tw_text_of(from);
    struct tw_event_word word;
    char got[256];
    size_t used = 0;
    got[0] = '\0';
    for (uint32_t at = 0; tw_lexicon_next(&lexicon, text, &at, &word);) {
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%.*s", used ? "|" : "",
            (int)(word.end - word.begin), from + word.begin);
        for (uint32_t term = 0; term < TERMS; term++)
            if (tw_lexicon_has(word.set, term))
                used += (size_t)snprintf(got + used, sizeof got - used, "=%u", term);
    }
    assert_string_equal(got, wanted);
}

static void words_and_stems_are_known_in_any_case(void **state)
{
    (void)state;
    assert_words("FILES a File, filed", "FILES=0|a|File=0|filed");
    assert_words("Bankruptcies bankrupt bankrup", "Bankruptcies=1|bankrupt=1|bankrup");
    assert_words("", "");
    assert_words(" -- ", "");
}

static void apostrophes_and_hyphens_are_as_people_mean_them(void **state)
{
    (void)state;
    assert_words("Didn't didn\xE2\x80\x99t", "Didn't=4|didn\xE2\x80\x99t=4");
    assert_words("file's 'file' files\xE2\x80\x94"
                 "file",
        "file=0|file=0|files=0|file=0");
    assert_words("re-file", "re|file=0");
    assert_words("Moody's", "Moody");
}

static void initials_are_one_word(void **state)
{
    (void)state;
    assert_words("f.i.l.e. re", "f.i.l.e=0|re");
    assert_words("f&i fi.le a.bc f. i", "f&i|fi|le|a|bc|f|i");
}

static void numbers_are_whole(void **state)
{
    (void)state;
    assert_words("11", "11=2=3"); /* a number that a pattern names is any number too */
    assert_words("11.5 1,100 $12 2027.", "11.5=3|1,100=3|12=3|2027=3");
    assert_words("q3 3m", "q3|3m");
}

static void letters_of_other_scripts_make_another_word(void **state)
{
    (void)state;
    assert_words(
        "file\xC3\xA9 \xE5\x80\x92\xE7\x94\xA3 file", "file\xC3\xA9|\xE5\x80\x92\xE7\x94\xA3|file=0");
    assert_words("\xFF\xFE", "\xFF\xFE");
}

static void anchors_are_listed(void **state)
{
    (void)state;
    struct tw_event_word word;
    uint32_t at = 0;
    assert_true(tw_lexicon_next(&lexicon, tw_text_of("bankrupted"), &at, &word));
    assert_int_equal(word.set->anchor_count, 1);
    assert_int_equal(word.set->anchors[0], BANKRUPT);
    at = 0;
    assert_true(tw_lexicon_next(&lexicon, tw_text_of("file"), &at, &word));
    assert_int_equal(word.set->anchor_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_stems_are_known_in_any_case),
        cmocka_unit_test(apostrophes_and_hyphens_are_as_people_mean_them),
        cmocka_unit_test(initials_are_one_word),
        cmocka_unit_test(numbers_are_whole),
        cmocka_unit_test(letters_of_other_scripts_make_another_word),
        cmocka_unit_test(anchors_are_listed),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
