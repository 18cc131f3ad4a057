#include "cli/file_command.h"

#include "base/clock.h"
#include "cli/command.h"
#include "config/classifier_options.h"
#include "link/entities.h"
#include "model/model.h"
#include "observe/processors.h"
#include "read/decode.h"
#include "score/classify.h"
#include "tokenizer/tokenizer.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_BYTES = 16 << 20, MOST_WORKERS = 1024, STANDARD_WORST = 20, MOST_WORST = 1000 };

/* ---- the command line ---- */

enum long_option {
    INPUT = 256,
    WORKERS,
    ENTITIES,
    RAW,
    LABELS,
    LOGITS,
    FORMAT,
    MAX_TOKENS,
    HELD_BACK,
    REPORT,
    WORST
};

static const struct option long_options[] = {
    {"input", required_argument, NULL, INPUT},
    {"workers", required_argument, NULL, WORKERS},
    {"entities", required_argument, NULL, ENTITIES},
    {"raw", no_argument, NULL, RAW},
    {"labels", required_argument, NULL, LABELS},
    {"logits", no_argument, NULL, LOGITS},
    {"format", required_argument, NULL, FORMAT},
    {"max-tokens", required_argument, NULL, MAX_TOKENS},
    {"held-back", required_argument, NULL, HELD_BACK},
    {"report", required_argument, NULL, REPORT},
    {"worst", required_argument, NULL, WORST},
    {NULL, 0, NULL, 0},
};
enum { COMMON_OPTIONS = 2 }; /* the first ones of the table */

/* Is `name` one of the words of "raw,labels"? */
static bool is_allowed(const char *allowed, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = allowed; (at = strstr(at, name)) != NULL; at += length)
        if ((at == allowed || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* The long options of one command: the common ones, and those it allows. */
static void choose_options(const char *allowed, struct option *chosen)
{
    size_t count = 0;
    for (size_t at = 0; long_options[at].name; at++)
        if (at < COMMON_OPTIONS || is_allowed(allowed, long_options[at].name))
            chosen[count++] = long_options[at];
    chosen[count] = (struct option){NULL, 0, NULL, 0};
}

static bool parse_number(const char *text, int64_t most, int64_t *out)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < 0 || value > most)
        return false;
    *out = value;
    return true;
}

/* Above 0, below 1. */
static bool parse_share(const char *text, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0 && value < 1))
        return false;
    *out = value;
    return true;
}

static bool parse_word(const char *text, const char *const *words, int count, int *out)
{
    for (int at = 0; at < count; at++)
        if (strcmp(text, words[at]) == 0) {
            *out = at;
            return true;
        }
    return false;
}

static int take_option(int option, struct tw_offline_arguments *out, struct tw_error *err)
{
    static const char *const forms[] = {"auto", "text", "json"};
    int word;
    int64_t number;
    switch (option) {
    case 'm':
        out->model = optarg;
        return 0;
    case 'c':
        out->config = optarg;
        return 0;
    case 'o':
        out->output = optarg;
        return 0;
    case 'v':
        out->verbose = true;
        return 0;
    case RAW:
        out->raw = true;
        return 0;
    case LOGITS:
        out->logits = true;
        return 0;
    case ENTITIES:
        out->entities = optarg;
        return 0;
    case LABELS:
        out->labels = optarg;
        return 0;
    case INPUT:
        if (!parse_word(optarg, forms, 3, &word))
            return tw_command_usage(out->command, err, "--input is auto, text or json, not \"%s\"", optarg);
        out->form = (enum tw_input_form)word;
        return 0;
    case FORMAT:
        if (!tw_format_parse(optarg, &out->format))
            return tw_command_usage(out->command, err, "--format is table, json or csv, not \"%s\"", optarg);
        return 0;
    case WORKERS:
        if (!parse_number(optarg, MOST_WORKERS, &number))
            return tw_command_usage(
                out->command, err, "--workers is a number up to %d, not \"%s\"", MOST_WORKERS, optarg);
        out->workers = (uint32_t)number;
        return 0;
    case REPORT:
        out->report = optarg;
        return 0;
    case WORST:
        if (!parse_number(optarg, MOST_WORST, &number))
            return tw_command_usage(
                out->command, err, "--worst is a number up to %d, not \"%s\"", MOST_WORST, optarg);
        out->worst = (uint32_t)number;
        return 0;
    case HELD_BACK:
        if (!parse_share(optarg, &out->held_back))
            return tw_command_usage(
                out->command, err, "--held-back is a share between 0 and 1, such as 0.1, not \"%s\"", optarg);
        return 0;
    default: /* MAX_TOKENS */
        if (!parse_number(optarg, INT32_MAX, &out->max_tokens) || (out->max_tokens && out->max_tokens < 3))
            return tw_command_usage(
                out->command, err, "--max-tokens is a number from 3, or 0 for no limit, not \"%s\"", optarg);
        return 0;
    }
}

