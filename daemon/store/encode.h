/* encode: rows to the parameters of the commit's statements, in PostgreSQL's binary format.
 *
 * Done by the worker that made the rows, in the batch's arena, so that the loop only hands pointers to
 * libpq. A part of a batch can be encoded too: that is how a bad document is found, and how what stands in
 * the database already is left out (commit.h). Bars are then summed anew from the part's own scores.
 *
 *     struct tw_encoded             what to send, in order, between the fence and the move of the offset
 *       .calls[]                    one statement each, at most rows_per_statement rows
 *       .days, .arrivals            days of tables that must stand before
 *       .entities[]                 each entity once: stored before, in a transaction of its own
 *
 * What only the commit knows is filled in then, through pointers set here: topic number, model number; and
 * which documents are late. `late` comes out as "below the partition's watermark as the documents before it
 * IN THIS BATCH left it"; tw_encoded_mark_late adds those below what was known before the batch.
 *
 * The format of scalars and arrays: postgres/wire.h. */
#ifndef TW_ENCODE_H
#define TW_ENCODE_H

#include "store/columns.h"

struct tw_encode_options {
    uint32_t rows_per_statement; /* at most (store.rows_per_statement) */
    const char *model_sha256;    /* 64 hexadecimal digits: which model made the scores */
    int64_t lateness_us;
};

/* Which documents, and as what. */
struct tw_encode_part {
    uint32_t first;
    uint32_t count;
    const uint8_t *skip; /* by document of the batch: left out when not 0; NULL: none */
    const struct tw_error
        *refusal; /* not NULL: the part's stored documents become dead letters of stage `store` */
};

struct tw_call {
    enum tw_statement statement;
    uint32_t rows;
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
    uint32_t *documents; /* of TW_DOCUMENTS_INSERT: index in the batch of each row */
    char *late;          /* of TW_DOCUMENTS_INSERT: the array of flags, changed by tw_encoded_mark_late */
};

struct tw_encoded_entity {
    uint64_t key; /* hash of symbol, name and listed: for a keyset */
    struct tw_text symbol;
    struct tw_text name;
    int16_t shard;
    bool listed;
};

struct tw_encoded {
    struct tw_call *calls;
    uint32_t call_count;
    uint32_t document_count; /* rows of documents */
    uint32_t dead_count;
    uint32_t score_count;
    uint32_t tick_count;
    uint32_t late_count; /* as marked so far */
    int32_t *days;       /* of event time, days since 1970, each once */
    uint32_t day_count;
    int32_t arrival_day; /* days since 1970; needed when dead_count > 0 */
    struct tw_encoded_entity *entities;
    uint32_t entity_count;
    int64_t earliest_us; /* event time of the earliest document; INT64_MAX when none */
    int64_t highest_us;  /* watermark-moving event time after the part; TW_NO_TIME when none */
    const char *model_sha256;
    uint8_t *kept; /* by document of the batch: a row of documents came of it; the commit notes it here
                      when that is known. 0: a dead letter, or it stood there already, after a reset */

    struct tw_shared_values shared; /* topic and model are filled in by the commit */
};

/* Encodes documents [first, first + count) of batch->rows. TW_FULL when the arena is. */
TW_MUST_USE bool tw_encode_rows(const struct tw_encode_options *options, const struct tw_batch *batch,
    uint32_t first, uint32_t count, struct tw_arena *arena, struct tw_encoded **out, struct tw_error *err);

/* The same for a part of a batch that was split, with its own step of the offset. */
TW_MUST_USE bool tw_encode_part(const struct tw_encode_options *options, const struct tw_batch *batch,
    const struct tw_encode_part *part, struct tw_arena *arena, struct tw_encoded **out, struct tw_error *err);

/* Fills in the ids that the commit has learned from the server. */
void tw_encoded_set_ids(struct tw_encoded *encoded, int16_t topic_id, int16_t model_id);

/* Marks documents before `threshold_us` (TW_NO_TIME: none) as late too. May be repeated with higher ones. */
void tw_encoded_mark_late(
    struct tw_encoded *encoded, const struct tw_document *documents, int64_t threshold_us);

/* Notes in `whole`, of all the batch, which documents have come to stand by this part, or by the whole. */
void tw_encoded_note_kept(struct tw_encoded *whole, const struct tw_encoded *part);

#endif
