/* rule: one rule, and what its kind must be able to do.
 *
 * What every rule has stands in struct tw_rule; what one kind alone knows stands in `settings`, a struct of
 * that kind's own header. A KIND is one row, struct tw_rule_kind: its name, its keys, and what is done with
 * them. Nobody outside a kind's file asks which kind a rule is of: loader, canonical text, reference, alerts
 * and the database take the row.
 *
 *     read     values of its own keys > settings, with every complaint about what does not go together
 *     write    the way back: settings > the value of one key, for the canonical text
 *     settle   optional: this rule among all of its file, with every complaint about what it says of others
 *     run      closed bars, days and headlines of one entity, over some edges > steps of its alert (steps.h);
 *              a kind `of_others` is run when all other rules have been, over their alerts
 *     speak    optional: one document > headline rows, in the document's own transaction. Alerts of such a
 *              kind are quiet from the last document on
 *
 * To add a kind: one file with its keys, functions and row, and that row's name in kinds.c.
 *
 * All numbers are integers, so that a rule is decided exactly: sentiments and sums in 10,000ths, a count of
 * documents too (5 documents = 50,000), times in microseconds. */
#ifndef TW_RULE_H
#define TW_RULE_H

#include "files/problems.h"
#include "files/yaml_tree.h"
#include "severity.h"
#include "time/bars.h"

#define TW_NEVER_US INT64_MAX                    /* no such edge: later than all that there are */
#define TW_RULE_LONGEST_US INT64_C(604800000000) /* 7 days: of `quiet`, and of what a rule looks back over */
enum { TW_RULE_LONGEST_NAME = 100, TW_RULE_MOST_SYMBOLS = 10000 };

struct tw_rule;
struct tw_alert; /* steps.h, as is the next */
struct tw_steps;
struct tw_taxonomy;    /* events/taxonomy.h */
struct tw_automaton;   /* names/entities.h */
struct tw_watch_lists; /* coverage.h */

enum tw_coverage { TW_COVERS_ALL, TW_COVERS_LISTED, TW_COVERS_SYMBOLS, TW_COVERS_WATCHED };

/* -- what a kind is given -------------------------------------------------------------------------------- */

/* What rules may ask for where they are to run. */
struct tw_rule_bounds {
    const struct tw_taxonomy *events;     /* NULL: no events are told there */
    const struct tw_automaton *entities;  /* NULL: there is no entities file, */
    bool entities_unread;                 /* or what is wrong with it was told already */
    bool events_unread;                   /* the same of the events file */
    bool weighed;                         /* sources have weights there, of which none is higher than */
    int64_t most_relevance;               /* this, 10,000ths: and no relevance is */
    bool stories;                         /* documents are filed with their stories there */
    const struct tw_watch_lists *watched; /* who stands on which watch list; NULL: not known yet */
};

/* Where a rule that is read puts its texts and settings, and its complaints. */
struct tw_rule_reader {
    const struct tw_rule_bounds *bounds; /* NULL: not known */
    struct tw_arena *arena;              /* the set's */
    struct tw_arena *scratch;
    struct tw_problems *problems;
};

/* A row of alert_events: a rule spoke for a document. */
struct tw_headline_event {
    int64_t id; /* the caller's own, untouched */
    struct tw_text rule;
    int64_t event_us;
    int64_t sentiment;         /* 10,000ths */
    int64_t value;             /* of the rule's measure, 10,000ths; headline: the sentiment */
    enum tw_severity severity; /* of an alert of this document alone */
    struct tw_text keyword;    /* headline: that was found; may be empty */
    struct tw_text event_type; /* event: its name; else empty */
    struct tw_text topic;
    int32_t partition;
    int64_t offset;
    bool is_copy; /* its story was told of the entity before: no rule speaks for it again */
    bool is_past; /* it was seen at an earlier edge: it only counts, for rules that ask for several stories */
};

/* The same with the edge at which it is seen. */
struct tw_seen_event {
    const struct tw_headline_event *event;
    int64_t edge_us;
};

