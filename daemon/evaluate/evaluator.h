/* evaluator: who evaluates the rules, when, and up to where: alerts from closed bars.
 *
 *     each second or so    a sign of life in tapewatch.members; shards are shared out among those alive: shard s is
 *                          for the (s mod n)-th of n; what is wanted is locked, taken, and held; the rest let go
 *     each interval        positions > stream watermark (watermark.h) > bars closed up to `to`
 *                          the shards that are furthest behind, from their "evaluated to":
 *                          read bars, headlines and open alerts > a worker decides (turn_rows.h) > one transaction
 *                          writes alerts, steps, and the new "evaluated to", fenced by epoch and token
 *
 * A connection of its own: its advisory locks are the shards' locks, its session ends by idle_session_timeout when
 * this process is stopped, and all that it writes is fenced by the shards' epochs besides. What the watermark passed
 * over (idle partitions) is checked again, under the row's lock, in the transaction that writes; so is that no newer
 * rule set came. Intervals with much in them are cut (any cutting gives the same alerts); those with nothing in
 * them cost one round trip, however long they are.
 *
 * Rule sets live in the database, each with the edge from which it holds; the configuration's set is stored when it
 * is not the last one there. So all daemons evaluate by the same rules, and a reload takes effect at one edge. */
#ifndef TW_EVALUATOR_H
#define TW_EVALUATOR_H

#include <uv.h>

#include "alert/rules.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "pool/pool.h"

struct tw_config;
struct tw_evaluator;

struct tw_evaluate_events {
    void *context;
    /* Ready: connected, and member of those who share the shards. `err` is lasting only before it was ready once. */
    void (*state)(void *context, bool ready, const struct tw_error *err);
};

/* Starts connecting. `rules` may be NULL: none, which is stored too (open alerts are then resolved). Copied. Jobs go to
 * `pool`, which must outlive it. TW_CONFIG for a conninfo that libpq refuses. */
TW_MUST_USE bool tw_evaluate_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, struct tw_pool *pool, const struct tw_rule_set *rules,
    const struct tw_evaluate_events *events, struct tw_evaluator **out, struct tw_error *err);

/* Other rules, after a reload. */
TW_MUST_USE bool tw_evaluate_rules(
    struct tw_evaluator *evaluator, const struct tw_rule_set *rules, struct tw_error *err);

bool tw_evaluate_ready(const struct tw_evaluator *evaluator);

/* Lets the shards go and closes; `closed` comes when every handle is gone. */
void tw_evaluate_end(struct tw_evaluator *evaluator, void (*closed)(void *context), void *context);

#endif
