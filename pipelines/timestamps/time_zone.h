/* time_zone: what a clock in one place of the world shows, by the IANA database's files (TZif, RFC 8536).
 *
 *     struct tw_time_zone zone;
 *     if (!tw_time_zone_load("America/New_York", &arena, &zone, err)) ...
 *     int64_t seconds = tw_time_zone_to_utc(&zone, local_seconds);
 *
 * For feeds whose times have no offset (decode.time_zone). A zone is read once, from the files of the
 * system's tzdata package, and is immutable afterwards: no TZ of the environment, no global state, any thread
 * may ask.
 *
 * A local time that an autumn clock shows twice is the first of the two; one that a spring clock leaves out
 * is read with the offset that held before it. Beyond the file's last transition its rule (the POSIX text in
 * its footer) holds. */
#ifndef TW_TIME_ZONE_H
#define TW_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* Where Debian's tzdata puts the database. */
#define TW_TIME_ZONE_DATABASE "/usr/share/zoneinfo"

/* One end of daylight saving time, as POSIX's "Mm.w.d/time" says it. */
struct tw_zone_rule {
    int month, week, weekday; /* 1-12; 1-5, 5: the last; 0: Sunday */
    int32_t second_of_day;    /* local, of the clock that ends there; may be negative or beyond a day */
};

struct tw_time_zone {
    const int64_t *transitions;   /* [count] UTC seconds, rising */
    const int32_t *offsets_after; /* [count] seconds east of UTC from that transition on */
    uint32_t count;
    int32_t offset_before; /* before the first transition */
    bool has_rule;         /* daylight saving goes on after the last transition */
    int32_t standard_offset, daylight_offset;
    struct tw_zone_rule to_daylight, to_standard;
};

/* The zone of that name; its arrays live in the arena. "UTC" needs no file. TW_CONFIG for a name that the
 * database does not hold or a file that is none of its, with the cure. */
TW_MUST_USE bool tw_time_zone_load(
    const char *name, struct tw_arena *arena, struct tw_time_zone *out, struct tw_error *err);

/* Seconds that a clock there shows (counted from 1970-01-01 00:00 of that clock) to seconds since 1970
 * UTC. */
int64_t tw_time_zone_to_utc(const struct tw_time_zone *zone, int64_t local_seconds);

/* Seconds east of UTC that hold there at a moment. */
int32_t tw_time_zone_offset(const struct tw_time_zone *zone, int64_t utc_seconds);

#endif
