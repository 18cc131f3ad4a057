/* finetune: settings from the command line, from a file, or from the run that is resumed; the run shown as it goes. */
#include "offline/finetune.h"
#include "command.h"
#include "config.h"
#include "processors.h"
#include "progress.h"
#include "table.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

enum { ARENA_BYTES = 32 << 20, MOST_OPTIONS = 160, MOST_COMMAND = 4096, MOST_NAME = 64 };
enum long_option { FROM = 512, SET, RESUME, DRY_RUN, FORMAT, SWITCH_OFF = 1024, ROW = 2048 };

struct arguments {
    const char *from, *config;
    bool resume, dry_run;
    enum tw_format format;
};

/* All that lives as long as the command. */
struct tuning_command {
    struct tw_arena arena;
    struct tw_config config;
    struct tw_finetune_settings settings;
    struct arguments arguments;
    struct tw_show show;
    uv_loop_t loop; /* for signals alone */
    uv_signal_t interrupt, terminate;
    bool told_to_stop;
    struct option options[MOST_OPTIONS];
    char names[MOST_OPTIONS][MOST_NAME];
};

/* ---- the command line ---- */

static void add_option(struct tuning_command *command, size_t *count, const char *prefix, const char *name,
    int argument, int value)
{
    char *written = command->names[*count];
    snprintf(written, MOST_NAME, "%s%s", prefix, name);
    for (char *at = written; *at; at++)
        if (*at == '_')
            *at = '-';
    command->options[(*count)++] = (struct option){written, argument, NULL, value};
}

static void make_options(struct tuning_command *command)
{
    size_t count = 0;
    add_option(command, &count, "", "from", required_argument, FROM);
    add_option(command, &count, "", "set", required_argument, SET);
    add_option(command, &count, "", "resume", no_argument, RESUME);
    add_option(command, &count, "", "dry-run", no_argument, DRY_RUN);
    add_option(command, &count, "", "format", required_argument, FORMAT);
    for (size_t row = 0; row < tw_finetune_table.count; row++) {
        const struct tw_setting *setting = &tw_finetune_table.rows[row];
        bool is_switch = setting->type == TW_SETTING_SWITCH;
        add_option(
            command, &count, "", setting->name, is_switch ? no_argument : required_argument, ROW + (int)row);
        if (is_switch)
            add_option(command, &count, "no-", setting->name, no_argument, SWITCH_OFF + (int)row);
    }
    command->options[count] = (struct option){NULL, 0, NULL, 0};
}

/* Options that are no settings. */
static int take_argument(struct arguments *arguments, int option, struct tw_error *err)
{
    switch (option) {
    case FROM:
        arguments->from = optarg;
        return 0;
    case RESUME:
        arguments->resume = true;
        return 0;
    case DRY_RUN:
        arguments->dry_run = true;
        return 0;
    case 'c':
        arguments->config = optarg;
        return 0;
    case FORMAT:
        if (tw_format_parse(optarg, &arguments->format))
            return 0;
        return tw_command_usage("finetune", err, "--format is table, json or csv, not \"%s\"", optarg);
    default:
        return 0;
    }
}

static int set_from_option(struct tuning_command *command, int option, struct tw_error *err)
{
    const char *name = option == 'm' ? "model" : option == 'o' ? "output" : NULL;
    struct tw_arena *arena = &command->arena;
    bool set = true;
    if (option == SET)
        set = tw_settings_assign(&tw_finetune_table, arena, &command->settings, optarg, err);
    else if (option >= ROW)
        set = tw_settings_set(&tw_finetune_table, arena, &command->settings,
            tw_finetune_table.rows[option - ROW].name, optarg ? optarg : "true", err);
    else if (option >= SWITCH_OFF)
        set = tw_settings_set(&tw_finetune_table, arena, &command->settings,
            tw_finetune_table.rows[option - SWITCH_OFF].name, "false", err);
    else if (name)
        set = tw_settings_set(&tw_finetune_table, arena, &command->settings, name, optarg, err);
    return set ? 0 : tw_command_failed(err);
}

