/* arguments: the command line of a small subcommand, read by a table.
 *
 *     const struct tw_argument table[] = {{"c", .text = &options.config}, {"limit", .number = &options.limit},
 *         {"format", .format = &options.format}, {"execute", .given = &options.execute}};
 *     struct tw_operands rest;
 *     int status = tw_arguments_parse(argc, argv, table, 4, &rest, err);
 *     if (status) return status;
 *
 * A name of one letter is -c, a longer one --limit; each row has one place to go to, and what is not given leaves it as it was. Texts
 * are argv's own. Given twice, the last holds. What is no option is an operand, wherever it stands; behind -- everything is. */
#ifndef TW_ARGUMENTS_H
#define TW_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/table.h"

enum { TW_ARGUMENTS_MOST = 16 };

struct tw_argument {
    const char *name;
    const char **text;
    const char **number; /* the text of a number from 0 to INT64_MAX, in decimal */
    enum tw_format *format;
    bool *given;
};

struct tw_operands {
    char **items;
    int count;
};

/* argv[0] is the subcommand's name; `count` is at most TW_ARGUMENTS_MOST. Returns 0, or the exit status of a wrong command line
 * with err filled. `operands` NULL: none is taken. */
int tw_arguments_parse(int argc, char **argv, const struct tw_argument *table, size_t count,
    struct tw_operands *operands, struct tw_error *err);

/* Decimal digits alone, from 0 to `most`. */
bool tw_argument_is_number(const char *text, int64_t most);

#endif
