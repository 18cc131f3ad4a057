#include "compress/quantise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "compress/quantise_loss.h"
#include "format/write.h"
#include "model/int8_tensors.h"
#include "model/names.h"

static const float most_code = 127.0f;

/* A weight and, where it is coded, its codes; parallel to the model's parameters. */
struct coded {
    int8_t *codes; /* [rows, columns], or NULL: stays fp32 whatever is measured */
    float *scales; /* [rows] */
};

struct tw_quantised {
    const struct tw_model *source;
    struct tw_model model;              /* what is measured: the source with codes */
    struct tw_layer *layers;            /* [layers], with codes */
    const struct tw_int8_layer *packed; /* [layers], all maps */
    struct tw_int8_layer *chosen;       /* [layers], without those that stay fp32 */
    struct coded *coded;                /* [parameter_count] */
    struct tw_quantised_map *maps;      /* [map_count] */
    size_t map_count;
    bool measured;
    struct tw_quantise_loss result;
    struct tw_arena arena;
};

/* --- codes ---------------------------------------------------------------------------------------------- */

static bool code_row(const float *row, size_t count, int8_t *codes, float *scale)
{
    float largest = 0.0f;
    for (size_t at = 0; at < count; at++) {
        if (!isfinite(row[at]))
            return false;
        largest = fabsf(row[at]) > largest ? fabsf(row[at]) : largest;
    }
    /* Below this, the scale would be no normal number. */
    *scale = largest > 1e-30f ? largest / most_code : 1.0f;
    for (size_t at = 0; at < count; at++) {
        float code = rintf(row[at] / *scale);
        codes[at] = (int8_t)(code > most_code ? most_code : code < -most_code ? -most_code : code);
    }
    return true;
}

static bool refuse_value(const struct tw_model *model, const char *name, struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, model->file_name, "take another checkpoint",
        "tensor \"%.200s\" holds what is no finite number", name);
}

static bool code_parameter(struct tw_quantised *quantised, size_t at, struct tw_error *err)
{
    const struct tw_parameter *parameter = &quantised->source->parameters[at];
    struct coded *coded = &quantised->coded[at];
    coded->codes = tw_arena_aligned(&quantised->arena, parameter->rows * parameter->columns);
    coded->scales = tw_arena_aligned(&quantised->arena, parameter->rows * sizeof(float));
    if (!coded->codes || !coded->scales)
        return tw_arena_fail(&quantised->arena, err);
    for (size_t row = 0; row < parameter->rows; row++) {
        size_t begin = row * parameter->columns;
        if (!code_row(
                parameter->values + begin, parameter->columns, coded->codes + begin, &coded->scales[row]))
            return refuse_value(quantised->source, parameter->name, err);
    }
    return true;
}

static bool check_finite(const struct tw_model *model, size_t at, struct tw_error *err)
{
    const struct tw_parameter *parameter = &model->parameters[at];
    for (size_t value = 0; value < parameter->rows * parameter->columns; value++) {
        if (!isfinite(parameter->values[value]))
            return refuse_value(model, parameter->name, err);
    }
    return true;
}

/* The role of a parameter, found by walking the names in the same order as the loader. */
static bool code_all(struct tw_quantised *quantised, struct tw_error *err)
{
    const struct tw_model *model = quantised->source;
    struct tw_names names = tw_names_of(&model->config, tw_model_sections(model));
    size_t at = 0;
    for (struct tw_named named; tw_names_next(&names, &named); at++) {
        bool coded = tw_coded_use_of(named.role) != TW_CODED_NEVER;
        if (!(coded ? code_parameter(quantised, at, err) : check_finite(model, at, err)))
            return false;
    }
    return true;
}

/* --- the model that is measured ------------------------------------------------------------------------- */

/* The parameter whose values these are. */
static size_t parameter_of(const struct tw_model *model, const float *values)
{
    size_t at = 0;
    while (at < model->parameter_count && model->parameters[at].values != values)
        at++;
    return at;
}

static void take_codes(const struct tw_quantised *quantised, struct tw_linear *linear)
{
    const struct coded *coded = &quantised->coded[parameter_of(quantised->source, linear->weight)];
    linear->codes = coded->codes;
    linear->scales = coded->scales;
}

static bool code_layers(struct tw_quantised *quantised, struct tw_error *err)
{
    const struct tw_model_config *config = &quantised->source->config;
    quantised->layers = tw_arena_array(&quantised->arena, config->layers, sizeof *quantised->layers);
    quantised->chosen = tw_arena_array(&quantised->arena, config->layers, sizeof *quantised->chosen);
    if (!quantised->layers || !quantised->chosen)
        return tw_arena_fail(&quantised->arena, err);
    memcpy(quantised->layers, quantised->source->layers, config->layers * sizeof *quantised->layers);
    for (size_t layer = 0; layer < config->layers; layer++) {
        struct tw_layer *to = &quantised->layers[layer];
        struct tw_linear *linears[] = {
            &to->query, &to->key, &to->value, &to->attention_output, &to->up, &to->down};
        for (size_t at = 0; at < sizeof linears / sizeof linears[0]; at++)
            take_codes(quantised, linears[at]);
    }
    if (!tw_int8_layers_build(config, quantised->layers, &quantised->arena, &quantised->packed, err))
        return false;
    memcpy(quantised->chosen, quantised->packed, config->layers * sizeof *quantised->chosen);
    quantised->model.layers = quantised->layers;
    quantised->model.int8 = quantised->chosen;
    return true;
}

