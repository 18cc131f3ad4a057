/* store: its machine is the one that its header draws; its line needs no memory. What it does,
 * tests/integration/c/test_store.c shows. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "drawing.h"
#include "observe/metrics.h"
#include "store/store.h"

static void the_moves_are_those_of_the_drawing(void **state)
{
    (void)state;
    drawing_agrees("daemon/store/store.h", &tw_store_machine);
}

static void nothing_happens(void *context, bool ready, const struct tw_error *err)
{
    (void)context;
    (void)ready;
    (void)err;
}

static void count_back(void *context, struct tw_batch *batch, enum tw_batch_end end)
{
    int *back = context;
    (void)batch;
    *back += end == TW_BATCH_DROPPED; /* FENCED: its partition would be taken again */
}

static void to_ask_for_a_take_or_a_commit_needs_no_memory_that_could_be_refused(void **state)
{
    (void)state;
    int back = 0;
    uv_loop_t loop;
    struct tw_arena arena = {0};
    struct tw_config config;
    struct tw_error err;
    struct tw_metrics metrics = {0};
    struct tw_log log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_store_events events = {.context = &back, .state = nothing_happens, .committed = count_back};
    struct tw_store *store = NULL;
    static struct tw_partition partitions[100];
    static struct tw_batch batches[100];
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(tw_arena_begin(&arena, 8 << 20, &err) && tw_config_defaults(&arena, &config, &err));
    config.store.conninfo = "host=127.0.0.1 port=1";
    assert_true(tw_store_begin(&loop, &config, &log, &metrics, &events, &store, &err));
    size_t before = mallinfo2().uordblks;
    for (int at = 0; at < 100; at++) {
        tw_store_take(store, &partitions[at]);
        tw_store_commit(store, &batches[at]);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    assert_int_equal(tw_store_pending(store), 100);
    for (int at = 0; at < 100; at += 2)
        tw_store_forget(store, &partitions[at]);
    tw_store_end(store, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(back, 100);
    assert_int_equal(uv_loop_close(&loop), 0);
    tw_arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_moves_are_those_of_the_drawing),
        cmocka_unit_test(to_ask_for_a_take_or_a_commit_needs_no_memory_that_could_be_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
