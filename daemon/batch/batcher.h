/* batcher: messages gather in a partition's open batch until it is full enough or old enough; then it is cut.
 *
 *   in    Kafka messages of one partition after another, in offset order, each with what it weighs
 *   out   batches: each of one partition, from begin_offset (what the row must say) to one past its last
 *
 * Cut by bytes, documents or the time that a worker will need (pace.h), whichever comes first; of what is not
 * full the owner cuts what is old enough, or anything, as cutting.h says. A batch comes from a free list,
 * arena and all, and goes back there: memory is that of the most batches ever out, and stays flat.
 * Loop thread only. */
#ifndef TW_BATCHER_H
#define TW_BATCHER_H

#include "batch.h"

struct tw_batcher;

struct tw_batcher_options {
    size_t most_bytes;
    uint32_t most_documents;
    uint64_t age_ms;
    size_t memory_bytes;       /* arena of one batch */
    uint32_t tokens_of_a_text; /* most that the model reads of one */
};

/* An empty one. TW_INTERNAL when out of memory. */
TW_MUST_USE bool tw_batcher_begin(
    const struct tw_batcher_options *options, struct tw_batcher **out, struct tw_error *err);
/* What it was begun with. */
const struct tw_batcher_options *tw_batcher_options_of(const struct tw_batcher *batcher);
/* Cuts what is added from now on at so many guessed tokens (pace.h). Without limit before the first call. */
void tw_batcher_limit_tokens(struct tw_batcher *batcher, uint64_t most_tokens);
/* Every batch must be back, or still open; open ones are dropped. */
void tw_batcher_end(struct tw_batcher *batcher);

/* Adds a message of so many bytes (tw_message_bytes) to its partition's open batch; the batcher owns it
 * from here. *cut receives the batch when this message made it full, else NULL. TW_INTERNAL when memory
 * is refused (the message is given back to Kafka). */
TW_MUST_USE bool tw_batcher_add(struct tw_batcher *batcher, struct tw_partition *partition,
    rd_kafka_message_t *message, size_t bytes, uint64_t now_ms, struct tw_batch **cut, struct tw_error *err);

/* The oldest open batch when it is `age_ms` old at `now_ms` (or any age with `at_once`), cut; NULL when
 * there is none. Call until NULL. */
struct tw_batch *tw_batcher_cut(struct tw_batcher *batcher, uint64_t now_ms, bool at_once);
/* Milliseconds until the oldest open batch is due; UINT64_MAX when none is open. */
uint64_t tw_batcher_due_ms(const struct tw_batcher *batcher, uint64_t now_ms);

/* Throws a partition's open batch away (it is no longer ours). Returns what its messages weigh. */
size_t tw_batcher_drop(struct tw_batcher *batcher, struct tw_partition *partition);

/* Cuts a batch that did not fit its arena into halves; `batch` keeps the first. NULL when it holds one
 * message or memory is refused. Both have to be worked on anew. */
struct tw_batch *tw_batcher_split(struct tw_batcher *batcher, struct tw_batch *batch);

/* The batch has ended, one way or another: messages go back to librdkafka, the batch to the free list. */
void tw_batcher_free(struct tw_batcher *batcher, struct tw_batch *batch);

/* Batches that are open: not cut yet. */
uint32_t tw_batcher_open(const struct tw_batcher *batcher);

#endif
