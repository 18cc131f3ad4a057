#include "read/fields.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

/* The names of all lists in one row: their first letters, small ones, and whose they are. A row of letters is
 * searched many at a time. */
struct row {
    char first[TW_FIELD_LISTS_MOST * TW_FIELD_NAMES_MOST];
    uint8_t list[TW_FIELD_LISTS_MOST * TW_FIELD_NAMES_MOST];
    uint8_t name[TW_FIELD_LISTS_MOST * TW_FIELD_NAMES_MOST];
    size_t count;
};

/* Does the value of `key` come in the place of what was `found` for the name so far, NULL for nothing? The
 * first letters are compared first: most keys are told apart by them. */
static bool takes(const char *name, const char *key, const json_t *found)
{
    return tw_text_lower(name[0]) == tw_text_lower(key[0]) &&
           (strcmp(name, key) == 0 || (!found && strcasecmp(name, key) == 0));
}

static void lay_out(const struct tw_name_list *const *lists, uint32_t count, struct row *row,
    const json_t *(*values)[TW_FIELD_NAMES_MOST])
{
    row->count = 0;
    for (uint32_t list = 0; list < count; list++)
        for (uint32_t name = 0; name < lists[list]->count && name < TW_FIELD_NAMES_MOST; name++) {
            row->first[row->count] = tw_text_lower(lists[list]->names[name][0]);
            row->list[row->count] = (uint8_t)list;
            row->name[row->count++] = (uint8_t)name;
            values[list][name] = NULL;
        }
}

/* A name that stands twice has its value in both places. A key in another case counts until the name itself
 * comes. */
static void place(const struct tw_name_list *const *lists, const struct row *row, const char *key,
    const json_t *value, const json_t *(*values)[TW_FIELD_NAMES_MOST])
{
    const char *at = row->first, *end = row->first + row->count;
    while (at < end && (at = memchr(at, tw_text_lower(key[0]), (size_t)(end - at)))) {
        size_t place = (size_t)(at++ - row->first);
        const char *wanted = lists[row->list[place]]->names[row->name[place]];
        const json_t **found = &values[row->list[place]][row->name[place]];
        if (takes(wanted, key, *found))
            *found = value;
    }
}

uint32_t tw_fields_find(json_t *object, const struct tw_name_list *const *lists, uint32_t count,
    const json_t *(*values)[TW_FIELD_NAMES_MOST])
{
    uint32_t letters = 0;
    struct row row;
    lay_out(lists, count, &row, values);
    for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
        const char *key = json_object_iter_key(member);
        const json_t *value = json_object_iter_value(member);
        letters |= tw_fields_letter(key);
        if (!json_is_null(value))
            place(lists, &row, key, value, values);
    }
    return letters;
}

json_t *tw_fields_member(const json_t *object, const char *name)
{
    json_t *members = (json_t *)(uintptr_t)object, *value = json_object_get(object, name);
    if (value && !json_is_null(value))
        return value;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        value = json_object_iter_value(at);
        if (!json_is_null(value) && takes(name, json_object_iter_key(at), NULL))
            return value;
    }
    return NULL;
}
