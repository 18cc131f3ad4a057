/* explain_stored: a stored document is read as it was when it came: same logit, same words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explain/explain_stored.h"
#include "link/source_weights.h"
#include "names/entities.h"
#include "read/decode.h"
#include "score/classify.h"

static const char listed[] =
    "{\"symbol\":\"VELQ\",\"names\":[\"Velquin Chemicals\"]}\n{\"symbol\":\"ORDN\",\"names\":[\"Ordanelle\"]}";

struct scene {
    struct tw_decode_options decode;
    struct tw_classifier *classifier;
    struct tw_automaton *entities;
    struct tw_river river;
    struct tw_explainer *explainer;
    struct tw_explain_workspace *workspace;
    struct tw_arena arena;
};

static struct scene scene;

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static int given_scene(void **state)
{
    struct tw_error err;
    (void)state;
    scene = (struct scene){.decode = tw_decode_defaults()};
    const struct tw_classifier_options options = {.folder = TW_SOURCE_DIR "/config/model", .max_windows = 4};
    must(tw_classifier_open(&options, &scene.classifier, &err), &err);
    must(tw_entities_parse("entities", tw_text_of(listed), &scene.entities, &err), &err);
    scene.river = (struct tw_river){.decode = &scene.decode,
        .classifier = scene.classifier,
        .entities = scene.entities,
        .link_unlisted = true};
    must(tw_explainer_open(scene.classifier, &scene.explainer, &err), &err);
    must(tw_explain_workspace_new(scene.explainer, &scene.workspace, &err), &err);
    must(tw_arena_begin(&scene.arena, (size_t)64 << 20, &err), &err);
    return 0;
}

static int end_scene(void **state)
{
    (void)state;
    tw_explain_workspace_free(scene.workspace);
    tw_explainer_close(scene.explainer);
    tw_entities_free(scene.entities);
    tw_classifier_free(scene.classifier);
    tw_arena_end(&scene.arena);
    return 0;
}

static struct tw_stored_reason explained(const struct tw_stored *stored)
{
    struct tw_document document;
    struct tw_stored_reason reason;
    struct tw_error err;
    must(tw_stored_read(stored, &scene.river, &scene.arena, &document, &err), &err);
    must(tw_stored_explain(
             stored, &scene.river, scene.explainer, scene.workspace, &document, &scene.arena, &reason, &err),
        &err);
    return reason;
}

static int32_t relevance(const struct tw_stored *stored)
{
    struct tw_document document;
    struct tw_error err;
    int32_t relevance = 0;
    must(tw_stored_read(stored, &scene.river, &scene.arena, &document, &err), &err);
    must(tw_stored_relevance(stored, &scene.river, &document, &scene.arena, &relevance, &err), &err);
    return relevance;
}

/* What has been cleaned is not cleaned again: "&lt;" stood in the message as "&amp;lt;". */
static void a_document_is_read_as_it_was_when_it_came(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_message message = {0};
    struct tw_document came = {.message = &message,
        .fate = TW_FATE_STORED,
        .title = tw_text_of("Velquin Chemicals plunges on fraud probe"),
        .body = tw_text_of("Ordanelle raises its forecast.")};
    struct tw_explanation explanation;
    must(tw_river_prepare(&scene.river, &came, &scene.arena, &err), &err);
    uint32_t nth = tw_explain_entity(scene.entities, &came, tw_text_of("VELQ"), &scene.arena);
    must(tw_explain(scene.explainer, scene.workspace, &came, nth, &scene.arena, &explanation, &err), &err);

    const struct tw_stored stored = {came.title, came.body, tw_text_of("VELQ"), TW_SOURCE_WHOLE};
    struct tw_stored_reason reason = explained(&stored);
    assert_true(reason.of_entity);
    assert_int_equal(reason.explanation.label, TW_NEGATIVE);
    assert_memory_equal(&reason.explanation.logit, &explanation.logit, sizeof explanation.logit);
    assert_memory_equal(&reason.explanation.base, &explanation.base, sizeof explanation.base);
    const char first[] = "[{\"word\":\"plunges\",\"begin\":18,\"end\":25,\"weight\":";
    assert_memory_equal(reason.words.bytes, first, sizeof first - 1);
    assert_true(relevance(&stored) > 6000);
    struct tw_stored half = stored; /* by the weight that was stored, whatever the list says now */
    half.source_weight = 5000;
    assert_int_equal(relevance(&half), relevance(&stored) / 2);

    const struct tw_stored other = {came.title, came.body, tw_text_of("ORDN"), TW_SOURCE_WHOLE};
    assert_int_equal(explained(&other).explanation.label, TW_POSITIVE);
    assert_true(relevance(&other) < 5000);
}

