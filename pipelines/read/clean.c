#include "read/clean.h"

#include "read/html_references.h"

#include <stdint.h>
#include <string.h>

/* What a byte asks for; everything that asks for nothing is copied in runs. */
enum byte_class { PLAIN, SPACE, DROP, REFERENCE, MARKUP, COLON, STOP, WIDE };

static const unsigned char class_of[256] = {
    [0x00 ... 0x08] = DROP,
    ['\t'] = SPACE,
    ['\n'] = SPACE,
    [0x0B] = SPACE,
    [0x0C] = SPACE,
    ['\r'] = SPACE,
    [0x0E ... 0x1F] = DROP,
    [' '] = SPACE,
    [0x7F] = DROP,
    ['&'] = REFERENCE,
    ['<'] = MARKUP,
    [':'] = COLON,
    ['.'] = STOP,
    [0x80 ... 0xFF] = WIDE,
};

/* One text being cleaned. */
struct cleaning {
    struct tw_text in;
    size_t at;
    char *out;
    size_t used;
    bool space;          /* white space was read and not yet written */
    bool no_comment_end; /* no "-->" stands ahead: do not look again, or time is quadratic */
    bool no_raw_end[2];  /* the same for </script and </style */
};

/* ---- writing ---- */

static void write_bytes(struct cleaning *cleaning, const char *bytes, size_t length)
{
    if (cleaning->space && cleaning->used)
        cleaning->out[cleaning->used++] = ' ';
    cleaning->space = false;
    memcpy(cleaning->out + cleaning->used, bytes, length);
    cleaning->used += length;
}

/* Takes back the last `length` bytes written, and the space before them. */
static void unwrite(struct cleaning *cleaning, size_t length)
{
    cleaning->used -= length;
    if (cleaning->used && cleaning->out[cleaning->used - 1] == ' ') {
        cleaning->used--;
        cleaning->space = true;
    }
}

static bool is_white_space(uint32_t point)
{
    return point == ' ' || (point >= 0x09 && point <= 0x0D) || point == 0x85 || point == 0xA0 ||
           point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

static bool is_unseen(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0xAD || point == 0x180E ||
           point == 0x200B || point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x2064) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF ||
           (point >= 0xFFF9 && point <= 0xFFFB);
}

/* Writes one character, or what its kind leaves of it. `bytes` are its UTF-8. */
static void write_character(struct cleaning *cleaning, uint32_t point, const char *bytes, size_t length)
{
    if (is_white_space(point))
        cleaning->space = true;
    else if (!is_unseen(point))
        write_bytes(cleaning, bytes, length);
}

/* Decodes the character at `bytes` (valid UTF-8, as decode promises); a stray byte counts as itself. */
static size_t read_character(const char *text, size_t left, uint32_t *point)
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

static size_t write_utf8(uint32_t point, char bytes[4])
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

/* ---- character references ---- */

struct tw_text tw_html_reference(struct tw_text name)
{
    size_t low = 0, high = tw_html_reference_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tw_text_compare(name, tw_text_of(tw_html_references[middle].name));
        if (order == 0)
            return tw_text_of(tw_html_references[middle].characters);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return (struct tw_text){"", 0};
}

/* HTML standard 13.2.5.80, "Numeric character reference end state": numbers that mean something else. */
static uint32_t settle_number(uint32_t number)
{
    static const uint16_t windows_1252[32] = {0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D,
        0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178};
    if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF))
        return 0xFFFD;
    return number >= 0x80 && number <= 0x9F ? windows_1252[number - 0x80] : number;
}

/* The digits of &#...; from `at`; returns the length up to the semicolon included, 0 when it is none. */
static size_t read_number(struct tw_text text, size_t at, uint32_t *number)
{
    size_t begin = at;
    bool hexadecimal = at < text.length && (text.bytes[at] | 0x20) == 'x';
    at += hexadecimal;
    size_t first = at;
    uint32_t value = 0;
    for (; at < text.length; at++) {
        char byte = text.bytes[at], letter = (char)(byte | 0x20);
        uint32_t digit = byte >= '0' && byte <= '9'                      ? (uint32_t)(byte - '0')
                         : hexadecimal && letter >= 'a' && letter <= 'f' ? (uint32_t)(letter - 'a') + 10
                                                                         : UINT32_MAX;
        if (digit == UINT32_MAX)
            break;
        if (value <= 0x10FFFF) /* beyond Unicode it stays beyond, and never wraps */
            value = value * (hexadecimal ? 16 : 10) + digit;
    }
    if (at == first || at >= text.length || text.bytes[at] != ';')
        return 0;
    *number = value;
    return at + 1 - begin;
}

