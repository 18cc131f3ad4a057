/* stores: a partition is always one store's, and what several tell is told as of one. What happens with
 * PostgreSQL, tests/integration/test_sessions shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "config/config.h"
#include "observe/metrics.h"
#include "store/stores.h"

enum { PARTITIONS = 12 };

struct scene {
    uv_loop_t loop;
    struct tw_arena arena;
    struct tw_config config;
    struct tw_metrics metrics;
    struct tw_log log;
    struct tw_stores *stores;
    struct tw_partition partitions[PARTITIONS];
    struct tw_batch batches[PARTITIONS];
    int back;
    int closed;
};

static void nothing_happens(void *context, bool ready, const struct tw_error *err)
{
    (void)context;
    (void)err;
    assert_false(ready);
}

static void count_back(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    struct scene *scene = context;
    assert_true(batch >= scene->batches && batch < scene->batches + PARTITIONS);
    scene->back += end == TW_BATCH_DROPPED;
}

static void count_closed(void *context)
{
    struct scene *scene = context;
    scene->closed++;
}

/* A server that nobody has: what is asked for waits in the lines. */
static void begin(struct scene *scene, int64_t sessions)
{
    struct tw_error err;
    struct tw_store_events events = {.context = scene, .state = nothing_happens, .committed = count_back};
    *scene = (struct scene){.log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL)};
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_true(tw_arena_begin(&scene->arena, 8 << 20, &err) &&
                tw_config_defaults(&scene->arena, &scene->config, &err));
    scene->config.store.conninfo = "host=127.0.0.1 port=1";
    scene->config.store.sessions = sessions;
    assert_true(tw_stores_begin(
        &scene->loop, &scene->config, &scene->log, &scene->metrics, &events, &scene->stores, &err));
    for (int at = 0; at < PARTITIONS; at++) {
        scene->partitions[at].number = at;
        scene->batches[at].partition = &scene->partitions[at];
        tw_stores_take(scene->stores, &scene->partitions[at]);
    }
}

static void end(struct scene *scene)
{
    tw_stores_end(scene->stores, count_closed);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(scene->closed, 1);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    tw_arena_end(&scene->arena);
}

static void a_partition_is_always_one_stores(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 3);
    for (int at = 3; at < PARTITIONS; at++)
        assert_ptr_equal(scene.partitions[at].store, scene.partitions[at - 3].store);
    assert_ptr_not_equal(scene.partitions[0].store, scene.partitions[1].store);
    assert_ptr_not_equal(scene.partitions[1].store, scene.partitions[2].store);
    assert_ptr_not_equal(scene.partitions[2].store, scene.partitions[0].store);
    struct tw_store *before = scene.partitions[4].store;
    tw_stores_forget(scene.stores, &scene.partitions[4]);
    tw_stores_take(scene.stores, &scene.partitions[4]);
    assert_ptr_equal(scene.partitions[4].store, before);
    end(&scene);
}

/* Topics of one partition each are common: one of them a source of news. */
static void topics_of_one_partition_are_not_all_one_stores(void **state)
{
    (void)state;
    struct scene scene;
    struct tw_partition topics[8] = {{.number = 0}};
    int first = 0;
    begin(&scene, 2);
    for (int at = 0; at < 8; at++) {
        snprintf(topics[at].topic, sizeof topics[at].topic, "news.source-%d", at);
        tw_stores_take(scene.stores, &topics[at]);
        first += topics[at].store == topics[0].store;
    }
    assert_in_range(first, 2, 6);
    for (int at = 0; at < 8; at++)
        tw_stores_forget(scene.stores, &topics[at]);
    end(&scene);
}

static void one_session_has_all(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 1);
    for (int at = 1; at < PARTITIONS; at++)
        assert_ptr_equal(scene.partitions[at].store, scene.partitions[0].store);
    end(&scene);
}

static void batches_wait_where_their_partition_was_taken_and_all_come_back(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 2);
    assert_int_equal(tw_stores_pending(scene.stores), 0);
    for (int at = 0; at < PARTITIONS; at++)
        tw_stores_commit(scene.stores, &scene.batches[at]);
    assert_int_equal(tw_stores_pending(scene.stores), PARTITIONS);
    assert_int_equal(tw_store_pending(scene.partitions[0].store), PARTITIONS / 2);
    assert_int_equal(tw_store_pending(scene.partitions[1].store), PARTITIONS / 2);
    assert_false(tw_stores_ready(scene.stores));
    assert_null(tw_stores_trouble(scene.stores));
    end(&scene);
    assert_int_equal(scene.back, PARTITIONS);
}

static void a_partition_that_was_never_taken_is_forgotten_by_nobody(void **state)
{
    (void)state;
    struct scene scene;
    struct tw_partition stranger = {.number = 1};
    begin(&scene, 2);
    tw_stores_forget(scene.stores, &stranger);
    assert_null(stranger.store);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_partition_is_always_one_stores),
        cmocka_unit_test(topics_of_one_partition_are_not_all_one_stores),
        cmocka_unit_test(one_session_has_all),
        cmocka_unit_test(batches_wait_where_their_partition_was_taken_and_all_come_back),
        cmocka_unit_test(a_partition_that_was_never_taken_is_forgotten_by_nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
