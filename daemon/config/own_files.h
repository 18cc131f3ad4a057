/* own_files: what came with this program: the default model, templates, cases.
 *
 *   in    a name within share/tapewatch, such as "model"
 *   out   ../share/tapewatch/NAME beside the folder of the running program, or config/NAME of the source
 *         tree for a program in its build tree */
#ifndef TW_OWN_FILES_H
#define TW_OWN_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/* Fills path. False when neither is there; `path` then is the folder of the running program, for
 * a message. */
bool tw_own_file(const char *name, char *path, size_t size);

/* The same for a command's option: `given`, or what came with the program, in the arena. TW_CONFIG with
 * `option` in the cure when nothing came; TW_FULL. */
TW_MUST_USE bool tw_own_file_or(const char *given, const char *name, const char *option,
    struct tw_arena *arena, const char **out, struct tw_error *err);

#endif
