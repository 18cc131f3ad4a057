#include "clean/clean.h"

#include <stdint.h>
#include <string.h>

#include "clean/markdown.h"
#include "clean/markup.h"
#include "clean/misread.h"
#include "clean/references.h"
#include "clean/utf8.h"

/* What a byte asks for; everything that asks for nothing is copied in runs. */
enum byte_class { PLAIN, SPACE, DROP, ESCAPE, REFERENCE, MARKUP, MARKDOWN, COLON, STOP, WIDE };

static const unsigned char class_of[256] = {
    [0x00 ... 0x08] = DROP,
    ['\t'] = SPACE,
    ['\n'] = SPACE,
    [0x0B] = SPACE,
    [0x0C] = SPACE,
    ['\r'] = SPACE,
    [0x0E ... 0x1A] = DROP,
    [0x1B] = ESCAPE,
    [0x1C ... 0x1F] = DROP,
    [' '] = SPACE,
    [0x7F] = DROP,
    ['&'] = REFERENCE,
    ['<'] = MARKUP,
    [']'] = MARKUP,
    ['*'] = MARKDOWN,
    ['_'] = MARKDOWN,
    ['~'] = MARKDOWN,
    ['`'] = MARKDOWN,
    ['!'] = MARKDOWN,
    ['['] = MARKDOWN,
    ['\\'] = MARKDOWN,
    ['>'] = MARKDOWN,
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
    bool space;         /* white space was read and not yet written */
    bool escaped_again; /* a reference yielded "<", "&" or what begins a misread character: read once more */
    struct tw_misread_scan misread;
    struct tw_markup_scan markup;
    struct tw_markdown_scan markdown;
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
    return point == ' ' || (point >= 0x09 && point <= 0x0D) || point == 0xA0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
           point == 0x205F || point == 0x2800 || point == 0x3000;
}

static bool is_unseen(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0xAD || point == 0x180E ||
           point == 0x115F || point == 0x1160 || point == 0x200B || point == 0x200E || point == 0x200F ||
           (point >= 0x202A && point <= 0x202E) || (point >= 0x2060 && point <= 0x2064) ||
           (point >= 0x2066 && point <= 0x206F) || point == 0x3164 || point == 0xFEFF || point == 0xFFA0 ||
           (point >= 0xFFF9 && point <= 0xFFFC) || point == 0x34F || point == 0x61C;
}

/* Writes one character, or what its kind leaves of it. `bytes` are its UTF-8. */
static void write_character(struct cleaning *cleaning, uint32_t point, const char *bytes, size_t length)
{
    if (is_white_space(point))
        cleaning->space = true;
    else if (!is_unseen(point))
        write_bytes(cleaning, bytes, length);
}

/* ---- characters ---- */

/* May the text be something else when this character is read among its neighbours? Markup, a reference, and
 * UTF-8 that was misread before it was escaped ("&acirc;&#128;&#153;"). */
static bool is_read_again(uint32_t point)
{
    return point == '<' || point == '&' || point == 0xC2 || point == 0xC3 || point == 0xE2 || point == 0xF0;
}

/* A character reference at the pass's place: written, its length returned; 0 when none stands there. */
static size_t take_reference(struct cleaning *cleaning)
{
    struct tw_reference reference;
    size_t taken = tw_reference_at(cleaning->in, cleaning->at, &reference);
    for (size_t done = 0; taken && done < reference.length;) {
        uint32_t point;
        size_t length = tw_utf8_read(reference.bytes + done, reference.length - done, &point);
        cleaning->escaped_again = cleaning->escaped_again || is_read_again(point);
        write_character(cleaning, point, reference.bytes + done, length);
        done += length;
    }
    return taken;
}

