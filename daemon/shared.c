#include "shared.h"

#include <stdlib.h>

struct tw_shared *tw_shared_new(void *content, void (*free_content)(void *content))
{
    struct tw_shared *shared = malloc(sizeof *shared);
    if (!shared)
        return NULL;
    shared->content = content;
    shared->free_content = free_content;
    atomic_init(&shared->users, 1);
    return shared;
}

/* Relaxed: whoever adds a user holds it already, so nothing new is seen by it. */
struct tw_shared *tw_shared_use(struct tw_shared *shared)
{
    atomic_fetch_add_explicit(&shared->users, 1, memory_order_relaxed);
    return shared;
}

/* Release before, acquire after: the last user sees all that the others did before it frees the content. */
void tw_shared_leave(struct tw_shared *shared)
{
    if (!shared || atomic_fetch_sub_explicit(&shared->users, 1, memory_order_acq_rel) != 1)
        return;
    if (shared->free_content)
        shared->free_content(shared->content);
    free(shared);
}
