#include "pool/pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/signals.h"

enum { STACK_BYTES = 4 * 1024 * 1024 };

struct worker {
    struct tw_pool *pool;
    pthread_t thread;
    struct tw_shared *shared; /* what `state` was made for; counts as one user */
    void *state;
    struct tw_pulse pulse;
};

/* Jobs to be run by one thread. */
struct lane {
    pthread_cond_t more;
    struct tw_job *jobs, **end; /* linked by next */
};

struct tw_pool {
    uint32_t worker_count;
    const struct tw_work *work;
    struct tw_pool_events events;
    uv_async_t wake;

    pthread_mutex_t lock; /* guards everything down to the blank line */
    pthread_cond_t more;
    struct tw_batch *batches, **batches_end; /* to be worked on, linked by next */
    uint32_t unfinished;                     /* they, and those that workers are at */
    struct lane lanes[TW_JOB_LANES];
    struct tw_job *finished, **finished_end;
    struct tw_shared *shared; /* what the next batch is worked on with */
    bool stopping;
    uint32_t running; /* threads that have not ended */
    bool wakes;       /* the handle stands: the loop can be woken */

    /* Loop thread only, but for batch->back, which is guarded by the lock. */
    struct tw_batch *order, **order_end; /* all that were given and not handed back, linked by order */
    uint32_t jobs_out;
    uint32_t batches_out;
    void (*closed)(void *context);
    void *closed_context;

    struct worker workers[]; /* worker_count of them, and one for each lane */
};

static uint32_t thread_count(const struct tw_pool *pool)
{
    return pool->worker_count + TW_JOB_LANES;
}

static void fail_batch(struct tw_batch *batch, const struct tw_error *err)
{
    batch->failed = true;
    batch->failure = *err;
}

/* The worker's state belongs to the shared data it was made for. */
static bool adopt(struct worker *worker, struct tw_shared *shared, struct tw_error *err)
{
    if (worker->shared == shared)
        return true;
    if (worker->state)
        worker->pool->work->end(worker->state);
    worker->state = NULL;
    tw_shared_leave(worker->shared);
    worker->shared = NULL;
    if (!worker->pool->work->begin(shared->content, &worker->pulse, &worker->state, err))
        return false;
    worker->shared = tw_shared_use(shared);
    return true;
}

static void run_batch(struct worker *worker, struct tw_batch *batch, struct tw_shared *shared)
{
    struct tw_error err = {0};
    batch->shared = shared; /* held once for this batch by next_batch */
    if (adopt(worker, shared, &err))
        worker->pool->work->batch(worker->shared->content, worker->state, batch);
    else
        fail_batch(batch, &err);
}

/* The next batch under the lock, with what it is to be made with; NULL when the pool stops. */
static struct tw_batch *next_batch(struct tw_pool *pool, struct tw_shared **shared)
{
    while (!pool->stopping && !pool->batches)
        pthread_cond_wait(&pool->more, &pool->lock);
    if (pool->stopping)
        return NULL;
    struct tw_batch *batch = pool->batches;
    pool->batches = batch->next;
    if (!pool->batches)
        pool->batches_end = &pool->batches;
    *shared = tw_shared_use(pool->shared);
    return batch;
}

/* The next job under the lock; NULL when the pool stops. */
static struct tw_job *next_job(struct tw_pool *pool, struct lane *lane)
{
    while (!pool->stopping && !lane->jobs)
        pthread_cond_wait(&lane->more, &pool->lock);
    if (pool->stopping)
        return NULL;
    struct tw_job *job = lane->jobs;
    lane->jobs = job->next;
    if (!lane->jobs)
        lane->end = &lane->jobs;
    return job;
}

static void finish_job(struct tw_pool *pool, struct tw_job *job)
{
    job->next = NULL;
    *pool->finished_end = job;
    pool->finished_end = &job->next;
}

/* Wakes the loop. Never under the lock, which the loop takes at every turn: a thread that is less urgent may
 * be stopped within this for long. The handle stands: it is closed when this thread has been joined. */
