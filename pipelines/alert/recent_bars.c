#include "alert/recent_bars.h"

#include <stdlib.h>
#include <xxhash.h>

enum { FIRST_BARS = 4, FIRST_ENTITIES = 64 };

struct recent_bar {
    int64_t bar_us;
    int64_t count;
    int64_t sum;
    int64_t sum_of_squares;
    int64_t negative_sum;
};

struct tw_recent_entity {
    struct recent_bar *ring; /* sorted by bar from `first` on, round the end */
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    bool listed;
    uint64_t hash;
    size_t symbol_length;
    char symbol[];
};

void tw_recent_begin(struct tw_recent_bars *recent, struct tw_recent_memory *memory)
{
    *recent = (struct tw_recent_bars){.memory = memory};
}

static struct tw_text symbol_of(const struct tw_recent_entity *entity)
{
    return (struct tw_text){entity->symbol, entity->symbol_length};
}

static size_t entity_bytes(const struct tw_recent_entity *entity)
{
    return sizeof *entity + entity->symbol_length;
}

/* What the tables of entities take. */
static size_t table_bytes(uint32_t capacity, uint32_t slot_count)
{
    return capacity * sizeof(struct tw_recent_entity *) + slot_count * sizeof(uint32_t);
}

static bool charge(struct tw_recent_memory *memory, size_t more, size_t less, struct tw_error *err)
{
    if (memory->used - less + more > memory->most)
        return tw_fail(err, TW_FULL, "evaluate.memory",
            "raise it (tapewatch.yaml), or shorten the longest window of the rules",
            "the bars that rules look back on do not fit: %llu of them take %zu KiB",
            (unsigned long long)memory->bars, memory->used >> 10);
    memory->used = memory->used - less + more;
    return true;
}

static bool no_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "out of memory");
}

/* -- one entity's ring ----------------------------------------------------------------------------------- */

static struct recent_bar *bar_at(const struct tw_recent_entity *entity, uint32_t at)
{
    uint32_t place = entity->first + at; /* both below capacity, which is far below half of the range */
    return &entity->ring[place < entity->capacity ? place : place - entity->capacity];
}

/* The ring anew, with another capacity that holds what is in it. */
static bool resize(
    struct tw_recent_bars *recent, struct tw_recent_entity *entity, uint32_t capacity, struct tw_error *err)
{
    size_t before = entity->capacity * sizeof *entity->ring;
    size_t after = capacity * sizeof *entity->ring;
    if (!charge(recent->memory, after, before, err))
        return false;
    struct recent_bar *ring = malloc(after);
    if (!ring) {
        recent->memory->used += before - after;
        return no_memory(err);
    }
    for (uint32_t at = 0; at < entity->count; at++)
        ring[at] = *bar_at(entity, at);
    free(entity->ring);
    entity->ring = ring;
    entity->capacity = capacity;
    entity->first = 0;
    return true;
}

static bool make_room(struct tw_recent_bars *recent, struct tw_recent_entity *entity, struct tw_error *err)
{
    if (entity->count < entity->capacity)
        return true;
    uint32_t capacity = entity->capacity ? entity->capacity + entity->capacity / 4 + 1 : FIRST_BARS;
    return capacity < UINT32_MAX / 2 ? resize(recent, entity, capacity, err) : no_memory(err);
}

