/* clean: the text that people and the model read, out of title and body.
 *
 *   in    a decoded document (valid UTF-8)
 *   out   document.text: title, one space, body; document.title_length: bytes of it that are title
 *
 * One pass, linear, in this order of reading:
 *   - HTML character references become their characters: all names of HTML 5 and numbers, always with their
 *     semicolon (so "AT&T" and "R&D" stay). Once: "&amp;lt;" reads "&lt;". Numbers outside Unicode, surrogates
 *     and 0 become U+FFFD; 128 to 159 read as windows-1252, as browsers do.
 *   - HTML tags of the standard's element names and comments are dropped, attributes included; those that break
 *     a line leave a space; script and style go with what they hold. `<[A-Z0-9.]+>` is a newswire symbol and
 *     stays (so does "<B>"), and so does any other "<": "a < b", "<Airbus Industrie>".
 *   - http://, https://, ftp:// and www. addresses are dropped, up to white space or a quote or angle bracket,
 *     punctuation at their end kept.
 *   - control characters, soft hyphens, zero-width spaces, byte order marks and marks of direction are dropped.
 *   - white space of any script becomes one space, never two in a row, none at either end.
 * Cashtags are left as they are. What a character reference yields is text, never markup. */
#ifndef TW_CLEAN_H
#define TW_CLEAN_H

#include "base/arena.h"
#include "document.h"

/* Fills text and title_length. False only when the arena is full (TW_FULL). */
TW_MUST_USE bool tw_clean(struct tw_document *document, struct tw_arena *arena, struct tw_error *err);

/* The same without cleaning (`--raw`): title, one space, body as they are. */
TW_MUST_USE bool tw_clean_raw(struct tw_document *document, struct tw_arena *arena, struct tw_error *err);

/* One text cleaned. bytes == NULL when the arena is full. Takes at most 2 n + 64 bytes of arena while working
 * and gives back what the result does not need. */
struct tw_text tw_clean_text(struct tw_text text, struct tw_arena *arena);

/* The characters of the named reference between '&' and ';', as UTF-8; length 0 when there is no such name. */
struct tw_text tw_html_reference(struct tw_text name);

#endif
