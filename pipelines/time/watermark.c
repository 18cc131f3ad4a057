#include "time/watermark.h"

#include "time/bars.h"

static int64_t higher(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

static int64_t lower(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

/* a - b without falling below the least time; TW_NO_TIME is that least time and stays. */
static int64_t minus(int64_t time_us, int64_t less_us)
{
    return time_us < TW_NO_TIME + less_us ? TW_NO_TIME : time_us - less_us;
}

static int64_t plus(int64_t time_us, int64_t more_us)
{
    return time_us > INT64_MAX - more_us ? INT64_MAX : time_us + more_us;
}

int64_t tw_watermark_of_partition(int64_t watermark_us, int64_t highest_us, int64_t lateness_us)
{
    if (highest_us == TW_NO_TIME)
        return watermark_us;
    return higher(watermark_us, minus(highest_us, lateness_us));
}

bool tw_watermark_is_late(int64_t event_us, int64_t before_us)
{
    return before_us != TW_NO_TIME && event_us < before_us;
}

bool tw_watermark_is_idle(
    const struct tw_partition_time *partition, const struct tw_watermark_options *options)
{
    return partition->caught_up && partition->silent_us >= options->idle_after_us &&
           partition->unseen_us <= options->stale_after_us;
}

/* What the partitions come to, in one pass. */
struct standing {
    bool busy;           /* some partition is not idle */
    bool passed_over;    /* and some is */
    int64_t lowest_us;   /* of those; TW_NO_TIME when one of them has none */
    int64_t highest_us;  /* of all */
    int64_t shortest_us; /* the shortest silence of all */
};

static struct standing look_at(
    const struct tw_partition_time *partitions, size_t count, const struct tw_watermark_options *options)
{
    struct standing now = {false, false, INT64_MAX, TW_NO_TIME, INT64_MAX};
    for (size_t at = 0; at < count; at++) {
        const struct tw_partition_time *partition = &partitions[at];
        now.highest_us = higher(now.highest_us, partition->watermark_us);
        if (partition->silent_us < now.shortest_us)
            now.shortest_us = partition->silent_us;
        if (tw_watermark_is_idle(partition, options)) {
            now.passed_over = true;
            continue;
        }
        now.busy = true;
        if (partition->watermark_us < now.lowest_us)
            now.lowest_us = partition->watermark_us;
    }
    return now;
}

int64_t tw_watermark_of_stream(const struct tw_partition_time *partitions, size_t count, int64_t clock_us,
    const struct tw_watermark_options *options)
{
    struct standing now = look_at(partitions, count, options);
    int64_t most_us = now.passed_over ? minus(clock_us, options->lateness_us) : INT64_MAX;
    if (now.busy)
        return lower(now.lowest_us, most_us);
    if (now.highest_us == TW_NO_TIME)
        return TW_NO_TIME;
    if (now.shortest_us < plus(options->idle_after_us, options->lateness_us))
        return lower(now.highest_us, most_us);
    return lower(tw_bar_end(plus(now.highest_us, options->lateness_us)), most_us);
}

int64_t tw_watermark_last(
    const struct tw_partition_time *partitions, size_t count, const struct tw_watermark_options *options)
{
    int64_t last = -1;
    int64_t highest_us = TW_NO_TIME;
    for (size_t at = 0; at < count; at++) {
        highest_us = higher(highest_us, partitions[at].watermark_us);
        if (!tw_watermark_is_idle(&partitions[at], options) &&
            (last < 0 || partitions[at].watermark_us < partitions[last].watermark_us))
            last = (int64_t)at;
    }
    return last >= 0 && partitions[last].watermark_us < highest_us ? last : -1;
}

int64_t tw_watermark_close(int64_t closed_us, int64_t watermark_us)
{
    if (watermark_us == TW_NO_TIME)
        return closed_us;
    return higher(closed_us, tw_bar_start(watermark_us));
}
