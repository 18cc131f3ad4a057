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

/* No byte but ASCII's white space and control characters? The empty text is blank. */
static inline bool tw_text_is_blank(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if ((unsigned char)text.bytes[at] > ' ')
            return false;
    return true;
}

#endif
