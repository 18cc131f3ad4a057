/* baseline: a window held against the entity's own past, in whole days (UTC).
 *
 *     count days            (days that belong to neither)    window
 *     |---------------------------|. . . . . . . . . . |===========|
 *                                 end                  |           edge
 *                                 the midnight before the window begins
 *
 * The BASELINE of an edge is the `count` days before the day in which its window begins: it holds no document
 * of the window, and none that could still come on time. It changes at the edge that lies a window after
 * midnight, and nowhere else. A day is the sum of its bars (count, sum, sum of squares: integers), so that
 * whoever has the bars has the baseline.
 *
 *     tw_window_move(&window, edge_us, err)
 *     tw_baseline_at(run, count, edge_us)                what the window is held against
 *     tw_baseline_changes_us(&window, edge_us)           the next edge worth looking at */
#ifndef TW_BASELINE_H
#define TW_BASELINE_H

#include "rule_kinds/rule.h"
#include "time/days.h"
#include "time/window.h"

enum { TW_BASELINE_MOST_DAYS = 90 };

struct tw_baseline {
    const struct tw_bar_row *days; /* those with documents, in the order of time; `bar_us` their beginning */
    size_t day_count;
    int64_t end_us; /* where its last day ends */
    int64_t length; /* days, with and without documents */
};

/* How far back days must be known, from an edge. */
int64_t tw_baseline_back_us(int64_t window_us, int64_t count);

/* The baseline of an edge, out of the days of a run. */
struct tw_baseline tw_baseline_at(const struct tw_rule_run *run, int64_t count, int64_t edge_us);

/* The first edge after this one whose baseline is another. */
int64_t tw_baseline_next_us(int64_t window_us, int64_t edge_us);

/* The first edge after this one, at which the window stands, whose window or baseline is another. An empty
 * window finds nothing, whatever the baseline: silent weeks cost nothing. */
int64_t tw_baseline_changes_us(const struct tw_window *window, int64_t after_us);

/* -- what kinds with a baseline read alike: adds a problem and returns false, or returns true ------------ */

/* `days` must reach back at least as far as `window`, and hold `at_least_days`. */
bool tw_baseline_check(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *window, const struct tw_yaml_value *days,
    const struct tw_yaml_value *at_least_days);

#endif
