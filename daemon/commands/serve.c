/* serve: the daemon itself. daemon.h tells what it does; here only its command line. */
#include "cli/command.h"
#include "config/config.h"
#include "serve/daemon.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 8 << 20, HEAP_PIECE_BYTES = 128 * 1024 };

/* The rooms as the log takes them: separated by commas. NULL: none was named. */
static bool join_rooms(
    const struct tw_setting_texts *rooms, struct tw_arena *arena, const char **joined, struct tw_error *err)
{
    size_t bytes = 1, used = 0;
    for (size_t at = 0; at < rooms->count; at++)
        bytes += strlen(rooms->items[at]) + 1;
    char *text = tw_arena_take(arena, bytes);
    if (!text)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < rooms->count; at++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", at ? "," : "", rooms->items[at]);
    *joined = rooms->count ? text : NULL;
    return true;
}

struct options {
    const char *config;
    struct tw_setting_texts verbose;
};

static int serve(const struct options *options, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_config config;
    const char *verbose = NULL;
    if (!join_rooms(&options->verbose, arena, &verbose, err) ||
        !tw_command_config_load(options->config, false, arena, &config, err))
        return tw_command_failed(err);
    return tw_daemon_run(&config, verbose, err);
}

/* Messages are made on librdkafka's threads and freed on the loop, and fetched blocks come and go by the
 * megabyte. With a heap for each thread and thresholds that glibc raises by itself, twice the memory stays
 * resident. */
static void keep_heap_small(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, HEAP_PIECE_BYTES);
    mallopt(M_TRIM_THRESHOLD, HEAP_PIECE_BYTES);
}

static int run(const struct tw_command_line *line, struct tw_error *err)
{
    keep_heap_small();
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    int status = serve(line->options, &arena, err);
    /* The arena stays: a librdkafka left behind at the end may still read the configuration. */
    return status;
}

static const struct tw_option rows[] = {
    TW_OPTION_CONFIG(struct options, config),
    {"verbose", 'v', "ROOM", TW_INTO_TEXTS(struct options, verbose),
        .help = "log more of one room (source, store, pool, ...), or of all; given again, of one more"},
};

const struct tw_command tw_command_serve = {
    .name = "serve",
    .group = "run",
    .summary = "the daemon: topics to scores and alerts in PostgreSQL",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .bytes = sizeof(struct options),
    .run = run,
};
