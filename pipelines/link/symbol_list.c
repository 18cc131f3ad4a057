#include "link/symbol_list.h"

#include "link/exchange_label.h"
#include "link/hashtags.h"
#include "link/terminal.h"
#include "names/words.h"

#include <string.h>

enum { NUMBER_DIGITS = 4 }; /* of a number that is a symbol where no exchange and colon say so */

/* ---- brackets ---- */

static bool is_enclosed(struct tw_text text, size_t at)
{
    while (at > 0 && text.bytes[at - 1] == ' ')
        at--;
    return at > 0 && (text.bytes[at - 1] == '(' || text.bytes[at - 1] == '[');
}

static bool is_in_capitals(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if (tw_text_is_small(text.bytes[at]))
            return false;
    return true;
}

/* The character at `at` as ASCII, and where it ends. */
static char ascii_at(struct tw_text text, size_t at, size_t *end)
{
    size_t bytes = 0;
    char byte = at < text.length ? tw_word_ascii(text, at, &bytes) : '\0';
    *end = at + bytes;
    return byte;
}

static size_t behind_blanks(struct tw_text text, size_t at)
{
    while (tw_text_byte(text, at) == ' ')
        at++;
    return at;
}

/* Does a bracket end here, but for blanks? */
static bool closes(struct tw_text text, size_t at)
{
    size_t end;
    char byte = ascii_at(text, behind_blanks(text, at), &end);
    return byte == ')' || byte == ']';
}

/* Has a bracket been opened before `at` that is open still? */
static bool is_in_brackets(struct tw_text text, size_t at)
{
    enum { MOST = 128 };
    for (size_t back = 1; back <= at && back <= MOST; back++) {
        size_t end;
        if (((unsigned char)text.bytes[at - back] & 0xC0) == 0x80) /* inside of a character */
            continue;
        char byte = ascii_at(text, at - back, &end);
        if (byte == '(' || byte == '[')
            return true;
        if (byte == ')' || byte == ']' || byte == '\n')
            return false;
    }
    return false;
}

/* ---- lists behind an exchange ---- */

/* A word in capitals, read for its form alone. */
struct member {
    struct tw_symbol_run run;
    size_t base, count; /* characters of the run: before a class, and with it */
    size_t end;         /* byte of the text; 0: no such word */
    unsigned
        slashes; /* how many words before it were parted from the next by a slash, without another mark */
};

static void read_member(struct tw_text text, size_t at, struct member *member)
{
    tw_symbol_run_read(text, at + (tw_text_byte(text, at) == '$'), &member->run);
    const struct tw_symbol_run *run = &member->run;
    size_t base = tw_symbol_run_alphanumerics(run, 0), class = tw_symbol_run_class(run, base);
    member->base = base;
    member->slashes = 0;
    member->count = base + (class ? 1 + class : 0);
    bool is_symbol = base > 0 && base <= 10 && is_in_capitals((struct tw_text){run->bytes, base}) &&
                     tw_symbol_run_ends(run, text, member->count);
    member->end = is_symbol ? run->ends[member->count - 1] : 0;
}

static bool is_number(const struct member *member)
{
    for (size_t at = 0; at < member->base; at++)
        if (!tw_text_is_digit(member->run.bytes[at]))
            return false;
    return true;
}

static bool is_year(const struct member *member)
{
    const char *digits = member->run.bytes;
    return member->base == 4 && is_number(member) &&
           ((digits[0] == '1' && digits[1] == '9') || (digits[0] == '2' && digits[1] == '0'));
}

/* Q3, 3Q24, H1, FY25: a stretch of a year. */
static bool is_period(struct tw_text word)
{
    size_t at = 0, digits = 0;
    for (; at < word.length; at++)
        digits += tw_text_is_digit(word.bytes[at]);
    char first = word.bytes[0], second = word.length > 1 ? word.bytes[1] : '\0';
    if (digits + 1 == word.length && digits > 0)
        return first == 'Q' || first == 'H' || second == 'Q' || second == 'H';
    return digits > 0 && digits + 2 == word.length && (first == 'F' || first == 'C') && second == 'Y';
}

