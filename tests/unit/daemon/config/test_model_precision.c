/* model_precision: 8-bit weights are taken where they are those of the model and keep its labels, and never
 * otherwise. */
#include "config/model_precision.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cmocka.h>

struct scene {
    char root[32], folder[64], beside[64];
    struct tw_arena arena;
    struct tw_error err;
    struct tw_model_choice chosen;
};

static void put(const char *folder, const char *name, const char *text)
{
    char path[128];
    struct tw_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(tw_file_write(path, tw_text_of(text), &err));
}

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_true(tw_arena_begin(&scene->arena, 1 << 20, &scene->err));
    snprintf(scene->root, sizeof scene->root, "/tmp/tw_precision_XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    snprintf(scene->folder, sizeof scene->folder, "%s/model", scene->root);
    snprintf(scene->beside, sizeof scene->beside, "%s/model-int8", scene->root);
    assert_int_equal(mkdir(scene->folder, 0700), 0);
    put(scene->folder, "model.safetensors", "weights");
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", scene->root);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): a folder of our own
    tw_arena_end(&scene->arena);
    free(scene);
    return 0;
}

static void given_beside(struct scene *scene, const char *weights, const char *agreement)
{
    char sha256[65], config[512];
    assert_true(tw_sha256_hex(tw_text_of(weights), sha256, &scene->err));
    snprintf(config, sizeof config,
        "{\"model_type\": \"bert\", \"tapewatch\": {\"quantisation\": {\"source\": \"%s\"%s%s}}}", sha256,
        agreement ? ", \"agreement\": " : "", agreement ? agreement : "");
    mkdir(scene->beside, 0700);
    put(scene->beside, "model.int8.safetensors", "codes");
    put(scene->beside, "config.json", config);
}

static bool choose(struct scene *scene, enum tw_model_precision precision)
{
    return tw_model_precision_choose(
        precision, scene->folder, NULL, &scene->arena, &scene->chosen, &scene->err);
}

static void auto_takes_what_is_measured_and_its_own(void **state)
{
    struct scene *scene = *state;
    const struct {
        const char *weights, *agreement;
        bool taken;
    } cases[] = {{"weights", "0.996", true}, {"weights", "0.994", false}, {"weights", NULL, false},
        {"others", "0.999", false}};
    assert_true(choose(scene, TW_PRECISION_AUTO));
    assert_string_equal(scene->chosen.folder, scene->folder);
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        given_beside(scene, cases[at].weights, cases[at].agreement);
        assert_true(choose(scene, TW_PRECISION_AUTO));
        assert_string_equal(scene->chosen.folder, cases[at].taken ? scene->beside : scene->folder);
        assert_true(choose(scene, TW_PRECISION_FP32));
        assert_string_equal(scene->chosen.folder, scene->folder);
    }
    put(scene->beside, "config.json", "no JSON");
    assert_true(choose(scene, TW_PRECISION_AUTO));
    assert_string_equal(scene->chosen.folder, scene->folder);
}

static void int8_is_taken_unmeasured_but_never_of_other_weights(void **state)
{
    struct scene *scene = *state;
    assert_false(choose(scene, TW_PRECISION_INT8));
    assert_int_equal(scene->err.code, TW_CONFIG);
    assert_string_equal(scene->err.what, "there is no folder with 8-bit weights");
    given_beside(scene, "others", "1");
    assert_false(choose(scene, TW_PRECISION_INT8));
    assert_string_equal(scene->err.what, "the 8-bit weights were made from others than the model has");
    given_beside(scene, "weights", NULL);
    memcpy(scene->folder + strlen(scene->folder), "//", 3);
    assert_true(choose(scene, TW_PRECISION_INT8));
    assert_string_equal(scene->chosen.folder, scene->beside);
}

static void a_folder_of_8_bits_is_itself(void **state)
{
    struct scene *scene = *state;
    put(scene->folder, "model.int8.safetensors", "codes");
    assert_true(choose(scene, TW_PRECISION_AUTO));
    assert_string_equal(scene->chosen.folder, scene->folder);
    assert_true(choose(scene, TW_PRECISION_INT8));
    assert_string_equal(scene->chosen.folder, scene->folder);
    assert_false(choose(scene, TW_PRECISION_FP32));
    assert_string_equal(scene->err.what, "weights in fp32 are asked for, and its own are in 8 bits");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        STORY(auto_takes_what_is_measured_and_its_own),
        STORY(int8_is_taken_unmeasured_but_never_of_other_weights),
        STORY(a_folder_of_8_bits_is_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
