/* backward: the gradient of every parameter, against PyTorch's and against central differences; steps,
 * threads and bits. Fixtures: tests/interop/gradient_fixtures.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "format/config_json.h"
#include "kernels/choose.h"
#include "model/encoder.h"
#include "random_model.h"
#include "train/backward.h"
#include "train/trainer.h"

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

/* --- models and batches --------------------------------------------------------------------------------- */

/* The generator's value for a parameter, as tests/interop/encoder_fixtures.py has it. */
static float value_of(const struct tw_parameter *parameter, uint64_t counter)
{
    const char *name = parameter->name;
    float uniform = random_uniform(counter);
    bool norm = strstr(name, "LayerNorm") || strstr(name, "layer_norm");
    if (norm && strstr(name, ".weight"))
        return uniform * 0.25f + 1.0f;
    if (parameter->rows == 1)
        return uniform * 0.125f;
    if (strstr(name, "embeddings"))
        return uniform;
    return uniform * (float)sqrt(3.0 / (double)parameter->columns);
}

static void fill(struct tw_state *state)
{
    uint64_t counter = 0;
    for (size_t at = 0; at < state->model->parameter_count; at++) {
        const struct tw_parameter *parameter = &state->model->parameters[at];
        size_t count = parameter->rows * parameter->columns;
        for (size_t value = 0; value < count; value++)
            state->values[parameter->offset + value] = value_of(parameter, counter + value);
        counter += count;
    }
}

static struct tw_state *given_state(const struct tw_model_config *config, unsigned parts)
{
    struct tw_error err;
    struct tw_state *state;
    struct tw_state_options options = {
        .config = config, .parts = parts, .projection = config->projection, .seed = 1};
    must(tw_state_open(&options, &state, &err), &err);
    fill(state);
    return state;
}

enum { SEQUENCES_MOST = 24, TARGETS_MOST = 64, LONGEST = 160 };

/* A batch with targets of every kind. */
struct work {
    struct tw_arena arena;
    struct tw_packed batch;
    struct tw_targets targets;
    int32_t documents[SEQUENCES_MOST], entity_labels[TARGETS_MOST];
    float document_weights[SEQUENCES_MOST], document_logits[SEQUENCES_MOST * TW_CLASSES];
    struct tw_entity_span entities[TARGETS_MOST];
    struct tw_masked masked[TARGETS_MOST];
};

static void given_batch(struct work *work, const struct tw_model_config *config,
    const struct tw_sequence *sequences, size_t count)
{
    struct tw_error err;
    must(tw_arena_begin(&work->arena, 1 << 20, &err), &err);
    must(tw_packed_build(sequences, count, config, &work->arena, &work->batch, &err), &err);
}

/* Sequences of many lengths with every kind of target. */
static void given_work(struct work *work, const struct tw_model_config *config, unsigned parts)
{
    static const size_t lengths[] = {7, 2, 16, 5, 1, 12, 9, 3, 16, 16, 4, 8};
    enum { COUNT = sizeof lengths / sizeof lengths[0] };
    struct tw_sequence sequences[COUNT];
    static int32_t ids[COUNT][16];
    static uint8_t types[COUNT][16];
    *work = (struct work){0};
    for (size_t at = 0; at < COUNT; at++) {
        random_ids(1000 * at, config->vocabulary, lengths[at], ids[at]);
        for (size_t token = 0; token < lengths[at]; token++)
            types[at][token] = token % 3 == 2;
        sequences[at] = (struct tw_sequence){ids[at], types[at], lengths[at]};
        work->documents[at] = at % 4 == 3 ? TW_NO_LABEL : (int32_t)(at % 3);
        work->document_weights[at] = 0.5f + (float)(at % 3);
        for (size_t class = 0; class < TW_CLASSES; class ++)
            work->document_logits[at * TW_CLASSES + class] = 2.0f * random_uniform(77 + at * 3 + class);
        if (lengths[at] < 4)
            continue;
        for (uint32_t entity = 0; entity < 2; entity++) {
            size_t place = work->targets.entity_count++;
            work->entities[place] =
                (struct tw_entity_span){(uint32_t)at, 1 + entity, 2 + entity + (uint32_t)(at % 2)};
            work->entity_labels[place] = (int32_t)((at + entity) % 3);
        }
    }
    given_batch(work, config, sequences, COUNT);
    for (uint32_t token = 1; token < tw_packed_tokens(&work->batch); token += 5)
        work->masked[work->targets.masked_count++] =
            (struct tw_masked){token, (int32_t)(token * 7 % config->vocabulary)};
    if (parts & TW_PART_DOCUMENT) {
        work->targets.documents = work->documents;
        work->targets.document_weights = work->document_weights;
        work->targets.document_logits = work->document_logits;
    }
    work->targets.entities = work->entities;
    work->targets.entity_labels = work->entity_labels;
    work->targets.masked = work->masked;
    if (!(parts & TW_PART_ENTITY))
        work->targets.entity_count = 0;
    if (!(parts & TW_PART_MASKED))
        work->targets.masked_count = 0;
}

