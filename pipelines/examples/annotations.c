#include "examples/annotations.h"

#include "format/labels.h"
#include "read/fields.h"
#include "read/json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers for labels ---- */

/* One of "negative", "-1:negative": its class, and the number that stands there; -1: neither. */
static int32_t parse_number(struct tw_text item, int64_t *number)
{
    while (item.length && item.bytes[0] == ' ') {
        item.bytes++;
        item.length--;
    }
    const char *colon = item.length ? memchr(item.bytes, ':', item.length) : NULL;
    if (!colon)
        return tw_class_of(item);
    char *end;
    *number = strtol(item.bytes, &end, 10);
    if (end != colon || end == item.bytes)
        return -1;
    return tw_class_of((struct tw_text){colon + 1, item.length - (size_t)(colon + 1 - item.bytes)});
}

static bool parse_numbers(const char *text, int64_t numbers[TW_CLASSES])
{
    bool seen[TW_CLASSES] = {false};
    int64_t place = 0;
    for (const char *at = text; at; place++) {
        const char *comma = strchr(at, ',');
        struct tw_text item = {at, comma ? (size_t)(comma - at) : strlen(at)};
        int64_t number = place;
        int32_t class_index = parse_number(item, &number);
        if (class_index < 0 || seen[class_index])
            return false;
        seen[class_index] = true;
        numbers[class_index] = number;
        at = comma ? comma + 1 : NULL;
    }
    return place == TW_CLASSES && numbers[0] != numbers[1] && numbers[1] != numbers[2] &&
           numbers[0] != numbers[2];
}

bool tw_label_numbers_read(const char *text, struct tw_label_numbers *out, struct tw_error *err)
{
    *out = (struct tw_label_numbers){0};
    if (!text || !text[0])
        return true;
    out->given = parse_numbers(text, out->numbers);
    return out->given ||
           tw_fail(err, TW_USAGE, "--record-labels",
               "as in negative,neutral,positive for 0, 1, 2; or -1:negative,0:neutral,1:positive",
               "\"%.100s\" does not give each class one number", text);
}

/* ---- labels ---- */

/* What a value says of a label. */
enum said { SAID_NOTHING, SAID_LABEL, SAID_NUMBER, SAID_OTHER };

static struct tw_text string_of(const json_t *value)
{
    return (struct tw_text){json_string_value(value), json_string_length(value)};
}

static bool whole_number_of_text(const json_t *value, int64_t *number)
{
    char *end = NULL;
    size_t length = json_string_length(value);
    const char *text = json_string_value(value);
    if (!text || length == 0 || length > 19)
        return false;
    *number = strtol(text, &end, 10);
    return end > text && (*end == '\0' || strcmp(end, ".0") == 0);
}

/* Is the value a whole number, be it written as 2, 2.0, "2", "2.0" or "+1"? */
static bool whole_number(const json_t *value, int64_t *number)
{
    *number = 0;
    if (json_is_string(value))
        return whole_number_of_text(value, number);
    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return true;
    }
    double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (floor(real) != real || fabs(real) > 1e9)
        return false;
    *number = (int64_t)real;
    return true;
}

static enum said label_of(const struct tw_annotating *annotating, const json_t *value, int32_t *label)
{
    int64_t number;
    *label = -1;
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    if (!value || json_is_null(value))
        return SAID_NOTHING;
    if (json_is_string(value))
        *label = tw_class_of(string_of(value));
    if (*label >= 0)
        return SAID_LABEL;
    if (!whole_number(value, &number))
        return SAID_OTHER;
    for (int32_t class_index = 0; annotating->numbers && class_index < TW_CLASSES; class_index++)
        if (annotating->numbers->given && annotating->numbers->numbers[class_index] == number)
            *label = class_index;
    return *label >= 0 ? SAID_LABEL : SAID_NUMBER;
}

static bool fail_label(
    const struct tw_annotating *annotating, const json_t *value, const char *where, struct tw_error *err)
{
    int64_t number;
    if (json_is_string(value) && !whole_number(value, &number))
        return tw_fail(err, TW_REFUSED, where,
            "negative, neutral or positive; entities: [{\"name\":..., \"label\":...}]",
            "the label \"%.64s\" is not one of ours", json_string_value(value));
    if (!whole_number(value, &number))
        return tw_fail(err, TW_REFUSED, where,
            "negative, neutral or positive; entities: [{\"name\":..., \"label\":...}]",
            "the label is neither a word nor a number");
    if (annotating->numbers && annotating->numbers->given)
        return tw_fail(err, TW_REFUSED, where, "name its class too in --record-labels",
            "the label %lld is none of --record-labels", (long long)number);
    return tw_fail(err, TW_REFUSED, where,
        "say what numbers mean: --record-labels negative,neutral,positive for 0, 1, 2, or "
        "--record-labels=-1:negative,0:neutral,1:positive",
        "the label is the number %lld", (long long)number);
}

