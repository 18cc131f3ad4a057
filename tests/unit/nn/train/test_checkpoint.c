/* checkpoint: a run that was cut and resumed ends in the bits of one that was not; what is saved is a
 * model. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/model_files.h"
#include "format/write.h"
#include "model/heads.h"
#include "random_model.h"
#include "train/checkpoint.h"
#include "train/trainer.h"

static void must(bool done, const struct tw_error *err)
{
    char line[1200] = "";
    if (!done)
        tw_error_line(err, line, sizeof line);
    assert_string_equal(line, "");
}

static const unsigned parts = TW_PART_DOCUMENT | TW_PART_ENTITY | TW_PART_MASKED;

static struct tw_state *given_state(uint64_t seed)
{
    struct tw_error err;
    struct tw_state *state;
    struct tw_model_config config = tw_config_shape(61, 16, 2, 2, 24, 12);
    struct tw_state_options options = {.config = &config, .parts = parts, .seed = seed};
    must(tw_state_open(&options, &state, &err), &err);
    return state;
}

/* A run whose steps are made from their numbers alone. */
struct run {
    struct tw_compute compute;
    struct tw_state *state;
    struct tw_trainer *trainer;
};

static void begin_run_on(const char *backend, struct run *run, struct tw_state *state)
{
    struct tw_error err;
    must(tw_compute_open(backend, &run->compute, &err), &err);
    struct tw_trainer_options options = {.threads = 2,
        .max_tokens = 24,
        .seed = 11,
        .compute = &run->compute,
        .dropout = {.hidden = 0.1f, .attention = 0.1f, .head = 0.1f},
        .objective = {.document = 1.0, .entity = 1.0, .masked = 1.0}};
    run->state = state;
    must(tw_trainer_open(state, &options, &run->trainer, &err), &err);
}

static void begin_run(struct run *run, struct tw_state *state)
{
    begin_run_on("fixed", run, state);
}

static void end_run(struct run *run)
{
    tw_trainer_close(run->trainer);
    tw_state_close(run->state);
}

static void take_step(struct run *run, uint64_t step)
{
    enum { COUNT = 6, LONGEST = 12 };
    struct tw_error err;
    struct tw_arena arena;
    struct tw_packed batch;
    int32_t ids[COUNT][LONGEST], labels[COUNT], entity_labels[COUNT];
    struct tw_sequence sequences[COUNT];
    struct tw_entity_span spans[COUNT];
    struct tw_masked masked[COUNT];
    uint32_t token = 0;
    for (size_t at = 0; at < COUNT; at++) {
        size_t length = 4 + (at + step) % 9;
        random_ids(step * 1000 + at * 50, 61, length, ids[at]);
        sequences[at] = (struct tw_sequence){ids[at], NULL, length};
        labels[at] = (int32_t)((at + step) % 3);
        entity_labels[at] = (int32_t)((at * step) % 3);
        spans[at] = (struct tw_entity_span){(uint32_t)at, 1, 3};
        masked[at] = (struct tw_masked){token + 1, ids[at][0]};
        token += (uint32_t)length;
    }
    must(tw_arena_begin(&arena, 1 << 16, &err), &err);
    must(tw_packed_build(sequences, COUNT, &run->state->model->config, &arena, &batch, &err), &err);
    struct tw_targets targets = {.documents = labels,
        .entities = spans,
        .entity_labels = entity_labels,
        .entity_count = COUNT,
        .masked = masked,
        .masked_count = COUNT};
    struct tw_adamw adamw = tw_adamw_defaults();
    struct tw_step_result result;
    adamw.rate = 1e-2 / (double)(step + 1);
    /* The lowest depth thaws at step 2: depths then differ in age. */
    tw_state_set_rates(run->state, 0.9, step < 2);
    must(tw_trainer_step(run->trainer, &batch, &targets, &adamw, step, &result, &err), &err);
    tw_arena_end(&arena);
}

static void expect_same(const struct tw_state *one, const struct tw_state *two)
{
    assert_int_equal(one->value_count, two->value_count);
    assert_int_equal(one->updates, two->updates);
    assert_memory_equal(one->ages, two->ages, one->depth_count * sizeof *one->ages);
    size_t bytes = one->value_count * sizeof(float);
    assert_memory_equal(one->values, two->values, bytes);
    assert_memory_equal(one->first_moments, two->first_moments, bytes);
    assert_memory_equal(one->second_moments, two->second_moments, bytes);
}

