/* folder: a folder of files that appears whole or not at all.
 *
 *     char partial[TW_FOLDER_PATH];
 *     if (!tw_folder_begin("model", partial, err)) return false;      // model.partial-k3Jd9a, beside it
 *     if (... files written into `partial` ... && tw_folder_finish(partial, "model", err)) return true;
 *     tw_folder_remove(partial);
 *     return false;
 *
 * Where the folder is not there, or empty, finish gives the partial one its name. Where it has files already, the partial one is made
 * within it, and its files replace those of the same name one by one, in the order of the bytes of their names, each whole and
 * nothing in between; others stay. Whoever must know that two of them belong together has to be told by what is in them.
 *
 * A process that is killed leaves a partial folder behind (or a partial file, file.h); tw_folder_clean removes those
 * within a folder.
 *
 * Errors: TW_OUTPUT, TW_IO, TW_PERMISSION with the path. */
#ifndef TW_FOLDER_H
#define TW_FOLDER_H

#include <stdbool.h>

#include "base/error.h"

enum { TW_FOLDER_PATH = 4096 };

/* A new empty folder beside `path`, which need not be there; within it, when it has files. */
TW_MUST_USE bool tw_folder_begin(const char *path, char partial[TW_FOLDER_PATH], struct tw_error *err);
/* Syncs it and puts it in place. The partial folder is gone when it succeeds. */
TW_MUST_USE bool tw_folder_finish(const char *partial, const char *path, struct tw_error *err);

/* A folder of files; what else is in it stays, and so does the folder then. */
void tw_folder_remove(const char *path);

/* Removes the partial folders and files within a folder. Nobody must be writing one. */
void tw_folder_clean(const char *path);

#endif
