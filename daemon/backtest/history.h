/* history: what of the past is stored, for whoever evaluates it again: which days, from when to when; days
 * that were dropped are refused.
 *
 *     tw_history_begin(&history, connection, &wanted, err)      the period, in one snapshot of the database
 *     tw_history_read_bars(&history, day, &taker, err)          each day of history.days, in order
 *     tw_history_read_scores(&history, day, &taker, err)        the same, where a rule speaks for documents
 *     tw_history_read_baseline(&history, &taker, err)           whole days before the first
 *     tw_history_end(&history)
 *
 * Bars and days are read by the statements of the evaluator (postgres/statements.h). Rows come one at a time,
 * so memory is that of one row. Nothing is written: the transaction is READ ONLY, and reads one snapshot from
 * beginning to end.
 *
 * THE PERIOD. Alerts are wanted that open at edges in (from, to]. Without `from` it is where all that the
 * rules need stands from; `to` is at most where the daemon has evaluated its rules: bars behind that may
 * change. To know what was open at `from` the rules are run from `begin_us` on, `reach_us` earlier, as far
 * as that stands. A day that was dropped is one that was evaluated once (entity_days) and whose bars are
 * gone, or whose bars stand and whose documents are gone where rules need them; a day of silence is none. */
#ifndef TW_HISTORY_H
#define TW_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/error.h"
#include "rows.h"

/* What is asked for. */
struct tw_history_wanted {
    int64_t from_us;     /* TW_NO_TIME: from the beginning */
    int64_t to_us;       /* TW_NO_TIME: to the end */
    int64_t reach_us;    /* how far back rules look, and alerts may stay open */
    int64_t baseline_us; /* how far back they look for whole days; 0: not at all */
    bool documents;      /* some rule speaks for documents, */
    bool events;         /* and looks at their events */
};

struct tw_history {
    PGconn *connection;
    struct tw_arena arena;
    int64_t begin_us, from_us, to_us; /* edges of bars */
    int64_t baseline_us;
    int64_t *days; /* beginnings (UTC) of days with bars, from begin_us to to_us, ascending */
    uint32_t day_count;
    uint64_t late; /* documents of the period that came late; 0 also where documents were not asked for */
    bool begun;    /* the transaction */
};

/* One row of bars, or of whole days; false ends the reading. */
struct tw_bar_taker {
    void *context;
    bool (*take)(void *context, const struct tw_bar_row *bar, bool listed, struct tw_error *err);
};

/* An entity in a document, as it was stored. Texts die with the call, but for `topic`, which lives as long as
 * the history. */
struct tw_stored_score {
    struct tw_text entity;
    bool listed;
    int64_t event_us;
    int32_t sentiment;
    struct tw_text topic;
    int32_t partition;
    int64_t offset;
    struct tw_text text;   /* of the document, as it was cleaned */
    uint32_t title_length; /* bytes of it that are the title */
    struct tw_text
        types;         /* of its events for that entity, by name, a blank between them; a dot behind one that
                              the body tells */
    bool is_copy;      /* its story was told of that entity before */
    int32_t relevance; /* of the document to it, its source's weight included, 10,000ths; -1: not known */
};

struct tw_score_taker {
    void *context;
    bool (*take)(void *context, const struct tw_stored_score *score, struct tw_error *err);
};

/* Begins the transaction and chooses the period. TW_USAGE for one that holds a dropped day, naming it and the
 * first one that can be had, or for one that is empty; errors of postgres.h. To be ended after a failure
 * too. */
TW_MUST_USE bool tw_history_begin(struct tw_history *history, PGconn *connection,
    const struct tw_history_wanted *wanted, struct tw_error *err);
/* A zeroed one is safe to end. */
void tw_history_end(struct tw_history *history);

/* Bars of one of its days, merged over partitions, within the period, in the order of time. */
TW_MUST_USE bool tw_history_read_bars(
    struct tw_history *history, int64_t day_us, const struct tw_bar_taker *taker, struct tw_error *err);
/* Each entity of each document of one of its days, within the period, in no order. */
TW_MUST_USE bool tw_history_read_scores(
    struct tw_history *history, int64_t day_us, const struct tw_score_taker *taker, struct tw_error *err);
/* Sums of whole days before begin_us, as far back as was wanted. */
TW_MUST_USE bool tw_history_read_baseline(
    struct tw_history *history, const struct tw_bar_taker *taker, struct tw_error *err);

/* Sends one statement with binary parameters and gives each row of its answer, in binary, to `take`; false,
 * with err filled, ends it. */
TW_MUST_USE bool tw_history_each_row(struct tw_history *history, const char *where, const char *sql,
    int count, const Oid *types, const char *const *values, const int *lengths,
    bool (*take)(void *context, const PGresult *row, struct tw_error *err), void *context,
    struct tw_error *err);

#endif
