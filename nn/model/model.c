#include "model/model.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "format/config_json.h"
#include "model/int8_tensors.h"
#include "model/names.h"

static const char *const cure_fit = "take config.json and model.safetensors from the same checkpoint";
static const char *const cure_labels =
    "name them with --labels, in the model's order, as in --labels negative,neutral,positive";
static const size_t alignment_bytes = 64;
/* Parameters of a blank model begin at multiples of this many values: alignment_bytes of them. */
static const size_t blank_step = 16;

enum { STORED_BYTES = TW_NAME_BYTES + 16 };

#define IN_MODEL(member) offsetof(struct tw_model, member)
#define IN_LAYER(member) offsetof(struct tw_layer, member)

/* Where a weight's pointer goes: into struct tw_model, or into the struct tw_layer of its layer. */
static const size_t fields[TW_ROLES] = {
    [TW_ROLE_WORDS] = IN_MODEL(words),
    [TW_ROLE_POSITIONS] = IN_MODEL(positions),
    [TW_ROLE_TYPES] = IN_MODEL(types),
    [TW_ROLE_EMBEDDING_NORM_SCALE] = IN_MODEL(embedding_norm.scale),
    [TW_ROLE_EMBEDDING_NORM_SHIFT] = IN_MODEL(embedding_norm.shift),
    [TW_ROLE_DISTANCE_BIAS] = IN_MODEL(distance_bias),
    [TW_ROLE_QUERY_WEIGHT] = IN_LAYER(query.weight),
    [TW_ROLE_QUERY_BIAS] = IN_LAYER(query.bias),
    [TW_ROLE_KEY_WEIGHT] = IN_LAYER(key.weight),
    [TW_ROLE_KEY_BIAS] = IN_LAYER(key.bias),
    [TW_ROLE_VALUE_WEIGHT] = IN_LAYER(value.weight),
    [TW_ROLE_VALUE_BIAS] = IN_LAYER(value.bias),
    [TW_ROLE_ATTENTION_OUTPUT_WEIGHT] = IN_LAYER(attention_output.weight),
    [TW_ROLE_ATTENTION_OUTPUT_BIAS] = IN_LAYER(attention_output.bias),
    [TW_ROLE_ATTENTION_NORM_SCALE] = IN_LAYER(attention_norm.scale),
    [TW_ROLE_ATTENTION_NORM_SHIFT] = IN_LAYER(attention_norm.shift),
    [TW_ROLE_UP_WEIGHT] = IN_LAYER(up.weight),
    [TW_ROLE_UP_BIAS] = IN_LAYER(up.bias),
    [TW_ROLE_DOWN_WEIGHT] = IN_LAYER(down.weight),
    [TW_ROLE_DOWN_BIAS] = IN_LAYER(down.bias),
    [TW_ROLE_OUTPUT_NORM_SCALE] = IN_LAYER(output_norm.scale),
    [TW_ROLE_OUTPUT_NORM_SHIFT] = IN_LAYER(output_norm.shift),
    [TW_ROLE_POOLER_WEIGHT] = IN_MODEL(pooler.weight),
    [TW_ROLE_POOLER_BIAS] = IN_MODEL(pooler.bias),
    [TW_ROLE_CLASSIFIER_WEIGHT] = IN_MODEL(classifier.weight),
    [TW_ROLE_CLASSIFIER_BIAS] = IN_MODEL(classifier.bias),
    [TW_ROLE_ENTITY_POOLER_WEIGHT] = IN_MODEL(entity_pooler.weight),
    [TW_ROLE_ENTITY_POOLER_BIAS] = IN_MODEL(entity_pooler.bias),
    [TW_ROLE_ENTITY_CLASSIFIER_WEIGHT] = IN_MODEL(entity_classifier.weight),
    [TW_ROLE_ENTITY_CLASSIFIER_BIAS] = IN_MODEL(entity_classifier.bias),
    [TW_ROLE_MASKED_BIAS] = IN_MODEL(masked_bias),
    [TW_ROLE_MASKED_TRANSFORM_WEIGHT] = IN_MODEL(masked_transform.weight),
    [TW_ROLE_MASKED_TRANSFORM_BIAS] = IN_MODEL(masked_transform.bias),
    [TW_ROLE_MASKED_NORM_SCALE] = IN_MODEL(masked_norm.scale),
    [TW_ROLE_MASKED_NORM_SHIFT] = IN_MODEL(masked_norm.shift),
    [TW_ROLE_PROJECTION_WEIGHT] = IN_MODEL(projection.weight),
};

