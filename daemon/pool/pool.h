/* pool: batches out to worker threads and back; and jobs of other rooms beside them.
 *
 *     loop thread                                 worker threads (their own, not libuv's)
 *       tw_pool_give(batch)  --> queue of batches --> work->batch(state, shared, batch)
 *       tw_pool_job(job)     --> queue of jobs    --> job->run(job)
 *       events.batch, job->done <--- uv_async --- finished
 *
 * ONE DOOR. A batch or job belongs to the pool from give/job until events.batch/done hands it back on the loop;
 * the queues' mutex is the only place where it changes hands, so what one side wrote the other sees. Batches
 * come back in the order in which they were given, whatever worker was faster; jobs as they finish. Jobs go
 * first: there are few of them, and alerts wait for them.
 *
 * SHARED DATA. Every run of a batch uses one `struct tw_shared`, read-only and counted: tw_pool_swap (on reload)
 * puts another in its place; batches that have begun end with the old one, whose last user frees it. A worker
 * makes its state anew when it meets new shared data. The rows of a batch point into what they were made with
 * (names of entities, of rules), so a batch is a user too, until tw_pool_let_go.
 *
 * ALIVE. tw_pool_stuck_ms says how long the longest running piece of work has run: the watchdog asks.
 *
 * Knows nothing of rivers: what is done to a batch is a table of functions (work.h has the real one). */
#ifndef TW_POOL_H
#define TW_POOL_H

#include <stdatomic.h>
#include <uv.h>

#include "batch.h"

struct tw_pool;

/* What workers share. `content` is freed by free_content when the last user lets go. */
struct tw_shared {
    void *content;
    void (*free_content)(void *content);
    atomic_uint users; /* set to 0 by whoever makes it; the pool counts */
};

/* What is done to a batch; all three are called on worker threads. */
struct tw_work {
    /* A worker's own state for this shared data (workspace, scratch). */
    bool (*begin)(void *content, void **state, struct tw_error *err);
    void (*end)(void *state);
    /* Fills rows and encoded, or batch->failed and batch->failure. */
    void (*batch)(void *content, void *state, struct tw_batch *batch);
};

/* A piece of work of another room. The caller owns it and leaves it alone until done() was called. */
struct tw_job {
    void (*run)(struct tw_job *job);  /* on a worker */
    void (*done)(struct tw_job *job); /* on the loop */
    void *context;
    struct tw_job *next;
};

struct tw_pool_events {
    void *context;
    void (*batch)(void *context, struct tw_batch *batch); /* on the loop, in the order of give */
};

/* Starts `workers` threads (1 to 256). `shared` gets its first user. TW_INTERNAL when threads or memory are
 * refused; then everything is as before. */
TW_MUST_USE bool tw_pool_begin(uv_loop_t *loop, uint32_t workers, const struct tw_work *work,
    struct tw_shared *shared, const struct tw_pool_events *events, struct tw_pool **out,
    struct tw_error *err);

void tw_pool_give(struct tw_pool *pool, struct tw_batch *batch);
/* Gives batches whose results come back ahead of all that are out, in this order: the parts of one that just
 * came back and must be done again. To be called from events.batch only. */
void tw_pool_give_first(struct tw_pool *pool, struct tw_batch *first, struct tw_batch *second);
void tw_pool_job(struct tw_pool *pool, struct tw_job *job);
/* The rows of the batch are read no more: drops its hold on the shared data. Any thread; also without a pool. */
void tw_pool_let_go(struct tw_batch *batch);
void tw_pool_swap(struct tw_pool *pool, struct tw_shared *shared);

uint32_t tw_pool_workers(const struct tw_pool *pool);
uint32_t tw_pool_out(const struct tw_pool *pool);  /* batches and jobs given and not yet handed back */
uint32_t tw_pool_busy(const struct tw_pool *pool); /* workers at work just now */
uint64_t tw_pool_stuck_ms(const struct tw_pool *pool);

/* Stops: what has begun is finished and handed back, what has not is handed back untouched (a batch with
 * `failed` set, TW_INTERRUPTED). Joins the threads (so it blocks for as long as one batch takes), then
 * `closed` comes on the loop and the pool is gone. */
void tw_pool_end(struct tw_pool *pool, void (*closed)(void *context), void *context);

#endif
