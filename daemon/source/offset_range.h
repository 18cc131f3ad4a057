/* offset_range: a stored offset that the broker does not have: which ones it has, and what is to be done
 * about it.
 *
 *     tw_offset_range_ask --> a thread of libuv asks the broker --> answered(), on the loop
 *
 * librdkafka can ask for a partition's first and last offset only with a call that waits, so it is not
 * made on the loop. While questions are open the Kafka handle must not be destroyed: tw_offset_range_open
 * tells how many there are. */
#ifndef TW_OFFSET_RANGE_H
#define TW_OFFSET_RANGE_H

#include <librdkafka/rdkafka.h>
#include <uv.h>

#include "config/config.h"
#include "partition.h"

/* The offsets that a broker has of a partition: from `first`, to the one before `end`. */
struct tw_offset_bounds {
    int64_t first;
    int64_t end;
};

struct tw_offset_question;

struct tw_offset_range {
    uv_loop_t *loop;
    rd_kafka_t *kafka;
    void *context;
    /* On the loop, never from inside tw_offset_range_ask. `bounds` is NULL when the broker did not tell.
     * The partition may be gone, or be no longer ours: only its number is told. */
    void (*answered)(void *context, uint64_t assignment, const struct tw_offset_bounds *bounds);
    struct tw_offset_question *questions; /* those that are open */
};

/* Asks for the partition's bounds, unless that question is open already. False when memory or a thread is
 * refused: then no answer will come. */
bool tw_offset_range_ask(struct tw_offset_range *range, const struct tw_partition *partition);
/* Questions that no answer has come to. */
uint32_t tw_offset_range_open(const struct tw_offset_range *range);

enum tw_offset_verdict {
    TW_OFFSET_WITHIN,   /* it is there: read on */
    TW_OFFSET_BEYOND,   /* the topic was made anew: strand the partition, whatever the policy */
    TW_OFFSET_DELETED,  /* by retention, and the policy is to stop: strand it */
    TW_OFFSET_TO_FIRST, /* by retention: go on at the first one that is there */
    TW_OFFSET_TO_END    /* by retention: go on at the end */
};
/* What to do about a stored offset, by where it lies and by `kafka.out_of_range`. Pure. */
enum tw_offset_verdict tw_offset_range_decide(
    enum tw_out_of_range policy, int64_t stored, const struct tw_offset_bounds *bounds);

#endif
