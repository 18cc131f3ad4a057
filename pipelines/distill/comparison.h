/* comparison: a teacher and its student side by side, as it is told.
 *   in    both as they were measured (measure_folder.h)
 *   out   rows for a table; distill_results.json; a section of the student's card
 *
 * Shares change by points, all else by a factor. A head that only one of the two has gives no rows. */
#ifndef TW_COMPARISON_H
#define TW_COMPARISON_H

#include "distill/measure_folder.h"

enum { TW_COMPARISON_ROWS = 10, TW_COMPARISON_CELL = 32 };

struct tw_comparison_row {
    const char *name;
    char teacher[TW_COMPARISON_CELL], student[TW_COMPARISON_CELL], change[TW_COMPARISON_CELL];
};

/* Returns how many there are. */
size_t tw_comparison_rows(const struct tw_folder_measures *teacher, const struct tw_folder_measures *student,
    struct tw_comparison_row rows[TW_COMPARISON_ROWS]);

/* The card (README.md) keeps all else that it says; the section comes before its limits, in place of one that
 * is there. */
TW_MUST_USE bool tw_comparison_write(const char *folder, const struct tw_folder_measures *teacher,
    const struct tw_folder_measures *student, struct tw_error *err);

/* Whether tw_comparison_write has been through. */
bool tw_comparison_is_written(const char *folder);

#endif
