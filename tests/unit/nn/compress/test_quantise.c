/* quantise: a folder with 8-bit weights is close to its model, the same to the bit on every processor and in
 * every batch, and one that lies is refused by name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "compress/quantise.h"
#include "format/write.h"
#include "infer/predict.h"
#include "kernels/choose.h"
#include "model/encoder.h"
#include "random_model.h"
#include "train/state.h"

enum { TEXTS = 14, MOST = 90, LABELS = TW_CLASSES };

/* A model, texts for it, and the folder made of both. */
struct scene {
    char source[64], folder[64];
    struct tw_model *fp32;
    struct tw_compute compute;
    struct tw_quantised *quantised;
    int32_t ids[TEXTS][MOST];
    struct tw_sequence sequences[TEXTS];
    struct tw_packed texts;
    struct tw_arena arena;
};

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static void path_of(const char *folder, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", folder, name);
}

/* config.json beside the weights as they are now. `own`: more members, or NULL: those of quantisation. */
static void given_config(struct scene *scene, const char *own)
{
    struct tw_error err;
    char path[256], weights[65], facts[512];
    uint64_t bytes;
    struct tw_text config;
    path_of(scene->folder, TW_FILE_INT8_WEIGHTS, path);
    must(tw_file_sha256_hex(path, weights, &bytes, &err), &err);
    snprintf(facts, sizeof facts, "{\"weights\": \"%s\", \"quantisation\": {\"source\": \"%s\"}}", weights,
        scene->fp32->sha256_hex);
    path_of(scene->source, TW_FILE_CONFIG, path);
    must(tw_file_read(path, 1 << 20, &scene->arena, &config, &err), &err);
    path_of(scene->folder, TW_FILE_CONFIG, path);
    unlink(path);
    must(tw_config_amend(path, config, own ? own : facts, &err), &err);
}

static void given_scene_of(struct scene *scene, const struct random_shape *shape)
{
    struct tw_error err;
    char path[256];
    *scene = (struct scene){0};
    given_folder(scene->source);
    given_folder(scene->folder);
    given_random_model(scene->source, shape);
    must(tw_arena_begin(&scene->arena, 64 << 20, &err), &err);
    must(tw_model_open(scene->source, NULL, &scene->fp32, &err), &err);
    must(tw_compute_open("portable", &scene->compute, &err), &err);
    for (size_t at = 0; at < TEXTS; at++) {
        size_t length = at == 0 ? 1 : 2 + at * 23 % 27;
        random_ids(100 * at, shape->vocabulary, length, scene->ids[at]);
        scene->sequences[at] = (struct tw_sequence){.ids = scene->ids[at], .count = length};
    }
    must(tw_packed_build(scene->sequences, TEXTS, &scene->fp32->config, &scene->arena, &scene->texts, &err),
        &err);
    const struct tw_quantise_options options = {.compute = &scene->compute, .calibration = &scene->texts};
    must(tw_quantise(scene->fp32, &options, &scene->quantised, &err), &err);
    path_of(scene->folder, TW_FILE_INT8_WEIGHTS, path);
    must(tw_quantised_write(scene->quantised, path, &err), &err);
    given_config(scene, NULL);
}

static void end_scene(struct scene *scene)
{
    tw_quantised_free(scene->quantised);
    tw_model_close(scene->fp32);
    tw_arena_end(&scene->arena);
    remove_folder(scene->source);
    remove_folder(scene->folder);
}

static struct tw_model *opened(const struct scene *scene)
{
    struct tw_model *model;
    struct tw_error err;
    must(tw_model_open(scene->folder, &(struct tw_model_options){.need_head = true}, &model, &err), &err);
    return model;
}

