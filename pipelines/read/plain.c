#include "read/plain.h"

#include <stdio.h>
#include <string.h>

/* {"guid":{"#text":"…"}} of XML turned into JSON, {"title":{"rendered":"…"}} of blogs: a few levels, never
 * more. */
enum { MOST_LEVELS = 4 };

const char *const tw_plain_names[] = {"name", "$oid", "$numberLong", "$numberInt", "rendered", "value",
    "text", "#text", "$t", "_", "string", "#cdata-section", "#cdata", "__cdata", "__text", "_text", "_cdata",
    "$value", "main", "plain", "html", "content", "title", "en", "code", "id", "displayName", "$",
    "stringValue", "integerValue", NULL};
const char *const tw_plain_blocks[] = {
    "text", "value", "content", "rendered", "#text", "#cdata", "html", "body", NULL};
const char *const tw_plain_markup[] = {"rendered", "#text", "$t", "_", "#cdata-section", "#cdata", "__cdata",
    "__text", "_text", "_cdata", "$value", "value", "string", "stringValue", NULL};
const char *const tw_plain_symbols[] = {"symbol", "ticker", "code", "text", "value", "id", "name", "company",
    "security", "instrument", "stock", "asset", NULL};
const char *const tw_plain_company_symbols[] = {
    "symbol", "ticker", "stock_ticker", "stockTicker", "symbols", "tickers", "ric", NULL};

/* The one value of an array that is not null, or NULL. */
static const json_t *only_value(const json_t *array)
{
    const json_t *found = NULL;
    for (size_t at = 0; at < json_array_size(array); at++) {
        const json_t *value = json_array_get(array, at);
        if (json_is_null(value))
            continue;
        if (found)
            return NULL;
        found = value;
    }
    return found;
}

static const json_t *named_value(const json_t *object, const char *const *names)
{
    for (; *names; names++) {
        const json_t *value = json_object_get(object, *names);
        if (value && !json_is_null(value))
            return value;
    }
    return NULL;
}

static enum tw_plain write_number(const json_t *value, struct tw_arena *arena, struct tw_text *out)
{
    char digits[40];
    int length = json_is_integer(value)
                     ? snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value))
                     : snprintf(digits, sizeof digits, "%.15g", json_real_value(value));
    *out = tw_arena_copy(arena, (struct tw_text){digits, (size_t)length});
    return out->bytes ? TW_PLAIN_READ : TW_PLAIN_FULL;
}

enum tw_plain tw_plain_text(
    const json_t *value, const char *const *names, struct tw_arena *arena, struct tw_text *out)
{
    for (int level = 0; value && level <= MOST_LEVELS; level++) {
        if (json_is_string(value)) {
            *out = (struct tw_text){json_string_value(value), json_string_length(value)};
            return level ? TW_PLAIN_READ : TW_PLAIN_TEXT;
        }
        if (json_is_number(value))
            return write_number(value, arena, out);
        value = json_is_array(value)    ? only_value(value)
                : json_is_object(value) ? named_value(value, names)
                                        : NULL;
    }
    return TW_PLAIN_NONE;
}

/* What an array's elements say; `length` with a line break behind each. */
struct parts {
    struct tw_text *texts; /* without bytes: of a null */
    size_t count, length;
    bool in_pieces; /* texts, and objects with one, side by side */
};

/* False when a value among them is none; *full: the arena is. */
static bool read_parts(const json_t *array, struct tw_arena *arena, struct parts *parts, bool *full)
{
    size_t pieces = 0, texts = 0, nulls = 0;
    for (size_t at = 0; at < parts->count; at++) {
        const json_t *value = json_array_get(array, at);
        bool is_object = json_is_object(value), is_null = json_is_null(value);
        texts += json_is_string(value);
        pieces += is_object && json_is_string(json_object_get(value, "text"));
        nulls += is_null;
        if (is_null)
            continue;
        if (!json_is_string(value) && !is_object)
            return false;
        parts->texts[at] = (struct tw_text){"", 0};
        *full = tw_plain_text(value, tw_plain_blocks, arena, &parts->texts[at]) == TW_PLAIN_FULL;
        if (*full)
            return false;
        parts->length += parts->texts[at].length + 1;
    }
    parts->in_pieces = texts > 0 && pieces > 0 && texts + pieces + nulls == parts->count;
    return true;
}

bool tw_plain_join(const json_t *array, struct tw_arena *arena, struct tw_text *out)
{
    struct parts parts = {.count = json_array_size(array)};
    bool full = false;
    size_t used = 0;
    *out = (struct tw_text){"", 0};
    if (parts.count == 0)
        return true;
    parts.texts = tw_arena_array(arena, parts.count, sizeof *parts.texts);
    if (!parts.texts)
        return false;
    if (!read_parts(array, arena, &parts, &full))
        return !full;
    char *bytes = tw_arena_take(arena, parts.length);
    if (!bytes)
        return false;
    for (size_t at = 0; at < parts.count; at++) {
        if (!parts.texts[at].bytes)
            continue;
        memcpy(bytes + used, parts.texts[at].bytes, parts.texts[at].length);
        used += parts.texts[at].length;
        if (!parts.in_pieces)
            bytes[used++] = '\n';
    }
    *out = (struct tw_text){bytes, used && !parts.in_pieces ? used - 1 : used};
    return true;
}
