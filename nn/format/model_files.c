#include "format/model_files.h"

#include "base/file.h"

#include <stdio.h>
#include <unistd.h>

/* What other libraries leave in a folder in the place of one file of safetensors. */
#define FILE_ADAPTER "adapter_config.json"
#define FILE_PICKLED "pytorch_model.bin"
#define FILE_SHARDS "model.safetensors.index.json"

/* The cure is a command: the folder's name goes into it. */
static bool refuse(const struct tw_snapshot *files, const char *what, const char *loads, struct tw_error *err)
{
    char cure[256];
    snprintf(cure, sizeof cure,
        "python3 -c \"from %s as M; M.from_pretrained('%.60s')%s('OUT', max_shard_size='99GB')\"", loads,
        files->folder, loads[0] == 'p' ? ".merge_and_unload().save_pretrained" : ".save_pretrained");
    return tw_fail(err, TW_CONFIG, files->folder, cure, "%s", what);
}

bool tw_model_files_take(const char *folder, struct tw_snapshot *out, struct tw_error *err)
{
    static const char *const names[] = {TW_FILE_CONFIG, TW_FILE_WEIGHTS, TW_FILE_INT8_WEIGHTS,
        TW_FILE_VOCABULARY, TW_FILE_TOKENIZER, TW_FILE_ADDED_TOKENS, TW_FILE_TOKENIZER_CONFIG,
        TW_FILE_SPECIAL_TOKENS, FILE_ADAPTER, FILE_PICKLED, FILE_SHARDS};
    if (!tw_snapshot_take(folder, names, sizeof names / sizeof names[0], out, err))
        return false;
    if (!tw_snapshot_has(out, FILE_ADAPTER) || tw_snapshot_has(out, TW_FILE_CONFIG))
        return true;
    refuse(out, "an adapter, not a model: merge it into its base",
        "peft import AutoPeftModelForSequenceClassification", err);
    tw_snapshot_drop(out);
    return false;
}

bool tw_model_files_have_weights(const struct tw_snapshot *files, struct tw_error *err)
{
    static const char loads[] = "transformers import AutoModelForSequenceClassification";
    if (tw_snapshot_has(files, TW_FILE_WEIGHTS))
        return true;
    if (tw_snapshot_has(files, FILE_SHARDS))
        return refuse(files, "the weights stand in several files: write them as one", loads, err);
    if (tw_snapshot_has(files, FILE_PICKLED))
        return refuse(files, "pytorch_model.bin, and no model.safetensors: write it anew", loads, err);
    return true;
}

bool tw_model_weights_path(const char *folder, char *path, size_t size, struct tw_error *err)
{
    if (!tw_path_join(path, size, folder, TW_FILE_INT8_WEIGHTS, err))
        return false;
    return access(path, F_OK) == 0 || tw_path_join(path, size, folder, TW_FILE_WEIGHTS, err);
}
