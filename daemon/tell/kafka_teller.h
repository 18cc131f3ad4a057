/* kafka_teller: alerts as records of a Kafka topic (tell.kafka_topic), by the cluster that kafka.properties
 * name.
 *
 *     key        the row's stable key: step-<alert_step_id> or event-<alert_event_id>
 *     value      its message, a JSON object (sql/0016_outbox.sql, tell_message)
 *     partition  by rule and entity: an alert's records stand in one partition, in order
 *
 * acks=all: a row is told when its delivery report says so. Without the idempotent producer, which can end in
 * a fatal error before librdkafka 2.3 (source/kafka.c): a record may come twice, with the same key; one
 * request is under way at a time, so that retries keep the order. What the broker refuses of one record (too
 * large, invalid) is that row's refusal; all else is trouble, and passes.
 *
 * Reports come by the producer's queue, which wakes the loop, and a timer looks each second besides. */
#ifndef TW_KAFKA_TELLER_H
#define TW_KAFKA_TELLER_H

#include <librdkafka/rdkafka.h>

#include "tell/teller.h"

/* What librdkafka has said of its brokers, or of itself. */
struct tw_kafka_word {
    rd_kafka_resp_err_t code;
    char text[256]; /* empty: nothing */
};

/* Why a record was not taken, and the cure, by the code of its report: passing. `partition`: the one that it
 * was for, below 0 when none was chosen. Of a record that timed out its code says nothing: what the library
 * said last may. */
void tw_kafka_trouble(const char *topic, int32_t partition, rd_kafka_resp_err_t code,
    const struct tw_kafka_word *said, struct tw_error *err);

/* See teller.h. `begin` fails with TW_CONFIG for properties that librdkafka refuses. */
extern const struct tw_teller_kind tw_kafka_teller_kind;

/* Would `begin` take the properties? They may suit who reads, and not who writes. A client is made and ended;
 * no broker is asked. TW_CONFIG; TW_IO and TW_PERMISSION for a secret's file. */
TW_MUST_USE bool tw_kafka_teller_check(const struct tw_config *config, struct tw_error *err);

#endif
