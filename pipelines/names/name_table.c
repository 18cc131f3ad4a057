#include "names/name_table.h"

#include "names/table_memory.h"
#include "names/umlauts.h"
#include "names/variants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORD_BITS = 16,   /* of the filter over words, for each name */
    PHRASE_BITS = 24, /* of the filter over phrases, for each name */
    PHRASE_LINE = 8,  /* of 64 bits each: a line of the cache */
    LINE_BYTES = PHRASE_LINE * sizeof(uint64_t),
};

/* A name of an entity. */
struct tw_name_record {
    uint64_t number;
    uint32_t words, words_length; /* in `bytes` */
    uint32_t entity;
    uint32_t next;                      /* index + 1 of the same name of another entity, 0: the last */
    uint32_t spelling, spelling_length; /* in `bytes`, when it matches as spelled only; else length 0 */
    bool variant;                       /* the file lists another spelling of it */
    bool titled;                        /* it matches with capitals as in names only */
    bool umlauts; /* it matches with umlauts only, which are pairs in `spelling`'s words */
};

/* A name with its umlauts as pairs: words in `bytes`. */
struct tw_name_in_pairs {
    uint32_t words, words_length, entity;
};

void tw_name_table_end(struct tw_name_table *names)
{
    free(names->bytes);
    free(names->records);
    free(names->slots);
    free(names->words);
    free(names->phrases);
    free(names->in_pairs);
    *names = (struct tw_name_table){0};
}

/* ---- the table ---- */

static bool keep_bytes(
    struct tw_name_table *names, const char *bytes, size_t length, uint32_t *offset, struct tw_error *err)
{
    if (!tw_table_grow((void **)&names->bytes, &names->bytes_room, names->bytes_used + length, 1, err))
        return false;
    memcpy(names->bytes + names->bytes_used, bytes, length);
    *offset = (uint32_t)names->bytes_used;
    names->bytes_used += length;
    return true;
}

static uint64_t slot_of(uint64_t number, uint32_t record)
{
    return (number >> 32 << 32) | (record + 1);
}

static bool is_slot_of(uint64_t slot, uint64_t number)
{
    return (slot ^ number) >> 32 == 0;
}

static bool resize_slots(struct tw_name_table *names, size_t count, struct tw_error *err)
{
    uint64_t *slots = tw_table_zeros(count * sizeof *slots);
    if (!slots)
        return tw_table_fail(err);
    for (size_t at = 0; at < names->slot_count; at++) {
        if (!names->slots[at])
            continue;
        size_t slot = names->records[(uint32_t)names->slots[at] - 1].number & (count - 1);
        while (slots[slot])
            slot = (slot + 1) & (count - 1);
        slots[slot] = names->slots[at];
    }
    free(names->slots);
    names->slots = slots;
    names->slot_count = count;
    return true;
}

bool tw_name_table_begin(struct tw_name_table *names, struct tw_error *err)
{
    *names = (struct tw_name_table){0};
    return resize_slots(names, 1024, err);
}

/* Words in the one form, each behind its length, and their number. */
struct key {
    char bytes[TW_NAME_WORDS * (TW_WORD_BYTES + 1)];
    size_t length;
    uint64_t number;
};

static void add_to_key(struct key *key, struct tw_text word)
{
    uint64_t number = tw_skim_number(word.bytes, word.length);
    key->number = key->length == 0 ? number : tw_skim_join(key->number, number);
    key->bytes[key->length++] = (char)word.length;
    memcpy(key->bytes + key->length, word.bytes, word.length);
    key->length += word.length;
}

static void make_key(const struct tw_name_given *name, struct key *key)
{
    key->length = 0;
    key->number = 0;
    for (uint32_t at = 0; at < name->word_count; at++)
        add_to_key(key, (struct tw_text){name->words[at].folded, name->words[at].length});
}

static void key_of_words(const struct tw_text *words, uint32_t count, struct key *key)
{
    key->length = 0;
    key->number = 0;
    for (uint32_t at = 0; at < count; at++)
        add_to_key(key, words[at]);
}

enum { PAIRED_BYTES = 1024 };