static void end_work(struct work *work)
{
    tw_arena_end(&work->arena);
}

static struct tw_model_config small_config(void)
{
    struct tw_model_config config = tw_config_shape(53, 16, 3, 2, 40, 16);
    return config;
}

static struct tw_model_config mpnet_config(void)
{
    struct tw_model_config config = small_config();
    config.family = TW_MPNET;
    config.type_vocabulary = 0;
    config.first_position = 2;
    config.distance_buckets = 32;
    return config;
}

static const struct tw_objective everything = {.document = 1.0,
    .entity = 0.7,
    .masked = 0.4,
    .soft = 0.5,
    .smoothing = 0.1f,
    .class_weights = {1.5f, 0.5f, 1.25f},
    .temperature = 2.0f};

static const unsigned all_parts = TW_PART_DOCUMENT | TW_PART_ENTITY | TW_PART_MASKED;

static struct tw_trainer *given_trainer(struct tw_state *state, const struct tw_trainer_options *options)
{
    struct tw_error err;
    struct tw_trainer *trainer;
    must(tw_trainer_open(state, options, &trainer, &err), &err);
    return trainer;
}

/* --- PyTorch -------------------------------------------------------------------------------------------- */

static json_t *fixture(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/unit/nn/fixtures/gradient_%s.json", TW_TESTS_DIR, name);
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    return root;
}

static double number_at(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* As config.json would be read. */
static struct tw_model_config config_of(json_t *config)
{
    char folder[64], *text = json_dumps(config, 0);
    struct tw_arena arena;
    struct tw_model_config made;
    struct tw_error err;
    assert_non_null(text);
    given_folder(folder);
    given_file(folder, "config.json", text, strlen(text));
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    must(tw_config_read(folder, NULL, &arena, &made, &err), &err);
    made.name = NULL;
    tw_arena_end(&arena);
    remove_folder(folder);
    free(text);
    return made;
}

static void read_entities(struct work *work, json_t *record, size_t sequence)
{
    size_t at;
    json_t *entity;
    json_array_foreach(json_object_get(record, "entities"), at, entity)
    {
        size_t place = work->targets.entity_count++;
        work->entities[place] = (struct tw_entity_span){(uint32_t)sequence,
            (uint32_t)json_integer_value(json_array_get(entity, 0)),
            (uint32_t)json_integer_value(json_array_get(entity, 1))};
        work->entity_labels[place] = (int32_t)json_integer_value(json_array_get(entity, 2));
    }
}

static void read_masked(struct work *work, json_t *record, size_t first_token)
{
    size_t at;
    json_t *pair;
    json_array_foreach(json_object_get(record, "masked"), at, pair)
        work->masked[work->targets.masked_count++] =
        (struct tw_masked){(uint32_t)(first_token + (size_t)json_integer_value(json_array_get(pair, 0))),
            (int32_t)json_integer_value(json_array_get(pair, 1))};
}

static void read_records(struct work *work, json_t *root, const struct tw_model_config *config)
{
    static int32_t ids[SEQUENCES_MOST][LONGEST];
    static uint8_t types[SEQUENCES_MOST][LONGEST];
    struct tw_sequence sequences[SEQUENCES_MOST];
    json_t *records = json_object_get(root, "records"), *record;
    size_t at, tokens = 0;
    *work = (struct work){0};
    json_array_foreach(records, at, record)
    {
        json_t *numbers = json_object_get(record, "ids"), *kinds = json_object_get(record, "types");
        sequences[at] =
            (struct tw_sequence){ids[at], json_is_array(kinds) ? types[at] : NULL, json_array_size(numbers)};
        for (size_t token = 0; token < sequences[at].count; token++) {
            ids[at][token] = (int32_t)json_integer_value(json_array_get(numbers, token));
            types[at][token] = (uint8_t)json_integer_value(json_array_get(kinds, token));
        }
        work->documents[at] = (int32_t)json_integer_value(json_object_get(record, "label"));
        for (size_t class = 0; class < TW_CLASSES; class ++)
            work->document_logits[at * TW_CLASSES + class] =
                (float)json_number_value(json_array_get(json_object_get(record, "teacher"), class));
        read_entities(work, record, at);
        read_masked(work, record, tokens);
        tokens += sequences[at].count;
    }
    given_batch(work, config, sequences, json_array_size(records));
    work->targets.documents = work->documents;
    work->targets.document_logits = work->document_logits;
    work->targets.entities = work->entities;
    work->targets.entity_labels = work->entity_labels;
    work->targets.masked = work->masked;
}

static struct tw_objective objective_of(json_t *root)
{
    json_t *from = json_object_get(root, "objective");
    struct tw_objective objective = {.document = number_at(from, "document"),
        .entity = number_at(from, "entity"),
        .masked = number_at(from, "masked"),
        .soft = number_at(from, "soft"),
        .smoothing = (float)number_at(from, "smoothing"),
        .temperature = (float)number_at(from, "temperature")};
    for (size_t class = 0; class < TW_CLASSES; class ++)
        objective.class_weights[class] =
            (float)json_number_value(json_array_get(json_object_get(from, "class_weights"), class));
    return objective;
}

static void expect_close(double got, double wanted, double tolerance, const char *what)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s: %.9g, PyTorch has %.9g", what, got, wanted);
}

