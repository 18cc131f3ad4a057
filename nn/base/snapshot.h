/* snapshot: some files of a folder as they stood at one moment, whatever is published into it meanwhile.
 *
 *     static const char *const names[] = {"config.json", "model.safetensors"};
 *     struct tw_snapshot files;
 *     if (!tw_snapshot_take("model", names, 2, &files, err)) return false;
 *     ... tw_snapshot_read(&files, "config.json", ...), tw_snapshot_load(&files, "model.safetensors", ...)
 *     ... tw_snapshot_drop(&files);                    // a zeroed struct is fine; what was read stays
 *
 * All files are opened at once, without reading any, and looked up again afterwards: where each name still
 * leads to the file that was opened, there was a moment at which all of them stood there together, since a
 * file that is held open is never mistaken for another. Otherwise somebody published in between, and they are
 * opened anew, for TW_SNAPSHOT_SECONDS at most. From then on the reader may take all the time it wants: it
 * reads what it holds. The folder too is opened once, so a folder that is renamed, or a link to it that is
 * turned, changes nothing.
 *
 * A publication changes all its files in one step (folder.h, which draws it), so the moment is before it or
 * after it. Programs that replace files of a folder one by one (cp, rsync) have no such step, and a snapshot
 * may fall between two of their files: what must belong together has to be told by what is in it (model.h
 * compares SHA-256).
 *
 * A file that is not there, or may not be read, is no failure of taking: whoever asks for it is told. */
#ifndef TW_SNAPSHOT_H
#define TW_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

enum { TW_SNAPSHOT_FILES = 16, TW_SNAPSHOT_SECONDS = 10 };

struct tw_snapshot {
    const char *folder; /* the caller's text, for messages */
    const char *const *names;
    size_t count;
    int descriptors[TW_SNAPSHOT_FILES]; /* by name; -errno where the file could not be opened */
};

/* Opens the files of `folder` that stand in `names`; both must outlive the snapshot, and at most
 * TW_SNAPSHOT_FILES are allowed. Fails only when the folder changes faster than its files can be opened
 * (TW_IO, passing). */
TW_MUST_USE bool tw_snapshot_take(const char *folder, const char *const *names, size_t count,
    struct tw_snapshot *out, struct tw_error *err);
/* Closes what it holds. */
void tw_snapshot_drop(struct tw_snapshot *snapshot);

/* Was there a file of this name, readable or not? It must be one of `names`, here and below. */
bool tw_snapshot_has(const struct tw_snapshot *snapshot, const char *name);
/* As tw_file_load, with the same errors: where is the path. The bytes are the caller's and outlive the
 * snapshot. */
TW_MUST_USE bool tw_snapshot_load(
    const struct tw_snapshot *snapshot, const char *name, struct tw_loaded_file *out, struct tw_error *err);
/* As tw_file_read, with the same errors. May be called again for the same file. */
TW_MUST_USE bool tw_snapshot_read(const struct tw_snapshot *snapshot, const char *name, size_t most_bytes,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

#endif
