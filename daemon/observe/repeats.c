#include "observe/repeats.h"

#include <string.h>

#include <xxhash.h>

int64_t tw_repeats_kind(const char *words)
{
    return (int64_t)(XXH3_64bits(words, strlen(words)) >> 1);
}

/* Its place, or the one that it may take: a free one, else the one told longest ago. */
static int place_of(const struct tw_repeats *repeats, int64_t kind, bool *known)
{
    int place = 0;
    for (int at = 0; at < TW_REPEATS_KINDS; at++) {
        *known = repeats->kinds[at].told_ms != 0 && repeats->kinds[at].kind == kind;
        if (*known)
            return at;
        if (repeats->kinds[at].told_ms < repeats->kinds[place].told_ms)
            place = at;
    }
    return place;
}

bool tw_repeats_tell(struct tw_repeats *repeats, int64_t kind, uint64_t now_ms, uint64_t *unsaid)
{
    bool known;
    int place = place_of(repeats, kind, &known);
    known = known && now_ms - repeats->kinds[place].last_ms < TW_REPEATS_FORGET_MS;
    *unsaid = known ? repeats->kinds[place].unsaid : 0;
    repeats->kinds[place].last_ms = now_ms;
    if (known && now_ms - repeats->kinds[place].told_ms < TW_REPEATS_MS) {
        repeats->kinds[place].unsaid++;
        return false;
    }
    repeats->kinds[place].kind = kind;
    repeats->kinds[place].told_ms = now_ms > 0 ? now_ms : 1;
    repeats->kinds[place].unsaid = 0;
    return true;
}

bool tw_repeats_loss(struct tw_repeats *losses, const struct tw_error *err, uint64_t now_ms)
{
    uint64_t unsaid;
    if (err)
        return tw_repeats_tell(losses, tw_repeats_kind(err->what), now_ms, &unsaid);
    *losses = (struct tw_repeats){0};
    return false;
}
