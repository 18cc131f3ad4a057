#include "link/automaton.h"

#include "link/terminal.h"
#include "link/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum {
    NO_NODE = 0,          /* node 0 is the root, to which no edge leads */
    EXACT_BELOW = 4,      /* a name with fewer letters and digits matches as spelled */
    BEGINNINGS = 1 << 16, /* bits of the filter over first words */
};

struct interned {
    uint32_t offset; /* into words */
    uint32_t length;
    uint32_t first; /* node that this word leads to out of the root, NO_NODE: none */
};

struct edge {
    uint32_t node, word, child; /* child NO_NODE: the slot is free */
};

struct owner {
    uint32_t entity;
    uint32_t next;     /* index + 1 of the node's next owner, 0: the last */
    uint32_t spelling; /* offset into words of the name as spelled, when exact */
    uint32_t spelling_length;
    bool exact;
};

struct node {
    uint32_t owners; /* index + 1 of the first, 0: no name ends here */
};

/* An array that grows by half. */
#define ROOM_FOR(automaton, array, one_more, err)                                                            \
    grow((void **)&(automaton)->array, &(automaton)->array##_room, one_more, sizeof *(automaton)->array, err)

struct tw_automaton {
    struct tw_entity *entities;
    size_t entities_room;
    uint32_t entity_count;
    char *words; /* folded words and exact spellings */
    size_t words_room;
    size_t words_used;
    struct interned *dictionary;
    size_t dictionary_room;
    uint32_t word_count;
    struct node *nodes;
    size_t nodes_room;
    uint32_t node_count;
    struct owner *owners;
    size_t owners_room;
    uint32_t owner_count;
    uint32_t *word_slots; /* index + 1 of a word, by hash; length a power of two */
    size_t word_slot_count;
    struct edge *edges; /* by hash of node and word; length a power of two */
    size_t edge_slot_count;
    size_t edge_count;
    uint32_t *symbol_slots; /* index + 1 of an entity, by hash of its symbol */
    uint32_t *key_slots;    /* the same by hash of its key; SHARED is added where two have one key */
    size_t symbol_slot_count;
    uint64_t name_count;
    uint32_t marks[128]; /* node that an ASCII mark leads to out of the root */
    /* A bit for each word with which a name begins: almost no word of a text does, and is not looked up. */
    uint64_t beginnings[BEGINNINGS / 64];
    struct tw_arena strings;
    char sha256[65];
};

/* ---- memory ---- */

static bool fail_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "load fewer entities or give the process more memory",
        "no memory for the entities");
}

/* Makes room for `needed` elements. */
static bool grow(void **array, size_t *room, size_t needed, size_t size, struct tw_error *err)
{
    if (needed <= *room)
        return true;
    if (needed > UINT32_MAX)
        return fail_memory(err);
    size_t wanted = needed + needed / 2 + 64;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return fail_memory(err);
    *array = grown;
    *room = wanted;
    return true;
}

void tw_entities_free(struct tw_automaton *automaton)
{
    if (!automaton)
        return;
    free(automaton->entities);
    free(automaton->words);
    free(automaton->dictionary);
    free(automaton->nodes);
    free(automaton->owners);
    free(automaton->word_slots);
    free(automaton->edges);
    free(automaton->symbol_slots);
    free(automaton->key_slots);
    tw_arena_end(&automaton->strings);
    free(automaton);
}

/* ---- words ---- */

