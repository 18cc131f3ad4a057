/* model_files: the files of a Hugging Face folder, as they stood at one moment (snapshot.h).
 *
 * Weights, shape, tokenizer and what the tokenizer is told belong together, and a run puts better ones into
 * its folder while others read it. Whoever needs more than one of model and tokenizer takes the files once
 * and gives them to each:
 *
 *     struct tw_snapshot files;
 *     bool done = tw_model_files_take("model", &files, err) &&
 *                 tw_tokenizer_load_from(&files, &tokenizer, err) &&
 *                 tw_model_open_from(&files, &options, &model, err);
 *     tw_snapshot_drop(&files);                        // tokenizer and model stay */
#ifndef TW_MODEL_FILES_H
#define TW_MODEL_FILES_H

#include "base/error.h"
#include "base/snapshot.h"

#define TW_FILE_CONFIG "config.json"
#define TW_FILE_WEIGHTS "model.safetensors"
#define TW_FILE_INT8_WEIGHTS "model.int8.safetensors"
#define TW_FILE_VOCABULARY "vocab.txt"
#define TW_FILE_TOKENIZER "tokenizer.json"
#define TW_FILE_ADDED_TOKENS "added_tokens.json"
#define TW_FILE_TOKENIZER_CONFIG "tokenizer_config.json"
#define TW_FILE_SPECIAL_TOKENS "special_tokens_map.json"

/* Opens those of them that are there. `folder` must outlive the snapshot; the errors are tw_snapshot_take's,
 * and TW_CONFIG for what is recognised as something else than the folder of a model (foreign_files.h). */
TW_MUST_USE bool tw_model_files_take(const char *folder, struct tw_snapshot *out, struct tw_error *err);

/* The path of the weights of `folder`: model.int8.safetensors where that stands, else model.safetensors,
 * which need not. TW_USAGE when the path does not fit. */
TW_MUST_USE bool tw_model_weights_path(const char *folder, char *path, size_t size, struct tw_error *err);

/* Are the weights in a form that can be read? TW_CONFIG for a folder that holds them in another one
 * (foreign_files.h), with the command that writes them anew. A folder without any is told by whoever opens
 * model.safetensors. */
TW_MUST_USE bool tw_model_files_have_weights(const struct tw_snapshot *files, struct tw_error *err);

#endif
