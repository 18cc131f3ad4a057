#include "names/automaton.h"

#include "names/name_table.h"
#include "names/symbol_table.h"
#include "names/table_memory.h"
#include "names/variants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_BELOW = 4 }; /* a name with fewer letters and digits matches as spelled */

struct tw_automaton {
    struct tw_name_table names;
    struct tw_symbol_table symbols;
    struct tw_entity *entities;
    size_t entities_room;
    uint32_t entity_count;
    struct tw_arena strings;
    char sha256[65];
};

void tw_entities_free(struct tw_automaton *automaton)
{
    if (!automaton)
        return;
    tw_name_table_end(&automaton->names);
    tw_symbol_table_end(&automaton->symbols);
    free(automaton->entities);
    tw_arena_end(&automaton->strings);
    free(automaton);
}

/* ---- names ---- */

/* Code points in a folded word. */
static size_t count_characters(const struct tw_name_word *word)
{
    size_t count = 0;
    for (uint32_t at = 0; at < word->length; at++)
        count += ((unsigned char)word->folded[at] & 0xC0) != 0x80;
    return count;
}

void tw_automaton_fail_name(struct tw_text name, const char *cure, const char *what, struct tw_error *err)
{
    int shown = name.length > 60 ? 60 : (int)name.length;
    while (shown > 0 && shown < (int)name.length && ((unsigned char)name.bytes[shown] & 0xC0) == 0x80)
        shown--;
    tw_fail(err, TW_CONFIG, NULL, cure, "name \"%.*s\" %s", shown, name.bytes, what);
}

/* The words of a name, a full stop at its end left out. */
static bool cut_name(
    struct tw_text name, struct tw_name_word *words, uint32_t *count, size_t *letters, struct tw_error *err)
{
    uint32_t at = 0;
    *count = 0;
    *letters = 0;
    struct tw_name_word word;
    while (tw_word_next(name, &at, &word)) {
        if (*count == TW_NAME_WORDS) {
            tw_automaton_fail_name(name, "shorten it", "has more than 32 words and marks", err);
            return false;
        }
        if (word.length == 0) {
            tw_automaton_fail_name(name, "shorten it", "holds a word of more than 96 bytes", err);
            return false;
        }
        if (word.letters)
            *letters += count_characters(&word);
        words[(*count)++] = word;
    }
    while (*count > 1 && words[*count - 1].length == 1 && words[*count - 1].folded[0] == '.')
        --*count;
    if (*letters == 0) {
        tw_automaton_fail_name(name, "remove it", "has no letter or digit", err);
        return false;
    }
    return true;
}

bool tw_automaton_add_name(
    struct tw_automaton *automaton, uint32_t entity, struct tw_text name, bool common, struct tw_error *err)
{
    struct tw_name_word words[TW_NAME_WORDS];
    struct tw_name_given given = {.words = words};
    size_t letters;
    if (!cut_name(name, words, &given.word_count, &letters, err))
        return false;
    given.spelled =
        (struct tw_text){name.bytes + words[0].begin, words[given.word_count - 1].end - words[0].begin};
    given.exact = common || letters < EXACT_BELOW;
    return tw_name_table_add(&automaton->names, &given, entity, err);
}

/* ---- filling ---- */

static bool keep_string(
    struct tw_automaton *automaton, struct tw_text from, struct tw_text *to, struct tw_error *err)
{
    *to = tw_arena_copy(&automaton->strings, from);
    return to->bytes ? true : tw_arena_fail(&automaton->strings, err);
}

/* Is it one of the file in other case? Texts could name neither then: "$velq" and "$VELQ" are one cashtag. */
static bool check_case(const struct tw_automaton *automaton, struct tw_text symbol, struct tw_error *err)
{
    int32_t found = tw_symbol_table_find_alike(&automaton->symbols, automaton->entities, symbol);
    if (found == TW_NO_ENTITY)
        return true;
    struct tw_text other = automaton->entities[found].symbol;
    return other.length != symbol.length || strncasecmp(other.bytes, symbol.bytes, symbol.length) != 0 ||
           tw_fail(err, TW_CONFIG, NULL,
               "put all names of the company into one line, its symbol as the market writes it",
               "symbol %.*s stands in the file already, as %.*s", (int)symbol.length, symbol.bytes,
               (int)other.length, other.bytes);
}

