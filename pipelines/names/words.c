#include "names/words.h"

#include "names/han_words.h"

#include <string.h>

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

enum {
    MOST_POINTS = 20,    /* the longest compatibility decomposition has 18 */
    LAST_PLAIN = 0x0167, /* of the letters in plain_letters */
};

enum kind { WORD, ALONE, SPACE, OTHER, UNSEEN };

/* One character in the one form. */
struct character {
    int32_t points[MOST_POINTS]; /* folded; none for what is skipped */
    int count;
    enum kind kind;
    size_t length; /* bytes of text */
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

struct range {
    int32_t first, last;
};

static bool is_within(int32_t point, const struct range *ranges, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (point >= ranges[at].first && point <= ranges[at].last)
            return true;
    return false;
}

#define IS_WITHIN(point, ranges) is_within(point, ranges, sizeof(ranges) / sizeof((ranges)[0]))

static bool is_hangul(int32_t point)
{
    static const struct range ranges[] = {
        {0x1100, 0x11FF}, {0x3130, 0x318F}, {0xA960, 0xA97F}, {0xAC00, 0xD7FF}};
    return IS_WITHIN(point, ranges);
}

static bool is_katakana(int32_t point)
{
    static const struct range ranges[] = {
        {0x30A1, 0x30FA}, {0x30FC, 0x30FF}, {0x31F0, 0x31FF}, {0xFF66, 0xFF9F}};
    return IS_WITHIN(point, ranges);
}

/* Scripts of South-East Asia, whose marks follow their letter. */
static bool is_clustered(int32_t point)
{
    static const struct range ranges[] = {{0x0E00, 0x0EFF}, {0x1000, 0x109F}, {0x1780, 0x17FF}};
    return IS_WITHIN(point, ranges);
}

static bool is_han(int32_t point)
{
    static const struct range ranges[] = {{0x2E80, 0x2FDF}, {0x3005, 0x3007}, {0x3400, 0x4DBF},
        {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}};
    return IS_WITHIN(point, ranges);
}

static bool stands_alone(int32_t point)
{
    return point >= 0x0E00 && (is_han(point) || (point >= 0x3041 && point <= 0x309F) || is_katakana(point) ||
                                  is_hangul(point) || is_clustered(point));
}

/* Default_Ignorable_Code_Point (DerivedCoreProperties), the object replacement character, and the signs of
 * trade marks, which stand behind a name or inside it. */
static bool is_unseen(int32_t point)
{
    static const struct range ranges[] = {{0x00AD, 0x00AE}, {0x034F, 0x034F}, {0x061C, 0x061C},
        {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x200B, 0x200F}, {0x202A, 0x202E},
        {0x2060, 0x206F}, {0x2120, 0x2120}, {0x2122, 0x2122}, {0x3164, 0x3164}, {0xFE00, 0xFE0F},
        {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFC}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
        {0xE0000, 0xE0FFF}};
    return IS_WITHIN(point, ranges);
}

/* Accents, and the points and the stretching stroke that Hebrew and Arabic are written with or without: they
 * are left out wherever they stand. The marks of other scripts are letters' own, and so are hamza and madda
 * but on an alef (is_on_alef). */
static bool is_accent(int32_t point)
{
    static const struct range ranges[] = {{0x0300, 0x036F}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},
        {0x05C1, 0x05C2}, {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A}, {0x0640, 0x0640},
        {0x064B, 0x0652}, {0x0670, 0x0670}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
        {0xFE20, 0xFE2F}};
    return IS_WITHIN(point, ranges);
}

enum { ALEF = 0x0627 };

/* Hamza or madda on an alef, without which Arabic is as often written. */
static bool is_on_alef(int32_t point, int32_t before)
{
    return point >= 0x0653 && point <= 0x0655 && before == ALEF;
}