/* What stands in capitals where symbols might, and is none. */
static bool is_no_symbol(const struct member *member)
{
    static const char *const words[] = {"CEO", "CFO", "COO", "CTO", "CIO", "IPO", "ETF", "ETFS", "ETN", "ADR",
        "ADRS", "ADS", "ADSS", "GDR", "REIT", "REITS", "SPAC", "ESG", "PLC", "INC", "LLC", "LTD", "CORP",
        "GMBH", "ISIN", "CUSIP", "SEDOL", "WKN", "FIGI", "LEI", "RIC", "CIK", "TICKER", "SYMBOL", "USD",
        "EUR", "GBP", "GBX", "JPY", "CAD", "CHF", "AUD", "NZD", "CNY", "RMB", "HKD", "INR", "KRW", "TWD",
        "SGD", "SEK", "NOK", "DKK", "BRL", "ZAR", "UTC", "GMT", "EST", "EDT", "CET", "CEST", "PST", "PDT",
        "JST", "HKT", "BST", "TBD", "TBA", "BUY", "SELL", "HOLD", "NEUTRAL", "OUTPERFORM", "OVERWEIGHT",
        "REDUCE", "AND", "OR", "THE", "AKA", "FKA", "DBA", "VS", "AAA", "BBB", "CCC", "US", "USA", "UK", "EU",
        "UN", "UAE", "SEC", "DOJ", "FDA", "FTC", "FED", "ECB", "IMF", "OPEC", "NATO", "GDP", "CPI", "PPI",
        "EPS", "EBIT", "EBITDA", "ROE", "ROI", "YOY", "QOQ", "YTD", "TTM", "FY", "DAX", "MDAX", "SDAX",
        "TECDAX", "FTSE", "CAC", "DJIA", "NIKKEI", "TOPIX", "INDEX", "NEW", "NYC"};
    struct tw_text word = {member->run.bytes, member->base};
    struct tw_text all = {member->run.bytes, member->count};
    return tw_exchange_is_one_of(word, words, sizeof words / sizeof words[0]) || is_period(word) ||
           tw_symbol_is_unit(word) || tw_exchange_same_word(all, "N/A") ||
           tw_exchange_find(TW_EXCHANGE_NAME, word);
}

/* Where a word begins behind "and " or "& " at `at`; `at` when neither stands there. */
static size_t behind_and(struct tw_text text, size_t at)
{
    static const char *const words[] = {"and ", "& "};
    for (size_t nth = 0; nth < sizeof words / sizeof words[0]; nth++)
        if (tw_text_goes_on(text, at, words[nth]))
            return behind_blanks(text, at + strlen(words[nth]));
    return at;
}

/* Where the next word of a list begins behind `end`; 0 when what stands there parts none. */
static size_t behind_separator(struct tw_text text, size_t end)
{
    size_t at = behind_blanks(text, end), behind;
    char mark = ascii_at(text, at, &behind);
    if (tw_text_goes_on(text, at, "\xE3\x80\x81")) /* 、 */
        return behind_blanks(text, at + 3);
    if (mark && strchr(",;|", mark))
        return behind_and(text, behind_blanks(text, behind));
    if (at > end && mark == '/' && tw_text_byte(text, behind) == ' ')
        return behind_blanks(text, behind);
    size_t word = at > end ? behind_and(text, at) : at;
    return word > at ? word : 0;
}

/* "GOOG/GOOGL": a slash parts the shares of one company, which begin alike but for a letter. */
static size_t behind_slash(struct tw_text text, const struct member *member)
{
    struct member other;
    if (tw_text_byte(text, member->end) != '/')
        return 0;
    read_member(text, member->end + 1, &other);
    size_t shorter = member->base < other.base ? member->base : other.base, alike = 0;
    while (alike < shorter && member->run.bytes[alike] == other.run.bytes[alike])
        alike++;
    return other.end && alike > 0 && alike + 1 >= shorter ? member->end + 1 : 0;
}

