/* classifier_options: the model that is configured, or none; and every key that a model is opened by. */
#include "config/classifier_options.h"

#include "score/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    struct tw_arena arena;
    struct tw_config config;
    struct tw_model_asked asked;
    struct tw_classifier_options options;
    struct tw_error err;
    char folder[32];
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_true(tw_arena_begin(&scene->arena, 1 << 20, &scene->err));
    assert_true(tw_config_defaults(&scene->arena, &scene->config, &scene->err));
    snprintf(scene->folder, sizeof scene->folder, "/tmp/tw_model_XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    rmdir(scene->folder);
    tw_arena_end(&scene->arena);
    free(scene);
    return 0;
}

static bool choose(struct scene *scene)
{
    return tw_config_classifier_options(
        &scene->config, &scene->asked, &scene->arena, &scene->options, &scene->err);
}

static void a_configured_model_that_is_not_there_is_never_replaced_by_another(void **state)
{
    struct scene *scene = *state;
    scene->config.model.path = "/no/such/model";
    assert_false(choose(scene));
    assert_int_equal(scene->err.code, TW_CONFIG);
    assert_string_equal(scene->err.where, "/no/such/model");
    assert_string_equal(
        scene->err.what, "the folder that model.path names cannot be had: No such file or directory");
    scene->config.model.path = "/dev/null";
    assert_false(choose(scene));
    assert_int_equal(scene->err.code, TW_CONFIG);
    assert_string_equal(scene->err.what, "model.path names no folder");
}

static void the_order_is_option_then_configuration_then_the_program_s_own(void **state)
{
    struct scene *scene = *state;
    scene->config.model.precision = TW_PRECISION_FP32;
    assert_true(choose(scene)); /* this test runs in a build tree */
    assert_string_equal(scene->options.folder, TW_SOURCE_DIR "/config/model");
    scene->config.model.precision = TW_PRECISION_AUTO;
    scene->config.model.path = scene->folder;
    assert_true(choose(scene));
    assert_string_equal(scene->options.folder, scene->folder);
    scene->asked.folder = "/given/by/m";
    scene->config.model.path = "/no/such/model"; /* not looked at */
    assert_true(choose(scene));
    assert_string_equal(scene->options.folder, "/given/by/m");
}

/* The build puts its own model with 8-bit weights into its tree, not beside config/model. */
static void the_program_s_own_model_may_be_in_8_bits(void **state)
{
    struct scene *scene = *state;
    const bool built = access(TW_BINARY_DIR "/model-int8/config.json", F_OK) == 0;
    assert_true(choose(scene));
    assert_string_equal(
        scene->options.folder, built ? TW_BINARY_DIR "/model-int8" : TW_SOURCE_DIR "/config/model");
    assert_non_null(strstr(scene->options.why, built ? "labels of calibration text are those of fp32"
                                                     : "auto: there is no folder with 8-bit weights: "));
}

static void a_named_folder_is_that_one_unless_the_precision_is_named_too(void **state)
{
    struct scene *scene = *state;
    scene->asked.folder = scene->folder;
    scene->config.model.precision = TW_PRECISION_INT8;
    assert_true(choose(scene));
    assert_string_equal(scene->options.folder, scene->folder);
    assert_null(scene->options.why);
    scene->asked.names_precision = true;
    scene->asked.precision = TW_PRECISION_INT8;
    assert_false(choose(scene));
    assert_string_equal(scene->err.what, "there is no folder with 8-bit weights");
    scene->asked.precision = TW_PRECISION_FP32;
    assert_true(choose(scene));
    assert_string_equal(scene->options.folder, scene->folder);
}

static void every_key_that_a_model_is_opened_by_is_carried(void **state)
{
    struct scene *scene = *state;
    static const char *const labels[] = {"positive", "negative", "neutral"};
    scene->config.batch.micro_tokens = 96;
    scene->config.model.max_tokens = 48;
    scene->config.model.labels = (struct tw_strings){labels, 3};
    scene->config.gemm.backend = TW_GEMM_CHOICE_PORTABLE;
    assert_true(choose(scene));
    assert_int_equal(scene->options.micro_tokens, 96);
    assert_int_equal(scene->options.max_tokens, 48);
    assert_string_equal(scene->options.labels, "positive,negative,neutral");
    assert_string_equal(scene->options.gemm, "portable");
    assert_false(scene->options.constant);
    scene->asked = (struct tw_model_asked){.labels = "a,b,c", .limits_tokens = true, .max_tokens = 0};
    assert_true(choose(scene));
    assert_string_equal(scene->options.labels, "a,b,c");
    assert_int_equal(scene->options.max_tokens, 0);
}

static void the_constant_model_takes_a_folder_only_when_it_is_named(void **state)
{
    struct scene *scene = *state;
    scene->config.model.kind = TW_MODEL_CONSTANT;
    assert_true(choose(scene));
    assert_true(scene->options.constant);
    assert_null(scene->options.folder);
    scene->config.model.path = scene->folder;
    assert_true(choose(scene));
    assert_true(scene->options.constant);
    assert_string_equal(scene->options.folder, scene->folder);
    scene->asked.tokenizer_only = true;
    assert_true(choose(scene));
    assert_false(scene->options.constant);
    assert_true(scene->options.tokenizer_only);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        STORY(a_configured_model_that_is_not_there_is_never_replaced_by_another),
        STORY(the_order_is_option_then_configuration_then_the_program_s_own),
        STORY(the_program_s_own_model_may_be_in_8_bits),
        STORY(a_named_folder_is_that_one_unless_the_precision_is_named_too),
        STORY(every_key_that_a_model_is_opened_by_is_carried),
        STORY(the_constant_model_takes_a_folder_only_when_it_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
