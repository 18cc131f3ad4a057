#include "clean/markdown.h"

#include <string.h>

enum { AHEAD = 512, TARGET = 2048 };

static bool is_word(char byte)
{
    return tw_text_is_letter(byte) || tw_text_is_digit(byte) || (unsigned char)byte >= 0x80;
}

static bool is_blank(char byte)
{
    return byte == '\0' || (unsigned char)byte <= ' ';
}

/* ---- pairs ---- */

/* Remembers what closes at `at`, seen from `now`; false when too many are open. */
static bool expect_closing(struct tw_markdown_scan *scan, size_t now, size_t at, size_t length)
{
    for (uint32_t nth = 0; nth < TW_MARKDOWN_OPEN; nth++) {
        uint32_t place = (scan->next_closing + nth) % TW_MARKDOWN_OPEN;
        if (scan->closing[place].length && scan->closing[place].at >= now)
            continue;
        scan->closing[place].at = at;
        scan->closing[place].length = length;
        scan->next_closing = place + 1;
        return true;
    }
    return false;
}

static size_t expected_closing(struct tw_markdown_scan *scan, size_t at)
{
    for (uint32_t nth = 0; scan->next_closing && nth < TW_MARKDOWN_OPEN; nth++)
        if (scan->closing[nth].length && scan->closing[nth].at == at) {
            size_t length = scan->closing[nth].length;
            scan->closing[nth].length = 0;
            return length;
        }
    return 0;
}

static size_t run_bytes(struct tw_text text, size_t at)
{
    size_t length = 1;
    while (tw_text_byte(text, at + length) == text.bytes[at])
        length++;
    return length;
}

static bool may_open(struct tw_text text, size_t at, size_t length)
{
    char before = at ? text.bytes[at - 1] : ' ', after = tw_text_byte(text, at + length);
    return !is_word(before) && !strchr("\\@/#", before) &&
           (is_word(after) || (after && strchr("\"'([$<&*_~`#@", after)));
}

static bool may_close(struct tw_text text, size_t at, size_t length)
{
    char before = text.bytes[at - 1], after = tw_text_byte(text, at + length);
    bool strong = length > 1 && text.bytes[at] == '*';
    return !is_blank(before) && before != '\\' && (strong || !is_word(after));
}

static size_t mark_number(char mark)
{
    static const char marks[] = "*_~`";
    return (size_t)(strchr(marks, mark) - marks);
}

/* The closing run of a mark, as long as the one at `at`; 0 when none is near. */
static size_t closing_run(struct tw_markdown_scan *scan, size_t at, size_t length)
{
    struct tw_text text = scan->text;
    size_t *searched = &scan->searched[mark_number(text.bytes[at])][length];
    size_t end = text.length - at > AHEAD ? at + AHEAD : text.length;
    size_t from = *searched > at + length ? *searched : at + length;
    while (from < end) {
        const char *found = memchr(text.bytes + from, text.bytes[at], end - from);
        if (!found)
            break;
        size_t place = (size_t)(found - text.bytes), run = run_bytes(text, place);
        if (run == length && may_close(text, place, run))
            return place;
        from = place + run;
    }
    *searched = end > *searched ? end : *searched;
    return 0;
}

/* A run of * _ ~ or `. */
static size_t emphasis_bytes(struct tw_markdown_scan *scan, size_t at)
{
    struct tw_text text = scan->text;
    size_t length = run_bytes(text, at);
    if (length > 3 || (text.bytes[at] == '~' && length != 2) || !may_open(text, at, length))
        return 0;
    size_t close = closing_run(scan, at, length);
    return close && expect_closing(scan, at, close, length) ? length : 0;
}

/* ---- links ---- */

/* The "(target "title")" at `at`, which an address or a path must begin; 0 when there is none. */
static size_t target_bytes(struct tw_text text, size_t at)
{
    static const char *const begins[] = {"http", "/", "#", "www.", "mailto:", "<http", "./", "../", "tg://"};
    bool begun = false;
    for (size_t nth = 0; tw_text_byte(text, at) == '(' && nth < sizeof begins / sizeof begins[0]; nth++)
        begun = begun || tw_text_goes_on(text, at + 1, begins[nth]);
    size_t end = text.length - at > TARGET ? at + TARGET : text.length, open = 0;
    for (size_t here = at; begun && here < end && text.bytes[here] != '\n'; here++) {
        open += text.bytes[here] == '(';
        if (text.bytes[here] == ')' && --open == 0)
            return here + 1 - at;
    }
    return 0;
}

/* The next "](" from `at` on; behind the text's end when there is none. */
static size_t next_link(struct tw_markdown_scan *scan, size_t at)
{
    struct tw_text text = scan->text;
    if (scan->link_known && scan->link <= at && at <= scan->next_link)
        return scan->next_link;
    const char *found = memmem(text.bytes + at, text.length - at, "](", 2);
    scan->link = at;
    scan->next_link = found ? (size_t)(found - text.bytes) : text.length;
    scan->link_known = true;
    return scan->next_link;
}

/* "[text](target)": its '[' goes, and the rest where it ends. An image goes whole, alone or in a link. */
static size_t link_bytes(struct tw_markdown_scan *scan, size_t at)
{
    struct tw_text text = scan->text;
    bool image = text.bytes[at] == '!', linked = tw_text_goes_on(text, at, "[![");
    size_t begin = at + (image ? 2 : linked ? 3 : 1), close = next_link(scan, at);
    if (close == text.length || close - at > AHEAD || close < begin ||
        memchr(text.bytes + begin, '[', close - begin))
        return 0;
    size_t target = target_bytes(text, close + 1);
    if (target == 0)
        return 0;
    if (image)
        return close + 1 + target - at;
    if (linked) {
        size_t end = close + 1 + target;
        size_t outer = tw_text_byte(text, end) == ']' ? target_bytes(text, end + 1) : 0;
        return outer ? end + 1 + outer - at : 0;
    }
    return expect_closing(scan, at, close, 1 + target) ? 1 : 0;
}

