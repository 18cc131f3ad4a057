/* fingerprint: what is alike and what is not, whatever stands around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stories/fingerprint.h"

static int32_t alike(const char *left, const char *right)
{
    struct tw_fingerprint_room rooms[2];
    struct tw_document documents[2] = {{.text = tw_text_of(left)}, {.text = tw_text_of(right)}};
    struct tw_fingerprint prints[2] = {
        tw_fingerprint_of(&documents[0], &rooms[0]), tw_fingerprint_of(&documents[1], &rooms[1])};
    int32_t there = tw_fingerprint_alike(&prints[0], &prints[1]);
    assert_int_equal(there, tw_fingerprint_alike(&prints[1], &prints[0]));
    return there;
}

static void what_a_newswire_adds_changes_nothing(void **state)
{
    (void)state;
    static const char title[] = "Velquin Chemicals to close its Tarmond plant";
    assert_int_equal(alike(title, title), 10000);
    assert_int_equal(alike(title, "UPDATE 2-Velquin Chemicals to close its Tarmond plant"), 10000);
    assert_int_equal(alike(title, "CORRECTED-UPDATE 1-Velquin Chemicals to close its Tarmond plant"), 10000);
    assert_int_equal(alike(title, "RT @desk: Velquin Chemicals to close its Tarmond plant!"), 10000);
    assert_int_equal(alike(title, "VELQUIN CHEMICALS TO CLOSE ITS TARMOND PLANT"), 10000);
    assert_int_equal(alike("U.S. sues Velquin", "US sues Velquin"), 10000);
    assert_in_range(alike(title, "Velquin Chemicals will close its Tarmond plant, union says"), 7000, 9999);
}

static void another_name_or_number_is_another_story(void **state)
{
    (void)state;
    assert_int_equal(alike("Fitch maintains Abbott on Rating Watch Negative",
                         "Fitch maintains Ladbrokes on Rating Watch Negative"),
        0);
    assert_int_equal(
        alike("Velquin signs contract worth 8.53 bln won", "Velquin signs contract worth 6.94 bln won"), 0);
    assert_int_equal(alike("Velquin Q2 profit beats estimates", "Velquin Q3 profit beats estimates"), 0);
    assert_int_equal(alike("Trading Halt, all issues - IT", "Trading Halt, all issues - ANY"), 0);
    /* One has more than the other: that is an addition. */
    assert_in_range(
        alike("Velquin loses $8.86 billion, slashes jobs", "Velquin loses $8.86 bln; slashes jobs, dividend"),
        6000, 9999);
}

static void documents_of_other_entities_are_not_alike(void **state)
{
    (void)state;
    struct tw_linked_entity velquin = {.symbol = tw_text_of("VELQ")},
                            ordanelle = {.symbol = tw_text_of("ORDF")};
    struct tw_document left = {
        .text = tw_text_of("it cuts its outlook"), .entities = &velquin, .entity_count = 1};
    struct tw_document right = {
        .text = tw_text_of("it cuts its outlook"), .entities = &ordanelle, .entity_count = 1};
    struct tw_fingerprint_room rooms[2];
    struct tw_fingerprint prints[2] = {
        tw_fingerprint_of(&left, &rooms[0]), tw_fingerprint_of(&right, &rooms[1])};
    assert_int_equal(tw_fingerprint_alike(&prints[0], &prints[1]), 0);
    right.entities = &velquin;
    prints[1] = tw_fingerprint_of(&right, &rooms[1]);
    assert_int_equal(tw_fingerprint_alike(&prints[0], &prints[1]), 10000);
}

static void texts_without_words_are_like_nothing(void **state)
{
    (void)state;
    assert_int_equal(alike("", ""), 0);
    assert_int_equal(alike("!!! ...", "!!! ..."), 0);
    assert_int_equal(alike("UPDATE 1-", "UPDATE 1-"), 0);
}

/* A thousand words, of which every `every`th is another one. */
static char *long_text(uint32_t every)
{
    size_t room = 16 * 1000 + 1, used = 0;
    char *text = malloc(room);
    assert_non_null(text);
    for (uint32_t word = 0; word < 1000; word++)
        used += (size_t)snprintf(text + used, room - used, "w%c%c%cx%s ", 'a' + word % 26,
            'a' + word / 26 % 26, 'a' + word / 676, every && word % every == 0 ? "other" : "");
    return text;
}

static void long_texts_are_estimated(void **state)
{
    (void)state;
    char *first = long_text(0), *tenth = long_text(10), *half = long_text(2);
    assert_int_equal(alike(first, first), 10000);
    assert_in_range(alike(first, tenth), 8182 - 1200, 8182 + 1200); /* 900 of 1,100 words */
    assert_in_range(alike(first, half), 3333 - 1200, 3333 + 1200);  /* 500 of 1,500 */
    free(first);
    free(tenth);
    free(half);
}

static void common_words_are_found(void **state)
{
    (void)state;
    static const char *const common[] = {"a", "about", "shares", "quarter", "your", "zone"};
    for (size_t at = 0; at < 5; at++)
        assert_true(tw_fingerprint_is_common(tw_text_of(common[at])));
    assert_false(tw_fingerprint_is_common(tw_text_of("zone")));
    assert_false(tw_fingerprint_is_common(tw_text_of("velquin")));
    assert_false(tw_fingerprint_is_common(tw_text_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_newswire_adds_changes_nothing),
        cmocka_unit_test(another_name_or_number_is_another_story),
        cmocka_unit_test(documents_of_other_entities_are_not_alike),
        cmocka_unit_test(texts_without_words_are_like_nothing),
        cmocka_unit_test(long_texts_are_estimated),
        cmocka_unit_test(common_words_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
