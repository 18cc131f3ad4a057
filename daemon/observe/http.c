#include "observe/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

enum { WHY_BYTES = 2048, CONNECTION_TIMEOUT_S = 10, MOST_CONNECTIONS = 64 };

struct tw_http {
    struct MHD_Daemon *server;
    struct tw_http_source source;
    uv_poll_t poll;
    uv_timer_t timer; /* libmicrohttpd's own timeouts */
    int handles_open;
    uint16_t port;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status, const char *type,
    size_t length, char *body, enum MHD_ResponseMemoryMode ownership)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(length, body, ownership);
    if (!response) {
        if (ownership == MHD_RESPMEM_MUST_FREE)
            free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned int status, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return MHD_NO;
    return answer(connection, status, "text/plain; charset=utf-8", strlen(copy), copy, MHD_RESPMEM_MUST_FREE);
}

/* What may be asked of a page, as RFC 9110 wants it of a 405 and of OPTIONS. */
static enum MHD_Result answer_methods(
    struct MHD_Connection *connection, unsigned int status, const char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Allow", "GET, HEAD, OPTIONS");
    if (text[0])
        MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result metrics_page(struct tw_http *http, struct MHD_Connection *connection)
{
    size_t length;
    char *text = http->source.metrics(http->source.context, &length);
    if (!text)
        return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
    return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", length, text,
        MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result health_page(struct tw_http *http, struct MHD_Connection *connection)
{
    (void)http;
    return answer_text(connection, MHD_HTTP_OK, "ok\n");
}

static enum MHD_Result ready_page(struct tw_http *http, struct MHD_Connection *connection)
{
    char why[WHY_BYTES] = "";
    if (http->source.ready(http->source.context, why, sizeof why))
        return answer_text(connection, MHD_HTTP_OK, "ready\n");
    return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, why[0] ? why : "not ready\n");
}

static const struct {
    const char *path;
    enum MHD_Result (*page)(struct tw_http *http, struct MHD_Connection *connection);
} pages[] = {
    {"/metrics", metrics_page},
    {"/healthz", health_page},
    {"/readyz", ready_page},
};

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *upload, size_t *upload_size, void **state)
{
    (void)version;
    (void)upload;
    (void)state;
    struct tw_http *http = context;
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    bool asks = strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0;
    *upload_size = 0;
    if (!reads)
        return answer_methods(connection, asks ? MHD_HTTP_NO_CONTENT : MHD_HTTP_METHOD_NOT_ALLOWED,
            asks ? "" : "GET and HEAD only\n");
    for (size_t at = 0; at < sizeof pages / sizeof pages[0]; at++)
        if (strcmp(pages[at].path, path) == 0)
            return pages[at].page(http, connection);
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

static void on_timer(uv_timer_t *timer);

/* Lets libmicrohttpd do what it can, then asks when it wants to be called without any descriptor being
 * ready. */
static void run_server(struct tw_http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(http->server);
    if (MHD_get_timeout(http->server, &wait_ms) == MHD_YES)
        uv_timer_start(&http->timer, on_timer, wait_ms, 0);
    else
        uv_timer_stop(&http->timer);
}

static void on_timer(uv_timer_t *timer)
{
    run_server(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run_server(poll->data);
}

/* A listening socket made here, so that a refusal is told by the system's own words. */
static int listen_on(const char *address, uint16_t port, uint16_t *chosen, struct tw_error *err)
{
    char where[96];
    snprintf(where, sizeof where, "%s:%u", address, port);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool is_four = inet_pton(AF_INET, address, &four.sin_addr) == 1;
    if (!is_four && inet_pton(AF_INET6, address, &six.sin6_addr) != 1) {
        tw_fail(err, TW_CONFIG, where, "set http.address to an IP address such as 127.0.0.1",
            "not an IP address");
        return -1;
    }
    struct sockaddr *name = is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    socklen_t length = is_four ? sizeof four : sizeof six;
    int on = 1;
    int descriptor = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool listening = descriptor >= 0 &&
                     setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     bind(descriptor, name, length) == 0 && listen(descriptor, 16) == 0 &&
                     getsockname(descriptor, name, &length) == 0;
    if (!listening) {
        tw_fail_errno(err, TW_OUTPUT, where, "set http.port to one that is free", "cannot listen");
        if (descriptor >= 0)
            close(descriptor);
        return -1;
    }
    *chosen = ntohs(is_four ? four.sin_port : six.sin6_port);
    return descriptor;
}

bool tw_http_begin(uv_loop_t *loop, const char *address, uint16_t port, const struct tw_http_source *source,
    struct tw_http **out, struct tw_error *err)
{
    uint16_t chosen;
    int descriptor = listen_on(address, port, &chosen, err);
    if (descriptor < 0)
        return false;
    struct tw_http *http = calloc(1, sizeof *http);
    if (!http) {
        close(descriptor);
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    }
    http->source = *source;
    http->port = chosen;
    http->server = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
        descriptor, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MOST_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)CONNECTION_TIMEOUT_S, MHD_OPTION_END);
    if (!http->server) {
        close(descriptor);
        free(http);
        return tw_fail(err, TW_INTERNAL, address, NULL, "libmicrohttpd cannot start");
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || uv_poll_init(loop, &http->poll, info->epoll_fd) != 0) {
        MHD_stop_daemon(http->server);
        free(http);
        return tw_fail(err, TW_INTERNAL, address, NULL, "cannot watch libmicrohttpd's descriptor");
    }
    uv_timer_init(loop, &http->timer);
    http->handles_open = 2;
    http->poll.data = http;
    http->timer.data = http;
    uv_poll_start(&http->poll, UV_READABLE, on_readable);
    *out = http;
    return true;
}

uint16_t tw_http_port(const struct tw_http *http)
{
    return http->port;
}

static void on_closed(uv_handle_t *handle)
{
    struct tw_http *http = handle->data;
    if (--http->handles_open > 0)
        return;
    /* The descriptor is closed only after the loop has let go of it (a live uv_poll must never lose its
     * own). */
    MHD_stop_daemon(http->server);
    free(http);
}

void tw_http_end(struct tw_http *http)
{
    if (!http)
        return;
    uv_poll_stop(&http->poll);
    uv_close((uv_handle_t *)&http->poll, on_closed);
    uv_close((uv_handle_t *)&http->timer, on_closed);
}
