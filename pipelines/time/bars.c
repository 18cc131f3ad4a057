#include "time/bars.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(TW_SENTIMENT_ONE == 10000, "people and rules see a score divided by 10,000");

int64_t tw_bar_start(int64_t event_us)
{
    int64_t into = event_us % TW_BAR_US;
    if (into < 0)
        into += TW_BAR_US;
    /* The bar at the very beginning of time is cut short, instead of overflowing. */
    return event_us < INT64_MIN + into ? INT64_MIN : event_us - into;
}

int64_t tw_bar_end(int64_t event_us)
{
    int64_t start = tw_bar_start(event_us);
    return start > INT64_MAX - TW_BAR_US ? INT64_MAX : start + TW_BAR_US;
}

static int compare_bars(const void *left, const void *right)
{
    const struct tw_bar_row *one = left;
    const struct tw_bar_row *other = right;
    int order = tw_text_compare(one->symbol, other->symbol);
    if (order != 0)
        return order;
    return (one->bar_us > other->bar_us) - (one->bar_us < other->bar_us);
}

TW_MUST_USE static bool add_bar(struct tw_bar_row *into, const struct tw_bar_row *row)
{
    return !__builtin_add_overflow(into->count, row->count, &into->count) &&
           !__builtin_add_overflow(into->sum, row->sum, &into->sum) &&
           !__builtin_add_overflow(into->sum_of_squares, row->sum_of_squares, &into->sum_of_squares) &&
           !__builtin_add_overflow(into->negative_sum, row->negative_sum, &into->negative_sum);
}

/* Neither symbol nor time in the message is known to be printable: the symbol is cut, the time a number. */
static bool sum_overflows(const struct tw_bar_row *bar, struct tw_error *err)
{
    char where[160];
    snprintf(where, sizeof where, "bar %lld of %.*s", (long long)bar->bar_us,
        bar->symbol.length < 100 ? (int)bar->symbol.length : 100, bar->symbol.bytes);
    return tw_fail(err, TW_INTERNAL, where, "compare the bars with the scores they were made from",
        "its sums do not fit into 64 bits");
}

bool tw_bars_merge(struct tw_bar_row *bars, size_t count, size_t *merged, struct tw_error *err)
{
    *merged = 0;
    if (count == 0)
        return true;
    qsort(bars, count, sizeof *bars, compare_bars);
    size_t last = 0;
    for (size_t at = 1; at < count; at++) {
        if (compare_bars(&bars[last], &bars[at]) != 0)
            bars[++last] = bars[at];
        else if (!add_bar(&bars[last], &bars[at]))
            return sum_overflows(&bars[at], err);
    }
    *merged = last + 1;
    return true;
}

static struct tw_bar_row bar_of(struct tw_text symbol, int64_t event_us, int64_t sentiment)
{
    return (struct tw_bar_row){
        .symbol = symbol,
        .bar_us = tw_bar_start(event_us),
        .count = 1,
        .sum = sentiment,
        .sum_of_squares = sentiment * sentiment,
        .negative_sum = sentiment < 0 ? sentiment : 0,
    };
}

bool tw_bars_sum(const struct tw_score_row *scores, uint32_t score_count, const struct tw_document *documents,
    uint32_t document_count, struct tw_arena *arena, struct tw_bar_row **bars, uint32_t *bar_count,
    struct tw_error *err)
{
    *bars = NULL;
    *bar_count = 0;
    struct tw_bar_row *rows = tw_arena_array(arena, score_count, sizeof *rows);
    if (!rows)
        return tw_arena_fail(arena, err);
    for (uint32_t at = 0; at < score_count; at++) {
        const struct tw_score_row *score = &scores[at];
        int32_t sentiment = score->score.sentiment;
        if (score->document >= document_count)
            return tw_fail(err, TW_INTERNAL, NULL, NULL, "score row %u is of document %u, the batch has %u",
                at, score->document, document_count);
        if (sentiment < -TW_SENTIMENT_ONE || sentiment > TW_SENTIMENT_ONE)
            return tw_fail(err, TW_INTERNAL, NULL, NULL, "score row %u has sentiment %d, outside +-%d", at,
                sentiment, TW_SENTIMENT_ONE);
        rows[at] = bar_of(score->symbol, documents[score->document].event_us, sentiment);
    }
    size_t merged;
    if (!tw_bars_merge(rows, score_count, &merged, err))
        return false;
    *bars = rows;
    *bar_count = (uint32_t)merged;
    return true;
}
