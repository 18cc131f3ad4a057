/* answers: whose silence counts, by what librdkafka's statistics say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source/answers.h"

/* One partition, fetched from broker 2, and what statistics say of that. */
struct scene {
    struct tw_answers answers;
    struct tw_partitions partitions;
    struct tw_owned_partition *partition;
    struct tw_metrics metrics;
    struct tw_log log;
    const char *state;
    const char *fetch_state;
    int broker;
    long long up_us;
    long long sent;
};

static void open_scene(struct scene *scene)
{
    *scene = (struct scene){.answers = {.limit_ms = 6000},
        .log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, NULL),
        .state = "UP",
        .fetch_state = "active",
        .broker = 2,
        .up_us = 3600000000,
        .sent = 10};
    scene->partition = tw_partitions_add(&scene->partitions, "news", 3, TW_PARTITION_TAKING);
    scene->partition->base.state = TW_PARTITION_READING;
}

static void close_scene(struct scene *scene)
{
    tw_answers_end(&scene->answers);
    tw_partitions_remove(&scene->partitions, &scene->partition->base);
}

static void note(struct scene *scene, uint64_t now_ms)
{
    char json[1024];
    int length = snprintf(json, sizeof json,
        "{\"brokers\":{\"a:9092/2\":{\"nodeid\":2,\"source\":\"learned\",\"state\":\"%s\",\"stateage\":%lld,"
        "\"req\":{\"Fetch\":%lld}},\"GroupCoordinator\":{\"nodeid\":2,\"source\":\"logical\",\"state\":\"UP\","
        "\"stateage\":9000000000,\"req\":{\"Fetch\":0}}},"
        "\"topics\":{\"news\":{\"partitions\":{\"3\":{\"broker\":%d,\"fetch_state\":\"%s\",\"ls_offset\":77}}}}}",
        scene->state, scene->up_us, scene->sent, scene->broker, scene->fetch_state);
    tw_answers_note(&scene->answers, &scene->partitions, json, (size_t)length, now_ms);
    tw_answers_second(&scene->answers, &scene->partitions, &scene->log, &scene->metrics, now_ms);
}

static bool answers(const struct scene *scene)
{
    return scene->partition->base.broker_answers;
}

static void a_broker_that_is_sent_another_fetch_has_answered_the_one_before(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    note(&scene, 1000);
    assert_false(answers(&scene)); /* nothing to compare with yet */
    assert_int_equal(scene.partition->stable_offset, 77);
    assert_int_equal(tw_answers_partitions(&scene.answers, "news"), 1);
    assert_int_equal(tw_answers_partitions(&scene.answers, "others"), 0);
    scene.sent++;
    note(&scene, 2000);
    assert_true(answers(&scene));
    assert_int_equal(scene.partition->base.answered_ms, 1000);
    note(&scene, 3000); /* the same fetch is still under way */
    note(&scene, 7000);
    assert_true(answers(&scene));
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_UNANSWERED], 0);
    note(&scene, 8000);
    assert_false(answers(&scene));
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_UNANSWERED], 1);
    assert_int_equal(tw_answers_silence_ms(scene.partition, 8000), 7000);
    scene.sent++;
    note(&scene, 9000);
    assert_true(answers(&scene));
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_UNANSWERED], 0);
    close_scene(&scene);
}

/* A new connection counts anew: the fetch that was under way when the old one broke has no answer. */
static void what_proves_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *what, *state, *fetch_state;
        int broker;
        long long up_us;
    } cases[] = {
        {"the connection is younger than the last statistics", "UP", "active", 2, 900000},
        {"it is not up", "CONNECT", "active", 2, 3600000000},
        {"the partition is not fetched", "UP", "validate-epoch-wait", 2, 3600000000},
        {"it has no broker", "UP", "active", -1, 3600000000},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct scene scene;
        open_scene(&scene);
        note(&scene, 1000);
        scene.sent += 5;
        scene.state = cases[at].state;
        scene.fetch_state = cases[at].fetch_state;
        scene.broker = cases[at].broker;
        scene.up_us = cases[at].up_us;
        note(&scene, 2000);
        if (answers(&scene))
            fail_msg("%s", cases[at].what);
        close_scene(&scene);
    }
}

static void what_is_not_read_was_not_asked(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    scene.partition->base.state = TW_PARTITION_PAUSED;
    scene.partition->base.answered_ms = 500;
    note(&scene, 1000);
    assert_false(answers(&scene)); /* what has come waits in its queue, unseen */
    note(&scene, 60000);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_UNANSWERED], 0);
    scene.partition->base.state = TW_PARTITION_READING;
    note(&scene, 61000);
    assert_int_equal(tw_answers_silence_ms(scene.partition, 62000), 1000);
    note(&scene, 68000);
    assert_int_equal(scene.metrics.gauges[TW_GAUGE_UNANSWERED], 1);
    close_scene(&scene);
}

static void statistics_that_cannot_be_read_say_nothing(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    tw_answers_note(&scene.answers, &scene.partitions, "{", 1, 1000);
    tw_answers_note(&scene.answers, &scene.partitions, "[1]", 3, 2000);
    assert_int_equal(scene.partition->base.answered_ms, 0);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_is_sent_another_fetch_has_answered_the_one_before),
        cmocka_unit_test(what_proves_no_answer),
        cmocka_unit_test(what_is_not_read_was_not_asked),
        cmocka_unit_test(statistics_that_cannot_be_read_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
