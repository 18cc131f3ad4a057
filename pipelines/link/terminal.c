#include "link/terminal.h"

#include "names/words.h"

enum { MOST_CODE = 12 };

/* A symbol with its code, by the bytes of the text. */
struct spelling {
    size_t begin, base_end; /* of the symbol */
    size_t end;             /* of the code */
    char joint;             /* ' ', '.' or ':' */
    struct tw_text base, code;
};

static bool is_base_byte(char byte, char joint)
{
    return tw_text_is_capital(byte) || tw_text_is_digit(byte) || (joint == ' ' && byte == '/');
}

/* Does this mark part words, and is none that joins them? */
static bool parts_words(char mark)
{
    return mark && mark != '$' && strchr(" \t\n()[],;:\"'!?|<>", mark);
}

/* The character before `at` as ASCII, or 0. */
static char mark_before(struct tw_text text, size_t at)
{
    size_t begin = at, bytes;
    while (begin > 0 && at - begin < 4 && (begin == at || ((unsigned char)text.bytes[begin] & 0xC0) == 0x80))
        begin--;
    return begin < at ? tw_word_ascii(text, begin, &bytes) : '\0';
}

static char mark_at(struct tw_text text, size_t at)
{
    size_t bytes;
    return at < text.length ? tw_word_ascii(text, at, &bytes) : '\0';
}

/* May a symbol begin at `at`, or end there: at an end of the text, at such a mark, or at a character that is
 * neither ASCII nor part of a word with what stands beside it, as in Chinese? */
static bool begins_apart(struct tw_text text, size_t at)
{
    char mark = mark_before(text, at);
    return mark ? parts_words(mark) : !tw_word_before(text, at);
}

static bool ends_apart(struct tw_text text, size_t at)
{
    char mark = mark_at(text, at);
    return mark ? parts_words(mark) : !tw_word_joins(text, at);
}

/* Reads back to where the symbol begins; false when it is glued to something, or too long. */
static bool read_spelling(
    struct tw_text text, size_t from, size_t begin, size_t end, struct spelling *spelling)
{
    enum { MOST = 14 };
    *spelling = (struct spelling){.end = end, .joint = text.bytes[begin - 1], .base_end = begin - 1};
    size_t at = spelling->base_end;
    while (at > from && spelling->base_end - at < MOST && is_base_byte(text.bytes[at - 1], spelling->joint))
        at--;
    spelling->begin = at;
    spelling->base = (struct tw_text){text.bytes + at, spelling->base_end - at};
    spelling->code = (struct tw_text){text.bytes + begin, end - begin};
    return spelling->base.length > 0 && text.bytes[at] != '/' && (at == 0 || at > from) &&
           begins_apart(text, at);
}

bool tw_terminal_is_word(struct tw_text base)
{
    static const char *const words[] = {"A", "ALL", "AN", "AND", "ANY", "ARE", "AS", "AT", "BE", "BIG", "BUY",
        "BY", "CAN", "CEO", "CFO", "DO", "ETF", "EU", "FOR", "FREE", "FROM", "GDP", "GO", "GOOD", "HAS", "HE",
        "HIGH", "IN", "INTO", "IPO", "IS", "IT", "KEY", "LIFE", "LOW", "MAN", "MORE", "MOST", "NATO", "NEW",
        "NEXT", "NO", "NON", "NOT", "NOW", "OF", "OLD", "ON", "ONE", "OPEC", "OPEN", "OR", "OUT", "OVER",
        "PLAY", "REAL", "RUN", "SAFE", "SEE", "SO", "SOME", "THE", "THIS", "TO", "TOP", "TWO", "UAE", "UK",
        "UN", "UP", "US", "USA", "VERY", "VIA", "WE", "WELL", "WITH", "YOU"};
    return tw_exchange_is_one_of(base, words, sizeof words / sizeof words[0]);
}

/* Codes that are words of English in capitals. */
static bool is_word_code(struct tw_text code)
{
    static const char *const words[] = {"IN", "IS", "IT", "NO", "AT", "AS", "SO"};
    return tw_exchange_is_one_of(code, words, sizeof words / sizeof words[0]);
}

