#include "rule_kinds/kinds.h"

#include "rule_kinds/burst.h"
#include "rule_kinds/composite.h"
#include "rule_kinds/event.h"
#include "rule_kinds/headline.h"
#include "rule_kinds/shift.h"
#include "rule_kinds/threshold.h"

/* The rows. KIND(name) stands for `tw_name_kind`, which the kind's own file defines. */
#define KINDS(KIND)                                                                                          \
    KIND(threshold)                                                                                          \
    KIND(headline)                                                                                           \
    KIND(event)                                                                                              \
    KIND(shift)                                                                                              \
    KIND(burst)                                                                                              \
    KIND(all)                                                                                                \
    KIND(any)

#define ROW(kind) &tw_##kind##_kind,
#define NAME(kind) #kind,
const struct tw_rule_kind *const tw_rule_kinds[] = {KINDS(ROW) NULL};
const char *const tw_rule_kind_names[] = {KINDS(NAME) NULL};

const struct tw_rule_kind *tw_kinds_find(struct tw_text name)
{
    for (size_t at = 0; tw_rule_kinds[at]; at++)
        if (tw_text_equal(name, tw_text_of(tw_rule_kinds[at]->name)))
            return tw_rule_kinds[at];
    return NULL;
}
