/* coverage: which entities a rule speaks of, as its file writes it.
 *
 *     entities: all                     whatever texts speak of
 *     entities: listed                  those of the entities file
 *     entities: [VELQ, ODNL]            these symbols
 *     entities: {sector: Chemicals}     those that the entities file gives this sector; a list: these sectors
 *     entities: {watch: mine}           those that analysts have put on this watch list; a list: one of these
 *
 * A sector becomes the list of its symbols when the file is loaded, so that the set that is stored says
 * which they were: read anew with another entities file, it is another set.
 *
 * WATCH LISTS change while rules run, and the file cannot say who stands on them. A set as it is loaded from
 * the file covers nobody by them; rules.h, tw_rules_watch, makes the set of a moment of it. That one writes
 *
 *     entities: {watch: ["mine"], symbols: ["ODNL", "VELQ"]}
 *
 * and is what is stored: another list is another set, which holds from an edge of event time on. `symbols` is
 * read in sets that were stored alone. */
#ifndef TW_COVERAGE_H
#define TW_COVERAGE_H

#include "rule_kinds/rule.h"

/* An entity on a watch list. */
struct tw_watched {
    struct tw_text list;
    struct tw_text entity;
};

/* Who stands on which list, in any order. A list that nobody stands on is not there. */
struct tw_watch_lists {
    const struct tw_watched *items;
    uint32_t count;
};

/* Whether anybody stands on that list. */
bool tw_watch_lists_have(const struct tw_watch_lists *lists, struct tw_text list);

/* Fills coverage, symbols and lists with their counts, and watch; `value` is what stands under `entities`,
 * as a node. False when it added a problem. */
TW_MUST_USE bool tw_coverage_read(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule);

#endif
