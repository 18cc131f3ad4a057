#include "scenario/scenario_file.h"

#include <inttypes.h>

#include "format/labels.h"
#include "scenario/message_text.h"
#include "timestamps/time_text.h"

enum {
    MOST_NAME_BYTES = 200,
    MOST_PATH_BYTES = 4096,
    MOST_TEXT_BYTES = 1000,
    MOST_RULES = 1000,
    MOST_REFUSED = 1000000000,
    FIXED_ONE = 10000
};

static const struct tw_yaml_key file_keys[] = {
    {"cases", TW_YAML_NODE, 0, 0, NULL, NULL, "what is tried, one after another"}};

enum { NAME, TAPE, MESSAGES, WATCH, UNTIL, EXPECT, CASE_KEYS };
static const struct tw_yaml_key case_keys[CASE_KEYS] = {
    [NAME] = {"name", TW_YAML_TEXT, 1, MOST_NAME_BYTES, NULL, NULL, "of the case"},
    [TAPE] = {"tape", TW_YAML_TEXT, 1, MOST_PATH_BYTES, NULL, "", "an archive of messages"},
    [MESSAGES] = {"messages", TW_YAML_NODE, 0, 0, NULL, "", "messages, behind those of the tape"},
    [WATCH] = {"watch", TW_YAML_NODE, 0, 0, NULL, "", "who stands on watch lists"},
    [UNTIL] = {"until", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "", "how far the virtual clock runs on"},
    [EXPECT] = {"expect", TW_YAML_NODE, 0, 0, NULL, "", "what is to come of them"},
};

enum { REFUSED, DOCUMENTS, RULES, ALERTS, EXPECT_KEYS };
static const struct tw_yaml_key expect_keys[EXPECT_KEYS] = {
    [REFUSED] = {"refused", TW_YAML_COUNT, 0, MOST_REFUSED, NULL, "", "messages that cannot be used"},
    [DOCUMENTS] = {"documents", TW_YAML_NODE, 0, 0, NULL, "", "what is expected of messages, by id"},
    [RULES] = {"rules", TW_YAML_TEXTS, 1, MOST_RULES, NULL, "", "whose alerts are looked at; left out: all"},
    [ALERTS] = {"alerts", TW_YAML_NODE, 0, 0, NULL, "", "steps of alerts, or none"},
};

/* The first is for those that are named by id alone. */
enum { ID, LABEL, ENTITIES, EVENTS, COPY_OF, DOCUMENT_KEYS };
static const struct tw_yaml_key document_keys[DOCUMENT_KEYS] = {
    [ID] = {"id", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, NULL, "of the message"},
    [LABEL] = {"label", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "", "of the text"},
    [ENTITIES] = {"entities", TW_YAML_NODE, 0, 0, NULL, "", "companies that are found, or none"},
    [EVENTS] = {"events", TW_YAML_NODE, 0, 0, NULL, "", "events that are found, or none"},
    [COPY_OF] = {"copy_of", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "",
        "first message of its story, or none"},
};

enum { ENTITY, ENTITY_LABEL, AT_LEAST, AT_MOST, RELEVANCE_AT_LEAST, RELEVANCE_AT_MOST, ENTITY_KEYS };
static const struct tw_yaml_key entity_keys[ENTITY_KEYS] = {
    [ENTITY] = {"entity", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, NULL, "symbol"},
    [ENTITY_LABEL] = {"label", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "", "what is said of it"},
    [AT_LEAST] = {"at_least", TW_YAML_FIXED, -FIXED_ONE, FIXED_ONE, NULL, "-1", "its sentiment"},
    [AT_MOST] = {"at_most", TW_YAML_FIXED, -FIXED_ONE, FIXED_ONE, NULL, "1", "its sentiment"},
    [RELEVANCE_AT_LEAST] = {"relevance_at_least", TW_YAML_FIXED, 0, FIXED_ONE, NULL, "0",
        "how far the message is about it, the weight of its source included"},
    [RELEVANCE_AT_MOST] = {"relevance_at_most", TW_YAML_FIXED, 0, FIXED_ONE, NULL, "1", "the same"},
};

enum { TYPE, EVENT_ENTITY, EVENT_KEYS };
static const struct tw_yaml_key event_keys[EVENT_KEYS] = {
    [TYPE] = {"type", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, NULL, "as the events file names it"},
    [EVENT_ENTITY] = {"entity", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "",
        "whose it is; left out: nobody's"},
};

