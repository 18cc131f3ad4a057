/* idle_work: a pool that gets no batches, for those who only want its lanes of jobs.
 *
 *     struct tw_pool_events events = {self, no_batch};
 *     tw_pool_begin(&loop, 1, &idle_work, shared, &events, &pool, &err) */
#ifndef TW_TEST_IDLE_WORK_H
#define TW_TEST_IDLE_WORK_H

#include "pool/pool.h"

static bool begin_nothing(void *content, struct tw_pulse *pulse, void **state, struct tw_error *err)
{
    (void)content;
    (void)pulse;
    (void)err;
    *state = NULL;
    return true;
}

static void end_nothing(void *state)
{
    (void)state;
}

static void do_nothing(void *content, void *state, struct tw_batch *batch)
{
    (void)content;
    (void)state;
    (void)batch;
}

static const struct tw_work idle_work = {begin_nothing, end_nothing, do_nothing};

/* None comes. */
static void no_batch(void *context, struct tw_batch *batch)
{
    (void)context;
    (void)batch;
}

#endif