/* The words of a text with its umlauts as pairs; false when it has none, or is no name. */
static bool key_in_pairs(struct tw_text text, struct key *key)
{
    char bytes[PAIRED_BYTES];
    struct tw_text paired = tw_umlauts_as_pairs(text, bytes, sizeof bytes);
    struct tw_name_word word;
    uint32_t count = 0, at = 0;
    key->length = 0;
    key->number = 0;
    while (tw_word_next(paired, &at, &word)) {
        if (word.length == 0 || count++ == TW_NAME_WORDS)
            return false;
        add_to_key(key, (struct tw_text){word.folded, word.length});
    }
    return count > 0;
}

/* Where a name stands or would stand. */
static size_t find_slot(const struct tw_name_table *names, const struct key *key)
{
    size_t mask = names->slot_count - 1, slot = key->number & mask;
    for (; names->slots[slot]; slot = (slot + 1) & mask) {
        if (!is_slot_of(names->slots[slot], key->number))
            continue;
        const struct tw_name_record *record = &names->records[(uint32_t)names->slots[slot] - 1];
        if (record->words_length == key->length &&
            memcmp(names->bytes + record->words, key->bytes, key->length) == 0)
            break;
    }
    return slot;
}

/* ---- owners ---- */

static struct tw_text spelling_of(const struct tw_name_table *names, const struct tw_name_record *record)
{
    return (struct tw_text){names->bytes + record->spelling, record->spelling_length};
}

static bool is_owned(
    const struct tw_name_table *names, const struct tw_name_record *record, struct tw_text spelled)
{
    if (record->titled)
        return tw_word_is_titled(spelled);
    if (record->umlauts) {
        struct key key;
        return key_in_pairs(spelled, &key) &&
               tw_text_equal(spelling_of(names, record), (struct tw_text){key.bytes, key.length});
    }
    return record->spelling_length == 0 || tw_word_spelled_alike(spelling_of(names, record), spelled);
}

/* Does the entity own the name already, by a condition that is as weak or made so now? Its records stand
 * before all others. An owner in any spelling needs no other: those that are only for one spelling go. */
static bool is_known(
    struct tw_name_table *names, uint32_t first, const struct tw_name_given *name, uint32_t entity)
{
    for (uint32_t at = first; at && names->records[at - 1].entity == entity;
         at = names->records[at - 1].next) {
        struct tw_name_record *record = &names->records[at - 1];
        if (!name->exact || record->spelling_length == 0) {
            record->spelling_length = 0;
            while (record->next && names->records[record->next - 1].entity == entity)
                record->next = names->records[record->next - 1].next;
            return true;
        }
        if (tw_word_spelled_alike(spelling_of(names, record), name->spelled))
            return true;
    }
    return false;
}

/* Adds a record of the name that belongs into the slot, before those that are there. */
static bool add_record(struct tw_name_table *names, const struct key *key, size_t slot,
    struct tw_name_record made, struct tw_error *err)
{
    uint32_t first = (uint32_t)names->slots[slot];
    made.number = key->number;
    made.next = first;
    if (first) {
        made.words = names->records[first - 1].words;
        made.words_length = names->records[first - 1].words_length;
    } else {
        made.words_length = (uint32_t)key->length;
        if (!keep_bytes(names, key->bytes, key->length, &made.words, err))
            return false;
    }
    if (!tw_table_grow(
            (void **)&names->records, &names->record_room, names->record_count + (size_t)1, sizeof made, err))
        return false;
    names->slots[slot] = slot_of(key->number, names->record_count);
    names->records[names->record_count++] = made;
    return names->record_count * (size_t)2 <= names->slot_count ||
           resize_slots(names, names->slot_count * 2, err);
}

/* Keeps the name with its umlauts as pairs, when it has any, until all that are listed are there. */
static bool keep_in_pairs(
    struct tw_name_table *names, const struct tw_name_given *name, uint32_t entity, struct tw_error *err)
{
    struct key key;
    if (name->exact || !key_in_pairs(name->spelled, &key))
        return true;
    struct tw_name_in_pairs made = {.words_length = (uint32_t)key.length, .entity = entity};
    if (!keep_bytes(names, key.bytes, key.length, &made.words, err) ||
        !tw_table_grow((void **)&names->in_pairs, &names->in_pairs_room, names->in_pairs_count + (size_t)1,
            sizeof made, err))
        return false;
    names->in_pairs[names->in_pairs_count++] = made;
    return true;
}

