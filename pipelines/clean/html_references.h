/* html_references: names of characters in HTML, as a sorted table. clean.h gives the lookup. */
#ifndef TW_HTML_REFERENCES_H
#define TW_HTML_REFERENCES_H

#include <stddef.h>

struct tw_html_reference {
    const char *name;       /* without '&' and ';' */
    const char *characters; /* UTF-8 */
};

extern const struct tw_html_reference tw_html_references[]; /* in byte order of name */
extern const size_t tw_html_reference_count;

enum { TW_HTML_REFERENCE_LONGEST = 31 }; /* bytes in the longest name */

#endif
