/* event_time: the time that a message carries, whatever type it is written in.
 *
 *   in    a JSON value or the text of a header, the unit of plain numbers, what times without an offset mean
 *   out   microseconds since 1970
 *
 * A text is read by time_text.h, unless it is a number; a number counts from 1970 in its unit. `auto` tells
 * the unit by the size, which needs no luck: up to 1e11 it is seconds (until the year 5138), up to 1e14
 * milliseconds, up to 1e17 microseconds, beyond it nanoseconds, but where .NET's ticks and Windows' file
 * times of the years 2000 to 2050 lie. Days as spreadsheets count them (46356.6) are refused by that name.
 * 8, 12 or 14 digits that are a day (and a clock) of the years 1900 to 2099 are that time, as
 * YYYYMMDDhhmmss, under `auto`. {"$date": ...}, an array with one value, Java's {"epochSecond": ..} and
 * [2026,11,30,14,31], PHP's {"date": .., "timezone": ..} are opened. A number that would lie before 1980 by
 * `auto` counts something else (days, seconds since midnight, records) and is refused; a unit that was set
 * is believed. A time before 1990 that comes of a number is marked as doubtful: seconds read as milliseconds
 * lie in January 1970. */
#ifndef TW_EVENT_TIME_H
#define TW_EVENT_TIME_H

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct tw_time_clocks;

enum tw_time_unit {
    TW_UNIT_AUTO,
    TW_UNIT_SECONDS,
    TW_UNIT_MILLISECONDS,
    TW_UNIT_MICROSECONDS,
    TW_UNIT_NANOSECONDS
};

/* Their names, as the configuration has them, ended by NULL. */
extern const char *const tw_time_unit_names[];

struct tw_event_time_options {
    enum tw_time_unit unit;
    const struct tw_time_clocks *clocks; /* of times without an offset (time_text.h), or NULL */
};

enum tw_event_time {
    TW_EVENT_TIME_READ,
    TW_EVENT_TIME_NONE,    /* a value that holds no time: null, an empty text, an object of another kind */
    TW_EVENT_TIME_REFUSED, /* err is TW_REFUSED; its `where` stays empty */
};

/* Does the text say that there is no time: nothing, "null", "N/A", 0, the day zero of databases and
 * languages? */
bool tw_event_time_says_none(struct tw_text text);

/* A JSON value. *doubtful is set when the unit is most likely another. */
enum tw_event_time tw_event_time_of(const json_t *value, const struct tw_event_time_options *options,
    int64_t *out_us, bool *doubtful, struct tw_error *err);

/* A text: a header's value, or what stands in a JSON text. TW_REFUSED as above. */
TW_MUST_USE bool tw_event_time_of_text(struct tw_text text, const struct tw_event_time_options *options,
    int64_t *out_us, bool *doubtful, struct tw_error *err);

#endif
