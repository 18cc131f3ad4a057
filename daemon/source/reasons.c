#include "source/reasons.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "config/config.h"
#include "source/answers.h"

enum {
    MOST_REASONS = 16,
    AFTER_PAUSE_MS = 2000, /* for what waited in librdkafka to come */
};

struct reasons {
    char *text;
    size_t size;
    size_t used;
    uint32_t count; /* those beyond MOST_REASONS, too */
};

static void add(struct reasons *reasons, const char *format, ...) TW_PRINTF(2, 3);
static void add(struct reasons *reasons, const char *format, ...)
{
    va_list arguments;
    if (reasons->count++ >= MOST_REASONS || reasons->used >= reasons->size)
        return;
    va_start(arguments, format);
    int length = vsnprintf(reasons->text + reasons->used, reasons->size - reasons->used, format, arguments);
    va_end(arguments);
    reasons->used += length > 0 ? (size_t)length : 0;
}

static void add_partitions(struct reasons *reasons, const struct tw_partitions *partitions,
    enum tw_partition_state state, const char *what)
{
    for (const struct tw_partition *at = partitions->first; at; at = at->next)
        if (at->state == state)
            add(reasons, "topic %s partition %" PRId32 " %s\n", at->topic, at->number, what);
}

static void add_stranded(struct reasons *reasons, const struct tw_partitions *partitions)
{
    for (const struct tw_partition *at = partitions->first; at; at = at->next)
        if (at->state == TW_PARTITION_STRANDED)
            add(reasons, "topic %s partition %" PRId32 " is stranded at offset %" PRId64 "\n", at->topic,
                at->number, at->row_offset);
}

/* Their rows are ours, and librdkafka does not take the assignment, so that nothing is asked for and nobody
 * knows what waits. A moment passes like that at each rebalance. */
static void add_unassigned(struct reasons *reasons, const struct tw_partitions *partitions)
{
    uint64_t now_ms = tw_now_ms();
    for (const struct tw_partition *at = partitions->first; at; at = at->next)
        if (at->state == TW_PARTITION_TAKEN && now_ms > at->moved_ms + TW_LIVENESS_LIMIT_MS)
            add(reasons,
                "topic %s partition %" PRId32 " is taken, and has not been read for %" PRIu64
                " s; cure: see what the log says of its assignment, or restart the daemon\n",
                at->topic, at->number, (now_ms - at->moved_ms) / 1000);
}

/* Of one that is read or paused: Kafka holds more of it, and nothing can come or does. A transaction is open,
 * which no pause hides; or it is read, and nothing is there. */
static bool is_held_up(struct tw_partition *at, uint64_t now_ms)
{
    const struct tw_owned_partition *owned = tw_owned(at);
    if (at->end_offset <= at->expected_offset)
        return false;
    if (tw_owned_is_blocked(owned))
        return true;
    return at->state == TW_PARTITION_READING && now_ms > at->moved_ms + AFTER_PAUSE_MS &&
           (tw_owned_holds_more(owned) || !owned->at_end);
}

/* Held up since its last message; one that was taken since, for as long as its row had stood by then, so
 * that owners who take it from each other do not begin anew. Neither does a pause, or commits that fail for
 * a while would hide a partition that nothing comes from. */
static void add_silent(struct reasons *reasons, const struct tw_partitions *partitions)
{
    uint64_t now_ms = tw_now_ms();
    for (struct tw_partition *at = partitions->first; at; at = at->next) {
        if (!tw_partition_is_read(at) || !is_held_up(at, now_ms))
            continue;
        uint64_t taken_ms = tw_owned(at)->taken_at_ms;
        uint64_t stood_ms = at->stood_ms < taken_ms ? at->stood_ms : taken_ms;
        uint64_t since_ms = at->last_message_ms > taken_ms ? at->last_message_ms : taken_ms - stood_ms;
        bool behind = tw_owned_holds_more(tw_owned(at));
        if (now_ms > since_ms + TW_LIVENESS_LIMIT_MS)
            add(reasons,
                "topic %s partition %" PRId32 ": %" PRId64 " records wait in Kafka and none has come for "
                "%" PRIu64 " s; cure: %s\n",
                at->topic, at->number, at->end_offset - at->expected_offset, (now_ms - since_ms) / 1000,
                behind ? "a transaction is open before them: end it, see `kafka-transactions.sh find-hanging`"
                       : "see that its leader answers, and what the log says of it");
    }
}

/* What nothing is known to wait in: whether something does, its broker does not tell. */
static void add_unanswered(struct reasons *reasons, const struct tw_partitions *partitions)
{
    uint64_t now_ms = tw_now_ms();
    for (struct tw_partition *at = partitions->first; at; at = at->next) {
        uint64_t silent_ms = tw_answers_silence_ms(tw_owned(at), now_ms);
        bool told = at->end_offset > at->expected_offset && !tw_owned(at)->at_end; /* by add_silent */
        if (silent_ms > TW_LIVENESS_LIMIT_MS && !told)
            add(reasons,
                "topic %s partition %" PRId32 ": its broker has not answered for %" PRIu64
                " s; cure: see the broker and the network to it\n",
                at->topic, at->number, silent_ms / 1000);
    }
}

static void add_outside(struct reasons *reasons, const struct tw_group *group)
{
    switch (group->refusal) {
    case TW_GROUP_NOT_REFUSED:
        add(reasons, "joining group %s\n", group->config->kafka.group);
        return;
    case TW_GROUP_LOG_IN_REFUSED:
        add(reasons, "refused by the broker, group %s\n", group->config->kafka.group);
        return;
    case TW_GROUP_MIXED:
        add(reasons,
            "refused by the broker: members of group %s share no partition.assignment.strategy with this daemon; "
            "cure: end those that are none of tapewatch's, or set another kafka.group\n",
            group->config->kafka.group);
        return;
    }
}

bool tw_reasons_write(
    const struct tw_group *group, const struct tw_partitions *partitions, char *why, size_t size)
{
    struct reasons reasons = {.text = why, .size = size};
    uint32_t topic = 0;
    why[0] = '\0';
    for (const char *name; (name = tw_group_missing_topic(group, &topic));)
        add(&reasons, "waiting for topic %s\n", name);
    add_stranded(&reasons, partitions);
    add_partitions(
        &reasons, partitions, TW_PARTITION_FENCED, "is fenced off: its row is another's, it is taken again");
    add_partitions(&reasons, partitions, TW_PARTITION_TAKING, "is being taken");
    add_unassigned(&reasons, partitions);
    add_unanswered(&reasons, partitions);
    add_silent(&reasons, partitions);
    if (!tw_group_is_member(group))
        add_outside(&reasons, group);
    if (reasons.count > MOST_REASONS && reasons.used < size)
        snprintf(why + reasons.used, size - reasons.used, "and %u more\n", reasons.count - MOST_REASONS);
    return reasons.count == 0;
}
