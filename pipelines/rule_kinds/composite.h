/* composite: kinds `all` and `any`: alerts of other rules, of the same entity, within a window.
 *
 *       - name: loud-and-bad
 *         kind: all
 *         rules: [flood, strong-headline]
 *         window: 1h
 *
 * A rule that is named SPEAKS at edge e while its alert is open, and for `window` from where it opened:
 * where opened <= e, and e < resolved or e < opened + window. `all` holds where each of them speaks, `any`
 * where one does. The value is how many do. The alert is quiet where the rule does not hold.
 *
 * It is decided at the same edges as the others, after them. What it names are rules of the same file that
 * are not of these kinds themselves, so that nothing goes round in a circle. */
#ifndef TW_COMPOSITE_H
#define TW_COMPOSITE_H

#include "rule_kinds/rule.h"

enum { TW_COMPOSITE_MOST = 100 }; /* rules that one names */

/* Settings of a rule of either kind. */
struct tw_composite {
    const struct tw_text *rules; /* sorted, each once */
    uint32_t rule_count;
};

extern const struct tw_rule_kind tw_all_kind;
extern const struct tw_rule_kind tw_any_kind;

/* The settings of a rule of these kinds. */
static inline const struct tw_composite *tw_composite_of(const struct tw_rule *rule)
{
    return rule->settings;
}

#endif