/* Walks the options once: `settings` false takes what is no setting, true what is one. */
static int walk_options(
    struct tuning_command *command, int argc, char **argv, bool settings, struct tw_error *err)
{
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":m:c:o:", command->options, NULL)) != -1;) {
        int status;
        if (option == ':')
            return tw_command_usage("finetune", err, "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return tw_command_usage("finetune", err, "no option %s", argv[optind - 1]);
        status = settings ? set_from_option(command, option, err)
                          : take_argument(&command->arguments, option, err);
        if (status)
            return status;
    }
    return 0;
}

/* Files on the command line take the place of those of --from. */
static bool take_files(struct tuning_command *command, int argc, char **argv, struct tw_error *err)
{
    if (optind < argc)
        tw_settings_clear(&tw_finetune_table, &command->settings, "data");
    for (int at = optind; at < argc; at++)
        if (!tw_settings_set(&tw_finetune_table, &command->arena, &command->settings, "data", argv[at], err))
            return false;
    return true;
}

static int read_settings(struct tuning_command *command, int argc, char **argv, struct tw_error *err)
{
    if (!tw_settings_defaults(&tw_finetune_table, &command->arena, &command->settings, err))
        return tw_command_failed(err);
    if (command->arguments.from && !tw_settings_read(&tw_finetune_table, command->arguments.from,
                                       &command->arena, &command->settings, err))
        return tw_command_failed(err);
    int status = walk_options(command, argc, argv, true, err);
    if (status)
        return status;
    return take_files(command, argc, argv, err) ? 0 : tw_command_failed(err);
}

/* A resumed run keeps its settings: they decide its weights. */
static int read_settings_of_run(struct tuning_command *command, int argc, char **argv, struct tw_error *err)
{
    char path[PATH_MAX];
    struct tw_text kept;
    int status = read_settings(command, argc, argv, err);
    if (status)
        return status;
    const char *output = command->settings.output;
    if (!output[0])
        return tw_command_usage("finetune", err, "--resume needs -o, the folder of the run");
    if ((size_t)snprintf(path, sizeof path, "%s/run.yaml", output) >= sizeof path)
        return tw_command_usage("finetune", err, "the path is too long");
    kept = tw_text_of(output);
    if (!tw_settings_defaults(&tw_finetune_table, &command->arena, &command->settings, err) ||
        !tw_settings_read(&tw_finetune_table, path, &command->arena, &command->settings, err))
        return tw_command_failed(err);
    command->settings.output = kept.bytes;
    return 0;
}

/* Did the command line name a setting besides the folder? */
static bool names_settings(const struct tuning_command *command, int argc, char **argv)
{
    bool named = false;
    optind = 0;
    for (int option; (option = getopt_long(argc, argv, ":m:c:o:", command->options, NULL)) != -1;)
        named = named || option == 'm' || option == SET || option == FROM ||
                (option >= SWITCH_OFF &&
                    !(option >= ROW && strcmp(tw_finetune_table.rows[option - ROW].name, "output") == 0));
    return named || optind < argc;
}

static bool settle_settings(struct tuning_command *command, struct tw_error *err)
{
    char folder[PATH_MAX], why[128];
    struct tw_finetune_settings *settings = &command->settings;
    if (settings->threads == 0)
        settings->threads = tw_processors(why, sizeof why);
    if (settings->model[0])
        return true;
    if (!tw_command_model_folder(NULL, command->config.model.path, folder, sizeof folder, err))
        return false;
    struct tw_text copy = tw_arena_copy(&command->arena, tw_text_of(folder));
    if (!copy.bytes)
        return tw_arena_fail(&command->arena, err);
    settings->model = copy.bytes;
    return true;
}

