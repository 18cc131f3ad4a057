/* headline: one document: strongly negative, with a keyword.
 *
 *       - name: strong-headline
 *         kind: headline
 *         at_most: -0.9
 *         keywords: [fraud, bankruptcy]
 *         relevance_at_least: 0.4            left out, however little the document is about the entity
 *         quiet: 1h
 *
 * It SPEAKS for a document, in the document's own transaction, by a row of its own. The alert itself is
 * decided later, from those rows (spoken.h). */
#ifndef TW_HEADLINE_H
#define TW_HEADLINE_H

#include "rule_kinds/rule.h"

/* Settings of a rule of this kind: speaks when the entity's sentiment <= at_most and, if there are any
 * keywords, one of them is found. */
struct tw_headline {
    int64_t at_most;                /* 10,000ths */
    const struct tw_text *keywords; /* folded (keywords.h), in the file's order */
    uint32_t keyword_count;
};

extern const struct tw_rule_kind tw_headline_kind;

/* The settings of a rule of this kind. */
static inline const struct tw_headline *tw_headline_of(const struct tw_rule *rule)
{
    return rule->settings;
}

#endif
