#include "store/keyset.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_CAPACITY = 64 };

/* Multiplying by 2^64/phi spreads keys that count upwards (days) over the table (Knuth, vol. 3, 6.4). */
static size_t first_slot(const struct tw_keyset *set, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (set->capacity - 1);
}

static size_t find(const struct tw_keyset *set, uint64_t key)
{
    size_t slot = first_slot(set, key);
    while (set->slots[slot] != 0 && set->slots[slot] != key)
        slot = (slot + 1) & (set->capacity - 1);
    return slot;
}

bool tw_keyset_has(const struct tw_keyset *set, uint64_t key)
{
    if (key == 0)
        return set->has_zero;
    return set->capacity > 0 && set->slots[find(set, key)] == key;
}

static bool grow(struct tw_keyset *set, struct tw_error *err)
{
    struct tw_keyset larger = {.capacity = set->capacity ? set->capacity * 2 : LEAST_CAPACITY,
        .count = set->count,
        .has_zero = set->has_zero};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return tw_fail(err, TW_INTERNAL, "keyset", NULL, "out of memory");
    for (size_t slot = 0; slot < set->capacity; slot++)
        if (set->slots[slot] != 0)
            larger.slots[find(&larger, set->slots[slot])] = set->slots[slot];
    free(set->slots);
    *set = larger;
    return true;
}

bool tw_keyset_add(struct tw_keyset *set, uint64_t key, struct tw_error *err)
{
    if (key == 0) {
        set->has_zero = true;
        return true;
    }
    if (tw_keyset_has(set, key))
        return true;
    if ((set->count + 1) * 2 > set->capacity && !grow(set, err))
        return false;
    set->slots[find(set, key)] = key;
    set->count++;
    return true;
}

void tw_keyset_clear(struct tw_keyset *set)
{
    if (set->slots)
        memset(set->slots, 0, set->capacity * sizeof *set->slots);
    set->count = 0;
    set->has_zero = false;
}

void tw_keyset_end(struct tw_keyset *set)
{
    free(set->slots);
    *set = (struct tw_keyset){0};
}
