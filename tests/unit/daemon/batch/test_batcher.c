#include "batch/batcher.h"
#include "batch/pace.h"
#include "source/message.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MESSAGES = 40, PAYLOAD = 100 };

/* librdkafka's messages can be made by librdkafka only: a mock broker, a producer and a simple consumer. */
struct kitchen {
    rd_kafka_t *producer;
    rd_kafka_mock_cluster_t *mock;
    rd_kafka_t *consumer;
};

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
    char why[256];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "log_level", "3", why, sizeof why);
    rd_kafka_conf_set(settings, "fetch.wait.max.ms", "10", why, sizeof why);
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_conf_set(settings, "group.id", "test", why, sizeof why);
    if (brokers)
        rd_kafka_conf_set(settings, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_t *kafka = rd_kafka_new(type, settings, why, sizeof why);
    assert_non_null(kafka);
    return kafka;
}

static int open_kitchen(void **state)
{
    struct kitchen *kitchen = calloc(1, sizeof *kitchen);
    kitchen->producer = client(RD_KAFKA_PRODUCER, NULL);
    kitchen->mock = rd_kafka_mock_cluster_new(kitchen->producer, 1);
    const char *brokers = rd_kafka_mock_cluster_bootstraps(kitchen->mock);
    rd_kafka_mock_topic_create(kitchen->mock, "news", 2, 1);
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, brokers);
    char payload[PAYLOAD] = {0};
    for (int at = 0; at < MESSAGES * 2; at++)
        assert_int_equal(
            rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("news"), RD_KAFKA_V_PARTITION(at % 2),
                RD_KAFKA_V_VALUE(payload, PAYLOAD), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
            0);
    assert_int_equal(rd_kafka_flush(producer, 10000), 0);
    rd_kafka_destroy(producer);
    kitchen->consumer = client(RD_KAFKA_CONSUMER, brokers);
    rd_kafka_poll_set_consumer(kitchen->consumer);
    *state = kitchen;
    return 0;
}

static int close_kitchen(void **state)
{
    struct kitchen *kitchen = *state;
    rd_kafka_consumer_close(kitchen->consumer);
    rd_kafka_destroy(kitchen->consumer);
    rd_kafka_mock_cluster_destroy(kitchen->mock);
    rd_kafka_destroy(kitchen->producer);
    free(kitchen);
    return 0;
}

/* Reads a partition anew from its beginning. */
static void begin_at_zero(struct kitchen *kitchen, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "news", partition)->offset = 0;
    assert_int_equal(rd_kafka_assign(kitchen->consumer, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
}

static rd_kafka_message_t *next_message(struct kitchen *kitchen)
{
    for (int tries = 0; tries < 100; tries++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kitchen->consumer, 200);
        if (message && !message->err)
            return message;
        if (message)
            rd_kafka_message_destroy(message);
    }
    fail_msg("no message came");
    return NULL;
}

static struct tw_batcher *make_batcher(size_t most_bytes, uint32_t most_documents)
{
    struct tw_batcher *batcher = NULL;
    struct tw_error err = {0};
    struct tw_batcher_options options = {.most_bytes = most_bytes,
        .most_documents = most_documents,
        .age_ms = 50,
        .memory_bytes = 1 << 20,
        .tokens_of_a_text = UINT32_MAX};
    assert_true(tw_batcher_begin(&options, &batcher, &err));
    return batcher;
}

static struct tw_batch *add(
    struct tw_batcher *batcher, struct tw_partition *partition, rd_kafka_message_t *message, uint64_t now_ms)
{
    struct tw_batch *cut = NULL;
    struct tw_error err = {0};
    assert_true(tw_batcher_add(batcher, partition, message, tw_message_bytes(message), now_ms, &cut, &err));
    return cut;
}

static void a_batch_is_cut_by_documents_and_the_next_begins_where_it_ended(void **state)
{
    struct tw_partition partition = {.cut_offset = -1};
    struct tw_batcher *batcher = make_batcher(1 << 20, 10);
    begin_at_zero(*state, 0);
    int64_t begin = -1;
    const struct tw_batch *first = NULL;
    for (int at = 1; at <= 30; at++) {
        struct tw_batch *batch = add(batcher, &partition, next_message(*state), 1);
        assert_int_equal(batch != NULL, at % 10 == 0);
        if (!batch)
            continue;
        assert_int_equal(batch->begin_offset, begin);
        assert_int_equal(batch->end_offset, at);
        assert_int_equal(batch->count, 10);
        assert_int_equal(batch->bytes, 10 * PAYLOAD);
        begin = batch->end_offset;
        first = first ? first : batch;
        assert_ptr_equal(batch, first); /* the same one each time */
        tw_batcher_free(batcher, batch);
    }
    tw_batcher_end(batcher);
}

static void a_batch_is_cut_by_bytes(void **state)
{
    struct tw_partition partition = {.cut_offset = 0};
    struct tw_batcher *batcher = make_batcher(3 * PAYLOAD, 1000);
    begin_at_zero(*state, 0);
    assert_null(add(batcher, &partition, next_message(*state), 1));
    assert_null(add(batcher, &partition, next_message(*state), 1));
    struct tw_batch *batch = add(batcher, &partition, next_message(*state), 1);
    assert_non_null(batch);
    tw_batcher_free(batcher, batch);
    tw_batcher_end(batcher);
}