bool tw_name_table_add(
    struct tw_name_table *names, const struct tw_name_given *name, uint32_t entity, struct tw_error *err)
{
    struct key key;
    make_key(name, &key);
    size_t slot = find_slot(names, &key);
    names->count++;
    if (!keep_in_pairs(names, name, entity, err))
        return false;
    if (is_known(names, (uint32_t)names->slots[slot], name, entity))
        return true;
    struct tw_name_record made = {.entity = entity};
    made.spelling_length = name->exact ? (uint32_t)name->spelled.length : 0;
    if (name->exact && !keep_bytes(names, name->spelled.bytes, name->spelled.length, &made.spelling, err))
        return false;
    return add_record(names, &key, slot, made, err);
}

/* ---- other spellings ---- */

/* Adds another spelling, unless it is a name of the file, or of that entity already: those of one entity come
 * one after another. */
static bool add_variant(
    struct tw_name_table *names, const struct key *key, uint32_t entity, bool titled, struct tw_error *err)
{
    size_t slot = find_slot(names, key);
    uint32_t first = (uint32_t)names->slots[slot];
    if (first && (!names->records[first - 1].variant || names->records[first - 1].entity == entity))
        return true;
    struct tw_name_record made = {.entity = entity, .variant = true, .titled = titled};
    return add_record(names, key, slot, made, err);
}

bool tw_name_table_add_number(
    struct tw_name_table *names, struct tw_text word, uint32_t entity, struct tw_error *err)
{
    struct key key = {.length = 0};
    add_to_key(&key, word);
    return add_variant(names, &key, entity, false, err);
}

/* The words at an offset of `bytes`, in a copy that stays where it is. */
static uint32_t words_of(const struct tw_name_table *names, uint32_t offset, uint32_t words_length,
    char bytes[sizeof(struct key)], struct tw_text words[TW_NAME_WORDS])
{
    uint32_t count = 0;
    memcpy(bytes, names->bytes + offset, words_length);
    for (uint32_t at = 0; at < words_length; count++) {
        uint8_t length = (uint8_t)bytes[at++];
        words[count] = (struct tw_text){bytes + at, length};
        at += length;
    }
    return count;
}

/* Adds the other spellings of a name of these words. */
static bool add_variants_of(struct tw_name_table *names, const struct tw_text *words, uint32_t count,
    uint32_t entity, struct tw_error *err)
{
    struct tw_name_variants variants;
    struct tw_name_variant variant;
    struct key key;
    tw_name_variants_begin(&variants, words, count);
    while (tw_name_variants_next(&variants, &variant)) {
        key_of_words(variant.words, variant.count, &key);
        if (!add_variant(names, &key, entity, true, err))
            return false;
    }
    return true;
}

/* Adds the names with pairs for umlauts of all entities up to this one, from *next on, and their other
 * spellings. */
static bool add_in_pairs(struct tw_name_table *names, uint32_t *next, uint32_t entity, struct tw_error *err)
{
    char bytes[sizeof(struct key)];
    struct tw_text words[TW_NAME_WORDS];
    for (; *next < names->in_pairs_count && names->in_pairs[*next].entity <= entity; ++*next) {
        const struct tw_name_in_pairs *name = &names->in_pairs[*next];
        uint32_t count = words_of(names, name->words, name->words_length, bytes, words);
        struct key key;
        key_of_words(words, count, &key);
        if (!add_variant(names, &key, name->entity, false, err) ||
            !add_variants_of(names, words, count, name->entity, err))
            return false;
    }
    return true;
}

/* Adds the other spellings of all names that match in any case. */
static bool add_variants(struct tw_name_table *names, uint32_t listed, struct tw_error *err)
{
    char bytes[sizeof(struct key)];
    struct tw_text words[TW_NAME_WORDS];
    uint32_t in_pairs = 0;
    for (uint32_t at = 0; at < listed; at++) {
        const struct tw_name_record *record = &names->records[at];
        uint32_t entity = record->entity;
        if (record->variant || record->spelling_length)
            continue;
        uint32_t count = words_of(names, record->words, record->words_length, bytes, words);
        if (!add_in_pairs(names, &in_pairs, entity, err) ||
            !add_variants_of(names, words, count, entity, err))
            return false;
    }
    return add_in_pairs(names, &in_pairs, UINT32_MAX, err);
}

/* May the entity be given a name of these words: no entity has it listed, it has no other spelling of its
 * own there, and not too many others have? */
