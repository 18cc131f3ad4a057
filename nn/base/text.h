/* text: bytes with a length, owned by somebody else. Never NUL-terminated by promise; may hold any byte. */
#ifndef TW_TEXT_H
#define TW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tw_text {
    const char *bytes;
    size_t length;
};

/* Bytes of the mark (EF BB BF) that some editors put before UTF-8: 3, or 0 where there is none. */
static inline size_t tw_text_mark_bytes(struct tw_text text)
{
    return text.length >= 3 && memcmp(text.bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* The text behind that mark. */
static inline struct tw_text tw_text_past_mark(struct tw_text text)
{
    size_t mark = tw_text_mark_bytes(text);
    return (struct tw_text){text.bytes + mark, text.length - mark};
}

/* A text over a NUL-terminated string; NULL gives the empty text. */
static inline struct tw_text tw_text_of(const char *string)
{
    struct tw_text text = {string ? string : "", string ? strlen(string) : 0};
    return text;
}

/* The same bytes, as many of them? */
static inline bool tw_text_equal(struct tw_text left, struct tw_text right)
{
    return left.length == right.length &&
           (left.length == 0 || memcmp(left.bytes, right.bytes, left.length) == 0);
}

/* Byte order, shorter first among equals: the order that PostgreSQL's "C" collation gives. */
static inline int tw_text_compare(struct tw_text left, struct tw_text right)
{
    size_t shared = left.length < right.length ? left.length : right.length;
    int order = shared ? memcmp(left.bytes, right.bytes, shared) : 0;
    if (order != 0)
        return order;
    return (left.length > right.length) - (left.length < right.length);
}

/* ASCII's 0 to 9. */
static inline bool tw_text_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A capital of ASCII. */
static inline bool tw_text_is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

/* A small letter of ASCII. */
static inline bool tw_text_is_small(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

/* The small letter of a capital of ASCII; another byte as it is. */
static inline char tw_text_lower(char byte)
{
    return tw_text_is_capital(byte) ? (char)(byte | 0x20) : byte;
}

/* ASCII's A to Z and a to z. */
static inline bool tw_text_is_letter(char byte)
{
    return tw_text_is_capital(byte) || tw_text_is_small(byte);
}

/* A letter or digit of ASCII. */
static inline bool tw_text_is_alphanumeric(char byte)
{
    return tw_text_is_digit(byte) || tw_text_is_letter(byte);
}

/* What a hexadecimal digit of either case is worth; -1: it is none. */
static inline int tw_text_hex(char byte)
{
    char letter = (char)(byte | 0x20);
    if (tw_text_is_digit(byte))
        return byte - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The byte at `at`; NUL behind the text's end. */
static inline char tw_text_byte(struct tw_text text, size_t at)
{
    return at < text.length ? text.bytes[at] : '\0';
}

/* Does the text go on with these bytes at `at`? */
static inline bool tw_text_goes_on(struct tw_text text, size_t at, const char *with)
{
    size_t length = strlen(with);
    return at <= text.length && text.length - at >= length && memcmp(text.bytes + at, with, length) == 0;
}

/* tw_text_compare with a NUL-terminated string, whose length need not be counted: most differ at once. */
static inline int tw_text_compare_string(struct tw_text text, const char *string)
{
    for (size_t at = 0; at < text.length; at++)
        if (text.bytes[at] != string[at] || string[at] == '\0')
            return (unsigned char)text.bytes[at] < (unsigned char)string[at] ? -1 : 1;
    return string[text.length] == '\0' ? 0 : -1;
}

/* Is the text one of `count` texts, in whatever order? */
static inline bool tw_text_is_among(struct tw_text text, const struct tw_text *texts, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (tw_text_equal(texts[at], text))
            return true;
    return false;
}

/* Is the text one of `count` strings that stand in the order of their bytes? */
static inline bool tw_text_is_one_of(struct tw_text text, const char *const *sorted, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = tw_text_compare_string(text, sorted[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* No byte but ASCII's white space and control characters? The empty text is blank. */
static inline bool tw_text_is_blank(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if ((unsigned char)text.bytes[at] > ' ')
            return false;
    return true;
}

/* Without ASCII's white space and control characters around it. */
static inline struct tw_text tw_text_trimmed(struct tw_text text)
{
    while (text.length && (unsigned char)text.bytes[0] <= ' ') {
        text.bytes++;
        text.length--;
    }
    while (text.length && (unsigned char)text.bytes[text.length - 1] <= ' ')
        text.length--;
    return text;
}

#endif
