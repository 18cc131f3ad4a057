/* entities: the entities file, as an automaton that finds every name in one pass.
 *
 *   in    JSON Lines, one company (sector, index, ...) a line:
 *           {"symbol":"OM","names":["Outboard Marine Corp","Outboard Marine"],"common":false}
 *         symbol    1 to 64 bytes, no space at either end; once in the file, whatever its case. "ticker" is
 *                   read in its place, and a number for its digits
 *         names     an array of texts, or one text with ; or | between them; the first is the name shown; may
 *                   be left out or empty: the symbol is shown then. "aliases" are names, too, and where
 *                   "names" is missing, so is one text under "name", or what else tables of companies call
 *                   it ("company_name", "longName", "title"), before them
 *         common    true: all its names are common words; or an array of those names that are
 *         exchange, kind, sector: text, kept for views; other fields are ignored
 *   out   struct tw_automaton: immutable, shared by all threads, swapped whole on reload
 *
 * How names are matched. Names and texts are cut into words and brought into one form (words.h): case,
 * accents, width, hyphens, quotes and joiners make no difference. A name matches whole words, whatever white
 * space stands between them; the longest name that starts at a word wins; a full stop at a name's end is not
 * asked for ("Apple Inc." finds "Apple Inc"). A name of under four letters and digits or marked common
 * matches in its exact case only. Other names are found in other spellings of their legal form, of "and" and
 * without "The" (variants.h), and with pairs of letters for umlauts or umlauts for them (umlauts.h): one that
 * the file lists comes first, and one of two companies names neither.
 *
 * How it works: names and symbols stand in hash tables, and filters before them know of almost every place of
 * a text that no name begins there (name_table.h). So a text costs a few look-ups in the nearest cache a
 * word, whatever the number of names, and at most TW_NAME_WORDS more where names begin with the same words
 * (tests/bench/bench_aliases.c).
 *
 * Errors name file and line; loading is whole or not at all. */
#ifndef TW_ENTITIES_H
#define TW_ENTITIES_H

#include <strings.h>

#include "base/arena.h"
#include "document.h"
#include "names/skim.h"

enum {
    TW_NAME_WORDS = 32,   /* words in a name at most */
    TW_SYMBOL_BYTES = 64, /* bytes in a symbol at most */
    TW_NO_ENTITY = -1,
    TW_ENTITIES_TOLD = 100,
};

struct tw_automaton;

struct tw_entity {
    struct tw_text symbol;
    struct tw_text name;                   /* the first name; the symbol when there is none */
    struct tw_text exchange, kind, sector; /* empty when not given */
};

/* Loads a file (as archive.h reads them: plain, gz, zst). TW_CONFIG for what it says, TW_IO for reading
 * it. */
TW_MUST_USE bool tw_entities_load(const char *path, struct tw_automaton **out, struct tw_error *err);
/* Told of each line that is wrong, in order, TW_ENTITIES_TOLD at the most: loading goes on behind it, and
 * fails at the end. */
struct tw_entities_watch {
    void *context;
    void (*wrong)(void *context, const struct tw_error *why);
};
/* Loads a file and tells all that is wrong with it; err is the first of it. */
TW_MUST_USE bool tw_entities_load_watched(
    const char *path, const struct tw_entities_watch *watch, struct tw_automaton **out, struct tw_error *err);
/* The same from memory; `name` stands for the file in errors. */
TW_MUST_USE bool tw_entities_parse(
    const char *name, struct tw_text contents, struct tw_automaton **out, struct tw_error *err);
/* NULL is fine. */
void tw_entities_free(struct tw_automaton *automaton);

/* How many entities the file lists. */
uint32_t tw_entities_count(const struct tw_automaton *automaton);
/* Entities in order of the file. */
const struct tw_entity *tw_entities_at(const struct tw_automaton *automaton, uint32_t index);
/* Index of the entity with this symbol, or TW_NO_ENTITY. */
int32_t tw_entities_find(const struct tw_automaton *automaton, struct tw_text symbol);
/* Index of the entity whose symbol is this one in any spelling of its own characters: any case, full-width or
 * not, any mark before a class (symbols.h). TW_NO_ENTITY when there is none, or two that differ in nothing
 * else. */
int32_t tw_entities_find_symbol(const struct tw_automaton *automaton, struct tw_text symbol);
/* Does a longer symbol of the file begin with this one, which the file has in some spelling too? */
bool tw_entities_continues(const struct tw_automaton *automaton, struct tw_text symbol);
/* SHA-256 of the file's lines, unpacked, each ended by LF (what sha256sum says of a plain file with such
 * ends): 64 hexadecimal digits and a NUL. */
