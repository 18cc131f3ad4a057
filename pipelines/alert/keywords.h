/* keywords: words looked for in a text, whole and in any case.
 *   in    keywords folded to lower case once (tw_keywords_fold), a text as it was cleaned
 *   out   the first keyword, in their order, that stands in it with no letter or digit beside it
 *
 * Case is folded a character at a time (Unicode's simple lower case); what is no UTF-8 reads as U+FFFD, a
 * byte at a time. The cost is the text's length times the number of keywords, at the beginnings of words
 * only. */
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