static void take_wide(struct cleaning *cleaning)
{
    const char *here = cleaning->in.bytes + cleaning->at;
    uint32_t point;
    char bytes[4];
    size_t length = tw_utf8_read(here, cleaning->in.length - cleaning->at, &point);
    if (!tw_misread_may_begin(point)) { /* almost all */
        write_character(cleaning, point, here, length);
        cleaning->at += length;
        return;
    }
    cleaning->at += tw_misread_read(cleaning->in, cleaning->at, &cleaning->misread, &point);
    write_character(cleaning, point, bytes, tw_utf8_write(point, bytes));
}

/* What a terminal would obey (ECMA-48): ESC [ parameters and a letter; ESC ] up to BEL or to ESC and a
 * backslash. ESC alone is dropped. */
static size_t escape_bytes(struct tw_text text, size_t at)
{
    enum { MOST = 256 };
    size_t end = at + 1;
    if (end + 1 < text.length && strchr("()*+", text.bytes[end]) && tw_text_is_letter(text.bytes[end + 1]))
        return 3; /* a set of characters: "ESC ( B" */
    if (end >= text.length || (text.bytes[end] != '[' && text.bytes[end] != ']'))
        return 1;
    bool command = text.bytes[end++] == '[';
    while (end < text.length && end - at < MOST) {
        char byte = text.bytes[end++];
        if (!command && byte == 0x1B && end < text.length && text.bytes[end] == '\\')
            return end + 1 - at;
        if (command ? byte >= '@' && byte <= '~' : byte == '\a')
            return end - at;
        if (command ? byte < ' ' || byte > '?' : byte == '\n' || byte == 0x1B)
            break;
    }
    return 1;
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
    return !tw_text_is_letter(before) && !tw_text_is_digit(before);
}

/* Characters that end an address: quotes, dots and spaces of U+2000 to U+206F, CJK marks, a no-break
 * space. */
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
    bool opened = false, bracket = false;
    for (; at < text.length && !ends_address(text, at); at++) {
        opened = opened || text.bytes[at] == '(';
        bracket = bracket || text.bytes[at] == '[';
        if (text.bytes[at] == ']' && !bracket) /* "[url=http://x]falls[/url]" */
            break;
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
    if (!tw_text_is_letter(next) && !tw_text_is_digit(next))
        return false;
    unwrite(cleaning, 3);
    cleaning->at = end_of_address(text, cleaning->at + 1);
    return true;
}

static bool is_host_byte(char byte)
{
    return tw_text_is_small(byte) || tw_text_is_digit(byte) || byte == '-';
}

/* From the "." at `at`: bytes up to and with the "/" of "twitter.com/x", whose last label is of letters; 0
 * when it is no such. */
static size_t host_bytes(struct tw_text text, size_t at)
{
    enum { MOST = 253 };
    size_t end = at, label = 0, letters = 0;
    while (
        end < text.length && end - at < MOST && (is_host_byte(text.bytes[end]) || text.bytes[end] == '.')) {
        bool dot = text.bytes[end] == '.';
        if (dot && end > at && label == 0)
            return 0;
        label = dot ? 0 : label + 1;
        letters = dot ? 0 : letters + tw_text_is_letter(text.bytes[end]);
        end++;
    }
    bool path = end + 1 < text.length && text.bytes[end] == '/' &&
                (tw_text_is_letter(text.bytes[end + 1]) || tw_text_is_digit(text.bytes[end + 1]));
    return path && label >= 2 && letters == label ? end + 1 - at : 0;
}

/* "pic" has been written and ".twitter.com/x" is ahead: small letters alone, and a path, or it is a
 * company's name. */
static bool take_host(struct cleaning *cleaning)
{
    enum { MOST = 63 };
    size_t label = 0;
    if (cleaning->at + 1 >= cleaning->in.length || !is_host_byte(cleaning->in.bytes[cleaning->at + 1]))
        return false;
    while (!cleaning->space && label < cleaning->used && label < MOST &&
           is_host_byte(cleaning->out[cleaning->used - label - 1]))
        label++;
    size_t host = label && starts_word(cleaning, label) ? host_bytes(cleaning->in, cleaning->at) : 0;
    if (host == 0 || (label < cleaning->used && strchr(".@/", cleaning->out[cleaning->used - label - 1])))
        return false;
    unwrite(cleaning, label);
    cleaning->at = end_of_address(cleaning->in, cleaning->at + host);
    return true;
}

