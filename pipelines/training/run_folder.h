/* run_folder: the folder of a training run, from empty to through.
 *
 *   run.yaml                      written when the run begins: without it there is nothing to resume
 *   checkpoint-<step>/            while it goes (checkpoint.h)
 *   eval_results.json             written when it is through; checkpoints go after it, so that a run that is killed in between
 *                                 finishes when it is resumed
 *
 * One process at a time runs in it: the folder itself is locked, so that whoever dies lets go.
 *
 * Errors: TW_OUTPUT for a folder that cannot be had or is not empty, TW_IO with the path. */
#ifndef TW_RUN_FOLDER_H
#define TW_RUN_FOLDER_H

#include "base/error.h"
#include "base/text.h"

/* A folder that is not there, or empty; "": TW_USAGE. `cure`: of one that is not empty. */
TW_MUST_USE bool tw_run_folder_check_empty(const char *folder, const char *cure, struct tw_error *err);
/* Makes it, if it is not there, and writes run.yaml (empty text: leaves it as it is). */
TW_MUST_USE bool tw_run_folder_make(const char *folder, struct tw_text run_yaml, struct tw_error *err);

/* Keeps other processes from running in it until the descriptor is closed or the process dies. TW_HELD when one does. *descriptor is
 * -1 where folders cannot be locked. */
TW_MUST_USE bool tw_run_folder_hold(const char *folder, int *descriptor, struct tw_error *err);

bool tw_run_folder_is_finished(const char *folder);
/* Writes eval_results.json and removes the checkpoints. */
TW_MUST_USE bool tw_run_folder_finish(const char *folder, struct tw_text results, struct tw_error *err);
TW_MUST_USE bool tw_run_folder_remove_checkpoints(const char *folder, struct tw_error *err);

#endif
