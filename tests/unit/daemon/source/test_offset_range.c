/* offset_range: the broker is asked beside the loop, once for a partition; and what follows from its
 * answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/offset_range.h"

#include <librdkafka/rdkafka_mock.h>

struct scene {
    uv_loop_t loop;
    rd_kafka_t *kafka;
    rd_kafka_mock_cluster_t *mock;
    struct tw_offset_range range;
    int answers;
    int untold;
    uint64_t assignment;
    struct tw_offset_bounds bounds;
};

static void on_answer(void *context, uint64_t assignment, const struct tw_offset_bounds *bounds)
{
    struct scene *scene = context;
    scene->answers++;
    scene->assignment = assignment;
    if (bounds)
        scene->bounds = *bounds;
    else
        scene->untold++;
}

static void open_scene(struct scene *scene)
{
    char why[256];
    *scene = (struct scene){0};
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(settings, "test.mock.num.brokers", "1", why, sizeof why);
    scene->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    assert_non_null(scene->kafka);
    scene->mock = rd_kafka_handle_mock_cluster(scene->kafka);
    rd_kafka_mock_topic_create(scene->mock, "news", 2, 1);
    uv_loop_init(&scene->loop);
    scene->range = (struct tw_offset_range){
        .loop = &scene->loop, .kafka = scene->kafka, .context = scene, .answered = on_answer};
}

static void close_scene(struct scene *scene)
{
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    rd_kafka_destroy(scene->kafka);
}

static void publish(struct scene *scene, int count)
{
    for (int at = 0; at < count; at++)
        assert_int_equal(rd_kafka_producev(scene->kafka, RD_KAFKA_V_TOPIC("news"), RD_KAFKA_V_PARTITION(1),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t) "{}", 2), RD_KAFKA_V_END),
            0);
    assert_int_equal(rd_kafka_flush(scene->kafka, 20000), 0);
}

static void the_broker_is_asked_once_and_its_answer_comes_on_the_loop(void **state)
{
    (void)state;
    struct scene scene;
    struct tw_partition partition = {.topic = "news", .number = 1, .assignment = 7};
    open_scene(&scene);
    publish(&scene, 5);
    assert_true(tw_offset_range_ask(&scene.range, &partition));
    assert_true(tw_offset_range_ask(&scene.range, &partition));
    assert_int_equal(tw_offset_range_open(&scene.range), 1);
    assert_int_equal(scene.answers, 0);
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(tw_offset_range_open(&scene.range), 0);
    assert_int_equal(scene.answers, 1);
    assert_int_equal(scene.untold, 0);
    assert_int_equal(scene.assignment, 7);
    assert_int_equal(scene.bounds.first, 0);
    assert_int_equal(scene.bounds.end, 5);
    close_scene(&scene);
}

static void a_broker_that_does_not_tell_is_an_answer_too(void **state)
{
    (void)state;
    struct scene scene;
    struct tw_partition partition = {.topic = "news", .number = 99, .assignment = 8};
    open_scene(&scene);
    assert_true(tw_offset_range_ask(&scene.range, &partition));
    uv_run(&scene.loop, UV_RUN_DEFAULT);
    assert_int_equal(scene.answers, 1);
    assert_int_equal(scene.untold, 1);
    assert_int_equal(scene.assignment, 8);
    close_scene(&scene);
}

static void an_offset_out_of_range_is_decided_by_side_and_policy(void **state)
{
    (void)state;
    static const struct {
        enum tw_out_of_range policy;
        int64_t stored;
        enum tw_offset_verdict verdict;
    } cases[] = {
        {TW_OUT_OF_RANGE_EARLIEST, 10, TW_OFFSET_WITHIN},
        {TW_OUT_OF_RANGE_EARLIEST, 20, TW_OFFSET_WITHIN},
        {TW_OUT_OF_RANGE_EARLIEST, 21, TW_OFFSET_BEYOND},
        {TW_OUT_OF_RANGE_LATEST, 21, TW_OFFSET_BEYOND},
        {TW_OUT_OF_RANGE_STOP, 21, TW_OFFSET_BEYOND},
        {TW_OUT_OF_RANGE_EARLIEST, 9, TW_OFFSET_TO_FIRST},
        {TW_OUT_OF_RANGE_LATEST, 9, TW_OFFSET_TO_END},
        {TW_OUT_OF_RANGE_STOP, 9, TW_OFFSET_DELETED},
    };
    const struct tw_offset_bounds bounds = {10, 20};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        assert_int_equal(
            tw_offset_range_decide(cases[at].policy, cases[at].stored, &bounds), cases[at].verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_broker_is_asked_once_and_its_answer_comes_on_the_loop),
        cmocka_unit_test(a_broker_that_does_not_tell_is_an_answer_too),
        cmocka_unit_test(an_offset_out_of_range_is_decided_by_side_and_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
