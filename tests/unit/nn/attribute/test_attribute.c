/* attribute: weights of tokens add up to what the logit gained, and each is what central differences along
 * the same line say; of the document and of an entity, with and without a bias by distance. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attribute/attribute.h"
#include "attribute/widen.h"
#include "compress/quantise.h"
#include "model/encoder.h"
#include "model/heads.h"
#include "random_model.h"
#include "train/state.h"

enum { HIDDEN = 16, TOKENS = 9, STEPS = SANITIZED ? 64 : 256, LONGEST = 16, VOCABULARY = 53, MASK = 4 };

static const int32_t text_ids[TOKENS] = {2, 17, 33, 41, MASK, 8, 29, 50, 3};
static const int32_t masked_ids[TOKENS] = {2, MASK, MASK, MASK, MASK, MASK, MASK, MASK, 3};

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

/* A model of random weights with both heads, and what attributes on it. */
struct scene {
    struct tw_state *state;
    struct tw_compute compute;
    struct tw_attributor *attributor;
};

static void given_weights(struct tw_state *state)
{
    for (size_t at = 0; at < state->model->parameter_count; at++) {
        const struct tw_parameter *parameter = &state->model->parameters[at];
        const float scale = parameter->vector ? 0.125f : sqrtf(3.0f / (float)parameter->columns);
        const bool is_norm = strstr(parameter->name, "LayerNorm.weight") != NULL;
        for (size_t value = 0; value < parameter->rows * parameter->columns; value++)
            state->values[parameter->offset + value] =
                random_uniform(1000 * at + value) * scale + (is_norm ? 1.0f : 0.0f);
    }
}

static void given_scene(struct scene *scene, enum tw_family family)
{
    struct tw_error err;
    struct tw_model_config config = tw_config_shape(VOCABULARY, HIDDEN, 3, 2, 40, LONGEST);
    config.family = family;
    if (family == TW_MPNET) {
        config.type_vocabulary = 0;
        config.first_position = 2;
        config.distance_buckets = 32;
    }
    const struct tw_state_options state = {
        .config = &config, .parts = TW_PART_DOCUMENT | TW_PART_ENTITY, .seed = 1};
    must(tw_state_open(&state, &scene->state, &err), &err);
    given_weights(scene->state);
    must(tw_compute_open("portable", &scene->compute, &err), &err);
    const struct tw_attributor_options options = {.compute = &scene->compute};
    must(tw_attributor_open(scene->state->model, &options, &scene->attributor, &err), &err);
}

static void end_scene(struct scene *scene)
{
    tw_attributor_close(scene->attributor);
    tw_state_close(scene->state);
}

static struct tw_attribute_call call_of(bool of_entity, size_t column)
{
    return (struct tw_attribute_call){.ids = text_ids,
        .baseline = masked_ids,
        .count = TOKENS,
        .of_entity = of_entity,
        .begin = 2,
        .end = 4,
        .column = column};
}

/* --- the line, walked by differences -------------------------------------------------------------------- */

/* The logit of the sequence whose word embeddings are `rows`. */
static double logit_of_rows(const struct scene *scene, struct tw_workspace *workspace,
    const struct tw_attribute_call *call, const float *rows)
{
    struct tw_error err;
    struct tw_model view = *scene->state->model;
    int32_t ids[TOKENS];
    uint32_t starts[] = {0, TOKENS};
    float logits[TW_CLASSES];
    for (int32_t token = 0; token < TOKENS; token++)
        ids[token] = token;
    view.words = rows;
    const struct tw_packed batch = {.ids = ids, .starts = starts, .count = 1};
    const struct tw_entity_span span = {0, call->begin, call->end};
    must(tw_encode(&view, &batch, workspace, &err), &err);
    must(call->of_entity ? tw_entity_logits(&view, &batch, workspace, &span, 1, logits, &err)
                         : tw_document_logits(&view, &batch, workspace, logits, &err),
        &err);
    return (double)logits[call->column];
}

