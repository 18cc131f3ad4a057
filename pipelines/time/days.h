/* days: bars summed into whole days (UTC), a row each: count, sum, sum of squares, negative sum.
 *
 *     tw_days_sum(bars, count, from_us, to_us, &arena, &fresh, err)     new bars > their days
 *     tw_days_merge(&stored, &fresh, &arena, &all, err)                 what was known, and what is new
 *
 * A row of a day is one of a bar whose `bar_us` is the day's beginning. All are integers, so that a day is
 * the same however its bars were divided before they were added. */
#ifndef TW_DAYS_H
#define TW_DAYS_H

#include "time/bars.h"

#define TW_DAY_US INT64_C(86400000000)

/* Days in the order of time, each once. */
struct tw_days {
    const struct tw_bar_row *rows;
    size_t count;
};

/* The beginning of the day of a time; of times before 1970 too. */
int64_t tw_day_start(int64_t time_us);

/* The bars that begin in [from, to), by day; bars are sorted, of one entity, others are passed over. TW_FULL;
 * TW_INTERNAL when a sum does not fit. */
TW_MUST_USE bool tw_days_sum(const struct tw_bar_row *bars, size_t count, int64_t from_us, int64_t to_us,
    struct tw_arena *arena, struct tw_days *days, struct tw_error *err);

/* Both together. TW_FULL; TW_INTERNAL when a sum does not fit, days are out of order or no days, or a sum is
 * none of so many sentiments. */
TW_MUST_USE bool tw_days_merge(const struct tw_days *stored, const struct tw_days *fresh,
    struct tw_arena *arena, struct tw_days *days, struct tw_error *err);

#endif
