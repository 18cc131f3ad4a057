/* message: one record of Kafka as the rooms below take it (document.h). */
#ifndef TW_MESSAGE_H
#define TW_MESSAGE_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "document.h"

/* Points into `from`, which outlives it; headers are placed in the arena. TW_FULL. */
TW_MUST_USE bool tw_message_take(
    rd_kafka_message_t *from, struct tw_message *to, struct tw_arena *arena, struct tw_error *err);

#endif
