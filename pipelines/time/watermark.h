/* watermark: how far event time has come; bars that end at or before it are closed.
 *
 * Of a partition: the highest event time that moves it, less the allowed lateness. Times that lie too far
 * ahead of their record's own stamp do not move it (decode decides: document.moves_watermark), ticks do.
 *
 * Of the stream: the lowest over the partitions that are not idle. A partition is IDLE when all three hold:
 *
 *     caught_up                      the end-of-partition event came after its last record, and its broker
 *                                    has answered since, lately: one that cannot be reached may hold anything
 *     silent_us >= idle_after        and nothing has come since (counted from that event if it never held
 *                                    any)
 *     unseen_us <= stale_after       and its owner is alive to say so: a stored "caught up" of a stopped
 *                                    daemon says nothing about what has arrived since
 *
 * so one that is merely slow, lags, or has no owner is never idle, and holds the stream back. One that is not
 * idle and has had no record yet has no watermark: it may hold anything, so the stream has none either.
 *
 * When ALL are idle there is nobody to wait for:
 *
 *     at once                        the highest over partitions. That is where the last busy partition stood
 *                                    or further, so nothing steps back, and an old, dead partition (one with
 *                                    a single record of 1987) does not hold the others for ever. Partitions
 *                                    that never had a record have no say.
 *     silence >= idle_after + lateness, everywhere
 *                                    the end of the bar that holds the newest event: the allowed lateness has
 *                                    been waited out by the clock instead of by events. A living stream would
 *                                    by now have moved its own event time by the lateness, so a record that
 *                                    comes later from before is late by the same measure. So the last bars of
 *                                    a finished archive, or before a quiet night, are evaluated within a
 *                                    minute or two, not at the next record.
 *
 * While any partition is idle, the stream goes no further than the clock less the lateness: those that are
 * heard must not carry it to times that have not come yet, for what wakes up next to them would be late.
 * Only when none is passed over do event times lead the clock.
 *
 * Why replay stays equal to life though clocks take part here: the watermark decides WHEN bars are evaluated,
 * never WHAT comes out (alerts.h: any cutting of event time gives the same steps), as long as no document is
 * late; and documents are counted when they are (`late`).
 *
 * The stream's watermark may step back (a partition wakes up with older records); what has been closed stays
 * closed: tw_watermark_close takes the higher of both. All functions are pure; times are microseconds. */
#ifndef TW_WATERMARK_H
#define TW_WATERMARK_H

#include "document.h"

struct tw_watermark_options {
    int64_t lateness_us;    /* allowed disorder in event time (default 60 s) */
    int64_t idle_after_us;  /* watermark.idle_after (default 30 s) */
    int64_t stale_after_us; /* an owner not heard of for so long has no say about silence (say 5 s) */
};

/* One partition as the row of stream_positions tells it. */
struct tw_partition_time {
    int64_t watermark_us; /* TW_NO_TIME when no record has moved it yet */
    bool caught_up;       /* end-of-partition event since the last record */
    int64_t silent_us;    /* clock time since its last record (or since caught up, when it never had one) */
    int64_t unseen_us;    /* clock time since its owner last refreshed the row */
};

/* The watermark that `highest_us` makes; never steps back behind `watermark_us`. TW_NO_TIME stands for "none"
 * in both. */
int64_t tw_watermark_of_partition(int64_t watermark_us, int64_t highest_us, int64_t lateness_us);

/* A document is late when its event time lies below the partition's watermark as it stood before it.
 * `before_us` is that watermark or TW_NO_TIME: within a batch,
 * tw_watermark_of_partition(stored, tw_rows.latest_us[document], lateness). */
bool tw_watermark_is_late(int64_t event_us, int64_t before_us);

/* Caught up, and silent for longer than the options allow: it holds the stream's time back no more. */
bool tw_watermark_is_idle(
    const struct tw_partition_time *partition, const struct tw_watermark_options *options);

/* The stream's watermark by the rule above, at `clock_us`; TW_NO_TIME when there is none (no partition, no
 * record, or one that is not idle and has none). */
int64_t tw_watermark_of_stream(const struct tw_partition_time *partitions, size_t count, int64_t clock_us,
    const struct tw_watermark_options *options);

/* Which of them the stream waits for: the lowest that is not idle, when another is further; -1: none, or all
 * stand alike. */
int64_t tw_watermark_last(
    const struct tw_partition_time *partitions, size_t count, const struct tw_watermark_options *options);

/* Up to which edge bars are closed, given how far they were: a multiple of TW_BAR_US, never lower than
 * before. `closed_us` may be TW_NO_TIME (nothing yet), then so may the result. */
int64_t tw_watermark_close(int64_t closed_us, int64_t watermark_us);

#endif
