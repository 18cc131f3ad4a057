#include "train/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "format/write.h"

enum { PATH_BYTES = TW_FOLDER_PATH };

static const char *const checkpoint_prefix = "checkpoint-";
static const size_t file_most_bytes = (size_t)64 << 20;

/* --- a model -------------------------------------------------------------------------------------------- */

static const char *architecture_of(const struct tw_model *model)
{
    return model->has_head ? "ForSequenceClassification" : model->has_masked_head ? "ForMaskedLM" : "Model";
}

/* One tensor a parameter, from any array of the state's layout. A projection belongs to the run, not to the
 * model. */
static size_t list_tensors(const struct tw_state *state, const char *prefix, const float *values, bool of_run,
    struct tw_tensor_values *out)
{
    const struct tw_model *model = state->model;
    size_t count = 0;
    for (size_t at = 0; at < model->parameter_count; at++) {
        const struct tw_parameter *parameter = &model->parameters[at];
        if (!of_run && model->has_projection && parameter->values == model->projection.weight)
            continue;
        out[count++] = (struct tw_tensor_values){.prefix = prefix,
            .name = parameter->name,
            .values = values + parameter->offset,
            .rows = parameter->vector ? 0 : parameter->rows,
            .columns = parameter->columns};
    }
    return count;
}

/* Files of `parts` arrays, in one safetensors file. */
struct array {
    const char *prefix;
    const float *values;
};

static bool write_arrays(const char *folder, const char *name, const struct tw_state *state,
    enum tw_dtype dtype, bool of_run, const struct array *arrays, size_t count, struct tw_error *err)
{
    char path[PATH_BYTES];
    if (!tw_path_join(path, sizeof path, folder, name, err))
        return false;
    struct tw_tensor_values *tensors = calloc(count * state->model->parameter_count, sizeof *tensors);
    if (!tensors)
        return tw_fail(err, TW_INTERNAL, path, NULL, "out of memory");
    size_t listed = 0;
    for (size_t at = 0; at < count; at++)
        listed += list_tensors(state, arrays[at].prefix, arrays[at].values, of_run, tensors + listed);
    bool done = tw_safetensors_write(path, dtype, tensors, listed, err);
    free(tensors);
    return done;
}

static bool write_text(const char *folder, const char *name, struct tw_text text, struct tw_error *err)
{
    char path[PATH_BYTES];
    return tw_path_join(path, sizeof path, folder, name, err) && tw_bytes_write(path, text, err);
}

/* The tokenizer's files as they are; a vocabulary given instead makes those that repeat the old one wrong. */
static bool copy_tokenizer(const char *folder, const struct tw_save_options *options, struct tw_error *err)
{
    static const struct {
        const char *name;
        bool repeats;
    } files[] = {{"vocab.txt", true}, {"tokenizer.json", true}, {"added_tokens.json", true},
        {"tokenizer_config.json", false}, {"special_tokens_map.json", false}};
    if (options->vocabulary.length > 0 && !write_text(folder, "vocab.txt", options->vocabulary, err))
        return false;
    for (size_t at = 0; options->tokenizer_folder && at < sizeof files / sizeof files[0]; at++) {
        char from[PATH_BYTES];
        struct tw_loaded_file file;
        if (files[at].repeats && options->vocabulary.length > 0)
            continue;
        if (!tw_path_join(from, sizeof from, options->tokenizer_folder, files[at].name, err))
            return false;
        if (access(from, F_OK) != 0)
            continue;
        if (!tw_file_load(from, &file, err))
            return false;
        bool done = write_text(folder, files[at].name, (struct tw_text){file.bytes, file.length}, err);
        tw_file_unload(&file);
        if (!done)
            return false;
    }
    return true;
}

