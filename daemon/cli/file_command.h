/* file_command: what the commands over archives (`classify`, `evaluate`, `tokenize`) have in common: their
 * options, the model and the entities they open, and how they report refused records.
 *
 *     rows of the table  TW_FILE_... below: each command takes those that it knows what to do with
 *     tw_offline_open     configuration, model, entities, output: a river ready to run
 *     tw_offline_close    ends it; the output files appear under their names only here
 *
 * At the end one line on standard error says what was refused and what was mended, by kind (intake.h);
 * nothing when all went well.
 *
 * The output of `-o PATH`, and the page of `--report PATH`, is written beside PATH and renamed when the run
 * is through, so a reader never sees a part of it; a place that cannot be written to is told of before the
 * work begins. */
#ifndef TW_FILE_COMMAND_H
#define TW_FILE_COMMAND_H

#include <limits.h>
#include <stdio.h>

#include "cli/command.h"
#include "config/config.h"
#include "river.h"
#include "tasks/tasks.h"
#include "terminal/table.h"

/* What the rows below fill; the struct of each of these commands. */
struct tw_offline_arguments {
    const char *model;         /* -m */
    const char *config;        /* -c */
    const char *output;        /* -o; NULL: standard output */
    const char *entities;      /* --entities; NULL: link.entities */
    const char *events;        /* --events; NULL: none are looked for */
    const char *labels;        /* --labels a,b,c */
    const char *record_labels; /* --record-labels */
    const char *report;        /* --report; NULL: none */
    const char *swaps, *gate;  /* --swaps, --gate of audit; NULL: not given */
    const char *rules;         /* --rules of test; NULL: rules.path */
    const char *input;         /* the file; "-": standard input */
    enum tw_input_form form;
    enum tw_format format;
    int64_t workers;     /* 0: as many as processors */
    int64_t worst;       /* --worst: errors shown in the report */
    unsigned precision;  /* 1 + enum tw_model_precision; 0: not given */
    uint32_t max_tokens; /* 0: not given; TW_TOKENS_UNLIMITED: no limit */
    double held_back;    /* --held-back; 0: all records */
    bool raw, logits, text, show, verbose;
};

/* For --max-tokens: 0 means no limit, as it is typed. */
bool tw_offline_take_max_tokens(const char *text, void *place);

/* For --precision: one more than the enum tw_model_precision of that word. */
bool tw_offline_take_precision(const char *text, void *place);

extern const char *const tw_offline_forms[]; /* of enum tw_input_form */

#define TW_FILE_MODEL_ROW                                                                                    \
    {                                                                                                        \
        "model", 'm', "FOLDER", TW_INTO_PATH(struct tw_offline_arguments, model),                            \
            .help = "the model, a Hugging Face folder"                                                       \
    }
#define TW_FILE_PRECISION_ROW                                                                                \
    {                                                                                                        \
        "precision", 0, "WEIGHTS",                                                                           \
            TW_INTO_CUSTOM(struct tw_offline_arguments, precision, tw_offline_take_precision),               \
            .choices = tw_model_precision_names, .wanted = "auto, fp32 or int8",                             \
            .help = "which weights score, in place of model.precision: those in fp32, or with 8 bits"        \
    }
#define TW_FILE_CONFIG_ROW TW_OPTION_CONFIG(struct tw_offline_arguments, config)
#define TW_FILE_OUTPUT_ROW                                                                                   \
    {                                                                                                        \
        "output", 'o', "PATH", TW_INTO_PATH(struct tw_offline_arguments, output),                            \
            .help = "write there, whole or not at all (default: standard output)"                            \
    }
#define TW_FILE_INPUT_FORM_ROW                                                                               \
    {                                                                                                        \
        "input", 0, "FORM", TW_INTO_CHOICE(struct tw_offline_arguments, form, tw_offline_forms),             \
            .fallback = "auto", .help = "form of the records"                                                \
    }
