/* windows: the bars that rules look back on, in memory, a set for each shard (alert/recent_bars.h); and the
 * sums of whole days, where a rule has a baseline.
 *
 * A shard's window holds the bars of [from, to). It is WHOLE when `to` is where the shard is evaluated to,
 * and `from` lies as far before that as the rules look back: a turn then reads what is new, and nothing
 * else. One that is not whole (a shard taken anew, rules that look back further) is read from the tables in
 * pieces, from its `to` on.
 *
 *     tw_windows_follow(&windows, &shards, &back)           before each turn: what is held, how far back
 *     tw_windows_is_whole(&windows, &shards, shard)         which may be evaluated
 *     tw_windows_put(&windows, &chosen, from_us, rows, err)          bars of these shards, from there on
 *     tw_windows_put_late(&windows, &chosen, from_us, rows, err)     bars before that which changed since
 *     tw_windows_put_days(&windows, &chosen, rows, err)     days of shards whose window was begun
 *     tw_windows_moved(&windows, &chosen, to_us, &back)     all of that counts: committed, or a piece
 *     tw_windows_add_days(&windows, late, days, count)      what the committed turn added to its days
 *
 * What was put behind `to` and never counted is put anew by the next turn: nothing of a turn that came to
 * nothing is left. A window is its shard's under one epoch; with the session all are forgotten, for others
 * may have changed what lies behind, and the next server may be a standby that lagged. */
#ifndef TW_WINDOWS_H
#define TW_WINDOWS_H

#include "alert/recent_bars.h"
#include "evaluate/shards.h"

/* How far back rules look from an edge. */
struct tw_look_back {
    int64_t bars_us;
    int64_t days_us; /* 0: no rule looks at days, and none are kept */
};

struct tw_shard_window {
    struct tw_recent_bars bars;
    struct tw_recent_bars days; /* what lies in them before `to_us` */
    int64_t days_from_us;       /* INT64_MAX: none are kept */
    bool days_read;             /* or none are kept, or there are none */
    int64_t epoch;              /* of the shard when it was begun; 0: it is not */
    int64_t from_us;
    int64_t to_us;
};

struct tw_windows {
    struct tw_recent_memory memory; /* of all of them */
    struct tw_shard_window shards[TW_SHARDS];
};

/* Windows of nothing, which may take so many bytes. */
void tw_windows_begin(struct tw_windows *windows, size_t most_bytes);
/* Forgets all of them, and frees their memory; they may be used on. */
void tw_windows_forget(struct tw_windows *windows);

/* Forgets windows of shards that are not held any more, begins those that are held anew or look back
 * further. */
void tw_windows_follow(
    struct tw_windows *windows, const struct tw_shards *shards, const struct tw_look_back *back);
/* Whether the shard may be evaluated: it is held, and its window holds all that rules look back on. */
bool tw_windows_is_whole(const struct tw_windows *windows, const struct tw_shards *shards, int shard);

/* The bar, or the day, in a row of TW_BARS_READ, TW_LATE_READ, TW_DAYS_READ or TW_LATE_DONE; one without
 * sums is gone. The symbol is the row's. */
struct tw_bar_row tw_windows_bar_of(const PGresult *rows, int row);

/* Takes rows of TW_BARS_READ in: bars of the chosen shards, all there are from `from_us` on. TW_FULL,
 * TW_INTERNAL for want of memory; TW_INTERNAL for a bar of another shard. */
TW_MUST_USE bool tw_windows_put(struct tw_windows *windows, const struct tw_shards_chosen *chosen,
    int64_t from_us, const PGresult *rows, struct tw_error *err);
/* Takes rows of TW_LATE_READ in: bars of the chosen shards that have other sums by now. Those that begin at
 * `from_us` or later are left alone: tw_windows_put brings them; so are those that no rule looks back on. */
TW_MUST_USE bool tw_windows_put_late(struct tw_windows *windows, const struct tw_shards_chosen *chosen,
    int64_t from_us, const PGresult *rows, struct tw_error *err);

/* Those of the chosen shards whose days are yet to be read, into numbers[TW_SHARDS]; their count. */
uint32_t tw_windows_days_unread(
    const struct tw_windows *windows, const struct tw_shards_chosen *chosen, int16_t *numbers);
/* Takes rows of TW_DAYS_READ in: days of those shards. NULL: none were asked for. TW_FULL, TW_INTERNAL. */
TW_MUST_USE bool tw_windows_put_days(struct tw_windows *windows, const struct tw_shards_chosen *chosen,
    const PGresult *rows, struct tw_error *err);

/* The windows of the chosen shards go on to `to_us`, and need hold nothing from before what `back` says. */
void tw_windows_moved(struct tw_windows *windows, const struct tw_shards_chosen *chosen, int64_t to_us,
    const struct tw_look_back *back);

/* A turn was committed: rows of TW_LATE_DONE stand for days as they were summed anew (NULL: none), `days`
 * were added after that. A window for which there is no memory is begun anew. */
void tw_windows_add_days(
    struct tw_windows *windows, const PGresult *late, const struct tw_bar_row *days, uint32_t count);

#endif