/* `weights`: SHA-256 of the weights beside it. */
static bool write_config(const char *folder, const struct tw_state *state, enum tw_dtype dtype,
    const char *weights, const struct tw_save_options *options, struct tw_error *err)
{
    char path[PATH_BYTES];
    struct tw_model_config config = state->model->config;
    if (options->temperature.base > 0.0f)
        config.temperature = options->temperature;
    memcpy(config.weights, weights, sizeof config.weights);
    struct tw_config_facts facts = {
        .architecture = architecture_of(state->model),
        .name = options->name,
        .dtype = dtype,
        .hidden_dropout = options->hidden_dropout > 0.0f ? options->hidden_dropout : 0.1f,
        .attention_dropout = options->attention_dropout > 0.0f ? options->attention_dropout : 0.1f,
        .own_json = options->own_json,
    };
    return tw_path_join(path, sizeof path, folder, "config.json", err) &&
           tw_config_write(path, &config, &facts, err);
}

static bool hash_file(const char *folder, const char *name, char hex[65], struct tw_error *err)
{
    char path[PATH_BYTES];
    uint64_t bytes;
    return tw_path_join(path, sizeof path, folder, name, err) && tw_file_sha256_hex(path, hex, &bytes, err);
}

/* `weights` receives the SHA-256 of model.safetensors. */
static bool write_model(const char *folder, const struct tw_state *state, enum tw_dtype dtype, bool of_run,
    const struct tw_save_options *options, char weights[65], struct tw_error *err)
{
    const struct array values = {NULL, state->values};
    if (options->card && !write_text(folder, "README.md", tw_text_of(options->card), err))
        return false;
    return copy_tokenizer(folder, options, err) &&
           write_arrays(folder, "model.safetensors", state, dtype, of_run, &values, 1, err) &&
           hash_file(folder, "model.safetensors", weights, err) &&
           write_config(folder, state, dtype, weights, options, err);
}

bool tw_model_save(const char *folder, const struct tw_state *state, const struct tw_save_options *options,
    struct tw_error *err)
{
    char partial[PATH_BYTES], weights[65];
    enum tw_dtype dtype = options->dtype == TW_F16 || options->dtype == TW_BF16 ? options->dtype : TW_F32;
    if (!tw_folder_begin(folder, partial, err))
        return false;
    if (write_model(partial, state, dtype, false, options, weights, err) &&
        tw_folder_finish(partial, folder, err))
        return true;
    tw_folder_remove(partial);
    return false;
}

/* --- where a run stands --------------------------------------------------------------------------------- */

/* Fields of struct tw_progress by name; numbers as text, doubles in hexadecimal: exact, and safe from readers
 * that make doubles of everything. */
static const struct {
    const char *key;
    size_t field;
    bool real;
} progress_fields[] = {
    {"step", offsetof(struct tw_progress, step), false},
    {"epoch", offsetof(struct tw_progress, epoch), false},
    {"position", offsetof(struct tw_progress, position), false},
    {"seed", offsetof(struct tw_progress, seed), false},
    {"threads", offsetof(struct tw_progress, threads), false},
    {"best_step", offsetof(struct tw_progress, best_step), false},
    {"best_metric", offsetof(struct tw_progress, best_metric), true},
    {"loss_mean", offsetof(struct tw_progress, loss_mean), true},
};

static void set_field(json_t *root, size_t row, const struct tw_progress *progress)
{
    const char *from = (const char *)progress + progress_fields[row].field;
    char text[64];
    if (progress_fields[row].real) {
        double value;
        memcpy(&value, from, sizeof value);
        snprintf(text, sizeof text, "%a", value);
    } else {
        uint64_t value;
        memcpy(&value, from, sizeof value);
        snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    }
    json_object_set_new(root, progress_fields[row].key, json_string(text));
}

static bool get_field(json_t *root, size_t row, struct tw_progress *progress)
{
    const char *text = json_string_value(json_object_get(root, progress_fields[row].key));
    char *to = (char *)progress + progress_fields[row].field, *end = NULL;
    if (!text || !*text)
        return false;
    if (progress_fields[row].real) {
        double value = strtod(text, &end);
        memcpy(to, &value, sizeof value);
    } else {
        uint64_t value = strtoull(text, &end, 10);
        memcpy(to, &value, sizeof value);
    }
    return *end == '\0';
}

/* The tensors of a checkpoint by what the record calls their SHA-256. */
enum { WEIGHTS, OPTIMIZER, TENSOR_FILES };
static const struct {
    const char *key, *name;
} tensor_files[TENSOR_FILES] = {
    [WEIGHTS] = {"weights", "model.safetensors"}, [OPTIMIZER] = {"optimizer", "optimizer.safetensors"}};