static int parse(struct tuning_command *command, int argc, char **argv, struct tw_error *err)
{
    make_options(command);
    int status = walk_options(command, argc, argv, false, err);
    if (status)
        return status;
    if (command->arguments.resume && names_settings(command, argc, argv))
        return tw_command_usage("finetune", err, "--resume keeps the run's settings; give -o alone");
    status = command->arguments.resume ? read_settings_of_run(command, argc, argv, err)
                                       : read_settings(command, argc, argv, err);
    if (status)
        return status;
    if (!tw_command_config_load(command->arguments.config, true, &command->arena, &command->config, err) ||
        !settle_settings(command, err))
        return tw_command_failed(err);
    return 0;
}

/* ---- who looks on ---- */

static void note_signal(uv_signal_t *signal, int number)
{
    struct tuning_command *command = signal->data;
    (void)number;
    command->told_to_stop = true;
}

static bool stopped(void *context)
{
    struct tuning_command *command = context;
    uv_run(&command->loop, UV_RUN_NOWAIT);
    return command->told_to_stop;
}

static void show_progress(void *context, const struct tw_finetune_progress *progress)
{
    struct tuning_command *command = context;
    const struct tw_show_at at = {.step = progress->step,
        .most_steps = progress->most_steps,
        .epoch = progress->epoch,
        .loss = progress->loss,
        .tokens_per_s = progress->tokens_per_s,
        .seconds_left = progress->seconds_left};
    tw_show_step(&command->show, &at);
}

static const struct tw_show_column columns[] = {{"step", 8}, {"epoch", 6}, {"loss", 8}, {"val. loss", 9},
    {"texts F1", 8}, {"accuracy", 8}, {"ECE", 6}, {"entities F1", 11}, {"accuracy", 8}, {"ECE", 6},
    {"best", 4}};
enum { COLUMNS = sizeof columns / sizeof columns[0], CELL = 24 };

static void print_report(const struct tw_metric_report *report, char (*cells)[CELL])
{
    const double values[3] = {report->macro_f1, report->accuracy, report->ece};
    for (size_t at = 0; at < 3; at++)
        snprintf(cells[at], CELL, report->n ? "%.4f" : "-", values[at]);
}

static void show_evaluation(void *context, const struct tw_finetune_evaluation *evaluation)
{
    struct tuning_command *command = context;
    char cells[COLUMNS][CELL];
    const char *values[COLUMNS];
    snprintf(cells[0], CELL, "%llu", (unsigned long long)evaluation->step);
    snprintf(cells[1], CELL, "%.2f", evaluation->epoch);
    snprintf(cells[2], CELL, "%.4f", evaluation->train_loss);
    snprintf(cells[3], CELL, "%.4f", evaluation->loss);
    print_report(&evaluation->documents, cells + 4);
    print_report(&evaluation->entities, cells + 7);
    snprintf(cells[10], CELL, "%s", evaluation->best ? "*" : "");
    for (size_t at = 0; at < COLUMNS; at++)
        values[at] = cells[at];
    tw_show_row(&command->show, values);
}

static void show_line(void *context, const char *line)
{
    struct tuning_command *command = context;
    tw_show_line(&command->show, line);
}

static void show_refused(void *context, const struct tw_error *why)
{
    struct tuning_command *command = context;
    char line[1200], named[1300];
    tw_error_line(why, line, sizeof line);
    snprintf(named, sizeof named, "tapewatch finetune: %s", line);
    tw_show_line(&command->show, named);
}

static bool watch_signal(struct tuning_command *command, uv_signal_t *signal, int number)
{
    if (uv_signal_init(&command->loop, signal) != 0)
        return false;
    signal->data = command;
    return uv_signal_start(signal, note_signal, number) == 0;
}

/* By handlers and not by a signalfd: OpenBLAS starts threads when it is loaded, before any signal could be blocked, and a
 * signal that is not blocked in one of them would end the process. */
static bool watch_signals(struct tuning_command *command, struct tw_error *err)
{
    if (uv_loop_init(&command->loop) == 0 && watch_signal(command, &command->interrupt, SIGINT) &&
        watch_signal(command, &command->terminate, SIGTERM))
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "signals cannot be watched");
}

