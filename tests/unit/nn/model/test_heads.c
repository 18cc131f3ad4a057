/* heads: the formulas of the heads, and means of tokens. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/encoder.h"
#include "model/heads.h"
#include "random_model.h"

struct setting {
    char folder[64];
    struct tw_model *model;
    struct tw_compute compute;
    struct tw_workspace workspace;
    struct tw_arena arena;
    struct tw_packed batch;
};

enum { TEXTS = 150 };

/* More texts than the head takes in one round, three tokens each. */
static void given_encoded(struct setting *setting, const struct random_shape *shape)
{
    static int32_t ids[TEXTS][3];
    struct tw_sequence sequences[TEXTS];
    struct tw_error err;
    given_folder(setting->folder);
    given_random_model(setting->folder, shape);
    assert_true(tw_model_open(setting->folder, NULL, &setting->model, &err));
    assert_true(tw_compute_open("portable", &setting->compute, &err));
    struct tw_workspace_options options = {.max_tokens = 3 * TEXTS, .compute = &setting->compute};
    assert_true(tw_workspace_open(setting->model, &options, &setting->workspace, &err));
    assert_true(tw_arena_begin(&setting->arena, 1 << 20, &err));
    for (size_t at = 0; at < TEXTS; at++) {
        random_ids(at * 3, shape->vocabulary, 3, ids[at]);
        sequences[at] = (struct tw_sequence){.ids = ids[at], .count = 3};
    }
    assert_true(
        tw_packed_build(sequences, TEXTS, &setting->model->config, &setting->arena, &setting->batch, &err));
    assert_true(tw_encode(setting->model, &setting->batch, &setting->workspace, &err));
}

static void end_setting(struct setting *setting)
{
    tw_arena_end(&setting->arena);
    tw_workspace_close(&setting->workspace);
    tw_model_close(setting->model);
    remove_folder(setting->folder);
}

static void logits_follow_the_formula_for_every_text_of_a_large_batch(void **state)
{
    (void)state;
    struct setting setting;
    given_encoded(&setting, &tiny_bert);
    float logits[TEXTS][3];
    struct tw_error err;
    assert_true(tw_document_logits(setting.model, &setting.batch, &setting.workspace, logits[0], &err));
    const struct tw_model *model = setting.model;
    for (size_t text = 0; text < TEXTS; text++) {
        const float *row = setting.workspace.hidden + text * 3 * 32;
        double pooled[32];
        for (size_t out = 0; out < 32; out++) {
            double sum = (double)model->pooler.bias[out];
            for (size_t in = 0; in < 32; in++)
                sum += (double)model->pooler.weight[out * 32 + in] * (double)row[in];
            pooled[out] = tanh(sum);
        }
        for (size_t label = 0; label < 3; label++) {
            double sum = (double)model->classifier.bias[label];
            for (size_t in = 0; in < 32; in++)
                sum += (double)model->classifier.weight[label * 32 + in] * pooled[in];
            assert_true(fabs(sum - (double)logits[text][label]) < 1e-5);
        }
    }
    end_setting(&setting);
}

static void the_mean_is_over_the_tokens_named(void **state)
{
    (void)state;
    struct setting setting;
    given_encoded(&setting, &tiny_bert);
    float mean[32];
    tw_mean_hidden(setting.model, &setting.batch, &setting.workspace, 7, 1, 3, mean);
    for (size_t at = 0; at < 32; at++) {
        const float *row = setting.workspace.hidden + 22 * 32 + at;
        assert_true(fabs(((double)row[0] + (double)row[32]) / 2.0 - (double)mean[at]) < 1e-6);
    }
    end_setting(&setting);
}

static void a_model_without_a_head_gives_no_logits(void **state)
{
    (void)state;
    struct setting setting;
    struct random_shape shape = tiny_bert;
    shape.without_head = true;
    given_encoded(&setting, &shape);
    float logits[TEXTS][3];
    struct tw_error err;
    assert_false(tw_document_logits(setting.model, &setting.batch, &setting.workspace, logits[0], &err));
    assert_int_equal(err.code, TW_INTERNAL);
    end_setting(&setting);
}

static void logits_that_are_no_numbers_are_an_error(void **state)
{
    (void)state;
    struct setting setting;
    given_encoded(&setting, &tiny_bert);
    float logits[TEXTS][3], broken[32];
    for (size_t at = 0; at < 32; at++)
        broken[at] = NAN;
    setting.model->pooler.bias = broken;
    struct tw_error err;
    assert_false(tw_document_logits(setting.model, &setting.batch, &setting.workspace, logits[0], &err));
    assert_int_equal(err.code, TW_CONFIG);
    end_setting(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_follow_the_formula_for_every_text_of_a_large_batch),
        cmocka_unit_test(the_mean_is_over_the_tokens_named),
        cmocka_unit_test(a_model_without_a_head_gives_no_logits),
        cmocka_unit_test(logits_that_are_no_numbers_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
