#include "cli/training_command.h"

#include "cli/command.h"
#include "config/classifier_options.h"
#include "observe/processors.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_BYTES = 32 << 20 };
enum long_option { FROM = 512, SET, RESUME, DRY_RUN, FORMAT, SWITCH_OFF = 1024, ROW = 2048 };

static struct tw_course_settings *course_of(struct tw_learn *learn)
{
    return learn->settings;
}

/* ---- the command line ---- */

static void add_option(
    struct tw_learn *learn, size_t *count, const char *prefix, const char *name, int argument, int value)
{
    char *written = learn->names[*count];
    snprintf(written, TW_LEARN_NAME, "%s%s", prefix, name);
    for (char *at = written; *at; at++)
        if (*at == '_')
            *at = '-';
    learn->options[(*count)++] = (struct option){written, argument, NULL, value};
}

static void make_options(struct tw_learn *learn)
{
    const struct tw_settings *table = learn->kind->table;
    size_t count = 0;
    int letters = snprintf(learn->letters, sizeof learn->letters, ":c:");
    add_option(learn, &count, "", "from", required_argument, FROM);
    add_option(learn, &count, "", "set", required_argument, SET);
    add_option(learn, &count, "", "resume", no_argument, RESUME);
    add_option(learn, &count, "", "dry-run", no_argument, DRY_RUN);
    add_option(learn, &count, "", "format", required_argument, FORMAT);
    for (size_t row = 0; row < table->count && count + 3 < TW_LEARN_OPTIONS; row++) {
        const struct tw_setting *setting = &table->rows[row];
        bool is_switch = setting->type == TW_SETTING_SWITCH;
        add_option(
            learn, &count, "", setting->name, is_switch ? no_argument : required_argument, ROW + (int)row);
        if (is_switch)
            add_option(learn, &count, "no-", setting->name, no_argument, SWITCH_OFF + (int)row);
        if (setting->letter && (size_t)letters + 3 < sizeof learn->letters)
            letters += snprintf(
                learn->letters + letters, sizeof learn->letters - (size_t)letters, "%c:", setting->letter);
    }
    learn->options[count] = (struct option){NULL, 0, NULL, 0};
}

static int next_option(const struct tw_learn *learn, int argc, char **argv)
{
    return getopt_long(argc, argv, learn->letters, learn->options, NULL);
}

static void begin_options(void)
{
    optind = 0;
    opterr = 0;
}

/* The row that an option sets, or NULL; `off`: it switches it off. */
static const struct tw_setting *row_of(const struct tw_learn *learn, int option, bool *off)
{
    const struct tw_settings *table = learn->kind->table;
    *off = option >= SWITCH_OFF && option < ROW;
    if (option >= SWITCH_OFF)
        return &table->rows[option - (*off ? SWITCH_OFF : ROW)];
    for (size_t row = 0; row < table->count; row++)
        if (option > 0 && table->rows[row].letter == option)
            return &table->rows[row];
    return NULL;
}

/* Options that are no settings. */
static int take_argument(struct tw_learn *learn, int option, struct tw_error *err)
{
    switch (option) {
    case FROM:
        learn->from = optarg;
        return 0;
    case RESUME:
        learn->run.resume = true;
        return 0;
    case DRY_RUN:
        learn->dry_run = true;
        return 0;
    case 'c':
        learn->config_path = optarg;
        return 0;
    case FORMAT:
        if (tw_format_parse(optarg, &learn->format))
            return 0;
        return tw_command_usage(learn->kind->name, err, "--format is table, json or csv, not \"%s\"", optarg);
    default:
        return 0;
    }
}

