/* explain_text: what `explain --format text` prints for people.
 *
 *     negative for VELQ: logit 2.871, without the words -0.412
 *     relevance 1.0000, by a source of weight 1.0000
 *     Velquin Chemicals files for Chapter 11
 *        +1.204  Chapter
 *        +0.830  files
 *        -0.118  Velquin
 *
 * The words that moved the logit most, each with its weight. In colour, the text itself shows its words on
 * blue ground where they spoke for the label and on orange where they spoke against it, darker for more;
 * these two are told apart by people of every colour vision. What a text from outside could do to a terminal
 * is taken out of it (clean/shown_text.h). */
#ifndef TW_EXPLAIN_TEXT_H
#define TW_EXPLAIN_TEXT_H

#include <stdio.h>

#include "explain/explain_lines.h"

/* One text, and an empty line behind it. */
void tw_explain_text_write(FILE *out, bool colour, const struct tw_explained *explained);
/* A record that cannot be used. */
void tw_explain_text_write_refusal(FILE *out, const struct tw_error *why);

#endif
