#include "source/partitions.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "document.h"

const char *const tw_partition_state_names[] = {
    [TW_PARTITION_FENCED] = "fenced",
    [TW_PARTITION_TAKING] = "taking",
    [TW_PARTITION_TAKEN] = "taken",
    [TW_PARTITION_READING] = "reading",
    [TW_PARTITION_PAUSED] = "paused",
    [TW_PARTITION_STRANDED] = "stranded",
    [TW_PARTITION_LEAVING] = "leaving",
};
_Static_assert(sizeof tw_partition_state_names / sizeof tw_partition_state_names[0] == TW_PARTITION_STATES,
    "a word for each state");

#define LEAVES TW_MOVE(TW_PARTITION_LEAVING)
static const uint32_t moves[TW_PARTITION_STATES] = {
    [TW_PARTITION_FENCED] = LEAVES | TW_MOVE(TW_PARTITION_TAKING),
    [TW_PARTITION_TAKING] = LEAVES | TW_MOVE(TW_PARTITION_TAKEN),
    [TW_PARTITION_TAKEN] = LEAVES | TW_MOVE(TW_PARTITION_READING) | TW_MOVE(TW_PARTITION_PAUSED),
    [TW_PARTITION_READING] = LEAVES | TW_MOVE(TW_PARTITION_PAUSED) | TW_MOVE(TW_PARTITION_STRANDED),
    [TW_PARTITION_PAUSED] = LEAVES | TW_MOVE(TW_PARTITION_READING) | TW_MOVE(TW_PARTITION_STRANDED),
    [TW_PARTITION_STRANDED] = LEAVES,
    [TW_PARTITION_LEAVING] = 0,
};
const struct tw_machine tw_partition_machine = {
    "source", tw_partition_state_names, moves, TW_PARTITION_STATES};

struct tw_owned_partition *tw_partitions_add(
    struct tw_partitions *partitions, const char *topic, int32_t number, enum tw_partition_state state)
{
    struct tw_owned_partition *partition = calloc(1, sizeof *partition);
    if (!partition)
        return NULL;
    snprintf(partition->base.topic, sizeof partition->base.topic, "%s", topic);
    partition->base.number = number;
    partition->base.state = state;
    partition->base.assignment = ++partitions->assignments;
    partition->base.row_offset = -1;
    partition->base.row_watermark_us = TW_NO_TIME;
    partition->base.expected_offset = -1;
    partition->base.cut_offset = -1;
    partition->base.end_offset = -1;
    partition->base.last_message_ms = tw_now_ms();
    partition->base.moved_ms = partition->base.last_message_ms;
    partition->fetch_broker = -1;
    partition->check_offset = -1;
    partition->stable_offset = -1;
    partition->told_offset = -1;
    partition->jumped_offset = -1;
    partition->unreadable_offset = -1;
    partition->base.next = partitions->first;
    partitions->first = &partition->base;
    return partition;
}

void tw_partitions_remove(struct tw_partitions *partitions, struct tw_partition *partition)
{
    struct tw_partition **link = &partitions->first;
    while (*link != partition)
        link = &(*link)->next;
    *link = partition->next;
    free(partition);
}

struct tw_partition *tw_partitions_find(const struct tw_partitions *partitions, uint64_t assignment)
{
    struct tw_partition *at = partitions->first;
    while (at && at->assignment != assignment)
        at = at->next;
    return at;
}

uint32_t tw_partitions_count(const struct tw_partitions *partitions, enum tw_partition_state state)
{
    uint32_t count = 0;
    for (const struct tw_partition *at = partitions->first; at; at = at->next)
        count += at->state == state;
    return count;
}

bool tw_partition_is_readable(const struct tw_partition *partition)
{
    return partition->state == TW_PARTITION_TAKEN || partition->state == TW_PARTITION_READING ||
           partition->state == TW_PARTITION_PAUSED;
}

/* What every rebalance brings for each partition: that is told in one line (group.h). */
static bool is_usual(enum tw_partition_state state)
{
    return state != TW_PARTITION_FENCED && state != TW_PARTITION_STRANDED;
}

void tw_partition_move(
    struct tw_partition *partition, enum tw_partition_state state, const char *why, const struct tw_log *log)
{
    enum tw_level level = is_usual(partition->state) && is_usual(state) ? TW_DEBUG : TW_INFO;
    if (!tw_machine_allows(&tw_partition_machine, partition->state, state))
        tw_machine_tell(&tw_partition_machine, log, level, partition->state, state, why);
    else if (tw_log_shows(log, level, "source"))
        tw_log(log, level, "source", "partition moved",
            tw_string("from", tw_partition_state_names[partition->state]),
            tw_string("to", tw_partition_state_names[state]), tw_string("why", why),
            tw_string("topic", partition->topic), tw_int("partition", partition->number),
            tw_int("offset", partition->expected_offset), tw_int("epoch", partition->epoch));
    partition->state = state;
    partition->moved_ms = tw_now_ms();
}

enum tw_guard tw_partition_guard(const struct tw_partition *partition, int64_t offset, int64_t *missing)
{
    *missing = 0;
    /* Without a row the first offset that exists is the right one, whatever its number. */
    if (partition->expected_offset < 0 || offset == partition->expected_offset)
        return TW_GUARD_NEXT;
    if (offset < partition->expected_offset)
        return TW_GUARD_REPEAT;
    *missing = offset - partition->expected_offset;
    return TW_GUARD_GAP;
}