/* The ASCII mark that a typographic one stands for, or the middle dot; 0 when it is none. */
static int32_t plain_mark(int32_t point)
{
    static const int32_t apostrophes[] = {0x60, 0xB4, 0x02B9, 0x02BB, 0x02BC, 0x02BD, 0x02BE, 0x02BF, 0x02C8,
        0x02CA, 0x02CB, 0x055A, 0x05F3, 0x2018, 0x2019, 0x201A, 0x201B, 0x2032, 0x2035, 0x2039, 0x203A,
        0xA78B, 0xA78C, 0xFF07, 0xFF40};
    static const int32_t quotes[] = {
        0xAB, 0xBB, 0x02BA, 0x05F4, 0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0x2036, 0x301D, 0x301E, 0xFF02};
    static const int32_t dashes[] = {
        0x02D7, 0x058A, 0x05BE, 0x1806, 0x2043, 0x207B, 0x208B, 0x2212, 0x2796, 0xFE58, 0xFE63, 0xFF0D};
    static const int32_t slashes[] = {0x2044, 0x2215, 0x29F8};
    static const int32_t dots[] = {0x0387, 0x2022, 0x2027, 0x2219, 0x22C5, 0x2E31, 0x30FB, 0xFF65};
    if (point >= 0x3100 && point < 0xA700) /* ideographs */
        return 0;
    if ((point >= 0x2010 && point <= 0x2015) || point == 0xFE31 || point == 0xFE32)
        return '-';
    for (size_t at = 0; at < sizeof apostrophes / sizeof apostrophes[0]; at++)
        if (apostrophes[at] == point)
            return '\'';
    for (size_t at = 0; at < sizeof quotes / sizeof quotes[0]; at++)
        if (quotes[at] == point)
            return '"';
    for (size_t at = 0; at < sizeof dashes / sizeof dashes[0]; at++)
        if (dashes[at] == point)
            return '-';
    for (size_t at = 0; at < sizeof slashes / sizeof slashes[0]; at++)
        if (slashes[at] == point)
            return '/';
    for (size_t at = 0; at < sizeof dots / sizeof dots[0]; at++)
        if (dots[at] == point)
            return 0xB7;
    return 0;
}

static enum kind kind_of(int32_t point)
{
    if (stands_alone(point))
        return ALONE;
    utf8proc_category_t category = utf8proc_category(point);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO)
        return WORD; /* letters, marks, numbers: LU to NO in utf8proc's order */
    if ((category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP) || point == 0x85)
        return SPACE;
    return OTHER;
}

/* Hangul whose letters stand apart (as some file systems write it) is its syllable (Unicode 15, section
 * 3.12). Bytes behind the first letter that belong to it. */
static size_t compose_hangul(struct tw_text text, size_t at, int32_t *point)
{
    int32_t vowel, tail = 0;
    if (*point < 0x1100 || *point > 0x1112 || at >= text.length)
        return 0;
    size_t length = point_at(text, at, &vowel), tail_length = 0;
    if (vowel < 0x1161 || vowel > 0x1175)
        return 0;
    *point = 0xAC00 + ((*point - 0x1100) * 21 + (vowel - 0x1161)) * 28;
    if (at + length < text.length)
        tail_length = point_at(text, at + length, &tail);
    if (tail_length == 0 || tail < 0x11A8 || tail > 0x11C2)
        return length;
    *point += tail - 0x11A7;
    return length + tail_length;
}

/* A kana and the mark behind it that voices it are one character. Bytes of the mark. */
static size_t compose_kana(struct tw_text text, size_t at, int32_t *point)
{
    int32_t mark, pair[2];
    if (*point < 0x3041 || *point > 0x30FF || at >= text.length)
        return 0;
    size_t length = point_at(text, at, &mark);
    bool voiced = mark == 0x3099 || mark == 0xFF9E, half = mark == 0x309A || mark == 0xFF9F;
    if (!voiced && !half)
        return 0;
    pair[0] = *point;
    pair[1] = voiced ? 0x3099 : 0x309A;
    if (utf8proc_normalize_utf32(pair, 2, UTF8PROC_STABLE | UTF8PROC_COMPOSE) == 1)
        *point = pair[0];
    return length;
}