/* What loading carries from step to step. */
struct loader {
    struct tw_model *model;
    unsigned sections;
    size_t limit;
    struct tw_parameter *parameters;  /* [limit] */
    const struct tw_tensor **tensors; /* parallel to parameters; NULL: a blank model, nothing is looked up */
    const float **scales;             /* parallel to tensors: of those that are I8 */
    enum tw_coded_use *uses;          /* parallel to tensors: of their codes */
    bool prefixed;                    /* the file's names carry the family's prefix */
    struct tw_error *err;
};

/* --- finding tensors ------------------------------------------------------------------------------------ */

/* The tensor under this name; or, as transformers' loader has it, under gamma and beta for a norm's weight
 * and bias. */
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

/* Is it model.int8.safetensors? */
static bool has_codes(const struct tw_model *model)
{
    return model->config.quantisation.source[0] != '\0';
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
    snprintf(where, sizeof where, "%s: offset %zu", loader->model->file_name, tensor->file_offset);
    return tw_fail(loader->err, TW_CONFIG, where, cure_fit, "tensor \"%.200s\" is %s, config.json says %s",
        tensor->name, tw_shape_text(tensor->shape, tensor->dimensions, have, sizeof have),
        tw_shape_text(shape, dimensions, need, sizeof need));
}

static bool check_dtype(struct loader *loader, const struct tw_named *named, const struct tw_tensor *tensor)
{
    if (tensor->dtype == TW_I8 && has_codes(loader->model) && tw_coded_use_of(named->role) != TW_CODED_NEVER)
        return true;
    if (tensor->dtype == TW_F32 || tensor->dtype == TW_F16 || tensor->dtype == TW_BF16)
        return true;
    char where[64];
    snprintf(where, sizeof where, "%s: offset %zu", loader->model->file_name, tensor->file_offset);
    return tw_fail(loader->err, TW_CONFIG, where, "save the checkpoint as F32, F16 or BF16",
        "tensor \"%.200s\" is %s", tensor->name, tw_dtype_name(tensor->dtype));
}

/* The tensor of this weight, under the name that the file has for it; NULL: it is not there. */
static const struct tw_tensor *find_weight(
    const struct tw_model *model, const struct tw_named *named, bool prefixed, char stored[STORED_BYTES])
{
    snprintf(stored, STORED_BYTES, "%s%s", prefixed ? named->prefix : "", named->rest);
    return find_tensor(&model->file, stored);
}

/* The tensor that a weight is read from, of the right shape and type, into the list. */
static bool note_tensor(struct loader *loader, const struct tw_named *named)
{
    struct tw_model *model = loader->model;
    char stored[STORED_BYTES];
    const struct tw_tensor *tensor = find_weight(model, named, loader->prefixed, stored);
    if (!tensor)
        return tw_fail(loader->err, TW_CONFIG, model->file_name, cure_fit, "no tensor \"%s\"", stored);
    if (!check_shape(loader, tensor, named->rows, named->columns, named->vector) ||
        !check_dtype(loader, named, tensor))
        return false;
    loader->tensors[model->parameter_count] = tensor;
    loader->uses[model->parameter_count] =
        tensor->dtype == TW_I8 ? tw_coded_use_of(named->role) : TW_CODED_NEVER;
    return true;
}

/* Notes one weight: name as transformers writes it, shape, place in the flat array, and its tensor. */
static bool note_weight(struct loader *loader, const struct tw_named *named)
{
    struct tw_model *model = loader->model;
    char canonical[STORED_BYTES];
    snprintf(canonical, sizeof canonical, "%s%s", named->prefix, named->rest);
    const char *copy = tw_arena_copy(&model->arena, tw_text_of(canonical)).bytes;
    if (!copy || model->parameter_count == loader->limit)
        return tw_arena_fail(&model->arena, loader->err);
    if (loader->tensors && !note_tensor(loader, named))
        return false;
    loader->parameters[model->parameter_count++] = (struct tw_parameter){
        .name = copy,
        .rows = named->rows,
        .columns = named->columns,
        .vector = named->vector,
        .offset = model->value_count,
        .depth = named->depth,
    };
    size_t step = loader->tensors ? 1 : blank_step;
    model->value_count += (named->rows * named->columns + step - 1) / step * step;
    return true;
}

