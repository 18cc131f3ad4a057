/* turn_rows: the evaluator's source and sink of a turn (alert/turn.h): answers of the server give the rows,
 * what becomes of alerts turns into statements. Runs on a worker; nothing is asked of a server here.
 *
 *     rows.answers[TW_TURN_BARS] = ...         answers of TW_BARS_READ, TW_EVENTS_READ, TW_ALERTS_READ
 *     rows.statements = &list;                 where the statements are put, behind what is in it
 *     tw_turn_rows_attach(&rows, &turn);       the turn's source and its sink are `rows` from now on
 *     tw_turn_run(&turn, err)
 *
 * Texts of the statements belong to the answers, the rule sets and the arena, which must outlive them. A row
 * that this program cannot read (a kind of rule that it does not know) ends the turn with TW_CONFIG: nothing
 * is passed over. */
#ifndef TW_TURN_ROWS_H
#define TW_TURN_ROWS_H

#include "alert/turn.h"
#include "evaluate/statement_list.h"

struct tw_turn_rows {
    PGresult *answers[TW_TURN_STREAMS]; /* read, never freed here */
    struct tw_statement_list *statements;
    int next[TW_TURN_STREAMS]; /* row of each answer; its own */
};

/* Makes `rows` the source and the sink of the turn. */
void tw_turn_rows_attach(struct tw_turn_rows *rows, struct tw_turn *turn);

#endif
