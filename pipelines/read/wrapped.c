#include "read/wrapped.h"

#include <string.h>

#include "read/dynamodb.h"
#include "read/feed_names.h"
#include "read/fields.h"
#include "read/json_text.h"
#include "read/plain.h"

/* What the search works with. */
struct search {
    const struct tw_wrapped_names *names;
    struct tw_arena *arena;
    struct tw_envelope_contents *out;
    struct tw_error *err;
    bool loose; /* what feeds call a text, and a text in an object, are texts, too */
    bool full;  /* the arena is */
};

static struct tw_text text_in(const json_t *string)
{
    return (struct tw_text){json_string_value(string), json_string_length(string)};
}

static bool begins_object(struct tw_text text)
{
    size_t at = 0;
    while (at < text.length && (unsigned char)text.bytes[at] <= ' ')
        at++;
    return at < text.length && text.bytes[at] == '{';
}

/* ---- what was parsed ---- */

/* Keeps a value that nobody else owns; NULL when too many are kept. */
static json_t *keep(struct search *search, json_t *value)
{
    json_t **parsed = search->out->parsed;
    for (size_t at = 0; value && at < TW_ENVELOPE_TEXTS; at++)
        if (!parsed[at]) {
            parsed[at] = value;
            return value;
        }
    json_decref(value);
    return NULL;
}

/* The object in a text; NULL when it is none. */
static json_t *object_in(struct search *search, struct tw_text text)
{
    struct tw_json_repairs repairs = {0};
    struct tw_error why;
    json_t *value = NULL;
    if (!begins_object(text))
        return NULL;
    if (tw_json_read(text, search->arena, &value, &repairs, &why))
        return json_is_object(value) ? keep(search, value) : (json_decref(value), NULL);
    if (why.code != TW_REFUSED) {
        *search->err = why;
        search->full = true;
    }
    return NULL;
}

/* Words as an object with them for a body; NULL for what is no text. */
static json_t *words_in(struct search *search, struct tw_text text)
{
    bool several = false;
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        several = several || byte == ' ';
        if (byte < ' ' && !strchr("\t\r\n", byte))
            return NULL;
    }
    json_t *words = several ? json_stringn(text.bytes, text.length) : NULL; /* NULL when it is no UTF-8 */
    json_t *object = words ? json_object() : NULL;
    if (!object || json_object_set_new(object, search->names->body->names[0], words) != 0) {
        json_decref(object);
        return NULL;
    }
    return keep(search, object);
}

/* ---- one level ---- */

static const json_t *text_of(const json_t *object, const struct tw_name_list *list)
{
    for (uint32_t name = 0; name < list->count; name++) {
        const json_t *value = tw_fields_member(object, list->names[name]);
        if (json_is_string(value) && json_string_length(value))
            return value;
    }
    return NULL;
}

/* A body in pieces, the first of them words. */
static bool has_paragraphs(const json_t *object, const struct tw_name_list *list)
{
    for (uint32_t name = 0; name < list->count; name++)
        if (json_is_string(json_array_get(tw_fields_member(object, list->names[name]), 0)))
            return true;
    return false;
}

static bool is_loose_text(const struct search *search, const json_t *value)
{
    struct tw_text text = {"", 0};
    return (json_is_string(value) || json_is_object(value)) &&
           tw_plain_text(value, tw_plain_markup, search->arena, &text) <= TW_PLAIN_READ &&
           !tw_text_is_blank(text);
}

/* A text by any of the names that feeds give one, or in an object ({"$t": ..}, {"rendered": ..}). */
static bool has_loose_text(const struct search *search, const json_t *object)
{
    const struct tw_name_list *const lists[] = {search->names->title, search->names->body};
    json_t *members = (json_t *)(uintptr_t)object;
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
        for (uint32_t name = 0; name < lists[list]->count; name++)
            if (is_loose_text(search, tw_fields_member(object, lists[list]->names[name])))
                return true;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const char *key = json_object_iter_key(at);
        if ((tw_feed_has_name(TW_FEED_TITLE, key) || tw_feed_has_name(TW_FEED_BODY, key)) &&
            is_loose_text(search, json_object_iter_value(at)))
            return true;
    }
    return false;
}

static bool has_text(const struct search *search, const json_t *object)
{
    if (search->loose)
        return has_loose_text(search, object);
    return text_of(object, search->names->title) || text_of(object, search->names->body) ||
           has_paragraphs(object, search->names->body) ||
           json_is_string(json_object_get(object, "full_text"));
}

static bool has_one_of(const json_t *object, const char *const *names, size_t count)
{
    for (size_t name = 0; name < count; name++)
        if (json_object_get(object, names[name]))
            return true;
    return false;
}

