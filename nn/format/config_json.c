#include "format/config_json.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "format/model_files.h"

static const char *const file_name = TW_FILE_CONFIG;
static const size_t file_most_bytes = 4u << 20;
static const char *const cure_model = "use a BERT, DistilBERT or MPNet checkpoint";
static const char *const cure_value = "correct config.json";

/* What the readers of single keys share. */
struct reader {
    json_t *root;
    struct tw_arena *arena;
    struct tw_model_config *config;
    struct tw_error *err;
};

static bool refuse(struct reader *reader, const char *cure, const char *key, const char *what)
{
    return tw_fail(reader->err, TW_CONFIG, file_name, cure, "\"%s\" %s", key, what);
}

/* The value as it stands in the file, for messages. */
static bool refuse_value(struct reader *reader, const char *key, json_t *value, const char *supported)
{
    char text[128];
    if (!value)
        return refuse(reader, cure_value, key, "is missing");
    size_t length = json_dumpb(value, text, sizeof text - 1, JSON_ENCODE_ANY | JSON_COMPACT);
    text[length < sizeof text ? length : sizeof text - 1] = '\0';
    return tw_fail(reader->err, TW_CONFIG, file_name, cure_model, "\"%s\": %.100s is not supported (%s)", key,
        length < sizeof text ? text : "(a long value)", supported);
}

/* --- numbers of the shape ------------------------------------------------------------------------------- */

/* Key, its other spelling (transformers' attribute_map), what transformers takes when it is absent, and the
 * range within which our own arithmetic cannot overflow. */
struct size_key {
    const char *key, *alias;
    size_t field; /* offset in struct tw_model_config */
    size_t absent, least, most;
};

#define FIELD(name) offsetof(struct tw_model_config, name)

static const struct size_key bert_sizes[] = {
    {"hidden_size", NULL, FIELD(hidden), 768, 1, 16384},
    {"num_hidden_layers", NULL, FIELD(layers), 12, 1, 512},
    {"num_attention_heads", NULL, FIELD(heads), 12, 1, 1024},
    {"intermediate_size", NULL, FIELD(intermediate), 3072, 1, 131072},
    {"vocab_size", NULL, FIELD(vocabulary), 30522, 1, 10000000},
    {"max_position_embeddings", NULL, FIELD(max_positions), 512, 2, 131072},
    {"type_vocab_size", NULL, FIELD(type_vocabulary), 2, 1, 256},
    {0},
};

static const struct size_key distilbert_sizes[] = {
    {"dim", "hidden_size", FIELD(hidden), 768, 1, 16384},
    {"n_layers", "num_hidden_layers", FIELD(layers), 6, 1, 512},
    {"n_heads", "num_attention_heads", FIELD(heads), 12, 1, 1024},
    {"hidden_dim", NULL, FIELD(intermediate), 3072, 1, 131072},
    {"vocab_size", NULL, FIELD(vocabulary), 30522, 1, 10000000},
    {"max_position_embeddings", NULL, FIELD(max_positions), 512, 2, 131072},
    {0},
};

static const struct size_key mpnet_sizes[] = {
    {"hidden_size", NULL, FIELD(hidden), 768, 1, 16384},
    {"num_hidden_layers", NULL, FIELD(layers), 12, 1, 512},
    {"num_attention_heads", NULL, FIELD(heads), 12, 1, 1024},
    {"intermediate_size", NULL, FIELD(intermediate), 3072, 1, 131072},
    {"vocab_size", NULL, FIELD(vocabulary), 30527, 1, 10000000},
    {"max_position_embeddings", NULL, FIELD(max_positions), 512, 4, 131072},
    /* transformers sorts distances into 32 buckets whatever stands here. */
    {"relative_attention_num_buckets", NULL, FIELD(distance_buckets), 32, 32, 32},
    {0},
};

