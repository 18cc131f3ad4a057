/* backtest: rules over what is stored: the alerts that would have opened.
 *
 *     tw_backtest_begin(&backtest, rules, taxonomy, memory_bytes, err)
 *     tw_backtest_run(&backtest, &history, err)           all of its days (history.h), by alert/simulation
 *     backtest.alerts, backtest.spoken                    what came of it
 *     tw_backtest_end(&backtest)
 *
 * Bars and days go into the simulation as they are stored. Rules that speak for documents hear each entity of
 * each document by the texts, scores and events that were stored of it: nothing is read by a model or by the
 * patterns of events again. So the rules are what differs from what was lived through, and with the same
 * rules the same alerts come of it, as long as no document came late. */
#ifndef TW_BACKTEST_H
#define TW_BACKTEST_H

#include "alert/simulation.h"
#include "backtest/history.h"
#include "backtest/watch_times.h"
#include "events/taxonomy.h"

/* How an alert stands to those that were lived through (outcome.h). */
enum tw_compared {
    TW_COMPARED_NOT,    /* not compared */
    TW_COMPARED_SAME,   /* one of the same rule and entity opened at the same edge */
    TW_COMPARED_MOVED,  /* one was open in the same time, and opened at another edge */
    TW_COMPARED_GAINED, /* there was none */
    TW_COMPARED_LOST,   /* it was, and is none now */
};

/* An alert that would have opened; or, of those that are lost, did. */
struct tw_backtest_alert {
    struct tw_text rule;
    const struct tw_rule_kind *kind; /* NULL of one that is lost */
    struct tw_text entity;
    const char *severity;
    int64_t opened_us;
    int64_t resolved_us; /* TW_NO_TIME: not within the period */
    int64_t first_us;    /* documents count for it from there on */
    int64_t worst;       /* 10,000ths */
    int64_t documents;
    struct tw_text reason; /* why it opened */
    enum tw_compared compared;
    uint32_t labelled; /* of its documents: those that people have labelled, */
    uint32_t wrong;    /* and those that should not have counted */
};

/* A rule spoke for a document. */
struct tw_spoken_document {
    struct tw_text rule, entity, topic;
    int32_t partition;
    int64_t offset;
};

struct tw_backtest {
    struct tw_simulation simulation;
    const struct tw_rule_set *rules;
    struct tw_watched_rules watched; /* the same, by their watch lists */
    struct tw_watch_times watch_times;
    const struct tw_taxonomy *taxonomy; /* NULL: no events */
    struct tw_arena arena;              /* of what came of it */
    struct tw_arena hearing;            /* of one document */
    struct tw_backtest_alert *alerts;   /* in the order in which they opened: by number, from 1 */
    size_t alert_count, alert_capacity;
    struct tw_spoken_document *spoken;
    size_t spoken_count, spoken_capacity;
    uint64_t bars, scores;      /* read */
    bool asks_relevance;        /* some rule does */
    uint64_t unknown_relevance; /* then: scores of which none was stored, because that is so old */
    uint64_t unknown_types;     /* events of types that the taxonomy does not have */
};

/* What rules ask of the past, for tw_history_begin; the period is left to the caller. */
struct tw_history_wanted tw_backtest_wants(const struct tw_rule_set *rules);

/* Rules and taxonomy are borrowed. TW_INTERNAL. To be ended after a failure too. */
TW_MUST_USE bool tw_backtest_begin(struct tw_backtest *backtest, const struct tw_rule_set *rules,
    const struct tw_taxonomy *taxonomy, size_t memory_bytes, struct tw_error *err);
/* Before it runs: with the watch lists of the history's period, or as they stand now. Nothing where rules are
 * held to none. Errors of history.h and of alert/watched_rules.h. */
TW_MUST_USE bool tw_backtest_watch(
    struct tw_backtest *backtest, struct tw_history *history, bool now, struct tw_error *err);
/* A zeroed one is safe to end. */
void tw_backtest_end(struct tw_backtest *backtest);

/* Runs them over the whole period, once. Texts of what came of it belong to the backtest, its rules and the
 * history. TW_FULL when the memory does not do; errors of history.h. */
TW_MUST_USE bool tw_backtest_run(
    struct tw_backtest *backtest, struct tw_history *history, struct tw_error *err);

/* Room for one alert more, at the end; NULL without memory. */
struct tw_backtest_alert *tw_backtest_add(struct tw_backtest *backtest, struct tw_error *err);

#endif
