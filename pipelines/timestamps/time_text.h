/* time_text: times as feeds write them, to microseconds since 1970-01-01 UTC, and back.
 *
 *   in    a text from a message; what times without an offset mean (time_zone.h), if anything; the zones that
 *         a time may name (time_zones.h)
 *   out   microseconds since 1970, or a refusal that says what is wrong and how it is mended
 *
 * Read are, with white space around them:
 *   RFC 3339 and ISO 8601   1987-10-19T14:30:00Z · 1987-10-19 14:30 +0000 · 19871019T143000Z ·
 *                           1987-10-19T14:30:00,5+01
 *   RFC 5322 and 822        Mon, 19 Oct 1987 14:30:00 GMT · 19 Oct 87 14:30 -0500 · Monday, 19-Oct-87
 *                           14:30:00 EST
 *   asctime, with a zone    Mon Oct 19 14:30:00 +0000 1987 · Mon Oct 19 14:30:00 1987
 *   12-hour clocks          Oct 19, 1987 2:30 PM UTC · 19 Oct 1987 2:30 p.m. EDT
 *   ISO weeks, days of year 1987-W43-1T14:30Z · 1987W431T1430Z · 1987-292T14:30Z
 *   other scripts           1987年10月19日 14:30 +0000 and others (time_scripts.h)
 *   word by word            October 19, 1987 at 10:30 a.m. ET and others (time_words.h)
 * Seconds may be missing; what a fraction holds beyond microseconds is cut off; an offset is Z, +hh, +hhmm,
 * +hh:mm, UTC, GMT, UT, one of RFC 822's names (EST EDT CST CDT MST MDT PST PDT) or another that means one
 * offset everywhere (CET, CEST, JST), GMT+2; a comment, a zone in brackets or its name (+0000 UTC) behind it.
 * In place of an offset a zone of the IANA database may stand: 1987-10-19 10:30 America/New_York,
 * 1987-10-19T10:30[America/New_York]. Beside an offset such a name decides nothing.
 * A year of two digits is 1950 to 2049 (RFC 2822, 4.3). 24:00 is the next day's midnight. A second of 60 is
 * taken at 23:59:60 UTC only, as the midnight after it. A day without a clock is taken as its midnight where
 * times without an offset have a meaning. Pure: no clock, no locale, no TZ of the environment. */
#ifndef TW_TIME_TEXT_H
#define TW_TIME_TEXT_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct tw_time_zone;
struct tw_time_zones;

/* Whose clocks a text without an offset may have been read from. */
struct tw_time_clocks {
    const struct tw_time_zone *naive;  /* what a time without offset or zone means; NULL: it is refused */
    const struct tw_time_zones *zones; /* those that a time may name; NULL: none */
};

/* A text to microseconds since 1970. `clocks`: as above; NULL: none. A refusal of a time without an offset
 * names decode.time_zone. TW_REFUSED, saying what is wrong; `where` stays empty. */
TW_MUST_USE bool tw_time_parse(
    struct tw_text text, const struct tw_time_clocks *clocks, int64_t *out_us, struct tw_error *err);

enum { TW_TIME_TEXT_BYTES = 32 };
/* Microseconds to `1987-10-19T14:30:00Z`, with six decimals only when they are not zero; NUL-terminated.
 * Outside the years 0000 to 9999 it gives the number and "us". Returns the length. */
size_t tw_time_text(int64_t time_us, char out[TW_TIME_TEXT_BYTES]);

#endif
