/* batch: a run of messages of one partition, from the moment it is cut until its transaction is known.
 *
 *     batcher (loop) cuts > pool (worker) makes rows, parameters > commit (loop) stores > batcher frees
 *
 * It belongs to one side at a time, and changes hands only through pool.h and store.h. Once cut it is
 * immutable: every retry of its commit starts from the same bytes. It commits "from begin_offset, what the
 * row must say, to end_offset, one past its last message". */
#ifndef TW_BATCH_H
#define TW_BATCH_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "partition.h"
#include "rows.h"
#include "shared.h"

struct tw_encoded; /* encode.h: the statements' parameters, made by the worker */

/* Where the oldest record of a batch is, from its stamp to its commit: each stage begins where the one before
 * it ends. */
enum tw_stage {
    TW_STAGE_KAFKA,  /* stamped, and not with us yet: producer, broker, fetch, librdkafka's queue */
    TW_STAGE_GATHER, /* in a batch that is open */
    TW_STAGE_QUEUE,  /* cut; no worker has begun it */
    TW_STAGE_WORKER, /* a worker is at it */
    TW_STAGE_ORDER,  /* the worker is done; batches that were cut before are not */
    TW_STAGE_LINE,   /* in the store's line */
    TW_STAGE_STORE,  /* at hand in the store, until its transaction is known to be committed */
    TW_STAGES
};

struct tw_batch {
    struct tw_partition *partition;
    uint64_t assignment; /* partition->assignment when cut */
    int64_t begin_offset;
    int64_t end_offset;
    uint64_t cut_ms;    /* monotonic */
    int64_t arrived_us; /* wall clock when cut: `arrived_at` of its documents */

    struct tw_message *messages; /* payloads point into `held` */
    rd_kafka_message_t **held;   /* given back to librdkafka when the batch ends */
    uint32_t count;
    uint32_t capacity; /* of held */
    size_t bytes;      /* what its messages weigh: payloads, keys and headers (source/message.h) */
    size_t made_bytes; /* and what was made of them in the arena, once the worker is done */
    uint64_t tokens;   /* as guessed of the messages (batch/pace.h) */

    struct tw_arena arena; /* everything below; reset when the batch goes back to the batcher */
    struct tw_rows rows;
    struct tw_encoded *encoded;
    struct tw_error failure; /* filled when the river failed as a whole */
    bool failed;
    uint64_t left_us[TW_STAGES]; /* monotonic: when each stage ended (observe/stages.h) */

    struct tw_shared *shared; /* what the rows were made with and point into: the batch is a user of it */

    struct tw_store_task task; /* store.h: while it waits to be committed */
    struct tw_batch *next;     /* in whichever queue holds it */
    struct tw_batch *order;    /* pool.h: next in the order of give */
    bool back;                 /* pool.h: the worker is done with it */
};

/* Time the river took. */
static inline uint64_t tw_batch_worker_us(const struct tw_batch *batch)
{
    return batch->left_us[TW_STAGE_WORKER] - batch->left_us[TW_STAGE_QUEUE];
}

#endif
