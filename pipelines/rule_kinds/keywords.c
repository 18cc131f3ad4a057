#include "rule_kinds/keywords.h"

#include "base/size.h"
#include "names/words.h"

#include <string.h>

#include <utf8proc.h>

/* The character at *at, folded to lower case; what is no UTF-8 reads as U+FFFD, a byte at a time. */
static int32_t folded_character(struct tw_text text, size_t *at)
{
    unsigned char byte = (unsigned char)text.bytes[*at];
    if (byte < 0x80) {
        *at += 1;
        return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
    }
    int32_t character = 0xFFFD;
    utf8proc_ssize_t length = utf8proc_iterate(
        (const utf8proc_uint8_t *)text.bytes + *at, (utf8proc_ssize_t)(text.length - *at), &character);
    *at += length > 0 ? (size_t)length : 1;
    return length > 0 ? utf8proc_tolower(character) : 0xFFFD;
}

/* Do the keyword's words stand one after another from `word` on, which ends at `at`? */
static bool stands_at(
    struct tw_text keyword, struct tw_text text, const struct tw_name_word *word, uint32_t at)
{
    struct tw_name_word mine, theirs = *word;
    uint32_t in_keyword = 0;
    bool first = true;
    while (tw_word_next(keyword, &in_keyword, &mine)) {
        if (!first && !tw_word_next(text, &at, &theirs))
            return false;
        if (mine.length == 0 || mine.length != theirs.length ||
            memcmp(mine.folded, theirs.folded, mine.length) != 0)
            return false;
        first = false;
    }
    return !first && tw_word_edges(text, word->begin, theirs.end);
}

struct tw_text tw_keywords_find(const struct tw_text *keywords, uint32_t count, struct tw_text text)
{
    struct tw_name_word word;
    uint32_t best = count, at = 0;
    while (best > 0 && tw_word_next(text, &at, &word))
        for (uint32_t keyword = 0; keyword < best; keyword++)
            if (stands_at(keywords[keyword], text, &word, at))
                best = keyword;
    return best < count ? keywords[best] : tw_text_of("");
}

struct tw_text tw_keywords_fold(struct tw_text text, struct tw_arena *arena)
{
    struct tw_text copy = {NULL, 0};
    size_t bytes;
    if (!tw_size_multiply(text.length, 4, &bytes)) /* a character takes 4 bytes at most, and had 1 at least */
        return copy;
    char *folded = tw_arena_take(arena, bytes);
    if (!folded)
        return copy;
    for (size_t at = 0; at < text.length;)
        copy.length += (size_t)utf8proc_encode_char(
            folded_character(text, &at), (utf8proc_uint8_t *)folded + copy.length);
    copy.bytes = folded;
    return copy;
}
