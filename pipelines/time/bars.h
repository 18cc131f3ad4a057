/* bars: sentiment summed by entity and by ten seconds of event time.
 *   in    score rows and their documents (rows.h)
 *   out   sorted struct tw_bar_row: one for each entity and bar in which it was scored
 *
 * A bar is [floor(t / 10 s) x 10 s, + 10 s) in UTC; its edge, or end, is its start + TW_BAR_US. Sums are
 * integers, so that any order of adding, any batch and any number of partitions give the same bits. A
 * score is range-checked once, here: |sentiment| <= TW_SENTIMENT_ONE.
 *
 *     tw_bars_sum      the river, once a batch of one source partition
 *     tw_bars_merge    the evaluator, over the partitions' rows of its entities; backtest over everything */
#ifndef TW_BARS_H
#define TW_BARS_H

#include "base/arena.h"
#include "rows.h"

#define TW_BAR_US INT64_C(10000000) /* width of a bar, microseconds */
#define TW_SENTIMENT_ONE 10000      /* sentiment 1.0 as an integer */

/* Start of the bar that holds a time; rounds down for times before 1970 too. */
int64_t tw_bar_start(int64_t event_us);
/* End of the bar that holds a time: the first edge at which it is seen by rules. */
int64_t tw_bar_end(int64_t event_us);

/* Sums the scores of a batch. Score rows refer to `documents` by index; only stored documents have any.
 * Rows come out sorted by symbol (byte order), then bar; symbols point where the score rows' do.
 * TW_FULL when the arena is; TW_INTERNAL for a sentiment out of range or a document index past the end. */
TW_MUST_USE bool tw_bars_sum(const struct tw_score_row *scores, uint32_t score_count,
    const struct tw_document *documents, uint32_t document_count, struct tw_arena *arena,
    struct tw_bar_row **bars, uint32_t *bar_count, struct tw_error *err);

/* Sorts `bars` in place and adds up rows of one symbol and bar; *merged is how many remain, at the front.
 * TW_INTERNAL when a sum would overflow (the rows are then unusable). */
TW_MUST_USE bool tw_bars_merge(struct tw_bar_row *bars, size_t count, size_t *merged, struct tw_error *err);

#endif
