#include "clean/utf8.h"

size_t tw_utf8_sequence(struct tw_text text, size_t at, size_t *broken)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes + at;
    size_t left = text.length - at;
    unsigned char lead = bytes[0];
    *broken = 1;
    if (lead < 0x80)
        return lead != 0;
    size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                    : lead >= 0xE0 && lead <= 0xEF ? 3
                    : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                   : 0;
    if (length == 0)
        return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t next = 1; next < length; next++) {
        if (next >= left || bytes[next] < low || bytes[next] > high) {
            *broken = next;
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

/* Eight bytes at once: true when all are ASCII and none is NUL. */
static bool eight_are_plain(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return ((word | (word - ones)) & highs) == 0;
}

/* Where the first byte stands that needs mending; text.length when none does. */
static size_t first_to_mend(struct tw_text text)
{
    size_t at = 0, broken;
    while (at < text.length) {
        while (text.length - at >= 8 && eight_are_plain(text.bytes + at))
            at += 8;
        if (at >= text.length)
            break;
        size_t length = tw_utf8_sequence(text, at, &broken);
        if (length == 0)
            return at;
        at += length;
    }
    return text.length;
}

/* Writes the mended text to `to` (NULL: only counts); returns its length. */
static size_t mend(struct tw_text text, char *to, uint32_t *repairs)
{
    static const char replacement[3] = "\xEF\xBF\xBD"; /* U+FFFD */
    size_t used = 0;
    for (size_t at = 0; at < text.length;) {
        size_t broken, length = tw_utf8_sequence(text, at, &broken);
        const char *from = length ? text.bytes + at : replacement;
        size_t bytes = length ? length : sizeof replacement;
        if (to)
            memcpy(to + used, from, bytes);
        used += bytes;
        *repairs += length == 0;
        at += length ? length : broken;
    }
    return used;
}

struct tw_text tw_text_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs)
{
    if (first_to_mend(text) == text.length)
        return text;
    uint32_t counted = 0;
    size_t length = mend(text, NULL, &counted);
    char *mended = tw_arena_take(arena, length);
    if (!mended)
        return (struct tw_text){NULL, 0};
    mend(text, mended, repairs);
    return (struct tw_text){mended, length};
}

size_t tw_utf8_read(const char *text, size_t left, uint32_t *point)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t length = bytes[0] < 0xC0 ? 1 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    if (length > left || length == 1) {
        *point = bytes[0] < 0x80 ? bytes[0] : 0xFFFD;
        return 1;
    }
    uint32_t value = bytes[0] & (0x7Fu >> length);
    for (size_t next = 1; next < length; next++)
        value = value << 6 | (bytes[next] & 0x3Fu);
    *point = value;
    return length;
}

size_t tw_utf8_write(uint32_t point, char bytes[4])
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (char)(0xC0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (char)(0xE0 | point >> 12);
        bytes[1] = (char)(0x80 | (point >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | point >> 18);
    bytes[1] = (char)(0x80 | (point >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (point >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}
