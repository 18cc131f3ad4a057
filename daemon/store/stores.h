/* stores: as many stores side by side as store.sessions says, each with its own connection, line and machine
 * (store.h), so that one inserts while another waits for the disk, and a second processor has work.
 *
 * A partition is one store's for as long as its row is ours: it is taken, committed and told there, in one
 * line, so its commits come in order and stay contiguous. To PostgreSQL the stores are what two daemons are
 * that share a topic: each position's row is fenced, and no two of them write the same row of a bar.
 *
 *     take(partition)    chooses the store, by topic and number, and notes it in partition->store
 *     commit, forget     go where the partition was taken
 *     refresh            each store tells of those that are its own
 *     list               the first store tells the entities file
 *     ready              all are
 *     trouble            of the first that has any; unanswered: the longest
 *
 * Everything else is as store.h says of one. */
#ifndef TW_STORES_H
#define TW_STORES_H

#include "store/store.h"

struct tw_stores;

/* Starts connecting the first; when it is ready the next, and so on: what is wrong with the server is found
 * and told once, and they do not take a pooler's few sessions from each other while they ask it. `events`
 * hears of every store alike: `state` is told ready once all are, not ready and no error of one that is
 * connected while another is away, and of each loss. TW_CONFIG for a conninfo that libpq refuses. */
TW_MUST_USE bool tw_stores_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_store_events *events, struct tw_stores **out,
    struct tw_error *err);

/* As tw_store_take, by the store that the partition falls to. */
void tw_stores_take(struct tw_stores *stores, struct tw_partition *partition);
/* As tw_store_forget; nothing when it was never taken. */
void tw_stores_forget(struct tw_stores *stores, struct tw_partition *partition);
/* As tw_store_commit; the batch's partition has been taken. */
void tw_stores_commit(struct tw_stores *stores, struct tw_batch *batch);
/* As tw_store_refresh, of each store's own partitions. */
void tw_stores_refresh(struct tw_stores *stores, struct tw_partition *first);
/* As tw_store_list. */
void tw_stores_list(struct tw_stores *stores, struct tw_shared *shared, const struct tw_automaton *entities);
/* As tw_store_unlisted. */
const struct tw_error *tw_stores_unlisted(const struct tw_stores *stores);

/* All are connected, and know what stands in the database. */
bool tw_stores_ready(const struct tw_stores *stores);
/* Why something at hand is tried again and again, in the first store where it is so; NULL when nowhere. Lent
 * until the loop goes on. */
const struct tw_error *tw_stores_trouble(const struct tw_stores *stores);
/* For how long PostgreSQL has owed an answer, the longest of all; 0 when nothing is asked. */
uint64_t tw_stores_unanswered_ms(const struct tw_stores *stores);
/* Batches submitted and not yet handed back. */
uint32_t tw_stores_pending(const struct tw_stores *stores);

/* Ends all of them; `closed` is called once, when every handle is gone, with the owner's context. */
void tw_stores_end(struct tw_stores *stores, void (*closed)(void *context));

#endif