static bool is_free(const struct tw_name_table *names, const struct key *key, uint32_t entity)
{
    enum { MOST = 64 };
    uint32_t at = (uint32_t)names->slots[find_slot(names, key)];
    for (int nth = 0; at && nth < MOST; nth++, at = names->records[at - 1].next)
        if (!names->records[at - 1].variant || names->records[at - 1].entity == entity)
            return false;
    return at == 0;
}

/* Adds names with umlauts for those with pairs that may be some: they match where umlauts stand. */
static bool add_umlauts(struct tw_name_table *names, uint32_t listed, struct tw_error *err)
{
    char bytes[sizeof(struct key)];
    struct tw_text words[TW_NAME_WORDS];
    struct tw_name_variant variant;
    struct key key;
    for (uint32_t at = 0; at < listed; at++) {
        const struct tw_name_record record = names->records[at]; /* whose array grows */
        if (record.variant || record.spelling_length)
            continue;
        uint32_t count = words_of(names, record.words, record.words_length, bytes, words);
        if (!tw_umlauts_of_pairs(words, count, &variant))
            continue;
        key_of_words(variant.words, variant.count, &key);
        if (!is_free(names, &key, record.entity))
            continue;
        struct tw_name_record made = {.entity = record.entity,
            .variant = true,
            .umlauts = true,
            .spelling = record.words,
            .spelling_length = record.words_length};
        if (!add_record(names, &key, find_slot(names, &key), made, err))
            return false;
    }
    return true;
}

/* ---- who owns a name ---- */

static uint32_t count_owners(const struct tw_name_table *names, uint32_t first, struct tw_text spelled)
{
    uint32_t count = 0;
    for (uint32_t at = first + 1; at; at = names->records[at - 1].next)
        count += is_owned(names, &names->records[at - 1], spelled);
    return count;
}

/* The record of another entity that owns the name as this one may be spelled; NULL when there is none. */
static const struct tw_name_record *other_owner(
    const struct tw_name_table *names, uint32_t first, const struct tw_name_record *record)
{
    for (uint32_t at = first; at; at = names->records[at - 1].next) {
        const struct tw_name_record *other = &names->records[at - 1];
        bool alike = record->spelling_length == 0 || record->umlauts ||
                     is_owned(names, other, spelling_of(names, record));
        if (alike && other->entity != record->entity)
            return other;
    }
    return NULL;
}

static void show_words(
    const struct tw_name_table *names, const struct tw_name_record *record, char *to, size_t size)
{
    const char *word = names->bytes + record->words, *end = word + record->words_length;
    size_t used = 0;
    for (; word < end && used + 1 < size; word += 1 + (unsigned char)*word) {
        int length =
            snprintf(to + used, size - used, "%s%.*s", used ? " " : "", (int)(unsigned char)*word, word + 1);
        used += length > 0 ? (size_t)length : 0;
    }
}

uint64_t tw_name_table_shared(const struct tw_name_table *names, char *shown, size_t size, uint32_t owners[2])
{
    uint64_t shared = 0;
    uint32_t earliest = UINT32_MAX;
    shown[0] = '\0';
    for (size_t slot = 0; slot < names->slot_count; slot++) {
        uint32_t chain = (uint32_t)names->slots[slot], at = chain;
        const struct tw_name_record *other = NULL;
        while (at && !(other = other_owner(names, chain, &names->records[at - 1])))
            at = names->records[at - 1].next;
        shared += other != NULL;
        if (!other || at >= earliest)
            continue;
        earliest = at;
        owners[0] = other->entity;
        owners[1] = names->records[at - 1].entity;
        show_words(names, other, shown, size);
    }
    return shared;
}

bool tw_name_table_owner(const struct tw_name_table *names, struct tw_text text,
    const struct tw_name_match *match, uint32_t *at, uint32_t *entity)
{
    struct tw_text spelled = {text.bytes + match->begin, match->end - match->begin};
    uint32_t record = *at ? names->records[*at - 1].next : match->name + 1;
    while (record && !is_owned(names, &names->records[record - 1], spelled))
        record = names->records[record - 1].next;
    *at = record;
    if (record)
        *entity = names->records[record - 1].entity;
    return record != 0;
}

/* ---- the filters ---- */

static inline uint64_t bit_of(uint64_t number, unsigned shift)
{
    return UINT64_C(1) << (number >> shift & 63);
}