/* Letters with a stroke or without their dot, and two written as one: Unicode does not take them apart, but
 * who lacks the key writes the plain ones. Empty: it is no such letter. */
static const char *plain_letters(int32_t point)
{
    static const struct {
        int32_t point;
        char plain[3];
    } letters[] = {{0xC6, "AE"}, {0xD0, "D"}, {0xD8, "O"}, {0xE6, "ae"}, {0xF0, "d"}, {0xF8, "o"},
        {0x0110, "D"}, {0x0111, "d"}, {0x0126, "H"}, {0x0127, "h"}, {0x0131, "i"}, {0x0141, "L"},
        {0x0142, "l"}, {0x0152, "OE"}, {0x0153, "oe"}, {0x0166, "T"}, {0x0167, "t"}};
    for (size_t at = 0; at < sizeof letters / sizeof letters[0] && letters[at].point <= point; at++)
        if (letters[at].point == point)
            return letters[at].plain;
    return "";
}

/* Decomposes and folds what no table above knows. */
static void decompose(struct character *character, int32_t point, bool fold)
{
    int boundary = 0;
    int options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | (fold ? UTF8PROC_CASEFOLD : 0);
    int32_t parts[MOST_POINTS];
    utf8proc_ssize_t count =
        utf8proc_decompose_char(point, parts, MOST_POINTS, (utf8proc_option_t)options, &boundary);
    for (utf8proc_ssize_t part = 0; part < count && part < MOST_POINTS; part++) {
        const char *plain = parts[part] <= LAST_PLAIN ? plain_letters(parts[part]) : "";
        if (part > 0 && is_on_alef(parts[part], parts[part - 1]))
            continue;
        if (!*plain && !is_accent(parts[part]) && !is_unseen(parts[part]) && character->count < MOST_POINTS)
            character->points[character->count++] = parts[part];
        for (; *plain && character->count < MOST_POINTS; plain++)
            character->points[character->count++] = (unsigned char)*plain;
    }
}

/* The character at `at`, which is not ASCII, in the one form. */
static void read_wide(struct tw_text text, size_t at, bool fold, struct character *out)
{
    int32_t point;
    *out = (struct character){.length = point_at(text, at, &point)};
    int32_t mark = plain_mark(point);
    if (mark) {
        out->points[out->count++] = mark;
        out->kind = OTHER;
        return;
    }
    bool behind_alef = at >= 2 && memcmp(text.bytes + at - 2, "\xD8\xA7", 2) == 0;
    if (is_unseen(point) || is_accent(point) || (behind_alef && is_on_alef(point, ALEF))) {
        out->kind = UNSEEN;
        return;
    }
    out->length += compose_hangul(text, at + out->length, &point);
    if (point >= 0xAC00 && point <= 0xD7A3) {
        out->points[out->count++] = point;
        out->kind = ALONE;
        return;
    }
    if (is_katakana(point) || (point >= 0x3041 && point <= 0x309F)) {
        if (point >= 0xFF66)
            decompose(out, point, fold);
        else
            out->points[out->count++] = point;
        out->kind = ALONE;
        if (out->count == 1)
            out->length += compose_kana(text, at + out->length, &out->points[0]);
        return;
    }
    decompose(out, point, fold);
    out->kind = out->count ? kind_of(out->points[0]) : UNSEEN;
    if (out->kind == SPACE || kind_of(point) == SPACE)
        out->kind = SPACE;
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
    return kind_of(point) == SPACE ? length : 0;
}

size_t tw_word_unseen(struct tw_text text, size_t at)
{
    size_t end = at;
    while (end < text.length && (unsigned char)text.bytes[end] >= 0x80) {
        int32_t point;
        size_t length = point_at(text, end, &point);
        if (!is_unseen(point))
            break;
        end += length;
    }
    return end - at;
}

