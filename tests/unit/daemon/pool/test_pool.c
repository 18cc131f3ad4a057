#include "pool/pool.h"

#include "config/config_rows.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <dlfcn.h>

enum { BATCHES = 500 };

/* What is done to a batch here: the number in the shared data is written into it, after a nap of a length
 * that depends on the batch, so that later ones overtake earlier ones on other workers. */
struct content {
    int number;
    atomic_int *freed;
};

struct scene {
    uv_loop_t loop;
    struct tw_pool *pool;
    struct tw_batch batches[BATCHES];
    uint64_t order[BATCHES];
    uint32_t back;
    uint32_t wanted; /* the pool is ended when so many are back */
    uint32_t jobs_done;
    bool closed;
    bool split_first;
    bool keep; /* batches are let go by the test itself */
    atomic_int freed;
    atomic_int states;
};

/* libuv's, before which a thread may be stopped here, as by a machine that is short of processors. */
static atomic_bool wakes_are_held;

int uv_async_send(uv_async_t *handle)
{
    int (*send)(uv_async_t *) = NULL;
    *(void **)&send = dlsym(RTLD_NEXT, "uv_async_send");
    while (atomic_load(&wakes_are_held))
        sched_yield();
    return send(handle);
}

static void nap(long microseconds)
{
    struct timespec time = {0, microseconds * 1000};
    nanosleep(&time, NULL);
}

static bool begin(void *content, struct tw_pulse *pulse, void **state, struct tw_error *err)
{
    struct content *shared = content;
    if (shared->number == 13)
        return tw_fail(err, TW_INTERNAL, "worker", NULL, "refused");
    struct tw_pulse **kept = malloc(sizeof(struct tw_pulse *));
    if (kept)
        *kept = pulse;
    *state = kept;
    return kept != NULL;
}

static void end(void *state)
{
    free(state);
}

static void run_batch(void *content, void *state, struct tw_batch *batch)
{
    struct content *shared = content;
    struct tw_pulse **pulse = state;
    /* A long one: steps of 5 ms. */
    for (uint32_t step = 0; step < batch->count; step++) {
        if (!tw_pulse_beat(*pulse)) {
            batch->failed = !tw_pulse_stopped(&batch->failure);
            return;
        }
        nap(5000);
    }
    nap((long)(batch->begin_offset * 7919 % 300));
    batch->end_offset = shared->number;
}

static const struct tw_work work = {.begin = begin, .end = end, .batch = run_batch};

static void free_content(void *content)
{
    struct content *shared = content;
    atomic_fetch_add(shared->freed, 1);
    free(shared);
}

static struct tw_shared *make_shared(struct scene *scene, int number)
{
    struct content *content = calloc(1, sizeof *content);
    assert_non_null(content);
    content->number = number;
    content->freed = &scene->freed;
    struct tw_shared *shared = tw_shared_new(content, free_content);
    assert_non_null(shared);
    return shared;
}

/* What a batch does when it is freed. */
static void let_go(struct tw_batch *batch)
{
    tw_shared_leave(batch->shared);
    batch->shared = NULL;
}

static void closed(void *context)
{
    struct scene *scene = context;
    scene->closed = true;
}

static void batch_back(void *context, struct tw_batch *batch)
{
    struct scene *scene = context;
    if (!scene->keep)
        let_go(batch);
    if (scene->split_first) {
        scene->split_first = false;
        struct tw_batch *second = &scene->batches[BATCHES - 1];
        second->begin_offset = BATCHES - 1;
        tw_pool_give_first(scene->pool, batch, second);
        return;
    }
    scene->order[scene->back++] = (uint64_t)batch->begin_offset;
    if (scene->back == scene->wanted)
        tw_pool_end(scene->pool, closed, scene);
}

static void open_scene(struct scene *scene, uint32_t workers, int number)
{
    struct tw_error err = {0};
    struct tw_pool_events events = {.context = scene, .batch = batch_back};
    uv_loop_init(&scene->loop);
    scene->wanted = BATCHES;
    for (int at = 0; at < BATCHES; at++)
        scene->batches[at].begin_offset = at;
    struct tw_shared *shared = make_shared(scene, number);
    assert_true(tw_pool_begin(&scene->loop, workers, &work, shared, &events, &scene->pool, &err));
    tw_shared_leave(shared);
}

static void close_scene(struct scene *scene)
{
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_true(scene->closed);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
}

