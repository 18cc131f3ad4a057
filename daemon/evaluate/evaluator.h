/* evaluator: who evaluates the rules, when, and up to where: alerts from closed bars.
 *
 *     each second or so    a sign of life, and the shards that are ours to hold (shards.h)
 *     each interval        positions > stream watermark > bars closed up to `to` (positions.h)
 *                          the shards that are furthest behind, from their "evaluated to":
 *                          read new bars, headlines and open alerts > a worker decides (alert/turn.h), with
 *                          the bars that rules look back on, which stay in memory (windows.h) > one
 *                          transaction writes alerts, steps, and the new "evaluated to", fenced by epoch and
 *                          token (turn_exchange.h)
 *
 * A connection of its own, whose session is part of the shards' lease: it ends by idle_session_timeout when
 * this process is stopped, or by another daemon that misses our sign of life, and all that it writes is
 * fenced by the shards' epochs besides. A sign of life goes before all else. What the watermark passed over
 * (idle partitions) is checked again, under the row's lock, in the transaction that writes; so is that no
 * newer rule set came. Intervals with much in them are cut (any cutting gives the same alerts); those with
 * nothing in them cost one round trip, however long they are.
 *
 * Rule sets live in the database, each with the edge from which it holds; the configuration's set is stored
 * when it is not the last one there, and anew when watch lists have changed that it is held to
 * (stored_rules.h). So all daemons evaluate by the same rules, and a reload takes effect at one edge.
 *
 * The machine, its states and its drawing stand in evaluator_machine.h. */
#ifndef TW_EVALUATOR_H
#define TW_EVALUATOR_H

#include <uv.h>

#include "evaluate/positions.h"
#include "evaluate/standing.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "pool/pool.h"
#include "rules/rules.h"

struct tw_config;
struct tw_evaluator;

struct tw_evaluator_events {
    void *context;
    /* Ready: connected, and member of those who share the shards. `err` is lasting only before it was ready
     * once. */
    void (*state)(void *context, bool ready, const struct tw_error *err);
    tw_is_there *is_there; /* NULL: nobody is asked */
};

/* Starts connecting. `rules` may be NULL: none, which is stored too (open alerts are then resolved). Copied.
 * Jobs go to `pool`, which must outlive it. TW_CONFIG for a conninfo that libpq refuses. */
TW_MUST_USE bool tw_evaluator_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, struct tw_pool *pool, const struct tw_rule_set *rules,
    const struct tw_evaluator_events *events, struct tw_evaluator **out, struct tw_error *err);

/* Other rules, after a reload. NULL: none. TW_INTERNAL for want of memory: then the old ones stay. */
TW_MUST_USE bool tw_evaluator_set_rules(
    struct tw_evaluator *evaluator, const struct tw_rule_set *rules, struct tw_error *err);

/* Why the rules that it was given last cannot come into force with the watch lists as they stand: those of
 * before go on. NULL: they can. Lent until the loop goes on. */
const struct tw_error *tw_evaluator_rules_refused(const struct tw_evaluator *evaluator);

/* From which edge the rules hold that it was given last; TW_NO_TIME: from the beginning. False until they
 * are the last that the database holds, and are known to be. */
bool tw_evaluator_rules_hold(const struct tw_evaluator *evaluator, int64_t *from_us);

/* Whether it is connected, and member of those who share the shards. */
bool tw_evaluator_ready(const struct tw_evaluator *evaluator);

/* For how long closed bars may have waited: milliseconds since this daemon's shards were last found evaluated
 * as far as the watermark allows, or came further. While shards that are dealt to it are another's, or it has
 * no session, it grows. */
uint64_t tw_evaluator_behind_ms(const struct tw_evaluator *evaluator);
/* What was refused last, since then; NULL: nothing was. Lent until the loop goes on. */
const struct tw_error *tw_evaluator_trouble(const struct tw_evaluator *evaluator);

/* The partition that event time waits for, as last looked; its topic is empty when there is none. Lent. */
const struct tw_holder *tw_evaluator_holder(const struct tw_evaluator *evaluator);
/* The first partition of our topics that no daemon owns, and when that was looked for. Lent. */
const struct tw_unowned *tw_evaluator_unowned(const struct tw_evaluator *evaluator);

/* Lets the shards go and closes; `closed` comes when every handle is gone. Once. */
void tw_evaluator_end(struct tw_evaluator *evaluator, void (*closed)(void *context), void *context);

#endif
