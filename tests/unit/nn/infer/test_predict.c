/* predict: whatever the cut and however many threads, each text and entity has the logits that it has
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/predict.h"

#include "base/pulse.h"
#include "model/encoder.h"
#include "random_model.h"
#include "train/state.h"

enum { TEXTS = 60, LONGEST = 40, SPANS_MOST = TEXTS * 70 };

/* A model with both heads, whose outputs stand in another order than the classes; texts with 0 to 70
 * entities. */
struct scene {
    struct tw_state *state;
    struct tw_compute compute;
    struct tw_arena arena;
    int32_t ids[TEXTS][LONGEST];
    struct tw_sequence sequences[TEXTS];
    struct tw_packed batch;
    struct tw_entity_span spans[SPANS_MOST];
    size_t span_count;
    float documents[TEXTS][TW_CLASSES], entities[SPANS_MOST][TW_CLASSES]; /* each text alone */
};

static struct scene scene;

static void must(bool done, const struct tw_error *err)
{
    if (!done)
        fail_msg("%s: %s", err->where, err->what);
}

static const size_t class_at[TW_CLASSES] = {[TW_NEGATIVE] = 2, [TW_NEUTRAL] = 0, [TW_POSITIVE] = 1};

/* The logits of one text and its entities from the steps themselves, without predict. */
static void score_alone(size_t text, size_t first_span, size_t spans)
{
    struct tw_error err;
    struct tw_workspace workspace;
    const struct tw_workspace_options options = {.max_tokens = LONGEST, .compute = &scene.compute};
    float documents[TW_CLASSES], entities[70 * TW_CLASSES];
    struct tw_entity_span own[70];
    struct tw_packed one = scene.batch;
    one.starts += text;
    one.count = 1;
    must(tw_workspace_open(scene.state->model, &options, &workspace, &err), &err);
    must(tw_encode(scene.state->model, &one, &workspace, &err), &err);
    must(tw_document_logits(scene.state->model, &one, &workspace, documents, &err), &err);
    for (size_t at = 0; at < spans; at++) {
        own[at] = scene.spans[first_span + at];
        own[at].sequence = 0;
    }
    must(tw_entity_logits(scene.state->model, &one, &workspace, own, spans, entities, &err), &err);
    for (size_t class = 0; class < TW_CLASSES; class ++) {
        scene.documents[text][class] = documents[class_at[class]];
        for (size_t at = 0; at < spans; at++)
            scene.entities[first_span + at][class] = entities[at * TW_CLASSES + class_at[class]];
    }
    tw_workspace_close(&workspace);
}

