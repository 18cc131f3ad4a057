/* scenario_file: a file of `tapewatch test`: messages, and what is to come of them.
 *
 *     cases:
 *       - name: a bankruptcy speaks at once
 *         messages:
 *           - ts: 2024-05-14T13:00:05Z             any message, as it would come from Kafka (decode.h)
 *             text: Velquin Chemicals files for Chapter 11
 *             expect:                              the one key that is not the message's
 *               label: negative
 *               entities: [{entity: VELQ, at_most: -0.3, relevance_at_least: 0.5}]
 *               events: [{type: bankruptcy, entity: VELQ}]
 *               copy_of: none                      the id of the first message of its story
 *         watch: [{list: mine, entity: VELQ}]      who stands on watch lists; `from:`, `to:` in event time
 *         until: 2024-05-15T13:00:00Z              how far the virtual clock runs on; else to the last
 *                                                  bar's end
 *         expect:
 *           alerts:
 *             - {rule: grave-event, entity: VELQ, state: opened, time: 2024-05-14T13:00:10Z}
 *
 * `tape: FILE` gives messages of an archive (JSON Lines) before those of the case; `expect: documents:` says
 * of messages by their `id` what `expect` beside a message says of it. `refused: 3` expects so many messages
 * to be refused; where it does not stand, none may be.
 *
 * `rules: [grave-event]` beside `alerts` looks at the alerts of these rules alone.
 *
 * Lists say all there is: an entity, an event or the opening of an alert that is not among them is one too
 * many, and `none` stands for an empty list. What a case does not speak of is not looked at; one that expects
 * nothing is refused, since it could not fail. */
#ifndef TW_SCENARIO_FILE_H
#define TW_SCENARIO_FILE_H

#include "alert/watched_rules.h"
#include "files/yaml_tree.h"

/* Each expectation keeps the node where it stands: that is the place that a failure names. */
struct tw_expected_entity {
    const struct tw_yaml_node *node;
    struct tw_text entity;
    int32_t label;                                 /* enum tw_class; -1: any */
    int64_t at_least, at_most;                     /* of its sentiment, 10,000ths */
    int64_t relevance_at_least, relevance_at_most; /* 10,000ths */
};

struct tw_expected_event {
    const struct tw_yaml_node *node;
    struct tw_text type;
    struct tw_text entity; /* empty: of nobody */
};

/* What is expected of one message; of what has no node nothing is. */
struct tw_expected_document {
    const struct tw_yaml_node *node;
    struct tw_text id; /* of the message; empty: the one that it stands in */
    const struct tw_yaml_node *label_node, *entities_node, *events_node, *copy_node;
    int32_t label;
    const struct tw_expected_entity *entities;
    uint32_t entity_count;
    const struct tw_expected_event *events;
    uint32_t event_count;
    struct tw_text copy_of; /* empty: it begins a story */
};

struct tw_expected_alert {
    const struct tw_yaml_node *node;
    struct tw_text rule, entity;
    enum tw_alert_step step;
    int64_t time_us; /* TW_NO_TIME: whenever */
};

struct tw_scenario_message {
    const struct tw_yaml_node *node;
    struct tw_text payload;                      /* JSON */
    const struct tw_expected_document *expected; /* NULL: nothing */
};

struct tw_scenario_case {
    const struct tw_yaml_node *node;
    struct tw_text name;
    struct tw_text tape; /* as it is written; empty: none */
    int64_t until_us;    /* TW_NO_TIME: to the end of the last bar */
    const struct tw_scenario_message *messages;
    uint32_t message_count;
    const struct tw_expected_document *documents; /* those that are named by id */
    uint32_t document_count;
    const struct tw_yaml_node *refused_node, *alerts_node;
    int64_t refused;
    const struct tw_watched_time *watched; /* who stands on which watch list, and when */
    uint32_t watched_count;
    const struct tw_text *rules; /* whose alerts are looked at */
    uint32_t rule_count;         /* 0: all */
    const struct tw_expected_alert *alerts;
    uint32_t alert_count;
};

struct tw_scenario_file {
    const struct tw_text_file *source;
    const struct tw_scenario_case *cases;
    uint32_t case_count;
    bool wants_alerts, wants_events; /* some case does */
};

/* Reads the file. All that is wrong with it is added to `problems`; an arena that is full
 * is such a problem too; then err has the first of it (TW_CONFIG). Everything is placed in the arena and
 * refers to the source, which must outlive it. */
TW_MUST_USE bool tw_scenario_read(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_arena *arena, struct tw_scenario_file *out, struct tw_error *err);

/* Whether the case expects something of the alerts of that rule, and be it that there are none. */
bool tw_scenario_looks_at(const struct tw_scenario_case *one, struct tw_text rule);

#endif
