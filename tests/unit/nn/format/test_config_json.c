/* config_json: what changes logits is read or refused by name; the rest is ignored, and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "format/config_json.h"
#include "random_model.h"

#define SHAPE                                                                                                \
    "\"model_type\":\"bert\",\"hidden_size\":384,\"num_hidden_layers\":6,\"num_attention_heads\":12,"        \
    "\"intermediate_size\":1536,\"vocab_size\":30522,\"max_position_embeddings\":512"
#define LABELS ",\"id2label\":{\"0\":\"Negative\",\"1\":\"NEUTRAL\",\"2\":\"positive\"}"

struct story {
    char folder[64];
    struct tw_arena arena;
    struct tw_model_config config;
    char line[1200];
};

static int begin(void **state)
{
    static struct story story;
    struct tw_error err;
    given_folder(story.folder);
    *state = &story;
    return tw_arena_begin(&story.arena, 1 << 20, &err) ? 0 : -1;
}

static int end(void **state)
{
    struct story *story = *state;
    tw_arena_end(&story->arena);
    remove_folder(story->folder);
    return 0;
}

static bool reading(struct story *story, const char *text, const char *labels)
{
    struct tw_error err;
    given_file(story->folder, "config.json", text, strlen(text));
    bool done = tw_config_read(story->folder, labels, &story->arena, &story->config, &err);
    story->line[0] = '\0';
    if (!done)
        tw_error_line(&err, story->line, sizeof story->line);
    return done;
}

static void a_config_is_read_with_the_defaults_of_transformers(void **state)
{
    struct story *story = *state;
    bool done = reading(story, "{" SHAPE LABELS "}", NULL);
    assert_string_equal(story->line, "");
    assert_true(done);
    const struct tw_model_config *config = &story->config;
    assert_int_equal(config->family, TW_BERT);
    assert_int_equal(config->hidden, 384);
    assert_int_equal(config->layers, 6);
    assert_int_equal(config->heads, 12);
    assert_int_equal(config->intermediate, 1536);
    assert_int_equal(config->type_vocabulary, 2);
    assert_int_equal(config->activation, TW_GELU_ERF);
    assert_true(config->norm_epsilon == 1e-12f);
    assert_true(config->temperature.base == 1.0f && config->temperature.exponent == 0.0f);
    assert_null(config->labels_fault);
    assert_int_equal(config->ignored_count, 0);
}

static void distilbert_has_its_own_names(void **state)
{
    struct story *story = *state;
    bool done = reading(story,
        "{\"model_type\":\"distilbert\",\"dim\":96,\"n_layers\":3,\"n_heads\":4,\"hidden_dim\":200,"
        "\"activation\":\"relu\",\"layer_norm_eps\":0.5,\"sinusoidal_pos_embds\":false" LABELS "}",
        NULL);
    assert_string_equal(story->line, "");
    assert_true(done);
    assert_int_equal(story->config.hidden, 96);
    assert_int_equal(story->config.intermediate, 200);
    assert_int_equal(story->config.activation, TW_RELU);
    /* transformers' DistilBERT does not look at it. */
    assert_true(story->config.norm_epsilon == 1e-12f);
    assert_int_equal(story->config.type_vocabulary, 0);
}

