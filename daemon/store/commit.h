/* commit: one batch into PostgreSQL: one transaction, whatever it takes.
 *
 *                    +-----------------------------------------------------------+
 *                    v                                                           | passing: again, with backoff
 *     batch --> PREPARE --all there--> SENT --ok--> next part, or STORED         |
 *               days, model,            |---- lost ----------> SETTLE -----------+ row says "begin": send again
 *               entities; what is       |---- 23505 ---------> SETTLE            | row says "end": STORED
 *               stored already          |                        |               | anything else: FENCED
 *               (after a reset)         |---- fenced ---> FENCED +---------------+
 *                                       |---- outrun: learn how far rules were evaluated, mark late, again
 *                                       +---- a row refused for good: halve; a single one becomes a dead letter
 *
 * One transaction is one pipeline with one Sync, no BEGIN: fence (a read that raises), documents, scores, bars, headlines,
 * dead letters, and last the move of the offset under the same fence. Its outcome is known by the Sync's answer
 * only; when that is lost, the position's row is read with a lock before anything else is done. Days, model and
 * entities are stored before it, each in a transaction of its own: a stopped process must never hold what another
 * needs. A part of a batch carries its own step of the offset, and bars summed from its own scores.
 *
 * After a reset the same records come again: below partition->highest_offset what is stored is compared first; equal
 * documents are left out, a different one stops the partition (FENCED, loudly): nothing is overwritten. */
#ifndef TW_COMMIT_H
#define TW_COMMIT_H

#include "observe/metrics.h"
#include "postgres/connection.h"
#include "store/encode.h"
#include "store/keyset.h"
#include "store/store.h"

enum { TW_COMMIT_MODELS = 8, TW_COMMIT_PARTS = 40 };

/* What is known to stand in the database; forgotten when the connection is made anew. */
struct tw_known {
    struct tw_keyset days;     /* of event time: days since 1970 */
    struct tw_keyset arrivals; /* of arrival */
    struct tw_keyset entities; /* tw_encoded_entity.key */
    struct {
        char sha256[65];
        int16_t id;
    } models[TW_COMMIT_MODELS];
    uint32_t model_count;
    int64_t evaluated_us; /* how far any shard's rules have been evaluated; TW_NO_TIME when never */
};

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
    void (*finished)(void *context, struct tw_batch *batch, enum tw_commit_outcome outcome);
};

enum tw_commit_step { TW_COMMIT_IDLE, TW_COMMIT_PREPARE, TW_COMMIT_SETTLE, TW_COMMIT_LEARN };

struct tw_commit_part {
    uint32_t first;
    uint32_t count;
};

struct tw_commit {
    struct tw_commit_options options;
    enum tw_commit_step step; /* what tw_commit_go does next */
    struct tw_batch *batch;

    /* Parts still to be stored, the next one last; at most one for each halving, and the whole. */
    struct tw_commit_part parts[TW_COMMIT_PARTS];
    uint32_t part_count;
    struct tw_encoded *encoded; /* of the part at hand */
    int64_t begin_offset;       /* what the row must say, and is to say */
    int64_t end_offset;
    struct tw_error poison; /* why the part at hand, a single document, was refused */
    uint32_t poisoned;      /* times it was refused: 1 as a document, 2 as a dead letter */
    uint8_t *skip;          /* by document: stands there already */
    bool compared;
    bool day_retried;
    bool blocked;   /* somebody holds the row of the position: he is ended first */
    bool uncertain; /* an attempt at this part was lost on its way */
    bool doubled;   /* SETTLE because of 23505, not because the outcome is unknown */
    int64_t differs_offset;
    bool differs;
    bool found; /* SETTLE: the row as it was read */
    int64_t found_epoch;
    int64_t found_offset;
    unsigned char found_token[TW_TOKEN_BYTES];

    struct tw_arena arena; /* parts encoded anew, and parameters */
    uint64_t retry_ms;
    uint64_t sent_ms; /* monotonic */
    uint64_t days_window_ms;
    int64_t days_made;
    uint32_t days_asked;
    char scalars[64]; /* parameters of the fence and the move */
};

TW_MUST_USE bool tw_commit_begin(
    struct tw_commit *commit, const struct tw_commit_options *options, struct tw_error *err);
void tw_commit_end(struct tw_commit *commit);

/* Takes a batch; only when idle. Then tw_commit_go whenever the connection is ready and not busy. */
void tw_commit_batch(struct tw_commit *commit, struct tw_batch *batch);
void tw_commit_go(struct tw_commit *commit);
/* Takes the batch back, whatever has become of it; NULL when idle. */
struct tw_batch *tw_commit_drop(struct tw_commit *commit);

/* Reads the answer of TW_DAYS_KNOWN or TW_EVALUATED_READ. */
void tw_known_learn(struct tw_known *known, enum tw_statement statement, const PGresult *result);
void tw_known_clear(struct tw_known *known);
void tw_known_end(struct tw_known *known);

#endif
