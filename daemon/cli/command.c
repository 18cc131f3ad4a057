#include "cli/command.h"

#include "config/config.h"
#include "files/problems.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct tw_command *const commands[] = {
    &tw_command_serve,
    &tw_command_migrate,
    &tw_command_check,
    &tw_command_reload,
    &tw_command_status,
    &tw_command_replay,
    &tw_command_deadletters_list,
    &tw_command_deadletters_show,
    &tw_command_deadletters_requeue,
    &tw_command_reset,
    &tw_command_backtest,
    &tw_command_test,
    &tw_command_classify,
    &tw_command_tokenize,
    &tw_command_evaluate,
    &tw_command_explain,
    &tw_command_audit,
    &tw_command_bench,
    &tw_command_pretrain,
    &tw_command_finetune,
    &tw_command_distill,
    &tw_command_quantize,
    &tw_command_vocab,
    &tw_command_generate,
    &tw_command_dev_broker,
    &tw_command_dev_topic,
    &tw_command_dev_manual,
    &tw_command_config,
    &tw_command_completion,
};
enum { COMMANDS = sizeof commands / sizeof commands[0], WORD_BYTES = 32 };

const struct tw_command *const *tw_commands(size_t *count)
{
    *count = COMMANDS;
    return commands;
}

/* ---- finding one ---- */

bool tw_command_in_family(const struct tw_command *command, const char *name)
{
    size_t length = strlen(name);
    return strncmp(command->name, name, length) == 0 && command->name[length] == ' ';
}

bool tw_command_is_family(const char *name)
{
    for (size_t at = 0; at < COMMANDS; at++)
        if (tw_command_in_family(commands[at], name))
            return true;
    return false;
}

/* A family has been named, but none of its commands. */
static void refuse_member(const char *family, const char *word, struct tw_error *err)
{
    const char *words[COMMANDS];
    char list[256];
    size_t count = 0;
    for (size_t at = 0; at < COMMANDS; at++)
        if (tw_command_in_family(commands[at], family))
            words[count++] = commands[at]->name + strlen(family) + 1;
    tw_option_list(words, count, list, sizeof list);
    if (!word || word[0] == '-') {
        tw_arguments_refuse(family, NULL, err, "say first what to do: %s", list);
    } else {
        const char *nearest = tw_nearest(tw_text_of(word), words, count);
        char cure[300];
        snprintf(cure, sizeof cure, nearest ? "did you mean \"%s\"?" : "%s", nearest ? nearest : list);
        tw_arguments_refuse(family, cure, err, "no \"%.100s\"", word);
    }
    tw_error_in(err, family);
}

static void refuse_command(const char *word, struct tw_error *err)
{
    char first[COMMANDS][WORD_BYTES], cure[128] = "";
    const char *names[COMMANDS];
    for (size_t at = 0; at < COMMANDS; at++) {
        snprintf(first[at], WORD_BYTES, "%.*s", (int)strcspn(commands[at]->name, " "), commands[at]->name);
        names[at] = first[at];
    }
    const char *nearest = tw_nearest(tw_text_of(word), names, COMMANDS);
    if (nearest)
        snprintf(cure, sizeof cure, "did you mean \"%s\"? ", nearest);
    strncat(cure, "tapewatch --help lists them all", sizeof cure - strlen(cure) - 1);
    tw_fail(err, TW_USAGE, NULL, cure, "no command \"%.100s\"", word);
}

const struct tw_command *tw_command_find(int argc, char *const *argv, int *words, struct tw_error *err)
{
    bool is_family = tw_command_is_family(argv[0]);
    *words = is_family ? 2 : 1;
    for (size_t at = 0; at < COMMANDS; at++) {
        const struct tw_command *command = commands[at];
        if (!is_family && strcmp(command->name, argv[0]) == 0)
            return command;
        if (is_family && argc > 1 && tw_command_in_family(command, argv[0]) &&
            strcmp(command->name + strlen(argv[0]) + 1, argv[1]) == 0)
            return command;
    }
    if (is_family)
        refuse_member(argv[0], argc > 1 ? argv[1] : NULL, err);
    else
        refuse_command(argv[0], err);
    return NULL;
}

