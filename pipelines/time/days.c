#include "time/days.h"

#include <inttypes.h>

#define MOST_DOCUMENTS INT64_C(1000000000000) /* of a day; what is made of a day's sums fits in 128 bits */

int64_t tw_day_start(int64_t time_us)
{
    int64_t rest = time_us % TW_DAY_US;
    return time_us - rest - (rest < 0 ? TW_DAY_US : 0);
}

static bool add(struct tw_bar_row *day, const struct tw_bar_row *more, struct tw_error *err)
{
    bool large = __builtin_add_overflow(day->count, more->count, &day->count);
    large |= __builtin_add_overflow(day->sum, more->sum, &day->sum);
    large |= __builtin_add_overflow(day->sum_of_squares, more->sum_of_squares, &day->sum_of_squares);
    large |= __builtin_add_overflow(day->negative_sum, more->negative_sum, &day->negative_sum);
    return large ? tw_fail(err, TW_INTERNAL, NULL, "compare the bars with the scores they were made from",
                       "the sums of a day do not fit into 64 bits")
                 : true;
}

/* A day of nothing but copies of stories is none. */
static size_t leave_out_empty(struct tw_bar_row *days, size_t count)
{
    size_t kept = 0;
    for (size_t at = 0; at < count; at++)
        if (days[at].count > 0)
            days[kept++] = days[at];
    return kept;
}

bool tw_days_sum(const struct tw_bar_row *bars, size_t count, int64_t from_us, int64_t to_us,
    struct tw_arena *arena, struct tw_days *days, struct tw_error *err)
{
    struct tw_bar_row *rows = NULL;
    size_t first, day_count = 0;
    int64_t last_us = 0;
    *days = (struct tw_days){0};
    while (count > 0 && bars[count - 1].bar_us >= to_us)
        count--;
    first = count;
    while (first > 0 && bars[first - 1].bar_us >= from_us)
        first--;
    for (size_t at = first; at < count; at++) {
        int64_t day_us = tw_day_start(bars[at].bar_us);
        day_count += at == first || day_us != last_us;
        last_us = day_us;
    }
    rows = tw_arena_array(arena, day_count, sizeof *rows);
    if (!rows)
        return tw_arena_fail(arena, err);
    *days = (struct tw_days){.rows = rows};
    for (size_t at = first; at < count; at++) {
        int64_t day_us = tw_day_start(bars[at].bar_us);
        if (days->count == 0 || rows[days->count - 1].bar_us != day_us)
            rows[days->count++] = (struct tw_bar_row){.symbol = bars[at].symbol, .bar_us = day_us};
        if (!add(&rows[days->count - 1], &bars[at], err))
            return false;
    }
    days->count = leave_out_empty(rows, days->count);
    return true;
}

static bool check(const struct tw_days *days, struct tw_error *err)
{
    for (size_t at = 0; at < days->count; at++) {
        const struct tw_bar_row *day = &days->rows[at];
        if (tw_day_start(day->bar_us) != day->bar_us || (at > 0 && days->rows[at - 1].bar_us >= day->bar_us))
            return tw_fail(err, TW_INTERNAL, NULL, NULL,
                "day %zu, of %" PRId64 ", is out of order or no day's beginning", at, day->bar_us);
        bool counted = day->count >= 0 && day->count <= MOST_DOCUMENTS;
        int64_t most = counted ? day->count * TW_SENTIMENT_ONE : 0;
        if (!counted || day->sum > most || day->sum < -most || day->sum_of_squares < 0 ||
            day->sum_of_squares / TW_SENTIMENT_ONE > most)
            return tw_fail(err, TW_INTERNAL, NULL, "compare the days with the bars they were made from",
                "the sums of the day %" PRId64 " are not those of %" PRId64 " sentiments", day->bar_us,
                day->count);
    }
    return true;
}

bool tw_days_merge(const struct tw_days *stored, const struct tw_days *fresh, struct tw_arena *arena,
    struct tw_days *days, struct tw_error *err)
{
    size_t one = 0, other = 0;
    struct tw_bar_row *rows = tw_arena_array(arena, stored->count + fresh->count, sizeof *rows);
    if (!rows)
        return tw_arena_fail(arena, err);
    *days = (struct tw_days){.rows = rows};
    while (one < stored->count || other < fresh->count) {
        struct tw_bar_row *row = &rows[days->count++];
        int64_t stored_us = one < stored->count ? stored->rows[one].bar_us : INT64_MAX;
        int64_t fresh_us = other < fresh->count ? fresh->rows[other].bar_us : INT64_MAX;
        *row = stored_us <= fresh_us ? stored->rows[one++] : fresh->rows[other++];
        if (stored_us == fresh_us && !add(row, &fresh->rows[other++], err))
            return false;
    }
    return check(days, err);
}
