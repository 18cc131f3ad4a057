#include "link/symbols.h"

#include <string.h>

static bool is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_letter(char byte)
{
    return is_capital((char)(byte & ~0x20));
}

static bool is_class_mark(char byte)
{
    return byte == '.' || byte == '-' || byte == '/' || byte == '_';
}

/* Equal but for the case of ASCII letters; `capitals` is in capitals. */
static bool is_word(struct tw_text text, const char *capitals)
{
    size_t length = strlen(capitals);
    if (text.length != length)
        return false;
    for (size_t at = 0; at < length; at++) {
        char byte = text.bytes[at];
        if ((is_letter(byte) ? (char)(byte & ~0x20) : byte) != capitals[at])
            return false;
    }
    return true;
}

static bool is_one_of(struct tw_text text, const char *const *list, size_t count)
{
    char first = text.length ? text.bytes[0] : '\0';
    first = is_letter(first) ? (char)(first & ~0x20) : first;
    for (size_t at = 0; at < count; at++)
        if (list[at][0] == first && is_word(text, list[at]))
            return true;
    return false;
}

#define IS_ONE_OF(text, list) is_one_of(text, list, sizeof(list) / sizeof((list)[0]))

bool tw_symbol_is_exchange(struct tw_text text)
{
    static const char *const exchanges[] = {"NYSE", "NASDAQ", "NASDAQGS", "NASDAQGM", "NASDAQCM", "AMEX",
        "NYSEAMERICAN", "NYSEARCA", "NYSEMKT", "CBOE", "BATS", "IEX", "OTC", "OTCMKTS", "OTCQB", "OTCQX",
        "OTCBB", "OTCPK", "PINK", "TSX", "TSXV", "TSE", "CVE", "CNSX", "CSE", "NEO", "LSE", "LON", "AIM",
        "EPA", "AMS", "EBR", "ELI", "EURONEXT", "ENX", "FRA", "FWB", "ETR", "XETRA", "GETTEX", "BIT", "BME",
        "MCE", "SWX", "SIX", "VTX", "STO", "OMX", "CPH", "HEL", "OSL", "OSE", "ICE", "VIE", "WSE", "BIST",
        "IST", "MCX", "MOEX", "ASX", "NZX", "NZE", "HKEX", "HKG", "SEHK", "SSE", "SHA", "SZSE", "SHE", "TYO",
        "JPX", "KRX", "KOSPI", "KOSDAQ", "TWSE", "TPE", "SGX", "KLSE", "SET", "BKK", "IDX", "PSE", "NSE",
        "BSE", "BOM", "JSE", "TASE", "TLV", "TADAWUL", "BMV", "BOVESPA", "B3", "BVMF", "XNYS", "XNAS", "XASE",
        "XLON", "XPAR", "XAMS", "XFRA", "XETR", "XSWX", "XTSE", "XTSX", "XASX", "XHKG", "XTKS", "XKRX",
        "XSHG", "XSHE", "XTAI", "XSES", "XNSE", "XBOM", "XMIL", "XMAD", "XSTO", "XCSE", "XHEL", "XOSL",
        "XWBO", "XWAR", "XJSE"};
    return IS_ONE_OF(text, exchanges);
}

bool tw_symbol_is_exchange_part(struct tw_text text)
{
    static const char *const parts[] = {"AMERICAN", "ARCA", "MKT", "MARKET", "MARKETS", "GLOBAL", "SELECT",
        "CAPITAL", "GS", "GM", "CM", "PINK", "VENTURE", "V", "PARIS", "AMSTERDAM", "BRUSSELS", "LISBON",
        "MILAN", "OSLO", "DUBLIN", "GROWTH"};
    return IS_ONE_OF(text, parts);
}

bool tw_symbol_is_word(struct tw_text text)
{
    static const char *const words[] = {"ICE", "SET", "AIM", "BIT", "SIX", "NEO", "PINK", "BATS", "SHE",
        "EPA", "ELI", "AMS", "FRA", "IST", "VIE", "HEL", "STO"};
    return IS_ONE_OF(text, words);
}