static void wake(struct tw_pool *pool)
{
    uv_async_send(&pool->wake);
}

/* A thread ends: the loop joins it when it was the last. */
static void leave(struct tw_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->running--;
    bool wakes = pool->wakes;
    pthread_mutex_unlock(&pool->lock);
    if (wakes)
        wake(pool);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct tw_pool *pool = worker->pool;
    struct tw_shared *shared = NULL;
    pthread_mutex_lock(&pool->lock);
    for (struct tw_batch *batch; (batch = next_batch(pool, &shared));) {
        pthread_mutex_unlock(&pool->lock);
        tw_pulse_beat(&worker->pulse);
        run_batch(worker, batch, shared);
        tw_pulse_rest(&worker->pulse);
        pthread_mutex_lock(&pool->lock);
        batch->back = true;
        pool->unfinished--;
        pthread_mutex_unlock(&pool->lock);
        wake(pool);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    if (worker->state)
        pool->work->end(worker->state);
    tw_shared_leave(worker->shared);
    leave(pool);
    return NULL;
}

static void *do_jobs(void *argument)
{
    struct worker *worker = argument;
    struct tw_pool *pool = worker->pool;
    struct lane *lane = &pool->lanes[worker - pool->workers - pool->worker_count];
    pthread_mutex_lock(&pool->lock);
    for (struct tw_job *job; (job = next_job(pool, lane));) {
        pthread_mutex_unlock(&pool->lock);
        tw_pulse_beat(&worker->pulse);
        job->pulse = &worker->pulse;
        job->run(job);
        tw_pulse_rest(&worker->pulse);
        pthread_mutex_lock(&pool->lock);
        finish_job(pool, job);
        pthread_mutex_unlock(&pool->lock);
        wake(pool);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    leave(pool);
    return NULL;
}

static struct tw_job *take_finished(struct tw_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct tw_job *jobs = pool->finished;
    pool->finished = NULL;
    pool->finished_end = &pool->finished;
    pthread_mutex_unlock(&pool->lock);
    return jobs;
}

/* The first batch in the order of give, if its worker is done with it. */
static struct tw_batch *take_back(struct tw_pool *pool)
{
    struct tw_batch *batch = pool->order;
    if (!batch)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    bool back = batch->back;
    pthread_mutex_unlock(&pool->lock);
    if (!back)
        return NULL;
    pool->order = batch->order;
    if (!pool->order)
        pool->order_end = &pool->order;
    batch->order = NULL;
    batch->back = false;
    pool->batches_out--;
    return batch;
}

static void deliver(struct tw_pool *pool)
{
    for (struct tw_job *job = take_finished(pool), *next; job; job = next) {
        next = job->next;
        pool->jobs_out--;
        job->done(job);
    }
    for (struct tw_batch *batch; (batch = take_back(pool));)
        pool->events.batch(pool->events.context, batch);
}

static void end_when_all_left(struct tw_pool *pool);

static void woken(uv_async_t *handle)
{
    struct tw_pool *pool = handle->data;
    deliver(pool);
    if (pool->closed)
        end_when_all_left(pool);
}

static void tell_threads_to_stop(struct tw_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->more);
    for (int lane = 0; lane < TW_JOB_LANES; lane++)
        pthread_cond_broadcast(&pool->lanes[lane].more);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t at = 0; at < thread_count(pool); at++)
        tw_pulse_stop(&pool->workers[at].pulse);
}

static void join_threads(struct tw_pool *pool, uint32_t started)
{
    for (uint32_t at = 0; at < started; at++)
        pthread_join(pool->workers[at].thread, NULL);
}

/* What `top -H` and debuggers call it. */
static void name_thread(const struct tw_pool *pool, uint32_t number)
{
    char name[16];
    bool works = number < pool->worker_count;
    snprintf(name, sizeof name, "%s%" PRIu32, works ? "worker" : "jobs",
        (works ? number : number - pool->worker_count) % 10000);
    pthread_setname_np(pool->workers[number].thread, name);
}

