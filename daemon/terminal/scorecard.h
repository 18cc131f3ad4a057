/* scorecard: what `evaluate` found, as `--format table|json|csv` shows it.
 *
 *   table   for texts, then for entities: a row a class (precision, recall, F1, how it was read), then a row
 *           for all and one for each slice; a level that no label speaks of is left out
 *   json    findings.h tells it
 *   csv     level,measure,value; levels documents and entities, then documents[source=Reuters],
 *           entities[length=17-32], ..., entities[conflicting], entities[other]; an empty value where nothing
 *           was counted */
#ifndef TW_SCORECARD_H
#define TW_SCORECARD_H

#include <stdio.h>

#include "tasks/findings.h"
#include "terminal/table.h"

/* TW_INTERNAL when out of memory; TW_IO. */
TW_MUST_USE bool tw_scorecard_print(
    const struct tw_findings *findings, enum tw_format format, FILE *to, struct tw_error *err);

#endif