/* A byte that changed on the disk would change where the run ends, and nobody would know. */
static bool check_hashes(json_t *root, const char *folder, struct tw_error *err)
{
    for (size_t at = 0; at < TENSOR_FILES; at++) {
        char hex[65];
        const char *wanted = json_string_value(json_object_get(root, tensor_files[at].key));
        if (!wanted)
            return tw_fail(err, TW_CONFIG, "training.json", "start the run anew", "it names no \"%s\"",
                       tensor_files[at].key) ||
                   tw_error_in(err, folder);
        if (!hash_file(folder, tensor_files[at].name, hex, err))
            return false;
        if (strcmp(wanted, hex) != 0)
            return tw_fail(err, TW_CONFIG, tensor_files[at].name,
                       "remove this checkpoint: the run goes on from the one before, or begins anew",
                       "its bytes changed since they were written: SHA-256 %.12s.., written was %.12s..", hex,
                       wanted) ||
                   tw_error_in(err, folder);
    }
    return true;
}

static bool write_progress(const char *folder, const struct tw_state *state,
    const struct tw_progress *progress, char hashes[TENSOR_FILES][65], const char *run_json,
    struct tw_error *err)
{
    json_error_t fault;
    json_t *run = run_json ? json_loads(run_json, 0, &fault) : NULL;
    if (run_json && !json_is_object(run)) {
        json_decref(run);
        return tw_fail(err, TW_INTERNAL, "training.json", NULL, "the run's own facts are not a JSON object");
    }
    json_t *root = json_object();
    for (size_t row = 0; row < sizeof progress_fields / sizeof progress_fields[0]; row++)
        set_field(root, row, progress);
    char updates[32];
    snprintf(updates, sizeof updates, "%llu", (unsigned long long)state->updates);
    json_object_set_new(root, "updates", json_string(updates));
    json_t *ages = json_array();
    for (size_t depth = 0; depth < state->depth_count; depth++)
        json_array_append_new(ages, json_integer((json_int_t)state->ages[depth]));
    json_object_set_new(root, "ages", ages);
    json_object_set_new(root, "backend", json_string(progress->backend));
    json_object_set_new(root, "kernels", json_string(progress->kernels));
    if (run)
        json_object_set_new(root, "run", run);
    for (size_t at = 0; at < TENSOR_FILES; at++)
        json_object_set_new(root, tensor_files[at].key, json_string(hashes[at]));
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text)
        return tw_fail(err, TW_INTERNAL, "training.json", NULL, "out of memory");
    bool done = write_text(folder, "training.json", tw_text_of(text), err);
    free(text);
    return done;
}

/* --- checkpoints ---------------------------------------------------------------------------------------- */

/* The step of a checkpoint's name; false for any other name. */
static bool step_of(const char *name, uint64_t *step)
{
    size_t prefix = strlen(checkpoint_prefix);
    if (strncmp(name, checkpoint_prefix, prefix) != 0 || name[prefix] < '0' || name[prefix] > '9')
        return false;
    char *end;
    *step = strtoull(name + prefix, &end, 10);
    return *end == '\0';
}

struct found {
    uint64_t steps[256];
    size_t count;
};

/* Checkpoints below the folder, newest first. */
static void list_checkpoints(const char *folder, struct found *found)
{
    DIR *listed = opendir(folder);
    found->count = 0;
    for (struct dirent *entry; listed && (entry = readdir(listed));) {
        uint64_t step;
        if (!step_of(entry->d_name, &step) || found->count == sizeof found->steps / sizeof found->steps[0])
            continue;
        size_t at = found->count++;
        for (; at > 0 && found->steps[at - 1] < step; at--)
            found->steps[at] = found->steps[at - 1];
        found->steps[at] = step;
    }
    if (listed)
        closedir(listed);
}

static bool checkpoint_path(char path[PATH_BYTES], const char *folder, uint64_t step, struct tw_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%s%llu", checkpoint_prefix, (unsigned long long)step);
    return tw_path_join(path, PATH_BYTES, folder, name, err);
}

