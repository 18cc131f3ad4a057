#include "serve/effective.h"

#include "config/config_print.h"
#include "serve/daemon.h"
#include "serve/loaded.h"

#include <string.h>

enum { ARENA_BYTES = 1 << 20 };

/* Rooms that keep a pointer to the configuration need not be asked. */
static void ask_rooms(const struct tw_daemon *daemon, struct tw_config *config)
{
    const struct tw_batcher_options *batches = tw_batcher_options_of(daemon->batcher);
    tw_load_effective(daemon->shared, config);
    config->batch.most_bytes = (int64_t)batches->most_bytes;
    config->batch.most_documents = batches->most_documents;
    config->batch.age_ms = (int64_t)batches->age_ms;
    config->batch.memory_bytes = (int64_t)batches->memory_bytes;
    config->flow.high_bytes = (int64_t)daemon->flow.high_bytes;
    config->flow.low_bytes = (int64_t)daemon->flow.low_bytes;
    config->log.level = daemon->log.least;
    if (!daemon->http)
        config->http.port = 0;
    if (!daemon->control)
        config->control.socket = "";
}

char *tw_effective_text(const struct tw_daemon *daemon)
{
    struct tw_arena arena = {0};
    struct tw_error ignored;
    struct tw_text text;
    struct tw_config config = *tw_reloading_config(daemon);
    char *copy = NULL;
    ask_rooms(daemon, &config);
    if (tw_arena_begin(&arena, ARENA_BYTES, &ignored) &&
        tw_config_print(&config, false, &arena, &text, &ignored))
        copy = strndup(text.bytes, text.length);
    tw_arena_end(&arena);
    return copy;
}
