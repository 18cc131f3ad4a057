#include "slow_link.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "link/hashtags.h"
#include "link/link.h"
#include "link/symbol_list.h"
#include "link/terminal.h"
#include "link/tickers.h"
#include "names/entities.h"
#include "names/umlauts.h"
#include "names/variants.h"
#include "names/words.h"

struct name {
    struct tw_name_word *words; /* [count] */
    uint32_t count;
    bool exact;
    struct tw_text spelled;
    bool variant, titled; /* another spelling of one that is listed; with capitals as in names */
    bool umlauts;         /* with umlauts, which are pairs of letters in the words of `spelled` */
};

struct company {
    struct tw_text symbol;
    struct name *names;
    size_t name_count;
};

struct slow_companies {
    struct company *items;
    size_t count;
    json_t **lines; /* whose texts they are */
    size_t line_count;
};

static void *get(size_t count, size_t size)
{
    void *bytes = calloc(count ? count : 1, size);
    if (!bytes)
        abort();
    return bytes;
}

/* An array with room for one element more. */
static void *one_more(void *array, size_t count, size_t size)
{
    void *grown = count & (count - 1) ? array : realloc(array, (count ? count * 2 : 1) * size);
    if (!grown)
        abort();
    return grown;
}

/* ---- the file ---- */

static struct tw_text text_of(const json_t *value)
{
    return (struct tw_text){json_string_value(value), json_string_length(value)};
}

static bool is_common(const json_t *common, struct tw_text name)
{
    for (size_t at = 0; at < json_array_size(common); at++)
        if (tw_text_equal(text_of(json_array_get(common, at)), name))
            return true;
    return json_is_true(common);
}

/* Names of under four letters and digits, and common words, are matched in their case. */
static void read_name(struct name *name, struct tw_text text, bool common)
{
    struct tw_name_word words[TW_NAME_WORDS];
    uint32_t at = 0;
    size_t letters = 0;
    name->count = 0;
    while (name->count < TW_NAME_WORDS && tw_word_next(text, &at, &words[name->count])) {
        const struct tw_name_word *word = &words[name->count++];
        for (uint32_t byte = 0; word->letters && byte < word->length; byte++)
            letters += ((unsigned char)word->folded[byte] & 0xC0) != 0x80;
    }
    while (name->count > 1 && words[name->count - 1].length == 1 && words[name->count - 1].folded[0] == '.')
        name->count--;
    uint32_t begin = words[0].begin, end = words[name->count - 1].end;
    name->words = get(name->count, sizeof *name->words);
    memcpy(name->words, words, name->count * sizeof *name->words);
    name->spelled = (struct tw_text){text.bytes + begin, end - begin};
    name->exact = common || letters < 4;
}

static struct name *one_more_name(struct company *company)
{
    company->names = one_more(company->names, company->name_count, sizeof *company->names);
    struct name *name = &company->names[company->name_count++];
    *name = (struct name){.count = 0};
    return name;
}

static void add_company(struct slow_companies *companies, const json_t *object)
{
    const json_t *names = json_object_get(object, "names");
    if (!names || json_is_null(names))
        names = json_object_get(object, "aliases");
    bool single = !names || json_is_null(names);
    names = single ? json_object_get(object, "name") : names;
    single = single && json_is_string(names) && json_string_length(names);
    companies->items = one_more(companies->items, companies->count, sizeof *companies->items);
    struct company *company = &companies->items[companies->count++];
    *company = (struct company){.symbol = text_of(json_object_get(object, "symbol"))};
    for (size_t at = 0; at < (single ? 1 : json_array_size(names)); at++) {
        struct tw_text name = text_of(single ? names : json_array_get(names, at));
        read_name(one_more_name(company), name, is_common(json_object_get(object, "common"), name));
    }
}