static const struct {
    const char *text, *message;
} refused[] = {
    {"{\"model_type\":\"roberta\"}",
        "config.json: \"model_type\": \"roberta\" is not supported (bert, distilbert, mpnet)"},
    {"{\"hidden_size\":3}", "config.json: \"model_type\" is missing"},
    {"{" SHAPE LABELS ",\"hidden_act\":\"swish\"}", "\"hidden_act\": \"swish\" is not supported"},
    {"{" SHAPE LABELS ",\"position_embedding_type\":\"relative_key\"}",
        "\"position_embedding_type\": \"relative_key\" is not supported (absolute)"},
    {"{" SHAPE LABELS ",\"is_decoder\":true}", "\"is_decoder\": true is not supported (false)"},
    {"{" SHAPE LABELS ",\"add_cross_attention\":true}", "\"add_cross_attention\": true is not supported"},
    {"{" SHAPE LABELS ",\"quantization_config\":{\"bits\":8}}",
        "\"quantization_config\" is there: its weights were quantised by another library"},
    {"{" SHAPE LABELS ",\"pruned_heads\":{\"0\":[1]}}", "\"pruned_heads\""},
    {"{" SHAPE LABELS ",\"auto_map\":{\"AutoModel\":\"m.M\"}}", "\"auto_map\""},
    {"{" SHAPE LABELS ",\"layer_norm_eps\":0}",
        "\"layer_norm_eps\": 0 is not supported (a number between 0 and 1)"},
    {"{" SHAPE LABELS ",\"layer_norm_eps\":\"1e-12\"}", "\"layer_norm_eps\": \"1e-12\" is not supported"},
    {"{" SHAPE LABELS ",\"architectures\":[\"RobertaModel\"]}",
        "\"architectures\": [\"RobertaModel\"] is not"},
    {"{" SHAPE LABELS ",\"type_vocab_size\":4000}", "\"type_vocab_size\": 4000 is not supported"},
    {"{" SHAPE LABELS ",\"num_labels\":4}", "\"num_labels\": 4 is not supported (as many as id2label names)"},
    {"{" SHAPE LABELS ",\"id2label\":[]}", "not valid JSON (duplicate object key"},
    {"{" SHAPE ",\"id2label\":[]}", "\"id2label\" is not an object"},
    {"{" SHAPE LABELS ",\"tapewatch\":{\"temperature\":0}}",
        "\"tapewatch.temperature\": 0 is not supported (a number from 0.001 to 1000)"},
    {"{" SHAPE LABELS ",\"tapewatch\":{\"entity_temperature_exponent\":1.5}}",
        "\"tapewatch.entity_temperature_exponent\": 1.5 is not supported (a number from 0 to 1)"},
    {"{" SHAPE LABELS ",\"tapewatch\":7}", "\"tapewatch\": 7 is not supported (an object)"},
    {"{\"model_type\":\"bert\",\"hidden_size\":4000000000000}",
        "\"hidden_size\": 4000000000000 is not supported"},
    {"{\"model_type\":\"bert\",\"hidden_size\":-1}", "\"hidden_size\": -1 is not supported"},
    {"{\"model_type\":\"bert\",\"hidden_size\":768.0}", "\"hidden_size\": 768.0 is not supported"},
    {"{\"model_type\":\"bert\",\"num_attention_heads\":7}",
        "a hidden size of 768 does not divide into 7 attention heads"},
    {"[]", "config.json: not a JSON object"},
    {"{\"a\":1,\n \"b\" 2}", "config.json: line 2 column"},
    {"", "config.json: line"},
};

static void what_changes_logits_and_is_not_known_is_refused_by_name(void **state)
{
    struct story *story = *state;
    for (size_t at = 0; at < sizeof refused / sizeof refused[0]; at++) {
        if (reading(story, refused[at].text, NULL))
            fail_msg("case %zu was taken: %s", at, refused[at].text);
        if (!strstr(story->line, refused[at].message) || !strstr(story->line, "; cure: "))
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", at, refused[at].message, story->line);
    }
}

static void what_is_inert_or_unknown_is_ignored_and_named(void **state)
{
    struct story *story = *state;
    assert_true(reading(story,
        "{" SHAPE LABELS ",\"hidden_dropout_prob\":0.1,\"future_key\":[1],\"is_decoder\":false,"
        "\"quantization_config\":null,\"problem_type\":null,\"_name_or_path\":\"maker/model\","
        "\"label2id\":{\"Negative\":0}}",
        NULL));
    assert_int_equal(story->config.ignored_count, 2);
    assert_string_equal(story->config.ignored[0], "hidden_dropout_prob");
    assert_string_equal(story->config.ignored[1], "future_key");
    assert_string_equal(story->config.name, "maker/model");
}

static const struct {
    const char *text;
    enum tw_activation activation;
} activations[] = {
    {"gelu", TW_GELU_ERF},
    {"gelu_new", TW_GELU_TANH},
    {"gelu_pytorch_tanh", TW_GELU_TANH},
    {"gelu_fast", TW_GELU_TANH},
    {"relu", TW_RELU},
};