/* What the readers below need of a family. */
static const struct {
    const char *model_type;
    const struct size_key *sizes;
    size_t first_position;
    const char *architectures; /* for messages */
} families[TW_FAMILIES] = {
    [TW_BERT] = {"bert", bert_sizes, 0, "BertForSequenceClassification, BertModel and their like"},
    [TW_DISTILBERT] = {"distilbert", distilbert_sizes, 0,
        "DistilBertForSequenceClassification, DistilBertModel and their like"},
    [TW_MPNET] = {"mpnet", mpnet_sizes, 2, "MPNetForSequenceClassification, MPNetModel and their like"},
};

static bool read_size(struct reader *reader, const struct size_key *row)
{
    const char *key = row->key;
    json_t *value = json_object_get(reader->root, key);
    if (!value && row->alias) {
        key = row->alias;
        value = json_object_get(reader->root, key);
    }
    size_t number = row->absent;
    if (value) {
        json_int_t given = json_integer_value(value);
        if (!json_is_integer(value) || given < (json_int_t)row->least || given > (json_int_t)row->most) {
            char range[64];
            snprintf(range, sizeof range, "a whole number from %zu to %zu", row->least, row->most);
            return refuse_value(reader, key, value, range);
        }
        number = (size_t)given;
    }
    memcpy((char *)reader->config + row->field, &number, sizeof number);
    return true;
}

static bool read_sizes(struct reader *reader)
{
    for (const struct size_key *row = families[reader->config->family].sizes; row->key; row++) {
        if (!read_size(reader, row))
            return false;
    }
    reader->config->first_position = families[reader->config->family].first_position;
    reader->config->max_positions -= reader->config->first_position;
    if (reader->config->hidden % reader->config->heads == 0)
        return true;
    return tw_fail(reader->err, TW_CONFIG, file_name, cure_value,
        "a hidden size of %zu does not divide into %zu attention heads", reader->config->hidden,
        reader->config->heads);
}

/* --- keys that change logits ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum tw_activation activation;
} activations[] = {
    {"gelu", TW_GELU_ERF},
    {"gelu_python", TW_GELU_ERF},
    {"gelu_new", TW_GELU_TANH},
    {"gelu_fast", TW_GELU_TANH},
    {"gelu_pytorch_tanh", TW_GELU_TANH},
    {"relu", TW_RELU},
};

static bool read_activation(struct reader *reader, const char *key, json_t *value)
{
    for (size_t row = 0; json_is_string(value) && row < sizeof activations / sizeof activations[0]; row++) {
        if (strcmp(json_string_value(value), activations[row].name) == 0) {
            reader->config->activation = activations[row].activation;
            return true;
        }
    }
    return refuse_value(
        reader, key, value, "gelu, gelu_python, gelu_new, gelu_fast, gelu_pytorch_tanh, relu");
}

static bool read_epsilon(struct reader *reader, const char *key, json_t *value)
{
    double epsilon = json_number_value(value);
    if (!json_is_number(value) || !(epsilon > 0.0 && epsilon < 1.0) || !((float)epsilon > 0.0f))
        return refuse_value(reader, key, value, "a number between 0 and 1");
    reader->config->norm_epsilon = (float)epsilon;
    return true;
}

static bool must_be_absolute(struct reader *reader, const char *key, json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_null(value) || (text && strcmp(text, "absolute") == 0))
        return true;
    return refuse_value(reader, key, value, "absolute");
}

static bool must_be_false(struct reader *reader, const char *key, json_t *value)
{
    if (json_is_false(value) || json_is_null(value))
        return true;
    return refuse_value(reader, key, value, "false");
}

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

static bool must_be_empty(struct reader *reader, const char *key, json_t *value)
{
    return is_empty(value) || refuse_value(reader, key, value, "none");
}

static bool must_not_be_quantised(struct reader *reader, const char *key, json_t *value)
{
    return is_empty(value) ||
           refuse(reader, "take the checkpoint that it was made from, then: tapewatch quantize", key,
               "is there: its weights were quantised by another library");
}

/* A regression or several labels at once: logits are the same, but not what softmax makes of them. */
static bool read_problem(struct reader *reader, const char *key, json_t *value)
{
    (void)key;
    const char *text = json_string_value(value);
    if (json_is_null(value) || (text && strcmp(text, "single_label_classification") == 0))
        return true;
    reader->config->other_problem = true;
    reader->config->labels_fault = text && strcmp(text, "multi_label_classification") == 0
                                       ? "its labels hold side by side (\"problem_type\": "
                                         "multi_label_classification), one of three is needed"
                                   : text && strcmp(text, "regression") == 0
                                       ? "it gives a number (\"problem_type\": regression), one of three "
                                         "labels is needed"
                                       : "\"problem_type\" is not single_label_classification";
    return true;
}

