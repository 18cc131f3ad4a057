#include "train/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/size.h"

/* The deviation of a new matrix: transformers' initializer_range. */
static const double new_deviation = 0.02;

struct tw_model_config tw_config_shape(
    size_t vocabulary, size_t hidden, size_t layers, size_t heads, size_t intermediate, size_t max_positions)
{
    return (struct tw_model_config){
        .family = TW_BERT,
        .activation = TW_GELU_ERF,
        .hidden = hidden,
        .layers = layers,
        .heads = heads,
        .intermediate = intermediate,
        .vocabulary = vocabulary,
        .max_positions = max_positions,
        .type_vocabulary = 2,
        .norm_epsilon = 1e-12f,
        .labels = TW_CLASSES,
        .class_at = {TW_NEGATIVE, TW_NEUTRAL, TW_POSITIVE},
        .temperature.base = 1.0f,
        .entity_temperature.base = 1.0f,
    };
}

/* --- where values come from ----------------------------------------------------------------------------- */

/* What filling carries from parameter to parameter. */
struct filling {
    const struct tw_state_options *options;
    const struct tw_model *base; /* NULL: all is new */
    const struct tw_model *model;
    float *values;
};

static bool is_norm_scale(const struct tw_parameter *parameter)
{
    const char *name = parameter->name;
    size_t length = strlen(name);
    bool norm = strstr(name, "LayerNorm") || strstr(name, "layer_norm");
    return norm && length > 7 && strcmp(name + length - 7, ".weight") == 0;
}

static void fill_new(const struct filling *filling, const struct tw_parameter *parameter, float *to)
{
    size_t count = parameter->rows * parameter->columns;
    for (size_t at = 0; at < count; at++) {
        double value = is_norm_scale(parameter) ? 1.0 : 0.0;
        if (!parameter->vector)
            value = new_deviation *
                    tw_random_normal(filling->options->seed, TW_RANDOM_WEIGHTS, 0, parameter->offset + at);
        to[at] = (float)value;
    }
}

/* The base's parameter number `ordinal` among those of its depth. */
static const struct tw_parameter *at_depth(const struct tw_model *base, size_t depth, size_t ordinal)
{
    for (size_t at = 0; at < base->parameter_count; at++) {
        if (base->parameters[at].depth == depth && ordinal-- == 0)
            return &base->parameters[at];
    }
    return NULL;
}

static const struct tw_parameter *by_name(const struct tw_model *model, const char *name)
{
    for (size_t at = 0; at < model->parameter_count; at++) {
        if (strcmp(model->parameters[at].name, name) == 0)
            return &model->parameters[at];
    }
    return NULL;
}

static const struct tw_parameter *source_of(
    const struct filling *filling, const struct tw_parameter *parameter, size_t ordinal)
{
    const struct tw_state_options *options = filling->options;
    if (!filling->base)
        return NULL;
    if (parameter->depth == filling->model->config.layers + 1)
        return options->fresh_heads ? NULL : by_name(filling->base, parameter->name);
    bool chosen = options->layers && parameter->depth > 0;
    size_t depth = chosen ? options->layers[parameter->depth - 1] + 1 : parameter->depth;
    return at_depth(filling->base, depth, ordinal);
}

/* Rows of the word embedding, or single values of the masked-word bias. */
static void copy_words(const struct filling *filling, const struct tw_parameter *source, float *to)
{
    size_t width = !source->vector ? source->columns : 1;
    for (size_t word = 0; word < filling->options->word_count; word++)
        memcpy(to + word * width, source->values + (size_t)filling->options->words[word] * width,
            width * sizeof *to);
}

static bool is_by_word(const struct filling *filling, const struct tw_parameter *parameter)
{
    const struct tw_model *model = filling->model;
    return filling->options->words &&
           (parameter->values == model->words ||
               (model->has_masked_head && parameter->values == model->masked_bias));
}

static bool fill_one(
    const struct filling *filling, const struct tw_parameter *parameter, size_t ordinal, struct tw_error *err)
{
    const struct tw_parameter *source = source_of(filling, parameter, ordinal);
    float *to = filling->values + parameter->offset;
    if (!source) {
        fill_new(filling, parameter, to);
        return true;
    }
    if (is_by_word(filling, parameter)) {
        copy_words(filling, source, to);
        return true;
    }
    if (source->rows != parameter->rows || source->columns != parameter->columns)
        return tw_fail(err, TW_CONFIG, "model.safetensors", "start the heads anew",
            "tensor \"%.200s\" is [%zu, %zu], wanted is [%zu, %zu]", source->name, source->rows,
            source->columns, parameter->rows, parameter->columns);
    memcpy(to, source->values, source->rows * source->columns * sizeof *to);
    return true;
}