/* "[b]" with "[/b]" ahead; "[url=x]" with "[/url]". */
static size_t bbcode_bytes(struct tw_markdown_scan *scan, size_t at)
{
    static const char *const names[] = {
        "b", "i", "u", "s", "url", "img", "quote", "code", "color", "size", "B", "I", "U", "URL"};
    struct tw_text text = scan->text;
    for (size_t nth = 0; nth < sizeof names / sizeof names[0]; nth++) {
        size_t length = strlen(names[nth]), end = at + 1 + length;
        if (!tw_text_goes_on(text, at + 1, names[nth]) ||
            (tw_text_byte(text, end) != ']' && tw_text_byte(text, end) != '='))
            continue;
        while (end < text.length && end - at < AHEAD && text.bytes[end] != ']' && text.bytes[end] != '\n')
            end++;
        char tag[16] = "[/";
        memcpy(tag + 2, names[nth], length);
        memcpy(tag + 2 + length, "]", 2);
        size_t most = text.length - end > AHEAD ? AHEAD : text.length - end;
        const char *close =
            tw_text_byte(text, end) == ']' ? memmem(text.bytes + end, most, tag, length + 3) : NULL;
        return close && expect_closing(scan, at, (size_t)(close - text.bytes), length + 3) ? end + 1 - at : 0;
    }
    return 0;
}

/* "[caption width="3"]", "[/caption]": what blogs put around pictures. A name in small letters, with a
 * value in quotes or a slash before it. */
static size_t shortcode_bytes(struct tw_text text, size_t at)
{
    bool end_tag = tw_text_byte(text, at + 1) == '/', quotes = false;
    size_t begin = at + 1 + end_tag, end = begin;
    while (tw_text_is_small(tw_text_byte(text, end)) || tw_text_byte(text, end) == '_')
        end++;
    if (end - begin < 3 || tw_text_byte(text, end) != (end_tag ? ']' : ' '))
        return 0;
    for (; end < text.length && end - at < AHEAD && !strchr("[]\n", text.bytes[end]); end++)
        quotes = quotes || (text.bytes[end] == '=' && tw_text_byte(text, end + 1) == '"');
    return tw_text_byte(text, end) == ']' && (quotes || end_tag) ? end + 1 - at : 0;
}

/* "<https://x|text>": all but the text goes. */
static size_t slack_bytes(struct tw_markdown_scan *scan, size_t at)
{
    struct tw_text text = scan->text;
    if (!tw_text_goes_on(text, at, "<http") && !tw_text_goes_on(text, at, "<mailto:"))
        return 0;
    size_t end = at + 1, bar = 0;
    for (; end < text.length && end - at < TARGET && !strchr("<>\n", text.bytes[end]); end++) {
        bar = !bar && text.bytes[end] == '|' ? end : bar;
        if (!bar && is_blank(text.bytes[end]))
            return 0;
    }
    if (tw_text_byte(text, end) != '>')
        return 0;
    if (!bar)
        return end + 1 - at;
    return expect_closing(scan, at, end, 1) ? bar + 1 - at : 0;
}

size_t tw_markdown_at(struct tw_markdown_scan *scan, size_t at)
{
    struct tw_text text = scan->text;
    size_t closing = expected_closing(scan, at), link;
    if (closing)
        return closing;
    switch (text.bytes[at]) {
    case '*':
    case '_':
    case '~':
    case '`':
        return emphasis_bytes(scan, at);
    case '!':
        return tw_text_byte(text, at + 1) == '[' ? link_bytes(scan, at) : 0;
    case '[':
        link = link_bytes(scan, at);
        link = link ? link : bbcode_bytes(scan, at);
        return link ? link : shortcode_bytes(text, at);
    case '<':
        return slack_bytes(scan, at);
    case '\\':
        return tw_text_byte(text, at + 1) && strchr("*_#[]~`|>", tw_text_byte(text, at + 1)) ? 1 : 0;
    default:
        return 0;
    }
}

size_t tw_markdown_line(struct tw_text text, size_t at)
{
    size_t begin = at, end = at;
    while (tw_text_byte(text, at) == ' ')
        at++;
    while (tw_text_byte(text, at) == '>' && tw_text_byte(text, at + 1) == ' ' &&
           !tw_text_is_digit(tw_text_byte(text, at + 2)))
        end = at += 2;
    size_t run = 0;
    while (tw_text_byte(text, at + run) == '#')
        run++;
    bool heading = run > 0 && run < 7, item = tw_text_byte(text, at) && strchr("-*+", tw_text_byte(text, at));
    run = item ? 1 : run;
    char first = tw_text_byte(text, at + run + 1);
    if ((heading || item) && tw_text_byte(text, at + run) == ' ' && !is_blank(first) &&
        !tw_text_is_digit(first))
        end = at + run + 1;
    size_t rule = at;
    while (tw_text_byte(text, rule) && strchr("-=*_", tw_text_byte(text, rule)))
        rule++;
    if (rule > at + 2 && (rule == text.length || text.bytes[rule] == '\n'))
        end = rule;
    return end - begin;
}
