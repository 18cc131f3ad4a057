/* training_command: what every command that makes a model does around its pipeline: options from its table of settings, --from, --set,
 * --resume, --dry-run, signals, progress on a terminal, the exit status.
 *
 *     static const struct tw_learn_kind kind = {.name = "finetune", .table = &tw_finetune_table, ...};
 *     int tw_command_finetune(int argc, char **argv, struct tw_error *err)
 *     {
 *         return tw_learn_command(&kind, argc, argv, err);
 *     }
 *
 * In order: settings from their defaults, from --from, from options and bare arguments; `settle`; then `run`, or with
 * --dry-run `look`. --resume takes all settings from the run's folder and no other option than -o, -c. SIGINT and SIGTERM end the
 * run at its next step (the watch says stopped), status 130. */
#ifndef TW_TRAINING_COMMAND_H
#define TW_TRAINING_COMMAND_H

#include <getopt.h>
#include <uv.h>

#include "cli/progress.h"
#include "cli/table.h"
#include "config/config.h"
#include "training/run.h"

enum { TW_LEARN_CELL = 24, TW_LEARN_COLUMNS = 16, TW_LEARN_OPTIONS = 160, TW_LEARN_NAME = 64 };

struct tw_learn;

struct tw_learn_kind {
    const char *name; /* of the command */
    const struct tw_settings *table;
    size_t settings_bytes; /* of its struct, which begins with struct tw_course_settings */
    const char *bare;      /* the list that bare arguments go to, in place of what --from gives */
    const char *usage;     /* what --help prints before the options of the table; lines with their newlines */
    const char *metric;    /* for people: "macro-F1" */

    /* The row of an evaluation: at most TW_LEARN_COLUMNS. */
    const struct tw_show_column *columns;
    size_t column_count;
    void (*fill)(const struct tw_course_evaluation *evaluation, char (*cells)[TW_LEARN_CELL]);

    /* Completes settings before either of the next two; or NULL. */
    bool (*settle)(struct tw_learn *learn, struct tw_error *err);
    bool (*run)(struct tw_learn *learn, struct tw_course_result *result, struct tw_error *err);
    /* Prints facts (tw_learn_print_facts); *refused: records that cannot be used. */
    bool (*look)(struct tw_learn *learn, uint64_t *refused, struct tw_error *err);
};

/* All that lives as long as the command. */
struct tw_learn {
    const struct tw_learn_kind *kind;
    struct tw_arena arena;
    struct tw_config config; /* of -c, or the defaults */
    void *settings;          /* the command's struct */
    struct tw_course_run run;
    bool dry_run;
    const char *from, *config_path;
    enum tw_format format;
    struct tw_show show;
    uv_loop_t loop; /* for signals alone */
    uv_signal_t interrupt, terminate;
    bool told_to_stop;
    char typed[4096];
    char letters[32]; /* for getopt */
    struct option options[TW_LEARN_OPTIONS];
    char names[TW_LEARN_OPTIONS][TW_LEARN_NAME];
};

/* The whole command; returns its exit status. */
int tw_learn_command(const struct tw_learn_kind *kind, int argc, char **argv, struct tw_error *err);

/* For `settle`: a model folder that was not named is the default model (command.h). */
TW_MUST_USE bool tw_learn_default_model(struct tw_learn *learn, const char **model, struct tw_error *err);

struct tw_learn_fact {
    const char *name;
    double value;
    int decimals;
    const char *prose;
};
/* On stdout, as --format says. */
TW_MUST_USE bool tw_learn_print_facts(
    const struct tw_learn *learn, const struct tw_learn_fact *facts, size_t count, struct tw_error *err);

/* part / whole; 0 of nothing. */
double tw_learn_share(size_t part, size_t whole);

#endif
