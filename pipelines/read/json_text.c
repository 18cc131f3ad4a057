#include "read/json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clean/utf8.h"

static const char cure[] = "send one JSON object a message";

const char *tw_json_type_name(const json_t *value)
{
    static const char *const names[] = {[JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "an array",
        [JSON_STRING] = "text",
        [JSON_INTEGER] = "an integer",
        [JSON_REAL] = "a number with a fraction",
        [JSON_TRUE] = "true or false",
        [JSON_FALSE] = "true or false",
        [JSON_NULL] = "null"};
    return names[json_typeof(value)];
}

/* ---- the first pass: text ---- */

/* How many bytes the escape at a backslash has, and whether it stands for no character. */
static size_t escape_bytes(struct tw_text text, size_t at, bool *broken)
{
    *broken = false;
    int32_t unit = tw_utf16_escape(text, at);
    if (unit < 0) /* an escaped backslash must not start an escape */
        return at + 1 < text.length && text.bytes[at + 1] == '\\' ? 2 : 1;
    bool high = unit >= 0xD800 && unit <= 0xDBFF, low = unit >= 0xDC00 && unit <= 0xDFFF;
    int32_t second = high ? tw_utf16_escape(text, at + 6) : -1;
    if (second >= 0xDC00 && second <= 0xDFFF)
        return 12;
    *broken = unit == 0 || high || low;
    return 6;
}

/* The next escape from `at` on that stands for no character; text.length when there is none. */
static size_t next_broken_escape(struct tw_text text, size_t at)
{
    while (at < text.length) {
        const char *found = memchr(text.bytes + at, '\\', text.length - at);
        if (!found)
            return text.length;
        at = (size_t)(found - text.bytes);
        bool broken;
        size_t bytes = escape_bytes(text, at, &broken);
        if (broken)
            return at;
        at += bytes;
    }
    return text.length;
}

struct tw_text tw_json_repair(struct tw_text text, struct tw_arena *arena, uint32_t *repairs)
{
    size_t bom_bytes = tw_text_mark_bytes(text);
    *repairs += bom_bytes > 0;
    text = (struct tw_text){text.bytes + bom_bytes, text.length - bom_bytes};
    struct tw_text mended = tw_text_repair(text, arena, repairs);
    size_t at = mended.bytes ? next_broken_escape(mended, 0) : 0;
    if (!mended.bytes || at == mended.length)
        return mended;
    char *bytes = tw_arena_take(arena, mended.length);
    if (!bytes)
        return (struct tw_text){NULL, 0};
    static const char replacement[6] = {'\\', 'u', 'F', 'F', 'F', 'D'};
    memcpy(bytes, mended.bytes, mended.length);
    for (; at < mended.length; at = next_broken_escape(mended, at + 6)) {
        memcpy(bytes + at, replacement, sizeof replacement);
        ++*repairs;
    }
    return (struct tw_text){bytes, mended.length};
}

/* A place in the mended text as a place in the bytes as they came. */
static size_t place_as_it_came(struct tw_text raw, size_t place)
{
    size_t used = 0, at = tw_text_mark_bytes(raw);
    while (at < raw.length && used < place) {
        char mended[4];
        size_t broken, length = tw_utf8_sequence(raw, at, &broken), taken = length;
        used += length ? length : tw_utf8_mend(raw, at, broken, mended, &taken);
        at += taken;
    }
    return at < raw.length ? at : raw.length;
}

/* ---- the second pass: values ---- */

/* One walk over the text; `to` NULL only counts what would be written. */
struct mender {
    struct tw_text text;
    size_t at;
    char *to;
    size_t used;
    uint32_t repairs;
    uint32_t depth;
    char quote; /* of the text that it is in */
};

static void emit(struct mender *mender, const char *bytes, size_t length)
{
    if (mender->to)
        memcpy(mender->to + mender->used, bytes, length);
    mender->used += length;
}

static void replace_token(struct mender *mender, size_t length, const char *by)
{
    emit(mender, by, strlen(by));
    mender->at += length;
    mender->repairs++;
}

static void quote_token(struct mender *mender, size_t length)
{
    emit(mender, "\"", 1);
    emit(mender, mender->text.bytes + mender->at, length);
    emit(mender, "\"", 1);
    mender->at += length;
    mender->repairs++;
}

static bool is_token_byte(char byte)
{
    return tw_text_is_alphanumeric(byte) || byte == '+' || byte == '-' || byte == '.' || byte == '_';
}

/* \x and two hexadecimal digits; -1 when none stands here. */
static int short_escape(const char *bytes, size_t left)
{
    if (left < 4 || bytes[1] != 'x' || tw_text_hex(bytes[2]) < 0 || tw_text_hex(bytes[3]) < 0)
        return -1;
    return tw_text_hex(bytes[2]) * 16 + tw_text_hex(bytes[3]);
}

/* What in a text of single quotes is written otherwise in one of double quotes. False: nothing of it. */
static bool mend_in_single_quotes(struct mender *mender, const char *bytes, size_t left)
{
    if (bytes[0] == '"') {
        replace_token(mender, 1, "\\\"");
    } else if (bytes[0] == '\\' && left > 1 && bytes[1] == '\'') {
        replace_token(mender, 2, "'");
    } else {
        return false;
    }
    return true;
}

/* "\xE9", of Python, JavaScript and logs of servers: "\u00E9". False: none stands here. */
static bool mend_short_escape(struct mender *mender, const char *bytes, size_t left)
{
    char escape[8];
    int unit = bytes[0] == '\\' ? short_escape(bytes, left) : -1;
    if (unit <= 0)
        return false;
    snprintf(escape, sizeof escape, "\\u%04x", (unsigned)unit & 0xFFFFu);
    replace_token(mender, 4, escape);
    return true;
}

/* One escape or one byte of a text. */
static void mend_in_string(struct mender *mender)
{
    const char *bytes = mender->text.bytes + mender->at;
    size_t left = mender->text.length - mender->at;
    if ((unsigned char)bytes[0] < ' ') {
        replace_token(mender, 1, " ");
        return;
    }
    if ((mender->quote == '\'' && mend_in_single_quotes(mender, bytes, left)) ||
        mend_short_escape(mender, bytes, left))
        return;
    if (bytes[0] != '\\' || left < 2) {
        emit(mender, bytes, 1);
        mender->at++;
        return;
    }
    bool unicode = tw_utf16_escape(mender->text, mender->at) >= 0;
    if (unicode || strchr("\"\\/bfnrt", bytes[1])) {
        size_t length = unicode ? 6 : 2;
        emit(mender, bytes, length);
        mender->at += length;
        return;
    }
    mender->at++; /* the backslash alone goes */
    mender->repairs++;
}

/* A text from its quote, double or single, to the next of its kind. */
static void mend_string(struct mender *mender)
{
    mender->quote = mender->text.bytes[mender->at];
    mender->repairs += mender->quote == '\'';
    emit(mender, "\"", 1);
    mender->at++;
    while (mender->at < mender->text.length && mender->text.bytes[mender->at] != mender->quote)
        mend_in_string(mender);
    if (mender->at < mender->text.length) {
        emit(mender, "\"", 1);
        mender->at++;
    }
}

/* Is the token a number by RFC 8259, section 6? */
static bool is_json_number(struct tw_text token, bool *integer)
{
    size_t at = token.bytes[0] == '-';
    size_t first = at;
    while (at < token.length && tw_text_is_digit(token.bytes[at]))
        at++;
    if (at == first || (token.bytes[first] == '0' && at > first + 1))
        return false;
    *integer = at == token.length;
    if (at < token.length && token.bytes[at] == '.') {
        size_t point = at++;
        while (at < token.length && tw_text_is_digit(token.bytes[at]))
            at++;
        if (at == point + 1)
            return false;
    }
    if (at < token.length && (token.bytes[at] == 'e' || token.bytes[at] == 'E')) {
        at++;
        at += at < token.length && (token.bytes[at] == '+' || token.bytes[at] == '-');
        size_t exponent = at;
        while (at < token.length && tw_text_is_digit(token.bytes[at]))
            at++;
        if (at == exponent)
            return false;
    }
    return at == token.length;
}

static bool is_all_digits(struct tw_text token)
{
    size_t first = token.bytes[0] == '-', at = first;
    while (at < token.length && tw_text_is_digit(token.bytes[at]))
        at++;
    return at == token.length && at > first;
}

static bool fits_a_number(struct tw_text token, bool integer)
{
    enum { SAFE_DIGITS = 18, MOST_BYTES = 63 };
    if (integer)
        return token.length <= SAFE_DIGITS;
    char copy[MOST_BYTES + 1];
    if (token.length > MOST_BYTES)
        return false;
    memcpy(copy, token.bytes, token.length);
    copy[token.length] = '\0';
    return isfinite(strtod(copy, NULL));
}

/* Is the token a member's name without quotes: {text: "up"}? */
static bool is_bare_name(const struct mender *mender, size_t length)
{
    size_t at = mender->at + length;
    while (at < mender->text.length && strchr(" \t\r\n", mender->text.bytes[at]) && mender->text.bytes[at])
        at++;
    return mender->depth > 0 && length > 0 && at < mender->text.length && mender->text.bytes[at] == ':';
}

/* The bytes of a call's brackets from `at` on: ("2026-11-30"); 0 when none stand there. */
static size_t call_bytes(struct tw_text text, size_t at)
{
    enum { MOST = 256 };
    size_t begin = at, open = 0;
    char quote = '\0';
    for (; at < text.length && at - begin < MOST; at++) {
        char byte = text.bytes[at];
        if (quote) {
            quote = byte == quote ? '\0' : quote;
            continue;
        }
        if (byte == '"' || byte == '\'')
            quote = byte;
        open += byte == '(';
        if (open == 0 || (byte == ')' && --open == 0))
            return open == 0 && at > begin ? at + 1 - begin : 0;
    }
    return 0;
}

/* ISODate("2026-11-30T14:31:05Z"), Decimal('1.20'), NumberLong(5): what a call is given, when that is one
 * text or number; of any other, datetime.datetime(2026, 11, 30), null. False: no call stands here. */
static bool mend_call(struct mender *mender, size_t length)
{
    size_t brackets = call_bytes(mender->text, mender->at + length);
    if (brackets < 2 || length == 0 || mender->depth == 0)
        return false;
    struct tw_text given = {mender->text.bytes + mender->at + length + 1, brackets - 2};
    char quote = given.length > 1 ? given.bytes[0] : '\0';
    bool integer, text = quote == '"' || quote == '\'';
    if (text) {
        given = (struct tw_text){given.bytes + 1, given.length - 1};
        const char *end = memchr(given.bytes, quote, given.length);
        text = end == given.bytes + given.length - 1;
        given.length -= text;
    }
    for (size_t at = 0; at < given.length && text; at++)
        text = given.bytes[at] != '\\' && given.bytes[at] != '"' && (unsigned char)given.bytes[at] >= ' ';
    bool number = !text && given.length && is_json_number(given, &integer) && fits_a_number(given, integer);
    emit(mender, text ? "\"" : "", text);
    emit(mender, text || number ? given.bytes : "null", text || number ? given.length : 4);
    emit(mender, text ? "\"" : "", text);
    mender->at += length + brackets;
    mender->repairs++;
    return true;
}

/* A number or a bare word. Digits that are no number of JSON's (too many, a zero in front) are somebody's
 * identifier: kept as text. */
static void mend_token(struct mender *mender)
{
    size_t length = 0;
    while (
        mender->at + length < mender->text.length && is_token_byte(mender->text.bytes[mender->at + length]))
        length++;
    struct tw_text token = {mender->text.bytes + mender->at, length};
    if (mend_call(mender, length))
        return;
    if (is_bare_name(mender, length)) {
        quote_token(mender, length);
        return;
    }
    bool integer = false;
    bool known = tw_text_equal(token, tw_text_of("null")) || tw_text_equal(token, tw_text_of("true")) ||
                 tw_text_equal(token, tw_text_of("false"));
    /* A word outside of every bracket is no value that nobody reads: the message is no JSON. */
    const char *python = tw_text_equal(token, tw_text_of("True"))    ? "true"
                         : tw_text_equal(token, tw_text_of("False")) ? "false"
                                                                     : NULL;
    if (python && mender->depth > 0) {
        replace_token(mender, length, python);
    } else if (known || mender->depth == 0 ||
               (is_json_number(token, &integer) && fits_a_number(token, integer))) {
        emit(mender, token.bytes, length);
        mender->at += length;
    } else if (is_all_digits(token)) {
        quote_token(mender, length);
    } else {
        replace_token(mender, length, "null");
    }
}

/* From a bracket to behind the one that closes it, or to the end. */
static size_t nested_bytes(struct tw_text text, size_t at)
{
    size_t begin = at, open = 0;
    char quote = '\0'; /* of the text that it is in */
    for (; at < text.length; at++) {
        char byte = text.bytes[at];
        if (quote) {
            at += byte == '\\';
            quote = byte == quote ? '\0' : quote;
        } else if (byte == '"' || byte == '\'') {
            quote = byte;
        } else if (byte == '[' || byte == '{') {
            open++;
        } else if ((byte == ']' || byte == '}') && --open == 0) {
            return at + 1 - begin;
        }
    }
    return text.length - begin;
}

/* Bytes that stand between values and say nothing: a comma before the bracket that closes, a comment, and
 * outside of all brackets the NULs that a buffer of a fixed length ends with (the first pass has made them
 * U+FFFD). */
static size_t empty_bytes(const struct mender *mender)
{
    static const char comment_end[] = "*/", was_nul[] = "\xEF\xBF\xBD";
    const char *here = mender->text.bytes + mender->at;
    size_t left = mender->text.length - mender->at, next = 1;
    if (here[0] == ',') {
        while (next < left && (unsigned char)here[next] <= ' ')
            next++;
        return next < left && (here[next] == ']' || here[next] == '}');
    }
    if (here[0] == '/' && left > 1 && here[1] == '/') {
        const char *end = memchr(here, '\n', left);
        return end ? (size_t)(end - here) : left;
    }
    if (here[0] == '/' && left > 3 && here[1] == '*') {
        const char *end = memmem(here + 2, left - 2, comment_end, 2);
        return end ? (size_t)(end - here) + 2 : 0;
    }
    return mender->depth == 0 && left >= 3 && memcmp(here, was_nul, 3) == 0 ? 3 : 0;
}

static void mend_values(struct mender *mender)
{
    size_t empty;
    while (mender->at < mender->text.length) {
        char byte = mender->text.bytes[mender->at];
        bool opens = byte == '[' || byte == '{', closes = byte == ']' || byte == '}';
        if (byte == '"' || byte == '\'') {
            mend_string(mender);
        } else if (is_token_byte(byte)) {
            mend_token(mender);
        } else if ((empty = empty_bytes(mender)) > 0) {
            replace_token(mender, empty, " ");
        } else if (opens && mender->depth == TW_JSON_DEPTH) {
            replace_token(mender, nested_bytes(mender->text, mender->at), "null");
        } else {
            mender->depth += opens;
            mender->depth -= closes && mender->depth > 0;
            emit(mender, &byte, 1);
            mender->at++;
        }
    }
}

/* False when the arena is full; out->bytes is NULL when there was nothing to mend. */
static bool mend(struct tw_text text, struct tw_arena *arena, struct tw_text *out, uint32_t *repairs)
{
    struct mender mender = {.text = text};
    *out = (struct tw_text){NULL, 0};
    mend_values(&mender);
    if (mender.repairs == 0)
        return true;
    char *to = tw_arena_take(arena, mender.used);
    if (!to)
        return false;
    mender = (struct mender){.text = text, .to = to};
    mend_values(&mender);
    *repairs += mender.repairs;
    *out = (struct tw_text){to, mender.used};
    return true;
}

/* ---- the whole ---- */

/* Does a single quote stand where a key or value begins, as a Python dict shows itself, or bytes do? */
static bool is_python(struct tw_text text)
{
    size_t at = 0;
    while (at < text.length && strchr("{[ \t\r\nb", text.bytes[at]))
        at++;
    return at < text.length && text.bytes[at] == '\'';
}

/* jansson quotes what stands near, which may be cut inside a character: only what it says is kept. */
static bool fail_json(struct tw_text bytes, const json_error_t *error, struct tw_error *err)
{
    const char *near = strstr(error->text, " near ");
    int length = near ? (int)(near - error->text) : (int)strlen(error->text);
    size_t place = error->position > 0 ? (size_t)error->position : 0;
    char where[64];
    snprintf(where, sizeof where, "byte %zu", place_as_it_came(bytes, place));
    if (is_python(bytes))
        return tw_fail(err, TW_REFUSED, where,
            "write it by json.dumps or JSON.stringify, not by str() or print",
            "not JSON: single quotes stand around texts, as Python shows its values");
    size_t first = tw_text_mark_bytes(bytes);
    while (first < bytes.length && strchr(" \t\r\n", bytes.bytes[first]) && bytes.bytes[first])
        first++;
    if (first < bytes.length && bytes.bytes[first] == '<')
        return tw_fail(err, TW_REFUSED, where, "send JSON, as {\"title\": ..., \"body\": ...}",
            "not JSON: it begins as XML or HTML does");
    return tw_fail(err, TW_REFUSED, where, cure, "not JSON: %.*s", length, error->text);
}

bool tw_json_read(struct tw_text bytes, struct tw_arena *arena, json_t **out, struct tw_json_repairs *repairs,
    struct tw_error *err)
{
    json_error_t error;
    if (bytes.length == tw_text_mark_bytes(bytes))
        return tw_fail(err, TW_REFUSED, "byte 0", cure, "the message is empty");
    struct tw_text text = tw_json_repair(bytes, arena, &repairs->text);
    if (!text.bytes)
        return tw_arena_fail(arena, err);
    *out = json_loadb(text.bytes, text.length, JSON_DECODE_ANY, &error);
    if (*out)
        return true;
    struct tw_text mended;
    uint32_t values = 0;
    if (!mend(text, arena, &mended, &values))
        return tw_arena_fail(arena, err);
    json_error_t second;
    if (mended.bytes)
        *out = json_loadb(mended.bytes, mended.length, JSON_DECODE_ANY, &second);
    if (!*out)
        return fail_json(bytes, &error, err);
    repairs->values += values;
    return true;
}