/* The kind of the character at `at`; OTHER at the end of the text. */
static enum kind kind_at(struct tw_text text, size_t at)
{
    if (at >= text.length)
        return OTHER;
    unsigned char byte = (unsigned char)text.bytes[at];
    if (byte < 0x80)
        return folded_ascii[byte] ? WORD : is_ascii_space(byte) ? SPACE : OTHER;
    struct character character;
    read_wide(text, at, true, &character);
    return character.kind;
}

bool tw_word_joins(struct tw_text text, size_t at)
{
    return kind_at(text, at) == WORD;
}

/* Where the character that ends before `at` begins. */
static size_t back(struct tw_text text, size_t at)
{
    size_t begin = at - 1;
    while (begin > 0 && at - begin < 4 && ((unsigned char)text.bytes[begin] & 0xC0) == 0x80)
        begin--;
    return begin;
}

bool tw_word_before(struct tw_text text, size_t at)
{
    enum kind kind = at ? kind_at(text, back(text, at)) : OTHER;
    return kind == WORD;
}

char tw_word_ascii(struct tw_text text, size_t at, size_t *length)
{
    unsigned char byte = (unsigned char)text.bytes[at];
    *length = 1;
    if (byte < 0x80)
        return (char)byte;
    struct character character;
    read_wide(text, at, false, &character);
    *length = character.length;
    return character.count == 1 && character.points[0] < 0x80 ? (char)character.points[0] : 0;
}

/* ---- words ---- */

/* Adds folded code points; a word that does not fit any more gets length 0 for good. */
static void add_points(struct tw_name_word *word, const struct character *character, bool *too_long)
{
    for (int at = 0; at < character->count; at++) {
        if (word->length + 4 > TW_WORD_BYTES)
            *too_long = true;
        if (*too_long)
            return;
        word->length += (uint32_t)utf8proc_encode_char(
            character->points[at], (utf8proc_uint8_t *)word->folded + word->length);
    }
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
        struct character character;
        read_wide(text, *at, true, &character);
        if (character.kind != WORD && character.kind != UNSEEN)
            break;
        add_points(word, &character, &too_long);
        *at += (uint32_t)character.length;
    }
    if (too_long)
        word->length = 0;
}

/* A character that is a word of its own, and what nobody sees behind it. */
static void read_alone(
    struct tw_text text, uint32_t *at, const struct character *character, struct tw_name_word *word)
{
    bool too_long = false;
    struct character next;
    add_points(word, character, &too_long);
    *at += (uint32_t)character->length;
    while (*at < text.length && (unsigned char)text.bytes[*at] >= 0x80) {
        read_wide(text, *at, true, &next);
        if (next.kind != UNSEEN)
            return;
        *at += (uint32_t)next.length;
    }
}

/* What begins with a character beyond ASCII; false when that is skipped. */
static bool read_wide_word(struct tw_text text, uint32_t *at, struct tw_name_word *word)
{
    struct character character;
    read_wide(text, *at, true, &character);
    if (character.kind == SPACE || character.kind == UNSEEN) {
        *at += (uint32_t)character.length;
        return false;
    }
    word->letters = character.kind <= ALONE;
    if (character.kind == WORD)
        read_letters(text, at, word);
    else
        read_alone(text, at, &character, word);
    return true;
}

bool tw_word_next(struct tw_text text, uint32_t *at, struct tw_name_word *word)
{
    while (*at < text.length) {
        unsigned char byte = (unsigned char)text.bytes[*at];
        word->begin = *at;
        word->length = 0;
        if (byte < 0x80 && folded_ascii[byte]) {
            word->letters = true;
            read_letters(text, at, word);
        } else if (byte < 0x80 && is_ascii_space(byte)) {
            ++*at;
            continue;
        } else if (byte < 0x80) {
            word->folded[word->length++] = byte == '`' ? '\'' : (char)byte;
            word->letters = false;
            ++*at;
        } else if (!read_wide_word(text, at, word)) {
            continue;
        }
        word->end = *at;
        return true;
    }
    return false;
}

