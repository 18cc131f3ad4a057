#include "observe/control.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { VERB_BYTES = 320, MOST_ANSWER_BYTES = 16 << 20 };

struct tw_control_request {
    struct tw_control *control; /* NULL once the room has ended */
    uv_pipe_t pipe;
    uv_write_t write;
    char verb[VERB_BYTES];
    size_t used;
    bool asked; /* the verb is complete and was handed to the handler */
    bool answered;
    bool closing; /* the client went away or the room ended before the answer */
    bool closed;
    char *answer;
    struct tw_control_request *next;
};

struct tw_control {
    uv_pipe_t listener;
    struct tw_control_handler handler;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    struct tw_control_request *requests;
};

static void unlink_request(struct tw_control_request *request)
{
    if (!request->control)
        return;
    struct tw_control_request **link = &request->control->requests;
    while (*link && *link != request)
        link = &(*link)->next;
    if (*link)
        *link = request->next;
    request->control = NULL;
}

/* A request's memory goes when its pipe is closed and nobody will answer it any more. */
static void free_if_done(struct tw_control_request *request)
{
    if (!request->closed || (request->asked && !request->answered))
        return;
    unlink_request(request);
    free(request->answer);
    free(request);
}

static void on_request_closed(uv_handle_t *handle)
{
    struct tw_control_request *request = handle->data;
    request->closed = true;
    free_if_done(request);
}

static void close_request(struct tw_control_request *request)
{
    if (request->closing)
        return;
    request->closing = true;
    uv_close((uv_handle_t *)&request->pipe, on_request_closed);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    close_request(write->data);
}

void tw_control_answer(struct tw_control_request *request, int exit_status, const char *text)
{
    request->answered = true;
    size_t size = strlen(text) + 16;
    request->answer = request->closing ? NULL : malloc(size);
    if (!request->answer) {
        if (request->closing)
            free_if_done(request);
        else
            close_request(request);
        return;
    }
    int length = snprintf(request->answer, size, "%d\n%s", exit_status, text);
    uv_buf_t buffer = uv_buf_init(request->answer, (unsigned int)length);
    request->write.data = request;
    if (uv_write(&request->write, (uv_stream_t *)&request->pipe, &buffer, 1, on_written) != 0)
        close_request(request);
}

static void on_bytes(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    struct tw_control_request *request = stream->data;
    if (got < 0) {
        close_request(request);
        return;
    }
    request->used += (size_t)got;
    char *end = memchr(request->verb, '\n', request->used);
    if (!end && request->used < sizeof request->verb)
        return;
    uv_read_stop(stream);
    if (!end) {
        close_request(request);
        return;
    }
    *end = '\0';
    request->asked = true;
    request->control->handler.request(request->control->handler.context, request->verb, request);
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct tw_control_request *request = handle->data;
    *buffer =
        uv_buf_init(request->verb + request->used, (unsigned int)(sizeof request->verb - request->used));
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct tw_control *control = listener->data;
    if (status != 0)
        return;
    struct tw_control_request *request = calloc(1, sizeof *request);
    if (!request)
        return;
    request->control = control;
    request->next = control->requests;
    control->requests = request;
    uv_pipe_init(listener->loop, &request->pipe, 0);
    request->pipe.data = request;
    if (uv_accept(listener, (uv_stream_t *)&request->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&request->pipe, give_buffer, on_bytes) != 0)
        close_request(request);
}

static int connect_to(const char *path, struct tw_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if ((size_t)snprintf(name.sun_path, sizeof name.sun_path, "%s", path) >= sizeof name.sun_path) {
        tw_fail(err, TW_CONFIG, path, "set control.socket to a shorter path", "path too long for a socket");
        return -1;
    }
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&name, sizeof name) == 0)
        return descriptor;
    tw_fail_errno(err, TW_SERVER, path, "start the daemon, or name its configuration with -c",
        "no daemon answers on this socket");
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* The folder of the socket's path; "." for a path without one. */
static void folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int length = slash && slash > path ? (int)(slash - path) : 1;
    snprintf(folder, PATH_MAX, "%.*s", length, slash ? path : ".");
}

static const char folder_cure[] =
    "make its folder, or set control.socket to a path that the daemon's user may write";

bool tw_control_check(const char *path, bool *alive, struct tw_error *err)
{
    char folder[PATH_MAX];
    char parent[PATH_MAX];
    struct tw_error why = {0};
    int descriptor = connect_to(path, &why);
    *alive = descriptor >= 0;
    if (*alive) {
        close(descriptor);
        return true;
    }
    if (why.code == TW_CONFIG) {
        *err = why;
        return false;
    }
    folder_of(path, folder);
    folder_of(folder, parent);
    if (access(folder, W_OK | X_OK) == 0)
        return true;
    if (errno == ENOENT && access(parent, W_OK | X_OK) == 0)
        return true; /* tw_control_begin makes it */
    return tw_fail_errno(err, TW_OUTPUT, path, folder_cure, "cannot listen on this socket");
}

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle->data);
}