static void a_company_that_the_message_named_and_no_word_does_is_asked_about_the_whole(void **state)
{
    (void)state;
    const struct tw_stored stored = {
        tw_text_of("Chip maker files for bankruptcy"), tw_text_of(""), tw_text_of("VELQ"), TW_SOURCE_WHOLE};
    assert_int_equal(explained(&stored).explanation.label, TW_NEGATIVE);
    assert_int_equal(relevance(&stored), 4000);
}

static void a_company_that_no_file_lists_any_more_leaves_the_document(void **state)
{
    (void)state;
    const struct tw_stored stored = {
        tw_text_of("Chip maker files for bankruptcy"), tw_text_of(""), tw_text_of("GONE.X"), TW_SOURCE_WHOLE};
    scene.river.link_unlisted = false;
    struct tw_stored_reason reason = explained(&stored);
    assert_false(reason.of_entity);
    assert_int_equal(reason.explanation.label, TW_NEGATIVE);
    assert_int_equal(relevance(&stored), -1);
    scene.river.link_unlisted = true;
}

static void the_words_that_told_an_event_are_listed_if_they_are_a_piece_of_the_text(void **state)
{
    (void)state;
    struct tw_document document;
    struct tw_text words;
    struct tw_error err;
    const struct tw_stored stored = {tw_text_of("Velquin \"fil\xC3\xA9s\" for Chapter 11"), tw_text_of(""),
        tw_text_of("VELQ"), TW_SOURCE_WHOLE};
    must(tw_stored_read(&stored, &scene.river, &scene.arena, &document, &err), &err);
    must(tw_stored_pattern(&document, 8, 31, &scene.arena, &words, &err), &err);
    assert_string_equal(tw_arena_copy(&scene.arena, words).bytes,
        "[{\"word\":\"\\\"fil\xC3\xA9s\\\" for Chapter 11\",\"begin\":8,\"end\":31}]");
    const uint32_t wrong[][2] = {{8, 32}, {8, 8}, {9, 8}, {13, 20}, {400, 500}, {0, UINT32_MAX}};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        assert_false(tw_stored_pattern(&document, wrong[at][0], wrong[at][1], &scene.arena, &words, &err));
        assert_int_equal(err.code, TW_REFUSED);
    }
}

/* A word that is a megabyte long is named by its beginning. */
static void a_word_without_end_is_cut(void **state)
{
    (void)state;
    size_t length = (size_t)1 << 20;
    char *body = malloc(length);
    assert_non_null(body);
    for (size_t at = 0; at < length; at += 2)
        memcpy(body + at, "\xC3\xA9", 2);
    const struct tw_stored stored = {tw_text_of("Velquin Chemicals plunges"), (struct tw_text){body, length},
        tw_text_of("VELQ"), TW_SOURCE_WHOLE};
    struct tw_stored_reason reason = explained(&stored);
    assert_true(reason.words.length < 4000);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_as_it_was_when_it_came),
        cmocka_unit_test(a_company_that_the_message_named_and_no_word_does_is_asked_about_the_whole),
        cmocka_unit_test(a_company_that_no_file_lists_any_more_leaves_the_document),
        cmocka_unit_test(the_words_that_told_an_event_are_listed_if_they_are_a_piece_of_the_text),
        cmocka_unit_test(a_word_without_end_is_cut),
    };
    return cmocka_run_group_tests(tests, given_scene, end_scene);
}
