#include "read/json_memory.h"

#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

static _Thread_local struct tw_arena *lent;

static bool is_lent(const void *piece)
{
    return lent && (uintptr_t)piece - (uintptr_t)lent->base < lent->limit;
}

void *tw_json_memory_take(size_t bytes)
{
    void *piece = lent ? tw_arena_take(lent, bytes) : NULL;
    return piece ? piece : malloc(bytes);
}

void tw_json_memory_give_back(void *piece)
{
    if (!is_lent(piece))
        free(piece);
}

void tw_json_memory_install(void)
{
    json_set_alloc_funcs(tw_json_memory_take, tw_json_memory_give_back);
}

void tw_json_memory_lend(struct tw_arena *arena)
{
    lent = arena;
}
