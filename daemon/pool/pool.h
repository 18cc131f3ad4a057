/* pool: batches out to worker threads and back; and jobs of other rooms beside them.
 *
 *     loop thread                                 worker threads (their own, not libuv's)
 *       tw_pool_give(batch)  --> queue of batches --> work->batch(state, shared, batch)
 *       tw_pool_job(job)     --> queue of jobs    --> job->run(job)
 *       events.batch, job->done <--- uv_async --- finished
 *
 * ONE DOOR. A batch or job belongs to the pool from give/job until events.batch/done hands it back on the
 * loop; the queues' mutex is the only place where it changes hands, so what one side wrote the other sees.
 * Batches come back in the order in which they were given, whatever worker was faster; jobs as they
 * finish. Jobs have threads of their own, one a lane: there are few of them, alerts must not wait for
 * batches, and not for what is explained of them either.
 *
 * SHARED DATA. Every run of a batch uses one `struct tw_shared` (shared.h), read-only and counted:
 * tw_pool_swap (on reload) puts another in its place; batches that have begun end with the old one, whose
 * last user frees it. A worker makes its state anew when it meets new shared data. The rows of a batch
 * point into what they were made with (names of entities, of rules), so a batch is a user too, until it is
 * freed (batcher.h).
 *
 * ALIVE. Each thread has a pulse (base/pulse.h), of which each step of its work is a beat: tw_pool_stuck_ms
 * says how long the slowest step under way has taken, the watchdog asks. The same pulse stops a batch, or a
 * long job, between two steps at the end.
 *
 * Knows nothing of rivers: what is done to a batch is a table of functions (work.h has the real one). */
#ifndef TW_POOL_H
#define TW_POOL_H

#include <uv.h>

#include "base/pulse.h"
#include "batch.h"
#include "shared.h"

struct tw_pool;

/* What is done to a batch; all three are called on worker threads. */
struct tw_work {
    /* A worker's own state for this shared data (workspace, scratch); `pulse` is the worker's. */
    bool (*begin)(void *content, struct tw_pulse *pulse, void **state, struct tw_error *err);
    void (*end)(void *state);
    /* Fills rows and encoded, or failed and failure; TW_INTERRUPTED when the pulse said stop. */
    void (*batch)(void *content, void *state, struct tw_batch *batch);
};

/* Whose thread runs a job; jobs of one lane are run one after the other. */
enum tw_job_lane { TW_LANE_TURNS, TW_LANE_EVIDENCE, TW_JOB_LANES };

/* A piece of work of another room. The caller owns it and leaves it alone until done() was called. */
struct tw_job {
    void (*run)(struct tw_job *job);  /* on the thread of its lane */
    void (*done)(struct tw_job *job); /* on the loop */
    void *context;
    enum tw_job_lane lane;
    struct tw_pulse *pulse; /* of its thread, set before run(): a long job beats it between its steps */
    struct tw_job *next;
};

struct tw_pool_events {
    void *context;
    void (*batch)(void *context, struct tw_batch *batch); /* on the loop, in the order of give */
};

/* As many as workers.count may say, and as a machine may have processors. */
enum { TW_POOL_WORKERS_MOST = 1024 };

/* Starts `workers` threads (1 to TW_POOL_WORKERS_MOST), and one for each lane of jobs. The pool becomes a
 * user of `shared`. TW_INTERNAL when threads or memory are refused; then everything is as before. */
TW_MUST_USE bool tw_pool_begin(uv_loop_t *loop, uint32_t workers, const struct tw_work *work,
    struct tw_shared *shared, const struct tw_pool_events *events, struct tw_pool **out,
    struct tw_error *err);

/* A batch to be worked on; it comes back by events.batch, in the order of give. */
void tw_pool_give(struct tw_pool *pool, struct tw_batch *batch);
/* Gives batches whose results come back ahead of all that are out, in this order: the parts of one that just
 * came back and must be done again. To be called from events.batch only. */
void tw_pool_give_first(struct tw_pool *pool, struct tw_batch *first, struct tw_batch *second);
/* A job to be run; it comes back by job->done. */
void tw_pool_job(struct tw_pool *pool, struct tw_job *job);
/* Asks jobs of a lane to stop between two steps, for good: that which runs, and those that will. They come
 * back as ever. */
void tw_pool_stop_lane(struct tw_pool *pool, enum tw_job_lane lane);
/* What is worked on from here on uses `shared`: the pool becomes a user of it, and leaves the one before. */
void tw_pool_swap(struct tw_pool *pool, struct tw_shared *shared);

/* Batches and jobs given and not yet handed back. */
uint32_t tw_pool_out(const struct tw_pool *pool);
/* Threads that work on batches. */
uint32_t tw_pool_workers(const struct tw_pool *pool);
/* Batches given that no worker is done with: when they are fewer than workers, one has nothing to do. */
uint32_t tw_pool_unfinished(struct tw_pool *pool);
/* How many batches and jobs are at work just now. */
uint32_t tw_pool_busy(const struct tw_pool *pool);
/* How long the slowest step under way has been going on, on whatever thread; 0 when all wait. */
uint64_t tw_pool_stuck_ms(const struct tw_pool *pool);

/* Stops: what has begun stops before its next step, what has not is handed back untouched; both with
 * `failed` set, TW_INTERRUPTED. Does not block: when every thread has ended, the last batches and jobs are
 * handed back on the loop, then `closed` comes and the pool is gone. */
void tw_pool_end(struct tw_pool *pool, void (*closed)(void *context), void *context);

#endif
