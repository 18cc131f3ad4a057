#include "source/source.h"

#include "base/clock.h"
#include "config/config.h"
#include "source/kafka.h"
#include "source/message.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTITIONS = 4, EACH = 2000, MOST_SECONDS = 60 };

/* A daemon in miniature: PostgreSQL's rows are an array, a message is counted and given back at once. */
struct scene {
    uv_loop_t loop;
    uv_timer_t second;
    uv_timer_t poke; /* what a test wants done again and again */
    struct tw_config config;
    struct tw_log log;
    struct tw_metrics metrics;
    struct tw_source *source;
    rd_kafka_t *mock_handle;
    rd_kafka_mock_cluster_t *mock;
    const char *topics[1];
    struct tw_property properties[8];
    int64_t rows[PARTITIONS];                /* next_offset that a take answers */
    struct tw_record_mark marks[PARTITIONS]; /* of the record before it; follows what is read */
    int64_t next[PARTITIONS];                /* one past the last message seen; -1: none */
    uint32_t seen[PARTITIONS];
    uint32_t out_of_order;
    uint32_t takes;
    uint32_t leaving;
    uint32_t wanted; /* messages; then the source is ended */
    uint32_t total;
    uint32_t pokes;
    uint32_t seconds;
    bool caught_up;
    bool fatal;
    bool closed;
    bool cleanly;
};

static void timer_gone(uv_handle_t *handle)
{
    (void)handle;
}

static void source_closed(void *context, bool cleanly)
{
    struct scene *scene = context;
    scene->closed = true;
    scene->cleanly = cleanly;
    uv_close((uv_handle_t *)&scene->second, timer_gone);
    uv_close((uv_handle_t *)&scene->poke, timer_gone);
}

static void end_source(struct scene *scene)
{
    uv_timer_stop(&scene->second);
    uv_timer_stop(&scene->poke);
    tw_source_end(scene->source, 20000, source_closed, scene);
}

static bool on_message(void *context, struct tw_partition *partition, rd_kafka_message_t *message)
{
    struct scene *scene = context;
    int32_t at = partition->number;
    if (scene->next[at] >= 0 && message->offset != scene->next[at])
        scene->out_of_order++;
    scene->next[at] = message->offset + 1;
    scene->seen[at]++;
    scene->total++;
    partition->cut_offset = message->offset + 1;
    partition->row_offset = message->offset + 1;
    scene->marks[at] = tw_message_mark(message);
    rd_kafka_message_destroy(message);
    return true;
}

static void on_drained(void *context)
{
    (void)context;
}

static void on_take(void *context, struct tw_partition *partition)
{
    struct scene *scene = context;
    scene->takes++;
    partition->epoch = scene->takes;
    partition->row_offset = scene->rows[partition->number];
    partition->row_mark = scene->marks[partition->number];
    tw_source_taken(scene->source, partition, partition->assignment, NULL);
}

static void on_leaving(void *context, struct tw_partition *partition)
{
    struct scene *scene = context;
    (void)partition;
    scene->leaving++;
}

static void on_gone(void *context, struct tw_partition *partition)
{
    (void)context;
    (void)partition;
}

static void on_fatal(void *context, const struct tw_error *err)
{
    struct scene *scene = context;
    (void)err;
    scene->fatal = true;
}

static void on_second(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    scene->seconds++;
    tw_source_second(scene->source);
    if (scene->seconds > MOST_SECONDS || (scene->wanted > 0 && scene->total >= scene->wanted))
        end_source(scene);
}

static void set(struct scene *scene, const char *name, const char *value)
{
    struct tw_properties *properties = &scene->config.kafka.properties;
    assert_true(properties->count < sizeof scene->properties / sizeof scene->properties[0]);
    scene->properties[properties->count++] = (struct tw_property){name, value};
}

static struct scene *open_scene(void)
{
    char why[256];
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    rd_kafka_conf_t *quiet = rd_kafka_conf_new();
    rd_kafka_conf_set(quiet, "log_level", "3", why, sizeof why);
    scene->mock_handle = rd_kafka_new(RD_KAFKA_PRODUCER, quiet, why, sizeof why);
    scene->mock = rd_kafka_mock_cluster_new(scene->mock_handle, 1);
    rd_kafka_mock_topic_create(scene->mock, "news", PARTITIONS, 1);
    scene->topics[0] = "news";
    scene->config.kafka.topics = (struct tw_strings){scene->topics, 1};
    scene->config.kafka.group = "desk";
    scene->config.kafka.out_of_range = TW_OUT_OF_RANGE_STOP;
    scene->config.kafka.properties.items = scene->properties;
    set(scene, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->mock));
    set(scene, "session.timeout.ms", "6000");
    set(scene, "fetch.wait.max.ms", "10");
    scene->log = tw_log_open(TW_ERROR, TW_LOG_FORMAT_LOGFMT, getenv("TW_VERBOSE"));
    for (int at = 0; at < PARTITIONS; at++) {
        scene->rows[at] = -1;
        scene->next[at] = -1;
    }
    uv_loop_init(&scene->loop);
    uv_timer_init(&scene->loop, &scene->second);
    uv_timer_init(&scene->loop, &scene->poke);
    scene->second.data = scene;
    scene->poke.data = scene;
    return scene;
}

