#include "tokenizer/unicode.h"

#include <string.h>

enum {
    HANGUL_FIRST = 0xAC00,
    HANGUL_COUNT = 11172,
    HANGUL_BY_LEAD = 588, /* syllables that share their leading consonant: 21 vowels, 28 trails */
    HANGUL_BY_VOWEL = 28,
    JAMO_LEAD = 0x1100,
    JAMO_VOWEL = 0x1161,
    JAMO_TRAIL = 0x11A7
};

static const struct tw_code_point_mapping *find_mapping(
    const struct tw_code_point_mapping *table, uint32_t count, uint32_t code_point)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table[middle].from == code_point)
            return &table[middle];
        if (table[middle].from < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The Unicode standard, 3.12, "Hangul Syllable Decomposition". */
static uint32_t decompose_hangul(uint32_t index, uint32_t parts[4])
{
    parts[0] = JAMO_LEAD + index / HANGUL_BY_LEAD;
    parts[1] = JAMO_VOWEL + index % HANGUL_BY_LEAD / HANGUL_BY_VOWEL;
    uint32_t trail = index % HANGUL_BY_VOWEL;
    if (trail == 0)
        return 2;
    parts[2] = JAMO_TRAIL + trail;
    return 3;
}

uint32_t tw_unicode_decompose(uint32_t code_point, uint32_t parts[4])
{
    parts[0] = code_point;
    if (!(tw_unicode_kind(code_point)->flags & TW_UNICODE_DECOMPOSES))
        return 1;
    if (code_point >= HANGUL_FIRST && code_point < HANGUL_FIRST + HANGUL_COUNT)
        return decompose_hangul(code_point - HANGUL_FIRST, parts);
    const struct tw_code_point_mapping *mapping =
        find_mapping(tw_unicode_decompositions, tw_unicode_decompositions_count, code_point);
    if (!mapping)
        return 1;
    uint32_t count = 0;
    while (count < 4 && mapping->to[count] != 0) {
        parts[count] = mapping->to[count];
        count++;
    }
    return count;
}

uint32_t tw_unicode_lower(uint32_t code_point, uint32_t parts[2])
{
    const struct tw_code_point_kind *kind = tw_unicode_kind(code_point);
    parts[0] = (uint32_t)((int32_t)code_point + kind->lower_delta);
    if (!(kind->flags & TW_UNICODE_LOWERS_TO_TWO))
        return 1;
    const struct tw_code_point_mapping *mapping =
        find_mapping(tw_unicode_lowers_to_two, tw_unicode_lowers_to_two_count, code_point);
    if (!mapping)
        return 1;
    parts[0] = mapping->to[0];
    parts[1] = mapping->to[1];
    return 2;
}

/* The Unicode standard, table 3-7: what the second byte may be, by the first. */
static void second_byte_range(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (first == 0xE0)
        *low = 0xA0;
    else if (first == 0xED)
        *high = 0x9F;
    else if (first == 0xF0)
        *low = 0x90;
    else if (first == 0xF4)
        *high = 0x8F;
}

uint32_t tw_unicode_decode(const uint8_t *bytes, size_t length, uint32_t *code_point)
{
    uint8_t first = bytes[0];
    *code_point = first;
    if (first < 0x80)
        return 1;
    *code_point = TW_UNICODE_REPLACEMENT;
    if (first < 0xC2 || first > 0xF4)
        return 1;
    uint32_t wanted = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t value = first & (0x7FU >> wanted);
    uint8_t low, high;
    second_byte_range(first, &low, &high);
    for (uint32_t taken = 1; taken < wanted; taken++) {
        if (taken >= length || bytes[taken] < low || bytes[taken] > high)
            return taken;
        value = value << 6 | (bytes[taken] & 0x3FU);
        low = 0x80;
        high = 0xBF;
    }
    *code_point = value;
    return wanted;
}

uint32_t tw_unicode_encode(uint32_t code_point, uint8_t bytes[4])
{
    if (code_point < 0x80) {
        bytes[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (uint8_t)(0xC0 | code_point >> 6);
        bytes[1] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        bytes[0] = (uint8_t)(0xE0 | code_point >> 12);
        bytes[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
        bytes[2] = (uint8_t)(0x80 | (code_point & 0x3F));
        return 3;
    }
    bytes[0] = (uint8_t)(0xF0 | code_point >> 18);
    bytes[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3F));
    bytes[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3F));
    bytes[3] = (uint8_t)(0x80 | (code_point & 0x3F));
    return 4;
}

bool tw_unicode_is_utf8(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t byte = 0; byte < length;) {
        uint32_t code_point, size = tw_unicode_decode(bytes + byte, length - byte, &code_point);
        bool written_so = size == 3 && memcmp(bytes + byte, "\xEF\xBF\xBD", 3) == 0;
        if (code_point == TW_UNICODE_REPLACEMENT && !written_so)
            return false;
        byte += size;
    }
    return true;
}

bool tw_unicode_has_space_at_end(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;
    uint32_t first, last;
    size_t begin = length - 1;
    while (begin > 0 && length - begin < 4 && (bytes[begin] & 0xC0) == 0x80)
        begin--;
    tw_unicode_decode(bytes, length, &first);
    tw_unicode_decode(bytes + begin, length - begin, &last);
    return (tw_unicode_kind(first)->flags | tw_unicode_kind(last)->flags) & TW_UNICODE_SPACE;
}