/* May this word go on with the list? */
static bool is_of_list(
    const struct tw_symbol_list *list, const struct tw_ticker_scan *scan, const struct member *member)
{
    bool letter = member->count == 1;
    if (!member->end || is_no_symbol(member) || is_number(member) != list->numbers || is_year(member))
        return false;
    /* "BRK.A, B" and "BRK, A and B" are classes. */
    if (letter &&
        ((list->classed && member->run.bytes[0] <= 'E') || (!list->letter && member->run.bytes[0] <= 'B')))
        return false;
    return list->plural || closes(scan->text, member->end) || behind_separator(scan->text, member->end) ||
           behind_slash(scan->text, member);
}

/* The word of the list behind another; its first byte, 0 when the list ends there. */
static size_t next_of_list(const struct tw_symbol_list *list, const struct tw_ticker_scan *scan,
    const struct member *before, size_t end, struct member *member)
{
    /* Each of them is read to the end of its run, so that a run of slashes would be read again and again. */
    enum { MOST_SLASHES = 4 };
    size_t at = behind_separator(scan->text, end);
    bool slash = !at && end == before->end && before->slashes < MOST_SLASHES;
    at = slash ? behind_slash(scan->text, before) : at;
    if (!at)
        return 0;
    read_member(scan->text, at, member);
    member->slashes = slash ? before->slashes + 1 : 0;
    return is_of_list(list, scan, member) ? at : 0;
}

/* Is it a quotation, or the mark of another exchange or list, what stands behind the last symbol? */
static bool is_other_mark(struct tw_text text, size_t at)
{
    enum { MOST = 32 };
    size_t end;
    if (ascii_at(text, at, &end) == '"')
        return true;
    size_t begin = at;
    while (at - begin < MOST && (tw_text_is_alphanumeric(tw_text_byte(text, at)) ||
                                    tw_text_byte(text, at) == ' ' || tw_text_byte(text, at) == '-'))
        at++;
    return at > begin && ascii_at(text, at, &end) == ':';
}

/* Is there nothing but symbols up to the list's end? */
static bool is_whole(
    const struct tw_symbol_list *list, const struct tw_ticker_scan *scan, struct member member, size_t end)
{
    struct member next;
    while (next_of_list(list, scan, &member, end, &next)) {
        member = next;
        end = next.end;
    }
    size_t behind = behind_separator(scan->text, end);
    return closes(scan->text, end) || (behind && is_other_mark(scan->text, behind));
}

static void begin_list(
    struct tw_symbol_list *list, const struct tw_ticker_scan *scan, const struct member *first, size_t end)
{
    struct member next;
    list->numbers = is_number(first);
    list->letter = first->base == 1;
    list->classed = first->count > first->base;
    list->next = next_of_list(list, scan, first, end, &next);
    list->slashes = list->next ? next.slashes : 0;
    list->whole = list->next && is_whole(list, scan, *first, end);
    list->listed = list->listed || !list->whole;
}

/* ---- exchanges ---- */

/* The company that the file lists for the exchange: 9901.T behind "TYO:". */
static enum tw_symbol_found find_on_exchange(const struct tw_ticker_scan *scan, const struct member *member,
    tw_exchange_set exchanges, struct tw_ticker *out)
{
    const struct tw_symbol_run *run = &member->run;
    size_t joined = member->base + 1 + tw_symbol_run_alphanumerics(run, member->base + 1);
    size_t count = joined > member->base + 1 ? joined : member->base;
    if (count > member->base && tw_text_is_small(run->bytes[member->base + 1]))
        count = member->count;
    if (!tw_symbol_run_ends(run, scan->text, count) ||
        tw_symbol_run_cut(scan, run->ends[count - 1]) != TW_CUT_NOT)
        return TW_SYMBOL_NONE;
    out->end = run->ends[count - 1];
    return tw_symbol_resolve_exchange(
        scan->entities, (struct tw_text){run->bytes, count}, exchanges, &out->symbol);
}

/* The company of a symbol of the list, for its exchange or by itself; an unlisted one where the list may hold
 * such. */