static void batches_come_back_in_the_order_in_which_they_were_given(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 4, 1);
    for (int at = 0; at < BATCHES; at++)
        tw_pool_give(scene->pool, &scene->batches[at]);
    close_scene(scene);
    assert_int_equal(scene->back, BATCHES);
    for (uint64_t at = 0; at < BATCHES; at++)
        assert_int_equal(scene->order[at], at);
    assert_int_equal(atomic_load(&scene->freed), 1);
    free(scene);
}

static void parts_of_a_batch_given_again_come_back_before_all_others(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 3, 1);
    scene->split_first = true;
    for (int at = 0; at < BATCHES - 1; at++)
        tw_pool_give(scene->pool, &scene->batches[at]);
    close_scene(scene);
    assert_int_equal(scene->order[0], 0);
    assert_int_equal(scene->order[1], BATCHES - 1);
    assert_int_equal(scene->order[2], 1);
    free(scene);
}

static void swapped_data_is_used_from_then_on_and_the_old_is_freed_once(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 4, 1);
    for (int at = 0; at < BATCHES / 2; at++)
        tw_pool_give(scene->pool, &scene->batches[at]);
    struct tw_shared *newer = make_shared(scene, 2);
    tw_pool_swap(scene->pool, newer);
    tw_shared_leave(newer);
    for (int at = BATCHES / 2; at < BATCHES; at++)
        tw_pool_give(scene->pool, &scene->batches[at]);
    close_scene(scene);
    for (int at = 0; at < BATCHES / 2; at++)
        assert_in_range(scene->batches[at].end_offset, 1, 2);
    for (int at = BATCHES / 2; at < BATCHES; at++)
        assert_int_equal(scene->batches[at].end_offset, 2);
    assert_int_equal(atomic_load(&scene->freed), 2);
    free(scene);
}

/* A commit may wait for PostgreSQL long after its worker has gone over to what a reload brought. */
static void what_a_batch_was_made_with_outlives_a_swap_until_the_batch_is_let_go(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 1, 1);
    scene->keep = true;
    scene->wanted = 1;
    tw_pool_give(scene->pool, &scene->batches[0]);
    close_scene(scene); /* its worker and its pool have let go */
    assert_int_equal(atomic_load(&scene->freed), 0);
    let_go(&scene->batches[0]);
    assert_int_equal(atomic_load(&scene->freed), 1);
    free(scene);
}

static void a_worker_that_cannot_begin_fails_its_batch_with_the_reason(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 1, 13);
    scene->wanted = 1;
    tw_pool_give(scene->pool, &scene->batches[0]);
    close_scene(scene);
    assert_true(scene->batches[0].failed);
    assert_int_equal(scene->batches[0].failure.code, TW_INTERNAL);
    free(scene);
}

static void what_was_not_begun_at_the_end_is_handed_back_untouched(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 1, 1);
    scene->wanted = 0;
    for (int at = 0; at < BATCHES; at++)
        tw_pool_give(scene->pool, &scene->batches[at]);
    tw_pool_end(scene->pool, closed, scene);
    close_scene(scene);
    assert_int_equal(scene->back, BATCHES);
    assert_true(scene->batches[BATCHES - 1].failed);
    assert_int_equal(scene->batches[BATCHES - 1].failure.code, TW_INTERRUPTED);
    free(scene);
}

struct counting_job {
    struct tw_job job;
    int ran;
};

static void run_job(struct tw_job *job)
{
    ((struct counting_job *)job)->ran++;
}

static void job_done(struct tw_job *job)
{
    struct scene *scene = job->context;
    assert_int_equal(((struct counting_job *)job)->ran, 1);
    scene->jobs_done++;
}

/* Those that overtook a long one wait for it to be handed back, but their worker has nothing to do. */
static void a_batch_that_is_done_is_no_longer_unfinished_though_another_holds_it_back(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 2, 1);
    scene->wanted = 4;
    scene->batches[0].count = 100; /* 500 ms */
    assert_int_equal(tw_pool_workers(scene->pool), 2);
    assert_int_equal(tw_pool_unfinished(scene->pool), 0);
    for (int at = 0; at < 4; at++)
        tw_pool_give(scene->pool, &scene->batches[at]);
    for (int look = 0; look < 400 && tw_pool_unfinished(scene->pool) > 1; look++)
        nap(1000);
    assert_int_equal(tw_pool_unfinished(scene->pool), 1);
    assert_int_equal(tw_pool_out(scene->pool), 4);
    close_scene(scene);
    assert_int_equal(scene->order[0], 0);
    free(scene);
}

