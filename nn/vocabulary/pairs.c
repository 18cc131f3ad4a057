#include "vocabulary/pairs.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM_AT_FIRST = 1024 };

struct tw_pairs_entry {
    uint64_t key; /* left in the upper half, right in the lower: keys rise as the order of ties wants it */
    uint64_t count;
    uint64_t
        ranked; /* the count by which the heap has placed it: of many changes, each finds a heap in order */
    uint32_t place;         /* of its words the last one added, + 1 */
    uint32_t heap_position; /* + 1; 0: not in the heap */
    bool changed;
};

struct tw_pairs_place {
    uint32_t word, next; /* next: number + 1 */
};

static bool out_of_memory(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "give the process more memory", "no memory for pairs of pieces");
}

/* Room for one more in an array that doubles and is numbered with 32 bits; NULL: no memory, the old one
 * stands. */
static void *grown(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    size_t wanted = *room ? *room * 2 : ROOM_AT_FIRST;
    void *larger = wanted < UINT32_MAX ? reallocarray(array, wanted, size) : NULL;
    if (larger)
        *room = wanted;
    return larger;
}

bool tw_pairs_begin(struct tw_pairs *pairs, struct tw_error *err)
{
    *pairs = (struct tw_pairs){.slot_count = 2 * ROOM_AT_FIRST};
    pairs->slots = calloc(pairs->slot_count, sizeof *pairs->slots);
    return pairs->slots || out_of_memory(err);
}

void tw_pairs_end(struct tw_pairs *pairs)
{
    free(pairs->entries);
    free(pairs->slots);
    free(pairs->heap);
    free(pairs->changed);
    free(pairs->places);
    *pairs = (struct tw_pairs){0};
}

/* ---- the table ---- */

/* The finalizer of splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t mixed(uint64_t key)
{
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9U;
    key = (key ^ (key >> 27)) * 0x94D049BB133111EBU;
    return key ^ (key >> 31);
}

/* The slot of a pair, or the free one where it belongs. */
static uint32_t *slot_of(const struct tw_pairs *pairs, uint64_t key)
{
    size_t mask = pairs->slot_count - 1, at = (size_t)mixed(key) & mask;
    while (pairs->slots[at] && pairs->entries[pairs->slots[at] - 1].key != key)
        at = (at + 1) & mask;
    return &pairs->slots[at];
}

static bool grow_slots(struct tw_pairs *pairs, struct tw_error *err)
{
    uint32_t *slots = calloc(pairs->slot_count * 2, sizeof *slots);
    if (!slots)
        return out_of_memory(err);
    free(pairs->slots);
    pairs->slots = slots;
    pairs->slot_count *= 2;
    for (size_t entry = 0; entry < pairs->entry_count; entry++)
        *slot_of(pairs, pairs->entries[entry].key) = (uint32_t)entry + 1;
    return true;
}

static struct tw_pairs_entry *add_entry(
    struct tw_pairs *pairs, uint64_t key, uint32_t *slot, struct tw_error *err)
{
    struct tw_pairs_entry *entries =
        grown(pairs->entries, pairs->entry_count, &pairs->entry_room, sizeof *pairs->entries);
    if (!entries) {
        out_of_memory(err);
        return NULL;
    }
    pairs->entries = entries;
    uint32_t number = (uint32_t)pairs->entry_count++;
    entries[number] = (struct tw_pairs_entry){.key = key};
    *slot = number + 1;
    if (pairs->entry_count * 2 > pairs->slot_count && !grow_slots(pairs, err))
        return NULL;
    return &entries[number];
}

/* Found, or made new with a count of 0; NULL when memory is refused. */
static struct tw_pairs_entry *entry_of(
    struct tw_pairs *pairs, uint32_t left, uint32_t right, struct tw_error *err)
{
    uint64_t key = (uint64_t)left << 32 | right;
    uint32_t *slot = slot_of(pairs, key);
    return *slot ? &pairs->entries[*slot - 1] : add_entry(pairs, key, slot, err);
}

/* ---- changes ---- */

static bool note_change(struct tw_pairs *pairs, struct tw_pairs_entry *entry, struct tw_error *err)
{
    if (entry->changed)
        return true;
    uint32_t *changed =
        grown(pairs->changed, pairs->changed_count, &pairs->changed_room, sizeof *pairs->changed);
    if (!changed)
        return out_of_memory(err);
    pairs->changed = changed;
    changed[pairs->changed_count++] = (uint32_t)(entry - pairs->entries);
    entry->changed = true;
    return true;
}

static bool add_place(
    struct tw_pairs *pairs, struct tw_pairs_entry *entry, uint32_t word, struct tw_error *err)
{
    uint32_t number = pairs->free_place;
    if (entry->place && pairs->places[entry->place - 1].word == word)
        return true; /* the pair stands twice in it */
    if (number) {
        pairs->free_place = pairs->places[number - 1].next;
    } else {
        struct tw_pairs_place *places =
            grown(pairs->places, pairs->place_count, &pairs->place_room, sizeof *pairs->places);
        if (!places)
            return out_of_memory(err);
        pairs->places = places;
        number = (uint32_t)++pairs->place_count;
    }
    pairs->places[number - 1] = (struct tw_pairs_place){word, entry->place};
    entry->place = number;
    return true;
}

