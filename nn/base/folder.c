#include "base/folder.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const partial_mark = ".partial-";

void tw_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static bool sync_folder(const char *path, struct tw_error *err)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = descriptor >= 0 && fsync(descriptor) == 0;
    int number = errno;
    if (descriptor >= 0)
        close(descriptor);
    errno = number;
    return synced || tw_fail_errno(err, TW_IO, path, "check the disk", "cannot sync the folder");
}

static size_t length_without_slashes(const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

/* The folder that holds `path`. */
static void parent_of(const char *path, char parent[TW_FOLDER_PATH])
{
    snprintf(parent, TW_FOLDER_PATH, "%.*s", (int)length_without_slashes(path), path);
    char *slash = strrchr(parent, '/');
    if (!slash)
        snprintf(parent, TW_FOLDER_PATH, ".");
    else
        slash[slash == parent ? 1 : 0] = '\0';
}

/* False too for one that is not there. */
static bool has_files(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;
    for (const struct dirent *entry; folder && !found && (entry = readdir(folder));)
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (folder)
        closedir(folder);
    return found;
}

bool tw_folder_begin(const char *path, char partial[TW_FOLDER_PATH], struct tw_error *err)
{
    int wrote = snprintf(partial, TW_FOLDER_PATH, "%.*s%s%sXXXXXX", (int)length_without_slashes(path), path,
        has_files(path) ? "/" : "", partial_mark);
    if (wrote < 0 || wrote >= TW_FOLDER_PATH)
        return tw_fail(err, TW_OUTPUT, path, "give a shorter path", "path too long");
    if (!mkdtemp(partial) || chmod(partial, 0755) != 0)
        return tw_fail_errno(err, TW_OUTPUT, path, "check the folder above and its permissions",
            "cannot create a folder for what is written");
    return true;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

/* A file that is not there any more was moved by somebody else who found it. */
static bool move_file(const char *partial, const char *path, const char *name, struct tw_error *err)
{
    char from[TW_FOLDER_PATH], to[TW_FOLDER_PATH];
    if (!tw_path_join(from, sizeof from, partial, name, err) || !tw_path_join(to, sizeof to, path, name, err))
        return false;
    return rename(from, to) == 0 || errno == ENOENT ||
           tw_fail_errno(err, TW_IO, to, "check the folder and its permissions", "cannot be put in place");
}

/* Moves each file of `incoming` to its place in the folder around it. */
static bool move_files(const char *incoming, const char *path, struct tw_error *err)
{
    struct dirent **entries;
    int count = scandir(incoming, &entries, not_hidden, by_bytes);
    bool moved = count >= 0;
    if (count < 0)
        return errno == ENOENT ||
               tw_fail_errno(err, TW_IO, incoming, "check the folder and its permissions", "cannot be read");
    for (int entry = 0; entry < count; entry++) {
        moved = moved && move_file(incoming, path, entries[entry]->d_name, err);
        free(entries[entry]);
    }
    free(entries);
    if (moved)
        tw_folder_remove(incoming);
    return moved && sync_folder(path, err);
}

/* The publication that a killed process began is ended first: its files are the folder's already. */
static bool publish(const char *partial, const char *path, struct tw_error *err)
{
    char incoming[TW_FOLDER_PATH];
    if (!tw_path_join(incoming, sizeof incoming, path, TW_FOLDER_INCOMING, err) ||
        !move_files(incoming, path, err))
        return false;
    if (rename(partial, incoming) != 0) /* the one step */
        return tw_fail_errno(
            err, TW_OUTPUT, path, "check the folder and its permissions", "cannot put the files in place");
    return sync_folder(path, err) && move_files(incoming, path, err);
}

bool tw_folder_finish(const char *partial, const char *path, struct tw_error *err)
{
    char parent[TW_FOLDER_PATH];
    parent_of(path, parent);
    if (!sync_folder(partial, err))
        return false;
    if (rename(partial, path) == 0)
        return sync_folder(parent, err);
    if (errno == ENOTEMPTY || errno == EEXIST || errno == EINVAL) /* EINVAL: it stands within the other */
        return publish(partial, path, err);
    return tw_fail_errno(
        err, TW_OUTPUT, path, "give a folder, or a path that is free", "cannot put the folder in place");
}

void tw_folder_clean(const char *path)
{
    char incoming[TW_FOLDER_PATH];
    if (tw_path_join(incoming, sizeof incoming, path, TW_FOLDER_INCOMING, NULL))
        move_files(incoming, path, NULL); /* or the next publication does, and says why not */
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        char found[TW_FOLDER_PATH];
        if (!strstr(entry->d_name, partial_mark) ||
            !tw_path_join(found, sizeof found, path, entry->d_name, NULL))
            continue;
        if (unlink(found) != 0)
            tw_folder_remove(found);
    }
    if (folder)
        closedir(folder);
}