static void a_batch_is_cut_where_a_worker_will_have_had_enough(void **state)
{
    struct tw_partition partition = {.cut_offset = 0};
    struct tw_batcher *batcher = make_batcher(1 << 20, 1000);
    uint64_t each = tw_pace_guess(PAYLOAD, UINT32_MAX);
    begin_at_zero(*state, 0);
    tw_batcher_limit_tokens(batcher, 2 * each + 1);
    assert_null(add(batcher, &partition, next_message(*state), 1));
    assert_null(add(batcher, &partition, next_message(*state), 1));
    struct tw_batch *batch = add(batcher, &partition, next_message(*state), 1);
    assert_non_null(batch);
    assert_int_equal(batch->tokens, 3 * each);
    struct tw_batch *second = tw_batcher_split(batcher, batch);
    assert_int_equal(batch->tokens, each);
    assert_int_equal(second->tokens, 2 * each);
    tw_batcher_free(batcher, second);
    tw_batcher_free(batcher, batch);
    /* One alone goes, however much it costs. */
    tw_batcher_limit_tokens(batcher, 1);
    batch = add(batcher, &partition, next_message(*state), 1);
    assert_non_null(batch);
    tw_batcher_free(batcher, batch);
    tw_batcher_end(batcher);
}

static void a_batch_is_cut_when_its_first_message_is_old_enough(void **state)
{
    struct tw_partition partition = {.cut_offset = 0};
    struct tw_batcher *batcher = make_batcher(1 << 20, 1000);
    begin_at_zero(*state, 0);
    assert_int_equal(tw_batcher_due_ms(batcher, 1000), UINT64_MAX);
    add(batcher, &partition, next_message(*state), 1000);
    add(batcher, &partition, next_message(*state), 1049);
    assert_int_equal(tw_batcher_due_ms(batcher, 1020), 30);
    assert_null(tw_batcher_cut(batcher, 1049, false));
    struct tw_batch *batch = tw_batcher_cut(batcher, 1050, false);
    assert_non_null(batch);
    assert_int_equal(batch->count, 2);
    assert_int_equal(partition.cut_offset, 2);
    tw_batcher_free(batcher, batch);
    tw_batcher_end(batcher);
}

static void partitions_never_share_a_batch_and_a_dropped_one_takes_nothing_along(void **state)
{
    struct tw_partition left = {.number = 0};
    struct tw_partition right = {.number = 1};
    struct tw_batcher *batcher = make_batcher(1 << 20, 1000);
    begin_at_zero(*state, 0);
    add(batcher, &left, next_message(*state), 1);
    begin_at_zero(*state, 1);
    add(batcher, &right, next_message(*state), 2);
    add(batcher, &right, next_message(*state), 2);
    assert_int_equal(tw_batcher_open(batcher), 2);
    assert_int_equal(tw_batcher_drop(batcher, &left), PAYLOAD);
    assert_int_equal(left.cut_offset, 0);
    assert_int_equal(tw_batcher_drop(batcher, &left), 0);
    struct tw_batch *batch = tw_batcher_cut(batcher, 3, true);
    assert_ptr_equal(batch->partition, &right);
    assert_int_equal(batch->count, 2);
    assert_null(tw_batcher_cut(batcher, 3, true));
    tw_batcher_free(batcher, batch);
    tw_batcher_end(batcher);
}

static void halves_of_a_split_batch_meet_at_one_offset_and_lose_nothing(void **state)
{
    struct tw_partition partition = {.cut_offset = -1};
    struct tw_batcher *batcher = make_batcher(1 << 20, 7);
    struct tw_batch *first = NULL;
    begin_at_zero(*state, 0);
    while (!first)
        first = add(batcher, &partition, next_message(*state), 1);
    assert_non_null(tw_arena_take(&first->arena, 1000));
    first->failed = true;
    struct tw_batch *second = tw_batcher_split(batcher, first);
    assert_non_null(second);
    assert_false(first->failed);
    assert_int_equal(first->arena.used, 0);
    assert_int_equal(first->begin_offset, -1);
    assert_int_equal(first->end_offset, 3);
    assert_int_equal(second->begin_offset, 3);
    assert_int_equal(second->end_offset, 7);
    assert_int_equal(first->count + second->count, 7);
    assert_int_equal(second->held[0]->offset, 3);
    assert_int_equal(first->bytes + second->bytes, 7 * PAYLOAD);
    assert_int_equal(partition.cut_offset, 7);
    tw_batcher_free(batcher, first);
    tw_batcher_free(batcher, second);
    tw_batcher_end(batcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_cut_by_documents_and_the_next_begins_where_it_ended),
        cmocka_unit_test(a_batch_is_cut_by_bytes),
        cmocka_unit_test(a_batch_is_cut_where_a_worker_will_have_had_enough),
        cmocka_unit_test(a_batch_is_cut_when_its_first_message_is_old_enough),
        cmocka_unit_test(partitions_never_share_a_batch_and_a_dropped_one_takes_nothing_along),
        cmocka_unit_test(halves_of_a_split_batch_meet_at_one_offset_and_lose_nothing),
    };
    return cmocka_run_group_tests(tests, open_kitchen, close_kitchen);
}
