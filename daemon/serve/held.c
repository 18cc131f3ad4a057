#include "serve/held.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "timestamps/time_text.h"

enum { TELL_AGAIN_MS = 60000 };

static bool is_same(const struct tw_holder *left, const struct tw_holder *right)
{
    return left->number == right->number && left->watermark_us == right->watermark_us &&
           strcmp(left->topic, right->topic) == 0;
}

void tw_held_note(struct tw_held *held, const struct tw_holder *holder, uint64_t now_ms)
{
    if (!holder || holder->topic[0] == '\0') {
        *held = (struct tw_held){.limit_ms = held->limit_ms};
        return;
    }
    if (held->since_ms == 0 || !is_same(&held->holder, holder))
        *held = (struct tw_held){.limit_ms = held->limit_ms, .since_ms = now_ms};
    held->holder = *holder;
}

uint64_t tw_held_ms(const struct tw_held *held, uint64_t now_ms)
{
    uint64_t held_ms = held->since_ms > 0 && now_ms > held->since_ms ? now_ms - held->since_ms : 0;
    return held_ms >= held->limit_ms ? held_ms : 0;
}

void tw_held_why(
    const struct tw_held *held, int32_t there, char *why, size_t why_size, char *cure, size_t cure_size)
{
    const struct tw_holder *holder = &held->holder;
    if (there > 0 && holder->number >= there) {
        snprintf(why, why_size, "the topic has %" PRId32 " partitions: it is gone", there);
        snprintf(
            cure, cure_size, "tapewatch reset --topic %s --forget --dry-run, then --execute", holder->topic);
    } else if (holder->orphan) {
        snprintf(why, why_size, "nobody reads it");
        snprintf(cure, cure_size,
            "see that its daemon runs, in the same group; if it is gone for good: tapewatch reset --topic %s "
            "--partition %" PRId32 " --forget",
            holder->topic, holder->number);
    } else {
        snprintf(why, why_size, "%s",
            holder->watermark_us == TW_NO_TIME
                ? "no record of it has a time yet, and it is not silent for long"
                : "it lags, or its broker does not answer");
        snprintf(cure, cure_size, "see its lag in tapewatch.stream_positions, and its daemon's log");
    }
}

void tw_held_tell(struct tw_held *held, int32_t there, const struct tw_log *log, uint64_t now_ms)
{
    uint64_t held_ms = tw_held_ms(held, now_ms);
    char why[128];
    char cure[512];
    char stands[TW_TIME_TEXT_BYTES] = "none";
    if (held_ms == 0 || (held->told_ms > 0 && now_ms - held->told_ms < TELL_AGAIN_MS))
        return;
    held->told_ms = now_ms;
    if (held->holder.watermark_us != TW_NO_TIME)
        tw_time_text(held->holder.watermark_us, stands);
    tw_held_why(held, there, why, sizeof why, cure, sizeof cure);
    tw_log(log, TW_WARNING, "evaluate", "event time is held back by one partition",
        tw_string("topic", held->holder.topic), tw_int("partition", held->holder.number),
        tw_int("seconds", (int64_t)(held_ms / 1000)), tw_string("stands_at", stands), tw_string("why", why),
        tw_string("cure", cure));
}
