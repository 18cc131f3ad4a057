#include "read/plain.h"

#include <stdio.h>

/* {"guid":{"#text":"…"}} of XML turned into JSON, {"title":{"rendered":"…"}} of blogs: a few levels, never
 * more. */
enum { MOST_LEVELS = 4 };

const char *const tw_plain_names[] = {"name", "$oid", "$numberLong", "$numberInt", "rendered", "value",
    "text", "#text", "$t", "_", "string", "#cdata-section", "__cdata", "__text", "_text", "_cdata", "$value",
    "main", "plain", "html", "content", "title", "en", "code", "id", "displayName", "$", NULL};
const char *const tw_plain_blocks[] = {"text", "value", "content", "rendered", "#text", "html", "body", NULL};
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
