/* explain: the model that comes with the program, asked why: weights of whole words, at the right bytes, that
 * add up to what the label's logit gained; of a document and of each company in it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pulse.h"
#include "explain/explain.h"
#include "names/entities.h"
#include "quantise/quantise_folder.h"
#include "random_model.h"
#include "read/decode.h"
#include "river.h"
#include "score/classify.h"
#include "score/score.h"
#include "tiny_model.h"

static const char listed[] =
    "{\"symbol\":\"VELQ\",\"names\":[\"Velquin Chemicals\"]}\n{\"symbol\":\"ORDN\",\"names\":[\"Ordanelle\"]}";

struct scene {
    struct tw_decode_options decode;
    struct tw_classifier *classifier;
    struct tw_automaton *entities;
    struct tw_river river;
    struct tw_river_worker *worker;
    struct tw_explainer *explainer;
    struct tw_explain_workspace *workspace;
    struct tw_arena arena;
    struct tw_message message;
    struct tw_document document;
    struct tw_explanation explanation;
    float logits[TW_CLASSES];
};

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static void given_scene_of(struct scene *scene, const char *folder, uint32_t windows)
{
    struct tw_error err;
    *scene = (struct scene){.decode = tw_decode_defaults()};
    const struct tw_classifier_options options = {.folder = folder, .max_windows = windows};
    must(tw_classifier_open(&options, &scene->classifier, &err), &err);
    must(tw_entities_parse("entities", tw_text_of(listed), &scene->entities, &err), &err);
    scene->river = (struct tw_river){.decode = &scene->decode,
        .classifier = scene->classifier,
        .entities = scene->entities,
        .link_unlisted = true};
    must(tw_river_worker_new(&scene->river, &scene->worker, &err), &err);
    must(tw_explainer_open(scene->classifier, &scene->explainer, &err), &err);
    must(tw_explain_workspace_new(scene->explainer, &scene->workspace, &err), &err);
    must(tw_arena_begin(&scene->arena, (size_t)64 << 20, &err), &err);
}

static void given_scene(struct scene *scene, const char *folder)
{
    given_scene_of(scene, folder, 1);
}

static void given_default_model(struct scene *scene)
{
    given_scene(scene, TW_SOURCE_DIR "/config/model");
}

static void end_scene(struct scene *scene)
{
    tw_explain_workspace_free(scene->workspace);
    tw_explainer_close(scene->explainer);
    tw_river_worker_free(scene->worker);
    tw_entities_free(scene->entities);
    tw_classifier_free(scene->classifier);
    tw_arena_end(&scene->arena);
}

static void given_text(struct scene *scene, const char *body)
{
    struct tw_error err;
    scene->document =
        (struct tw_document){.message = &scene->message, .fate = TW_FATE_STORED, .body = tw_text_of(body)};
    must(tw_river_prepare(&scene->river, &scene->document, &scene->arena, &err), &err);
    assert_int_equal(scene->document.fate, TW_FATE_STORED);
    must(tw_river_classify(
             &scene->river, scene->worker, &scene->document, 1, &scene->arena, scene->logits, &err),
        &err);
}

static void explain(struct scene *scene, uint32_t nth)
{
    struct tw_error err;
    must(tw_explain(scene->explainer, scene->workspace, &scene->document, nth, &scene->arena,
             &scene->explanation, &err),
        &err);
    const double gain = (double)scene->explanation.logit - (double)scene->explanation.base;
    double sum = 0.0;
    uint32_t end = 0;
    for (uint32_t at = 0; at < scene->explanation.word_count; at++) {
        const struct tw_explained_word *word = &scene->explanation.words[at];
        assert_true(word->begin >= end && word->end > word->begin);
        assert_true(word->end <= scene->document.text.length);
        sum += word->weight;
        end = word->end;
    }
    assert_true(scene->explanation.settled);
    assert_true(fabs(sum - gain) <= 0.02 * fabs(gain) + 2e-4);
    assert_true(fabs(gain - sum - scene->explanation.error) < 1e-9);
}

static void expect_words(const struct scene *scene, const char *words)
{
    char found[512] = "";
    size_t used = 0;
    for (uint32_t at = 0; at < scene->explanation.word_count; at++) {
        const struct tw_explained_word *word = &scene->explanation.words[at];
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%.*s", at ? "|" : "",
            (int)(word->end - word->begin), scene->document.text.bytes + word->begin);
    }
    assert_string_equal(found, words);
}

static double weight_of(const struct scene *scene, const char *spelled)
{
    for (uint32_t at = 0; at < scene->explanation.word_count; at++) {
        const struct tw_explained_word *word = &scene->explanation.words[at];
        if (tw_text_equal((struct tw_text){scene->document.text.bytes + word->begin, word->end - word->begin},
                tw_text_of(spelled)))
            return word->weight;
    }
    fail_msg("no word \"%s\"", spelled);
    return 0.0;
}

static void test_logit_and_label_are_those_that_classify_reads(void **unused)
{
    (void)unused;
    struct scene scene;
    given_default_model(&scene);
    given_text(&scene, "Profit fell sharply at the bank");
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.score));
    assert_true(scene.explanation.logit == scene.logits[scene.explanation.label]);
    assert_true(scene.explanation.base != scene.explanation.logit);
    end_scene(&scene);
}

static void test_an_explanation_stops_before_its_next_pass_when_it_is_asked_to(void **unused)
{
    (void)unused;
    struct scene scene;
    struct tw_error err;
    struct tw_pulse pulse = {0};
    given_default_model(&scene);
    given_text(&scene, "Profit fell sharply at the bank");
    tw_explain_watch(scene.workspace, &pulse);
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    assert_true(tw_pulse_beats(&pulse));
    tw_pulse_stop(&pulse);
    assert_false(tw_explain(scene.explainer, scene.workspace, &scene.document, TW_EXPLAIN_DOCUMENT,
        &scene.arena, &scene.explanation, &err));
    assert_int_equal(err.code, TW_INTERRUPTED);
    end_scene(&scene);
}

static void test_words_stand_at_their_bytes_whatever_letters_they_have(void **unused)
{
    (void)unused;
    struct scene scene;
    given_default_model(&scene);
    given_text(&scene, "Café Nestle\xCC\x81 \xF0\x9F\x98\x80\xF0\x9F\x98\x80 "
                       "warns: $BYND\xE2\x80\x99s profit\xE2\x80\x94"
                       "gone, -3.5% in Q2");
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    expect_words(&scene, "Café|Nestle\xCC\x81|\xF0\x9F\x98\x80\xF0\x9F\x98\x80|"
                         "warns|:|$BYND\xE2\x80\x99s|profit|\xE2\x80\x94|gone|,|-3.5%|in|Q2");
    end_scene(&scene);
}

static void test_a_word_cut_into_pieces_is_one_word(void **unused)
{
    (void)unused;
    struct scene scene;
    given_default_model(&scene);
    given_text(&scene, "Hyperantidisestablishmentarianistically $ZQXJKV");
    assert_true(scene.document.token_count > 6);
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    expect_words(&scene, "Hyperantidisestablishmentarianistically|$ZQXJKV");
    end_scene(&scene);
}

static void test_each_company_has_reasons_of_its_own(void **unused)
{
    (void)unused;
    struct scene scene;
    given_default_model(&scene);
    given_text(&scene, "Ordanelle shares surge to record while Velquin Chemicals plunges on fraud probe");
    assert_int_equal(scene.document.reading_count, 2);
    const uint32_t good =
        tw_explain_entity(scene.entities, &scene.document, tw_text_of("ORDN"), &scene.arena);
    const uint32_t bad =
        tw_explain_entity(scene.entities, &scene.document, tw_text_of("$velq"), &scene.arena);
    assert_int_equal(good, 0);
    assert_int_equal(bad, 1);
    assert_int_equal(
        tw_explain_entity(scene.entities, &scene.document, tw_text_of("AAPL"), &scene.arena), UINT32_MAX);
    explain(&scene, good);
    assert_int_equal(scene.explanation.label, TW_POSITIVE);
    assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.readings[good].score));
    assert_true(weight_of(&scene, "surge") > 0.0);
    explain(&scene, bad);
    assert_int_equal(scene.explanation.label, TW_NEGATIVE);
    assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.readings[bad].score));
    assert_true(weight_of(&scene, "plunges") > 0.0);
    end_scene(&scene);
}

static void test_the_words_that_count_most_come_first(void **unused)
{
    (void)unused;
    const struct tw_explained_word words[] = {
        {0, 1, 0.5}, {1, 2, -2.0}, {2, 3, 0.0}, {3, 4, 1.0}, {4, 5, -0.5}};
    const struct tw_explanation explanation = {.words = words, .word_count = 5};
    uint32_t order[8];
    assert_int_equal(tw_explanation_top(&explanation, 8, order), 4);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 3);
    assert_int_equal(order[2], 0); /* of equals the first of the text */
    assert_int_equal(order[3], 4);
    assert_int_equal(tw_explanation_top(&explanation, 2, order), 2);
    assert_int_equal(order[1], 3);
    assert_int_equal(tw_explanation_top(&explanation, 0, order), 0);
}

