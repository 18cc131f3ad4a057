#include "read/decode_changes.h"

#include <string.h>

static bool same_names(const struct tw_name_list *left, const struct tw_name_list *right)
{
    bool same = left->count == right->count;
    for (uint32_t at = 0; same && at < left->count; at++)
        same = strcmp(left->names[at], right->names[at]) == 0;
    return same;
}

/* Members that cannot be added leave *object NULL. */
static void add(json_t **object, const char *name, json_t *value)
{
    if (*object && json_object_set_new(*object, name, value) == 0)
        return;
    json_decref(*object);
    *object = NULL;
}

static void add_names(
    json_t **object, const char *name, const struct tw_name_list *names, const struct tw_name_list *usual)
{
    if (!*object || same_names(names, usual))
        return;
    json_t *list = json_array();
    for (uint32_t at = 0; at < names->count; at++)
        json_array_append_new(list, json_string(names->names[at]));
    add(object, name, json_array_size(list) == names->count ? list : NULL);
}

/* A text that is empty is as good as none. */
static void add_text(json_t **object, const char *name, const char *text)
{
    if (*object && text && text[0])
        add(object, name, json_string(text));
}

static void add_word(json_t **object, const char *name, const char *const *words, unsigned choice)
{
    if (*object && choice != 0) /* the first is the default's: auto */
        add(object, name, json_string(words[choice]));
}

static void add_number(json_t **object, const char *name, int64_t number, int64_t usual)
{
    if (*object && number != usual)
        add(object, name, json_integer(number));
}

json_t *tw_decode_changes(const struct tw_decode_options *options)
{
    const struct tw_decode_options usual = tw_decode_defaults();
    const struct {
        const char *name;
        const struct tw_name_list *names, *usual;
    } lists[] = {{"id", &options->id, &usual.id}, {"time", &options->time, &usual.time},
        {"title", &options->title, &usual.title}, {"body", &options->body, &usual.body},
        {"source", &options->source, &usual.source}, {"language", &options->language, &usual.language},
        {"symbols", &options->symbols, &usual.symbols}};
    json_t *object = json_object();
    for (size_t at = 0; at < sizeof lists / sizeof lists[0]; at++)
        add_names(&object, lists[at].name, lists[at].names, lists[at].usual);
    add_word(&object, "envelope", tw_envelope_names, options->envelope);
    add_text(&object, "root", options->root);
    add_text(&object, "time_zone", options->time_zone_name);
    add_word(&object, "time_unit", tw_time_unit_names, options->time_unit);
    add_number(&object, "most_bytes", (int64_t)options->max_payload_bytes, (int64_t)usual.max_payload_bytes);
    add_number(&object, "max_ahead_us", options->max_ahead_us, usual.max_ahead_us);
    return object;
}
