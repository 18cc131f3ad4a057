/* measured: what an audit has found, one number a row, each under a name that a gate can limit.
 *
 *     cases.KIND.share                     right, of all cases of a kind (must, entity, same)
 *     cases.KIND.EVENT.share               of one event
 *     calibration.KIND.ece                 expected calibration error (measures.h)
 *     calibration.KIND.EVENT.ece
 *     swaps.NAME.largest_shift             how far a text moves from its mean when only the name changes
 *     swaps.NAME.flips_per_1000            texts whose label is another than most of their sisters have
 *     swaps.NAME.GROUP.mean_shift          by how much a group is judged better or worse than all
 *
 * Blanks and commas of an event are underscores in a name. Shares have Wilson's interval of 95%, mean shifts
 * 1.96 standard errors over forms; the others none (low and high are the value). */
#ifndef TW_AUDIT_MEASURED_H
#define TW_AUDIT_MEASURED_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

enum { TW_AUDIT_NAME_BYTES = 120, TW_AUDIT_ROWS = 2000 };

struct tw_audit_row {
    char name[TW_AUDIT_NAME_BYTES];
    uint64_t n; /* cases, texts or forms */
    double value, low, high;
    const char *broken; /* the limit of a gate that it breaks; NULL: none */
};

struct tw_audit_rows {
    struct tw_audit_row *items; /* room for TW_AUDIT_ROWS */
    uint32_t count;
    uint32_t left_out; /* for want of room: no gate could be held against these */
};

/* Room for them in the arena. */
TW_MUST_USE bool tw_audit_rows_begin(
    struct tw_audit_rows *rows, struct tw_arena *arena, struct tw_error *err);

/* A row without an interval. The parts make the name; an empty one is left out. */
void tw_audit_add(struct tw_audit_rows *rows, const char *const parts[4], uint64_t n, double value);
/* right of n, with Wilson's interval (1927). */
void tw_audit_add_share(struct tw_audit_rows *rows, const char *const parts[4], uint64_t right, uint64_t n);
/* A mean of n numbers with their sum and sum of squares. */
void tw_audit_add_mean(
    struct tw_audit_rows *rows, const char *const parts[4], uint64_t n, double sum, double squares);

#endif