static void jobs_run_once_beside_batches(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct counting_job jobs[100] = {0};
    open_scene(scene, 2, 1);
    for (int at = 0; at < BATCHES; at++) {
        tw_pool_give(scene->pool, &scene->batches[at]);
        if (at % 5 != 0)
            continue;
        jobs[at / 5].job = (struct tw_job){.run = run_job, .done = job_done, .context = scene};
        tw_pool_job(scene->pool, &jobs[at / 5].job);
    }
    assert_int_equal(tw_pool_out(scene->pool), BATCHES + 100);
    close_scene(scene);
    assert_int_equal(scene->jobs_done, 100);
    free(scene);
}

static void sleep_long(struct tw_job *job)
{
    (void)job;
    nap(300000);
}

static void slow_job_done(struct tw_job *job)
{
    struct scene *scene = job->context;
    assert_int_equal(scene->jobs_done, 1); /* the other one, given later, is over */
    tw_pool_end(scene->pool, closed, scene);
}

static void a_job_waits_for_no_job_of_another_lane(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct tw_job slow = {
        .run = sleep_long, .done = slow_job_done, .context = scene, .lane = TW_LANE_EVIDENCE};
    struct counting_job quick = {.job = {.run = run_job, .done = job_done, .context = scene}};
    open_scene(scene, 1, 1);
    tw_pool_job(scene->pool, &slow);
    tw_pool_job(scene->pool, &quick.job);
    close_scene(scene);
    assert_int_equal(scene->jobs_done, 1);
    free(scene);
}

static void work_until_stopped(struct tw_job *job)
{
    while (tw_pulse_beat(job->pulse))
        nap(1000);
}

static void a_lane_that_is_told_to_stop_stops_its_long_job(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct tw_job slow = {
        .run = work_until_stopped, .done = slow_job_done, .context = scene, .lane = TW_LANE_EVIDENCE};
    struct counting_job quick = {.job = {.run = run_job, .done = job_done, .context = scene}};
    open_scene(scene, 1, 1);
    tw_pool_job(scene->pool, &slow);
    tw_pool_job(scene->pool, &quick.job);
    while (scene->jobs_done == 0)
        uv_run(&scene->loop, UV_RUN_ONCE);
    tw_pool_stop_lane(scene->pool, TW_LANE_EVIDENCE);
    close_scene(scene);
    free(scene);
}

static void sleeper_done(struct tw_job *job)
{
    struct scene *scene = job->context;
    tw_pool_end(scene->pool, closed, scene);
}

/* The loop takes the lock at every turn: a worker must not hold it where it may be stopped for long. */
static void a_worker_that_is_stopped_as_it_wakes_the_loop_holds_nobody_up(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct counting_job quick = {
        .job = {.run = run_job, .done = job_done, .context = scene, .lane = TW_LANE_EVIDENCE}};
    open_scene(scene, 1, 1);
    atomic_store(&wakes_are_held, true);
    tw_pool_give(scene->pool, &scene->batches[0]);
    tw_pool_job(scene->pool, &quick.job);
    alarm(60); /* a test that waits for ever ends here */
    while (tw_pool_unfinished(scene->pool) > 0)
        nap(1000);
    nap(20000); /* the job, too, is done by now and would wake the loop */
    assert_int_equal(tw_pool_unfinished(scene->pool), 0);
    alarm(0);
    atomic_store(&wakes_are_held, false);
    scene->wanted = 1;
    close_scene(scene);
    assert_int_equal(scene->jobs_done, 1);
    free(scene);
}

static void a_worker_that_does_not_come_back_is_seen(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct tw_job job = {.run = sleep_long, .done = sleeper_done, .context = scene};
    open_scene(scene, 2, 1);
    assert_int_equal(tw_pool_stuck_ms(scene->pool), 0);
    tw_pool_job(scene->pool, &job);
    nap(150000);
    assert_true(tw_pool_stuck_ms(scene->pool) >= 100);
    close_scene(scene);
    free(scene);
}

