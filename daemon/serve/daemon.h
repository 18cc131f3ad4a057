/* daemon: owns the rooms of `serve`, and the order in which they start and stop.
 *
 *     start   log, metrics > loaded (model, entities, rules) > pool > store > evaluator > evidence > tell >
 *             source > doors
 *     run     source > batcher > pool > store; all on one loop (loop.h), work on the pool's threads
 *     stop    source stops reading > open batches cut > pool empties > commits known (or the time is over) >
 *             rooms end, one after the other (closing.h)
 *
 *     STARTING --every part is able--> READY --a part is not--> UNREADY --every part is able--> READY
 *     STARTING --asked to stop--> DRAINING
 *     READY --asked to stop--> DRAINING                UNREADY --asked to stop--> DRAINING
 *     STARTING --a room cannot be opened--> CLOSING
 *     DRAINING --all is stored, or time is over--> CLOSING --every room has ended--> CLOSED
 *     CLOSING --librdkafka still runs, or asked to stop again--> ABANDONED
 *
 * SIGTERM and SIGINT stop it so, within shutdown.drain; what is not committed by then is read again by the
 * next owner: nothing is lost either way. A second signal ends at once: workers stop before their next pass
 * through the model, and whoever asks a third time waits for nobody. SIGHUP reads the configuration
 * anew (reloading.h), whole or not at all. A fatal error (librdkafka's, a schema that does not fit) stops
 * it with that error's status. */
#ifndef TW_DAEMON_H
#define TW_DAEMON_H

#include "batch/batcher.h"
#include "batch/flow.h"
#include "batch/pace.h"
#include "config/config.h"
#include "evaluate/evaluator.h"
#include "evidence/evidence.h"
#include "observe/log.h"
#include "observe/machine.h"
#include "observe/metrics.h"
#include "observe/notices.h"
#include "observe/repeats.h"
#include "observe/stages.h"
#include "pool/pool.h"
#include "pool/work.h"
#include "serve/held.h"
#include "serve/liveness.h"
#include "serve/loaded.h"
#include "serve/loop.h"
#include "serve/reloading.h"
#include "serve/source_counts.h"
#include "source/source.h"
#include "store/stores.h"
#include "tell/tell.h"

enum tw_daemon_phase {
    TW_DAEMON_STARTING, /* not every part has been able to do its work yet (/readyz fails) */
    TW_DAEMON_READY,    /* every part is */
    TW_DAEMON_UNREADY,  /* every part has been, and one is not now; it comes back by itself (/readyz fails) */
    TW_DAEMON_DRAINING, /* no more reading; batches in flight are being committed */
    TW_DAEMON_CLOSING,  /* rooms are ending */
    TW_DAEMON_CLOSED,   /* no room is left */
    TW_DAEMON_ABANDONED, /* something still runs and is not waited for: the process ends with all of it */
    TW_DAEMON_PHASES
};

struct tw_daemon {
    const struct tw_config *config; /* of the start */
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_notices notices;
    struct tw_stages stages;  /* where the time of records goes */
    struct tw_repeats losses; /* of the store's connections */
    struct tw_repeats evaluator_losses;
    struct tw_loop loop;

    struct tw_shared *model; /* a hold on the newest */
    struct tw_model_facts model_facts;
    struct tw_source_counts sources; /* documents by names of sources.weights */
    struct tw_shared *shared;        /* a hold on the newest: entities and rules, beside the model */
    struct tw_pool *pool;
    struct tw_batcher *batcher;
    struct tw_flow flow;
    struct tw_pace pace;
    struct tw_stores *stores;
    struct tw_evaluator *evaluator;
    struct tw_evidence *evidence; /* NULL: not wanted */
    struct tw_tell tell;
    struct tw_source *source;
    struct tw_http *http;
    struct tw_control *control;

    struct tw_reloading reloading; /* what of the configuration is newer than `config`, if anything */

    enum tw_daemon_phase phase;
    struct tw_liveness liveness;
    uint64_t started_ms;     /* every room was open then; 0: not yet */
    char ending_why[256];    /* why it was asked to stop */
    struct tw_held held;     /* which partition holds event time back */
    struct tw_held unowned;  /* and which no daemon owns */
    uint64_t last_documents; /* for the rate in STATUS= */
    uint64_t documents_rate; /* stored in the last second */
    struct tw_error failure; /* code != TW_OK when it ends because of an error */
};

/* The moves that a daemon's phase may make, and the names of the phases. */
extern const struct tw_machine tw_daemon_machine;

/* Before it was asked to stop: STARTING, READY or UNREADY. */
static inline bool tw_daemon_is_open(const struct tw_daemon *daemon)
{
    return daemon->phase <= TW_DAEMON_UNREADY;
}

/* The only place where the phase changes; the move is logged. */
void tw_daemon_move(struct tw_daemon *daemon, enum tw_daemon_phase phase, const char *why);

/* Runs until a signal or a fatal error; returns the exit status, err filled when it is an error. `config` and
 * all it points to must outlive the call. `verbose` names the rooms of -v. */
int tw_daemon_run(const struct tw_config *config, const char *verbose, struct tw_error *err);

#endif