static void rows_at(const struct scene *scene, double place, float *rows)
{
    const float *words = scene->state->model->words;
    for (size_t token = 0; token < TOKENS; token++)
        for (size_t at = 0; at < HIDDEN; at++) {
            const float from = words[(size_t)masked_ids[token] * HIDDEN + at];
            rows[token * HIDDEN + at] =
                from + (float)place * (words[(size_t)text_ids[token] * HIDDEN + at] - from);
        }
}

/* The integral of a token's slope: steps' middles, central differences along the token's own way. */
static double weight_by_differences(const struct scene *scene, struct tw_workspace *workspace,
    const struct tw_attribute_call *call, size_t token)
{
    const float *words = scene->state->model->words;
    const float step = 1.0f / 64.0f;
    float rows[TOKENS * HIDDEN];
    double sum = 0.0;
    for (size_t at = 0; at < STEPS; at++) {
        double side[2];
        for (size_t which = 0; which < 2; which++) {
            rows_at(scene, ((double)at + 0.5) / STEPS, rows);
            for (size_t column = 0; column < HIDDEN; column++)
                rows[token * HIDDEN + column] +=
                    (which ? step : -step) * (words[(size_t)text_ids[token] * HIDDEN + column] -
                                                 words[(size_t)masked_ids[token] * HIDDEN + column]);
            side[which] = logit_of_rows(scene, workspace, call, rows);
        }
        sum += (side[1] - side[0]) / (2.0 * (double)step) / STEPS;
    }
    return sum;
}

static void expect_differences(enum tw_family family, bool of_entity)
{
    struct scene scene;
    struct tw_error err;
    struct tw_workspace workspace;
    double gains = 0.0;
    given_scene(&scene, family);
    const struct tw_workspace_options options = {.max_tokens = LONGEST, .compute = &scene.compute};
    must(tw_workspace_open(scene.state->model, &options, &workspace, &err), &err);
    for (size_t column = 0; column < TW_CLASSES; column++) {
        const struct tw_attribute_call call = call_of(of_entity, column);
        struct tw_attribution out;
        double weights[TOKENS], sum = 0.0;
        must(tw_attribute(scene.attributor, &call, weights, &out, &err), &err);
        for (size_t token = 0; token < TOKENS; token++) {
            sum += weights[token];
            const double wanted = weight_by_differences(&scene, &workspace, &call, token);
            assert_true(fabs(weights[token] - wanted) < 0.01 * fabs(wanted) + 2e-3);
        }
        const double gain = (double)out.logit - (double)out.base;
        assert_true(out.settled);
        gains += fabs(gain);
        assert_true(fabs(sum - gain) <= 0.02 * fabs(gain) + 2e-4);
        assert_true(fabs(gain - sum - out.error) < 1e-9);
    }
    assert_true(gains > 1e-4); /* else nothing was compared */
    tw_workspace_close(&workspace);
    end_scene(&scene);
}

static void test_weights_of_a_document_are_what_differences_along_the_line_say(void **unused)
{
    (void)unused;
    expect_differences(TW_BERT, false);
    expect_differences(TW_DISTILBERT, false);
    expect_differences(TW_MPNET, false);
}

static void test_weights_for_an_entity_are_what_differences_along_the_line_say(void **unused)
{
    (void)unused;
    expect_differences(TW_BERT, true);
    expect_differences(TW_MPNET, true);
}

/* --- what is promised besides --------------------------------------------------------------------------- */

static void test_a_token_that_the_baseline_has_too_weighs_nothing(void **unused)
{
    (void)unused;
    struct scene scene;
    struct tw_error err;
    struct tw_attribution out;
    double weights[TOKENS];
    given_scene(&scene, TW_BERT);
    struct tw_attribute_call call = call_of(false, 0);
    must(tw_attribute(scene.attributor, &call, weights, &out, &err), &err);
    assert_true(weights[0] == 0.0 && weights[4] == 0.0 && weights[TOKENS - 1] == 0.0);
    assert_true(weights[1] != 0.0);
    call.baseline = call.ids;
    must(tw_attribute(scene.attributor, &call, weights, &out, &err), &err);
    for (size_t token = 0; token < TOKENS; token++)
        assert_true(weights[token] == 0.0);
    assert_true(out.base == out.logit && out.settled);
    end_scene(&scene);
}

