#include "config/config.h"
#include "cli/command.h"
#include "config/config_print.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 8 << 20 };

struct options {
    const char *config;
    bool defaults, effective, reference;
};

static bool text_of(
    const struct options *options, struct tw_arena *arena, struct tw_text *text, struct tw_error *err)
{
    struct tw_config config;
    if (options->reference)
        return tw_config_reference(arena, text, err);
    if (options->defaults)
        return tw_config_defaults(arena, &config, err) && tw_config_print(&config, true, arena, text, err);
    return tw_command_config_load(options->config, false, arena, &config, err) &&
           tw_config_print(&config, false, arena, text, err);
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    struct tw_arena arena;
    struct tw_text text;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    bool done = text_of(line->options, &arena, &text, err);
    if (done)
        fwrite(text.bytes, 1, text.length, stdout);
    tw_arena_end(&arena);
    return done ? 0 : tw_command_failed(err);
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, config),
    {"defaults", 0, NULL, TW_INTO_FLAG(struct options, defaults), .group = "shows", .required = true,
        .help = "every key with its default, as a file to start from"},
    {"effective", 0, NULL, TW_INTO_FLAG(struct options, effective), .group = "shows",
        .help = "every key with the value it has after FILE"},
    {"reference", 0, NULL, TW_INTO_FLAG(struct options, reference), .group = "shows",
        .help = "every key with type, unit, range and prose, as a page"},
};

const struct tw_command tw_command_config = {
    .name = "config",
    .group = "dev",
    .summary = "show every key with its default, or what a file makes of them",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
