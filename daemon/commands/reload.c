#include "cli/arguments.h"
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

int tw_command_reload(int argc, char **argv, struct tw_error *err)
{
    const char *path = NULL;
    const struct tw_argument table[] = {{"c", .text = &path}};
    int status = tw_arguments_parse(argc, argv, table, 1, NULL, err);
    if (status != 0)
        return status;
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    status = ask(path, "reload", &arena, err);
    tw_arena_end(&arena);
    return status;
}