static bool is_taken(const struct tw_pairs *pairs, const struct tw_pairs_entry *entry)
{
    return pairs->taken && entry == &pairs->entries[pairs->taken - 1];
}

bool tw_pairs_add(struct tw_pairs *pairs, uint32_t left, uint32_t right, uint64_t count, uint32_t word,
    struct tw_error *err)
{
    struct tw_pairs_entry *entry = entry_of(pairs, left, right, err);
    if (!entry || !add_place(pairs, entry, word, err))
        return false;
    entry->count += count;
    return note_change(pairs, entry, err);
}

bool tw_pairs_remove(
    struct tw_pairs *pairs, uint32_t left, uint32_t right, uint64_t count, struct tw_error *err)
{
    struct tw_pairs_entry *entry = entry_of(pairs, left, right, err);
    if (!entry)
        return false;
    if (is_taken(pairs, entry)) /* "aaa": the second a was in both pairs */
        return true;
    assert(entry->count >= count);
    entry->count -= count;
    return note_change(pairs, entry, err);
}

/* ---- the heap ---- */

static bool comes_before(const struct tw_pairs *pairs, uint32_t one, uint32_t other)
{
    const struct tw_pairs_entry *left = &pairs->entries[one], *right = &pairs->entries[other];
    return left->ranked != right->ranked ? left->ranked > right->ranked : left->key < right->key;
}

static void put(struct tw_pairs *pairs, size_t position, uint32_t entry)
{
    pairs->heap[position] = entry;
    pairs->entries[entry].heap_position = (uint32_t)position + 1;
}

static void move_up(struct tw_pairs *pairs, size_t position)
{
    uint32_t entry = pairs->heap[position];
    while (position > 0 && comes_before(pairs, entry, pairs->heap[(position - 1) / 2])) {
        put(pairs, position, pairs->heap[(position - 1) / 2]);
        position = (position - 1) / 2;
    }
    put(pairs, position, entry);
}

static void move_down(struct tw_pairs *pairs, size_t position)
{
    uint32_t entry = pairs->heap[position];
    for (size_t child; (child = 2 * position + 1) < pairs->heap_count; position = child) {
        if (child + 1 < pairs->heap_count && comes_before(pairs, pairs->heap[child + 1], pairs->heap[child]))
            child++;
        if (!comes_before(pairs, pairs->heap[child], entry))
            break;
        put(pairs, position, pairs->heap[child]);
    }
    put(pairs, position, entry);
}

static void leave_heap(struct tw_pairs *pairs, struct tw_pairs_entry *entry)
{
    size_t position = entry->heap_position - 1;
    uint32_t last = pairs->heap[--pairs->heap_count];
    entry->heap_position = 0;
    if (position == pairs->heap_count)
        return;
    put(pairs, position, last);
    move_up(pairs, position);
    move_down(pairs, pairs->entries[last].heap_position - 1);
}

static bool enter_heap(struct tw_pairs *pairs, uint32_t entry, struct tw_error *err)
{
    uint32_t *heap = grown(pairs->heap, pairs->heap_count, &pairs->heap_room, sizeof *pairs->heap);
    if (!heap)
        return out_of_memory(err);
    pairs->heap = heap;
    put(pairs, pairs->heap_count++, entry);
    move_up(pairs, pairs->heap_count - 1);
    return true;
}

static bool settle_entry(struct tw_pairs *pairs, uint32_t number, struct tw_error *err)
{
    struct tw_pairs_entry *entry = &pairs->entries[number];
    entry->changed = false;
    if (entry->heap_position && entry->count == 0)
        leave_heap(pairs, entry);
    if (entry->count == 0)
        return true;
    entry->ranked = entry->count;
    if (!entry->heap_position)
        return enter_heap(pairs, number, err);
    move_up(pairs, entry->heap_position - 1);
    move_down(pairs, entry->heap_position - 1);
    return true;
}

bool tw_pairs_settle(struct tw_pairs *pairs, struct tw_error *err)
{
    pairs->taken = 0;
    while (pairs->changed_count > 0)
        if (!settle_entry(pairs, pairs->changed[--pairs->changed_count], err))
            return false;
    return true;
}

/* ---- the most frequent one ---- */

bool tw_pairs_take(struct tw_pairs *pairs, struct tw_pair *out)
{
    if (pairs->heap_count == 0)
        return false;
    uint32_t number = pairs->heap[0];
    struct tw_pairs_entry *entry = &pairs->entries[number];
    *out = (struct tw_pair){(uint32_t)(entry->key >> 32), (uint32_t)entry->key, entry->count};
    leave_heap(pairs, entry);
    pairs->taken = number + 1;
    pairs->taken_place = entry->place;
    entry->place = 0;
    entry->count = 0;
    return true;
}

bool tw_pairs_next_word(struct tw_pairs *pairs, uint32_t *word)
{
    uint32_t number = pairs->taken_place;
    if (!number)
        return false;
    struct tw_pairs_place *place = &pairs->places[number - 1];
    *word = place->word;
    pairs->taken_place = place->next;
    place->next = pairs->free_place;
    pairs->free_place = number;
    return true;
}
