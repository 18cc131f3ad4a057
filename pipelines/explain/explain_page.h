/* explain_page: what `explain --format html` writes: one page that needs nothing but itself.
 *
 *     tw_explain_page_begin, then for each text tw_explain_page_write or ..._write_refusal, then ..._end
 *
 * Each text with its words on blue ground where they spoke for the label and on orange where they spoke
 * against it (the colours of Okabe and Ito, which people of every colour vision tell apart), the weight of
 * each under the pointer, and a table of the words that moved the logit most. No script, nothing fetched;
 * well-formed XML; text from outside is escaped (report/html.h). Errors are the FILE's (ferror). */
#ifndef TW_EXPLAIN_PAGE_H
#define TW_EXPLAIN_PAGE_H

#include <stdio.h>

#include "explain/explain_lines.h"

/* Head and heading; `model` is a folder, `sha256` says which weights. */
void tw_explain_page_begin(FILE *out, const char *model, const char *sha256);
/* One text. */
void tw_explain_page_write(FILE *out, const struct tw_explained *explained);
/* A record that cannot be used; `line` of its file. */
void tw_explain_page_write_refusal(FILE *out, uint64_t line, const struct tw_error *why);
/* The end of the page. */
void tw_explain_page_end(FILE *out);

#endif
