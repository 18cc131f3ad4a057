/* shards: which of the 64 shards this daemon evaluates: its members, leases and rows.
 *
 *     members     a sign of life of each daemon each second or so, with the session that gave it; shards are
 *                 dealt out among those alive: shard s is for the (s mod n)-th of n, by the order of their
 *                 numbers, which all see alike. Who has been silent for long has its session ended by whoever
 *                 gives a sign of life next, and holds nothing any more
 *     FREE        others may have it
 *     HELD        its row bears our member's number, and our token under an epoch of its own: so what others
 *                 still write is fenced
 *
 *     FREE > HELD, by the answer to a take: the row was free, or its holder is not alive; back to FREE when
 *     another is to have it, when all are released, and with the session (others see at once that it is gone)
 *
 * A lease is a row that only the writer's role may change, not a lock: nobody waits for it, and nothing of a
 * stopped process need be waited for.
 *
 * This room keeps the books and writes the statements; when they are sent, in which exchange, and what
 * follows is the evaluator's. Statements go out at once (tw_connection_send copies them), inside an exchange
 * that has been begun; each result of it is given to tw_shards_row. */
#ifndef TW_SHARDS_H
#define TW_SHARDS_H

#include "alert/shard.h"
#include "postgres/session.h"

enum tw_shard_hold { TW_SHARD_FREE, TW_SHARD_HELD };

struct tw_shard {
    enum tw_shard_hold hold;
    bool wanted;          /* dealt to this daemon by what was last heard of who is alive */
    int64_t epoch;        /* while held */
    int64_t evaluated_us; /* "evaluated to" of its row; TW_NO_TIME: never */
};

struct tw_shards {
    unsigned char member[16]; /* random, of this start of the daemon */
    struct tw_shard shards[TW_SHARDS];
    bool unsure;  /* the last takes or releases were refused: rows may bear our number that should not */
    bool unheard; /* we gave a sign of life, and are not among those who did: somebody keeps its row out */
};

/* Draws the member's number; holds nothing. TW_INTERNAL when the system has no random numbers. */
TW_MUST_USE bool tw_shards_begin(struct tw_shards *shards, struct tw_error *err);

/* The session is gone: nothing is locked or held or dealt any more. */
void tw_shards_lose(struct tw_shards *shards);

/* A sign of life, the end of those who gave none within the last `alive_ms`, and the question who did. */
void tw_shards_send_beat(const struct tw_shards *shards, const struct tw_session *session, int64_t alive_ms);
/* Good-bye: others need not wait until they see that the session is gone. */
void tw_shards_send_leave(const struct tw_shards *shards, const struct tw_session *session);
/* Gives back (FREE, from now on) what is not wanted, and takes what is, where its holder is not alive. */
void tw_shards_send_takes(struct tw_shards *shards, const struct tw_session *session, int64_t alive_ms);
/* Gives back everything: FREE, from now on. */
void tw_shards_send_release(struct tw_shards *shards, const struct tw_session *session);

/* Takes a result in: who is alive, a row that was made ours. Other statements' are left alone. */
void tw_shards_row(struct tw_shards *shards, enum tw_statement statement, const PGresult *result);
/* The exchange with the takes, or the release, was refused: nothing of it was committed. All is FREE, and
 * taken or given back anew. */
void tw_shards_not_taken(struct tw_shards *shards);
/* It was committed: the rows say what the books say. */
void tw_shards_taken(struct tw_shards *shards);

/* Whether something wanted is not held, something held is not wanted, or rows may still say that we hold
 * what we do not; or nothing is dealt to us because our signs of life are not heard: were that so of all
 * daemons, nobody would evaluate anything, and each call it even. */
bool tw_shards_unsettled(const struct tw_shards *shards);

/* How many are held. */
int tw_shards_held(const struct tw_shards *shards);

/* Shards that are held and stand at the same time: those of one turn. */
struct tw_shards_chosen {
    int16_t numbers[TW_SHARDS];
    int64_t epochs[TW_SHARDS];
    uint32_t count;
    int64_t from_us; /* "evaluated to" of all of them: may be TW_NO_TIME */
};

/* Of those held and marked in `among` (TW_SHARDS of them) the ones that are furthest behind, `most` at the
 * most; false when there are none. */
bool tw_shards_choose(
    const struct tw_shards *shards, const bool *among, uint32_t most, struct tw_shards_chosen *chosen);
/* They have been evaluated to that edge. */
void tw_shards_moved(struct tw_shards *shards, const struct tw_shards_chosen *chosen, int64_t to_us);

#endif
