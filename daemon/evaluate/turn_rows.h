/* turn_rows: the evaluator's source and sink of a turn (alert/turn.h): answers of the server give the rows, what becomes of
 * alerts turns into statements. Runs on a worker; nothing is asked of a server here.
 *
 *     rows.answers[TW_TURN_BARS] = ...         answers of TW_BARS_READ, TW_EVENTS_READ, TW_ALERTS_READ
 *     rows.arena = &arena;
 *     tw_turn_rows_attach(&rows, &turn);       its source and its sink are `rows` from now on
 *     tw_turn_run(&turn, err)
 *     rows.calls[0 .. call_count)              to be sent in this order
 *
 * Texts of the calls belong to the answers, the rule sets and the arena, which must outlive them. A row that this program
 * cannot read (a kind of rule that it does not know) ends the turn with TW_CONFIG: nothing is passed over. */
#ifndef TW_TURN_ROWS_H
#define TW_TURN_ROWS_H

#include <libpq-fe.h>

#include "alert/turn.h"
#include "postgres/statements.h"

/* One statement with its parameters, as tw_connection_send takes them. */
struct tw_turn_call {
    enum tw_statement statement;
    const char *values[TW_STATEMENT_PARAMETERS];
    int lengths[TW_STATEMENT_PARAMETERS];
};

struct tw_turn_rows {
    /* in */
    PGresult *answers[TW_TURN_STREAMS]; /* read, never freed here */
    struct tw_arena *arena;

    /* out */
    struct tw_turn_call *calls;
    uint32_t call_count;

    /* its own */
    int next[TW_TURN_STREAMS]; /* row of each answer */
    uint32_t call_capacity;
};

/* Makes `rows` the source and the sink of the turn. */
void tw_turn_rows_attach(struct tw_turn_rows *rows, struct tw_turn *turn);

#endif
