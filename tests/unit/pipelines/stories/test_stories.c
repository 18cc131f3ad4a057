/* stories: which documents belong together, how new each is, and how often it was told before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stories/stories.h"

#define HOUR_US INT64_C(3600000000)

static struct tw_stories stories;

static int begin(void **state)
{
    (void)state;
    struct tw_stories_options options = tw_stories_defaults();
    struct tw_error err;
    return tw_stories_begin(&stories, &options, &err) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tw_stories_end(&stories);
    return 0;
}

static struct tw_story_verdict file(
    struct tw_stories *into, const char *text, int64_t time_us, int64_t number)
{
    struct tw_fingerprint_room room;
    struct tw_document document = {.text = tw_text_of(text)};
    struct tw_story_verdict verdict;
    struct tw_error err;
    struct tw_fingerprint print = tw_fingerprint_of(&document, &room);
    const struct tw_story_telling telling = {.print = &print, .time_us = time_us, .number = number};
    assert_true(tw_stories_file(into, &telling, &verdict, NULL, &err));
    return verdict;
}

static void a_story_copied_fifty_times_is_one(void **state)
{
    (void)state;
    struct tw_story_verdict verdict = file(&stories, "Velquin Chemicals to close its Tarmond plant", 0, 7);
    assert_int_equal(verdict.story, 7);
    assert_int_equal(verdict.nearest, 7);
    assert_int_equal(verdict.novelty, 10000);
    for (int64_t copy = 1; copy <= 50; copy++) {
        char text[200];
        snprintf(text, sizeof text, "%sVelquin Chemicals to close its Tarmond plant%s%s",
            copy % 2 ? "UPDATE 1-" : "", copy % 3 ? "" : ", source", copy % 5 ? "" : " - paper");
        verdict = file(&stories, text, copy * 60000000, 100 + copy);
        assert_int_equal(verdict.story, 7);
        assert_int_equal(verdict.copies[TW_STORY_12_H], copy);
        assert_in_range(verdict.novelty, 0, 3000);
    }
    verdict = file(&stories, "Ordanelle Foods to close its Bexley plant", INT64_C(51) * 60000000, 300);
    assert_int_equal(verdict.story, 300);
    assert_int_equal(verdict.copies[TW_STORY_7_D], 0);
}

static void a_story_goes_on_while_copies_come_and_spans_are_counted(void **state)
{
    (void)state;
    static const char text[] = "Velquin Chemicals to close its Tarmond plant";
    static const uint32_t wanted[][TW_STORY_SPANS] = {
        {0, 0, 0, 0}, {0, 1, 1, 1}, {0, 1, 2, 2}, {0, 1, 3, 3}, {0, 1, 3, 4}};
    for (int64_t day = 0; day < 5; day++) { /* 20 hours apart: each within the window of the one before */
        struct tw_story_verdict verdict = file(&stories, text, day * 20 * HOUR_US, day);
        assert_int_equal(verdict.story, 0);
        assert_memory_equal(verdict.copies, wanted[day], sizeof wanted[day]);
    }
    struct tw_story_verdict verdict = file(&stories, text, 4 * 20 * HOUR_US + 24 * HOUR_US, 99);
    assert_int_equal(verdict.story, 99); /* a day without a copy ended it */
    assert_int_equal(verdict.novelty, 10000);
}

static void a_window_built_anew_goes_on_alike(void **state)
{
    (void)state;
    struct tw_stories anew;
    struct tw_stories_options options = tw_stories_defaults();
    struct tw_error err;
    assert_true(tw_stories_begin(&anew, &options, &err));
    uint32_t random = 12345;
    for (int64_t at = 0; at < 6000; at++) {
        char text[200];
        random = random * 1664525 + 1013904223;
        snprintf(text, sizeof text, "Company%u to close its plant%u %s", random >> 8 & 255, random >> 16 & 15,
            random >> 20 & 1 ? "soon" : "next year, union says");
        struct tw_story_verdict verdict = file(&stories, text, at * 60000000, at);
        if (at < 2000) /* older than the window by the time both are compared */
            continue;
        struct tw_story_verdict other = file(&anew, text, at * 60000000, at);
        if (at < 2000 + 1440)
            continue;
        assert_int_equal(verdict.novelty, other.novelty);
        assert_int_equal(verdict.nearest, other.nearest);
    }
    assert_int_equal(stories.forgotten, 0);
    tw_stories_end(&anew);
}

