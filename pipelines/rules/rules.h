/* rules: rules.yaml to a checked, immutable set of rules.
 *
 *     rules:
 *       - name: bad-news                 - name: strong-headline
 *         kind: threshold                  kind: headline
 *         measure: negative_sum            at_most: -0.9
 *         window: 10m                      keywords: [fraud, bankruptcy]
 *         below: -3.0                      quiet: 1h
 *
 * What every rule has is read here, what one kind alone knows by that kind (rule.h; kinds.h lists them). A
 * file is loaded whole or not at all, and every problem in it is reported at once (problems.h).
 *
 * A set is immutable after load and may be shared by threads. Its canonical text is a rules file itself:
 * every key written out, rules by name (rules_text.h). Loading it gives the same set; its SHA-256 names the
 * set, so that comments, order and defaults left out make no new one. Store that text. */
#ifndef TW_RULES_H
#define TW_RULES_H

#include "rule_kinds/rule.h"
#include "rules/coverage.h"

struct tw_rule_set {
    const struct tw_rule *rules; /* sorted by name */
    uint32_t count;
    int64_t longest_window_us; /* how far back bars must be read; 0 when no rule looks back */
    int64_t longest_days_us;   /* how far back sums of whole days; 0 when no rule wants them */
    int64_t longest_past_us;   /* how far back alerts that are resolved by now; 0 when no rule wants them */
    int64_t longest_spoken_us; /* how far back documents that rules spoke for; 0 when no rule wants them */
    bool watches;              /* a rule is held to watch lists */
    struct tw_text canonical;
    char hash[65]; /* SHA-256 of canonical, lower-case hexadecimal */
    struct tw_arena arena;
};

/* Loads a set from a file's bytes, and holds it to `bounds`; NULL: to nothing, as for a set that was
 * stored. On failure *set is NULL, problems holds all that is wrong, err the first of it (TW_CONFIG;
 * TW_FULL and TW_INTERNAL for want of memory). The source is not needed afterwards, but problems refer to
 * it. A file without rules is a set of none: `rules: []` must be written. */
TW_MUST_USE bool tw_rules_load(const struct tw_text_file *source, const struct tw_rule_bounds *bounds,
    struct tw_problems *problems, struct tw_rule_set **set, struct tw_error *err);

/* The same rules while these stand on the watch lists, as another set: its canonical text says who they are.
 * `rules` must have been loaded from a file, not from such a text. TW_CONFIG when a rule comes to cover too
 * many entities, or the text becomes too long to be read again; else as tw_rules_load. */
TW_MUST_USE bool tw_rules_watch(const struct tw_rule_set *rules, const struct tw_watch_lists *watched,
    struct tw_rule_set **set, struct tw_error *err);

/* Gives the set back, with all its texts; NULL is none. */
void tw_rules_free(struct tw_rule_set *set);

/* The rule of that name; NULL when there is none. */
const struct tw_rule *tw_rules_find(const struct tw_rule_set *set, struct tw_text name);

/* Appends a row for each rule that speaks for the document, in the order of rules, then of scores. Rows'
 * texts belong to the set and the taxonomy, which must outlive them. `set` may be NULL: nothing speaks. Only
 * TW_FULL. */
TW_MUST_USE bool tw_rules_speak(const struct tw_rule_set *set, const struct tw_rule_hearing *hearing,
    struct tw_arena *arena, struct tw_headline_list *list, struct tw_error *err);

#endif
