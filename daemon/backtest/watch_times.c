#include "backtest/watch_times.h"

#include "base/growing.h"
#include "postgres/wire.h"

enum { FIRST_ITEMS = 64 };

struct reading {
    struct tw_watch_times *times;
    struct tw_history *history;
    const struct tw_rule_set *rules;
    size_t capacity;
};

static bool is_wanted(const struct tw_rule_set *rules, struct tw_text list)
{
    for (uint32_t at = 0; at < rules->count; at++)
        if (tw_text_is_among(list, rules->rules[at].lists, rules->rules[at].list_count))
            return true;
    return false;
}

static int64_t time_at(const PGresult *row, int column, int64_t otherwise_us)
{
    return PQgetisnull(row, 0, column) ? otherwise_us : tw_get_time(PQgetvalue(row, 0, column));
}

/* What lies beyond the period's ends changes nothing in it, and needs no set of its own. */
static bool take_row(void *context, const PGresult *row, struct tw_error *err)
{
    enum { LIST, ENTITY, FROM, TO };
    struct reading *reading = context;
    struct tw_watch_times *times = reading->times;
    struct tw_arena *arena = &reading->history->arena;
    int64_t from_us = time_at(row, FROM, TW_NO_TIME), to_us = time_at(row, TO, TW_NEVER_US);
    if (from_us >= reading->history->to_us || to_us <= reading->history->begin_us ||
        !is_wanted(reading->rules, tw_get_text(row, 0, LIST)))
        return true;
    if (times->count == reading->capacity) {
        struct tw_watched_time *items =
            tw_grow_arena(arena, times->items, &reading->capacity, sizeof *items, FIRST_ITEMS);
        if (!items)
            return tw_arena_fail(arena, err);
        times->items = items;
    }
    struct tw_watched_time *item = &times->items[times->count++];
    item->watched.list = tw_arena_copy(arena, tw_get_text(row, 0, LIST));
    item->watched.entity = tw_arena_copy(arena, tw_get_text(row, 0, ENTITY));
    item->from_us = from_us <= reading->history->begin_us ? TW_NO_TIME : from_us;
    item->to_us = to_us >= reading->history->to_us ? TW_NEVER_US : to_us;
    return !arena->full || tw_arena_fail(arena, err);
}

bool tw_watch_times_read(struct tw_watch_times *times, struct tw_history *history,
    const struct tw_rule_set *rules, bool now, struct tw_error *err)
{
    struct reading reading = {times, history, rules, 0};
    *times = (struct tw_watch_times){0};
    if (!rules->watches)
        return true;
    return tw_history_each_row(history, "tapewatch.watch_history",
        now ? "SELECT list, entity, NULL::timestamptz, NULL::timestamptz FROM tapewatch.watch_history"
              " WHERE removed_at IS NULL"
            : "SELECT list, entity, from_time, to_time FROM tapewatch.watch_history WHERE from_time IS NOT NULL",
        0, NULL, NULL, NULL, take_row, &reading, err);
}