/* Fields that stand beside what Pub/Sub, Kinesis, Firehose and CloudEvents carry. */
static bool is_transport(const json_t *object)
{
    static const char *const marks[] = {"messageId", "message_id", "publishTime", "sequenceNumber",
        "SequenceNumber", "partitionKey", "PartitionKey", "recordId", "specversion"};
    return has_one_of(object, marks, sizeof marks / sizeof marks[0]);
}

/* The object of an array of one: Lambda's Records, Canal's and Finnhub's data, a page of answers that holds
 * one article. */
static json_t *only_object(json_t *array)
{
    json_t *only = json_array_size(array) == 1 ? json_array_get(array, 0) : NULL;
    return json_is_object(only) ? only : NULL;
}

static json_t *object_of_text(
    struct search *search, const json_t *object, const char *name, struct tw_text text)
{
    struct tw_text bytes;
    if (begins_object(text))
        return object_in(search, text);
    bool is_data = strcmp(name, "data") == 0 || strcmp(name, "Data") == 0;
    bool is_payload = strcmp(name, "payload") == 0 && json_object_get(object, "schema");
    bool is_alone = is_data && json_object_size(object) == 1; /* Firehose's deliveries over HTTP */
    if (!is_payload && !is_alone && !(is_data && is_transport(object)))
        return NULL;
    if (!tw_envelope_open_base64(text, search->arena, &bytes)) {
        search->full = true;
        tw_arena_fail(search->arena, search->err);
        return NULL;
    }
    if (begins_object(bytes))
        return object_in(search, bytes);
    return is_alone ? NULL : words_in(search, bytes.length ? bytes : text); /* no bytes: it is no base64 */
}

/* The object under a name, or in what stands there; NULL when there is none. */
static json_t *object_under(struct search *search, const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (json_is_object(value))
        return value;
    if (json_is_array(value))
        return only_object(value);
    return json_is_string(value) ? object_of_text(search, object, name, text_in(value)) : NULL;
}

/* The object to go on with: the first with a text of its own, else the first. */
static json_t *next_object(struct search *search, const json_t *object)
{
    static const char *const names[] = {"extended_tweet", "note_tweet", "detail", "data", "Data", "message",
        "Message", "payload", "after", "_source", "fullDocument", "value", "Body", "Records", "kinesis",
        "Sns", "content", "article", "story", "news", "item", "document", "doc", "post", "tweet", "record",
        "channel_post", "edited_channel_post", "edited_message", "body", "dynamodb", "NewImage", "Item",
        "newsItem", "snippet", "jsonPayload", "articles", "items", "results", "feed", "stories", "posts",
        "entries", "messages", "tweets", "response", "result", "records", "commit", "event", "attributes",
        "properties", "params", "d", "new", "log", "_airbyte_data", "fields", "object", "children", "hits",
        "entry", "changes", "edges", "node", "logEvents", "resourceLogs", "scopeLogs", "logRecords"};
    json_t *first = NULL;
    for (size_t at = 0; at < sizeof names / sizeof names[0] && !search->full; at++) {
        json_t *found = object_under(search, object, names[at]);
        if (found && has_text(search, found))
            return found;
        first = first ? first : found;
    }
    return first;
}

/* The object in a text that is one: SQS's body. It counts when it has a text, or JSON in one. */
static json_t *object_in_text(struct search *search, const json_t *object)
{
    const json_t *text = text_of(object, search->names->body);
    json_t *found = text && !text_of(object, search->names->title) ? object_in(search, text_in(text)) : NULL;
    return found && (has_text(search, found) || json_is_string(json_object_get(found, "Message"))) ? found
                                                                                                   : NULL;
}

json_t *tw_wrapped_longer_tweet(const json_t *object)
{
    json_t *tweet = json_object_get(object, "extended_tweet");
    return tweet ? tweet : json_object_get(object, "note_tweet");
}

/* From an object with a text to a better one within; from one without to whatever may have it. */
static json_t *inner_object(struct search *search, const json_t *object, bool text)
{
    json_t *tweet = tw_wrapped_longer_tweet(object);
    if (!text)
        return next_object(search, object);
    return json_is_object(tweet) ? tweet : object_in_text(search, object);
}

/* Goes on to the object with a text; false when there is none. */
static bool find_text(struct search *search)
{
    enum { MOST_LEVELS = 6 };
    json_t *fields = search->out->fields, *outer = NULL;
    for (int level = 0; fields && level <= MOST_LEVELS && !search->full; level++) {
        bool text = has_text(search, fields);
        json_t *next = inner_object(search, fields, text);
        tw_dynamodb_open(next);
        if (text && (!next || level == MOST_LEVELS)) {
            search->out->fields = fields;
            if (!search->out->outer)
                search->out->outer = outer;
            return true;
        }
        outer = fields;
        fields = next;
    }
    return false;
}

