/* shards: which of the 64 shards this daemon evaluates: its members, locks and rows.
 *
 *     members     a sign of life of each daemon each second or so; shards are dealt out among those alive:
 *                 shard s is for the (s mod n)-th of n, by the order of their numbers, which all see alike
 *     FREE        others may have it
 *     LOCKED      wanted, and its advisory lock is this session's: tried, never waited for
 *     HELD        and its row bears our token under an epoch of its own; so what others still write is fenced
 *
 *     FREE > LOCKED > HELD, by the answers to locks and takes; back to FREE when another is to have it, when
 *     all are released, and with the session (its locks end with it)
 *
 * This room keeps the books and writes the statements; when they are sent, in which exchange, and what
 * follows is the evaluator's. Statements go out at once (tw_connection_send copies them), inside an exchange
 * that has been begun; each result of it is given to tw_shards_row. */
#ifndef TW_SHARDS_H
#define TW_SHARDS_H

#include "alert/shard.h"
#include "postgres/session.h"

enum tw_shard_hold { TW_SHARD_FREE, TW_SHARD_LOCKED, TW_SHARD_HELD };

struct tw_shard {
    enum tw_shard_hold hold;
    bool wanted;          /* dealt to this daemon by what was last heard of who is alive */
    int64_t epoch;        /* while held */
    int64_t evaluated_us; /* "evaluated to" of its row; TW_NO_TIME: never */
};

struct tw_shards {
    unsigned char member[16]; /* random, of this start of the daemon */
    struct tw_shard shards[TW_SHARDS];
};

/* Draws the member's number; holds nothing. TW_INTERNAL when the system has no random numbers. */
TW_MUST_USE bool tw_shards_begin(struct tw_shards *shards, struct tw_error *err);

/* The session is gone: nothing is locked or held or dealt any more. */
void tw_shards_lose(struct tw_shards *shards);

/* A sign of life, and the question who else was alive within the last `alive_ms`. */
void tw_shards_send_beat(const struct tw_shards *shards, const struct tw_session *session, int64_t alive_ms);
/* Good-bye: others need not wait until the sign of life is old. */
void tw_shards_send_leave(const struct tw_shards *shards, const struct tw_session *session);
/* Locks what is wanted, gives back (FREE, from now on) what is not. */
void tw_shards_send_locks(struct tw_shards *shards, const struct tw_session *session);
/* Makes the rows of what is locked ours. */
void tw_shards_send_takes(const struct tw_shards *shards, const struct tw_session *session);
/* Gives back everything: FREE, from now on. */
void tw_shards_send_release(struct tw_shards *shards, const struct tw_session *session);

/* Takes a result in: who is alive, a lock, a row that was made ours. Other statements' are left alone. */
void tw_shards_row(struct tw_shards *shards, enum tw_statement statement, const PGresult *result);
/* The exchange with the takes was refused: nothing of it was committed, HELD becomes LOCKED. */
void tw_shards_not_taken(struct tw_shards *shards);

/* What is to be sent, as things stand. */
enum tw_shards_need {
    TW_SHARDS_SETTLED,
    TW_SHARDS_NEED_LOCKS, /* something wanted is free, or something locked is not wanted */
    TW_SHARDS_NEED_TAKES, /* something locked is not held: the last attempt was refused */
};
/* The gravest need, as states and wishes stand. */
enum tw_shards_need tw_shards_need(const struct tw_shards *shards);

/* How many are held. */
int tw_shards_held(const struct tw_shards *shards);

/* Shards that are held and stand at the same time: those of one turn. */
struct tw_shards_chosen {
    int16_t numbers[TW_SHARDS];
    int64_t epochs[TW_SHARDS];
    uint32_t count;
    int64_t from_us; /* "evaluated to" of all of them: may be TW_NO_TIME */
};

/* Those that are furthest behind; false when none is held. */
bool tw_shards_choose(const struct tw_shards *shards, struct tw_shards_chosen *chosen);
/* They have been evaluated to that edge. */
void tw_shards_moved(struct tw_shards *shards, const struct tw_shards_chosen *chosen, int64_t to_us);

#endif
