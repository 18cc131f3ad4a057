/* daemon: owns the rooms of `serve`, and the order in which they start and stop.
 *
 *     start   log, metrics > river (model, entities, rules) > pool > store > source > evaluate > control, http
 *     run     source > batcher > pool > store; all on one loop (loop.h), work on the pool's threads
 *     stop    source stops reading > open batches cut > pool empties > commits known > source leaves the group >
 *             evaluate lets its shards go > store closes > pool ends > handles closed
 *
 * SIGTERM and SIGINT stop it so, within shutdown.drain; what is not committed by then is read again by the next
 * owner: nothing is lost either way. A second signal ends at once. SIGHUP reloads rules and entities, whole or
 * not at all. A fatal error (librdkafka's, a schema that does not fit) stops it with that error's status. */
#ifndef TW_DAEMON_H
#define TW_DAEMON_H

#include "batcher.h"
#include "config.h"
#include "flow.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "pool.h"
#include "source.h"
#include "store.h"
#include "work.h"

enum tw_daemon_phase {
    TW_DAEMON_STARTING,
    TW_DAEMON_RUNNING,
    TW_DAEMON_DRAINING, /* no more reading; batches in flight are being committed */
    TW_DAEMON_CLOSING,  /* rooms are ending */
};

struct tw_daemon {
    struct tw_config config;
    struct tw_arena config_arena;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_loop loop;

    struct tw_classifier *classifier;
    struct tw_pool *pool;
    struct tw_store *store;
    struct tw_source *source;
    struct tw_batcher *batcher;
    struct tw_flow flow;

    enum tw_daemon_phase phase;
    bool ready;
    bool cleanly; /* every room ended within its time */
    uint64_t drain_until_ms;
    struct tw_error failure; /* what != "" when it ends because of an error */
};

/* Runs until a signal or a fatal error; returns the exit status, err filled when it is an error. `config` and
 * everything it points to must outlive the call. */
int tw_daemon_run(const struct tw_config *config, struct tw_error *err);

/* Rules and entities anew from the configuration's files, whole or not at all; outcome logged and counted. */
TW_MUST_USE bool tw_daemon_reload(struct tw_daemon *daemon, struct tw_error *err);

/* Is every part able to do its work? `why` receives the first reason when not (for /readyz and STATUS=). */
bool tw_daemon_ready(const struct tw_daemon *daemon, char *why, size_t size);
/* One line for STATUS= and `status`: partitions, lag, documents. */
void tw_daemon_status(const struct tw_daemon *daemon, char *line, size_t size);

#endif
