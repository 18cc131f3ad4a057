#include "cli/file_command.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "config/classifier_options.h"
#include "events/taxonomy.h"
#include "files/yaml_tree.h"
#include "model/model.h"
#include "names/entities.h"
#include "observe/processors.h"
#include "read/decode.h"
#include "score/classify.h"
#include "tokenizer/tokenizer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_BYTES = 16 << 20, LEAST_TOKENS = 3 };

/* ---- the command line ---- */

const char *const tw_offline_forms[] = {"auto", "text", "json", NULL};

bool tw_offline_take_max_tokens(const char *text, void *place)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end || errno || (number != 0 && number < LEAST_TOKENS) || number > INT32_MAX)
        return false;
    *(uint32_t *)place = number ? (uint32_t)number : TW_TOKENS_UNLIMITED;
    return true;
}

bool tw_offline_take_precision(const char *text, void *place)
{
    for (unsigned at = 0; tw_model_precision_names[at]; at++) {
        if (strcmp(tw_model_precision_names[at], text) == 0) {
            *(unsigned *)place = at + 1;
            return true;
        }
    }
    return false;
}

/* ---- opening ---- */

/* Told of each refused record. */
static void report_refused(void *context, const struct tw_error *why)
{
    const struct tw_offline_run *run = context;
    char line[1200];
    tw_error_line(why, line, sizeof line);
    fprintf(stderr, "tapewatch %s: %s\n", run->command, line);
}

static void tell_model(const struct tw_offline_run *run)
{
    char line[600];
    const struct tw_model *model = tw_classifier_model(run->classifier);
    if (!run->arguments->verbose || !model)
        return;
    tw_classifier_gemm_report(run->classifier, line, sizeof line);
    fprintf(stderr, "tapewatch %s: %s\n", run->command, line);
    for (size_t at = 0; at < model->config.ignored_count; at++)
        fprintf(stderr, "tapewatch %s: config.json: key \"%s\" is not looked at\n", run->command,
            model->config.ignored[at]);
}

