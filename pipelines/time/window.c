#include "time/window.h"

#define MOST_DOCUMENTS (INT64_MAX / TW_SENTIMENT_ONE) /* whose count still fits in 10,000ths */

static int64_t enters_us(const struct tw_window *window)
{
    return window->enter < window->bar_count ? window->bars[window->enter].bar_us + TW_BAR_US : INT64_MAX;
}

static int64_t leaves_us(const struct tw_window *window)
{
    return window->leave < window->enter ? window->bars[window->leave].bar_us + TW_BAR_US + window->width_us
                                         : INT64_MAX;
}

int64_t tw_window_next_us(const struct tw_window *window)
{
    int64_t enters = enters_us(window);
    int64_t leaves = leaves_us(window);
    return enters < leaves ? enters : leaves;
}

bool tw_window_move(struct tw_window *window, int64_t edge_us, struct tw_error *err)
{
    bool large = false;
    while (enters_us(window) <= edge_us) {
        const struct tw_bar_row *bar = &window->bars[window->enter++];
        large |= __builtin_add_overflow(window->documents, bar->count, &window->documents);
        large |= __builtin_add_overflow(window->sum, bar->sum, &window->sum);
        large |= __builtin_add_overflow(window->negative_sum, bar->negative_sum, &window->negative_sum);
        large |= window->documents > MOST_DOCUMENTS;
    }
    while (leaves_us(window) <= edge_us && !large) {
        const struct tw_bar_row *bar = &window->bars[window->leave++];
        window->documents -= bar->count;
        window->sum -= bar->sum;
        window->negative_sum -= bar->negative_sum;
    }
    return large ? tw_fail(err, TW_INTERNAL, NULL, "compare the bars with the scores they were made from",
                       "the sums of a window do not fit into 64 bits")
                 : true;
}

bool tw_window_begin(struct tw_window *window, const struct tw_bar_row *bars, size_t bar_count,
    int64_t width_us, int64_t edge_us, struct tw_error *err)
{
    size_t low = 0, high = bar_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bars[middle].bar_us < edge_us - width_us)
            low = middle + 1;
        else
            high = middle;
    }
    *window = (struct tw_window){bars, bar_count, width_us, low, low, 0, 0, 0};
    return tw_window_move(window, edge_us, err);
}