/* Logits of some texts, in this order, cut at `budget` tokens. */
static void predict(const struct scene *scene, const struct tw_model *model, const size_t *order,
    size_t count, size_t budget, float (*logits)[LABELS])
{
    struct tw_error err;
    struct tw_predict *by;
    struct tw_packed batch;
    struct tw_arena arena;
    struct tw_sequence sequences[TEXTS];
    const struct tw_predict_options options = {
        .compute = &scene->compute, .max_tokens = budget, .max_sequence = 28, .threads = 2};
    for (size_t at = 0; at < count; at++)
        sequences[at] = scene->sequences[order ? order[at] : at];
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    must(tw_packed_build(sequences, count, &model->config, &arena, &batch, &err), &err);
    must(tw_predict_open(model, &options, &by, &err), &err);
    must(tw_predict_run(by, &batch, NULL, 0, logits[0], NULL, &err), &err);
    tw_predict_close(by);
    tw_arena_end(&arena);
}

/* --- close, and the same -------------------------------------------------------------------------------- */

static void a_model_in_8_bits_is_close_to_itself(void **state)
{
    (void)state;
    const struct random_shape *shapes[] = {&tiny_bert, &tiny_mpnet};
    for (size_t shape = 0; shape < 2; shape++) {
        struct scene scene;
        float fp32[TEXTS][LABELS], int8[TEXTS][LABELS], measured[TEXTS][LABELS];
        given_scene_of(&scene, shapes[shape]);
        struct tw_model *model = opened(&scene);
        assert_non_null(model->int8);
        predict(&scene, scene.fp32, NULL, TEXTS, 64, fp32);
        predict(&scene, model, NULL, TEXTS, 64, int8);
        predict(&scene, tw_quantised_model(scene.quantised), NULL, TEXTS, 64, measured);
        for (size_t at = 0; at < TEXTS; at++) {
            for (size_t label = 0; label < LABELS; label++)
                assert_true(fabsf(fp32[at][label] - int8[at][label]) < 0.08f);
        }
        /* What was written is what was measured. */
        assert_memory_equal(int8, measured, sizeof int8);
        assert_memory_not_equal(int8, fp32, sizeof int8);
        tw_model_close(model);
        end_scene(&scene);
    }
}

static void what_it_costs_is_told(void **state)
{
    (void)state;
    struct scene scene;
    given_scene_of(&scene, &tiny_bert);
    const struct tw_quantised_report report = tw_quantised_report(scene.quantised);
    assert_true(report.measured);
    assert_int_equal(report.texts, TEXTS);
    assert_int_equal(report.labels, TEXTS);
    assert_int_equal(report.map_count, 2 * TW_LAYER_MAPS);
    assert_true(report.fp32_count == report.map_count ||
                (report.agreement >= TW_QUANTISE_AGREEMENT && report.loss <= TW_QUANTISE_LOSS));
    assert_true(report.loss >= 0.0);
    /* Without texts nothing is known. */
    struct tw_error err;
    struct tw_quantised *blind;
    must(tw_quantise(scene.fp32, &(struct tw_quantise_options){.compute = &scene.compute}, &blind, &err),
        &err);
    assert_false(tw_quantised_report(blind).measured);
    assert_int_equal(tw_quantised_report(blind).fp32_count, 0);
    tw_quantised_free(blind);
    end_scene(&scene);
}

static void a_score_does_not_depend_on_its_batch(void **state)
{
    (void)state;
    static const size_t budgets[] = {28, 40, 77, 4096};
    struct scene scene;
    float alone[TEXTS][LABELS];
    given_scene_of(&scene, &tiny_bert);
    struct tw_model *model = opened(&scene);
    for (size_t at = 0; at < TEXTS; at++)
        predict(&scene, model, &at, 1, 28, &alone[at]);
    for (size_t turn = 0; turn < sizeof budgets / sizeof budgets[0]; turn++) {
        size_t order[TEXTS];
        float together[TEXTS][LABELS];
        for (size_t at = 0; at < TEXTS; at++)
            order[at] = (at * 5 + turn) % TEXTS;
        predict(&scene, model, order, TEXTS, budgets[turn], together);
        for (size_t at = 0; at < TEXTS; at++)
            assert_memory_equal(together[at], alone[order[at]], sizeof together[at]);
    }
    tw_model_close(model);
    end_scene(&scene);
}