/* "(VELQ US)", "(VELQ US, ODNL US)": a bracket on one side, and on the other one or what parts a list. */
static bool is_enclosed(struct tw_text text, const struct spelling *spelling)
{
    char left = mark_before(text, spelling->begin), right = mark_at(text, spelling->end);
    bool opens = left == '(' || left == '[', closes = right == ')' || right == ']';
    bool goes_on = left == ' ' && spelling->begin > 1 && strchr(",;", text.bytes[spelling->begin - 2]) &&
                   text.bytes[spelling->begin - 2];
    return (opens && (closes || right == ',' || right == ';')) || (goes_on && closes);
}

/* "VELQ US falls": a word of three letters and more, between words that are not in capitals. */
static bool is_plain_prose(struct tw_text text, const struct spelling *spelling)
{
    size_t at = spelling->begin;
    for (size_t nth = 0; nth < spelling->base.length; nth++)
        if (!tw_text_is_capital(spelling->base.bytes[nth]))
            return false;
    if (spelling->base.length < 3 || is_word_code(spelling->code))
        return false;
    if (at > 1 && text.bytes[at - 1] == ' ' && tw_text_is_capital(text.bytes[at - 2]))
        return false;
    char after = tw_text_byte(text, spelling->end), next = tw_text_byte(text, spelling->end + 1);
    return after != ' ' || !tw_text_is_capital(next);
}

/* Is what stands there meant as a symbol at all? */
static bool is_meant(struct tw_text text, const struct spelling *spelling, bool enclosed)
{
    static const char key[] = " Equity";
    char after = tw_text_byte(text, spelling->end);
    bool stops = after == '.' && !tw_text_is_alphanumeric(tw_text_byte(text, spelling->end + 1));
    if ((!ends_apart(text, spelling->end) && !stops) || tw_terminal_is_word(spelling->base))
        return false;
    bool is_equity = spelling->joint == ' ' && tw_text_goes_on(text, spelling->end, key) &&
                     !tw_word_joins(text, spelling->end + sizeof key - 1);
    if (is_equity)
        return true;
    if (spelling->base.length < 2)
        return false;
    if (spelling->joint == ' ')
        return spelling->code.length == 2 && (enclosed || is_plain_prose(text, spelling));
    return spelling->joint == ':' || enclosed || spelling->base.length > 2;
}

/* Is it the code of a market, or in brackets behind a colon the name of an exchange? */
static bool is_market(const struct spelling *spelling, bool enclosed)
{
    if (spelling->code.length == 2)
        return tw_exchange_find(TW_EXCHANGE_TERMINAL, spelling->code) != 0;
    return spelling->joint == ':' && enclosed && tw_exchange_find(TW_EXCHANGE_NAME, spelling->code) &&
           !tw_exchange_is_word(spelling->code);
}

enum tw_symbol_found tw_terminal_symbol(
    const struct tw_ticker_scan *scan, size_t from, size_t begin, size_t end, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    struct spelling spelling;
    if (text.bytes[begin] == ':') {
        end = ++begin;
        while (end - begin < MOST_CODE && tw_text_is_capital(tw_text_byte(text, end)))
            end++;
        if (end - begin < 2)
            return TW_SYMBOL_NONE;
    }
    if (begin < from + 2 || !read_spelling(text, from, begin, end, &spelling))
        return TW_SYMBOL_NONE;
    bool enclosed = is_enclosed(text, &spelling), colon = spelling.joint == ':';
    if (!is_meant(text, &spelling, enclosed))
        return TW_SYMBOL_NONE;
    if (spelling.joint != '.' &&
        (!is_market(&spelling, enclosed) || tw_exchange_find(TW_EXCHANGE_NAME, spelling.base)))
        return TW_SYMBOL_NONE;
    bool unlisted = scan->unlisted && colon && enclosed && spelling.code.length == 2 &&
                    !tw_exchange_find(TW_EXCHANGE_COUNTRY, spelling.base) &&
                    !tw_symbol_is_money(spelling.base);
    out->begin = (uint32_t)spelling.begin;
    out->end = (uint32_t)spelling.end;
    return tw_symbol_resolve(scan->entities,
        (struct tw_text){text.bytes + spelling.begin, spelling.end - spelling.begin}, unlisted, scan->arena,
        &out->symbol);
}
