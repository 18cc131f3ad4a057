/* command: the table of subcommands and what each one promises.
 *
 * A subcommand is one file in commands/ that gives one struct tw_command: its name, one line about it, the
 * table of its options (option.h) and a function. It is listed in command.c. main finds it, answers -h by
 * usage.h, reads the line by arguments.h into the command's own struct, and runs it. So no command parses
 * anything:
 *
 *     struct options { const char *config; enum tw_format format; };
 *     static int run(const struct tw_command_line *line, struct tw_error *err)
 *     {
 *         const struct options *options = line->options; ...
 *     }
 *     static const struct tw_option rows[] = {
 *         TW_OPTION_CONFIG(struct options, config), TW_OPTION_FORMAT(struct options, format)};
 *     const struct tw_command tw_command_status = {
 *         .name = "status", .group = "run", .summary = "what a running daemon is doing",
 *         .rows = rows, .count = sizeof rows / sizeof rows[0], .bytes = sizeof(struct options), .run = run};
 *
 * What the table cannot say (two options that do not go together by their values) the function checks first,
 * and refuses by tw_command_usage. A command of two words ("deadletters list") belongs to a family: its first
 * word alone is no command.
 *
 * The function returns an exit status (deploy/docs/operations.md, "Exit status"). What went wrong as a
 * whole goes into `err`; main prints it as one line, `tapewatch NAME: where: what; cure: cure`, on
 * stderr. Records refused one by one are reported by the command itself, in the same form, and end in
 * status 1. */
#ifndef TW_COMMAND_H
#define TW_COMMAND_H

#include "base/arena.h"
#include "base/error.h"
#include "cli/arguments.h"
#include "terminal/table.h"

struct tw_config;
struct tw_problems;
struct tw_command;

/* What was typed, read. */
struct tw_command_line {
    const struct tw_command *command;
    void *options; /* the command's struct; it may be changed */
    struct tw_assignments assigned;
    int argc; /* as typed, from the command's name */
    char **argv;
};

/* Returns the exit status; when `err->what` is not empty it is printed. */
typedef int tw_command_run(const struct tw_command_line *line, struct tw_error *err);

struct tw_command {
    const char *name;         /* one word, or two: "dev broker" */
    const char *group;        /* run, data, rules, models, make, dev: the headings of --help */
    const char *summary;      /* one line, lower case, no full stop */
    const char *const *forms; /* ways to use it, for -h, ended by NULL; NULL: one, made from the rows */
    const struct tw_option *rows;
    size_t count;
    const struct tw_settings *settings; /* each row of it is an option too; or NULL */
    size_t bytes;                       /* of the struct that the rows point into; it begins as zeroes */
    tw_command_run *run;
};

/* All subcommands, in the order in which --help shows them; *count receives their number. */
const struct tw_command *const *tw_commands(size_t *count);

/* Finds the command that the words begin with, one word or two; *words receives how many. NULL: there is
 * none, err tells the nearest one, or the second words of its family. */
const struct tw_command *tw_command_find(int argc, char *const *argv, int *words, struct tw_error *err);

/* Is `name` the first word of commands of two? */
bool tw_command_is_family(const char *name);
/* Is this one of that family? */
bool tw_command_in_family(const struct tw_command *command, const char *name);

/* All options of a command: its own rows, then one for each of its settings. Returns how many. */
size_t tw_command_options(const struct tw_command *command, struct tw_option rows[TW_OPTIONS_MOST]);

/* Rows that many commands share. */
#define TW_OPTION_CONFIG(type, member)                                                                       \
    {                                                                                                        \
        "config", 'c', "FILE", TW_INTO_PATH(type, member),                                                   \
            .help = "the configuration (default /etc/tapewatch/tapewatch.yaml)"                              \
    }
#define TW_OPTION_FORMAT(type, member)                                                                       \
    {                                                                                                        \
        "format", 0, "FORM", TW_INTO_CHOICE(type, member, tw_format_names),                                  \
            .fallback = "table", .help = "form of what is printed"                                           \
    }

/* Fills err with TW_USAGE for a wrong command line of `command` ("tapewatch NAME --help tells the options" is
 * the cure); returns 2, so that a command can end with it. */
int tw_command_usage(const char *command, struct tw_error *err, const char *what, ...) TW_PRINTF(3, 4);

/* The exit status for an error: err's code as a status. */
int tw_command_failed(const struct tw_error *err);

/* Prints every problem of a list on stderr, each with its line and a caret. `arena`: room for the text. */
void tw_command_show_problems(const struct tw_problems *problems, struct tw_arena *arena);

/* Reads the configuration a command was given with -c (NULL: the standard path, whose absence is no error
 * when `may_be_absent`: defaults then). Every problem in it is printed on stderr with its line and a caret;
 * err has the first. */
TW_MUST_USE bool tw_command_config_load(const char *path, bool may_be_absent, struct tw_arena *arena,
    struct tw_config *config, struct tw_error *err);

/* The command as a shell would take it again: "tapewatch ", then the arguments, quoted where they must be.
 * Cut to `size`, which is at least 1; a lineage and a report say so what made them. */
void tw_command_typed(int argc, char **argv, char *text, size_t size);

extern const struct tw_command tw_command_serve, tw_command_migrate, tw_command_check, tw_command_reload,
    tw_command_status;
extern const struct tw_command tw_command_replay, tw_command_reset;
extern const struct tw_command tw_command_deadletters_list, tw_command_deadletters_show,
    tw_command_deadletters_requeue;
extern const struct tw_command tw_command_test, tw_command_backtest;
extern const struct tw_command tw_command_classify, tw_command_tokenize, tw_command_evaluate,
    tw_command_explain, tw_command_audit, tw_command_bench;
extern const struct tw_command tw_command_pretrain, tw_command_finetune, tw_command_distill,
    tw_command_quantize, tw_command_vocab, tw_command_generate;
extern const struct tw_command tw_command_dev_broker, tw_command_dev_topic, tw_command_dev_manual;
extern const struct tw_command tw_command_config, tw_command_completion;

#endif