/* One rule over one entity, at the edges in (after, until]. */
struct tw_rule_run {
    const struct tw_rule *rule;
    int64_t after_us;
    int64_t until_us;
    bool begins; /* the rule's set takes effect here: its first edge is looked at, whatever happens there */
    const struct tw_bar_row *bars; /* sorted, from `window_us` before the first edge at least */
    size_t bar_count;
    const struct tw_bar_row *days; /* sorted: the bars of whole days (UTC), summed, `bar_us` their beginning;
                                      from `days_us` before the first edge at least */
    size_t day_count;
    const struct tw_alert *past; /* of any rule, resolved before the first edge; those that were opened since
                                    `window_us` before it at least */
    size_t past_count;
    const struct tw_seen_event
        *events; /* of this rule, at these edges; in order of edge, the worst of each first */
    size_t event_count;
    const struct tw_seen_event *past_events; /* the same, of earlier edges: from `spoken_us` before the first
                                                one at least */
    size_t past_event_count;
};

/* Headline rows of a batch, growing in its arena. Begin with a zeroed one. */
struct tw_headline_list {
    struct tw_headline_row *rows;
    uint32_t count;
    uint32_t capacity;
};

/* One document with its score rows, scores[first_score .. first_score + score_count). */
struct tw_rule_hearing {
    const struct tw_document *document;
    const struct tw_taxonomy *taxonomy; /* of its events; NULL: it has none */
    const struct tw_score_row *scores;
    uint32_t first_score;
    uint32_t score_count;
};

/* -- a kind ---------------------------------------------------------------------------------------------- */

/* Fills what is the kind's in `rule`: settings, measure, window_us. `values` are those of its own keys, by
 * their place behind the common ones. False when it added a problem. */
typedef bool tw_rule_read(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_yaml_value *values, struct tw_rule *rule);

/* Whether what the rule says of the others of its file is so; `node` is the rule's. Names are set, whatever
 * else was wrong with a rule; empty where none was given. False when it added a problem. */
typedef bool tw_rule_settle(const struct tw_rule_reader *reader, const struct tw_yaml_node *node,
    const struct tw_rule *rule, const struct tw_rule *rules, uint32_t count);

/* The value of the kind's own key number `key` (from 0 behind the common ones): number or texts. False when
 * the rule leaves it out. */
typedef bool tw_rule_write(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value);

/* Takes the steps that the rule decides at these edges. TW_FULL; TW_INTERNAL for sums that do not fit. */
typedef bool tw_rule_run_edges(const struct tw_rule_run *run, struct tw_steps *steps, struct tw_error *err);

/* Appends a row for each score that makes the rule speak. Only TW_FULL. */
typedef bool tw_rule_speak(const struct tw_rule *rule, const struct tw_rule_hearing *hearing,
    struct tw_arena *arena, struct tw_headline_list *list, struct tw_error *err);

/* One row a kind. */
struct tw_rule_kind {
    const char *name;               /* in rules.yaml and in the table of alerts */
    const char *prose;              /* "Looks at ..." */
    const struct tw_yaml_key *keys; /* begin with TW_RULE_COMMON_ROWS */
    size_t key_count;
    tw_rule_read *read;
    tw_rule_write *write;
    tw_rule_settle *settle; /* NULL: says nothing of other rules */
    tw_rule_run_edges *run;
    tw_rule_speak *speak; /* NULL: looks at closed bars only */
    bool of_events;       /* speaks for what a document says has happened: events must be told, and stored */
    bool of_others;       /* decided by the alerts of other rules, after them; its window is one of alerts */
};

