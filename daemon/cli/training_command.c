#include "cli/training_command.h"

#include "base/clock.h"
#include "config/classifier_options.h"
#include "observe/processors.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 32 << 20 };
static struct tw_run_settings *run_settings(struct tw_training_command *command)
{
    return command->settings;
}

static const struct tw_settings *table_of(const struct tw_training_command *command)
{
    return command->line->command->settings;
}

static const char *name_of(const struct tw_training_command *command)
{
    return command->line->command->name;
}

/* ---- settings ---- */

/* Files on the command line take the place of those of --from. */
static bool take_files(struct tw_training_command *command, struct tw_error *err)
{
    const struct tw_setting_texts *files = &command->options->files;
    const char *list = command->kind->bare;
    if (files->count)
        tw_settings_clear(table_of(command), command->settings, list);
    for (size_t at = 0; at < files->count; at++)
        if (!tw_settings_set(
                table_of(command), &command->arena, command->settings, list, files->items[at], err))
            return false;
    return true;
}

static bool read_file(struct tw_training_command *command, const char *path, struct tw_error *err)
{
    return tw_settings_read(table_of(command), path, &command->arena, command->settings, err);
}

static bool begin_settings(struct tw_training_command *command, struct tw_error *err)
{
    return tw_settings_defaults(table_of(command), &command->arena, command->settings, err);
}

static bool take_assigned(struct tw_training_command *command, struct tw_error *err)
{
    return tw_assignments_apply(
        &command->line->assigned, table_of(command), &command->arena, command->settings, err);
}

static int read_settings(struct tw_training_command *command, struct tw_error *err)
{
    const char *from = command->options->from;
    bool read = begin_settings(command, err) && (!from || read_file(command, from, err)) &&
                take_assigned(command, err) && take_files(command, err);
    return read ? 0 : tw_command_failed(err);
}

/* A resumed run keeps its settings: they decide its weights. */
static int read_settings_of_run(struct tw_training_command *command, struct tw_error *err)
{
    char path[PATH_MAX];
    int status = read_settings(command, err);
    if (status)
        return status;
    const char *output = run_settings(command)->output;
    if (!output[0])
        return tw_command_usage(name_of(command), err, "--resume needs -o, the folder of the run");
    if ((size_t)snprintf(path, sizeof path, "%s/run.yaml", output) >= sizeof path)
        return tw_command_usage(name_of(command), err, "the path is too long");
    if (!begin_settings(command, err) || !read_file(command, path, err))
        return tw_command_failed(err);
    run_settings(command)->output = output;
    return 0;
}

/* Did the command line name a setting besides the folder? */
static bool names_settings(const struct tw_training_command *command)
{
    const struct tw_assignments *assigned = &command->line->assigned;
    for (size_t at = 0; at < assigned->count; at++)
        if (!assigned->items[at].row || strcmp(assigned->items[at].row->name, "output") != 0)
            return true;
    return command->options->from || command->options->files.count;
}

bool tw_training_command_default_model(
    struct tw_training_command *command, const char **model, struct tw_error *err)
{
    if ((*model)[0])
        return true;
    if (!tw_config_model_folder(&command->config, &command->arena, model, err))
        return false;
    fprintf(stderr, "tapewatch: model %s\n", *model);
    return true;
}

static bool settle(struct tw_training_command *command, struct tw_error *err)
{
    char why[128];
    if (run_settings(command)->threads == 0)
        run_settings(command)->threads = tw_processors(why, sizeof why);
    return !command->kind->settle || command->kind->settle(command, err);
}

static int prepare(struct tw_training_command *command, struct tw_error *err)
{
    command->call.resume = command->options->resume;
    if (command->call.resume && names_settings(command))
        return tw_command_usage(name_of(command), err, "--resume keeps the run's settings; give -o alone");
    int status = command->call.resume ? read_settings_of_run(command, err) : read_settings(command, err);
    if (status)
        return status;
    if (!tw_command_config_load(command->options->config, true, &command->arena, &command->config, err) ||
        !settle(command, err))
        return tw_command_failed(err);
    return 0;
}

/* ---- who looks on ---- */

static void note_signal(uv_signal_t *signal, int number)
{
    struct tw_training_command *command = signal->data;
    (void)number;
    command->told_to_stop = true;
}

static bool stopped(void *context)
{
    struct tw_training_command *command = context;
    uv_run(&command->loop, UV_RUN_NOWAIT);
    return command->told_to_stop;
}

static void show_progress(void *context, const struct tw_run_progress *progress)
{
    struct tw_training_command *command = context;
    const struct tw_show_at at = {.step = progress->step,
        .most_steps = progress->most_steps,
        .epoch = progress->epoch,
        .loss = progress->loss,
        .tokens_per_s = progress->tokens_per_s,
        .seconds_left = progress->seconds_left};
    tw_show_step(&command->show, &at);
}

static void show_evaluation(void *context, const struct tw_run_validated *evaluation)
{
    struct tw_training_command *command = context;
    char cells[TW_TRAINING_COLUMNS][TW_TRAINING_CELL] = {{0}};
    const char *values[TW_TRAINING_COLUMNS];
    command->kind->fill(evaluation, cells);
    for (size_t at = 0; at < TW_TRAINING_COLUMNS; at++)
        values[at] = cells[at];
    tw_show_row(&command->show, values);
}

static void show_line(void *context, const char *line)
{
    struct tw_training_command *command = context;
    tw_show_line(&command->show, line);
}