static int set_from_option(struct tw_learn *learn, int option, struct tw_error *err)
{
    const struct tw_settings *table = learn->kind->table;
    bool off, set = true;
    const struct tw_setting *row = row_of(learn, option, &off);
    if (option == SET)
        set = tw_settings_assign(table, &learn->arena, learn->settings, optarg, err);
    else if (row)
        set = tw_settings_set(table, &learn->arena, learn->settings, row->name,
            off      ? "false"
            : optarg ? optarg
                     : "true",
            err);
    return set ? 0 : tw_command_failed(err);
}

/* Walks the options once: `settings` false takes what is no setting, true what is one. */
static int walk_options(struct tw_learn *learn, int argc, char **argv, bool settings, struct tw_error *err)
{
    begin_options();
    for (int option; (option = next_option(learn, argc, argv)) != -1;) {
        if (option == ':')
            return tw_command_usage(learn->kind->name, err, "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return tw_command_usage(learn->kind->name, err, "no option %s", argv[optind - 1]);
        int status = settings ? set_from_option(learn, option, err) : take_argument(learn, option, err);
        if (status)
            return status;
    }
    return 0;
}

/* Files on the command line take the place of those of --from. */
static bool take_files(struct tw_learn *learn, int argc, char **argv, struct tw_error *err)
{
    const struct tw_learn_kind *kind = learn->kind;
    if (optind < argc)
        tw_settings_clear(kind->table, learn->settings, kind->bare);
    for (int at = optind; at < argc; at++)
        if (!tw_settings_set(kind->table, &learn->arena, learn->settings, kind->bare, argv[at], err))
            return false;
    return true;
}

static bool read_file(struct tw_learn *learn, const char *path, struct tw_error *err)
{
    return tw_settings_read(learn->kind->table, path, &learn->arena, learn->settings, err);
}

static bool begin_settings(struct tw_learn *learn, struct tw_error *err)
{
    return tw_settings_defaults(learn->kind->table, &learn->arena, learn->settings, err);
}

static int read_settings(struct tw_learn *learn, int argc, char **argv, struct tw_error *err)
{
    if (!begin_settings(learn, err) || (learn->from && !read_file(learn, learn->from, err)))
        return tw_command_failed(err);
    int status = walk_options(learn, argc, argv, true, err);
    if (status)
        return status;
    return take_files(learn, argc, argv, err) ? 0 : tw_command_failed(err);
}

/* A resumed run keeps its settings: they decide its weights. */
static int read_settings_of_run(struct tw_learn *learn, int argc, char **argv, struct tw_error *err)
{
    char path[PATH_MAX];
    int status = read_settings(learn, argc, argv, err);
    if (status)
        return status;
    const char *output = course_of(learn)->output;
    if (!output[0])
        return tw_command_usage(learn->kind->name, err, "--resume needs -o, the folder of the run");
    if ((size_t)snprintf(path, sizeof path, "%s/run.yaml", output) >= sizeof path)
        return tw_command_usage(learn->kind->name, err, "the path is too long");
    if (!begin_settings(learn, err) || !read_file(learn, path, err))
        return tw_command_failed(err);
    course_of(learn)->output = output;
    return 0;
}

/* Did the command line name a setting besides the folder? */
static bool names_settings(const struct tw_learn *learn, int argc, char **argv)
{
    bool named = false;
    begin_options();
    for (int option; (option = next_option(learn, argc, argv)) != -1;) {
        bool off;
        const struct tw_setting *row = row_of(learn, option, &off);
        named = named || option == SET || option == FROM || (row && strcmp(row->name, "output") != 0);
    }
    return named || optind < argc;
}

bool tw_learn_default_model(struct tw_learn *learn, const char **model, struct tw_error *err)
{
    if ((*model)[0])
        return true;
    if (!tw_config_model_folder(&learn->config, &learn->arena, model, err))
        return false;
    fprintf(stderr, "tapewatch: model %s\n", *model);
    return true;
}

static bool settle(struct tw_learn *learn, struct tw_error *err)
{
    char why[128];
    if (course_of(learn)->threads == 0)
        course_of(learn)->threads = tw_processors(why, sizeof why);
    return !learn->kind->settle || learn->kind->settle(learn, err);
}

static int parse(struct tw_learn *learn, int argc, char **argv, struct tw_error *err)
{
    make_options(learn);
    int status = walk_options(learn, argc, argv, false, err);
    if (status)
        return status;
    if (learn->run.resume && names_settings(learn, argc, argv))
        return tw_command_usage(learn->kind->name, err, "--resume keeps the run's settings; give -o alone");
    status = learn->run.resume ? read_settings_of_run(learn, argc, argv, err)
                               : read_settings(learn, argc, argv, err);
    if (status)
        return status;
    if (!tw_command_config_load(learn->config_path, true, &learn->arena, &learn->config, err) ||
        !settle(learn, err))
        return tw_command_failed(err);
    return 0;
}

/* ---- who looks on ---- */

static void note_signal(uv_signal_t *signal, int number)
{
    struct tw_learn *learn = signal->data;
    (void)number;
    learn->told_to_stop = true;
}

static bool stopped(void *context)
{
    struct tw_learn *learn = context;
    uv_run(&learn->loop, UV_RUN_NOWAIT);
    return learn->told_to_stop;
}

static void show_progress(void *context, const struct tw_course_progress *progress)
{
    struct tw_learn *learn = context;
    const struct tw_show_at at = {.step = progress->step,
        .most_steps = progress->most_steps,
        .epoch = progress->epoch,
        .loss = progress->loss,
        .tokens_per_s = progress->tokens_per_s,
        .seconds_left = progress->seconds_left};
    tw_show_step(&learn->show, &at);
}

static void show_evaluation(void *context, const struct tw_course_evaluation *evaluation)
{
    struct tw_learn *learn = context;
    char cells[TW_LEARN_COLUMNS][TW_LEARN_CELL] = {{0}};
    const char *values[TW_LEARN_COLUMNS];
    learn->kind->fill(evaluation, cells);
    for (size_t at = 0; at < TW_LEARN_COLUMNS; at++)
        values[at] = cells[at];
    tw_show_row(&learn->show, values);
}

static void show_line(void *context, const char *line)
{
    struct tw_learn *learn = context;
    tw_show_line(&learn->show, line);
}

static void show_refused(void *context, const struct tw_error *why)
{
    struct tw_learn *learn = context;
    char line[1200], named[1300];
    tw_error_line(why, line, sizeof line);
    snprintf(named, sizeof named, "tapewatch %s: %s", learn->kind->name, line);
    tw_show_line(&learn->show, named);
}

static bool watch_signal(struct tw_learn *learn, uv_signal_t *signal, int number)
{
    if (uv_signal_init(&learn->loop, signal) != 0)
        return false;
    signal->data = learn;
    return uv_signal_start(signal, note_signal, number) == 0;
}

/* By handlers and not by a signalfd: OpenBLAS starts threads when it is loaded, before any signal could be blocked, and a
 * signal that is not blocked in one of them would end the process. */
static bool watch_signals(struct tw_learn *learn, struct tw_error *err)
{
    if (uv_loop_init(&learn->loop) == 0 && watch_signal(learn, &learn->interrupt, SIGINT) &&
        watch_signal(learn, &learn->terminate, SIGTERM))
        return true;
    return tw_fail(err, TW_INTERNAL, NULL, NULL, "signals cannot be watched");
}

static void forget_signals(struct tw_learn *learn)
{
    uv_close((uv_handle_t *)&learn->interrupt, NULL);
    uv_close((uv_handle_t *)&learn->terminate, NULL);
    uv_run(&learn->loop, UV_RUN_DEFAULT);
    uv_loop_close(&learn->loop);
}

/* ---- the look before the run ---- */

double tw_learn_share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static bool add_fact(struct tw_table *table, const struct tw_learn_fact *fact, struct tw_error *err)
{
    char value[32];
    snprintf(value, sizeof value, "%.*f", fact->decimals, fact->value);
    const char *const cells[] = {fact->name, value, fact->prose};
    return tw_table_add(table, cells, err);
}

bool tw_learn_print_facts(
    const struct tw_learn *learn, const struct tw_learn_fact *facts, size_t count, struct tw_error *err)
{
    static const struct tw_column columns[] = {{"fact", false}, {"value", true}, {"meaning", false}};
    struct tw_table *table = tw_table_new(columns, 3);
    bool built = table ? true : tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    for (size_t at = 0; built && at < count; at++)
        built = add_fact(table, &facts[at], err);
    built = built && tw_table_print(table, learn->format, stdout, err);
    tw_table_free(table);
    return built;
}

static int look(struct tw_learn *learn, struct tw_error *err)
{
    uint64_t refused = 0;
    if (!learn->kind->look(learn, &refused, err))
        return tw_command_failed(err);
    return refused ? tw_exit_status(TW_REFUSED) : 0;
}

/* ---- the run ---- */

static int run(struct tw_learn *learn, struct tw_error *err)
{
    struct tw_course_result result;
    const char *output = course_of(learn)->output;
    bool ran = learn->kind->run(learn, &result, err);
    tw_show_end(&learn->show);
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
            (unsigned long long)result.best_step, learn->kind->metric, result.best_metric);
    fputc('\n', stderr);
    return result.refused ? tw_exit_status(TW_REFUSED) : 0;
}

