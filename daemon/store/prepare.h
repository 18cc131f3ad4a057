/* prepare: what must stand in the database before a part of a batch can be sent, one step after the
 * other:
 *
 *     compare     after a reset the same records come again: below partition->highest_offset what is stored
 *                 is compared first. What stands there already is skipped, and so is a document that was
 *                 stored and whose day was dropped since; another record is a reason to stop
 *     days        the tables of the days of its documents, and of the day on which its dead letters arrived
 *     model       the number of the model that made its scores
 *     entities    a row for each entity that it speaks of; one that PostgreSQL refuses is told, given up, and
 *                 keeps no other from standing there (portion.h)
 *
 *     tw_prepare_part(&prepare, &part);
 *     switch (tw_prepare_days(&prepare)) {
 *     case TW_PREPARE_READY:       it stands: the next step
 *     case TW_PREPARE_ASKING:      an exchange is under way; answered() comes, then call the step again
 *     case TW_PREPARE_REFUSED:     prepare.why says why. Passing: again after prepare.wait_ms. Lasting: never
 *     }
 *
 * In is the part and what is known (struct tw_known); a step asks only for what is not known, in a
 * transaction of its own: a stopped process must never hold what another needs. Call a step only when the
 * connection is ready and not busy. The part, with its encoded rows, belongs to the caller, who encodes
 * it anew when a comparison has found rows to skip. */
#ifndef TW_PREPARE_H
#define TW_PREPARE_H

#include "observe/repeats.h"
#include "postgres/connection.h"
#include "store/encode.h"
#include "store/keyset.h"
#include "store/portion.h"

struct tw_config;
struct tw_metrics;

enum { TW_KNOWN_MODELS = 8 };

/* What is known to stand in the database; forgotten when the connection is made anew. */
struct tw_known {
    struct tw_keyset days;     /* of event time: days since 1970 */
    struct tw_keyset arrivals; /* of arrival */
    struct tw_keyset entities; /* tw_encoded_entity.key */
    struct {
        char sha256[65];
        int16_t id;
    } models[TW_KNOWN_MODELS];
    uint32_t model_count;
    int64_t evaluated_us; /* how far any shard's rules have been evaluated; TW_NO_TIME when never */
};

/* Reads the answer of TW_DAYS_KNOWN or TW_EVALUATED_READ. */
void tw_known_learn(struct tw_known *known, enum tw_statement statement, const PGresult *result);
/* Forgets everything. */
void tw_known_clear(struct tw_known *known);
/* Forgets everything and gives the memory back. */
void tw_known_end(struct tw_known *known);

/* Days made in the minute at hand (store.new_days_per_minute). */
struct tw_days_made {
    uint64_t window_ms; /* monotonic: when the minute began */
    int64_t count;
};

/* The part of a batch at hand. */
struct tw_batch_part {
    struct tw_batch *batch;
    struct tw_encoded *encoded;
    int64_t begin_offset;     /* what the row of its partition must say, */
    int64_t end_offset;       /* and is to say */
    rd_kafka_message_t *last; /* the last record of it; NULL: not at hand */
};

/* An event about a part: its topic, partition and offsets, and what is wrong. */
void tw_part_log(const struct tw_log *log, enum tw_level level, const char *event,
    const struct tw_batch_part *part, const struct tw_error *err);

struct tw_prepare_options {
    struct tw_connection *connection;
    const struct tw_config *config;
    const struct tw_log *log;
    struct tw_metrics *metrics;
    struct tw_known *known;
    void *context;
    /* The exchange of a step is over; `refusal` as in struct tw_exchange. */
    void (*answered)(void *context, const struct tw_refusal *refusal);
};

enum tw_prepare_answer { TW_PREPARE_READY, TW_PREPARE_ASKING, TW_PREPARE_REFUSED };

struct tw_prepare {
    struct tw_prepare_options options;
    const struct tw_batch_part *part;
    struct tw_error why; /* REFUSED: what is wrong, */
    uint64_t wait_ms;    /* and when to come again, if it is passing */
    int16_t model_id;    /* after model: its number */
    uint8_t *skip;       /* by document of the batch: stands there already; NULL: none */

    /* Of the part. */
    struct {
        bool compared; /* with what stands there, as it was asked for last */
        bool differs;
        int64_t differs_offset; /* the first one that differs */
        uint32_t dropped;       /* documents that were stored and dropped since */
        uint32_t days_asked;
        struct tw_portion entities;
        uint32_t entities_sent;
        uint32_t entities_end; /* behind the last of them, in the part's list */
    } of_part;

    struct tw_repeats refused; /* entities, by SQLSTATE */
    struct tw_days_made own_days;
    struct tw_days_made *days; /* its own, or what it shares with others */
    struct tw_arena arena;     /* parameters */
};

/* Begins the room. TW_INTERNAL when out of memory: then there is nothing to end. */
TW_MUST_USE bool tw_prepare_begin(
    struct tw_prepare *prepare, const struct tw_prepare_options *options, struct tw_error *err);
/* Gives its memory back. No exchange of its own may be under way. */
void tw_prepare_end(struct tw_prepare *prepare);

/* Another part is at hand; it must stay where it is. NULL: none, and what is to be skipped of its batch is
 * forgotten. */
void tw_prepare_part(struct tw_prepare *prepare, const struct tw_batch_part *part);

/* Step 1: whether a record of the part stands there already. READY, and part->encoded is older than what
 * prepare->skip says by now: encode it anew. REFUSED, lasting: another record stands under one of its
 * offsets. */
enum tw_prepare_answer tw_prepare_compare(struct tw_prepare *prepare);
/* Step 2: the days. REFUSED, passing: no more new ones are made in this minute
 * (store.new_days_per_minute). */
enum tw_prepare_answer tw_prepare_days(struct tw_prepare *prepare);
/* Step 3: the model's number, in prepare->model_id. */
enum tw_prepare_answer tw_prepare_model(struct tw_prepare *prepare);
/* Step 4: the entities. A name that cannot be stored stops nothing: the document's own row will tell.
 * REFUSED, passing: so many do not fit the memory of a batch; fewer are tried the next time. */
enum tw_prepare_answer tw_prepare_entities(struct tw_prepare *prepare);

/* No step, but asked in the same way: how far rules have been evaluated by now (known->evaluated_us).
 * answered() comes. */
void tw_prepare_learn(struct tw_prepare *prepare);

#endif