static void test_what_the_model_does_not_read_is_not_listed(void **unused)
{
    (void)unused;
    char folder[64], text[600] = "";
    struct scene scene;
    given_tiny_model(folder); /* it reads 48 tokens */
    given_scene(&scene, folder);
    for (size_t word = 0, used = 0; word < 60; word++)
        used += (size_t)snprintf(text + used, sizeof text - used, word % 2 ? "profit " : "fell ");
    given_text(&scene, text);
    assert_true(scene.document.truncated);
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    assert_int_equal(scene.explanation.word_count, 46);
    given_text(&scene, "\xE2\x80\x8B"); /* a space of no width, which the tokenizer drops */
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    assert_int_equal(scene.explanation.word_count, 0);
    assert_true(scene.explanation.base == scene.explanation.logit);
    end_scene(&scene);
    remove_folder(folder);
}

static void test_of_a_long_text_the_window_that_speaks_most_is_explained(void **unused)
{
    (void)unused;
    static const char text[] =
        "Two companies report. Velquin Chemicals was founded in 1911 and makes paints, glues and solvents at 31 "
        "sites in nine countries, among them two in the north. Ordanelle runs 612 shops, and opened eleven of them "
        "last year in three states. Velquin Chemicals plunges on fraud probe and files for bankruptcy. The weather "
        "in the north was mild, and the streets were empty. Ordanelle profit surges to a record and it raises its "
        "forecast.";
    struct scene scene;
    given_scene_of(&scene, TW_SOURCE_DIR "/config/model", 16);
    given_text(&scene, text);
    assert_true(scene.document.window_count > 1);
    assert_int_equal(scene.document.reading_count, 2);
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.score));
    explain(&scene, 0);
    assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.readings[0].score));
    assert_int_equal(scene.explanation.label, TW_POSITIVE);
    assert_true(weight_of(&scene, "surges") > 0.0);
    explain(&scene, 1);
    assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.readings[1].score));
    assert_int_equal(scene.explanation.label, TW_NEGATIVE);
    assert_true(weight_of(&scene, "plunges") > 0.0);
    assert_true(scene.explanation.words[0].begin > 100);
    end_scene(&scene);
}

