/* rules: rules.yaml to a checked, immutable list; and the headline rule, which speaks for one document.
 *
 *     rules:
 *       - name: bad-news                 - name: strong-headline
 *         kind: threshold                  kind: headline
 *         measure: negative_sum            at_most: -0.9
 *         window: 10m                      keywords: [fraud, bankruptcy]
 *         below: -3.0                      quiet: 1h
 *
 * The keys of each kind stand in one table (tw_rule_kinds); loader, messages and deploy/docs/rules.md come from
 * it. A file is loaded whole or not at all, and every problem in it is reported at once (problems.h).
 *
 * All numbers are integers, so that a rule is decided exactly: sentiments and sums in 10,000ths, a count of
 * documents too (5 documents = 50,000), times in microseconds.
 *
 * A set is immutable after load and may be shared by threads. Its canonical text is a rules file itself: every
 * key written out, rules by name. Loading it gives the same set; its SHA-256 names the set, so that comments,
 * order and defaults left out make no new one. Store that text. */
#ifndef TW_RULES_H
#define TW_RULES_H

#include "files/problems.h"
#include "files/yaml_tree.h"
#include "time/bars.h"

enum tw_rule_kind { TW_RULE_THRESHOLD, TW_RULE_HEADLINE };

/* What is compared with `below` (or, for the count, `at_least`) over a window. */
enum tw_measure {
    TW_MEASURE_NEGATIVE_SUM, /* sum of min(s, 0) */
    TW_MEASURE_MEAN,         /* sum of s / documents */
    TW_MEASURE_COUNT,        /* documents */
};

enum tw_severity { TW_SEVERITY_INFO, TW_SEVERITY_WARNING, TW_SEVERITY_CRITICAL };

enum tw_coverage { TW_COVERS_ALL, TW_COVERS_LISTED, TW_COVERS_SYMBOLS };

struct tw_rule {
    struct tw_text name;
    enum tw_rule_kind kind;
    enum tw_severity severity;
    enum tw_coverage coverage;
    const struct tw_text *symbols; /* for TW_COVERS_SYMBOLS, sorted */
    uint32_t symbol_count;
    int64_t quiet_us; /* multiple of TW_BAR_US */

    /* threshold: holds when documents >= at_least and, unless it counts, value < below;
     * is past when value >= resolve (a count: value <= resolve), or when the window is empty */
    enum tw_measure measure;
    int64_t window_us; /* multiple of TW_BAR_US */
    int64_t at_least;  /* documents */
    int64_t below;     /* 10,000ths */
    int64_t resolve;   /* 10,000ths; never on the same side as the condition */
    int64_t step;      /* percent by which the value must grow worse than last reported to be an update */

    /* headline: speaks when the entity's sentiment <= at_most and, if there are any, a keyword is found */
    int64_t at_most;                /* 10,000ths */
    const struct tw_text *keywords; /* folded to lower case, in the file's order */
    uint32_t keyword_count;
};

struct tw_rule_set {
    const struct tw_rule *rules; /* sorted by name */
    uint32_t count;
    int64_t longest_window_us; /* 0 without threshold rules: how far back bars must be read */
    struct tw_text canonical;
    char hash[65]; /* SHA-256 of canonical, lower-case hexadecimal */
    struct tw_arena arena;
};

/* One row a kind. */
struct tw_rule_kind_row {
    const char *name;
    const char *prose;
    const struct tw_yaml_key *keys;
    size_t key_count;
};
extern const struct tw_rule_kind_row tw_rule_kinds[];
extern const size_t tw_rule_kind_count;
extern const char *const tw_severity_names[]; /* by enum tw_severity, ended by NULL */

/* Loads a set from a file's bytes. On failure *set is NULL, problems holds all that is wrong, err the first of
 * it (TW_CONFIG; TW_FULL and TW_INTERNAL for want of memory). The source is not needed afterwards, but problems
 * refer to it. A file without rules is a set of none: `rules: []` must be written. */
TW_MUST_USE bool tw_rules_load(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_rule_set **set, struct tw_error *err);
void tw_rules_free(struct tw_rule_set *set);

/* The rule of that name; NULL when there is none. */
const struct tw_rule *tw_rules_find(const struct tw_rule_set *set, struct tw_text name);

/* Does the rule speak of that entity at all? */
bool tw_rule_covers(const struct tw_rule *rule, struct tw_text symbol, bool listed);

/* The first of the rule's keywords, in the rule's order, that stands in the text as a whole word (no letter or
 * digit beside it), case ignored. Empty text when none does. */
struct tw_text tw_rule_keyword(const struct tw_rule *rule, struct tw_text text);

/* Headline rows of a batch, growing in its arena. Begin with a zeroed one. */
struct tw_headline_list {
    struct tw_headline_row *rows;
    uint32_t count;
    uint32_t capacity;
};

/* Appends a row for each headline rule that speaks for `documents[document]`, whose score rows are
 * scores[first_score .. first_score + score_count), in the order of rules, then of scores. Rows' texts belong to
 * the set, which must outlive them. `set` may be NULL: nothing speaks. Only TW_FULL. */
TW_MUST_USE bool tw_rules_headline(const struct tw_rule_set *set, const struct tw_document *documents,
    uint32_t document, const struct tw_score_row *scores, uint32_t first_score, uint32_t score_count,
    struct tw_arena *arena, struct tw_headline_list *list, struct tw_error *err);

/* The reference of all kinds and keys as Markdown tables, made from the tables (deploy/docs/rules.md holds it;
 * a test compares). TW_FULL. */
TW_MUST_USE bool tw_rules_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

#endif
