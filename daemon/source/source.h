/* source: Kafka, seen from the loop: which partitions are ours, and their messages in order.
 *
 *   in    topics, group and librdkafka properties of the configuration
 *   out   messages, partition by partition, each offset once; what happened to partitions
 *
 *     librdkafka --assign--> TAKING --tw_store_take ... tw_source_taken--> READING --revoke--> LEAVING
 *
 * A partition is read from the offset in PostgreSQL's row, never from Kafka's own committed offsets; without a
 * row, from its beginning. All partitions of one assignment are taken first, then assigned at once (the group
 * protocol is eager: range, roundrobin). A partition that comes again is a new object with a new epoch; the old
 * one stays in LEAVING until its last batch is back, and its commits are fenced off by the new epoch.
 *
 * Each partition has a queue of its own. Too much in flight: queues are simply not read (no pause and resume
 * inside librdkafka: in 2.0.2 a needless resume rewinds, and a pause throws fetched messages away). Queues wake the loop
 * through uv_async, and a timer polls each second besides, or the group would throw us out on a quiet topic.
 *
 * Guards: an offset below the expected one is dropped and counted; a jump is counted and logged (transaction
 * markers and compaction make them; they are normal but never silent).
 *
 * A partition whose row turns out to be another's (a batch or a refresh met the fence: another daemon, or `reset`)
 * is FENCED, and taken again after a pause that doubles from 1 s to 60 s while nothing of it can be stored.
 *
 * A stored offset that the broker no longer has: below the first one, `kafka.out_of_range` decides (stop,
 * earliest, latest); beyond the end, the partition is STRANDED, with one line that names the cure (`reset`). */
#ifndef TW_SOURCE_H
#define TW_SOURCE_H

#include <librdkafka/rdkafka.h>
#include <uv.h>

#include "config/config.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "partition.h"

struct tw_config;
struct tw_source;

/* What the owner hears; on the loop, also from inside tw_source_begin, _go and _poll. */
struct tw_source_events {
    void *context;
    /* A message in its turn; it is the callee's from here. Returns false to stop reading for now. */
    bool (*message)(void *context, struct tw_partition *partition, rd_kafka_message_t *message);
    /* Every queue was read empty: a good moment to cut what is open. */
    void (*drained)(void *context);
    /* The partition is ours by Kafka: call tw_store_take for it. */
    void (*take)(void *context, struct tw_partition *partition);
    /* The partition is LEAVING: drop what is open. When its batches are back it is freed (after `gone`). */
    void (*leaving)(void *context, struct tw_partition *partition);
    void (*gone)(void *context, struct tw_partition *partition);
    /* librdkafka has given up, or PostgreSQL refused a take for good: end the daemon with this error. */
    void (*fatal)(void *context, const struct tw_error *err);
};

/* Creates the consumer and subscribes. TW_CONFIG for a property that librdkafka refuses or that would break the
 * promise (named), TW_IO and TW_PERMISSION for a secret's file. Brokers that do not answer are no error. */
TW_MUST_USE bool tw_source_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_source_events *events, struct tw_source **out,
    struct tw_error *err);

/* The answer to `take`; the partition's fence and row_offset are filled, or err is set (lasting). */
void tw_source_taken(struct tw_source *source, struct tw_partition *partition, uint64_t assignment,
    const struct tw_error *err);

/* The row of the partition with this assignment was found to be another's: it is taken again after a pause. A
 * number that is not among ours any more is passed over. */
void tw_source_fenced(struct tw_source *source, uint64_t assignment);

/* Reading stops and goes on, on the edges of the flow (flow.h). */
void tw_source_stop(struct tw_source *source);
void tw_source_go(struct tw_source *source);

/* A batch was cut from this partition / is back for good. Counts batches_out and frees LEAVING partitions. */
void tw_source_cut(struct tw_source *source, struct tw_partition *partition);
void tw_source_done(struct tw_source *source, struct tw_partition *partition, enum tw_batch_end end);

/* Partitions, newest first, LEAVING ones too. */
struct tw_partition *tw_source_partitions(struct tw_source *source);
/* Each second: polls, sets caught_up, end_offset and the gauges, tells Kafka the offsets that PostgreSQL holds. */
void tw_source_second(struct tw_source *source);
/* In the group, every topic there, the row of every partition ours and its offset in Kafka. `why` receives the reasons
 * when not, a line each, the first sixteen of them. */
bool tw_source_ready(const struct tw_source *source, char *why, size_t size);

/* Leaves the group and closes, within `limit_ms`; then `closed`. Call when all batches are back. After `closed`
 * the source is gone; true means cleanly, false that librdkafka did not end in time and was left behind. */
void tw_source_end(
    struct tw_source *source, uint64_t limit_ms, void (*closed)(void *context, bool cleanly), void *context);

/* Moves the state and logs both names. The only place where a partition's state changes. */
void tw_partition_move(
    struct tw_partition *partition, enum tw_partition_state state, const char *why, const struct tw_log *log);
extern const char *const tw_partition_state_names[];

/* Pure: what a message's offset means for its partition; *missing receives the offsets skipped. */
enum tw_guard { TW_GUARD_NEXT, TW_GUARD_REPEAT, TW_GUARD_GAP };
enum tw_guard tw_source_guard(const struct tw_partition *partition, int64_t offset, int64_t *missing);

/* Pure: what to do about a stored offset that is not within [first, end]. */
enum tw_range { TW_RANGE_WITHIN, TW_RANGE_STRANDED, TW_RANGE_STOP, TW_RANGE_FIRST, TW_RANGE_END };
enum tw_range tw_source_range(enum tw_out_of_range policy, int64_t stored, int64_t first, int64_t end);

#endif