/* The label under `label`, or under another name when it is one there. */
static bool read_label(struct tw_annotating *annotating, const json_t *fields, struct tw_error *err)
{
    static const char *const others[] = {"sentiment", "gold_label", "polarity", "labels"};
    int32_t *label = &annotating->out.label;
    const json_t *value = tw_fields_member(fields, "label");
    enum said said = label_of(annotating, value, label);
    if (said == SAID_LABEL)
        return true;
    if (said != SAID_NOTHING)
        return !annotating->needs_labels || fail_label(annotating, value, "field label", err);
    const json_t *number = NULL;
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++) {
        value = tw_fields_member(fields, others[at]);
        said = label_of(annotating, value, label);
        if (said == SAID_LABEL)
            return true;
        number = said == SAID_NUMBER && !number ? value : number;
    }
    return !number || !annotating->needs_labels || fail_label(annotating, number, "field sentiment", err);
}

/* ---- entities ---- */

/* The first of these names that the object has. */
static const json_t *first_of(const json_t *object, const char *const *names)
{
    for (; *names; names++) {
        const json_t *value = tw_fields_member(object, *names);
        if (value)
            return value;
    }
    return NULL;
}

static const char *const entity_names[] = {
    "name", "text", "entity", "target", "aspect", "company", "symbol", NULL};
static const char *const entity_labels[] = {"label", "sentiment", "polarity", NULL};

/* Others have a field of that name, too: a tweet's is an object of hashtags and links, a tagger's an array of
 * spans. Ours is an array of objects with a name, or with another name of a name and a label of ours each;
 * one with a label alone was meant to have a name, and is told. */
static bool is_ours(const struct tw_annotating *annotating, const json_t *array)
{
    size_t count = json_array_size(array);
    bool all = json_is_array(array);
    int32_t label;
    for (size_t at = 0; at < count; at++) {
        const json_t *entity = json_array_get(array, at);
        if (json_object_get(entity, "name") ||
            (json_object_get(entity, "label") && !first_of(entity, entity_names)))
            return true;
        all = all && json_is_string(first_of(entity, entity_names)) &&
              label_of(annotating, first_of(entity, entity_labels), &label) == SAID_LABEL;
    }
    return all;
}

/* {"Velquin": "negative"}: every value a label of ours. */
static bool is_map(const struct tw_annotating *annotating, json_t *object)
{
    const char *name;
    json_t *value;
    int32_t label;
    json_object_foreach(object, name, value)
    {
        if (label_of(annotating, value, &label) != SAID_LABEL)
            return false;
    }
    return json_is_object(object) && json_object_size(object) > 0;
}

static bool keep_entity(struct tw_text name, int32_t label, struct tw_annotated_entity *entities,
    struct tw_annotations *out, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_annotated_entity *entity = &entities[out->entity_count++];
    *entity = (struct tw_annotated_entity){.name = tw_arena_copy(arena, name), .label = label};
    return entity->name.bytes ? true : tw_arena_fail(arena, err);
}

static bool take_entity(struct tw_annotating *annotating, const json_t *entity,
    struct tw_annotated_entity *entities, struct tw_arena *arena, struct tw_error *err)
{
    const json_t *name = first_of(entity, entity_names), *said = first_of(entity, entity_labels);
    int32_t label;
    if (!json_is_string(name))
        return !annotating->needs_labels ||
               tw_fail(err, TW_REFUSED, "field entities",
                   "negative, neutral or positive; entities: [{\"name\":..., \"label\":...}]",
                   "an entity has no name");
    enum said what = label_of(annotating, said, &label);
    if (annotating->needs_labels && what != SAID_LABEL && what != SAID_NOTHING)
        return fail_label(annotating, said, "field entities", err);
    return keep_entity(string_of(name), label, entities, &annotating->out, arena, err);
}

