/* rows: what a worker hands back for a batch, ready to be stored in one transaction.
 *
 * A batch is a run of messages of ONE partition, in offset order. Rows are made by the river (river.h),
 * encoded for PostgreSQL by the daemon, and depend on nothing but the messages, the model, the entities
 * and the rules: made again, they are the same bytes. All of it lives in the batch's arena. */
#ifndef TW_ROWS_H
#define TW_ROWS_H

#include "document.h"
#include "link/relevance.h"
#include "severity.h"

struct tw_source_weights; /* link/source_weights.h */
struct tw_taxonomy;       /* taxonomy.h */

/* One score for an entity in a document. Of a model without an entity head it is the document's own score,
 * and `from_document` says so. */
struct tw_score_row {
    uint32_t document; /* index into tw_rows.documents */
    struct tw_text symbol;
    bool listed;
    bool from_document;
    struct tw_relevance relevance; /* its `mentions` and the other entities of the document among it */
    struct tw_score score;
};

/* Sums of one entity's scores in one bar of TW_BAR_US; integers, so that they agree to the bit in any
 * order. */
struct tw_bar_row {
    struct tw_text symbol;
    int64_t bar_us; /* start: floor(event / TW_BAR_US) * TW_BAR_US */
    int64_t count;
    int64_t sum;
    int64_t sum_of_squares;
    int64_t negative_sum; /* sum of min(sentiment, 0) */
};

/* One event of a document that is stored (document.h). */
struct tw_event_row {
    uint32_t document; /* index into tw_rows.documents */
    uint32_t event;    /* index into that document's events */
};

/* A rule spoke for a document: a row of alert_events, stored in the document's own transaction. */
struct tw_headline_row {
    uint32_t document;
    uint32_t score; /* index into tw_rows.scores */
    struct tw_text rule;
    const char *kind; /* of the rule */
    enum tw_severity severity;
    int32_t value;          /* of the rule's measure, 10,000ths: sentiment, or polarity of the event's type */
    struct tw_text keyword; /* headline: the keyword that matched; empty when the rule has none */
    struct tw_text event_type; /* event: its name; else empty */
    int32_t stories;      /* that the rule asks for: with more than one, no alert is about to open by it */
    struct tw_text watch; /* the rule's watch lists, a line feed between; empty: it is held to none. Whoever
                             stands on none of them just now, no alert is about to open of */
};

struct tw_rows {
    struct tw_document *documents; /* one for each message, same order: stored, dead letters and ticks */
    uint32_t document_count;
    uint32_t stored_count;
    uint32_t dead_count;
    uint32_t tick_count;
    uint32_t tombstone_count;
    struct tw_score_row *scores; /* in order of document, then symbol */
    uint32_t score_count;
    struct tw_bar_row *bars; /* sorted by symbol (byte order), then bar */
    uint32_t bar_count;
    const struct tw_source_weights *sources; /* what names of sources are of; NULL: they have none */
    uint32_t *source_counts;            /* documents that are stored, by name of that list; then all others */
    const struct tw_taxonomy *taxonomy; /* what the events' types are of; NULL: no events */
    struct tw_event_row *events;        /* in order of document, then first byte */
    uint32_t event_count;
    struct tw_headline_row *headlines;
    uint32_t headline_count;
    bool sketched;      /* documents that are stored have sketches */
    int64_t *latest_us; /* per document: highest watermark-moving event time of the batch before it
                            (TW_NO_TIME when none), so that lateness is decided by one comparison */
    int64_t
        highest_us;   /* highest event time that moves the watermark, ticks included; TW_NO_TIME when none */
    uint64_t tokens;  /* tokens given to the model */
    uint64_t cached;  /* stored documents whose scores come from the cache of scores */
    uint64_t repairs; /* sum over documents */
    uint64_t repaired[TW_REPAIRS]; /* documents in which something of this kind was mended */
    uint32_t ahead_count;          /* documents and ticks too far ahead to move the watermark */
    uint32_t doubtful_times;       /* documents whose time most likely is in another unit */
    uint32_t unread_times;         /* documents in which a time stands that was not used */
    uint64_t symbols_unknown;      /* listed symbols that name nothing, over all documents */
    uint64_t links_dropped;  /* companies and mentions beyond what a document may hold, over all documents */
    uint64_t events_dropped; /* matches and events beyond what one may hold, over all documents */
};

/* Fills latest_us, which has room for each document, and highest_us, from the documents; again, when one of
 * them has become a dead letter or is known to move nothing. */
void tw_rows_mark_times(struct tw_rows *rows);

#endif