static void test_a_model_without_a_head_for_companies_gives_them_the_document(void **unused)
{
    (void)unused;
    char folder[64];
    struct scene scene;
    given_tiny_model(folder);
    given_scene(&scene, folder);
    given_text(&scene, "Ordanelle shares fell");
    assert_int_equal(scene.document.reading_count, 0);
    explain(&scene, TW_EXPLAIN_DOCUMENT);
    const float logit = scene.explanation.logit;
    explain(&scene, 0);
    assert_true(scene.explanation.logit == logit);
    end_scene(&scene);
    remove_folder(folder);
}

static void test_a_model_of_8_bit_weights_decides_its_label_itself(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "Ordanelle shares surge while Velquin Chemicals plunges on fraud probe",
        "Velquin Chemicals beats, but cuts its outlook", "Ordanelle holds its meeting in May"};
    char folder[64], output[80];
    struct scene scene;
    struct tw_error err;
    struct tw_quantise_summary summary;
    given_folder(folder);
    snprintf(output, sizeof output, "%s/int8", folder);
    struct tw_decode_options decode = tw_decode_defaults();
    const struct tw_quantise_call call = {
        .model = TW_SOURCE_DIR "/config/model", .output = output, .decode = &decode, .threads = 1};
    must(tw_quantise_folder(&call, &summary, &err), &err);
    given_scene(&scene, output);
    assert_string_equal(tw_classifier_precision(scene.classifier), "int8");
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        given_text(&scene, texts[at]);
        explain(&scene, TW_EXPLAIN_DOCUMENT);
        assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.score));
        assert_true(fabsf(scene.explanation.logit - scene.logits[scene.explanation.label]) < 0.5f);
        explain(&scene, 0);
        assert_int_equal(scene.explanation.label, tw_label_of(&scene.document.readings[0].score));
    }
    end_scene(&scene);
    remove_folder(folder);
}