static void print_help(const struct tw_learn_kind *kind)
{
    printf("%s"
           "  --from FILE                settings of a run before\n"
           "  --set KEY=VALUE            one setting, as in run.yaml\n"
           "  --resume                   go on from the last checkpoint of a run that was stopped\n"
           "  --dry-run                  look at the data, learn nothing\n"
           "  --format FORM              of --dry-run: table, json or csv\n"
           "  -c FILE                    the configuration, for the names of fields\n",
        kind->usage);
    tw_settings_help(kind->table, stdout);
}

static int run_command(struct tw_learn *learn, int argc, char **argv, struct tw_error *err)
{
    struct timespec time;
    learn->settings = tw_arena_array(&learn->arena, 1, learn->kind->settings_bytes);
    if (!learn->settings)
        return tw_arena_fail(&learn->arena, err), tw_command_failed(err);
    int status = parse(learn, argc, argv, err);
    if (status)
        return status;
    clock_gettime(CLOCK_REALTIME, &time);
    tw_command_typed(argc, argv, learn->typed, sizeof learn->typed);
    tw_show_begin(&learn->show, stderr);
    tw_show_columns(&learn->show, learn->kind->columns, learn->kind->column_count);
    learn->run.decode = learn->config.decode;
    learn->run.stamp_us = (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
    learn->run.command = learn->typed;
    learn->run.watch = (struct tw_course_watch){.context = learn,
        .stopped = stopped,
        .progress = show_progress,
        .evaluated = show_evaluation,
        .told = show_line,
        .refused = show_refused};
    return learn->dry_run ? look(learn, err) : run(learn, err);
}

int tw_learn_command(const struct tw_learn_kind *kind, int argc, char **argv, struct tw_error *err)
{
    for (int at = 1; at < argc; at++)
        if (strcmp(argv[at], "--help") == 0) {
            print_help(kind);
            return 0;
        }
    struct tw_learn *learn = calloc(1, sizeof *learn);
    if (!learn)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory"), tw_command_failed(err);
    learn->kind = kind;
    int status;
    if (watch_signals(learn, err)) {
        status = tw_arena_begin(&learn->arena, ARENA_BYTES, err) ? run_command(learn, argc, argv, err)
                                                                 : tw_command_failed(err);
        forget_signals(learn);
    } else {
        status = tw_command_failed(err);
    }
    tw_arena_end(&learn->arena);
    free(learn);
    return status;
}
