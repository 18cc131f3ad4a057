#include "read/listed_symbols.h"

#include <string.h>

#include "read/plain.h"
#include "read/split_symbols.h"

struct reading {
    enum tw_listed kind;
    struct tw_arena *arena;
    struct tw_symbol_list_read *out;
    struct tw_error *err;
};

/* Reuters lists companies among the subjects of a story: "R:VELQ.O" between "N2:US" and "B:12". */
static enum tw_plain ric_among_subjects(const json_t *value, struct tw_text *out)
{
    const char *text = json_string_value(value);
    if (strncmp(text, "R:", 2) != 0 || !text[2])
        return TW_PLAIN_NONE;
    *out = (struct tw_text){text + 2, json_string_length(value) - 2};
    return TW_PLAIN_TEXT;
}

static enum tw_plain plain_symbol(const struct reading *reading, const json_t *value, struct tw_text *out)
{
    const bool companies = reading->kind == TW_LISTED_COMPANIES;
    *out = (struct tw_text){"", 0};
    if (companies && json_is_string(value))
        return ric_among_subjects(value, out);
    if (companies && !json_is_object(value))
        return TW_PLAIN_NONE;
    return tw_plain_text(value, companies ? tw_plain_company_symbols : tw_plain_symbols, reading->arena, out);
}

static bool keep(const struct reading *reading, struct tw_text from, struct tw_text *to)
{
    *to = tw_arena_copy(reading->arena, from);
    return to->bytes ? true : tw_arena_fail(reading->arena, reading->err);
}

/* ---- arrays ---- */

/* ["VELQ", 0.9]: of an array within a list of symbols its one text. */
static const json_t *symbol_beside_numbers(const json_t *element)
{
    const json_t *only = NULL;
    if (!json_is_array(element))
        return element;
    for (size_t at = 0; at < json_array_size(element); at++) {
        const json_t *value = json_array_get(element, at);
        if (json_is_number(value) || json_is_null(value))
            continue;
        if (only)
            return NULL;
        only = value;
    }
    return only;
}

static bool read_array(const struct reading *reading, const json_t *array)
{
    size_t count = json_array_size(array);
    struct tw_text *symbols = tw_arena_array(reading->arena, count, sizeof *symbols);
    struct tw_symbol_list_read *out = reading->out;
    if (!symbols)
        return tw_arena_fail(reading->arena, reading->err);
    for (size_t at = 0; at < count; at++) {
        struct tw_text text;
        enum tw_plain plain = plain_symbol(reading, symbol_beside_numbers(json_array_get(array, at)), &text);
        if (plain == TW_PLAIN_FULL)
            return tw_arena_fail(reading->arena, reading->err);
        bool none = plain == TW_PLAIN_NONE || tw_text_is_blank(text);
        out->repairs += plain != TW_PLAIN_TEXT && !(none && reading->kind == TW_LISTED_COMPANIES);
        if (!none && !keep(reading, text, &symbols[out->count++]))
            return false;
    }
    out->symbols = symbols;
    return tw_split_elements(reading->arena, &out->symbols, &out->count, reading->err);
}

/* ---- objects ---- */

/* A member's name as a symbol: capitals, digits and marks alone. */
static bool is_symbol_name(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-/");
    return length > 0 && length <= 24 && !name[length] && strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* {"0": "VELQ"}, {"primary": ["VELQ"]}, {"VELQ": 0.9}: the members' texts and lists in one array, or the
 * names of those that are none. NULL: no memory. */
static json_t *listed_members(const struct reading *reading, const json_t *object)
{
    json_t *members = (json_t *)(uintptr_t)object, *list = json_array();
    for (void *at = json_object_iter(members); list && at; at = json_object_iter_next(members, at)) {
        json_t *value = json_object_iter_value(at);
        const char *name = json_object_iter_key(at);
        struct tw_text text;
        bool named = json_is_object(value) && plain_symbol(reading, value, &text) != TW_PLAIN_NONE;
        if (json_is_array(value))
            json_array_extend(list, value);
        else if (json_is_string(value) || named)
            json_array_append(list, value);
        else if (!json_is_null(value) && is_symbol_name(name))
            json_array_append_new(list, json_string(name));
    }
    return list;
}

static bool read_members(const struct reading *reading, const json_t *object)
{
    json_t *list = listed_members(reading, object);
    bool taken = !list || read_array(reading, list);
    json_decref(list);
    return taken;
}

/* ---- any of them ---- */

bool tw_listed_symbols(const json_t *value, enum tw_listed kind, struct tw_arena *arena,
    struct tw_symbol_list_read *out, struct tw_error *err)
{
    const struct reading reading = {kind, arena, out, err};
    struct tw_text text;
    *out = (struct tw_symbol_list_read){0};
    while (json_array_size(value) == 1 && json_is_array(json_array_get(value, 0))) /* [["A", "B"]] */
        value = json_array_get(value, 0);
    if (json_is_array(value))
        return read_array(&reading, value);
    enum tw_plain plain = plain_symbol(&reading, value, &text);
    if (plain == TW_PLAIN_FULL)
        return tw_arena_fail(arena, err);
    if (plain == TW_PLAIN_NONE && kind == TW_LISTED_COMPANIES) /* Yahoo's finance has a list within */
        return read_array(&reading, json_object_get(value, "stockTickers"));
    if (plain == TW_PLAIN_NONE && json_is_object(value))
        return read_members(&reading, value);
    out->repairs = plain != TW_PLAIN_TEXT;
    return tw_text_is_blank(text) ||
           (keep(&reading, text, &text) && tw_split_symbols(arena, text, &out->symbols, &out->count, err));
}
