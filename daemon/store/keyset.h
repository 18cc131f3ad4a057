/* keyset: a set of 64-bit keys that grows: what is known to stand in the database already (days, entities
 * by hash). A zeroed set is empty and ready; end gives its memory back and leaves it so. */
#ifndef TW_KEYSET_H
#define TW_KEYSET_H

#include <stdint.h>

#include "base/error.h"

struct tw_keyset {
    uint64_t *slots; /* 0 is an empty slot; the key 0 is kept in has_zero */
    size_t capacity; /* a power of two, or 0 */
    size_t count;
    bool has_zero;
};

/* Is the key in the set? */
bool tw_keyset_has(const struct tw_keyset *set, uint64_t key);
/* TW_INTERNAL when out of memory; adding what is there does nothing. */
TW_MUST_USE bool tw_keyset_add(struct tw_keyset *set, uint64_t key, struct tw_error *err);
/* Empties the set, and keeps its memory for the next keys. */
void tw_keyset_clear(struct tw_keyset *set);
/* Frees the set; a zeroed one is fine. */
void tw_keyset_end(struct tw_keyset *set);

#endif
