#include "alert/event.h"

#include "alert/spoken.h"
#include "events/taxonomy.h"

#include <stdio.h>

enum { MOST_TYPES = TW_EVENT_TYPES };

/* Its own keys, behind the common ones. */
enum { TYPES, SEVERITY_AT_LEAST, SENTIMENT_BELOW, IN_TITLE, STORIES, OWN_KEYS = STORIES + TW_SPOKEN_KEYS };
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
    TW_SPOKEN_ROWS,
};
_Static_assert(sizeof keys / sizeof keys[0] == TW_RULE_COMMON_KEYS + OWN_KEYS, "a row for each key");

static bool wants(const struct tw_event_rule *settings, const struct tw_event_type *type)
{
    if (type->severity < settings->severity_at_least)
        return false;
    for (uint32_t at = 0; at < settings->type_count; at++)
        if (tw_text_equal(settings->types[at], type->name))
            return true;
    return settings->type_count == 0;
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

/* What can be said only where it is known which events there are. */
static bool check_types(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, const struct tw_event_rule *settings)
{
    const struct tw_yaml_value *types = &values[TYPES];
    bool right = true;
    if (!reader->bounds || reader->bounds->events_unread)
        return true;
    if (!reader->bounds->events)
        return tw_yaml_problem(reader->problems, node, "set events.path to the file of events, events.yaml",
            "an event rule needs events, and events.path is not set");
    for (uint32_t at = 0; at < types->text_count; at++) {
        bool list = types->node && types->node->kind == TW_YAML_LIST;
        right = type_is_known(reader, list ? types->node->items[at] : types->node, types->texts[at]) && right;
    }
    return right && (!values[SEVERITY_AT_LEAST].node ||
                        some_type_is_grave_enough(reader, &values[SEVERITY_AT_LEAST], settings));
}

static bool read_types(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_event_rule *settings)
{
    if (!value->has_value)
        return true;
    if (!tw_rule_items_are_visible(reader, value, "types"))
        return false;
    struct tw_text *types = tw_arena_array(reader->arena, value->text_count, sizeof *types);
    if (!types)
        return tw_rule_no_memory(reader, value->node);
    for (uint32_t at = 0; at < value->text_count; at++) {
        types[at] = tw_arena_copy(reader->arena, value->texts[at]);
        if (!types[at].bytes)
            return tw_rule_no_memory(reader, value->node);
    }
    settings->types = types;
    settings->type_count = value->text_count;
    return true;
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
    bool right = tw_spoken_read_stories(reader, &values[STORIES], &keys[TW_RULE_COMMON_KEYS + STORIES], rule);
    return read_types(reader, &values[TYPES], settings) && check_types(reader, node, values, settings) &&
           right;
}

static bool write_event(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value)
{
    const struct tw_event_rule *settings = tw_event_of(rule);
    if (key >= STORIES)
        return tw_spoken_write_stories(rule, key - STORIES, value);
    value->texts = settings->types;
    value->text_count = settings->type_count;
    const int64_t numbers[STORIES] = {[SEVERITY_AT_LEAST] = settings->severity_at_least,
        [SENTIMENT_BELOW] = settings->sentiment_below,
        [IN_TITLE] = settings->in_title};
    value->number = numbers[key];
    if (key == TYPES)
        return settings->type_count > 0;
    return key != SENTIMENT_BELOW || settings->sentiment_below != TW_EVENT_ANY_SENTIMENT;
}

/* -- speaking for a document ----------------------------------------------------------------------------- */

static bool is_graver(const struct tw_event_type *left, const struct tw_event_type *right)
{
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
    const struct tw_event_rule *settings, const struct tw_rule_hearing *hearing, uint32_t entity)
{
    const struct tw_document *document = hearing->document;
    const struct tw_event_type *found = NULL;
    for (uint32_t at = 0; at < document->event_count; at++) {
        const struct tw_event_type *type = &hearing->taxonomy->types[document->events[at].type];
        if (document->events[at].entity == entity && wants(settings, type) &&
            is_told(settings, document, at) && (!found || is_graver(type, found)))
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
        if (score->score.sentiment >= settings->sentiment_below ||
            !tw_rule_covers(rule, score->symbol, score->listed))
            continue;
        const struct tw_event_type *type = gravest(settings, hearing, entity);
        if (!type)
            continue;
        const struct tw_headline_row row = {.document = score->document,
            .score = hearing->first_score + entity,
            .rule = rule->name,
            .kind = rule->kind->name,
            .severity = rule->severity,
            .value = type->polarity,
            .event_type = type->name,
            .stories = tw_spoken_stories(rule)};
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
