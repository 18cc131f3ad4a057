/* shared: something read-only that many hold, counted, freed by whoever lets go of it last.
 *
 *     tw_shared_new: users 1 --tw_shared_use by pool, worker, batch--> users n --tw_shared_leave--> freed
 *
 * What every batch of a time is made with (model, entities, rules: loaded.h) is one of these, and so is
 * the model in it: a reload puts another whole in the place of this one (tw_pool_swap) and carries the
 * model over, while batches that were made with the old one still point into it. A model can be swapped in
 * the same way.
 *
 * The content does not change while anybody holds it. Any thread may use and leave; using needs a hold of
 * one's own, or a lock under which somebody else's cannot end. */
#ifndef TW_SHARED_H
#define TW_SHARED_H

#include <stdatomic.h>

struct tw_shared {
    void *content;
    void (*free_content)(void *content);
    atomic_uint users;
};

/* With one user, the caller. NULL when out of memory: the content is still the caller's. `free_content`
 * may be NULL: then the content is borrowed. */
struct tw_shared *tw_shared_new(void *content, void (*free_content)(void *content));

/* One user more; returns `shared`. */
struct tw_shared *tw_shared_use(struct tw_shared *shared);

/* One user less; the last one frees content and all. NULL is nobody's. */
void tw_shared_leave(struct tw_shared *shared);

#endif
