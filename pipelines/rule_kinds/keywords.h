/* keywords: words looked for in a text, whole, in any case and spelling.
 *   in    keywords in lower case, as they are shown (tw_keywords_fold), a text as it was cleaned
 *   out   the first keyword, in their order, that stands in it
 *
 * Keywords and text are cut into words and brought into one form as names are (names/words.h): case,
 * accents, hyphens and apostrophes of any kind make no difference, and a keyword in a script without
 * spaces is found inside of its sentences. The cost is the number of the text's words times that of the
 * keywords. */
#ifndef TW_KEYWORDS_H
#define TW_KEYWORDS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/* A copy in lower case, in the arena; bytes == NULL when that is full. */
TW_MUST_USE struct tw_text tw_keywords_fold(struct tw_text text, struct tw_arena *arena);

/* The first of the keywords, in their order, that stands in the text as a whole word. Empty text when none
 * does. */
struct tw_text tw_keywords_find(const struct tw_text *keywords, uint32_t count, struct tw_text text);

#endif