static bool open_classifier(struct tw_offline_run *run, bool tokenizer_only, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = run->arguments;
    struct tw_model_asked asked = {.folder = arguments->model,
        .labels = arguments->labels,
        .names_precision = arguments->precision != 0,
        .precision =
            arguments->precision ? (enum tw_model_precision)(arguments->precision - 1) : TW_PRECISION_AUTO,
        .limits_tokens = arguments->max_tokens != 0,
        .max_tokens = arguments->max_tokens,
        .tokenizer_only = tokenizer_only};
    struct tw_classifier_options options;
    if (!tw_config_classifier_options(&run->config, &asked, &run->arena, &options, err))
        return false;
    run->model = options.folder ? options.folder : "";
    if (options.why)
        fprintf(stderr, "tapewatch: model %s (%s)\n", options.folder, options.why);
    else if (options.folder && !arguments->model)
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

/* All that is wrong with the file is shown, with its lines. */
static bool open_events(struct tw_offline_run *run, struct tw_error *err)
{
    const char *path = run->arguments->events ? run->arguments->events : run->config.events.path;
    struct tw_problems problems;
    if (!path || !path[0])
        return true;
    tw_problems_begin(&problems, &run->arena);
    if (tw_taxonomy_read(path, &problems, &run->events, err))
        return true;
    if (problems.count > 1)
        tw_command_show_problems(&problems, &run->arena);
    return false;
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

/* What stands there already is left as it is until hold() has it. */
static bool open_file(const char *path, struct tw_offline_file *out, struct tw_error *err)
{
    out->path = path;
    if (!path)
        return true;
    if (!choose_partial(out, err))
        return false;
    const char *opened = out->partial[0] ? out->partial : path;
    int descriptor = open(opened, O_WRONLY | O_CREAT | O_CLOEXEC | (out->partial[0] ? 0 : O_TRUNC), 0666);
    out->file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    return out->file ? true
                     : tw_fail_errno(
                           err, TW_OUTPUT, path, "name a folder that can be written to", "cannot be created");
}

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Two names of one file: each would be written over the other. */
static bool is_one_file(FILE *left, FILE *right)
{
    struct stat one, other;
    return left && right && fstat(fileno(left), &one) == 0 && fstat(fileno(right), &other) == 0 &&
           S_ISREG(one.st_mode) && is_same(&one, &other);
}

/* Is it still the file of that name? Another run may have given it its own. */
static bool is_in_place(const struct tw_offline_file *out)
{
    struct stat opened, named;
    return fstat(fileno(out->file), &opened) == 0 && stat(out->partial, &named) == 0 &&
           is_same(&opened, &named);
}

/* Two runs into one file would write over each other, and the first that ends would give it its name. Whoever
 * dies lets go; where files cannot be locked nobody is asked. */
static bool hold(struct tw_offline_file *out, struct tw_error *err)
{
    if (!out->file || !out->partial[0])
        return true;
    bool is_free = flock(fileno(out->file), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (is_free && is_in_place(out))
        return ftruncate(fileno(out->file), 0) == 0 || errno == EINVAL || /* a device has no length */
               tw_fail_errno(err, TW_OUTPUT, out->path, "name another file", "cannot be written");
    fclose(out->file);
    out->file = NULL; /* what is there is the other's */
    return tw_fail(err, TW_HELD, out->path, "wait until it is through, or name another file",
        "another process is writing it");
}

static bool open_output(struct tw_offline_run *run, struct tw_error *err)
{
    if (!open_file(run->arguments->output, &run->output, err) || !hold(&run->output, err) ||
        !open_file(run->arguments->report, &run->report, err))
        return false;
    if (is_one_file(run->output.file, run->report.file)) {
        tw_command_usage(run->command, err, "-o and --report both name \"%s\"", run->report.path);
        return false;
    }
    run->options.out = run->output.file ? run->output.file : stdout;
    return hold(&run->report, err);
}

static uint32_t worker_count(int64_t asked)
{
    char why[128];
    return asked ? (uint32_t)asked : tw_processors(why, sizeof why);
}

bool tw_offline_open(
    const struct tw_command_line *line, bool tokenizer_only, struct tw_offline_run *run, struct tw_error *err)
{
    const struct tw_offline_arguments *arguments = line->options;
    *run = (struct tw_offline_run){.arguments = arguments, .command = line->command->name};
    if (!tw_arena_begin(&run->arena, ARENA_BYTES, err) ||
        !tw_command_config_load(arguments->config, true, &run->arena, &run->config, err) ||
        !tw_source_weights_new(&run->config.sources.weights, &run->sources, err) ||
        !open_classifier(run, tokenizer_only, err) ||
        (!tokenizer_only && !(open_entities(run, err) && open_events(run, err))) || !open_output(run, err))
        return false;
    run->river = (struct tw_river){.decode = run->config.decode,
        .entities = run->entities,
        .events = run->events,
        .sources = run->sources,
        .classifier = run->classifier,
        .link_unlisted = run->config.link.unlisted,
        .raw = arguments->raw};
    struct tw_label_numbers numbers;
    const char *record_labels = arguments->record_labels ? arguments->record_labels : arguments->labels;
    if (!tw_label_numbers_read(record_labels, &numbers, err))
        return false;
    run->options = (struct tw_task_options){.label_numbers = numbers,
        .river = &run->river,
        .path = arguments->input,
        .form = arguments->form,
        .workers = worker_count(arguments->workers),
        .stamp_us = tw_wall_us(),
        .logits = arguments->logits,
        .text = arguments->text,
        .held_back = arguments->held_back,
        .max_tokens = arguments->max_tokens == TW_TOKENS_UNLIMITED
                          ? TW_TOKENS_UNLIMITED
                          : tw_classifier_max_tokens(run->classifier),
        .out = run->options.out,
        .on_refused = report_refused,
        .on_refused_context = run};
    return true;
}

/* ---- closing ---- */

/* A pipe cannot be synced, and need not be. */
static bool reaches_disk(FILE *file)
{
    return fsync(fileno(file)) == 0 || errno == EINVAL || errno == EROFS;
}

/* The file gets its name: whole, or not at all. It is held until then. */
static bool name_file(struct tw_offline_file *output, bool finished, struct tw_error *err)
{
    if (!output->file)
        return finished;
    bool renames = output->partial[0] != '\0';
    bool named = finished && !ferror(output->file) && fflush(output->file) == 0 &&
                 reaches_disk(output->file) && (!renames || rename(output->partial, output->target) == 0);
    if (finished && !named)
        tw_fail_errno(err, TW_IO, output->path, "free space on the disk", "cannot be written");
    if (renames && !named)
        unlink(output->partial);
    fclose(output->file); /* which has nothing left to write */
    output->file = NULL;
    return named;
}

int tw_offline_close(
    struct tw_offline_run *run, bool finished, const struct tw_task_counts *counts, struct tw_error *err)
{
    char line[TW_INTAKE_LINE_BYTES];
    bool named = name_file(&run->output, finished, err);
    if (finished && tw_intake_line(&counts->intake, line, sizeof line))
        fprintf(stderr, "tapewatch %s: %s\n", run->command, line);
    named = name_file(&run->report, named, err);
    tw_classifier_free(run->classifier);
    tw_entities_free(run->entities);
    tw_taxonomy_free(run->events);
    tw_source_weights_free(run->sources);
    tw_arena_end(&run->arena);
    if (!named)
        return tw_command_failed(err);
    return counts->refused ? tw_exit_status(TW_REFUSED) : 0;
}
