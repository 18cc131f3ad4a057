/* rules_text: rules written out, from the kinds' own tables: the canonical text of a set, and the reference
 * page. */
#ifndef TW_RULES_TEXT_H
#define TW_RULES_TEXT_H

#include "rule_kinds/rule.h"

/* The canonical text of rules in their order: a rules file with every key of every rule, in the order of its
 * kind's table, numbers in the largest unit that holds them exactly, texts quoted with all but printable
 * ASCII escaped. TW_FULL; TW_INTERNAL when the system refuses memory. */
TW_MUST_USE bool tw_rules_text_canonical(const struct tw_rule *rules, uint32_t count, struct tw_arena *arena,
    struct tw_text *out, struct tw_error *err);

/* The reference of all kinds and keys as Markdown tables (deploy/docs/rules.md holds it; a test compares).
 * TW_FULL; TW_INTERNAL when the system refuses memory. */
TW_MUST_USE bool tw_rules_text_reference(struct tw_arena *arena, struct tw_text *out, struct tw_error *err);

#endif
