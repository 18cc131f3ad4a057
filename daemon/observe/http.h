/* http: /metrics, /healthz and /readyz on a loopback port.
 *
 *   /metrics   Prometheus text, made when asked for
 *   /healthz   200 "ok" while the loop turns; it answers itself, so an answer is the proof
 *   /readyz    200 "ready", or 503 and a line for each reason why not
 *
 * GET and HEAD; OPTIONS tells so; other paths 404, other methods 405 with Allow. libmicrohttpd runs
 * without threads of its own: its epoll descriptor is watched by the loop. Answers are small and local;
 * what cannot be sent within 10 s is dropped. */
#ifndef TW_HTTP_H
#define TW_HTTP_H

#include <uv.h>

#include "base/error.h"

struct tw_http;

/* Where the answers come from. Called on the loop. */
struct tw_http_source {
    void *context;
    /* malloc'ed text, freed by the room; NULL when out of memory. */
    char *(*metrics)(void *context, size_t *length);
    /* True when ready; else writes the reasons, one a line, into `why`. */
    bool (*ready)(void *context, char *why, size_t size);
};

/* Listens on address:port (port 0: one that is free). TW_OUTPUT when the address is taken or not ours;
 * TW_PERMISSION for a port that needs rights. */
TW_MUST_USE bool tw_http_begin(uv_loop_t *loop, const char *address, uint16_t port,
    const struct tw_http_source *source, struct tw_http **out, struct tw_error *err);

/* The port in use. */
uint16_t tw_http_port(const struct tw_http *http);

/* Closes handles and frees; `http` may be NULL. The loop must turn once more. */
void tw_http_end(struct tw_http *http);

#endif