bool tw_control_begin(uv_loop_t *loop, const char *path, const struct tw_control_handler *handler,
    struct tw_control **out, struct tw_error *err)
{
    struct tw_control *control = calloc(1, sizeof *control);
    if (!control)
        return tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
    if ((size_t)snprintf(control->path, sizeof control->path, "%s", path) >= sizeof control->path) {
        free(control);
        return tw_fail(
            err, TW_CONFIG, path, "set control.socket to a shorter path", "path too long for a socket");
    }
    int alive = connect_to(path, NULL);
    if (alive >= 0) {
        close(alive);
        free(control);
        return tw_fail(err, TW_HELD, path, "stop the other daemon, or give this one its own control.socket",
            "another daemon answers on this socket");
    }
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
        unlink(path);
    char folder[PATH_MAX];
    folder_of(path, folder);
    if (mkdir(folder, 0750) == 0) /* else it is there, or it is not: the bind tells */
        chmod(folder, 0750);
    control->handler = *handler;
    uv_pipe_init(loop, &control->listener, 0);
    control->listener.data = control;
    int failure = uv_pipe_bind(&control->listener, path);
    if (failure == 0)
        failure = uv_listen((uv_stream_t *)&control->listener, 16, on_connection);
    if (failure != 0) {
        uv_close((uv_handle_t *)&control->listener, on_listener_closed);
        errno = -failure;
        return tw_fail_errno(err, TW_OUTPUT, path, folder_cure, "cannot listen on this socket");
    }
    chmod(path, 0660);
    *out = control;
    return true;
}

void tw_control_end(struct tw_control *control)
{
    if (!control)
        return;
    unlink(control->path);
    struct tw_control_request *next;
    for (struct tw_control_request *request = control->requests; request; request = next) {
        next = request->next;
        request->control = NULL;
        close_request(request);
    }
    uv_close((uv_handle_t *)&control->listener, on_listener_closed);
}

/* Reads until the daemon closes. The buffer is malloc'ed and NUL-terminated. */
static char *read_answer(int descriptor, uint64_t deadline_ms, struct tw_error *err)
{
    char *answer = malloc(MOST_ANSWER_BYTES + 1);
    size_t used = 0;
    while (answer && used < MOST_ANSWER_BYTES) {
        uint64_t now = tw_now_ms();
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        int polled = now >= deadline_ms ? 0 : poll(&ready, 1, (int)(deadline_ms - now));
        if (polled < 0 && errno == EINTR)
            continue;
        if (polled <= 0) {
            free(answer);
            tw_fail(err, TW_IO, NULL, "look at the daemon's log", "the daemon did not answer in time");
            return NULL;
        }
        ssize_t got = read(descriptor, answer + used, MOST_ANSWER_BYTES - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    if (!answer) {
        tw_fail(err, TW_INTERNAL, NULL, NULL, "out of memory");
        return NULL;
    }
    if (used == MOST_ANSWER_BYTES) { /* the end of it is missing, or as good as that */
        free(answer);
        tw_fail(err, TW_IO, NULL, "ask its metrics", "the daemon's answer is longer than %d MiB",
            MOST_ANSWER_BYTES >> 20);
        return NULL;
    }
    answer[used] = '\0';
    return answer;
}

bool tw_control_ask(const char *path, const char *verb, uint64_t timeout_ms, int *exit_status, char **text,
    struct tw_error *err)
{
    char line[VERB_BYTES];
    int length = snprintf(line, sizeof line, "%s\n", verb);
    int descriptor = connect_to(path, err);
    if (descriptor < 0)
        return false;
    if (send(descriptor, line, (size_t)length, MSG_NOSIGNAL) != length) {
        tw_fail_errno(err, TW_IO, path, NULL, "cannot write to the daemon");
        close(descriptor);
        return false;
    }
    char *answer = read_answer(descriptor, tw_now_ms() + timeout_ms, err);
    close(descriptor);
    if (!answer)
        return tw_error_in(err, path);
    char *end;
    long status = strtol(answer, &end, 10);
    if (end == answer || *end != '\n' || status < 0 || status > 255) {
        free(answer);
        return tw_fail(err, TW_IO, path, "look at the daemon's log", "the daemon closed without an answer");
    }
    *exit_status = (int)status;
    memmove(answer, end + 1, strlen(end + 1) + 1);
    *text = answer;
    return true;
}
