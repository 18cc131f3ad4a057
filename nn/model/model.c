#include "model/model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "format/config_json.h"

static const char *const weights_name = TW_FILE_WEIGHTS;
static const char *const cure_fit = "take config.json and model.safetensors from the same checkpoint";
static const char *const cure_labels =
    "name them with --labels, in the model's order, as in --labels negative,neutral,positive";
static const size_t alignment_bytes = 64;
/* Parameters of a blank model begin at multiples of this many values: alignment_bytes of them. */
static const size_t blank_step = 16;

/* A dimension of a parameter, by name; the config gives the number. */
enum extent {
    ONE,
    HIDDEN,
    TWICE_HIDDEN,
    INTERMEDIATE,
    VOCABULARY,
    POSITIONS,
    TYPES,
    LABELS,
    BUCKETS,
    HEADS,
    PROJECTION,
    EXTENTS
};

static size_t extent_of(const struct tw_model_config *config, enum extent extent)
{
    const size_t extents[EXTENTS] = {
        [ONE] = 1,
        [HIDDEN] = config->hidden,
        [TWICE_HIDDEN] = 2 * config->hidden,
        [INTERMEDIATE] = config->intermediate,
        [VOCABULARY] = config->vocabulary,
        [POSITIONS] = config->max_positions + config->first_position,
        [TYPES] = config->type_vocabulary,
        [LABELS] = config->labels,
        [BUCKETS] = config->distance_buckets,
        [HEADS] = config->heads,
        [PROJECTION] = config->projection,
    };
    return extents[extent];
}

/* One row a parameter, in forward order: its name in each family (NULL: the family has none), its shape, and
 * where its pointer goes. `rows` == ONE marks a vector. */
struct parameter_row {
    const char *names[TW_FAMILIES]; /* by enum tw_family */
    enum extent rows, columns;
    size_t field;
};

/* A name that all families share. */
#define SAME(name)                                                                                           \
    {                                                                                                        \
        name, name, name                                                                                     \
    }
_Static_assert(TW_FAMILIES == 3, "SAME names each family");
#define IN_MODEL(member) offsetof(struct tw_model, member)
#define IN_LAYER(member) offsetof(struct tw_layer, member)

static const struct parameter_row embedding_rows[] = {
    {SAME("embeddings.word_embeddings.weight"), VOCABULARY, HIDDEN, IN_MODEL(words)},
    {SAME("embeddings.position_embeddings.weight"), POSITIONS, HIDDEN, IN_MODEL(positions)},
    {{"embeddings.token_type_embeddings.weight", NULL, NULL}, TYPES, HIDDEN, IN_MODEL(types)},
    {SAME("embeddings.LayerNorm.weight"), ONE, HIDDEN, IN_MODEL(embedding_norm.scale)},
    {SAME("embeddings.LayerNorm.bias"), ONE, HIDDEN, IN_MODEL(embedding_norm.shift)},
    /* Of the encoder in transformers' module tree; here with the embeddings, which all layers stand on as well. */
    {{NULL, NULL, "encoder.relative_attention_bias.weight"}, BUCKETS, HEADS, IN_MODEL(distance_bias)},
};

/* What the tables of names cannot say of a family. */
static const struct {
    const char *prefix; /* of the body's names, as transformers writes them */
    const char *layers;
    bool pooler_in_body; /* its names carry the prefix too, and a bare model may have it */
    enum tw_activation pooler_activation;
} families[TW_FAMILIES] = {
    [TW_BERT] = {"bert.", "encoder.layer", true, TW_TANH},
    [TW_DISTILBERT] = {"distilbert.", "transformer.layer", false, TW_RELU},
    [TW_MPNET] = {"mpnet.", "encoder.layer", false, TW_TANH},
};

