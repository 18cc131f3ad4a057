/* behaviour: a file of cases where every reader agrees, read, asked and counted by kind and event (the idea:
 * Ribeiro et al. 2020, CheckList).
 *   in    JSON Lines: {"kind":"must","event":...,"text":...,"label":...}
 *                     {"kind":"same","event":...,"texts":[...,...]}
 *                     {"kind":"entity","event":...,"text":...,"entities":[{"name":...,"label":...},...]}
 *   out   rows cases.* and calibration.* (measured.h)
 *
 * must is right when the text's label is that; same when sentiments span TW_AUDIT_SAME_SPAN at most; entity
 * counts each company. Members that are not named here are not looked at. A record that is broken ends the
 * reading: half a set measures something else. Errors: TW_CONFIG with file:line; TW_IO. */
#ifndef TW_AUDIT_BEHAVIOUR_H
#define TW_AUDIT_BEHAVIOUR_H

#include "audit/measured.h"
#include "river.h"

#define TW_AUDIT_SAME_SPAN 0.15

/* Reads the file, asks the model, adds the rows. */
TW_MUST_USE bool tw_audit_behaviour(const struct tw_river *river, const char *path, struct tw_arena *arena,
    struct tw_audit_rows *rows, struct tw_error *err);

#endif