/* Keys that every kind has, in the same places. */
enum {
    TW_RULE_NAME,
    TW_RULE_KIND,
    TW_RULE_SEVERITY,
    TW_RULE_ENTITIES,
    TW_RULE_QUIET,
    TW_RULE_COMMON_KEYS,
};
extern const char *const tw_rule_kind_names[]; /* in kinds.c, ended by NULL */
/* clang-format off */
#define TW_RULE_COMMON_ROWS(quiet_default) \
    {"name", TW_YAML_TEXT, 1, TW_RULE_LONGEST_NAME, NULL, NULL, \
        "names the rule and its alerts; letters, digits, `-`, `_` and `.`; each once in a file"}, \
    {"kind", TW_YAML_CHOICE, 0, 0, tw_rule_kind_names, NULL, "what the rule looks at"}, \
    {"severity", TW_YAML_CHOICE, 0, 0, tw_severity_names, "warning", "carried by its alerts"}, \
    {"entities", TW_YAML_NODE, 1, TW_RULE_MOST_SYMBOLS, NULL, "all", \
        "`all`, `listed` (only those of the entities file), a list of symbols, or `{sector: NAME}`: those that the entities file gives this sector, or one of a list of them; or `{watch: NAME}`: those that analysts have put on this watch list, or on one of a list of them"}, \
    {"quiet", TW_YAML_DURATION, TW_BAR_US, TW_RULE_LONGEST_US, NULL, quiet_default, \
        "event time for which an alert must stay quiet before it is resolved; a multiple of 10s"}
/* clang-format on */

/* -- a rule ---------------------------------------------------------------------------------------------- */

struct tw_rule {
    struct tw_text name;
    const struct tw_rule_kind *kind;
    enum tw_severity severity;
    enum tw_coverage coverage;
    /* For TW_COVERS_SYMBOLS, sorted; for TW_COVERS_WATCHED those that stand on one of its lists, NULL while
     * that is not known. */
    const struct tw_text *symbols;
    uint32_t symbol_count;
    /* For TW_COVERS_WATCHED: names of watch lists, sorted; `watch` has them with a line feed between, as a
     * row of alert_events does. Else empty. */
    const struct tw_text *lists;
    uint32_t list_count;
    struct tw_text watch;
    int64_t quiet_us; /* multiple of TW_BAR_US */

    /* Filled by the kind. */
    const char *measure; /* what the values of its alerts are values of, as the table of alerts names it */
    int64_t window_us;   /* how far it looks back from an edge, a multiple of TW_BAR_US; 0: not at all */
    int64_t days_us;     /* the same for whole days, window included; 0: not at all */
    int64_t spoken_us;   /* the same for documents that it spoke for; 0: it needs those of the edge alone */
    int64_t relevance;   /* of such a document to the entity, 10,000ths, without which it does not speak */
    int64_t stories;     /* such documents, each of another story, without which it opens nothing; 0: one */
    bool severity_by_document; /* its alerts are as grave as the gravest document that it spoke for; else as
                                  `severity` says */
    const void *settings;      /* of the kind's own type, in the set's arena */
};

/* Does the rule speak of that entity at all? Of watch lists that are not known yet, nobody. */
bool tw_rule_covers(const struct tw_rule *rule, struct tw_text symbol, bool listed);
/* Could it, sooner or later? What `speak` asks. A rule of watch lists hears every document, whoever stands on
 * them just now: who does at the edge where the document is seen is decided there (tw_rule_covers), so that
 * it does not matter when a change of a list reached which worker. */
bool tw_rule_may_cover(const struct tw_rule *rule, struct tw_text symbol, bool listed);

/* Byte order, for qsort and bsearch over struct tw_text. */
int tw_rule_compare_texts(const void *left, const void *right);

/* -- complaints that kinds share: each adds a problem and returns false, or returns true ----------------- */

/* The set's arena is full. Always false. */
bool tw_rule_no_memory(const struct tw_rule_reader *reader, const struct tw_yaml_node *node);

/* A duration that was given must be a multiple of TW_BAR_US. */
bool tw_rule_whole_bars(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, const struct tw_yaml_key *key);

/* A number of stories can be asked for only where documents are filed with theirs. */
bool tw_rule_has_stories(const struct tw_rule_reader *reader, const struct tw_yaml_value *value);

/* Texts of lists may hold anything but control characters, which nobody could see in a message. */
bool tw_rule_items_are_visible(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, const char *key);

#endif