static void remove_old(const char *folder, size_t keep)
{
    struct found found;
    struct tw_error ignored;
    char path[PATH_BYTES];
    list_checkpoints(folder, &found);
    for (size_t at = keep; at < found.count; at++) {
        if (checkpoint_path(path, folder, found.steps[at], &ignored))
            tw_folder_remove(path);
    }
}

static bool write_checkpoint(const char *partial, const struct tw_state *state,
    const struct tw_progress *progress, const struct tw_save_options *options, struct tw_error *err)
{
    const struct array moments[] = {
        {"m.", state->first_moments}, {"v.", state->second_moments}, {"a.", state->averages}};
    char hashes[TENSOR_FILES][65];
    return write_model(partial, state, TW_F32, true, options, hashes[WEIGHTS], err) &&
           write_arrays(partial, "optimizer.safetensors", state, TW_F32, true, moments,
               state->averages ? 3 : 2, err) &&
           hash_file(partial, tensor_files[OPTIMIZER].name, hashes[OPTIMIZER], err) &&
           write_progress(partial, state, progress, hashes, options->run_json, err);
}

bool tw_checkpoint_save(const char *folder, const struct tw_state *state, const struct tw_progress *progress,
    const struct tw_save_options *options, struct tw_error *err)
{
    char path[PATH_BYTES], partial[PATH_BYTES];
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return tw_fail_errno(
            err, TW_OUTPUT, folder, "check the folder above and its permissions", "cannot create the folder");
    tw_folder_clean(folder);
    if (!checkpoint_path(path, folder, progress->step, err) || !tw_folder_begin(path, partial, err))
        return false;
    if (!write_checkpoint(partial, state, progress, options, err) || !tw_folder_finish(partial, path, err)) {
        tw_folder_remove(partial);
        return false;
    }
    remove_old(folder, options->keep ? options->keep : 1);
    return true;
}

bool tw_checkpoint_find(const char *folder, char *path, size_t size, bool *found, struct tw_error *err)
{
    struct found list;
    char newest[PATH_BYTES];
    list_checkpoints(folder, &list);
    *found = list.count > 0;
    if (!*found)
        return true;
    if (!checkpoint_path(newest, folder, list.steps[0], err))
        return false;
    int wrote = snprintf(path, size, "%s", newest);
    return (wrote >= 0 && (size_t)wrote < size) ||
           tw_fail(err, TW_USAGE, folder, "give a shorter path", "path too long");
}

/* --- loading -------------------------------------------------------------------------------------------- */

static bool load_tensor(const struct tw_safetensors *file, const char *prefix,
    const struct tw_parameter *parameter, float *to, struct tw_error *err)
{
    char name[512];
    snprintf(name, sizeof name, "%s%s", prefix, parameter->name);
    const struct tw_tensor *tensor = tw_safetensors_find(file, name);
    size_t count = parameter->rows * parameter->columns;
    size_t dimensions = parameter->vector ? 1 : 2;
    if (!tensor)
        return tw_fail(err, TW_CONFIG, "checkpoint", "resume with the settings it was begun with",
            "no tensor \"%.200s\"", name);
    bool fits = tensor->dtype == TW_F32 && tensor->dimensions == dimensions &&
                tensor->shape[dimensions - 1] == parameter->columns && tensor->elements == count;
    char have[160];
    if (!fits)
        return tw_fail(err, TW_CONFIG, "checkpoint", "resume with the settings it was begun with",
            "tensor \"%.200s\" is %s %s, wanted is F32 [%zu, %zu]", name, tw_dtype_name(tensor->dtype),
            tw_shape_text(tensor->shape, tensor->dimensions, have, sizeof have), parameter->rows,
            parameter->columns);
    memcpy(to, tensor->data, count * sizeof *to);
    return true;
}

