/* teacher_logits: a teacher is asked once, whatever happens in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "distill/teachers.h"
#include "learning.h"
#include "random_model.h"

/* More than the teacher is asked at once, so that somebody can stop it in between. */
enum { TEXTS = 1300 };

static struct learning learning;
static struct tw_dataset *dataset;
static size_t records[TEXTS];

/* Every third text names a company. */
static void given_dataset(void)
{
    static const struct tw_dataset_options options = {0};
    struct tw_error err;
    assert_true(tw_dataset_new(&options, &dataset, &err));
    for (int at = 0; at < TEXTS; at++) {
        char text[64];
        const struct tw_dataset_entity marine = {
            .name = tw_text_of("marine"), .place = {.begin = 0, .end = 6}, .label = -1};
        int length = snprintf(text, sizeof text, "marine rose to %d, shares fell", at);
        const struct tw_example example = {.text = {text, (size_t)length},
            .entities = &marine,
            .entity_count = at % 3 == 0,
            .label = -1,
            .weight = 1};
        assert_true(tw_dataset_add(dataset, &example, &err));
        records[at] = (size_t)at;
    }
}

static int begin(void **state)
{
    (void)state;
    if (!learning_begin(&learning))
        return -1;
    given_teacher(&learning, "teacher");
    given_dataset();
    return 0;
}

static int end(void **state)
{
    (void)state;
    tw_dataset_free(dataset);
    return learning_end(&learning);
}

/* Who looks on, and says stop when asked for the nth time. */
struct onlooker {
    int asked, stop_at; /* stop_at 0: never */
    char line[128];     /* the last one told */
};

static bool stopped(void *context)
{
    struct onlooker *onlooker = context;
    return ++onlooker->asked == onlooker->stop_at;
}

static void note_line(void *context, const char *line)
{
    struct onlooker *onlooker = context;
    snprintf(onlooker->line, sizeof onlooker->line, "%s", line);
}

static bool ask_by(struct onlooker *onlooker, const char *backend, const char *cache, size_t count,
    struct tw_teacher_logits *out, struct tw_error *err)
{
    const struct tw_run_watch watch = {.context = onlooker, .stopped = stopped, .on_report_line = note_line};
    const struct tw_teacher_logits_options options = {.teacher = in_work(&learning, "teacher"),
        .backend = backend,
        .most_tokens = 16,
        .threads = 2,
        .cache = cache,
        .watch = &watch};
    return tw_teacher_logits_begin(dataset, &learning.arena, out, err) &&
           tw_teacher_logits_predict(&options, dataset, records, count, &learning.arena, out, err);
}

static bool ask(struct onlooker *onlooker, const char *cache, size_t count, struct tw_teacher_logits *out,
    struct tw_error *err)
{
    return ask_by(onlooker, "fixed", cache, count, out, err);
}

static void a_teacher_that_rounds_is_another_teacher(void **state)
{
    (void)state;
    const char *cache = in_work(&learning, "rounded.safetensors");
    struct onlooker exact = {0}, rounded = {0};
    struct tw_teacher_logits first, second;
    struct tw_error err;
    assert_true(ask(&exact, cache, 10, &first, &err));
    assert_true(ask_by(&rounded, "bf16-portable", cache, 10, &second, &err));
    assert_int_equal(rounded.asked, 1);
    for (size_t at = 0; at < 10 * TW_CLASSES; at++)
        assert_float_equal(first.documents[at], second.documents[at], 0.05);
    assert_memory_not_equal(first.documents, second.documents, 10 * TW_CLASSES * sizeof(float));
}

static void assert_same(const struct tw_teacher_logits *left, const struct tw_teacher_logits *right)
{
    size_t entities = left->first_entity[dataset->count];
    assert_memory_equal(left->documents, right->documents, TEXTS * TW_CLASSES * sizeof(float));
    assert_int_equal(entities, (TEXTS + 2) / 3);
    assert_memory_equal(left->entities, right->entities, entities * TW_CLASSES * sizeof(float));
}

