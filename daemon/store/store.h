/* store: where results are kept, PostgreSQL, seen from the loop.
 *
 * Non-blocking throughout: every call returns at once; answers come as callbacks on the loop. Commits are
 * done one transaction at a time, in the order in which they were submitted; each is one pipeline with one Sync,
 * fenced first and last (design, section 4). A passing failure is retried with backoff for ever; a lasting one is
 * split until the bad document stands in dead_letters. So a commit has two outcomes only: stored, or fenced off.
 *
 * The connection is a state machine (connection.h); days of tables are made ahead of the batch that needs them;
 * positions are refreshed each second between commits. */
#ifndef TW_STORE_H
#define TW_STORE_H

#include <uv.h>

#include "batch.h"
#include "observe/log.h"
#include "partition.h"

struct tw_config;
struct tw_metrics;
struct tw_store;

enum tw_commit_outcome {
    TW_COMMIT_STORED, /* partition->row_offset is batch->end_offset now */
    TW_COMMIT_FENCED, /* the row is somebody else's, or not where we left it: the partition must be let go or
                         taken again */
};

/* What the owner of the store hears. Called on the loop, never from inside a call to the store. */
struct tw_store_events {
    void *context;
    /* The batch is the caller's again. */
    void (*committed)(void *context, struct tw_batch *batch, enum tw_commit_outcome outcome);
    /* Answer to tw_store_take: partition->epoch, token, row_offset and row_watermark_us are filled.
     * Passing failures are retried inside; `err` is NULL or a lasting error. */
    void (*taken)(
        void *context, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err);
    /* Connected and schema checked, or lost (then `err` says why; it reconnects by itself). */
    void (*state)(void *context, bool ready,
        const struct tw_error *err); /* err is lasting only before it was ready once */
    /* A refresh found no row under the epoch and token of the partition with this `assignment`: it is fenced off,
     * by another owner or by a `reset`. The partition may be gone already, so only its number is told. */
    void (*fenced)(void *context, uint64_t assignment);
};

/* Starts connecting. TW_CONFIG for a conninfo that libpq refuses. */
TW_MUST_USE bool tw_store_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_store_events *events, struct tw_store **out,
    struct tw_error *err);

/* Takes the partition's row: raises epoch, writes a fresh token, reads next_offset (design, section 4). */
void tw_store_take(struct tw_store *store, struct tw_partition *partition);

/* Forgets a partition whose batches are all back: later answers about it are not delivered. */
void tw_store_forget(struct tw_store *store, struct tw_partition *partition);

/* Submits an encoded batch; it belongs to the store until committed() hands it back. */
void tw_store_commit(struct tw_store *store, struct tw_batch *batch);

/* Each second: writes watermark, caught_up, end_offset and seen_at of the partitions in the list, under their
 * fences; whose row is not there any more is told by `fenced`. Skipped when the last refresh is still waiting. */
void tw_store_refresh(struct tw_store *store, struct tw_partition *first);

bool tw_store_ready(const struct tw_store *store);
/* Batches submitted and not yet handed back. */
uint32_t tw_store_pending(const struct tw_store *store);

/* Closes the connection; `closed` is called when every handle is gone. Batches still pending are handed back as
 * fenced: what is not known to be stored is read again by the next owner. */
void tw_store_end(struct tw_store *store, void (*closed)(void *context));

#endif