/* It moves every score of a query alike: its gradient is rounding alone. */
static bool is_key_bias(const char *name)
{
    return strstr(name, "key.bias") || strstr(name, "k_lin.bias") || strstr(name, "attn.k.bias");
}

/* The worst difference of one parameter's gradient, as a share of its largest value. A gradient that is 0 but
 * for rounding is measured against a share of the largest of all. */
static double worst_of(json_t *wanted, const float *got, size_t count, double least)
{
    double worst = 0.0, largest = least;
    assert_int_equal(json_array_size(wanted), count);
    for (size_t at = 0; at < count; at++) {
        double value = json_number_value(json_array_get(wanted, at)), away = fabs(value - (double)got[at]);
        largest = fmax(largest, fabs(value));
        worst = away > worst || isnan(away) ? away : worst;
    }
    return worst / largest;
}

static double largest_of(json_t *parameters)
{
    const char *name;
    json_t *entry;
    double largest = 0.0;
    json_object_foreach(parameters, name, entry)
    {
        size_t at;
        json_t *value;
        json_array_foreach(json_object_get(entry, "gradient"), at, value) largest =
            fmax(largest, fabs(json_number_value(value)));
    }
    return largest;
}

static const struct tw_parameter *find(const struct tw_model *model, const char *name)
{
    size_t at = 0;
    while (at < model->parameter_count && strcmp(model->parameters[at].name, name) != 0)
        at++;
    return at < model->parameter_count ? &model->parameters[at] : NULL;
}

static void compare_gradients(
    json_t *root, const struct tw_state *state, const float *gradients, const char *what)
{
    json_t *parameters = json_object_get(root, "parameters"), *entry;
    const char *name;
    double worst = 0.0, largest = largest_of(parameters);
    assert_int_equal(json_object_size(parameters), state->model->parameter_count);
    json_object_foreach(parameters, name, entry)
    {
        const struct tw_parameter *parameter = find(state->model, name);
        if (!parameter)
            fail_msg("no parameter %s", name);
        double away = worst_of(json_object_get(entry, "gradient"), gradients + parameter->offset,
            parameter->rows * parameter->columns, (is_key_bias(name) ? 1e-2 : 1e-3) * largest);
        if (!(away < 1e-4))
            fail_msg("%s: the gradient of %s is off by %.3g", what, name, away);
        worst = fmax(worst, away);
    }
    print_message("%s: gradients of %zu parameters within %.2g of PyTorch's\n", what,
        json_object_size(parameters), worst);
}

