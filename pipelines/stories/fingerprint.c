#include "stories/fingerprint.h"

#include <strings.h>
#include <xxhash.h>

#include "names/words.h"

enum { COMMON_WEIGHT = 1, RARE_WEIGHT = 3, COMMON_LONGEST = 16 };

/* In byte order: a test holds that. */
/* clang-format off */
static const char *const common[] = {
    "a", "about", "above", "according", "acquire", "acquires", "acquisition", "across", "action",
    "additional", "after", "again", "against", "ago", "agree", "agreed", "agreement", "agrees", "ahead",
    "airline", "alert", "all", "almost", "along", "also", "although", "am", "amid", "among", "amount", "an",
    "analyst", "analysts", "and", "announce", "announced", "announcement", "announces", "annual", "another",
    "any", "appoint", "appointed", "appoints", "approval", "approved", "approves", "are", "around", "as",
    "at", "automaker", "away", "back", "bank", "bankruptcy", "banks", "be", "beat", "beats", "became",
    "because", "become", "been", "before", "began", "behind", "being", "below", "beside", "best", "better",
    "between", "beyond", "bid", "billion", "bln", "board", "bond", "bonds", "boost", "boosts", "both",
    "breaking", "brief", "builder", "business", "businesses", "but", "buy", "buying", "buys", "by", "call",
    "calls", "can", "cannot", "capital", "carmaker", "case", "cash", "ceo", "cfo", "chairman", "chairwoman",
    "change", "changes", "charge", "charges", "chief", "class", "close", "closed", "closes", "co", "comes",
    "coming", "companies", "company", "compared", "consumer", "corp", "corporate", "corporation",
    "corrected", "correction", "cost", "costs", "could", "court", "credit", "customer", "customers", "cut",
    "cuts", "cutting", "data", "day", "days", "deal", "deals", "debt", "decline", "declined", "declines",
    "delisting", "demand", "development", "did", "director", "dividend", "do", "does", "doing", "down",
    "drop", "dropped", "drops", "drugmaker", "due", "during", "each", "early", "earnings", "economic",
    "economy", "eight", "end", "ended", "ends", "eps", "estimate", "estimated", "estimates", "euro",
    "euros", "even", "ever", "every", "exchange", "exclusive", "executive", "expect", "expected", "expects",
    "exporter", "fall", "falls", "far", "fell", "few", "file", "filed", "files", "finance", "financial",
    "firm", "firms", "first", "fiscal", "five", "for", "forecast", "forecasts", "former", "four", "fraud",
    "friday", "from", "full", "fund", "funds", "further", "gain", "gained", "gains", "get", "gets", "give",
    "given", "global", "go", "goes", "going", "good", "got", "group", "groups", "grow", "growth",
    "guidance", "had", "half", "halt", "halted", "halts", "has", "have", "having", "he", "head", "held",
    "her", "here", "high", "higher", "highest", "him", "his", "hit", "hits", "hold", "holding", "holdings",
    "holds", "hour", "hours", "how", "however", "if", "in", "inc", "income", "incorporated", "increase",
    "increased", "increases", "index", "industries", "industry", "insurer", "interim", "international",
    "into", "investigation", "investment", "investor", "investors", "is", "issue", "issued", "issues", "it",
    "its", "joins", "joint", "jump", "jumped", "jumps", "just", "keep", "keeps", "key", "know", "known",
    "largest", "last", "late", "later", "latest", "launch", "launched", "launches", "lawsuit", "lead",
    "leads", "least", "lender", "less", "like", "likely", "limited", "llc", "long", "look", "looks", "loss",
    "losses", "low", "lower", "lowest", "ltd", "made", "main", "major", "make", "maker", "makes", "making",
    "management", "many", "market", "markets", "me", "meeting", "merger", "might", "million", "miss",
    "misses", "mln", "monday", "month", "monthly", "months", "more", "morning", "most", "much", "must",
    "my", "name", "named", "names", "near", "need", "needs", "net", "never", "new", "news", "next", "night",
    "nine", "no", "nor", "not", "now", "number", "of", "off", "offer", "offers", "officer", "officials",
    "oil", "on", "once", "one", "only", "open", "opens", "operating", "operations", "or", "order", "orders",
    "other", "others", "our", "out", "outlook", "output", "over", "own", "part", "past", "pay", "pays",
    "pct", "pending", "people", "per", "percent", "place", "plan", "planned", "plans", "plc", "point",
    "points", "post", "posted", "posts", "president", "press", "price", "prices", "prior", "probe",
    "product", "production", "products", "profit", "profits", "program", "project", "public", "put", "puts",
    "qtr", "quarter", "quarterly", "quarters", "quits", "raise", "raised", "raises", "rally", "range",
    "rate", "rates", "rating", "ratings", "reach", "reached", "reaches", "ready", "real", "recall",
    "recalled", "recalls", "recent", "record", "refile", "release", "remain", "remains", "report",
    "reported", "reporting", "reports", "resign", "resigns", "result", "results", "retailer", "revenue",
    "revenues", "review", "right", "rise", "rises", "risk", "risks", "rose", "rt", "s", "said", "sale",
    "sales", "same", "saturday", "saw", "say", "saying", "says", "second", "sector", "securities",
    "security", "see", "seen", "sees", "sell", "selling", "sells", "senior", "service", "services", "set",
    "sets", "settle", "settlement", "seven", "share", "shareholder", "shareholders", "shares", "sharply",
    "she", "should", "show", "showed", "shows", "since", "six", "slide", "slides", "slip", "slips", "slump",
    "so", "soar", "soars", "some", "soon", "source", "sources", "spokesman", "stake", "start", "started",
    "starts", "state", "statement", "step", "steps", "still", "stock", "stocks", "stop", "street", "strong",
    "such", "sue", "sued", "sues", "suit", "sunday", "supply", "surge", "surges", "suspended", "suspends",
    "system", "t", "take", "taken", "takeover", "takes", "talk", "talks", "target", "targets", "tax",
    "technology", "ten", "term", "terms", "text", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "third", "this", "those", "thousand", "three", "through", "thursday", "till", "time",
    "times", "to", "today", "together", "told", "too", "took", "top", "total", "toward", "towards", "trade",
    "traded", "trading", "trim", "trims", "tuesday", "turn", "turns", "two", "under", "unit", "units",
    "until", "up", "update", "upon", "use", "used", "value", "vehicles", "venture", "very", "via", "view",
    "views", "wait", "wall", "want", "wants", "warn", "warned", "warns", "was", "way", "we", "weak",
    "weaker", "wednesday", "week", "weekly", "weeks", "well", "went", "were", "what", "when", "where",
    "whether", "which", "while", "who", "whole", "why", "will", "win", "wins", "with", "within", "without",
    "won", "work", "world", "worth", "would", "wrapup", "year", "yearly", "years", "yet", "you", "your",
    "yr",
};
/* clang-format on */
enum { COMMON_COUNT = sizeof common / sizeof common[0] };

