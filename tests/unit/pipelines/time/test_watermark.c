/* watermark: how far event time has come, and who is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "time/bars.h"
#include "time/watermark.h"

#define S INT64_C(1000000)
#define CLOCK_US (500 * S)

static const struct tw_watermark_options options = {
    .lateness_us = 60 * S, .idle_after_us = 30 * S, .stale_after_us = 5 * S};

static void a_partition_stands_at_its_highest_time_less_lateness_and_never_steps_back(void **state)
{
    (void)state;
    assert_true(tw_watermark_of_partition(TW_NO_TIME, TW_NO_TIME, 60 * S) == TW_NO_TIME);
    assert_true(tw_watermark_of_partition(TW_NO_TIME, 100 * S, 60 * S) == 40 * S);
    assert_true(tw_watermark_of_partition(40 * S, 90 * S, 60 * S) == 40 * S);
    assert_true(tw_watermark_of_partition(40 * S, TW_NO_TIME, 60 * S) == 40 * S);
    assert_true(tw_watermark_of_partition(40 * S, 200 * S, 60 * S) == 140 * S);
    assert_true(tw_watermark_of_partition(TW_NO_TIME, INT64_MIN + 1, 60 * S) == TW_NO_TIME);
}

static void a_document_is_late_below_the_watermark_and_not_at_it(void **state)
{
    (void)state;
    assert_false(tw_watermark_is_late(0, TW_NO_TIME));
    assert_false(tw_watermark_is_late(40 * S, 40 * S));
    assert_true(tw_watermark_is_late(40 * S - 1, 40 * S));
}

struct idle_case {
    const char *what;
    struct tw_partition_time partition;
    bool idle;
};

static void idle_means_caught_up_silent_and_vouched_for(void **state)
{
    (void)state;
    static const struct idle_case cases[] = {
        {"caught up, silent, owner alive", {0, true, 30 * S, 1 * S}, true},
        {"merely slow", {0, false, 900 * S, 1 * S}, false},
        {"silent for a moment only", {0, true, 30 * S - 1, 1 * S}, false},
        {"its owner is not heard of", {0, true, 900 * S, 6 * S}, false},
        {"never had a record", {TW_NO_TIME, true, 31 * S, 0}, true},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        if (tw_watermark_is_idle(&cases[at].partition, &options) != cases[at].idle)
            fail_msg("%s", cases[at].what);
}

#define BUSY(us)                                                                                             \
    {                                                                                                        \
        us, false, 0, 0                                                                                      \
    }
#define LAGGING(us)                                                                                          \
    {                                                                                                        \
        us, false, 500 * S, 0                                                                                \
    }
#define IDLE(us)                                                                                             \
    {                                                                                                        \
        us, true, 40 * S, 0                                                                                  \
    }
#define ASLEEP(us)                                                                                           \
    {                                                                                                        \
        us, true, 90 * S, 0                                                                                  \
    }
#define ORPHAN(us)                                                                                           \
    {                                                                                                        \
        us, true, 90 * S, 60 * S                                                                             \
    }

struct stream_case {
    const char *what;
    struct tw_partition_time partitions[3];
    size_t count;
    int64_t watermark_us;
};

static void the_stream_waits_for_the_slowest_that_is_not_idle(void **state)
{
    (void)state;
    static const struct stream_case cases[] = {
        {"no partition", {{0}}, 0, TW_NO_TIME},
        {"the lowest", {BUSY(50 * S), BUSY(40 * S), BUSY(70 * S)}, 3, 40 * S},
        {"one that lags holds the rest", {BUSY(50 * S), LAGGING(4 * S)}, 2, 4 * S},
        {"one without an owner holds the rest", {BUSY(50 * S), ORPHAN(4 * S)}, 2, 4 * S},
        {"idle ones do not", {BUSY(50 * S), IDLE(4 * S)}, 2, 50 * S},
        {"one that may hold anything holds all", {BUSY(50 * S), BUSY(TW_NO_TIME)}, 2, TW_NO_TIME},
        {"one that never had a record and is idle does not", {BUSY(50 * S), IDLE(TW_NO_TIME)}, 2, 50 * S},
        {"all idle: the highest", {IDLE(4 * S), IDLE(50 * S), IDLE(TW_NO_TIME)}, 3, 50 * S},
        {"all idle, one not for long: still the highest", {ASLEEP(50 * S), IDLE(4 * S)}, 2, 50 * S},
        {"all long asleep: the end of the newest bar", {ASLEEP(4 * S), ASLEEP(51 * S)}, 2, 120 * S},
        {"all asleep, exactly on an edge: the bar that begins there", {ASLEEP(50 * S)}, 1, 120 * S},
        {"all idle, one ahead of the clock: the clock less lateness", {IDLE(4 * S), IDLE(9000 * S)}, 2,
            440 * S},
        {"all long asleep, one ahead of the clock", {ASLEEP(4 * S), ASLEEP(9000 * S)}, 2, 440 * S},
        {"one is heard and one passed over: the clock, too", {BUSY(9000 * S), IDLE(4 * S)}, 2, 440 * S},
        {"all are heard: whatever the clock says", {BUSY(9000 * S), BUSY(9001 * S)}, 2, 9000 * S},
        {"all asleep and nothing ever came", {ASLEEP(TW_NO_TIME), ASLEEP(TW_NO_TIME)}, 2, TW_NO_TIME},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        int64_t watermark = tw_watermark_of_stream(cases[at].partitions, cases[at].count, CLOCK_US, &options);
        if (watermark != cases[at].watermark_us)
            fail_msg("%s: %lld", cases[at].what, (long long)watermark);
    }
}

static void the_one_that_is_waited_for_is_told(void **state)
{
    (void)state;
    const struct tw_partition_time held[] = {BUSY(50 * S), ORPHAN(4 * S), IDLE(1 * S)};
    const struct tw_partition_time without[] = {BUSY(50 * S), BUSY(TW_NO_TIME)};
    const struct tw_partition_time alike[] = {BUSY(50 * S), BUSY(50 * S)};
    const struct tw_partition_time idle[] = {IDLE(50 * S), IDLE(4 * S)};
    assert_int_equal(tw_watermark_last(held, 3, &options), 1);
    assert_int_equal(tw_watermark_last(without, 2, &options), 1);
    assert_int_equal(tw_watermark_last(alike, 2, &options), -1);
    assert_int_equal(tw_watermark_last(idle, 2, &options), -1);
    assert_int_equal(tw_watermark_last(NULL, 0, &options), -1);
}

static void the_newest_event_of_a_finished_archive_is_closed_in_the_end(void **state)
{
    (void)state;
    for (int64_t newest = 1000 * S; newest < 1021 * S; newest += S / 4) {
        struct tw_partition_time partition = ASLEEP(0);
        partition.watermark_us = tw_watermark_of_partition(TW_NO_TIME, newest, options.lateness_us);
        int64_t closed = tw_watermark_close(0, tw_watermark_of_stream(&partition, 1, 2000 * S, &options));
        assert_true(closed == tw_bar_end(newest));
    }
}

static void closing_goes_by_whole_bars_and_never_back(void **state)
{
    (void)state;
    assert_true(tw_watermark_close(TW_NO_TIME, TW_NO_TIME) == TW_NO_TIME);
    assert_true(tw_watermark_close(TW_NO_TIME, 49 * S) == 40 * S);
    assert_true(tw_watermark_close(40 * S, 50 * S) == 50 * S);
    assert_true(tw_watermark_close(50 * S, 12 * S) == 50 * S);
    assert_true(tw_watermark_close(50 * S, TW_NO_TIME) == 50 * S);
}

/* As partitions fall idle one after the other, what is closed only moves on. */
static void falling_idle_never_moves_the_stream_back(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int round = 0; round < 2000; round++) {
        struct tw_partition_time partitions[6];
        for (size_t at = 0; at < 6; at++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            partitions[at] = (struct tw_partition_time)BUSY((int64_t)(random >> 40) * S);
        }
        int64_t before = TW_NO_TIME;
        for (size_t idle = 0; idle <= 6; idle++) {
            int64_t watermark = tw_watermark_of_stream(partitions, 6, INT64_MAX, &options);
            assert_true(watermark >= before);
            before = watermark;
            if (idle < 6) {
                partitions[idle].caught_up = true;
                partitions[idle].silent_us = 45 * S;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_stands_at_its_highest_time_less_lateness_and_never_steps_back),
        cmocka_unit_test(a_document_is_late_below_the_watermark_and_not_at_it),
        cmocka_unit_test(idle_means_caught_up_silent_and_vouched_for),
        cmocka_unit_test(the_stream_waits_for_the_slowest_that_is_not_idle),
        cmocka_unit_test(the_one_that_is_waited_for_is_told),
        cmocka_unit_test(the_newest_event_of_a_finished_archive_is_closed_in_the_end),
        cmocka_unit_test(closing_goes_by_whole_bars_and_never_back),
        cmocka_unit_test(falling_idle_never_moves_the_stream_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
