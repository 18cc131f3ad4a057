/* spoken: what kinds that speak for single documents (rule.h, `speak`) have in common: rows in, alerts out.
 *
 *     speak   tw_spoken_add(&list, row, arena, err)        a row of alert_events, with the document
 *     run     tw_spoken_run(run, &spoken, steps, err)      later, from those rows: alerts of an entity
 *
 * Each edge that brings rows is one step, the worst of them says its value (ties: earlier, then topic,
 * partition, offset). An alert is quiet from its last row on, and resolved when that lasts.
 *
 * A rule that asks for RELEVANCE (`relevance_at_least`) speaks for documents that are so far about the
 * entity (link/relevance.h). It is decided with the document, by the weight that its source has then, and
 * what it was decided by is stored: a replay of stored scores decides alike.
 *
 * A rule that asks for several STORIES (`min_stories`) opens at an edge that brings a row, when so many rows
 * stand within its `window` up to there, copies left out: the worst of them speaks. An open alert is updated
 * by each row more, as any. */
#ifndef TW_SPOKEN_H
#define TW_SPOKEN_H

#include "rows.h"
#include "rule_kinds/steps.h"

/* What a kind says in words. */
struct tw_spoken {
    const char *noun; /* "headline": "no further headline for 1h" */
    int64_t opens;    /* the value from which a document makes it speak; TW_NO_NUMBER */
    /* Why a step was taken: of `documents` rows at one edge the worst. No bytes when the arena is full. */
    struct tw_text (*say)(struct tw_steps *steps, const struct tw_headline_event *worst, int64_t documents);
};

/* The keys that they share, to stand behind a kind's other keys, and their places from there. */
enum { TW_SPOKEN_RELEVANCE, TW_SPOKEN_STORIES, TW_SPOKEN_WINDOW, TW_SPOKEN_KEYS };
/* clang-format off */
#define TW_SPOKEN_ROWS \
    {"relevance_at_least", TW_YAML_FIXED, 0, TW_RELEVANCE_WHOLE, NULL, "", \
        "speaks only for a document that is so far about the entity, the weight of its source included; left out, however far"}, \
    {"min_stories", TW_YAML_COUNT, 1, 1000, NULL, "", \
        "documents within `window`, each of another story, without which it never opens; needs `stories.enabled`"}, \
    {"window", TW_YAML_DURATION, TW_BAR_US, TW_RULE_LONGEST_US, NULL, "1h", \
        "event time within which so many stories must stand; goes with `min_stories`; a multiple of 10s"}
/* clang-format on */

/* Reads them into the rule; `values` and `keys` from the first of them on. False when it added a problem. */
bool tw_spoken_read_keys(const struct tw_rule_reader *reader, const struct tw_yaml_value *values,
    const struct tw_yaml_key *keys, struct tw_rule *rule);

/* The way back, as tw_rule_write; `key` from the first of them on. */
bool tw_spoken_write_key(const struct tw_rule *rule, size_t key, struct tw_yaml_value *value);

/* May the rule speak of the entity of that score at all: does it cover it, and is the document about it as
 * far as the rule asks? */
static inline bool tw_spoken_may_be_of(const struct tw_rule *rule, const struct tw_score_row *score)
{
    return (int64_t)score->relevance.relevance >= rule->relevance &&
           tw_rule_may_cover(rule, score->symbol, score->listed);
}

/* The stories that the rule asks for, one at least: what a row of alert_events says of it. */
static inline int32_t tw_spoken_stories(const struct tw_rule *rule)
{
    return rule->stories > 1 ? (int32_t)rule->stories : 1;
}

/* Appends a row. Only TW_FULL. */
TW_MUST_USE bool tw_spoken_add(struct tw_headline_list *list, const struct tw_headline_row *row,
    struct tw_arena *arena, struct tw_error *err);

/* Takes the steps of the rule's alert at the run's edges. TW_FULL. */
TW_MUST_USE bool tw_spoken_run(const struct tw_rule_run *run, const struct tw_spoken *spoken,
    struct tw_steps *steps, struct tw_error *err);

/* "of one document", or "the worst of 3 documents". */
struct tw_phrase tw_spoken_of(int64_t documents);

#endif