/* ---- the pass ---- */

/* What a text holds that was made JSON twice and read once: "\u2019", "\u003cp\u003e", and "\n" before
 * what begins a line, not a folder. Its bytes; 0 when none stands here. */
static size_t take_json_escape(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    size_t at = cleaning->at;
    char next = tw_text_byte(text, at + 1), behind = tw_text_byte(text, at + 2);
    if (next && strchr("nrt", next) && !tw_text_is_small(behind)) {
        cleaning->space = true;
        return 2;
    }
    int32_t unit = tw_utf16_escape(text, at), second = tw_utf16_escape(text, at + 6);
    if (unit < 0)
        return 0;
    uint32_t pair = second < 0 ? 0 : tw_utf16_join((uint32_t)unit, (uint32_t)second);
    uint32_t point = pair                               ? pair
                     : unit >= 0xD800 && unit <= 0xDFFF ? 0xFFFD
                                                        : tw_windows_1252((uint32_t)unit);
    char bytes[4];
    cleaning->escaped_again = cleaning->escaped_again || is_read_again(point);
    write_character(cleaning, point, bytes, tw_utf8_write(point, bytes));
    return pair ? 12 : 6;
}

/* Marks go; a run of them that marks nothing is text. */
static void take_markdown(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    size_t escape = text.bytes[cleaning->at] == '\\' ? take_json_escape(cleaning) : 0;
    if (escape) {
        cleaning->at += escape;
        return;
    }
    size_t at = cleaning->at, taken = tw_markdown_at(&cleaning->markdown, at);
    if (taken == 0) {
        char mark = text.bytes[at];
        for (taken = 1; strchr("*_~`", mark) && at + taken < text.length && text.bytes[at + taken] == mark;
             taken++)
            ;
        write_bytes(cleaning, text.bytes + at, taken);
    }
    cleaning->at += taken;
}

static void take_markup(struct cleaning *cleaning)
{
    struct tw_text text = cleaning->in;
    bool breaks = false;
    size_t taken = tw_markup_at(&cleaning->markup, cleaning->at, &breaks);
    cleaning->space = cleaning->space || breaks;
    taken = taken ? taken : tw_markdown_at(&cleaning->markdown, cleaning->at);
    if (taken == 0) {
        size_t symbol = text.bytes[cleaning->at] == '<' ? tw_markup_symbol(text, cleaning->at) : 0;
        taken = symbol ? symbol : 1;
        write_bytes(cleaning, text.bytes + cleaning->at, taken);
    }
    cleaning->at += taken;
}

static void take_special(struct cleaning *cleaning, enum byte_class class)
{
    size_t taken = 1;
    switch (class) {
    case SPACE:
        cleaning->space = true;
        break;
    case DROP:
        break;
    case ESCAPE:
        taken = escape_bytes(cleaning->in, cleaning->at);
        break;
    case WIDE:
        take_wide(cleaning);
        return;
    case MARKUP:
        take_markup(cleaning);
        return;
    case MARKDOWN:
        take_markdown(cleaning);
        return;
    default:
        if ((class == COLON && take_scheme(cleaning)) ||
            (class == STOP && (take_www(cleaning) || take_host(cleaning))))
            return;
        taken = class == REFERENCE ? take_reference(cleaning) : 0;
        if (taken == 0) {
            write_bytes(cleaning, cleaning->in.bytes + cleaning->at, 1);
            taken = 1;
        }
    }
    cleaning->at += taken;
}

/* Is a byte that may ask for something copied like the others of its run, which began at `begin`? One space
 * between words; a colon before which no scheme can end; a full stop that is in no host. */