static const struct {
    const char *name;
    enum tw_family family;
    bool document_head;
} architectures[] = {
    {"BertModel", TW_BERT, false},
    {"BertForSequenceClassification", TW_BERT, true},
    {"BertForMaskedLM", TW_BERT, false},
    {"BertForPreTraining", TW_BERT, false},
    {"BertForNextSentencePrediction", TW_BERT, false},
    {"BertForTokenClassification", TW_BERT, false},
    {"BertForQuestionAnswering", TW_BERT, false},
    {"DistilBertModel", TW_DISTILBERT, false},
    {"DistilBertForSequenceClassification", TW_DISTILBERT, true},
    {"DistilBertForMaskedLM", TW_DISTILBERT, false},
    {"DistilBertForTokenClassification", TW_DISTILBERT, false},
    {"DistilBertForQuestionAnswering", TW_DISTILBERT, false},
    {"MPNetModel", TW_MPNET, false},
    {"MPNetForSequenceClassification", TW_MPNET, true},
    {"MPNetForMaskedLM", TW_MPNET, false},
    {"MPNetForTokenClassification", TW_MPNET, false},
    {"MPNetForQuestionAnswering", TW_MPNET, false},
};

static bool read_architectures(struct reader *reader, const char *key, json_t *value)
{
    if (json_is_null(value))
        return true;
    const char *text = json_string_value(json_array_get(value, 0));
    for (size_t row = 0; text && row < sizeof architectures / sizeof architectures[0]; row++) {
        if (strcmp(text, architectures[row].name) != 0 || architectures[row].family != reader->config->family)
            continue;
        reader->config->other_head = !architectures[row].document_head;
        return true;
    }
    return refuse_value(reader, key, value, families[reader->config->family].architectures);
}

static bool read_calibration(struct reader *reader, json_t *own)
{
    struct tw_model_config *config = reader->config;
    const struct {
        const char *name;
        float *to;
        double least, most;
        const char *range;
    } numbers[] = {
        {"temperature", &config->temperature.base, 1e-3, 1e3, "a number from 0.001 to 1000"},
        {"temperature_exponent", &config->temperature.exponent, 0, 1, "a number from 0 to 1"},
        {"entity_temperature", &config->entity_temperature.base, 1e-3, 1e3, "a number from 0.001 to 1000"},
        {"entity_temperature_exponent", &config->entity_temperature.exponent, 0, 1, "a number from 0 to 1"},
    };
    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++) {
        char key[64];
        json_t *number = json_object_get(own, numbers[at].name);
        if (!number)
            continue;
        snprintf(key, sizeof key, "tapewatch.%s", numbers[at].name);
        double given = json_number_value(number);
        if (!json_is_number(number) || !(given >= numbers[at].least && given <= numbers[at].most))
            return refuse_value(reader, key, number, numbers[at].range);
        *numbers[at].to = (float)given;
    }
    if (!json_object_get(own, "entity_temperature"))
        config->entity_temperature = config->temperature;
    return true;
}

/* 64 hexadecimal digits into `out`, 65 bytes. */
static bool read_sha256(struct reader *reader, const char *key, json_t *value, char *out)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
        return refuse_value(reader, key, value, "a SHA-256 of 64 hexadecimal digits");
    memcpy(out, text, 65);
    return true;
}