/* A place below `count`, by the upper half of a number. */
static inline size_t place_of(uint64_t number, uint64_t count)
{
    return (size_t)((number >> 32) * count >> 32);
}

/* Bits of a word that is a name, the first word of a name, the second one. */
static inline uint64_t single_bits(uint64_t number)
{
    return bit_of(number, 0) | bit_of(number, 6) | bit_of(number, 12);
}

static inline uint64_t first_bits(uint64_t number)
{
    return bit_of(number, 18) | bit_of(number, 24);
}

static inline uint64_t second_bits(uint64_t number)
{
    return bit_of(number, 30) | bit_of(number, 36);
}

/* Bits of a phrase, in one of the eight of its line. */
static inline uint64_t phrase_bits(uint64_t number)
{
    return bit_of(number, 3) | bit_of(number, 9) | bit_of(number, 15);
}

static inline bool has_phrase(const uint64_t *line, uint64_t number)
{
    uint64_t bits = phrase_bits(number);
    return (line[number % PHRASE_LINE] & bits) == bits;
}

static uint64_t *line_of(const struct tw_name_table *names, uint64_t pair)
{
    return names->phrases + (1 + place_of(pair, names->phrase_lines)) * PHRASE_LINE;
}

static void mark_word(struct tw_name_table *names, uint64_t number, uint64_t bits)
{
    names->words[place_of(number, names->word_blocks)] |= bits;
}

static void mark_phrase(uint64_t *line, uint64_t number)
{
    line[number % PHRASE_LINE] |= phrase_bits(number);
}

/* Tells the filters of a name: of all its beginnings from three words on, so that tw_name_table_find knows
 * where to stop. */
static void mark_name(struct tw_name_table *names, const struct tw_name_record *record)
{
    const char *at = names->bytes + record->words, *end = at + record->words_length;
    uint64_t joined = 0, *line = NULL;
    for (uint32_t nth = 0; at < end; nth++) {
        uint8_t length = (uint8_t)*at++;
        uint64_t number = tw_skim_number(at, length);
        at += length;
        joined = nth == 0 ? number : tw_skim_join(joined, number);
        if (nth == 0)
            mark_word(names, number, at == end ? single_bits(number) : first_bits(number));
        if (nth == 1) {
            mark_word(names, number, second_bits(number));
            line = line_of(names, joined);
        }
        if (nth > 1 || (nth == 1 && at == end))
            mark_phrase(line, joined);
    }
}

/* Gives back what an array has grown too far. */
static void shrink(void **array, size_t *room, size_t used, size_t size)
{
    void *shrunk = used ? realloc(*array, used * size) : NULL;
    if (!shrunk)
        return;
    *array = shrunk;
    *room = used;
}

bool tw_name_table_seal(struct tw_name_table *names, struct tw_error *err)
{
    uint32_t listed = names->record_count;
    if (!add_variants(names, listed, err) || !add_umlauts(names, listed, err))
        return false;
    free(names->in_pairs);
    names->in_pairs = NULL;
    names->in_pairs_room = names->in_pairs_count = 0;
    shrink((void **)&names->bytes, &names->bytes_room, names->bytes_used, 1);
    shrink((void **)&names->records, &names->record_room, names->record_count, sizeof *names->records);
    names->word_blocks = 1 + names->record_count * (uint64_t)WORD_BITS / 64;
    names->phrase_lines = 1 + names->record_count * (uint64_t)PHRASE_BITS / (8 * LINE_BYTES);
    names->words = tw_table_zeros(names->word_blocks * sizeof *names->words);
    names->phrases = tw_table_zeros((1 + names->phrase_lines) * LINE_BYTES);
    if (!names->words || !names->phrases)
        return tw_table_fail(err);
    for (uint32_t at = 0; at < names->record_count; at++)
        if (names->records[at].next == 0) /* the first of each name to come */
            mark_name(names, &names->records[at]);
    return true;
}

size_t tw_name_table_bytes(const struct tw_name_table *names)
{
    return names->bytes_room + names->record_room * sizeof *names->records +
           names->slot_count * sizeof *names->slots + names->word_blocks * sizeof *names->words +
           (1 + names->phrase_lines) * LINE_BYTES;
}

void tw_name_table_prefetch(const struct tw_name_table *names, uint64_t number)
{
    __builtin_prefetch(&names->words[place_of(number, names->word_blocks)]);
}

