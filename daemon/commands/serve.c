/* serve: the daemon itself. daemon.h tells what it does; here only its command line. */
#include "cli/command.h"
#include "config/config.h"
#include "serve/daemon.h"

#include <getopt.h>
#include <malloc.h>

enum { ARENA_BYTES = 8 << 20, HEAP_PIECE_BYTES = 128 * 1024 };

static int serve(const char *path, const char *verbose, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_config config;
    if (!tw_command_config_load(path, false, arena, &config, err))
        return tw_command_failed(err);
    return tw_daemon_run(&config, verbose, err);
}

/* Messages are made on librdkafka's threads and freed on the loop, and fetched blocks come and go by the megabyte.
 * With a heap for each thread and thresholds that glibc raises by itself, twice the memory stays resident. */
static void keep_heap_small(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, HEAP_PIECE_BYTES);
    mallopt(M_TRIM_THRESHOLD, HEAP_PIECE_BYTES);
}

int tw_command_serve(int argc, char **argv, struct tw_error *err)
{
    const char *path = NULL;
    const char *verbose = NULL;
    optind = 0;
    opterr = 0;
    for (int option; (option = getopt(argc, argv, "c:v:")) != -1;) {
        if (option == 'c')
            path = optarg;
        else if (option == 'v')
            verbose = optarg;
        else
            return tw_command_usage("serve", err, "cannot use \"%s\"", argv[optind - 1]);
    }
    if (optind < argc)
        return tw_command_usage("serve", err, "cannot use \"%s\"", argv[optind]);
    keep_heap_small();
    struct tw_arena arena;
    if (!tw_arena_begin(&arena, ARENA_BYTES, err))
        return tw_command_failed(err);
    int status = serve(path, verbose, &arena, err);
    /* The arena stays: a librdkafka left behind at the end may still read the configuration. */
    return status;
}
