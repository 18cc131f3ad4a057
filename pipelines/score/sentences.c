#include "score/sentences.h"

#include <stddef.h>

enum { WORD_MOST = 12 }; /* bytes of the longest word in the tables, and more */

/* What never ends a sentence when a full stop follows. */
static const char *const always_open[] = {"Mr", "Mrs", "Ms", "Messrs", "Dr", "Prof", "St", "No", "Nos", "Gen",
    "Gov", "Sen", "Rep", "Sgt", "Capt", "Col", "Lt", "Rev", "Hon", "vs", "cf", "approx", "e.g", "i.e", "Fig"};

/* What ends one only before a word of `openers`. */
static const char *const may_end[] = {"Inc", "Corp", "Co", "Cos", "Ltd", "Bros", "Cie", "S.A", "N.V", "A.G",
    "S.p.A", "U.S", "U.S.A", "U.K", "U.N", "E.U", "D.C", "L.P", "a.m", "p.m", "Jr", "Sr", "Jan", "Feb", "Mar",
    "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec", "pct", "est"};

/* Words that begin sentences and seldom names. */
static const char *const openers[] = {"The", "A", "An", "It", "Its", "In", "On", "At", "But", "And", "He",
    "She", "They", "We", "This", "That", "These", "Those", "There", "Their", "His", "Her", "For", "If", "As",
    "With", "When", "While", "Under", "After", "Before", "However", "Both", "Some", "Shares", "Analysts",
    "Last", "By"};

struct mark {
    const char *bytes;
    bool needs_space; /* ends a sentence only before white space */
};

/* U+3002, U+FF61, U+FF01, U+FF1F, U+FF0E, U+0964, U+06D4, U+061F; U+2026. */
static const struct mark wide_marks[] = {{"\xE3\x80\x82", false}, {"\xEF\xBD\xA1", false},
    {"\xEF\xBC\x81", false}, {"\xEF\xBC\x9F", false}, {"\xEF\xBC\x8E", true}, {"\xE0\xA5\xA4", false},
    {"\xDB\x94", false}, {"\xD8\x9F", false}, {"\xE2\x80\xA6", true}};

/* Closing quotes and brackets of several bytes: ” ’ » 」 』 ） 】. */
static const char *const closers[] = {"\xE2\x80\x9D", "\xE2\x80\x99", "\xC2\xBB", "\xE3\x80\x8D",
    "\xE3\x80\x8F", "\xEF\xBC\x89", "\xE3\x80\x91"};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_mark(char byte)
{
    return byte == '.' || byte == '!' || byte == '?';
}

static bool is_closer(char byte)
{
    return byte == '"' || byte == '\'' || byte == ')' || byte == ']' || byte == '}';
}

/* Do these bytes stand at `at`? Returns how many, 0 when not. */
static size_t stands_at(struct tw_text text, size_t at, const char *bytes)
{
    const size_t length = strlen(bytes);
    return length <= text.length - at && memcmp(text.bytes + at, bytes, length) == 0 ? length : 0;
}

static bool is_in(struct tw_text word, const char *const *table, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (tw_text_equal(word, tw_text_of(table[at])))
            return true;
    return false;
}

/* The letters, with full stops among them, that end before `at`; no further back than `begin`. */
static struct tw_text word_before(struct tw_text text, size_t begin, size_t at)
{
    size_t first = at;
    while (first > begin && at - first <= WORD_MOST &&
           (tw_text_is_letter(text.bytes[first - 1]) || text.bytes[first - 1] == '.' ||
               (unsigned char)text.bytes[first - 1] >= 0x80))
        first--;
    return (struct tw_text){text.bytes + first, at - first};
}

static struct tw_text word_at(struct tw_text text, size_t at)
{
    size_t end = at;
    while (end < text.length && end - at <= WORD_MOST && tw_text_is_letter(text.bytes[end]))
        end++;
    return (struct tw_text){text.bytes + at, end - at};
}

