#include "alert/keywords.h"

#include "base/size.h"

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

/* Letters, digits, and marks that belong to the letter before them; of a folded character. */
static bool is_word_character(int32_t character)
{
    if (character < 0x80)
        return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
    utf8proc_category_t category = utf8proc_category(character);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* Does `keyword` (folded) stand at `at`, with no letter or digit behind it? */
static bool keyword_stands_at(struct tw_text keyword, struct tw_text text, size_t at)
{
    size_t in_keyword = 0;
    while (in_keyword < keyword.length) {
        if (at >= text.length || folded_character(keyword, &in_keyword) != folded_character(text, &at))
            return false;
    }
    return at >= text.length || !is_word_character(folded_character(text, &at));
}

struct tw_text tw_keywords_find(const struct tw_text *keywords, uint32_t count, struct tw_text text)
{
    uint32_t best = count;
    bool in_word = false;
    for (size_t at = 0; at < text.length && best > 0;) {
        for (uint32_t keyword = 0; !in_word && keyword < best; keyword++)
            if (keyword_stands_at(keywords[keyword], text, at))
                best = keyword;
        in_word = is_word_character(folded_character(text, &at));
    }
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