static struct tw_progress progress_at(const struct run *run, uint64_t step)
{
    struct tw_progress progress = {.step = step,
        .epoch = 2,
        .position = 1234567890123456789u,
        .seed = UINT64_MAX,
        .threads = 2,
        .best_metric = 0.1 + 0.2,
        .best_step = 3,
        .loss_mean = tw_trainer_loss_mean(run->trainer)};
    snprintf(
        progress.backend, sizeof progress.backend, "%s", tw_gemm_backend_name(run->compute.gemm.backend));
    snprintf(progress.kernels, sizeof progress.kernels, "%s", run->compute.kernels->name);
    return progress;
}

static void cut_and_resume(const char *backend)
{
    enum { STEPS = 7, CUT = 3 };
    struct tw_error err;
    char folder[64], path[512];
    struct run whole, first, second;
    struct tw_arena arena;
    given_folder(folder);
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    begin_run_on(backend, &whole, given_state(1));
    for (uint64_t step = 0; step < STEPS; step++)
        take_step(&whole, step);

    begin_run_on(backend, &first, given_state(1));
    for (uint64_t step = 0; step < CUT; step++)
        take_step(&first, step);
    struct tw_progress saved = progress_at(&first, CUT), loaded;
    struct tw_save_options options = {.run_json = "{\"schedule\":\"linear\",\"total\":7}"};
    must(tw_checkpoint_save(folder, first.state, &saved, &options, &err), &err);
    end_run(&first);

    bool found;
    const char *run_json;
    begin_run_on(backend, &second, given_state(99));
    must(tw_checkpoint_find(folder, path, sizeof path, &found, &err), &err);
    assert_true(found);
    must(tw_checkpoint_load(path, second.state, &loaded, &arena, &run_json, &err), &err);
    assert_memory_equal(&loaded, &saved, sizeof saved);
    assert_non_null(strstr(run_json, "linear"));
    tw_trainer_set_loss_mean(second.trainer, loaded.loss_mean);
    for (uint64_t step = loaded.step; step < STEPS; step++)
        take_step(&second, step);
    expect_same(whole.state, second.state);
    assert_true(tw_trainer_loss_mean(whole.trainer) == tw_trainer_loss_mean(second.trainer));
    end_run(&whole);
    end_run(&second);
    tw_arena_end(&arena);
    remove_folder(folder);
}

static void a_resumed_run_ends_in_the_bits_of_one_never_stopped(void **unused)
{
    (void)unused;
    cut_and_resume("fixed");
}

static void so_does_one_with_bf16_products(void **unused)
{
    (void)unused;
    cut_and_resume("bf16-portable");
}

static void only_the_newest_checkpoints_stay_and_half_made_ones_go(void **unused)
{
    (void)unused;
    struct tw_error err;
    char folder[64], path[512], left[512];
    struct run run;
    given_folder(folder);
    begin_run(&run, given_state(1));
    snprintf(left, sizeof left, "%s/.partial-abcdef", folder); /* of the best model */
    assert_int_equal(mkdir(left, 0755), 0);
    snprintf(left, sizeof left, "%s/checkpoint-9.partial-abcdef", folder);
    assert_int_equal(mkdir(left, 0755), 0);
    given_file(left, "model.safetensors", "half", 4);
    struct tw_save_options options = {.keep = 2};
    bool found;
    must(tw_checkpoint_find(folder, path, sizeof path, &found, &err), &err);
    assert_false(found);
    for (uint64_t step = 8; step < 12; step++) {
        struct tw_progress progress = progress_at(&run, step);
        must(tw_checkpoint_save(folder, run.state, &progress, &options, &err), &err);
    }
    assert_int_not_equal(access(left, F_OK), 0);
    snprintf(left, sizeof left, "%s/.partial-abcdef", folder);
    assert_int_not_equal(access(left, F_OK), 0);
    must(tw_checkpoint_find(folder, path, sizeof path, &found, &err), &err);
    assert_true(found);
    assert_non_null(strstr(path, "checkpoint-11"));
    snprintf(left, sizeof left, "%s/checkpoint-10", folder);
    assert_int_equal(access(left, F_OK), 0);
    snprintf(left, sizeof left, "%s/checkpoint-9", folder);
    assert_int_not_equal(access(left, F_OK), 0);
    end_run(&run);
    remove_folder(folder);
}