static bool note_weights(struct loader *loader)
{
    struct tw_names names = tw_names_of(&loader->model->config, loader->sections);
    for (struct tw_named named; tw_names_next(&names, &named);) {
        if (!note_weight(loader, &named))
            return false;
    }
    return true;
}

static bool has_weight(const struct tw_model *model, enum tw_role role, bool prefixed)
{
    struct tw_named named;
    char stored[STORED_BYTES];
    return tw_names_find(&model->config, role, &named) && find_weight(model, &named, prefixed, stored);
}

static void find_heads(struct tw_model *model, const struct tw_model_options *options, bool prefixed)
{
    model->has_head = !model->config.other_head && has_weight(model, TW_ROLE_CLASSIFIER_WEIGHT, prefixed);
    model->has_pooler = model->has_head || has_weight(model, TW_ROLE_POOLER_WEIGHT, prefixed);
    model->has_entity_head = has_weight(model, TW_ROLE_ENTITY_CLASSIFIER_WEIGHT, prefixed);
    model->has_masked_head =
        options->with_masked_head && has_weight(model, TW_ROLE_MASKED_TRANSFORM_WEIGHT, prefixed);
}

/* --- values --------------------------------------------------------------------------------------------- */

static bool in_place(const struct tw_tensor *tensor)
{
    return tensor->dtype == TW_F32 && (uintptr_t)tensor->data % _Alignof(float) == 0;
}

/* Room for the values of parameter `at`, fp32. */
static float *take_values(struct loader *loader, size_t at)
{
    float *values = tw_arena_aligned(&loader->model->weights, loader->tensors[at]->elements * sizeof *values);
    loader->parameters[at].values = values;
    if (!values)
        tw_arena_fail(&loader->model->weights, loader->err);
    return values;
}

static bool widen(struct loader *loader, size_t at)
{
    float *values = take_values(loader, at);
    if (values)
        tw_tensor_widen(loader->tensors[at], values);
    return values != NULL;
}

/* An I8 tensor: its scales, and its values where nobody multiplies with the codes. */
static bool load_codes(struct loader *loader, size_t at)
{
    const struct tw_parameter *parameter = &loader->parameters[at];
    const struct tw_tensor *tensor = loader->tensors[at];
    if (!tw_int8_tensor_scales(&loader->model->file, tensor, parameter->rows, &loader->model->weights,
            &loader->scales[at], loader->err))
        return false;
    if (loader->uses[at] == TW_CODED_PACKED)
        return true;
    float *values = take_values(loader, at);
    if (values)
        tw_int8_tensor_widen(tensor, loader->scales[at], parameter->rows, parameter->columns, values);
    return values != NULL;
}

static bool load_values(struct loader *loader)
{
    struct tw_model *model = loader->model;
    for (size_t at = 0; at < model->parameter_count; at++) {
        const struct tw_tensor *tensor = loader->tensors[at];
        if (in_place(tensor)) {
            loader->parameters[at].values = tensor->data;
        } else if (tensor->dtype == TW_I8) {
            if (!load_codes(loader, at))
                return false;
        } else if (!widen(loader, at)) {
            return false;
        }
        const float *values = loader->parameters[at].values;
        if (has_codes(model) && values &&
            !tw_int8_tensor_check_finite(tensor, values, tensor->elements, loader->err))
            return false;
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
        /* Of an I8 tensor, its scales, and its values at most. */
        if (!tw_size_multiply(tensor->elements, sizeof(float), &padded) ||
            !tw_size_add(padded, 4 * alignment_bytes, &padded) || !tw_size_add(bytes, padded, &bytes) ||
            !tw_size_add(bytes, loader->parameters[at].rows * sizeof(float), &bytes))
            return false;
    }
    *out = bytes;
    return !has_codes(loader->model) || tw_size_add(bytes, tw_int8_layers_bytes(&loader->model->config), out);
}

/* --- from the list to the structs ----------------------------------------------------------------------- */

static void place(void *base, size_t field, const float *values)
{
    memcpy((char *)base + field, &values, sizeof values);
}

