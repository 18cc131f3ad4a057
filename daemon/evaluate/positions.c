#include "evaluate/positions.h"

#include "postgres/wire.h"

#include <stdio.h>
#include <string.h>

/* Columns of TW_POSITIONS_READ. */
enum { TOPIC_ID, PARTITION, NEXT_OFFSET, WATERMARK, CAUGHT_UP, SILENT_US, UNSEEN_US, CLOCK, TOPIC };

void tw_positions_add_read(const struct tw_strings *topics, struct tw_statement_list *list)
{
    struct tw_text *names = tw_arena_array(list->arena, topics->count, sizeof *names);
    tw_statement_add(list, TW_POSITIONS_READ);
    for (uint32_t at = 0; names && at < topics->count; at++)
        names[at] = tw_text_of(topics->items[at]);
    if (names)
        tw_statement_put_texts(list, names, topics->count);
    else
        list->full = true;
}

static struct tw_partition_time time_of(const PGresult *result, int row)
{
    bool none = PQgetisnull(result, row, WATERMARK);
    return (struct tw_partition_time){
        .watermark_us = none ? TW_NO_TIME : tw_get_time(PQgetvalue(result, row, WATERMARK)),
        .caught_up = *PQgetvalue(result, row, CAUGHT_UP) != 0,
        .silent_us = tw_get_int64(PQgetvalue(result, row, SILENT_US)),
        .unseen_us = tw_get_int64(PQgetvalue(result, row, UNSEEN_US)),
    };
}

static void note_holder(struct tw_positions *positions, const PGresult *result,
    const struct tw_partition_time *times, const struct tw_watermark_options *options)
{
    int64_t last = tw_watermark_last(times, (size_t)PQntuples(result), options);
    if (last < 0)
        return;
    positions->holder.number = tw_get_int32(PQgetvalue(result, (int)last, PARTITION));
    positions->holder.watermark_us = times[last].watermark_us;
    positions->holder.orphan = times[last].unseen_us > options->stale_after_us;
    snprintf(
        positions->holder.topic, sizeof positions->holder.topic, "%s", PQgetvalue(result, (int)last, TOPIC));
}

/* What its row says of a partition. */
enum care { NO_ROW, SILENT_OWNER, CARED_FOR };

/* The lowest number that is not cared for. `cares`: room for each row, and one more. */
static struct tw_unowned_partition first_unowned(const char *topic, const PGresult *result,
    const struct tw_partition_time *times, const struct tw_watermark_options *options, uint8_t *cares)
{
    int32_t count = PQntuples(result);
    int32_t first = 0;
    memset(cares, NO_ROW, (size_t)count + 1);
    for (int row = 0; row < count; row++) {
        int32_t number = tw_get_int32(PQgetvalue(result, row, PARTITION));
        if (number < count && strcmp(PQgetvalue(result, row, TOPIC), topic) == 0)
            cares[number] = times[row].unseen_us <= options->stale_after_us ? CARED_FOR : SILENT_OWNER;
    }
    while (cares[first] == CARED_FOR)
        first++;
    return (struct tw_unowned_partition){first, cares[first] == SILENT_OWNER};
}

static bool note_unowned(struct tw_positions *positions, const struct tw_strings *topics,
    const PGresult *result, const struct tw_partition_time *times, const struct tw_watermark_options *options,
    struct tw_arena *arena)
{
    uint8_t *cares = tw_arena_array(arena, (size_t)PQntuples(result) + 1, sizeof *cares);
    positions->unowned = tw_arena_array(arena, topics->count, sizeof *positions->unowned);
    if (!cares || !positions->unowned)
        return false;
    for (uint32_t at = 0; at < topics->count; at++)
        positions->unowned[at] = first_unowned(topics->items[at], result, times, options, cares);
    return true;
}

bool tw_positions_row(struct tw_positions *positions, const struct tw_strings *topics, const PGresult *result,
    const struct tw_watermark_options *options, struct tw_arena *arena, struct tw_error *err)
{
    size_t count = (size_t)PQntuples(result);
    struct tw_partition_time *times = tw_arena_array(arena, count, sizeof *times);
    *positions = (struct tw_positions){
        .watermark_us = TW_NO_TIME, .idle = tw_arena_array(arena, count, sizeof *positions->idle)};
    if (!times || !positions->idle)
        return tw_arena_fail(arena, err);
    for (int row = 0; row < (int)count; row++) {
        times[row] = time_of(result, row);
        if (tw_watermark_is_idle(&times[row], options))
            positions->idle[positions->idle_count++] =
                (struct tw_idle_partition){tw_get_int16(PQgetvalue(result, row, TOPIC_ID)),
                    tw_get_int32(PQgetvalue(result, row, PARTITION)),
                    tw_get_int64(PQgetvalue(result, row, NEXT_OFFSET))};
    }
    int64_t clock_us = count > 0 ? tw_get_time(PQgetvalue(result, 0, CLOCK)) : 0;
    positions->watermark_us = tw_watermark_of_stream(times, count, clock_us, options);
    note_holder(positions, result, times, options);
    return note_unowned(positions, topics, result, times, options, arena) || tw_arena_fail(arena, err);
}

void tw_positions_add_check(const struct tw_positions *positions, struct tw_statement_list *list)
{
    uint32_t count = positions->idle_count;
    int16_t *topics = tw_arena_array(list->arena, count, sizeof *topics);
    int32_t *partitions = tw_arena_array(list->arena, count, sizeof *partitions);
    int64_t *offsets = tw_arena_array(list->arena, count, sizeof *offsets);
    tw_statement_add(list, TW_IDLE_CHECK);
    if (!topics || !partitions || !offsets) {
        list->full = true;
        return;
    }
    for (uint32_t at = 0; at < count; at++) {
        topics[at] = positions->idle[at].topic_id;
        partitions[at] = positions->idle[at].partition;
        offsets[at] = positions->idle[at].next_offset;
    }
    tw_statement_put_int16s(list, topics, count);
    tw_statement_put_int32s(list, partitions, count);
    tw_statement_put_int64s(list, offsets, count);
}
