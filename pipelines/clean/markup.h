/* markup: is the "<" at this place of a text the beginning of a tag, and how far does the tag go?
 *
 * Feeds send HTML of every age beside newswire symbols ("<OM>"), companies in angle brackets ("<Time Inc>")
 * and plain "a < b". What is a tag is told by what stands in the brackets, and by the rest of the text where
 * that is not enough:
 *   - a name of the HTML standard, alone, with a "/" or with attributes; an attribute has a "=", or is one of
 *     HTML's boolean ones ("<td nowrap>" is a tag, "<Time Inc>" is none); a name that is no word ("div") with
 *     whatever follows;
 *   - what begins such a tag and is cut off by the end of the text;
 *   - any name with a namespace or a hyphen in small letters ("<o:p>", "<media:content .../>", "<g-emoji>");
 *     any other name with an attribute in quotes, or whose end tag stands in the same text; any end tag;
 *   - a name in capitals that could be a newswire symbol ("<P>", "<B>") only when other markup stands in the
 *     same text;
 *   - comments, <!DOCTYPE>, <?...?>, Office's "<![if ...]>"; the marks of CDATA, but not what they enclose.
 * script and style go with what they hold; one that is never closed holds nothing: its tag goes, and the rest
 * of the text stays, code or news, where a browser would show none of it. A tag ends before the next "<",
 * which keeps a pass linear whatever a text holds. */
#ifndef TW_MARKUP_H
#define TW_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* What is known of a text, so that no end is looked for twice. Begin with the text and zeros. */
struct tw_markup_scan {
    struct tw_text text;
    bool no_comment_end, no_raw_end[2]; /* none stands ahead: not to be looked for again */
    bool surveyed;                      /* the two facts below are known */
    bool has_markup;                    /* something that is markup beyond doubt */
    uint64_t end_tags[64];              /* a bit for the hash of each name with an end tag */
};

/* Length of the tag, comment, declaration or CDATA mark at `at`, where a "<" or "]]>" stands; 0 when it is
 * none. *breaks: words on its two sides are apart. */
size_t tw_markup_at(struct tw_markup_scan *scan, size_t at, bool *breaks);

/* Length of "<OM>" at `at`: capitals, digits, full stops; 0 when none stands there. */
size_t tw_markup_symbol(struct tw_text text, size_t at);

/* Is the name, in any case, an element of the HTML standard? */
bool tw_markup_is_element(struct tw_text name);

/* Is there markup beyond doubt in the text: an end tag, a line break, an element with attributes, a
 * comment? */
bool tw_markup_is_plain(struct tw_text text);

#endif
