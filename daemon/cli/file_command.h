/* file_command: what the commands over archives (`classify`, `evaluate`, `tokenize`) have in common: their options, the
 * model and the entities they open, and how they report refused records.
 *
 *     tw_offline_parse    argv to options; usage errors
 *     tw_offline_open     configuration, model, entities, output: a river ready to run
 *     tw_offline_close    ends it; the output files appear under their names only here
 *
 * The output of `-o PATH`, and the page of `--report PATH`, is written beside PATH and renamed when the run is
 * through, so a reader never sees a part of it; a place that cannot be written to is told of before the work begins. */
#ifndef TW_FILE_COMMAND_H
#define TW_FILE_COMMAND_H

#include <limits.h>
#include <stdio.h>

#include "cli/table.h"
#include "config/config.h"
#include "river.h"
#include "tasks/tasks.h"

struct tw_offline_arguments {
    const char *command;
    const char *model;    /* -m */
    const char *config;   /* -c */
    const char *output;   /* -o; NULL: standard output */
    const char *entities; /* --entities; NULL: link.entities */
    const char *labels;   /* --labels a,b,c */
    const char *report;   /* --report; NULL: none */
    const char *input;    /* the file; "-": standard input */
    enum tw_input_form form;
    enum tw_format format;
    uint32_t workers;   /* 0: as many as processors */
    uint32_t worst;     /* --worst: errors shown in the report */
    int64_t max_tokens; /* -1: not given; 0: no limit (tokenize) */
    double held_back;   /* --held-back; 0: all records */
    bool raw, logits, verbose;
};

/* A file that appears under its name whole or not at all; what is no regular file (a pipe, a device) is written to as it comes, since
 * a rename would put a file in its place. */
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
    struct tw_classifier *classifier;
    const char *model;                     /* its folder; empty: the constant model without one */
    struct tw_offline_file output, report; /* of -o, of --report */
    const struct tw_offline_arguments *arguments;
};

/* `allowed` lists the long options this command knows beside the common ones, such as "raw,labels". Returns 0, or
 * the exit status of a wrong command line with err filled. */
int tw_offline_parse(
    int argc, char **argv, const char *allowed, struct tw_offline_arguments *out, struct tw_error *err);

TW_MUST_USE bool tw_offline_open(const struct tw_offline_arguments *arguments, bool tokenizer_only,
    struct tw_offline_run *run, struct tw_error *err);

/* Ends the run: the output files get their names when `finished`, and are removed otherwise. The exit status: of err
 * when not finished, else 1 when records were refused, else 0. A zeroed run is safe to close. */
int tw_offline_close(
    struct tw_offline_run *run, bool finished, const struct tw_task_counts *counts, struct tw_error *err);

#endif
