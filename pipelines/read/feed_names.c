#include "read/feed_names.h"

#include <string.h>

#include "base/text.h"

/* The table ends each list by NULL. Of times the ones that say when a text came out stand before those that
 * say when it was changed. */
static const char *const feed_names[][TW_FEED_NAMES_MOST + 1] = {
    [TW_FEED_ID] = {"uuid", "guid", "id", "newsId", "articleId", "storyId", "documentId", "docId", "postId",
        "tweetId", "idStr", "messageId", "eventId", "an", "accessionNumber", "accessionNo", "suid",
        "rpStoryId", "rpDocumentId", "statusId", "itemId", "contentId", "uri"},
    [TW_FEED_TIME] = {"datetime", "date", "pubDate", "published", "publishedDate", "publishedUtc",
        "datePublished", "timePublished", "publishDate", "publishedOn", "publishedTime", "publishTime",
        "providerPublishTime", "publicationDate", "publicationDatetime", "publicationTime",
        "webPublicationDate", "created", "createdUtc", "createdAt", "createdTime", "createdDate",
        "dateCreated", "firstCreated", "versionCreated", "storyDateTime", "eventTime", "seendate",
        "@timestamp", "dateUnixtime", "unixtime", "unixTimestamp", "epoch", "timestampMs", "posted",
        "postedAt", "postDate", "releaseTime", "releaseDate", "newsTime", "newsDate", "issued", "issuedAt",
        "displayTime", "filedAt", "acceptanceDateTime", "ApproximateCreationDateTime", "updated", "updatedAt",
        "lastModified", "dc:date", "storyTime", "timeOfArrival", "ctime", "pubTime", "isoDate", "showTime",
        "acceptedDate", "postTime", "sentAt", "tweetDate", "articleDate", "timeUnixNano"},
    [TW_FEED_TITLE] = {"subject", "webTitle", "headlines", "newsHeadline", "newsTitle", "articleTitle"},
    [TW_FEED_BODY] = {"fullText", "contentText", "contentHtml", "bodyText", "bodyHtml", "articleBody",
        "articleText", "newsText", "storyBody", "description", "summary", "selftext", "message", "caption",
        "leadParagraph", "abstract", "teaser", "snippet", "excerpt", "sentence", "tweet", "tweetText",
        "bodies", "bodyXhtml", "textPayload", "log"},
    [TW_FEED_SOURCE] = {"sourceName", "publisher", "provider", "site", "domain", "outlet"},
    [TW_FEED_SYMBOLS] = {"symbol", "ticker", "stocks", "tickerSentiment", "relatedTickers", "related",
        "securities", "relatedSymbols", "stockSymbols", "stockTickers", "instruments", "cashtags", "rics",
        "ric", "tickerSymbols", "companyTickers", "stockSymbol", "primarySymbol"},
    [TW_FEED_COMPANIES] = {"entities", "companies", "company", "stock", "security", "instrument", "finance",
        "subjects"},
};

bool tw_feed_same_name(const char *name, const char *key)
{
    for (;; name++, key++) {
        name = tw_fields_skip_marks(name);
        key = tw_fields_skip_marks(key);
        char one = *name, other = *key;
        if (one != other && (!tw_text_is_letter(one) || (one | 0x20) != (other | 0x20)))
            return false;
        if (!one)
            return true;
    }
}

bool tw_feed_has_name(enum tw_feed_field field, const char *key)
{
    for (const char *const *name = feed_names[field]; *name; name++)
        if (tw_feed_same_name(*name, key))
            return true;
    return false;
}

struct tw_feed_letters tw_feed_letters(void)
{
    struct tw_feed_letters letters;
    memset(&letters, 0, sizeof letters);
    for (size_t field = 0; field < TW_FEED_FIELDS; field++)
        for (size_t name = 0; feed_names[field][name]; name++) {
            letters.of[field] |= tw_fields_letter(feed_names[field][name]);
            letters.first[field][name] = tw_text_lower(feed_names[field][name][0]);
        }
    return letters;
}

/* The place of the name that the key is, among those whose first letters are given; -1: it is none. */
static int place_of(const char *const *names, const char *first, const char *key)
{
    const char letter = tw_text_lower(key[0]);
    for (const char *at = first; letter && (at = strchr(at, letter)); at++)
        if (tw_feed_same_name(names[at - first], key))
            return (int)(at - first);
    return -1;
}

/* Puts a value among those of its object, from `first` on, in the order of their places; of one name the
 * first value counts. */
static void insert(
    const json_t *value, uint8_t place, uint32_t first, uint8_t *places, struct tw_feed_values *out)
{
    uint32_t at = out->count;
    while (at > first && places[at - 1 - first] > place)
        at--;
    if (out->count == sizeof out->values / sizeof out->values[0] ||
        (at > first && places[at - 1 - first] == place))
        return;
    memmove(&out->values[at + 1], &out->values[at], (out->count - at) * sizeof out->values[0]);
    memmove(&places[at + 1 - first], &places[at - first], out->count - at);
    out->values[at] = value;
    places[at - first] = place;
    out->count++;
}

void tw_feed_values_add(json_t *object, const struct tw_feed_letters *letters, enum tw_feed_field field,
    struct tw_feed_values *out)
{
    const uint32_t first = out->count;
    uint8_t places[TW_FEED_NAMES_MOST];
    for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
        const char *key = json_object_iter_key(member);
        if (!(letters->of[field] & tw_fields_letter(key)))
            continue;
        int place = place_of(feed_names[field], letters->first[field], tw_fields_skip_marks(key));
        const json_t *value = json_object_iter_value(member);
        if (place >= 0 && !json_is_null(value))
            insert(value, (uint8_t)place, first, places, out);
    }
}

void tw_feed_values_add_named(
    const json_t *object, const struct tw_name_list *names, struct tw_feed_values *out)
{
    for (uint32_t name = 0; object && name < names->count; name++) {
        const json_t *value = tw_fields_member(object, names->names[name]);
        if (value && out->count < sizeof out->values / sizeof out->values[0])
            out->values[out->count++] = value;
    }
}