static enum tw_symbol_found find_member(const struct tw_ticker_scan *scan, const struct tw_symbol_list *list,
    const struct member *member, struct tw_ticker *out)
{
    struct tw_ticker_scan known = *scan;
    known.unlisted = scan->unlisted && !list->listed;
    return find_on_exchange(scan, member, list->exchanges, out) == TW_SYMBOL_FOUND
               ? TW_SYMBOL_FOUND
               : tw_symbol_run_find(&known, &member->run, member->base, out);
}

/* Is a number behind an exchange's colon a symbol? Not a level, an amount, a year, a count of something. */
static bool is_symbol_number(
    const struct tw_ticker_scan *scan, const struct member *member, bool blank, bool brackets)
{
    struct tw_text text = scan->text;
    size_t end = member->end, digits = 0;
    char mark = tw_text_byte(text, end);
    while (tw_text_is_digit(tw_text_byte(text, end + 1 + digits)))
        digits++;
    if (closes(text, end))
        return true;
    if (mark == '%' || mark == ':' || (mark == ',' && digits == 3) ||
        (mark != ',' && digits > 0 && mark != ' ') || is_year(member) || member->base < 3)
        return false;
    return !blank || (brackets && mark != ' ' && behind_separator(text, end));
}

/* Is it a word of English or of an exchange, or what else stands in capitals and is no symbol? */
static bool is_word(const struct member *member)
{
    struct tw_text word = {member->run.bytes, member->base};
    return is_no_symbol(member) || (member->base > 1 && tw_exchange_is_part(word)) ||
           tw_hashtag_is_word(word) || tw_terminal_is_word(word);
}

/* Is it a number that is too short for a symbol, or a year? */
static bool is_other_number(const struct member *member)
{
    return is_number(member) && (member->base < NUMBER_DIGITS || is_year(member));
}

/* Is it two characters and more, no word of English or of an exchange, and the last before a bracket or what
 * parts a list? */
static bool is_alone(struct tw_text text, const struct member *member)
{
    if (!member->end || member->base < 2 || is_word(member))
        return false;
    return closes(text, member->end) || behind_separator(text, member->end);
}

/* A capital or digit, and no small letter behind it: asked before anything is looked up. */
static bool may_be_symbol(struct tw_text text, size_t at)
{
    char first = tw_text_byte(text, at);
    return (tw_text_is_capital(first) || tw_text_is_digit(first)) &&
           !tw_text_is_small(tw_text_byte(text, at + 1));
}

/* May the label be one of a symbol? A place only in brackets, and so what a blank parts from its colon; an
 * exchange that is a word of English in brackets, or in capitals right before the symbol. */
static bool is_label(struct tw_text text, const struct tw_exchange_label *label, bool tight, bool brackets)
{
    if (label->kind == TW_LABEL_NONE || ((label->apart || label->kind == TW_LABEL_PLACE) && !brackets))
        return false;
    return !tw_exchange_is_word(label->words) || (is_in_capitals(label->words) && tight) ||
           is_enclosed(text, (size_t)(label->words.bytes - text.bytes));
}

/* May this word be the symbol behind such a label? */
static bool is_first(const struct tw_ticker_scan *scan, enum tw_exchange_label_kind kind,
    const struct member *member, bool blank, bool brackets)
{
    struct tw_text text = scan->text;
    bool number = is_number(member);
    if (!member->base || !is_in_capitals((struct tw_text){member->run.bytes, member->base}))
        return false;
    if (kind == TW_LABEL_CODE)
        return number && member->end && member->base >= NUMBER_DIGITS &&
               (!is_year(member) || closes(text, member->end));
    if (number && (!member->end || !is_symbol_number(scan, member, blank, brackets)))
        return false;
    return kind != TW_LABEL_PLACE || is_alone(text, member);
}

