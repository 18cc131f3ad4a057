#include "rule_kinds/baseline.h"

#include <inttypes.h>

int64_t tw_baseline_back_us(int64_t window_us, int64_t count)
{
    return window_us + (count + 1) * TW_DAY_US;
}

/* The first of the days that does not begin before a time. */
static size_t first_day(const struct tw_rule_run *run, int64_t from_us)
{
    size_t low = 0, high = run->day_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->days[middle].bar_us < from_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct tw_baseline tw_baseline_at(const struct tw_rule_run *run, int64_t count, int64_t edge_us)
{
    int64_t end_us = tw_day_start(edge_us - run->rule->window_us);
    size_t first = first_day(run, end_us - count * TW_DAY_US);
    size_t end = first_day(run, end_us);
    return (struct tw_baseline){
        .days = run->days + first, .day_count = end - first, .end_us = end_us, .length = count};
}

int64_t tw_baseline_next_us(int64_t window_us, int64_t edge_us)
{
    return tw_day_start(edge_us - window_us) + TW_DAY_US + window_us;
}

int64_t tw_baseline_changes_us(const struct tw_window *window, int64_t after_us)
{
    int64_t moves_us = tw_window_next_us(window);
    int64_t other_us = window->documents > 0 ? tw_baseline_next_us(window->width_us, after_us) : TW_NEVER_US;
    return moves_us < other_us ? moves_us : other_us;
}

bool tw_baseline_check(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *window, const struct tw_yaml_value *days,
    const struct tw_yaml_value *at_least_days)
{
    const struct tw_yaml_node *place = days->node ? days->node : node;
    if (window->has_value && days->has_value && days->number * TW_DAY_US < window->number)
        return tw_yaml_problem(reader->problems, place, "give it more days, or a shorter window",
            "a baseline of %" PRId64 " day%s is shorter than its window", days->number,
            days->number == 1 ? "" : "s");
    place = at_least_days->node ? at_least_days->node : place;
    if (days->has_value && at_least_days->has_value && at_least_days->number > days->number)
        return tw_yaml_problem(reader->problems, place, "give it no more than `days`",
            "\"at_least_days\" %" PRId64 " of %" PRId64 " can never be", at_least_days->number, days->number);
    return true;
}
