#include "names/umlauts.h"

#include <string.h>

/* Umlauts of UTF-8 behind the byte 0xC3, in small letters and capitals, and their letter. */
static const struct {
    unsigned char small, capital;
    char letter;
} umlauts[] = {{0xA4, 0x84, 'a'}, {0xB6, 0x96, 'o'}, {0xB8, 0x98, 'o'}, {0xBC, 0x9C, 'u'}};

enum { LEAD = 0xC3, MARK_LEAD = 0xCC, DIAERESIS = 0x88 };

/* The letter of the umlaut of two bytes at `at`, 0 when none stands there. */
static char umlaut_at(struct tw_text text, size_t at)
{
    unsigned char next = (unsigned char)text.bytes[at + 1];
    for (size_t nth = 0; nth < sizeof umlauts / sizeof umlauts[0]; nth++)
        if (next == umlauts[nth].small || next == umlauts[nth].capital)
            return umlauts[nth].letter;
    return '\0';
}

/* Does the mark of two dots at `at` stand on a, o or u? */
static bool is_mark_of_umlaut(struct tw_text text, size_t at)
{
    char letter = at ? (char)(text.bytes[at - 1] | 0x20) : '\0';
    return (unsigned char)text.bytes[at + 1] == DIAERESIS &&
           (letter == 'a' || letter == 'o' || letter == 'u');
}

struct tw_text tw_umlauts_as_pairs(struct tw_text text, char *bytes, size_t size)
{
    size_t used = 0, found = 0;
    for (size_t at = 0; at < text.length; at++) {
        unsigned char byte = (unsigned char)text.bytes[at];
        bool pair = at + 1 < text.length;
        char letter = byte == LEAD && pair ? umlaut_at(text, at) : '\0';
        bool mark = byte == MARK_LEAD && pair && is_mark_of_umlaut(text, at);
        if (used + 2 > size)
            return (struct tw_text){bytes, 0};
        if (letter)
            bytes[used++] = letter;
        bytes[used++] = letter || mark ? 'e' : text.bytes[at];
        at += letter || mark;
        found += letter || mark;
    }
    return (struct tw_text){bytes, found ? used : 0};
}

static bool is_vowel(char byte)
{
    return byte && strchr("aeiouy", byte);
}

/* May the two letters at `at` of a word be an umlaut? */
static bool may_be_umlaut(struct tw_text word, size_t at)
{
    char letter = word.bytes[at], before = at ? word.bytes[at - 1] : '\0';
    if ((letter != 'a' && letter != 'o' && letter != 'u') || tw_text_byte(word, at + 1) != 'e')
        return false;
    char behind = tw_text_byte(word, at + 2);
    bool ends_name = letter != 'o' && behind == 'l' && at + 3 == word.length; /* Michael, Samuel */
    return behind && !is_vowel(behind) && !is_vowel(before) && before != 'q' && !ends_name;
}

bool tw_umlauts_of_pairs(const struct tw_text *words, uint32_t count, struct tw_name_variant *out)
{
    uint32_t found = 0;
    out->count = 0;
    out->used = 0;
    for (uint32_t word = 0; word < count; word++) {
        struct tw_text from = words[word];
        char *to = out->fused + out->used;
        size_t length = 0, pairs = 0;
        if (from.length > sizeof out->fused - out->used)
            return false;
        for (size_t at = 0; at < from.length; at++) {
            bool pair = may_be_umlaut(from, at);
            to[length++] = from.bytes[at];
            at += pair;
            pairs += pair;
        }
        out->words[out->count++] = pairs ? (struct tw_text){to, length} : from;
        out->used += pairs ? length : 0;
        found += pairs != 0;
    }
    return found > 0;
}
