/* command: the table of subcommands and what each one promises.
 *
 * A subcommand is one file in commands/ with one function of type tw_command_run, listed in the table of
 * command.c. It parses its own options (getopt_long; optind is reset for it), does its work and returns an exit
 * status (contracts, "Exit status"). What went wrong as a whole goes into `err`; main prints it as one line,
 * `tapewatch NAME: where: what; cure: cure`, on stderr. Records refused one by one are reported by the command
 * itself, in the same form, and end in status 1. */
#ifndef TW_COMMAND_H
#define TW_COMMAND_H

#include "base/arena.h"
#include "base/error.h"

struct tw_config;

/* argv[0] is the subcommand's name. Returns the exit status; when `err->what` is not empty it is printed. */
typedef int tw_command_run(int argc, char **argv, struct tw_error *err);

struct tw_command {
    const char *name;
    const char *group;   /* run, data, rules, models, make, dev: the headings of --help */
    const char *summary; /* one line, lower case, no full stop */
    const char *
        usage; /* what follows "usage: tapewatch ", then one line for each option; NULL: it answers --help itself */
    tw_command_run *run;
};

/* All subcommands, in the order in which --help shows them; *count receives their number. */
const struct tw_command *tw_commands(size_t *count);

/* Finds one by name, NULL when there is none; *nearest then receives the most similar name or NULL. */
const struct tw_command *tw_command_find(const char *name, const char **nearest);

/* Fills err with TW_USAGE for a wrong command line of `command` ("try tapewatch NAME --help" is the cure);
 * returns 2, so that a parser can end with it. */
int tw_command_usage(const char *command, struct tw_error *err, const char *what, ...) TW_PRINTF(3, 4);

/* The exit status for an error: err's code as a status. */
int tw_command_failed(const struct tw_error *err);

/* Reads the configuration a command was given with -c (NULL: the standard path, whose absence is no error when
 * `may_be_absent`: defaults then). Every problem in it is printed on stderr with its line and a caret; err has the first. */
TW_MUST_USE bool tw_command_config_load(const char *path, bool may_be_absent, struct tw_arena *arena,
    struct tw_config *config, struct tw_error *err);

/* The command as a shell would take it again: "tapewatch ", then the arguments, quoted where they must be. Cut to `size`, which is
 * at least 1; a lineage and a report say so what made them. */
void tw_command_typed(int argc, char **argv, char *text, size_t size);

/* The program's version, as `tapewatch --version` tells it. */
const char *tw_version(void);

tw_command_run tw_command_serve;
tw_command_run tw_command_check;
tw_command_run tw_command_migrate;
tw_command_run tw_command_reload;
tw_command_run tw_command_status;
tw_command_run tw_command_replay;
tw_command_run tw_command_deadletters;
tw_command_run tw_command_reset;
tw_command_run tw_command_classify;
tw_command_run tw_command_tokenize;
tw_command_run tw_command_evaluate;
tw_command_run tw_command_pretrain;
tw_command_run tw_command_finetune;
tw_command_run tw_command_distill;
tw_command_run tw_command_vocab;
tw_command_run tw_command_bench;
tw_command_run tw_command_dev;
tw_command_run tw_command_config;

#endif
