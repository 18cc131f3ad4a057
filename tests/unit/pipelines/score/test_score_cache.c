/* score_cache: a text that comes again has the scores of before, one that is hardly another has not; memory
 * is bounded, and threads may meet. */
#include "score/score_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_READINGS = 4 };

/* A document with what the cache looks at. */
struct text {
    struct tw_document document;
    struct tw_reading readings[MOST_READINGS];
    char bytes[256];
};

/* Scores that follow from the text alone, as a model's do. */
static struct tw_score score_of(const struct text *text, uint32_t nth)
{
    uint32_t sum = 17 * nth;
    for (size_t at = 0; at < text->document.text.length; at++)
        sum = sum * 31 + (unsigned char)text->bytes[at];
    for (uint32_t at = 0; at < text->document.reading_count; at++)
        sum = sum * 31 + text->readings[at].begin * 7 + text->readings[at].end;
    return (struct tw_score){.negative = (float)(sum % 1000), .sentiment = (int32_t)(sum % 65521)};
}

static void fill(struct text *text, const char *bytes, uint32_t readings)
{
    memset(text, 0, sizeof *text);
    snprintf(text->bytes, sizeof text->bytes, "%s", bytes);
    text->document.text = tw_text_of(text->bytes);
    text->document.readings = text->readings;
    text->document.reading_count = readings;
    for (uint32_t at = 0; at < readings; at++)
        text->readings[at] = (struct tw_reading){.begin = at + 1, .end = at + 3};
}

static void score(struct text *text)
{
    text->document.score = score_of(text, 0);
    for (uint32_t at = 0; at < text->document.reading_count; at++)
        text->readings[at].score = score_of(text, at + 1);
}

/* Whole numbers both. */
static bool same(struct tw_score one, struct tw_score other)
{
    return (int)one.negative == (int)other.negative && one.sentiment == other.sentiment;
}

static bool has_scores(const struct text *text)
{
    bool all = same(score_of(text, 0), text->document.score);
    for (uint32_t at = 0; at < text->document.reading_count; at++)
        all = all && same(score_of(text, at + 1), text->readings[at].score);
    return all;
}

static struct tw_score_cache *given_cache(size_t bytes, uint64_t (*hash)(const struct tw_document *))
{
    struct tw_score_cache *cache;
    struct tw_error err;
    assert_true(tw_score_cache_open(bytes, hash, &cache, &err));
    return cache;
}

static void put(struct tw_score_cache *cache, const char *bytes, uint32_t readings)
{
    struct text text;
    fill(&text, bytes, readings);
    score(&text);
    tw_score_cache_put(cache, &text.document);
}

/* Is it there, and then with its own scores? What is not there is left as it was. */
static bool finds(struct tw_score_cache *cache, const char *bytes, uint32_t readings)
{
    struct text text;
    fill(&text, bytes, readings);
    const struct tw_score before = text.document.score;
    if (tw_score_cache_find(cache, &text.document)) {
        assert_true(has_scores(&text));
        return true;
    }
    assert_true(same(before, text.document.score));
    return false;
}

static void a_text_that_comes_again_has_its_scores(void **state)
{
    (void)state;
    struct tw_score_cache *cache = given_cache(1 << 20, NULL);
    assert_false(finds(cache, "profit rises", 2));
    put(cache, "profit rises", 2);
    put(cache, "profit rises", 2);
    put(cache, "", 0);
    assert_true(finds(cache, "profit rises", 2));
    assert_true(finds(cache, "", 0));
    assert_false(finds(cache, "profit rises", 1));
    assert_false(finds(cache, "profit rises", 3));
    assert_false(finds(cache, "profit rises ", 2));
    assert_false(finds(cache, "profit riset", 2));
    struct text moved;
    fill(&moved, "profit rises", 2);
    moved.readings[1].end++;
    assert_false(tw_score_cache_find(cache, &moved.document));
    tw_score_cache_close(cache);
}

static uint64_t one_hash_for_all(const struct tw_document *document)
{
    (void)document;
    return 42;
}

static void texts_of_one_hash_are_told_apart_by_their_bytes(void **state)
{
    (void)state;
    struct tw_score_cache *cache = given_cache(1 << 20, one_hash_for_all);
    put(cache, "profit rises", 1);
    assert_false(finds(cache, "profit falls", 1));
    assert_false(finds(cache, "profit rises", 2));
    put(cache, "profit falls", 1);
    put(cache, "profit rises", 2);
    assert_true(finds(cache, "profit rises", 1));
    assert_true(finds(cache, "profit falls", 1));
    assert_true(finds(cache, "profit rises", 2));
    tw_score_cache_close(cache);
}

static void the_oldest_give_way_and_nothing_grows(void **state)
{
    (void)state;
    enum { TEXTS = 5000 };
    struct tw_score_cache *cache = given_cache(64 << 10, NULL);
    char bytes[64];
    size_t kept = 0;
    for (int at = 0; at < TEXTS; at++) {
        snprintf(bytes, sizeof bytes, "text number %d of many that come", at);
        put(cache, bytes, (uint32_t)at % MOST_READINGS);
        assert_true(finds(cache, bytes, (uint32_t)at % MOST_READINGS));
    }
    for (int at = 0; at < TEXTS; at++) {
        snprintf(bytes, sizeof bytes, "text number %d of many that come", at);
        kept += finds(cache, bytes, (uint32_t)at % MOST_READINGS);
    }
    assert_true(kept > 200 && kept < 1000);
    assert_false(finds(cache, "text number 0 of many that come", 0));
    tw_score_cache_close(cache);
}

static void a_text_too_long_for_it_is_not_kept(void **state)
{
    (void)state;
    struct tw_score_cache *cache = given_cache(0, NULL);
    char *bytes = calloc(1, 1 << 16);
    assert_non_null(bytes);
    memset(bytes, 'x', (1 << 16) - 1);
    struct tw_document document = {.text = {bytes, (1 << 16) - 1}};
    put(cache, "short", 0);
    tw_score_cache_put(cache, &document);
    assert_false(tw_score_cache_find(cache, &document));
    assert_true(finds(cache, "short", 0));
    free(bytes);
    tw_score_cache_close(cache);
    tw_score_cache_close(NULL);
}

static void *meet(void *argument)
{
    struct tw_score_cache *cache = argument;
    char bytes[64];
    uint64_t wrong = 0;
    for (unsigned at = 0; at < 20000; at++) {
        struct text text;
        snprintf(bytes, sizeof bytes, "text %u", at * 7919 % 1500);
        fill(&text, bytes, at % MOST_READINGS);
        if (tw_score_cache_find(cache, &text.document)) {
            wrong += !has_scores(&text);
        } else {
            score(&text);
            tw_score_cache_put(cache, &text.document);
        }
    }
    return (void *)(uintptr_t)wrong;
}

static void threads_that_meet_see_whole_entries(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    struct tw_score_cache *cache = given_cache(64 << 10, NULL);
    pthread_t threads[THREADS];
    for (size_t at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&threads[at], NULL, meet, cache), 0);
    for (size_t at = 0; at < THREADS; at++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[at], &wrong), 0);
        assert_null(wrong);
    }
    tw_score_cache_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_comes_again_has_its_scores),
        cmocka_unit_test(texts_of_one_hash_are_told_apart_by_their_bytes),
        cmocka_unit_test(the_oldest_give_way_and_nothing_grows),
        cmocka_unit_test(a_text_too_long_for_it_is_not_kept),
        cmocka_unit_test(threads_that_meet_see_whole_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
