/* unfiled_queue: documents that wait to be filed, in the order in which they are: event time, topic by name,
 * partition, offset.
 *
 *     tw_unfiled_queue_read(&queue, rows, most, &arena, err)       an answer to TW_UNFILED_READ
 *     queue.documents[0 .. queue.filed - 1]                        to be filed
 *     tw_unfiled_queue_put(&queue, &list)                          what becomes of the rows then
 *
 * A row holds several documents (store/unfiled.h), and rows come in the order of their first ones: those of
 * several partitions, and of several batches of one, lie over each other. Where there were more rows than may
 * be read, documents behind the first of the next row wait on: others may come between. At least the first
 * document of each row can be filed. */
#ifndef TW_UNFILED_QUEUE_H
#define TW_UNFILED_QUEUE_H

#include "evaluate/statement_list.h"

struct tw_queued_document {
    int64_t time_us;
    int64_t offset;
    struct tw_text topic; /* in the answer, as is the sketch */
    struct tw_text sketch;
    int32_t partition;
    int16_t topic_id;
    uint32_t row; /* of the answer */
};

struct tw_unfiled_queue {
    const PGresult *rows; /* borrowed */
    uint32_t row_count;   /* rows that were read */
    bool more;            /* there is another row */
    struct tw_queued_document *documents;
    uint32_t count; /* of documents in these rows */
    uint32_t filed; /* of them to be filed, the first ones */
};

/* Reads `most` rows at the most; another behind them says where what is not read begins. TW_CONFIG for rows
 * that this program cannot read, TW_FULL. */
TW_MUST_USE bool tw_unfiled_queue_read(struct tw_unfiled_queue *queue, const PGresult *rows, uint32_t most,
    struct tw_arena *arena, struct tw_error *err);

/* The first parameters of TW_STORIES_FILE: from which event time to which rows were read, which of them are
 * done with, and in which documents wait on: how many, and the first one's offset and time. At least one row
 * must have been read. */
void tw_unfiled_queue_put(const struct tw_unfiled_queue *queue, struct tw_statement_list *list);
/* The same parameters for documents of rows that another statement has put: none. */
void tw_unfiled_queue_put_none(struct tw_statement_list *list);

#endif