bool tw_automaton_add(
    struct tw_automaton *automaton, const struct tw_entity *entity, uint32_t *index, struct tw_error *err)
{
    struct tw_text symbol = entity->symbol;
    if (tw_entities_find(automaton, symbol) != TW_NO_ENTITY)
        return tw_fail(err, TW_CONFIG, NULL, "put all its names into one line",
            "symbol %.*s stands in the file twice", (int)symbol.length, symbol.bytes);
    if (!check_case(automaton, symbol, err))
        return false;
    if (!tw_table_grow((void **)&automaton->entities, &automaton->entities_room,
            automaton->entity_count + (size_t)1, sizeof *automaton->entities, err))
        return false;
    struct tw_entity *made = &automaton->entities[automaton->entity_count];
    *made = (struct tw_entity){0};
    if (!keep_string(automaton, symbol, &made->symbol, err) ||
        !keep_string(automaton, entity->exchange, &made->exchange, err) ||
        !keep_string(automaton, entity->kind, &made->kind, err) ||
        !keep_string(automaton, entity->sector, &made->sector, err))
        return false;
    made->name = made->symbol;
    if (entity->name.length && !keep_string(automaton, entity->name, &made->name, err))
        return false;
    *index = automaton->entity_count++;
    return tw_symbol_table_add(&automaton->symbols, automaton->entities, automaton->entity_count, err);
}

bool tw_automaton_begin(struct tw_automaton **out, struct tw_error *err)
{
    struct tw_automaton *automaton = calloc(1, sizeof *automaton);
    if (!automaton)
        return tw_table_fail(err);
    /* Address space only: pages are touched as entities are read. */
    if (!tw_arena_begin(&automaton->strings, (size_t)4 << 30, err) ||
        !tw_name_table_begin(&automaton->names, err) || !tw_symbol_table_begin(&automaton->symbols, err)) {
        tw_entities_free(automaton);
        return false;
    }
    *out = automaton;
    return true;
}

/* Numbers with their exchange before them are names, too: SH600999. */
static bool add_numbers(struct tw_automaton *automaton, struct tw_error *err)
{
    char bytes[TW_NUMBER_NAME_BYTES];
    for (uint32_t entity = 0; entity < automaton->entity_count; entity++) {
        struct tw_text symbol = automaton->entities[entity].symbol, name;
        for (uint32_t nth = 0; (name = tw_number_name(symbol, nth, bytes)).length > 0; nth++)
            if (!tw_name_table_add_number(&automaton->names, name, entity, err))
                return false;
    }
    return true;
}

bool tw_automaton_seal(struct tw_automaton *automaton, const char sha256[65], struct tw_error *err)
{
    memcpy(automaton->sha256, sha256, sizeof automaton->sha256);
    tw_symbol_table_seal(&automaton->symbols, automaton->entities, automaton->entity_count);
    return add_numbers(automaton, err) && tw_name_table_seal(&automaton->names, err);
}

/* ---- asking ---- */

uint32_t tw_entities_count(const struct tw_automaton *automaton)
{
    return automaton->entity_count;
}

const struct tw_entity *tw_entities_at(const struct tw_automaton *automaton, uint32_t index)
{
    return &automaton->entities[index];
}

int32_t tw_entities_find(const struct tw_automaton *automaton, struct tw_text symbol)
{
    return automaton ? tw_symbol_table_find(&automaton->symbols, automaton->entities, symbol) : TW_NO_ENTITY;
}

int32_t tw_entities_find_symbol(const struct tw_automaton *automaton, struct tw_text symbol)
{
    return automaton ? tw_symbol_table_find_key(&automaton->symbols, automaton->entities, symbol)
                     : TW_NO_ENTITY;
}

bool tw_entities_continues(const struct tw_automaton *automaton, struct tw_text symbol)
{
    return automaton && tw_symbol_table_continues(&automaton->symbols, automaton->entities, symbol);
}

const char *tw_entities_sha256(const struct tw_automaton *automaton)
{
    return automaton->sha256;
}

uint64_t tw_entities_name_count(const struct tw_automaton *automaton)
{
    return automaton->names.count;
}

void tw_entities_shared_names(const struct tw_automaton *automaton, struct tw_shared_names *out)
{
    out->count = tw_name_table_shared(&automaton->names, out->shown, sizeof out->shown, out->owners);
}

