/* work: what a worker does with a batch: Kafka's messages in, rows and statement parameters out.
 *
 *     held > messages (headers, stamps) > tw_river_run > tw_encode_rows
 *
 * All on the worker, all in the batch's arena, so that the loop moves pointers only. A batch that does not
 * fit its arena comes back failed with TW_FULL and is split by the loop; a single message that does not
 * fit becomes a dead letter here, so that nothing is ever stuck for its size. The table tw_work_table goes
 * to tw_pool_begin, with a struct tw_work_shared as the shared content (loaded.h makes it). */
#ifndef TW_WORK_H
#define TW_WORK_H

#include "pool/pool.h"
#include "river.h"
#include "store/encode.h"

struct tw_work_shared {
    struct tw_river river;
    struct tw_encode_options encode;
};

extern const struct tw_work tw_work_table;

/* Fills `messages` of a batch from `held`. Exposed for tests. False when the arena is full. */
TW_MUST_USE bool tw_work_messages(struct tw_batch *batch, struct tw_error *err);

#endif