static const struct parameter_row layer_rows[] = {
    {{"attention.self.query.weight", "attention.q_lin.weight", "attention.attn.q.weight"}, HIDDEN, HIDDEN,
        IN_LAYER(query.weight)},
    {{"attention.self.query.bias", "attention.q_lin.bias", "attention.attn.q.bias"}, ONE, HIDDEN,
        IN_LAYER(query.bias)},
    {{"attention.self.key.weight", "attention.k_lin.weight", "attention.attn.k.weight"}, HIDDEN, HIDDEN,
        IN_LAYER(key.weight)},
    {{"attention.self.key.bias", "attention.k_lin.bias", "attention.attn.k.bias"}, ONE, HIDDEN,
        IN_LAYER(key.bias)},
    {{"attention.self.value.weight", "attention.v_lin.weight", "attention.attn.v.weight"}, HIDDEN, HIDDEN,
        IN_LAYER(value.weight)},
    {{"attention.self.value.bias", "attention.v_lin.bias", "attention.attn.v.bias"}, ONE, HIDDEN,
        IN_LAYER(value.bias)},
    {{"attention.output.dense.weight", "attention.out_lin.weight", "attention.attn.o.weight"}, HIDDEN, HIDDEN,
        IN_LAYER(attention_output.weight)},
    {{"attention.output.dense.bias", "attention.out_lin.bias", "attention.attn.o.bias"}, ONE, HIDDEN,
        IN_LAYER(attention_output.bias)},
    {{"attention.output.LayerNorm.weight", "sa_layer_norm.weight", "attention.LayerNorm.weight"}, ONE, HIDDEN,
        IN_LAYER(attention_norm.scale)},
    {{"attention.output.LayerNorm.bias", "sa_layer_norm.bias", "attention.LayerNorm.bias"}, ONE, HIDDEN,
        IN_LAYER(attention_norm.shift)},
    {{"intermediate.dense.weight", "ffn.lin1.weight", "intermediate.dense.weight"}, INTERMEDIATE, HIDDEN,
        IN_LAYER(up.weight)},
    {{"intermediate.dense.bias", "ffn.lin1.bias", "intermediate.dense.bias"}, ONE, INTERMEDIATE,
        IN_LAYER(up.bias)},
    {{"output.dense.weight", "ffn.lin2.weight", "output.dense.weight"}, HIDDEN, INTERMEDIATE,
        IN_LAYER(down.weight)},
    {{"output.dense.bias", "ffn.lin2.bias", "output.dense.bias"}, ONE, HIDDEN, IN_LAYER(down.bias)},
    {{"output.LayerNorm.weight", "output_layer_norm.weight", "output.LayerNorm.weight"}, ONE, HIDDEN,
        IN_LAYER(output_norm.scale)},
    {{"output.LayerNorm.bias", "output_layer_norm.bias", "output.LayerNorm.bias"}, ONE, HIDDEN,
        IN_LAYER(output_norm.shift)},
};

/* Of the heads, BERT's pooler stands under the body's prefix, all else under none. */
static const struct parameter_row pooler_rows[] = {
    {{"pooler.dense.weight", "pre_classifier.weight", "classifier.dense.weight"}, HIDDEN, HIDDEN,
        IN_MODEL(pooler.weight)},
    {{"pooler.dense.bias", "pre_classifier.bias", "classifier.dense.bias"}, ONE, HIDDEN,
        IN_MODEL(pooler.bias)},
};

static const struct parameter_row classifier_rows[] = {
    {{"classifier.weight", "classifier.weight", "classifier.out_proj.weight"}, LABELS, HIDDEN,
        IN_MODEL(classifier.weight)},
    {{"classifier.bias", "classifier.bias", "classifier.out_proj.bias"}, ONE, LABELS,
        IN_MODEL(classifier.bias)},
};

static const struct parameter_row entity_rows[] = {
    {SAME("entity_pooler.dense.weight"), HIDDEN, TWICE_HIDDEN, IN_MODEL(entity_pooler.weight)},
    {SAME("entity_pooler.dense.bias"), ONE, HIDDEN, IN_MODEL(entity_pooler.bias)},
    {SAME("entity_classifier.weight"), LABELS, HIDDEN, IN_MODEL(entity_classifier.weight)},
    {SAME("entity_classifier.bias"), ONE, LABELS, IN_MODEL(entity_classifier.bias)},
};

/* The decoder's matrix is the word embedding. The bias stands first, as in transformers' module tree. */
static const struct parameter_row masked_rows[] = {
    {{"cls.predictions.bias", "vocab_projector.bias", "lm_head.bias"}, ONE, VOCABULARY,
        IN_MODEL(masked_bias)},
    {{"cls.predictions.transform.dense.weight", "vocab_transform.weight", "lm_head.dense.weight"}, HIDDEN,
        HIDDEN, IN_MODEL(masked_transform.weight)},
    {{"cls.predictions.transform.dense.bias", "vocab_transform.bias", "lm_head.dense.bias"}, ONE, HIDDEN,
        IN_MODEL(masked_transform.bias)},
    {{"cls.predictions.transform.LayerNorm.weight", "vocab_layer_norm.weight", "lm_head.layer_norm.weight"},
        ONE, HIDDEN, IN_MODEL(masked_norm.scale)},
    {{"cls.predictions.transform.LayerNorm.bias", "vocab_layer_norm.bias", "lm_head.layer_norm.bias"}, ONE,
        HIDDEN, IN_MODEL(masked_norm.shift)},
};

