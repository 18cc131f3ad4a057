#include "rule_kinds/event.h"

#include "events/taxonomy.h"
#include "rule_kinds/spoken.h"

#include <stdio.h>

enum { MOST_TYPES = TW_EVENT_TYPES };

/* Its own keys, behind the common ones. */
enum {
    TYPES,
    SEVERITY_AT_LEAST,
    SENTIMENT_BELOW,
    IN_TITLE,
    SEVERITY_OF,
    CRITICAL,
    WARNING,
    INFO,
    SPOKEN,
    OWN_KEYS = SPOKEN + TW_SPOKEN_KEYS
};
static const int severity_keys[] = {
    [TW_SEVERITY_INFO] = INFO, [TW_SEVERITY_WARNING] = WARNING, [TW_SEVERITY_CRITICAL] = CRITICAL};
static const char *const severities_of[] = {"rule", "type", NULL};
static const struct tw_yaml_key keys[] = {
    TW_RULE_COMMON_ROWS("1h"),
    {"types", TW_YAML_TEXTS, 1, MOST_TYPES, NULL, "",
        "types of events that it speaks for, by their names in events.yaml; left out, all of them"},
    {"severity_at_least", TW_YAML_CHOICE, 0, 0, tw_severity_names, "info",
        "speaks only for types that events.yaml gives this severity, or a higher one"},
    {"sentiment_below", TW_YAML_FIXED, -TW_SENTIMENT_ONE, TW_SENTIMENT_ONE, NULL, "",
        "speaks only when the document's sentiment for the entity is below this; left out, whatever it is"},
    {"in_title", TW_YAML_BOOL, 0, 1, NULL, "false",
        "speaks only for an event that the title tells, not the body; a text without a title is one"},
    {"severity_of", TW_YAML_CHOICE, 0, 0, severities_of, "rule",
        "whose severity its alerts have: the rule's, or that which events.yaml gives the type"},
    {"critical", TW_YAML_TEXTS, 1, MOST_TYPES, NULL, "",
        "types of which its alerts are critical, whatever else is said"},
    {"warning", TW_YAML_TEXTS, 1, MOST_TYPES, NULL, "", "types of which they are warnings"},
    {"info", TW_YAML_TEXTS, 1, MOST_TYPES, NULL, "", "types of which they are for information"},
    TW_SPOKEN_ROWS,
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

static bool has(const struct tw_event_types *types, struct tw_text name)
{
    return tw_text_is_among(name, types->names, types->count);
}

static bool wants(const struct tw_event_rule *settings, const struct tw_event_type *type)
{
    return type->severity >= settings->severity_at_least &&
           (settings->types.count == 0 || has(&settings->types, type->name));
}

/* How grave an alert of that type is. */
static enum tw_severity severity_of(const struct tw_rule *rule, const struct tw_event_type *type)
{
    const struct tw_event_rule *settings = tw_event_of(rule);
    for (int severity = TW_SEVERITY_CRITICAL; severity >= TW_SEVERITY_INFO; severity--)
        if (has(&settings->severities[severity], type->name))
            return (enum tw_severity)severity;
    return settings->severity_of_type ? type->severity : rule->severity;
}

/* -- reading and writing --------------------------------------------------------------------------------- */

static bool type_is_known(
    const struct tw_rule_reader *reader, const struct tw_yaml_node *node, struct tw_text type)
{
    const struct tw_taxonomy *taxonomy = reader->bounds->events;
    const char *names[TW_EVENT_TYPES];
    char cure[128] = "write one of those that the file of events.path has";
    if (tw_taxonomy_find(taxonomy, type) != TW_EVENT_ANY_TYPE)
        return true;
    for (uint32_t at = 0; at < taxonomy->type_count; at++)
        names[at] = taxonomy->types[at].name.bytes;
    const char *nearest = tw_nearest(type, names, taxonomy->type_count);
    if (nearest)
        snprintf(cure, sizeof cure, "did you mean \"%s\"?", nearest);
    return tw_yaml_problem(reader->problems, node, cure, "no type of event is called \"%.*s\"",
        type.length < 100 ? (int)type.length : 100, type.bytes);
}

/* Of what is asked for, is there a type at all that is as grave? Else the rule would be silent for ever. */
static bool some_type_is_grave_enough(const struct tw_rule_reader *reader, const struct tw_yaml_value *value,
    const struct tw_event_rule *settings)
{
    const struct tw_taxonomy *taxonomy = reader->bounds->events;
    for (uint32_t at = 0; at < taxonomy->type_count; at++)
        if (taxonomy->types[at].severity >= settings->severity_at_least &&
            wants(settings, &taxonomy->types[at]))
            return true;
    return tw_yaml_problem(reader->problems, value->node, "lower it, or name other types",
        "\"severity_at_least\" leaves none of the rule's types");
}

static bool types_are_known(const struct tw_rule_reader *reader, const struct tw_yaml_value *types)
{
    bool right = true;
    for (uint32_t at = 0; at < types->text_count; at++) {
        bool list = types->node && types->node->kind == TW_YAML_LIST;
        right = type_is_known(reader, list ? types->node->items[at] : types->node, types->texts[at]) && right;
    }
    return right;
}

/* What can be said only where it is known which events there are. */
static bool check_types(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, const struct tw_event_rule *settings)
{
    bool right = true;
    if (!reader->bounds || reader->bounds->events_unread)
        return true;
    if (!reader->bounds->events)
        return tw_yaml_problem(reader->problems, node, "set events.path to the file of events, events.yaml",
            "an event rule needs events, and events.path is not set");
    right = types_are_known(reader, &values[TYPES]) && right;
    for (int key = CRITICAL; key <= INFO; key++)
        right = types_are_known(reader, &values[key]) && right;
    return right && (!values[SEVERITY_AT_LEAST].node ||
                        some_type_is_grave_enough(reader, &values[SEVERITY_AT_LEAST], settings));
}

static bool read_types(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_event_types *out)
{
    if (!value->has_value)
        return true;
    if (!tw_rule_items_are_visible(reader, value, "types"))
        return false;
    struct tw_text *names = tw_arena_array(reader->arena, value->text_count, sizeof *names);
    if (!names)
        return tw_rule_no_memory(reader, value->node);
    for (uint32_t at = 0; at < value->text_count; at++) {
        names[at] = tw_arena_copy(reader->arena, value->texts[at]);
        if (!names[at].bytes)
            return tw_rule_no_memory(reader, value->node);
    }
    *out = (struct tw_event_types){names, value->text_count};
    return true;
}

/* Whether one of the keys before that one names the type already. */
static bool is_said_before(const struct tw_yaml_value *values, int before, struct tw_text type)
{
    for (int key = CRITICAL; key < before; key++)
        if (tw_text_is_among(type, values[key].texts, values[key].text_count))
            return true;
    return false;
}

/* A type has one severity, and one of which the rule does not speak at all has none. */
static bool severities_are_plain(const struct tw_rule_reader *reader, const struct tw_yaml_value *values,
    const struct tw_event_rule *settings)
{
    bool right = true;
    for (int key = CRITICAL; key <= INFO; key++) {
        const struct tw_yaml_value *types = &values[key];
        for (uint32_t at = 0; at < types->text_count; at++) {
            struct tw_text name = types->texts[at];
            bool twice = is_said_before(values, key, name);
            if (twice || (settings->types.count > 0 && !has(&settings->types, name)))
                right = tw_yaml_problem(reader->problems, types->node,
                    twice ? "leave it in one of the lists" : "add it to `types`, or take it out",
                    twice ? "type \"%.*s\" has two severities" : "type \"%.*s\" is none of the rule's types",
                    name.length < 100 ? (int)name.length : 100, name.bytes);
        }
    }
    return right;
}

static bool read_severities(const struct tw_rule_reader *reader, const struct tw_yaml_value *values,
    struct tw_event_rule *settings, struct tw_rule *rule)
{
    bool right = true;
    settings->severity_of_type = values[SEVERITY_OF].number != 0;
    rule->severity_by_document = settings->severity_of_type;
    for (int severity = TW_SEVERITY_INFO; severity <= TW_SEVERITY_CRITICAL; severity++) {
        struct tw_event_types *types = &settings->severities[severity];
        right = read_types(reader, &values[severity_keys[severity]], types) && right;
        rule->severity_by_document = rule->severity_by_document || types->count > 0;
    }
    return right;
}

static bool read_event(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule)
{
    struct tw_event_rule *settings = tw_arena_array(reader->arena, 1, sizeof *settings);
    const struct tw_yaml_value *below = &values[SENTIMENT_BELOW];
    if (!settings)
        return tw_rule_no_memory(reader, node);
    settings->severity_at_least = (enum tw_severity)values[SEVERITY_AT_LEAST].number;
    settings->sentiment_below = below->has_value ? below->number : TW_EVENT_ANY_SENTIMENT;
    settings->in_title = values[IN_TITLE].number != 0;
    rule->settings = settings;
    rule->measure = "polarity";
    bool right = tw_spoken_read_keys(reader, &values[SPOKEN], &keys[TW_RULE_COMMON_KEYS + SPOKEN], rule);
    return read_types(reader, &values[TYPES], &settings->types) &&
           read_severities(reader, values, settings, rule) && check_types(reader, node, values, settings) &&
           severities_are_plain(reader, values, settings) && right;
}

static bool write_types(const struct tw_event_types *types, struct tw_yaml_value *value)
{
    value->texts = types->names;
    value->text_count = types->count;
    return types->count > 0;
}

static bool write_event(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_event_rule *settings = tw_event_of(rule);
    if (key >= SPOKEN)
        return tw_spoken_write_key(rule, key - SPOKEN, value);
    if (key == TYPES)
        return write_types(&settings->types, value);
    for (int severity = TW_SEVERITY_INFO; severity <= TW_SEVERITY_CRITICAL; severity++)
        if (key == (size_t)severity_keys[severity])
            return write_types(&settings->severities[severity], value);
    const int64_t numbers[SPOKEN] = {[SEVERITY_AT_LEAST] = settings->severity_at_least,
        [SENTIMENT_BELOW] = settings->sentiment_below,
        [IN_TITLE] = settings->in_title,
        [SEVERITY_OF] = settings->severity_of_type};
    value->number = numbers[key];
    return key != SENTIMENT_BELOW || settings->sentiment_below != TW_EVENT_ANY_SENTIMENT;
}

/* -- speaking for a document ----------------------------------------------------------------------------- */

static bool is_graver(
    const struct tw_rule *rule, const struct tw_event_type *left, const struct tw_event_type *right)
{
    enum tw_severity one = severity_of(rule, left), other = severity_of(rule, right);
    if (one != other)
        return one > other;
    return left->severity != right->severity ? left->severity > right->severity
                                             : left->polarity < right->polarity;
}

/* What a body tells is often what happened to others, or long ago. */
static bool is_told(const struct tw_event_rule *settings, const struct tw_document *document, uint32_t event)
{
    return !settings->in_title || document->title_length == 0 ||
           document->events[event].begin < document->title_length;
}

/* The gravest type that the rule wants, of those told of the document's entity of that number; NULL: none. */
static const struct tw_event_type *gravest(
    const struct tw_rule *rule, const struct tw_rule_hearing *hearing, uint32_t entity)
{
    const struct tw_event_rule *settings = tw_event_of(rule);
    const struct tw_document *document = hearing->document;
    const struct tw_event_type *found = NULL;
    for (uint32_t at = 0; at < document->event_count; at++) {
        const struct tw_event_type *type = &hearing->taxonomy->types[document->events[at].type];
        if (document->events[at].entity == entity && wants(settings, type) &&
            is_told(settings, document, at) && (!found || is_graver(rule, type, found)))
            found = type;
    }
    return found;
}

/* The document's score rows stand in the order of its entities. */
static bool speak_event(const struct tw_rule *rule, const struct tw_rule_hearing *hearing,
    struct tw_arena *arena, struct tw_headline_list *list, struct tw_error *err)
{
    const struct tw_event_rule *settings = tw_event_of(rule);
    for (uint32_t entity = 0; hearing->document->event_count > 0 && entity < hearing->score_count; entity++) {
        const struct tw_score_row *score = &hearing->scores[hearing->first_score + entity];
        if (score->score.sentiment >= settings->sentiment_below || !tw_spoken_may_be_of(rule, score))
            continue;
        const struct tw_event_type *type = gravest(rule, hearing, entity);
        if (!type)
            continue;
        const struct tw_headline_row row = {.document = score->document,
            .score = hearing->first_score + entity,
            .rule = rule->name,
            .kind = rule->kind->name,
            .severity = severity_of(rule, type),
            .value = type->polarity,
            .event_type = type->name,
            .stories = tw_spoken_stories(rule),
            .watch = rule->watch};
        if (!tw_spoken_add(list, &row, arena, err))
            return false;
    }
    return true;
}

/* -- its alerts ------------------------------------------------------------------------------------------ */

static struct tw_text say_event(
    struct tw_steps *steps, const struct tw_headline_event *worst, int64_t documents)
{
    struct tw_text type = tw_phrase_shortened(worst->event_type);
    return tw_steps_say(steps, "event %.*s (polarity %s, sentiment %s) %s", (int)type.length, type.bytes,
        tw_phrase_of_number(worst->value).text, tw_phrase_of_number(worst->sentiment).text,
        tw_spoken_of(documents).text);
}

static bool run_event(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err)
{
    static const struct tw_spoken spoken = {"event", TW_NO_NUMBER, say_event};
    return tw_spoken_run(run, &spoken, steps, err);
}

const struct tw_rule_kind tw_event_kind = {
    .name = "event",
    .prose = "one document: it says that something has happened to the company",
    .keys = keys,
    .key_count = TW_RULE_COMMON_KEYS + OWN_KEYS,
    .read = read_event,
    .write = write_event,
    .run = run_event,
    .speak = speak_event,
    .of_events = true,
};