uint32_t tw_name_table_beginnings(
    const struct tw_name_table *names, const struct tw_skimmed_word *words, uint32_t count)
{
    uint64_t known[TW_WORDS_AHEAD + 1],
        pairs[TW_WORDS_AHEAD]; /* what the filter has of words; their numbers */
    const uint64_t *lines[TW_WORDS_AHEAD];
    uint32_t beginnings = 0;
    for (uint32_t at = 0; at <= count; at++)
        known[at] = names->words[place_of(words[at].number, names->word_blocks)];
    for (uint32_t at = 0; at < count; at++) {
        uint64_t first = words[at].number, second = words[at + 1].number;
        uint64_t missing = (~known[at] & first_bits(first)) | (~known[at + 1] & second_bits(second));
        pairs[at] = tw_skim_join(first, second);
        size_t line = 1 + place_of(pairs[at], names->phrase_lines);
        line &= (size_t)0 - (missing == 0); /* no branch: a processor would not foresee it */
        lines[at] = names->phrases + line * PHRASE_LINE;
        __builtin_prefetch(lines[at]);
    }
    for (uint32_t at = 0; at < count; at++) {
        uint64_t three = tw_skim_join(pairs[at], words[at + 2].number);
        uint32_t single = (~known[at] & single_bits(words[at].number)) == 0;
        uint32_t phrase = has_phrase(lines[at], pairs[at]) | has_phrase(lines[at], three);
        beginnings |= (single | phrase) << at;
    }
    return beginnings;
}

/* ---- finding ---- */

/* Do these words, and no others, stand at [begin, end) of the text? */
static bool stands_at(const struct tw_name_table *names, const struct tw_name_record *record,
    struct tw_text text, uint32_t begin, uint32_t end)
{
    const char *at = names->bytes + record->words, *last = at + record->words_length;
    struct tw_name_word word = {.end = begin};
    while (at < last) {
        uint8_t length = (uint8_t)*at++;
        if (!tw_word_next(text, &begin, &word) || word.length != length ||
            memcmp(at, word.folded, length) != 0)
            return false;
        at += length;
    }
    return word.end == end;
}

/* Index + 1 of the first record of the name at [begin, end); 0 when there is none. */
static uint32_t name_at(
    const struct tw_name_table *names, struct tw_text text, uint32_t begin, uint32_t end, uint64_t number)
{
    size_t mask = names->slot_count - 1;
    for (size_t slot = number & mask; names->slots[slot]; slot = (slot + 1) & mask) {
        uint32_t found = (uint32_t)names->slots[slot];
        if (is_slot_of(names->slots[slot], number) &&
            stands_at(names, &names->records[found - 1], text, begin, end))
            return found;
    }
    return 0;
}

static bool may_be_single(const struct tw_name_table *names, uint64_t number)
{
    uint64_t bits = single_bits(number);
    return (names->words[place_of(number, names->word_blocks)] & bits) == bits;
}

bool tw_name_table_find(const struct tw_name_table *names, struct tw_text text,
    const struct tw_skimmed_word *first, struct tw_name_match *match)
{
    uint64_t numbers[TW_NAME_WORDS] = {first->number};
    uint32_t ends[TW_NAME_WORDS] = {first->end}, at = first->end, count = 1;
    const uint64_t *line = names->phrases;
    struct tw_skimmed_word word;
    for (; count < TW_NAME_WORDS && tw_skim_next(text, &at, &word); count++) {
        numbers[count] = tw_skim_join(numbers[count - 1], word.number);
        ends[count] = word.end;
        if (count == 1)
            line = line_of(names, numbers[1]);
        else if (!has_phrase(line, numbers[count]))
            break;
    }
    for (; count > 0; count--) {
        uint32_t end = ends[count - 1];
        if (count == 1 ? !may_be_single(names, numbers[0]) : count == 2 && !has_phrase(line, numbers[1]))
            continue;
        uint32_t name = name_at(names, text, first->begin, end, numbers[count - 1]);
        if (!name || !tw_word_edges(text, first->begin, end))
            continue;
        struct tw_text spelled = {text.bytes + first->begin, end - first->begin};
        *match = (struct tw_name_match){first->begin, end, name - 1, count_owners(names, name - 1, spelled)};
        if (match->owner_count > 0)
            return true;
    }
    return false;
}