/* Codes of parameter `at` into the linear whose weight stands at `field` of the layer. */
static void place_codes(const struct loader *loader, size_t at, struct tw_layer *layer, size_t field)
{
    if (!loader->tensors || loader->uses[at] != TW_CODED_PACKED)
        return;
    struct tw_linear *linear =
        (struct tw_linear *)(void *)((char *)layer + field - offsetof(struct tw_linear, weight));
    linear->codes = loader->tensors[at]->data;
    linear->scales = loader->scales[at];
}

static void set_shape(struct tw_linear *linear, size_t in, size_t out)
{
    linear->in = in;
    linear->out = out;
}

static void shape_layer(struct tw_layer *layer, const struct tw_model_config *config)
{
    struct tw_linear *square[] = {&layer->query, &layer->key, &layer->value, &layer->attention_output};
    for (size_t at = 0; at < sizeof square / sizeof square[0]; at++)
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
    struct tw_names names = tw_names_of(&model->config, loader->sections);
    size_t at = 0;
    for (struct tw_named named; tw_names_next(&names, &named); at++) {
        place(named.of_layer ? (void *)&layers[named.layer] : (void *)model, fields[named.role],
            loader->parameters[at].values);
        if (named.of_layer)
            place_codes(loader, at, &layers[named.layer], fields[named.role]);
    }
    for (size_t layer = 0; layer < model->config.layers; layer++)
        shape_layer(&layers[layer], &model->config);
    shape_heads(model);
    model->layers = layers;
    model->parameters = loader->parameters;
    return !has_codes(model) ||
           tw_int8_layers_build(&model->config, layers, &model->weights, &model->int8, loader->err);
}

/* --- opening -------------------------------------------------------------------------------------------- */

/* The name of a weight that every family has, without the prefix. */
static const char *weight_name(
    const struct tw_model_config *config, enum tw_role role, struct tw_named *named)
{
    return tw_names_find(config, role, named) ? named->rest : "";
}

static bool require_head(const struct tw_model *model, struct tw_error *err)
{
    struct tw_named named;
    if (model->config.other_head && !model->has_entity_head)
        return tw_fail(err, TW_CONFIG, "config.json", "give a folder made for sequence classification",
            "\"architectures\" names a model without a document head");
    if (!model->has_head && !model->has_entity_head)
        return tw_fail(err, TW_CONFIG, model->file_name, "give a folder made for sequence classification",
            "no tensor \"%s\": the folder has no classification head",
            weight_name(&model->config, TW_ROLE_CLASSIFIER_WEIGHT, &named));
    const char *fault = model->config.labels_fault;
    if (fault && (model->config.labels != TW_CLASSES || model->config.other_problem))
        return tw_fail(err, TW_CONFIG, "config.json", TW_CURE_LABEL_COUNT, "labels: %s",
            model->config.other_problem ? fault : tw_labels_count_fault(model->config.labels));
    return !fault || tw_fail(err, TW_CONFIG, "config.json", cure_labels, "labels: %s", fault);
}

/* A classifier whose labels nobody named has as many outputs as its own tensor says; require_head judges
 * it. One whose labels were named on the command line has three, or no name helps. */
static bool take_label_count(
    struct tw_model *model, const struct tw_model_options *options, struct tw_error *err)
{
    struct tw_named named;
    const struct tw_tensor *classifier =
        tw_safetensors_find(&model->file, weight_name(&model->config, TW_ROLE_CLASSIFIER_BIAS, &named));
    size_t count = classifier && classifier->dimensions == 1 ? classifier->shape[0] : 0;
    if (count == 0 || count > TW_LABELS_MOST)
        return true;
    if (options->labels && count != TW_CLASSES)
        return tw_fail(err, TW_CONFIG, "--labels", TW_CURE_LABEL_COUNT, "the model has %s",
            tw_labels_count_fault(count));
    if (model->config.labels_fault)
        model->config.labels = count;
    return true;
}

unsigned tw_model_sections(const struct tw_model *model)
{
    const bool has[TW_SECTIONS] = {
        [TW_SECTION_BODY] = true,
        [TW_SECTION_POOLER] = model->has_pooler,
        [TW_SECTION_CLASSIFIER] = model->has_head,
        [TW_SECTION_ENTITY] = model->has_entity_head,
        [TW_SECTION_MASKED] = model->has_masked_head,
        [TW_SECTION_PROJECTION] = model->has_projection,
    };
    unsigned sections = 0;
    for (unsigned section = 0; section < TW_SECTIONS; section++)
        sections |= has[section] ? TW_SECTION_BIT(section) : 0;
    return sections;
}