int tw_offline_parse(
    int argc, char **argv, const char *allowed, struct tw_offline_arguments *out, struct tw_error *err)
{
    struct option options[sizeof long_options / sizeof long_options[0]];
    choose_options(allowed, options);
    *out = (struct tw_offline_arguments){
        .command = argv[0], .input = "-", .max_tokens = -1, .worst = STANDARD_WORST};
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":m:c:o:v", options, NULL)) != -1;) {
        if (option == ':')
            return tw_command_usage(argv[0], err, "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return tw_command_usage(argv[0], err, "no option %s", argv[optind - 1]);
        int status = take_option(option, out, err);
        if (status)
            return status;
    }
    if (argc - optind > 1)
        return tw_command_usage(argv[0], err, "one file, not \"%s\" too", argv[optind + 1]);
    if (optind < argc)
        out->input = argv[optind];
    return 0;
}

/* ---- opening ---- */

/* Told of each refused record. */
static void report_refused(void *context, const struct tw_error *why)
{
    const struct tw_offline_arguments *arguments = context;
    char line[1200];
    tw_error_line(why, line, sizeof line);
    fprintf(stderr, "tapewatch %s: %s\n", arguments->command, line);
}

static void tell_model(const struct tw_offline_run *run)
{
    char line[600];
    const struct tw_model *model = tw_classifier_model(run->classifier);
    if (!run->arguments->verbose || !model)
        return;
    tw_classifier_gemm_report(run->classifier, line, sizeof line);
    fprintf(stderr, "tapewatch %s: %s\n", run->arguments->command, line);
    for (size_t at = 0; at < model->config.ignored_count; at++)
        fprintf(stderr, "tapewatch %s: config.json: key \"%s\" is not looked at\n", run->arguments->command,
            model->config.ignored[at]);
}

static bool open_classifier(struct tw_offline_run *run, bool tokenizer_only, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = run->arguments;
    struct tw_model_asked asked = {.folder = arguments->model,
        .labels = arguments->labels,
        .limits_tokens = arguments->max_tokens >= 0,
        .max_tokens = (uint32_t)arguments->max_tokens,
        .tokenizer_only = tokenizer_only};
    struct tw_classifier_options options;
    if (!tw_config_classifier_options(&run->config, &asked, &run->arena, &options, err))
        return false;
    run->model = options.folder ? options.folder : "";
    if (options.folder && !arguments->model)
        fprintf(stderr, "tapewatch: model %s\n", options.folder);
    if (!tw_classifier_open(&options, &run->classifier, err))
        return false;
    tell_model(run);
    return true;
}

static bool open_entities(struct tw_offline_run *run, struct tw_error *err)
{
    const char *path = run->arguments->entities ? run->arguments->entities : run->config.link.entities;
    return !path || !path[0] || tw_entities_load(path, &run->entities, err);
}

