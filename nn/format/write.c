#include "format/write.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const cure_space = "free space on the disk and run again";

/* --- files ---------------------------------------------------------------------------------------------- */

static FILE *create(const char *path, struct tw_error *err)
{
    FILE *file = fopen(path, "wbxe");
    if (!file)
        tw_fail_errno(err, TW_OUTPUT, path, "check the folder and its permissions", "cannot create the file");
    return file;
}

/* Syncs and closes; a file that is not whole is removed. */
static bool finish(FILE *file, const char *path, bool written, struct tw_error *err)
{
    int number = errno;
    bool synced = written && fflush(file) == 0 && fsync(fileno(file)) == 0;
    number = written ? errno : number;
    if (fclose(file) == 0 && synced)
        return true;
    errno = number;
    if (!err->code)
        tw_fail_errno(err, TW_IO, path, cure_space, "cannot write the file");
    unlink(path);
    return false;
}

bool tw_bytes_write(const char *path, struct tw_text bytes, struct tw_error *err)
{
    err->code = TW_OK;
    FILE *file = create(path, err);
    if (!file)
        return false;
    return finish(file, path, fwrite(bytes.bytes, 1, bytes.length, file) == bytes.length, err);
}

/* --- numbers -------------------------------------------------------------------------------------------- */

/* Nearest, ties to even; what is too large for F16 gives false. */
static bool half_of(float value, uint16_t *out)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    double size = fabs((double)value);
    if (!(size < 65520.0))
        return false;
    /* A step of F16 at this size: 2^-24 among the subnormals, else 2^-10 of the power of two below. nearbyint
     * rounds ties to even; what rounds up to the next power of two carries into the exponent by itself. */
    int exponent = 0;
    frexp(size, &exponent);
    int power = exponent - 1 < -14 || size == 0.0 ? -14 : exponent - 1;
    uint32_t steps = (uint32_t)nearbyint(ldexp(size, 10 - power));
    uint32_t base = (uint32_t)(power + 14) << 10;
    *out = (uint16_t)(sign | (uint16_t)(base + steps));
    return true;
}

static bool brain_of(float value, uint16_t *out)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (!isfinite(value))
        return false;
    *out = (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
    return true;
}

enum { NARROWED = 8192 };

static bool write_narrow(FILE *file, bool (*narrow)(float value, uint16_t *out), const float *values,
    size_t count, const char *path, const char *name, struct tw_error *err)
{
    uint16_t narrowed[NARROWED];
    for (size_t from = 0; from < count; from += NARROWED) {
        size_t some = count - from < NARROWED ? count - from : NARROWED;
        for (size_t at = 0; at < some; at++) {
            if (!narrow(values[from + at], &narrowed[at]))
                return tw_fail(err, TW_CONFIG, path, "write F32", "tensor \"%.200s\": %g cannot be written",
                    name, (double)values[from + at]);
        }
        // cppcheck-suppress uninitvar ; the loop above has filled the first `some`, or returned
        if (fwrite(narrowed, sizeof *narrowed, some, file) != some)
            return false;
    }
    return true;
}

/* --- safetensors ---------------------------------------------------------------------------------------- */

static size_t elements_of(size_t rows, size_t columns)
{
    return (rows ? rows : 1) * columns;
}

static json_t *describe(size_t rows, size_t columns, enum tw_dtype dtype, size_t begin, size_t end)
{
    json_t *shape = rows ? json_pack("[I, I]", (json_int_t)rows, (json_int_t)columns)
                         : json_pack("[I]", (json_int_t)columns);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tw_dtype_name(dtype), "shape", shape, "data_offsets",
        (json_int_t)begin, (json_int_t)end);
}

/* A header in the making. */
struct header {
    json_t *root;
    size_t offset;
    bool made;
};

static struct header begin_header(void)
{
    struct header header = {.root = json_pack("{s:{s:s}}", "__metadata__", "format", "pt")};
    header.made = header.root != NULL;
    return header;
}

static void add_to_header(struct header *header, const char *first, const char *second, enum tw_dtype dtype,
    size_t rows, size_t columns)
{
    char name[512];
    if (!header->made)
        return;
    size_t end = header->offset + elements_of(rows, columns) * tw_dtype_bytes(dtype);
    snprintf(name, sizeof name, "%s%s", first ? first : "", second ? second : "");
    header->made =
        json_object_set_new(header->root, name, describe(rows, columns, dtype, header->offset, end)) == 0;
    header->offset = end;
}

