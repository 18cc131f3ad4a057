/* outbox: what waits in the database to be told to one target, read, told, and marked as told.
 *
 *     each TURN   the target's lease is asked for or renewed, and with it the first rows that wait
 *                 the teller tells them (teller.h)                 nothing is locked meanwhile
 *                 they are marked, under the lease's token         killed before that, they are told again
 *
 * The transaction that stores an alert's step fills the outbox (sql/0016_outbox.sql): what was not committed
 * is told to nobody. A row is told at least once, with a key that stays the same, by the one daemon that
 * holds the target's lease; the others look each second whether it is free. A lease is its holder's while
 * that session stands and renews it within TW_OUTBOX_LEASE_MS. Rows of one alert are told in order.
 *
 * A target that is away, slow or refuses us leaves its rows waiting: they are tried again after a pause that
 * doubles up to 15 s, for as long as tell.keep; then they expire, loudly. A row that the target will not have
 * (TW_TELLING_REFUSED) is told once and kept with the answer. Either way the log says so, once a minute while
 * it goes on, metrics tell depth and age, and the daemon is not ready while the oldest row waits and is not
 * told, while the target refuses one after the other, or while it cannot be asked whether any wait
 * (untold.h).
 *
 * A target that wants it (teller.h, `repeats`) is told of all open alerts every tell.repeat, page by page.
 *
 *     AWAY         no session
 *     WAITING      nothing is under way; the timer says when to go on, or the session is about to be lost
 *     READING      the lease is asked for, and rows with it
 *     DELIVERING   rows are being told
 *     MARKING      what was told is being marked
 *     ORPHANED     rows are being told, and the session is lost: what comes of it cannot be marked
 *     LEAVING      asked to end: the lease is being given back
 *     CLOSING      asked to end: nothing is under way, teller and session close
 *
 *     AWAY --connected--> WAITING --the pause is over--> READING
 *     READING --rows wait--> DELIVERING --told, some or all--> MARKING --marked, or refused--> WAITING
 *     READING --nothing to tell, refused, or another tells--> WAITING
 *     DELIVERING --none was told--> WAITING
 *     WAITING --session lost--> AWAY
 *     DELIVERING --session lost--> ORPHANED --the delivery is over--> AWAY
 *     ORPHANED --the delivery is over, there is another session--> WAITING
 *
 *     asked to end:
 *     WAITING --in a session--> LEAVING --said, or not answered--> CLOSING
 *     AWAY, WAITING, READING, DELIVERING, MARKING, ORPHANED ---> CLOSING */
#ifndef TW_OUTBOX_H
#define TW_OUTBOX_H

#include "observe/machine.h"
#include "tell/teller.h"

struct tw_outbox;

enum { TW_OUTBOX_LEASE_MS = 30000 };

/* Its states and moves; a test holds them against the drawing above. */
extern const struct tw_machine tw_outbox_machine;

/* Starts connecting, and the teller. What is passed must outlive it. TW_CONFIG for a conninfo that libpq
 * refuses, or what the teller refuses of the configuration. */
TW_MUST_USE bool tw_outbox_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, enum tw_tell_target target, const struct tw_teller_kind *kind,
    struct tw_outbox **out, struct tw_error *err);

/* Each second: depth and age as metrics tell them, whatever is under way. */
void tw_outbox_second(struct tw_outbox *outbox);

/* For how long the oldest row has waited without being told, by whichever daemon, or open alerts could not be
 * told again; 0 when none waits. */
uint64_t tw_outbox_behind_ms(const struct tw_outbox *outbox);
/* For how long the database has not said what waits: no session, or it refuses; 0 when it does. */
uint64_t tw_outbox_unknown_ms(const struct tw_outbox *outbox);
/* How many rows it has refused since it took one, when that is no matter of single rows any more (untold.h);
 * else 0. Its last answer, and the cure: a line. */
uint32_t tw_outbox_refused(const struct tw_outbox *outbox, char *line, size_t size);
/* What keeps them, as far as this daemon knows, and the cure: a line. */
void tw_outbox_obstacle(const struct tw_outbox *outbox, char *line, size_t size);

/* How many rows, from the first on, have an outcome: behind those it is gone on, and no further. Pure. */
size_t tw_outbox_settled(const struct tw_outbox_row *rows, size_t count);

/* Gives the lease back, ends the teller and the session; `closed` comes when every handle is gone. Once. */
void tw_outbox_end(struct tw_outbox *outbox, void (*closed)(void *context), void *context);

#endif
