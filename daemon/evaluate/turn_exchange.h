/* turn_exchange: one turn of the rules as the server sees it: what is asked, what the answers say, what is
 * written.
 *
 *     tw_turn_exchange_look        positions of all partitions, newer rule sets
 *     tw_turn_exchange_choose      the shards that are furthest behind, if bars have closed; up to where
 *     tw_turn_exchange_cut         where to cut that interval, should too much be in it
 *     tw_turn_exchange_read        bars, headline events and open alerts
 *     tw_turn_exchange_prepare     the fence, and behind it room for what the turn puts
 *     tw_turn_run(&exchange.turn)  on a worker; everything here belongs to that meanwhile
 *     tw_turn_exchange_write       behind it the check that idle partitions still are, and the move
 *     tw_turn_exchange_clear       at the end of each turn, whatever became of it
 *
 * look, cut, read and write leave their statements in `list`, to be sent as one exchange each, unless that is
 * full; results are given to tw_turn_exchange_row. When they are sent and what follows is the evaluator's. */
#ifndef TW_TURN_EXCHANGE_H
#define TW_TURN_EXCHANGE_H

#include "evaluate/positions.h"
#include "evaluate/shards.h"
#include "evaluate/statement_list.h"
#include "evaluate/stored_rules.h"
#include "evaluate/turn_rows.h"

struct tw_turn_exchange {
    const struct tw_config *config;   /* borrowed, as are the next two */
    const struct tw_session *session; /* whose token the fence names */
    struct tw_stored_rules *rules;
    struct tw_arena arena; /* of all that follows */
    struct tw_statement_list list;
    struct tw_positions positions;
    struct tw_shards_chosen chosen;
    int64_t to_us; /* the interval goes from chosen.from_us up to this edge */
    struct tw_turn_rows rows;
    struct tw_turn turn;
    struct tw_error trouble; /* the first answer that could not be taken in; TW_OK: none */
};

/* Reserves the arena; what is lent must outlive it. TW_INTERNAL. */
TW_MUST_USE bool tw_turn_exchange_begin(struct tw_turn_exchange *exchange, const struct tw_config *config,
    const struct tw_session *session, struct tw_stored_rules *rules, struct tw_error *err);
/* Frees all; a zeroed one is safe to end. */
void tw_turn_exchange_end(struct tw_turn_exchange *exchange);
/* Forgets the turn, and frees what was read for it. */
void tw_turn_exchange_clear(struct tw_turn_exchange *exchange);

/* Takes a result in; true when it is kept. Other rooms' statements are left alone. */
bool tw_turn_exchange_row(struct tw_turn_exchange *exchange, enum tw_statement statement, PGresult *result);

/* Lists the questions how far event time has come, and which rule sets are new. */
void tw_turn_exchange_look(struct tw_turn_exchange *exchange);
/* Chooses shards and interval by the answers; false when no bar has closed for any shard that is held. */
bool tw_turn_exchange_choose(struct tw_turn_exchange *exchange, const struct tw_shards *shards);
/* Lists the question where to cut the interval; its answer moves `to_us`. */
void tw_turn_exchange_cut(struct tw_turn_exchange *exchange);
/* Lists the questions for the turn's rows. */
void tw_turn_exchange_read(struct tw_turn_exchange *exchange);
/* Makes `turn` ready to run; lists the fence. */
void tw_turn_exchange_prepare(struct tw_turn_exchange *exchange);
/* Lists what must stand behind the turn's statements. */
void tw_turn_exchange_write(struct tw_turn_exchange *exchange);

#endif
