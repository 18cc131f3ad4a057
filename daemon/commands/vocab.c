/* vocab: archives to a WordPiece vocabulary. Nothing is written before the end, so a signal ends it as it
 * ends any program. */
#include "base/clock.h"
#include "cli/command.h"
#include "config/config.h"
#include "files/intake.h"
#include "terminal/progress.h"
#include "training/learn_vocabulary.h"

#include <string.h>

enum { ARENA_BYTES = 16 << 20, MOST_STATUS = 160 };

struct options {
    const char *config;
    struct tw_setting_texts archives;
    bool lowercase;
};

struct vocab {
    struct tw_arena arena;
    struct tw_config config;
    struct tw_learn_vocabulary_settings settings;
    const struct options *options;
    struct tw_show show;
};

/* ---- settings ---- */

/* --lowercase is the default by its name, for a line that wants to say so. */
static bool says_cased(const struct tw_assignments *assigned)
{
    for (size_t at = 0; at < assigned->count; at++)
        if (assigned->items[at].row && strcmp(assigned->items[at].row->name, "cased") == 0 &&
            strcmp(assigned->items[at].text, "true") == 0)
            return true;
    return false;
}

static int read_settings(struct vocab *vocab, const struct tw_command_line *line, struct tw_error *err)
{
    const struct tw_settings *table = line->command->settings;
    if (vocab->options->lowercase && says_cased(&line->assigned))
        return tw_command_usage(line->command->name, err, "--cased or --lowercase, not both");
    bool read = tw_settings_defaults(table, &vocab->arena, &vocab->settings, err) &&
                tw_assignments_apply(&line->assigned, table, &vocab->arena, &vocab->settings, err);
    return read ? 0 : tw_command_failed(err);
}

/* ---- who looks on ---- */

static void show_reading(void *context, uint64_t records, uint64_t words)
{
    struct vocab *vocab = context;
    char text[MOST_STATUS];
    snprintf(text, sizeof text, "reading: %llu records, %llu words", (unsigned long long)records,
        (unsigned long long)words);
    tw_show_status(&vocab->show, text);
}

static void show_learning(void *context, uint32_t pieces, uint32_t most)
{
    struct vocab *vocab = context;
    char text[MOST_STATUS];
    snprintf(text, sizeof text, "learning: %u of %u pieces", pieces, most);
    tw_show_status(&vocab->show, text);
}

static void show_refused(void *context, const struct tw_error *why)
{
    struct vocab *vocab = context;
    char line[1200], named[1300];
    tw_error_line(why, line, sizeof line);
    snprintf(named, sizeof named, "tapewatch vocab: %s", line);
    tw_show_line(&vocab->show, named);
}

static void print_result(
    const struct vocab *vocab, const struct tw_learn_vocabulary_result *result, double seconds)
{
    const struct tw_learn_vocabulary_settings *settings = &vocab->settings;
    double words = (double)result->words;
    if (result->pieces < settings->size)
        fprintf(stderr, "%s: %u pieces are all that there are: no two more stand side by side %llu times\n",
            settings->output, result->pieces, (unsigned long long)settings->min_count);
    fprintf(stderr,
        "%s: %u pieces of %u characters, from %llu records, %llu words (%llu different); %.2f%% of the words "
        "are one piece, %.4f%% are unknown, %.3f pieces a word; %.1f s\n",
        settings->output, result->pieces, result->characters, (unsigned long long)result->records,
        (unsigned long long)result->words, (unsigned long long)result->different,
        100 * (double)result->whole / words, 100 * (double)result->unknown / words,
        (double)result->cut / words, seconds);
}

/* ---- the command ---- */

static int learn(struct vocab *vocab, const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_learn_vocabulary_result result;
    struct tw_intake intake = {0};
    char line_of_intake[TW_INTAKE_LINE_BYTES];
    uint64_t began_us = tw_now_us();
    int status = read_settings(vocab, line, err);
    if (status)
        return status;
    if (!tw_command_config_load(vocab->options->config, true, &vocab->arena, &vocab->config, err))
        return tw_command_failed(err);
    const struct tw_learn_vocabulary_call run = {.archives = vocab->options->archives.items,
        .archive_count = vocab->options->archives.count,
        .decode = vocab->config.decode,
        .stamp_us = tw_wall_us(),
        .intake = &intake,
        .context = vocab,
        .on_reading = show_reading,
        .on_learning = show_learning,
        .on_refused = show_refused};
    tw_show_begin(&vocab->show, stderr);
    bool learned = tw_learn_vocabulary(&vocab->settings, &run, &result, err);
    tw_show_end(&vocab->show);
    if (!learned)
        return tw_command_failed(err);
    print_result(vocab, &result, (double)(tw_now_us() - began_us) / 1e6);
    if (tw_intake_line(&intake, line_of_intake, sizeof line_of_intake))
        fprintf(stderr, "tapewatch vocab: %s\n", line_of_intake);
    return result.refused ? tw_exit_status(TW_REFUSED) : 0;
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct vocab vocab = {.options = line->options};
    int status =
        tw_arena_begin(&vocab.arena, ARENA_BYTES, err) ? learn(&vocab, line, err) : tw_command_failed(err);
    tw_arena_end(&vocab.arena);
    return status;
}

static const char *const forms[] = {"vocab -o FOLDER [OPTION]... FILE...", NULL};

static const struct tw_option rows[] = {
    {.value = "FILE",
        TW_INTO_PATHS(struct options, archives),
        .help =
            "JSON records with text, one a line, or a table (CSV, TSV), plain, gzip or zstd; or a folder of them"},
    TW_OPTION_CONFIG(struct options, config),
    {"lowercase", 0, NULL, TW_INTO_FLAG(struct options, lowercase),
        .help = "fold case and take accents away, as it is without --cased"},
};

const struct tw_command tw_command_vocab = {
    .name = "vocab",
    .group = "make",
    .summary = "a WordPiece vocabulary from archives, for a model from scratch",
    .forms = forms,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .settings = &tw_learn_vocabulary_table,
    .bytes = sizeof(struct options),
    .run = run,
};