static void a_checkpoint_of_another_shape_is_refused_by_name(void **unused)
{
    (void)unused;
    struct tw_error err;
    char folder[64], path[512];
    struct run run;
    struct tw_arena arena;
    given_folder(folder);
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    begin_run(&run, given_state(1));
    struct tw_progress progress = progress_at(&run, 1);
    struct tw_save_options options = {0};
    must(tw_checkpoint_save(folder, run.state, &progress, &options, &err), &err);
    end_run(&run);
    struct tw_state *other;
    struct tw_model_config config = tw_config_shape(61, 16, 3, 2, 24, 12);
    struct tw_state_options shape = {.config = &config, .parts = parts, .seed = 1};
    must(tw_state_open(&shape, &other, &err), &err);
    bool found;
    must(tw_checkpoint_find(folder, path, sizeof path, &found, &err), &err);
    assert_false(tw_checkpoint_load(path, other, &progress, &arena, NULL, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.what, "bert.encoder.layer.2."));
    tw_state_close(other);
    tw_arena_end(&arena);
    remove_folder(folder);
}

/* Puts `bytes` in the place of training.json. */
static void put_record(const char *path, const char *bytes)
{
    char record[600];
    snprintf(record, sizeof record, "%s/training.json", path);
    FILE *file = fopen(record, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, strlen(bytes), 1, file), 1);
    assert_int_equal(fclose(file), 0);
}

static void a_record_whose_run_is_no_object_is_refused_as_wrong(void **unused)
{
    (void)unused;
    struct tw_error err;
    char folder[64], path[512];
    struct run run;
    struct tw_arena arena;
    const char *run_json;
    bool found;
    given_folder(folder);
    must(tw_arena_begin(&arena, 1 << 20, &err), &err);
    begin_run(&run, given_state(1));
    struct tw_progress progress = progress_at(&run, 1);
    struct tw_save_options options = {0};
    must(tw_checkpoint_save(folder, run.state, &progress, &options, &err), &err);
    must(tw_checkpoint_find(folder, path, sizeof path, &found, &err), &err);
    put_record(path,
        "{\"step\":\"1\",\"epoch\":\"0\",\"position\":\"0\",\"seed\":\"1\",\"threads\":\"1\",\"best_step\":\"0\","
        "\"best_metric\":\"0x0p+0\",\"loss_mean\":\"0x0p+0\",\"updates\":\"1\",\"backend\":\"own\",\"kernels\":\"portable\","
        "\"run\":5}");
    assert_false(tw_checkpoint_load(path, run.state, &progress, &arena, &run_json, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.what, "not the record of a training run");
    end_run(&run);
    tw_arena_end(&arena);
    remove_folder(folder);
}

static void read_back(const char *folder, const struct tw_state *state, double tolerance)
{
    struct tw_error err;
    struct tw_model *model;
    must(tw_model_open(
             folder, &(struct tw_model_options){.need_head = true, .with_masked_head = true}, &model, &err),
        &err);
    assert_int_equal(model->parameter_count, state->model->parameter_count);
    for (size_t at = 0; at < model->parameter_count; at++) {
        const struct tw_parameter *got = &model->parameters[at], *wanted = &state->model->parameters[at];
        assert_string_equal(got->name, wanted->name);
        for (size_t value = 0; value < got->rows * got->columns; value++) {
            double away = fabs((double)got->values[value] - (double)wanted->values[value]);
            assert_true(away <= tolerance * fabs((double)wanted->values[value]) + tolerance * 1e-4);
        }
    }
    assert_true(model->config.temperature.base == 1.25f && model->config.temperature.exponent == 0.5f);
    assert_true(model->config.entity_temperature.exponent == 0.5f);
    assert_true(model->has_head && model->has_entity_head && model->has_masked_head);
    tw_model_close(model);
}

static void a_saved_model_is_read_back_in_every_dtype(void **unused)
{
    (void)unused;
    static const struct {
        enum tw_dtype dtype;
        double tolerance;
    } cases[] = {{TW_F32, 0.0}, {TW_F16, 0x1p-11}, {TW_BF16, 0x1p-8}};
    struct tw_error err;
    struct tw_state *state = given_state(4);
    state->values[0] = 6.0e-8f;
    state->values[1] = -65504.0f;
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char folder[64], again[80];
        given_folder(folder);
        snprintf(again, sizeof again, "%s/new", folder);
        struct tw_save_options options = {.dtype = cases[at].dtype,
            .temperature = {1.25f, 0.5f},
            .own_json = "{\"seed\": 4}",
            .card = "# A model\n",
            .vocabulary = tw_text_of("[PAD]\n")};
        must(tw_model_save(folder, state, &options, &err), &err);
        read_back(folder, state, cases[at].tolerance);
        must(tw_model_save(folder, state, &options, &err), &err);
        must(tw_model_save(again, state, &options, &err), &err);
        read_back(again, state, cases[at].tolerance);
        remove_folder(folder);
    }
    tw_state_close(state);
}

