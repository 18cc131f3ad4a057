/* message: one record of Kafka as the rooms below take it (document.h). */
#ifndef TW_MESSAGE_H
#define TW_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "document.h"
#include "partition.h"

/* Points into `from`, which outlives it; headers are placed in the arena. TW_FULL. */
TW_MUST_USE bool tw_message_take(
    rd_kafka_message_t *from, struct tw_message *to, struct tw_arena *arena, struct tw_error *err);

/* What this record is told from another by. The same bytes give the same mark for ever: it is stored. */
struct tw_record_mark tw_message_mark(rd_kafka_message_t *message);

/* Whether two records with these marks may be the same one. */
bool tw_record_marks_agree(const struct tw_record_mark *left, const struct tw_record_mark *right);

/* What a record weighs in memory: payload, key, and headers twice, for librdkafka copies them when they are
 * first asked for, as this does. */
size_t tw_message_bytes(const rd_kafka_message_t *message);

#endif