static uint64_t hash_of(const char *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

/* A word's bit of the filter: by its first four bytes, its last one and its length. */
static uint32_t beginning_of(const struct tw_name_word *word)
{
    uint32_t first; /* the buffer has room for so many bytes; those behind the word are no part of it */
    memcpy(&first, word->folded, sizeof first);
    if (word->length < sizeof first)
        first &= (UINT32_C(1) << 8 * word->length) - 1;
    first += (uint32_t)(unsigned char)word->folded[word->length - 1] << 13 ^ word->length * 0x85EBCA6Bu;
    return first * 0x9E3779B1u >> 16;
}

/* The slot of a word: where it stands or would stand. */
static size_t word_slot(const struct tw_automaton *automaton, const char *bytes, size_t length)
{
    size_t mask = automaton->word_slot_count - 1;
    size_t slot = hash_of(bytes, length) & mask;
    for (; automaton->word_slots[slot]; slot = (slot + 1) & mask) {
        const struct interned *word = &automaton->dictionary[automaton->word_slots[slot] - 1];
        if (word->length == length && memcmp(automaton->words + word->offset, bytes, length) == 0)
            break;
    }
    return slot;
}

static bool resize_word_slots(struct tw_automaton *automaton, size_t count, struct tw_error *err)
{
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return fail_memory(err);
    free(automaton->word_slots);
    automaton->word_slots = slots;
    automaton->word_slot_count = count;
    for (uint32_t word = 0; word < automaton->word_count; word++) {
        const struct interned *interned = &automaton->dictionary[word];
        slots[word_slot(automaton, automaton->words + interned->offset, interned->length)] = word + 1;
    }
    return true;
}

static bool keep_bytes(
    struct tw_automaton *automaton, const char *bytes, size_t length, uint32_t *offset, struct tw_error *err)
{
    if (!ROOM_FOR(automaton, words, automaton->words_used + length, err))
        return false;
    memcpy(automaton->words + automaton->words_used, bytes, length);
    *offset = (uint32_t)automaton->words_used;
    automaton->words_used += length;
    return true;
}

static bool intern(
    struct tw_automaton *automaton, const struct tw_name_word *word, uint32_t *out, struct tw_error *err)
{
    size_t slot = word_slot(automaton, word->folded, word->length);
    if (automaton->word_slots[slot]) {
        *out = automaton->word_slots[slot] - 1;
        return true;
    }
    struct interned interned = {.length = word->length, .first = NO_NODE};
    if (!keep_bytes(automaton, word->folded, word->length, &interned.offset, err) ||
        !ROOM_FOR(automaton, dictionary, automaton->word_count + (size_t)1, err))
        return false;
    automaton->dictionary[automaton->word_count] = interned;
    *out = automaton->word_count++;
    automaton->word_slots[slot] = *out + 1;
    if (automaton->word_count * (size_t)2 > automaton->word_slot_count)
        return resize_word_slots(automaton, automaton->word_slot_count * 2, err);
    return true;
}

/* ---- the trie ---- */

static size_t edge_slot(const struct tw_automaton *automaton, uint32_t node, uint32_t word)
{
    size_t mask = automaton->edge_slot_count - 1;
    uint64_t key = ((uint64_t)node << 32 | word) * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(key ^ key >> 32) & mask;
    for (; automaton->edges[slot].child != NO_NODE; slot = (slot + 1) & mask)
        if (automaton->edges[slot].node == node && automaton->edges[slot].word == word)
            break;
    return slot;
}

static bool resize_edges(struct tw_automaton *automaton, size_t count, struct tw_error *err)
{
    struct edge *old = automaton->edges;
    size_t old_count = automaton->edge_slot_count;
    struct edge *edges = calloc(count, sizeof *edges);
    if (!edges)
        return fail_memory(err);
    automaton->edges = edges;
    automaton->edge_slot_count = count;
    for (size_t at = 0; at < old_count; at++)
        if (old[at].child != NO_NODE)
            edges[edge_slot(automaton, old[at].node, old[at].word)] = old[at];
    free(old);
    return true;
}

static bool new_node(struct tw_automaton *automaton, uint32_t *out, struct tw_error *err)
{
    if (!ROOM_FOR(automaton, nodes, automaton->node_count + (size_t)1, err))
        return false;
    automaton->nodes[automaton->node_count] = (struct node){0};
    *out = automaton->node_count++;
    return true;
}

/* The node that `word` leads to from `node`, made when it is not there. */
static bool step(
    struct tw_automaton *automaton, uint32_t node, uint32_t word, uint32_t *child, struct tw_error *err)
{
    if (node == 0) {
        uint32_t *first = &automaton->dictionary[word].first;
        if (*first == NO_NODE && !new_node(automaton, first, err))
            return false;
        *child = *first;
        return true;
    }
    size_t slot = edge_slot(automaton, node, word);
    if (automaton->edges[slot].child == NO_NODE) {
        uint32_t made;
        if (!new_node(automaton, &made, err))
            return false;
        automaton->edges[slot] = (struct edge){node, word, made};
        if (++automaton->edge_count * 3 > automaton->edge_slot_count * 2) {
            *child = made;
            return resize_edges(automaton, automaton->edge_slot_count * 2, err);
        }
    }
    *child = automaton->edges[slot].child;
    return true;
}

/* ---- names ---- */

static struct tw_text spelling_of(const struct tw_automaton *automaton, const struct owner *owner)
{
    return (struct tw_text){automaton->words + owner->spelling, owner->spelling_length};
}

static bool owns(const struct tw_automaton *automaton, const struct owner *owner, struct tw_text spelled)
{
    return !owner->exact || tw_word_spelled_alike(spelling_of(automaton, owner), spelled);
}

static uint32_t count_owners(const struct tw_automaton *automaton, uint32_t node, struct tw_text spelled)
{
    uint32_t count = 0;
    for (uint32_t at = automaton->nodes[node].owners; at; at = automaton->owners[at - 1].next)
        count += owns(automaton, &automaton->owners[at - 1], spelled);
    return count;
}

/* An owner in any spelling needs no other: those of its entity that are only for one spelling go. */
static void weaken(struct tw_automaton *automaton, struct owner *owner)
{
    owner->exact = false;
    for (uint32_t *link = &owner->next; *link;) {
        struct owner *other = &automaton->owners[*link - 1];
        if (other->entity == owner->entity)
            *link = other->next;
        else
            link = &other->next;
    }
}

/* Makes `entity` an owner of the name that ends at `node`; once, and by the weaker condition. */
static bool add_owner(struct tw_automaton *automaton, uint32_t node, uint32_t entity, bool exact,
    struct tw_text spelled, struct tw_error *err)
{
    for (uint32_t at = automaton->nodes[node].owners; at; at = automaton->owners[at - 1].next) {
        struct owner *owner = &automaton->owners[at - 1];
        if (owner->entity != entity)
            continue;
        if (!exact || !owner->exact) {
            weaken(automaton, owner);
            return true;
        }
        if (tw_word_spelled_alike(spelling_of(automaton, owner), spelled))
            return true;
    }
    struct owner made = {.entity = entity, .exact = exact, .next = automaton->nodes[node].owners};
    made.spelling_length = exact ? (uint32_t)spelled.length : 0;
    if (exact && !keep_bytes(automaton, spelled.bytes, spelled.length, &made.spelling, err))
        return false;
    if (!ROOM_FOR(automaton, owners, automaton->owner_count + (size_t)1, err))
        return false;
    automaton->owners[automaton->owner_count++] = made;
    automaton->nodes[node].owners = automaton->owner_count;
    return true;
}

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
    uint32_t count;
    size_t letters;
    if (!cut_name(name, words, &count, &letters, err))
        return false;
    uint32_t node = 0;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t word, child;
        if (!intern(automaton, &words[at], &word, err) || !step(automaton, node, word, &child, err))
            return false;
        uint32_t beginning = beginning_of(&words[at]);
        if (at == 0)
            automaton->beginnings[beginning / 64] |= UINT64_C(1) << beginning % 64;
        if (at == 0 && !words[at].letters && words[at].length == 1)
            automaton->marks[(unsigned char)words[at].folded[0]] = child;
        node = child;
    }
    struct tw_text spelled = {name.bytes + words[0].begin, words[count - 1].end - words[0].begin};
    automaton->name_count++;
    return add_owner(automaton, node, entity, common || letters < EXACT_BELOW, spelled, err);
}

