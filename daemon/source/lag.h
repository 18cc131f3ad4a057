/* lag: how far each partition is behind its end, and who is told.
 *
 * Caught up is what has been COMMITTED up to the end, not what has been read: the watermark of a partition
 * with documents still in flight must not be passed by the stream's. Nor that of one whose records wait
 * behind a transaction that is open: librdkafka calls its first record the end. */
#ifndef TW_LAG_H
#define TW_LAG_H

#include <librdkafka/rdkafka.h>

#include "observe/metrics.h"
#include "source/partitions.h"

/* Each second: sets caught_up and end_offset of the partitions that are read, and the gauges of all. */
void tw_lag_note(struct tw_partitions *partitions, rd_kafka_t *kafka, struct tw_metrics *metrics);

/* Tells Kafka the offsets that PostgreSQL holds, where they moved. Advisory, for lag tools: PostgreSQL
 * holds the truth, so nobody waits for the answer. */
void tw_lag_tell(struct tw_partitions *partitions, rd_kafka_t *kafka);

#endif