static void an_entity_that_a_copy_is_the_first_to_name_was_not_told_of(void **state)
{
    (void)state;
    static const char text[] = "Velquin Chemicals to close its Tarmond plant";
    static const uint64_t entities[] = {11, 22};
    struct tw_fingerprint_room room;
    struct tw_document document = {.text = tw_text_of(text)};
    struct tw_fingerprint print = tw_fingerprint_of(&document, &room);
    struct tw_story_telling telling = {&print, 0, 1, entities, 1};
    struct tw_story_verdict verdict;
    struct tw_error err;
    bool told[2] = {true, true};
    assert_true(tw_stories_file(&stories, &telling, &verdict, told, &err));
    assert_false(told[0]);
    telling = (struct tw_story_telling){&print, HOUR_US, 2, entities, 2};
    assert_true(tw_stories_file(&stories, &telling, &verdict, told, &err));
    assert_int_equal(verdict.story, 1);
    assert_true(told[0]);
    assert_false(told[1]);
    telling = (struct tw_story_telling){&print, 23 * HOUR_US, 3, entities + 1, 1};
    assert_true(tw_stories_file(&stories, &telling, &verdict, told, &err));
    assert_true(told[0]);
    telling = (struct tw_story_telling){
        &print, 26 * HOUR_US, 4, entities, 2}; /* the first was named 25 hours ago */
    assert_true(tw_stories_file(&stories, &telling, &verdict, told, &err));
    assert_int_equal(verdict.story, 1);
    assert_false(told[0]);
    assert_true(told[1]);
}

/* A tape of stories that come again and again, some for days. */
enum { TAPE = 3000, TAPE_ENTITIES = 2 };
struct taped {
    struct tw_fingerprint_room room;
    struct tw_fingerprint print;
    uint64_t entities[TAPE_ENTITIES];
    struct tw_story_telling telling;
    struct tw_story_verdict verdict; /* as filed one after the other */
    bool told[TAPE_ENTITIES];
};

static void make_tape(struct taped *tape)
{
    uint32_t random = 4711;
    for (int64_t at = 0; at < TAPE; at++) {
        struct taped *taped = &tape[at];
        char text[200];
        random = random * 1664525 + 1013904223;
        snprintf(text, sizeof text, "%sCompany%u to close its plant%u%s", random >> 4 & 1 ? "UPDATE 1-" : "",
            random >> 8 & 31, random >> 16 & 7, random >> 20 & 1 ? "" : " next year, union says");
        struct tw_document document = {.text = tw_text_of(text)};
        taped->print = tw_fingerprint_of(&document, &taped->room);
        taped->entities[0] = random >> 8 & 31;
        taped->entities[1] = 100 + (random >> 24 & 3);
        taped->telling = (struct tw_story_telling){&taped->print, at / 2 * 300000000, at, taped->entities,
            (random >> 28 & 1) + 1}; /* two at a time, 10 days in all */
    }
}

static void expect_as_filed(
    const struct taped *taped, const struct tw_story_verdict *verdict, const bool *told)
{
    assert_int_equal(verdict->story, taped->verdict.story);
    assert_int_equal(verdict->begun_us, taped->verdict.begun_us);
    assert_int_equal(verdict->nearest, taped->verdict.nearest);
    assert_int_equal(verdict->novelty, taped->verdict.novelty);
    assert_memory_equal(verdict->copies, taped->verdict.copies, sizeof verdict->copies);
    assert_memory_equal(told, taped->told, taped->telling.entity_count * sizeof *told);
}

static struct taped *new_tape(void)
{
    struct tw_error err;
    struct taped *tape = calloc(TAPE, sizeof *tape);
    assert_non_null(tape);
    make_tape(tape);
    for (int at = 0; at < TAPE; at++) {
        assert_true(tw_stories_file(&stories, &tape[at].telling, &tape[at].verdict, tape[at].told, &err));
        tw_stories_keep(&stories);
    }
    return tape;
}

