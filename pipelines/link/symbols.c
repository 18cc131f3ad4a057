#include "link/symbols.h"

#include "link/exchange_label.h"

#include <string.h>

static bool is_class_mark(char byte)
{
    return byte == '.' || byte == '-' || byte == '/' || byte == '_';
}

/* A word of up to three capitals as a number: asked of each cashtag, so that no strings are compared. */
#define CODE(first, second, third) ((uint32_t)(first) << 16 | (uint32_t)(second) << 8 | (uint32_t)(third))

static uint32_t code_of(struct tw_text text)
{
    uint32_t code = 0;
    for (size_t at = 0; at < 3; at++)
        code = code << 8 | (at < text.length ? (uint32_t)(unsigned char)text.bytes[at] & ~UINT32_C(0x20) : 0);
    return text.length <= 3 ? code : 0;
}

static bool is_code(uint32_t code, const uint32_t *codes, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (codes[at] == code)
            return true;
    return false;
}

bool tw_symbol_is_unit(struct tw_text text)
{
    static const uint32_t units[] = {CODE('M', 'M', 0), CODE('M', 'N', 0), CODE('M', 'L', 'N'),
        CODE('M', 'I', 'L'), CODE('B', 'N', 0), CODE('B', 'L', 'N'), CODE('B', 'I', 'L'), CODE('T', 'N', 0),
        CODE('T', 'R', 'N'), CODE('U', 'S', 'D')};
    return is_code(code_of(text), units, sizeof units / sizeof units[0]);
}

bool tw_symbol_is_money(struct tw_text text)
{
    static const uint32_t money[] = {CODE('K', 0, 0), CODE('M', 0, 0), CODE('B', 0, 0), CODE('T', 0, 0),
        CODE('C', 'A', 'D'), CODE('E', 'U', 'R'), CODE('G', 'B', 'P'), CODE('J', 'P', 'Y'),
        CODE('C', 'H', 'F'), CODE('A', 'U', 'D'), CODE('N', 'Z', 'D'), CODE('C', 'N', 'Y'),
        CODE('H', 'K', 'D'), CODE('S', 'G', 'D'), CODE('I', 'N', 'R'), CODE('M', 'X', 'N'),
        CODE('B', 'R', 'L'), CODE('Z', 'A', 'R'), CODE('S', 'E', 'K'), CODE('N', 'O', 'K'),
        CODE('D', 'K', 'K'), CODE('K', 'R', 'W'), CODE('T', 'W', 'D'), CODE('R', 'U', 'B')};
    uint32_t code = code_of(text);
    return code && (is_code(code, money, sizeof money / sizeof money[0]) || tw_symbol_is_unit(text));
}

/* ---- forms ---- */

/* Length of the base, capitals and digits that begin with a capital; 0 when there are none or more than
 * ten. */
