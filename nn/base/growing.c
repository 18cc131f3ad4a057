#include "base/growing.h"

#include <stdlib.h>
#include <string.h>

static size_t next_capacity(size_t capacity, size_t first)
{
    return capacity ? capacity * 2 : first;
}

void *tw_grow_heap(void *items, size_t *capacity, size_t item_bytes, size_t first)
{
    size_t wanted = next_capacity(*capacity, first);
    void *larger = reallocarray(items, wanted, item_bytes);
    if (larger)
        *capacity = wanted;
    return larger;
}

void *tw_grow_arena(
    struct tw_arena *arena, const void *items, size_t *capacity, size_t item_bytes, size_t first)
{
    size_t wanted = next_capacity(*capacity, first);
    void *larger = tw_arena_array(arena, wanted, item_bytes);
    if (!larger)
        return NULL;
    if (*capacity)
        memcpy(larger, items, *capacity * item_bytes);
    *capacity = wanted;
    return larger;
}
