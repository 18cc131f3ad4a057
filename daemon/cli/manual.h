/* manual: manual pages as scdoc's source (scdoc(5)), from the tables of command.h and config.h and prose.
 *   in    which page; its prose, a file of deploy/man/
 *   out   the page: NAME, SYNOPSIS, the prose, and where the prose has a line @OPTIONS@ (or else behind it)
 *         what the table says: every option with its help, of "tapewatch" every command, of "tapewatch.yaml"
 *         every key; then SEE ALSO
 *
 *     struct tw_manual_page page;
 *     for (size_t at = 0; tw_manual_page(at, &page); at++)
 *         if (!tw_manual_print(&page, prose of page.name, to, err)) return false;
 *
 * So what -h prints and what a page says of an option are one text. Prose is scdoc already; what comes from a
 * table is made harmless for it. Errors: TW_INTERNAL out of memory. */
#ifndef TW_MANUAL_H
#define TW_MANUAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"

struct tw_manual_page {
    char name[64];    /* "tapewatch-reset"; a family has one page: "tapewatch-deadletters" */
    char command[32]; /* its first word, "reset"; empty for the two pages that are no command's */
    int section;      /* 1, or 5 for tapewatch.yaml */
};

/* Page number `at`, from 0: tapewatch, tapewatch.yaml, then one for each command and family in the order of
 * the table. False: there are no more. */
bool tw_manual_page(size_t at, struct tw_manual_page *page);

/* Writes the page to `to`. */
TW_MUST_USE bool tw_manual_print(
    const struct tw_manual_page *page, struct tw_text prose, FILE *to, struct tw_error *err);

#endif