/* ---- symbols ---- */

static size_t symbol_slot(const struct tw_automaton *automaton, struct tw_text symbol)
{
    size_t mask = automaton->symbol_slot_count - 1;
    size_t slot = hash_of(symbol.bytes, symbol.length) & mask;
    for (; automaton->symbol_slots[slot]; slot = (slot + 1) & mask)
        if (tw_text_equal(automaton->entities[automaton->symbol_slots[slot] - 1].symbol, symbol))
            break;
    return slot;
}

/* A symbol's characters in one form: capitals, ASCII, a full stop for any mark before a class. */
struct symbol_key {
    char bytes[TW_SYMBOL_BYTES];
    uint32_t length; /* 0: it holds what no symbol has in another spelling */
};

#define SHARED 0x80000000u

static struct symbol_key key_of(struct tw_text symbol)
{
    struct symbol_key key;
    size_t length = 1;
    key.length = 0;
    for (size_t at = 0; at < symbol.length; at += length) {
        char byte = symbol.bytes[at];
        length = 1;
        if ((unsigned char)byte >= 0x80)
            byte = tw_word_ascii(symbol, at, &length);
        if (!byte || key.length == sizeof key.bytes) {
            key.length = 0;
            return key;
        }
        if (byte == '-' || byte == '/' || byte == '_')
            byte = '.';
        key.bytes[key.length++] = byte >= 'a' && byte <= 'z' ? (char)(byte & ~0x20) : byte;
    }
    return key;
}

