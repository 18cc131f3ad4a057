/* answers: when each partition's broker last answered a fetch.
 *
 *   in    librdkafka's statistics, each second; end-of-partition events
 *   out   answered_ms of each partition, and whether its silence counts (broker_answers)
 *
 * At the end of a partition librdkafka says so once, and then nothing more: silence may mean that nothing
 * comes, or that the broker cannot be reached and nobody knows what has come. Only silence that a broker
 * vouches for may let event time pass a partition over.
 *
 * librdkafka has one fetch under way with a broker at a time, and asks again when it is answered. So a broker
 * whose connection stayed up since the last statistics, and which was sent another fetch since then, has
 * answered the one before; and with it for every partition that it was fetching from all the while.
 *
 *     tw_answers_begin(&answers, kafka)                     once there is a consumer
 *     tw_answers_note(&answers, &partitions, json, ...)     for each statistics
 *     tw_answers_second(&answers, &partitions, ...)         each second: broker_answers, log, gauge
 *     tw_answers_end(&answers)                              gives its memory back
 *
 * The statistics tell besides how many partitions each topic has (tw_answers_partitions). */
#ifndef TW_ANSWERS_H
#define TW_ANSWERS_H

#include <librdkafka/rdkafka.h>

#include "observe/log.h"
#include "observe/metrics.h"
#include "source/partitions.h"

/* How many partitions a topic has, as Kafka tells it. */
struct tw_topic_size {
    char topic[256];
    int32_t partitions;
};

struct tw_answers {
    uint64_t limit_ms;           /* a broker not heard of for so long has no say about silence */
    uint64_t noted_ms;           /* when the last statistics came; 0: none yet */
    uint64_t told_ms;            /* when the last line of a broker that does not answer was written */
    struct tw_topic_size *sizes; /* of the topics that partitions of ours are of, as of the last statistics */
    uint32_t size_count;
    uint32_t silent; /* partitions whose broker does not answer, as of the last second */
};

/* The limit, by the consumer's settings: five seconds and twice what a fetch may wait at the broker. */
void tw_answers_begin(struct tw_answers *answers, rd_kafka_t *kafka);

/* Takes statistics in (librdkafka's STATISTICS.md); what cannot be read says nothing. */
void tw_answers_note(struct tw_answers *answers, struct tw_partitions *partitions, const char *json,
    size_t length, uint64_t now_ms);

/* Sets broker_answers; tells, at once and then a line a minute, how many partitions that are read have a
 * broker that does not answer, and when all do again. A partition that is not read has not been asked. */
void tw_answers_second(struct tw_answers *answers, struct tw_partitions *partitions, const struct tw_log *log,
    struct tw_metrics *metrics, uint64_t now_ms);

/* How many partitions the topic has; 0: not known. */
int32_t tw_answers_partitions(const struct tw_answers *answers, const char *topic);

/* Gives its memory back. */
void tw_answers_end(struct tw_answers *answers);

/* How long the broker of a partition has left a fetch unanswered, as far as it was asked at all; 0 when it is
 * not read. */
uint64_t tw_answers_silence_ms(const struct tw_owned_partition *partition, uint64_t now_ms);

#endif
