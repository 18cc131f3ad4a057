/* report_page: what `evaluate` found, as one page of HTML for people.
 *   in    findings (findings.h), and the facts of the run
 *   out   a page, to a FILE: self-contained (no script, nothing loaded from elsewhere; a policy in its head
 *         forbids both), for screens of 360 to 1400 pixels and for paper, light or dark as the reader's
 *         system is; well-formed XML too
 *
 *     header      the model and the data with their SHA-256, the command, when
 *     numbers     accuracy, macro-F1, calibration error
 *     texts, entities     each: confusion matrix, reliability diagram over 15 bins, classes, slices;
 *                         conflicting headlines
 *     learning    losses and F1 by step, when the model's folder has metrics.jsonl (run_log.h)
 *     errors      wrong with the highest confidence
 *
 * Every number comes from measures.h; nothing is computed a second time. Whatever came from outside is
 * escaped (html.h). Same findings and facts, same bytes. Errors are the FILE's (ferror); TW_INTERNAL without
 * memory. */
#ifndef TW_REPORT_PAGE_H
#define TW_REPORT_PAGE_H

#include <stdio.h>

#include <jansson.h>

#include "tasks/findings.h"
#include "tasks/tasks.h"

struct tw_report_facts {
    const char *model; /* its folder, as it was named; NULL: the constant model */
    const char *model_sha256;
    const char *data;        /* the file, as it was named; "-": standard input */
    const char *data_sha256; /* NULL: it cannot be read twice */
    uint64_t data_bytes;
    const char *command; /* as it could be typed again */
    const char *version;
    int64_t made_us;       /* microseconds since 1970 */
    const json_t *history; /* rows of metrics.jsonl, an array; may be NULL or empty */
    struct tw_task_counts counts;
};

/* Writes the whole page. */
TW_MUST_USE bool tw_report_page_write(
    FILE *out, const struct tw_findings *findings, const struct tw_report_facts *facts, struct tw_error *err);

/* The page's style: holds no '<' and no '&', so that it may stand in the page as it is. */
extern const char tw_report_style[];

#endif