static bool read_weights(struct reader *reader, json_t *own)
{
    json_t *weights = json_object_get(own, "weights");
    return !weights || read_sha256(reader, "tapewatch.weights", weights, reader->config->weights);
}

static bool read_quantisation(struct reader *reader, json_t *own)
{
    struct tw_quantisation *out = &reader->config->quantisation;
    json_t *facts = json_object_get(own, "quantisation");
    if (!facts)
        return true;
    if (!json_is_object(facts))
        return refuse_value(reader, "tapewatch.quantisation", facts, "an object");
    if (!read_sha256(reader, "tapewatch.quantisation.source", json_object_get(facts, "source"), out->source))
        return false;
    json_t *agreement = json_object_get(facts, "agreement");
    out->measured = agreement != NULL;
    out->agreement = json_number_value(agreement);
    if (agreement && !(json_is_number(agreement) && out->agreement >= 0.0 && out->agreement <= 1.0))
        return refuse_value(reader, "tapewatch.quantisation.agreement", agreement, "a number from 0 to 1");
    return true;
}

static bool read_own(struct reader *reader, const char *key, json_t *value)
{
    if (!json_is_object(value))
        return refuse_value(reader, key, value, "an object");
    return read_weights(reader, value) && read_quantisation(reader, value) && read_calibration(reader, value);
}

/* Bits by enum tw_family. */
enum {
    FOR_BERT = 1 << TW_BERT,
    FOR_DISTILBERT = 1 << TW_DISTILBERT,
    FOR_MPNET = 1 << TW_MPNET,
    FOR_ALL = (1 << TW_FAMILIES) - 1
};

/* The keys that change logits. NULL: read elsewhere, so not to be listed as ignored. */
static const struct logit_key {
    const char *key;
    unsigned family;
    bool (*read)(struct reader *reader, const char *key, json_t *value);
} logit_keys[] = {
    {"model_type", FOR_ALL, NULL},
    {"architectures", FOR_ALL, read_architectures},
    {"hidden_act", FOR_BERT | FOR_MPNET, read_activation},
    {"activation", FOR_DISTILBERT, read_activation},
    {"layer_norm_eps", FOR_BERT | FOR_MPNET, read_epsilon},
    {"position_embedding_type", FOR_ALL, must_be_absolute},
    {"is_decoder", FOR_ALL, must_be_false},
    {"is_encoder_decoder", FOR_ALL, must_be_false},
    {"add_cross_attention", FOR_ALL, must_be_false},
    {"pruned_heads", FOR_ALL, must_be_empty},
    {"quantization_config", FOR_ALL, must_not_be_quantised},
    {"auto_map", FOR_ALL, must_be_empty},
    {"problem_type", FOR_ALL, read_problem},
    {"id2label", FOR_ALL, NULL},
    {"label2id", FOR_ALL, NULL},
    {"num_labels", FOR_ALL, NULL},
    {"_name_or_path", FOR_ALL, NULL},
    {"tapewatch", FOR_ALL, read_own},
    {0},
};

static unsigned family_bit(const struct reader *reader)
{
    return 1u << reader->config->family;
}

static bool read_logit_keys(struct reader *reader)
{
    for (const struct logit_key *row = logit_keys; row->key; row++) {
        json_t *value = json_object_get(reader->root, row->key);
        if (!value || !row->read || !(row->family & family_bit(reader)))
            continue;
        if (!row->read(reader, row->key, value))
            return false;
    }
    return true;
}

static bool is_read(const struct reader *reader, const char *key)
{
    for (const struct logit_key *row = logit_keys; row->key; row++) {
        if ((row->family & family_bit(reader)) && strcmp(row->key, key) == 0)
            return true;
    }
    for (const struct size_key *row = families[reader->config->family].sizes; row->key; row++) {
        if (strcmp(row->key, key) == 0 || (row->alias && strcmp(row->alias, key) == 0))
            return true;
    }
    return false;
}