static void check_case(json_t *root, unsigned parts, const struct tw_compute *compute, size_t threads,
    size_t max_tokens, const char *what)
{
    struct tw_error err;
    struct work work;
    struct tw_model_config config = config_of(json_object_get(root, "config"));
    struct tw_state *state = given_state(&config, parts);
    read_records(&work, root, &config);
    struct tw_trainer_options options = {
        .threads = threads, .max_tokens = max_tokens, .compute = compute, .objective = objective_of(root)};
    struct tw_trainer *trainer = given_trainer(state, &options);
    const float *gradients;
    struct tw_step_result result;
    must(tw_trainer_gradients(trainer, &work.batch, &work.targets, 0, &gradients, &result, &err), &err);
    json_t *losses = json_object_get(root, "losses");
    expect_close(result.document, number_at(losses, "document"), 1e-5, "document loss");
    expect_close(result.entity, number_at(losses, "entity"), 1e-5, "entity loss");
    expect_close(result.masked, number_at(losses, "masked"), 1e-5, "masked loss");
    expect_close(result.soft, number_at(losses, "soft"), 1e-5, "soft loss");
    compare_gradients(root, state, gradients, what);
    tw_trainer_close(trainer);
    end_work(&work);
    tw_state_close(state);
}

/* Every kernel table and every backend, one thread and three. */
static void check_fixture(const char *name, unsigned parts)
{
    json_t *root = fixture(name);
    struct tw_error err;
    struct tw_compute compute;
    must(tw_compute_open("fixed", &compute, &err), &err);
    const struct tw_kernels *tables[TW_KERNEL_TABLES];
    size_t count = tw_kernels_all(tables);
    for (size_t table = 0; table < count; table++) {
        for (size_t backend = 0; backend < TW_GEMM_BACKENDS; backend++) {
            if (!compute.gemm.probes[backend].works)
                continue;
            char what[128];
            compute.gemm.backend = (enum tw_gemm_backend)backend;
            tw_compute_use(&compute, tables[table]);
            snprintf(what, sizeof what, "%s, %s, %s", name, tables[table]->name,
                tw_gemm_backend_name(compute.gemm.backend));
            check_case(root, parts, &compute, backend == TW_GEMM_PORTABLE ? 3 : 1, 16, what);
        }
    }
    json_decref(root);
}

static void bert_learns_what_pytorch_learns(void **state)
{
    (void)state;
    check_fixture("bert_gelu", TW_PART_DOCUMENT | TW_PART_ENTITY);
    check_fixture("bert_gelu_new", TW_PART_DOCUMENT | TW_PART_ENTITY);
}

static void distilbert_learns_what_pytorch_learns(void **state)
{
    (void)state;
    check_fixture("distilbert", TW_PART_DOCUMENT);
}

static void mpnet_learns_what_pytorch_learns(void **state)
{
    (void)state;
    check_fixture("mpnet", TW_PART_DOCUMENT | TW_PART_ENTITY);
}

static void a_masked_language_model_learns_what_pytorch_learns(void **state)
{
    (void)state;
    check_fixture("masked", TW_PART_MASKED);
    check_fixture("masked_mpnet", TW_PART_MASKED);
}

/* --- three steps of AdamW ------------------------------------------------------------------------------- */

static void compare_values(json_t *values, const struct tw_state *state)
{
    const char *name;
    json_t *wanted;
    json_object_foreach(values, name, wanted)
    {
        /* AdamW makes whole steps of rounding. */
        if (is_key_bias(name))
            continue;
        const struct tw_parameter *parameter = find(state->model, name);
        size_t at;
        json_t *value;
        json_array_foreach(wanted, at, value)
            expect_close((double)state->values[parameter->offset + at], json_number_value(value), 2e-5, name);
    }
}