static bool asks_for_nothing(struct tw_text text, size_t at, size_t begin, enum byte_class class)
{
    char next = at + 1 < text.length ? text.bytes[at + 1] : '\0';
    if (class == SPACE)
        return text.bytes[at] == ' ' && at > begin && next && class_of[(unsigned char)next] == PLAIN;
    if (class == MARKDOWN) /* "snake_case", "falls!" */
        return (text.bytes[at] == '!' && next != '[') ||
               (text.bytes[at] == '_' && at > begin && tw_text_is_letter(text.bytes[at - 1]) &&
                   tw_text_is_letter(next));
    return (class == COLON && next != '/') ||
           (class == STOP && !tw_text_is_letter(next) && !tw_text_is_digit(next) && next != '-');
}

/* One pass. True when what references yielded may have to be read again. */
static bool clean_once(struct tw_text text, char *out, size_t *length)
{
    struct cleaning cleaning = {.in = text, .out = out, .markup.text = text, .markdown.text = text};
    cleaning.at = tw_markdown_line(text, 0);
    while (cleaning.at < text.length) {
        size_t begin = cleaning.at;
        enum byte_class class = PLAIN;
        for (; cleaning.at < text.length; cleaning.at++) {
            class = (enum byte_class)class_of[(unsigned char)text.bytes[cleaning.at]];
            if (class != PLAIN && !asks_for_nothing(text, cleaning.at, begin, class))
                break;
        }
        if (cleaning.at > begin)
            write_bytes(&cleaning, text.bytes + begin, cleaning.at - begin);
        if (cleaning.at == text.length)
            break;
        if (class == SPACE) {
            cleaning.space = true;
            cleaning.at++;
            if (text.bytes[cleaning.at - 1] == '\n')
                cleaning.at += tw_markdown_line(text, cleaning.at);
        } else {
            take_special(&cleaning, class);
        }
    }
    *length = cleaning.used;
    return cleaning.escaped_again;
}

/* A text never grows but by references whose characters are longer than they ("&nGt;", 5 bytes, is 6; "&#9"
 * is one less) and by marks of windows-1252 (2 bytes become 3): half as much again. */
static size_t clean_room(size_t length)
{
    return length + length / 2 + 16;
}

/* Is a whole character reference left in a text whose references were read? Somebody escaped it twice. */
static bool holds_reference(struct tw_text text)
{
    struct tw_reference reference;
    for (size_t at = 0; at < text.length; at++) {
        const char *next = memchr(text.bytes + at, '&', text.length - at);
        if (!next)
            return false;
        at = (size_t)(next - text.bytes);
        size_t bytes = tw_reference_at(text, at, &reference);
        if (bytes && text.bytes[at + bytes - 1] == ';')
            return true;
    }
    return false;
}

/* Cleans `text` into `out`, which has clean_room(text.length); *length receives the length. False when the
 * arena is full, which lends its room for the second reading. */
static bool clean_into(struct tw_text text, char *out, size_t *length, struct tw_arena *arena)
{
    if (!clean_once(text, out, length))
        return true;
    struct tw_text once = {out, *length};
    if (!tw_markup_is_plain(once) && !holds_reference(once) && !tw_misread_holds(once))
        return true;
    struct tw_text copy = tw_arena_copy(arena, once);
    if (!copy.bytes)
        return false;
    clean_once(copy, out, length);
    return true;
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
    size_t length;
    if (!clean_into(text, out, &length, arena))
        return (struct tw_text){NULL, 0};
    return (struct tw_text){shrink(arena, mark, length), length};
}

bool tw_clean(struct tw_document *document, struct tw_arena *arena, struct tw_error *err)
{
    size_t mark = tw_arena_mark(arena);
    char *out =
        tw_arena_take(arena, clean_room(document->title.length) + 1 + clean_room(document->body.length));
    if (!out)
        return tw_arena_fail(arena, err);
    size_t title, body;
    if (!clean_into(document->title, out, &title, arena))
        return tw_arena_fail(arena, err);
    size_t gap = title > 0;
    if (gap)
        out[title] = ' ';
    if (!clean_into(document->body, out + title + gap, &body, arena))
        return tw_arena_fail(arena, err);
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
