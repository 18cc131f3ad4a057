/* references: HTML's character references, as characters.
 *
 *   in    a text and the place of a "&"
 *   out   the characters that stand for the reference, and its length
 *
 * All names of HTML 5 and numbers count with their semicolon; without it the names that HTML knows so
 * ("&nbsp profit"), and numbers, when no letter, digit or "=" follows: "AT&T", "R&D" and "a=1&copy=2" stay.
 * Five that no word goes on from count before one: "&nbspprofit", "&pound5bn", "&quotVelquin". Numbers
 * outside Unicode, half pairs of surrogates and 0 become U+FFFD; 128 to 159 are windows-1252, as browsers
 * read them (HTML standard 13.2.5.80). */
#ifndef TW_REFERENCES_H
#define TW_REFERENCES_H

#include <stdint.h>

#include "base/text.h"

struct tw_reference {
    char bytes[8]; /* the characters as UTF-8: two at the most */
    size_t length;
};

/* The reference whose "&" stands at `at`: bytes of the text that it takes, 0 when none stands there. */
size_t tw_reference_at(struct tw_text text, size_t at, struct tw_reference *out);

/* The characters of the named reference between '&' and ';', as UTF-8; length 0 when there is no such
 * name. */
struct tw_text tw_html_reference(struct tw_text name);

#endif
