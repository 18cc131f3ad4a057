/* training_command: what every command that makes a model does around its pipeline: options from its table of settings, --from, --set,
 * --resume, --dry-run, signals, progress on a terminal, the exit status.
 *
 *     static const struct tw_training_command_kind kind = {.name = "finetune", .table = &tw_finetune_table, ...};
 *     int tw_command_finetune(int argc, char **argv, struct tw_error *err)
 *     {
 *         return tw_training_command_run(&kind, argc, argv, err);
 *     }
 *
 * In order: settings from their defaults, from --from, from options and bare arguments; `settle`; then `run`, or with
 * --dry-run `inspect`. --resume takes all settings from the run's folder and no other option than -o, -c. SIGINT and SIGTERM end the
 * run at its next step (the watch says stopped), status 130. */
#ifndef TW_TRAINING_COMMAND_H
#define TW_TRAINING_COMMAND_H

#include <getopt.h>
#include <uv.h>

#include "cli/progress.h"
#include "cli/table.h"
#include "config/config.h"
#include "training/run.h"

enum { TW_TRAINING_CELL = 24, TW_TRAINING_COLUMNS = 16, TW_TRAINING_OPTIONS = 160, TW_TRAINING_NAME = 64 };

struct tw_training_command;

struct tw_training_command_kind {
    const char *name; /* of the command */
    const struct tw_settings *table;
    size_t settings_bytes; /* of its struct, which begins with struct tw_run_settings */
    const char *bare;      /* the list that bare arguments go to, in place of what --from gives */
    const char *usage;     /* what --help prints before the options of the table; lines with their newlines */
    const char *metric;    /* for people: "macro-F1" */

    /* The row of an evaluation: at most TW_TRAINING_COLUMNS. */
    const struct tw_show_column *columns;
    size_t column_count;
    void (*fill)(const struct tw_run_validated *evaluation, char (*cells)[TW_TRAINING_CELL]);

    /* Completes settings before either of the next two; or NULL. */
    bool (*settle)(struct tw_training_command *command, struct tw_error *err);
    bool (*run)(struct tw_training_command *command, struct tw_run_result *result, struct tw_error *err);
    /* Prints facts (tw_training_command_print_facts); *refused: records that cannot be used. */
    bool (*inspect)(struct tw_training_command *command, uint64_t *refused, struct tw_error *err);
};

/* All that lives as long as the command. */
struct tw_training_command {
    const struct tw_training_command_kind *kind;
    struct tw_arena arena;
    struct tw_config config; /* of -c, or the defaults */
    void *settings;          /* the command's struct */
    struct tw_run_call call;
    bool dry_run;
    const char *from, *config_path;
    enum tw_format format;
    struct tw_show show;
    uv_loop_t loop; /* for signals alone */
    uv_signal_t interrupt, terminate;
    bool told_to_stop;
    char typed[4096];
    char letters[32]; /* for getopt */
    struct option options[TW_TRAINING_OPTIONS];
    char names[TW_TRAINING_OPTIONS][TW_TRAINING_NAME];
};

/* The whole command; returns its exit status. */
int tw_training_command_run(
    const struct tw_training_command_kind *kind, int argc, char **argv, struct tw_error *err);

/* For `settle`: a model folder that was not named is the default model (command.h). */
TW_MUST_USE bool tw_training_command_default_model(
    struct tw_training_command *command, const char **model, struct tw_error *err);

struct tw_training_fact {
    const char *name;
    double value;
    int decimals;
    const char *prose;
};
/* On stdout, as --format says. */
TW_MUST_USE bool tw_training_command_print_facts(const struct tw_training_command *command,
    const struct tw_training_fact *facts, size_t count, struct tw_error *err);

/* part / whole; 0 of nothing. */
double tw_training_command_ratio(size_t part, size_t whole);

#endif
