/* commit: one batch into PostgreSQL: one transaction, whatever it takes. A state machine:
 *
 *     IDLE --a batch--> COMPARE --no other record is there--> DAYS --made--> MODEL --has a number--> ENTITIES
 *     ENTITIES --stored--> SENT --committed: the last part--> IDLE
 *
 *     SENT --committed: another part; refused for good: a half, a dead letter; a day is gone--> COMPARE
 *     SENT --a key is taken; fenced, after a lost answer--> SETTLE --the row says begin, or end--> COMPARE
 *     SENT --rules were evaluated past a document--> LEARN --how far is known--> COMPARE
 *     SENT, SETTLE --the row is held--> UNBLOCK --whoever can be is ended--> WAIT
 *     COMPARE, DAYS, MODEL, ENTITIES, SENT, SETTLE, LEARN --lost, or refused for now--> WAIT
 *     WAIT --over, nothing is unknown--> COMPARE
 *     WAIT --over, nobody knows whether it was committed--> SETTLE
 *     DAYS, MODEL, ENTITIES --connected anew: nothing is known--> COMPARE
 *     ANY --stored, fenced off, or dropped--> IDLE
 *
 * Each state names what is asked of the server, or will be as soon as the connection is free; COMPARE to
 * ENTITIES (prepare.h) are passed within one call when there is nothing to ask.
 *
 * SENT is one transaction, fenced first and last (transaction.h). Its outcome is known by the Sync's answer
 * only; when that is lost, SETTLE reads the position's row with a lock before anything else is done: under
 * our token it says the end (it was committed), the begin (send it again), or else the partition is given
 * up.
 *
 * A row that is refused for good is found by halving; alone it becomes a dead letter. A part of a batch
 * carries its own step of the offset, and bars summed from its own scores. A batch ends STORED or FENCED
 * (tw_batch_end): the row is not ours, or not where we left it, or another record stands under one of its
 * offsets: nothing is ever overwritten. */
#ifndef TW_COMMIT_H
#define TW_COMMIT_H

#include "observe/machine.h"
#include "observe/metrics.h"
#include "observe/repeats.h"
#include "store/position.h"
#include "store/prepare.h"

enum { TW_COMMIT_RANGES = 40 };

enum tw_commit_state {
    TW_COMMIT_IDLE,
    TW_COMMIT_COMPARE,
    TW_COMMIT_DAYS,
    TW_COMMIT_MODEL,
    TW_COMMIT_ENTITIES,
    TW_COMMIT_SENT,
    TW_COMMIT_SETTLE,
    TW_COMMIT_LEARN,
    TW_COMMIT_UNBLOCK,
    TW_COMMIT_WAIT,
    TW_COMMIT_STATES
};

extern const struct tw_machine tw_commit_machine;

/* What the store lends. */
struct tw_commit_options {
    struct tw_connection *connection;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_known *known;
    void *context;
    /* Call tw_commit_go again after so long, when the connection is ready. */
    void (*wait)(void *context, uint64_t milliseconds);
    /* The exchange is over: call tw_commit_go again as soon as the connection is ready. */
    void (*again)(void *context);
    /* The batch is the store's again. */
    void (*finished)(void *context, struct tw_batch *batch, enum tw_batch_end end);
};

struct tw_commit_range {
    uint32_t first; /* document of the batch */
    uint32_t count;
};

/* What has been tried with the part at hand. */
struct tw_commit_tries {
    struct tw_error poison; /* why the part, a single document, was refused */
    uint32_t poisoned;      /* times it was refused: 1 as a document, 2 as a dead letter */
    bool day_retried;       /* a day was gone, and all of them made anew */
    bool uncertain;         /* an attempt was lost on its way */
    bool doubled;           /* SETTLE because of 23505, not because the outcome is unknown */
    uint64_t retry_ms;      /* the next pause */
};

struct tw_commit {
    struct tw_commit_options options;
    enum tw_commit_state state;
    enum tw_commit_state resume; /* WAIT, UNBLOCK: where it goes on */
    struct tw_prepare prepare;

    /* Ranges still to be stored, the one at hand last; at most one for each halving, and the whole. */
    struct tw_commit_range ranges[TW_COMMIT_RANGES];
    uint32_t range_count;
    struct tw_batch_part part; /* the one at hand; batch NULL: IDLE */
    struct tw_commit_tries tries;

    struct tw_repeats refused; /* by SQLSTATE */
    struct tw_error trouble;   /* why the part at hand is not stored yet; TW_OK: nothing was refused */

    enum tw_position_says row; /* SETTLE: what it says */
    struct tw_arena arena;     /* parts encoded anew */
    uint64_t sent_ms;          /* monotonic */

    uint32_t answered;            /* SENT: results that came, the fence's first */
    uint64_t missing;             /* SENT: rows that PostgreSQL says not to have kept */
    enum tw_statement missing_of; /* the first statement of which some were missing */
};

/* Begins the room, IDLE. TW_INTERNAL when out of memory: then there is nothing to end. */
TW_MUST_USE bool tw_commit_begin(
    struct tw_commit *commit, const struct tw_commit_options *options, struct tw_error *err);
/* Gives its memory back; only when IDLE. */
void tw_commit_end(struct tw_commit *commit);

/* Takes a batch; only when IDLE. again() is called: then tw_commit_go, whenever the connection is ready and
 * not busy. */
void tw_commit_batch(struct tw_commit *commit, struct tw_batch *batch);
/* Asks what the state says. Does nothing in IDLE. */
void tw_commit_go(struct tw_commit *commit);
/* The connection was made anew: what was known may not be so any more (a standby that lagged). */
void tw_commit_connected(struct tw_commit *commit);
/* Takes the batch back, whatever has become of it; NULL when IDLE. */
struct tw_batch *tw_commit_drop(struct tw_commit *commit);

#endif
