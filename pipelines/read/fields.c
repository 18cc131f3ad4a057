#include "read/fields.h"

#include <string.h>

/* Which of `list`'s names the key is; `count` when it is none. A name that stands twice counts where it
 * stands first. */
static uint32_t place_of(const struct tw_name_list *list, uint32_t count, const char *key)
{
    for (uint32_t at = 0; at < count; at++)
        if (list->names[at][0] == key[0] && strcmp(list->names[at], key) == 0)
            return at;
    return count;
}

static uint32_t kept_names(const struct tw_name_list *list)
{
    return list->count < TW_FIELD_NAMES_MOST ? list->count : TW_FIELD_NAMES_MOST;
}

void tw_fields_find(json_t *object, const struct tw_name_list *const *lists, uint32_t count,
    const json_t *(*values)[TW_FIELD_NAMES_MOST])
{
    for (uint32_t list = 0; list < count; list++)
        for (uint32_t at = 0; at < kept_names(lists[list]); at++)
            values[list][at] = NULL;
    for (void *member = json_object_iter(object); member; member = json_object_iter_next(object, member)) {
        const char *key = json_object_iter_key(member);
        const json_t *value = json_object_iter_value(member);
        if (json_is_null(value))
            continue;
        for (uint32_t list = 0; list < count; list++) {
            uint32_t names = kept_names(lists[list]), at = place_of(lists[list], names, key);
            if (at < names)
                values[list][at] = value;
        }
    }
}
