#include "names/table_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, LARGE_PAGE = 2 << 20 };

bool tw_table_fail(struct tw_error *err)
{
    return tw_fail(err, TW_INTERNAL, NULL, "load fewer entities or give the process more memory",
        "no memory for the entities");
}

bool tw_table_grow(void **array, size_t *room, size_t needed, size_t size, struct tw_error *err)
{
    if (needed <= *room)
        return true;
    if (needed > UINT32_MAX)
        return tw_table_fail(err);
    size_t wanted = needed + needed / 2 + 64;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return tw_table_fail(err);
    *array = grown;
    *room = wanted;
    return true;
}

void *tw_table_zeros(size_t bytes)
{
    size_t alignment = bytes >= LARGE_PAGE ? LARGE_PAGE : LINE;
    size_t whole = (bytes + alignment - 1) / alignment * alignment;
    void *table = aligned_alloc(alignment, whole);
    if (!table)
        return NULL;
    if (alignment == LARGE_PAGE)
        (void)madvise(table, whole, MADV_HUGEPAGE); /* a wish: without it the pages are small */
    return memset(table, 0, whole);
}