static void three_steps_end_where_those_of_pytorch_end(void **unused)
{
    (void)unused;
    json_t *root = fixture("bert_gelu"), *steps = json_object_get(root, "adamw");
    struct tw_error err;
    struct work work;
    struct tw_compute compute;
    must(tw_compute_open("fixed", &compute, &err), &err);
    struct tw_model_config config = config_of(json_object_get(root, "config"));
    struct tw_state *state = given_state(&config, TW_PART_DOCUMENT | TW_PART_ENTITY);
    read_records(&work, root, &config);
    struct tw_trainer_options options = {.threads = 2, .compute = &compute, .objective = objective_of(root)};
    struct tw_trainer *trainer = given_trainer(state, &options);
    struct tw_adamw adamw = tw_adamw_defaults();
    adamw.rate = number_at(steps, "rate");
    adamw.decay = number_at(steps, "decay");
    adamw.epsilon = number_at(steps, "epsilon");
    for (size_t step = 0; step < 3; step++) {
        struct tw_step_result result;
        must(tw_trainer_step(trainer, &work.batch, &work.targets, &adamw, step, &result, &err), &err);
        double norm = json_number_value(json_array_get(json_object_get(steps, "norms"), step));
        expect_close(result.gradient_norm, norm, 1e-4 * norm, "gradient norm");
        expect_close(result.loss, json_number_value(json_array_get(json_object_get(steps, "losses"), step)),
            1e-5, "loss");
    }
    compare_values(json_object_get(steps, "values"), state);
    tw_trainer_close(trainer);
    end_work(&work);
    tw_state_close(state);
    json_decref(root);
}

/* --- central differences -------------------------------------------------------------------------------- */

struct probe {
    struct tw_state *state;
    struct tw_trainer *trainer;
    struct work *work;
};

static double loss_at(struct probe *probe, const struct tw_parameter *parameter, const float *kept,
    const float *direction, double step)
{
    struct tw_error err;
    struct tw_step_result result;
    float *values = probe->state->values + parameter->offset;
    for (size_t at = 0; at < parameter->rows * parameter->columns; at++)
        values[at] = (float)((double)kept[at] + step * (double)direction[at]);
    must(tw_trainer_gradients(
             probe->trainer, &probe->work->batch, &probe->work->targets, 3, NULL, &result, &err),
        &err);
    return result.loss;
}

/* Along a parameter's gradient the loss rises by its length. */
static void check_slope(struct probe *probe, const struct tw_parameter *parameter, const float *gradients)
{
    size_t count = parameter->rows * parameter->columns;
    const float *gradient = gradients + parameter->offset;
    float *values = probe->state->values + parameter->offset;
    double length = 0.0;
    for (size_t at = 0; at < count; at++)
        length += (double)gradient[at] * (double)gradient[at];
    length = sqrt(length);
    if (is_key_bias(parameter->name))
        return;
    float *kept = malloc(count * sizeof *kept), *direction = malloc(count * sizeof *direction);
    assert_non_null(kept);
    assert_non_null(direction);
    assert_true(length > 1e-5);
    for (size_t at = 0; at < count; at++) {
        kept[at] = values[at];
        direction[at] = (float)((double)gradient[at] / length);
    }
    double step = 1e-3;
    double rise =
        loss_at(probe, parameter, kept, direction, step) - loss_at(probe, parameter, kept, direction, -step);
    memcpy(values, kept, count * sizeof *kept);
    double slope = rise / (2.0 * step);
    if (!(fabs(slope - length) < 0.01 * length + 1e-3))
        fail_msg("%s: the loss rises by %.6g, the gradient says %.6g", parameter->name, slope, length);
    free(kept);
    free(direction);
}

static void check_differences(const struct tw_model_config *config, const struct tw_dropout_rates *dropout,
    const struct tw_teacher *teacher, const bool *matched, const struct tw_objective *objective)
{
    struct tw_error err;
    struct tw_compute compute;
    struct work work;
    must(tw_compute_open("fixed", &compute, &err), &err);
    struct tw_state *state = given_state(config, all_parts | (config->projection ? TW_PART_PROJECTION : 0U));
    /* DistilBERT's relu has kinks, where a difference is no slope. */
    state->model->pooler_activation = TW_TANH;
    given_work(&work, config, all_parts);
    work.targets.matched = matched;
    struct tw_trainer_options options = {.max_tokens = 40,
        .seed = 9,
        .compute = &compute,
        .dropout = *dropout,
        .objective = *objective,
        .teacher = teacher};
    struct probe probe = {state, given_trainer(state, &options), &work};
    const float *gradients;
    struct tw_step_result result;
    must(tw_trainer_gradients(probe.trainer, &work.batch, &work.targets, 3, &gradients, &result, &err), &err);
    float *kept = malloc(state->value_count * sizeof *kept);
    assert_non_null(kept);
    memcpy(kept, gradients, state->value_count * sizeof *kept);
    for (size_t at = 0; at < state->model->parameter_count; at++)
        check_slope(&probe, &state->model->parameters[at], kept);
    free(kept);
    tw_trainer_close(probe.trainer);
    end_work(&work);
    tw_state_close(state);
}