static bool read_array(
    struct tw_annotating *annotating, const json_t *array, struct tw_arena *arena, struct tw_error *err)
{
    size_t count = json_array_size(array);
    struct tw_annotated_entity *entities = tw_arena_array(arena, count, sizeof *entities);
    if (!entities)
        return tw_arena_fail(arena, err);
    annotating->out.names_entities = true;
    annotating->out.entities = entities;
    for (size_t at = 0; at < count; at++)
        if (!take_entity(annotating, json_array_get(array, at), entities, arena, err))
            return false;
    return true;
}

static bool read_map(
    struct tw_annotating *annotating, json_t *object, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_annotated_entity *entities = tw_arena_array(arena, json_object_size(object), sizeof *entities);
    const char *name;
    json_t *value;
    if (!entities)
        return tw_arena_fail(arena, err);
    annotating->out.names_entities = true;
    annotating->out.entities = entities;
    json_object_foreach(object, name, value)
    {
        int32_t label;
        label_of(annotating, value, &label);
        if (!keep_entity(tw_text_of(name), label, entities, &annotating->out, arena, err))
            return false;
    }
    return true;
}

/* `other`: the field may be somebody else's, whose empty list says nothing. */
static bool read_entities_of(
    struct tw_annotating *annotating, json_t *value, bool other, struct tw_arena *arena, struct tw_error *err)
{
    if (is_map(annotating, value))
        return read_map(annotating, value, arena, err);
    bool says_nothing = (other && json_array_size(value) == 0) || !is_ours(annotating, value);
    return says_nothing || read_array(annotating, value, arena, err);
}

/* A cell of a table holds a list as the text of it, JSON's or Python's; other texts are none of ours. */
static bool read_entities_in_text(struct tw_annotating *annotating, const json_t *string, bool other,
    struct tw_arena *arena, struct tw_error *err)
{
    struct tw_json_repairs repairs = {0};
    struct tw_error why;
    json_t *list = NULL;
    const char *text = json_string_value(string);
    if (text[0] != '[' && text[0] != '{')
        return true;
    if (!tw_json_read(string_of(string), arena, &list, &repairs, &why)) {
        *err = why;
        return why.code == TW_REFUSED;
    }
    bool read = read_entities_of(annotating, list, other, arena, err);
    json_decref(list);
    return read;
}

static bool read_entities(
    struct tw_annotating *annotating, const json_t *fields, struct tw_arena *arena, struct tw_error *err)
{
    static const char *const names[] = {"entities", "aspects", "targets", "companies"};
    for (size_t at = 0; at < sizeof names / sizeof names[0] && !annotating->out.names_entities; at++) {
        json_t *value = tw_fields_member(fields, names[at]);
        if (json_is_string(value) ? !read_entities_in_text(annotating, value, at > 0, arena, err)
                                  : !read_entities_of(annotating, value, at > 0, arena, err))
            return false;
    }
    return true;
}

/* ---- the record ---- */

/* A fact about the labels, not a label: what is no whole number of per cent is as good as not given. */
static int32_t read_agreement(const json_t *value)
{
    int64_t agreement;
    return whole_number(value, &agreement) && agreement >= 0 && agreement <= 100 ? (int32_t)agreement : -1;
}

struct tw_annotations tw_annotations_none(void)
{
    return (struct tw_annotations){.label = -1, .agreement = -1};
}

static bool read_fields(
    struct tw_annotating *annotating, const json_t *fields, struct tw_arena *arena, struct tw_error *err)
{
    if (annotating->out.agreement < 0)
        annotating->out.agreement = read_agreement(tw_fields_member(fields, "agree"));
    return (annotating->out.label >= 0 || read_label(annotating, fields, err)) &&
           (annotating->out.names_entities || read_entities(annotating, fields, arena, err));
}

static bool see(
    void *self, const json_t *fields, const json_t *outer, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_annotating *annotating = self;
    return read_fields(annotating, fields, arena, err) &&
           (!outer || read_fields(annotating, outer, arena, err));
}

struct tw_decode_witness tw_annotations_witness(struct tw_annotating *annotating)
{
    annotating->out = tw_annotations_none();
    return (struct tw_decode_witness){annotating, see};
}

bool tw_annotations_has_label(const struct tw_annotations *annotations)
{
    for (uint32_t at = 0; at < annotations->entity_count; at++)
        if (annotations->entities[at].label >= 0)
            return true;
    return annotations->label >= 0;
}