static bool fill_all(const struct filling *filling, struct tw_error *err)
{
    const struct tw_model *model = filling->model;
    size_t ordinal = 0;
    for (size_t at = 0; at < model->parameter_count; at++) {
        ordinal = at > 0 && model->parameters[at - 1].depth == model->parameters[at].depth ? ordinal + 1 : 0;
        if (!fill_one(filling, &model->parameters[at], ordinal, err))
            return false;
    }
    return true;
}

/* --- the shape ------------------------------------------------------------------------------------------ */

static bool check_choices(
    const struct tw_state_options *options, const struct tw_model_config *config, struct tw_error *err)
{
    for (size_t at = 0; options->layers && at < options->layer_count; at++) {
        if (options->layers[at] >= config->layers)
            return tw_fail(err, TW_CONFIG, "layers", "choose layers that the model has",
                "layer %zu of a model with %zu", options->layers[at], config->layers);
    }
    for (size_t at = 0; options->words && at < options->word_count; at++) {
        if (options->words[at] < 0 || (size_t)options->words[at] >= config->vocabulary)
            return tw_fail(err, TW_CONFIG, "vocabulary",
                "take vocabulary and weights from the same checkpoint", "word %d of a model with %zu",
                (int)options->words[at], config->vocabulary);
    }
    if ((options->layers && options->layer_count == 0) || (options->words && options->word_count == 0))
        return tw_fail(err, TW_CONFIG, "model", "choose some", "no layers or no words chosen");
    return true;
}

static void set_labels(struct tw_model_config *config)
{
    config->labels = TW_CLASSES;
    for (size_t at = 0; at < TW_CLASSES; at++)
        config->class_at[at] = at;
    config->labels_fault = NULL;
}

/* The config of the model in training. */
static struct tw_model_config shape_of(const struct tw_state_options *options, const struct tw_model *base)
{
    struct tw_model_config config = base ? base->config : *options->config;
    bool keeps =
        base && !options->fresh_heads && !config.labels_fault && (base->has_head || base->has_entity_head);
    if (!keeps)
        set_labels(&config);
    config.other_head = false;
    config.projection = options->parts & TW_PART_PROJECTION ? options->projection : 0;
    config.ignored_count = 0;
    if (options->layers)
        config.layers = options->layer_count;
    if (options->words)
        config.vocabulary = options->word_count;
    return config;
}

static unsigned fresh_parts(const struct tw_state_options *options, const struct tw_model *base)
{
    unsigned had = 0;
    if (base && !options->fresh_heads)
        had = (base->has_head ? TW_PART_DOCUMENT : 0U) | (base->has_entity_head ? TW_PART_ENTITY : 0U) |
              (base->has_masked_head ? TW_PART_MASKED : 0U);
    return options->parts & ~had;
}

/* --- opening -------------------------------------------------------------------------------------------- */

static bool take_arrays(struct tw_state *state, const struct tw_state_options *options, struct tw_error *err)
{
    size_t values, bytes;
    state->depth_count = state->model->config.layers + 2;
    size_t arrays = 2 + (options->averaged ? 1U : 0U) + (options->keeps_base ? 2U : 0U);
    if (!tw_size_multiply(state->value_count, sizeof *state->values, &values) ||
        !tw_size_multiply(values, arrays, &bytes) ||
        !tw_size_add(bytes, state->depth_count * 2 * sizeof *state->rates + 4096, &bytes))
        return tw_fail(err, TW_INTERNAL, "state", NULL, "too large for this machine");
    if (!tw_arena_begin(&state->arena, bytes, err))
        return false;
    state->first_moments = tw_arena_aligned(&state->arena, values);
    state->second_moments = tw_arena_aligned(&state->arena, values);
    if (options->averaged)
        state->averages = tw_arena_aligned(&state->arena, values);
    if (options->keeps_base) {
        state->bases = tw_arena_aligned(&state->arena, values);
        state->stored = tw_arena_aligned(&state->arena, values);
    }
    state->rates = tw_arena_array(&state->arena, state->depth_count, sizeof *state->rates);
    state->ages = tw_arena_array(&state->arena, state->depth_count, sizeof *state->ages);
    if (state->arena.full || !state->ages || !state->first_moments || !state->second_moments || !state->rates)
        return tw_arena_fail(&state->arena, err);
    memset(state->first_moments, 0, values);
    memset(state->second_moments, 0, values);
    if (options->averaged)
        memcpy(state->averages, state->values, values);
    if (options->keeps_base)
        memcpy(state->bases, state->values, values);
    tw_state_set_rates(state, 1.0, 0);
    return true;
}