static void gradients_are_slopes_of_the_loss(void **unused)
{
    (void)unused;
    struct tw_model_config config = small_config();
    const struct tw_dropout_rates none = {0};
    check_differences(&config, &none, NULL, NULL, &everything);
}

static void gradients_are_slopes_of_the_loss_with_dropout(void **unused)
{
    (void)unused;
    struct tw_model_config config = small_config();
    const struct tw_dropout_rates some = {.hidden = 0.1f, .attention = 0.2f, .head = 0.3f};
    check_differences(&config, &some, NULL, NULL, &everything);
    config.family = TW_DISTILBERT;
    config.type_vocabulary = 0;
    config.activation = TW_GELU_TANH;
    check_differences(&config, &some, NULL, NULL, &everything);
    config = mpnet_config();
    check_differences(&config, &some, NULL, NULL, &everything);
}

static void a_student_learns_its_teachers_hidden_states(void **unused)
{
    (void)unused;
    struct tw_model_config config = small_config(), large = tw_config_shape(53, 16, 5, 4, 24, 16);
    struct tw_state *teacher = given_state(&large, all_parts);
    static const size_t ours[] = {0, 1, 3}, theirs[] = {0, 2, 5};
    struct tw_teacher options = {
        .model = teacher->model, .student_layers = ours, .teacher_layers = theirs, .pairs = 3};
    struct tw_objective objective = everything;
    objective.hidden = 0.3;
    const struct tw_dropout_rates some = {.hidden = 0.1f, .attention = 0.1f};
    check_differences(&config, &some, &options, NULL, &objective);
    tw_state_close(teacher);
}

/* A wider teacher: one matrix, that learns too, stands between. Every third text is cut otherwise by the
 * teacher's tokenizer. */
static void a_student_learns_a_wider_teachers_hidden_states_through_a_projection(void **unused)
{
    (void)unused;
    struct tw_model_config config = small_config(), large = tw_config_shape(53, 24, 4, 4, 24, 16);
    struct tw_state *teacher = given_state(&large, all_parts);
    static const size_t ours[] = {0, 2, 3}, theirs[] = {0, 3, 4};
    struct tw_teacher options = {
        .model = teacher->model, .student_layers = ours, .teacher_layers = theirs, .pairs = 3};
    struct tw_objective objective = everything;
    objective.hidden = 0.3;
    bool matched[SEQUENCES_MOST];
    for (size_t at = 0; at < SEQUENCES_MOST; at++)
        matched[at] = at % 3 != 1;
    const struct tw_dropout_rates some = {.hidden = 0.1f, .attention = 0.1f};
    config.projection = large.hidden;
    check_differences(&config, &some, &options, matched, &objective);
    tw_state_close(teacher);
}

/* --- cuts, threads, freezing ---------------------------------------------------------------------------- */

struct outcome {
    float *values;
    size_t count;
    struct tw_step_result last;
};

static struct outcome train_of(
    struct tw_model_config config, size_t threads, size_t max_tokens, size_t steps, size_t lowest)
{
    struct tw_error err;
    struct tw_compute compute;
    struct work work;
    must(tw_compute_open("fixed", &compute, &err), &err);
    struct tw_state *state = given_state(&config, all_parts);
    tw_state_set_rates(state, 0.9, lowest);
    given_work(&work, &config, all_parts);
    struct tw_trainer_options options = {.threads = threads,
        .max_tokens = max_tokens,
        .seed = 5,
        .compute = &compute,
        .dropout = {.hidden = 0.1f, .attention = 0.1f, .head = 0.1f},
        .objective = everything};
    struct tw_trainer *trainer = given_trainer(state, &options);
    struct tw_adamw adamw = tw_adamw_defaults();
    adamw.rate = 1e-3;
    struct outcome outcome = {.count = state->value_count};
    for (size_t step = 0; step < steps; step++)
        must(tw_trainer_step(trainer, &work.batch, &work.targets, &adamw, step, &outcome.last, &err), &err);
    outcome.values = malloc(outcome.count * sizeof *outcome.values);
    assert_non_null(outcome.values);
    memcpy(outcome.values, state->values, outcome.count * sizeof *outcome.values);
    tw_trainer_close(trainer);
    end_work(&work);
    tw_state_close(state);
    return outcome;
}

