#include "base/threads.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

struct member {
    struct tw_threads *threads;
    size_t number;
    pthread_t thread;
};

struct tw_threads {
    size_t count, started; /* threads 1 .. started run */
    pthread_mutex_t mutex;
    pthread_cond_t go, all_done;
    uint64_t turn;
    size_t busy;
    void (*job)(void *self, size_t number); /* NULL: leave */
    void *self;
    struct member members[]; /* [count]; the first is the caller */
};

static void *work(void *argument)
{
    const struct member *member = argument;
    struct tw_threads *threads = member->threads;
    uint64_t seen = 0;
    for (;;) {
        pthread_mutex_lock(&threads->mutex);
        while (threads->turn == seen)
            pthread_cond_wait(&threads->go, &threads->mutex);
        seen = threads->turn;
        void (*job)(void *, size_t) = threads->job;
        void *self = threads->self;
        pthread_mutex_unlock(&threads->mutex);
        if (!job)
            return NULL;
        job(self, member->number);
        pthread_mutex_lock(&threads->mutex);
        if (--threads->busy == 0)
            pthread_cond_signal(&threads->all_done);
        pthread_mutex_unlock(&threads->mutex);
    }
}

/* Gives the threads a job; with NULL they leave. */
static void announce(struct tw_threads *threads, void (*job)(void *self, size_t number), void *self)
{
    pthread_mutex_lock(&threads->mutex);
    threads->job = job;
    threads->self = self;
    threads->busy = threads->count - 1;
    threads->turn++;
    pthread_cond_broadcast(&threads->go);
    pthread_mutex_unlock(&threads->mutex);
}

void tw_threads_run(struct tw_threads *threads, void (*job)(void *self, size_t number), void *self)
{
    announce(threads, job, self);
    job(self, 0);
    pthread_mutex_lock(&threads->mutex);
    while (threads->busy > 0)
        pthread_cond_wait(&threads->all_done, &threads->mutex);
    pthread_mutex_unlock(&threads->mutex);
}

static bool start(struct tw_threads *threads, struct tw_error *err)
{
    for (size_t at = 1; at < threads->count; at++) {
        struct member *member = &threads->members[at];
        member->threads = threads;
        member->number = at;
        if (pthread_create(&member->thread, NULL, work, member) != 0)
            return tw_fail(err, TW_INTERNAL, "threads", "ask for fewer threads",
                "cannot start thread %zu of %zu", at + 1, threads->count);
        threads->started = at;
    }
    return true;
}

bool tw_threads_open(size_t count, struct tw_threads **out, struct tw_error *err)
{
    *out = NULL;
    struct tw_threads *threads = calloc(1, sizeof *threads + count * sizeof *threads->members);
    if (!threads)
        return tw_fail(err, TW_INTERNAL, "threads", NULL, "out of memory");
    threads->count = count;
    pthread_mutex_init(&threads->mutex, NULL);
    pthread_cond_init(&threads->go, NULL);
    pthread_cond_init(&threads->all_done, NULL);
    if (!start(threads, err)) {
        tw_threads_close(threads);
        return false;
    }
    *out = threads;
    return true;
}

void tw_threads_close(struct tw_threads *threads)
{
    if (!threads)
        return;
    announce(threads, NULL, NULL);
    for (size_t at = 1; at <= threads->started; at++)
        pthread_join(threads->members[at].thread, NULL);
    pthread_cond_destroy(&threads->all_done);
    pthread_cond_destroy(&threads->go);
    pthread_mutex_destroy(&threads->mutex);
    free(threads);
}