static void publish(struct scene *scene, int each)
{
    char why[256];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(
        settings, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->mock), why, sizeof why);
    rd_kafka_conf_set(settings, "linger.ms", "5", why, sizeof why);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    for (int at = 0; at < each; at++)
        for (int32_t partition = 0; partition < PARTITIONS; partition++)
            assert_int_equal(
                rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("news"), RD_KAFKA_V_PARTITION(partition),
                    RD_KAFKA_V_VALUE((void *)(uintptr_t) "{}", 2), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                    RD_KAFKA_V_END),
                0);
    assert_int_equal(rd_kafka_flush(producer, 20000), 0);
    rd_kafka_destroy(producer);
}

static void run_scene(struct scene *scene)
{
    struct tw_error err = {0};
    struct tw_source_events events = {.context = scene,
        .message = on_message,
        .drained = on_drained,
        .take = on_take,
        .leaving = on_leaving,
        .gone = on_gone,
        .fatal = on_fatal};
    if (!tw_source_begin(
            &scene->loop, &scene->config, &scene->log, &scene->metrics, &events, &scene->source, &err))
        fail_msg("%s: %s", err.where, err.what);
    uv_timer_start(&scene->second, on_second, 100, 200);
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_true(scene->closed);
    assert_true(scene->cleanly);
    assert_false(scene->fatal);
    assert_int_equal(scene->out_of_order, 0);
}

static void close_scene(struct scene *scene)
{
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    rd_kafka_mock_cluster_destroy(scene->mock);
    rd_kafka_destroy(scene->mock_handle);
    free(scene);
}

static void without_a_row_a_partition_is_read_from_its_beginning_to_its_end(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    scene->wanted = PARTITIONS * EACH;
    run_scene(scene);
    for (int at = 0; at < PARTITIONS; at++) {
        assert_int_equal(scene->seen[at], EACH);
        assert_int_equal(scene->next[at], EACH);
    }
    assert_int_equal(scene->takes, PARTITIONS);
    assert_int_equal(scene->leaving, PARTITIONS);
    assert_int_equal(scene->metrics.counters[TW_COUNT_GAPS], 0);
    close_scene(scene);
}

static void the_row_says_where_reading_begins(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    for (int at = 0; at < PARTITIONS; at++) {
        scene->rows[at] = at * 500;
        scene->next[at] = at * 500;
    }
    scene->wanted = PARTITIONS * EACH - 500 * (0 + 1 + 2 + 3);
    run_scene(scene);
    for (int at = 0; at < PARTITIONS; at++)
        assert_int_equal(scene->seen[at], EACH - at * 500);
    assert_int_equal(scene->out_of_order, 0);
    close_scene(scene);
}

static void stop_and_go(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    for (int at = 0; at < 20; at++) {
        tw_source_stop(scene->source);
        tw_source_stop(scene->source);
        tw_source_go(scene->source);
        tw_source_go(scene->source);
    }
    scene->pokes += 20;
    if (scene->pokes % 400 == 0)
        publish(scene, 10);
    if (scene->pokes == 8000)
        scene->wanted = PARTITIONS * (EACH + 200);
}

/* librdkafka 2.0.2 rewinds a partition at a needless resume: 400 of them gave 399 rewinds. */
static void thousands_of_stops_and_goes_lose_nothing_and_repeat_nothing(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    uv_timer_start(&scene->poke, stop_and_go, 1, 1);
    run_scene(scene);
    for (int at = 0; at < PARTITIONS; at++)
        assert_in_range(scene->next[at], EACH + 200, EACH + 10000);
    assert_true(scene->pokes >= 8000);
    assert_int_equal(scene->out_of_order, 0);
    assert_int_equal(scene->metrics.counters[TW_COUNT_REPEATS], 0);
    assert_int_equal(scene->metrics.counters[TW_COUNT_GAPS], 0);
    close_scene(scene);
}

static void end_after_quiet(uv_timer_t *timer)
{
    end_source(timer->data);
}