static struct outcome train(size_t threads, size_t max_tokens, size_t steps, size_t lowest)
{
    return train_of(small_config(), threads, max_tokens, steps, lowest);
}

static void the_same_seed_and_threads_end_in_the_same_bits(void **unused)
{
    (void)unused;
    for (size_t threads = 1; threads < 6; threads += 2) {
        const struct tw_model_config configs[] = {small_config(), mpnet_config()};
        for (size_t family = 0; family < 2; family++) {
            struct outcome one = train_of(configs[family], threads, 40, 5, 0);
            struct outcome two = train_of(configs[family], threads, 40, 5, 0);
            assert_memory_equal(one.values, two.values, one.count * sizeof *one.values);
            free(one.values);
            free(two.values);
        }
    }
}

static void threads_and_cuts_change_nothing_but_rounding(void **unused)
{
    (void)unused;
    struct outcome whole = train(1, 200, 1, 0);
    for (size_t threads = 2; threads < 5; threads++) {
        struct outcome cut = train(threads, 16, 1, 0);
        assert_true(fabs(cut.last.loss - whole.last.loss) < 1e-5);
        assert_true(
            fabs(cut.last.gradient_norm - whole.last.gradient_norm) < 1e-4 * whole.last.gradient_norm);
        assert_int_equal(cut.last.document_count, whole.last.document_count);
        assert_int_equal(cut.last.entity_right, whole.last.entity_right);
        free(cut.values);
    }
    free(whole.values);
}

static void a_loss_falls(void **unused)
{
    (void)unused;
    struct outcome one = train(2, 64, 1, 0), many = train(2, 64, 120, 0);
    assert_true(many.last.loss < 0.6 * one.last.loss);
    free(one.values);
    free(many.values);
}

static void check_frozen(struct tw_model_config config)
{
    struct tw_state *state = given_state(&config, all_parts);
    for (size_t lowest = 1; lowest <= state->depth_count; lowest += 2) {
        struct outcome outcome = train_of(config, 2, 64, 2, lowest);
        for (size_t at = 0; at < state->model->parameter_count; at++) {
            const struct tw_parameter *parameter = &state->model->parameters[at];
            size_t bytes = parameter->rows * parameter->columns * sizeof *state->values;
            bool same =
                memcmp(outcome.values + parameter->offset, state->values + parameter->offset, bytes) == 0;
            assert_int_equal(same, parameter->depth < lowest);
        }
        free(outcome.values);
    }
    tw_state_close(state);
}

static void frozen_layers_stand_still(void **unused)
{
    (void)unused;
    check_frozen(small_config());
    check_frozen(mpnet_config());
}

static void training_mode_without_dropout_computes_the_bits_of_inference(void **unused)
{
    (void)unused;
    struct tw_error err;
    struct tw_compute compute;
    struct work work;
    struct tw_model_config config = small_config();
    must(tw_compute_open("fixed", &compute, &err), &err);
    struct tw_state *state = given_state(&config, all_parts);
    given_work(&work, &config, all_parts);
    struct tw_workspace plain, kept;
    struct tw_dropout_plan plan = {.seed = 3};
    struct tw_workspace_options options = {.max_tokens = 200, .compute = &compute};
    must(tw_workspace_open(state->model, &options, &plain, &err), &err);
    options.keep_layers = true;
    must(tw_workspace_open(state->model, &options, &kept, &err), &err);
    kept.dropout = &plan;
    float one[SEQUENCES_MOST * TW_CLASSES], two[SEQUENCES_MOST * TW_CLASSES];
    must(tw_encode(state->model, &work.batch, &plain, &err), &err);
    must(tw_document_logits(state->model, &work.batch, &plain, one, &err), &err);
    must(tw_encode(state->model, &work.batch, &kept, &err), &err);
    must(tw_document_logits(state->model, &work.batch, &kept, two, &err), &err);
    assert_memory_equal(one, two, work.batch.count * TW_CLASSES * sizeof *one);
    tw_workspace_close(&plain);
    tw_workspace_close(&kept);
    end_work(&work);
    tw_state_close(state);
}

/* --- failures ------------------------------------------------------------------------------------------- */

