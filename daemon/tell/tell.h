/* tell: all whom the configuration wants alerts told to, each with an outbox of its own (outbox.h): one that
 * is away keeps nothing from the other.
 *
 *     tw_tell_begin(&tell, loop, config, log, metrics, err)
 *     tw_tell_ready(&tell, why, size)       for /readyz: are rows told that wait?
 *     tw_tell_end(&tell, closed, context)
 *
 * NOT READY is a daemon of whose alerts the oldest waits for TW_TELL_LIMIT_MS without being told, or that
 * cannot ask for so long whether any wait: documents are stored and rules are evaluated, and yet nobody hears
 * of it. A light that says ok then would be the wrong one.
 * Nothing restarts for it: systemd's watchdog does not ask, and the rows wait in the database. */
#ifndef TW_TELL_H
#define TW_TELL_H

#include "tell/outbox.h"

enum { TW_TELL_LIMIT_MS = 15000 };

/* Zeroed: none is told. */
struct tw_tell {
    struct tw_outbox *outboxes[TW_TELL_TARGETS]; /* NULL: not configured */
    unsigned open;
    void (*closed)(void *context);
    void *closed_context;
};

/* Opens those that are configured; what is passed must outlive them. On failure (see tw_outbox_begin) those
 * that are open already are tw_tell_end's. */
TW_MUST_USE bool tw_tell_begin(struct tw_tell *tell, uv_loop_t *loop, const struct tw_config *config,
    const struct tw_log *log, struct tw_metrics *metrics, struct tw_error *err);

/* Each second: their metrics. */
void tw_tell_second(struct tw_tell *tell);

/* A line in `why` for each target whose rows wait and are not told, or are not known; false when there is
 * one. */
bool tw_tell_ready(const struct tw_tell *tell, char *why, size_t size);

/* Ends them; `closed` comes when every handle is gone, at once when none was open. Once. */
void tw_tell_end(struct tw_tell *tell, void (*closed)(void *context), void *context);

#endif