uint32_t tw_entities_nameless(const struct tw_automaton *automaton)
{
    uint32_t count = 0; /* what has no name is shown by its symbol, in the same bytes */
    for (uint32_t at = 0; at < automaton->entity_count; at++)
        count += automaton->entities[at].name.bytes == automaton->entities[at].symbol.bytes;
    return count;
}

size_t tw_entities_bytes(const struct tw_automaton *automaton)
{
    return sizeof *automaton + automaton->strings.used +
           automaton->entities_room * sizeof *automaton->entities + tw_name_table_bytes(&automaton->names) +
           2 * automaton->symbols.slot_count * sizeof *automaton->symbols.keys;
}

bool tw_entities_owner(const struct tw_automaton *automaton, struct tw_text text,
    const struct tw_name_match *match, uint32_t *at, uint32_t *entity)
{
    return tw_name_table_owner(&automaton->names, text, match, at, entity);
}

/* ---- the walk ---- */

/* Has the walk been moved back, or to another end of the text? */
static bool is_elsewhere(const struct tw_word_walk *walk)
{
    const struct tw_words_ahead *ahead = &walk->ahead;
    uint32_t passed = ahead->next ? ahead->words[ahead->next - 1].end : ahead->from;
    return ahead->length != walk->text.length || walk->at < passed;
}

/* Forgets what was read, to go on at `at`. */
static void start_ahead(struct tw_word_walk *walk)
{
    struct tw_words_ahead *ahead = &walk->ahead;
    ahead->count = ahead->next = ahead->judged = 0;
    ahead->from = ahead->at = walk->at;
    ahead->length = walk->text.length;
}

/* Reads the next words and asks the filters for them; false at the end of the text. */
static bool read_ahead(const struct tw_name_table *names, struct tw_word_walk *walk)
{
    struct tw_words_ahead *ahead = &walk->ahead;
    enum { MOST = TW_WORDS_AHEAD + 2 };
    uint32_t kept = ahead->count - ahead->judged, count = kept, skipped = ahead->next - ahead->judged;
    memmove(ahead->words, ahead->words + ahead->judged, kept * sizeof *ahead->words);
    ahead->from = count ? ahead->words[0].begin : ahead->at;
    for (; count < MOST && tw_skim_next(walk->text, &ahead->at, &ahead->words[count]); count++)
        if (names)
            tw_name_table_prefetch(names, ahead->words[count].number);
    for (uint32_t behind = count; behind < MOST; behind++)
        ahead->words[behind].number = 0;
    ahead->count = count;
    ahead->judged = count < TW_WORDS_AHEAD ? count : TW_WORDS_AHEAD;
    ahead->beginnings = names ? tw_name_table_beginnings(names, ahead->words, ahead->judged) : 0;
    ahead->next = skipped;
    return ahead->next < ahead->count;
}

/* Where link looks for a symbol. */
static bool is_stop(char mark)
{
    return mark == '$' || mark == '#' || mark == '<' || mark == ':' || mark == '(' || mark == '[';
}

bool tw_entities_next(const struct tw_automaton *automaton, struct tw_word_walk *walk, bool *stopped,
    struct tw_name_match *match)
{
    const struct tw_name_table *names = automaton ? &automaton->names : NULL;
    struct tw_words_ahead *ahead = &walk->ahead;
    *stopped = false;
    if (is_elsewhere(walk))
        start_ahead(walk);
    for (; ahead->next < ahead->judged || read_ahead(names, walk); ahead->next++) {
        const struct tw_skimmed_word *word = &ahead->words[ahead->next];
        if (word->begin < walk->at) /* passed, or what is left of a word that a symbol ends within */
            continue;
        bool stops = is_stop(word->mark), begins = ahead->beginnings >> ahead->next & 1;
        bool found = begins && tw_name_table_find(names, walk->text, word, match);
        if (found && !stops) {
            walk->at = match->end;
            return true;
        }
        if (stops || tw_word_may_be_market(walk->text, word->begin, word->end) ||
            tw_word_may_be_label(walk->text, word->begin, word->end)) {
            if (!found)
                *match = (struct tw_name_match){0};
            walk->at = word->begin;
            *stopped = true;
            return false;
        }
    }
    walk->at = (uint32_t)walk->text.length;
    return false;
}