/* --- every processor, every mixture --------------------------------------------------------------------- */

/* Hidden states of all texts, to be freed. */
static float *hidden_of(const struct scene *scene, const struct tw_model *model, bool keep)
{
    struct tw_error err;
    struct tw_workspace workspace;
    const size_t bytes = tw_packed_tokens(&scene->texts) * model->config.hidden * sizeof(float);
    const struct tw_workspace_options options = {
        .max_tokens = 1024, .compute = &scene->compute, .keep_layers = keep};
    must(tw_workspace_open(model, &options, &workspace, &err), &err);
    must(tw_encode(model, &scene->texts, &workspace, &err), &err);
    if (keep) {
        assert_ptr_equal(workspace.hidden, workspace.layers[model->config.layers - 1].output);
        assert_memory_not_equal(workspace.layers[0].output, workspace.hidden, bytes);
        assert_memory_not_equal(workspace.embedded, workspace.layers[0].output, bytes);
    }
    float *made = malloc(bytes);
    assert_non_null(made);
    memcpy(made, workspace.hidden, bytes);
    tw_workspace_close(&workspace);
    return made;
}

static void every_processor_gives_the_same_bits(void **state)
{
    (void)state;
    const struct tw_int8_kernels *tables[TW_INT8_TABLES];
    size_t count = tw_int8_all(tables);
    const struct random_shape *shapes[] = {&tiny_bert, &tiny_mpnet};
    for (size_t shape = 0; shape < 2; shape++) {
        struct scene scene;
        given_scene_of(&scene, shapes[shape]);
        struct tw_quantised *all;
        struct tw_error err;
        must(tw_quantise(scene.fp32, &(struct tw_quantise_options){.compute = &scene.compute}, &all, &err),
            &err);
        const struct tw_model *model = tw_quantised_model(all);
        size_t bytes = tw_packed_tokens(&scene.texts) * model->config.hidden * sizeof(float);
        scene.compute.int8 = tables[0];
        float *wanted = hidden_of(&scene, model, false);
        for (size_t table = 0; table < count; table++) {
            scene.compute.int8 = tables[table];
            float *given = hidden_of(&scene, model, table % 2 == 0);
            assert_memory_equal(given, wanted, bytes);
            free(given);
        }
        free(wanted);
        tw_quantised_free(all);
        end_scene(&scene);
    }
}

static void each_map_may_stay_fp32(void **state)
{
    (void)state;
    struct scene scene;
    given_scene_of(&scene, &tiny_bert);
    struct tw_quantised *all;
    struct tw_error err;
    must(tw_quantise(scene.fp32, &(struct tw_quantise_options){.compute = &scene.compute}, &all, &err), &err);
    struct tw_model model = *tw_quantised_model(all);
    size_t layers = model.config.layers, values = tw_packed_tokens(&scene.texts) * model.config.hidden;
    float *fp32 = hidden_of(&scene, scene.fp32, false);
    struct tw_int8_layer *mixed = calloc(layers, sizeof *mixed);
    assert_non_null(mixed);
    double last = INFINITY;
    for (unsigned mask = 0; mask < 1u << TW_LAYER_MAPS; mask++) {
        for (size_t layer = 0; layer < layers; layer++) {
            mixed[layer] = model.int8[layer];
            for (unsigned map = 0; map < TW_LAYER_MAPS; map++) {
                if (mask >> map & 1u)
                    mixed[layer].maps[map] = (struct tw_int8_weights){0};
            }
        }
        struct tw_model trial = model;
        trial.int8 = mixed;
        float *hidden = hidden_of(&scene, &trial, false);
        double away = 0.0;
        for (size_t at = 0; at < values; at++)
            away += fabs((double)hidden[at] - (double)fp32[at]) / (double)values;
        assert_true(away < 0.05);
        last = away;
        free(hidden);
    }
    /* With all maps in fp32 only the embeddings are rounded. */
    assert_true(last < 0.01);
    free(mixed);
    free(fp32);
    tw_quantised_free(all);
    end_scene(&scene);
}