static const struct parameter_row projection_rows[] = {
    {SAME("distillation_projection.weight"), PROJECTION, HIDDEN, IN_MODEL(projection.weight)},
};

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

/* What loading carries from step to step. */
struct loader {
    struct tw_model *model;
    struct tw_parameter *parameters;
    const struct tw_tensor **tensors; /* parallel to parameters; NULL: a blank model, nothing is looked up */
    size_t limit, depth;
    const char *full_prefix; /* "bert." and the like: what transformers writes */
    bool prefixed;           /* the file's names carry it */
    struct tw_error *err;
};

/* --- finding tensors ----------------------------------------------------------------------------------------- */

/* The tensor under this name; or, as transformers' loader has it, under gamma and beta for a norm's weight and bias. */
static const struct tw_tensor *find_tensor(const struct tw_safetensors *file, const char *name)
{
    const struct tw_tensor *tensor = tw_safetensors_find(file, name);
    if (tensor)
        return tensor;
    static const char *const endings[2][2] = {
        {"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}};
    size_t length = strlen(name);
    for (size_t row = 0; row < 2; row++) {
        size_t ending = strlen(endings[row][0]);
        if (length < ending || strcmp(name + length - ending, endings[row][0]) != 0)
            continue;
        char old_name[256];
        snprintf(old_name, sizeof old_name, "%.*s%s", (int)(length - ending), name, endings[row][1]);
        return tw_safetensors_find(file, old_name);
    }
    return NULL;
}

static bool check_shape(
    struct loader *loader, const struct tw_tensor *tensor, size_t rows, size_t columns, bool vector)
{
    const size_t wanted[2] = {rows, columns};
    const size_t *shape = vector ? wanted + 1 : wanted;
    size_t dimensions = vector ? 1 : 2;
    if (tensor->dimensions == dimensions && memcmp(tensor->shape, shape, dimensions * sizeof *shape) == 0)
        return true;
    char where[64], have[160], need[64];
    snprintf(where, sizeof where, "%s: offset %zu", weights_name, tensor->file_offset);
    return tw_fail(loader->err, TW_CONFIG, where, cure_fit, "tensor \"%.200s\" is %s, config.json says %s",
        tensor->name, tw_shape_text(tensor->shape, tensor->dimensions, have, sizeof have),
        tw_shape_text(shape, dimensions, need, sizeof need));
}

static bool check_dtype(struct loader *loader, const struct tw_tensor *tensor)
{
    if (tensor->dtype == TW_F32 || tensor->dtype == TW_F16 || tensor->dtype == TW_BF16)
        return true;
    char where[64];
    snprintf(where, sizeof where, "%s: offset %zu", weights_name, tensor->file_offset);
    return tw_fail(loader->err, TW_CONFIG, where, "save the checkpoint as F32, F16 or BF16",
        "tensor \"%.200s\" is %s", tensor->name, tw_dtype_name(tensor->dtype));
}

/* The tensor that a parameter is read from, of the right shape and type, into the list. */
static bool note_tensor(struct loader *loader, const struct parameter_row *row, const char *stored)
{
    struct tw_model *model = loader->model;
    const struct tw_tensor *tensor = find_tensor(&model->file, stored);
    if (!tensor)
        return tw_fail(loader->err, TW_CONFIG, weights_name, cure_fit, "no tensor \"%s\"", stored);
    size_t rows = extent_of(&model->config, row->rows), columns = extent_of(&model->config, row->columns);
    if (!check_shape(loader, tensor, rows, columns, row->rows == ONE) || !check_dtype(loader, tensor))
        return false;
    loader->tensors[model->parameter_count] = tensor;
    return true;
}

/* Notes one parameter: name as transformers writes it, shape, place in the flat array, and its tensor. */
static bool note_parameter(
    struct loader *loader, const struct parameter_row *row, const char *path, bool under_prefix)
{
    struct tw_model *model = loader->model;
    const char *name = row->names[model->config.family];
    if (!name)
        return true;
    char canonical[256];
    const char *prefix = under_prefix ? loader->full_prefix : "";
    snprintf(canonical, sizeof canonical, "%s%s%s", prefix, path, name);
    const char *stored = canonical + (loader->prefixed ? 0 : strlen(prefix));
    const char *copy = tw_arena_copy(&model->arena, tw_text_of(canonical)).bytes;
    if (!copy || model->parameter_count == loader->limit)
        return tw_arena_fail(&model->arena, loader->err);
    if (loader->tensors && !note_tensor(loader, row, stored))
        return false;
    size_t rows = extent_of(&model->config, row->rows), columns = extent_of(&model->config, row->columns);
    loader->parameters[model->parameter_count++] = (struct tw_parameter){
        .name = copy,
        .rows = rows,
        .columns = columns,
        .vector = row->rows == ONE,
        .offset = model->value_count,
        .depth = loader->depth,
    };
    size_t step = loader->tensors ? 1 : blank_step;
    model->value_count += (rows * columns + step - 1) / step * step;
    return true;
}

static bool note_rows(struct loader *loader, const struct parameter_row *rows, size_t count, const char *path,
    bool under_prefix)
{
    for (size_t row = 0; row < count; row++) {
        if (!note_parameter(loader, &rows[row], path, under_prefix))
            return false;
    }
    return true;
}

static bool note_body(struct loader *loader)
{
    const struct tw_model_config *config = &loader->model->config;
    if (!note_rows(loader, embedding_rows, ROWS(embedding_rows), "", true))
        return false;
    for (size_t layer = 0; layer < config->layers; layer++) {
        char path[64];
        snprintf(path, sizeof path, "%s.%zu.", families[config->family].layers, layer);
        loader->depth = layer + 1;
        if (!note_rows(loader, layer_rows, ROWS(layer_rows), path, true))
            return false;
    }
    return true;
}

/* A row's tensor is in the file. */
static bool has_row(const struct tw_model *model, const struct parameter_row *row, const char *prefix)
{
    char name[256];
    snprintf(name, sizeof name, "%s%s", prefix, row->names[model->config.family]);
    return find_tensor(&model->file, name) != NULL;
}

static void find_heads(struct tw_model *model, const struct tw_model_options *options, bool prefixed)
{
    enum tw_family family = model->config.family;
    const char *prefix = families[family].pooler_in_body && prefixed ? families[family].prefix : "";
    model->has_head = !model->config.other_head && has_row(model, &classifier_rows[0], "");
    model->has_pooler = model->has_head || has_row(model, &pooler_rows[0], prefix);
    model->has_entity_head = has_row(model, &entity_rows[2], "");
    model->has_masked_head = options->with_masked_head && has_row(model, &masked_rows[1], "");
}

static bool note_heads(struct loader *loader)
{
    struct tw_model *model = loader->model;
    enum tw_family family = model->config.family;
    bool in_body = families[family].pooler_in_body;
    model->pooler_activation = families[family].pooler_activation;
    /* MPNetLMHead calls gelu whatever "hidden_act" says. */
    model->masked_activation = family == TW_MPNET ? TW_GELU_ERF : model->config.activation;
    loader->depth = model->config.layers + 1;
    if (model->has_pooler && !note_rows(loader, pooler_rows, ROWS(pooler_rows), "", in_body))
        return false;
    if (model->has_head && !note_rows(loader, classifier_rows, ROWS(classifier_rows), "", false))
        return false;
    if (model->has_entity_head && !note_rows(loader, entity_rows, ROWS(entity_rows), "", false))
        return false;
    if (model->has_masked_head && !note_rows(loader, masked_rows, ROWS(masked_rows), "", false))
        return false;
    return !model->has_projection || note_rows(loader, projection_rows, ROWS(projection_rows), "", false);
}

/* --- values -------------------------------------------------------------------------------------------------- */

static float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = (half >> 10) & 0x1Fu,
             mantissa = half & 0x3FFu;
    if (exponent == 0) {
        /* Zero and subnormals: mantissa x 2^-24, exact in fp32. */
        float value = (float)mantissa * 0x1p-24f;
        return sign ? -value : value;
    }
    uint32_t bits = sign | (exponent == 31 ? 0x7F800000u : (exponent + 112u) << 23) | mantissa << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float float_of_bfloat(uint16_t brain)
{
    uint32_t bits = (uint32_t)brain << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void convert(const struct tw_tensor *tensor, float *out)
{
    if (tensor->dtype == TW_F32) {
        memcpy(out, tensor->data, tensor->bytes);
        return;
    }
    float (*widen)(uint16_t) = tensor->dtype == TW_F16 ? float_of_half : float_of_bfloat;
    for (size_t at = 0; at < tensor->elements; at++) {
        uint16_t bits;
        memcpy(&bits, (const char *)tensor->data + at * sizeof bits, sizeof bits);
        out[at] = widen(bits);
    }
}

static bool in_place(const struct tw_tensor *tensor)
{
    return tensor->dtype == TW_F32 && (uintptr_t)tensor->data % _Alignof(float) == 0;
}

static bool load_values(struct loader *loader)
{
    struct tw_model *model = loader->model;
    for (size_t at = 0; at < model->parameter_count; at++) {
        const struct tw_tensor *tensor = loader->tensors[at];
        if (in_place(tensor)) {
            loader->parameters[at].values = tensor->data;
            continue;
        }
        float *values = tw_arena_aligned(&model->weights, tensor->elements * sizeof *values);
        if (!values)
            return tw_arena_fail(&model->weights, loader->err);
        convert(tensor, values);
        loader->parameters[at].values = values;
    }
    return true;
}

/* Bytes of the block that converted weights need. */
static bool converted_bytes(const struct loader *loader, size_t *out)
{
    size_t bytes = alignment_bytes;
    for (size_t at = 0; at < loader->model->parameter_count; at++) {
        const struct tw_tensor *tensor = loader->tensors[at];
        size_t padded;
        if (in_place(tensor))
            continue;
        if (!tw_size_multiply(tensor->elements, sizeof(float), &padded) ||
            !tw_size_add(padded, 2 * alignment_bytes, &padded) || !tw_size_add(bytes, padded, &bytes))
            return false;
    }
    *out = bytes;
    return true;
}

/* --- from the list to the structs ---------------------------------------------------------------------------- */

static void place(void *base, size_t field, const float *values)
{
    memcpy((char *)base + field, &values, sizeof values);
}

static size_t place_rows(
    struct loader *loader, const struct parameter_row *rows, size_t count, void *base, size_t parameter)
{
    for (size_t row = 0; row < count; row++) {
        if (rows[row].names[loader->model->config.family])
            place(base, rows[row].field, loader->parameters[parameter++].values);
    }
    return parameter;
}

static void set_shape(struct tw_linear *linear, size_t in, size_t out)
{
    linear->in = in;
    linear->out = out;
}

static void shape_layer(struct tw_layer *layer, const struct tw_model_config *config)
{
    struct tw_linear *square[] = {&layer->query, &layer->key, &layer->value, &layer->attention_output};
    for (size_t at = 0; at < ROWS(square); at++)
        set_shape(square[at], config->hidden, config->hidden);
    set_shape(&layer->up, config->hidden, config->intermediate);
    set_shape(&layer->down, config->intermediate, config->hidden);
}

static void shape_heads(struct tw_model *model)
{
    const struct tw_model_config *config = &model->config;
    set_shape(&model->pooler, config->hidden, config->hidden);
    set_shape(&model->classifier, config->hidden, config->labels);
    set_shape(&model->entity_pooler, 2 * config->hidden, config->hidden);
    set_shape(&model->entity_classifier, config->hidden, config->labels);
    set_shape(&model->masked_transform, config->hidden, config->hidden);
    set_shape(&model->projection, config->hidden, config->projection);
}

static bool place_parameters(struct loader *loader)
{
    struct tw_model *model = loader->model;
    struct tw_layer *layers = tw_arena_array(&model->arena, model->config.layers, sizeof *layers);
    if (!layers)
        return tw_arena_fail(&model->arena, loader->err);
    size_t next = place_rows(loader, embedding_rows, ROWS(embedding_rows), model, 0);
    for (size_t layer = 0; layer < model->config.layers; layer++) {
        shape_layer(&layers[layer], &model->config);
        next = place_rows(loader, layer_rows, ROWS(layer_rows), &layers[layer], next);
    }
    if (model->has_pooler)
        next = place_rows(loader, pooler_rows, ROWS(pooler_rows), model, next);
    if (model->has_head)
        next = place_rows(loader, classifier_rows, ROWS(classifier_rows), model, next);
    if (model->has_entity_head)
        next = place_rows(loader, entity_rows, ROWS(entity_rows), model, next);
    if (model->has_masked_head)
        next = place_rows(loader, masked_rows, ROWS(masked_rows), model, next);
    if (model->has_projection)
        place_rows(loader, projection_rows, ROWS(projection_rows), model, next);
    shape_heads(model);
    model->layers = layers;
    model->parameters = loader->parameters;
    return true;
}

/* --- opening ------------------------------------------------------------------------------------------------- */

static bool require_head(const struct tw_model *model, struct tw_error *err)
{
    if (model->config.other_head && !model->has_entity_head)
        return tw_fail(err, TW_CONFIG, "config.json", "give a folder made for sequence classification",
            "\"architectures\" names a model without a document head");
    if (!model->has_head && !model->has_entity_head)
        return tw_fail(err, TW_CONFIG, weights_name, "give a folder made for sequence classification",
            "no tensor \"%s\": the folder has no classification head",
            classifier_rows[0].names[model->config.family]);
    if (model->config.labels_fault)
        return tw_fail(err, TW_CONFIG, "config.json", cure_labels, "labels: %s", model->config.labels_fault);
    return true;
}

/* A classifier whose labels nobody named has as many outputs as its own tensor says; require_head judges it. */
static void take_label_count(struct tw_model *model)
{
    const struct tw_tensor *classifier =
        tw_safetensors_find(&model->file, classifier_rows[1].names[model->config.family]);
    if (model->config.labels_fault && classifier && classifier->dimensions == 1 && classifier->shape[0] > 0 &&
        classifier->shape[0] <= TW_LABELS_MOST)
        model->config.labels = classifier->shape[0];
}

static bool begin_loader(
    struct loader *loader, struct tw_model *model, bool with_tensors, struct tw_error *err)
{
    *loader = (struct loader){
        .model = model,
        .limit = ROWS(embedding_rows) + ROWS(layer_rows) * model->config.layers + ROWS(pooler_rows) +
                 ROWS(classifier_rows) + ROWS(entity_rows) + ROWS(masked_rows) + ROWS(projection_rows),
        .full_prefix = families[model->config.family].prefix,
        .err = err,
    };
    loader->parameters = tw_arena_array(&model->arena, loader->limit, sizeof *loader->parameters);
    if (with_tensors)
        loader->tensors = tw_arena_array(&model->arena, loader->limit, sizeof *loader->tensors);
    if (!loader->parameters || (with_tensors && !loader->tensors))
        return tw_arena_fail(&model->arena, err);
    return true;
}

static bool load_weights(struct tw_model *model, const struct tw_model_options *options, struct tw_error *err)
{
    struct loader loader;
    if (!begin_loader(&loader, model, true, err))
        return false;
    loader.prefixed = !tw_safetensors_find(&model->file, embedding_rows[0].names[0]);
    take_label_count(model);
    find_heads(model, options, loader.prefixed);
    if (!note_body(&loader) || !note_heads(&loader))
        return false;
    model->dtype = loader.tensors[0]->dtype;
    size_t bytes;
    if (!converted_bytes(&loader, &bytes))
        return tw_fail(err, TW_CONFIG, weights_name, NULL, "too large for this machine");
    return tw_arena_begin(&model->weights, bytes, err) && load_values(&loader) && place_parameters(&loader);
}

/* The folder's own name, when config.json knows no better. */
static bool name_model(struct tw_model *model, const char *folder, struct tw_error *err)
{
    model->name = model->config.name;
    if (model->name)
        return true;
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && folder[begin - 1] != '/')
        begin--;
    model->name = tw_arena_copy(&model->arena, (struct tw_text){folder + begin, end - begin}).bytes;
    return model->name || tw_arena_fail(&model->arena, err);
}

/* Does config.json know these weights? One that names none takes any. */
static bool check_pair(const struct tw_model *model, struct tw_error *err)
{
    const char *wanted = model->config.weights;
    if (!wanted[0] || strcmp(wanted, model->sha256_hex) == 0)
        return true;
    return tw_fail(err, TW_CONFIG, "config.json",
        "go on with the run that was stopped: --resume; or take both files from one folder; or, if you changed the "
        "weights, take tapewatch.weights out",
        "it belongs to other weights, tapewatch.weights %.12s.., than %s, which is %.12s..", wanted,
        weights_name, model->sha256_hex);
}

static bool open_files(struct tw_model *model, const struct tw_snapshot *files,
    const struct tw_model_options *options, struct tw_error *err)
{
    /* Names, layers and strings of the config: a few hundred bytes a parameter, 512 layers at most. */
    if (!tw_arena_begin(&model->arena, (size_t)16 << 20, err) ||
        !tw_config_read_from(files, options->labels, &model->arena, &model->config, err) ||
        !tw_safetensors_open_from(files, weights_name, &model->file, err))
        return false;
    struct tw_text bytes = {model->file.file.bytes, model->file.file.length};
    return tw_sha256_hex(bytes, model->sha256_hex, err) && check_pair(model, err);
}

static bool open_into(struct tw_model *model, const struct tw_snapshot *files,
    const struct tw_model_options *options, struct tw_error *err)
{
    return open_files(model, files, options, err) && load_weights(model, options, err) &&
           (!options->need_head || require_head(model, err)) && name_model(model, files->folder, err);
}

bool tw_model_open_from(const struct tw_snapshot *files, const struct tw_model_options *options,
    struct tw_model **out, struct tw_error *err)
{
    static const struct tw_model_options none = {0};
    *out = NULL;
    struct tw_model *model = calloc(1, sizeof *model);
    if (!model)
        return tw_fail(err, TW_INTERNAL, files->folder, NULL, "out of memory");
    if (!open_into(model, files, options ? options : &none, err)) {
        /* A model that is not there is a wrong model, not a failed read. */
        if (err && err->code == TW_IO)
            err->code = TW_CONFIG;
        tw_model_close(model);
        return false;
    }
    *out = model;
    return true;
}

bool tw_model_open(
    const char *folder, const struct tw_model_options *options, struct tw_model **out, struct tw_error *err)
{
    struct tw_snapshot files;
    *out = NULL;
    bool done = tw_model_files_take(folder, &files, err) && tw_model_open_from(&files, options, out, err);
    tw_snapshot_drop(&files);
    return done;
}

static bool make_blank(struct tw_model *model, const struct tw_model_config *config, unsigned parts,
    float **values, struct tw_error *err)
{
    if (!tw_arena_begin(&model->arena, (size_t)16 << 20, err))
        return false;
    model->config = *config;
    model->config.ignored_count = 0;
    const char *name = config->name ? config->name : "new";
    model->name = tw_arena_copy(&model->arena, tw_text_of(name)).bytes;
    model->config.name = model->name;
    model->dtype = TW_F32;
    model->has_head = model->has_pooler = parts & TW_PART_DOCUMENT;
    model->has_entity_head = parts & TW_PART_ENTITY;
    model->has_masked_head = parts & TW_PART_MASKED;
    model->has_projection = parts & TW_PART_PROJECTION;
    struct loader loader;
    if (!model->name || !begin_loader(&loader, model, false, err))
        return tw_arena_fail(&model->arena, err);
    loader.prefixed = true;
    if (!note_body(&loader) || !note_heads(&loader))
        return false;
    size_t bytes;
    if (!tw_size_multiply(model->value_count, sizeof **values, &bytes) ||
        !tw_size_add(bytes, 2 * alignment_bytes, &bytes))
        return tw_fail(err, TW_CONFIG, "model", "make it smaller", "too large for this machine");
    if (!tw_arena_begin(&model->weights, bytes, err))
        return false;
    *values = tw_arena_aligned(&model->weights, model->value_count * sizeof **values);
    if (!*values)
        return tw_arena_fail(&model->weights, err);
    memset(*values, 0, model->value_count * sizeof **values);
    for (size_t at = 0; at < model->parameter_count; at++)
        loader.parameters[at].values = *values + loader.parameters[at].offset;
    return place_parameters(&loader);
}

bool tw_model_blank(const struct tw_model_config *config, unsigned parts, struct tw_model **out,
    float **values, struct tw_error *err)
{
    *out = NULL;
    *values = NULL;
    struct tw_model *model = calloc(1, sizeof *model);
    if (!model)
        return tw_fail(err, TW_INTERNAL, "model", NULL, "out of memory");
    if (!make_blank(model, config, parts, values, err)) {
        tw_model_close(model);
        return false;
    }
    *out = model;
    return true;
}

void tw_model_close(struct tw_model *model)
{
    if (!model)
        return;
    tw_arena_end(&model->weights);
    tw_safetensors_close(&model->file);
    tw_arena_end(&model->arena);
    free(model);
}
