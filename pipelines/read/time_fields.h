/* time_fields: where the time of a message stands otherwise than in one field of a known name.
 *
 *   in    an object of JSON
 *   out   a day and a clock in two fields ("date": "2026-11-30", "time": "14:31 ET") as one text; whether a
 *         field of a name that nobody knows holds a time; and names that say what a time within means
 *
 * A clock is none by itself, and a day beside it is the midnight before: only both together are a time. */
#ifndef TW_TIME_FIELDS_H
#define TW_TIME_FIELDS_H

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "read/event_time.h"
#include "read/fields.h"

enum { TW_TIME_FIELDS_BYTES = 96 };

/* Does the value say a clock and no day: "14:31", "14:31:05.5 ET", "2:31 PM", "143105", 143105? */
bool tw_time_fields_is_clock(const json_t *value);

/* The day and the clock that stand in two fields of the object, a blank between them. Returns the day's
 * value, which is no time of its own then; NULL when there is no such pair. `object` may be NULL. */
const json_t *tw_time_fields_join(json_t *object, char joined[TW_TIME_FIELDS_BYTES]);

/* The object within that tells about the message, {"meta": {"ts": ..}, ..}; NULL when there is none.
 * `object` may be NULL. */
json_t *tw_time_fields_about(const json_t *object);

/* A time without an offset under a name that says what it is: `date_gmt`, `timestamp_utc`, one of a time
 * (`names`, or feed_names.h) and UTC or GMT behind it. Of several the first. `object` may be NULL. */
bool tw_time_fields_utc(json_t *object, const struct tw_name_list *names, int64_t *out_us);

/* The time under a name that nobody knows and that speaks of publication (`publishedDateTime`,
 * `first_published_ts`), between the year 2000 and `latest_us`; of several the first. */
bool tw_time_fields_published(
    json_t *object, const struct tw_event_time_options *reading, int64_t latest_us, int64_t *out_us);

/* The name of a field that speaks of a time and holds one that may be when the message came out: not before
 * the year 2000, not after `latest_us`, or without an offset. It may as well be any other time, so it is not
 * taken: it is to be told. *naive: it has no offset. NULL: there is none. */
const char *tw_time_fields_unknown(
    json_t *object, const struct tw_event_time_options *reading, int64_t latest_us, bool *naive);

#endif