/* The exchange of a Reuters code. Never A to E, which are classes of shares. */
static bool is_reuters(struct tw_text text)
{
    static const char *const codes[] = {"N", "O", "OQ", "OB", "K", "P", "PK", "PH", "L", "T", "F", "V", "TO",
        "CN", "DE", "PA", "AS", "BR", "LS", "MI", "MC", "SW", "VX", "S", "ST", "OL", "CO", "HE", "IC", "VI",
        "WA", "IS", "MM", "AX", "NZ", "HK", "SS", "SZ", "KS", "KQ", "TW", "TWO", "SI", "KL", "BK", "JK", "PS",
        "NS", "BO", "JO", "TA", "SA", "SE", "MX", "SN", "IL", "HN", "US"};
    return IS_ONE_OF(text, codes);
}

bool tw_symbol_is_unit(struct tw_text text)
{
    static const char *const units[] = {"MM", "MN", "MLN", "MIL", "BN", "BLN", "BIL", "TN", "TRN", "USD"};
    return IS_ONE_OF(text, units);
}

/* ---- forms ---- */

/* Length of the base, capitals and digits that begin with a capital; 0 when there are none or more than
 * ten. */
static size_t plain_base(struct tw_text symbol)
{
    size_t length = 0;
    while (length < symbol.length &&
           (is_capital(symbol.bytes[length]) || tw_text_is_digit(symbol.bytes[length])))
        length++;
    return length >= 1 && length <= 10 && is_capital(symbol.bytes[0]) ? length : 0;
}

/* One to three capitals or digits, the first a capital. */
static bool is_class(struct tw_text class)
{
    return class.length <= 3 && plain_base(class) == class.length && class.length > 0;
}

bool tw_symbol_is_plain(struct tw_text symbol)
{
    size_t base = plain_base(symbol);
    if (base == 0 || base == symbol.length)
        return base != 0;
    struct tw_text class = {symbol.bytes + base + 1, symbol.length - base - 1};
    return is_class_mark(symbol.bytes[base]) && is_class(class);
}

static enum tw_symbol_found found_listed(
    const struct tw_automaton *entities, struct tw_text spelled, struct tw_symbol *out)
{
    out->entity = tw_entities_find_symbol(entities, spelled);
    return out->entity != TW_NO_ENTITY ? TW_SYMBOL_FOUND : TW_SYMBOL_NONE;
}

/* A symbol of its own in its one form: a full stop before its class. */
static enum tw_symbol_found made_of(
    struct tw_text base, struct tw_text class, struct tw_arena *arena, struct tw_symbol *out)
{
    char *bytes = tw_arena_take(arena, base.length + 1 + class.length);
    if (!bytes)
        return TW_SYMBOL_FULL;
    memcpy(bytes, base.bytes, base.length);
    bytes[base.length] = '.';
    memcpy(bytes + base.length + 1, class.bytes, class.length);
    *out = (struct tw_symbol){TW_NO_ENTITY, {bytes, base.length + 1 + class.length}};
    return TW_SYMBOL_FOUND;
}

/* Is "base" and a class behind a full stop listed? */
static enum tw_symbol_found found_class(
    const struct tw_automaton *entities, struct tw_text base, struct tw_text class, struct tw_symbol *out)
{
    char joined[TW_SYMBOL_BYTES + 1];
    if (base.length + 1 + class.length > sizeof joined)
        return TW_SYMBOL_NONE;
    memcpy(joined, base.bytes, base.length);
    joined[base.length] = '.';
    memcpy(joined + base.length + 1, class.bytes, class.length);
    return found_listed(entities, (struct tw_text){joined, base.length + 1 + class.length}, out);
}

/* What stands before the exchange of a Reuters code: a symbol, or one whose class is a small letter at its
 * end ("VELQb.N"). */
static enum tw_symbol_found found_reuters(
    const struct tw_automaton *entities, struct tw_text base, struct tw_symbol *out)
{
    size_t last = base.length - 1;
    bool class = last > 0 && is_capital(base.bytes[last - 1]) && !is_capital(base.bytes[last]) &&
                 is_letter(base.bytes[last]);
    if (!class)
        return found_listed(entities, base, out);
    return found_class(
        entities, (struct tw_text){base.bytes, last}, (struct tw_text){base.bytes + last, 1}, out);
}