enum { RULE, ALERT_ENTITY, STATE, TIME, ALERT_KEYS };
static const struct tw_yaml_key alert_keys[ALERT_KEYS] = {
    [RULE] = {"rule", TW_YAML_TEXT, 1, TW_RULE_LONGEST_NAME, NULL, NULL, "its name"},
    [ALERT_ENTITY] = {"entity", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, NULL, "symbol"},
    [STATE] = {"state", TW_YAML_CHOICE, 0, 0, tw_alert_step_names, "opened", "the step"},
    [TIME] = {"time", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "", "the bar's edge at which it is taken"},
};

enum { WATCH_LIST, WATCH_ENTITY, WATCH_FROM, WATCH_TO, WATCH_KEYS };
static const struct tw_yaml_key watch_keys[WATCH_KEYS] = {
    [WATCH_LIST] = {"list", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, NULL, "as rules name it"},
    [WATCH_ENTITY] = {"entity", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, NULL, "symbol"},
    [WATCH_FROM] = {"from", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "", "event time; left out: always"},
    [WATCH_TO] = {"to", TW_YAML_TEXT, 1, MOST_TEXT_BYTES, NULL, "", "event time; left out: for good"},
};

struct loader {
    struct tw_arena *arena;
    struct tw_problems *problems;
    struct tw_scenario_file *file;
};

/* ---- values ---- */

static void no_memory(const struct loader *loader, const struct tw_yaml_node *node)
{
    tw_yaml_problem(loader->problems, node, "split the file", "there is no memory for what it expects");
}

/* Room for each item of a list; NULL: it is none, `none` is written, or there is no memory. */
static void *items_of(const struct loader *loader, const struct tw_yaml_node *node, size_t bytes,
    const char *what, uint32_t *count)
{
    *count = 0;
    if (node->kind == TW_YAML_SCALAR && tw_text_equal(node->text, tw_text_of("none")))
        return NULL;
    if (node->kind != TW_YAML_LIST) {
        tw_yaml_problem(loader->problems, node, "write its items one a line, `- ...`, or none",
            "\"%s\" is no list", what);
        return NULL;
    }
    void *items = tw_arena_array(loader->arena, node->count, bytes);
    if (!items)
        no_memory(loader, node);
    else
        *count = node->count;
    return items;
}

static bool read_map(const struct loader *loader, const struct tw_yaml_node *node,
    const struct tw_yaml_key *keys, size_t count, const char *of, struct tw_yaml_value *values)
{
    return tw_yaml_read_map(node, keys, count, of, loader->arena, loader->problems, values);
}

static int32_t read_label(const struct loader *loader, const struct tw_yaml_value *value)
{
    int32_t label = value->has_value ? tw_class_of(value->text) : -1;
    if (value->has_value && value->node && label < 0)
        tw_yaml_problem(loader->problems, value->node, "negative, neutral or positive",
            "there is no label \"%.*s\"", (int)value->text.length, value->text.bytes);
    return label;
}

static int64_t read_time(const struct loader *loader, const struct tw_yaml_value *value)
{
    int64_t time_us = TW_NO_TIME;
    struct tw_error why;
    if (!value->node || !value->has_value)
        return TW_NO_TIME;
    if (!tw_time_parse(value->text, NULL, &time_us, &why))
        tw_yaml_problem(loader->problems, value->node, "2024-05-14T13:00:10Z, for example", "%s", why.what);
    return time_us;
}

/* What was written; of a default nothing. */
static struct tw_text text_of(const struct tw_yaml_value *value)
{
    return value->node && value->has_value ? value->text : tw_text_of("");
}

/* ---- what is expected of one message ---- */

static void read_entities(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_expected_document *out)
{
    struct tw_expected_entity *entities =
        items_of(loader, node, sizeof *entities, "entities", &out->entity_count);
    for (uint32_t at = 0; at < out->entity_count; at++) {
        struct tw_yaml_value values[ENTITY_KEYS];
        if (!read_map(loader, node->items[at], entity_keys, ENTITY_KEYS, "an entity", values))
            continue;
        entities[at] = (struct tw_expected_entity){.node = node->items[at],
            .entity = values[ENTITY].text,
            .label = read_label(loader, &values[ENTITY_LABEL]),
            .at_least = values[AT_LEAST].number,
            .at_most = values[AT_MOST].number,
            .relevance_at_least = values[RELEVANCE_AT_LEAST].number,
            .relevance_at_most = values[RELEVANCE_AT_MOST].number};
    }
    out->entities = entities;
}

