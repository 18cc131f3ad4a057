#include "store/stores.h"

#include "config/config.h"
#include "store/prepare.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

struct tw_stores {
    struct tw_store_events events; /* the owner's */
    struct tw_store *each[TW_STORE_SESSIONS_MOST];
    uint32_t count;
    uint32_t started;         /* the others wait for the first of them to be connected */
    uint32_t open;            /* not closed yet */
    struct tw_days_made days; /* of all: store.new_days_per_minute is the daemon's */
    void (*closed)(void *context);
};

/* -- what the stores tell ---------------------------------------------------------------------- */

static void on_committed(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    struct tw_stores *stores = context;
    stores->events.committed(stores->events.context, batch, end);
}

static void on_taken(
    void *context, struct tw_partition *partition, uint64_t assignment, const struct tw_error *err)
{
    struct tw_stores *stores = context;
    stores->events.taken(stores->events.context, partition, assignment, err);
}

/* One that is connected lets the next one start, and is not all of them while another is away. */
static void on_state(void *context, bool ready, const struct tw_error *err)
{
    struct tw_stores *stores = context;
    if (ready && stores->started < stores->count)
        tw_store_start(stores->each[stores->started++]);
    stores->events.state(stores->events.context, ready && tw_stores_ready(stores), err);
}

static void on_fenced(void *context, uint64_t assignment)
{
    struct tw_stores *stores = context;
    stores->events.fenced(stores->events.context, assignment);
}

static void on_closed(void *context)
{
    struct tw_stores *stores = context;
    if (--stores->open > 0)
        return;
    void (*closed)(void *context) = stores->closed;
    void *owner = stores->events.context;
    free(stores);
    if (closed)
        closed(owner);
}

/* -- one after the other ----------------------------------------------------------------------- */

bool tw_stores_ready(const struct tw_stores *stores)
{
    for (uint32_t at = 0; at < stores->count; at++)
        if (!tw_store_ready(stores->each[at]))
            return false;
    return true;
}

const struct tw_error *tw_stores_trouble(const struct tw_stores *stores)
{
    const struct tw_error *trouble = NULL;
    for (uint32_t at = 0; at < stores->count && !trouble; at++)
        trouble = tw_store_trouble(stores->each[at]);
    return trouble;
}

uint64_t tw_stores_unanswered_ms(const struct tw_stores *stores)
{
    uint64_t longest_ms = 0;
    for (uint32_t at = 0; at < stores->count; at++) {
        uint64_t unanswered_ms = tw_store_unanswered_ms(stores->each[at]);
        longest_ms = unanswered_ms > longest_ms ? unanswered_ms : longest_ms;
    }
    return longest_ms;
}

uint32_t tw_stores_pending(const struct tw_stores *stores)
{
    uint32_t pending = 0;
    for (uint32_t at = 0; at < stores->count; at++)
        pending += tw_store_pending(stores->each[at]);
    return pending;
}

void tw_stores_refresh(struct tw_stores *stores, struct tw_partition *first)
{
    for (uint32_t at = 0; at < stores->count; at++)
        tw_store_refresh(stores->each[at], first);
}

void tw_stores_list(struct tw_stores *stores, struct tw_shared *shared, const struct tw_automaton *entities)
{
    tw_store_list(stores->each[0], shared, entities);
}

const struct tw_error *tw_stores_unlisted(const struct tw_stores *stores)
{
    return tw_store_unlisted(stores->each[0]);
}

/* -- to the store that has the partition ------------------------------------------------------- */

/* The same one whenever the partition comes again: a commit of before may still be on its way there.
 * Neighbours of a topic are spread evenly, topics of one partition by their names. */
static struct tw_store *store_of(const struct tw_stores *stores, const struct tw_partition *partition)
{
    uint64_t begin = XXH3_64bits(partition->topic, strlen(partition->topic)) % stores->count;
    return stores->each[(begin + (uint32_t)partition->number) % stores->count];
}

void tw_stores_take(struct tw_stores *stores, struct tw_partition *partition)
{
    tw_store_take(store_of(stores, partition), partition);
}

void tw_stores_forget(struct tw_stores *stores, struct tw_partition *partition)
{
    (void)stores;
    if (partition->store)
        tw_store_forget(partition->store, partition);
}

void tw_stores_commit(struct tw_stores *stores, struct tw_batch *batch)
{
    (void)stores;
    tw_store_commit(batch->partition->store, batch);
}

/* -- begin and end ----------------------------------------------------------------------------- */

bool tw_stores_begin(uv_loop_t *loop, const struct tw_config *config, const struct tw_log *log,
    struct tw_metrics *metrics, const struct tw_store_events *events, struct tw_stores **out,
    struct tw_error *err)
{
    struct tw_stores *stores = calloc(1, sizeof *stores);
    uint32_t wanted = (uint32_t)config->store.sessions;
    *out = NULL;
    if (!stores)
        return tw_fail(err, TW_INTERNAL, "store", NULL, "out of memory");
    struct tw_store_events heard = {stores, on_committed, on_taken, on_state, on_fenced};
    stores->events = *events;
    do {
        if (!tw_store_begin(loop, config, log, metrics, &heard, &stores->each[stores->count], err)) {
            tw_stores_end(stores, NULL); /* their handles close on the loop */
            return false;
        }
        tw_store_share_days(stores->each[stores->count++], &stores->days);
    } while (stores->count < wanted);
    stores->started = 1;
    for (uint32_t at = stores->started; at < stores->count; at++)
        tw_store_hold(stores->each[at]);
    *out = stores;
    return true;
}

void tw_stores_end(struct tw_stores *stores, void (*closed)(void *context))
{
    stores->closed = closed;
    stores->open = stores->count + 1; /* the last is ours: none may be the last before all are told */
    for (uint32_t at = 0; at < stores->count; at++)
        tw_store_end(stores->each[at], on_closed);
    on_closed(stores);
}