/* A character reference at `at`: written, its length returned; 0 when none stands there. */
static size_t take_reference(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    size_t at = cleaning->at + 1;
    if (at < text.length && text.bytes[at] == '#') {
        uint32_t number;
        size_t length = read_number(text, at + 1, &number);
        if (length == 0)
            return 0;
        char bytes[4];
        uint32_t point = settle_number(number);
        write_character(cleaning, point, bytes, write_utf8(point, bytes));
        return length + 2;
    }
    size_t end = at;
    while (end < text.length && end - at <= TW_HTML_REFERENCE_LONGEST && text.bytes[end] != ';' &&
           text.bytes[end] > ' ')
        end++;
    if (end >= text.length || text.bytes[end] != ';')
        return 0;
    struct tw_text characters = tw_html_reference((struct tw_text){text.bytes + at, end - at});
    for (size_t done = 0; done < characters.length;) {
        uint32_t point;
        size_t length = read_character(characters.bytes + done, characters.length - done, &point);
        write_character(cleaning, point, characters.bytes + done, length);
        done += length;
    }
    return characters.length ? end + 1 - cleaning->at : 0;
}

/* ---- markup ---- */

enum element_kind { INLINE, BREAKS, SCRIPT, STYLE };

/* Element names of the HTML standard, obsolete ones included (sections 4 and 16.2), in byte order. */
static const struct element {
    const char *name;
    enum element_kind kind;
} elements[] = {
    {"a", INLINE},
    {"abbr", INLINE},
    {"acronym", INLINE},
    {"address", BREAKS},
    {"applet", INLINE},
    {"area", INLINE},
    {"article", BREAKS},
    {"aside", BREAKS},
    {"audio", INLINE},
    {"b", INLINE},
    {"base", INLINE},
    {"basefont", INLINE},
    {"bdi", INLINE},
    {"bdo", INLINE},
    {"big", INLINE},
    {"blink", INLINE},
    {"blockquote", BREAKS},
    {"body", BREAKS},
    {"br", BREAKS},
    {"button", INLINE},
    {"canvas", INLINE},
    {"caption", BREAKS},
    {"center", BREAKS},
    {"cite", INLINE},
    {"code", INLINE},
    {"col", INLINE},
    {"colgroup", INLINE},
    {"data", INLINE},
    {"datalist", INLINE},
    {"dd", BREAKS},
    {"del", INLINE},
    {"details", BREAKS},
    {"dfn", INLINE},
    {"dialog", BREAKS},
    {"dir", BREAKS},
    {"div", BREAKS},
    {"dl", BREAKS},
    {"dt", BREAKS},
    {"em", INLINE},
    {"embed", INLINE},
    {"fieldset", BREAKS},
    {"figcaption", BREAKS},
    {"figure", BREAKS},
    {"font", INLINE},
    {"footer", BREAKS},
    {"form", BREAKS},
    {"frame", INLINE},
    {"frameset", BREAKS},
    {"h1", BREAKS},
    {"h2", BREAKS},
    {"h3", BREAKS},
    {"h4", BREAKS},
    {"h5", BREAKS},
    {"h6", BREAKS},
    {"head", BREAKS},
    {"header", BREAKS},
    {"hgroup", BREAKS},
    {"hr", BREAKS},
    {"html", BREAKS},
    {"i", INLINE},
    {"iframe", INLINE},
    {"img", INLINE},
    {"input", INLINE},
    {"ins", INLINE},
    {"kbd", INLINE},
    {"label", INLINE},
    {"legend", BREAKS},
    {"li", BREAKS},
    {"link", INLINE},
    {"main", BREAKS},
    {"map", INLINE},
    {"mark", INLINE},
    {"marquee", BREAKS},
    {"menu", BREAKS},
    {"meta", INLINE},
    {"meter", INLINE},
    {"nav", BREAKS},
    {"nobr", INLINE},
    {"noframes", BREAKS},
    {"noscript", BREAKS},
    {"object", INLINE},
    {"ol", BREAKS},
    {"optgroup", BREAKS},
    {"option", BREAKS},
    {"output", INLINE},
    {"p", BREAKS},
    {"param", INLINE},
    {"picture", INLINE},
    {"pre", BREAKS},
    {"progress", INLINE},
    {"q", INLINE},
    {"rb", INLINE},
    {"rp", INLINE},
    {"rt", INLINE},
    {"rtc", INLINE},
    {"ruby", INLINE},
    {"s", INLINE},
    {"samp", INLINE},
    {"script", SCRIPT},
    {"search", BREAKS},
    {"section", BREAKS},
    {"select", INLINE},
    {"slot", INLINE},
    {"small", INLINE},
    {"source", INLINE},
    {"span", INLINE},
    {"strike", INLINE},
    {"strong", INLINE},
    {"style", STYLE},
    {"sub", INLINE},
    {"summary", BREAKS},
    {"sup", INLINE},
    {"svg", INLINE},
    {"table", BREAKS},
    {"tbody", BREAKS},
    {"td", BREAKS},
    {"template", INLINE},
    {"textarea", INLINE},
    {"tfoot", BREAKS},
    {"th", BREAKS},
    {"thead", BREAKS},
    {"time", INLINE},
    {"title", BREAKS},
    {"tr", BREAKS},
    {"track", INLINE},
    {"tt", INLINE},
    {"u", INLINE},
    {"ul", BREAKS},
    {"var", INLINE},
    {"video", INLINE},
    {"wbr", INLINE},
};