static void what_came_to_nothing_was_never_filed(void **state)
{
    (void)state;
    struct taped *tape = new_tape();
    struct tw_stories again;
    struct tw_stories_options options = tw_stories_defaults();
    struct tw_error err;
    struct tw_story_verdict verdict;
    bool told[TAPE_ENTITIES];
    assert_true(tw_stories_begin(&again, &options, &err));
    for (int first = 0; first < TAPE; first += 100) {
        for (int at = first; at < first + 100 + first % 300 && at < TAPE; at++) /* some a day ahead */
            assert_true(tw_stories_file(&again, &tape[(at * 7) % TAPE].telling, &verdict, told, &err));
        tw_stories_undo(&again);
        for (int at = first; at < first + 100; at++) {
            assert_true(tw_stories_file(&again, &tape[at].telling, &verdict, told, &err));
            expect_as_filed(&tape[at], &verdict, told);
        }
        tw_stories_keep(&again);
    }
    tw_stories_end(&again);
    free(tape);
}

static void after_a_restart_all_goes_on_as_if_it_had_never_been_gone(void **state)
{
    (void)state;
    struct taped *tape = new_tape();
    struct tw_stories_options options = tw_stories_defaults();
    struct tw_error err;
    for (int restart = 400; restart < TAPE; restart += 700) {
        struct tw_stories anew;
        struct tw_story_verdict verdict;
        bool told[TAPE_ENTITIES];
        int64_t window_us = tape[restart].telling.time_us - options.window_us;
        int64_t longest_us = tape[restart].telling.time_us - TW_STORY_LONGEST_US;
        assert_true(tw_stories_begin(&anew, &options, &err));
        for (int at = 0; at < restart; at++) {
            const struct tw_story_telling *telling = &tape[at].telling;
            const struct tw_story story = {tape[at].verdict.story, tape[at].verdict.begun_us};
            if (telling->time_us >= longest_us && telling->time_us < window_us)
                assert_true(tw_stories_recall_time(&anew, &story, telling->time_us, &err));
            else if (telling->time_us >= window_us)
                assert_true(tw_stories_recall(&anew, telling, &story, &err));
        }
        tw_stories_keep(&anew);
        for (int at = restart; at < TAPE; at++) {
            assert_true(tw_stories_file(&anew, &tape[at].telling, &verdict, told, &err));
            expect_as_filed(&tape[at], &verdict, told);
        }
        tw_stories_end(&anew);
    }
    free(tape);
}

static void the_window_is_bounded(void **state)
{
    (void)state;
    struct tw_stories small;
    struct tw_stories_options options = {.window_us = HOUR_US, .alike = 6000, .most_documents = 100};
    struct tw_error err;
    assert_true(tw_stories_begin(&small, &options, &err));
    for (int64_t at = 0; at < 5000; at++) {
        char text[100];
        snprintf(text, sizeof text, "Company%d does thing%d", (int)(at % 700), (int)at);
        file(&small, text, at, at);
    }
    assert_int_equal(small.behind - small.first, 100);
    assert_int_equal(small.forgotten, 4900);
    tw_stories_end(&small);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const struct tw_stories_options wrong[] = {
        {0, 6000, 1}, {8 * 24 * HOUR_US, 6000, 1}, {HOUR_US, 0, 1}, {HOUR_US, 10001, 1}, {HOUR_US, 6000, 0}};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        struct tw_stories none;
        struct tw_error err;
        assert_false(tw_stories_begin(&none, &wrong[at], &err));
        assert_int_equal(err.code, TW_CONFIG);
        tw_stories_end(&none);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_story_copied_fifty_times_is_one, begin, end),
        cmocka_unit_test_setup_teardown(a_story_goes_on_while_copies_come_and_spans_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(a_window_built_anew_goes_on_alike, begin, end),
        cmocka_unit_test_setup_teardown(
            an_entity_that_a_copy_is_the_first_to_name_was_not_told_of, begin, end),
        cmocka_unit_test_setup_teardown(what_came_to_nothing_was_never_filed, begin, end),
        cmocka_unit_test_setup_teardown(after_a_restart_all_goes_on_as_if_it_had_never_been_gone, begin, end),
        cmocka_unit_test(the_window_is_bounded),
        cmocka_unit_test(options_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