static bool same_key(const struct symbol_key *left, const struct symbol_key *right)
{
    return left->length == right->length && memcmp(left->bytes, right->bytes, left->length) == 0;
}

static size_t key_slot(const struct tw_automaton *automaton, const struct symbol_key *key)
{
    size_t mask = automaton->symbol_slot_count - 1;
    size_t slot = hash_of(key->bytes, key->length) & mask;
    for (; automaton->key_slots[slot]; slot = (slot + 1) & mask) {
        struct symbol_key other =
            key_of(automaton->entities[(automaton->key_slots[slot] & ~SHARED) - 1].symbol);
        if (same_key(&other, key))
            break;
    }
    return slot;
}

static void place_symbol(struct tw_automaton *automaton, uint32_t entity)
{
    struct tw_text symbol = automaton->entities[entity].symbol;
    struct symbol_key key = key_of(symbol);
    automaton->symbol_slots[symbol_slot(automaton, symbol)] = entity + 1;
    if (key.length == 0)
        return;
    uint32_t *slot = &automaton->key_slots[key_slot(automaton, &key)];
    *slot = *slot ? *slot | SHARED : entity + 1;
}

static bool resize_symbol_slots(struct tw_automaton *automaton, size_t count, struct tw_error *err)
{
    uint32_t *slots = calloc(count, sizeof *slots), *keys = calloc(count, sizeof *keys);
    if (!slots || !keys) {
        free(slots);
        free(keys);
        return fail_memory(err);
    }
    free(automaton->symbol_slots);
    free(automaton->key_slots);
    automaton->symbol_slots = slots;
    automaton->key_slots = keys;
    automaton->symbol_slot_count = count;
    for (uint32_t entity = 0; entity < automaton->entity_count; entity++)
        place_symbol(automaton, entity);
    return true;
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
    struct symbol_key key = key_of(symbol);
    uint32_t found = key.length ? automaton->key_slots[key_slot(automaton, &key)] & ~SHARED : 0;
    if (!found)
        return true;
    struct tw_text other = automaton->entities[found - 1].symbol;
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
    if (automaton->symbol_slots[symbol_slot(automaton, symbol)])
        return tw_fail(err, TW_CONFIG, NULL, "put all its names into one line",
            "symbol %.*s stands in the file twice", (int)symbol.length, symbol.bytes);
    if (!check_case(automaton, symbol, err))
        return false;
    if (!ROOM_FOR(automaton, entities, automaton->entity_count + (size_t)1, err))
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
    place_symbol(automaton, *index);
    return automaton->entity_count * (size_t)2 <= automaton->symbol_slot_count ||
           resize_symbol_slots(automaton, automaton->symbol_slot_count * 2, err);
}

bool tw_automaton_begin(struct tw_automaton **out, struct tw_error *err)
{
    struct tw_automaton *automaton = calloc(1, sizeof *automaton);
    if (!automaton)
        return fail_memory(err);
    uint32_t root;
    /* Address space only: pages are touched as entities are read. */
    if (!tw_arena_begin(&automaton->strings, (size_t)4 << 30, err) ||
        !resize_word_slots(automaton, 1024, err) || !resize_edges(automaton, 1024, err) ||
        !resize_symbol_slots(automaton, 1024, err) || !new_node(automaton, &root, err)) {
        tw_entities_free(automaton);
        return false;
    }
    *out = automaton;
    return true;
}

void tw_automaton_sign(struct tw_automaton *automaton, const char sha256[65])
{
    memcpy(automaton->sha256, sha256, sizeof automaton->sha256);
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
    if (!automaton)
        return TW_NO_ENTITY;
    uint32_t found = automaton->symbol_slots[symbol_slot(automaton, symbol)];
    return found ? (int32_t)(found - 1) : TW_NO_ENTITY;
}

int32_t tw_entities_find_symbol(const struct tw_automaton *automaton, struct tw_text symbol)
{
    if (!automaton)
        return TW_NO_ENTITY;
    struct symbol_key key = key_of(symbol);
    uint32_t found = key.length ? automaton->key_slots[key_slot(automaton, &key)] : SHARED;
    if (found & SHARED) /* of several with this key, or of no key, only the one that is spelled so */
        return tw_entities_find(automaton, symbol);
    return found ? (int32_t)(found - 1) : TW_NO_ENTITY;
}