static void activations_are_known_by_their_names(void **state)
{
    struct story *story = *state;
    for (size_t at = 0; at < sizeof activations / sizeof activations[0]; at++) {
        char text[512];
        snprintf(text, sizeof text, "{" SHAPE LABELS ",\"hidden_act\":\"%s\"}", activations[at].text);
        assert_true(reading(story, text, NULL));
        assert_int_equal(story->config.activation, activations[at].activation);
    }
}

static void labels_are_mapped_by_name_never_by_position(void **state)
{
    struct story *story = *state;
    assert_true(reading(
        story, "{" SHAPE ",\"id2label\":{\"0\":\"Bullish\",\"2\":\"bearish\",\"1\":\"Neutral\"}}", NULL));
    assert_null(story->config.labels_fault);
    assert_int_equal(story->config.class_at[TW_POSITIVE], 0);
    assert_int_equal(story->config.class_at[TW_NEUTRAL], 1);
    assert_int_equal(story->config.class_at[TW_NEGATIVE], 2);
}

static const char *const faulty_labels[] = {
    "",
    ",\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\",\"2\":\"LABEL_2\"}",
    ",\"id2label\":{\"0\":\"negative\",\"1\":\"positive\"}",
    ",\"id2label\":{\"0\":\"negative\",\"1\":\"bearish\",\"2\":\"positive\"}",
    ",\"id2label\":{\"0\":\"negative\",\"1\":\"neutral\",\"2\":\"positive\",\"3\":\"mixed\"}",
    ",\"id2label\":{\"0\":\"negative\",\"1\":\"neutral\",\"3\":\"positive\"}",
    ",\"id2label\":{\"0\":\"negative\",\"01\":\"neutral\",\"2\":\"positive\"}",
    ",\"id2label\":{\"0\":\"negative\",\"1\":7,\"2\":\"positive\"}",
    ",\"num_labels\":3",
    LABELS ",\"label2id\":{\"positive\":0}",
    LABELS ",\"problem_type\":\"multi_label_classification\"",
};

static void labels_without_meaning_are_a_fault_until_somebody_names_them(void **state)
{
    struct story *story = *state;
    for (size_t at = 0; at < sizeof faulty_labels / sizeof faulty_labels[0]; at++) {
        char text[512];
        snprintf(text, sizeof text, "{" SHAPE "%s}", faulty_labels[at]);
        assert_true(reading(story, text, NULL));
        if (!story->config.labels_fault)
            fail_msg("case %zu was taken: %s", at, text);
        assert_true(reading(story, text, "positive, NEUTRAL,bearish"));
        assert_null(story->config.labels_fault);
        assert_int_equal(story->config.class_at[TW_NEGATIVE], 2);
        assert_int_equal(story->config.labels, 3);
    }
}

static void an_override_must_name_the_three_classes_once_each(void **state)
{
    struct story *story = *state;
    static const char *const wrong[] = {"", "negative,neutral", "negative,neutral,positive,", "a,b,c",
        "negative,negative,positive", "negative,neutral,positive,positive"};
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        assert_false(reading(story, "{" SHAPE LABELS "}", wrong[at]));
        assert_non_null(strstr(story->line, "--labels: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_config_is_read_with_the_defaults_of_transformers, begin, end),
        cmocka_unit_test_setup_teardown(distilbert_has_its_own_names, begin, end),
        cmocka_unit_test_setup_teardown(what_changes_logits_and_is_not_known_is_refused_by_name, begin, end),
        cmocka_unit_test_setup_teardown(what_is_inert_or_unknown_is_ignored_and_named, begin, end),
        cmocka_unit_test_setup_teardown(activations_are_known_by_their_names, begin, end),
        cmocka_unit_test_setup_teardown(labels_are_mapped_by_name_never_by_position, begin, end),
        cmocka_unit_test_setup_teardown(
            labels_without_meaning_are_a_fault_until_somebody_names_them, begin, end),
        cmocka_unit_test_setup_teardown(an_override_must_name_the_three_classes_once_each, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
