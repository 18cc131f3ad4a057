#include "serve/doors.h"

#include <stdlib.h>
#include <string.h>

#include "observe/control.h"
#include "observe/http.h"
#include "serve/daemon.h"
#include "serve/effective.h"
#include "serve/status.h"

static char *metrics_text(void *context, size_t *length)
{
    struct tw_daemon *daemon = context;
    struct tw_partition *first = daemon->source ? tw_source_partitions(daemon->source) : NULL;
    tw_source_counts_show(&daemon->sources, &daemon->metrics);
    return tw_metrics_text(&daemon->metrics, first, length);
}

static bool answer_ready(void *context, char *why, size_t size)
{
    return tw_status_ready(context, why, size);
}

static void answer_reload(struct tw_daemon *daemon, struct tw_control_request *request)
{
    tw_reloading_run(daemon, request);
}

static void answer_config(struct tw_daemon *daemon, struct tw_control_request *request)
{
    if (daemon->phase >= TW_DAEMON_CLOSING) { /* rooms may be gone already */
        tw_control_answer(request, tw_exit_status(TW_HELD), "the daemon is stopping\n");
        return;
    }
    char *text = tw_effective_text(daemon);
    tw_control_answer(request, text ? 0 : tw_exit_status(TW_INTERNAL), text ? text : "out of memory\n");
    free(text);
}

static void answer_status(struct tw_daemon *daemon, struct tw_control_request *request)
{
    char *text = tw_status_text(daemon);
    tw_control_answer(request, text ? 0 : tw_exit_status(TW_INTERNAL), text ? text : "out of memory\n");
    free(text);
}

static const struct {
    const char *verb;
    void (*answer)(struct tw_daemon *daemon, struct tw_control_request *request);
} verbs[] = {
    {"reload", answer_reload},
    {"status", answer_status},
    {"config", answer_config},
};

static void on_request(void *context, const char *verb, struct tw_control_request *request)
{
    for (size_t at = 0; at < sizeof verbs / sizeof verbs[0]; at++)
        if (strcmp(verbs[at].verb, verb) == 0) {
            verbs[at].answer(context, request);
            return;
        }
    tw_control_answer(request, 2, "no such verb; cure: reload, status or config\n");
}

bool tw_doors_open(struct tw_daemon *daemon, struct tw_error *err)
{
    const struct tw_config *config = daemon->config;
    struct tw_http_source answers = {.context = daemon, .metrics = metrics_text, .ready = answer_ready};
    struct tw_control_handler handler = {.context = daemon, .request = on_request};
    if (config->http.port > 0 && !tw_http_begin(&daemon->loop.uv, config->http.address,
                                     (uint16_t)config->http.port, &answers, &daemon->http, err))
        return false;
    return !config->control.socket[0] ||
           tw_control_begin(&daemon->loop.uv, config->control.socket, &handler, &daemon->control, err);
}

void tw_doors_close(struct tw_daemon *daemon)
{
    tw_http_end(daemon->http);
    tw_control_end(daemon->control);
    daemon->http = NULL;
    daemon->control = NULL;
}
