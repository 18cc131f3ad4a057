#include "evaluate/windows.h"

#include "document.h"
#include "postgres/wire.h"

/* Columns of the rows. */
enum { ENTITY, LISTED, BAR_START, SCORES, SUM, SQUARES, NEGATIVE };

void tw_windows_begin(struct tw_windows *windows, size_t most_bytes)
{
    *windows = (struct tw_windows){.memory = {.most = most_bytes}};
    for (int shard = 0; shard < TW_SHARDS; shard++) {
        tw_recent_begin(&windows->shards[shard].bars, &windows->memory);
        tw_recent_begin(&windows->shards[shard].days, &windows->memory);
    }
}

static void forget(struct tw_shard_window *window)
{
    tw_recent_end(&window->bars);
    tw_recent_end(&window->days);
    window->epoch = 0;
}

void tw_windows_forget(struct tw_windows *windows)
{
    for (int shard = 0; shard < TW_SHARDS; shard++)
        forget(&windows->shards[shard]);
}

/* Where rules look on from. Never evaluated: event times begin in 1970, there is nothing before. */
static int64_t edge_of(const struct tw_shard *shard)
{
    return shard->evaluated_us == TW_NO_TIME ? 0 : shard->evaluated_us;
}

/* Whether it goes back as far as rules look from `edge_us`, under its shard's epoch. */
static bool reaches(const struct tw_shard_window *window, const struct tw_shard *shard, int64_t edge_us,
    const struct tw_look_back *back)
{
    return window->epoch == shard->epoch && window->from_us <= edge_us - back->bars_us &&
           window->to_us <= edge_us &&
           (back->days_us == 0 || window->days_from_us <= edge_us - back->days_us);
}

void tw_windows_follow(
    struct tw_windows *windows, const struct tw_shards *shards, const struct tw_look_back *back)
{
    for (int number = 0; number < TW_SHARDS; number++) {
        const struct tw_shard *shard = &shards->shards[number];
        struct tw_shard_window *window = &windows->shards[number];
        int64_t edge_us = edge_of(shard);
        if (shard->hold != TW_SHARD_HELD) {
            forget(window);
            continue;
        }
        if (reaches(window, shard, edge_us, back))
            continue;
        forget(window);
        window->epoch = shard->epoch;
        window->from_us = edge_us - back->bars_us;
        window->to_us = shard->evaluated_us == TW_NO_TIME ? edge_us : window->from_us;
        window->days_from_us = back->days_us > 0 ? edge_us - back->days_us : INT64_MAX;
        window->days_read = back->days_us == 0 || shard->evaluated_us == TW_NO_TIME;
    }
}

bool tw_windows_is_whole(const struct tw_windows *windows, const struct tw_shards *shards, int shard)
{
    const struct tw_shard_window *window = &windows->shards[shard];
    const struct tw_shard *held = &shards->shards[shard];
    return held->hold == TW_SHARD_HELD && window->epoch == held->epoch && window->days_read &&
           window->to_us == edge_of(held);
}

struct tw_bar_row tw_windows_bar_of(const PGresult *rows, int row)
{
    if (PQgetisnull(rows, row, SCORES))
        return (struct tw_bar_row){
            .symbol = {PQgetvalue(rows, row, ENTITY), (size_t)PQgetlength(rows, row, ENTITY)},
            .bar_us = tw_get_time(PQgetvalue(rows, row, BAR_START))};
    return (struct tw_bar_row){
        .symbol = {PQgetvalue(rows, row, ENTITY), (size_t)PQgetlength(rows, row, ENTITY)},
        .bar_us = tw_get_time(PQgetvalue(rows, row, BAR_START)),
        .count = tw_get_int64(PQgetvalue(rows, row, SCORES)),
        .sum = tw_get_int64(PQgetvalue(rows, row, SUM)),
        .sum_of_squares = tw_get_int64(PQgetvalue(rows, row, SQUARES)),
        .negative_sum = tw_get_int64(PQgetvalue(rows, row, NEGATIVE)),
    };
}

static bool is_chosen(const struct tw_shards_chosen *chosen, int16_t shard)
{
    for (uint32_t at = 0; at < chosen->count; at++)
        if (chosen->numbers[at] == shard)
            return true;
    return false;
}

