#include "format/model_files.h"

#include "base/file.h"
#include "format/foreign_files.h"

#include <unistd.h>

bool tw_model_files_take(const char *folder, struct tw_snapshot *out, struct tw_error *err)
{
    static const char *const names[] = {TW_FILE_CONFIG, TW_FILE_WEIGHTS, TW_FILE_INT8_WEIGHTS,
        TW_FILE_VOCABULARY, TW_FILE_TOKENIZER, TW_FILE_ADDED_TOKENS, TW_FILE_TOKENIZER_CONFIG,
        TW_FILE_SPECIAL_TOKENS};
    if (!tw_foreign_files_path(folder, err) ||
        !tw_snapshot_take(folder, names, sizeof names / sizeof names[0], out, err))
        return false;
    if (tw_foreign_files_bytes(out, err) &&
        (tw_snapshot_has(out, TW_FILE_CONFIG) || tw_foreign_files_adapter(folder, err)))
        return true;
    tw_snapshot_drop(out);
    return false;
}

bool tw_model_files_have_weights(const struct tw_snapshot *files, struct tw_error *err)
{
    return tw_snapshot_has(files, TW_FILE_WEIGHTS) || tw_foreign_files_weights(files->folder, err);
}

bool tw_model_weights_path(const char *folder, char *path, size_t size, struct tw_error *err)
{
    if (!tw_path_join(path, size, folder, TW_FILE_INT8_WEIGHTS, err))
        return false;
    return access(path, F_OK) == 0 || tw_path_join(path, size, folder, TW_FILE_WEIGHTS, err);
}