/* What the codes of an embedding stand for. */
static bool widen(struct tw_quantised *quantised, const float **values, struct tw_error *err)
{
    if (!*values)
        return true;
    size_t at = parameter_of(quantised->source, *values);
    const struct tw_parameter *parameter = &quantised->source->parameters[at];
    const struct coded *coded = &quantised->coded[at];
    float *wide = tw_arena_aligned(&quantised->arena, parameter->rows * parameter->columns * sizeof *wide);
    if (!wide)
        return tw_arena_fail(&quantised->arena, err);
    for (size_t value = 0; value < parameter->rows * parameter->columns; value++)
        wide[value] = coded->scales[value / parameter->columns] * (float)coded->codes[value];
    *values = wide;
    return true;
}

static bool list_maps(struct tw_quantised *quantised, struct tw_error *err)
{
    quantised->map_count = quantised->source->config.layers * TW_LAYER_MAPS;
    quantised->maps = tw_arena_array(&quantised->arena, quantised->map_count, sizeof *quantised->maps);
    if (!quantised->maps)
        return tw_arena_fail(&quantised->arena, err);
    for (size_t at = 0; at < quantised->map_count; at++)
        quantised->maps[at] =
            (struct tw_quantised_map){.layer = at / TW_LAYER_MAPS, .map = at % TW_LAYER_MAPS};
    return true;
}

/* --- which maps stay fp32 ------------------------------------------------------------------------------- */

static void set_form(struct tw_quantised *quantised, size_t map, bool fp32)
{
    const struct tw_quantised_map *of = &quantised->maps[map];
    static const struct tw_int8_weights none = {0};
    quantised->chosen[of->layer].maps[of->map] = fp32 ? none : quantised->packed[of->layer].maps[of->map];
    quantised->maps[map].fp32 = fp32;
}

static bool measure_maps(struct tw_quantised *quantised, const struct tw_quantise_options *options,
    struct tw_quantise_measure *measure, struct tw_error *err)
{
    struct tw_quantise_loss all, without;
    if (!tw_quantise_measure_some(measure, TW_QUANTISE_TOKENS, &all, err))
        return false;
    for (size_t map = 0; map < quantised->map_count; map++) {
        if (options->on_measuring)
            options->on_measuring(options->context, map, quantised->map_count);
        set_form(quantised, map, true);
        bool done = tw_quantise_measure_some(measure, TW_QUANTISE_TOKENS, &without, err);
        set_form(quantised, map, false);
        if (!done)
            return false;
        quantised->maps[map].loss = all.loss - without.loss;
    }
    return true;
}

/* The map in 8 bits that costs most; map_count when none is left. */
static size_t worst_map(const struct tw_quantised *quantised)
{
    size_t worst = quantised->map_count;
    for (size_t map = 0; map < quantised->map_count; map++) {
        if (!quantised->maps[map].fp32 &&
            (worst == quantised->map_count || quantised->maps[map].loss > quantised->maps[worst].loss))
            worst = map;
    }
    return worst;
}

static bool holds(const struct tw_quantise_loss *result)
{
    return result->loss <= TW_QUANTISE_LOSS &&
           (double)result->agreed >= TW_QUANTISE_AGREEMENT * (double)result->labels;
}

static bool choose(struct tw_quantised *quantised, const struct tw_quantise_options *options,
    struct tw_quantise_measure *measure, struct tw_error *err)
{
    if (!tw_quantise_measure_some(measure, SIZE_MAX, &quantised->result, err))
        return false;
    if (holds(&quantised->result))
        return true;
    if (!measure_maps(quantised, options, measure, err))
        return false;
    do {
        size_t worst = worst_map(quantised);
        if (worst == quantised->map_count)
            return true;
        set_form(quantised, worst, true);
        if (!tw_quantise_measure_some(measure, SIZE_MAX, &quantised->result, err))
            return false;
    } while (!holds(&quantised->result));
    return true;
}

static bool measure_and_choose(
    struct tw_quantised *quantised, const struct tw_quantise_options *options, struct tw_error *err)
{
    struct tw_quantise_measure *measure;
    if (!options->calibration || options->calibration->count == 0)
        return true;
    if (!tw_quantise_measure_open(quantised->source, &quantised->model, options, &measure, err))
        return false;
    quantised->measured = choose(quantised, options, measure, err);
    tw_quantise_measure_close(measure);
    return quantised->measured;
}

/* --- opening -------------------------------------------------------------------------------------------- */