static void show_refused(void *context, const struct tw_error *why)
{
    struct tw_training_command *command = context;
    char line[1200], named[1300];
    tw_error_line(why, line, sizeof line);
    snprintf(named, sizeof named, "tapewatch %s: %s", name_of(command), line);
    tw_show_line(&command->show, named);
}

static bool watch_signal(struct tw_training_command *command, uv_signal_t *signal, int number)
{
    if (uv_signal_init(&command->loop, signal) != 0)
        return false;
    signal->data = command;
    return uv_signal_start(signal, note_signal, number) == 0;
}

/* By handlers and not by a signalfd: OpenBLAS starts threads when it is loaded, before any signal could be
 * blocked, and a signal that is not blocked in one of them would end the process. */
static bool watch_signals(struct tw_training_command *command, struct tw_error *err)
{
    if (uv_loop_init(&command->loop) == 0 && watch_signal(command, &command->interrupt, SIGINT) &&
        watch_signal(command, &command->terminate, SIGTERM))
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "signals cannot be watched");
}

static void forget_signals(struct tw_training_command *command)
{
    uv_close((uv_handle_t *)&command->interrupt, NULL);
    uv_close((uv_handle_t *)&command->terminate, NULL);
    uv_run(&command->loop, UV_RUN_DEFAULT);
    uv_loop_close(&command->loop);
}

/* ---- the dry run ---- */

double tw_training_command_ratio(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static bool add_fact(struct tw_table *table, const struct tw_training_fact *fact, struct tw_error *err)
{
    char value[32];
    snprintf(value, sizeof value, "%.*f", fact->decimals, fact->value);
    const char *const cells[] = {fact->name, value, fact->prose};
    return tw_table_add(table, cells, err);
}

bool tw_training_command_print_facts(const struct tw_training_command *command,
    const struct tw_training_fact *facts, size_t count, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"fact", false}, {"value", true}, {"meaning", false}};
    struct tw_table *table = tw_table_new(columns, 3);
    bool built = table ? true : tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    for (size_t at = 0; built && at < count; at++)
        built = add_fact(table, &facts[at], err);
    built = built && tw_table_print(table, command->options->format, stdout, err);
    tw_table_free(table);
    return built;
}

/* What was refused and mended of all that was read. */
static void tell_intake(const struct tw_training_command *command)
{
    char line[TW_INTAKE_LINE_BYTES];
    if (tw_intake_line(&command->intake, line, sizeof line))
        fprintf(stderr, "tapewatch %s: %s\n", name_of(command), line);
}

static int inspect(struct tw_training_command *command, struct tw_error *err)
{
    uint64_t refused = 0;
    if (!command->kind->inspect(command, &refused, err))
        return tw_command_failed(err);
    tell_intake(command);
    return refused ? tw_exit_status(TW_REFUSED) : 0;
}

/* ---- the run ---- */

static int run(struct tw_training_command *command, struct tw_error *err)
{
    struct tw_run_result result;
    const char *output = run_settings(command)->output;
    command->call.precision = &command->precision;
    bool ran = tw_run_precision_settle(run_settings(command), &command->precision, err) &&
               command->kind->run(command, &result, err);
    tw_show_end(&command->show);
    if (!ran)
        return tw_command_failed(err);
    if (result.was_finished) {
        fprintf(stderr, "%s: the run is finished, nothing is left to do\n", output);
        return 0;
    }
    fprintf(stderr, "%s: %llu steps%s", output, (unsigned long long)result.steps,
        result.stopped_early ? ", ended early" : "");
    if (result.best_step)
        fprintf(stderr, "; the model of step %llu, %s %.4f on the records held back",
            (unsigned long long)result.best_step, command->kind->metric, result.best_metric);
    fputc('\n', stderr);
    tell_intake(command);
    return result.refused ? tw_exit_status(TW_REFUSED) : 0;
}

static int run_command(struct tw_training_command *command, struct tw_error *err)
{
    command->settings = tw_arena_array(&command->arena, 1, command->kind->settings_bytes);
    if (!command->settings)
        return tw_arena_fail(&command->arena, err), tw_command_failed(err);
    int status = prepare(command, err);
    if (status)
        return status;
    tw_command_typed(command->line->argc, command->line->argv, command->typed, sizeof command->typed);
    tw_show_begin(&command->show, stderr);
    tw_show_columns(&command->show, command->kind->columns, command->kind->column_count);
    command->call.decode = command->config.decode;
    command->call.stamp_us = tw_wall_us();
    command->call.command = command->typed;
    command->call.watch = (struct tw_run_watch){.context = command,
        .stopped = stopped,
        .on_progress = show_progress,
        .on_validated = show_evaluation,
        .on_report_line = show_line,
        .on_refused = show_refused,
        .intake = &command->intake};
    return command->options->dry_run ? inspect(command, err) : run(command, err);
}

int tw_training_command_run(
    const struct tw_training_command_kind *kind, const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_training_command *command = calloc(1, sizeof *command);
    if (!command)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory"), tw_command_failed(err);
    command->kind = kind;
    command->line = line;
    command->options = line->options;
    int status;
    if (watch_signals(command, err)) {
        status = tw_arena_begin(&command->arena, ARENA_BYTES, err) ? run_command(command, err)
                                                                   : tw_command_failed(err);
        forget_signals(command);
    } else {
        status = tw_command_failed(err);
    }
    tw_arena_end(&command->arena);
    free(command);
    return status;
}