/* What the family does, whatever config.json says. */
static void set_activations(struct tw_model *model)
{
    const enum tw_family family = model->config.family;
    model->pooler_activation = family == TW_DISTILBERT ? TW_RELU : TW_TANH;
    /* MPNetLMHead calls gelu whatever "hidden_act" says. */
    model->masked_activation = family == TW_MPNET ? TW_GELU_ERF : model->config.activation;
}

/* The heads are known. */
static bool begin_loader(
    struct loader *loader, struct tw_model *model, bool with_tensors, struct tw_error *err)
{
    *loader = (struct loader){.model = model, .sections = tw_model_sections(model), .err = err};
    loader->limit = tw_names_count(&model->config, loader->sections);
    loader->parameters = tw_arena_array(&model->arena, loader->limit, sizeof *loader->parameters);
    if (with_tensors)
        loader->tensors = tw_arena_array(&model->arena, loader->limit, sizeof *loader->tensors);
    if (with_tensors)
        loader->scales = tw_arena_array(&model->arena, loader->limit, sizeof *loader->scales);
    if (with_tensors)
        loader->uses = tw_arena_array(&model->arena, loader->limit, sizeof *loader->uses);
    if (!loader->parameters || (with_tensors && model->arena.full))
        return tw_arena_fail(&model->arena, err);
    set_activations(model);
    return true;
}

static bool load_weights(struct tw_model *model, const struct tw_model_options *options, struct tw_error *err)
{
    struct loader loader;
    const bool prefixed = !has_weight(model, TW_ROLE_WORDS, false);
    if (!take_label_count(model, options, err))
        return false;
    find_heads(model, options, prefixed);
    if (!begin_loader(&loader, model, true, err))
        return false;
    loader.prefixed = prefixed;
    if (!note_weights(&loader))
        return false;
    model->dtype = loader.tensors[0]->dtype;
    size_t bytes;
    if (!converted_bytes(&loader, &bytes))
        return tw_fail(err, TW_CONFIG, model->file_name, NULL, "too large for this machine");
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
        model->file_name, model->sha256_hex);
}

/* Which of the two files of weights; config.json must know it, so that 8-bit weights are never read beside
 * the config of another model. */
static bool choose_file(struct tw_model *model, const struct tw_snapshot *files, struct tw_error *err)
{
    const bool there = tw_snapshot_has(files, TW_FILE_INT8_WEIGHTS);
    model->file_name = there ? TW_FILE_INT8_WEIGHTS : TW_FILE_WEIGHTS;
    if (there && tw_snapshot_has(files, TW_FILE_WEIGHTS))
        return tw_fail(err, TW_CONFIG, files->folder, "leave one of the two in the folder",
            TW_FILE_WEIGHTS " and " TW_FILE_INT8_WEIGHTS " stand side by side");
    if (there && (!has_codes(model) || !model->config.weights[0]))
        return tw_fail(err, TW_CONFIG, TW_FILE_CONFIG, "take both files from the folder that quantise wrote",
            "it knows nothing of " TW_FILE_INT8_WEIGHTS ": there is no tapewatch.quantisation");
    if (!there && has_codes(model))
        return tw_fail(err, TW_CONFIG, TW_FILE_CONFIG, "take both files from the folder that quantise wrote",
            "it is that of " TW_FILE_INT8_WEIGHTS ", which is not there");
    return there || tw_model_files_have_weights(files, err);
}

static bool open_files(struct tw_model *model, const struct tw_snapshot *files,
    const struct tw_model_options *options, struct tw_error *err)
{
    /* Names, layers and strings of the config: a few hundred bytes a parameter, 512 layers at most. */
    if (!tw_arena_begin(&model->arena, (size_t)16 << 20, err) ||
        !tw_config_read_from(files, options->labels, &model->arena, &model->config, err) ||
        !choose_file(model, files, err) ||
        !tw_safetensors_open_from(files, model->file_name, &model->file, err))
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
    model->config.quantisation = (struct tw_quantisation){0};
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
    if (!note_weights(&loader))
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
