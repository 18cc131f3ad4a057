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

bool tw_folder_is_partial(const char *name)
{
    return strstr(name, partial_mark) != NULL;
}

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

bool tw_folder_begin(const char *path, char partial[TW_FOLDER_PATH], struct tw_error *err)
{
    int wrote = snprintf(
        partial, TW_FOLDER_PATH, "%.*s%sXXXXXX", (int)length_without_slashes(path), path, partial_mark);
    if (wrote < 0 || wrote >= TW_FOLDER_PATH)
        return tw_fail(err, TW_OUTPUT, path, "give a shorter path", "path too long");
    if (!mkdtemp(partial) || chmod(partial, 0755) != 0)
        return tw_fail_errno(err, TW_OUTPUT, path, "check the folder above and its permissions",
            "cannot create a folder beside it");
    return true;
}

/* Puts each file of `partial` into the folder that is there already; each is old or new, never a part. */
static bool move_files(const char *partial, const char *path, struct tw_error *err)
{
    DIR *folder = opendir(partial);
    bool moved = folder != NULL;
    for (const struct dirent *entry; moved && (entry = readdir(folder));) {
        char from[TW_FOLDER_PATH], to[TW_FOLDER_PATH];
        if (entry->d_name[0] == '.')
            continue;
        moved = tw_path_join(from, sizeof from, partial, entry->d_name, err) &&
                tw_path_join(to, sizeof to, path, entry->d_name, err) && rename(from, to) == 0;
    }
    int number = errno;
    if (folder)
        closedir(folder);
    errno = number;
    if (!moved)
        return tw_fail_errno(
            err, TW_IO, path, "check the folder and its permissions", "cannot put files into it");
    return sync_folder(path, err);
}

bool tw_folder_finish(const char *partial, const char *path, struct tw_error *err)
{
    char parent[TW_FOLDER_PATH];
    parent_of(path, parent);
    if (!sync_folder(partial, err))
        return false;
    if (rename(partial, path) == 0)
        return sync_folder(parent, err);
    if (errno != ENOTEMPTY && errno != EEXIST)
        return tw_fail_errno(
            err, TW_OUTPUT, path, "give a folder, or a path that is free", "cannot put the folder in place");
    if (!move_files(partial, path, err))
        return false;
    tw_folder_remove(partial);
    return true;
}
