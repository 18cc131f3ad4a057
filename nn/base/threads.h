/* threads: threads that wait for a job and do it together.
 *
 *     tw_threads_open(count, &threads, err);
 *     tw_threads_run(threads, job, self);     // job(self, 0) .. job(self, count - 1), a thread each
 *     tw_threads_close(threads);
 *
 * The caller is thread 0: with a count of one no thread is started. One job at a time, from one thread. */
#ifndef TW_THREADS_H
#define TW_THREADS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct tw_threads;

/* TW_INTERNAL when a thread cannot be started, or without memory; then nothing is left to close. */
TW_MUST_USE bool tw_threads_open(size_t count, struct tw_threads **out, struct tw_error *err);
/* Does the job on all threads, the caller's included; returns when each is done with its number. */
void tw_threads_run(struct tw_threads *threads, void (*job)(void *self, size_t number), void *self);
/* NULL is fine. */
void tw_threads_close(struct tw_threads *threads);

#endif
