/* watched_rules: one rules file over a stretch of time in which its watch lists change.
 *   in    rules as their file has them; who stood on which list, from when to when (event time)
 *   out   rule sets, each with the edge from which it holds, as turn.h and simulation.h take them
 *
 *     tw_watched_rules_make(&watched, rules, times, count, err)
 *     ... watched.spans, watched.count ...
 *     tw_watched_rules_end(&watched)
 *
 * WHEN A CHANGE TAKES EFFECT. An entity is covered by the bars that begin at `from_us` or later and before
 * `to_us`, both moved up to a bar's edge: as a rule set holds from an edge on (alerts.h). So whoever is put
 * on a list and taken off within one bar was never there. Where that edge lies is decided when the change is
 * stored (sql/, watched_times), by how far rules had been evaluated; it never lies in what was evaluated.
 *
 * Rules that name no watch list are one set, the one given, which holds always. */
#ifndef TW_WATCHED_RULES_H
#define TW_WATCHED_RULES_H

#include "alert/alerts.h"

/* An entity stood on a list. Texts are referred to. */
struct tw_watched_time {
    struct tw_watched watched;
    int64_t from_us; /* TW_NO_TIME: always */
    int64_t to_us;   /* TW_NEVER_US: it stands there */
};

/* Begin with a zeroed one. */
struct tw_watched_rules {
    struct tw_rule_span *spans; /* in the order of time */
    uint32_t count;
    struct tw_rule_set **owned; /* the sets that were made; as many as spans, or none */
};

/* Makes the sets. `rules` is borrowed, and must outlive them where it names no list. As tw_rules_watch; safe
 * to end afterwards either way. */
TW_MUST_USE bool tw_watched_rules_make(struct tw_watched_rules *watched, const struct tw_rule_set *rules,
    const struct tw_watched_time *times, uint32_t count, struct tw_error *err);

/* Frees the sets; a zeroed one is safe to end. */
void tw_watched_rules_end(struct tw_watched_rules *watched);

/* Whether anybody ever stood on that list. */
bool tw_watched_times_have(const struct tw_watched_time *times, uint32_t count, struct tw_text list);

#endif