static void test_base_and_logit_are_those_of_the_plain_model(void **unused)
{
    (void)unused;
    struct scene scene;
    struct tw_error err;
    given_scene(&scene, TW_BERT);
    for (int of_entity = 0; of_entity < 2; of_entity++) {
        const struct tw_attribute_call call = call_of(of_entity, 1);
        struct tw_attribute_call bare = call;
        struct tw_attribution out;
        double weights[TOKENS];
        float of_text[TW_CLASSES], of_base[TW_CLASSES];
        bare.ids = masked_ids;
        must(tw_attribute(scene.attributor, &call, weights, &out, &err), &err);
        must(tw_attribute_logits(scene.attributor, &call, of_text, &err), &err);
        must(tw_attribute_logits(scene.attributor, &bare, of_base, &err), &err);
        assert_true(out.logit == of_text[1] && out.base == of_base[1]);
    }
    end_scene(&scene);
}

static void test_a_budget_that_is_spent_is_told(void **unused)
{
    (void)unused;
    struct scene scene;
    struct tw_error err;
    struct tw_attribution out;
    double weights[TOKENS];
    given_scene(&scene, TW_BERT);
    /* Embeddings so large that the norm turns all of a sudden near the baseline: many points are wanted. */
    for (size_t at = 0; at < HIDDEN; at++)
        for (size_t id = 5; id < VOCABULARY; id++)
            ((float *)scene.state->values)[id * HIDDEN + at] *= 500.0f;
    const struct tw_attribute_call call = call_of(false, 0);
    must(tw_attribute(scene.attributor, &call, weights, &out, &err), &err);
    const size_t wanted = out.points;
    assert_true(wanted > 9 && wanted <= 260);
    tw_attributor_close(scene.attributor);
    const struct tw_attributor_options frugal = {.compute = &scene.compute, .budget = 1};
    must(tw_attributor_open(scene.state->model, &frugal, &scene.attributor, &err), &err);
    must(tw_attribute(scene.attributor, &call, weights, &out, &err), &err);
    assert_int_equal(out.points, 9);
    assert_false(out.settled);
    assert_true(fabs(out.error) > 1e-6);
    end_scene(&scene);
}

struct reader {
    pthread_t thread;
    const struct scene *scene;
    struct tw_attributor *attributor;
    double weights[TOKENS];
    bool same;
};

static void *attribute_again_and_again(void *self)
{
    struct reader *reader = self;
    const struct tw_attribute_call call = call_of(true, 2);
    reader->same = true;
    for (int turn = 0; turn < 20; turn++) {
        struct tw_error err;
        struct tw_attribution out;
        double weights[TOKENS];
        reader->same = reader->same && tw_attribute(reader->attributor, &call, weights, &out, &err);
        for (size_t token = 0; token < TOKENS; token++)
            reader->same = reader->same && weights[token] == reader->weights[token];
    }
    return NULL;
}

static void test_threads_share_a_model_and_get_the_same_bits(void **unused)
{
    (void)unused;
    enum { READERS = 3 };
    struct scene scene;
    struct reader readers[READERS];
    struct tw_error err;
    struct tw_attribution out;
    given_scene(&scene, TW_BERT);
    const struct tw_attribute_call call = call_of(true, 2);
    const struct tw_attributor_options options = {.compute = &scene.compute};
    for (size_t at = 0; at < READERS; at++) {
        readers[at].scene = &scene;
        must(tw_attribute(scene.attributor, &call, readers[at].weights, &out, &err), &err);
        must(tw_attributor_open(scene.state->model, &options, &readers[at].attributor, &err), &err);
    }
    for (size_t at = 0; at < READERS; at++)
        assert_int_equal(
            pthread_create(&readers[at].thread, NULL, attribute_again_and_again, &readers[at]), 0);
    for (size_t at = 0; at < READERS; at++) {
        pthread_join(readers[at].thread, NULL);
        assert_true(readers[at].same);
        tw_attributor_close(readers[at].attributor);
    }
    end_scene(&scene);
}

