/* arguments: one parser for the command line of every subcommand, by a table of its options.
 *
 *     struct options options = {0};
 *     const struct tw_option_table table = {"reset", rows, sizeof rows / sizeof rows[0]};
 *     int status = tw_arguments_parse(&table, argc, argv, &arena, &options, NULL, err);
 *     if (status) return status;
 *
 *   in    the words behind the command's name; a table of rows (option.h)
 *   out   the command's own struct, filled; the exit status of a wrong line, with err filled
 *
 * A line is read as by getopt_long: `--name value`, `--name=value`, a unique beginning of a name, `-n value`,
 * `-nvalue`, flags of one letter together (`-ab`); options may stand behind operands; behind `--` all are
 * operands; `-` alone is one. Operands are taken in the order of their rows. A value may begin with a dash.
 * Given twice, the last one holds; lists (TEXTS, PATHS) take each. A value is never empty: an unset variable
 * of a shell is no choice. The environment changes nothing.
 *
 * A wrong line is refused at its first mistake, and every refusal names the option as it is spelt: an unknown
 * one with the nearest that there is, a missing value or operand, a value that is none (with what one is), an
 * operand too many; then, from row to row, what excludes each other, what is required, what needs another.
 *
 * Texts are argv's own; lists are placed in the arena. Before the line is read each row's fallback goes where
 * its value would; a place without fallback is left as it was. */
#ifndef TW_ARGUMENTS_H
#define TW_ARGUMENTS_H

#include "cli/option.h"

enum { TW_OPTIONS_MOST = 128 }; /* rows of one table */

struct tw_option_table {
    const char *command; /* "reset", "deadletters list" */
    const struct tw_option *rows;
    size_t count; /* at most TW_OPTIONS_MOST */
};

/* What was typed for a table of settings; it waits for the settings that it changes (--from). */
struct tw_assignment {
    const struct tw_setting *row; /* NULL: text is KEY=VALUE */
    const char *text;
};

/* In the order in which they were typed. */
struct tw_assignments {
    const struct tw_assignment *items;
    size_t count;
};

/* Reads the `argc` words of argv into `options`. Returns 0, or 2 with err filled (TW_USAGE), or 70 when the
 * arena is full. `assigned` may be NULL for a table without settings. */
int tw_arguments_parse(const struct tw_option_table *table, int argc, char *const *argv,
    struct tw_arena *arena, void *options, struct tw_assignments *assigned, struct tw_error *err);

/* Puts what was typed into `values`, in order. Errors of settings.h. */
TW_MUST_USE bool tw_assignments_apply(const struct tw_assignments *assigned, const struct tw_settings *table,
    struct tw_arena *arena, void *values, struct tw_error *err);

/* Fills err with TW_USAGE for a wrong line of `command`. `cure` NULL: its help is the cure. Returns 2. */
int tw_arguments_refuse(const char *command, const char *cure, struct tw_error *err, const char *what, ...)
    TW_PRINTF(4, 5);

#endif
