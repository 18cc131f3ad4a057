/* file: a file read whole, or written whole or not at all. */
#ifndef TW_FILE_H
#define TW_FILE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

struct tw_loaded_file {
    const char *bytes; /* NULL for an empty file */
    size_t length;
};

/* A regular file's bytes as they are now, read into pages of their own: a mapping of the file itself would
 * change under its reader when somebody writes over it (`cp` does), and end the process with SIGBUS when it
 * is cut off. TW_IO (TW_PERMISSION) with the path as where. A zeroed struct is safe to unload. */
TW_MUST_USE bool tw_file_load(const char *path, struct tw_loaded_file *out, struct tw_error *err);
/* Gives the bytes back. */
void tw_file_unload(struct tw_loaded_file *file);

/* Reads a file of at most `most_bytes` into the arena. TW_IO; TW_CONFIG when it is larger. */
TW_MUST_USE bool tw_file_read(
    const char *path, size_t most_bytes, struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

/* The same of a file that is open already, and stays open; `path` is for messages. They neither use nor move
 * the descriptor's place, so they may be called again. */
TW_MUST_USE bool tw_file_load_open(
    int descriptor, const char *path, struct tw_loaded_file *out, struct tw_error *err);
/* The same as tw_file_read, through a descriptor. */
TW_MUST_USE bool tw_file_read_open(int descriptor, const char *path, size_t most_bytes,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err);
/* The error of a file that could not be opened, from errno; false. */
bool tw_file_fail_open(const char *path, struct tw_error *err);

/* Writes bytes to a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder: a
 * reader sees the old file or the new one, never a part. TW_OUTPUT or TW_IO; the temporary file is removed
 * (one that a killed process left goes with tw_folder_clean, folder.h). What stands at `path` and is no
 * regular file (a device, a pipe, a folder) is refused: the rename would put a file in its place. */
TW_MUST_USE bool tw_file_write(const char *path, struct tw_text contents, struct tw_error *err);

/* `folder`/`name` into `path`. False when it does not fit (TW_USAGE). */
TW_MUST_USE bool tw_path_join(
    char *path, size_t size, const char *folder, const char *name, struct tw_error *err);

/* SHA-256 of the bytes as 64 lower-case hexadecimal digits and a NUL. */
TW_MUST_USE bool tw_sha256_hex(struct tw_text bytes, char hex[65], struct tw_error *err);

/* The same of a regular file, read piece by piece: memory does not grow with it. *bytes receives how many
 * were read. TW_IO (TW_PERMISSION) with the path as where. */
TW_MUST_USE bool tw_file_sha256_hex(const char *path, char hex[65], uint64_t *bytes, struct tw_error *err);

#endif