static void a_teacher_that_was_stopped_goes_on_where_it_was(void **state)
{
    (void)state;
    const char *cache = in_work(&learning, "stopped.safetensors");
    struct onlooker stopping = {.stop_at = 3}, resuming = {0}, whole = {0};
    struct tw_teacher_logits first, second;
    struct tw_error err;
    assert_false(ask(&stopping, cache, TEXTS, &first, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    assert_string_equal(
        err.what, "stopped while the teacher was asked: its answers to 1024 of 1300 texts are kept");
    assert_true(ask(&resuming, cache, TEXTS, &first, &err));
    assert_int_equal(resuming.asked, 1);
    assert_string_equal(resuming.line, "the teacher has read 1300 of 1300 texts");
    assert_true(ask(&whole, in_work(&learning, "whole.safetensors"), TEXTS, &second, &err));
    assert_int_equal(whole.asked, 3);
    assert_true(first.has_documents && first.has_entities);
    assert_same(&first, &second);
}

static void what_was_asked_once_is_not_asked_again(void **state)
{
    (void)state;
    const char *cache = in_work(&learning, "once.safetensors");
    struct onlooker once = {0}, twice = {0}, fewer = {0};
    struct tw_teacher_logits first, second;
    struct tw_error err;
    assert_true(ask(&once, cache, TEXTS, &first, &err));
    assert_true(ask(&twice, cache, TEXTS, &second, &err));
    assert_int_equal(twice.asked, 0);
    assert_same(&first, &second);
    /* Other texts: the file does not fit. */
    assert_true(ask(&fewer, cache, 10, &second, &err));
    assert_int_equal(fewer.asked, 1);
    assert_memory_equal(first.documents, second.documents, 10 * TW_CLASSES * sizeof(float));
}

static void a_file_that_was_cut_is_written_anew(void **state)
{
    (void)state;
    const char *cache = in_work(&learning, "cut.safetensors");
    struct onlooker before = {0}, after = {0}, again = {0};
    struct tw_teacher_logits first, second;
    struct tw_error err;
    assert_true(ask(&before, cache, TEXTS, &first, &err));
    assert_int_equal(truncate(cache, 5000), 0);
    /* As a process leaves one that was killed while it wrote. */
    given_file(learning.work, "cut.safetensors.partial", "half", 4);
    assert_true(ask(&after, cache, TEXTS, &second, &err));
    assert_int_equal(after.asked, 3);
    assert_same(&first, &second);
    assert_false(is_there(learning.work, "cut.safetensors.partial"));
    assert_true(ask(&again, cache, TEXTS, &second, &err));
    assert_int_equal(again.asked, 0);
}

/* "auto" would let a clock decide which library answers, and a run that is resumed could ask another. */
static void teachers_answer_by_the_library_of_the_run(void **state)
{
    (void)state;
    static const struct tw_setting_texts none = {NULL, 0};
    struct onlooker asking = {0}, same = {0}, other = {0};
    const struct tw_run_watch watch = {.context = &asking, .stopped = stopped};
    const struct tw_teachers teachers = {.teacher = in_work(&learning, "teacher"),
        .folds = &none,
        .folder = learning.work,
        .precision = "f32",
        .gemm = "portable",
        .most_tokens = 16,
        .threads = 2,
        .watch = &watch};
    const char *cache = in_work(&learning, "teacher-logits.safetensors");
    struct tw_teacher_logits answers;
    struct tw_error err;
    assert_true(tw_teachers_predict(&teachers, dataset, records, 10, &learning.arena, &answers, &err));
    assert_int_equal(asking.asked, 1);
    assert_true(ask_by(&same, "portable", cache, 10, &answers, &err));
    assert_int_equal(same.asked, 0);
    assert_true(ask_by(&other, "bf16-portable", cache, 10, &answers, &err));
    assert_int_equal(other.asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_teacher_that_was_stopped_goes_on_where_it_was),
        cmocka_unit_test(what_was_asked_once_is_not_asked_again),
        cmocka_unit_test(a_teacher_that_rounds_is_another_teacher),
        cmocka_unit_test(a_file_that_was_cut_is_written_anew),
        cmocka_unit_test(teachers_answer_by_the_library_of_the_run),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
