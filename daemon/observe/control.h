/* control: a running daemon's Unix socket, for `reload`, `status` and `status --config`.
 *
 * The client sends one line, a verb; the daemon answers with a line "STATUS", an exit status in decimal,
 * then text, and closes:
 *
 *     reload\n                ->  0\nrules: bad-news.below -2.5 → -2.0 from 14:31:10\n...
 *     config\n                ->  0\ndev: false\nkafka:\n...
 *     status\n                ->  0\n{"ready":true,...}\n
 *
 * The socket is made with mode 0660 (the daemon's user and group), its folder, when it is not there, with
 * 0750. A socket left behind by a killed daemon is taken over; one that answers belongs to a live daemon:
 * TW_HELD. */
#ifndef TW_CONTROL_H
#define TW_CONTROL_H

#include <uv.h>

#include "base/error.h"

struct tw_control;
struct tw_control_request;

/* One request. The handler answers it, now or later, exactly once. */
struct tw_control_handler {
    void *context;
    void (*request)(void *context, const char *verb, struct tw_control_request *request);
};

/* Listens. TW_HELD, TW_CONFIG for a path too long, TW_OUTPUT or TW_PERMISSION. */
TW_MUST_USE bool tw_control_begin(uv_loop_t *loop, const char *path, const struct tw_control_handler *handler,
    struct tw_control **out, struct tw_error *err);

/* Could a daemon of this user listen there? For `check`: nothing is made, and a socket left behind is left
 * alone. *alive: one listens now (which is no error). TW_CONFIG for a path too long, TW_OUTPUT or
 * TW_PERMISSION for its folder. */
TW_MUST_USE bool tw_control_check(const char *path, bool *alive, struct tw_error *err);

/* Answers and closes. `request` is gone afterwards. Text is copied. A client that has gone away is no
 * error. */
void tw_control_answer(struct tw_control_request *request, int exit_status, const char *text);

/* Stops listening, removes the socket, closes what is open. `control` may be NULL. */
void tw_control_end(struct tw_control *control);

/* The client's side, blocking, for commands: sends the verb, gives the answer's text (malloc'ed, freed by the
 * caller) and its status. TW_SERVER when no daemon listens there; TW_PERMISSION; TW_IO after `timeout_ms`,
 * and for an answer that is not read to its end (16 MiB). */
TW_MUST_USE bool tw_control_ask(const char *path, const char *verb, uint64_t timeout_ms, int *exit_status,
    char **text, struct tw_error *err);

#endif