static bool build(struct tw_state *state, const struct tw_state_options *options, const struct tw_model *base,
    struct tw_error *err)
{
    struct tw_model_config config = shape_of(options, base);
    if (base && !check_choices(options, &base->config, err))
        return false;
    if (!tw_model_blank(&config, options->parts, &state->model, &state->values, err))
        return false;
    state->value_count = state->model->value_count;
    state->fresh_parts = fresh_parts(options, base);
    struct filling filling = {
        .options = options, .base = base, .model = state->model, .values = state->values};
    if (options->keeps_base && state->fresh_parts)
        return tw_fail(err, TW_CONFIG, options->folder,
            "leave keep_base at 0, or begin with a folder that has the heads",
            "a head begins anew: there is nothing of it to keep");
    return fill_all(&filling, err) && take_arrays(state, options, err);
}

/* 8-bit weights are rounded: what training changes would vanish in the rounding. */
static bool check_form(const struct tw_model *base, const char *folder, struct tw_error *err)
{
    return !base || !base->int8 ||
           tw_fail(err, TW_CONFIG, folder, "start from the folder that it was made from",
               "its weights are in 8 bits, from which no training starts");
}

bool tw_state_open(const struct tw_state_options *options, struct tw_state **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_model *base = NULL;
    struct tw_model_options open = {.with_masked_head = options->parts & TW_PART_MASKED};
    if (options->folder && !tw_model_open(options->folder, &open, &base, err))
        return tw_error_in(err, options->folder);
    struct tw_state *state = calloc(1, sizeof *state);
    bool done = state ? check_form(base, options->folder, err) && build(state, options, base, err)
                      : tw_fail(err, TW_INTERNAL, "state", NULL, "out of memory");
    tw_model_close(base);
    if (!done) {
        tw_state_close(state);
        return false;
    }
    *out = state;
    return true;
}

void tw_state_close(struct tw_state *state)
{
    if (!state)
        return;
    tw_model_close(state->model);
    tw_arena_end(&state->arena);
    free(state);
}

void tw_state_set_rates(struct tw_state *state, double factor, size_t lowest)
{
    double rate = 1.0;
    for (size_t depth = state->depth_count; depth-- > 0;) {
        state->rates[depth] = depth >= lowest ? rate : 0.0;
        rate *= factor;
    }
}

void tw_state_average(struct tw_state *state, double decay, uint64_t averagings)
{
    double young = (1.0 + (double)averagings) / (10.0 + (double)averagings);
    float step = (float)(1.0 - (young < decay ? young : decay));
    for (size_t at = 0; at < state->value_count; at++)
        state->averages[at] += step * (state->values[at] - state->averages[at]);
}

/* Its own inverse. */
static void exchange_averages(struct tw_state *state)
{
    for (size_t at = 0; at < state->value_count; at++) {
        float value = state->values[at];
        state->values[at] = state->averages[at];
        state->averages[at] = value;
    }
}

void tw_state_try(struct tw_state *state, double kept)
{
    if (!state->bases) {
        if (state->averages)
            exchange_averages(state);
        return;
    }
    const float *learned = state->averages ? state->averages : state->stored;
    float own = (float)(1.0 - kept), base = (float)kept;
    memcpy(state->stored, state->values, state->value_count * sizeof *state->values);
    for (size_t at = 0; at < state->value_count; at++)
        state->values[at] = own * learned[at] + base * state->bases[at];
}

void tw_state_go_on(struct tw_state *state)
{
    if (state->bases)
        memcpy(state->values, state->stored, state->value_count * sizeof *state->values);
    else if (state->averages)
        exchange_averages(state);
}

size_t tw_state_lowest(const struct tw_state *state)
{
    size_t depth = 0;
    while (depth < state->depth_count && !(state->rates[depth] > 0.0))
        depth++;
    return depth;
}
