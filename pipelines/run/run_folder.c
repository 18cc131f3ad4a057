#include "run/run_folder.h"

#include "base/file.h"
#include "base/folder.h"
#include "train/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const results_name = "eval_results.json";

bool tw_run_folder_check_empty(const char *folder, const char *cure, struct tw_error *err)
{
    if (!folder[0])
        return tw_fail(err, TW_USAGE, NULL, "name a new folder with -o", "no output folder is named");
    DIR *listing = opendir(folder);
    bool empty = true;
    if (!listing && errno == ENOENT)
        return true;
    if (!listing)
        return tw_fail_errno(
            err, TW_OUTPUT, folder, "name a folder that can be written to", "cannot be read");
    for (const struct dirent *entry; empty && (entry = readdir(listing)) != NULL;)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(listing);
    if (empty)
        return true;
    return tw_fail(err, TW_OUTPUT, folder, cure, "the output folder is not empty");
}

/* The lock is the folder's own: whoever dies lets go. *descriptor stays -1 where folders cannot be locked. */
static bool hold(const char *folder, int *descriptor, struct tw_error *err)
{
    *descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*descriptor < 0)
        return tw_fail_errno(err, TW_OUTPUT, folder, "name a folder that can be read", "cannot be read");
    if (flock(*descriptor, LOCK_EX | LOCK_NB) == 0)
        return true;
    bool held = errno == EWOULDBLOCK;
    close(*descriptor);
    *descriptor = -1;
    return !held || tw_fail(err, TW_HELD, folder, "wait until it is through, or name another folder",
                        "another process is running in the folder");
}

static bool is_finished(const char *folder)
{
    char path[PATH_MAX];
    return tw_path_join(path, sizeof path, folder, results_name, NULL) && access(path, F_OK) == 0;
}

static bool remove_checkpoints(const char *folder, struct tw_error *err)
{
    char path[PATH_MAX];
    for (;;) {
        bool found;
        if (!tw_checkpoint_find(folder, path, sizeof path, &found, err))
            return false;
        if (!found)
            return true;
        tw_folder_remove(path); /* what cannot be removed stays: it does no harm */
        if (access(path, F_OK) == 0)
            return tw_fail_errno(err, TW_IO, path, "remove it by hand", "the checkpoint cannot be removed");
    }
}

bool tw_run_folder_make(const char *folder, struct tw_text run_yaml, struct tw_error *err)
{
    char path[PATH_MAX];
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tw_fail_errno(err, TW_OUTPUT, folder, "name a folder that can be made", "cannot be created");
    if (!tw_path_join(path, sizeof path, folder, "run.yaml", err))
        return false;
    return run_yaml.length == 0 || tw_file_write(path, run_yaml, err);
}

bool tw_run_folder_open(const char *path, bool resume, struct tw_run_folder *out, struct tw_error *err)
{
    *out = (struct tw_run_folder){.path = path, .held = -1};
    if (!resume || !path[0])
        return tw_run_folder_check_empty(
            path, "name another folder, or go on with the run in it: --resume", err);
    out->finished = is_finished(path);
    if (out->finished)
        return remove_checkpoints(path, err);
    return access(path, F_OK) != 0 || hold(path, &out->held, err);
}

bool tw_run_folder_begin(struct tw_run_folder *folder, struct tw_text run_yaml, struct tw_error *err)
{
    if (!tw_run_folder_make(folder->path, run_yaml, err) ||
        (folder->held < 0 && !hold(folder->path, &folder->held, err)))
        return false;
    tw_folder_clean(folder->path); /* of what a killed run left */
    return true;
}

bool tw_run_folder_finish(const struct tw_run_folder *folder, struct tw_text results, struct tw_error *err)
{
    char path[PATH_MAX];
    return tw_path_join(path, sizeof path, folder->path, results_name, err) &&
           tw_file_write(path, results, err) && remove_checkpoints(folder->path, err);
}

void tw_run_folder_close(struct tw_run_folder *folder)
{
    if (folder->held >= 0)
        close(folder->held);
    folder->held = -1;
}