/* The header's text, to be freed; NULL without memory. */
static char *end_header(struct header *header)
{
    char *text = header->made ? json_dumps(header->root, JSON_COMPACT) : NULL;
    json_decref(header->root);
    return text;
}

static char *header_of(enum tw_dtype dtype, const struct tw_tensor_values *tensors, size_t count)
{
    struct header header = begin_header();
    for (size_t at = 0; at < count; at++)
        add_to_header(
            &header, tensors[at].prefix, tensors[at].name, dtype, tensors[at].rows, tensors[at].columns);
    return end_header(&header);
}

static bool write_header(FILE *file, const char *header)
{
    static const char spaces[8] = "        ";
    size_t length = strlen(header), padding = (8 - length % 8) % 8;
    uint64_t declared = length + padding;
    return fwrite(&declared, sizeof declared, 1, file) == 1 && fwrite(header, 1, length, file) == length &&
           fwrite(spaces, 1, padding, file) == padding;
}

static bool write_values(FILE *file, enum tw_dtype dtype, const struct tw_tensor_values *tensor,
    const char *path, struct tw_error *err)
{
    size_t count = elements_of(tensor->rows, tensor->columns);
    if (dtype == TW_F32)
        return fwrite(tensor->values, sizeof *tensor->values, count, file) == count;
    return write_narrow(
        file, dtype == TW_F16 ? half_of : brain_of, tensor->values, count, path, tensor->name, err);
}

bool tw_safetensors_write(const char *path, enum tw_dtype dtype, const struct tw_tensor_values *tensors,
    size_t count, struct tw_error *err)
{
    err->code = TW_OK;
    char *header = header_of(dtype, tensors, count);
    if (!header)
        return tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    FILE *file = create(path, err);
    bool written = file && write_header(file, header);
    free(header);
    for (size_t at = 0; written && at < count; at++)
        written = write_values(file, dtype, &tensors[at], path, err);
    return file && finish(file, path, written, err);
}

bool tw_safetensors_store(
    const char *path, const struct tw_stored_tensor *tensors, size_t count, struct tw_error *err)
{
    struct header made = begin_header();
    err->code = TW_OK;
    for (size_t at = 0; at < count; at++)
        add_to_header(&made, tensors[at].name, tensors[at].suffix, tensors[at].dtype, tensors[at].rows,
            tensors[at].columns);
    char *header = end_header(&made);
    if (!header)
        return tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    FILE *file = create(path, err);
    bool written = file && write_header(file, header);
    free(header);
    for (size_t at = 0; written && at < count; at++) {
        size_t bytes = elements_of(tensors[at].rows, tensors[at].columns) * tw_dtype_bytes(tensors[at].dtype);
        written = fwrite(tensors[at].data, 1, bytes, file) == bytes;
    }
    return file && finish(file, path, written, err);
}

/* --- config.json ---------------------------------------------------------------------------------------- */

/* A float as people wrote it: 1e-12, not 9.99999996e-13. */
static json_t *short_real(float value)
{
    char text[32];
    snprintf(text, sizeof text, "%.7g", (double)value);
    return json_real(strtod(text, NULL));
}

static void set_size(json_t *root, const char *key, size_t number)
{
    json_object_set_new(root, key, json_integer((json_int_t)number));
}

static void set_shape(json_t *root, const struct tw_model_config *config, const struct tw_config_facts *facts)
{
    static const char *const keys[TW_FAMILIES][8] = {
        [TW_BERT] = {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "hidden_act", "hidden_dropout_prob", "attention_probs_dropout_prob", "bert"},
        [TW_DISTILBERT] = {"dim", "n_layers", "n_heads", "hidden_dim", "activation", "dropout",
            "attention_dropout", "distilbert"},
        [TW_MPNET] = {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "hidden_act", "hidden_dropout_prob", "attention_probs_dropout_prob", "mpnet"}};
    static const char *const activations[TW_ACTIVATIONS] = {"gelu", "gelu_new", "relu", "tanh"};
    const char *const *key = keys[config->family];
    json_object_set_new(root, "model_type", json_string(key[7]));
    set_size(root, key[0], config->hidden);
    set_size(root, key[1], config->layers);
    set_size(root, key[2], config->heads);
    set_size(root, key[3], config->intermediate);
    json_object_set_new(root, key[4], json_string(activations[config->activation]));
    json_object_set_new(root, key[5], short_real(facts->hidden_dropout));
    json_object_set_new(root, key[6], short_real(facts->attention_dropout));
    set_size(root, "vocab_size", config->vocabulary);
    set_size(root, "max_position_embeddings", config->max_positions + config->first_position);
    json_object_set_new(root, "initializer_range", json_real(0.02));
    /* MPNet's positions begin after its padding's (transformers: padding_idx is 1 in its code). */
    set_size(root, "pad_token_id", config->family == TW_MPNET ? 1 : 0);
    if (config->family != TW_DISTILBERT)
        json_object_set_new(root, "layer_norm_eps", short_real(config->norm_epsilon));
    if (config->type_vocabulary > 0)
        set_size(root, "type_vocab_size", config->type_vocabulary);
    if (config->distance_buckets > 0)
        set_size(root, "relative_attention_num_buckets", config->distance_buckets);
}

