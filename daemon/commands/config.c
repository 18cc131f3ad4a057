#include "config.h"
#include "command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_BYTES = 8 << 20 };

enum shows { SHOWS_NOTHING, SHOWS_DEFAULTS, SHOWS_EFFECTIVE, SHOWS_REFERENCE };

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
    static const struct option options[] = {
        {"defaults", no_argument, NULL, SHOWS_DEFAULTS},
        {"effective", no_argument, NULL, SHOWS_EFFECTIVE},
        {"reference", no_argument, NULL, SHOWS_REFERENCE},
        {NULL, 0, NULL, 0},
    };
    const char *path = NULL;
    enum shows shows = SHOWS_NOTHING;
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (option == 'c')
            path = optarg;
        else if (option == '?')
            return tw_command_usage("config", err, "cannot use \"%s\"", argv[optind - 1]);
        else
            shows = (enum shows)option;
    }
    if (optind < argc)
        return tw_command_usage("config", err, "cannot use \"%s\"", argv[optind]);
    if (shows == SHOWS_NOTHING)
        return tw_command_usage("config", err, "say what to show: --defaults, --effective or --reference");

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
