/* time_zones: every zone of the IANA database by its name, for times that name theirs.
 *
 *     struct tw_time_zones zones;
 *     if (!tw_time_zones_load(&arena, &zones, err)) ...
 *     const struct tw_time_zone *zone = tw_time_zones_find(&zones, tw_text_of("Europe/Berlin"));
 *
 * "2026-11-30 14:31 America/New_York" means nothing without that place's clock. All zones are read at once,
 * before the first message, so that reading a time stays pure: immutable afterwards, any thread may ask. It
 * takes a few milliseconds and less than 1 MB of the arena. Names that the system's tzdata lacks are not
 * found: a container without the package; the old names, as US/Eastern, which Debian 13 keeps in
 * tzdata-legacy. */
#ifndef TW_TIME_ZONES_H
#define TW_TIME_ZONES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"
#include "timestamps/time_zone.h"

/* A zone under one of its names. */
struct tw_named_zone {
    const char *name;
    struct tw_time_zone zone;
};

struct tw_time_zones {
    const struct tw_named_zone *items; /* [count], by name, letters' case ignored */
    uint32_t count;
};

/* Every zone that the system has; none when it has no database. Files that are no zones are left out. Names
 * and zones live in the arena; TW_FULL is the only failure. */
TW_MUST_USE bool tw_time_zones_load(struct tw_arena *arena, struct tw_time_zones *out, struct tw_error *err);

/* The zone of that name, letters' case ignored; NULL when there is none. `zones` may be NULL. */
const struct tw_time_zone *tw_time_zones_find(const struct tw_time_zones *zones, struct tw_text name);

#endif
