#include "cli/validation_row.h"

#include "run/validation.h"

#include <stdio.h>

const struct tw_show_column tw_validation_row_columns[TW_VALIDATION_ROW_COLUMNS] = {{"step", 8}, {"epoch", 6},
    {"loss", 8}, {"val. loss", 9}, {"texts F1", 8}, {"accuracy", 8}, {"ECE", 6}, {"entities F1", 11},
    {"accuracy", 8}, {"ECE", 6}, {"best", 4}};

static void print_report(const struct tw_metric_report *report, char (*cells)[TW_TRAINING_CELL])
{
    const double values[3] = {report->macro_f1, report->accuracy, report->ece};
    for (size_t at = 0; at < 3; at++)
        snprintf(cells[at], TW_TRAINING_CELL, report->n ? "%.4f" : "-", values[at]);
}

void tw_validation_row_fill(const struct tw_run_validated *evaluation, char (*cells)[TW_TRAINING_CELL])
{
    const struct tw_validation *validation = evaluation->details;
    snprintf(cells[0], TW_TRAINING_CELL, "%llu", (unsigned long long)evaluation->step);
    snprintf(cells[1], TW_TRAINING_CELL, "%.2f", evaluation->epoch);
    snprintf(cells[2], TW_TRAINING_CELL, "%.4f", evaluation->train_loss);
    snprintf(cells[3], TW_TRAINING_CELL, "%.4f", evaluation->loss);
    print_report(&validation->documents, cells + 4);
    print_report(&validation->entities, cells + 7);
    snprintf(cells[10], TW_TRAINING_CELL, "%s", evaluation->best ? "*" : "");
}