static bool list_ignored(struct reader *reader)
{
    const char *key;
    json_t *value;
    json_object_foreach(reader->root, key, value)
    {
        if (is_read(reader, key) || reader->config->ignored_count == TW_IGNORED_MOST)
            continue;
        const char *copy = tw_arena_copy(reader->arena, tw_text_of(key)).bytes;
        if (!copy)
            return tw_arena_fail(reader->arena, reader->err);
        reader->config->ignored[reader->config->ignored_count++] = copy;
    }
    return true;
}

/* --- labels --------------------------------------------------------------------------------------------- */

/* Output `place` is called `label`. Returns NULL, or why that cannot be. */
static const char *place_label(
    struct tw_model_config *config, bool seen[TW_CLASSES], size_t place, struct tw_text label)
{
    const int32_t class_index = tw_class_of(label);
    if (class_index < 0)
        return "the labels are not negative|bearish, neutral, positive|bullish";
    if (seen[class_index])
        return "two labels name the same class";
    seen[class_index] = true;
    config->class_at[class_index] = place;
    return NULL;
}

static bool take_override(struct reader *reader, const char *labels)
{
    bool seen[TW_CLASSES] = {false};
    size_t place = 0;
    const char *fault = NULL;
    for (const char *at = labels; at && !fault; place++) {
        const char *comma = strchr(at, ',');
        struct tw_text label =
            tw_text_trimmed((struct tw_text){at, comma ? (size_t)(comma - at) : strlen(at)});
        fault = place_label(reader->config, seen, place, label);
        at = comma ? comma + 1 : NULL;
    }
    if (place != TW_CLASSES && place == reader->config->labels)
        return tw_fail(
            reader->err, TW_USAGE, "--labels", TW_CURE_LABEL_COUNT, "%s", tw_labels_count_fault(place));
    if (!fault && place != TW_CLASSES)
        fault = "not three labels";
    if (fault)
        return tw_fail(reader->err, TW_USAGE, "--labels",
            "give the three classes in the model's order, as in negative,neutral,positive", "\"%.100s\": %s",
            labels, fault);
    reader->config->labels = TW_CLASSES;
    reader->config->labels_fault = NULL;
    reader->config->other_problem = false;
    return true;
}

/* The key under which output `place` stands in id2label: decimal digits, no leading zero. */
static bool place_of(const char *key, size_t count, size_t *place)
{
    char *end = NULL;
    if (key[0] < '0' || key[0] > '9' || (key[0] == '0' && key[1] != '\0'))
        return false;
    unsigned long number = strtoul(key, &end, 10);
    if (*end != '\0' || number >= count)
        return false;
    *place = (size_t)number;
    return true;
}

/* label2id may repeat id2label; where it contradicts it, nobody knows which one was trained with. */
static bool agrees(json_t *label2id, const char *label, size_t place)
{
    json_t *id = json_is_object(label2id) ? json_object_get(label2id, label) : NULL;
    return !id || (json_is_integer(id) && json_integer_value(id) == (json_int_t)place);
}

static const char *read_names(struct reader *reader, json_t *id2label)
{
    struct tw_model_config *config = reader->config;
    json_t *label2id = json_object_get(reader->root, "label2id");
    bool seen[TW_CLASSES] = {false};
    const char *key;
    json_t *value;
    json_object_foreach(id2label, key, value)
    {
        size_t place;
        const char *label = json_string_value(value);
        if (!label || !place_of(key, config->labels, &place))
            return "\"id2label\" is not a map from 0, 1, ... to names";
        if (!agrees(label2id, label, place))
            return "\"id2label\" and \"label2id\" contradict each other";
        const char *fault = place_label(config, seen, place, tw_text_of(label));
        if (fault)
            return fault;
    }
    return NULL;
}

