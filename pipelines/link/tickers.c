#include "link/tickers.h"

#include "clean/markup.h"
#include "link/exchanges.h"
#include "names/words.h"

#include <string.h>

/* ---- cashtags ---- */

/* Is it an exchange that the file does not list, before the symbol that is meant: "$NYSE:VELQ"? The colon's
 * symbol is found by itself. */
static bool is_exchange_before(
    const struct tw_ticker_scan *scan, struct tw_text tag, const struct tw_ticker *ticker)
{
    char behind = tw_text_byte(scan->text, ticker->end + (size_t)1);
    return ticker->symbol.entity == TW_NO_ENTITY && tw_text_byte(scan->text, ticker->end) == ':' &&
           (tw_text_is_capital(behind) || tw_text_is_digit(behind)) &&
           tw_exchange_find(TW_EXCHANGE_NAME, tag);
}

/* Where the dollar signs that end at `at` begin; looks at three of them. */
static size_t signs_begin(struct tw_text text, size_t at)
{
    size_t begin = at;
    while (begin > 0 && at - begin < 3 && text.bytes[begin - 1] == '$')
        begin--;
    return begin;
}

/* "$$VELQ": several signs are money, unless a listed symbol of two characters and more, no unit of it, stands
 * behind them. */
static bool is_shout(const struct tw_symbol_run *run, size_t base)
{
    struct tw_text tag = {run->bytes, base};
    return base > 1 && tw_text_is_capital(run->bytes[0]) && !tw_symbol_is_money(tag);
}

enum tw_symbol_found tw_ticker_cashtag(
    const struct tw_ticker_scan *scan, size_t at, size_t sign, bool after_cashtag, struct tw_ticker *out)
{
    struct tw_ticker_scan known = *scan;
    struct tw_symbol_run run;
    size_t signs = after_cashtag ? at : signs_begin(scan->text, at);
    if (!after_cashtag && tw_word_before(scan->text, signs))
        return TW_SYMBOL_NONE;
    sign += tw_word_unseen(scan->text, at + sign);
    tw_symbol_run_read(scan->text, at + sign, &run);
    size_t base = tw_symbol_run_alphanumerics(&run, 0);
    if (base == 0 || (signs < at && !is_shout(&run, base)))
        return TW_SYMBOL_NONE;
    known.unlisted = scan->unlisted && signs == at;
    out->begin = (uint32_t)at;
    enum tw_symbol_found found = tw_symbol_run_find(&known, &run, base, out);
    struct tw_text tag = {run.bytes, base};
    return found == TW_SYMBOL_FOUND && is_exchange_before(scan, tag, out) ? TW_SYMBOL_NONE : found;
}

/* ---- amounts ---- */

/* Where the blank or hyphen that ends before `at` begins, which may part a number from its unit; `at` when
 * there is none. */
static size_t before_joint(struct tw_text text, size_t at)
{
    static const char *const joints[] = {" ", "-", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};
    for (size_t nth = 0; nth < sizeof joints / sizeof joints[0]; nth++) {
        size_t length = strlen(joints[nth]);
        if (at >= length && memcmp(text.bytes + at - length, joints[nth], length) == 0)
            return at - length;
    }
    return at;
}

/* Does a number or a currency's sign stand before `at`: "$1.2 T", "10-M", "US$ B", "\u20AC M"? */
static bool is_behind_amount(struct tw_text text, size_t at)
{
    static const char *const signs[] = {"$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"};
    at = before_joint(text, at);
    if (at > 0 && tw_text_is_digit(text.bytes[at - 1]))
        return true;
    for (size_t nth = 0; nth < sizeof signs / sizeof signs[0]; nth++) {
        size_t length = strlen(signs[nth]);
        if (at >= length && memcmp(text.bytes + at - length, signs[nth], length) == 0)
            return true;
    }
    return false;
}

bool tw_ticker_is_doubtful(struct tw_text text, const struct tw_ticker *cashtag)
{
    size_t begin = cashtag->begin, end = cashtag->end, sign = 1;
    tw_word_ascii(text, begin, &sign);
    struct tw_text symbol = {text.bytes + begin + sign, end - begin - sign};
    if (!tw_symbol_is_money(symbol))
        return false;
    char before = begin ? text.bytes[begin - 1] : '\0', after = tw_text_byte(text, end);
    bool in = begin >= 3 && before == ' ' && (text.bytes[begin - 2] | 0x20) == 'n' &&
              (text.bytes[begin - 3] | 0x20) == 'i' && !tw_word_before(text, begin - 3);
    bool heading = before == '(' && (after == ')' || (after == ',' && !tw_text_goes_on(text, end, ", $")));
    bool rate = after == '/' && tw_text_is_small(tw_text_byte(text, end + 1));
    bool number = after == ' ' && tw_text_is_digit(tw_text_byte(text, end + 1));
    return tw_text_is_small(symbol.bytes[0]) || in || heading || rate || number;
}

/* ---- newswire symbols ---- */

/* Capitals, digits, marks; and the small letter of a class, as in "VELQb.N". */
static bool is_newswire_byte(struct tw_text text, size_t at)
{
    char byte = tw_text_byte(text, at);
    return tw_text_is_capital(byte) || tw_text_is_digit(byte) || tw_symbol_run_is_mark(byte) ||
           (tw_text_is_small(byte) && tw_text_is_capital(text.bytes[at - 1]) &&
               tw_text_byte(text, at + 1) == '.');
}

