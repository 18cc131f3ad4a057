/* kinds: the kinds of rules there are, one row each (rule.h says what a row holds).
 *
 * The order is that of the reference, and of the choices that a message names. A stored alert names its kind
 * by the row's name. */
#ifndef TW_KINDS_H
#define TW_KINDS_H

#include "rule_kinds/rule.h"

extern const struct tw_rule_kind
    *const tw_rule_kinds[]; /* in the order of tw_rule_kind_names, ended by NULL */

/* The kind of that name; NULL when there is none. */
const struct tw_rule_kind *tw_kinds_find(struct tw_text name);

#endif
