/* gate: limits for what an audit measures, so that a recipe installs no model that breaks one.
 *   in    a file, and rows (measured.h)
 *   out   which rows break a limit
 *
 *     version: 1
 *     limits:
 *       - {measure: cases.must.share, at_least: 0.90}
 *       - {measure: swaps.*.mean_shift, at_most: 0.02}      both signs: its size counts
 *
 * `*` stands for any part of a name, points included. A limit is held against the value, of a mean shift
 * against its size. One that no row answers to is an error: a light that says green because nothing was
 * looked at. All that is wrong with the file is reported with line and column. */
#ifndef TW_AUDIT_GATE_H
#define TW_AUDIT_GATE_H

#include "audit/measured.h"
#include "files/problems.h"

/* Sets `broken` of the rows that break a limit; *count: how many. TW_CONFIG, TW_FULL. */
TW_MUST_USE bool tw_audit_gate(const struct tw_text_file *source, struct tw_problems *problems,
    struct tw_arena *arena, struct tw_audit_rows *rows, uint32_t *count, struct tw_error *err);

#endif