static void a_loss_that_is_no_number_ends_the_run_with_step_and_cure(void **unused)
{
    (void)unused;
    struct tw_error err;
    struct tw_compute compute;
    struct work work;
    struct tw_model_config config = small_config();
    must(tw_compute_open("fixed", &compute, &err), &err);
    struct tw_state *state = given_state(&config, all_parts);
    given_work(&work, &config, all_parts);
    struct tw_trainer_options options = {.threads = 2, .compute = &compute, .objective = everything};
    struct tw_trainer *trainer = given_trainer(state, &options);
    struct tw_adamw adamw = tw_adamw_defaults();
    struct tw_step_result result;
    must(tw_trainer_step(trainer, &work.batch, &work.targets, &adamw, 0, &result, &err), &err);
    double mean = tw_trainer_loss_mean(trainer);
    tw_trainer_set_loss_mean(trainer, result.loss / 100.0);
    assert_true(tw_trainer_step(trainer, &work.batch, &work.targets, &adamw, 1, &result, &err));
    struct tw_objective loud = everything;
    loud.document = 1000.0;
    tw_trainer_set_objective(trainer, &loud);
    tw_trainer_set_loss_mean(trainer, mean);
    uint64_t updates = state->updates;
    assert_false(tw_trainer_step(trainer, &work.batch, &work.targets, &adamw, 41, &result, &err));
    assert_string_equal(err.where, "step 41");
    assert_non_null(strstr(err.what, "exploded"));
    assert_non_null(strstr(err.cure, "learning rate"));
    state->values[3] = NAN;
    assert_false(tw_trainer_step(trainer, &work.batch, &work.targets, &adamw, 42, &result, &err));
    assert_string_equal(err.where, "step 42");
    assert_int_equal(state->updates, updates);
    tw_trainer_close(trainer);
    end_work(&work);
    tw_state_close(state);
}

static void targets_that_are_not_in_the_batch_are_refused(void **unused)
{
    (void)unused;
    struct tw_error err;
    struct tw_compute compute;
    struct work work;
    struct tw_model_config config = small_config();
    must(tw_compute_open("portable", &compute, &err), &err);
    struct tw_state *state = given_state(&config, all_parts);
    struct tw_trainer_options options = {.compute = &compute, .objective = everything};
    struct tw_trainer *trainer = given_trainer(state, &options);
    struct tw_step_result result;
    given_work(&work, &config, all_parts);
    must(tw_trainer_loss(trainer, &work.batch, &work.targets, &result, &err), &err);
    work.documents[0] = 3;
    assert_false(tw_trainer_loss(trainer, &work.batch, &work.targets, &result, &err));
    work.documents[0] = 2;
    work.entities[0].end = 40;
    assert_false(tw_trainer_loss(trainer, &work.batch, &work.targets, &result, &err));
    work.entities[0].end = 2;
    work.masked[1].id = 53;
    assert_false(tw_trainer_loss(trainer, &work.batch, &work.targets, &result, &err));
    work.masked[1].id = 0;
    work.masked[2].token = work.masked[1].token;
    assert_false(tw_trainer_loss(trainer, &work.batch, &work.targets, &result, &err));
    tw_trainer_close(trainer);
    end_work(&work);
    tw_state_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bert_learns_what_pytorch_learns),
        cmocka_unit_test(distilbert_learns_what_pytorch_learns),
        cmocka_unit_test(mpnet_learns_what_pytorch_learns),
        cmocka_unit_test(a_masked_language_model_learns_what_pytorch_learns),
        cmocka_unit_test(three_steps_end_where_those_of_pytorch_end),
        cmocka_unit_test(gradients_are_slopes_of_the_loss),
        cmocka_unit_test(gradients_are_slopes_of_the_loss_with_dropout),
        cmocka_unit_test(a_student_learns_its_teachers_hidden_states),
        cmocka_unit_test(a_student_learns_a_wider_teachers_hidden_states_through_a_projection),
        cmocka_unit_test(the_same_seed_and_threads_end_in_the_same_bits),
        cmocka_unit_test(threads_and_cuts_change_nothing_but_rounding),
        cmocka_unit_test(a_loss_falls),
        cmocka_unit_test(frozen_layers_stand_still),
        cmocka_unit_test(training_mode_without_dropout_computes_the_bits_of_inference),
        cmocka_unit_test(a_loss_that_is_no_number_ends_the_run_with_step_and_cure),
        cmocka_unit_test(targets_that_are_not_in_the_batch_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
