#include "clean/references.h"

#include <stdbool.h>
#include <string.h>

#include "clean/html_references.h"
#include "clean/utf8.h"

/* Names that HTML takes without a semicolon (HTML standard, section 13.5), in byte order. */
static const char *const without_semicolon[] = {"AElig", "AMP", "Aacute", "Acirc", "Agrave", "Aring",
    "Atilde", "Auml", "COPY", "Ccedil", "ETH", "Eacute", "Ecirc", "Egrave", "Euml", "GT", "Iacute", "Icirc",
    "Igrave", "Iuml", "LT", "Ntilde", "Oacute", "Ocirc", "Ograve", "Oslash", "Otilde", "Ouml", "QUOT", "REG",
    "THORN", "Uacute", "Ucirc", "Ugrave", "Uuml", "Yacute", "aacute", "acirc", "acute", "aelig", "agrave",
    "amp", "aring", "atilde", "auml", "brvbar", "ccedil", "cedil", "cent", "copy", "curren", "deg", "divide",
    "eacute", "ecirc", "egrave", "eth", "euml", "frac12", "frac14", "frac34", "gt", "iacute", "icirc",
    "iexcl", "igrave", "iquest", "iuml", "laquo", "lt", "macr", "micro", "middot", "nbsp", "not", "ntilde",
    "oacute", "ocirc", "ograve", "ordf", "ordm", "oslash", "otilde", "ouml", "para", "plusmn", "pound",
    "quot", "raquo", "reg", "sect", "shy", "sup1", "sup2", "sup3", "szlig", "thorn", "times", "uacute",
    "ucirc", "ugrave", "uml", "uuml", "yacute", "yen", "yuml"};

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

/* May a reference end before `at` without a semicolon? */
static bool ends_at(struct tw_text text, size_t at)
{
    return at >= text.length ||
           (!tw_text_is_letter(text.bytes[at]) && !tw_text_is_digit(text.bytes[at]) && text.bytes[at] != '=');
}

static uint32_t settle_number(uint32_t number)
{
    if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF))
        return 0xFFFD;
    return tw_windows_1252(number);
}

/* The digits of &#...; from `at`; bytes that they take, their semicolon included, 0 when they are none. */
static size_t read_number(struct tw_text text, size_t at, uint32_t *number)
{
    size_t begin = at;
    bool hexadecimal = at < text.length && (text.bytes[at] | 0x20) == 'x';
    at += hexadecimal;
    size_t first = at;
    uint32_t value = 0;
    for (; at < text.length; at++) {
        int digit = tw_text_hex(text.bytes[at]);
        if (digit < 0 || (digit > 9 && !hexadecimal))
            break;
        if (value <= 0x10FFFF) /* beyond Unicode it stays beyond, and never wraps */
            value = value * (hexadecimal ? 16 : 10) + (uint32_t)digit;
    }
    bool semicolon = at < text.length && text.bytes[at] == ';';
    if (at == first || (!semicolon && !ends_at(text, at)))
        return 0;
    *number = value;
    return at + semicolon - begin;
}

/* Behind the high half of a pair of UTF-16 its other half, as JavaScript escapes emoji: *number becomes the
 * character of both. Its bytes; 0 when it does not stand there. */
static size_t low_half_bytes(struct tw_text text, size_t at, uint32_t *number)
{
    enum { MARK = 2, MOST = 12 };
    struct tw_text ahead = {text.bytes, text.length < at + MOST ? text.length : at + MOST};
    uint32_t low;
    if (*number < 0xD800 || *number > 0xDBFF || !tw_text_goes_on(text, at, "&#"))
        return 0;
    size_t length = read_number(ahead, at + MARK, &low);
    uint32_t pair = length ? tw_utf16_join(*number, low) : 0;
    if (!pair)
        return 0;
    *number = pair;
    return length + MARK;
}

static bool is_known_without_semicolon(struct tw_text name)
{
    return tw_text_is_one_of(name, without_semicolon, sizeof without_semicolon / sizeof without_semicolon[0]);
}

/* "&nbspprofit", "&pound5bn", "&quotVelquin": names that no word goes on from so. Their bytes; 0
 * for others. */
static size_t bytes_before_word(struct tw_text name)
{
    static const struct {
        const char *name;
        bool digit, capital, any;
    } ends[] = {{"nbsp", .any = true}, {"pound", .digit = true}, {"yen", .digit = true},
        {"cent", .digit = true}, {"quot", .digit = true, .capital = true}};
    for (size_t at = 0; at < sizeof ends / sizeof ends[0]; at++) {
        size_t length = strlen(ends[at].name);
        if (name.length <= length || memcmp(name.bytes, ends[at].name, length) != 0)
            continue;
        char next = name.bytes[length];
        bool ends_here = ends[at].any || (ends[at].digit && tw_text_is_digit(next)) ||
                         (ends[at].capital && tw_text_is_capital(next));
        return ends_here ? length : 0;
    }
    return 0;
}

static size_t read_name(struct tw_text text, size_t at, struct tw_reference *out)
{
    size_t end = at;
    while (end < text.length && end - at <= TW_HTML_REFERENCE_LONGEST &&
           (tw_text_is_letter(text.bytes[end]) || tw_text_is_digit(text.bytes[end])))
        end++;
    struct tw_text name = {text.bytes + at, end - at};
    bool semicolon = end < text.length && text.bytes[end] == ';';
    size_t before_word = semicolon ? 0 : bytes_before_word(name);
    if (before_word) {
        name.length = before_word;
        end = at + before_word;
    } else if (!semicolon && (!ends_at(text, end) || !is_known_without_semicolon(name)))
        return 0;
    struct tw_text characters = tw_html_reference(name);
    if (characters.length == 0 || characters.length > sizeof out->bytes)
        return 0;
    memcpy(out->bytes, characters.bytes, characters.length);
    out->length = characters.length;
    return end + semicolon - at;
}

size_t tw_reference_at(struct tw_text text, size_t at, struct tw_reference *out)
{
    at++;
    if (at < text.length && text.bytes[at] == '#') {
        uint32_t number;
        size_t length = read_number(text, at + 1, &number);
        if (length == 0)
            return 0;
        size_t second = low_half_bytes(text, at + 1 + length, &number); /* "&#55357;&#56521;" */
        out->length = tw_utf8_write(settle_number(number), out->bytes);
        return length + second + 2;
    }
    size_t length = read_name(text, at, out);
    return length ? length + 1 : 0;
}
