#include "config/own_files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of the running program, links followed, without the slash at its end; "" when /proc does not
 * tell. */
static void program_folder(char folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

/* `bin` in /usr/bin becomes /usr/share/tapewatch/NAME. */
static bool find_installed(const char *program, const char *name, char *path, size_t size)
{
    const char *slash = strrchr(program, '/');
    return slash &&
           (size_t)snprintf(path, size, "%.*s/share/tapewatch/%s", (int)(slash - program), program, name) <
               size &&
           exists(path);
}

static bool stands_in_build_tree(const char *program)
{
    size_t tree = strlen(TW_BINARY_DIR);
    return strncmp(program, TW_BINARY_DIR, tree) == 0 && (program[tree] == '\0' || program[tree] == '/');
}

bool tw_own_file(const char *name, char *path, size_t size)
{
    char program[PATH_MAX];
    program_folder(program);
    if (find_installed(program, name, path, size))
        return true;
    if (stands_in_build_tree(program) &&
        (size_t)snprintf(path, size, TW_SOURCE_DIR "/config/%s", name) < size && exists(path))
        return true;
    snprintf(path, size, "%s", program);
    return false;
}

bool tw_own_file_or(const char *given, const char *name, const char *option, struct tw_arena *arena,
    const char **out, struct tw_error *err)
{
    char own[PATH_MAX], cure[64];
    *out = given;
    if (given)
        return true;
    if (!tw_own_file(name, own, sizeof own)) {
        snprintf(cure, sizeof cure, "name a file with --%s", option);
        return tw_fail(err, TW_CONFIG, own, cure,
            "no %s came with this program: there is no ../share/tapewatch/%s", name, name);
    }
    *out = tw_arena_copy(arena, tw_text_of(own)).bytes;
    return *out || tw_arena_fail(arena, err);
}
