/* error: what went wrong, where, and the cure, in one value.
 *
 * Every function that can fail takes a `struct tw_error *` as its last parameter and returns false (or NULL).
 * The callee fills the error once, where the cause is known; callers pass it up and may add where they stood
 * (tw_error_in). Nothing below main() prints or exits. One error prints as one line:
 *
 *     model.safetensors: offset 81920: tensor "w" ends past the file; cure: copy the file again
 *
 * An error that is `passing` (a server away, a deadlock) is tried again as it is; a lasting one never becomes
 * better by waiting. */
#ifndef TW_ERROR_H
#define TW_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#define TW_MUST_USE __attribute__((warn_unused_result))
#define TW_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

enum tw_code {
    TW_OK = 0,
    TW_REFUSED,     /* a record or message that cannot be used; the run goes on            exit 1   */
    TW_USAGE,       /* the command line is wrong                                           exit 2   */
    TW_SERVER,      /* a server is not to be had                                           exit 69  */
    TW_INTERNAL,    /* our own contradiction, out of memory, a fatal Kafka error           exit 70  */
    TW_FULL,        /* an arena or a bounded buffer is full                                exit 70  */
    TW_OUTPUT,      /* the output cannot be created                                        exit 73  */
    TW_IO,          /* reading or writing failed                                           exit 74  */
    TW_HELD,        /* another run holds it                                                exit 75  */
    TW_PERMISSION,  /* no permission, wrong password, rejected certificate                 exit 77  */
    TW_CONFIG,      /* configuration, rules, model or schema are wrong                     exit 78  */
    TW_INTERRUPTED, /* SIGINT or SIGTERM                                                   exit 130 */
};

struct tw_error {
    enum tw_code code;
    bool passing;
    char where[256]; /* file, file:line:column, "offset 81920", a topic and its partition; may be empty */
    char what[512];  /* the fact, lower case, no full stop */
    char cure[256];  /* what the reader can do about it; may be empty */
};

/* Fills `err` and returns false, so that a failure is one statement: `return tw_fail(err, ...)`.
 * `where` and `cure` may be NULL; they are copied and cut to fit, never in the middle of a UTF-8 sequence.
 * All three are UTF-8 whatever came in: bytes that are none are shown as \xNN.
 * `err` may be NULL when the caller does not care. `err` may be among the arguments' sources. */
bool tw_fail(struct tw_error *err, enum tw_code code, const char *where, const char *cure, const char *what,
    ...) TW_PRINTF(5, 6);

/* As tw_fail, for an error that passes by itself and deserves another try. */
bool tw_fail_passing(struct tw_error *err, enum tw_code code, const char *where, const char *cure,
    const char *what, ...) TW_PRINTF(5, 6);

/* As tw_fail with errno: appends `: strerror(errno)` to what. EACCES and EPERM become TW_PERMISSION. */
bool tw_fail_errno(struct tw_error *err, enum tw_code code, const char *where, const char *cure,
    const char *what, ...) TW_PRINTF(5, 6);

#ifdef __clang_analyzer__ /* clang-tidy sees one file at a time: what these return, it must be told */
#define tw_fail(...) (tw_fail(__VA_ARGS__), false)
#define tw_fail_passing(...) (tw_fail_passing(__VA_ARGS__), false)
#define tw_fail_errno(...) (tw_fail_errno(__VA_ARGS__), false)
#endif

/* Puts `outer` and ": " before the error's where (an inner "offset 12" becomes "model.safetensors: offset
 * 12"), unless it begins with that already ("model/config.json" in "model"). Returns false, so that it can
 * end a function. */
bool tw_error_in(struct tw_error *err, const char *outer);

/* One line without newline: `where: what; cure: cure`, parts that are empty left out, control characters and
 * newlines made visible. Returns the length written, always NUL-terminated within `size`. */
size_t tw_error_line(const struct tw_error *err, char *line, size_t size);

/* The process's exit status for a code (deploy/docs/operations.md, "Exit status"). */
int tw_exit_status(enum tw_code code);

#endif