/* Signals are the loop's: a worker that inherits an open mask could be the one that is interrupted. */
static bool start_threads(struct tw_pool *pool, struct tw_error *err)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    struct tw_signals_held held = tw_signals_hold();
    uint32_t started = 0;
    int status = 0;
    for (; started < thread_count(pool) && status == 0; started += status == 0) {
        struct worker *worker = &pool->workers[started];
        worker->pool = pool;
        status = pthread_create(
            &worker->thread, &attributes, started < pool->worker_count ? work : do_jobs, worker);
        if (status == 0)
            name_thread(pool, started);
    }
    tw_signals_release(&held);
    pthread_attr_destroy(&attributes);
    if (status == 0)
        return true;
    tell_threads_to_stop(pool);
    join_threads(pool, started);
    return tw_fail(err, TW_INTERNAL, "workers", "raise the limit of threads (ulimit -u, TasksMax)",
        "cannot start thread %u of %u: %s", started + 1, thread_count(pool), strerror(status));
}

static void free_pool(struct tw_pool *pool)
{
    pthread_cond_destroy(&pool->more);
    for (int lane = 0; lane < TW_JOB_LANES; lane++)
        pthread_cond_destroy(&pool->lanes[lane].more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

bool tw_pool_begin(uv_loop_t *loop, uint32_t workers, const struct tw_work *table, struct tw_shared *shared,
    const struct tw_pool_events *events, struct tw_pool **out, struct tw_error *err)
{
    if (workers < 1 || workers > TW_POOL_WORKERS_MOST)
        return tw_fail(err, TW_CONFIG, "workers.count", NULL, "%u workers; 1 to %d can be had", workers,
            TW_POOL_WORKERS_MOST);
    struct tw_pool *pool = calloc(1, sizeof *pool + (workers + TW_JOB_LANES) * sizeof pool->workers[0]);
    if (!pool)
        return tw_fail(err, TW_INTERNAL, "workers", NULL, "out of memory");
    pool->worker_count = workers;
    pool->running = workers + TW_JOB_LANES;
    pool->work = table;
    pool->events = *events;
    pool->shared = shared;
    pool->batches_end = &pool->batches;
    pool->finished_end = &pool->finished;
    pool->order_end = &pool->order;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    for (int lane = 0; lane < TW_JOB_LANES; lane++) {
        pool->lanes[lane].end = &pool->lanes[lane].jobs;
        pthread_cond_init(&pool->lanes[lane].more, NULL);
    }
    pool->wake.data = pool;
    if (!start_threads(pool, err)) {
        free_pool(pool);
        return false;
    }
    /* Nothing can have been given yet, so no worker has sent before this. */
    if (uv_async_init(loop, &pool->wake, woken) != 0) {
        tell_threads_to_stop(pool);
        join_threads(pool, thread_count(pool));
        free_pool(pool);
        return tw_fail(err, TW_INTERNAL, "workers", NULL, "no handle for the workers' wake-up");
    }
    pthread_mutex_lock(&pool->lock);
    pool->wakes = true;
    pthread_mutex_unlock(&pool->lock);
    tw_shared_use(shared);
    *out = pool;
    return true;
}

static void append_batch(struct tw_pool *pool, struct tw_batch *batch)
{
    batch->next = NULL;
    batch->back = false;
    *pool->batches_end = batch;
    pool->batches_end = &batch->next;
    pool->unfinished++;
}

void tw_pool_give(struct tw_pool *pool, struct tw_batch *batch)
{
    batch->order = NULL;
    *pool->order_end = batch;
    pool->order_end = &batch->order;
    pool->batches_out++;
    pthread_mutex_lock(&pool->lock);
    append_batch(pool, batch);
    pthread_cond_signal(&pool->more);
    pthread_mutex_unlock(&pool->lock);
}

void tw_pool_give_first(struct tw_pool *pool, struct tw_batch *first, struct tw_batch *second)
{
    second->order = pool->order;
    first->order = second;
    if (!pool->order)
        pool->order_end = &second->order;
    pool->order = first;
    pool->batches_out += 2;
    pthread_mutex_lock(&pool->lock);
    first->back = false;
    second->back = false;
    first->next = second;
    second->next = pool->batches;
    if (!pool->batches)
        pool->batches_end = &second->next;
    pool->batches = first;
    pool->unfinished += 2;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
}

void tw_pool_job(struct tw_pool *pool, struct tw_job *job)
{
    job->next = NULL;
    pool->jobs_out++;
    pthread_mutex_lock(&pool->lock);
    struct lane *lane = &pool->lanes[job->lane];
    *lane->end = job;
    lane->end = &job->next;
    pthread_cond_signal(&lane->more);
    pthread_mutex_unlock(&pool->lock);
}

void tw_pool_stop_lane(struct tw_pool *pool, enum tw_job_lane lane)
{
    tw_pulse_stop(&pool->workers[pool->worker_count + (uint32_t)lane].pulse);
}

void tw_pool_swap(struct tw_pool *pool, struct tw_shared *shared)
{
    tw_shared_use(shared);
    pthread_mutex_lock(&pool->lock);
    struct tw_shared *before = pool->shared;
    pool->shared = shared;
    pthread_mutex_unlock(&pool->lock);
    tw_shared_leave(before);
}

uint32_t tw_pool_out(const struct tw_pool *pool)
{
    return pool->batches_out + pool->jobs_out;
}

uint32_t tw_pool_workers(const struct tw_pool *pool)
{
    return pool->worker_count;
}

uint32_t tw_pool_unfinished(struct tw_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint32_t unfinished = pool->unfinished;
    pthread_mutex_unlock(&pool->lock);
    return unfinished;
}

uint32_t tw_pool_busy(const struct tw_pool *pool)
{
    uint32_t busy = 0;
    for (uint32_t at = 0; at < pool->worker_count; at++)
        busy += tw_pulse_beats(&pool->workers[at].pulse);
    return busy;
}

uint64_t tw_pool_stuck_ms(const struct tw_pool *pool)
{
    uint64_t now_ms = tw_now_ms();
    uint64_t longest_ms = 0;
    for (uint32_t at = 0; at < thread_count(pool); at++) {
        uint64_t rested_ms = tw_pulse_rested_ms(&pool->workers[at].pulse, now_ms);
        if (rested_ms > longest_ms)
            longest_ms = rested_ms;
    }
    return longest_ms;
}

static void handle_closed(uv_handle_t *handle)
{
    struct tw_pool *pool = handle->data;
    void (*closed)(void *context) = pool->closed;
    void *context = pool->closed_context;
    tw_shared_leave(pool->shared);
    free_pool(pool);
    closed(context);
}

/* With the threads gone, what they never began goes back as it was given. */
static void hand_back_untouched(struct tw_pool *pool)
{
    struct tw_error err = {0};
    tw_fail(&err, TW_INTERRUPTED, "workers", NULL, "the daemon stops");
    for (struct tw_batch *batch = pool->batches, *next; batch; batch = next) {
        next = batch->next;
        fail_batch(batch, &err);
        batch->back = true;
        pool->unfinished--;
    }
    pool->batches = NULL;
    pool->batches_end = &pool->batches;
    for (int lane = 0; lane < TW_JOB_LANES; lane++) {
        for (struct tw_job *job = pool->lanes[lane].jobs, *next; job; job = next) {
            next = job->next;
            finish_job(pool, job);
        }
        pool->lanes[lane].jobs = NULL;
        pool->lanes[lane].end = &pool->lanes[lane].jobs;
    }
}

static void end_when_all_left(struct tw_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint32_t running = pool->running;
    pthread_mutex_unlock(&pool->lock);
    if (running > 0 || uv_is_closing((uv_handle_t *)&pool->wake))
        return;
    join_threads(pool, thread_count(pool)); /* each has left already */
    hand_back_untouched(pool);
    deliver(pool);
    uv_close((uv_handle_t *)&pool->wake, handle_closed);
}

void tw_pool_end(struct tw_pool *pool, void (*closed)(void *context), void *context)
{
    pool->closed = closed;
    pool->closed_context = context;
    tell_threads_to_stop(pool);
}