static size_t plain_base(struct tw_text symbol)
{
    size_t length = 0;
    while (length < symbol.length &&
           (tw_text_is_capital(symbol.bytes[length]) || tw_text_is_digit(symbol.bytes[length])))
        length++;
    return length >= 1 && length <= 10 && tw_text_is_capital(symbol.bytes[0]) ? length : 0;
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

/* Are two parts with a mark between them listed: "VELQ.B", "TYO:9901"? */
static enum tw_symbol_found found_joined(const struct tw_automaton *entities, struct tw_text first, char mark,
    struct tw_text second, struct tw_symbol *out)
{
    char joined[TW_SYMBOL_BYTES + 1];
    if (first.length + 1 + second.length > sizeof joined)
        return TW_SYMBOL_NONE;
    memcpy(joined, first.bytes, first.length);
    joined[first.length] = mark;
    memcpy(joined + first.length + 1, second.bytes, second.length);
    return found_listed(entities, (struct tw_text){joined, first.length + 1 + second.length}, out);
}

/* ---- exchanges ---- */

/* Is the base listed with one of the exchange's suffixes, or one of its names before it? */
static enum tw_symbol_found found_with_exchange(const struct tw_automaton *entities, struct tw_text base,
    const struct tw_exchange_row *exchange, struct tw_symbol *out)
{
    const char *const *suffixes = exchange->spellings[TW_EXCHANGE_SUFFIX];
    const char *const *names = exchange->spellings[TW_EXCHANGE_NAME];
    for (; *suffixes; suffixes++)
        if (found_joined(entities, base, '.', tw_text_of(*suffixes), out) == TW_SYMBOL_FOUND)
            return TW_SYMBOL_FOUND;
    for (; *names; names++)
        if (found_joined(entities, tw_text_of(*names), ':', base, out) == TW_SYMBOL_FOUND)
            return TW_SYMBOL_FOUND;
    return TW_SYMBOL_NONE;
}

enum { ZEROED_DIGITS = 5 };

/* A number with zeros before it until it has `digits` of them. */
static struct tw_text with_zeros(struct tw_text number, size_t digits, char room[ZEROED_DIGITS])
{
    while (number.length > 1 && number.bytes[0] == '0') {
        number.bytes++;
        number.length--;
    }
    if (number.length >= digits)
        return number;
    memset(room, '0', digits);
    memcpy(room + digits - number.length, number.bytes, number.length);
    return (struct tw_text){room, digits};
}

/* The same where zeros at a number's head say nothing. */
static enum tw_symbol_found found_with_zeros(const struct tw_automaton *entities, struct tw_text base,
    const struct tw_exchange_row *exchange, struct tw_symbol *out)
{
    static const size_t widths[] = {4, 5, 1};
    char room[ZEROED_DIGITS];
    if (base.length == 0 || base.length > ZEROED_DIGITS)
        return TW_SYMBOL_NONE;
    for (size_t at = 0; at < base.length; at++)
        if (!tw_text_is_digit(base.bytes[at]))
            return TW_SYMBOL_NONE;
    for (size_t nth = 0; nth < sizeof widths / sizeof widths[0]; nth++) {
        struct tw_text number = with_zeros(base, widths[nth], room);
        if (found_with_exchange(entities, number, exchange, out) == TW_SYMBOL_FOUND ||
            found_listed(entities, number, out) == TW_SYMBOL_FOUND)
            return TW_SYMBOL_FOUND;
    }
    return TW_SYMBOL_NONE;
}

static enum tw_symbol_found found_on(const struct tw_automaton *entities, struct tw_text base,
    const struct tw_exchange_row *exchange, struct tw_symbol *out)
{
    bool found = (exchange->plain && found_listed(entities, base, out) == TW_SYMBOL_FOUND) ||
                 found_with_exchange(entities, base, exchange, out) == TW_SYMBOL_FOUND ||
                 (exchange->zeros && found_with_zeros(entities, base, exchange, out) == TW_SYMBOL_FOUND);
    return found ? TW_SYMBOL_FOUND : TW_SYMBOL_NONE;
}

enum tw_symbol_found tw_symbol_resolve_exchange(const struct tw_automaton *entities, struct tw_text base,
    tw_exchange_set exchanges, struct tw_symbol *out)
{
    const struct tw_exchange_row *exchange;
    struct tw_symbol symbol = {.entity = TW_NO_ENTITY};
    enum tw_symbol_found found = TW_SYMBOL_NONE;
    for (unsigned row = 0; exchanges && (exchange = tw_exchange_at(row)); row++, exchanges >>= 1) {
        if (!(exchanges & 1) || found_on(entities, base, exchange, &symbol) != TW_SYMBOL_FOUND)
            continue;
        if (found == TW_SYMBOL_FOUND && symbol.entity != out->entity)
            return TW_SYMBOL_NONE;
        *out = symbol;
        found = TW_SYMBOL_FOUND;
    }
    return found;
}

/* ---- classes and Reuters codes ---- */

/* What stands before the exchange of a Reuters code: a symbol, or one whose class is a small letter at its
 * end ("VELQb.N"). */
static enum tw_symbol_found found_reuters(
    const struct tw_automaton *entities, struct tw_text base, struct tw_symbol *out)
{
    size_t last = base.length - 1;
    bool class = last > 0 && tw_text_is_capital(base.bytes[last - 1]) &&
                 !tw_text_is_capital(base.bytes[last]) && tw_text_is_letter(base.bytes[last]);
    if (!class)
        return found_listed(entities, base, out);
    return found_joined(
        entities, (struct tw_text){base.bytes, last}, '.', (struct tw_text){base.bytes + last, 1}, out);
}

/* "VELQ.N", "VELQ.NYSE": what stands before an exchange, listed with another spelling of that exchange, or
 * without any. */
static enum tw_symbol_found found_before_exchange(
    const struct tw_automaton *entities, struct tw_text base, struct tw_text behind, struct tw_symbol *out)
{
    tw_exchange_set exchanges =
        tw_exchange_find(TW_EXCHANGE_SUFFIX, behind) | tw_exchange_find(TW_EXCHANGE_NAME, behind);
    if (!exchanges)
        return TW_SYMBOL_NONE;
    return tw_symbol_resolve_exchange(entities, base, exchanges, out) == TW_SYMBOL_FOUND
               ? TW_SYMBOL_FOUND
               : found_reuters(entities, base, out);
}

enum tw_symbol_found tw_symbol_resolve_class(const struct tw_automaton *entities, struct tw_text base,
    char mark, struct tw_text class, bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    if (base.length == 0)
        return TW_SYMBOL_NONE;
    if (found_joined(entities, base, '.', class, out) == TW_SYMBOL_FOUND ||
        (mark == '.' && found_before_exchange(entities, base, class, out) == TW_SYMBOL_FOUND))
        return TW_SYMBOL_FOUND;
    tw_exchange_set region = mark == '-' ? tw_exchange_find(TW_EXCHANGE_COUNTRY, class) : 0; /* "VELQ-US" */
    if (region && tw_symbol_resolve_exchange(entities, base, region, out) == TW_SYMBOL_FOUND)
        return TW_SYMBOL_FOUND;
    if (!unlisted || plain_base(base) != base.length || !is_class(class))
        return TW_SYMBOL_NONE;
    return made_of(base, class, arena, out);
}

/* What tables and databases write for none: nobody, unless the file lists it. */
static bool says_none(struct tw_text spelled)
{
    static const char *const words[] = {
        "NA", "N/A", "N.A", "NAN", "NONE", "NULL", "NIL", "TBA", "TBD", "UNKNOWN", "UNLISTED", "PRIVATE"};
    return tw_exchange_is_one_of(spelled, words, sizeof words / sizeof words[0]);
}

/* A symbol without anything around it: listed, or with its class, or of its own. */
static enum tw_symbol_found resolve_bare(const struct tw_automaton *entities, struct tw_text spelled,
    bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    if (found_listed(entities, spelled, out) == TW_SYMBOL_FOUND)
        return TW_SYMBOL_FOUND;
    unlisted = unlisted && !says_none(spelled);
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
    while (text.length && strchr(" \t$#(<[{\"'", text.bytes[0]) && text.bytes[0]) {
        text.bytes++;
        text.length--;
    }
    while (text.length && strchr(" \t.)>]}\"'", text.bytes[text.length - 1]) && text.bytes[text.length - 1])
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
    return text.length == 2 && tw_text_is_capital(text.bytes[0]) && tw_text_is_capital(text.bytes[1]);
}

/* The symbol beside an exchange: as the file spells it for that one, else by itself. */
static enum tw_symbol_found resolve_beside(const struct tw_automaton *entities, struct tw_text symbol,
    tw_exchange_set exchanges, bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    return tw_symbol_resolve_exchange(entities, symbol, exchanges, out) == TW_SYMBOL_FOUND
               ? TW_SYMBOL_FOUND
               : resolve_bare(entities, symbol, unlisted, arena, out);
}

/* "SH600519", "sz000001", "HK00700": the exchange's letters before a number, as Chinese pages write it. */
static enum tw_symbol_found resolve_prefixed(
    const struct tw_automaton *entities, struct tw_text spelled, struct tw_symbol *out)
{
    static const char *const prefixes[] = {"SH", "SZ", "HK"};
    enum { PREFIX = 2, LEAST_DIGITS = 4 };
    struct tw_text prefix = {spelled.bytes, PREFIX};
    if (spelled.length < PREFIX + LEAST_DIGITS ||
        !tw_exchange_is_one_of(prefix, prefixes, sizeof prefixes / sizeof prefixes[0]))
        return TW_SYMBOL_NONE;
    struct tw_text number = {spelled.bytes + PREFIX, spelled.length - PREFIX};
    for (size_t at = 0; at < number.length; at++)
        if (!tw_text_is_digit(number.bytes[at]))
            return TW_SYMBOL_NONE;
    return tw_symbol_resolve_exchange(entities, number, tw_exchange_find(TW_EXCHANGE_SUFFIX, prefix), out);
}

/* The label that is all of what stands before the colon at `colon`. */
static struct tw_exchange_label label_of(struct tw_text spelled, size_t colon)
{
    struct tw_exchange_label label = tw_exchange_label_before(spelled, colon);
    if (label.words.bytes != spelled.bytes)
        label.kind = TW_LABEL_NONE;
    return label;
}

static enum tw_symbol_found resolve_around_colon(const struct tw_automaton *entities, struct tw_text spelled,
    size_t colon, bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    struct tw_text left = {spelled.bytes, colon};
    struct tw_text right = {spelled.bytes + colon + 1, spelled.length - colon - 1};
    struct tw_exchange_label label = label_of(spelled, colon);
    if (tw_exchange_same_word(left, "R")) /* "R:VELQ.N", an instrument among Reuters' codes */
        return resolve_bare(entities, trimmed(right), false, arena, out);
    if (label.kind != TW_LABEL_NONE)
        return resolve_beside(entities, trimmed(right), label.exchanges,
            unlisted && label.kind == TW_LABEL_EXCHANGE &&
                !tw_exchange_is_another(label.words, trimmed(right)),
            arena, out);
    tw_exchange_set market = tw_exchange_find(TW_EXCHANGE_COUNTRY, left);
    if (market && !tw_exchange_find(TW_EXCHANGE_COUNTRY, right))
        return resolve_beside(entities, right, market, false, arena, out);
    tw_exchange_set behind =
        tw_exchange_find(TW_EXCHANGE_NAME, right) | tw_exchange_find(TW_EXCHANGE_TERMINAL, right);
    if (!behind && colon > 0 && tw_text_is_digit(left.bytes[0])) /* "600999:SH" */
        behind = tw_exchange_find(TW_EXCHANGE_SUFFIX, right);
    return behind || is_country(right) ? resolve_beside(entities, left, behind, unlisted, arena, out)
                                       : TW_SYMBOL_NONE;
}

static bool is_joint(char byte)
{
    return byte && strchr(" ./-@()", byte);
}

/* "NYSE/VELQ", "NASDAQ - HLX": behind an exchange's name and a mark. A market's code behind a full stop is
 * none: "TSE.TO". */
static enum tw_symbol_found resolve_behind_exchange(const struct tw_automaton *entities,
    struct tw_text spelled, bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    struct tw_exchange_label label = tw_exchange_label_at(spelled, 0);
    size_t begin = label.words.length;
    while (begin < spelled.length && is_joint(spelled.bytes[begin]))
        begin++;
    struct tw_text symbol = {spelled.bytes + begin, spelled.length - begin};
    if (label.kind == TW_LABEL_NONE || begin == label.words.length || symbol.length < 2 ||
        (spelled.bytes[begin - 1] == '.' && tw_exchange_find(TW_EXCHANGE_SUFFIX, symbol)) ||
        tw_exchange_find(TW_EXCHANGE_NAME, symbol) ||
        tw_entities_find_symbol(entities, label.words) != TW_NO_ENTITY)
        return TW_SYMBOL_NONE;
    return resolve_beside(entities, symbol, label.exchanges, unlisted, arena, out);
}

/* "VELQ-NYSE", "VELQ (NYSE)": before a mark and an exchange's name. */
static enum tw_symbol_found resolve_before_exchange(const struct tw_automaton *entities,
    struct tw_text spelled, bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    size_t begin = spelled.length;
    while (begin > 0 && !is_joint(spelled.bytes[begin - 1]))
        begin--;
    struct tw_text name = {spelled.bytes + begin, spelled.length - begin};
    tw_exchange_set exchanges = tw_exchange_is_word(name) ? 0 : tw_exchange_find(TW_EXCHANGE_NAME, name);
    while (begin > 0 && is_joint(spelled.bytes[begin - 1]))
        begin--;
    if (!exchanges || begin == 0)
        return TW_SYMBOL_NONE;
    return resolve_beside(entities, (struct tw_text){spelled.bytes, begin}, exchanges, unlisted, arena, out);
}

/* "US.VELQ", "HK.00700", "sh.600999": a listed one behind a market and a full stop, as programs of traders
 * write. */
static enum tw_symbol_found resolve_behind_market(
    const struct tw_automaton *entities, struct tw_text spelled, struct tw_symbol *out)
{
    enum { MARKET = 2, LEAST = 3 };
    struct tw_text market = {spelled.bytes, MARKET};
    if (spelled.length < MARKET + 1 + LEAST || spelled.bytes[MARKET] != '.')
        return TW_SYMBOL_NONE;
    struct tw_text symbol = {spelled.bytes + MARKET + 1, spelled.length - MARKET - 1};
    tw_exchange_set exchanges = tw_exchange_find(TW_EXCHANGE_COUNTRY, market);
    if (tw_text_is_digit(symbol.bytes[0]))
        exchanges |= tw_exchange_find(TW_EXCHANGE_SUFFIX, market);
    return tw_symbol_resolve_exchange(entities, symbol, exchanges, out);
}

/* A symbol beside its exchange without a colon. */
static enum tw_symbol_found resolve_with_exchange(const struct tw_automaton *entities, struct tw_text spelled,
    bool unlisted, struct tw_arena *arena, struct tw_symbol *out)
{
    size_t joint = 0;
    while (joint < spelled.length && !is_joint(spelled.bytes[joint]))
        joint++;
    if (joint == spelled.length) /* almost every symbol */
        return TW_SYMBOL_NONE;
    enum tw_symbol_found found = resolve_behind_exchange(entities, spelled, unlisted, arena, out);
    if (found == TW_SYMBOL_NONE)
        found = resolve_before_exchange(entities, spelled, unlisted, arena, out);
    return found == TW_SYMBOL_NONE ? resolve_behind_market(entities, spelled, out) : found;
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
    if (left.length < spelled.length)
        return resolve_around_colon(entities, spelled, left.length, unlisted, arena, out);
    enum tw_symbol_found found = resolve_with_exchange(entities, spelled, unlisted, arena, out);
    if (found != TW_SYMBOL_NONE)
        return found;
    left = before(spelled, ' ');
    if (left.length < spelled.length) {
        struct tw_text rest =
            trimmed((struct tw_text){spelled.bytes + left.length, spelled.length - left.length});
        struct tw_text code = before(rest, ' ');
        return is_country(code) || tw_exchange_same_word(rest, "EQUITY")
                   ? resolve_beside(
                         entities, left, tw_exchange_find(TW_EXCHANGE_TERMINAL, code), unlisted, arena, out)
                   : TW_SYMBOL_NONE;
    }
    return resolve_prefixed(entities, spelled, out) == TW_SYMBOL_FOUND
               ? TW_SYMBOL_FOUND
               : resolve_bare(entities, spelled, unlisted, arena, out);
}
