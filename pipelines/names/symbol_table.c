#include "names/symbol_table.h"

#include "names/table_memory.h"
#include "names/words.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

/* Marks of a key's slot; the rest of its lower half is an index + 1. */
#define SHARED (UINT64_C(1) << 31)    /* by two entities */
#define CONTINUED (UINT64_C(1) << 30) /* a longer key begins with it */
#define INDEX (CONTINUED - 1)
#define HALF (~UINT64_C(0) << 32)

/* A symbol's characters in one form. */
struct key {
    char bytes[TW_SYMBOL_BYTES];
    uint32_t length; /* 0: it holds what no symbol has in another spelling */
};

static struct key key_of(struct tw_text symbol)
{
    struct key key;
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
        key.bytes[key.length++] = tw_text_is_small(byte) ? (char)(byte & ~0x20) : byte;
    }
    return key;
}

static uint32_t entity_of(uint64_t slot)
{
    return (uint32_t)(slot & INDEX) - 1;
}

/* Where a symbol stands or would stand. */
static uint64_t *find_spelled(const struct tw_symbol_table *table, const struct tw_entity *entities,
    struct tw_text symbol, uint64_t hash)
{
    size_t mask = table->slot_count - 1, slot = hash & mask;
    for (; table->spelled[slot]; slot = (slot + 1) & mask)
        if (((table->spelled[slot] ^ hash) & HALF) == 0 &&
            tw_text_equal(entities[entity_of(table->spelled[slot])].symbol, symbol))
            break;
    return &table->spelled[slot];
}

/* Where a key stands or would stand. */
static uint64_t *find_key(const struct tw_symbol_table *table, const struct tw_entity *entities,
    const struct key *key, uint32_t length, uint64_t hash)
{
    size_t mask = table->slot_count - 1, slot = hash & mask;
    for (; table->keys[slot]; slot = (slot + 1) & mask) {
        if ((table->keys[slot] ^ hash) & HALF)
            continue;
        struct key other = key_of(entities[entity_of(table->keys[slot])].symbol);
        if (other.length == length && memcmp(other.bytes, key->bytes, length) == 0)
            break;
    }
    return &table->keys[slot];
}

static void place(struct tw_symbol_table *table, const struct tw_entity *entities, uint32_t entity)
{
    struct tw_text symbol = entities[entity].symbol;
    uint64_t hash = XXH3_64bits(symbol.bytes, symbol.length);
    *find_spelled(table, entities, symbol, hash) = (hash & HALF) | (entity + UINT64_C(1));
    struct key key = key_of(symbol);
    if (key.length == 0)
        return;
    hash = XXH3_64bits(key.bytes, key.length);
    uint64_t *slot = find_key(table, entities, &key, key.length, hash);
    *slot = *slot ? *slot | SHARED : (hash & HALF) | (entity + UINT64_C(1));
}

static bool resize(struct tw_symbol_table *table, const struct tw_entity *entities, uint32_t count,
    size_t slot_count, struct tw_error *err)
{
    tw_symbol_table_end(table);
    table->spelled = tw_table_zeros(slot_count * sizeof *table->spelled);
    table->keys = tw_table_zeros(slot_count * sizeof *table->keys);
    table->slot_count = slot_count;
    if (!table->spelled || !table->keys)
        return tw_table_fail(err);
    for (uint32_t entity = 0; entity < count; entity++)
        place(table, entities, entity);
    return true;
}

bool tw_symbol_table_begin(struct tw_symbol_table *table, struct tw_error *err)
{
    *table = (struct tw_symbol_table){0};
    return resize(table, NULL, 0, 1024, err);
}

void tw_symbol_table_end(struct tw_symbol_table *table)
{
    free(table->spelled);
    free(table->keys);
    *table = (struct tw_symbol_table){0};
}

bool tw_symbol_table_add(
    struct tw_symbol_table *table, const struct tw_entity *entities, uint32_t count, struct tw_error *err)
{
    if (count >= INDEX)
        return tw_table_fail(err);
    if (count * (size_t)2 > table->slot_count)
        return resize(table, entities, count, table->slot_count * 2, err);
    place(table, entities, count - 1);
    return true;
}

void tw_symbol_table_seal(struct tw_symbol_table *table, const struct tw_entity *entities, uint32_t count)
{
    for (uint32_t entity = 0; entity < count; entity++) {
        struct key key = key_of(entities[entity].symbol);
        for (uint32_t length = 1; length < key.length; length++) {
            uint64_t *slot = find_key(table, entities, &key, length, XXH3_64bits(key.bytes, length));
            if (*slot)
                *slot |= CONTINUED;
        }
    }
}

int32_t tw_symbol_table_find(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol)
{
    uint64_t found = *find_spelled(table, entities, symbol, XXH3_64bits(symbol.bytes, symbol.length));
    return found ? (int32_t)entity_of(found) : TW_NO_ENTITY;
}

/* The slot of a symbol's key; SHARED where it has none. */
static uint64_t slot_of_key(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol)
{
    struct key key = key_of(symbol);
    return key.length ? *find_key(table, entities, &key, key.length, XXH3_64bits(key.bytes, key.length))
                      : SHARED;
}

int32_t tw_symbol_table_find_key(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol)
{
    uint64_t found = slot_of_key(table, entities, symbol);
    if (found & SHARED) /* of several with this key, or of no key, only the one that is spelled so */
        return tw_symbol_table_find(table, entities, symbol);
    return found ? (int32_t)entity_of(found) : TW_NO_ENTITY;
}

int32_t tw_symbol_table_find_alike(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol)
{
    uint64_t found = slot_of_key(table, entities, symbol);
    return (int32_t)entity_of(found); /* -1, TW_NO_ENTITY, for no index */
}

bool tw_symbol_table_continues(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol)
{
    return slot_of_key(table, entities, symbol) & CONTINUED;
}
