/* checkpoint: a training run on disk, to the bit; and a model folder that Hugging Face users expect.
 *
 * A checkpoint is a folder `checkpoint-<step>` within the run's folder:
 *   config.json model.safetensors     the model with F32 weights: loads in transformers and in model.h
 *   the tokenizer's files             copied as they are
 *   optimizer.safetensors             AdamW's moments "m.<name>", "v.<name>", averages "a.<name>"; F32
 *   training.json                     struct tw_progress, the SHA-256 of both files of tensors, and the
 *                                     caller's own object under "run"
 * It is written under another name, synced file by file, renamed and the folder synced (folder.h): it is
 * there whole or not at all, whatever kills the run. Leftovers of a killed run are removed by the next
 * checkpoint.
 *
 *     tw_checkpoint_save(folder, state, &progress, &save, err);      // removes all but the newest `keep`
 *     tw_checkpoint_find(folder, path, sizeof path, &found, err);    // the newest whole one
 *     tw_checkpoint_load(path, state, &progress, &run_json, err);    // a state of the same shape and parts
 *     tw_model_save(folder, state, &save, err);                      // a model alone: the best, the last
 *
 * tw_model_save into a folder that has files already (a run's own, with its checkpoints) replaces the model's
 * files and leaves the others; into a new or empty one the folder appears as a whole. Either is one step for
 * whoever opens a model or takes its files (folder.h, format/model_files.h), even when the run is killed amid
 * it. config.json says the SHA-256 of the weights that it belongs to: files that were put together by hand
 * are told from a whole model.
 *
 * Errors: TW_OUTPUT or TW_IO with the path (a full disk: the old checkpoint is untouched); TW_CONFIG for a
 * checkpoint of another shape, naming the tensor, and for one whose tensors are not the bytes that were
 * written. */
#ifndef TW_CHECKPOINT_H
#define TW_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "format/safetensors.h"
#include "train/state.h"

/* Where a run stands, besides its weights. All of it is stored exactly (doubles as hexadecimal floats). */
struct tw_progress {
    uint64_t step;     /* steps done: the next one has this number */
    uint64_t epoch;    /* the epoch in which it falls */
    uint64_t position; /* records of that epoch done */
    uint64_t seed;
    uint64_t threads;   /* bits depend on it */
    double best_metric; /* the best validation score so far */
    uint64_t best_step;
    double loss_mean; /* tw_trainer_loss_mean */
    char backend[32]; /* tw_gemm_backend_name: bits depend on it */
    char kernels[32]; /* of this processor */
};

struct tw_save_options {
    enum tw_dtype
        dtype; /* of the weights written by tw_model_save: TW_F32, TW_F16, TW_BF16; checkpoints are F32 */
    const char *tokenizer_folder;      /* whose tokenizer files are copied; NULL: none */
    struct tw_text vocabulary;         /* bytes of another vocab.txt (a pruned one), or empty: the folder's */
    const char *name;                  /* for "_name_or_path", or NULL */
    struct tw_temperature temperature; /* calibration of texts; base 0: as the model has it */
    const char *own_json; /* an object whose members go under "tapewatch" (lineage, metrics), or NULL */
    const char *card;     /* README.md's text, or NULL */
    const char *run_json; /* checkpoints: the caller's own object, or NULL */
    size_t keep;          /* checkpoints to keep; 0: 1 */
    float hidden_dropout, attention_dropout; /* written into config.json; 0: transformers' 0.1 */
};

/* Writes the model alone: config.json, weights, tokenizer, card, as said above. */
TW_MUST_USE bool tw_model_save(const char *folder, const struct tw_state *state,
    const struct tw_save_options *options, struct tw_error *err);

/* Writes the checkpoint of progress->step, then removes all but the newest `keep`. */
TW_MUST_USE bool tw_checkpoint_save(const char *folder, const struct tw_state *state,
    const struct tw_progress *progress, const struct tw_save_options *options, struct tw_error *err);

/* The newest checkpoint below `folder`: its path. *found = false when there is none (or no folder). */
TW_MUST_USE bool tw_checkpoint_find(
    const char *folder, char *path, size_t size, bool *found, struct tw_error *err);

/* Reads weights and moments into the state, and where the run stood. `run_json`: the caller's object as text
 * in the arena, or NULL when none was stored; it is there too when the tensors cannot be used. */
TW_MUST_USE bool tw_checkpoint_load(const char *path, struct tw_state *state, struct tw_progress *progress,
    struct tw_arena *arena, const char **run_json, struct tw_error *err);

#endif
