/* topics: what a command asks the brokers about a topic, or has them do. Blocking; for commands, never on the
 * loop. */
#ifndef TW_TOPICS_H
#define TW_TOPICS_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* How many partitions it has. TW_SERVER when brokers do not answer, or when it does not exist (then
 * *partitions is 0). */
TW_MUST_USE bool tw_topic_partitions(
    rd_kafka_t *kafka, const char *topic, int timeout_ms, int *partitions, struct tw_error *err);

/* Makes it, with retention.ms=-1: a replayed archive is old enough to be deleted at once. One that exists
 * already is left as it is. TW_SERVER; returns when every partition has a leader. */
TW_MUST_USE bool tw_topic_make(
    rd_kafka_t *kafka, const char *topic, int partitions, int timeout_ms, struct tw_error *err);

/* Where each of `count` partitions ends: offsets[n] is one past the last record of numbers[n]. TW_SERVER,
 * which names a partition that does not exist. */
TW_MUST_USE bool tw_topic_ends(rd_kafka_t *kafka, const char *topic, const int32_t *numbers, size_t count,
    int timeout_ms, int64_t *offsets, struct tw_error *err);
/* As tw_topic_ends, for the first record whose Kafka stamp is not before `time_us`; the end where there is
 * none. */
TW_MUST_USE bool tw_topic_offsets_at(rd_kafka_t *kafka, const char *topic, const int32_t *numbers,
    size_t count, int64_t time_us, int timeout_ms, int64_t *offsets, struct tw_error *err);

enum { TW_GROUP_NAME_BYTES = 256 };
/* Does a group with live members subscribe to it? Then `group` receives its name, else "". TW_SERVER when the
 * brokers cannot tell (the development broker cannot). */
TW_MUST_USE bool tw_topic_readers(rd_kafka_t *kafka, const char *topic, int timeout_ms,
    char group[TW_GROUP_NAME_BYTES], struct tw_error *err);

#endif