bool tw_word_spelled_alike(struct tw_text left, struct tw_text right)
{
    struct tw_text sides[2] = {left, right};
    struct character now[2] = {{.count = 0}, {.count = 0}};
    size_t at[2] = {0, 0};
    int part[2] = {0, 0};
    for (;;) {
        for (int side = 0; side < 2; side++) /* to the next code point that is seen */
            while (part[side] >= now[side].count && at[side] < sides[side].length) {
                unsigned char byte = (unsigned char)sides[side].bytes[at[side]];
                part[side] = 0;
                if (byte >= 0x80)
                    read_wide(sides[side], at[side], false, &now[side]);
                else
                    now[side] =
                        (struct character){.points = {byte == '`' ? '\'' : byte}, .count = 1, .length = 1};
                at[side] += now[side].length;
                if (now[side].kind == SPACE || (byte < 0x80 && is_ascii_space(byte)))
                    now[side].count = 0;
            }
        bool over[2] = {part[0] >= now[0].count, part[1] >= now[1].count};
        if (over[0] || over[1])
            return over[0] && over[1];
        if (now[0].points[part[0]++] != now[1].points[part[1]++])
            return false;
    }
}

/* Small letters of a text, and whether there is a letter that is none. */
static uint32_t count_small(struct tw_text text, bool *capital)
{
    uint32_t count = 0;
    int32_t point;
    *capital = false;
    for (size_t at = 0; at < text.length; at += point_at(text, at, &point)) {
        point_at(text, at, &point);
        utf8proc_category_t category = utf8proc_category(point);
        count += category == UTF8PROC_CATEGORY_LL;
        *capital = *capital || category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
    }
    return count;
}

bool tw_word_is_titled(struct tw_text text)
{
    enum { SHORT = 4 };
    struct tw_name_word word;
    bool first = true, capital;
    for (uint32_t at = 0; tw_word_next(text, &at, &word); first = first && !word.letters) {
        uint32_t small =
            count_small((struct tw_text){text.bytes + word.begin, word.end - word.begin}, &capital);
        if (!capital && small >= (first ? 1 : SHORT))
            return false;
    }
    return true;
}

/* ---- edges ---- */

static int32_t raw_point(struct tw_text text, size_t at)
{
    int32_t point = 0;
    if (at < text.length)
        point_at(text, at, &point);
    return point;
}

static int32_t raw_point_before(struct tw_text text, size_t at)
{
    return at ? raw_point(text, back(text, at)) : 0;
}

/* From `at` on: the end of the run of characters for which `belongs` holds. */
static size_t run_end(struct tw_text text, size_t at, bool (*belongs)(int32_t point))
{
    int32_t point;
    while (at < text.length) {
        size_t length = point_at(text, at, &point);
        if (!belongs(point))
            break;
        at += length;
    }
    return at;
}

/* Does `rest` begin with one of the words? Its length, the longest of them, or 0. */
static size_t longest_of(struct tw_text rest, const char *const *words, size_t count)
{
    size_t longest = 0;
    for (size_t word = 0; word < count; word++) {
        size_t length = strlen(words[word]);
        if (length > longest && length <= rest.length && memcmp(rest.bytes, words[word], length) == 0)
            longest = length;
    }
    return longest;
}

