#include "read/feed_names.h"

#include "base/text.h"

/* The table ends each list by NULL. Of times the ones that say when a text came out stand before those that
 * say when it was changed. */
static const char *const feed_names[][TW_FEED_NAMES_MOST + 1] = {
    [TW_FEED_ID] = {"uuid", "guid", "id", "newsId", "articleId", "storyId", "documentId", "docId", "postId",
        "tweetId", "idStr", "messageId", "eventId"},
    [TW_FEED_TIME] = {"datetime", "date", "pubDate", "published", "publishedDate", "publishedUtc",
        "datePublished", "timePublished", "publishDate", "publishedOn", "publishedTime", "publishTime",
        "providerPublishTime", "publicationDate", "publicationDatetime", "publicationTime",
        "webPublicationDate", "created", "createdUtc", "createdAt", "createdTime", "createdDate",
        "dateCreated", "firstCreated", "versionCreated", "storyDateTime", "eventTime", "seendate",
        "@timestamp", "dateUnixtime", "unixtime", "unixTimestamp", "epoch", "timestampMs", "posted",
        "postedAt", "postDate", "releaseTime", "releaseDate", "newsTime", "newsDate", "issued", "issuedAt",
        "displayTime", "filedAt", "acceptanceDateTime", "ApproximateCreationDateTime", "updated", "updatedAt",
        "lastModified", "dc:date"},
    [TW_FEED_TITLE] = {"subject", "webTitle", "headlines", "newsHeadline", "newsTitle", "articleTitle"},
    [TW_FEED_BODY] = {"fullText", "description", "summary", "selftext", "contentHtml", "contentText",
        "message", "caption", "articleBody", "bodyText", "bodyHtml", "leadParagraph", "abstract", "teaser",
        "snippet", "excerpt", "sentence", "tweet", "articleText", "newsText", "tweetText"},
    [TW_FEED_SOURCE] = {"sourceName", "publisher", "provider", "site", "domain", "outlet"},
    [TW_FEED_SYMBOLS] = {"symbol", "ticker", "stocks", "tickerSentiment", "relatedTickers", "related",
        "securities", "relatedSymbols", "stockSymbols", "stockTickers", "instruments", "cashtags", "rics",
        "ric", "tickerSymbols", "companyTickers", "stockSymbol", "primarySymbol"},
    [TW_FEED_COMPANIES] = {"entities", "companies", "company", "stock", "security", "instrument", "finance"},
};

static const char *skip_marks(const char *at)
{
    while (*at == '_' || *at == '-' || *at == ' ')
        at++;
    return at;
}

bool tw_feed_same_name(const char *name, const char *key)
{
    for (;; name++, key++) {
        name = skip_marks(name);
        key = skip_marks(key);
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

static void add_value(const json_t *value, struct tw_feed_values *out)
{
    if (value && out->count < sizeof out->values / sizeof out->values[0])
        out->values[out->count++] = value;
}

void tw_feed_values_add(json_t *object, enum tw_feed_field field, struct tw_feed_values *out)
{
    const char *const *names = feed_names[field];
    const json_t *found[TW_FEED_NAMES_MOST] = {NULL};
    uint32_t any = 0;
    for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
        const json_t *value = json_object_iter_value(member);
        const char *key = skip_marks(json_object_iter_key(member));
        for (uint32_t name = 0; !json_is_null(value) && names[name]; name++)
            if ((names[name][0] | 0x20) == (key[0] | 0x20) && !found[name] &&
                tw_feed_same_name(names[name], key)) {
                found[name] = value;
                any++;
            }
    }
    for (uint32_t name = 0; any && names[name]; name++)
        add_value(found[name], out);
}

void tw_feed_values_add_named(
    const json_t *object, const struct tw_name_list *names, struct tw_feed_values *out)
{
    for (uint32_t name = 0; object && name < names->count; name++)
        add_value(tw_fields_member(object, names->names[name]), out);
}