static void a_quiet_topic_does_not_cost_the_membership(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    set(scene, "session.timeout.ms", "2500");
    set(scene, "heartbeat.interval.ms", "500");
    set(scene, "max.poll.interval.ms", "2500");
    uv_timer_start(&scene->poke, end_after_quiet, 7000, 0);
    run_scene(scene);
    assert_int_equal(scene->takes, PARTITIONS);
    assert_int_equal(scene->leaving, PARTITIONS); /* at the end, and not before */
    assert_int_equal(scene->metrics.counters[TW_COUNT_KAFKA_ERRORS], 0);
    close_scene(scene);
}

static void look_whether_stranded(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    char why[256];
    uint32_t stranded = 0;
    for (struct tw_partition *at = tw_source_partitions(scene->source); at; at = at->next)
        stranded += at->state == TW_PARTITION_STRANDED;
    if (stranded == 0)
        return;
    assert_int_equal(stranded, 1);
    assert_false(tw_source_ready(scene->source, why, sizeof why));
    char where[64];
    snprintf(where, sizeof where, "partition 2 is stranded at offset %lld", (long long)scene->rows[2]);
    assert_non_null(strstr(why, where));
    if (scene->total >= (PARTITIONS - 1) * EACH)
        end_source(scene);
}

static void a_row_beyond_the_end_strands_its_partition_and_no_other(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    scene->rows[2] = 5000;
    uv_timer_start(&scene->poke, look_whether_stranded, 100, 100);
    run_scene(scene);
    assert_int_equal(scene->seen[2], 0);
    assert_int_equal(scene->total, (PARTITIONS - 1) * EACH);
    assert_int_equal(scene->out_of_order, 0);
    close_scene(scene);
}

/* A topic made anew while the daemon was down, and longer by now than what is stored: it would be read from
 * its middle. */
static void another_record_before_the_row_strands_its_partition_and_no_other(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    scene->rows[2] = 500;
    scene->marks[2] = (struct tw_record_mark){.known = true, .stamp_us = 1, .hash = 2};
    uv_timer_start(&scene->poke, look_whether_stranded, 100, 100);
    run_scene(scene);
    assert_int_equal(scene->seen[2], 0);
    assert_int_equal(scene->total, (PARTITIONS - 1) * EACH);
    close_scene(scene);
}

static void a_topic_that_ends_before_the_last_record_stored_strands_its_partition(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    scene->rows[2] = EACH + 1;
    scene->marks[2] = (struct tw_record_mark){.known = true, .stamp_us = 1, .hash = 2};
    uv_timer_start(&scene->poke, look_whether_stranded, 100, 100);
    run_scene(scene);
    assert_int_equal(scene->seen[2], 0);
    close_scene(scene);
}

static int64_t first_offset(struct scene *scene, int32_t partition)
{
    char why[256];
    int64_t first = -1;
    int64_t end = -1;
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(
        settings, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->mock), why, sizeof why);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    assert_int_equal(rd_kafka_query_watermark_offsets(client, "news", partition, &first, &end, 20000), 0);
    rd_kafka_destroy(client);
    return first;
}

/* The mock keeps 5 MiB a partition and drops the oldest, as retention would. */
static void outgrow(struct scene *scene, int32_t partition)
{
    static const char payload[65536];
    char why[256];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    rd_kafka_conf_set(
        settings, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(scene->mock), why, sizeof why);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, settings, why, sizeof why);
    for (int at = 0; at < 160; at++)
        assert_int_equal(
            rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("news"), RD_KAFKA_V_PARTITION(partition),
                RD_KAFKA_V_VALUE((void *)(uintptr_t)payload, sizeof payload),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
            0);
    assert_int_equal(rd_kafka_flush(producer, 20000), 0);
    rd_kafka_destroy(producer);
}

/* Retention has taken all that is stored, and nothing else: that is no reason to stop. */
static void a_record_gone_by_retention_is_not_taken_for_another(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    outgrow(scene, 1);
    scene->rows[1] = first_offset(scene, 1);
    scene->next[1] = scene->rows[1];
    scene->marks[1] = (struct tw_record_mark){.known = true, .stamp_us = 1, .hash = 2};
    assert_true(scene->rows[1] > 0);
    scene->wanted = (uint32_t)(160 - scene->rows[1]);
    run_scene(scene);
    assert_int_equal(scene->seen[1], 160 - scene->rows[1]);
    assert_int_equal(scene->metrics.counters[TW_COUNT_GAPS], 0);
    close_scene(scene);
}

