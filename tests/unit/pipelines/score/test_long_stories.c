/* Long stories, read by the model that comes with the program: what the title says is not drowned by the
 * body, and each of several companies has its own fate. Nothing here holds a digit of its weights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure/measures.h"
#include "read/decode.h"
#include "river.h"
#include "score/classifier.h"
#include "tasks/findings.h"
#include "tasks/tasks.h"

static const char stories[] = TW_SOURCE_DIR "/tests/unit/pipelines/score/conflicting_stories.jsonl";

struct scene {
    struct tw_decode_options decode;
    struct tw_classifier *classifier;
    struct tw_river river;
    struct tw_river_worker *worker;
    struct tw_arena arena;
};

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static void given_windows(struct scene *scene, uint32_t windows)
{
    struct tw_error err;
    *scene = (struct scene){.decode = tw_decode_defaults()};
    const struct tw_classifier_options options = {
        .folder = TW_SOURCE_DIR "/config/model", .max_tokens = 512, .max_windows = windows};
    must(tw_classifier_open(&options, &scene->classifier, &err), &err);
    scene->river = (struct tw_river){.decode = &scene->decode, .classifier = scene->classifier};
    must(tw_river_worker_new(&scene->river, &scene->worker, &err), &err);
    must(tw_arena_begin(&scene->arena, (size_t)64 << 20, &err), &err);
}

static void end_scene(struct scene *scene)
{
    tw_river_worker_free(scene->worker);
    tw_classifier_free(scene->classifier);
    tw_arena_end(&scene->arena);
}

static struct tw_document read_story(struct scene *scene, const char *title, const char *body)
{
    static const struct tw_message message = {.has_value = true};
    struct tw_error err;
    struct tw_document document = {
        .message = &message, .fate = TW_FATE_STORED, .title = tw_text_of(title), .body = tw_text_of(body)};
    must(tw_river_prepare(&scene->river, &document, &scene->arena, &err), &err);
    must(tw_river_classify(&scene->river, scene->worker, &document, 1, &scene->arena, NULL, &err), &err);
    return document;
}

static double share_of_right_entities(uint32_t windows)
{
    struct scene scene;
    struct tw_findings *findings;
    struct tw_task_counts counts;
    struct tw_error err;
    given_windows(&scene, windows);
    const struct tw_task_options options = {.river = &scene.river, .path = stories, .workers = 1};
    must(tw_findings_new(0, &findings, &err), &err);
    must(tw_task_evaluate(&options, findings, &counts, &err), &err);
    assert_int_equal(counts.records, 10);
    assert_int_equal(counts.refused, 0);
    const double accuracy = tw_measures_report(&findings->entities).accuracy;
    tw_findings_free(findings);
    end_scene(&scene);
    return accuracy;
}

static void companies_of_one_story_have_fates_of_their_own(void **state)
{
    (void)state;
    const double at_once = share_of_right_entities(1), in_windows = share_of_right_entities(16);
    if (in_windows < at_once + 0.2)
        fail_msg("%.3f of the companies right in windows, %.3f at once", in_windows, at_once);
}

static void a_story_stands_where_its_title_does_when_that_says_it_all(void **state)
{
    (void)state;
    static const char *const titles[] = {"Velquin Chemicals slashes its forecast as losses mount",
        "Ordanelle Foods raises its forecast after a record profit"};
    static const char background[] =
        "The company, which was founded in the last century and employs 14,000 people at 31 sites, makes paints, "
        "glues and solvents. ";
    char body[4096] = "";
    struct scene scene;
    for (size_t used = 0; used + sizeof background < sizeof body - 1; used += sizeof background - 1)
        memcpy(body + used, background, sizeof background);
    given_windows(&scene, 16);
    for (size_t at = 0; at < 2; at++) {
        const int32_t title = read_story(&scene, titles[at], "").score.sentiment;
        const struct tw_document story = read_story(&scene, titles[at], body);
        assert_true(abs(title) > 5000);
        assert_true(story.window_count > 2);
        assert_true(abs(story.score.sentiment - title) <= 1500);
    }
    end_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(companies_of_one_story_have_fates_of_their_own),
        cmocka_unit_test(a_story_stands_where_its_title_does_when_that_says_it_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
