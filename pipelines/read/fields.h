/* fields: the values of an object whose names are asked for, found in one pass over the object.
 *
 *   in    a JSON object; lists of names, each list the names that one field goes by, the preferred one first
 *   out   for each list and each of its names the value, or NULL
 *
 * A name is also found in another case, where it does not stand as it is: Oracle's exports write TITLE,
 * .NET's Title, PostgreSQL publishedat.
 *
 * An object has a handful of members and a field a handful of names: going through the members once and
 * looking for their first letters among those of the names costs less than asking the object for each name
 * in turn, most of which it does not have. A null counts as absent. */
#ifndef TW_FIELDS_H
#define TW_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/* The names of one field, in the order in which they are tried. */
struct tw_name_list {
    const char *const *names;
    uint32_t count;
};

enum {
    TW_FIELD_NAMES_MOST = 16, /* names of one field that are looked for; a longer list's others are not */
    TW_FIELD_LISTS_MOST = 16
};

/* Without the underscores, hyphens and blanks that it begins with. */
static inline const char *tw_fields_skip_marks(const char *name)
{
    while (*name == '_' || *name == '-' || *name == ' ')
        name++;
    return name;
}

/* The first letter of a name behind such marks, whatever its case, as one bit of 32, which other bytes
 * share. */
static inline uint32_t tw_fields_letter(const char *name)
{
    return UINT32_C(1) << (*tw_fields_skip_marks(name) & 31);
}

/* Writes to values[list][name] what stands under the name, a pointer into the object. `values` has `count`
 * rows, TW_FIELD_LISTS_MOST at the most; of a row only the places of the list's names are written. A name
 * may stand in several lists. Returns the first letters of all members: none of another letter is there. */
uint32_t tw_fields_find(json_t *object, const struct tw_name_list *const *lists, uint32_t count,
    const json_t *(*values)[TW_FIELD_NAMES_MOST]);

/* The value of one name, by the same rule; NULL when there is none, or `object` is no object. It belongs to
 * the object. */
json_t *tw_fields_member(const json_t *object, const char *name);

#endif
