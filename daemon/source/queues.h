/* queues: the messages of each partition from a queue of its own, in turn, and every offset once.
 *
 *     librdkafka --> queue of a partition --tw_queues_read--> message(), offset_refused(), unreadable(),
 *                                                             skipped(), error()
 *
 * Too much in flight: queues are simply not read (no pause and resume inside librdkafka: in 2.0.2 a
 * needless resume rewinds, and a pause throws fetched messages away). Partitions have turns in a circle, each
 * until a batch was cut from it or of 256 messages, and after 4,096 the loop's other handles have theirs.
 *
 * The first message of a partition that was taken is the record that was stored last, read once more
 * (check_offset): it must be the same, or the topic is another one. Where it is gone, by retention or
 * compaction, nothing can be told, and the partition is read on.
 *
 * A batch of records that cannot be read (broken packing, an unknown one, a checksum that does not fit) is
 * told and fetched again; nothing behind it is taken meanwhile, and at the sixth time it is given up:
 * unreadable().
 *
 * An offset below the expected one is dropped and counted; a jump is counted, and logged once a second for
 * a partition at most (transaction markers and compaction make them; they are normal, but never silent). */
#ifndef TW_QUEUES_H
#define TW_QUEUES_H

#include <librdkafka/rdkafka.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "source/partitions.h"

struct tw_queues {
    const struct tw_log *log;
    struct tw_metrics *metrics;
    void *context;
    /* A message in its turn; the callee's from here. Returns false to stop reading for now. */
    bool (*message)(void *context, struct tw_partition *partition, rd_kafka_message_t *message);
    /* The broker does not have the offset that was asked for. */
    void (*offset_refused)(void *context, struct tw_partition *partition);
    /* Where the record that was stored last stood, there is another. */
    void (*other_record)(void *context, struct tw_partition *partition, const struct tw_record_mark *found);
    /* librdkafka is behind what is to be read next: it skipped a batch of records that cannot be read, or
     * gave a record out of its turn. Fetch from there once more. */
    void (*skipped)(void *context, struct tw_partition *partition);
    /* A batch of records, the first of them at unreadable_offset, was fetched again and again and cannot be
     * read; the message stays the caller's. */
    void (*unreadable)(void *context, struct tw_partition *partition, const rd_kafka_message_t *message);
    /* Another error of the partition; the message stays the caller's. */
    void (*error)(void *context, const rd_kafka_message_t *message);
    bool stopped;       /* nothing is read; set from outside, also from inside message() */
    uint64_t last_turn; /* assignment of the partition that was read last */
};

/* Opens the partition's queue, before it is assigned, or its messages leak into the group's; `wake` is
 * called on librdkafka's threads when something comes into the empty queue. False when librdkafka has none
 * for it. */
TW_MUST_USE bool tw_queue_open(struct tw_owned_partition *partition, rd_kafka_t *kafka,
    void (*wake)(rd_kafka_t *kafka, void *context), void *context);
/* Closes it; without effect on one that is closed. */
void tw_queue_close(struct tw_owned_partition *partition);

/* Reads the queues of all partitions that are READING. True when something may be left in them and reading
 * was not stopped: then call again soon, for nothing will wake the loop. */
bool tw_queues_read(struct tw_queues *queues, const struct tw_partitions *partitions);

/* A message that came by the group's queue: to its partition, if that is read and it is its turn; else it is
 * fetched once more. */
void tw_queues_take(
    struct tw_queues *queues, const struct tw_partitions *partitions, rd_kafka_message_t *message);

#endif
