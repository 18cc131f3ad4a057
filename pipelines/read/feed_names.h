/* feed_names: what feeds call a field whose configured names hold nothing.
 *
 *   in    an object of JSON, and which field is looked for
 *   out   its values under the names that vendors' feeds give that field, in the order of the table
 *
 * These names are tried last, so that nobody has to configure the feeds that many read: Finnhub's datetime,
 * Polygon's published_utc, RSS's pubDate, GDELT's seendate, Elasticsearch's @timestamp; Twitter's full_text,
 * Reddit's selftext, JSON Feed's content_html; Benzinga's stocks, Alpha Vantage's ticker_sentiment. In any
 * case, as fields.h has it. */
#ifndef TW_FEED_NAMES_H
#define TW_FEED_NAMES_H

#include <jansson.h>

#include <stdint.h>

enum tw_feed_field { TW_FEED_TIME, TW_FEED_TITLE, TW_FEED_BODY, TW_FEED_SYMBOLS };

enum { TW_FEED_NAMES_MOST = 32 };

/* Values that are not null; begin with count 0. */
struct tw_feed_values {
    const json_t *values[2 * TW_FEED_NAMES_MOST]; /* of two objects at the most */
    uint32_t count;
};

/* Adds the values of one object, which may be NULL. It goes through the object's members once. */
void tw_feed_values_add(json_t *object, enum tw_feed_field field, struct tw_feed_values *out);

#endif
