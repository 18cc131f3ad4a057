/* lag: caught up is what has been committed up to the end; the gauges are of what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/lag.h"

/* What is looked at; a client without brokers. */
struct scene {
    struct tw_metrics metrics;
    struct tw_partitions partitions;
    rd_kafka_t *kafka;
};

static void open_scene(struct scene *scene)
{
    char why[256];
    scene->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, why, sizeof why);
    assert_non_null(scene->kafka);
}

static void close_scene(struct scene *scene)
{
    while (scene->partitions.first)
        tw_partitions_remove(&scene->partitions, scene->partitions.first);
    rd_kafka_destroy(scene->kafka);
}

static struct tw_owned_partition *add_partition(
    struct scene *scene, int number, enum tw_partition_state state)
{
    struct tw_owned_partition *partition =
        tw_partitions_add(&scene->partitions, "news", number, TW_PARTITION_TAKING);
    partition->base.state = state;
    return partition;
}

static void note_lag(struct scene *scene)
{
    tw_lag_note(&scene->partitions, scene->kafka, &scene->metrics);
}

static void caught_up_is_what_was_committed_not_what_was_read(void **state)
{
    (void)state;
    static struct scene scene;
    open_scene(&scene);
    struct tw_owned_partition *partition = add_partition(&scene, 0, TW_PARTITION_READING);
    struct tw_partition *base = &partition->base;
    base->row_offset = 10;
    base->cut_offset = 20;
    base->expected_offset = 20;
    base->end_offset = 20;
    base->batches_out = 1; /* from 10 to 20, on its way */
    partition->at_end = true;
    partition->end_event_offset = 20;
    note_lag(&scene);
    assert_false(base->caught_up);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_LAG], 10);
    base->batches_out = 0;
    base->row_offset = 20;
    note_lag(&scene);
    assert_true(base->caught_up);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_LAG], 0);
    base->cut_offset = 15; /* messages in an open batch */
    note_lag(&scene);
    assert_false(base->caught_up);
    partition->jumped_from = 18; /* behind them reading jumped to 20: they are still to be cut */
    partition->jumped_offset = 20;
    note_lag(&scene);
    assert_false(base->caught_up);
    base->cut_offset = 18; /* and nothing between will ever be */
    note_lag(&scene);
    assert_true(base->caught_up);
    close_scene(&scene);
}

/* Else event time passes over what nobody could read, and all of it comes late. */
static void what_waits_behind_an_open_transaction_is_not_caught_up_with(void **state)
{
    (void)state;
    static struct scene scene;
    open_scene(&scene);
    struct tw_owned_partition *partition = add_partition(&scene, 0, TW_PARTITION_READING);
    struct tw_partition *base = &partition->base;
    base->row_offset = base->cut_offset = base->expected_offset = 20;
    base->end_offset = 50;
    partition->at_end = true;
    partition->end_event_offset = 20; /* what librdkafka calls the end */
    note_lag(&scene);
    assert_false(base->caught_up);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_LAG], 30);
    partition->end_event_offset = 50; /* aborted: its records and its marker were passed over */
    note_lag(&scene);
    assert_true(base->caught_up);
    close_scene(&scene);
}

static void gauges_are_of_what_is_read_and_of_what_is_stranded(void **state)
{
    (void)state;
    static struct scene scene;
    open_scene(&scene);
    static const enum tw_partition_state states[] = {TW_PARTITION_READING, TW_PARTITION_PAUSED,
        TW_PARTITION_STRANDED, TW_PARTITION_FENCED, TW_PARTITION_LEAVING};
    for (int at = 0; at < 5; at++) {
        struct tw_partition *base = &add_partition(&scene, at, states[at])->base;
        base->row_offset = 90;
        base->end_offset = 100;
    }
    note_lag(&scene);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_PARTITIONS], 2);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_STRANDED], 1);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_LAG], 20);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caught_up_is_what_was_committed_not_what_was_read),
        cmocka_unit_test(what_waits_behind_an_open_transaction_is_not_caught_up_with),
        cmocka_unit_test(gauges_are_of_what_is_read_and_of_what_is_stranded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