const char *tw_entities_sha256(const struct tw_automaton *automaton);
/* How many names they have together. */
uint64_t tw_entities_name_count(const struct tw_automaton *automaton);
/* Names that texts can spell so that several entities own them: such a name names none of them, but where the
 * symbol of one stands beside it. */
struct tw_shared_names {
    uint64_t count;
    char shown[96];     /* one of them, by its words */
    uint32_t owners[2]; /* two entities that own it */
};
void tw_entities_shared_names(const struct tw_automaton *automaton, struct tw_shared_names *out);
/* How many entities have no name: texts find them by their symbols alone. */
uint32_t tw_entities_nameless(const struct tw_automaton *automaton);
/* Bytes of memory that all of it takes. */
size_t tw_entities_bytes(const struct tw_automaton *automaton);

/* What stands at one place of a text. */
struct tw_name_match {
    uint32_t begin, end;  /* bytes into the text */
    uint32_t name;        /* to be asked by tw_entities_owner */
    uint32_t owner_count; /* different entities that own the name, as spelled here: 1, or more: ambiguous */
};

enum { TW_WORDS_AHEAD = 16 };

/* Words that have been read already, many at once: what the filters say of one is fetched while others are
 * read. */
struct tw_words_ahead {
    struct tw_skimmed_word words[TW_WORDS_AHEAD + 2]; /* the last two are looked at with those before them */
    uint32_t count, next;                             /* words that stand there; the next of them */
    uint32_t judged;                                  /* words of which `beginnings` tells */
    uint32_t beginnings;                              /* a bit for each that may begin a name */
    uint32_t from, at; /* of the text: where they begin, and where reading goes on */
    size_t length;     /* of the text that they were read from */
};

/* A walk over a text, word by word. Set text, at = 0, then call next; a caller that deals with a stretch
 * itself (a cashtag) moves `at` past it. */
struct tw_word_walk {
    struct tw_text text;
    uint32_t at;
    struct tw_words_ahead ahead; /* tw_entities_next's own; zeros before the first call */
};

/* May the word [begin, end) be the code of a market behind a symbol (link/terminal.h): one or two capitals
 * behind a blank or full stop, before which a capital or digit stands? Asked of each word of a text. */
static inline bool tw_word_may_be_market(struct tw_text text, size_t begin, size_t end)
{
    if (end - begin > 2 || begin < 2 || !tw_text_is_capital(text.bytes[begin]))
        return false;
    char joint = text.bytes[begin - 1], before = text.bytes[begin - 2];
    return (joint == ' ' || joint == '.') && tw_text_is_capital(text.bytes[end - 1]) &&
           (tw_text_is_capital(before) || tw_text_is_digit(before));
}

/* May the word [begin, end) say that a symbol stands behind it (link/symbol_list.h): "symbol", "ticker",
 * with one letter more or none ("tickers", "symbole")? Asked of each word, and of most the length alone. */
static inline bool tw_word_may_be_label(struct tw_text text, size_t begin, size_t end)
{
    enum { LETTERS = 6, MOST = 7 };
    const char *bytes = text.bytes + begin;
    if (end - begin < LETTERS || end - begin > MOST || ((bytes[0] | 0x20) != 's' && (bytes[0] | 0x20) != 't'))
        return false;
    return strncasecmp(bytes, "symbol", LETTERS) == 0 || strncasecmp(bytes, "ticker", LETTERS) == 0;
}

/* The next name at or after walk->at, the longest that starts there; moves walk->at past it. A dollar sign,
 * '#', '<', ':' or bracket before it, or a word that begins no name and may be the code of a market or a
 * label, ends the walk early with *stopped = true and walk->at on it; the match is the name that begins with
 * just that mark ("#Velquin Media"), to be taken where no symbol stands there, and its end is 0 when there
 * is none. False at the end. `automaton` may be NULL: then only those stops are found. */
bool tw_entities_next(const struct tw_automaton *automaton, struct tw_word_walk *walk, bool *stopped,
    struct tw_name_match *match);

/* The entities that own the match, one after another: *at is 0 before the first. False behind the last. */
bool tw_entities_owner(const struct tw_automaton *automaton, struct tw_text text,
    const struct tw_name_match *match, uint32_t *at, uint32_t *entity);

#endif