static void test_the_constant_model_is_refused_in_one_line(void **unused)
{
    (void)unused;
    struct tw_classifier *classifier;
    struct tw_explainer *explainer;
    struct tw_error err;
    const struct tw_classifier_options options = {.constant = true};
    must(tw_classifier_open(&options, &classifier, &err), &err);
    assert_false(tw_explainer_open(classifier, &explainer, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "the constant model reads no words, there is nothing to explain");
    tw_classifier_free(classifier);
}

static void test_a_full_arena_is_told(void **unused)
{
    (void)unused;
    char folder[64];
    struct scene scene;
    struct tw_arena small;
    struct tw_error err;
    given_tiny_model(folder);
    given_scene(&scene, folder);
    given_text(&scene, "profit fell");
    must(tw_arena_begin(&small, 4096, &err), &err);
    assert_non_null(tw_arena_take(&small, 4000));
    assert_false(tw_explain(scene.explainer, scene.workspace, &scene.document, TW_EXPLAIN_DOCUMENT, &small,
        &scene.explanation, &err));
    assert_int_equal(err.code, TW_FULL);
    tw_arena_end(&small);
    end_scene(&scene);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logit_and_label_are_those_that_classify_reads),
        cmocka_unit_test(test_an_explanation_stops_before_its_next_pass_when_it_is_asked_to),
        cmocka_unit_test(test_words_stand_at_their_bytes_whatever_letters_they_have),
        cmocka_unit_test(test_a_word_cut_into_pieces_is_one_word),
        cmocka_unit_test(test_each_company_has_reasons_of_its_own),
        cmocka_unit_test(test_the_words_that_count_most_come_first),
        cmocka_unit_test(test_what_the_model_does_not_read_is_not_listed),
        cmocka_unit_test(test_of_a_long_text_the_window_that_speaks_most_is_explained),
        cmocka_unit_test(test_a_model_without_a_head_for_companies_gives_them_the_document),
        cmocka_unit_test(test_a_model_of_8_bit_weights_decides_its_label_itself),
        cmocka_unit_test(test_the_constant_model_is_refused_in_one_line),
        cmocka_unit_test(test_a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
