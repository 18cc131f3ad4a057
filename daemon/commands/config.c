#include "config/config.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "config/config_print.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 8 << 20 };

enum shows { SHOWS_DEFAULTS, SHOWS_EFFECTIVE, SHOWS_REFERENCE, SHOWS };

static bool text_of(
    enum shows shows, const char *path, struct tw_arena *arena, struct tw_text *text, struct tw_error *err)
{
    struct tw_config config;
    if (shows == SHOWS_REFERENCE)
        return tw_config_reference(arena, text, err);
    if (shows == SHOWS_DEFAULTS)
        return tw_config_defaults(arena, &config, err) && tw_config_print(&config, true, arena, text, err);
    return tw_command_config_load(path, false, arena, &config, err) &&
           tw_config_print(&config, false, arena, text, err);
}

int tw_command_config(int argc, char **argv, struct tw_error *err)
{
    const char *path = NULL;
    bool asked[SHOWS] = {false};
    const struct tw_argument table[] = {{"c", .text = &path}, {"defaults", .given = &asked[SHOWS_DEFAULTS]},
        {"effective", .given = &asked[SHOWS_EFFECTIVE]}, {"reference", .given = &asked[SHOWS_REFERENCE]}};
    int status = tw_arguments_parse(argc, argv, table, sizeof table / sizeof table[0], NULL, err);
    if (status != 0)
        return status;
    if (asked[SHOWS_DEFAULTS] + asked[SHOWS_EFFECTIVE] + asked[SHOWS_REFERENCE] != 1)
        return tw_command_usage("config", err, "say what to show: --defaults, --effective or --reference");
    enum shows shows = asked[SHOWS_DEFAULTS]    ? SHOWS_DEFAULTS
                       : asked[SHOWS_EFFECTIVE] ? SHOWS_EFFECTIVE
                                                : SHOWS_REFERENCE;

    struct tw_arena arena;
    struct tw_text text;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    bool done = text_of(shows, path, &arena, &text, err);
    if (done)
        fwrite(text.bytes, 1, text.length, stdout);
    tw_arena_end(&arena);
    return done ? 0 : tw_command_failed(err);
}