/* Codes, packed codes, widened embeddings, lists. */
static bool arena_bytes(const struct tw_model *model, size_t *out)
{
    size_t bytes = 0, rows = 0;
    for (size_t at = 0; at < model->parameter_count; at++)
        rows += model->parameters[at].rows + 64;
    return tw_size_multiply(model->value_count, 6, &bytes) && tw_size_multiply(rows, 16, &rows) &&
           tw_size_add(bytes, rows, &bytes) &&
           tw_size_add(bytes, tw_int8_layers_bytes(&model->config) + ((size_t)1 << 20), out);
}

static bool quantise_into(
    struct tw_quantised *quantised, const struct tw_quantise_options *options, struct tw_error *err)
{
    const struct tw_model *model = quantised->source;
    size_t bytes;
    if (model->int8)
        return tw_fail(err, TW_CONFIG, model->file_name, "quantise the folder that it was made from",
            "its weights are in 8 bits already");
    if (!arena_bytes(model, &bytes))
        return tw_fail(err, TW_CONFIG, model->file_name, NULL, "too large for this machine");
    if (!tw_arena_begin(&quantised->arena, bytes, err))
        return false;
    quantised->coded = tw_arena_array(&quantised->arena, model->parameter_count, sizeof *quantised->coded);
    if (!quantised->coded)
        return tw_arena_fail(&quantised->arena, err);
    quantised->model = *model;
    return code_all(quantised, err) && code_layers(quantised, err) && list_maps(quantised, err) &&
           widen(quantised, &quantised->model.words, err) &&
           widen(quantised, &quantised->model.positions, err) &&
           widen(quantised, &quantised->model.types, err) && measure_and_choose(quantised, options, err);
}

bool tw_quantise(const struct tw_model *model, const struct tw_quantise_options *options,
    struct tw_quantised **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_quantised *quantised = calloc(1, sizeof *quantised);
    if (!quantised)
        return tw_fail(err, TW_INTERNAL, "quantise", NULL, "out of memory");
    quantised->source = model;
    if (!quantise_into(quantised, options, err)) {
        tw_quantised_free(quantised);
        return false;
    }
    *out = quantised;
    return true;
}

void tw_quantised_free(struct tw_quantised *quantised)
{
    if (!quantised)
        return;
    tw_arena_end(&quantised->arena);
    free(quantised);
}

struct tw_quantised_report tw_quantised_report(const struct tw_quantised *quantised)
{
    const struct tw_quantise_loss *result = &quantised->result;
    struct tw_quantised_report report = {.measured = quantised->measured,
        .texts = result->texts,
        .labels = result->labels,
        .agreement = result->labels ? (double)result->agreed / (double)result->labels : 0.0,
        .loss = result->loss,
        .maps = quantised->maps,
        .map_count = quantised->map_count};
    for (size_t map = 0; map < quantised->map_count; map++)
        report.fp32_count += quantised->maps[map].fp32;
    return report;
}

const struct tw_model *tw_quantised_model(const struct tw_quantised *quantised)
{
    return &quantised->model;
}

/* --- the file ------------------------------------------------------------------------------------------- */

/* Does this linear's map stay fp32? Its weights are then written as they are. */
static bool stays_fp32(const struct tw_quantised *quantised, const float *values)
{
    for (size_t map = 0; map < quantised->map_count; map++) {
        const struct tw_linear *linears[3];
        const struct tw_quantised_map *of = &quantised->maps[map];
        size_t count = tw_layer_map_linears(&quantised->source->layers[of->layer], of->map, linears);
        for (size_t at = 0; of->fp32 && at < count; at++) {
            if (linears[at]->weight == values)
                return true;
        }
    }
    return false;
}

/* fp32 first, so that it lies aligned whatever the codes' lengths are. */
static size_t list_tensors(const struct tw_quantised *quantised, struct tw_stored_tensor *tensors)
{
    const struct tw_model *model = quantised->source;
    size_t count = 0;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t at = 0; at < model->parameter_count; at++) {
            const struct tw_parameter *parameter = &model->parameters[at];
            const struct coded *coded = &quantised->coded[at];
            bool as_codes = coded->codes && !stays_fp32(quantised, parameter->values);
            size_t rows = parameter->vector ? 0 : parameter->rows;
            if (pass == 1 && as_codes)
                tensors[count++] = (struct tw_stored_tensor){.name = parameter->name,
                    .dtype = TW_I8,
                    .data = coded->codes,
                    .rows = rows,
                    .columns = parameter->columns};
            if (pass == 0)
                tensors[count++] = (struct tw_stored_tensor){.name = parameter->name,
                    .suffix = as_codes ? "_scale" : NULL,
                    .dtype = TW_F32,
                    .data = as_codes ? coded->scales : parameter->values,
                    .rows = as_codes ? 0 : rows,
                    .columns = as_codes ? parameter->rows : parameter->columns};
        }
    }
    return count;
}

bool tw_quantised_write(const struct tw_quantised *quantised, const char *path, struct tw_error *err)
{
    struct tw_stored_tensor *tensors = calloc(2 * quantised->source->parameter_count + 1, sizeof *tensors);
    if (!tensors)
        return tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    bool written = tw_safetensors_store(path, tensors, list_tensors(quantised, tensors), err);
    free(tensors);
    return written;
}
