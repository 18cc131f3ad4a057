#include "base/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder.h"

enum { PATH_BYTES = TW_FOLDER_PATH, NAME_BYTES = 256, FIRST_PAUSE_US = 100, LONGEST_PAUSE_US = 50000 };

/* Where a name of a folder leads to: what was published and not moved yet comes first (folder.h). */
static bool incoming_path(char path[NAME_BYTES], const char *name)
{
    return tw_path_join(path, NAME_BYTES, TW_FOLDER_INCOMING, name, NULL);
}

static bool is_absent(int number)
{
    return number == ENOENT || number == ENOTDIR;
}

/* The descriptor, or -errno. Never waits for a writer of a pipe that stands there. */
static int open_member(int folder, const char *name)
{
    char incoming[NAME_BYTES];
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    int descriptor = incoming_path(incoming, name) ? openat(folder, incoming, flags) : -1;
    if (descriptor < 0)
        descriptor = openat(folder, name, flags);
    return descriptor < 0 ? -errno : descriptor;
}

/* Does the name still lead to what was opened, or still to nothing? */
static bool leads_there(int folder, const char *name, int descriptor)
{
    char incoming[NAME_BYTES];
    struct stat found, held;
    bool stands = (incoming_path(incoming, name) && fstatat(folder, incoming, &found, 0) == 0) ||
                  fstatat(folder, name, &found, 0) == 0;
    if (descriptor < 0)
        return !is_absent(-descriptor) || !stands;
    return stands && fstat(descriptor, &held) == 0 && found.st_dev == held.st_dev &&
           found.st_ino == held.st_ino;
}

static void close_all(struct tw_snapshot *snapshot)
{
    for (size_t file = 0; file < snapshot->count; file++) {
        if (snapshot->descriptors[file] >= 0)
            close(snapshot->descriptors[file]);
        snapshot->descriptors[file] = -ENOENT;
    }
}

/* Opens all, then looks whether all of them stood there together. Closed again when not. */
static bool open_together(int folder, struct tw_snapshot *snapshot)
{
    for (size_t file = 0; file < snapshot->count; file++)
        snapshot->descriptors[file] = open_member(folder, snapshot->names[file]);
    bool together = true;
    for (size_t file = 0; together && file < snapshot->count; file++)
        together = leads_there(folder, snapshot->names[file], snapshot->descriptors[file]);
    if (!together)
        close_all(snapshot);
    return together;
}

static void pause_us(long us)
{
    const struct timespec time = {.tv_nsec = us * 1000};
    nanosleep(&time, NULL);
}

static bool open_in_time(int folder, struct tw_snapshot *snapshot, struct tw_error *err)
{
    const uint64_t end = tw_now_ms() + (uint64_t)TW_SNAPSHOT_SECONDS * 1000;
    for (long pause = FIRST_PAUSE_US; !open_together(folder, snapshot);
         pause = pause < LONGEST_PAUSE_US ? 2 * pause : pause) {
        if (tw_now_ms() >= end)
            return tw_fail_passing(err, TW_IO, snapshot->folder, "try again when nobody writes into it",
                "its files were replaced again and again for %d seconds", TW_SNAPSHOT_SECONDS);
        pause_us(pause);
    }
    return true;
}

bool tw_snapshot_take(
    const char *path, const char *const *names, size_t count, struct tw_snapshot *out, struct tw_error *err)
{
    *out = (struct tw_snapshot){.folder = path, .names = names};
    if (count > TW_SNAPSHOT_FILES)
        return tw_fail(
            err, TW_INTERNAL, path, NULL, "a snapshot of %zu files, more than %d", count, TW_SNAPSHOT_FILES);
    out->count = count;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t file = 0; file < count; file++)
        out->descriptors[file] = folder < 0 ? -errno : -ENOENT;
    if (folder < 0)
        return true; /* whoever asks for a file is told why */
    bool taken = open_in_time(folder, out, err);
    close(folder);
    return taken;
}

void tw_snapshot_drop(struct tw_snapshot *snapshot)
{
    close_all(snapshot);
    *snapshot = (struct tw_snapshot){0};
}

/* The descriptor, or -errno. */
static int find(const struct tw_snapshot *snapshot, const char *name)
{
    for (size_t file = 0; file < snapshot->count; file++)
        if (strcmp(snapshot->names[file], name) == 0)
            return snapshot->descriptors[file];
    return -ENOENT;
}

bool tw_snapshot_has(const struct tw_snapshot *snapshot, const char *name)
{
    int descriptor = find(snapshot, name);
    return descriptor >= 0 || !is_absent(-descriptor);
}

/* The descriptor and the path for messages; -1 with the error filled. */
static int find_open(
    const struct tw_snapshot *snapshot, const char *name, char path[PATH_BYTES], struct tw_error *err)
{
    if (!tw_path_join(path, PATH_BYTES, snapshot->folder, name, err))
        return -1;
    int descriptor = find(snapshot, name);
    if (descriptor >= 0)
        return descriptor;
    errno = -descriptor;
    tw_file_fail_open(path, err);
    return -1;
}

bool tw_snapshot_load(
    const struct tw_snapshot *snapshot, const char *name, struct tw_loaded_file *out, struct tw_error *err)
{
    char path[PATH_BYTES];
    *out = (struct tw_loaded_file){0};
    int descriptor = find_open(snapshot, name, path, err);
    return descriptor >= 0 && tw_file_load_open(descriptor, path, out, err);
}

bool tw_snapshot_read(const struct tw_snapshot *snapshot, const char *name, size_t most_bytes,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err)
{
    char path[PATH_BYTES];
    int descriptor = find_open(snapshot, name, path, err);
    return descriptor >= 0 && tw_file_read_open(descriptor, path, most_bytes, arena, out, err);
}