static void set_labels(json_t *root, const struct tw_model_config *config)
{
    json_t *names = json_object(), *places = json_object();
    for (size_t place = 0; place < TW_CLASSES; place++) {
        for (size_t class = 0; class < TW_CLASSES; class ++) {
            if (config->class_at[class] != place)
                continue;
            const char *name = tw_class_name(class);
            char key[8];
            snprintf(key, sizeof key, "%zu", place);
            json_object_set_new(names, key, json_string(name));
            set_size(places, name, place);
        }
    }
    json_object_set_new(root, "id2label", names);
    json_object_set_new(root, "label2id", places);
}

static bool set_own(json_t *root, const struct tw_model_config *config, const struct tw_config_facts *facts,
    const char *path, struct tw_error *err)
{
    json_error_t fault;
    json_t *own = facts->own_json ? json_loads(facts->own_json, 0, &fault) : json_object();
    if (!json_is_object(own)) {
        json_decref(own);
        return tw_fail(err, TW_CONFIG, path, NULL, "the facts for \"tapewatch\" are not a JSON object");
    }
    if (config->weights[0])
        json_object_set_new(own, "weights", json_string(config->weights));
    json_object_set_new(own, "temperature", short_real(config->temperature.base));
    json_object_set_new(own, "temperature_exponent", short_real(config->temperature.exponent));
    json_object_set_new(root, "tapewatch", own);
    return true;
}

bool tw_config_write(const char *path, const struct tw_model_config *config,
    const struct tw_config_facts *facts, struct tw_error *err)
{
    static const char *const families[TW_FAMILIES] = {"Bert", "DistilBert", "MPNet"};
    char architecture[96];
    snprintf(architecture, sizeof architecture, "%s%s", families[config->family], facts->architecture);
    const char *dtype = facts->dtype == TW_F16 ? "float16" : facts->dtype == TW_BF16 ? "bfloat16" : "float32";
    json_t *root = json_pack("{s:[s]}", "architectures", architecture);
    if (!root)
        return tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    if (facts->name)
        json_object_set_new(root, "_name_or_path", json_string(facts->name));
    set_shape(root, config, facts);
    json_object_set_new(root, "torch_dtype", json_string(dtype));
    if (!config->labels_fault && config->labels == TW_CLASSES)
        set_labels(root, config);
    bool done = set_own(root, config, facts, path, err);
    char *text = done ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(root);
    if (!done)
        return false;
    if (!text)
        return tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    done = tw_bytes_write(path, tw_text_of(text), err);
    free(text);
    return done;
}

static bool amend(json_t *root, const char *own_json)
{
    json_t *own = json_object_get(root, "tapewatch"), *members = json_loads(own_json, 0, NULL);
    if (!json_is_object(own)) {
        own = json_object();
        json_object_set_new(root, "tapewatch", own);
    }
    bool done = json_is_object(members) && json_object_update(own, members) == 0;
    json_decref(members);
    return done;
}

bool tw_config_amend(const char *path, struct tw_text config, const char *own_json, struct tw_error *err)
{
    json_t *root = json_loadb(config.bytes, config.length, 0, NULL);
    char *text = json_is_object(root) && amend(root, own_json)
                     ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12))
                     : NULL;
    json_decref(root);
    if (!text)
        return tw_fail(err, TW_INTERNAL, path, NULL, "config.json cannot be amended");
    bool done = tw_bytes_write(path, tw_text_of(text), err);
    free(text);
    return done;
}