static void forget_signals(struct tuning_command *command)
{
    uv_close((uv_handle_t *)&command->interrupt, NULL);
    uv_close((uv_handle_t *)&command->terminate, NULL);
    uv_run(&command->loop, UV_RUN_DEFAULT);
    uv_loop_close(&command->loop);
}

/* ---- the look before the run ---- */

struct fact {
    const char *name;
    double value;
    int decimals;
    const char *prose;
};

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static bool add_fact(struct tw_table *table, const struct fact *fact, struct tw_error *err)
{
    char value[32];
    snprintf(value, sizeof value, "%.*f", fact->decimals, fact->value);
    const char *const cells[] = {fact->name, value, fact->prose};
    return tw_table_add(table, cells, err);
}

static bool show_facts(const struct tw_dataset_facts *facts, enum tw_format format, struct tw_error *err)
{
    static const struct tw_column fact_columns[] = {{"fact", false}, {"value", true}, {"meaning", false}};
    const struct fact rows[] = {
        {"records", (double)facts->records, 0, "that can be used"},
        {"refused", (double)facts->refused, 0, "that cannot; each is named above"},
        {"training", (double)facts->training, 0, "records to learn from"},
        {"validation", (double)facts->validation, 0, "records held back"},
        {"negative", (double)facts->labels[0], 0, "texts to learn from"},
        {"neutral", (double)facts->labels[1], 0, "texts to learn from"},
        {"positive", (double)facts->labels[2], 0, "texts to learn from"},
        {"validation_negative", (double)facts->validation_labels[0], 0, "texts held back"},
        {"validation_neutral", (double)facts->validation_labels[1], 0, "texts held back"},
        {"validation_positive", (double)facts->validation_labels[2], 0, "texts held back"},
        {"entity_negative", (double)facts->entity_labels[0], 0, "entities to learn from"},
        {"entity_neutral", (double)facts->entity_labels[1], 0, "entities to learn from"},
        {"entity_positive", (double)facts->entity_labels[2], 0, "entities to learn from"},
        {"validation_entity_negative", (double)facts->validation_entity_labels[0], 0, "entities held back"},
        {"validation_entity_neutral", (double)facts->validation_entity_labels[1], 0, "entities held back"},
        {"validation_entity_positive", (double)facts->validation_entity_labels[2], 0, "entities held back"},
        {"entities", (double)facts->entities, 0, "in all records"},
        {"entities_not_found", (double)facts->lost_entities, 0,
            "never found in their text: read as the whole text"},
        {"repeated", (double)facts->repeated, 0, "records whose text stood before"},
        {"contradicting", (double)facts->contradicting, 0, "of these, with other labels"},
        {"across_splits", (double)facts->across, 0, "to learn from, but held back too: left out of learning"},
        {"nearly_across_splits", (double)facts->nearly_across, 0,
            "the same but for case, digits, punctuation"},
        {"tokens", (double)facts->tokens, 0, "of all texts"},
        {"unknown_share", share(facts->unknown, facts->tokens), 5, "of the tokens, not in the vocabulary"},
        {"over_long_share", share(facts->cut, facts->records), 5, "of the texts, longer than is read"},
        {"longest", (double)facts->longest, 0, "tokens of the longest text"},
    };
    struct tw_table *table = tw_table_new(fact_columns, 3);
    bool built = table ? true : tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    for (size_t row = 0; built && row < sizeof rows / sizeof rows[0]; row++)
        built = add_fact(table, &rows[row], err);
    built = built && tw_table_print(table, format, stdout, err);
    tw_table_free(table);
    return built;
}

static int look(struct tuning_command *command, const struct tw_finetune_run *run, struct tw_error *err)
{
    struct tw_dataset_facts facts;
    if (!tw_finetune_look(run, &facts, err) || !show_facts(&facts, command->arguments.format, err))
        return tw_command_failed(err);
    return facts.refused ? tw_exit_status(TW_REFUSED) : 0;
}

