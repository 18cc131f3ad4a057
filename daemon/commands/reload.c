#include "cli/command.h"
#include "config/config.h"
#include "observe/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 8 << 20, TIMEOUT_MS = 120000 };

/* Asks the daemon that runs with this configuration; prints its answer. Its status becomes ours. */
static int ask(const char *path, const char *verb, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_config config;
    char *text = NULL;
    int status = 0;
    if (!tw_command_config_load(path, true, arena, &config, err))
        return tw_command_failed(err);
    if (config.control.socket[0] == '\0') {
        tw_fail(err, TW_CONFIG, path, "set control.socket, or send SIGHUP",
            "this configuration has no control socket");
        return tw_command_failed(err);
    }
    if (!tw_control_ask(config.control.socket, verb, TIMEOUT_MS, &status, &text, err))
        return tw_command_failed(err);
    fputs(text, status == 0 ? stdout : stderr);
    free(text);
    return status;
}

struct options {
    const char *config;
};

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    const struct options *options = line->options;
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    int status = ask(options->config, "reload", &arena, err);
    tw_arena_end(&arena);
    return status;
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, config),
};

const struct tw_command tw_command_reload = {
    .name = "reload",
    .group = "run",
    .summary = "make a running daemon read its configuration, events, rules and entities anew",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
