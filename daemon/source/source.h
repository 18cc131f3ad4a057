/* source: Kafka, seen from the loop: which partitions are ours, and their messages in order.
 *
 *   in    topics, group and librdkafka properties of the configuration
 *   out   messages, partition by partition, each offset once; what happened to partitions
 *
 *     group (assigned, revoked) > partitions (entries and their states) > queues (messages) > events.message
 *                                      |  take: events.take, tw_source_taken     |  an offset that is gone
 *                                      |  fences: tw_source_fenced, _done        +--> offset_range
 *                                      +--> lag (gauges, offsets for lag tools), reasons (why not ready)
 *     statistics > answers: whether brokers vouch for silence
 *
 * A partition is read from the offset in PostgreSQL's row, never from Kafka's own committed offsets;
 * without a row, from its beginning. All partitions of one assignment are taken first, then assigned at
 * once (the group protocol is eager: range, roundrobin). A partition that comes again is a new entry with
 * a new epoch; the old one stays in LEAVING until its last batch is back, and its commits are fenced off
 * by the new epoch.
 *
 * A partition whose row turns out to be another's (a batch or a refresh met the fence: another daemon, or
 * `reset`) is FENCED, and taken again after a pause that doubles from 1 s to 60 s while nothing of it can
 * be stored.
 *
 * The record before the stored offset is read once more when a partition is taken, and held against the mark
 * that the row keeps of it: where another stands, the topic was made anew, cut off or restored, and the
 * partition is STRANDED instead of being read from the middle of something else. A record that is gone, by
 * retention or compaction, proves nothing.
 *
 * The same is done again when a broker was not heard of for a while (answers.h), or this process stood still
 * for two and a half seconds: what became of the topic meanwhile nobody tells.
 *
 * A batch of records that cannot be read (queues.h), fetched again and again, strands its partition too, with
 * a line that names the cure.
 *
 * A stored offset that the broker no longer has: below the first one, `kafka.out_of_range` decides (stop,
 * earliest, latest); beyond the end, the partition is STRANDED, with one line that names the cure (`reset`).
 *
 * Queues wake the loop through uv_async, and a timer polls each second besides, or the group would throw
 * us out on a quiet topic. All on the loop's thread. */
#ifndef TW_SOURCE_H
#define TW_SOURCE_H

#include <librdkafka/rdkafka.h>
#include <uv.h>

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
    /* The partition is freed when this returns. */
    void (*gone)(void *context, struct tw_partition *partition);
    /* librdkafka has given up, or PostgreSQL refused a take for good: end the daemon with this error. */
    void (*fatal)(void *context, const struct tw_error *err);
};

/* Creates the consumer and subscribes. TW_CONFIG for a property that librdkafka refuses or that would
 * break the promise (named), TW_IO and TW_PERMISSION for a secret's file. Brokers that do not answer are
 * no error. */
TW_MUST_USE bool tw_source_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_source_events *events, struct tw_source **out,
    struct tw_error *err);

/* The answer to `take`; the partition's fence and row_offset are filled, or err is set (lasting). */
void tw_source_taken(struct tw_source *source, struct tw_partition *partition, uint64_t assignment,
    const struct tw_error *err);

/* The row of the partition with this assignment was found to be another's: it is taken again after a pause. A
 * number that is not among ours any more is passed over. */
void tw_source_fenced(struct tw_source *source, uint64_t assignment);

/* Nothing more is read, and no message comes from here on: the flow is above its high mark (flow.h). */
void tw_source_stop(struct tw_source *source);
/* Reading goes on. */
void tw_source_go(struct tw_source *source);

/* A batch was cut from this partition: it is out. */
void tw_source_cut(struct tw_source *source, struct tw_partition *partition);
/* A batch of this partition is back for good, however it ended. One that met the fence fences the
 * partition off; the last one of a LEAVING partition frees it. */
void tw_source_done(struct tw_source *source, struct tw_partition *partition, enum tw_batch_end end);

/* Partitions, newest first, LEAVING ones too. */
struct tw_partition *tw_source_partitions(struct tw_source *source);
/* Each second: polls, sets caught_up, end_offset and the gauges, tells Kafka the offsets that PostgreSQL
 * holds. */
void tw_source_second(struct tw_source *source);
/* How many partitions Kafka says that a topic has of which some are ours; 0: not known. */
int32_t tw_source_topic_size(const struct tw_source *source, const char *topic);
/* In the group, every topic there, the row of every partition ours and its offset in Kafka. `why` receives
 * the reasons when not, a line each, the first sixteen of them. */
bool tw_source_ready(const struct tw_source *source, char *why, size_t size);
/* Whether Kafka counts us among the group's members, so that it is known which partitions are ours. */
bool tw_source_is_member(const struct tw_source *source);

/* Leaves the group and closes, within `limit_ms`; then `closed`. Call when all batches are back. After
 * `closed` the source is gone; true means cleanly, false that librdkafka did not end in time and was left
 * behind. */
void tw_source_end(
    struct tw_source *source, uint64_t limit_ms, void (*closed)(void *context, bool cleanly), void *context);

#endif