static bool read_labels(struct reader *reader, const char *override)
{
    struct tw_model_config *config = reader->config;
    json_t *id2label = json_object_get(reader->root, "id2label");
    json_t *num_labels = json_object_get(reader->root, "num_labels");
    if (id2label && !json_is_null(id2label) && !json_is_object(id2label))
        return refuse(reader, cure_value, "id2label", "is not an object");
    bool named = json_object_size(id2label) > 0;
    /* transformers' default is two labels without names. */
    config->labels = named ? json_object_size(id2label) : 2;
    if (json_is_integer(num_labels)) {
        json_int_t given = json_integer_value(num_labels);
        if (given < 1 || given > TW_LABELS_MOST || (named && (size_t)given != config->labels))
            return refuse_value(reader, "num_labels", num_labels, "as many as id2label names");
        config->labels = (size_t)given;
    }
    if (config->labels > TW_LABELS_MOST)
        return refuse(reader, cure_model, "id2label", "has more than 1,024 labels");
    if (override)
        return take_override(reader, override);
    if (config->labels_fault)
        return true;
    if (!named)
        config->labels_fault = "no \"id2label\" names the outputs";
    else if (config->labels != TW_CLASSES)
        config->labels_fault = tw_labels_count_fault(config->labels);
    else
        config->labels_fault = read_names(reader, id2label);
    return true;
}

/* --- the file ------------------------------------------------------------------------------------------- */

static bool read_family(struct reader *reader)
{
    const char *text = json_string_value(json_object_get(reader->root, "model_type"));
    if (!text)
        return refuse(reader, cure_model, "model_type", "is missing");
    for (enum tw_family family = 0; family < TW_FAMILIES; family++) {
        if (strcmp(text, families[family].model_type) != 0)
            continue;
        reader->config->family = family;
        return true;
    }
    return refuse_value(
        reader, "model_type", json_object_get(reader->root, "model_type"), "bert, distilbert, mpnet");
}

static bool read_name(struct reader *reader)
{
    const char *name = json_string_value(json_object_get(reader->root, "_name_or_path"));
    if (!name || name[0] == '\0')
        return true;
    reader->config->name = tw_arena_copy(reader->arena, tw_text_of(name)).bytes;
    return reader->config->name || tw_arena_fail(reader->arena, reader->err);
}

static bool read_root(struct reader *reader, const char *labels)
{
    if (!json_is_object(reader->root))
        return tw_fail(reader->err, TW_CONFIG, file_name, cure_value, "not a JSON object");
    return read_family(reader) && read_sizes(reader) && read_logit_keys(reader) && read_name(reader) &&
           read_labels(reader, labels) && list_ignored(reader);
}

bool tw_config_read_from(const struct tw_snapshot *files, const char *labels, struct tw_arena *arena,
    struct tw_model_config *out, struct tw_error *err)
{
    /* transformers' defaults; DistilBERT's epsilon is fixed in its code. */
    *out = (struct tw_model_config){.activation = TW_GELU_ERF,
        .norm_epsilon = 1e-12f,
        .temperature.base = 1.0f,
        .entity_temperature.base = 1.0f};
    size_t mark = tw_arena_mark(arena);
    struct tw_text text;
    if (!tw_snapshot_read(files, file_name, file_most_bytes, arena, &text, err))
        return false;
    text = tw_text_past_mark(text);
    json_error_t fault;
    json_t *root = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, &fault);
    tw_arena_rewind(arena, mark);
    if (!root) {
        char where[96];
        snprintf(where, sizeof where, "%s: line %d column %d", file_name, fault.line, fault.column);
        return tw_fail(err, TW_CONFIG, where, cure_value, "not valid JSON (%.100s)", fault.text);
    }
    struct reader reader = {.root = root, .arena = arena, .config = out, .err = err};
    bool done = read_root(&reader, labels);
    json_decref(root);
    return done;
}

bool tw_config_read(const char *folder, const char *labels, struct tw_arena *arena,
    struct tw_model_config *out, struct tw_error *err)
{
    struct tw_snapshot files;
    bool done =
        tw_model_files_take(folder, &files, err) && tw_config_read_from(&files, labels, arena, out, err);
    tw_snapshot_drop(&files);
    return done;
}
