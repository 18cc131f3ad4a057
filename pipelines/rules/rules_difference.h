/* rules_difference: what is different between two sets of rules, in words for whoever changed one into the
 * other.
 *
 *     bad-news.below -2.5 → -2.0, bad-news.quiet 10m → 5m, night-desk added, old-rule removed
 *
 * A key that only one of the two writes out is `none` in the other. */
#ifndef TW_RULES_DIFFERENCE_H
#define TW_RULES_DIFFERENCE_H

#include "rules/rules.h"

/* The differences by name of rule, separated by commas; empty when the sets mean the same. Either set may
 * be NULL: one without rules. TW_FULL; TW_INTERNAL when the system refuses memory. */
TW_MUST_USE bool tw_rules_difference(const struct tw_rule_set *before, const struct tw_rule_set *after,
    struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

#endif
