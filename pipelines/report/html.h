/* html: text from outside, made harmless inside a page.
 *
 * The five characters that mean something to HTML or XML (& < > " ') become references, so what is written
 * stands as text in an element or in a quoted attribute, and nowhere else (not in a script, a style, a
 * comment). What no page may hold becomes U+FFFD: bytes that are no UTF-8, control characters other than tab
 * and line feed, the two that are no characters (U+FFFE, U+FFFF). So a page that is well-formed XML stays
 * well-formed whatever is put into it. An element that shows such a text should carry dir="auto": then a text
 * that turns the direction of writing turns its own only. Errors are the FILE's (ferror). */
#ifndef TW_HTML_H
#define TW_HTML_H

#include <stdio.h>

#include "base/text.h"

/* Writes the text, escaped. */
void tw_html_text(FILE *out, struct tw_text text);
/* The same for a string that ends in NUL. */
void tw_html_string(FILE *out, const char *string);

#endif
