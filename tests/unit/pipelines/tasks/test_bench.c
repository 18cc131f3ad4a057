/* bench: every message goes down the river once a round, whatever the number of workers, and each step of it
 * is timed; texts become messages; what is refused is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/model.h"
#include "random_model.h"
#include "read/decode.h"
#include "score/classify.h"
#include "tasks/bench.h"
#include "tiny_model.h"

enum { TEXTS = 100, BATCH = 8 };

struct scene {
    char folder[64], path[32];
    struct tw_classifier *model;
    struct tw_decode_options decode;
    struct tw_river river;
    struct tw_stopwatch watch;
    struct tw_error err;
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    given_tiny_model(scene->folder);
    assert_true(tw_classifier_open(
        &(struct tw_classifier_options){.folder = scene->folder}, &scene->model, &scene->err));
    scene->decode = tw_decode_defaults();
    scene->river = (struct tw_river){.decode = &scene->decode, .classifier = scene->model};
    scene->watch.now_ns = tw_now_ns;
    snprintf(scene->path, sizeof scene->path, "/tmp/tw_bench_XXXXXX");
    int file = mkstemp(scene->path);
    assert_true(file >= 0);
    close(file);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    tw_classifier_free(scene->model);
    remove_folder(scene->folder);
    unlink(scene->path);
    free(scene);
    return 0;
}

static void given_lines(struct scene *scene, const char *text)
{
    assert_true(tw_file_write(scene->path, tw_text_of(text), &scene->err));
}

static struct tw_bench *opened(struct scene *scene, uint64_t most)
{
    struct tw_bench *bench;
    const struct tw_bench_options options = {.river = &scene->river,
        .path = scene->path,
        .most_documents = most,
        .batch_documents = BATCH,
        .batch_bytes = 64 << 20,
        .stamp_us = 1700000000000000,
        .now_ns = tw_now_ns};
    assert_true(tw_bench_open(&options, &bench, &scene->err));
    return bench;
}

static void each_message_goes_down_once_with_any_number_of_workers(void **state)
{
    struct scene *scene = *state;
    static char lines[TEXTS * 64];
    size_t used = 0;
    for (int at = 0; at < TEXTS; at++)
        used += (size_t)snprintf(lines + used, sizeof lines - used, "{\"text\": \"profit rises %d\"}\n", at);
    given_lines(scene, lines);
    struct tw_bench *bench = opened(scene, 0);
    struct tw_bench_round one, three;
    assert_true(tw_bench_run(bench, 1, &scene->watch, &one, &scene->err));
    assert_true(tw_bench_run(bench, 3, NULL, &three, &scene->err));
    assert_int_equal(one.documents, TEXTS);
    assert_int_equal(three.documents, TEXTS);
    assert_int_equal(one.refused, 0);
    assert_true(one.tokens >= 4 * TEXTS);
    assert_int_equal(three.tokens, one.tokens);
    assert_true(one.seconds > 0.0 && three.seconds > 0.0);
    double steps = 0.0;
    for (size_t step = 0; step < TW_STEPS; step++) {
        assert_int_equal(scene->watch.steps[step].count, TEXTS);
        steps += (double)scene->watch.steps[step].ns;
    }
    /* What no step has is little, and no step has more than there was. */
    assert_true(1e-9 * steps <= one.seconds);
    assert_true(tw_laps_quantile_ns(&scene->watch.steps[TW_STEP_ENCODE], 0.5) > 0.0);
    tw_bench_close(bench);
}

static void texts_become_messages_and_what_is_refused_is_counted(void **state)
{
    struct scene *scene = *state;
    given_lines(
        scene, "Profit \"rises\"\n\n  \n{\"body\": 1}\n{\"text\": \"a loss\"}\n{\"text\":\nthe last\n");
    struct tw_bench *bench = opened(scene, 0);
    struct tw_bench_round round;
    assert_true(tw_bench_run(bench, 2, NULL, &round, &scene->err));
    assert_int_equal(round.documents + round.refused, 5);
    assert_true(round.refused >= 1);
    tw_bench_close(bench);
    bench = opened(scene, 2);
    assert_true(tw_bench_run(bench, 1, NULL, &round, &scene->err));
    assert_int_equal(round.documents + round.refused, 2);
    tw_bench_close(bench);
}

/* Each is one that `serve` would not take: nothing is left out in silence. */
static void a_line_that_is_too_long_is_refused_and_a_mark_is_no_text(void **state)
{
    struct scene *scene = *state;
    static char lines[4096];
    memset(lines, 'a', sizeof lines - 1);
    static const char first[] = "\xEF\xBB\xBF{\"text\": \"a loss\"}\n";
    memcpy(lines, first, sizeof first - 1);
    scene->decode.max_payload_bytes = 1024;
    given_lines(scene, lines);
    struct tw_bench *bench = opened(scene, 0);
    struct tw_bench_round round;
    assert_true(tw_bench_run(bench, 1, NULL, &round, &scene->err));
    assert_int_equal(round.documents, 1);
    assert_int_equal(round.refused, 1);
    tw_bench_close(bench);
}

static void a_file_without_a_text_is_refused(void **state)
{
    struct scene *scene = *state;
    struct tw_bench *bench;
    const struct tw_bench_options options = {.river = &scene->river, .path = scene->path};
    assert_false(tw_bench_open(&options, &bench, &scene->err));
    assert_int_equal(scene->err.code, TW_CONFIG);
    assert_string_equal(scene->err.what, "there is no text in it");
    assert_null(bench);
}

static void work_and_limit_are_those_of_the_model(void **state)
{
    struct scene *scene = *state;
    const struct tw_model_config *config = &tw_classifier_model(scene->model)->config;
    const double h = (double)config->hidden, i = (double)config->intermediate;
    const double work = 2.0 * (double)config->layers * (4.0 * h * h + 2.0 * h * i);
    const double found = tw_bench_work(tw_classifier_model(scene->model));
    assert_true(found > 0.999 * work && found < 1.001 * work);
    assert_true(tw_bench_limit(scene->model, tw_thread_ns) > 1e8);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        STORY(each_message_goes_down_once_with_any_number_of_workers),
        STORY(texts_become_messages_and_what_is_refused_is_counted),
        STORY(a_line_that_is_too_long_is_refused_and_a_mark_is_no_text),
        STORY(a_file_without_a_text_is_refused),
        STORY(work_and_limit_are_those_of_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
