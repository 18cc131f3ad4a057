/* plain: a field's value read for what it plainly is, when it is not the text that was expected.
 *
 * Feeds write the same thing in many types: a source as {"id":null,"name":"Wire"}, an id as {"$oid":"…"}, a
 * language as ["en"], a symbol as 9901. A number is its decimal text; an object is its name, symbol or text,
 * by the names asked for in their order; an array with one value that is not null is that value. What is none
 * of these (true, a longer array, another object) says nothing, and the field is left out. */
#ifndef TW_PLAIN_H
#define TW_PLAIN_H

#include <jansson.h>

#include <stdbool.h>

#include "base/arena.h"
#include "base/text.h"

enum tw_plain {
    TW_PLAIN_TEXT, /* it was text already */
    TW_PLAIN_READ, /* read out of another type: a repair */
    TW_PLAIN_NONE, /* it says nothing */
    TW_PLAIN_FULL, /* the arena is full */
};

/* Names by which an object says what it is, the first present wins; ends with NULL. */
extern const char *const tw_plain_names[];   /* of a source, an id, a text: name, $oid, value, ... */
extern const char *const tw_plain_blocks[];  /* of a paragraph among several: text, value, ... */
extern const char *const tw_plain_markup[];  /* of what XML and databases put around a text alone */
extern const char *const tw_plain_symbols[]; /* of a symbol: symbol, ticker, code, ... */
/* Of a company that may have a name, too: symbol, ticker, ... and nothing that is a name. */
extern const char *const tw_plain_company_symbols[];

/* The value as a text: it points into the value, or into the arena when it had to be written. */
enum tw_plain tw_plain_text(
    const json_t *value, const char *const *names, struct tw_arena *arena, struct tw_text *out);

/* An array of several texts as one: texts, or blocks of {"text": …}, are paragraphs, a line each; texts and
 * blocks side by side the pieces of one line, as Telegram exports them. Empty when a value among them says
 * nothing, or `array` is none. False when the arena is full. */
TW_MUST_USE bool tw_plain_join(const json_t *array, struct tw_arena *arena, struct tw_text *out);

#endif
