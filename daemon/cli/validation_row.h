/* validation_row: an evaluation of a model of sentiment as a row on the terminal, for the commands that make one (training_command.h). */
#ifndef TW_VALIDATION_ROW_H
#define TW_VALIDATION_ROW_H

#include "cli/training_command.h"

enum { TW_TRIAL_COLUMNS = 11 };

extern const struct tw_show_column tw_trial_columns[TW_TRIAL_COLUMNS];

/* The details of the evaluation are a struct tw_trial. */
void tw_trial_row_fill(const struct tw_course_evaluation *evaluation, char (*cells)[TW_LEARN_CELL]);

#endif
