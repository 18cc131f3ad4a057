#include "clean/utf8.h"

static const uint16_t windows_1252[32] = {0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178};

uint32_t tw_utf16_join(uint32_t high, uint32_t low)
{
    bool pair = high >= 0xD800 && high <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF;
    return pair ? 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) : 0;
}

int32_t tw_utf16_escape(struct tw_text text, size_t at)
{
    int32_t unit = 0;
    if (at > text.length || text.length - at < 6 || text.bytes[at] != '\\' || text.bytes[at + 1] != 'u')
        return -1;
    for (size_t digit = 2; digit < 6; digit++) {
        int value = tw_text_hex(text.bytes[at + digit]);
        if (value < 0)
            return -1;
        unit = unit * 16 + value;
    }
    return unit;
}

uint32_t tw_windows_1252(uint32_t point)
{
    return point >= 0x80 && point <= 0x9F ? windows_1252[point - 0x80] : point;
}

int tw_windows_1252_byte(uint32_t point)
{
    if (point <= 0xFF)
        return (int)point;
    for (int at = 0; at < 32; at++)
        if (windows_1252[at] == point)
            return 0x80 + at;
    return -1;
}

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

/* Characters of windows-1252 that may begin a text: currencies, opening quotes and marks. Any other of its
 * marks at a beginning is what is left of a sequence that was cut. */
static bool may_begin(unsigned char byte)
{
    return byte >= 0xC0 || (byte && strchr("\x80\x82\x84\x91\x93\xA1\xA3\xA5\xA7\xA9\xAB\xBF", byte));
}

/* Bytes that lead what texts in Latin, Cyrillic and emoji are cut in, and the two of a byte order mark:
 * before anything but a letter they are no letters. */
static bool is_often_cut(unsigned char byte)
{
    return strchr("\xC2\xC3\xC4\xC5\xD0\xD1\xE2\xF0\xFE\xFF", byte) != NULL;
}

/* Is the broken byte at `at` a character of windows-1252? It stands by itself among ASCII, and is not what
 * is left of a sequence that somebody cut. */
static bool is_windows_1252(struct tw_text text, size_t at)
{
    unsigned char byte = (unsigned char)text.bytes[at];
    unsigned char before = at > 0 ? (unsigned char)text.bytes[at - 1] : '"';
    unsigned char after = at + 1 < text.length ? (unsigned char)text.bytes[at + 1] : '"';
    if (byte < 0x80 || before >= 0x80 || after >= 0x80 || strchr("\x81\x8D\x8F\x90\x9D", byte))
        return false;
    if (before == '"' && !may_begin(byte))
        return false;
    if (byte < 0xC0 || tw_text_is_letter((char)after))
        return true;
    bool alone = (byte == 0xE0 || byte == 0xC0) && after == ' '; /* "\u00E0" is a word of French */
    return !is_often_cut(byte) && (alone || tw_text_is_letter((char)before));
}

/* "Nestl\xE9\x92s", "caf\xE9\x94 and": an accented letter at a word's end, and a quote, dash or dots behind
 * it, with more of the text to come: what was cut is cut at an end. `at` is the letter's. */
static bool is_letter_with_mark(struct tw_text text, size_t at)
{
    if (at == 0 || at + 2 >= text.length || !tw_text_is_letter(text.bytes[at - 1]))
        return false;
    unsigned char letter = (unsigned char)text.bytes[at], mark = (unsigned char)text.bytes[at + 1];
    char after = text.bytes[at + 2];
    return letter >= 0xC0 && mark && strchr("\x85\x92\x94\x96\x97", mark) && after > 0 && after != '"';
}

/* A pair of UTF-16 whose halves were written as UTF-8 each (CESU-8), as Oracle and Java write emoji: its
 * character, 0 when none stands there. */
static uint32_t cesu_pair(struct tw_text text, size_t at)
{
    const unsigned char *bytes = (const unsigned char *)text.bytes + at;
    if (text.length - at < 6 || bytes[0] != 0xED || (bytes[1] & 0xF0) != 0xA0 || (bytes[2] & 0xC0) != 0x80 ||
        bytes[3] != 0xED || (bytes[4] & 0xF0) != 0xB0 || (bytes[5] & 0xC0) != 0x80)
        return 0;
    uint32_t high = 0xD000u | (uint32_t)(bytes[1] & 0x3F) << 6 | (bytes[2] & 0x3Fu);
    uint32_t low = 0xD000u | (uint32_t)(bytes[4] & 0x3F) << 6 | (bytes[5] & 0x3Fu);
    return tw_utf16_join(high, low);
}

size_t tw_utf8_mend(struct tw_text text, size_t at, size_t broken, char bytes[4], size_t *taken)
{
    uint32_t pair = cesu_pair(text, at);
    bool joined = is_letter_with_mark(text, at) || (at > 0 && is_letter_with_mark(text, at - 1));
    *taken = pair ? 6 : joined ? 1 : broken;
    if (pair)
        return tw_utf8_write(pair, bytes);
    bool single = joined || (broken == 1 && is_windows_1252(text, at));
    return tw_utf8_write(single ? tw_windows_1252((unsigned char)text.bytes[at]) : 0xFFFD, bytes);
}

/* Writes the mended text to `to` (NULL: only counts); returns its length. */
static size_t mend(struct tw_text text, char *to, uint32_t *repairs)
{
    size_t used = 0;
    for (size_t at = 0; at < text.length;) {
        size_t broken, length = tw_utf8_sequence(text, at, &broken), taken = length, bytes = length;
        char mended[4];
        const char *from = text.bytes + at;
        if (length == 0) {
            bytes = tw_utf8_mend(text, at, broken, mended, &taken);
            from = mended;
        }
        if (to)
            memcpy(to + used, from, bytes);
        used += bytes;
        *repairs += length == 0;
        at += taken;
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

bool tw_text_check_readable(struct tw_text mended, struct tw_error *err)
{
    enum { LEAST = 4, SHARE = 4 };
    size_t seen = 0, lost = 0;
    for (size_t at = 0; at < mended.length;) {
        uint32_t point;
        at += tw_utf8_read(mended.bytes + at, mended.length - at, &point);
        seen += point > ' ';
        lost += point == 0xFFFD;
    }
    return lost < LEAST || lost * SHARE < seen ||
           tw_fail(err, TW_REFUSED, NULL, "send UTF-8, as with: iconv -f GBK -t UTF-8",
               "the text is not in UTF-8: %zu of its %zu characters cannot be read", lost, seen);
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
