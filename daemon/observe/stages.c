#include "observe/stages.h"

#include <inttypes.h>
#include <stdio.h>

enum { MINUTE_MS = 60000 };

static void turn(struct tw_stages *stages, uint64_t now_ms)
{
    uint64_t past_ms = now_ms - stages->began_ms;
    if (stages->began_ms > 0 && past_ms < MINUTE_MS)
        return;
    stages->before = past_ms < 2 * MINUTE_MS ? stages->slowest : (struct tw_slow_batch){0};
    stages->slowest = (struct tw_slow_batch){0};
    stages->began_ms = now_ms;
}

static void measure(const struct tw_batch *batch, uint64_t now_us, int64_t wall_us, struct tw_slow_batch *out)
{
    const uint64_t *left_us = batch->left_us;
    const bool stamped = batch->count > 0 && batch->messages[0].stamp_us > 0;
    const int64_t here_us = (int64_t)(now_us - left_us[TW_STAGE_KAFKA]);
    const int64_t age_us = stamped ? wall_us - batch->messages[0].stamp_us : here_us;
    out->stage_us[TW_STAGE_KAFKA] = age_us > here_us ? (uint64_t)(age_us - here_us) : 0;
    out->total_us = out->stage_us[TW_STAGE_KAFKA];
    for (enum tw_stage stage = TW_STAGE_KAFKA + 1; stage < TW_STAGES; stage++) {
        out->stage_us[stage] = left_us[stage] - left_us[stage - 1];
        out->total_us += out->stage_us[stage];
    }
    out->partition = batch->partition->number;
    out->documents = batch->count;
}

void tw_stages_note(struct tw_stages *stages, struct tw_metrics *metrics, const struct tw_batch *batch,
    uint64_t now_us, int64_t wall_us)
{
    struct tw_slow_batch at_hand;
    measure(batch, now_us, wall_us, &at_hand);
    for (enum tw_stage stage = 0; stage < TW_STAGES; stage++)
        tw_observe_stage(metrics, stage, (double)at_hand.stage_us[stage] / 1e6);
    turn(stages, now_us / 1000);
    if (at_hand.total_us <= stages->slowest.total_us)
        return;
    snprintf(at_hand.topic, sizeof at_hand.topic, "%s", batch->partition->topic);
    stages->slowest = at_hand;
}

/* Of the two minutes that are kept the one that runs may be over by now, and the one before it long ago. */
const struct tw_slow_batch *tw_stages_slowest(const struct tw_stages *stages, uint64_t now_ms)
{
    const uint64_t past_ms = now_ms - stages->began_ms;
    const struct tw_slow_batch *slowest = &stages->slowest;
    if (past_ms < MINUTE_MS && stages->before.total_us > slowest->total_us)
        slowest = &stages->before;
    return past_ms < 2 * MINUTE_MS && slowest->total_us > 0 ? slowest : NULL;
}

void tw_stages_line(const struct tw_slow_batch *batch, char *line, size_t size)
{
    int used = snprintf(line, size,
        "%" PRIu64 " ms, topic %s partition %" PRId32 ", %" PRIu32 " records:", batch->total_us / 1000,
        batch->topic, batch->partition, batch->documents);
    for (enum tw_stage stage = 0; stage < TW_STAGES && used > 0 && (size_t)used < size; stage++)
        used += snprintf(line + used, size - (size_t)used, "%s %s %" PRIu64, stage > 0 ? "," : "",
            tw_stage_names[stage], batch->stage_us[stage] / 1000);
}