/* A model whose weights, config and vocabulary say which one it is. */
static void save_numbered(const char *folder, struct tw_state *state, double number)
{
    struct tw_error err;
    char vocabulary[32];
    snprintf(vocabulary, sizeof vocabulary, "%.1f\n", number);
    struct tw_save_options options = {
        .temperature.base = (float)number, .vocabulary = tw_text_of(vocabulary)};
    state->values[0] = (float)number;
    must(tw_model_save(folder, state, &options, &err), &err);
}

static void a_config_beside_the_weights_of_another_model_is_refused(void **unused)
{
    (void)unused;
    struct tw_error err = {0};
    struct tw_state *state = given_state(4);
    struct tw_model *model;
    char folder[64], config[80], weights[80];
    given_folder(folder);
    given_file(folder, "run.yaml", "", 0);
    save_numbered(folder, state, 1.5);
    snprintf(config, sizeof config, "%s/config.json", folder);
    snprintf(weights, sizeof weights, "%s/kept", folder);
    assert_int_equal(rename(config, weights), 0);
    save_numbered(folder, state, 2.5);
    assert_int_equal(rename(weights, config), 0); /* as cp does it that ends in between */
    assert_false(tw_model_open(folder, NULL, &model, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_string_equal(err.where, "config.json");
    assert_non_null(strstr(err.what, "it belongs to other weights"));
    save_numbered(folder, state, 2.5);
    must(tw_model_open(folder, NULL, &model, &err), &err);
    tw_model_close(model);
    tw_state_close(state);
    remove_folder(folder);
}

/* Opens the folder `pause_us` after its files were taken, and tells which model it was. */
static double read_numbered(const char *folder, unsigned pause_us)
{
    struct tw_error err;
    struct tw_snapshot files;
    struct tw_model *model;
    struct tw_arena arena;
    struct tw_text text;
    must(tw_model_files_take(folder, &files, &err), &err);
    usleep(pause_us);
    must(tw_model_open_from(&files, NULL, &model, &err), &err);
    must(tw_arena_begin(&arena, 4096, &err), &err);
    must(tw_snapshot_read(&files, TW_FILE_VOCABULARY, 64, &arena, &text, &err), &err);
    double number = (double)model->config.temperature.base;
    assert_true((double)model->words[0] == number);
    assert_true(strtod(text.bytes, NULL) == number);
    tw_arena_end(&arena);
    tw_model_close(model);
    tw_snapshot_drop(&files);
    return number;
}

/* A run of its own process that replaces the model `times` times. */
static pid_t given_run(const char *folder, struct tw_state *state, int times, unsigned pause_us)
{
    pid_t run = fork();
    assert_true(run >= 0);
    if (run > 0)
        return run;
    for (int time = 0; time < times; time++) {
        save_numbered(folder, state, 1 + time % 7);
        usleep(pause_us);
    }
    _exit(0);
}

static void read_while_a_run_replaces(struct tw_state *state)
{
    enum { TIMES = 200, PAUSE_US = 2000 };
    static const unsigned paces_us[] = {0, 500, 3 * PAUSE_US};
    char folder[64];
    int status, opened = 0, changes = 0;
    given_folder(folder);
    given_file(folder, "run.yaml", "", 0);
    save_numbered(folder, state, 1);
    pid_t run = given_run(folder, state, TIMES, PAUSE_US);
    for (double last = 1; waitpid(run, &status, WNOHANG) == 0; opened++) {
        double number = read_numbered(folder, paces_us[opened % 3]);
        changes += number != last;
        last = number;
    }
    assert_int_equal(status, 0);
    assert_true(opened > 0 && changes > 0);
    remove_folder(folder);
}

/* A matter of chance: TW_REPEAT=1000 with something else busy on each processor is the trial that counts. */
static void a_model_opened_while_a_run_replaces_it_is_the_one_or_the_other(void **unused)
{
    (void)unused;
    struct tw_state *state = given_state(4);
    for (size_t repeat = wanted_repeats(); repeat > 0; repeat--)
        read_while_a_run_replaces(state);
    tw_state_close(state);
}

static void a_run_that_was_killed_while_it_replaced_leaves_the_new_model(void **unused)
{
    (void)unused;
    struct tw_state *state = given_state(4);
    char folder[64], incoming[80], from[128], to[128];
    given_folder(folder);
    given_file(folder, "run.yaml", "", 0);
    save_numbered(folder, state, 1);
    snprintf(incoming, sizeof incoming, "%s/.incoming", folder);
    save_numbered(incoming, state, 2); /* the step is done, none of its files is moved */
    assert_true(read_numbered(folder, 0) == 2);
    snprintf(from, sizeof from, "%s/config.json", incoming);
    snprintf(to, sizeof to, "%s/config.json", folder);
    assert_int_equal(rename(from, to), 0); /* one is moved */
    assert_true(read_numbered(folder, 0) == 2);
    save_numbered(folder, state, 3); /* the next run */
    assert_true(read_numbered(folder, 0) == 3);
    assert_int_not_equal(access(incoming, F_OK), 0);
    remove_folder(folder);
    tw_state_close(state);
}

static void a_value_that_f16_cannot_hold_is_refused(void **unused)
{
    (void)unused;
    struct tw_error err;
    struct tw_state *state = given_state(4);
    char folder[64], inner[80];
    given_folder(folder);
    snprintf(inner, sizeof inner, "%s/model", folder);
    state->values[0] = 70000.0f;
    struct tw_save_options options = {.dtype = TW_F16};
    assert_false(tw_model_save(inner, state, &options, &err));
    assert_int_equal(err.code, TW_CONFIG);
    assert_non_null(strstr(err.what, "word_embeddings"));
    assert_int_not_equal(access(inner, F_OK), 0);
    remove_folder(folder);
    tw_state_close(state);
}

static void an_output_that_cannot_be_made_says_so(void **unused)
{
    (void)unused;
    struct tw_error err;
    struct tw_state *state = given_state(4);
    struct tw_save_options options = {0};
    struct tw_progress progress = {0};
    assert_false(tw_model_save("/proc/nothing/model", state, &options, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    assert_false(tw_checkpoint_save("/proc/nothing", state, &progress, &options, &err));
    assert_int_equal(err.code, TW_OUTPUT);
    tw_state_close(state);
}

static void a_student_takes_chosen_layers_and_words(void **unused)
{
    (void)unused;
    struct tw_error err;
    char folder[64];
    struct tw_state *teacher = given_state(4), *student;
    given_folder(folder);
    struct tw_save_options save = {0};
    must(tw_model_save(folder, teacher, &save, &err), &err);
    static const size_t layers[] = {1};
    static const int32_t words[] = {0, 7, 60};
    struct tw_state_options options = {.folder = folder,
        .parts = TW_PART_DOCUMENT | TW_PART_MASKED,
        .layers = layers,
        .layer_count = 1,
        .words = words,
        .word_count = 3,
        .seed = 1};
    must(tw_state_open(&options, &student, &err), &err);
    assert_int_equal(student->model->config.layers, 1);
    assert_int_equal(student->model->config.vocabulary, 3);
    assert_memory_equal(
        student->model->layers[0].up.weight, teacher->model->layers[1].up.weight, 24 * 16 * 4);
    assert_memory_equal(student->model->words + 16, teacher->model->words + 7 * 16, 16 * 4);
    assert_true(student->model->masked_bias[2] == teacher->model->masked_bias[60]);
    assert_memory_equal(student->model->classifier.weight, teacher->model->classifier.weight, 3 * 16 * 4);
    assert_false(student->model->has_entity_head);
    tw_state_close(student);
    options.words = NULL;
    options.fresh_heads = true;
    must(tw_state_open(&options, &student, &err), &err);
    assert_memory_not_equal(student->model->classifier.weight, teacher->model->classifier.weight, 3 * 16 * 4);
    tw_state_close(student);
    options.layers = (const size_t[]){2};
    assert_false(tw_state_open(&options, &student, &err));
    assert_int_equal(err.code, TW_CONFIG);
    tw_state_close(teacher);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_run_ends_in_the_bits_of_one_never_stopped),
        cmocka_unit_test(so_does_one_with_bf16_products),
        cmocka_unit_test(only_the_newest_checkpoints_stay_and_half_made_ones_go),
        cmocka_unit_test(a_checkpoint_of_another_shape_is_refused_by_name),
        cmocka_unit_test(a_record_whose_run_is_no_object_is_refused_as_wrong),
        cmocka_unit_test(a_saved_model_is_read_back_in_every_dtype),
        cmocka_unit_test(a_config_beside_the_weights_of_another_model_is_refused),
        cmocka_unit_test(a_model_opened_while_a_run_replaces_it_is_the_one_or_the_other),
        cmocka_unit_test(a_run_that_was_killed_while_it_replaced_leaves_the_new_model),
        cmocka_unit_test(a_value_that_f16_cannot_hold_is_refused),
        cmocka_unit_test(an_output_that_cannot_be_made_says_so),
        cmocka_unit_test(a_student_takes_chosen_layers_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