/* Is one of the listed names of all companies of these words? */
static bool is_listed(const struct slow_companies *companies, const struct tw_text *words, uint32_t count)
{
    for (size_t at = 0; at < companies->count; at++)
        for (size_t nth = 0; nth < companies->items[at].name_count; nth++) {
            const struct name *name = &companies->items[at].names[nth];
            uint32_t alike = 0;
            while (alike < count && alike < name->count && !name->variant &&
                   tw_text_equal(
                       words[alike], (struct tw_text){name->words[alike].folded, name->words[alike].length}))
                alike++;
            if (alike == count && alike == name->count)
                return true;
        }
    return false;
}

static struct name *add_variant(const struct slow_companies *companies, struct company *company,
    const struct tw_text *words, uint32_t count, bool titled)
{
    if (is_listed(companies, words, count))
        return NULL;
    struct name *name = one_more_name(company);
    name->count = count;
    name->variant = true;
    name->titled = titled;
    name->words = get(count, sizeof *name->words);
    for (uint32_t at = 0; at < count; at++) {
        name->words[at].length = (uint32_t)words[at].length;
        memcpy(name->words[at].folded, words[at].bytes, words[at].length);
    }
    return name;
}

static void texts_of(const struct name *name, struct tw_text words[TW_NAME_WORDS])
{
    for (uint32_t word = 0; word < name->count; word++)
        words[word] = (struct tw_text){name->words[word].folded, name->words[word].length};
}

/* The other spellings of a name. */
static void add_variants_of(const struct slow_companies *companies, struct company *company,
    const struct tw_text *words, uint32_t count)
{
    struct tw_name_variants variants;
    struct tw_name_variant variant;
    tw_name_variants_begin(&variants, words, count);
    while (tw_name_variants_next(&variants, &variant))
        add_variant(companies, company, variant.words, variant.count, true);
}

/* A name with its umlauts as pairs of letters; false when it has none. */
static bool read_in_pairs(struct tw_text spelled, struct name *name)
{
    char bytes[1024];
    struct tw_text paired = tw_umlauts_as_pairs(spelled, bytes, sizeof bytes);
    if (paired.length == 0)
        return false;
    read_name(name, paired, false);
    for (uint32_t at = 0; at < name->count; at++)
        if (name->words[at].length == 0)
            name->count = 0;
    return name->count > 0;
}

static void add_in_pairs(
    const struct slow_companies *companies, struct company *company, const struct name *name)
{
    struct tw_text words[TW_NAME_WORDS];
    struct name paired = {.count = 0};
    if (!name->exact && read_in_pairs(name->spelled, &paired)) {
        texts_of(&paired, words);
        add_variant(companies, company, words, paired.count, false);
        add_variants_of(companies, company, words, paired.count);
    }
    free(paired.words);
}

/* The name with umlauts for its pairs of letters. */
static void add_umlauts(
    const struct slow_companies *companies, struct company *company, const struct name *name)
{
    struct tw_text words[TW_NAME_WORDS];
    struct tw_name_variant variant;
    texts_of(name, words);
    if (name->exact || !tw_umlauts_of_pairs(words, name->count, &variant))
        return;
    for (size_t at = 0; at < company->name_count; at++) {
        const struct name *other = &company->names[at];
        uint32_t alike = 0;
        while (alike < variant.count && alike < other->count && other->variant &&
               tw_text_equal(variant.words[alike],
                   (struct tw_text){other->words[alike].folded, other->words[alike].length}))
            alike++;
        if (alike == variant.count && alike == other->count)
            return;
    }
    struct name *made = add_variant(companies, company, variant.words, variant.count, false);
    if (made) {
        made->umlauts = true;
        made->spelled = name->spelled;
    }
}