enum tw_symbol_found tw_symbol_list_begin(const struct tw_ticker_scan *scan, size_t at, size_t colon,
    struct tw_symbol_list *list, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    size_t begin = at + colon;
    bool blank = tw_text_byte(text, begin) == ' ';
    begin += blank;
    bool dollar = tw_text_byte(text, begin) == '$';
    begin += dollar;
    list->next = 0;
    list->plural = false;
    if (!may_be_symbol(text, begin))
        return TW_SYMBOL_NONE; /* almost every colon */
    struct tw_exchange_label label = tw_exchange_label_before(text, at);
    bool brackets = label.kind && is_in_brackets(text, (size_t)(label.words.bytes - text.bytes));
    struct member member;
    if (!is_label(text, &label, !blank && !dollar, brackets))
        return TW_SYMBOL_NONE;
    read_member(text, begin, &member);
    if (!is_first(scan, label.kind, &member, blank, brackets))
        return TW_SYMBOL_NONE;
    list->exchanges = label.exchanges;
    list->listed = label.kind != TW_LABEL_EXCHANGE ||
                   tw_exchange_is_another(label.words, (struct tw_text){member.run.bytes, member.base});
    out->begin = (uint32_t)begin;
    enum tw_symbol_found found = find_member(scan, list, &member, out);
    size_t end = found == TW_SYMBOL_FOUND ? out->end : member.end;
    if (brackets && end && (found != TW_SYMBOL_NONE || label.kind != TW_LABEL_PLACE))
        begin_list(list, scan, &member, end);
    return found;
}

/* Where a symbol may begin behind an exchange's name that ends at `end`, without a colon: behind a blank, or
 * a mark with blanks around it or none. 0: nothing parts them. */
static size_t behind_joint(struct tw_text text, size_t end)
{
    size_t at = behind_blanks(text, end), behind;
    char mark = ascii_at(text, at, &behind);
    if (mark && strchr("/-", mark))
        at = behind_blanks(text, behind);
    return at > end ? at : 0;
}

/* The end of the word of letters that begins at `at`. */
static size_t word_end(struct tw_text text, size_t at)
{
    while (tw_text_is_letter(tw_text_byte(text, at)))
        at++;
    return at;
}

/* "(NYSE/VELQ)": behind an exchange's name. */
static enum tw_symbol_found find_behind_name(const struct tw_ticker_scan *scan, size_t at, size_t bracket,
    struct tw_symbol_list *list, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    struct member member;
    size_t named = behind_blanks(text, at + bracket), begin = behind_joint(text, word_end(text, named));
    bool several = tw_text_is_capital(tw_text_byte(text, named + 1)) &&
                   tw_text_is_capital(tw_text_byte(text, begin)); /* "NYSE American" */
    list->next = 0;
    list->plural = false;
    if (!tw_text_is_capital(tw_text_byte(text, named)) || !begin || (!several && !may_be_symbol(text, begin)))
        return TW_SYMBOL_NONE; /* almost every bracket */
    struct tw_exchange_label label = tw_exchange_label_at(text, named);
    begin = label.kind ? behind_joint(text, named + label.words.length) : 0;
    if (!begin || !may_be_symbol(text, begin))
        return TW_SYMBOL_NONE;
    read_member(text, begin, &member);
    if (!is_alone(text, &member) || is_other_number(&member))
        return TW_SYMBOL_NONE;
    list->exchanges = label.exchanges;
    list->listed = true;
    out->begin = (uint32_t)begin;
    enum tw_symbol_found found = find_member(scan, list, &member, out);
    if (found == TW_SYMBOL_FOUND)
        begin_list(list, scan, &member, out->end);
    return found;
}

/* "(VELQ, NYSE)": before an exchange's name, in brackets that hold nothing else. */
static enum tw_symbol_found find_before_name(const struct tw_ticker_scan *scan, size_t at, size_t bracket,
    struct tw_symbol_list *list, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    size_t begin = behind_blanks(text, at + bracket), behind;
    struct member member;
    if (!may_be_symbol(text, begin))
        return TW_SYMBOL_NONE; /* almost every bracket */
    read_member(text, begin, &member);
    if (!member.end)
        return TW_SYMBOL_NONE;
    size_t named = behind_blanks(text, member.end);
    char mark = ascii_at(text, named, &behind);
    if (mark && strchr(",;|/-", mark))
        named = behind_blanks(text, behind);
    if (named == member.end)
        return TW_SYMBOL_NONE;
    struct tw_exchange_label label = tw_exchange_label_at(text, named);
    if (label.kind == TW_LABEL_NONE || !closes(text, named + label.words.length) || is_word(&member) ||
        is_other_number(&member))
        return TW_SYMBOL_NONE;
    list->exchanges = label.exchanges;
    list->listed = true;
    out->begin = (uint32_t)begin;
    return find_member(scan, list, &member, out);
}

