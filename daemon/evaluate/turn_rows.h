/* turn_rows: the evaluator's source and sink of a turn (alert/turn.h): bars come from memory, headlines and
 * alerts from the server's answers, what becomes of alerts turns into statements. Runs on a worker; nothing
 * is asked of a server here.
 *
 *     tw_recent_rows_begin(&rows.bars, ...)    the windows of the shards (windows.h); rows.days likewise
 *     rows.answers[TW_TURN_EVENTS] = ...       answers of TW_EVENTS_READ; ALERTS and PAST too
 *     rows.statements = &list;                 where the statements are put, behind what is in it
 *     tw_turn_rows_attach(&rows, &turn);       the turn's source and its sink are `rows` from now on
 *     tw_turn_run(&turn, err)
 *     tw_turn_rows_add_days(&rows, err)        what the interval adds to days, of all entities together
 *
 * Texts of the statements belong to the windows, the answers, the rule sets and the arena, which must
 * outlive them. A row that this program cannot read (a kind of rule that it does not know) ends the turn
 * with TW_CONFIG: nothing is passed over. */
#ifndef TW_TURN_ROWS_H
#define TW_TURN_ROWS_H

#include "alert/recent_bars.h"
#include "evaluate/statement_list.h"

struct tw_turn_rows {
    struct tw_recent_rows bars;
    struct tw_recent_rows days;
    PGresult *answers[TW_TURN_STREAMS]; /* read, never freed here; none of bars and days; NULL: no rows */
    struct tw_statement_list *statements;
    bool stories; /* documents are filed with their stories: steps tell how many copies are not counted */
    int next[TW_TURN_STREAMS]; /* row of each answer; its own */
    struct tw_bar_row *added;  /* what the turn adds to days; in the arena of the statements */
    uint32_t added_count;
    size_t added_capacity;
};

/* Makes `rows` the source and the sink of the turn. */
void tw_turn_rows_attach(struct tw_turn_rows *rows, struct tw_turn *turn);

/* Adds the statements that add to days. TW_FULL. */
TW_MUST_USE bool tw_turn_rows_add_days(struct tw_turn_rows *rows, struct tw_error *err);

#endif