/* --- what is refused ------------------------------------------------------------------------------------ */

static void refused(const struct scene *scene, const char *message)
{
    struct tw_model *model;
    struct tw_error err;
    char line[1200] = "";
    assert_false(tw_model_open(scene->folder, NULL, &model, &err));
    assert_int_equal(err.code, TW_CONFIG);
    tw_error_line(&err, line, sizeof line);
    if (!strstr(line, message))
        fail_msg("wanted \"%s\", got \"%s\"", message, line);
}

/* Writes over the first bytes of a tensor, and makes config.json know the file again. */
static void overwrite(struct scene *scene, const char *name, const void *bytes, size_t length)
{
    char path[256];
    struct tw_error err;
    struct tw_safetensors file;
    path_of(scene->folder, TW_FILE_INT8_WEIGHTS, path);
    must(tw_safetensors_open(path, &file, &err), &err);
    const struct tw_tensor *tensor = tw_safetensors_find(&file, name);
    assert_non_null(tensor);
    long offset = (long)tensor->file_offset;
    tw_safetensors_close(&file);
    FILE *out = fopen(path, "r+be");
    assert_non_null(out);
    assert_int_equal(fseek(out, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
    given_config(scene, NULL);
}

#define WORDS "bert.embeddings.word_embeddings.weight"

static void scales_and_codes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        float scale;
        const char *message;
    } scales[] = {{NAN, "has a scale of nan for row 0"}, {-1.0f, "has a scale of -1 for row 0"},
        {0.0f, "has a scale of 0 for row 0"}, {INFINITY, "has a scale of inf for row 0"}};
    struct scene scene;
    given_scene_of(&scene, &tiny_bert);
    for (size_t at = 0; at < sizeof scales / sizeof scales[0]; at++) {
        overwrite(&scene, WORDS "_scale", &scales[at].scale, sizeof(float));
        refused(&scene, scales[at].message);
    }
    const float one = 1.0f, none = NAN;
    overwrite(&scene, WORDS "_scale", &one, sizeof one);
    const int8_t lowest = INT8_MIN, zero = 0;
    overwrite(&scene, WORDS, &lowest, 1);
    refused(&scene, "holds -128");
    overwrite(&scene, WORDS, &zero, 1);
    overwrite(&scene, "bert.embeddings.LayerNorm.bias", &none, sizeof none);
    refused(&scene, "holds what is no finite number");
    end_scene(&scene);
}

/* The same file with the scales of the words as a vector of `count`, or without them. */
static void rewrite_scales(struct scene *scene, enum tw_dtype dtype, size_t count)
{
    char path[256], anew[256];
    struct tw_error err;
    struct tw_safetensors file;
    size_t kept = 0;
    static float none[64];
    path_of(scene->folder, TW_FILE_INT8_WEIGHTS, path);
    path_of(scene->folder, "anew", anew);
    must(tw_safetensors_open(path, &file, &err), &err);
    struct tw_stored_tensor *tensors = calloc(file.count, sizeof *tensors);
    assert_non_null(tensors);
    for (size_t at = 0; at < file.count; at++) {
        const struct tw_tensor *tensor = &file.tensors[at];
        const bool matrix = tensor->dimensions == 2;
        struct tw_stored_tensor stored = {.name = tensor->name,
            .dtype = tensor->dtype,
            .data = tensor->data,
            .rows = matrix ? tensor->shape[0] : 0,
            .columns = tensor->shape[matrix]};
        if (strcmp(tensor->name, WORDS "_scale") == 0)
            stored = (struct tw_stored_tensor){
                .name = tensor->name, .dtype = dtype, .data = none, .columns = count};
        if (stored.columns > 0)
            tensors[kept++] = stored;
    }
    must(tw_safetensors_store(anew, tensors, kept, &err), &err);
    free(tensors);
    tw_safetensors_close(&file);
    assert_int_equal(rename(anew, path), 0);
    given_config(scene, NULL);
}

