/* kafka_teller: alerts are told by the partitions that have a leader, and what keeps the others is named with
 * its cure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "tell/kafka_teller.h"

#include <librdkafka/rdkafka_mock.h>

enum { PARTITIONS = 4, ROWS = 40 };

struct scene {
    uv_loop_t loop;
    struct tw_config config;
    struct tw_log log;
    struct tw_property property;
    rd_kafka_t *mock_handle;
    rd_kafka_mock_cluster_t *mock;
    void *teller;
    struct tw_error trouble;
    uint32_t delivered;
};

static void on_delivered(void *context, const struct tw_error *trouble)
{
    struct scene *scene = context;
    scene->delivered++;
    scene->trouble = trouble ? *trouble : (struct tw_error){0};
}

static void begin(struct scene *scene)
{
    char why[256];
    struct tw_error err = {0};
    struct tw_teller_events events = {scene, on_delivered};
    *scene = (struct scene){.log = tw_log_open(TW_ERROR + 1, TW_LOG_FORMAT_LOGFMT, NULL)};
    rd_kafka_conf_t *quiet = rd_kafka_conf_new();
    rd_kafka_conf_set(quiet, "log_level", "3", why, sizeof why);
    scene->mock_handle = rd_kafka_new(RD_KAFKA_PRODUCER, quiet, why, sizeof why);
    scene->mock = rd_kafka_mock_cluster_new(scene->mock_handle, 1);
    rd_kafka_mock_topic_create(scene->mock, "alerts", PARTITIONS, 1);
    scene->property =
        (struct tw_property){"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->mock)};
    scene->config.kafka.properties = (struct tw_properties){&scene->property, 1};
    scene->config.tell.kafka_topic = "alerts";
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    if (!tw_kafka_teller_kind.begin(&scene->loop, &scene->config, &scene->log, &events, &scene->teller, &err))
        fail_msg("%s: %s", err.where, err.what);
}

static void deliver(struct scene *scene, struct tw_outbox_row *rows, size_t count)
{
    uint32_t wanted = scene->delivered + 1;
    tw_kafka_teller_kind.deliver(scene->teller, rows, count);
    while (scene->delivered < wanted)
        uv_run(&scene->loop, UV_RUN_ONCE);
}

static void end(struct scene *scene)
{
    tw_kafka_teller_kind.end(scene->teller, NULL, NULL);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    rd_kafka_mock_cluster_destroy(scene->mock);
    rd_kafka_destroy(scene->mock_handle);
}

/* Alerts of so many companies that each partition has some. */
static void make_rows(struct tw_outbox_row *rows)
{
    static char names[ROWS][8];
    for (size_t at = 0; at < ROWS; at++) {
        snprintf(names[at], sizeof names[at], "S%zu", at);
        rows[at] = (struct tw_outbox_row){.id = (int64_t)at + 1,
            .key = tw_text_of(names[at]),
            .partition_by = tw_text_of(names[at]),
            .message = tw_text_of("{}")};
    }
}

static size_t count_told(const struct tw_outbox_row *rows)
{
    size_t told = 0;
    for (size_t at = 0; at < ROWS; at++)
        told += rows[at].outcome == TW_TELLING_TOLD;
    return told;
}

/* It takes the deadline of a delivery, ten seconds. */
static void a_partition_without_a_leader_keeps_its_own_alerts_and_is_named(void **state)
{
    struct scene scene;
    struct tw_outbox_row rows[ROWS];
    (void)state;
    begin(&scene);
    make_rows(rows);
    deliver(&scene, rows, ROWS);
    assert_int_equal(scene.trouble.code, TW_OK);
    assert_int_equal(count_told(rows), ROWS);

    rd_kafka_mock_partition_set_leader(scene.mock, "alerts", 2, -1);
    make_rows(rows);
    deliver(&scene, rows, ROWS);
    assert_in_range(count_told(rows), 1, ROWS - 1);
    assert_true(scene.trouble.passing);
    assert_string_equal(scene.trouble.where, "alerts partition 2");
    assert_non_null(strstr(scene.trouble.cure, "start the broker that leads it"));

    rd_kafka_mock_partition_set_leader(scene.mock, "alerts", 2, 1);
    make_rows(rows);
    deliver(&scene, rows, ROWS);
    assert_int_equal(scene.trouble.code, TW_OK);
    assert_int_equal(count_told(rows), ROWS);
    end(&scene);
}

static void expect(rd_kafka_resp_err_t code, const struct tw_kafka_word *said, enum tw_code means,
    const char *what, const char *cure)
{
    struct tw_error err = {0};
    tw_kafka_trouble("alerts", -1, code, said, &err);
    assert_int_equal(err.code, means);
    assert_true(err.passing);
    assert_string_equal(err.where, "alerts");
    assert_non_null(strstr(err.what, what));
    assert_non_null(strstr(err.cure, cure));
}

static void what_the_library_says_decides_what_is_to_be_done(void **state)
{
    static const struct tw_kafka_word nothing = {0};
    static const struct tw_kafka_word away = {RD_KAFKA_RESP_ERR__TRANSPORT, "Connection refused"};
    static const struct tw_kafka_word refused = {RD_KAFKA_RESP_ERR__AUTHENTICATION, "SASL log-in refused"};
    static const struct tw_kafka_word untrusted = {RD_KAFKA_RESP_ERR__SSL, "certificate verify failed"};
    (void)state;
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &nothing, TW_SERVER, "timed out", "start the broker");
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &away, TW_SERVER, "Connection refused", "start the broker");
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &refused, TW_PERMISSION, "SASL log-in", "correct the log-in");
    expect(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, &untrusted, TW_PERMISSION, "certificate", "certificate");
    expect(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, &away, TW_SERVER, "topic", "make the topic");
    expect(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, &away, TW_PERMISSION, "uthoriz",
        "allow the daemon's user");
    expect(RD_KAFKA_RESP_ERR__FATAL, &nothing, TW_INTERNAL, "atal", "restart the daemon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_library_says_decides_what_is_to_be_done),
        cmocka_unit_test(a_partition_without_a_leader_keeps_its_own_alerts_and_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
