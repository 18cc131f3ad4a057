#include "read/feed_names.h"

#include "read/fields.h"

/* The table ends each list by NULL. */
static const char *const feed_names[][TW_FEED_NAMES_MOST + 1] = {
    [TW_FEED_TIME] = {"datetime", "date", "pubDate", "published", "publishedDate", "published_utc",
        "date_published", "time_published", "created", "created_utc", "createdAt", "eventTime",
        "versionCreated", "seendate", "@timestamp", "publishTime", "providerPublishTime", "published_on",
        "date_unixtime", "ApproximateCreationDateTime", "datePublished", "pub_date", "webPublicationDate",
        "publication_date", "publication_datetime", "updated", "dc:date"},
    [TW_FEED_TITLE] = {"subject", "webTitle"},
    [TW_FEED_BODY] = {"full_text", "description", "summary", "selftext", "content_html", "content_text",
        "message", "caption", "articleBody", "bodyText", "body_text", "body_html", "fullText",
        "lead_paragraph", "abstract"},
    [TW_FEED_SYMBOLS] = {"symbol", "ticker", "stocks", "ticker_sentiment", "relatedTickers", "related"},
};

void tw_feed_values_add(json_t *object, enum tw_feed_field field, struct tw_feed_values *out)
{
    const char *const *names = feed_names[field];
    const json_t *found[TW_FEED_NAMES_MOST] = {NULL};
    uint32_t any = 0;
    for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
        const char *key = json_object_iter_key(member);
        for (uint32_t name = 0; names[name]; name++)
            if (tw_field_takes(names[name], key, found[name])) {
                found[name] = json_object_iter_value(member);
                any++;
            }
    }
    for (uint32_t name = 0; any && names[name]; name++)
        if (found[name] && !json_is_null(found[name]) &&
            out->count < sizeof out->values / sizeof out->values[0])
            out->values[out->count++] = found[name];
}
