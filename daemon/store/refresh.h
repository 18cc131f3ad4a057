/* refresh: where the owner of partitions stands, told each second: seen_at, caught_up, end_offset and how
 * long they have been silent, written into the positions' rows under their fences. Alerts wait for what is
 * told here (evaluator.h), and somebody who looks at a lag reads it.
 *
 *     tw_refresh_gather(&refresh, store, first, err)      copies: a partition may be gone when its turn comes
 *     tw_refresh_send(&refresh, connection, &exchange)    one transaction, with how far rules were evaluated
 *     tw_refresh_answer(&refresh, result)                 from exchange.rows
 *     tw_refresh_fenced(&refresh, &at)                    once it is committed: whose row was not found
 *
 * An owner whose row is not found under its epoch and token is fenced off, whoever did it: another daemon,
 * or a `reset`. On a silent partition nothing else would ever tell it. */
#ifndef TW_REFRESH_H
#define TW_REFRESH_H

#include "partition.h"
#include "postgres/connection.h"

/* A partition's row as it is to be refreshed. */
struct tw_refresh_row {
    uint64_t assignment;
    int64_t epoch;
    int64_t end_offset;
    int64_t silent_ms;
    unsigned char token[TW_TOKEN_BYTES];
    int32_t number;
    int16_t topic_id;
    bool caught_up;
    bool fenced; /* answered: no row under this epoch and token */
};

/* Zeroed: empty and ready. */
struct tw_refresh {
    struct tw_refresh_row *rows;
    size_t count;
    size_t capacity;
    size_t answered; /* of them, in the order in which they were sent */
};

/* Copies what is to be told of the partitions in the list that this store has taken. TW_INTERNAL when out of
 * memory. */
TW_MUST_USE bool tw_refresh_gather(struct tw_refresh *refresh, const struct tw_store *store,
    const struct tw_partition *first, struct tw_error *err);

/* Sends it; only when the connection is ready and not busy. */
void tw_refresh_send(
    struct tw_refresh *refresh, struct tw_connection *connection, const struct tw_exchange *exchange);

/* Takes an answer of TW_POSITION_REFRESH. */
void tw_refresh_answer(struct tw_refresh *refresh, PGresult *result);

/* The next partition from *at on whose row was not found: its assignment, and *at moves behind it; 0:
 * none. */
uint64_t tw_refresh_fenced(const struct tw_refresh *refresh, size_t *at);

/* Gives the memory back. */
void tw_refresh_end(struct tw_refresh *refresh);

#endif