bool tw_entities_continues(const struct tw_automaton *automaton, struct tw_text symbol)
{
    struct symbol_key key = key_of(symbol);
    for (uint32_t entity = 0; automaton && key.length && entity < automaton->entity_count; entity++) {
        struct symbol_key other = key_of(automaton->entities[entity].symbol);
        if (other.length > key.length && memcmp(other.bytes, key.bytes, key.length) == 0)
            return true;
    }
    return false;
}

const char *tw_entities_sha256(const struct tw_automaton *automaton)
{
    return automaton->sha256;
}

uint64_t tw_entities_name_count(const struct tw_automaton *automaton)
{
    return automaton->name_count;
}

/* The node that a word leads to out of the root; NO_NODE when no name begins with it. */
static uint32_t first_node(const struct tw_automaton *automaton, const struct tw_name_word *word)
{
    if (word->length == 1 && !word->letters)
        return automaton->marks[(unsigned char)word->folded[0] & 0x7F];
    if (word->length == 0)
        return NO_NODE;
    uint32_t beginning = beginning_of(word);
    if (!(automaton->beginnings[beginning / 64] >> beginning % 64 & 1))
        return NO_NODE;
    uint32_t found = automaton->word_slots[word_slot(automaton, word->folded, word->length)];
    return found ? automaton->dictionary[found - 1].first : NO_NODE;
}

static uint32_t next_node(
    const struct tw_automaton *automaton, uint32_t node, const struct tw_name_word *word)
{
    if (word->length == 0)
        return NO_NODE;
    uint32_t found = automaton->word_slots[word_slot(automaton, word->folded, word->length)];
    return found ? automaton->edges[edge_slot(automaton, node, found - 1)].child : NO_NODE;
}

/* The longest name from `first`, of which `word` is the first word. */
static bool longest_name(const struct tw_automaton *automaton, struct tw_text text, struct tw_name_word *word,
    uint32_t node, struct tw_name_match *match)
{
    uint32_t begin = word->begin, at = word->end;
    match->owner_count = 0;
    while (node != NO_NODE) {
        uint32_t count = 0;
        if (automaton->nodes[node].owners)
            count = count_owners(automaton, node, (struct tw_text){text.bytes + begin, word->end - begin});
        if (count && tw_word_edges(text, begin, word->end))
            *match = (struct tw_name_match){begin, word->end, node, count};
        if (!tw_word_next(text, &at, word))
            break;
        node = next_node(automaton, node, word);
    }
    return match->owner_count > 0;
}

/* Where link looks for a symbol. */
static bool is_stop(const struct tw_name_word *word)
{
    char mark = word->folded[0];
    return word->length == 1 && (mark == '$' || mark == '#' || mark == '<' || mark == ':');
}

bool tw_entities_next(const struct tw_automaton *automaton, struct tw_word_walk *walk, bool *stopped,
    struct tw_name_match *match)
{
    struct tw_name_word word;
    *stopped = false;
    while (tw_word_next(walk->text, &walk->at, &word)) {
        if (!word.letters && is_stop(&word)) {
            walk->at = word.begin;
            *stopped = true;
            return false;
        }
        uint32_t begin = word.begin, end = word.end;
        uint32_t node = automaton ? first_node(automaton, &word) : NO_NODE;
        if (node != NO_NODE && longest_name(automaton, walk->text, &word, node, match)) {
            walk->at = match->end;
            return true;
        }
        if (tw_terminal_may_stand(walk->text, begin, end)) {
            walk->at = begin;
            *stopped = true;
            return false;
        }
    }
    return false;
}

uint32_t tw_entities_owner(const struct tw_automaton *automaton, struct tw_text text,
    const struct tw_name_match *match, uint32_t nth)
{
    struct tw_text spelled = {text.bytes + match->begin, match->end - match->begin};
    uint32_t at = automaton->nodes[match->node].owners;
    for (; at; at = automaton->owners[at - 1].next)
        if (owns(automaton, &automaton->owners[at - 1], spelled) && nth-- == 0)
            return automaton->owners[at - 1].entity;
    return 0; /* nth is below owner_count: not reached */
}