enum tw_symbol_found tw_symbol_resolve_class(const struct tw_automaton *entities, struct tw_text base,
    char mark, struct tw_text class, bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    if (base.length == 0 || found_class(entities, base, class, out) == TW_SYMBOL_FOUND)
        return base.length ? TW_SYMBOL_FOUND : TW_SYMBOL_NONE;
    if (mark == '.' && (is_reuters(class) || tw_symbol_is_exchange(class)) &&
        found_reuters(entities, base, out) == TW_SYMBOL_FOUND)
        return TW_SYMBOL_FOUND;
    if (!unlisted || plain_base(base) != base.length || !is_class(class))
        return TW_SYMBOL_NONE;
    return made_of(base, class, arena, out);
}

/* A symbol without anything around it: listed, or with its class, or of its own. */
static enum tw_symbol_found resolve_bare(const struct tw_automaton *entities, struct tw_text spelled,
    bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    if (found_listed(entities, spelled, out) == TW_SYMBOL_FOUND)
        return TW_SYMBOL_FOUND;
    size_t mark = spelled.length;
    while (mark > 0 && !is_class_mark(spelled.bytes[mark - 1]))
        mark--;
    if (mark > 1) {
        struct tw_text base = {spelled.bytes, mark - 1};
        struct tw_text class = {spelled.bytes + mark, spelled.length - mark};
        return tw_symbol_resolve_class(entities, base, spelled.bytes[mark - 1], class, unlisted, arena, out);
    }
    *out = (struct tw_symbol){TW_NO_ENTITY, spelled};
    return unlisted && tw_symbol_is_plain(spelled) ? TW_SYMBOL_FOUND : TW_SYMBOL_NONE;
}

/* Without blanks, quotes and brackets around it, a dollar sign or hash before it, a full stop behind it. */
static struct tw_text trimmed(struct tw_text text)
{
    while (text.length && strchr(" \t$#(<[\"'", text.bytes[0]) && text.bytes[0]) {
        text.bytes++;
        text.length--;
    }
    while (text.length && strchr(" \t.)>]\"'", text.bytes[text.length - 1]) && text.bytes[text.length - 1])
        text.length--;
    return text;
}

static struct tw_text before(struct tw_text text, char mark)
{
    const char *found = text.length ? memchr(text.bytes, mark, text.length) : NULL;
    return (struct tw_text){text.bytes, found ? (size_t)(found - text.bytes) : text.length};
}

/* Two capitals: a country, as terminals write it behind a symbol. */
static bool is_country(struct tw_text text)
{
    return text.length == 2 && is_capital(text.bytes[0]) && is_capital(text.bytes[1]);
}

/* A country, as web pages write it before a symbol. */
static bool is_market(struct tw_text text)
{
    static const char *const markets[] = {
        "US", "UK", "GB", "CA", "AU", "HK", "CN", "JP", "KR", "TW", "IN", "SG", "DE", "FR", "CH", "BR"};
    return IS_ONE_OF(text, markets);
}

enum tw_symbol_found tw_symbol_resolve(const struct tw_automaton *entities, struct tw_text spelled,
    bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    spelled = trimmed(spelled);
    if (spelled.length == 0 || spelled.length > TW_SYMBOL_BYTES)
        return TW_SYMBOL_NONE;
    if (found_listed(entities, spelled, out) == TW_SYMBOL_FOUND)
        return TW_SYMBOL_FOUND;
    struct tw_text left = before(spelled, ':');
    if (left.length < spelled.length) {
        struct tw_text right = {spelled.bytes + left.length + 1, spelled.length - left.length - 1};
        if (tw_symbol_is_exchange(left))
            return resolve_bare(entities, trimmed(right), unlisted, arena, out);
        if (is_market(left) && !is_market(right))
            return found_listed(entities, right, out);
        return is_country(right) || tw_symbol_is_exchange(right)
                   ? resolve_bare(entities, left, unlisted, arena, out)
                   : TW_SYMBOL_NONE;
    }
    left = before(spelled, ' ');
    if (left.length < spelled.length) {
        struct tw_text rest =
            trimmed((struct tw_text){spelled.bytes + left.length, spelled.length - left.length});
        return is_country(before(rest, ' ')) || is_word(rest, "EQUITY")
                   ? resolve_bare(entities, left, unlisted, arena, out)
                   : TW_SYMBOL_NONE;
    }
    return resolve_bare(entities, spelled, unlisted, arena, out);
}
