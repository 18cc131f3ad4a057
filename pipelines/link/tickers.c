#include "link/tickers.h"

#include "link/words.h"
#include "read/markup.h"

#include <string.h>

/* ---- characters ---- */

static bool is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_small(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_alphanumeric(char byte)
{
    return tw_text_is_digit(byte) || is_capital((char)(byte & ~0x20));
}

static bool is_mark(char byte)
{
    return byte == '.' || byte == '-' || byte == '/' || byte == '&' || byte == '_';
}

static char byte_at(struct tw_text text, size_t at)
{
    return at < text.length ? text.bytes[at] : '\0';
}

static struct tw_text rest_of(struct tw_text text, size_t at)
{
    return (struct tw_text){text.bytes + at, text.length - at};
}

static bool begins_with(struct tw_text text, const char *with)
{
    size_t length = strlen(with);
    return text.length >= length && memcmp(text.bytes, with, length) == 0;
}

/* ---- a run: the characters that a symbol may have ---- */

/* As ASCII, and where each ends in the text. */
struct run {
    char bytes[TW_SYMBOL_BYTES];
    uint32_t ends[TW_SYMBOL_BYTES];
    size_t length;
};

static void read_run(struct tw_text text, size_t at, struct run *run)
{
    size_t length = 1;
    *run = (struct run){.length = 0};
    for (; at < text.length && run->length < sizeof run->bytes; at += length) {
        char byte = text.bytes[at];
        length = 1;
        if ((unsigned char)byte >= 0x80)
            byte = tw_word_ascii(text, at, &length);
        if (!is_alphanumeric(byte) && !is_mark(byte))
            break;
        run->bytes[run->length] = byte;
        run->ends[run->length++] = (uint32_t)(at + length);
    }
}

/* How many characters of the run from `from` on are letters and digits. */
static size_t alphanumerics(const struct run *run, size_t from)
{
    size_t at = from;
    while (at < run->length && is_alphanumeric(run->bytes[at]))
        at++;
    return at - from;
}

/* May a symbol end behind the first `count` characters of the run? */
static bool ends_symbol(const struct run *run, struct tw_text text, size_t count)
{
    return count < run->length ? !is_alphanumeric(run->bytes[count])
                               : !tw_word_joins(text, run->ends[count - 1]);
}

/* The longest listed symbol of the run that holds a mark: "M&M", "BAJAJ-AUTO", "BRK/B". Its characters, 0
 * when there is none. */
static size_t longest_listed(
    const struct tw_ticker_scan *scan, const struct run *run, size_t base, int32_t *entity)
{
    for (size_t count = run->length; count > base + 1; count--) {
        if (!is_alphanumeric(run->bytes[count - 1]) || !ends_symbol(run, scan->text, count))
            continue;
        *entity = tw_entities_find_symbol(scan->entities, (struct tw_text){run->bytes, count});
        if (*entity != TW_NO_ENTITY)
            return count;
    }
    return 0;
}

/* Does a class of shares stand behind the mark at `mark`? Its characters, or 0. */
static size_t class_behind(const struct run *run, size_t mark)
{
    size_t count = mark < run->length ? alphanumerics(run, mark + 1) : 0;
    if (count == 1 && is_small(run->bytes[mark + 1]))
        return 1;
    if (count == 0 || count > 3 || !is_capital(run->bytes[mark + 1]))
        return 0;
    for (size_t nth = 1; nth < count; nth++)
        if (is_small(run->bytes[mark + 1 + nth]))
            return 0;
    return count;
}

/* ---- texts that were cut off ---- */

enum cut { WHOLE, CUT_WITHIN, CUT_AT_END };

/* Was the text cut behind `end`? "…" anywhere says so, dots at the end of the text or of its title; a mark,
 * as of a class that is gone, may stand before them. */
static enum cut cut_behind(const struct tw_ticker_scan *scan, size_t end)
{
    struct tw_text text = scan->text;
    size_t at = end;
    if (is_mark(byte_at(text, at)) && byte_at(text, at) != '.')
        at++;
    if (byte_at(text, at) == '.' && begins_with(rest_of(text, at + 1), "\xE2\x80\xA6"))
        at++;
    if (byte_at(text, at) == '[' || byte_at(text, at) == '(')
        at++;
    size_t dots = at;
    bool typographic = begins_with(rest_of(text, at), "\xE2\x80\xA6");
    at += typographic ? 3 : 0;
    while (byte_at(text, at) == '.')
        at++;
    if (!typographic && at - dots < 2)
        return WHOLE;
    if (byte_at(text, at) == ']' || byte_at(text, at) == ')')
        at++;
    if (at == scan->title_length)
        return CUT_AT_END;
    while (at < text.length && (unsigned char)text.bytes[at] <= ' ')
        at++;
    return at == text.length ? CUT_AT_END : typographic ? CUT_WITHIN : WHOLE;
}

/* ---- a run's company ---- */

static enum tw_symbol_found found_listed(int32_t entity, struct tw_ticker *out)
{
    out->symbol = (struct tw_symbol){.entity = entity};
    return entity != TW_NO_ENTITY ? TW_SYMBOL_FOUND : TW_SYMBOL_NONE;
}

/* "VELQ" alone, or before a mark that has nothing to do with it. */
static enum tw_symbol_found find_base(
    const struct tw_ticker_scan *scan, const struct run *run, size_t base, struct tw_ticker *out)
{
    struct tw_text symbol = {run->bytes, base};
    if (!ends_symbol(run, scan->text, base) ||
        (base + 1 < run->length && run->bytes[base] == '_' && is_alphanumeric(run->bytes[base + 1])))
        return TW_SYMBOL_NONE;
    out->end = run->ends[base - 1];
    enum cut cut = cut_behind(scan, out->end);
    if (found_listed(tw_entities_find_symbol(scan->entities, symbol), out) == TW_SYMBOL_FOUND)
        return cut == CUT_AT_END && tw_entities_continues(scan->entities, symbol) ? TW_SYMBOL_NONE
                                                                                  : TW_SYMBOL_FOUND;
    if (!scan->unlisted || cut != WHOLE || !tw_symbol_is_plain(symbol) || tw_symbol_is_unit(symbol))
        return TW_SYMBOL_NONE;
    out->symbol.symbol = tw_arena_copy(scan->arena, symbol);
    return out->symbol.symbol.bytes ? TW_SYMBOL_FOUND : TW_SYMBOL_FULL;
}

/* The company that a run begins with: its longest listed symbol, or the base with its class, or the base when
 * no class stands behind it. */
static enum tw_symbol_found find_in_run(
    const struct tw_ticker_scan *scan, const struct run *run, size_t base, struct tw_ticker *out)
{
    int32_t entity;
    size_t listed = longest_listed(scan, run, base, &entity);
    if (listed) {
        out->end = run->ends[listed - 1];
        return found_listed(entity, out);
    }
    size_t class = class_behind(run, base), count = base + 1 + class;
    if (class == 0)
        return find_base(scan, run, base, out);
    out->end = run->ends[count - 1];
    if (run->bytes[base] == '&' || !ends_symbol(run, scan->text, count) || cut_behind(scan, out->end))
        return TW_SYMBOL_NONE;
    return tw_symbol_resolve_class(scan->entities, (struct tw_text){run->bytes, base}, run->bytes[base],
        (struct tw_text){run->bytes + base + 1, class}, scan->unlisted, scan->arena, &out->symbol);
}

/* ---- cashtags ---- */

enum tw_symbol_found tw_ticker_cashtag(
    const struct tw_ticker_scan *scan, size_t at, size_t sign, bool after_cashtag, struct tw_ticker *out)
{
    struct run run;
    if (!after_cashtag && (tw_word_before(scan->text, at) || (at > 0 && scan->text.bytes[at - 1] == '$')))
        return TW_SYMBOL_NONE;
    read_run(scan->text, at + sign, &run);
    size_t base = alphanumerics(&run, 0);
    out->begin = (uint32_t)at;
    return base ? find_in_run(scan, &run, base, out) : TW_SYMBOL_NONE;
}

/* ---- newswire symbols ---- */

/* Capitals, digits, marks; and the small letter of a class, as in "VELQb.N". */
static bool is_newswire_byte(struct tw_text text, size_t at)
{
    char byte = byte_at(text, at);
    return is_capital(byte) || tw_text_is_digit(byte) || is_mark(byte) ||
           (is_small(byte) && is_capital(text.bytes[at - 1]) && byte_at(text, at + 1) == '.');
}

enum tw_symbol_found tw_ticker_newswire(const struct tw_ticker_scan *scan, size_t at, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    size_t end = at + 1;
    bool only_stops = true;
    for (; is_newswire_byte(text, end); end++)
        only_stops = only_stops && (!is_mark(text.bytes[end]) || text.bytes[end] == '.');
    struct tw_text symbol = {text.bytes + at + 1, end - at - 1};
    if (symbol.length == 0 || byte_at(text, end) != '>')
        return TW_SYMBOL_NONE;
    out->begin = (uint32_t)at;
    out->end = (uint32_t)end + 1;
    bool unlisted = scan->unlisted && only_stops && !tw_markup_is_element(symbol);
    return tw_symbol_resolve(scan->entities, symbol, unlisted, scan->arena, &out->symbol);
}

/* ---- exchanges ---- */

/* The word of letters and digits that ends before `end`. */
static struct tw_text word_before(struct tw_text text, size_t end)
{
    enum { MOST = 16 };
    size_t begin = end;
    while (begin > 0 && end - begin < MOST && is_alphanumeric(text.bytes[begin - 1]))
        begin--;
    return (struct tw_text){text.bytes + begin, end - begin};
}

/* The exchange whose name ends before `end`, in several words at times; length 0: none. */
static struct tw_text exchange_before(struct tw_text text, size_t end)
{
    enum { MOST_WORDS = 4 };
    for (int nth = 0; nth < MOST_WORDS; nth++) {
        struct tw_text word = word_before(text, end);
        if (word.length == 0 || tw_symbol_is_exchange(word))
            return word;
        size_t begin = (size_t)(word.bytes - text.bytes);
        if (!tw_symbol_is_exchange_part(word) || begin == 0 ||
            (text.bytes[begin - 1] != ' ' && text.bytes[begin - 1] != '-'))
            break;
        end = begin - 1;
    }
    return (struct tw_text){text.bytes + end, 0};
}

static bool is_enclosed(struct tw_text text, size_t at)
{
    while (at > 0 && text.bytes[at - 1] == ' ')
        at--;
    return at > 0 && (text.bytes[at - 1] == '(' || text.bytes[at - 1] == '[');
}

static bool is_in_capitals(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if (is_small(text.bytes[at]))
            return false;
    return true;
}

enum tw_symbol_found tw_ticker_exchange(const struct tw_ticker_scan *scan, size_t at, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    size_t begin = at + 1;
    begin += byte_at(text, begin) == ' ';
    begin += byte_at(text, begin) == '$';
    if (!is_capital(byte_at(text, begin)) && !tw_text_is_digit(byte_at(text, begin)))
        return TW_SYMBOL_NONE; /* almost every colon */
    struct tw_text exchange = exchange_before(text, at);
    if (exchange.length == 0 ||
        (tw_symbol_is_word(exchange) && !(is_in_capitals(exchange) && begin == at + 1) &&
            !is_enclosed(text, (size_t)(exchange.bytes - text.bytes))))
        return TW_SYMBOL_NONE;
    struct run run;
    read_run(text, begin, &run);
    size_t base = alphanumerics(&run, 0);
    out->begin = (uint32_t)begin;
    return is_in_capitals((struct tw_text){run.bytes, base}) ? find_in_run(scan, &run, base, out)
                                                             : TW_SYMBOL_NONE;
}

/* ---- bare symbols ---- */

static bool is_mail_byte(char byte)
{
    return is_alphanumeric(byte) || byte == '.' || byte == '-' || byte == '_' || byte == '+';
}

/* Does [begin, end) stand in an e-mail's address, on either side of its @? */
static bool is_in_mail(struct tw_text text, size_t begin, size_t end)
{
    enum { MOST = 64 };
    size_t back = begin, ahead = end;
    while (back > 0 && begin - back < MOST && is_mail_byte(text.bytes[back - 1]))
        back--;
    while (ahead - end < MOST && is_mail_byte(byte_at(text, ahead)))
        ahead++;
    bool domain = back > 1 && text.bytes[back - 1] == '@' && is_mail_byte(text.bytes[back - 2]);
    bool local = byte_at(text, ahead) == '@' && is_capital((char)(byte_at(text, ahead + 1) & ~0x20));
    return domain || local;
}

static bool is_behind_dollar(struct tw_text text, size_t at)
{
    size_t bytes;
    if (at > 0 && (unsigned char)text.bytes[at - 1] < 0x80)
        return text.bytes[at - 1] == '$';
    return at >= 3 && tw_word_ascii(text, at - 3, &bytes) == '$' &&
           bytes == 3; /* a full-width or small one */
}

/* Capitals and digits, as a symbol has. */
static bool is_symbol(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if (!is_capital(text.bytes[at]) && !tw_text_is_digit(text.bytes[at]))
            return false;
    return text.length > 0 && text.length <= 10;
}

/* Is a letter or digit joined to [begin, end) by a mark of the set, on either side? A possessive is none. */
static bool is_joined(struct tw_text text, size_t begin, size_t end, const char *marks)
{
    char before = begin > 0 ? text.bytes[begin - 1] : '\0', after = byte_at(text, end);
    if (before && strchr(marks, before) && tw_word_before(text, begin - 1))
        return true;
    bool possessive = after == '\'' && (byte_at(text, end + 1) | 0x20) == 's';
    return after && strchr(marks, after) && !possessive && tw_word_joins(text, end + 1);
}

enum tw_ticker_bare tw_ticker_bare(
    const struct tw_ticker_scan *scan, size_t begin, size_t end, struct tw_ticker *out)
{
    struct tw_text text = scan->text, name = {text.bytes + begin, end - begin};
    if (is_in_mail(text, begin, end))
        return TW_BARE_NOTHING;
    if (!is_symbol(name))
        return TW_BARE_NAME;
    if (is_behind_dollar(text, begin)) /* no cashtag, or it had been read: US$X, $X cut off */
        return TW_BARE_NOTHING;
    struct run run;
    read_run(text, begin, &run);
    size_t class = class_behind(&run, name.length), count = name.length + 1 + class;
    bool is_class = class && (class == 1 || run.bytes[name.length] == '.') &&
                    ends_symbol(&run, text, count) && run.bytes[name.length] != '&';
    if (is_class) {
        *out = (struct tw_ticker){.begin = (uint32_t)begin, .end = run.ends[count - 1]};
        enum tw_symbol_found found = tw_symbol_resolve_class(scan->entities, name, run.bytes[name.length],
            (struct tw_text){run.bytes + name.length + 1, class}, false, scan->arena, &out->symbol);
        return found == TW_SYMBOL_FOUND ? TW_BARE_SYMBOL : TW_BARE_NOTHING;
    }
    bool part = name.length == 1  ? is_joined(text, begin, end, "&-./_'")
                : name.length < 4 ? is_joined(text, begin, end, "&_")
                                  : false;
    return part ? TW_BARE_NOTHING : TW_BARE_NAME;
}