static void expect_refusal(
    struct scene *scene, const struct tw_attribute_call *call, enum tw_code code, const char *what)
{
    struct tw_error err;
    struct tw_attribution out;
    double weights[64];
    assert_false(tw_attribute(scene->attributor, call, weights, &out, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.what, what);
}

static void test_what_is_not_in_the_text_is_refused(void **unused)
{
    (void)unused;
    static const int32_t strange[TOKENS] = {2, 17, 99, 41, MASK, 8, 29, 50, 3};
    struct scene scene;
    given_scene(&scene, TW_BERT);
    struct tw_attribute_call call = call_of(true, 0);
    call.end = TOKENS + 1;
    expect_refusal(&scene, &call, TW_INTERNAL, "tokens [2, 10) are not in a text of 9");
    call = call_of(false, 3);
    expect_refusal(&scene, &call, TW_INTERNAL, "there is no logit 3");
    call = call_of(false, 0);
    call.count = 0;
    expect_refusal(&scene, &call, TW_INTERNAL, "a text of 0 tokens, where 1 to 16 are taken");
    call.count = LONGEST + 1;
    expect_refusal(&scene, &call, TW_INTERNAL, "a text of 17 tokens, where 1 to 16 are taken");
    call = call_of(false, 0);
    call.ids = strange;
    expect_refusal(&scene, &call, TW_INTERNAL, "id 99 is not in the vocabulary");
    end_scene(&scene);
}

static void test_weights_that_make_no_numbers_are_refused(void **unused)
{
    (void)unused;
    struct scene scene;
    given_scene(&scene, TW_BERT);
    const struct tw_attribute_call call = call_of(false, 0);
    scene.state->values[text_ids[1] * HIDDEN + 3] = NAN;
    expect_refusal(&scene, &call, TW_CONFIG, "the weights make logits that are no numbers");
    end_scene(&scene);
}

static void test_a_model_of_8_bit_weights_is_read_by_its_weights_in_fp32(void **unused)
{
    (void)unused;
    struct scene scene;
    struct tw_error err;
    struct tw_quantised *quantised;
    struct tw_widened widened;
    struct tw_attribution out, fp32;
    double weights[TOKENS], wanted[TOKENS];
    given_scene(&scene, TW_BERT);
    const struct tw_attribute_call call = call_of(true, 1);
    must(tw_attribute(scene.attributor, &call, wanted, &fp32, &err), &err);
    const struct tw_quantise_options options = {.compute = &scene.compute};
    must(tw_quantise(scene.state->model, &options, &quantised, &err), &err);
    const struct tw_attributor_options attributing = {.compute = &scene.compute};
    struct tw_attributor *attributor;
    assert_false(tw_attributor_open(tw_quantised_model(quantised), &attributing, &attributor, &err));
    assert_string_equal(err.what, "8-bit weights have no gradients");
    must(tw_widen(tw_quantised_model(quantised), &widened, &err), &err);
    must(tw_attributor_open(&widened.model, &attributing, &attributor, &err), &err);
    must(tw_attribute(attributor, &call, weights, &out, &err), &err);
    assert_true(fabsf(out.logit - fp32.logit) < 0.05f);
    for (size_t token = 0; token < TOKENS; token++)
        assert_true(fabs(weights[token] - wanted[token]) < 0.05);
    tw_attributor_close(attributor);
    tw_widened_close(&widened);
    tw_quantised_free(quantised);
    end_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_of_a_document_are_what_differences_along_the_line_say),
        cmocka_unit_test(test_weights_for_an_entity_are_what_differences_along_the_line_say),
        cmocka_unit_test(test_a_token_that_the_baseline_has_too_weighs_nothing),
        cmocka_unit_test(test_base_and_logit_are_those_of_the_plain_model),
        cmocka_unit_test(test_a_budget_that_is_spent_is_told),
        cmocka_unit_test(test_threads_share_a_model_and_get_the_same_bits),
        cmocka_unit_test(test_what_is_not_in_the_text_is_refused),
        cmocka_unit_test(test_weights_that_make_no_numbers_are_refused),
        cmocka_unit_test(test_a_model_of_8_bit_weights_is_read_by_its_weights_in_fp32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