static void scales_of_another_shape_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum tw_dtype dtype;
        size_t count;
        const char *message;
    } cases[] = {{TW_F32, 7, "_scale\" is F32 [7], and should be F32 ["},
        {TW_F16, 7, "_scale\" is F16 [7], and should be F32 ["},
        {TW_F32, 0, "is I8 and has no scales: there is no tensor of its name with _scale"}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct scene scene;
        given_scene_of(&scene, &tiny_bert);
        rewrite_scales(&scene, cases[at].dtype, cases[at].count);
        refused(&scene, cases[at].message);
        end_scene(&scene);
    }
}

static void weights_beside_another_config_are_refused(void **state)
{
    (void)state;
    struct scene scene;
    char path[256];
    given_scene_of(&scene, &tiny_bert);
    given_config(&scene, "{}");
    refused(&scene, "it knows nothing of model.int8.safetensors");
    given_config(&scene, "{\"quantisation\": {\"source\": \"12\"}}");
    refused(&scene, "\"tapewatch.quantisation.source\": \"12\" is not supported");
    given_config(&scene, "{\"quantisation\": {}}");
    refused(&scene, "\"tapewatch.quantisation.source\" is missing");
    char facts[400];
    snprintf(facts, sizeof facts, "{\"weights\": \"%s\", \"quantisation\": {\"source\": \"%s\"}}",
        scene.fp32->sha256_hex, scene.fp32->sha256_hex);
    given_config(&scene, facts);
    refused(&scene, "it belongs to other weights");
    given_config(&scene, NULL);
    given_file(scene.folder, TW_FILE_WEIGHTS, "", 0);
    refused(&scene, "model.safetensors and model.int8.safetensors stand side by side");
    path_of(scene.folder, TW_FILE_WEIGHTS, path);
    unlink(path);
    path_of(scene.folder, TW_FILE_INT8_WEIGHTS, path);
    unlink(path);
    refused(&scene, "it is that of model.int8.safetensors, which is not there");
    end_scene(&scene);
}

static void nothing_is_quantised_or_trained_from_8_bits(void **state)
{
    (void)state;
    struct scene scene;
    struct tw_error err;
    struct tw_quantised *again;
    struct tw_state *training;
    given_scene_of(&scene, &tiny_bert);
    struct tw_model *model = opened(&scene);
    assert_false(tw_quantise(model, &(struct tw_quantise_options){.compute = &scene.compute}, &again, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "its weights are in 8 bits already");
    assert_false(tw_state_open(
        &(struct tw_state_options){.folder = scene.folder, .parts = TW_PART_DOCUMENT}, &training, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "its weights are in 8 bits, from which no training starts");
    tw_model_close(model);
    end_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_in_8_bits_is_close_to_itself),
        cmocka_unit_test(what_it_costs_is_told),
        cmocka_unit_test(a_score_does_not_depend_on_its_batch),
        cmocka_unit_test(every_processor_gives_the_same_bits),
        cmocka_unit_test(each_map_may_stay_fp32),
        cmocka_unit_test(scales_and_codes_that_cannot_be_are_refused),
        cmocka_unit_test(scales_of_another_shape_are_refused),
        cmocka_unit_test(weights_beside_another_config_are_refused),
        cmocka_unit_test(nothing_is_quantised_or_trained_from_8_bits),
    };
    return cmocka_run_group_tests_name("quantise", tests, NULL, NULL);
}