/* Is what follows a name in its run of Hangul nothing but particles, three at the most ("에서는")? */
static bool is_particles(struct tw_text rest)
{
    static const char *const particles[] = {"은", "는", "이", "가", "을", "를", "의", "에", "와", "과", "도",
        "만", "로", "나", "랑", "야", "여", "고", "며", "사", "측", "주", "들", "에서", "에게", "에는",
        "에도", "께", "께서", "으로", "로서", "로써", "으로서", "부터", "까지", "이나", "이랑", "이라",
        "이라는", "라는", "라고", "이다", "이며", "이고", "인", "이자", "보다", "처럼", "마다", "조차",
        "마저", "밖에", "뿐", "뿐만", "대로", "같은", "같이", "하고", "한테", "이여", "요", "님", "서",
        "에게서", "라며", "이라며", "라면", "이라면", "란", "이란", "였다", "이었다", "였던", "인데",
        "이지만", "지만", "인지", "그룹", "주가", "주식", "지분", "본사", "노조", "공장", "회장", "대표"};
    for (int nth = 0; rest.length && nth < 3; nth++) {
        size_t length = longest_of(rest, particles, sizeof particles / sizeof particles[0]);
        if (length == 0)
            return false;
        rest = (struct tw_text){rest.bytes + length, rest.length - length};
    }
    return rest.length == 0;
}

/* Words that companies' names take on in Katakana. */
static bool is_company_word(struct tw_text rest)
{
    static const char *const words[] = {
        "グループ", "ホールディングス", "ジャパン", "ホールディング", "コーポレーション", "カンパニー"};
    return longest_of(rest, words, sizeof words / sizeof words[0]) == rest.length;
}

/* Vowels of Thai and Lao that are written before the consonant they belong to. */
static bool is_leading_vowel(int32_t point)
{
    return (point >= 0x0E40 && point <= 0x0E44) || (point >= 0x0EC0 && point <= 0x0EC4);
}

/* What belongs to the consonant before it, or lengthens it: marks, and vowels of Thai and Lao that are
 * letters to Unicode. */
static bool is_following(int32_t point)
{
    static const struct range vowels[] = {
        {0x0E30, 0x0E33}, {0x0E45, 0x0E45}, {0x0EB0, 0x0EB3}, {0x0EBD, 0x0EBD}};
    utf8proc_category_t category = utf8proc_category(point);
    return is_clustered(point) &&
           (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || IS_WITHIN(point, vowels));
}

/* Are the characters on both sides of `at` a common word of two ideographs? */
static bool is_within_han_word(struct tw_text text, size_t at)
{
    int32_t point;
    if (at == 0 || at >= text.length)
        return false;
    size_t begin = back(text, at), end = at + point_at(text, at, &point);
    return tw_han_is_word((struct tw_text){text.bytes + begin, end - begin});
}

/* Does a common word reach over an edge of [begin, end), and no other one stands right beside that edge? */
static bool is_cut_from_han_words(struct tw_text text, size_t begin, size_t end)
{
    int32_t point;
    size_t before = begin ? back(text, begin) : 0;
    size_t after = end < text.length ? end + point_at(text, end, &point) : end;
    return (is_within_han_word(text, begin) && !is_within_han_word(text, before)) ||
           (is_within_han_word(text, end) && !is_within_han_word(text, after));
}

bool tw_word_edges(struct tw_text text, size_t begin, size_t end)
{
    int32_t first = raw_point(text, begin), before = raw_point_before(text, begin);
    int32_t last = raw_point_before(text, end), after = raw_point(text, end);
    if (first < 0x0E00 && last < 0x0E00)
        return true;
    if ((is_hangul(first) && is_hangul(before)) || (is_katakana(first) && is_katakana(before)))
        return false;
    if (is_hangul(last) && is_hangul(after)) {
        size_t run = run_end(text, end, is_hangul);
        return is_particles((struct tw_text){text.bytes + end, run - end});
    }
    if (is_katakana(last) && is_katakana(after)) {
        size_t run = run_end(text, end, is_katakana);
        return is_company_word((struct tw_text){text.bytes + end, run - end});
    }
    if ((is_clustered(first) && is_leading_vowel(before)) || (is_clustered(last) && is_following(after)))
        return false;
    if (!is_han(first) || !is_han(last))
        return true;
    size_t second = begin + point_at(text, begin, &first), last_begin = back(text, end);
    if (begin == last_begin)
        return !is_han(before) && !is_han(after);
    return second != last_begin || !is_cut_from_han_words(text, begin, end);
}
