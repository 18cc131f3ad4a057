#include "tell/tell.h"

#include "tell/alertmanager_teller.h"
#include "tell/kafka_teller.h"

#include <inttypes.h>
#include <stdio.h>

static const struct tw_teller_kind *const kinds[TW_TELL_TARGETS] = {
    [TW_TELL_KAFKA] = &tw_kafka_teller_kind,
    [TW_TELL_ALERTMANAGER] = &tw_alertmanager_teller_kind,
};

bool tw_tell_begin(struct tw_tell *tell, uv_loop_t *loop, const struct tw_config *config,
    const struct tw_log *log, struct tw_metrics *metrics, struct tw_error *err)
{
    for (enum tw_tell_target target = 0; target < TW_TELL_TARGETS; target++) {
        if (!kinds[target]->is_wanted(config))
            continue;
        if (!tw_outbox_begin(loop, config, log, metrics, target, kinds[target], &tell->outboxes[target], err))
            return false;
        tell->open++;
    }
    return true;
}

void tw_tell_second(struct tw_tell *tell)
{
    for (enum tw_tell_target target = 0; target < TW_TELL_TARGETS; target++)
        if (tell->outboxes[target])
            tw_outbox_second(tell->outboxes[target]);
}

/* A line, when the target has stood still for too long, or refuses whatever it is told; the length that it
 * has, or would have. */
static size_t tell_stop(const struct tw_outbox *outbox, const char *target, char *why, size_t size)
{
    char line[900];
    uint64_t behind_ms = tw_outbox_behind_ms(outbox);
    uint64_t unknown_ms = tw_outbox_unknown_ms(outbox);
    uint32_t refused = tw_outbox_refused(outbox, line, sizeof line);
    bool late = unknown_ms >= TW_TELL_LIMIT_MS || behind_ms >= TW_TELL_LIMIT_MS;
    int length = 0;
    if (late)
        tw_outbox_obstacle(outbox, line, sizeof line);
    if (unknown_ms >= TW_TELL_LIMIT_MS)
        length = snprintf(why, size, "what waits to be told to %s is not known for %" PRIu64 " s: %s\n",
            target, unknown_ms / 1000, line);
    else if (late)
        length = snprintf(why, size, "alerts wait, and %s was not told the oldest for %" PRIu64 " s: %s\n",
            target, behind_ms / 1000, line);
    else if (refused > 0)
        length = snprintf(why, size, "%s refused the last %" PRIu32 " alerts, and took none since: %s\n",
            target, refused, line);
    return length > 0 ? (size_t)length : 0;
}

bool tw_tell_ready(const struct tw_tell *tell, char *why, size_t size)
{
    size_t used = 0;
    why[0] = '\0';
    for (enum tw_tell_target target = 0; target < TW_TELL_TARGETS; target++)
        if (tell->outboxes[target] && used < size)
            used += tell_stop(tell->outboxes[target], tw_tell_target_names[target], why + used, size - used);
    return used == 0;
}

static void one_closed(void *context)
{
    struct tw_tell *tell = context;
    if (--tell->open == 0)
        tell->closed(tell->closed_context);
}

void tw_tell_end(struct tw_tell *tell, void (*closed)(void *context), void *context)
{
    tell->closed = closed;
    tell->closed_context = context;
    tell->open++; /* ours: none of them may be the last while we go through the list */
    for (enum tw_tell_target target = 0; target < TW_TELL_TARGETS; target++) {
        struct tw_outbox *outbox = tell->outboxes[target];
        tell->outboxes[target] = NULL;
        if (outbox)
            tw_outbox_end(outbox, one_closed, tell);
    }
    one_closed(tell);
}