static void a_worker_that_goes_on_step_by_step_is_not_stuck_however_long_its_batch_is(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 1, 1);
    scene->wanted = 1;
    scene->batches[0].count = 120; /* 600 ms */
    tw_pool_give(scene->pool, &scene->batches[0]);
    for (int look = 0; look < 4; look++) {
        nap(100000);
        assert_int_equal(tw_pool_busy(scene->pool), 1);
        assert_true(tw_pool_stuck_ms(scene->pool) < 90);
    }
    close_scene(scene);
    assert_false(scene->batches[0].failed);
    free(scene);
}

static void the_end_stops_a_long_batch_between_two_steps_and_does_not_make_the_loop_wait(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 2, 1);
    scene->wanted = BATCHES;
    for (int at = 0; at < 4; at++) {
        scene->batches[at].count = 12000; /* a minute each */
        tw_pool_give(scene->pool, &scene->batches[at]);
    }
    nap(50000);
    uint64_t began = tw_now_ms();
    tw_pool_end(scene->pool, closed, scene);
    assert_true(tw_now_ms() - began < 5);
    close_scene(scene);
    assert_true(tw_now_ms() - began < 2000);
    assert_int_equal(scene->back, 4);
    for (int at = 0; at < 4; at++) {
        assert_true(scene->batches[at].failed);
        assert_int_equal(scene->batches[at].failure.code, TW_INTERRUPTED);
    }
    free(scene);
}

static void end_pool(struct tw_job *job)
{
    struct scene *scene = job->context;
    scene->jobs_done++;
    tw_pool_end(scene->pool, closed, scene);
}

static void a_job_does_not_wait_for_batches_though_every_worker_has_one(void **state)
{
    (void)state;
    struct scene *scene = calloc(1, sizeof *scene);
    struct counting_job job = {.job = {.run = run_job, .done = end_pool, .context = scene}};
    open_scene(scene, 1, 1);
    for (int at = 0; at < 3; at++) {
        scene->batches[at].count = 12000; /* a minute each */
        tw_pool_give(scene->pool, &scene->batches[at]);
    }
    nap(50000);
    uint64_t began = tw_now_ms();
    tw_pool_job(scene->pool, &job.job);
    close_scene(scene);
    assert_true(tw_now_ms() - began < 2000);
    assert_int_equal(scene->jobs_done, 1);
    free(scene);
}

/* What `check` lets pass, `serve` starts with. */
static void as_many_workers_as_the_configuration_may_ask_for_can_be_had(void **state)
{
    (void)state;
    size_t row = 0;
    while (row < TW_CONFIG_ROWS && strcmp(tw_config_rows[row].section, "workers") != 0)
        row++;
    assert_true(row < TW_CONFIG_ROWS);
    assert_int_equal(tw_config_rows[row].key.most, TW_POOL_WORKERS_MOST);
    struct scene *scene = calloc(1, sizeof *scene);
    open_scene(scene, 300, 1);
    tw_pool_end(scene->pool, closed, scene);
    close_scene(scene);
    free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_come_back_in_the_order_in_which_they_were_given),
        cmocka_unit_test(parts_of_a_batch_given_again_come_back_before_all_others),
        cmocka_unit_test(swapped_data_is_used_from_then_on_and_the_old_is_freed_once),
        cmocka_unit_test(what_a_batch_was_made_with_outlives_a_swap_until_the_batch_is_let_go),
        cmocka_unit_test(a_worker_that_cannot_begin_fails_its_batch_with_the_reason),
        cmocka_unit_test(what_was_not_begun_at_the_end_is_handed_back_untouched),
        cmocka_unit_test(a_batch_that_is_done_is_no_longer_unfinished_though_another_holds_it_back),
        cmocka_unit_test(jobs_run_once_beside_batches),
        cmocka_unit_test(a_job_waits_for_no_job_of_another_lane),
        cmocka_unit_test(a_lane_that_is_told_to_stop_stops_its_long_job),
        cmocka_unit_test(a_worker_that_is_stopped_as_it_wakes_the_loop_holds_nobody_up),
        cmocka_unit_test(a_worker_that_does_not_come_back_is_seen),
        cmocka_unit_test(a_worker_that_goes_on_step_by_step_is_not_stuck_however_long_its_batch_is),
        cmocka_unit_test(the_end_stops_a_long_batch_between_two_steps_and_does_not_make_the_loop_wait),
        cmocka_unit_test(a_job_does_not_wait_for_batches_though_every_worker_has_one),
        cmocka_unit_test(as_many_workers_as_the_configuration_may_ask_for_can_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