/* ---- its options ---- */

static struct tw_option option_of(const struct tw_setting *setting)
{
    static const char *const values[] = {[TW_SETTING_COUNT] = "N",
        [TW_SETTING_REAL] = "X",
        [TW_SETTING_SWITCH] = NULL,
        [TW_SETTING_CHOICE] = "NAME",
        [TW_SETTING_WORDS] = "A,B",
        [TW_SETTING_TEXT] = "TEXT",
        [TW_SETTING_TEXTS] = "FILE"};
    bool is_shown = setting->fallback[0] && setting->type != TW_SETTING_SWITCH;
    return (struct tw_option){.name = setting->name,
        .letter = setting->letter,
        .value = values[setting->type],
        .kind = TW_OPTION_SETTING,
        .help = setting->prose,
        .fallback = is_shown ? setting->fallback : NULL,
        .setting = setting};
}

size_t tw_command_options(const struct tw_command *command, struct tw_option rows[TW_OPTIONS_MOST])
{
    size_t count = 0;
    for (size_t at = 0; at < command->count && count < TW_OPTIONS_MOST; at++)
        rows[count++] = command->rows[at];
    for (size_t at = 0; command->settings && at < command->settings->count && count < TW_OPTIONS_MOST; at++)
        rows[count++] = option_of(&command->settings->rows[at]);
    return count;
}

/* ---- what commands share ---- */

int tw_command_usage(const char *command, struct tw_error *err, const char *what, ...)
{
    char text[sizeof err->what];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(text, sizeof text, what, arguments);
    va_end(arguments);
    return tw_arguments_refuse(command, NULL, err, "%s", text);
}

int tw_command_failed(const struct tw_error *err)
{
    return tw_exit_status(err->code);
}

void tw_command_show_problems(const struct tw_problems *problems, struct tw_arena *arena)
{
    struct tw_text text;
    struct tw_error ignored;
    if (tw_problems_render(problems, arena, &text, &ignored))
        fprintf(stderr, "%.*s", (int)text.length, text.bytes);
}

bool tw_command_config_load(const char *path, bool may_be_absent, struct tw_arena *arena,
    struct tw_config *config, struct tw_error *err)
{
    struct tw_problems problems;
    if (!path && may_be_absent && access(TW_CONFIG_PATH, F_OK) != 0)
        return tw_config_defaults(arena, config, err);
    tw_problems_begin(&problems, arena);
    if (tw_config_load(path ? path : TW_CONFIG_PATH, arena, config, &problems, err))
        return true;
    if (problems.count > 0)
        tw_command_show_problems(&problems, arena);
    return false;
}

static void type_bytes(char *text, size_t size, size_t *used, const char *bytes, size_t length)
{
    size_t room = size - 1 - *used;
    size_t taken = length < room ? length : room;
    memcpy(text + *used, bytes, taken);
    *used += taken;
    text[*used] = '\0';
}

static bool is_plain(const char *argument)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+@%";
    return argument[0] && argument[strspn(argument, plain)] == '\0';
}

/* In single quotes; a single quote itself leaves them: 'don'\''t'. */
static void type_quoted(char *text, size_t size, size_t *used, const char *argument)
{
    type_bytes(text, size, used, "'", 1);
    for (const char *at = argument; *at; at++)
        type_bytes(text, size, used, *at == '\'' ? "'\\''" : at, *at == '\'' ? 4 : 1);
    type_bytes(text, size, used, "'", 1);
}

void tw_command_typed(int argc, char **argv, char *text, size_t size)
{
    size_t used = 0;
    type_bytes(text, size, &used, "tapewatch", 9);
    for (int at = 0; at < argc; at++) {
        type_bytes(text, size, &used, " ", 1);
        if (is_plain(argv[at]))
            type_bytes(text, size, &used, argv[at], strlen(argv[at]));
        else
            type_quoted(text, size, &used, argv[at]);
    }
}
