/* partition: one partition of a topic that this daemon reads, as a state machine.
 *
 *     FENCED --pause over--> TAKING --the row is ours--> TAKEN --assigned at its offset--> READING
 *     READING --above the high mark--> PAUSED --below the low mark--> READING
 *     TAKEN --above the high mark--> PAUSED
 *     READING --cannot be read on--> STRANDED  PAUSED --cannot be read on--> STRANDED
 *     FENCED --> LEAVING     TAKING --> LEAVING     TAKEN --> LEAVING
 *     READING --> LEAVING    PAUSED --> LEAVING     STRANDED --> LEAVING
 *
 * A partition of a new assignment begins as TAKING. It leaves when it is revoked, lost or fenced off, and
 * is gone when its last batch is back. After a fence a new entry of the same number begins as FENCED
 * beside the leaving one, for Kafka still says that it is ours. The source owns the entries and moves them
 * (source/partitions.h); the store reads epoch, token and row_offset and moves row_offset when a commit is
 * known to have happened. */
#ifndef TW_PARTITION_H
#define TW_PARTITION_H

#include <stdbool.h>
#include <stdint.h>

enum tw_partition_state {
    TW_PARTITION_FENCED, /* ours by Kafka, but its row was found to be another's: taken again after a pause */
    TW_PARTITION_TAKING, /* ours by Kafka; the store is asked for its row: nothing is read */
    TW_PARTITION_TAKEN, /* epoch and token are ours, the offset is known; assigned together with the others */
    TW_PARTITION_READING,  /* as TAKEN, and messages flow */
    TW_PARTITION_PAUSED,   /* as READING, but too much is in flight: not read until below the low mark */
    TW_PARTITION_STRANDED, /* the row is ours, and there is no reading on from its offset: see `reset` */
    TW_PARTITION_LEAVING,  /* no longer ours: batches still out are dropped as they come back */
    TW_PARTITION_STATES
};
/* By state, as they stand in the log and in `status`. */
extern const char *const tw_partition_state_names[];

/* How a batch of a partition ended. */
enum tw_batch_end {
    TW_BATCH_STORED, /* its transaction is known to be committed */
    TW_BATCH_FENCED, /* its partition's row is somebody else's */
    TW_BATCH_DROPPED /* never submitted, or given back at the end */
};

enum { TW_TOKEN_BYTES = 16 };

/* How long nothing may get on before /readyz tells it: fifteen seconds, as seen from outside, less the
 * second in which waiting began unseen. */
enum { TW_LIVENESS_LIMIT_MS = 14000 };

/* What one record is told from another by, wherever it stands. */
struct tw_record_mark {
    bool known;
    int64_t stamp_us; /* its Kafka stamp; TW_NO_TIME: none, or none that a table can hold */
    int64_t hash;     /* of its key, value and headers: source/message.h */
};

struct tw_batch;
struct tw_partition;
struct tw_store;

/* A place in the store's line (store.h): of a partition to be taken, or (partition NULL) of a batch to be
 * committed. Each of them brings its own, so that to stand in the line needs no memory. */
struct tw_store_task {
    struct tw_partition *partition;
    struct tw_batch *batch;
    struct tw_store_task *next;
};

/* When one partition last got on. A new owner goes on from where the last one was. */
struct tw_partition_progress {
    uint64_t since_ms; /* monotonic: when its row last moved, or nothing of it waited; 0: not looked at yet */
    int64_t offset;    /* of the row by then */
    uint64_t commits;  /* this daemon's, of all partitions, by then; of a new owner when it first looked */
};

/* Records that were bad in one way, one after the other, and no good one between them (serve/liveness.h). */
struct tw_bad_run {
    uint64_t records;
    uint64_t first_ms, last_ms; /* monotonic: when they came to stand, as dead letters or documents */
    char why[256];              /* of the latest batch's first, with the cure */
};

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
    struct tw_record_mark row_mark; /* of the record before row_offset, as the row said when it was taken */
    uint64_t
        stood_ms; /* when it was taken: how long the row had not moved, whosever it was; 0: never moved */

    int16_t topic_id; /* the topic's number in PostgreSQL */
    int64_t
        highest_offset; /* highest next_offset there ever was: after a reset, what lies below may be stored
                                 already and is compared first */

    /* Consumption. */
    int64_t expected_offset;               /* lower ones are repeats: dropped and counted */
    int64_t cut_offset;                    /* end of the last batch cut = begin of the next */
    int64_t end_offset;                    /* high watermark as last seen, for lag; -1 unknown */
    bool caught_up;                        /* end-of-partition event seen, nothing since */
    uint64_t last_message_ms;              /* monotonic; for idle_after */
    uint64_t answered_ms;                  /* monotonic; when its broker last answered a fetch; 0: never */
    bool broker_answers;                   /* lately enough for silence to count (source/answers.h) */
    uint64_t moved_ms;                     /* monotonic: when it came into its state */
    struct tw_partition_progress progress; /* looked at each second (serve/liveness.h) */
    struct tw_bad_run refused;             /* since the last record that was a document */
    struct tw_bad_run ahead;               /* since the last whose time moved event time */
    uint32_t batches_out;                  /* cut and not yet committed or dropped */
    struct tw_store_task task;             /* store.h: while it waits to be taken */
    struct tw_store *store;                /* by which it was asked to be taken; NULL: not yet */
    struct tw_partition *next;
};

/* Read to its end, all of it stored, and a broker vouches that nothing has come since: its silence lets event
 * time pass it over. */
static inline bool tw_partition_is_quiet(const struct tw_partition *partition)
{
    return partition->caught_up && partition->batches_out == 0 && partition->broker_answers &&
           partition->state == TW_PARTITION_READING;
}

/* Its row is ours, and its messages flow or will again when there is room. */
static inline bool tw_partition_is_read(const struct tw_partition *partition)
{
    return partition->state == TW_PARTITION_READING || partition->state == TW_PARTITION_PAUSED;
}

/* Records that are not stored yet; -1 when the end is not known. A partition that is caught up has none,
 * though markers of transactions may stand between its row and its end. */
static inline int64_t tw_partition_lag(const struct tw_partition *partition)
{
    int64_t stored = partition->row_offset > 0 ? partition->row_offset : 0;
    if (partition->caught_up)
        return 0;
    if (partition->end_offset < 0)
        return -1;
    return partition->end_offset > stored ? partition->end_offset - stored : 0;
}

#endif