bool tw_fingerprint_is_common(struct tw_text word)
{
    return word.length <= COMMON_LONGEST && tw_text_is_one_of(word, common, COMMON_COUNT);
}

/* -- what a newswire puts before a title ----------------------------------------------------------------- */

/* Each is followed by a number, or none, and by one of the signs. */
static const struct {
    const char *word;
    const char *signs;
} prefixes[] = {{"UPDATE", "-:"}, {"WRAPUP", "-:"}, {"RPT", "-:"}, {"REFILE", "-:"}, {"CORRECTED", "-:("},
    {"CORRECTION", "-:"}, {"BRIEF", "-:"}, {"EXCLUSIVE", "-:"}, {"BREAKING", "-:"}, {"ALERT", "-:"},
    {"TEXT", "-:"}, {"FEATURE", "-:"}, {"ANALYSIS", "-:"}, {"BUZZ", "-:"}, {"RT", "@"}};

static uint32_t skip(struct tw_text text, uint32_t at, const char *of)
{
    while (at < text.length && strchr(of, text.bytes[at]) && text.bytes[at])
        at++;
    return at;
}

/* Behind the prefix that begins at `at`, or `at` where none does. */
static uint32_t skip_prefix(struct tw_text text, uint32_t at)
{
    uint32_t begin = skip(text, at, " *-");
    for (size_t row = 0; row < sizeof prefixes / sizeof prefixes[0]; row++) {
        size_t length = strlen(prefixes[row].word);
        if (text.length - begin <= length || strncasecmp(text.bytes + begin, prefixes[row].word, length) != 0)
            continue;
        uint32_t behind = skip(text, begin + (uint32_t)length, " 0123456789");
        if (behind == text.length || !text.bytes[behind] || !strchr(prefixes[row].signs, text.bytes[behind]))
            continue;
        if (text.bytes[behind] == '@') /* who told it first */
            while (behind < text.length && text.bytes[behind] != ' ' && text.bytes[behind] != ':')
                behind++;
        return skip(text, behind, " -:");
    }
    return at;
}

