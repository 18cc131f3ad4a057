/* audit_page: what an audit has found, as one page of HTML for people.
 *   in    rows (audit/measured.h), the facts of the run
 *   out   a page, to a FILE: self-contained as report_page's is, and in its style
 *
 * What breaks a limit stands first. Whatever came from outside is escaped (html.h). Same rows and facts, same
 * bytes. Errors are the FILE's (ferror). */
#ifndef TW_AUDIT_PAGE_H
#define TW_AUDIT_PAGE_H

#include <stdio.h>

#include "audit/measured.h"

struct tw_audit_facts {
    const char *model; /* its folder, as it was named */
    const char *model_sha256;
    const char *cases, *swaps, *gate; /* files, as they were named; gate may be NULL */
    const char *command;              /* as it could be typed again */
    const char *version;
    int64_t made_us; /* microseconds since 1970 */
};

/* Writes the whole page. */
void tw_audit_page_write(FILE *out, const struct tw_audit_rows *rows, const struct tw_audit_facts *facts);

#endif
