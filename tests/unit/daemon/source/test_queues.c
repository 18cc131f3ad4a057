/* queues: what comes by the group's queue, where nothing should come, is read in its turn or fetched once
 * more: it makes no gap. What comes by the partitions' own, tests/unit/daemon/source/test_source.c shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "source/queues.h"

#include <librdkafka/rdkafka_mock.h>

enum { RECORDS = 4 };

struct scene {
    rd_kafka_t *mock_handle, *consumer;
    rd_kafka_mock_cluster_t *mock;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_partitions partitions;
    struct tw_owned_partition *partition;
    struct tw_queues queues;
    rd_kafka_message_t *records[RECORDS]; /* as they stand in the topic */
    int64_t last;                         /* offset that was read last; -1: none */
    uint32_t skipped;
};

static bool on_message(void *context, struct tw_partition *partition, rd_kafka_message_t *message)
{
    struct scene *scene = context;
    (void)partition;
    scene->last = message->offset;
    rd_kafka_message_destroy(message);
    return true;
}

static void on_skipped(void *context, struct tw_partition *partition)
{
    struct scene *scene = context;
    assert_ptr_equal(partition, &scene->partition->base);
    scene->skipped++;
}

static rd_kafka_t *client(const struct scene *scene, rd_kafka_type_t type)
{
    char why[256];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "log_level", "3", why, sizeof why);
    rd_kafka_conf_set(settings, "group.id", "desk", why, sizeof why);
    if (scene->mock)
        rd_kafka_conf_set(
            settings, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->mock), why, sizeof why);
    return rd_kafka_new(type, settings, why, sizeof why);
}

static void publish(const struct scene *scene)
{
    rd_kafka_t *producer = client(scene, RD_KAFKA_PRODUCER);
    for (int at = 0; at < RECORDS; at++)
        assert_int_equal(rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("news"), RD_KAFKA_V_PARTITION(0),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t) "{}", 2),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
            0);
    assert_int_equal(rd_kafka_flush(producer, 20000), 0);
    rd_kafka_destroy(producer);
}

static void read_records(struct scene *scene)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "news", 0)->offset = 0;
    scene->consumer = client(scene, RD_KAFKA_CONSUMER);
    assert_int_equal(rd_kafka_assign(scene->consumer, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
    for (int count = 0; count < RECORDS;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(scene->consumer, 1000);
        if (message && !message->err) {
            assert_int_equal(message->offset, count);
            scene->records[count++] = message;
        } else if (message) {
            rd_kafka_message_destroy(message);
        }
    }
}

/* A partition that is read, next from offset 0 on. */
static void begin(struct scene *scene)
{
    *scene = (struct scene){.last = -1, .log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL)};
    scene->mock_handle = client(scene, RD_KAFKA_PRODUCER);
    scene->mock = rd_kafka_mock_cluster_new(scene->mock_handle, 1);
    rd_kafka_mock_topic_create(scene->mock, "news", 1, 1);
    publish(scene);
    read_records(scene);
    scene->partition = tw_partitions_add(&scene->partitions, "news", 0, TW_PARTITION_TAKING);
    tw_partition_move(&scene->partition->base, TW_PARTITION_TAKEN, "test", &scene->log);
    tw_partition_move(&scene->partition->base, TW_PARTITION_READING, "test", &scene->log);
    scene->partition->base.expected_offset = 0;
    scene->partition->check_offset = -1;
    scene->partition->queue = rd_kafka_queue_new(scene->consumer);
    scene->queues = (struct tw_queues){.log = &scene->log,
        .metrics = &scene->metrics,
        .context = scene,
        .message = on_message,
        .skipped = on_skipped};
}

static void take(struct scene *scene, int at)
{
    tw_queues_take(&scene->queues, &scene->partitions, scene->records[at]);
    scene->records[at] = NULL;
}

static void end(struct scene *scene)
{
    for (int at = 0; at < RECORDS; at++)
        if (scene->records[at])
            rd_kafka_message_destroy(scene->records[at]);
    tw_queue_close(scene->partition);
    tw_partitions_remove(&scene->partitions, &scene->partition->base);
    rd_kafka_destroy(scene->consumer);
    rd_kafka_mock_cluster_destroy(scene->mock);
    rd_kafka_destroy(scene->mock_handle);
}

static void a_record_that_comes_astray_is_read_in_its_turn_alone(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    take(&scene, 0);
    assert_int_equal(scene.last, 0);
    take(&scene, 2); /* the one before it stands in the partition's queue */
    assert_int_equal(scene.last, 0);
    assert_int_equal(scene.skipped, 1);
    assert_int_equal(scene.partition->base.expected_offset, 1);
    take(&scene, 1);
    assert_int_equal(scene.last, 1);
    assert_int_equal(scene.metrics.counters[TW_COUNT_GAPS], 0);
    end(&scene);
}

static void a_record_that_comes_astray_to_a_paused_partition_is_fetched_once_more(void **state)
{
    struct scene scene;
    (void)state;
    begin(&scene);
    tw_partition_move(&scene.partition->base, TW_PARTITION_PAUSED, "test", &scene.log);
    take(&scene, 0);
    assert_int_equal(scene.last, -1);
    assert_int_equal(scene.skipped, 1);
    assert_int_equal(scene.partition->base.expected_offset, 0);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_comes_astray_is_read_in_its_turn_alone),
        cmocka_unit_test(a_record_that_comes_astray_to_a_paused_partition_is_fetched_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