static bool load_file(const char *folder, const char *name, const struct tw_state *state,
    const char *const *prefixes, float *const *arrays, size_t count, struct tw_error *err)
{
    char path[PATH_BYTES];
    struct tw_safetensors file;
    if (!tw_path_join(path, sizeof path, folder, name, err))
        return false;
    if (!tw_safetensors_open(path, &file, err)) {
        snprintf(err->cure, sizeof err->cure, "begin anew in another folder");
        return tw_error_in(err, folder);
    }
    bool done = true;
    for (size_t array = 0; done && array < count; array++) {
        for (size_t at = 0; done && at < state->model->parameter_count; at++) {
            const struct tw_parameter *parameter = &state->model->parameters[at];
            done = load_tensor(&file, prefixes[array], parameter, arrays[array] + parameter->offset, err);
        }
    }
    tw_safetensors_close(&file);
    return done || tw_error_in(err, folder);
}

static bool take_run(json_t *root, struct tw_arena *arena, const char **run_json, struct tw_error *err)
{
    json_t *run = json_object_get(root, "run");
    if (!run || !run_json)
        return true;
    char *text = json_dumps(run, JSON_COMPACT);
    *run_json = text ? tw_arena_copy(arena, tw_text_of(text)).bytes : NULL;
    free(text);
    return *run_json || tw_arena_fail(arena, err);
}

static bool read_ages(json_t *ages, const struct tw_state *state)
{
    if (!json_is_array(ages) || json_array_size(ages) != state->depth_count)
        return false;
    for (size_t depth = 0; depth < state->depth_count; depth++)
        state->ages[depth] = (uint64_t)json_integer_value(json_array_get(ages, depth));
    return true;
}

static bool read_root(json_t *root, struct tw_progress *progress, uint64_t *updates)
{
    for (size_t row = 0; row < sizeof progress_fields / sizeof progress_fields[0]; row++) {
        if (!get_field(root, row, progress))
            return false;
    }
    const char *count = json_string_value(json_object_get(root, "updates"));
    const char *backend = json_string_value(json_object_get(root, "backend"));
    const char *kernels = json_string_value(json_object_get(root, "kernels"));
    const json_t *run = json_object_get(root, "run");
    if (!count || !backend || !kernels || (run && !json_is_object(run)))
        return false;
    char *end;
    *updates = strtoull(count, &end, 10);
    snprintf(progress->backend, sizeof progress->backend, "%s", backend);
    snprintf(progress->kernels, sizeof progress->kernels, "%s", kernels);
    return *end == '\0';
}

static bool fail_record(const char *path, struct tw_error *err)
{
    return tw_fail(err, TW_CONFIG, path, "start the run anew", "not the record of a training run");
}

/* NULL on failure. */
static json_t *open_record(const char *path, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_text text;
    json_error_t fault;
    if (!tw_file_read(path, file_most_bytes, arena, &text, err))
        return NULL;
    json_t *root = json_loadb(text.bytes, text.length, 0, &fault);
    if (!root)
        fail_record(path, err);
    return root;
}

static bool load_tensors(const char *folder, const struct tw_state *state, struct tw_error *err)
{
    static const char *const none[] = {""}, *const prefixes[] = {"m.", "v.", "a."};
    float *const values[] = {state->values}, *const moments[] = {state->first_moments, state->second_moments,
                                                 state->averages};
    return load_file(folder, "model.safetensors", state, none, values, 1, err) &&
           load_file(folder, "optimizer.safetensors", state, prefixes, moments, state->averages ? 3 : 2, err);
}

bool tw_checkpoint_load(const char *path, struct tw_state *state, struct tw_progress *progress,
    struct tw_arena *arena, const char **run_json, struct tw_error *err)
{
    char record[PATH_BYTES];
    uint64_t updates = 0;
    *progress = (struct tw_progress){0};
    if (run_json)
        *run_json = NULL;
    if (!tw_path_join(record, sizeof record, path, "training.json", err))
        return false;
    json_t *root = open_record(record, arena, err);
    if (!root)
        return false;
    /* What the caller knows the run by comes first: it may say more than a tensor that does not fit. */
    bool done = read_root(root, progress, &updates)
                    ? take_run(root, arena, run_json, err) && load_tensors(path, state, err) &&
                          check_hashes(root, path, err)
                    : fail_record(record, err);
    if (done && !read_ages(json_object_get(root, "ages"), state))
        done = fail_record(record, err);
    json_decref(root);
    if (done)
        state->updates = updates;
    return done;
}
