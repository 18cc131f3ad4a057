/* position: the row of a partition in tapewatch.positions, which says whose it is and up to where it is
 * stored.
 *
 *     tw_position_take(connection, partition, token, owner, &exchange)  makes it ours: new epoch, new token
 *     tw_position_taken(result, &partition)                             from exchange.rows: what it says now
 *     tw_position_read(connection, partition, &exchange)                reads it, with a lock
 *     tw_position_says(result, partition, begin, end)                   from exchange.rows: what follows
 *     tw_position_is_held(refusal)                                      somebody else holds the row
 *     tw_position_free(connection, partition, &exchange)                ends whoever holds it, if we may
 *
 * Each is an exchange of its own, only when the connection is ready and not busy. How the row is moved
 * forward stands in transaction.h, how it is refreshed in refresh.h. */
#ifndef TW_POSITION_H
#define TW_POSITION_H

#include "partition.h"
#include "postgres/connection.h"

/* Raises the epoch, writes the token. Locks the row: waits for its last owner's open commit, lock_timeout
 * long. */
void tw_position_take(struct tw_connection *connection, const struct tw_partition *partition,
    const unsigned char *token, const char *owner, const struct tw_exchange *exchange);

/* Fills topic_id, epoch, offsets, watermark, the mark of the last record and how long the row has stood from
 * the answer; leaves them when there is none. */
void tw_position_taken(const PGresult *result, struct tw_partition *partition);

/* Reads the row with a lock, which waits for a backend that is still finishing: a plain read could show the
 * old offset. */
void tw_position_read(struct tw_connection *connection, const struct tw_partition *partition,
    const struct tw_exchange *exchange);

enum tw_position_says {
    TW_POSITION_IS_ANOTHERS,  /* no such row, or another epoch or token */
    TW_POSITION_IS_ELSEWHERE, /* ours, at an offset that is neither */
    TW_POSITION_IS_BEGIN,     /* ours, where the part begins: nothing of it is stored */
    TW_POSITION_IS_END,       /* ours, where it ends: all of it is */
};

/* What an answer of tw_position_read says of a part from `begin` to `end`. */
enum tw_position_says tw_position_says(
    const PGresult *result, const struct tw_partition *partition, int64_t begin, int64_t end);

/* Whether a statement that takes, reads or moves the row waited for its lock in vain (55P03). Who holds it
 * for longer than lock_timeout is a process stopped in mid-pipeline: no timeout of the server's ends it. */
bool tw_position_is_held(const struct tw_refusal *refusal);

/* Ends the backends of our role that hold the row. */
void tw_position_free(struct tw_connection *connection, const struct tw_partition *partition,
    const struct tw_exchange *exchange);

#endif
