#include "link/words.h"

#include <utf8proc.h>

/* What an ASCII byte is to a word; letters and digits give their folded form, others 0. */
static const char folded_ascii[128] = {
    ['0'] = '0',
    ['1'] = '1',
    ['2'] = '2',
    ['3'] = '3',
    ['4'] = '4',
    ['5'] = '5',
    ['6'] = '6',
    ['7'] = '7',
    ['8'] = '8',
    ['9'] = '9',
    ['A'] = 'a',
    ['B'] = 'b',
    ['C'] = 'c',
    ['D'] = 'd',
    ['E'] = 'e',
    ['F'] = 'f',
    ['G'] = 'g',
    ['H'] = 'h',
    ['I'] = 'i',
    ['J'] = 'j',
    ['K'] = 'k',
    ['L'] = 'l',
    ['M'] = 'm',
    ['N'] = 'n',
    ['O'] = 'o',
    ['P'] = 'p',
    ['Q'] = 'q',
    ['R'] = 'r',
    ['S'] = 's',
    ['T'] = 't',
    ['U'] = 'u',
    ['V'] = 'v',
    ['W'] = 'w',
    ['X'] = 'x',
    ['Y'] = 'y',
    ['Z'] = 'z',
    ['a'] = 'a',
    ['b'] = 'b',
    ['c'] = 'c',
    ['d'] = 'd',
    ['e'] = 'e',
    ['f'] = 'f',
    ['g'] = 'g',
    ['h'] = 'h',
    ['i'] = 'i',
    ['j'] = 'j',
    ['k'] = 'k',
    ['l'] = 'l',
    ['m'] = 'm',
    ['n'] = 'n',
    ['o'] = 'o',
    ['p'] = 'p',
    ['q'] = 'q',
    ['r'] = 'r',
    ['s'] = 's',
    ['t'] = 't',
    ['u'] = 'u',
    ['v'] = 'v',
    ['w'] = 'w',
    ['x'] = 'x',
    ['y'] = 'y',
    ['z'] = 'z',
};

/* The code point at `at` and its length; a broken byte is U+FFFD of length 1. */
static size_t point_at(struct tw_text text, size_t at, int32_t *point)
{
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)text.bytes + at,
        (utf8proc_ssize_t)(text.length - at > 4 ? 4 : text.length - at), point);
    if (length > 0)
        return (size_t)length;
    *point = 0xFFFD;
    return 1;
}

enum wide_kind { WIDE_WORD, WIDE_ALONE, WIDE_SPACE, WIDE_OTHER };

/* Scripts written without spaces: each character is a word, or no name would ever be found in a sentence. */
static bool stands_alone(int32_t point)
{
    return (point >= 0x3040 && point <= 0x30FF) || (point >= 0x3400 && point <= 0x4DBF) ||
           (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0xF900 && point <= 0xFAFF) ||
           (point >= 0x20000 && point <= 0x3FFFF);
}

static enum wide_kind kind_of(int32_t point)
{
    if (stands_alone(point))
        return WIDE_ALONE;
    utf8proc_category_t category = utf8proc_category(point);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO)
        return WIDE_WORD; /* letters, marks, numbers: LU to NO in utf8proc's order */
    if ((category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP) || point == 0x85)
        return WIDE_SPACE;
    return WIDE_OTHER;
}

static bool is_ascii_space(unsigned char byte)
{
    return byte == ' ' || (byte >= 0x09 && byte <= 0x0D);
}

size_t tw_word_space(struct tw_text text, size_t at)
{
    unsigned char byte = (unsigned char)text.bytes[at];
    if (byte < 0x80)
        return is_ascii_space(byte);
    int32_t point;
    size_t length = point_at(text, at, &point);
    return kind_of(point) == WIDE_SPACE ? length : 0;
}

bool tw_word_at(struct tw_text text, size_t at)
{
    if (at >= text.length)
        return false;
    unsigned char byte = (unsigned char)text.bytes[at];
    if (byte < 0x80)
        return folded_ascii[byte] != 0;
    int32_t point;
    point_at(text, at, &point);
    return kind_of(point) <= WIDE_ALONE;
}

bool tw_word_before(struct tw_text text, size_t at)
{
    if (at == 0)
        return false;
    size_t begin = at - 1;
    while (begin > 0 && at - begin < 4 && ((unsigned char)text.bytes[begin] & 0xC0) == 0x80)
        begin--;
    return tw_word_at(text, begin);
}

/* Adds a folded code point; a word that does not fit any more gets length 0 for good. */
static void add_point(struct tw_name_word *word, int32_t point, bool *too_long)
{
    if (word->length + 4 > TW_WORD_BYTES)
        *too_long = true;
    if (*too_long)
        return;
    int32_t folded = point == 0x2019 ? '\'' : utf8proc_tolower(point);
    word->length += (uint32_t)utf8proc_encode_char(folded, (utf8proc_uint8_t *)word->folded + word->length);
}

/* The rest of a word of letters that begins at *at. */
static void read_letters(struct tw_text text, uint32_t *at, struct tw_name_word *word)
{
    bool too_long = false;
    while (*at < text.length) {
        unsigned char byte = (unsigned char)text.bytes[*at];
        if (byte < 0x80) {
            char folded = folded_ascii[byte];
            if (!folded)
                break;
            if (word->length < TW_WORD_BYTES)
                word->folded[word->length++] = folded;
            else
                too_long = true;
            ++*at;
            continue;
        }
        int32_t point;
        size_t length = point_at(text, *at, &point);
        if (kind_of(point) != WIDE_WORD)
            break;
        add_point(word, point, &too_long);
        *at += (uint32_t)length;
    }
    if (too_long)
        word->length = 0;
}

bool tw_word_next(struct tw_text text, uint32_t *at, struct tw_name_word *word)
{
    while (*at < text.length) {
        unsigned char byte = (unsigned char)text.bytes[*at];
        word->begin = *at;
        word->length = 0;
        if (byte < 0x80 && is_ascii_space(byte)) {
            ++*at;
            continue;
        }
        if (byte < 0x80 && !folded_ascii[byte]) {
            word->folded[word->length++] = (char)byte;
            word->letters = false;
            word->end = ++*at;
            return true;
        }
        int32_t point = byte;
        size_t length = byte < 0x80 ? 1 : point_at(text, *at, &point);
        enum wide_kind kind = byte < 0x80 ? WIDE_WORD : kind_of(point);
        if (kind == WIDE_SPACE) {
            *at += (uint32_t)length;
            continue;
        }
        word->letters = kind <= WIDE_ALONE;
        if (kind == WIDE_WORD) {
            read_letters(text, at, word);
        } else {
            bool too_long = false;
            add_point(word, point, &too_long);
            *at += (uint32_t)length;
        }
        word->end = *at;
        return true;
    }
    return false;
}
