/* model: a folder is taken whole or refused with the tensor's name. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/model.h"
#include "random_model.h"

static struct tw_model *opened(const char *folder)
{
    struct tw_model *model = NULL;
    struct tw_error err;
    char line[1200] = "";
    if (!tw_model_open(folder, NULL, &model, &err))
        tw_error_line(&err, line, sizeof line);
    assert_string_equal(line, "");
    assert_non_null(model);
    return model;
}

static void refused_with(const char *folder, bool need_head, const char *message)
{
    struct tw_model *model;
    struct tw_error err;
    char line[1200] = "";
    struct tw_model_options options = {.need_head = need_head};
    assert_false(tw_model_open(folder, &options, &model, &err));
    assert_null(model);
    assert_int_equal(err.code, TW_CONFIG);
    tw_error_line(&err, line, sizeof line);
    if (!strstr(line, message))
        fail_msg("wanted \"%s\", got \"%s\"", message, line);
}

static const struct tw_parameter *parameter(const struct tw_model *model, const char *name)
{
    for (size_t at = 0; at < model->parameter_count; at++) {
        if (strcmp(model->parameters[at].name, name) == 0)
            return &model->parameters[at];
    }
    fail_msg("no parameter %s", name);
    return NULL;
}

static void parameters_are_listed_once_in_forward_order(void **state)
{
    (void)state;
    char folder[64];
    given_folder(folder);
    given_random_model(folder, &tiny_bert);
    struct tw_model *model = opened(folder);
    size_t next = 0;
    for (size_t at = 0; at < model->parameter_count; at++) {
        assert_int_equal(model->parameters[at].offset, next);
        next += model->parameters[at].rows * model->parameters[at].columns;
    }
    assert_int_equal(next, model->value_count);
    assert_int_equal(model->parameter_count, 5 + 2 * 16 + 4);
    const struct tw_parameter *up = parameter(model, "bert.encoder.layer.1.intermediate.dense.weight");
    assert_int_equal(up->rows, 72);
    assert_int_equal(up->columns, 32);
    assert_ptr_equal(up->values, model->layers[1].up.weight);
    assert_int_equal(model->layers[1].up.out, 72);
    /* Layers come in the order of the file's values, so the generator tells each one apart. */
    assert_true(up->values[5] == random_uniform(up->offset + 5) * (float)sqrt(3.0 / 32.0));
    assert_ptr_equal(parameter(model, "classifier.bias")->values, model->classifier.bias);
    assert_int_equal(strlen(model->sha256_hex), 64);
    assert_int_equal(strncmp(model->name, "tw_model_", 9), 0);
    tw_model_close(model);
    remove_folder(folder);
}

static void prefixes_and_old_norm_names_make_no_difference(void **state)
{
    (void)state;
    char plain[64], other[64];
    given_folder(plain);
    given_random_model(plain, &tiny_bert);
    struct random_shape shape = tiny_bert;
    shape.prefix = "";
    shape.old_norm_names = true;
    given_folder(other);
    given_random_model(other, &shape);
    struct tw_model *left = opened(plain), *right = opened(other);
    assert_true(right->has_head);
    assert_int_equal(left->parameter_count, right->parameter_count);
    for (size_t at = 0; at < left->parameter_count; at++) {
        const struct tw_parameter *a = &left->parameters[at], *b = &right->parameters[at];
        assert_string_equal(a->name, b->name);
        assert_memory_equal(a->values, b->values, a->rows * a->columns * sizeof(float));
    }
    tw_model_close(left);
    tw_model_close(right);
    remove_folder(plain);
    remove_folder(other);
}

static void halves_and_bfloats_are_widened_exactly(void **state)
{
    (void)state;
    for (int brain = 0; brain < 2; brain++) {
        char folder[64];
        struct random_shape shape = tiny_bert;
        shape.dtype = brain ? TW_BF16 : TW_F16;
        given_folder(folder);
        given_random_model(folder, &shape);
        struct tw_model *model = opened(folder);
        assert_int_equal(model->dtype, shape.dtype);
        for (size_t at = 0; at < 101 * 32; at++) {
            float value = random_uniform(at);
            uint32_t bits;
            memcpy(&bits, &value, sizeof bits);
            bits &= 0xFFFF0000u;
            float wanted = (float)(_Float16)value;
            if (brain)
                memcpy(&wanted, &bits, sizeof wanted);
            assert_true(model->words[at] == wanted);
        }
        for (size_t at = 0; at < model->parameter_count; at++)
            assert_int_equal((uintptr_t)model->parameters[at].values % 64, 0);
        tw_model_close(model);
        remove_folder(folder);
    }
}

/* The word embedding overwritten with every bit pattern of 16 bits. */
static void every_half_and_bfloat_has_its_value(void **state)
{
    (void)state;
    for (int brain = 0; brain < 2; brain++) {
        char folder[64], path[128];
        struct random_shape shape = tiny_bert;
        shape.dtype = brain ? TW_BF16 : TW_F16;
        shape.vocabulary = 2048;
        given_folder(folder);
        given_random_model(folder, &shape);
        struct tw_safetensors weights;
        struct tw_error err;
        snprintf(path, sizeof path, "%s/model.safetensors", folder);
        assert_true(tw_safetensors_open(path, &weights, &err));
        size_t place = tw_safetensors_find(&weights, "bert.embeddings.word_embeddings.weight")->file_offset;
        tw_safetensors_close(&weights);
        static uint16_t patterns[65536];
        for (size_t at = 0; at < 65536; at++)
            patterns[at] = (uint16_t)at;
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, (long)place, SEEK_SET), 0);
        assert_int_equal(fwrite(patterns, 2, 65536, file), 65536);
        assert_int_equal(fclose(file), 0);
        struct tw_model *model = opened(folder);
        for (size_t at = 0; at < 65536; at++) {
            _Float16 half;
            uint32_t bits = (uint32_t)at << 16;
            memcpy(&half, &patterns[at], sizeof half);
            float wanted = (float)half;
            if (brain)
                memcpy(&wanted, &bits, sizeof wanted);
            if (isnan(wanted))
                assert_true(isnan(model->words[at]));
            else
                assert_memory_equal(&model->words[at], &wanted, sizeof wanted);
        }
        tw_model_close(model);
        remove_folder(folder);
    }
}

