/* lag: caught up is what has been committed up to the end; the gauges are of what is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/lag.h"

static rd_kafka_t *kafka_without_brokers(void)
{
    char why[256];
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, why, sizeof why);
    assert_non_null(kafka);
    return kafka;
}

static void caught_up_is_what_was_committed_not_what_was_read(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    struct tw_partitions partitions = {0};
    rd_kafka_t *kafka = kafka_without_brokers();
    struct tw_owned_partition *partition = tw_partitions_add(&partitions, "news", 0, TW_PARTITION_TAKING);
    struct tw_partition *base = &partition->base;
    base->state = TW_PARTITION_READING;
    base->row_offset = 10;
    base->cut_offset = 20;
    base->expected_offset = 20;
    base->end_offset = 20;
    base->batches_out = 1; /* from 10 to 20, on its way */
    partition->at_end = true;
    partition->end_event_offset = 20;
    tw_lag_note(&partitions, kafka, &metrics);
    assert_false(base->caught_up);
    assert_int_equal(metrics.gauges[TW_GAUGE_LAG], 10);
    base->batches_out = 0;
    base->row_offset = 20;
    tw_lag_note(&partitions, kafka, &metrics);
    assert_true(base->caught_up);
    assert_int_equal(metrics.gauges[TW_GAUGE_LAG], 0);
    base->cut_offset = 15; /* messages in an open batch */
    tw_lag_note(&partitions, kafka, &metrics);
    assert_false(base->caught_up);
    partition->jumped_offset = 20; /* nothing below it will ever be cut */
    tw_lag_note(&partitions, kafka, &metrics);
    assert_true(base->caught_up);
    tw_partitions_remove(&partitions, base);
    rd_kafka_destroy(kafka);
}

/* Else event time passes over what nobody could read, and all of it comes late. */
static void what_waits_behind_an_open_transaction_is_not_caught_up_with(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    struct tw_partitions partitions = {0};
    rd_kafka_t *kafka = kafka_without_brokers();
    struct tw_owned_partition *partition = tw_partitions_add(&partitions, "news", 0, TW_PARTITION_TAKING);
    struct tw_partition *base = &partition->base;
    base->state = TW_PARTITION_READING;
    base->row_offset = base->cut_offset = base->expected_offset = 20;
    base->end_offset = 50;
    partition->at_end = true;
    partition->end_event_offset = 20; /* what librdkafka calls the end */
    tw_lag_note(&partitions, kafka, &metrics);
    assert_false(base->caught_up);
    assert_int_equal(metrics.gauges[TW_GAUGE_LAG], 30);
    partition->end_event_offset = 50; /* aborted: its records and its marker were passed over */
    tw_lag_note(&partitions, kafka, &metrics);
    assert_true(base->caught_up);
    tw_partitions_remove(&partitions, base);
    rd_kafka_destroy(kafka);
}

static void gauges_are_of_what_is_read_and_of_what_is_stranded(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    struct tw_partitions partitions = {0};
    rd_kafka_t *kafka = kafka_without_brokers();
    static const enum tw_partition_state states[] = {TW_PARTITION_READING, TW_PARTITION_PAUSED,
        TW_PARTITION_STRANDED, TW_PARTITION_FENCED, TW_PARTITION_LEAVING};
    for (int at = 0; at < 5; at++) {
        struct tw_partition *base = &tw_partitions_add(&partitions, "news", at, TW_PARTITION_TAKING)->base;
        base->state = states[at];
        base->row_offset = 90;
        base->end_offset = 100;
    }
    tw_lag_note(&partitions, kafka, &metrics);
    assert_int_equal(metrics.gauges[TW_GAUGE_PARTITIONS], 2);
    assert_int_equal(metrics.gauges[TW_GAUGE_STRANDED], 1);
    assert_int_equal(metrics.gauges[TW_GAUGE_LAG], 20);
    while (partitions.first)
        tw_partitions_remove(&partitions, partitions.first);
    rd_kafka_destroy(kafka);
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
