/* positions: how far event time has come, from the rows of all partitions; and the check that it still is so.
 *
 *     tw_positions_add_read(&topics, &list)             the question, in a list of statements
 *     tw_positions_row(&positions, result, ...)         its answer: the stream's watermark (watermark.h),
 *                                                       which partitions it passes over for they are idle,
 *                                                       and the first of each topic that nobody owns
 *     tw_positions_add_check(&positions, &list)         in the transaction that writes what came of it:
 *                                                       refused (TW_SQLSTATE_OUTRUN) when one of those has
 *                                                       moved meanwhile
 *
 * The check shares the lock of the idle partitions' rows until "evaluated to" stands, and a commit reads
 * "evaluated to" when it has its row's lock: so either the evaluator sees that a partition woke up, or the
 * partition sees that it is late. */
#ifndef TW_POSITIONS_H
#define TW_POSITIONS_H

#include "config/config.h"
#include "evaluate/statement_list.h"
#include "time/watermark.h"

/* A partition that the watermark passes over. */
struct tw_idle_partition {
    int16_t topic_id;
    int32_t partition;
    int64_t next_offset;
};

/* The partition that the stream's event time waits for. */
struct tw_holder {
    char topic[256];
    int32_t number;
    int64_t watermark_us; /* TW_NO_TIME: none yet */
    bool orphan;          /* no owner has been heard of for long */
};

/* A partition that nobody owns, if it is there at all. */
struct tw_unowned_partition {
    int32_t number;
    bool has_row; /* whose owner has not been heard of for long */
};

struct tw_positions {
    int64_t watermark_us;           /* of the stream; TW_NO_TIME when there is none */
    struct tw_idle_partition *idle; /* in the arena that tw_positions_row was given */
    uint32_t idle_count;
    struct tw_holder holder;              /* topic empty: none */
    struct tw_unowned_partition *unowned; /* the first of each topic that was asked for, in that order; in the
                                             same arena */
};

/* Asks for the positions of all partitions of these topics. */
void tw_positions_add_read(const struct tw_strings *topics, struct tw_statement_list *list);

/* Takes an answer of TW_POSITIONS_READ in, which was asked for these topics. TW_FULL. */
TW_MUST_USE bool tw_positions_row(struct tw_positions *positions, const struct tw_strings *topics,
    const PGresult *result, const struct tw_watermark_options *options, struct tw_arena *arena,
    struct tw_error *err);

/* Checks that the partitions passed over are still where they were. */
void tw_positions_add_check(const struct tw_positions *positions, struct tw_statement_list *list);

#endif