static uint32_t skip_prefixes(struct tw_text text)
{
    uint32_t at = 0;
    for (uint32_t next; (next = skip_prefix(text, at)) != at;)
        at = next;
    return at;
}

/* -- elements -------------------------------------------------------------------------------------------- */

/* Elements that are being collected. */
struct sketch {
    uint32_t *elements, *names;
    uint32_t count, name_count;
    bool whole;
};

/* Where an element stands, or would. */
static uint32_t place_of(const uint32_t *elements, uint32_t count, uint32_t element)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (elements[middle] < element)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void put(struct sketch *sketch, uint32_t element)
{
    uint32_t *elements = sketch->elements, place = place_of(elements, sketch->count, element);
    if (place < sketch->count && elements[place] == element)
        return;
    bool is_full = sketch->count == TW_FINGERPRINT_MOST;
    if (is_full) /* the largest one goes, or this one is it */
        sketch->whole = false;
    if (place == TW_FINGERPRINT_MOST)
        return;
    uint32_t behind = sketch->count - place - is_full;
    memmove(elements + place + 1, elements + place, behind * sizeof *elements);
    elements[place] = element;
    sketch->count += !is_full;
}

static void put_word(struct sketch *sketch, struct tw_text word, bool is_common, bool is_name)
{
    uint64_t hash = XXH3_64bits(word.bytes, word.length);
    for (uint64_t unit = 0; unit < (is_common ? COMMON_WEIGHT : RARE_WEIGHT); unit++) {
        uint32_t element = (uint32_t)(XXH3_64bits_withSeed(&hash, sizeof hash, unit) >> 32);
        bool is_first = !is_common && unit == 0;
        element = is_first ? element | 1U : element & ~1U;
        put(sketch, element);
        if (is_first && is_name && sketch->name_count < TW_FINGERPRINT_NAMES)
            sketch->names[sketch->name_count++] = element;
    }
}

/* In a text with small letters, 2 to 5 capitals are somebody's symbol, whatever else they spell: "IT", "ANY".
 * These few are not. */
static bool is_symbol(struct tw_text text, const struct tw_name_word *word)
{
    static const char *const others[] = {
        "CEO", "CFO", "US", "UK", "EU", "EPS", "CO", "PLC", "LLC", "LTD", "INC", "RT", "FY", "TEXT", "BRIEF"};
    uint32_t length = word->end - word->begin;
    if (length < 2 || length > 5)
        return false;
    for (uint32_t at = word->begin; at < word->end; at++)
        if (text.bytes[at] < 'A' || text.bytes[at] > 'Z')
            return false;
    for (size_t at = 0; at < sizeof others / sizeof others[0]; at++)
        if (strlen(others[at]) == length && memcmp(others[at], text.bytes + word->begin, length) == 0)
            return false;
    return true;
}

static bool has_small_letters(struct tw_text text)
{
    for (size_t at = 0; at < text.length; at++)
        if (tw_text_is_small(text.bytes[at]))
            return true;
    return false;
}

/* Does it hold a capital of ASCII, or a digit? */
static bool has_capital(struct tw_text text, const struct tw_name_word *word)
{
    for (uint32_t at = word->begin; at < word->end; at++)
        if (tw_text_is_capital(text.bytes[at]) || tw_text_is_digit(text.bytes[at]))
            return true;
    return false;
}

/* "U.S." is one word, "us": initials are collected until something else comes. */
struct initials {
    char letters[8];
    uint32_t count, end;
};

static bool joins(struct tw_text text, const struct initials *initials, const struct tw_name_word *word)
{
    if (word->length != 1 || initials->count == sizeof initials->letters)
        return false;
    return initials->count == 0 ? word->end < text.length && text.bytes[word->end] == '.'
                                : word->begin == initials->end + 1 && text.bytes[initials->end] == '.';
}

