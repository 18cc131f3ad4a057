/* store: where results are kept, PostgreSQL, seen from the loop. A line of tasks on one connection, one at
 * a time (several side by side: stores.h):
 *
 *     AWAY --connected--> LEARNING --what stands is known--> IDLE
 *     IDLE --a partition is next, or at hand--> TAKING --taken--> IDLE
 *     TAKING --its row is held--> UNBLOCKING --whoever can be is ended--> IDLE
 *     IDLE --a batch is next, or at hand--> COMMITTING --stored, or fenced off--> IDLE
 *     IDLE, COMMITTING --positions are due--> REFRESHING --told--> IDLE
 *     IDLE --the entities file is to be told--> LISTING --a part of it is told, or refused--> IDLE
 *     TAKING, UNBLOCKING, COMMITTING --refused for now--> WAITING --the pause is over--> IDLE
 *     LEARNING, IDLE, TAKING, UNBLOCKING, COMMITTING --the connection is lost--> AWAY
 *     REFRESHING, LISTING, WAITING --the connection is lost--> AWAY
 *     ANY --the owner ends it--> ENDING
 *
 * Non-blocking throughout: every call returns at once; answers come as callbacks on the loop. Commits are
 * done in the order in which they were submitted, each a transaction that is fenced first and last
 * (commit.h). What is refused for now is tried again with longer and longer pauses, for ever; so a commit
 * has two ends only: stored, or fenced off. Positions are refreshed each second, between two exchanges. The
 * connection is a machine of its own (connection.h). */
#ifndef TW_STORE_H
#define TW_STORE_H

#include <uv.h>

#include "batch.h"
#include "observe/log.h"
#include "observe/machine.h"
#include "partition.h"

struct tw_automaton;
struct tw_config;
struct tw_days_made;
struct tw_metrics;
struct tw_shared;
struct tw_store;

enum tw_store_state {
    TW_STORE_AWAY,       /* no connection: the line waits */
    TW_STORE_LEARNING,   /* connected; what stands in the database is asked for */
    TW_STORE_IDLE,       /* nothing is asked of the server */
    TW_STORE_TAKING,     /* a partition's row is being taken */
    TW_STORE_UNBLOCKING, /* whoever holds that row is to be ended first */
    TW_STORE_COMMITTING, /* a batch is at hand (commit.h) */
    TW_STORE_REFRESHING, /* positions are being told (refresh.h) */
    TW_STORE_LISTING,    /* a part of the entities file is being told (listing.h) */
    TW_STORE_WAITING,    /* what is at hand was refused for now: a pause */
    TW_STORE_ENDING,
    TW_STORE_STATES
};

extern const struct tw_machine tw_store_machine;

/* What the owner of the store hears. Called on the loop, never from inside a call to the store. */
struct tw_store_events {
    void *context;
    /* The batch is the caller's again. STORED: partition->row_offset is batch->end_offset now. FENCED: the
     * row is somebody else's, or not where we left it: the partition must be let go or taken again.
     * DROPPED: the store ends, and whether it was stored only the row knows. */
    void (*committed)(void *context, struct tw_batch *batch, enum tw_batch_end end);
    /* Answer to tw_store_take: partition->epoch, token, row_offset and row_watermark_us are filled.
     * Passing failures are retried inside; `err` is NULL or a lasting error. */
    void (*taken)(
        void *context, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err);
    /* Connected and schema checked, or lost (then `err` says why; it reconnects by itself). */
    void (*state)(void *context, bool ready,
        const struct tw_error *err); /* err is lasting only before it was ready once */
    /* A refresh found no row under the epoch and token of the partition with this `assignment`: it is
     * fenced off, by another owner or by a `reset`. The partition may be gone already, so only its number
     * is told. */
    void (*fenced)(void *context, uint64_t assignment);
};

/* Starts connecting. TW_CONFIG for a conninfo that libpq refuses. */
TW_MUST_USE bool tw_store_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_store_events *events, struct tw_store **out,
    struct tw_error *err);
/* Right after tw_store_begin: it does not connect before tw_store_start. */
void tw_store_hold(struct tw_store *store);
void tw_store_start(struct tw_store *store);

/* Counts the days that it makes in `days`, with whoever else does so: the limit
 * (store.new_days_per_minute) is of all together. `days` must outlive the store. */
void tw_store_share_days(struct tw_store *store, struct tw_days_made *days);

/* Takes the partition's row: raises epoch, writes a fresh token, reads next_offset, and
 * notes itself in partition->store. Once for an entry; the line that it stands in is made of the
 * partitions and batches themselves: nothing is refused for want of memory. */
void tw_store_take(struct tw_store *store, struct tw_partition *partition);

/* Forgets a partition whose batches are all back: later answers about it are not delivered. */
void tw_store_forget(struct tw_store *store, struct tw_partition *partition);

/* Submits an encoded batch; it belongs to the store until committed() hands it back. */
void tw_store_commit(struct tw_store *store, struct tw_batch *batch);

/* Each second: writes watermark, caught_up, end_offset and seen_at of the partitions in the list, under
 * their fences; whose row is not there any more is told by `fenced`. Skipped while the last refresh is on its
 * way; one that still waits for its turn gives way to this: a partition that was caught up may not be so any
 * more. */
void tw_store_refresh(struct tw_store *store, struct tw_partition *first);

/* Tells the database what the entities file says, in the background: `entities` belongs to `shared`, which is
 * held as long as that takes. A file that was on its way is dropped. */
void tw_store_list(struct tw_store *store, struct tw_shared *shared, const struct tw_automaton *entities);
/* Why entities of that file have been missing in the database for TW_LIVENESS_LIMIT_MS; NULL: they are not.
 * One that is refused for good is missing until a file is told anew. Lent until the loop goes on. */
const struct tw_error *tw_store_unlisted(const struct tw_store *store);

/* Connected, and what stands in the database is known. */
bool tw_store_ready(const struct tw_store *store);
/* Why the batch or the take at hand is tried again and again; NULL when nothing was refused since it began.
 * Lent until the loop goes on. */
const struct tw_error *tw_store_trouble(const struct tw_store *store);
/* For how long PostgreSQL has owed an answer; 0 when nothing is asked. */
uint64_t tw_store_unanswered_ms(const struct tw_store *store);
/* Batches submitted and not yet handed back. */
uint32_t tw_store_pending(const struct tw_store *store);

/* Closes the connection; `closed` is called when every handle is gone. Batches still pending are handed
 * back as DROPPED: what is not known to be stored is read again by the next owner. */
void tw_store_end(struct tw_store *store, void (*closed)(void *context));

#endif
