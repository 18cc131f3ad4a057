/* table_memory: memory of what is filled once and then looked up all over (name_table.h, symbol_table.h,
 * automaton.h).
 *   in    sizes
 *   out   arrays that grow, tables of zeros; the caller frees both by free()
 *
 * Errors: TW_INTERNAL, with what an operator can do. */
#ifndef TW_TABLE_MEMORY_H
#define TW_TABLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Makes room for `needed` elements of `size` bytes, at most UINT32_MAX of them; *room grows by half. */
TW_MUST_USE bool tw_table_grow(void **array, size_t *room, size_t needed, size_t size, struct tw_error *err);

/* Zeros, on a line of the cache; on large pages where they fill some, so that a look-up seldom waits for the
 * page's address. NULL when there is no memory: tw_table_fail. */
TW_MUST_USE void *tw_table_zeros(size_t bytes);

/* The error of missing memory; false. */
bool tw_table_fail(struct tw_error *err);

#endif
