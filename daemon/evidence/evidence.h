/* evidence: the words behind alerts: which documents weigh most in a step, and what in them made the model
 * decide.
 *
 *     each TURN    the newest step without evidence, of the shards that this daemon holds, is taken with the
 *                  texts of its heaviest documents; so is a headline or event, from its commit on
 *                  (sql/0026_evidence.sql: take_evidence)
 *                  each text is explained on a thread of its own, one job a text (evidence_work.h)
 *                  the rows go into alert_evidence, and the step is marked
 *
 * NOTHING WAITS FOR IT. It has a session, a lane of the pool and an arena of its own; the evaluator and the
 * commits do not know of it. A step is asked for each TURN_MS, so that its words stand within 2 s of the
 * alert where the processor is not short. At most evidence.per_minute steps are explained a minute, the
 * newest first; one that has waited for TW_EVIDENCE_WITHIN_MS gets none any more.
 *
 * A FAILURE is told in the log (once a minute while it goes on) and counted; the step is tried
 * TW_EVIDENCE_TRIES times in all, also after a restart: a try is counted in the database before it is made,
 * lest a text that ends daemons ends them for ever. One that came to nothing through no fault of the step is
 * given back: the daemon was asked to end, its session was lost, the database would not store anything.
 * What is left without, for that or because nobody came to it, is marked there, counted and told, whatever
 * ended the tries: a text that is not explained, rows that cannot be stored, a daemon that died of it
 * (sql/0028_evidence_given_up.sql: give_up_evidence; each GIVE_UP_MS, and when a session begins).
 * Rows are keyed by step and rank: should two daemons explain the same step, one of them stores it.
 *
 *     AWAY         no session
 *     WAITING      nothing is under way; the timer says when to go on, or the session is about to be lost
 *     TAKING       a step is asked for, with its texts
 *     WORKING      a worker has one of the texts
 *     STORING      rows are being stored
 *     ORPHANED     a worker has one of the texts, and the session is lost: what comes of it is thrown away
 *     RECALLING    asked to end: a worker still has one of the texts, or a step is still asked for
 *     RETURNING    asked to end: a try is being given back
 *     CLOSING      asked to end: nothing is under way, the session closes
 *
 *     AWAY --connected--> WAITING --the pause is over--> TAKING
 *     TAKING --there is one--> WORKING --all are explained--> STORING
 *     WORKING --there are more texts--> WORKING
 *     TAKING --there is none, or refused--> WAITING
 *     WORKING --failed, or the session broke--> WAITING
 *     STORING --stored, or refused--> WAITING
 *     WAITING --session lost--> AWAY
 *     WORKING --session lost--> ORPHANED --the text is back--> AWAY
 *     ORPHANED --the text is back, there is another session--> WAITING
 *
 *     asked to end:
 *     TAKING, WORKING, ORPHANED ---> RECALLING --it is back--> CLOSING
 *     RECALLING --it is back, a try is owed--> RETURNING --given back, or not answered--> CLOSING
 *     WAITING --a try is owed--> RETURNING
 *     AWAY, WAITING, STORING ---> CLOSING */
#ifndef TW_EVIDENCE_H
#define TW_EVIDENCE_H

#include <uv.h>

#include "observe/log.h"
#include "observe/machine.h"
#include "observe/metrics.h"
#include "pool/pool.h"

struct tw_config;
struct tw_evidence;

enum { TW_EVIDENCE_TRIES = 3, TW_EVIDENCE_WITHIN_MS = 600000 };

/* Its states and moves; a test holds them against the drawing above. */
extern const struct tw_machine tw_evidence_machine;

/* Starts connecting. What is passed must outlive it; it becomes a user of `shared`, which has a struct
 * tw_work_shared. TW_CONFIG for a conninfo that libpq refuses, TW_INTERNAL without memory. */
TW_MUST_USE bool tw_evidence_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, struct tw_pool *pool, struct tw_shared *shared, struct tw_evidence **out,
    struct tw_error *err);

/* Other entities or another model, after a reload: the next text is read with these. */
void tw_evidence_swap(struct tw_evidence *evidence, struct tw_shared *shared);

/* Closes the session; `closed` comes when every handle is gone and no worker has a text of it. Before the
 * pool ends. Once. */
void tw_evidence_end(struct tw_evidence *evidence, void (*closed)(void *context), void *context);

#endif