enum tw_symbol_found tw_ticker_newswire(const struct tw_ticker_scan *scan, size_t at, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    size_t end = at + 1;
    bool only_stops = true;
    for (; is_newswire_byte(text, end); end++)
        only_stops = only_stops && (!tw_symbol_run_is_mark(text.bytes[end]) || text.bytes[end] == '.');
    struct tw_text symbol = {text.bytes + at + 1, end - at - 1};
    if (symbol.length == 0 || tw_text_byte(text, end) != '>')
        return TW_SYMBOL_NONE;
    out->begin = (uint32_t)at;
    out->end = (uint32_t)end + 1;
    bool unlisted = scan->unlisted && only_stops && !tw_markup_is_element(symbol);
    return tw_symbol_resolve(scan->entities, symbol, unlisted, scan->arena, &out->symbol);
}

/* ---- bare symbols ---- */

static bool is_mail_byte(char byte)
{
    return tw_text_is_alphanumeric(byte) || byte == '.' || byte == '-' || byte == '_' || byte == '+';
}

/* Does [begin, end) stand in an e-mail's address, on either side of its @? */
static bool is_in_mail(struct tw_text text, size_t begin, size_t end)
{
    enum { MOST = 64 };
    size_t back = begin, ahead = end;
    while (back > 0 && begin - back < MOST && is_mail_byte(text.bytes[back - 1]))
        back--;
    while (ahead - end < MOST && is_mail_byte(tw_text_byte(text, ahead)))
        ahead++;
    bool domain = back > 1 && text.bytes[back - 1] == '@' && is_mail_byte(text.bytes[back - 2]);
    bool local =
        tw_text_byte(text, ahead) == '@' && tw_text_is_capital((char)(tw_text_byte(text, ahead + 1) & ~0x20));
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
        if (!tw_text_is_capital(text.bytes[at]) && !tw_text_is_digit(text.bytes[at]))
            return false;
    return text.length > 0 && text.length <= 10;
}

/* Is a letter or digit joined to [begin, end) by a mark of the set, on either side? A possessive is none. */
static bool is_joined(struct tw_text text, size_t begin, size_t end, const char *marks)
{
    char before = begin > 0 ? text.bytes[begin - 1] : '\0', after = tw_text_byte(text, end);
    if (before && strchr(marks, before) && tw_word_before(text, begin - 1))
        return true;
    bool possessive = after == '\'' && (tw_text_byte(text, end + 1) | 0x20) == 's';
    return after && strchr(marks, after) && !possessive && tw_word_joins(text, end + 1);
}

/* "@velquin_fan", "@the_velquin": whose account that is, the name in it does not say. "@velquin" is its
 * own. */
static bool is_part_of_handle(struct tw_text text, size_t begin, size_t end)
{
    size_t first = begin;
    if (tw_text_byte(text, end) != '_' && (begin == 0 || text.bytes[begin - 1] != '_'))
        return false;
    while (first > 0 && (tw_text_is_alphanumeric(text.bytes[first - 1]) || text.bytes[first - 1] == '_'))
        first--;
    return first > 0 && text.bytes[first - 1] == '@';
}

/* "velquin.com" in small letters is a host; "Velquin.com" may be a company. */
static bool is_host(struct tw_text text, size_t begin, size_t end)
{
    static const char *const domains[] = {"COM", "NET", "ORG", "IO", "AI", "APP", "CO", "BIZ", "INFO", "DEV",
        "EU", "DE", "FR", "UK", "CH", "NL", "JP", "CN", "CA", "AU"};
    enum { MOST = 5 };
    if (tw_text_byte(text, end) != '.' || !tw_text_is_small(text.bytes[begin]))
        return false;
    size_t last = end + 1;
    while (last - end < MOST + 1 && tw_text_is_small(tw_text_byte(text, last)))
        last++;
    return !tw_text_is_alphanumeric(tw_text_byte(text, last)) &&
           tw_exchange_is_one_of((struct tw_text){text.bytes + end + 1, last - end - 1}, domains,
               sizeof domains / sizeof domains[0]);
}

enum tw_ticker_bare tw_ticker_bare(
    const struct tw_ticker_scan *scan, size_t begin, size_t end, struct tw_ticker *out)
{
    struct tw_text text = scan->text, name = {text.bytes + begin, end - begin};
    if (is_in_mail(text, begin, end) || is_part_of_handle(text, begin, end) || is_host(text, begin, end))
        return TW_BARE_NOTHING;
    if (!is_symbol(name))
        return TW_BARE_NAME;
    if (is_behind_dollar(text, begin)) /* no cashtag, or it had been read: US$X, $X cut off */
        return TW_BARE_NOTHING;
    if (tw_symbol_is_money(name) && is_behind_amount(text, begin))
        return TW_BARE_NOTHING;
    struct tw_symbol_run run;
    tw_symbol_run_read(text, begin, &run);
    size_t class = tw_symbol_run_class(&run, name.length), count = name.length + 1 + class;
    bool is_class = class && (class == 1 || run.bytes[name.length] == '.') &&
                    tw_symbol_run_ends(&run, text, count) && run.bytes[name.length] != '&';
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