static int begin(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_model_config config = tw_config_shape(200, 32, 2, 4, 64, LONGEST);
    const struct tw_state_options options = {
        .config = &config, .parts = TW_PART_DOCUMENT | TW_PART_ENTITY, .seed = 7};
    must(tw_state_open(&options, &scene.state, &err), &err);
    memcpy(scene.state->model->config.class_at, class_at, sizeof class_at);
    must(tw_compute_open("auto", &scene.compute, &err), &err);
    must(tw_arena_begin(&scene.arena, 1 << 20, &err), &err);
    /* Weights as they begin are so small that all texts would look alike. */
    for (size_t at = 0; at < scene.state->value_count; at++)
        scene.state->values[at] *= 8.0f;
    for (size_t at = 0; at < TEXTS; at++) {
        const size_t length = at == 0 ? 1 : at == 1 ? LONGEST : 2 + at * 17 % (LONGEST - 1);
        random_ids(LONGEST * at, config.vocabulary, length, scene.ids[at]);
        scene.sequences[at] = (struct tw_sequence){.ids = scene.ids[at], .count = length};
    }
    must(tw_packed_build(scene.sequences, TEXTS, &config, &scene.arena, &scene.batch, &err), &err);
    for (size_t at = 0; at < TEXTS; at++) {
        const size_t first = scene.span_count, spans = at == 5 ? 70 : at % 4,
                     length = scene.sequences[at].count;
        for (size_t span = 0; span < spans; span++) {
            const uint32_t from = (uint32_t)(span % length);
            scene.spans[scene.span_count++] = (struct tw_entity_span){(uint32_t)at, from, (uint32_t)length};
        }
        score_alone(at, first, spans);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    tw_state_close(scene.state);
    tw_arena_end(&scene.arena);
    return 0;
}

static struct tw_predict *opened(size_t threads, size_t max_tokens)
{
    struct tw_error err;
    struct tw_predict *predict;
    const struct tw_predict_options options = {
        .compute = &scene.compute, .threads = threads, .max_tokens = max_tokens};
    must(tw_predict_open(scene.state->model, &options, &predict, &err), &err);
    return predict;
}

static void logits_are_those_of_each_text_alone_by_class(void **state)
{
    (void)state;
    static const size_t threads[] = {1, 2, 3, 7}, budgets[] = {LONGEST, 64, 333, 4096};
    static float documents[TEXTS][TW_CLASSES], entities[SPANS_MOST][TW_CLASSES];
    for (size_t at = 0; at < sizeof threads / sizeof threads[0]; at++)
        for (size_t budget = 0; budget < sizeof budgets / sizeof budgets[0]; budget++) {
            struct tw_error err;
            struct tw_predict *predict = opened(threads[at], budgets[budget]);
            for (size_t turn = 0; turn < 2; turn++) {
                memset(documents, 0, sizeof documents);
                memset(entities, 0, sizeof entities);
                must(tw_predict_run(predict, &scene.batch, scene.spans, scene.span_count, documents[0],
                         entities[0], &err),
                    &err);
                assert_memory_equal(documents, scene.documents, sizeof documents);
                assert_memory_equal(entities, scene.entities, scene.span_count * sizeof entities[0]);
            }
            tw_predict_close(predict);
        }
    /* Different texts do have different logits: the comparison compares something. */
    assert_memory_not_equal(scene.documents[3], scene.documents[4], sizeof scene.documents[3]);
    assert_memory_not_equal(scene.entities[0], scene.entities[1], sizeof scene.entities[0]);
}

static void what_is_not_wanted_stays_as_it_was(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_predict *predict = opened(2, 100);
    static float documents[TEXTS][TW_CLASSES], entities[SPANS_MOST][TW_CLASSES];
    must(tw_predict_run(predict, &scene.batch, scene.spans, scene.span_count, NULL, entities[0], &err), &err);
    assert_memory_equal(entities, scene.entities, scene.span_count * sizeof entities[0]);
    must(
        tw_predict_run(predict, &scene.batch, scene.spans, scene.span_count, documents[0], NULL, &err), &err);
    assert_memory_equal(documents, scene.documents, sizeof documents);
    struct tw_packed none = scene.batch;
    none.count = 0;
    must(tw_predict_run(predict, &none, NULL, 0, documents[0], entities[0], &err), &err);
    tw_predict_close(predict);
}

static void a_head_that_the_model_has_not_leaves_its_logits(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_model *model = scene.state->model;
    struct tw_predict *predict = opened(1, 0);
    static float entities[SPANS_MOST][TW_CLASSES], before[SPANS_MOST][TW_CLASSES];
    memset(entities, 1, sizeof entities);
    memcpy(before, entities, sizeof before);
    model->has_entity_head = false;
    must(tw_predict_run(predict, &scene.batch, scene.spans, scene.span_count, NULL, entities[0], &err), &err);
    model->has_entity_head = true;
    assert_memory_equal(entities, before, sizeof before);
    tw_predict_close(predict);
}

static void spans_out_of_order_or_out_of_their_text_are_refused(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_predict *predict = opened(2, 0);
    float entities[2][TW_CLASSES];
    const struct tw_entity_span backwards[] = {{3, 0, 1}, {2, 0, 1}}, beyond[] = {{0, 0, 2}},
                                nowhere[] = {{TEXTS, 0, 1}};
    assert_false(tw_predict_run(predict, &scene.batch, backwards, 2, NULL, entities[0], &err));
    assert_int_equal(err.code, TW_INTERNAL);
    assert_string_equal(err.what, "entity 1 is of sequence 2, after one of 3");
    assert_false(tw_predict_run(predict, &scene.batch, beyond, 1, NULL, entities[0], &err));
    assert_int_equal(err.code, TW_INTERNAL);
    assert_false(tw_predict_run(predict, &scene.batch, nowhere, 1, NULL, entities[0], &err));
    assert_int_equal(err.code, TW_INTERNAL);
    tw_predict_close(predict);
}

static void a_text_longer_than_was_said_fails_the_call_on_every_thread(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_predict *predict;
    float documents[TEXTS][TW_CLASSES];
    for (size_t threads = 1; threads <= 3; threads++) {
        const struct tw_predict_options options = {
            .compute = &scene.compute, .threads = threads, .max_tokens = 10, .max_sequence = 10};
        must(tw_predict_open(scene.state->model, &options, &predict, &err), &err);
        assert_false(tw_predict_run(predict, &scene.batch, NULL, 0, documents[0], NULL, &err));
        assert_int_equal(err.code, TW_INTERNAL);
        /* The next call is not the worse for it. */
        struct tw_packed first = scene.batch;
        first.count = 1;
        must(tw_predict_run(predict, &first, NULL, 0, documents[0], NULL, &err), &err);
        assert_memory_equal(documents[0], scene.documents[0], sizeof documents[0]);
        tw_predict_close(predict);
    }
}

static void each_pass_is_a_step_of_the_pulse_and_a_stop_is_heard_before_the_next(void **state)
{
    (void)state;
    struct tw_error err = {0};
    struct tw_pulse pulse = {0};
    float documents[TEXTS][TW_CLASSES];
    for (size_t threads = 1; threads <= 2; threads++) {
        struct tw_predict *predict = opened(threads, 10);
        tw_predict_watch(predict, &pulse);
        must(tw_predict_run(predict, &scene.batch, NULL, 0, documents[0], NULL, &err), &err);
        assert_true(tw_pulse_beats(&pulse));
        assert_memory_equal(documents[0], scene.documents[0], sizeof documents[0]);
        tw_pulse_stop(&pulse);
        assert_false(tw_predict_run(predict, &scene.batch, NULL, 0, documents[0], NULL, &err));
        assert_int_equal(err.code, TW_INTERRUPTED);
        tw_predict_close(predict);
        pulse = (struct tw_pulse){0};
    }
}

static void labels_that_are_not_our_classes_are_refused(void **state)
{
    (void)state;
    struct tw_error err;
    struct tw_predict *predict;
    const struct tw_predict_options options = {.compute = &scene.compute};
    scene.state->model->config.labels_fault = "not three labels";
    assert_false(tw_predict_open(scene.state->model, &options, &predict, &err));
    scene.state->model->config.labels_fault = NULL;
    assert_null(predict);
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "labels: not three labels");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_each_text_alone_by_class),
        cmocka_unit_test(what_is_not_wanted_stays_as_it_was),
        cmocka_unit_test(a_head_that_the_model_has_not_leaves_its_logits),
        cmocka_unit_test(spans_out_of_order_or_out_of_their_text_are_refused),
        cmocka_unit_test(a_text_longer_than_was_said_fails_the_call_on_every_thread),
        cmocka_unit_test(each_pass_is_a_step_of_the_pulse_and_a_stop_is_heard_before_the_next),
        cmocka_unit_test(labels_that_are_not_our_classes_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