static void raise_expected(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    for (struct tw_partition *at = tw_source_partitions(scene->source); at; at = at->next)
        if (scene->pokes == 0 && at->state == TW_PARTITION_READING && scene->total == PARTITIONS * EACH)
            at->expected_offset = scene->next[at->number] = EACH + 30;
    if (scene->pokes > 0 || scene->total < PARTITIONS * EACH)
        return;
    scene->pokes++;
    publish(scene, 100);
    scene->wanted = PARTITIONS * (EACH + 70);
}

/* Whatever librdkafka fetches again, by a rewind or a resume: each offset is taken once. */
static void records_below_the_expected_offset_are_dropped_and_counted(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    uv_timer_start(&scene->poke, raise_expected, 100, 100);
    run_scene(scene);
    assert_int_equal(scene->total, PARTITIONS * (EACH + 70));
    assert_int_equal(scene->metrics.counters[TW_COUNT_REPEATS], PARTITIONS * 30);
    assert_int_equal(scene->metrics.counters[TW_COUNT_GAPS], 0);
    close_scene(scene);
}

/* All partitions, or none. */
static bool all_quiet(struct scene *scene, bool quiet)
{
    uint32_t count = 0;
    for (struct tw_partition *at = tw_source_partitions(scene->source); at; at = at->next)
        count += at->state == TW_PARTITION_READING && tw_partition_is_quiet(at) == quiet;
    return count == PARTITIONS;
}

/* An answer takes a minute from now on; then the broker is made anew. */
static void fall_silent(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    if (scene->pokes == 0 && all_quiet(scene, true)) {
        rd_kafka_mock_broker_set_rtt(scene->mock, 1, 60000);
        scene->pokes = 1;
    } else if (scene->pokes == 1 && all_quiet(scene, false) &&
               scene->metrics.gauges[TW_GAUGE_UNANSWERED] == PARTITIONS) {
        rd_kafka_mock_broker_set_rtt(scene->mock, 1, 0);
        rd_kafka_mock_broker_set_down(scene->mock, 1);
        rd_kafka_mock_broker_set_up(scene->mock, 1);
        scene->pokes = 2;
    } else if (scene->pokes == 2 && all_quiet(scene, true)) {
        end_source(scene);
        scene->pokes = 3;
    }
}

/* What is silent because its broker is must not be passed over by event time. */
static void silence_counts_only_while_the_broker_answers(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    set(scene, "session.timeout.ms", "45000");
    uv_timer_start(&scene->poke, fall_silent, 100, 100);
    run_scene(scene);
    assert_int_equal(scene->pokes, 3);
    close_scene(scene);
}

static void end_when_caught_up(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    for (struct tw_partition *at = tw_source_partitions(scene->source); at; at = at->next)
        scene->caught_up = scene->caught_up || (at->number == 1 && at->caught_up);
    if (scene->caught_up)
        end_source(scene);
}

/* Else it would never be idle, and hold back the watermark of the whole stream. */
static void a_partition_that_jumped_to_its_end_is_caught_up_there(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    outgrow(scene, 1);
    scene->config.kafka.out_of_range = TW_OUT_OF_RANGE_LATEST;
    scene->rows[1] = 3;
    uv_timer_start(&scene->poke, end_when_caught_up, 100, 100);
    run_scene(scene);
    assert_true(scene->caught_up);
    assert_int_equal(scene->seen[1], 0);
    assert_true(scene->metrics.counters[TW_COUNT_GAPS] > 0);
    close_scene(scene);
}

/* What the store says of a batch when another has raised the epoch. */
static void fence_one(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    struct tw_partition *partition = tw_source_partitions(scene->source);
    while (partition && (partition->state != TW_PARTITION_READING || partition->expected_offset < EACH / 2))
        partition = partition->next;
    if (!partition || scene->pokes == 3)
        return;
    scene->pokes++;
    scene->rows[partition->number] = scene->next[partition->number];
    tw_source_cut(scene->source, partition);
    tw_source_done(scene->source, partition, TW_BATCH_FENCED);
    if (scene->pokes == 3) {
        publish(scene, 100);
        scene->wanted = PARTITIONS * (EACH + 100);
    }
}

static void a_fenced_partition_is_taken_again_and_read_on_from_its_row(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    uv_timer_start(&scene->poke, fence_one, 100, 500);
    run_scene(scene);
    assert_int_equal(scene->pokes, 3);
    assert_int_equal(scene->takes, PARTITIONS + 3);
    assert_int_equal(scene->leaving, PARTITIONS + 3);
    assert_int_equal(scene->total, PARTITIONS * (EACH + 100));
    assert_int_equal(scene->metrics.counters[TW_COUNT_REPEATS], 0); /* the record before the row is none */
    close_scene(scene);
}