/* What none of a text's own names leads to is looked for once more by those that feeds give one. */
bool tw_wrapped_open(const struct tw_wrapped_names *names, struct tw_arena *arena,
    struct tw_envelope_contents *out, struct tw_error *err)
{
    struct search search = {.names = names, .arena = arena, .out = out, .err = err};
    if (!find_text(&search) && !search.full && out->fields) {
        search.loose = true;
        find_text(&search);
    }
    return !search.full;
}

static bool says(const json_t *object, const char *name, const char *one, const char *other)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value && (strcmp(value, one) == 0 || strcmp(value, other) == 0);
}

/* A change in DynamoDB's stream that leaves no item. */
static bool is_removal(const json_t *object)
{
    const json_t *change = json_object_get(object, "dynamodb");
    return change && says(object, "eventName", "REMOVE", "REMOVE") && !json_object_get(change, "NewImage");
}

bool tw_wrapped_says_deleted(const json_t *object)
{
    const json_t *records = json_object_get(object, "Records");
    if (is_removal(object) || (json_array_size(records) == 1 && is_removal(json_array_get(records, 0))))
        return true;
    if (!json_object_get(object, "table"))
        return false;
    const json_t *before = json_object_get(object, "old_record"); /* Supabase's */
    return says(object, "op_type", "D", "d") || says(object, "action", "D", "D") ||
           ((json_object_get(object, "data") || before) && says(object, "type", "delete", "DELETE"));
}

/* ---- several messages in one ---- */

bool tw_wrapped_fail_several(const char *what, const char *path, struct tw_error *err)
{
    static const char names[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    char cure[200] = "send each of them as a message of its own";
    size_t used = strlen(cure);
    if (path[strspn(path, names)] == '\0') /* what jq takes without quotes */
        snprintf(cure + used, sizeof cure - used, "; of a file: jq -c '.%.80s[]' FILE >OUT.jsonl", path);
    return tw_fail(err, TW_REFUSED, NULL, cure, "%s field %.100s holds several messages", what, path);
}

static bool is_number(const char *name)
{
    return *name && strspn(name, "0123456789") == strlen(name);
}

static bool has_numbered_members(json_t *object)
{
    void *at = json_object_iter(object);
    while (at && is_number(json_object_iter_key(at)))
        at = json_object_iter_next(object, at);
    return !at && json_object_size(object) > 0;
}

static bool is_column_of(json_t *value, const json_t *first)
{
    const json_t *cell = json_array_get(value, 0);
    if (json_is_object(value))
        return json_object_size(value) == json_object_size(first) && has_numbered_members(value);
    return json_array_size(value) > 1 && json_array_size(value) == json_array_size(first) &&
           !json_is_object(cell) && !json_is_array(cell);
}

/* {"text": {"0": .., "1": ..}} and {"text": [.., ..], "ts": [.., ..]}: nothing but columns of one length. */
static bool has_columns(json_t *object)
{
    void *at = json_object_iter(object);
    const json_t *first = json_object_iter_value(at);
    while (at && is_column_of(json_object_iter_value(at), first))
        at = json_object_iter_next(object, at);
    return !at && json_object_size(object) > 0;
}

/* {"0": {"text": ..}, "1": {"text": ..}} */
static bool has_rows(json_t *object)
{
    return has_numbered_members(object) && json_is_object(json_object_iter_value(json_object_iter(object)));
}

bool tw_wrapped_is_feed(const json_t *object, const struct tw_wrapped_names *names, struct tw_error *err)
{
    static const char *const lists[] = {"items", "articles", "entries", "results"};
    for (size_t at = 0; at < sizeof lists / sizeof lists[0]; at++) {
        const json_t *first = json_array_get(tw_fields_member(object, lists[at]), 0);
        if (!first || (!text_of(first, names->title) && !text_of(first, names->body) &&
                          !json_is_string(json_object_get(first, "content_text")) &&
                          !json_is_string(json_object_get(first, "content_html"))))
            continue;
        return !tw_wrapped_fail_several("a title without a body, and", lists[at], err);
    }
    return false;
}

bool tw_wrapped_is_table(json_t *object, struct tw_error *err)
{
    if (has_columns(object)) {
        tw_fail(err, TW_REFUSED, NULL,
            "write its rows, one a message: python3 -c \"import pandas as p; "
            "p.read_json('FILE').to_json('OUT.jsonl', orient='records', lines=True)\"",
            "a table by columns, and not one message");
        return true;
    }
    if (has_rows(object)) {
        tw_fail(err, TW_REFUSED, NULL, "write its rows, one a message: jq -c '.[]' FILE >OUT.jsonl",
            "a table by numbered rows, and not one message");
        return true;
    }
    return false;
}