/* Closing quotes and brackets from `at` on. */
static size_t skip_closers(struct tw_text text, size_t at)
{
    for (;;) {
        size_t length = 0;
        if (at < text.length && is_closer(text.bytes[at]))
            length = 1;
        for (size_t which = 0; length == 0 && at < text.length && which < COUNT(closers); which++)
            length = stands_at(text, at, closers[which]);
        if (length == 0)
            return at;
        at += length;
    }
}

/* Is the full stop at `at`, before the word at `next`, one that shortens a word, or a part of a number? */
static bool is_inner_stop(struct tw_text text, size_t begin, size_t at, size_t next)
{
    const struct tw_text word = word_before(text, begin, at);
    if (at > begin && tw_text_is_digit(text.bytes[at - 1]))
        return next < text.length && tw_text_is_digit(text.bytes[next]);
    if (word.length == 0)
        return false;
    if ((word.length == 1 && tw_text_is_letter(word.bytes[0]) && word.bytes[0] != 'I') ||
        is_in(word, always_open, COUNT(always_open)))
        return next < text.length;
    return is_in(word, may_end, COUNT(may_end)) && next < text.length &&
           !is_in(word_at(text, next), openers, COUNT(openers));
}

/* A mark, or several in a row, with what closes behind it. */
struct stop {
    size_t at;     /* the first mark */
    size_t behind; /* the last one's end */
    size_t end;    /* that of the quotes and brackets behind it */
    bool needs_space;
};

static bool ends_sentence(struct tw_text text, size_t begin, const struct stop *stop)
{
    size_t next = stop->end;
    if (!stop->needs_space)
        return true;
    while (next < text.length && next - stop->end < WORD_MOST && is_space(text.bytes[next]))
        next++;
    if (next == stop->end && next < text.length)
        return false;
    if (next < text.length && tw_text_is_small(text.bytes[next]))
        return false;
    const bool is_lone = text.bytes[stop->at] == '.' && stop->behind == stop->at + 1;
    return !is_lone || !is_inner_stop(text, begin, stop->at, next);
}

/* The mark at `at`: its bytes, 0 when there is none. */
static size_t mark_at(struct tw_text text, size_t at, bool *needs_space)
{
    const unsigned char byte = (unsigned char)text.bytes[at];
    *needs_space = true;
    if (byte < 0x80)
        return is_mark((char)byte);
    for (size_t which = 0; which < COUNT(wide_marks); which++) {
        const size_t length = stands_at(text, at, wide_marks[which].bytes);
        *needs_space = wide_marks[which].needs_space;
        if (length)
            return length;
    }
    return 0;
}

static size_t end_of_sentence(struct tw_text text, size_t begin)
{
    for (size_t at = begin; at < text.length;) {
        struct stop stop = {.at = at};
        const size_t mark = mark_at(text, at, &stop.needs_space);
        if (mark == 0) {
            at++;
            continue;
        }
        stop.behind = at + mark;
        while (stop.behind < text.length && is_mark(text.bytes[stop.behind]))
            stop.behind++;
        stop.end = skip_closers(text, stop.behind);
        if (ends_sentence(text, begin, &stop))
            return stop.end;
        at = stop.end; /* all of it has been looked at: the walk stays linear */
    }
    size_t end = text.length;
    while (end > begin && is_space(text.bytes[end - 1]))
        end--;
    return end;
}

bool tw_sentence_next(struct tw_text text, uint32_t *at, struct tw_sentence *sentence)
{
    size_t begin = *at;
    while (begin < text.length && is_space(text.bytes[begin]))
        begin++;
    if (begin >= text.length)
        return false;
    const size_t end = end_of_sentence(text, begin);
    *sentence = (struct tw_sentence){(uint32_t)begin, (uint32_t)end};
    *at = (uint32_t)end;
    return true;
}