/* What the store says when a refresh has met the fence: no batch of the partition is out. */
static void reset_one(uv_timer_t *timer)
{
    struct scene *scene = timer->data;
    char why[2048];
    struct tw_partition *partition = tw_source_partitions(scene->source);
    while (partition && partition->number != 1)
        partition = partition->next;
    if (!partition || scene->total < PARTITIONS * EACH || scene->pokes > 0)
        return;
    scene->pokes++;
    assert_true(tw_source_ready(scene->source, why, sizeof why));
    scene->rows[1] = 0;
    scene->next[1] = 0;
    tw_source_fenced(scene->source, partition->assignment + 1000);
    assert_true(tw_source_ready(scene->source, why, sizeof why));
    tw_source_fenced(scene->source, partition->assignment);
    assert_false(tw_source_ready(scene->source, why, sizeof why));
    assert_non_null(strstr(why, "topic news partition 1 is fenced off"));
    scene->wanted = PARTITIONS * EACH + EACH;
}

static void a_silent_partition_that_was_reset_is_told_as_unready_and_taken_again(void **state)
{
    (void)state;
    struct scene *scene = open_scene();
    publish(scene, EACH);
    uv_timer_start(&scene->poke, reset_one, 100, 100);
    run_scene(scene);
    assert_int_equal(scene->pokes, 1);
    assert_int_equal(scene->takes, PARTITIONS + 1);
    assert_int_equal(scene->seen[1], 2 * EACH);
    assert_int_equal(scene->out_of_order, 0);
    close_scene(scene);
}

static void properties_that_break_the_promise_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        bool refused;
    } cases[] = {
        {"enable.auto.commit", "true", true},
        {"enable.auto.commit", "false", false},
        {"auto.offset.reset", "latest", true},
        {"enable.partition.eof", "false", true},
        {"check.crcs", "false", true},
        {"check.crcs", "true", false},
        {"topic.metadata.refresh.interval.ms", "300000", true},
        {"topic.metadata.refresh.interval.ms", "-1", true},
        {"topic.metadata.refresh.interval.ms", "5000", false},
        {"group.id", "other", true},
        {"group.instance.id", "one", true},
        {"partition.assignment.strategy", "cooperative-sticky", true},
        {"partition.assignment.strategy", "roundrobin", false},
        {"sasl.password", "secret", true},
        {"ssl.ca.location", "/etc/ssl/ca.pem", false},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const char *cure = NULL;
        assert_int_equal(tw_kafka_refuses(cases[at].name, cases[at].value, &cure) != NULL, cases[at].refused);
        assert_int_equal(cure != NULL, cases[at].refused);
    }
}

/* Each of these waits for the clocks of a broker: `first` and `second` run a half of them, so that both may
 * be begun side by side (tests/CMakeLists.txt). */
int main(int argc, char **argv)
{
    const struct CMUnitTest first[] = {
        cmocka_unit_test(a_silent_partition_that_was_reset_is_told_as_unready_and_taken_again),
        cmocka_unit_test(without_a_row_a_partition_is_read_from_its_beginning_to_its_end),
        cmocka_unit_test(thousands_of_stops_and_goes_lose_nothing_and_repeat_nothing),
        cmocka_unit_test(a_row_beyond_the_end_strands_its_partition_and_no_other),
        cmocka_unit_test(a_topic_that_ends_before_the_last_record_stored_strands_its_partition),
        cmocka_unit_test(records_below_the_expected_offset_are_dropped_and_counted),
        cmocka_unit_test(a_partition_that_jumped_to_its_end_is_caught_up_there),
    };
    const struct CMUnitTest second[] = {
        cmocka_unit_test(properties_that_break_the_promise_are_refused_by_name),
        cmocka_unit_test(the_row_says_where_reading_begins),
        cmocka_unit_test(a_quiet_topic_does_not_cost_the_membership),
        cmocka_unit_test(another_record_before_the_row_strands_its_partition_and_no_other),
        cmocka_unit_test(a_record_gone_by_retention_is_not_taken_for_another),
        cmocka_unit_test(silence_counts_only_while_the_broker_answers),
        cmocka_unit_test(a_fenced_partition_is_taken_again_and_read_on_from_its_row),
    };
    const char *half = argc > 1 ? argv[1] : "";
    int failed = 0;
    if (strcmp(half, "second") != 0)
        failed += cmocka_run_group_tests(first, NULL, NULL);
    if (strcmp(half, "first") != 0)
        failed += cmocka_run_group_tests(second, NULL, NULL);
    return failed;
}