static struct tw_shard_window *window_of(struct tw_windows *windows, const struct tw_shards_chosen *chosen,
    struct tw_text symbol, struct tw_error *err)
{
    int16_t shard = tw_shard_of(symbol);
    if (is_chosen(chosen, shard))
        return &windows->shards[shard];
    tw_fail(err, TW_INTERNAL, "tapewatch.bars", "compare its column shard with that of tapewatch.entities",
        "a bar of %.*s is not of shard %d", (int)symbol.length, symbol.bytes, shard);
    return NULL;
}

bool tw_windows_put(struct tw_windows *windows, const struct tw_shards_chosen *chosen, int64_t from_us,
    const PGresult *rows, struct tw_error *err)
{
    for (uint32_t at = 0; at < chosen->count; at++)
        tw_recent_cut(&windows->shards[chosen->numbers[at]].bars, from_us);
    for (int row = 0; row < PQntuples(rows); row++) {
        struct tw_bar_row bar = tw_windows_bar_of(rows, row);
        struct tw_shard_window *window = window_of(windows, chosen, bar.symbol, err);
        if (!window || !tw_recent_put(&window->bars, &bar, *PQgetvalue(rows, row, LISTED) != 0, err))
            return false;
    }
    return true;
}

bool tw_windows_put_late(struct tw_windows *windows, const struct tw_shards_chosen *chosen, int64_t from_us,
    const PGresult *rows, struct tw_error *err)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        struct tw_bar_row bar = tw_windows_bar_of(rows, row);
        struct tw_shard_window *window = window_of(windows, chosen, bar.symbol, err);
        if (!window)
            return false;
        if (PQgetisnull(rows, row, SCORES) || bar.bar_us < window->from_us || bar.bar_us >= from_us)
            continue;
        if (!tw_recent_put(&window->bars, &bar, *PQgetvalue(rows, row, LISTED) != 0, err))
            return false;
    }
    return true;
}

uint32_t tw_windows_days_unread(
    const struct tw_windows *windows, const struct tw_shards_chosen *chosen, int16_t *numbers)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < chosen->count; at++)
        if (!windows->shards[chosen->numbers[at]].days_read)
            numbers[count++] = chosen->numbers[at];
    return count;
}

bool tw_windows_put_days(struct tw_windows *windows, const struct tw_shards_chosen *chosen,
    const PGresult *rows, struct tw_error *err)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        struct tw_bar_row day = tw_windows_bar_of(rows, row);
        struct tw_shard_window *window = window_of(windows, chosen, day.symbol, err);
        if (!window || !tw_recent_put(&window->days, &day, false, err))
            return false;
    }
    return true;
}

void tw_windows_moved(struct tw_windows *windows, const struct tw_shards_chosen *chosen, int64_t to_us,
    const struct tw_look_back *back)
{
    for (uint32_t at = 0; at < chosen->count; at++) {
        struct tw_shard_window *window = &windows->shards[chosen->numbers[at]];
        window->to_us = to_us;
        window->days_read = true;
        if (back->days_us > 0 && window->days_from_us < to_us - back->days_us) {
            window->days_from_us = to_us - back->days_us;
            tw_recent_trim(&window->days, window->days_from_us);
        }
        if (window->from_us >= to_us - back->bars_us)
            continue;
        window->from_us = to_us - back->bars_us;
        tw_recent_trim(&window->bars, window->from_us);
    }
}

void tw_windows_add_days(
    struct tw_windows *windows, const PGresult *late, const struct tw_bar_row *days, uint32_t count)
{
    struct tw_error ignored; /* the window that is begun anew will say so */
    for (int row = 0; row < PQntuples(late); row++) {
        struct tw_bar_row day = tw_windows_bar_of(late, row);
        struct tw_shard_window *window = &windows->shards[tw_shard_of(day.symbol)];
        if (day.bar_us >= window->days_from_us && !tw_recent_put(&window->days, &day, false, &ignored))
            forget(window);
    }
    for (uint32_t at = 0; at < count; at++) {
        struct tw_shard_window *window = &windows->shards[tw_shard_of(days[at].symbol)];
        if (days[at].bar_us >= window->days_from_us &&
            !tw_recent_add(&window->days, &days[at], false, &ignored))
            forget(window);
    }
}
