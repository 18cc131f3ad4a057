/* coverage: which entities a rule speaks of, as its file writes it.
 *
 *     entities: all                     whatever texts speak of
 *     entities: listed                  those of the entities file
 *     entities: [VELQ, ODNL]            these symbols
 *     entities: {sector: Chemicals}     those that the entities file gives this sector; a list: these sectors
 *
 * A sector becomes the list of its symbols when the file is loaded, so that the set that is stored says
 * which they were: read anew with another entities file, it is another set. */
#ifndef TW_COVERAGE_H
#define TW_COVERAGE_H

#include "alert/rule.h"

/* Fills coverage, symbols and symbol_count; `value` is what stands under `entities`, as a node. False when it
 * added a problem. */
TW_MUST_USE bool tw_coverage_read(
    const struct tw_rule_reader *reader, const struct tw_yaml_value *value, struct tw_rule *rule);

#endif
