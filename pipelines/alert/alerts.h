/* alerts: opened, updated, resolved: the life of an alert, as a pure function of event time.
 *   in    the rule sets with the edge from which each holds; one entity's bars, headline rows, open alerts
 *         and those that were resolved of late; an interval of event time whose bars are closed
 *   out   every step of every alert within it, and the alerts as they stand at its end
 *
 * One alert is open for each rule and entity at most.
 *
 *                     condition holds / a headline
 *          (none) ------------------------------------> OPEN <---------------------+
 *                                                        |  ^ grew worse by `step`,  |
 *                                                        |  | or another headline:   | no longer past
 *                                                        |  +--- step `updated`      | `resolve`
 *                                past `resolve`          v                           |
 *                               (a headline: at once)  QUIET ------------------------+
 *                                                        |
 *          rule removed, changed in kind or measure,     | quiet for `quiet`
 *          or entity no longer covered                   v
 *          (from OPEN or QUIET) ---------------------> RESOLVED
 *
 * OPEN and QUIET are both "not resolved" (state 'open' in the database); QUIET is OPEN with quiet_since_us
 * set, and going there and back is no step, for nobody need be told.
 *
 * TIME. Everything happens at bar edges (multiples of TW_BAR_US). At edge e a threshold rule sees the bars of
 * [e - window, e); a headline of event time t is seen at tw_bar_end(t). A call treats the edges in (from,
 * to]: from = evaluated up to, to = closed up to (watermark.h). At each edge the value is judged before the
 * clock: a bar that worsens things at the very edge where quiet would have ended keeps the alert open.
 *
 * DETERMINISM. However (from, to] is cut into consecutive calls, the steps and the final alerts are the same,
 * if the alerts put out by one call go into the next and bars are complete. Nothing but those alerts need be
 * kept: the open ones, and, as long as a rule of others may look back on their opening, those resolved. The
 * very first interval may begin anywhere at or before the first bar. So live, replay and backtest agree, and
 * a daemon that takes a shard over goes on where the other stopped.
 *
 * DAYS. A rule with a baseline looks back on whole days, further than bars are kept: their sums come in
 * beside the bars, and each bar must be added to its day once it lies before `from` (turn.h gives what to
 * add).
 *
 * COST is that of the bars and headlines given, never of the edges passed: a window's value changes only
 * where a bar enters it (its end) or leaves it (its end + window), so only those edges are visited, and the
 * one where a quiet period ends. Sixteen silent weeks cost nothing.
 *
 * WHOM TO ASK. For any other entity a call gives nothing, so it need not be made, nor its bars be read:
 *     those with an open alert;
 *     those with a bar that begins in [from, to), or a headline row seen by `to`;
 *     those with an alert that was opened of late and is resolved by now, where a rule is of others;
 *     where a rule takes the mean: those with a bar that begins in [from - window, to - window), for a good
 *     document that leaves the window can make a mean worse (it never makes a count or a negative sum worse);
 *     where a rule has a baseline: those with a bar that begins in [from - window, to), for there may be
 *     another baseline after midnight;
 *     where a set takes effect at E in [from, to): those with a bar that begins in [E - longest window, to).
 *
 * RULE SETS. A set with holds_from E governs the edges in (E, E of the next set]; so it takes effect with the
 * first bar that begins at E. There, at E + TW_BAR_US, each alert that is open by a rule that is gone, is of
 * another kind now, or does not cover the entity any more is resolved with that reason. A rule that merely
 * changed keeps its open alert and goes on with its new numbers. A set must be stored with an E not before
 * what has been evaluated; if it comes too late all the same, it holds from the first edge of the interval.
 *
 * UPDATES. A threshold alert is updated when its condition holds and its value has grown worse than the last
 * value reported by at least the rule's `update_step`; a headline alert at each edge that brings more
 * headlines. Headlines at one edge are one step; the worst speaks (ties: earlier, then topic, partition,
 * offset).
 *
 * A headline row older than `from` was late; it speaks at the first edge of the interval, since a late
 * warning is better than none; the caller hands each row in once. Where a rule asks for several stories, rows
 * that were seen before go in again as past ones (`is_past`), from `from` - longest spoken on: they count.
 *
 * Values are in 10,000ths throughout: sums and means of sentiment, counts of documents (5 = 50,000). */
#ifndef TW_ALERTS_H
#define TW_ALERTS_H

#include "rule_kinds/steps.h"
#include "rules/rules.h"
#include "time/days.h"

/* A rule set and the edge from which it holds; the first may hold from TW_NO_TIME (always). */
struct tw_rule_span {
    const struct tw_rule_set *rules;
    int64_t holds_from_us;
    int32_t id; /* the caller's own number of the set, untouched */
};

struct tw_alerts_input {
    const struct tw_rule_span *spans; /* sorted by holds_from_us, at least those that govern (from, to] */
    uint32_t span_count;
    struct tw_text symbol;
    bool listed;
    const struct tw_bar_row *bars; /* of this entity, merged over partitions, sorted by bar, covering at least
                                      [from - longest window, to); others are passed over */
    size_t bar_count;
    struct tw_days days; /* of this entity: its bars before `from`, by day, from longest days before it at
                            least; those of the day of `from` among them */
    const struct tw_headline_event *events; /* of this entity, in any order; those of edges past `to` wait
                                               for a later call */
    size_t event_count;
    const struct tw_alert *open; /* of this entity, not resolved */
    uint32_t open_count;
    const struct tw_alert
        *past; /* of this entity, resolved, opened after from - longest past window at least */
    uint32_t past_count;
    int64_t from_us; /* both multiples of TW_BAR_US */
    int64_t to_us;
};

struct tw_alerts_output {
    struct tw_alert *alerts; /* those that came in, same order, then those opened; resolved ones too */
    uint32_t alert_count;
    struct tw_alert_change *changes; /* in order of edge, then rule name */
    uint32_t change_count;
};

/* Evaluates one entity over one interval. All output lives in the arena; alerts' and events' texts are
 * referred to, not copied. TW_FULL; TW_INTERNAL when the input breaks what is said above (edges off the grid,
 * bars out of order, sums that overflow, two open alerts of one rule). */
TW_MUST_USE bool tw_alerts_evaluate(const struct tw_alerts_input *input, struct tw_arena *arena,
    struct tw_alerts_output *output, struct tw_error *err);

#endif
