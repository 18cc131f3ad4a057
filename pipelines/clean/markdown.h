/* markdown: marks of Markdown, BBCode and Slack, which people and bots leave in texts.
 *
 *   in    a text and the place of one of the bytes * _ ~ ` [ ] ! \ < >, or of a line's beginning; places in
 *         order, each once
 *   out   how many bytes there are marks and nothing else
 *
 *   **bold** *so* __so__ _so_ ~~struck~~ `code`
 *                                               the marks go, in pairs alone and around whole words:
 *                                               "5*3*2", "snake_case" and "Revenue* rose" stay
 *   [text](https://x "title")                   the text stays; an image ![alt](x) goes whole
 *   [b]text[/b], [url=x]text[/url]              the text stays
 *   <https://x|text>, <https://x>               the text stays
 *   # heading, > quotation, - item, * item      the mark at a line's beginning goes
 *   ---, ===, *** or ___ alone in a line      the line goes
 *   \_ \* \#                                    the backslash goes
 * What closes is looked for within 512 bytes, and nowhere twice: a pass is linear whatever a text holds. */
#ifndef TW_MARKDOWN_H
#define TW_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { TW_MARKDOWN_OPEN = 16 };

/* What is known of a text on the way through it. Begin with the text, and zeros for the rest. */
struct tw_markdown_scan {
    struct tw_text text;
    struct {
        size_t at, length;
    } closing[TW_MARKDOWN_OPEN]; /* marks ahead whose partner has gone; those behind are free places */
    uint32_t next_closing;       /* where the next one is tried; 0: there was none yet */
    size_t searched[4][4];       /* by mark and length: no closing one stands before */
    size_t link;                 /* the next "](" at or behind it was looked for from */
    size_t next_link;            /* and stands here, or behind the end */
    bool link_known;
};

/* Bytes of marks at `at`; 0 when what stands there is text. */
size_t tw_markdown_at(struct tw_markdown_scan *scan, size_t at);

/* Bytes of marks and blanks at a line's beginning. */
size_t tw_markdown_line(struct tw_text text, size_t at);

#endif
