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

bool tw_tell_ready(const struct tw_tell *tell, char *why, size_t size)
{
    char line[900];
    size_t used = 0;
    why[0] = '\0';
    for (enum tw_tell_target target = 0; target < TW_TELL_TARGETS; target++) {
        const struct tw_outbox *outbox = tell->outboxes[target];
        uint64_t behind_ms = outbox ? tw_outbox_behind_ms(outbox) : 0;
        if (behind_ms < TW_TELL_LIMIT_MS || used >= size)
            continue;
        tw_outbox_obstacle(outbox, line, sizeof line);
        int length =
            snprintf(why + used, size - used, "alerts wait, and %s was told none for %" PRIu64 " s: %s\n",
                tw_tell_target_names[target], behind_ms / 1000, line);
        used += length > 0 ? (size_t)length : 0;
    }
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
