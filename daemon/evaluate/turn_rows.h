/* turn_rows: one turn of the rules over some shards and one interval of event time, on a worker: rows as they were read,
 * in; statements that store what became of them, out. Nothing is asked of a server here.
 *
 *   in    bars, headline events and open alerts (answers of TW_BARS_READ, TW_EVENTS_READ, TW_ALERTS_READ, each in the
 *         order of entities, byte by byte), rule sets with the edge from which each holds, the interval (from, to]
 *   out   calls, in order: for each entity its alerts, their steps, and the events that were taken up
 *
 * The rows of one entity go to tw_alerts_evaluate (alerts.h), which decides; the same rows give the same calls. */
#ifndef TW_TURN_ROWS_H
#define TW_TURN_ROWS_H

#include <libpq-fe.h>

#include "alert/alerts.h"
#include "postgres/statements.h"

struct tw_stored_rules {
    int32_t id; /* rule_set_id */
    int64_t holds_from_us;
    struct tw_rule_set *rules;
};

struct tw_evaluation_call {
    enum tw_statement statement;
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
};

struct tw_evaluation {
    const struct tw_stored_rules *sets; /* in the order of id, and so of holds_from */
    uint32_t set_count;
    int64_t from_us;
    int64_t to_us;
    const PGresult *bars;
    const PGresult *events;
    const PGresult *alerts;
    struct tw_arena *arena;

    struct tw_evaluation_call *calls;
    uint32_t call_count;
    uint32_t call_capacity;
    uint64_t bars_evaluated; /* within the interval itself */
    uint64_t opened;
    uint64_t updated;
    uint64_t resolved;
};

/* TW_FULL when the arena is; TW_INTERNAL when the rows contradict alerts.h. Texts of the calls belong to the answers, the
 * rule sets and the arena, which must outlive them. */
TW_MUST_USE bool tw_evaluation_run(struct tw_evaluation *evaluation, struct tw_error *err);

#endif
