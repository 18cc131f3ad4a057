/* run_folder: the folder of a training run, from empty to through.
 *
 *   run.yaml                      written when the run begins: without it there is nothing to resume
 *   checkpoint-<step>/            while it goes (checkpoint.h)
 *   eval_results.json             written when it is through; checkpoints go after it, so that a run that is
 *                                 killed in between finishes when it is resumed
 *
 * One process at a time runs in it: the folder itself is locked, so that whoever dies lets go.
 *
 * Errors: TW_OUTPUT for a folder that cannot be had or is not empty, TW_IO with the path. */
#ifndef TW_RUN_FOLDER_H
#define TW_RUN_FOLDER_H

#include "base/error.h"
#include "base/text.h"

struct tw_run_folder {
    const char *path; /* the caller's */
    bool finished;    /* nothing is left to resume */
    /* a descriptor that keeps other processes out; -1: none yet, or folders cannot be locked here */
    int held;
};

/* A new run: the folder is not there, or empty ("": TW_USAGE); nothing is made yet. To resume: what is there,
 * which is kept from other processes (TW_HELD when one runs in it). Closed in either case. */
TW_MUST_USE bool tw_run_folder_open(
    const char *path, bool resume, struct tw_run_folder *out, struct tw_error *err);

/* Is it a folder that is not there, or empty? "": TW_USAGE. `cure`: of one that is not empty. */
TW_MUST_USE bool tw_run_folder_check_empty(const char *folder, const char *cure, struct tw_error *err);

/* Makes the folder, if it is not there, and writes run.yaml into it; empty text leaves that as it is. */
TW_MUST_USE bool tw_run_folder_make(const char *path, struct tw_text run_yaml, struct tw_error *err);

/* The run begins: the folder is made, kept from others, and clean of what a killed run left half done. */
TW_MUST_USE bool tw_run_folder_begin(
    struct tw_run_folder *folder, struct tw_text run_yaml, struct tw_error *err);

/* The run is through: writes eval_results.json and removes the checkpoints. */
TW_MUST_USE bool tw_run_folder_finish(
    const struct tw_run_folder *folder, struct tw_text results, struct tw_error *err);

/* Lets others in. */
void tw_run_folder_close(struct tw_run_folder *folder);

#endif
