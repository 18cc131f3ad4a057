/* validation_row: an evaluation of a model of sentiment as a row on the terminal, for the commands that make
 * one (training_command.h). */
#ifndef TW_VALIDATION_ROW_H
#define TW_VALIDATION_ROW_H

#include "cli/training_command.h"

enum { TW_VALIDATION_ROW_COLUMNS = 11 };

extern const struct tw_show_column tw_validation_row_columns[TW_VALIDATION_ROW_COLUMNS];

/* The details of the evaluation are a struct tw_validation. */
void tw_validation_row_fill(const struct tw_run_validated *evaluation, char (*cells)[TW_TRAINING_CELL]);

#endif
