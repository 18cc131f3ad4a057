/* partitions: those that Kafka calls ours, each with what the source alone knows of it; and the moves of
 * their states.
 *
 * The machine is drawn in partition.h. One function changes a state, tw_partition_move; nobody outside
 * source/ calls it. An entry lives from tw_partitions_add until tw_partitions_remove; entries of one
 * number may stand beside each other, the older ones LEAVING, so an entry is named by its `assignment`,
 * which is never used twice. */
#ifndef TW_PARTITIONS_H
#define TW_PARTITIONS_H

#include <librdkafka/rdkafka.h>

#include "observe/log.h"
#include "observe/machine.h"
#include "partition.h"

/* The source's own side of a partition; the rest of the daemon sees `base`. */
struct tw_owned_partition {
    struct tw_partition base;  /* first: a pointer to one is a pointer to the other */
    rd_kafka_queue_t *queue;   /* NULL unless it is assigned */
    uint64_t asked_ms;         /* from when on it has been read without a break; 0: it is not */
    int64_t fetches_sent;      /* to its broker, as the last statistics said (answers.h) */
    int32_t fetch_broker;      /* which that was; -1: none */
    bool at_end;               /* end-of-partition event since the last message */
    int64_t end_event_offset;  /* what that event said: the next to be fetched */
    int64_t stable_offset;     /* transactions below it have ended (last statistics); -1: untold */
    int64_t check_offset;      /* the stored record that must be seen there before others; -1: no more */
    bool doubtful;             /* its topic may be another one: to be taken anew when its broker answers */
    int64_t told_offset;       /* as committed to Kafka, for lag tools */
    int64_t jumped_offset;     /* where reading went on after a jump; -1: none */
    int64_t jumped_from;       /* and the offset that was expected before it */
    uint64_t take_at_ms;       /* FENCED: not before */
    uint64_t taken_at_ms;      /* when its row became ours; 0: not yet */
    uint64_t retake_ms;        /* how long it would be FENCED, doubled by each fence; 0: the least */
    int64_t unreadable_offset; /* of the batch that could not be read since the last record; -1: none yet */
    uint32_t unreadable_count; /* times that one could not be read since then */
    uint64_t gap_line_ms;
    uint64_t gap_hidden; /* gaps since that line */
};

struct tw_partitions {
    struct tw_partition *first; /* newest first, LEAVING ones too */
    uint64_t assignments;       /* numbers the entries ever made */
};

/* The source's side of it. */
static inline struct tw_owned_partition *tw_owned(struct tw_partition *partition)
{
    return (struct tw_owned_partition *)partition;
}

/* Kafka holds records behind what librdkafka calls the end. They came this moment; or a transaction is open,
 * and what stands behind its first record cannot be read until it ends. */
static inline bool tw_owned_holds_more(const struct tw_owned_partition *partition)
{
    return partition->at_end && partition->base.end_offset > partition->end_event_offset;
}

/* What Kafka holds more stands behind a transaction that is open, for certain; known also while it is not
 * read: librdkafka has nothing to fetch there, and asks on. */
static inline bool tw_owned_is_blocked(const struct tw_owned_partition *partition)
{
    return tw_owned_holds_more(partition) && partition->stable_offset >= 0 &&
           partition->stable_offset <= partition->end_event_offset;
}

/* All that was read of it is cut. After a jump nothing moves the row over what was left out, until there is a
 * message to do so. */
static inline bool tw_owned_is_cut(const struct tw_owned_partition *partition)
{
    const struct tw_partition *base = &partition->base;
    return base->cut_offset == base->expected_offset ||
           (partition->jumped_offset == base->expected_offset && base->cut_offset == partition->jumped_from);
}

/* A new entry in the state FENCED or TAKING, without offsets. NULL when out of memory. */
struct tw_owned_partition *tw_partitions_add(
    struct tw_partitions *partitions, const char *topic, int32_t number, enum tw_partition_state state);
/* Takes the entry off the list and frees it; its queue must be closed. */
void tw_partitions_remove(struct tw_partitions *partitions, struct tw_partition *partition);
/* By its assignment; NULL when it is gone. */
struct tw_partition *tw_partitions_find(const struct tw_partitions *partitions, uint64_t assignment);
/* How many are in that state. */
uint32_t tw_partitions_count(const struct tw_partitions *partitions, enum tw_partition_state state);

/* Its row is ours and its offset known: READING, PAUSED, or about to be (TAKEN). */
bool tw_partition_is_readable(const struct tw_partition *partition);

/* Moves the state and logs both names, with topic, number, offset and epoch: the only place where a state
 * changes. Stop and go of the flow are debug lines, all else is info. */
void tw_partition_move(
    struct tw_partition *partition, enum tw_partition_state state, const char *why, const struct tw_log *log);

/* The moves that are allowed, and the names of the states. */
extern const struct tw_machine tw_partition_machine;

enum tw_guard { TW_GUARD_NEXT, TW_GUARD_REPEAT, TW_GUARD_GAP };
/* What a message's offset means for its partition; *missing receives the offsets skipped. Pure. */
enum tw_guard tw_partition_guard(const struct tw_partition *partition, int64_t offset, int64_t *missing);

#endif
