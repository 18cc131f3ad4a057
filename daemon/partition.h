/* partition: one partition of a topic that this daemon reads, as a state machine.
 *
 *     (absent) --assign--> TAKING --row taken, offset known--> READING <--> PAUSED
 *                             |                                  |  |
 *                             |                 offset beyond end|  | revoke, lost, or fenced
 *                             v                                  v  v
 *                          STRANDED (no offset to read from)   LEAVING --last batch back--> (gone)
 *
 * One function moves the state (tw_partition_move, in source.c) and logs both names. The source owns the object;
 * the store reads epoch, token and row_offset and moves row_offset when a commit is known to have happened. */
#ifndef TW_PARTITION_H
#define TW_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

enum tw_partition_state {
    TW_PARTITION_TAKING,  /* ours by Kafka; PostgreSQL's row not yet ours: nothing is read */
    TW_PARTITION_READING, /* epoch and token are ours, messages flow */
    TW_PARTITION_PAUSED,  /* as READING, but too much is in flight: not read until below the low mark */
    TW_PARTITION_STRANDED, /* the stored offset does not exist any more (topic made anew): `reset` is the cure */
    TW_PARTITION_LEAVING, /* no longer ours: batches still out are dropped as they come back */
};

enum { TW_TOKEN_BYTES = 16 };

struct tw_partition {
    char topic[256];
    int32_t number;
    enum tw_partition_state state;
    uint64_t assignment; /* counts assignments; a batch of an earlier one is dropped */

    /* The fence, as PostgreSQL's row holds it. */
    int64_t epoch;
    unsigned char token[TW_TOKEN_BYTES];
    int64_t row_offset; /* next_offset of the row, as last known to be committed; -1: no row yet */
    int64_t
        row_watermark_us; /* watermark of the row: highest event time less lateness, TW_NO_TIME when none */

    int16_t topic_id; /* the topic's number in PostgreSQL */
    int64_t
        highest_offset; /* highest next_offset there ever was: after a reset, what lies below may be stored
                                 already and is compared first */

    /* Consumption. */
    int64_t expected_offset;  /* lower ones are repeats: dropped and counted */
    int64_t cut_offset;       /* end of the last batch cut = begin of the next */
    int64_t end_offset;       /* high watermark as last seen, for lag; -1 unknown */
    bool caught_up;           /* end-of-partition event seen, nothing since */
    uint64_t last_message_ms; /* monotonic; for idle_after */
    uint32_t batches_out;     /* cut and not yet committed or dropped */
    struct tw_partition *next;
};

#endif