enum tw_symbol_found tw_symbol_list_bracketed(const struct tw_ticker_scan *scan, size_t at, size_t bracket,
    struct tw_symbol_list *list, struct tw_ticker *out)
{
    enum tw_symbol_found found = find_behind_name(scan, at, bracket, list, out);
    return found != TW_SYMBOL_NONE ? found : find_before_name(scan, at, bracket, list, out);
}

/* ---- symbols behind a word for them ---- */

/* Does "under" stand shortly before the word at `at`: "under the ticker symbol"? */
static bool is_behind_under(struct tw_text text, size_t at)
{
    static const char under[] = "UNDER";
    enum { MOST = 32, LETTERS = sizeof under - 1 };
    size_t begin = at > MOST ? at - MOST : 0;
    for (size_t end = at; end >= begin + LETTERS; end--) {
        char byte = end < at ? text.bytes[end] : ' ';
        if (byte == ' ' &&
            tw_exchange_same_word((struct tw_text){text.bytes + end - LETTERS, LETTERS}, under))
            return true;
        if (!tw_text_is_letter(byte) && byte != ' ' && byte != '-')
            return false;
    }
    return false;
}

/* Where a symbol may begin behind the word that ends at `end`; 0: nowhere. What a colon alone parts from it,
 * or a dollar sign marks, is read there. */
static size_t behind_word(struct tw_text text, size_t end, bool *quoted)
{
    size_t at = end, behind;
    bool colon = tw_text_byte(text, at) == ':';
    at = behind_blanks(text, at + colon);
    if (tw_text_goes_on(text, at, "is ") && !colon)
        at = behind_blanks(text, at + strlen("is "));
    char mark = ascii_at(text, at, &behind);
    *quoted = mark == '"' || mark == '\'' || mark == '(' || mark == '[';
    at = *quoted ? behind : at;
    return at > end && (!colon || *quoted) ? at : 0;
}

enum tw_symbol_found tw_symbol_list_worded(const struct tw_ticker_scan *scan, size_t at, size_t bytes,
    struct tw_symbol_list *list, struct tw_ticker *out)
{
    struct tw_text text = scan->text;
    struct member member;
    bool quoted;
    size_t begin = behind_word(text, at + bytes, &quoted);
    if (!begin || !may_be_symbol(text, begin))
        return TW_SYMBOL_NONE;
    read_member(text, begin, &member);
    if (!member.end || is_word(&member) || is_other_number(&member))
        return TW_SYMBOL_NONE;
    bool doubtful = member.base == 1 || tw_text_is_capital(text.bytes[at + 1]);
    if (doubtful && !quoted && !is_behind_under(text, at))
        return TW_SYMBOL_NONE;
    list->exchanges = 0;
    list->listed = true;
    list->plural = (text.bytes[at + bytes - 1] | 0x20) == 's';
    out->begin = (uint32_t)begin;
    enum tw_symbol_found found = find_member(scan, list, &member, out);
    if (found == TW_SYMBOL_FOUND && list->plural)
        begin_list(list, scan, &member, out->end);
    return found;
}

enum tw_symbol_found tw_symbol_list_next(
    const struct tw_ticker_scan *scan, struct tw_symbol_list *list, struct tw_ticker *out)
{
    struct member member, next;
    size_t at = list->next;
    read_member(scan->text, at, &member);
    member.slashes = list->slashes;
    out->begin = (uint32_t)at;
    enum tw_symbol_found found =
        list->whole || member.count >= 3 ? find_member(scan, list, &member, out) : TW_SYMBOL_NONE;
    list->next = next_of_list(list, scan, &member, found == TW_SYMBOL_FOUND ? out->end : member.end, &next);
    list->slashes = list->next ? next.slashes : 0;
    return found;
}