static void put_initials(struct sketch *sketch, struct initials *initials)
{
    struct tw_text letters = {initials->letters, initials->count};
    if (initials->count)
        put_word(sketch, letters, tw_fingerprint_is_common(letters), true);
    initials->count = 0;
}

static void put_words(struct sketch *sketch, struct tw_text text)
{
    struct tw_name_word word;
    struct initials initials = {.count = 0};
    bool has_symbols = has_small_letters(text);
    for (uint32_t at = skip_prefixes(text); tw_word_next(text, &at, &word);) {
        if (!word.letters || word.length == 0)
            continue;
        if (!joins(text, &initials, &word))
            put_initials(sketch, &initials);
        if (joins(text, &initials, &word)) {
            initials.letters[initials.count++] = word.folded[0];
            initials.end = word.end;
            continue;
        }
        struct tw_text folded = {word.folded, word.length};
        bool is_common = tw_fingerprint_is_common(folded) && !(has_symbols && is_symbol(text, &word));
        put_word(sketch, folded, is_common, has_capital(text, &word));
    }
    put_initials(sketch, &initials);
}

struct tw_fingerprint tw_fingerprint_of(const struct tw_document *document, struct tw_fingerprint_room *room)
{
    struct tw_text text = document->text;
    struct sketch sketch = {.elements = room->elements, .names = room->names, .whole = true};
    uint64_t entities = 0;
    for (uint32_t at = 0; at < document->entity_count; at++) {
        struct tw_text symbol = document->entities[at].symbol;
        entities |= UINT64_C(1) << XXH3_64bits(symbol.bytes, symbol.length) % 64;
    }
    if (text.length > TW_FINGERPRINT_BYTES)
        text.length = TW_FINGERPRINT_BYTES;
    put_words(&sketch, text);
    struct tw_fingerprint print = {
        .entities = entities,
        .elements = room->elements,
        .names = room->names,
        .count = (uint16_t)sketch.count,
        .name_count = sketch.whole ? (uint16_t)sketch.name_count : 0,
        .whole = sketch.whole,
    };
    tw_fingerprint_complete(&print);
    return print;
}

static uint64_t bit_of(uint32_t element)
{
    return UINT64_C(1) << (element >> 26);
}

void tw_fingerprint_complete(struct tw_fingerprint *print)
{
    print->rare = print->named = 0;
    for (uint32_t at = 0; at < print->count; at++)
        print->rare |= print->elements[at] & 1U ? bit_of(print->elements[at]) : 0;
    for (uint32_t at = 0; at < print->name_count; at++)
        print->named |= bit_of(print->names[at]);
}

/* -- likeness -------------------------------------------------------------------------------------------- */

/* Has it a name that the other lacks? Mostly the bits say so, and neither's elements are fetched from
 * memory. */
static bool has_more(const struct tw_fingerprint *print, const struct tw_fingerprint *other)
{
    if (print->named & ~other->rare)
        return true;
    for (uint32_t at = 0; at < print->name_count; at++) {
        uint32_t place = place_of(other->elements, other->count, print->names[at]);
        if (place == other->count || other->elements[place] != print->names[at])
            return true;
    }
    return false;
}

static bool names_others(const struct tw_fingerprint *left, const struct tw_fingerprint *right)
{
    if (left->entities && right->entities && !(left->entities & right->entities))
        return true;
    return left->whole && right->whole && has_more(left, right) && has_more(right, left);
}

int32_t tw_fingerprint_alike(const struct tw_fingerprint *left, const struct tw_fingerprint *right)
{
    if (names_others(left, right))
        return 0;
    uint32_t at = 0, other = 0, both = 0, all = 0;
    /* Of the union only the smallest elements are known, unless both are whole. */
    uint32_t most = left->whole && right->whole ? UINT32_MAX : TW_FINGERPRINT_MOST;
    while (all < most && (at < left->count || other < right->count)) {
        uint32_t mine = at < left->count ? left->elements[at] : UINT32_MAX;
        uint32_t theirs = other < right->count ? right->elements[other] : UINT32_MAX;
        both += mine == theirs && at < left->count && other < right->count;
        at += mine <= theirs && at < left->count;
        other += theirs <= mine && other < right->count;
        all++;
    }
    return all ? (int32_t)((uint64_t)both * 10000 / all) : 0;
}