/* ---- the run ---- */

static int tune(struct tuning_command *command, const struct tw_finetune_run *run, struct tw_error *err)
{
    struct tw_finetune_result result;
    bool tuned = tw_finetune(run, &result, err);
    tw_show_end(&command->show);
    if (!tuned)
        return tw_command_failed(err);
    if (result.was_finished) {
        fprintf(stderr, "%s: the run is finished, nothing is left to do\n", run->settings->output);
        return 0;
    }
    fprintf(stderr, "%s: %llu steps%s", run->settings->output, (unsigned long long)result.steps,
        result.stopped_early ? ", ended early" : "");
    if (result.best_step)
        fprintf(stderr, "; the model of step %llu, macro-F1 %.4f on the records held back",
            (unsigned long long)result.best_step, result.best_metric);
    fputc('\n', stderr);
    return result.refused ? tw_exit_status(TW_REFUSED) : 0;
}

/* The command as it could be typed again. */
static void join_command(int argc, char **argv, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "tapewatch");
    for (int at = 0; at < argc && used < size; at++) {
        bool plain = argv[at][0] && strpbrk(argv[at], " \t\n\"'\\$&;|<>*?()`") == NULL;
        int printed = snprintf(text + used, size - used, plain ? " %s" : " '%s'", argv[at]);
        used += printed > 0 ? (size_t)printed : 0;
    }
}

static void print_help(void)
{
    printf("usage: tapewatch finetune -m BASE -o FOLDER [OPTION]... FILE[:WEIGHT]...\n"
           "       tapewatch finetune --from run.yaml -o FOLDER [--set KEY=VALUE]...\n"
           "       tapewatch finetune --resume -o FOLDER\n"
           "  FILE                       JSON records with label, or entities: [{name, label}], one a line\n"
           "  --from FILE                settings of a run before\n"
           "  --set KEY=VALUE            one setting, as in run.yaml\n"
           "  --resume                   go on from the last checkpoint of a run that was stopped\n"
           "  --dry-run                  look at the data, learn nothing\n"
           "  --format FORM              of --dry-run: table, json or csv\n"
           "  -c FILE                    the configuration, for the names of fields\n");
    tw_settings_help(&tw_finetune_table, stdout);
}

static int run_command(struct tuning_command *command, int argc, char **argv, struct tw_error *err)
{
    char typed[MOST_COMMAND];
    struct timespec time;
    int status = parse(command, argc, argv, err);
    if (status)
        return status;
    clock_gettime(CLOCK_REALTIME, &time);
    join_command(argc, argv, typed, sizeof typed);
    tw_show_begin(&command->show, stderr);
    tw_show_columns(&command->show, columns, COLUMNS);
    const struct tw_finetune_run run = {.settings = &command->settings,
        .decode = command->config.decode,
        .stamp_us = (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000,
        .command = typed,
        .resume = command->arguments.resume,
        .watch = {.context = command,
            .stopped = stopped,
            .progress = show_progress,
            .evaluated = show_evaluation,
            .told = show_line,
            .refused = show_refused}};
    return command->arguments.dry_run ? look(command, &run, err) : tune(command, &run, err);
}

int tw_command_finetune(int argc, char **argv, struct tw_error *err)
{
    for (int at = 1; at < argc; at++)
        if (strcmp(argv[at], "--help") == 0) {
            print_help();
            return 0;
        }
    struct tuning_command *command = calloc(1, sizeof *command);
    if (!command)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory"), tw_command_failed(err);
    int status;
    if (watch_signals(command, err)) {
        status = tw_arena_begin(&command->arena, ARENA_BYTES, err) ? run_command(command, argc, argv, err)
                                                                   : tw_command_failed(err);
        forget_signals(command);
    } else {
        status = tw_command_failed(err);
    }
    tw_arena_end(&command->arena);
    free(command);
    return status;
}