static void other_dtypes_are_refused(void **state)
{
    (void)state;
    static const enum tw_dtype dtypes[] = {TW_F64, TW_I64, TW_I32, TW_I8, TW_F8_E4M3};
    for (size_t at = 0; at < sizeof dtypes / sizeof dtypes[0]; at++) {
        char folder[64], message[128];
        struct random_shape shape = tiny_bert;
        shape.dtype = dtypes[at];
        given_folder(folder);
        given_random_model(folder, &shape);
        snprintf(message, sizeof message,
            "tensor \"bert.embeddings.word_embeddings.weight\" is %s; cure: save", tw_dtype_name(dtypes[at]));
        refused_with(folder, false, message);
        remove_folder(folder);
    }
}

#define SHAPE                                                                                                \
    "{\"model_type\":\"bert\",\"hidden_size\":32,\"num_hidden_layers\":%d,\"num_attention_heads\":4,"        \
    "\"intermediate_size\":%d,\"vocab_size\":%d,\"max_position_embeddings\":64,\"id2label\":{%s}}"
#define NAMES "\"0\":\"negative\",\"1\":\"neutral\",\"2\":\"positive\""

static const struct {
    int layers, intermediate, vocabulary;
    const char *labels, *message;
} at_odds[] = {
    {3, 72, 101, NAMES, "model.safetensors: no tensor \"bert.encoder.layer.2.attention.self.query.weight\""},
    {2, 73, 101, NAMES,
        "tensor \"bert.encoder.layer.0.intermediate.dense.weight\" is [72, 32], config.json says [73, 32]"},
    {2, 72, 102, NAMES,
        "tensor \"bert.embeddings.word_embeddings.weight\" is [101, 32], config.json says [102, 32]"},
    {2, 72, 101, "\"0\":\"LABEL_0\",\"1\":\"LABEL_1\",\"2\":\"LABEL_2\"",
        "config.json: labels: the labels are not"},
};

static void a_config_at_odds_with_the_weights_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof at_odds / sizeof at_odds[0]; at++) {
        char folder[64], config[512];
        snprintf(config, sizeof config, SHAPE, at_odds[at].layers, at_odds[at].intermediate,
            at_odds[at].vocabulary, at_odds[at].labels);
        struct random_shape shape = tiny_bert;
        shape.config = config;
        given_folder(folder);
        given_random_model(folder, &shape);
        refused_with(folder, true, at_odds[at].message);
        remove_folder(folder);
    }
}

static void a_folder_without_a_head_opens_but_does_not_classify(void **state)
{
    (void)state;
    char folder[64];
    struct random_shape shape = tiny_bert;
    shape.without_head = true;
    given_folder(folder);
    given_random_model(folder, &shape);
    struct tw_model *model = opened(folder);
    assert_false(model->has_head);
    assert_false(model->has_pooler);
    tw_model_close(model);
    refused_with(folder, true, "no tensor \"classifier.weight\"");
    remove_folder(folder);
}

static void a_head_made_for_something_else_is_no_document_head(void **state)
{
    (void)state;
    char folder[64];
    struct random_shape shape = tiny_bert;
    shape.config =
        "{\"model_type\":\"bert\",\"hidden_size\":32,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
        "\"intermediate_size\":72,\"vocab_size\":101,\"max_position_embeddings\":64,"
        "\"architectures\":[\"BertForTokenClassification\"],\"id2label\":{" NAMES "}}";
    given_folder(folder);
    given_random_model(folder, &shape);
    struct tw_model *model = opened(folder);
    assert_false(model->has_head);
    tw_model_close(model);
    refused_with(folder, true, "\"architectures\" names a model without a document head");
    remove_folder(folder);
}

static void a_file_that_is_not_there_is_a_wrong_model(void **state)
{
    (void)state;
    char folder[64], path[128];
    given_folder(folder);
    refused_with(folder, false, "config.json: cannot open the file: No such file");
    given_random_model(folder, &tiny_bert);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_int_equal(unlink(path), 0);
    refused_with(folder, false, "model.safetensors: cannot open the file: No such file");
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_listed_once_in_forward_order),
        cmocka_unit_test(prefixes_and_old_norm_names_make_no_difference),
        cmocka_unit_test(halves_and_bfloats_are_widened_exactly),
        cmocka_unit_test(every_half_and_bfloat_has_its_value),
        cmocka_unit_test(other_dtypes_are_refused),
        cmocka_unit_test(a_config_at_odds_with_the_weights_is_refused_by_name),
        cmocka_unit_test(a_folder_without_a_head_opens_but_does_not_classify),
        cmocka_unit_test(a_head_made_for_something_else_is_no_document_head),
        cmocka_unit_test(a_file_that_is_not_there_is_a_wrong_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