/* The other spellings of a company's names and symbol. */
static void add_variants(const struct slow_companies *companies, struct company *company)
{
    size_t listed = company->name_count;
    struct tw_text words[TW_NAME_WORDS], number;
    for (size_t at = 0; at < listed; at++) {
        const struct name name = company->names[at]; /* whose array grows */
        add_in_pairs(companies, company, &name);
        texts_of(&name, words);
        add_variants_of(companies, company, words, name.exact ? 0 : name.count);
    }
    char bytes[TW_NUMBER_NAME_BYTES];
    for (uint32_t nth = 0; (number = tw_number_name(company->symbol, nth, bytes)).length > 0; nth++)
        add_variant(companies, company, &number, 1, false);
    for (size_t at = 0; at < listed; at++) {
        const struct name name = company->names[at];
        add_umlauts(companies, company, &name);
    }
}

struct slow_companies *slow_companies_new(struct tw_text lines)
{
    struct slow_companies *companies = get(1, sizeof *companies);
    for (size_t at = 0; at < lines.length;) {
        const char *end = memchr(lines.bytes + at, '\n', lines.length - at);
        size_t length = end ? (size_t)(end - lines.bytes) - at : lines.length - at;
        size_t bom = length >= 3 && memcmp(lines.bytes + at, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        json_t *object = json_loadb(lines.bytes + at + bom, length - bom, 0, NULL);
        if (object) {
            companies->lines = one_more(companies->lines, companies->line_count, sizeof(json_t *));
            companies->lines[companies->line_count++] = object;
            add_company(companies, object);
        }
        at += length + 1;
    }
    for (size_t at = 0; at < companies->count; at++)
        add_variants(companies, &companies->items[at]);
    return companies;
}

void slow_companies_free(struct slow_companies *companies)
{
    if (!companies)
        return;
    for (size_t at = 0; at < companies->count; at++) {
        for (size_t name = 0; name < companies->items[at].name_count; name++)
            free(companies->items[at].names[name].words);
        free(companies->items[at].names);
    }
    for (size_t at = 0; at < companies->line_count; at++)
        json_decref(companies->lines[at]);
    free(companies->items);
    free(companies->lines);
    free(companies);
}

/* ---- symbols ---- */

/* Capitals, ASCII, a full stop for each mark; false when a character has no such form. */
static bool key_of(struct tw_text symbol, char key[TW_SYMBOL_BYTES], size_t *length)
{
    size_t bytes = 1;
    *length = 0;
    for (size_t at = 0; at < symbol.length; at += bytes) {
        char byte = tw_word_ascii(symbol, at, &bytes);
        if (!byte || *length == TW_SYMBOL_BYTES)
            return false;
        byte = strchr("-/_", byte) ? '.' : byte;
        key[(*length)++] = byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
    }
    return *length > 0;
}

/* The company of that symbol; else the only one whose symbol is the same in another spelling. */
static int32_t find_symbol(const struct slow_companies *companies, struct tw_text symbol)
{
    char wanted[TW_SYMBOL_BYTES], key[TW_SYMBOL_BYTES];
    size_t wanted_length, length;
    int32_t found = TW_NO_ENTITY;
    for (size_t at = 0; at < companies->count; at++)
        if (tw_text_equal(companies->items[at].symbol, symbol))
            return (int32_t)at;
    if (!key_of(symbol, wanted, &wanted_length))
        return TW_NO_ENTITY;
    for (size_t at = 0; at < companies->count; at++) {
        if (!key_of(companies->items[at].symbol, key, &length) || length != wanted_length ||
            memcmp(key, wanted, length) != 0)
            continue;
        if (found != TW_NO_ENTITY)
            return TW_NO_ENTITY;
        found = (int32_t)at;
    }
    return found;
}

bool slow_symbols_agree(const struct slow_companies *companies, const struct tw_automaton *entities,
    struct tw_text text, char *what, size_t size)
{
    for (size_t length = 1; length <= text.length && length <= TW_SYMBOL_BYTES + 1; length++) {
        struct tw_text symbol = {text.bytes, length};
        int32_t found = tw_entities_find_symbol(entities, symbol), slowly = find_symbol(companies, symbol);
        if (length < text.length && ((unsigned char)text.bytes[length] & 0xC0) == 0x80)
            continue;
        if (found != slowly) {
            snprintf(what, size, "symbol \"%.*s\": found %d, slowly %d", (int)length, text.bytes, (int)found,
                (int)slowly);
            return false;
        }
    }
    return true;
}

/* ---- what stands in the text ---- */

struct linker {
    const struct slow_companies *companies;
    struct tw_ticker_scan scan;
    struct tw_text text;
    struct tw_name_word *words; /* all of the text */
    size_t word_count;
    struct tw_symbol_list list; /* symbols that are to come behind an exchange */
};

struct hit {
    uint32_t begin, end;
    int32_t company;       /* TW_NO_ENTITY: `symbol`, or nobody when that is empty */
    struct tw_text symbol; /* of one that is not listed */
    bool by_symbol;
    bool doubtful;                   /* an amount, unless something else names the company */
    bool several;                    /* owners, of whom one may be settled upon */
    uint32_t name_begin, name_words; /* the name's first word in the text, and how many */
};

static bool take(enum tw_symbol_found found, const struct tw_symbol *symbol, struct hit *hit)
{
    if (found == TW_SYMBOL_FULL)
        abort();
    hit->by_symbol = true;
    hit->company = symbol->entity;
    hit->symbol = symbol->symbol;
    return found == TW_SYMBOL_FOUND;
}

static bool take_ticker(enum tw_symbol_found found, const struct tw_ticker *ticker, struct hit *hit)
{
    hit->begin = ticker->begin;
    hit->end = ticker->end;
    return take(found, &ticker->symbol, hit);
}

/* ---- names ---- */

/* Is a stretch of text, its umlauts as pairs of letters, the name that is listed? */
static bool is_in_pairs(struct tw_text spelled, struct tw_text listed)
{
    struct name mine = {.count = 0}, theirs = {.count = 0};
    bool same = read_in_pairs(spelled, &mine);
    read_name(&theirs, listed, false);
    same = same && mine.count == theirs.count;
    for (uint32_t at = 0; same && at < mine.count; at++)
        same = mine.words[at].length == theirs.words[at].length &&
               memcmp(mine.words[at].folded, theirs.words[at].folded, mine.words[at].length) == 0;
    free(mine.words);
    free(theirs.words);
    return same;
}

/* Do the words of the text from `at` on spell the name, where a name may stand? */
static bool stands_at(const struct linker *linker, const struct name *name, size_t at)
{
    if (at + name->count > linker->word_count)
        return false;
    for (uint32_t word = 0; word < name->count; word++) {
        const struct tw_name_word *mine = &name->words[word], *theirs = &linker->words[at + word];
        if (mine->length != theirs->length || theirs->length == 0 ||
            memcmp(mine->folded, theirs->folded, mine->length) != 0)
            return false;
    }
    uint32_t begin = linker->words[at].begin, end = linker->words[at + name->count - 1].end;
    if (linker->list.next && end > linker->list.next)
        return false;
    struct tw_text spelled = {linker->text.bytes + begin, end - begin};
    if (name->umlauts && !is_in_pairs(spelled, name->spelled))
        return false;
    return (!name->exact || tw_word_spelled_alike(name->spelled, spelled)) &&
           (!name->titled || tw_word_is_titled(spelled)) && tw_word_edges(linker->text, begin, end);
}

static bool owns(const struct linker *linker, size_t company, size_t at, uint32_t words)
{
    const struct company *owner = &linker->companies->items[company];
    for (size_t name = 0; name < owner->name_count; name++)
        if (owner->names[name].count == words && stands_at(linker, &owner->names[name], at))
            return true;
    return false;
}

/* The longest name that stands at a word. */
static bool find_name(const struct linker *linker, size_t at, struct hit *hit)
{
    const struct slow_companies *companies = linker->companies;
    const struct name *longest = NULL;
    for (size_t company = 0; company < companies->count; company++)
        for (size_t nth = 0; nth < companies->items[company].name_count; nth++) {
            const struct name *name = &companies->items[company].names[nth];
            if ((!longest || name->count > longest->count) && stands_at(linker, name, at))
                longest = name;
        }
    if (!longest)
        return false;
    *hit = (struct hit){.begin = linker->words[at].begin,
        .end = linker->words[at + longest->count - 1].end,
        .company = TW_NO_ENTITY,
        .name_begin = (uint32_t)at,
        .name_words = longest->count};
    return true;
}

/* The company that a name stands for; false when it is part of something else. */
static bool take_name(const struct linker *linker, size_t at, struct hit *hit)
{
    struct tw_text spelled = {linker->text.bytes + hit->begin, hit->end - hit->begin};
    struct tw_ticker ticker = {0};
    enum tw_ticker_bare bare = tw_ticker_bare(&linker->scan, hit->begin, hit->end, &ticker);
    if (bare != TW_BARE_NAME)
        return bare == TW_BARE_SYMBOL && take_ticker(TW_SYMBOL_FOUND, &ticker, hit);
    size_t owners = 0;
    for (size_t company = 0; company < linker->companies->count; company++) {
        if (!owns(linker, company, at, hit->name_words))
            continue;
        hit->company = (int32_t)company;
        owners++;
        hit->by_symbol = tw_text_equal(linker->companies->items[company].symbol, spelled);
        if (hit->by_symbol)
            return true;
    }
    hit->several = owners > 1;
    hit->company = hit->several ? TW_NO_ENTITY : hit->company;
    return true;
}

static void cut_words(struct linker *linker)
{
    struct tw_name_word word;
    uint32_t at = 0;
    while (tw_word_next(linker->text, &at, &word)) {
        linker->words = one_more(linker->words, linker->word_count, sizeof word);
        linker->words[linker->word_count++] = word;
    }
}

/* The only company whose name the words of a hashtag are. */
static bool find_tag(const struct linker *linker, const struct tw_name_word *hash, struct hit *hit)
{
    struct tw_hashtag_words words;
    if (!tw_hashtag_words(&linker->scan, hash->begin, hash->end - hash->begin, &words))
        return false;
    struct linker tag = {.companies = linker->companies, .text = words.text};
    size_t owners = 0;
    *hit = (struct hit){.begin = hash->begin, .end = words.end, .company = TW_NO_ENTITY};
    cut_words(&tag);
    for (size_t company = 0; company < linker->companies->count; company++)
        if (owns(&tag, company, 0, (uint32_t)tag.word_count)) {
            hit->company = (int32_t)company;
            owners++;
        }
    free(tag.words);
    return owners == 1;
}

/* ---- the whole ---- */

struct hits {
    struct hit *items;
    size_t count;
    uint32_t dropped;
};

static void add_hit(struct hits *hits, const struct hit *hit)
{
    if (hits->count == TW_LINK_MENTIONS) {
        hits->dropped++;
        return;
    }
    hits->items = one_more(hits->items, hits->count, sizeof *hits->items);
    hits->items[hits->count++] = *hit;
}

/* The symbol to which a mark belongs that is no dollar sign. */
static bool find_by_mark(
    struct linker *linker, const struct tw_name_word *word, char mark, size_t taken, struct hit *hit)
{
    const struct tw_ticker_scan *scan = &linker->scan;
    size_t begin = word->begin, bytes = word->end - word->begin;
    struct tw_ticker ticker = {0};
    if (mark == '#')
        return take_ticker(tw_hashtag_find(scan, begin, bytes, &ticker), &ticker, hit);
    if (mark == '<')
        return take_ticker(tw_ticker_newswire(scan, begin, &ticker), &ticker, hit);
    if (mark != ':')
        return take_ticker(
            tw_symbol_list_bracketed(scan, begin, bytes, &linker->list, &ticker), &ticker, hit);
    return take_ticker(tw_symbol_list_begin(scan, begin, bytes, &linker->list, &ticker), &ticker, hit) ||
           (bytes == 1 && take_ticker(tw_terminal_symbol(scan, taken, begin, begin, &ticker), &ticker, hit));
}

/* The symbol whose market's code stands at [begin, end). */
static bool take_market(
    const struct linker *linker, size_t taken, uint32_t begin, uint32_t end, struct hit *hit)
{
    struct tw_ticker ticker = {0};
    *hit = (struct hit){.company = TW_NO_ENTITY};
    return tw_word_may_be_market(linker->text, begin, end) &&
           take_ticker(tw_terminal_symbol(&linker->scan, taken, begin, end, &ticker), &ticker, hit);
}

/* The symbol behind a word that says so. */
static bool take_worded(struct linker *linker, const struct tw_name_word *word, struct hit *hit)
{
    struct tw_ticker ticker = {0};
    *hit = (struct hit){.company = TW_NO_ENTITY};
    return tw_word_may_be_label(linker->text, word->begin, word->end) &&
           take_ticker(tw_symbol_list_worded(
                           &linker->scan, word->begin, word->end - word->begin, &linker->list, &ticker),
               &ticker, hit);
}

static void find_hits(struct linker *linker, struct hits *hits)
{
    size_t last_cashtag = 0, next = 0, taken = 0; /* next: the first byte that nothing has taken */
    for (size_t at = 0; at < linker->word_count; at++) {
        const struct tw_name_word *word = &linker->words[at];
        struct hit hit = {.company = TW_NO_ENTITY};
        struct tw_ticker ticker = {0};
        if (word->begin < next)
            continue;
        if (linker->list.next && word->begin >= linker->list.next &&
            take_ticker(tw_symbol_list_next(&linker->scan, &linker->list, &ticker), &ticker, &hit)) {
            next = taken = hit.end;
            add_hit(hits, &hit);
            continue;
        }
        hit = (struct hit){.company = TW_NO_ENTITY};
        char mark = !word->letters && word->length == 1 ? word->folded[0] : 0;
        bool found = false;
        if (mark == '$') {
            bool after = word->begin > 0 && word->begin == last_cashtag;
            found = take_ticker(
                tw_ticker_cashtag(&linker->scan, word->begin, word->end - word->begin, after, &ticker),
                &ticker, &hit);
            last_cashtag = found ? hit.end : last_cashtag;
            hit.doubtful = found && hit.company >= 0 && tw_ticker_is_doubtful(linker->text, &ticker);
            hit.by_symbol = hit.by_symbol && !hit.doubtful;
        } else if (mark && strchr("#<:([", mark)) {
            found = find_by_mark(linker, word, mark, taken, &hit);
        } else if (find_name(linker, at, &hit)) {
            uint32_t begin = hit.begin, end = hit.end;
            next = end;
            found = take_name(linker, at, &hit) || take_market(linker, taken, begin, end, &hit);
        } else {
            found =
                take_market(linker, taken, word->begin, word->end, &hit) || take_worded(linker, word, &hit);
        }
        if (!found && mark && strchr("$#<:([", mark)) {
            if (find_name(linker, at, &hit))
                found = take_name(linker, at, &hit);
            else if (mark == '#')
                found = find_tag(linker, word, &hit);
        }
        if (found) {
            next = taken = hit.end;
            add_hit(hits, &hit);
        }
    }
}

/* The one owner of a name whose symbol stands in the text. */
static void settle(const struct linker *linker, const struct hits *hits, struct hit *hit)
{
    size_t standing = 0;
    for (size_t company = 0; company < linker->companies->count; company++) {
        bool stands = false;
        for (size_t at = 0; at < hits->count && !stands; at++)
            stands = hits->items[at].by_symbol && hits->items[at].company == (int32_t)company;
        if (!stands || !owns(linker, company, hit->name_begin, hit->name_words))
            continue;
        hit->company = standing++ == 0 ? (int32_t)company : TW_NO_ENTITY;
    }
}

static struct tw_text symbol_of(const struct linker *linker, const struct hit *hit)
{
    return hit->company >= 0 ? linker->companies->items[hit->company].symbol : hit->symbol;
}

static bool differ(
    char *what, size_t size, const char *fact, struct tw_text symbol, uint64_t left, uint64_t right)
{
    snprintf(what, size, "%s \"%.*s\": linked %llu, slowly %llu", fact, (int)symbol.length, symbol.bytes,
        (unsigned long long)left, (unsigned long long)right);
    return false;
}

/* Is a cashtag an amount, since nothing else in the text names its company? */
static bool is_amount(const struct hits *hits, const struct hit *hit)
{
    for (size_t at = 0; at < hits->count; at++)
        if (hits->items[at].company == hit->company && !hits->items[at].doubtful)
            return false;
    return hit->doubtful;
}

/* Is a mention counted? One of no bytes only for a company that is mentioned nowhere else, once. */
static bool counts(const struct linker *linker, const struct hits *hits, size_t nth)
{
    const struct hit *hit = &hits->items[nth];
    if ((hit->several && hit->company == TW_NO_ENTITY) || is_amount(hits, hit))
        return false;
    for (size_t at = 0; at < hits->count && hit->begin == hit->end; at++) {
        const struct hit *other = &hits->items[at];
        bool dropped = other->several && other->company == TW_NO_ENTITY;
        bool same = !dropped && other->company == hit->company &&
                    tw_text_equal(symbol_of(linker, other), symbol_of(linker, hit));
        if (same && (other->end > other->begin || at < nth))
            return false;
    }
    return true;
}

static bool compare(const struct linker *linker, const struct hits *hits, const struct tw_document *document,
    char *what, size_t size)
{
    uint32_t mention = 0;
    const struct tw_text none = {"", 0};
    for (size_t at = 0; at < hits->count; at++) {
        const struct hit *hit = &hits->items[at];
        if (!counts(linker, hits, at))
            continue;
        struct tw_text symbol = symbol_of(linker, hit);
        if (mention == document->mention_count)
            return differ(what, size, "mentions end before", symbol, mention, mention + 1);
        const struct tw_mention *theirs = &document->mentions[mention++];
        const struct tw_linked_entity *entity = &document->entities[theirs->entity];
        if (theirs->begin != hit->begin || theirs->end != hit->end)
            return differ(what, size, "another place of", symbol, theirs->begin, hit->begin);
        if (!tw_text_equal(entity->symbol, symbol) || entity->listed != (hit->company >= 0))
            return differ(what, size, "another company than", symbol, theirs->begin, hit->begin);
    }
    return mention == document->mention_count ||
           differ(what, size, "mentions more than", none, document->mention_count, mention);
}

bool slow_link_agrees(const struct slow_companies *companies, const struct tw_automaton *entities,
    bool unlisted, const struct tw_document *document, struct tw_arena *arena, char *what, size_t size)
{
    struct linker linker = {.companies = companies,
        .text = document->text,
        .scan = {entities, unlisted, document->text, 0, arena}};
    struct hits hits = {NULL, 0, 0};
    uint32_t unknown = 0;
    const struct tw_text none = {"", 0};
    linker.scan.title_length = document->title_length;
    cut_words(&linker);
    for (uint32_t at = 0; at < document->symbol_count && at < TW_LINK_ENTITIES; at++) {
        struct hit hit = {.company = TW_NO_ENTITY};
        struct tw_symbol symbol = {0};
        if (take(tw_symbol_resolve(entities, document->symbols[at], unlisted, arena, &symbol), &symbol, &hit))
            add_hit(&hits, &hit);
        else
            unknown++;
    }
    find_hits(&linker, &hits);
    for (size_t at = 0; at < hits.count; at++)
        if (hits.items[at].several)
            settle(&linker, &hits, &hits.items[at]);
    bool same = compare(&linker, &hits, document, what, size);
    if (same && unknown != document->symbols_unknown)
        same = differ(what, size, "symbols of nobody", none, document->symbols_unknown, unknown);
    free(hits.items);
    free(linker.words);
    return same;
}
