/* group: the table of moves is the drawing; what a consumer without brokers says of itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "drawing.h"
#include "source/group.h"

static void the_table_of_moves_is_what_is_drawn(void **state)
{
    (void)state;
    drawing_agrees("daemon/source/group.h", &tw_group_machine);
}

/* A group over topic `news`, with one property of librdkafka. */
struct desk {
    struct tw_metrics metrics;
    const char *topics[1];
    struct tw_property property;
    struct tw_config config;
    struct tw_log log;
    struct tw_group group;
    struct tw_error err;
};

static bool begin_group(
    struct desk *desk, const char *name, const char *value, const struct tw_group_events *events)
{
    desk->topics[0] = "news";
    desk->property = (struct tw_property){name, value};
    desk->config = (struct tw_config){
        .kafka = {.topics = {desk->topics, 1}, .group = "desk", .properties = {&desk->property, 1}}};
    desk->log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL);
    return tw_group_begin(&desk->group, &desk->config, &desk->log, &desk->metrics, events, &desk->err);
}

static void end_group(struct desk *desk)
{
    rd_kafka_destroy(desk->group.kafka);
    tw_group_end(&desk->group);
}

static void brokers_that_do_not_answer_are_no_error_and_nothing_is_ours(void **state)
{
    (void)state;
    static struct desk desk;
    const struct tw_group_events events = {0};
    struct tw_group *group = &desk.group;
    uint32_t at = 0;
    assert_true(begin_group(&desk, "bootstrap.servers", "127.0.0.1:1", &events));
    tw_group_poll(group);
    tw_group_settle(group);
    assert_int_equal(group->state, TW_GROUP_OUTSIDE);
    assert_false(tw_group_is_member(group));
    assert_false(tw_group_takes_assignment(group));
    assert_false(tw_group_has_left(group));
    assert_null(tw_group_missing_topic(group, &at));
    end_group(&desk);
}

static void members_that_assign_otherwise_are_told_apart_from_patience(void **state)
{
    (void)state;
    static struct tw_metrics metrics;
    struct tw_config config = {.kafka = {.group = "desk"}};
    struct tw_log log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL);
    struct tw_group group = {.config = &config, .log = &log, .metrics = &metrics};
    rd_kafka_message_t message = {.err = RD_KAFKA_RESP_ERR__TRANSPORT};
    tw_group_tell_error(&group, &message);
    assert_int_equal(group.refusal, TW_GROUP_NOT_REFUSED);
    message.err = RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL;
    tw_group_tell_error(&group, &message);
    assert_int_equal(group.refusal, TW_GROUP_MIXED);
}

static void a_property_that_breaks_the_promise_ends_it_before_it_began(void **state)
{
    (void)state;
    static struct desk desk;
    const struct tw_group_events events = {0};
    assert_false(begin_group(&desk, "enable.auto.commit", "true", &events));
    assert_int_equal(desk.err.code, TW_CONFIG);
    assert_string_equal(desk.err.where, "kafka.properties.enable.auto.commit");
}

/* What the owner heard, a letter each: how many partitions were assigned; R for revoked, L for lost. */
struct heard {
    char letters[16];
    size_t count;
};

static void hear_assigned(void *context, const rd_kafka_topic_partition_list_t *list)
{
    struct heard *heard = context;
    heard->letters[heard->count++] = (char)('0' + list->cnt);
}

static void hear_revoked(void *context, bool lost)
{
    struct heard *heard = context;
    heard->letters[heard->count++] = lost ? 'L' : 'R';
}

typedef void rebalance_callback(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *);

/* What librdkafka would call: it tells a pointer of its settings as text. */
static rebalance_callback *callback_of(rd_kafka_t *kafka)
{
    char text[64];
    size_t size = sizeof text;
    void *pointer = NULL;
    rebalance_callback *callback = NULL;
    assert_int_equal(rd_kafka_conf_get(rd_kafka_conf(kafka), "rebalance_cb", text, &size), RD_KAFKA_CONF_OK);
    pointer = (void *)(uintptr_t)strtoull(text, NULL, 16);
    memcpy(&callback, &pointer, sizeof callback);
    return callback;
}

/* librdkafka 2.0.2 does that when rows could not be taken for longer than a session lasts (PostgreSQL away
 * for 18 s, sessions of 6 s): two daemons then fought for partitions without end, each sure that they were
 * its own. */
static void an_assignment_that_was_not_revoked_is_replaced_not_added_to(void **state)
{
    (void)state;
    static struct desk desk;
    struct heard heard = {0};
    const struct tw_group_events events = {
        .context = &heard, .assigned = hear_assigned, .revoked = hear_revoked};
    struct tw_group *group = &desk.group;
    assert_true(begin_group(&desk, "bootstrap.servers", "127.0.0.1:1", &events));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_list_add(list, "news", 0)->offset = 0;
    rebalance_callback *rebalance = callback_of(group->kafka);
    rebalance(group->kafka, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, list, group);
    assert_true(tw_group_assign(group, list));
    assert_int_equal(group->state, TW_GROUP_ASSIGNED);
    rd_kafka_topic_partition_list_add(list, "news", 1)->offset = 0;
    rebalance(group->kafka, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, list, group);
    assert_int_equal(group->state, TW_GROUP_TAKING);
    rebalance(group->kafka, RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, list, group);
    rebalance(group->kafka, RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, list, group);
    assert_int_equal(group->state, TW_GROUP_OUTSIDE);
    assert_string_equal(heard.letters, "1L2L2R");
    rd_kafka_topic_partition_list_destroy(list);
    end_group(&desk);
}

static void expect_list(const char *const *topics, const int32_t *numbers, int count, const char *wanted)
{
    char text[TW_GROUP_LIST_BYTES];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int at = 0; at < count; at++)
        rd_kafka_topic_partition_list_add(list, topics[at], numbers[at]);
    tw_group_print_list(list, text);
    rd_kafka_topic_partition_list_destroy(list);
    assert_string_equal(text, wanted);
}

static void an_assignment_is_told_by_topic_in_ranges(void **state)
{
    (void)state;
    static const char *const topics[] = {"posts", "news", "news", "news", "news", "news"};
    static const int32_t numbers[] = {0, 7, 2, 0, 1, 9};
    expect_list(topics, numbers, 0, "");
    expect_list(topics, numbers, 1, "posts 0");
    expect_list(topics, numbers, 6, "news 0-2, 7, 9; posts 0");
}

static void a_long_assignment_is_cut_to_its_room(void **state)
{
    (void)state;
    char text[TW_GROUP_LIST_BYTES];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1000);
    for (int32_t number = 0; number < 1000; number++)
        rd_kafka_topic_partition_list_add(list, "a topic with a name that is not short", 2 * number);
    tw_group_print_list(list, text);
    assert_int_equal(strlen(text), sizeof text - 1);
    rd_kafka_topic_partition_list_destroy(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_moves_is_what_is_drawn),
        cmocka_unit_test(brokers_that_do_not_answer_are_no_error_and_nothing_is_ours),
        cmocka_unit_test(an_assignment_that_was_not_revoked_is_replaced_not_added_to),
        cmocka_unit_test(an_assignment_is_told_by_topic_in_ranges),
        cmocka_unit_test(a_long_assignment_is_cut_to_its_room),
        cmocka_unit_test(members_that_assign_otherwise_are_told_apart_from_patience),
        cmocka_unit_test(a_property_that_breaks_the_promise_ends_it_before_it_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
