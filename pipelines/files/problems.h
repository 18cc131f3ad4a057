/* problems: everything that is wrong with a file, collected, so that its writer hears of all at once.
 *
 *     struct tw_problems problems;
 *     tw_problems_begin(&problems, &arena);
 *     tw_problem_add(&problems, source, line, column, "write 600s or 10m", "\"600\" has no unit");
 *     if (problems.count > 0)
 *         tw_problems_render(&problems, &arena, &text, err)   for the terminal, or
 *         return tw_problems_fail(&problems, err)             for a caller that wants one error
 *
 * One problem is rendered as three lines, the caret under the first character of what is meant:
 *
 *     rules.yaml:7:13: "600" has no unit; cure: write 600s or 10m
 *         7 |     window: 600
 *           |             ^
 *
 * Lines and columns count from 1, columns in characters (UTF-8), as libyaml's marks do plus one. Line 0 means
 * "the file as a whole" (no place is printed), column 0 "the line as a whole" (no caret). A source line is
 * cut around the caret when it is long; control characters are shown as '?'.
 *
 * A line that may hold a secret is hidden: its number is shown, not its text.
 *
 * All texts are copied into the arena given at begin; the source's bytes must live as long as the list. When
 * that arena is full the problem is still counted (`unkept`), so that a failure never looks like success. */
#ifndef TW_PROBLEMS_H
#define TW_PROBLEMS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

/* A file as it was read: its name for people, its bytes for the line shown. */
struct tw_text_file {
    const char *file;
    struct tw_text bytes;
};

struct tw_problem {
    const struct tw_text_file *source;
    uint32_t line;   /* from 1; 0: the file as a whole */
    uint32_t column; /* from 1, in characters; 0: the line as a whole */
    struct tw_text what;
    struct tw_text cure; /* may be empty */
    struct tw_problem *next;
};

/* Lines of a source whose text is not shown, first and last included. */
struct tw_hidden_lines {
    const struct tw_text_file *source;
    uint32_t first, last;
    const struct tw_hidden_lines *next;
};

struct tw_problems {
    struct tw_arena *arena;
    const struct tw_hidden_lines *hidden;
    bool all_hidden;          /* the arena had no room for one of them: none is shown */
    struct tw_problem *first; /* in the order of line and column within each source, sources as they came */
    uint32_t count;           /* of all problems, kept or not */
    uint32_t unkept; /* of those, for which the arena had no room, or that came after the first 100 */
};

/* An empty list; its texts will lie in the arena. */
void tw_problems_begin(struct tw_problems *problems, struct tw_arena *arena);

/* Adds one; `source` must outlive the list; `cure` may be NULL. What and cure are cut to 511 and 255 bytes.
 * Returns false, so that a reader of values can end with it. */
bool tw_problem_add(struct tw_problems *problems, const struct tw_text_file *source, uint32_t line,
    uint32_t column, const char *cure, const char *what, ...) TW_PRINTF(6, 7);

/* Hides lines first to last of a source from tw_problems_render, for problems added before and after. */
void tw_problems_hide(
    struct tw_problems *problems, const struct tw_text_file *source, uint32_t first, uint32_t last);

/* Where a problem is: file:line:column, or less when it has no place. */
void tw_problem_place(const struct tw_problem *problem, char *text, size_t size);

/* All of them as text, each line ended with a newline. TW_FULL. */
TW_MUST_USE bool tw_problems_render(
    const struct tw_problems *problems, struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

/* The first problem as an error (TW_CONFIG, where = file:line:column), with ` (and 3 more)` when there are
 * more. Returns false. Must not be called on an empty list. */
bool tw_problems_fail(const struct tw_problems *problems, struct tw_error *err);

/* Of `names`, the one that `word` was probably meant to be: least edit distance (Levenshtein, with neighbours
 * exchanged counted as one; case ignored), at most a third of the longer word, at least 1. NULL when none is
 * near. */
const char *tw_nearest(struct tw_text word, const char *const *names, size_t count);

#endif
