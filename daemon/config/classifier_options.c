#include "config/classifier_options.h"

#include "config/model_precision.h"
#include "config/own_files.h"
#include "score/classify.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool check_configured(const char *path, struct tw_error *err)
{
    static const char cure[] = "put the model there, or correct model.path";
    struct stat status;
    if (stat(path, &status) != 0)
        return tw_fail_errno(err, TW_CONFIG, path, cure, "the folder that model.path names cannot be had");
    return S_ISDIR(status.st_mode) || tw_fail(err, TW_CONFIG, path, cure, "model.path names no folder");
}

/* The program's own model; *beside: where the build has put that with 8-bit weights, NULL: by the name. */
static bool find_own(char *path, size_t size, const char **beside, struct tw_error *err)
{
    *beside = NULL;
    if (!tw_own_file("model", path, size) || !is_folder(path))
        return tw_fail(err, TW_CONFIG, path, "name a model folder with -m, or set model.path",
            "no model came with this program: there is no ../share/tapewatch/model");
    if (strcmp(path, TW_SOURCE_DIR "/config/model") == 0)
        *beside = TW_BINARY_DIR "/model-int8";
    return true;
}

static bool find_folder(const struct tw_config *config, struct tw_arena *arena, const char **out,
    const char **beside, struct tw_error *err)
{
    char own[PATH_MAX];
    *out = config->model.path;
    *beside = NULL;
    if (config->model.path[0])
        return check_configured(config->model.path, err);
    if (!find_own(own, sizeof own, beside, err))
        return false;
    *out = tw_arena_copy(arena, tw_text_of(own)).bytes;
    return *out || tw_arena_fail(arena, err);
}

bool tw_config_model_folder(
    const struct tw_config *config, struct tw_arena *arena, const char **out, struct tw_error *err)
{
    const char *beside;
    return find_folder(config, arena, out, &beside, err);
}

/* The folder, and which weights of it, as far as one is needed. */
static bool choose_folder(const struct tw_config *config, const struct tw_model_asked *asked,
    struct tw_arena *arena, struct tw_classifier_options *out, struct tw_error *err)
{
    const char *beside = NULL;
    struct tw_model_choice choice;
    if (out->constant && !config->model.path[0])
        return true;
    if (!asked->folder && !find_folder(config, arena, &out->folder, &beside, err))
        return false;
    /* A folder that is named is that one, unless the precision is named too. */
    if (out->constant || asked->tokenizer_only || (asked->folder && !asked->names_precision))
        return true;
    if (!tw_model_precision_choose(asked->names_precision ? asked->precision : config->model.precision,
            out->folder, beside, arena, &choice, err))
        return false;
    out->folder = choice.folder;
    out->why = choice.why;
    return true;
}

/* `a,b,c`, as --labels is written; *out stays NULL when the configuration names none. */
static bool join_labels(
    const struct tw_strings *labels, struct tw_arena *arena, const char **out, struct tw_error *err)
{
    size_t size = 0;
    for (uint32_t at = 0; at < labels->count; at++)
        size += strlen(labels->items[at]) + 1;
    if (size == 0)
        return true;
    char *joined = tw_arena_take(arena, size);
    if (!joined)
        return tw_arena_fail(arena, err);
    size_t used = 0;
    for (uint32_t at = 0; at < labels->count; at++)
        used += (size_t)snprintf(joined + used, size - used, "%s%s", at > 0 ? "," : "", labels->items[at]);
    *out = joined;
    return true;
}

bool tw_config_classifier_options(const struct tw_config *config, const struct tw_model_asked *asked,
    struct tw_arena *arena, struct tw_classifier_options *out, struct tw_error *err)
{
    bool constant = config->model.kind == TW_MODEL_CONSTANT && !asked->folder && !asked->tokenizer_only;
    *out = (struct tw_classifier_options){
        .folder = asked->folder,
        .constant = constant,
        .micro_tokens = (uint32_t)config->batch.micro_tokens,
        .max_tokens = asked->limits_tokens ? asked->max_tokens : (uint32_t)config->model.max_tokens,
        .max_windows = (uint32_t)config->model.max_windows,
        .labels = asked->labels,
        .gemm = tw_gemm_choice_names[config->gemm.backend],
        .tokenizer_only = asked->tokenizer_only,
    };
    return choose_folder(config, asked, arena, out, err) &&
           (out->labels || join_labels(&config->model.labels, arena, &out->labels, err));
}
