/* growing: room for arrays that are appended to, doubled each time it is full.
 *   in    the items, their capacity
 *   out   the items where they stand now, with room for one more at least
 *
 *     if (count == capacity) {
 *         struct item *larger = tw_grow_heap(items, &capacity, sizeof *items, 64);
 *         if (!larger) return ... out of memory, `items` and `capacity` are as they were
 *         items = larger;
 *     } */
#ifndef TW_GROWING_H
#define TW_GROWING_H

#include <stddef.h>

#include "base/arena.h"

/* On the heap; whoever owns it frees it. `first` is the capacity to begin with. NULL without memory. */
void *tw_grow_heap(void *items, size_t *capacity, size_t item_bytes, size_t first);

/* In an arena, where the old room is left behind; all of the capacity is copied. NULL when it is full. */
void *tw_grow_arena(
    struct tw_arena *arena, const void *items, size_t *capacity, size_t item_bytes, size_t first);

#endif
