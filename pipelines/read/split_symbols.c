#include "read/split_symbols.h"

#include <string.h>

static bool is_separator(char byte)
{
    return byte == ',' || byte == ';' || byte == '|' || byte == '\n' || byte == '\r';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
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
    bool whole = is_one_symbol(text);
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
    for (size_t at = 0; at < text.length; at++) {
        size_t begin = at;
        while (at < text.length && !is_separator(text.bytes[at]))
            at++;
        add_words((struct tw_text){text.bytes + begin, at - begin}, list);
    }
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
            separators += is_separator((*symbols)[nth].bytes[at]);
    if (separators == 0)
        return true;
    struct tw_text *items = tw_arena_array(arena, *count + separators, sizeof *items);
    uint32_t taken = 0;
    if (!items)
        return tw_arena_fail(arena, err);
    for (uint32_t nth = 0; nth < *count; nth++) {
        struct tw_text text = (*symbols)[nth];
        for (size_t at = 0, begin = 0; at <= text.length; at++) {
            if (at < text.length && !is_separator(text.bytes[at]))
                continue;
            struct tw_text item = {text.bytes + begin, at - begin};
            begin = at + 1;
            if (!tw_text_is_blank(item))
                items[taken++] = item;
        }
    }
    *symbols = items;
    *count = taken;
    return true;
}
