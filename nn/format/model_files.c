#include "format/model_files.h"

bool tw_model_files_take(const char *folder, struct tw_snapshot *out, struct tw_error *err)
{
    static const char *const names[] = {TW_FILE_CONFIG, TW_FILE_WEIGHTS, TW_FILE_VOCABULARY,
        TW_FILE_TOKENIZER, TW_FILE_ADDED_TOKENS, TW_FILE_TOKENIZER_CONFIG, TW_FILE_SPECIAL_TOKENS};
    return tw_snapshot_take(folder, names, sizeof names / sizeof names[0], out, err);
}
