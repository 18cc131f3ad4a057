/* swaps: sentences in which one name stands for another, and what that moves: which company, country, sector
 * or person a text speaks of must not decide how good its news is.
 *   in    a file such as config/swaps.yaml
 *   out   rows swaps.* (measured.h)
 *
 *     version: 1
 *     swaps:
 *       - name: country
 *         groups: {north: [Norway, Finland], south: [Peru, Ghana]}
 *         forms: ["Court in {x} dismisses case against Acme"]
 *       - {name: company, entity: true, groups: .., forms: ["{x} halts output"]}
 *
 * {x} is what is exchanged; with `entity` its own score is measured, and the document's is not. Of each form:
 * a group's shift is its mean sentiment less that of all groups, each group counted once; a name's shift is
 * its sentiment less the form's mean; its label flips when it is not the one that most names have.
 *
 * All that is wrong with the file is reported with line and column. Errors: TW_CONFIG, TW_IO, TW_FULL. */
#ifndef TW_AUDIT_SWAPS_H
#define TW_AUDIT_SWAPS_H

#include "audit/measured.h"
#include "files/problems.h"
#include "river.h"

/* Reads the file's bytes, asks the model, adds the rows. */
TW_MUST_USE bool tw_audit_swaps(const struct tw_river *river, const struct tw_text_file *source,
    struct tw_problems *problems, struct tw_arena *arena, struct tw_audit_rows *rows, struct tw_error *err);

#endif
