/* turn_exchange: one turn of the rules as the server sees it: what is asked, what the answers say, what is
 * written.
 *
 *     tw_turn_exchange_look        positions of all partitions, which rule sets count, newer ones
 *     tw_turn_exchange_choose      what to do next, and up to where: a TURN of the shards that are furthest
 *                                  behind, or a PIECE of the windows of shards that were taken anew, or
 *                                  FILING, what documents tell (filing.h): rules never go beyond that, so it
 *                                  goes first; but each evaluate.interval rules go before it, or a backlog
 *                                  of documents would keep them waiting to its end
 *     tw_turn_exchange_cut         where to cut that interval, should too much be in it
 *     tw_turn_exchange_read        its bars; for a piece also days, for a turn late bars, headline events and
 *                                  alerts
 *     tw_turn_exchange_prepare     the fence, and behind it room for what the turn puts
 *     tw_turn_exchange_run         on a worker: bars go into the windows, a turn is decided; all that stands
 *                                  here belongs to it meanwhile
 *     tw_turn_exchange_write       of a turn: the check that idle partitions still are, and the move
 *     tw_turn_exchange_done        the turn is committed, or the piece is read: the windows go on
 *     tw_turn_exchange_clear       at the end of each turn, whatever became of it
 *
 * A turn reads what is new; all that rules look back on is in memory (windows.h). A shard that is taken anew
 * is read once, piece by piece, in turns with what there is to evaluate for the others, which so never wait
 * for it.
 *
 * look, cut, read and write leave their statements in `list`, to be sent as one exchange each, unless that is
 * full; results are given to tw_turn_exchange_row. When they are sent and what follows is the evaluator's.
 *
 * MEMORY. The windows have `evaluate.memory`, what one turn makes has a quarter of that besides. A turn that
 * does not fit is tried again with half of the bars and half of the shards, down to one bar of one shard. */
#ifndef TW_TURN_EXCHANGE_H
#define TW_TURN_EXCHANGE_H

#include "evaluate/filing.h"
#include "evaluate/positions.h"
#include "evaluate/shards.h"
#include "evaluate/statement_list.h"
#include "evaluate/stored_rules.h"
#include "evaluate/turn_rows.h"
#include "evaluate/windows.h"

enum tw_turn_work { TW_TURN_NOTHING, TW_TURN_PIECE, TW_TURN_TURN, TW_TURN_FILING };

/* The server's answers, kept until the turn is over. */
struct tw_turn_answers {
    PGresult *bars;
    PGresult *late;
    PGresult *days;      /* of windows that were begun */
    PGresult *late_days; /* as they were summed anew */
};

struct tw_turn_exchange {
    const struct tw_config *config;   /* borrowed, as are the next two */
    const struct tw_session *session; /* whose token the fence names */
    struct tw_stored_rules *rules;
    struct tw_windows windows;
    struct tw_filing filing;
    uint32_t most_shards; /* of a turn; lower while turns do not fit */
    int64_t most_bars;    /* rows of the table that a turn reads */

    struct tw_arena arena; /* of all that follows */
    struct tw_statement_list list;
    struct tw_positions positions;
    enum tw_turn_work work;
    enum tw_turn_work for_rules; /* kept past the turn: a piece and a turn take turns */
    uint64_t for_rules_ms;       /* when it was last looked what there is for rules to do; 0: never */
    uint32_t unread;             /* shards whose windows were not whole when it was chosen */
    struct tw_shards_chosen chosen;
    int64_t from_us; /* the interval */
    int64_t to_us;
    struct tw_turn_answers answers;
    struct tw_turn_rows rows;
    struct tw_turn turn;
    struct tw_error trouble; /* the first answer that could not be taken in; TW_OK: none */
};

/* Reserves the arena; what is lent must outlive it. TW_INTERNAL. */
TW_MUST_USE bool tw_turn_exchange_begin(struct tw_turn_exchange *exchange, const struct tw_config *config,
    const struct tw_log *log, const struct tw_session *session, struct tw_stored_rules *rules,
    struct tw_error *err);
/* Frees all; a zeroed one is safe to end. */
void tw_turn_exchange_end(struct tw_turn_exchange *exchange);
/* Forgets the turn, and frees what was read for it; the windows stay. */
void tw_turn_exchange_clear(struct tw_turn_exchange *exchange);
/* The session is gone: forgets the turn, the rule sets and the windows. */
void tw_turn_exchange_lose(struct tw_turn_exchange *exchange);

/* Takes a result in; true when it is kept. Other rooms' statements are left alone. */
bool tw_turn_exchange_row(struct tw_turn_exchange *exchange, enum tw_statement statement, PGresult *result);

/* Lists the questions how far event time has come, and which rule sets count and are new. */
void tw_turn_exchange_look(struct tw_turn_exchange *exchange);
/* Chooses shards and interval by the answers, at `now_ms` (monotonic); false when no bar has closed for any
 * shard that is held, and all windows are whole. */
bool tw_turn_exchange_choose(
    struct tw_turn_exchange *exchange, const struct tw_shards *shards, uint64_t now_ms);
/* Nothing was chosen: whether bars have closed all the same, and rules wait for whoever files documents. */
bool tw_turn_exchange_is_unfiled(const struct tw_turn_exchange *exchange);
/* Whether more than one bar may lie in the interval: one bar is never cut. */
bool tw_turn_exchange_may_be_cut(const struct tw_turn_exchange *exchange);
/* Lists the question where to cut the interval; its answer moves `to_us`. */
void tw_turn_exchange_cut(struct tw_turn_exchange *exchange);
/* Lists the questions for the turn's rows. */
void tw_turn_exchange_read(struct tw_turn_exchange *exchange);
/* Makes `turn` ready to run; lists the fence. */
void tw_turn_exchange_prepare(struct tw_turn_exchange *exchange);
/* On a worker. As tw_turn_run and tw_windows_put; after a failure the turn must be given up. */
TW_MUST_USE bool tw_turn_exchange_run(struct tw_turn_exchange *exchange, struct tw_error *err);
/* After a failure: whether it was that the turn did not fit, and the next one will be smaller. */
bool tw_turn_exchange_is_smaller(struct tw_turn_exchange *exchange);
/* Lists what must stand behind the turn's statements. */
void tw_turn_exchange_write(struct tw_turn_exchange *exchange);
/* Whether what was run is to be written; else it is done when it is run. */
bool tw_turn_exchange_is_to_be_written(const struct tw_turn_exchange *exchange);
/* The piece is read, or the turn committed. */
void tw_turn_exchange_done(struct tw_turn_exchange *exchange, struct tw_shards *shards);

#endif
