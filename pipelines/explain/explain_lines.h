/* explain_lines: what `explain` does: each text of an archive, or one text, with the words that made the
 * model decide (explain.h).
 *   in    options as of tasks.h; which entity; in which form
 *   out   an object a line, lines for people, or one page of HTML, in the order of the input
 *
 * JSON: {"text":...,"label":...,"target":"document" or a symbol,"base":...,"logit":...,
 *        "words":[{"word":...,"begin":...,"end":...,"weight":...}]}
 * and, of a company that was found in the text, "relevance" and "source_weight" behind "target".
 * `begin` and `end` are bytes of `text`, the text as it was cleaned; the weights' sum is logit - base. A line
 * that cannot be used, or that does not name the entity, is {"line":17,"error":"..."} in its place.
 *
 * An entity is named by its symbol, in any spelling that link reads; of a record that names its entities
 * itself, by that name. */
#ifndef TW_EXPLAIN_LINES_H
#define TW_EXPLAIN_LINES_H

#include "explain/explain.h"
#include "link/relevance.h"
#include "tasks/tasks.h"

enum tw_explain_form { TW_EXPLAIN_TEXT, TW_EXPLAIN_JSON, TW_EXPLAIN_HTML };

struct tw_explain_task {
    const struct tw_task_options *options; /* path: where texts come from, when `text` is NULL */
    const char *text;                      /* the one text to explain; NULL: those of the archive */
    const char *target;                    /* a symbol; NULL or "document": the document */
    enum tw_explain_form form;
    bool colour;       /* TEXT: with the escapes of a terminal */
    const char *model; /* for the page: the model's folder */
};

/* An explained text, for those who show it. */
struct tw_explained {
    const struct tw_document *document;
    struct tw_text target; /* "document", a symbol, a name */
    const struct tw_explanation *explanation;
    const struct tw_relevance *relevance; /* of a company that was found in the text; else NULL */
};

/* Explains all. Refused records are told of and counted as by tasks.h. False for what ends the whole run:
 * TW_CONFIG for a model that cannot be explained, TW_IO, TW_INTERNAL. */
TW_MUST_USE bool tw_task_explain(
    const struct tw_explain_task *task, struct tw_task_counts *counts, struct tw_error *err);

/* The JSON object of one text, without a newline. */
void tw_explained_write_json(FILE *out, const struct tw_explained *explained);

#endif