enum { ELEMENT_NAME_LONGEST = 10 };

static bool is_letter(char byte)
{
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static const struct element *find_element(struct tw_text name)
{
    char lower[ELEMENT_NAME_LONGEST];
    if (name.length == 0 || name.length > sizeof lower)
        return NULL;
    for (size_t at = 0; at < name.length; at++)
        lower[at] = (char)(is_letter(name.bytes[at]) ? name.bytes[at] | 0x20 : name.bytes[at]);
    name.bytes = lower;
    size_t low = 0, high = sizeof elements / sizeof elements[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tw_text_compare(name, tw_text_of(elements[middle].name));
        if (order == 0)
            return &elements[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Length of "<OM>" at `at`, or 0. */
static size_t newswire_symbol(struct tw_text text, size_t at)
{
    size_t end = at + 1;
    while (end < text.length && ((text.bytes[end] >= 'A' && text.bytes[end] <= 'Z') ||
                                    is_digit(text.bytes[end]) || text.bytes[end] == '.'))
        end++;
    return end > at + 1 && end < text.length && text.bytes[end] == '>' ? end + 1 - at : 0;
}

/* Where the '>' of a tag stands whose attributes begin at `at`; text.length when it is no tag. It must come before
 * the next '<', which keeps the whole pass linear. Attributes hold a '=': "<Time Inc>" is a company. */
static size_t end_of_tag(struct tw_text text, size_t at)
{
    size_t first_close = text.length;
    char quote = 0;
    bool attributes = false, equals = false;
    for (; at < text.length && text.bytes[at] != '<'; at++) {
        char byte = text.bytes[at];
        if (byte == '>' && first_close == text.length)
            first_close = at;
        if (byte == '>' && !quote)
            break;
        if (byte == quote)
            quote = 0;
        else if (!quote && equals && (byte == '"' || byte == '\''))
            quote = byte;
        equals = equals || byte == '=';
        attributes = attributes || (byte != '/' && byte > ' ');
    }
    if (attributes && !equals)
        return text.length;
    return at < text.length && text.bytes[at] == '>' ? at : first_close;
}

/* Position after `needle` (lower case) from `at` on, case of letters ignored; 0 when it does not come. */
static size_t find_after(struct tw_text text, size_t at, const char *needle)
{
    size_t length = strlen(needle);
    for (; at + length <= text.length; at++) {
        const char *next = memchr(text.bytes + at, needle[0], text.length - at - length + 1);
        if (!next)
            return 0;
        at = (size_t)(next - text.bytes);
        size_t same = 1;
        while (same < length && (is_letter(next[same]) ? (next[same] | 0x20) : next[same]) == needle[same])
            same++;
        if (same == length)
            return at + length;
    }
    return 0;
}

/* "<!-- ... -->" or "<!DOCTYPE ...>"; 0 when neither stands there. */
static size_t take_declaration(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    size_t at = cleaning->at;
    if (text.length - at >= 4 && memcmp(text.bytes + at, "<!--", 4) == 0) {
        size_t end = cleaning->no_comment_end ? 0 : find_after(text, at + 4, "-->");
        cleaning->no_comment_end = end == 0;
        return end ? end - at : 0;
    }
    if (text.length - at < 9 || !is_letter(text.bytes[at + 2]))
        return 0;
    struct tw_text name = {text.bytes + at + 2, 7};
    if (!tw_text_equal(name, tw_text_of("DOCTYPE")) && !tw_text_equal(name, tw_text_of("doctype")))
        return 0;
    size_t end = at + 9;
    while (end < text.length && text.bytes[end] != '>' && text.bytes[end] != '<')
        end++;
    return end < text.length && text.bytes[end] == '>' ? end + 1 - at : 0;
}

/* Skips what a script or style holds, its end tag left for the next step. */
static size_t end_of_raw(struct cleaning *cleaning, enum element_kind kind, size_t after_tag)
{
    bool *none = &cleaning->no_raw_end[kind == STYLE];
    const char *end_tag = kind == STYLE ? "</style" : "</script";
    size_t end = *none ? 0 : find_after(cleaning->in, after_tag, end_tag);
    *none = end == 0;
    return end ? end - strlen(end_tag) : after_tag;
}

/* A tag, comment or declaration at `at`: its length; 0 when "<" is just that. */
static size_t take_markup(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    size_t at = cleaning->at + 1;
    if (at < text.length && text.bytes[at] == '!')
        return take_declaration(cleaning);
    bool closing = at < text.length && text.bytes[at] == '/';
    at += closing;
    size_t name = at;
    while (at < text.length && (is_letter(text.bytes[at]) || (at > name && is_digit(text.bytes[at]))))
        at++;
    const struct element *element = find_element((struct tw_text){text.bytes + name, at - name});
    if (!element || at >= text.length ||
        !(text.bytes[at] == '>' || text.bytes[at] == '/' || class_of[(unsigned char)text.bytes[at]] == SPACE))
        return 0;
    size_t close = end_of_tag(text, at);
    if (close == text.length)
        return 0;
    size_t end = close + 1;
    if (element->kind != INLINE)
        cleaning->space = true;
    if (!closing && (element->kind == SCRIPT || element->kind == STYLE))
        end = end_of_raw(cleaning, element->kind, end);
    return end - cleaning->at;
}

/* ---- addresses ---- */

/* True when what was written ends in `tail` (lower case), case ignored. */
static bool was_written(const struct cleaning *cleaning, const char *tail)
{
    size_t length = strlen(tail);
    if (cleaning->used < length || cleaning->space)
        return false;
    const char *bytes = cleaning->out + cleaning->used - length;
    for (size_t at = 0; at < length; at++)
        if ((bytes[at] | 0x20) != tail[at])
            return false;
    return true;
}

static bool starts_word(const struct cleaning *cleaning, size_t tail_length)
{
    if (cleaning->used == tail_length)
        return true;
    char before = cleaning->out[cleaning->used - tail_length - 1];
    return !is_letter(before) && !is_digit(before);
}

/* Characters that end an address: quotes, dots and spaces of U+2000 to U+206F, CJK marks, a no-break space. */
static bool ends_address(struct tw_text text, size_t at)
{
    unsigned char byte = (unsigned char)text.bytes[at];
    if (byte <= ' ' || byte == 0x7F || byte == '"' || byte == '<' || byte == '>')
        return true;
    if (byte < 0x80 || text.length - at < 2)
        return false;
    unsigned char second = (unsigned char)text.bytes[at + 1];
    return (byte == 0xE2 && (second == 0x80 || second == 0x81)) || (byte == 0xE3 && second == 0x80) ||
           (byte == 0xC2 && second == 0xA0);
}

/* Where the address that runs through `at` ends; punctuation at its end belongs to the sentence. */
static size_t end_of_address(struct tw_text text, size_t at)
{
    size_t begin = at;
    bool opened = false;
    while (at < text.length && !ends_address(text, at)) {
        opened = opened || text.bytes[at] == '(';
        at++;
    }
    while (at > begin && (strchr(".,;:!?'", text.bytes[at - 1]) || (text.bytes[at - 1] == ')' && !opened)))
        at--;
    return at;
}

/* "http" has been written and "://" is ahead. */
static bool take_scheme(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    if (text.length - cleaning->at < 4 || text.bytes[cleaning->at + 1] != '/' ||
        text.bytes[cleaning->at + 2] != '/' || ends_address(text, cleaning->at + 3))
        return false;
    size_t scheme = was_written(cleaning, "https")                             ? 5
                    : was_written(cleaning, "http")                            ? 4
                    : was_written(cleaning, "ftp") && starts_word(cleaning, 3) ? 3
                                                                               : 0;
    if (scheme == 0)
        return false;
    unwrite(cleaning, scheme);
    cleaning->at = end_of_address(text, cleaning->at + 3);
    return true;
}

/* "www" has been written and "." with a letter or digit is ahead. */
static bool take_www(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    if (!was_written(cleaning, "www") || !starts_word(cleaning, 3) || text.length - cleaning->at < 2)
        return false;
    char next = text.bytes[cleaning->at + 1];
    if (!is_letter(next) && !is_digit(next))
        return false;
    unwrite(cleaning, 3);
    cleaning->at = end_of_address(text, cleaning->at + 1);
    return true;
}

/* ---- the pass ---- */

static void take_special(struct cleaning *cleaning, enum byte_class class)
{
    struct tw_text text = cleaning->in;
    const char *here = text.bytes + cleaning->at;
    size_t taken = 0;
    if (class == SPACE || class == DROP) {
        cleaning->space = cleaning->space || class == SPACE;
        cleaning->at++;
        return;
    }
    if (class == WIDE) {
        uint32_t point;
        size_t length = read_character(here, text.length - cleaning->at, &point);
        write_character(cleaning, point, here, length);
        cleaning->at += length;
        return;
    }
    if ((class == COLON && take_scheme(cleaning)) || (class == STOP && take_www(cleaning)))
        return;
    size_t symbol = class == MARKUP ? newswire_symbol(text, cleaning->at) : 0;
    if (symbol)
        taken = 0;
    else if (class == REFERENCE)
        taken = take_reference(cleaning);
    else if (class == MARKUP)
        taken = take_markup(cleaning);
    if (taken) {
        cleaning->at += taken;
        return;
    }
    size_t length = symbol ? symbol : 1;
    write_bytes(cleaning, here, length);
    cleaning->at += length;
}

/* Cleans `text` into `out`, which has room for clean_room(text.length); returns the length. */
static size_t clean_into(struct tw_text text, char *out)
{
    struct cleaning cleaning = {.in = text, .out = out};
    while (cleaning.at < text.length) {
        size_t begin = cleaning.at;
        enum byte_class class = PLAIN;
        while (cleaning.at < text.length &&
               (class = (enum byte_class)class_of[(unsigned char)text.bytes[cleaning.at]]) == PLAIN)
            cleaning.at++;
        if (cleaning.at > begin)
            write_bytes(&cleaning, text.bytes + begin, cleaning.at - begin);
        if (cleaning.at < text.length)
            take_special(&cleaning, class);
    }
    return cleaning.used;
}

/* A text never grows but by references whose characters are longer than they ("&nGt;", 5 bytes, is 6): a fifth. */
static size_t clean_room(size_t length)
{
    return length + length / 5 + 16;
}

/* Gives the unused end of the piece just taken back to the arena. */
static char *shrink(struct tw_arena *arena, size_t mark, size_t bytes)
{
    tw_arena_rewind(arena, mark);
    return tw_arena_take(arena, bytes);
}

struct tw_text tw_clean_text(struct tw_text text, struct tw_arena *arena)
{
    size_t mark = tw_arena_mark(arena);
    char *out = tw_arena_take(arena, clean_room(text.length));
    if (!out)
        return (struct tw_text){NULL, 0};
    size_t length = clean_into(text, out);
    return (struct tw_text){shrink(arena, mark, length), length};
}

bool tw_clean(struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    size_t mark = tw_arena_mark(arena);
    char *out =
        tw_arena_take(arena, clean_room(document->title.length) + 1 + clean_room(document->body.length));
    if (!out)
        return tw_arena_fail(arena, err);
    size_t title = clean_into(document->title, out);
    size_t gap = title > 0;
    if (gap)
        out[title] = ' ';
    size_t body = clean_into(document->body, out + title + gap);
    size_t length = body ? title + gap + body : title;
    document->text = (struct tw_text){shrink(arena, mark, length), length};
    document->title_length = (uint32_t)title;
    return true;
}

bool tw_clean_raw(struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    struct tw_text title = document->title, body = document->body;
    document->title_length = (uint32_t)title.length;
    document->text = title.length ? title : body;
    if (title.length == 0 || body.length == 0)
        return true;
    char *out = tw_arena_take(arena, title.length + 1 + body.length);
    if (!out)
        return tw_arena_fail(arena, err);
    memcpy(out, title.bytes, title.length);
    out[title.length] = ' ';
    memcpy(out + title.length + 1, body.bytes, body.length);
    document->text = (struct tw_text){out, title.length + 1 + body.length};
    return true;
}
