/* classify_table: what `classify --format table` prints for people, a line a company, each as it comes.
 *
 *     label     sentiment  company                 text
 *     negative      -0.65  Velquin Chemicals       Velquin Chemicals cuts its outlook after a fire
 *     neutral        0.00                          Markets were quiet.
 *     refused                                      no text in it
 *
 * A text that names companies has a line for each of them, with what is said of that company; one that names
 * none has one line with what it says as a whole. Nothing waits for all lines, so the columns have fixed
 * widths; company and text are cut, with an ellipsis, by what a terminal shows (wide characters are two
 * columns, combining ones none). What would move the cursor is a blank, what would turn the direction of
 * writing is left out. */
#ifndef TW_CLASSIFY_TABLE_H
#define TW_CLASSIFY_TABLE_H

#include <stdio.h>

#include "tasks/record.h"

enum { TW_CLASSIFY_TABLE_LEAST = 60 }; /* a narrower terminal breaks lines by itself */

/* The heading. */
void tw_classify_table_write_heading(FILE *out);

/* The lines of one scored record; `width` is that of a whole line, at least TW_CLASSIFY_TABLE_LEAST. */
void tw_classify_table_write_record(FILE *out, uint32_t width, const struct tw_record *record);

/* The line of a record that cannot be used. */
void tw_classify_table_write_refusal(FILE *out, uint32_t width, const struct tw_error *why);

#endif
