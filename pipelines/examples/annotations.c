#include "examples/annotations.h"

#include "format/labels.h"
#include "read/json_text.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

static bool fail_field(const char *where, const char *what, struct tw_error *err)
{
    return tw_fail(err, TW_REFUSED, where,
        "negative, neutral or positive; entities: [{\"name\":..., \"label\":...}]", "%s", what);
}

static struct tw_text string_of(const json_t *value)
{
    return (struct tw_text){json_string_value(value), json_string_length(value)};
}

static bool read_label(const json_t *value, const char *where, int32_t *label, struct tw_error *err)
{
    *label = -1;
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value))
        return fail_field(where, "the label is not a text", err);
    *label = tw_class_of(string_of(value));
    if (*label >= 0)
        return true;
    fail_field(where, "the label is not one of ours", err);
    snprintf(err->what, sizeof err->what, "the label \"%.64s\" is not one of ours", json_string_value(value));
    return false;
}

/* Others have a field of that name, too: a tweet's is an object of hashtags and links. Ours is an array of
 * objects with a name; one with a label alone was meant to have a name, and is told. */
static bool is_ours(const json_t *entities)
{
    for (size_t at = 0; at < json_array_size(entities); at++) {
        const json_t *entity = json_array_get(entities, at);
        if (json_object_get(entity, "name") || json_object_get(entity, "label"))
            return true;
    }
    return json_is_array(entities) && json_array_size(entities) == 0;
}

static bool read_entities(
    const json_t *array, struct tw_arena *arena, struct tw_annotations *out, struct tw_error *err)
{
    if (!is_ours(array))
        return true;
    size_t count = json_array_size(array);
    struct tw_annotated_entity *entities = tw_arena_array(arena, count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    for (size_t at = 0; at < count; at++) {
        const json_t *entity = json_array_get(array, at), *name = json_object_get(entity, "name");
        if (!json_is_string(name))
            return fail_field("field entities", "an entity has no name", err);
        if (!read_label(json_object_get(entity, "label"), "field entities", &entities[at].label, err))
            return false;
        entities[at].name = tw_arena_copy(arena, string_of(name));
        if (!entities[at].name.bytes)
            return tw_arena_fail(arena, err);
    }
    out->names_entities = true;
    out->entities = entities;
    out->entity_count = (uint32_t)count;
    return true;
}

/* A fact about the labels, not a label: what is no whole number of per cent is as good as not given. */
static int32_t read_agreement(const json_t *value)
{
    json_int_t agreement = json_is_integer(value) ? json_integer_value(value) : -1;
    return agreement >= 0 && agreement <= 100 ? (int32_t)agreement : -1;
}

struct tw_annotations tw_annotations_none(void)
{
    return (struct tw_annotations){.label = -1, .agreement = -1};
}

bool tw_annotations_read(
    struct tw_text line, struct tw_arena *arena, struct tw_annotations *out, struct tw_error *err)
{
    *out = tw_annotations_none();
    /* Most records of an archive carry none: they are not parsed a second time. */
    if (!memmem(line.bytes, line.length, "\"label\"", 7) &&
        !memmem(line.bytes, line.length, "\"entities\"", 10))
        return true;
    json_t *object;
    struct tw_json_repairs counted_before = {0};
    if (!tw_json_read(line, arena, &object, &counted_before, err))
        return false;
    bool read = read_label(json_object_get(object, "label"), "field label", &out->label, err) &&
                read_entities(json_object_get(object, "entities"), arena, out, err);
    out->agreement = read_agreement(json_object_get(object, "agree"));
    json_decref(object);
    return read;
}

bool tw_annotations_has_label(const struct tw_annotations *annotations)
{
    for (uint32_t at = 0; at < annotations->entity_count; at++)
        if (annotations->entities[at].label >= 0)
            return true;
    return annotations->label >= 0;
}
