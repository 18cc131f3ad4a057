/* transaction: a part of a batch as one pipeline with one Sync, no BEGIN, so that all of it is one
 * transaction:
 *
 *     fence    a plain read that raises when epoch, token or offset of the position's row are not ours
 *              (TWF01): first, so that a zombie never meets another error, and without a lock
 *     rows     documents, scores, bars, events, headlines, dead letters: encode.h
 *     late     which of its bars changed behind what rules have read, when a document is late
 *     move     the offset to the part's end, the watermark with it, under the same fence: last, for it is the
 *              only lock that another needs; raises when rules were evaluated past a document (TWE01)
 *
 * Nothing is known of it until exchange->done(): of a lost one, not even whether it was committed. */
#ifndef TW_TRANSACTION_H
#define TW_TRANSACTION_H

#include "store/prepare.h"

struct tw_transaction_options {
    int16_t model_id;
    int64_t lateness_us;
    int64_t evaluated_us; /* how far rules are known to have been evaluated; TW_NO_TIME when never */
};

/* Marks what is late by now, and sends the part. Only when the connection is ready and not busy. */
void tw_transaction_send(struct tw_connection *connection, const struct tw_batch_part *part,
    const struct tw_transaction_options *options, const struct tw_exchange *exchange);

#endif