/* How many of its bars begin before a time. Nearly always all, or none. */
static uint32_t count_before(const struct tw_recent_entity *entity, int64_t bar_us)
{
    uint32_t low = 0, high = entity->count;
    if (high > 0 && bar_at(entity, high - 1)->bar_us < bar_us)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bar_at(entity, middle)->bar_us < bar_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool put_bar(struct tw_recent_bars *recent, struct tw_recent_entity *entity,
    const struct tw_bar_row *bar, struct tw_error *err)
{
    const struct recent_bar put = {bar->bar_us, bar->count, bar->sum, bar->sum_of_squares, bar->negative_sum};
    uint32_t place = count_before(entity, bar->bar_us);
    if (place < entity->count && bar_at(entity, place)->bar_us == bar->bar_us) {
        *bar_at(entity, place) = put;
        return true;
    }
    if (!make_room(recent, entity, err))
        return false;
    for (uint32_t at = entity->count; at > place; at--)
        *bar_at(entity, at) = *bar_at(entity, at - 1);
    *bar_at(entity, place) = put;
    entity->count++;
    recent->memory->bars++;
    return true;
}

/* -- entities by symbol ---------------------------------------------------------------------------------- */

/* The slot where the symbol stands, or could. */
static uint32_t find_slot(const struct tw_recent_bars *recent, struct tw_text symbol, uint64_t hash)
{
    uint32_t mask = recent->slot_count - 1;
    uint32_t slot = (uint32_t)hash & mask;
    for (;; slot = (slot + 1) & mask) {
        if (recent->slots[slot] == 0)
            return slot;
        const struct tw_recent_entity *entity = recent->entities[recent->slots[slot] - 1];
        if (entity->hash == hash && tw_text_equal(symbol_of(entity), symbol))
            return slot;
    }
}

static void fill_slots(struct tw_recent_bars *recent)
{
    memset(recent->slots, 0, recent->slot_count * sizeof *recent->slots);
    for (uint32_t at = 0; at < recent->count; at++) {
        const struct tw_recent_entity *entity = recent->entities[at];
        recent->slots[find_slot(recent, symbol_of(entity), entity->hash)] = at + 1;
    }
}

/* Room for an entity more: half of the slots stay empty. */
static bool grow_table(struct tw_recent_bars *recent, struct tw_error *err)
{
    if (recent->count < recent->capacity)
        return true;
    uint32_t capacity = recent->capacity ? recent->capacity * 2 : FIRST_ENTITIES;
    size_t before = table_bytes(recent->capacity, recent->slot_count);
    if (capacity > UINT32_MAX / 4)
        return no_memory(err);
    if (!charge(recent->memory, table_bytes(capacity, capacity * 2), before, err))
        return false;
    uint32_t *slots = malloc(capacity * 2 * sizeof *slots);
    struct tw_recent_entity **entities = slots ? malloc(capacity * sizeof *entities) : NULL;
    if (!entities) {
        free(slots);
        recent->memory->used += before - table_bytes(capacity, capacity * 2);
        return no_memory(err);
    }
    if (recent->count > 0)
        memcpy(entities, recent->entities, recent->count * sizeof *entities);
    free(recent->entities);
    free(recent->slots);
    recent->entities = entities;
    recent->capacity = capacity;
    recent->slots = slots;
    recent->slot_count = capacity * 2;
    fill_slots(recent);
    return true;
}

static struct tw_recent_entity *find(
    const struct tw_recent_bars *recent, struct tw_text symbol, uint64_t hash)
{
    uint32_t found = recent->slot_count ? recent->slots[find_slot(recent, symbol, hash)] : 0;
    return found ? recent->entities[found - 1] : NULL;
}

static struct tw_recent_entity *add(
    struct tw_recent_bars *recent, struct tw_text symbol, uint64_t hash, struct tw_error *err)
{
    size_t bytes = sizeof(struct tw_recent_entity) + symbol.length;
    if (!grow_table(recent, err) || !charge(recent->memory, bytes, 0, err))
        return NULL;
    struct tw_recent_entity *entity = calloc(1, bytes);
    if (!entity) {
        recent->memory->used -= bytes;
        no_memory(err);
        return NULL;
    }
    entity->hash = hash;
    entity->symbol_length = symbol.length;
    if (symbol.length > 0)
        memcpy(entity->symbol, symbol.bytes, symbol.length);
    recent->entities[recent->count++] = entity;
    recent->slots[find_slot(recent, symbol, hash)] = recent->count;
    return entity;
}

static uint64_t hash_of(struct tw_text symbol)
{
    return XXH3_64bits_withSeed(
        symbol.bytes, symbol.length, 1); /* entities of a shard agree in bits without one */
}

bool tw_recent_put(
    struct tw_recent_bars *recent, const struct tw_bar_row *bar, bool listed, struct tw_error *err)
{
    uint64_t hash = hash_of(bar->symbol);
    struct tw_recent_entity *entity = find(recent, bar->symbol, hash);
    if (!entity)
        entity = add(recent, bar->symbol, hash, err);
    if (!entity || !put_bar(recent, entity, bar, err))
        return false;
    entity->listed = listed;
    return true;
}

bool tw_recent_add(
    struct tw_recent_bars *recent, const struct tw_bar_row *more, bool listed, struct tw_error *err)
{
    const struct tw_recent_entity *entity = find(recent, more->symbol, hash_of(more->symbol));
    uint32_t place = entity ? count_before(entity, more->bar_us) : 0;
    struct tw_bar_row bar = *more;
    if (entity && place < entity->count && bar_at(entity, place)->bar_us == more->bar_us) {
        const struct recent_bar *before = bar_at(entity, place);
        bool large = __builtin_add_overflow(before->count, more->count, &bar.count);
        large |= __builtin_add_overflow(before->sum, more->sum, &bar.sum);
        large |= __builtin_add_overflow(before->sum_of_squares, more->sum_of_squares, &bar.sum_of_squares);
        large |= __builtin_add_overflow(before->negative_sum, more->negative_sum, &bar.negative_sum);
        if (large)
            return tw_fail(err, TW_INTERNAL, "evaluate", NULL, "the sums of a bar do not fit into 64 bits");
    }
    return tw_recent_put(recent, &bar, listed, err);
}

void tw_recent_list(struct tw_recent_bars *recent, struct tw_text symbol, bool listed)
{
    struct tw_recent_entity *entity = find(recent, symbol, hash_of(symbol));
    if (entity)
        entity->listed = listed;
}

/* -- forgetting ------------------------------------------------------------------------------------------ */

static void free_entity(struct tw_recent_bars *recent, struct tw_recent_entity *entity)
{
    recent->memory->used -= entity_bytes(entity) + entity->capacity * sizeof *entity->ring;
    recent->memory->bars -= entity->count;
    free(entity->ring);
    free(entity);
}

void tw_recent_end(struct tw_recent_bars *recent)
{
    for (uint32_t at = 0; at < recent->count; at++)
        free_entity(recent, recent->entities[at]);
    if (recent->memory)
        recent->memory->used -= table_bytes(recent->capacity, recent->slot_count);
    free(recent->entities);
    free(recent->slots);
    *recent = (struct tw_recent_bars){.memory = recent->memory};
}

void tw_recent_cut(struct tw_recent_bars *recent, int64_t from_us)
{
    for (uint32_t at = 0; at < recent->count; at++) {
        struct tw_recent_entity *entity = recent->entities[at];
        uint32_t kept = count_before(entity, from_us);
        recent->memory->bars -= entity->count - kept;
        entity->count = kept;
    }
}

/* A ring that is mostly empty is made smaller; when that cannot be, it stays. */
static void shrink(struct tw_recent_bars *recent, struct tw_recent_entity *entity)
{
    struct tw_error ignored;
    if (entity->capacity > FIRST_BARS && entity->count < entity->capacity / 4 &&
        !resize(recent, entity, entity->count + entity->count / 4 + 1, &ignored))
        return;
}

void tw_recent_trim(struct tw_recent_bars *recent, int64_t from_us)
{
    uint32_t kept = 0;
    for (uint32_t at = 0; at < recent->count; at++) {
        struct tw_recent_entity *entity = recent->entities[at];
        uint32_t gone = count_before(entity, from_us);
        if (gone == entity->count) {
            free_entity(recent, entity);
            continue;
        }
        if (gone > 0) {
            entity->first = (uint32_t)(bar_at(entity, gone) - entity->ring);
            entity->count -= gone;
            recent->memory->bars -= gone;
            shrink(recent, entity);
        }
        recent->entities[kept++] = entity;
    }
    if (kept == recent->count)
        return;
    recent->count = kept;
    fill_slots(recent);
}

/* -- rows ------------------------------------------------------------------------------------------------ */

static int compare_entities(const void *left, const void *right)
{
    return tw_text_compare(symbol_of(*(struct tw_recent_entity *const *)left),
        symbol_of(*(struct tw_recent_entity *const *)right));
}

bool tw_recent_rows_begin(struct tw_recent_rows *rows, const struct tw_recent_bars *const *sets, size_t count,
    struct tw_arena *arena, struct tw_error *err)
{
    size_t total = 0;
    for (size_t set = 0; set < count; set++)
        total += sets[set]->count;
    *rows = (struct tw_recent_rows){.entities = tw_arena_array(arena, total, sizeof(void *))};
    if (!rows->entities)
        return tw_arena_fail(arena, err);
    for (size_t set = 0; set < count; set++)
        for (uint32_t at = 0; at < sets[set]->count; at++)
            rows->entities[rows->count++] = sets[set]->entities[at];
    if (rows->count > 1)
        qsort(rows->entities, rows->count, sizeof(void *), compare_entities);
    return true;
}

bool tw_recent_rows_next(struct tw_recent_rows *rows, struct tw_turn_row *row)
{
    while (rows->entity < rows->count && rows->bar == rows->entities[rows->entity]->count) {
        rows->entity++;
        rows->bar = 0;
    }
    if (rows->entity == rows->count)
        return false;
    const struct tw_recent_entity *entity = rows->entities[rows->entity];
    const struct recent_bar *bar = bar_at(entity, rows->bar++);
    row->symbol = symbol_of(entity);
    row->listed = entity->listed;
    row->bar = (struct tw_bar_row){.symbol = row->symbol,
        .bar_us = bar->bar_us,
        .count = bar->count,
        .sum = bar->sum,
        .sum_of_squares = bar->sum_of_squares,
        .negative_sum = bar->negative_sum};
    return true;
}
