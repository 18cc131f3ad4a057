/* watch_times: who stood on the watch lists that rules are held to, while a backtest's period lasted.
 *
 *     tw_watch_times_read(&times, &history, rules, now, err)
 *     tw_watched_rules_make(&sets, rules, times.items, times.count, err)      alert/watched_rules.h
 *
 * By event time, as the daemon counted them (tapewatch.watched_times): what no daemon has taken up yet is not
 * there. Or as the lists stand NOW, for the whole period: for a list that was made after it. */
#ifndef TW_WATCH_TIMES_H
#define TW_WATCH_TIMES_H

#include "alert/watched_rules.h"
#include "backtest/history.h"

/* Texts live as long as the history. */
struct tw_watch_times {
    struct tw_watched_time *items;
    uint32_t count;
};

/* Reads those that stood there at some time of the period, or stand there now. Errors of
 * history.h; TW_FULL. */
TW_MUST_USE bool tw_watch_times_read(struct tw_watch_times *times, struct tw_history *history,
    const struct tw_rule_set *rules, bool now, struct tw_error *err);

#endif
