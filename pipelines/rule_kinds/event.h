/* event: one document: it says that something has happened to the company (events/events.h).
 *
 *       - name: grave-event
 *         kind: event
 *         types: [bankruptcy, default, halt]
 *         severity_at_least: warning         by events.yaml; left out, however grave
 *         sentiment_below: 0.2               left out, whatever the model makes of it
 *         in_title: true                     left out, in the body too
 *         relevance_at_least: 0.4            left out, however little the document is about the entity
 *         severity_of: type                  as grave as events.yaml has the type; left out, the rule's own
 *         critical: [bankruptcy]             but those of these types are critical; likewise warning, info
 *         quiet: 6h
 *
 * It SPEAKS for a document, in the document's own transaction, for each entity of which the text tells such
 * an event: one row each, of the gravest (the higher severity of its alert; then that of the type; then the
 * lower polarity; then the first in the text). Its alerts are decided from those rows (spoken.h); their
 * values are polarities, in 10,000ths: what the type means for the company, as events.yaml has it. An event
 * of nobody makes no rule speak.
 *
 * An alert is as grave as the gravest document that spoke for it: where types differ, it may rise, and never
 * falls. */
#ifndef TW_EVENT_RULE_H
#define TW_EVENT_RULE_H

#include "rule_kinds/rule.h"

/* Types by name, in the file's order. */
struct tw_event_types {
    const struct tw_text *names;
    uint32_t count;
};

/* Settings of a rule of this kind. */
struct tw_event_rule {
    struct tw_event_types types; /* none: all */
    enum tw_severity severity_at_least;
    int64_t sentiment_below; /* 10,000ths; TW_EVENT_ANY_SENTIMENT */
    bool in_title;
    bool severity_of_type;                                      /* by events.yaml; else the rule's own */
    struct tw_event_types severities[TW_SEVERITY_CRITICAL + 1]; /* types that have this one, whatever else */
};

#define TW_EVENT_ANY_SENTIMENT INT64_MAX

extern const struct tw_rule_kind tw_event_kind;

/* The settings of a rule of this kind. */
static inline const struct tw_event_rule *tw_event_of(const struct tw_rule *rule)
{
    return rule->settings;
}

#endif
