/* json_text: bytes that claim to be JSON, put right before a JSON library reads them.
 *
 *   in    a message as it came
 *   out   a JSON value of the library's own, or where and why it is none
 *
 * Two passes. The first, always and fast, mends text: a NUL (raw or \u0000), a lone surrogate escape and each
 * maximal piece of broken UTF-8 become U+FFFD (or what utf8.h can tell), a BOM at the start is dropped. The
 * second runs only when the library has refused the first's result, and mends values that senders write and
 * RFC 8259 does not know:
 *   NaN, Infinity, -Infinity, None, undefined and other bare words        null
 *   True, False                                                           true, false
 *   an integer beyond 64 bits                                             the same digits as text
 *   a number beyond a double, or written as JSON does not (.5, +1, 0x1F)  null
 *   \xE9                                                                 \u00E9
 *   a backslash before what else it does not escape (\', \q)              that character
 *   a call: ISODate("..."), Decimal('1.20'), datetime(2026, 11, 30)       its one text or number, or null
 *   a member's name without quotes                                        with quotes
 *   a control character inside a text (a raw line break, a tab)           a space
 *   what is nested deeper than TW_JSON_DEPTH                              null
 *   a comma before a closing bracket, a comment, NULs behind the value    a space
 *   a text in single quotes, and in it \' and double quotes               one in double quotes
 * Braces, commas and colons are never invented, and a quote only for another or around a name: what is cut
 * off stays refused, and so does a text in single quotes with an apostrophe in it that is not escaped. */
#ifndef TW_JSON_TEXT_H
#define TW_JSON_TEXT_H

#include <stdint.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

enum { TW_JSON_DEPTH = 512 };

/* What had to be mended, added up by the functions below. */
struct tw_json_repairs {
    uint32_t text;   /* by the first pass: NULs, surrogates, broken UTF-8, a BOM */
    uint32_t values; /* by the second */
};

/* Any JSON value, which the caller gives back by json_decref. TW_REFUSED with `where` as "byte N" of the
 * bytes as they came; TW_FULL when the arena is. Takes at most 4/3 of the bytes of arena for the
 * first pass when it mends, and twice as many for the second. */
TW_MUST_USE bool tw_json_read(struct tw_text bytes, struct tw_arena *arena, json_t **out,
    struct tw_json_repairs *repairs, struct tw_error *err);

/* The first pass alone. bytes == NULL when the arena is full. */
struct tw_text tw_json_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs);

/* "an object", "text", "a number with a fraction"...: how errors name a value's type. */
const char *tw_json_type_name(const json_t *value);

#endif
