#include "names/skim.h"

#include "names/words.h"

#include <endian.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

enum { CHUNK = sizeof(uint64_t) };

/* Eight bytes, the first of them lowest; zeros behind the end. */
static inline uint64_t chunk_at(const char *bytes, size_t length)
{
    uint64_t chunk = 0;
    if (length >= CHUNK)
        memcpy(&chunk, bytes, CHUNK);
    else
        memcpy(&chunk, bytes, length);
    return le64toh(chunk);
}

static inline uint64_t add_chunk(uint64_t number, uint64_t chunk)
{
    return tw_skim_mix(number ^ chunk, UINT64_C(0xD6E8FEB86659FD93));
}

/* The high bit of each byte that is no letter or digit of ASCII. */
static inline uint64_t others_in(uint64_t chunk)
{
    uint64_t low = chunk & EACH(0x7F), small = low | EACH(0x20);
    uint64_t letters = (small + EACH(0x80 - 'a')) & ~(small + EACH(0x7F - 'z'));
    uint64_t digits = (low + EACH(0x80 - '0')) & ~(low + EACH(0x7F - '9'));
    return (~(letters | digits) | chunk) & EACH(0x80);
}

uint64_t tw_skim_number(const char *folded, size_t length)
{
    uint64_t number = 0;
    for (size_t at = 0; at < length; at += CHUNK)
        number = add_chunk(number, chunk_at(folded + at, length - at));
    return number;
}

/* A word that is not all ASCII, or what stands there instead. */
static bool next_wide(struct tw_text text, uint32_t *at, struct tw_skimmed_word *word)
{
    struct tw_name_word found;
    if (!tw_word_next(text, at, &found))
        return false;
    bool is_mark = !found.letters && found.length == 1;
    *word = (struct tw_skimmed_word){
        tw_skim_number(found.folded, found.length), found.begin, found.end, is_mark ? found.folded[0] : '\0'};
    return true;
}

/* Letters and digits have the bit of small letters once they are folded. */
static uint32_t skim_letters(struct tw_text text, uint32_t at, uint64_t *number)
{
    *number = 0;
    for (;;) {
        uint64_t chunk = chunk_at(text.bytes + at, text.length - at), others = others_in(chunk);
        chunk |= EACH(0x20);
        if (others) {
            uint32_t length = (uint32_t)__builtin_ctzll(others) / 8;
            if (length)
                *number = add_chunk(*number, chunk & ~(UINT64_MAX << 8 * length));
            return at + length;
        }
        *number = add_chunk(*number, chunk);
        at += CHUNK;
    }
}

bool tw_skim_next(struct tw_text text, uint32_t *at, struct tw_skimmed_word *word)
{
    uint32_t begin = *at;
    while (begin < text.length &&
           (text.bytes[begin] == ' ' || (text.bytes[begin] >= 0x09 && text.bytes[begin] <= 0x0D)))
        begin++;
    *at = begin;
    if (begin >= text.length)
        return false;
    uint64_t number;
    uint32_t end = skim_letters(text, begin, &number);
    if (end < text.length && (unsigned char)text.bytes[end] >= 0x80)
        return next_wide(text, at, word);
    char mark = '\0';
    if (end == begin) {
        mark = text.bytes[begin] == '`' ? '\'' : text.bytes[begin];
        number = add_chunk(0, (unsigned char)mark);
        end++;
    }
    *word = (struct tw_skimmed_word){number, begin, end, mark};
    *at = end;
    return true;
}
