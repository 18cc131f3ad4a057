/* training_command: what every command that makes a model does around its pipeline: options from its table of
 * settings, --from, --set, --resume, --dry-run, signals, progress on a terminal, the exit status.
 *
 *     static const struct tw_training_command_kind kind = {
 *         .settings_bytes = sizeof(struct tw_finetune_settings), ...};
 *     static int run_finetune(const struct tw_command_line *line, struct tw_error *err)
 *     {
 *         return tw_training_command_run(&kind, line, err);
 *     }
 *     static const struct tw_option rows[] = {
 *         {.value = "FILE", TW_INTO_PATHS(struct tw_training_options, files), ...}, TW_TRAINING_ROWS};
 *     const struct tw_command tw_command_finetune = {.rows = rows, .settings = &tw_finetune_table, ...};
 *
 * In order: settings from their defaults, from --from, from options, --set and bare arguments; `settle`; then
 * `run`, or with --dry-run `inspect`. --resume takes all settings from the run's folder and no other option
 * than -o, -c. SIGINT and SIGTERM end the run at its next step (the watch says stopped), status 130. */
#ifndef TW_TRAINING_COMMAND_H
#define TW_TRAINING_COMMAND_H

#include <uv.h>

#include "cli/command.h"
#include "config/config.h"
#include "files/intake.h"
#include "run/precision.h"
#include "run/run.h"
#include "terminal/progress.h"
#include "terminal/table.h"

enum { TW_TRAINING_CELL = 24, TW_TRAINING_COLUMNS = 16 };

/* The options that are no settings. */
struct tw_training_options {
    const char *config, *from;
    struct tw_setting_texts files; /* bare arguments */
    bool resume, dry_run;
    enum tw_format format;
};

/* Their rows, but for that of the bare arguments. */
#define TW_TRAINING_ROWS                                                                                     \
    TW_OPTION_CONFIG(struct tw_training_options, config),                                                    \
        {"from", 0, "FILE", TW_INTO_PATH(struct tw_training_options, from),                                  \
            .help = "settings of a run before: its run.yaml"},                                               \
        {"set", 0, "KEY=VALUE", .kind = TW_OPTION_ASSIGN, .help = "one setting, as in run.yaml"},            \
        {"resume", 0, NULL, TW_INTO_FLAG(struct tw_training_options, resume),                                \
            .help = "go on from the last checkpoint of a run that was stopped"},                             \
        {"dry-run", 0, NULL, TW_INTO_FLAG(struct tw_training_options, dry_run),                              \
            .help = "look at the data, learn nothing"},                                                      \
        TW_OPTION_FORMAT(struct tw_training_options, format)

struct tw_training_command;

struct tw_training_command_kind {
    size_t settings_bytes; /* of the struct of its settings, which begins with struct tw_run_settings */
    const char *bare;      /* the list that bare arguments go to, in place of what --from gives */
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
    const struct tw_command_line *line;
    const struct tw_training_options *options;
    struct tw_arena arena;
    struct tw_config config; /* of -c, or the defaults */
    void *settings;          /* the command's struct */
    struct tw_run_call call;
    struct tw_show show;
    struct tw_intake intake; /* told at the end */
    uv_loop_t loop;          /* for signals alone */
    uv_signal_t interrupt, terminate;
    bool told_to_stop;
    char typed[4096];
    struct tw_run_precision precision;
};

/* The whole command; the line's options are a struct tw_training_options, its settings those of the command.
 * Returns the exit status. */
int tw_training_command_run(
    const struct tw_training_command_kind *kind, const struct tw_command_line *line, struct tw_error *err);

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
