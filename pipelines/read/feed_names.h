/* feed_names: what feeds call a field whose configured names hold nothing.
 *
 *   in    an object of JSON, and which field is looked for
 *   out   its values under the names that vendors' feeds give that field, in the order of the table
 *
 * These names are tried last, so that nobody has to configure the feeds that many read: Finnhub's datetime,
 * Polygon's published_utc, RSS's pubDate and guid, GDELT's seendate, Elasticsearch's @timestamp and _id;
 * Twitter's full_text, Reddit's selftext, JSON Feed's content_html; Benzinga's stocks and securities, Alpha
 * Vantage's ticker_sentiment, Marketaux's entities. In any case, and with underscores, hyphens and blanks or
 * without: publish_date, publishDate and "Publish Date" are one name. */
#ifndef TW_FEED_NAMES_H
#define TW_FEED_NAMES_H

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

#include "read/fields.h"

enum tw_feed_field {
    TW_FEED_ID,
    TW_FEED_TIME,
    TW_FEED_TITLE,
    TW_FEED_BODY,
    TW_FEED_SOURCE,
    TW_FEED_SYMBOLS,
    TW_FEED_COMPANIES, /* companies, in which a symbol may stand (listed_symbols.h) */
    TW_FEED_FIELDS
};

enum { TW_FEED_NAMES_MOST = 64 };

/* Values that are not null; begin with count 0. */
struct tw_feed_values {
    const json_t *values[2 * TW_FEED_NAMES_MOST]; /* what comes beyond is left out */
    uint32_t count;
};

/* The first letters of each field's names: most members are told apart by theirs. */
struct tw_feed_letters {
    uint32_t of[TW_FEED_FIELDS];                        /* a bit each (fields.h) */
    char first[TW_FEED_FIELDS][TW_FEED_NAMES_MOST + 1]; /* small, in the order of the names, then NUL */
};

/* Gathers them. They are the same each time: whoever decodes many messages keeps them. */
struct tw_feed_letters tw_feed_letters(void);

/* Adds the values of one object, which may be NULL. It goes through the object's members once. */
void tw_feed_values_add(json_t *object, const struct tw_feed_letters *letters, enum tw_feed_field field,
    struct tw_feed_values *out);

/* The same of names that are given, as fields.h finds them. */
void tw_feed_values_add_named(
    const json_t *object, const struct tw_name_list *names, struct tw_feed_values *out);

/* Is the key, which ends with NUL, one of the field's names? */
bool tw_feed_has_name(enum tw_feed_field field, const char *key);

/* Are the two the same name by that rule? */
bool tw_feed_same_name(const char *name, const char *key);

#endif
