/* symbol_table: symbols of the entities file, as they are spelled and in any other spelling; for automaton.h
 * alone.
 *
 *     tw_symbol_table_begin(&table, err);
 *     tw_symbol_table_add(&table, entities, count, err);      // after each entity: the last of `count`
 *     tw_symbol_table_seal(&table, entities, count);          // and nothing is added any more
 *     tw_symbol_table_find(&table, entities, symbol)
 *
 * Two hash tables over the caller's array of entities. A slot holds half of the hash, so that an entity is
 * looked at only when it is most likely the one. A key is the symbol in one form: capitals, ASCII, a full
 * stop for any mark before a class (symbols.h). Errors: TW_INTERNAL for memory. */
#ifndef TW_SYMBOL_TABLE_H
#define TW_SYMBOL_TABLE_H

#include "names/entities.h"

struct tw_symbol_table {
    uint64_t *spelled, *keys; /* upper half of a hash, marks, an entity's index + 1; 0: free */
    size_t slot_count;
};

/* No symbols. tw_symbol_table_end frees them, also half-filled or zeroed ones. */
TW_MUST_USE bool tw_symbol_table_begin(struct tw_symbol_table *table, struct tw_error *err);
/* Frees all of it. */
void tw_symbol_table_end(struct tw_symbol_table *table);

/* Adds the last of `count` entities, whose symbol is not there yet. */
TW_MUST_USE bool tw_symbol_table_add(
    struct tw_symbol_table *table, const struct tw_entity *entities, uint32_t count, struct tw_error *err);

/* Finds which symbols go on as longer ones. */
void tw_symbol_table_seal(struct tw_symbol_table *table, const struct tw_entity *entities, uint32_t count);

/* Index of the entity with this symbol, or TW_NO_ENTITY. */
int32_t tw_symbol_table_find(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol);

/* The same in any spelling; TW_NO_ENTITY when two share the key and neither is spelled so. */
int32_t tw_symbol_table_find_key(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol);

/* The first entity whose symbol is this one in any spelling, whatever others are; TW_NO_ENTITY. */
int32_t tw_symbol_table_find_alike(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol);

/* Is it the beginning of a longer symbol, of those that are there in any spelling? */
bool tw_symbol_table_continues(
    const struct tw_symbol_table *table, const struct tw_entity *entities, struct tw_text symbol);

#endif