static void read_events(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_expected_document *out)
{
    struct tw_expected_event *events = items_of(loader, node, sizeof *events, "events", &out->event_count);
    loader->file->wants_events = true;
    for (uint32_t at = 0; at < out->event_count; at++) {
        struct tw_yaml_value values[EVENT_KEYS];
        if (!read_map(loader, node->items[at], event_keys, EVENT_KEYS, "an event", values))
            continue;
        events[at] =
            (struct tw_expected_event){node->items[at], values[TYPE].text, text_of(&values[EVENT_ENTITY])};
    }
    out->events = events;
}

/* `by_id`: the message is named by its id, and does not stand around it. */
static void read_document(const struct loader *loader, const struct tw_yaml_node *node, bool by_id,
    struct tw_expected_document *out)
{
    struct tw_yaml_value values[DOCUMENT_KEYS] = {0};
    int first = by_id ? ID : LABEL;
    if (!read_map(loader, node, document_keys + first, (size_t)(DOCUMENT_KEYS - first),
            by_id ? "a document" : "what is expected of a message", values + first))
        return;
    *out = (struct tw_expected_document){.node = node,
        .id = by_id ? values[ID].text : tw_text_of(""),
        .label_node = values[LABEL].node,
        .entities_node = values[ENTITIES].node,
        .events_node = values[EVENTS].node,
        .copy_node = values[COPY_OF].node,
        .label = read_label(loader, &values[LABEL]),
        .copy_of = text_of(&values[COPY_OF])};
    if (tw_text_equal(out->copy_of, tw_text_of("none")))
        out->copy_of = tw_text_of("");
    if (out->entities_node)
        read_entities(loader, out->entities_node, out);
    if (out->events_node)
        read_events(loader, out->events_node, out);
    if (!out->label_node && !out->entities_node && !out->events_node && !out->copy_node)
        tw_yaml_problem(
            loader->problems, node, "write label, entities, events or copy_of", "expects nothing");
}

static void read_documents(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_case *out)
{
    struct tw_expected_document *documents =
        items_of(loader, node, sizeof *documents, "documents", &out->document_count);
    for (uint32_t at = 0; at < out->document_count; at++)
        read_document(loader, node->items[at], true, &documents[at]);
    out->documents = documents;
}

/* ---- a case ---- */

static bool is_named(const struct tw_scenario_case *one, struct tw_text rule)
{
    return one->rule_count == 0 || tw_text_is_among(rule, one->rules, one->rule_count);
}

bool tw_scenario_looks_at(const struct tw_scenario_case *one, struct tw_text rule)
{
    return one->alerts_node && is_named(one, rule);
}

static void read_alerts(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_case *out)
{
    struct tw_expected_alert *alerts = items_of(loader, node, sizeof *alerts, "alerts", &out->alert_count);
    loader->file->wants_alerts = true;
    for (uint32_t at = 0; at < out->alert_count; at++) {
        struct tw_yaml_value values[ALERT_KEYS];
        if (!read_map(loader, node->items[at], alert_keys, ALERT_KEYS, "an alert", values))
            continue;
        alerts[at] = (struct tw_expected_alert){.node = node->items[at],
            .rule = values[RULE].text,
            .entity = values[ALERT_ENTITY].text,
            .step = (enum tw_alert_step)values[STATE].number,
            .time_us = read_time(loader, &values[TIME])};
        if (!is_named(out, alerts[at].rule))
            tw_yaml_problem(loader->problems, values[RULE].node, "name it there too",
                "rule \"%.*s\" is not among the `rules` that are looked at", (int)alerts[at].rule.length,
                alerts[at].rule.bytes);
    }
    out->alerts = alerts;
}

static void read_message(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_message *out)
{
    const struct tw_yaml_node *expect = tw_yaml_find(node, "expect");
    *out = (struct tw_scenario_message){.node = node};
    if (node->kind != TW_YAML_MAP) {
        tw_yaml_problem(loader->problems, node, "write `- ts: ...` and `text: ...`", "the message is no map");
        return;
    }
    if (!tw_message_text(node, "expect", loader->arena, loader->problems, &out->payload) || !expect)
        return;
    struct tw_expected_document *expected = tw_arena_array(loader->arena, 1, sizeof *expected);
    out->expected = expected;
    if (expected)
        read_document(loader, expect, false, expected);
    else
        no_memory(loader, expect);
}

