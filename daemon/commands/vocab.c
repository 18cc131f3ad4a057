/* vocab: archives to a WordPiece vocabulary. Nothing is written before the end, so a signal ends it as it ends any program. */
#include "base/clock.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "config/config.h"
#include "training/learn_vocabulary.h"

#include <string.h>

enum { ARENA_BYTES = 16 << 20, MOST_STATUS = 160 };

struct vocab {
    struct tw_arena arena;
    struct tw_config config;
    struct tw_learn_vocabulary_settings settings;
    const char *config_path;
    struct tw_operands archives;
    struct tw_show show;
};

/* ---- the command line ---- */

/* What was typed for a setting, if anything. */
struct typed {
    const char *output, *size, *min_count, *most_characters, *max_positions;
    bool cased, lowercase, raw, skip_refused;
};

static bool set(struct vocab *vocab, const char *name, const char *value, struct tw_error *err)
{
    return !value ||
           tw_settings_set(&tw_learn_vocabulary_table, &vocab->arena, &vocab->settings, name, value, err);
}

static bool settle(struct vocab *vocab, const struct typed *typed, struct tw_error *err)
{
    return tw_settings_defaults(&tw_learn_vocabulary_table, &vocab->arena, &vocab->settings, err) &&
           set(vocab, "output", typed->output, err) && set(vocab, "size", typed->size, err) &&
           set(vocab, "min_count", typed->min_count, err) &&
           set(vocab, "most_characters", typed->most_characters, err) &&
           set(vocab, "max_positions", typed->max_positions, err) &&
           set(vocab, "cased", typed->cased ? "true" : NULL, err) &&
           set(vocab, "raw", typed->raw ? "true" : NULL, err) &&
           set(vocab, "skip_refused", typed->skip_refused ? "true" : NULL, err);
}

static int parse(struct vocab *vocab, int argc, char **argv, struct tw_error *err)
{
    struct typed typed = {0};
    const struct tw_argument table[] = {{"o", .text = &typed.output}, {"output", .text = &typed.output},
        {"c", .text = &vocab->config_path}, {"size", .text = &typed.size},
        {"min-count", .text = &typed.min_count}, {"most-characters", .text = &typed.most_characters},
        {"max-positions", .text = &typed.max_positions}, {"cased", .given = &typed.cased},
        {"lowercase", .given = &typed.lowercase}, {"raw", .given = &typed.raw},
        {"skip-refused", .given = &typed.skip_refused}};
    int status = tw_arguments_parse(argc, argv, table, sizeof table / sizeof table[0], &vocab->archives, err);
    if (status)
        return status;
    if (typed.cased && typed.lowercase)
        return tw_command_usage(argv[0], err, "--cased or --lowercase, not both");
    return settle(vocab, &typed, err) ? 0 : tw_command_failed(err);
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

static void print_help(void)
{
    printf(
        "usage: tapewatch vocab -o FOLDER [OPTION]... FILE...\n"
        "  FILE                       JSON records with text, one a line, plain, gzip or zstd; or a folder of "
        "them\n"
        "  -c FILE                    the configuration, for the names of fields\n");
    tw_settings_help(&tw_learn_vocabulary_table, stdout);
}

static int run(struct vocab *vocab, int argc, char **argv, struct tw_error *err)
{
    struct tw_learn_vocabulary_result result;
    uint64_t began_us = tw_now_us();
    int status = parse(vocab, argc, argv, err);
    if (status)
        return status;
    if (!tw_command_config_load(vocab->config_path, true, &vocab->arena, &vocab->config, err))
        return tw_command_failed(err);
    const struct tw_learn_vocabulary_call run = {.archives = (const char *const *)vocab->archives.items,
        .archive_count = (size_t)vocab->archives.count,
        .decode = vocab->config.decode,
        .stamp_us = tw_wall_us(),
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
    return result.refused ? tw_exit_status(TW_REFUSED) : 0;
}

int tw_command_vocab(int argc, char **argv, struct tw_error *err)
{
    struct vocab vocab = {0};
    for (int at = 1; at < argc; at++)
        if (strcmp(argv[at], "--help") == 0) {
            print_help();
            return 0;
        }
    int status = tw_arena_begin(&vocab.arena, ARENA_BYTES, err) ? run(&vocab, argc, argv, err)
                                                                : tw_command_failed(err);
    tw_arena_end(&vocab.arena);
    return status;
}