#define TW_FILE_ENTITIES_ROW                                                                                 \
    {                                                                                                        \
        "entities", 0, "FILE", TW_INTO_PATH(struct tw_offline_arguments, entities),                          \
            .help = "entities to link (default: link.entities)"                                              \
    }
#define TW_FILE_EVENTS_ROW                                                                                   \
    {                                                                                                        \
        "events", 0, "FILE", TW_INTO_PATH(struct tw_offline_arguments, events),                              \
            .help = "tell events too, by the patterns of this file"                                          \
    }
#define TW_FILE_LABELS_ROW                                                                                   \
    {                                                                                                        \
        "labels", 0, "A,B,C", TW_INTO_TEXT(struct tw_offline_arguments, labels),                             \
            .help = "labels in the model's order, for one that does not name them"                           \
    }
#define TW_FILE_RECORD_LABELS_ROW                                                                            \
    {                                                                                                        \
        "record-labels", 0, "A,B,C", TW_INTO_TEXT(struct tw_offline_arguments, record_labels),               \
            .help = "classes of records' labels 0, 1, 2, or as -1:negative,0:neutral,1:positive (default: "  \
                    "--labels)"                                                                              \
    }
#define TW_FILE_RAW_ROW                                                                                      \
    {                                                                                                        \
        "raw", 0, NULL, TW_INTO_FLAG(struct tw_offline_arguments, raw),                                      \
            .help = "take texts as they are, without cleaning"                                               \
    }
#define TW_FILE_MAX_TOKENS_ROW                                                                               \
    {                                                                                                        \
        "max-tokens", 0, "N",                                                                                \
            TW_INTO_CUSTOM(struct tw_offline_arguments, max_tokens, tw_offline_take_max_tokens),             \
            .wanted = "a number from 3, or 0 for no limit",                                                  \
            .help = "cut texts to N tokens, never to more than the model reads"                              \
    }
#define TW_FILE_WORKERS_ROW                                                                                  \
    {                                                                                                        \
        "workers", 0, "N", TW_INTO_COUNT(struct tw_offline_arguments, workers),                              \
            .most = 1024, .fallback = "0", .help = "threads; 0: as many as processors"                       \
    }
#define TW_FILE_VERBOSE_ROW                                                                                  \
    {                                                                                                        \
        "verbose", 'v', NULL, TW_INTO_FLAG(struct tw_offline_arguments, verbose),                            \
            .help = "say which kernels are used and what of config.json is not"                              \
    }

/* A file that appears under its name whole or not at all; what is no regular file (a pipe, a device) is
 * written to as it comes, since a rename would put a file in its place. */
struct tw_offline_file {
    const char *path; /* NULL: none */
    FILE *file;
    char target[PATH_MAX];  /* the path, with links followed */
    char partial[PATH_MAX]; /* what is written until it is whole; empty: the target itself is */
};

struct tw_offline_run {
    struct tw_task_options options;
    struct tw_river river;
    struct tw_config config;
    struct tw_arena arena;
    struct tw_automaton *entities;
    struct tw_taxonomy *events;
    struct tw_source_weights *sources;
    struct tw_classifier *classifier;
    const char *model;                     /* its folder; empty: the constant model without one */
    struct tw_offline_file output, report; /* of -o, of --report */
    const struct tw_offline_arguments *arguments;
    const char *command;
};

/* Opens all that the line names; its options are a struct tw_offline_arguments. After a failure too the run
 * must be closed. `tokenizer_only`: of the model its tokenizer's files are enough. */
TW_MUST_USE bool tw_offline_open(const struct tw_command_line *line, bool tokenizer_only,
    struct tw_offline_run *run, struct tw_error *err);

/* Ends the run: the output files get their names when `finished`, and are removed otherwise. The exit status:
 * of err when not finished, else 1 when records were refused, else 0. A zeroed run is safe to close. */
int tw_offline_close(
    struct tw_offline_run *run, bool finished, const struct tw_task_counts *counts, struct tw_error *err);

#endif
