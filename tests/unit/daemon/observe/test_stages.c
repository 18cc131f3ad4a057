/* stages: where the time of a batch's oldest record went, and which batch was the slowest. */
#include "observe/stages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US };

struct scene {
    struct tw_metrics metrics;
    struct tw_stages stages;
    struct tw_partition partition;
    struct tw_message message;
    struct tw_batch batch;
};

/* A batch is stored that was `worker_ms` in a worker, and in the other stages for 180 ms. */
static void store(struct scene *scene, uint64_t now_us, uint64_t worker_ms)
{
    static const uint64_t stage_ms[TW_STAGES] = {0, 10, 20, 0, 40, 50, 60};
    uint64_t at_us = now_us - (180 + worker_ms) * 1000;
    for (int stage = 0; stage < TW_STAGES; stage++)
        scene->batch.left_us[stage] = at_us +=
            (stage == TW_STAGE_WORKER ? worker_ms : stage_ms[stage]) * 1000;
    assert_int_equal(at_us, now_us);
    tw_stages_note(&scene->stages, &scene->metrics, &scene->batch, now_us, INT64_C(1795000000) * SECOND_US);
}

static void set_scene(struct scene *scene, int64_t stamped_before_us)
{
    *scene = (struct scene){.partition = {.topic = "news", .number = 3}};
    scene->message.stamp_us = INT64_C(1795000000) * SECOND_US - stamped_before_us;
    scene->batch.partition = &scene->partition;
    scene->batch.messages = &scene->message;
    scene->batch.count = 7;
}

static const char *slowest_line(const struct scene *scene, uint64_t now_us)
{
    static char line[TW_STAGES_LINE_BYTES];
    const struct tw_slow_batch *slowest = tw_stages_slowest(&scene->stages, now_us / 1000);
    if (!slowest)
        return "none";
    tw_stages_line(slowest, line, sizeof line);
    return line;
}

static void each_stage_gets_what_it_took_and_kafka_the_rest_since_the_stamp(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene, 300000);
    store(&scene, 5 * MINUTE_US, 30);
    assert_string_equal(slowest_line(&scene, 5 * MINUTE_US),
        "300 ms, topic news partition 3, 7 records: kafka 90, gather 10, queue 20, worker 30, order 40, line 50, "
        "store 60");
    double sum = 0;
    for (int stage = 0; stage < TW_STAGES; stage++) {
        assert_int_equal(scene.metrics.stages[stage].count, 1);
        sum += scene.metrics.stages[stage].sum;
    }
    assert_float_equal(sum, 0.3, 1e-9);
}

static void a_stamp_ahead_of_the_clock_and_a_record_without_one_make_no_time_in_kafka(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene, -SECOND_US);
    store(&scene, 5 * MINUTE_US, 30);
    assert_float_equal(scene.metrics.stages[TW_STAGE_KAFKA].sum, 0, 1e-9);
    set_scene(&scene, 0);
    scene.message.stamp_us = -1;
    store(&scene, 5 * MINUTE_US, 30);
    assert_float_equal(scene.metrics.stages[TW_STAGE_KAFKA].sum, 0, 1e-9);
    assert_int_equal(tw_stages_slowest(&scene.stages, 5 * MINUTE_US / 1000)->total_us, 210000);
}

static void the_slowest_is_kept_for_a_minute_and_forgotten_after_two(void **state)
{
    (void)state;
    static struct scene scene;
    set_scene(&scene, 0);
    assert_string_equal(slowest_line(&scene, MINUTE_US), "none");
    store(&scene, 5 * MINUTE_US, 900);
    store(&scene, 5 * MINUTE_US + 30 * SECOND_US, 100);
    assert_non_null(strstr(slowest_line(&scene, 5 * MINUTE_US + 59 * SECOND_US), "worker 900"));
    store(&scene, 6 * MINUTE_US + SECOND_US, 200); /* another minute: the one before counts */
    assert_non_null(strstr(slowest_line(&scene, 6 * MINUTE_US + 59 * SECOND_US), "worker 900"));
    assert_non_null(strstr(slowest_line(&scene, 7 * MINUTE_US + 30 * SECOND_US), "worker 200"));
    assert_string_equal(slowest_line(&scene, 8 * MINUTE_US + 2 * SECOND_US), "none");
    store(&scene, 20 * MINUTE_US, 300);
    assert_non_null(strstr(slowest_line(&scene, 20 * MINUTE_US), "worker 300"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_gets_what_it_took_and_kafka_the_rest_since_the_stamp),
        cmocka_unit_test(a_stamp_ahead_of_the_clock_and_a_record_without_one_make_no_time_in_kafka),
        cmocka_unit_test(the_slowest_is_kept_for_a_minute_and_forgotten_after_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
