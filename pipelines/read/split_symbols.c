#include "read/split_symbols.h"

#include <string.h>

/* How many bytes at `at` part one symbol from the next, 0: none. Full-width ones are Asia's. */
static size_t separator_at(struct tw_text text, size_t at)
{
    static const char *const marks[] = {
        ",", ";", "|", "\n", "\r", "\uFF0C", "\uFF1B", "\uFF5C", "\u3001", "\uFF64"};
    if (tw_text_is_alphanumeric(text.bytes[at]))
        return 0;
    for (size_t mark = 0; mark < sizeof marks / sizeof marks[0]; mark++) {
        size_t length = strlen(marks[mark]);
        if (text.length - at >= length && memcmp(text.bytes + at, marks[mark], length) == 0)
            return length;
    }
    return 0;
}

/* The text up to the next separator, from *at on, which moves behind it. */
static struct tw_text next_part(struct tw_text text, size_t *at)
{
    size_t begin = *at, separator = 0;
    while (*at < text.length && !(separator = separator_at(text, *at)))
        (*at)++;
    struct tw_text part = {text.bytes + begin, *at - begin};
    *at += separator;
    return part;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* "VELQ US": a terminal's symbol with its market, where nothing else stands. Codes that are symbols of
 * companies, too (SE, AU), are not among them. */
static bool is_with_market(struct tw_text text)
{
    static const char codes[] = " US UN UW UQ LN JP JT HK GR GY FP KS TT ";
    text = tw_text_trimmed(text);
    const char *blank = text.length > 3 ? memchr(text.bytes, ' ', text.length) : NULL;
    if (!blank || blank + 3 != text.bytes + text.length)
        return false;
    for (const char *code = codes; code[1]; code += 3)
        if (memcmp(code, blank, 3) == 0)
            return true;
    return false;
}

/* "VELQ US Equity": terminals end a symbol by the yellow key's name. */
static bool is_one_symbol(struct tw_text text)
{
    static const char *const ends[] = {" EQUITY", " INDEX", " CURNCY", " COMDTY", " CORP", " GOVT"};
    for (size_t end = 0; end < sizeof ends / sizeof ends[0]; end++) {
        size_t length = strlen(ends[end]), same = 0;
        if (text.length <= length)
            continue;
        const char *tail = text.bytes + text.length - length;
        while (same < length && (tail[same] == ends[end][same] || (tail[same] & ~0x20) == ends[end][same]))
            same++;
        if (same == length)
            return true;
    }
    return false;
}

struct symbol_list {
    struct tw_text *items; /* NULL: they are only counted */
    uint32_t count;
};

static void add_words(struct tw_text text, struct symbol_list *list)
{
    bool whole = is_with_market(text) || is_one_symbol(text);
    text = whole ? tw_text_trimmed(text) : text;
    for (size_t at = 0; at < text.length;) {
        while (at < text.length && is_blank(text.bytes[at]))
            at++;
        size_t begin = at;
        while (at < text.length && (whole || !is_blank(text.bytes[at])))
            at++;
        if (at > begin && list->items)
            list->items[list->count] = (struct tw_text){text.bytes + begin, at - begin};
        list->count += at > begin;
    }
}

static void add_symbols(struct tw_text text, struct symbol_list *list)
{
    for (size_t at = 0; at < text.length;)
        add_words(next_part(text, &at), list);
}

bool tw_split_symbols(struct tw_arena *arena, struct tw_text text, const struct tw_text **symbols,
    uint32_t *count, struct tw_error *err)
{
    struct symbol_list counted = {NULL, 0}, list = {NULL, 0};
    add_symbols(text, &counted);
    list.items = tw_arena_array(arena, counted.count, sizeof *list.items);
    if (!list.items)
        return tw_arena_fail(arena, err);
    add_symbols(text, &list);
    *symbols = list.items;
    *count = list.count;
    return true;
}

bool tw_split_elements(
    struct tw_arena *arena, const struct tw_text **symbols, uint32_t *count, struct tw_error *err)
{
    size_t separators = 0;
    for (uint32_t nth = 0; nth < *count; nth++)
        for (size_t at = 0; at < (*symbols)[nth].length; at++)
            separators += separator_at((*symbols)[nth], at) > 0;
    if (separators == 0)
        return true;
    struct tw_text *items = tw_arena_array(arena, *count + separators, sizeof *items);
    uint32_t taken = 0;
    if (!items)
        return tw_arena_fail(arena, err);
    for (uint32_t nth = 0; nth < *count; nth++) {
        struct tw_text text = (*symbols)[nth];
        for (size_t at = 0; at < text.length;) {
            struct tw_text item = next_part(text, &at);
            if (!tw_text_is_blank(item))
                items[taken++] = item;
        }
    }
    *symbols = items;
    *count = taken;
    return true;
}
