/* clean: the text that people and the model read, out of title and body.
 *
 *   in    a decoded document (valid UTF-8)
 *   out   document.text: title, one space, body; document.title_length: bytes of it that are title
 *
 * One pass, linear, in this order of reading:
 *   - HTML character references become their characters (references.h).
 *   - tags and comments are dropped, attributes included; those that break a line leave a space; script and
 *     style go with what they hold (markup.h). `<[A-Z0-9.]+>` is a newswire symbol and stays, unless it is an
 *     element's name and other markup stands in the text; so does any other "<": "a < b", "<Airbus
 *     Industrie>".
 *   - marks of Markdown, BBCode and Slack are dropped, what they mark stays (markdown.h).
 *   - http://, https://, ftp:// and www. addresses are dropped, and hosts in small letters with a path
 *     ("pic.twitter.com/x", "bit.ly/x"), up to white space or a quote or angle bracket, punctuation at their
 *     end kept. "Amazon.com" is a company.
 *   - control characters, soft hyphens, zero-width spaces, fillers, byte order marks and marks of direction
 *     are dropped, and the sequences that colour a terminal whole.
 *   - UTF-8 that was read as Latin-1, windows-1252 or Mac Roman is put right where nothing else can be meant
 *     (misread.h).
 *   - escapes of JSON that was written twice ("\\u2019", "\\n" at a line's end) are what they stand for.
 *   - white space of any script becomes one space, never two in a row, none at either end.
 * Cashtags are left as they are. Where what references yielded is plainly markup or a whole reference again
 * (feeds escape their descriptions once too often: "&lt;p&gt;", "&amp;#x27;"), the result is read once more,
 * never a third time. */
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

#endif
