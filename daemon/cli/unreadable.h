/* unreadable: where a partition can be read on, behind a batch of records that cannot be read: broken
 * packing, one that librdkafka does not know, a checksum that does not fit.
 *
 *     a batch that cannot be read        |         |####|         |        readable
 *     offsets                          stored     first  last + 1
 *
 * A broker answers a fetch at any offset of a batch with the whole batch, so that the error tells its first
 * offset, and nobody its last: that is found by asking at offsets further and further on, then by halving.
 * Blocking; for commands, never on the loop. */
#ifndef TW_UNREADABLE_H
#define TW_UNREADABLE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Is this the error of a batch that was fetched and cannot be read, however often it is fetched again? */
bool tw_is_unreadable(rd_kafka_resp_err_t code);

struct tw_unreadable {
    int64_t first; /* of the batch; -1: what is stored there can be read */
    int64_t next;  /* where reading can go on: one past the batch's last offset */
    char why[256]; /* in librdkafka's words */
};

/* For the settings of such a consumer: each question ends with the fetch that is under way, and dozens are
 * asked, so that none may wait at the broker, or after an error, as long as one that goes on reading does. */
void tw_unreadable_hurry(rd_kafka_conf_t *settings);

/* Looks from `stored` on. `kafka` is a consumer that reads nothing else. TW_SERVER when the brokers answer
 * neither with records nor with an error within `timeout_ms`. */
TW_MUST_USE bool tw_unreadable_find(rd_kafka_t *kafka, const char *topic, int32_t number, int64_t stored,
    int timeout_ms, struct tw_unreadable *out, struct tw_error *err);

#endif