/* Where the bytes go until they are whole: beside the target, or straight into it. */
static bool choose_partial(struct tw_offline_file *out, struct tw_error *err)
{
    struct stat status;
    bool exists = stat(out->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return tw_fail(err, TW_OUTPUT, out->path, "name a file in it", "is a folder");
    if (exists && !S_ISREG(status.st_mode))
        return true;
    if (exists && !realpath(out->path, out->target))
        return tw_fail_errno(err, TW_OUTPUT, out->path, "name another path", "cannot be followed");
    if (!exists)
        snprintf(out->target, sizeof out->target, "%s", out->path);
    if ((size_t)snprintf(out->partial, sizeof out->partial, "%s.partial", out->target) < sizeof out->partial)
        return true;
    out->partial[0] = '\0';
    return tw_fail(err, TW_USAGE, out->path, "give a shorter path", "path too long");
}

static bool open_file(const char *path, struct tw_offline_file *out, struct tw_error *err)
{
    out->path = path;
    if (!path)
        return true;
    if (!choose_partial(out, err))
        return false;
    out->file = fopen(out->partial[0] ? out->partial : path, "we");
    return out->file ? true
                     : tw_fail_errno(
                           err, TW_OUTPUT, path, "name a folder that can be written to", "cannot be created");
}

/* Two names of one file: each would be written over the other. */
static bool is_one_file(FILE *left, FILE *right)
{
    struct stat one, other;
    return left && right && fstat(fileno(left), &one) == 0 && fstat(fileno(right), &other) == 0 &&
           S_ISREG(one.st_mode) && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool open_output(struct tw_offline_run *run, struct tw_error *err)
{
    if (!open_file(run->arguments->output, &run->output, err) ||
        !open_file(run->arguments->report, &run->report, err))
        return false;
    if (is_one_file(run->output.file, run->report.file)) {
        tw_command_usage(run->arguments->command, err, "-o and --report both name \"%s\"", run->report.path);
        return false;
    }
    run->options.out = run->output.file ? run->output.file : stdout;
    return true;
}

static uint32_t worker_count(uint32_t asked)
{
    char why[128];
    return asked ? asked : tw_processors(why, sizeof why);
}

bool tw_offline_open(const struct tw_offline_arguments *arguments, bool tokenizer_only,
    struct tw_offline_run *run, struct tw_error *err)
{
    *run = (struct tw_offline_run){.arguments = arguments};
    if (!tw_arena_begin(&run->arena, ARENA_BYTES, err) ||
        !tw_command_config_load(arguments->config, true, &run->arena, &run->config, err) ||
        !open_classifier(run, tokenizer_only, err) || (!tokenizer_only && !open_entities(run, err)) ||
        !open_output(run, err))
        return false;
    run->river = (struct tw_river){.decode = run->config.decode,
        .entities = run->entities,
        .classifier = run->classifier,
        .link_unlisted = run->config.link.unlisted,
        .raw = arguments->raw};
    run->options = (struct tw_task_options){.river = &run->river,
        .path = arguments->input,
        .form = arguments->form,
        .workers = worker_count(arguments->workers),
        .stamp_us = tw_wall_us(),
        .logits = arguments->logits,
        .held_back = arguments->held_back,
        .max_tokens =
            arguments->max_tokens == 0 ? TW_TOKENS_UNLIMITED : tw_classifier_max_tokens(run->classifier),
        .out = run->options.out,
        .on_refused = report_refused,
        .on_refused_context = (void *)(uintptr_t)arguments};
    return true;
}

/* ---- closing ---- */

/* A pipe cannot be synced, and need not be. */
static bool reaches_disk(FILE *file)
{
    return fsync(fileno(file)) == 0 || errno == EINVAL || errno == EROFS;
}

/* The file gets its name: whole, or not at all. */
static bool name_file(struct tw_offline_file *output, bool finished, struct tw_error *err)
{
    if (!output->file)
        return finished;
    bool renames = output->partial[0] != '\0';
    bool written = !ferror(output->file) && fflush(output->file) == 0 && reaches_disk(output->file);
    written = fclose(output->file) == 0 && written;
    output->file = NULL;
    if (finished && written && (!renames || rename(output->partial, output->target) == 0))
        return true;
    if (finished)
        tw_fail_errno(err, TW_IO, output->path, "free space on the disk", "cannot be written");
    if (renames)
        unlink(output->partial);
    return false;
}

int tw_offline_close(
    struct tw_offline_run *run, bool finished, const struct tw_task_counts *counts, struct tw_error *err)
{
    bool named = name_file(&run->output, finished, err);
    named = name_file(&run->report, named, err);
    tw_classifier_free(run->classifier);
    tw_entities_free(run->entities);
    tw_arena_end(&run->arena);
    if (!named)
        return tw_command_failed(err);
    return counts->refused ? tw_exit_status(TW_REFUSED) : 0;
}