/* Returns how many of the messages expect something. */
static uint32_t read_messages(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_case *out)
{
    struct tw_scenario_message *messages =
        items_of(loader, node, sizeof *messages, "messages", &out->message_count);
    uint32_t expecting = 0;
    for (uint32_t at = 0; at < out->message_count; at++) {
        read_message(loader, node->items[at], &messages[at]);
        expecting += messages[at].expected != NULL;
    }
    out->messages = messages;
    return expecting;
}

static void read_expect(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_case *out)
{
    struct tw_yaml_value values[EXPECT_KEYS];
    if (!read_map(loader, node, expect_keys, EXPECT_KEYS, "what is expected of a case", values))
        return;
    out->refused_node = values[REFUSED].node;
    out->refused = values[REFUSED].number;
    out->alerts_node = values[ALERTS].node;
    out->rules = values[RULES].texts;
    out->rule_count = values[RULES].node ? values[RULES].text_count : 0;
    if (values[RULES].node && !out->alerts_node)
        tw_yaml_problem(loader->problems, values[RULES].node, "write `alerts:`, or `alerts: none`",
            "nothing is expected of their alerts");
    if (values[DOCUMENTS].node)
        read_documents(loader, values[DOCUMENTS].node, out);
    if (out->alerts_node)
        read_alerts(loader, out->alerts_node, out);
}

static void read_watch(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_case *out)
{
    struct tw_watched_time *times = items_of(loader, node, sizeof *times, "watch", &out->watched_count);
    for (uint32_t at = 0; at < out->watched_count; at++) {
        struct tw_yaml_value values[WATCH_KEYS];
        if (!read_map(loader, node->items[at], watch_keys, WATCH_KEYS, "an entity on a watch list", values))
            continue;
        int64_t to_us = read_time(loader, &values[WATCH_TO]);
        times[at] = (struct tw_watched_time){{values[WATCH_LIST].text, values[WATCH_ENTITY].text},
            read_time(loader, &values[WATCH_FROM]), to_us == TW_NO_TIME ? TW_NEVER_US : to_us};
    }
    out->watched = times;
}

static void read_case(
    const struct loader *loader, const struct tw_yaml_node *node, struct tw_scenario_case *out)
{
    struct tw_yaml_value values[CASE_KEYS];
    uint32_t before = loader->problems->count, expecting = 0;
    if (!read_map(loader, node, case_keys, CASE_KEYS, "a case", values) && node->kind != TW_YAML_MAP)
        return; /* of a map the rest is read all the same, so that all that is wrong is told at once */
    *out = (struct tw_scenario_case){.node = node,
        .name = values[NAME].text,
        .tape = text_of(&values[TAPE]),
        .until_us = read_time(loader, &values[UNTIL])};
    if (values[MESSAGES].node)
        expecting = read_messages(loader, values[MESSAGES].node, out);
    if (values[WATCH].node)
        read_watch(loader, values[WATCH].node, out);
    if (values[EXPECT].node)
        read_expect(loader, values[EXPECT].node, out);
    if (loader->problems->count > before)
        return;
    if (out->message_count == 0 && out->tape.length == 0)
        tw_yaml_problem(loader->problems, node, "give it messages or a tape", "the case holds no message");
    else if (expecting == 0 && !out->refused_node && !out->alerts_node && out->document_count == 0)
        tw_yaml_problem(loader->problems, node,
            "say what is to come of it under expect, beside a message or the case",
            "the case expects nothing: it could not fail");
}

bool tw_scenario_read(const struct tw_text_file *source, struct tw_problems *problems, struct tw_arena *arena,
    struct tw_scenario_file *out, struct tw_error *err)
{
    const struct loader loader = {arena, problems, out};
    const struct tw_yaml_node *root;
    struct tw_yaml_value cases;
    *out = (struct tw_scenario_file){.source = source};
    bool right = tw_yaml_load(source, arena, problems, &root);
    if (right && !root)
        tw_problem_add(problems, source, 0, 0, "write `cases:`", "holds no cases");
    if (root && read_map(&loader, root, file_keys, 1, "a file of cases", &cases)) {
        struct tw_scenario_case *items =
            items_of(&loader, cases.node, sizeof *items, "cases", &out->case_count);
        for (uint32_t at = 0; at < out->case_count; at++)
            read_case(&loader, cases.node->items[at], &items[at]);
        out->cases = items;
        if (out->case_count == 0 && problems->count == 0)
            tw_yaml_problem(problems, cases.node, "write `- name: ...`", "holds no cases");
    }
    return problems->count > 0 ? tw_problems_fail(problems, err) : true;
}
